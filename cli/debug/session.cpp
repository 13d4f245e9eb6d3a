#include "cli/debug/session.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/transport/transport.hpp"
#include "gdbstub/session.hpp"

namespace backspin::cli {
namespace {

using namespace std::chrono_literals;

// A client that does not read gets no more until it does.
constexpr std::size_t kMostUnsent = 4u << 20;

constexpr std::size_t kLongestLine = 1024;

using Clock = std::chrono::steady_clock;
/// After an answer, the next packet is looked for so long before the thread sleeps: a client that steps sends
/// it at once, and to be woken costs more than the step.
constexpr auto kAwake = 50us;
/// While the machine moves: a single step is over before it, and takes no look at all.
constexpr auto kBetweenLooks = 200us;

class DebugServer {
  public:
    explicit DebugServer(const DebugSetup& setup)
        : setup_(setup), debuggee_(setup.machine, setup.timeline, setup.program, setup.shows_console) {
        debuggee_.keep({.bookmarks = setup.bookmarks,
                        .save = setup.save,
                        .bookmark = setup.bookmark,
                        .at_branch = setup.at_branch,
                        .find_line = line_finder(),
                        .no_branches = setup.no_branches});
        transport_ = open_transport(setup.loop, setup.endpoint,
                                    TransportEvents{
                                        [this] { connected(); },
                                        [this](std::span<const std::byte> bytes) { received(bytes); },
                                        [this] { lost_ = true; },
                                    });
        debuggee_.set_print([this](std::string_view text) { print(text); });
        if (setup.also_show) {
            setup.also_show([this](std::span<const std::byte> bytes) {
                guest_printed({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
            });
        }
        setup.timeline.set_host({
            .input = setup.input,
            .interrupted = [this] { return interrupted(); },
            .progress = [this](const replay::SearchProgress& progress) { tell(progress); },
            .clock = nullptr,
        });
    }

    ~DebugServer() {
        setup_.timeline.set_host({});
        if (setup_.also_show) setup_.also_show(nullptr);
    }

    DebugEnd serve() {
        if (setup_.ready) {
            setup_.ready();
        } else if (const auto text = transport_->announcement(); !text.empty()) {
            fmt::print(stderr, "{}\n", text);
            std::fflush(stderr);
        }
        while (!end_) {
            if (setup_.loop.end_request() != EndRequest::none) return DebugEnd::asked_to_end;
            if (lost_) client_is_gone();
            if (end_) break;
            if (new_client_) begin_conversation();
            if (act()) {
                awake_until_ = Clock::now() + kAwake;
            } else if (Clock::now() < awake_until_) {
                // One at a time: to look for more before a packet is answered would be a system call more.
                setup_.loop.io().poll_one();
            } else {
                setup_.loop.io().run_one_for(1s);
            }
        }
        drain(setup_.loop, *transport_, 1s);
        return *end_;
    }

  private:
    LineFinder line_finder() const {
        if (setup_.shown == nullptr) return {};
        return [this](std::string_view text) {
            return setup_.shown->first_with(text, [this](Position at) { return setup_.timeline.has(at); });
        };
    }

    // Events come from within polls, and a poll may lie within a run or a packet's handler: they only note
    // what happened.

    void connected() {
        new_client_ = true;
        waiting_.clear();
    }

    void received(std::span<const std::byte> bytes) {
        waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
        if (!handling_ && !new_client_) handle_received();
    }

    void handle_received() {
        handling_ = true;
        while (session_ && !waiting_.empty()) {
            const auto now = std::exchange(waiting_, {});
            session_->receive(now);
        }
        waiting_.clear();
        handling_ = false;
    }

    void begin_conversation() {
        new_client_ = false;
        if (!transport_->connected()) return;
        session_ = std::make_unique<gdbstub::Session>(debuggee_);
        handle_received();
    }

    /// Does what the session has to do; false when there is nothing.
    bool act() {
        if (!session_) return false;
        bool acted = send();
        if (const auto resume = session_->take_resume()) {
            const auto report = move(*resume);
            show_line();
            session_->stopped(report);
            send();
            acted = true;
        }
        if (session_->ended()) {
            finish_conversation();
            acted = true;
        }
        return acted;
    }

    gdbstub::StopReport move(const gdbstub::Resume& resume) {
        looked_ = Clock::now();  // the packet that asks for the move has just come
        const bool exit_when_off = setup_.power_off == PowerOff::exit;
        const auto report = debuggee_.perform(resume, exit_when_off);
        if (exit_when_off && std::holds_alternative<gdbstub::PoweredOff>(report.reason))
            end_ = DebugEnd::powered_off;
        return report;
    }

    bool send() {
        bool sent = false;
        while (session_ && transport_->unsent() < kMostUnsent) {
            const auto bytes = session_->take_output();
            if (bytes.empty()) break;
            transport_->send(bytes);
            sent = true;
        }
        return sent;
    }

    void finish_conversation() {
        const auto ended = *session_->ended();
        if (ended.how == gdbstub::Farewell::broken)
            fmt::print(stderr, "backspin: the session ended: {}\n", ended.why);
        session_->disconnected();
        session_.reset();
        if (ended.how == gdbstub::Farewell::killed) {
            end_ = DebugEnd::killed;
        } else {
            transport_->close_client();
        }
    }

    void client_is_gone() {
        lost_ = false;
        if (session_) session_->disconnected();
        session_.reset();
        if (!transport_->accepts_another()) end_ = DebugEnd::client_left;
    }

    /// Polled about every millisecond while the timeline moves.
    bool interrupted() {
        if (const auto now = Clock::now(); now - looked_ >= kBetweenLooks) {
            looked_ = now;
            setup_.loop.poll();
        }
        if (!handling_) send();
        if (!printing_) show_line();
        return lost_ || setup_.loop.end_request() != EndRequest::none ||
               (session_ && session_->interrupt_requested());
    }

    /// What a breakpoint prints is not dropped when it comes faster than the client reads: the guest waits.
    void print(std::string_view text) {
        printing_ = true;
        while (session_ && !session_->console_output(text) && !interrupted()) setup_.loop.wait(10ms);
        printing_ = false;
    }

    /// What the guest prints, a line at a time: each byte on its own would be a packet. A client that is not
    /// waiting for the machine would take it for an answer.
    void guest_printed(std::string_view text) {
        if (!debuggee_.shows_console()) return;
        for (const char c : text) {
            if (c != '\r') line_ += c;
            if (c == '\n' || line_.size() >= kLongestLine) show_line();
        }
    }
    void show_line() {
        if (line_.empty()) return;
        const auto line = std::exchange(line_, {});
        if (session_ && session_->running() && !handling_) print(line);
    }

    void tell(const replay::SearchProgress& progress) {
        if (!session_ || handling_) return;
        const auto from = progress.from.step.value;
        const auto searched = from - progress.reached.step.value;
        const auto percent =
            from == 0 ? 100 : 100 * static_cast<double>(searched) / static_cast<double>(from);
        session_->console_output(fmt::format("searching back: {:.0f} % (Ctrl-C stops it)\n", percent));
        send();
    }

    const DebugSetup& setup_;
    Debuggee debuggee_;
    std::unique_ptr<Transport> transport_;
    std::unique_ptr<gdbstub::Session> session_;
    std::vector<std::byte> waiting_;  ///< received and not yet handled
    std::string line_;                ///< of the console, not yet shown
    bool handling_ = false;           ///< a packet's handler is at work
    bool printing_ = false;
    bool new_client_ = false;
    bool lost_ = false;
    Clock::time_point awake_until_{};
    Clock::time_point looked_{};  ///< for what came from outside, during a move
    std::optional<DebugEnd> end_;
};

}  // namespace

DebugEnd debug(const DebugSetup& setup) {
    return DebugServer(setup).serve();
}

}  // namespace backspin::cli
