#include "gdbstub/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <stdexcept>
#include <utility>

#include "gdbstub/answer.hpp"
#include "gdbstub/conversation.hpp"
#include "gdbstub/dispatch.hpp"
#include "gdbstub/framing.hpp"
#include "gdbstub/stop_reply.hpp"
#include "gdbstub/text.hpp"

namespace backspin::gdbstub {

namespace {

// No answer is begun while this much waits to be taken: with the longest answer on top, the most that output
// holds.
constexpr std::size_t kMaximumOutput = 1u << 20;
// What a client may send ahead, during a run or without reading its answers; then the session ends.
constexpr std::size_t kMaximumWaiting = 4u << 20;
// One O packet. Small, so that a client shows text as it comes.
constexpr std::size_t kConsolePiece = 1024;

/// The states of a session that is not over.
struct AtRest {};
struct Moving {
    Resume resume;
    bool tells_stop = true;
    bool steps_alone = false;
    bool handed_over = false;
    bool interrupt = false;
};

std::size_t cost(const Received& received) {
    const auto* packet = std::get_if<Packet>(&received);
    return sizeof received + (packet != nullptr ? packet->body.size() : 0);
}

/// A stop that the client may judge by itself (the condition of a breakpoint, the steps of a line) and go on
/// from without its user. Told of any other, it gives the user the target back.
bool client_may_go_on(const StopReport& report) {
    return std::holds_alternative<Stepped>(report.reason) ||
           std::holds_alternative<HitSoftwareBreakpoint>(report.reason) ||
           std::holds_alternative<HitHardwareBreakpoint>(report.reason) ||
           std::holds_alternative<HitWatchpoint>(report.reason);
}

/// GDB lists the threads when it gives the target back to its user, and at no stop that it judges by itself.
bool gives_target_to_user(const Packet& packet) {
    return packet.body.starts_with("qXfer:threads:") || packet.body == "qfThreadInfo";
}

/// GDB up to 13 that is told of an end of history while it steps off a breakpoint believes ever after that it
/// is at it, and sends no resume any more. So that step is told as one that happened, and the end by the
/// resume that GDB sends next; or, where nothing was left to step, as a stop without a reason, since at a
/// breakpoint's address GDB would take any other for a hit. LLDB steps so all the time, and wants to be told.
StopReport off_a_breakpoint(const StopReport& report, bool is_lldb) {
    if (is_lldb) return report;
    const auto* powered_off = std::get_if<PoweredOff>(&report.reason);
    if (powered_off != nullptr && !powered_off->exit_code) return {report.thread, Stepped{}};
    const auto* reached = std::get_if<ReachedHistoryEnd>(&report.reason);
    if (reached != nullptr && reached->which == HistoryEnd::end) return {report.thread, Asleep{}};
    return report;
}

bool asks_for_interrupt(const Received& received) {
    if (std::holds_alternative<InterruptByte>(received)) return true;
    const auto* packet = std::get_if<Packet>(&received);
    return packet != nullptr && packet->body == "vCtrlC";
}

}  // namespace

class Session::Engine {
  public:
    Engine(Target& target, StopReport now) : conversation_(target, now) {}

    void receive(std::span<const std::byte> bytes);
    std::vector<std::byte> take_output();
    std::optional<Resume> take_resume();
    bool running() const { return std::holds_alternative<Moving>(state_); }
    bool interrupt_requested() const;
    void stopped(const StopReport&);
    bool console_output(std::string_view text);
    const std::optional<Ended>& ended() const { return ended_; }
    void disconnected();

  private:
    // Arrival.
    void arrive(Received);
    void acknowledge(const Received&);
    void pump();
    void act_on(const Received&);

    // Runs.
    void begin(const BeginRun&);
    void tell_stop(const StopReport&);

    // Answers.
    void answer(const Answer&, ReplyForm);
    void send_error(const Refused&, ReplyForm);
    void send_console(std::string_view text);
    void send_text(std::string_view body) { send(frame_text(body)); }
    void send(std::string frame);
    void end(Farewell how, std::string why = {});

    Conversation conversation_;
    std::variant<AtRest, Moving> state_;
    std::optional<Ended> ended_;
    Deframer deframer_;
    std::deque<Received> waiting_;
    std::size_t waiting_cost_ = 0;
    std::string output_;
    std::string last_frame_;     // kept for a resend while acknowledgements are in use
    bool acknowledging_ = true;  // until QStartNoAckMode

    // While the client judges a stop by itself, its user sees a target that runs, and may interrupt it: that
    // is kept for the next run, and so is an interrupt that the stop has crossed on its way.
    bool client_judges_ = false;  // since the last stop, as far as one can see
    bool late_interrupt_ = false;
};

// --- arrival -------------------------------------------------------------------------------------

void Session::Engine::receive(std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) {
        if (ended_) return;
        if (std::optional<Received> received = deframer_.push(byte)) arrive(std::move(*received));
    }
}

void Session::Engine::arrive(Received received) {
    acknowledge(received);
    if (std::holds_alternative<Acknowledged>(received)) return;
    if (std::holds_alternative<ResendRequest>(received)) {
        if (acknowledging_ && output_.size() < kMaximumOutput) output_ += last_frame_;
        return;
    }
    const auto* packet = std::get_if<Packet>(&received);
    if (packet != nullptr && !packet->intact && acknowledging_) return;  // it will come again

    // An interrupt acts on the run that is on, even past packets that wait for that run's end.
    auto* moving = std::get_if<Moving>(&state_);
    if (moving != nullptr && std::holds_alternative<InterruptByte>(received)) {
        moving->interrupt = true;
        return;
    }
    waiting_cost_ += cost(received);
    waiting_.push_back(std::move(received));
    if (waiting_cost_ > kMaximumWaiting) {
        end(Farewell::broken,
            fmt::format("the client sent more than {} bytes without waiting for answers", kMaximumWaiting));
        return;
    }
    pump();
}

void Session::Engine::acknowledge(const Received& received) {
    if (!acknowledging_ || output_.size() >= kMaximumOutput) return;
    if (const auto* packet = std::get_if<Packet>(&received)) output_ += packet->intact ? '+' : '-';
    if (std::holds_alternative<OversizedPacket>(received)) output_ += '+';
}

void Session::Engine::pump() {
    while (!waiting_.empty() && !ended_ && output_.size() < kMaximumOutput) {
        if (running() && !asks_for_interrupt(waiting_.front())) return;
        const Received received = std::move(waiting_.front());
        waiting_.pop_front();
        waiting_cost_ -= cost(received);
        act_on(received);
    }
}

void Session::Engine::act_on(const Received& received) {
    auto* moving = std::get_if<Moving>(&state_);
    if (moving != nullptr) moving->interrupt = true;  // pump lets only interrupts through
    if (std::holds_alternative<OversizedPacket>(received)) {
        answer(Refused{errno_value::invalid, fmt::format("packet longer than {} bytes", kMaximumPacket)},
               ReplyForm::data);
        return;
    }
    // At rest an interrupt has no answer: it would be taken for another packet's.
    const auto* packet = std::get_if<Packet>(&received);
    if (packet == nullptr) {
        late_interrupt_ = late_interrupt_ || client_judges_;
        return;
    }
    if (gives_target_to_user(*packet)) client_judges_ = late_interrupt_ = false;
    if (packet->body == "QStartNoAckMode") {
        answer(ok(), ReplyForm::status);
        acknowledging_ = false;
        last_frame_.clear();
        return;
    }
    const Handled handled = handle(conversation_, packet->body);
    answer(handled.answer, handled.form);
}

// --- answers -------------------------------------------------------------------------------------

void Session::Engine::answer(const Answer& answer, ReplyForm form) {
    struct Deliver {
        Engine& engine;
        ReplyForm form;
        void operator()(const Unsupported&) const { engine.send_text(""); }
        void operator()(const Silence&) const {}
        void operator()(const Text& text) const { engine.send_text(text.body); }
        void operator()(const Binary& binary) const { engine.send(frame_binary(binary.body)); }
        void operator()(const ConsoleText& console) const {
            engine.send_console(console.text);
            engine.send_text("OK");
        }
        void operator()(const BeginRun& run) const { engine.begin(run); }
        void operator()(const Goodbye& goodbye) const {
            if (goodbye.says_ok) engine.send_text("OK");
            engine.end(goodbye.how);
        }
        void operator()(const Refused& refused) const { engine.send_error(refused, form); }
        void operator()(const Broken& broken) const {
            engine.send_error(Refused{errno_value::invalid, broken.why}, form);
            engine.end(Farewell::broken, broken.why);
        }
    };
    std::visit(Deliver{*this, form}, answer);
}

// The one place where a failure becomes bytes. A reply that is E and a text is known by every client where
// the reply would otherwise be OK or a stop (GDB shows the text), and everywhere by clients that offered
// error-message+.
void Session::Engine::send_error(const Refused& refused, ReplyForm form) {
    const bool text_is_understood = conversation_.client.error_messages || form == ReplyForm::status;
    if (text_is_understood && !refused.text.empty()) {
        send_text("E." + refused.text);
        return;
    }
    if (form == ReplyForm::console && !refused.text.empty()) send_console(refused.text + "\n");
    send_text(fmt::format("E{:02x}", refused.errno_value));
}

void Session::Engine::send_console(std::string_view text) {
    for (; !text.empty(); text.remove_prefix(std::min(text.size(), kConsolePiece))) {
        send_text("O" + to_hex(text.substr(0, kConsolePiece)));
    }
}

void Session::Engine::send(std::string frame) {
    output_ += frame;
    if (acknowledging_) last_frame_ = std::move(frame);
}

void Session::Engine::end(Farewell how, std::string why) {
    ended_ = Ended{how, std::move(why)};
    state_ = AtRest{};
    waiting_.clear();
    waiting_cost_ = 0;
}

std::vector<std::byte> Session::Engine::take_output() {
    const std::span<const std::byte> bytes = bytes_of(output_);
    std::vector<std::byte> taken(bytes.begin(), bytes.end());
    output_.clear();
    pump();
    return taken;
}

// --- runs ----------------------------------------------------------------------------------------

void Session::Engine::begin(const BeginRun& run) {
    client_judges_ = false;
    const bool interrupted = std::exchange(late_interrupt_, false);
    if (interrupted && !std::holds_alternative<Restart>(run.resume)) {
        tell_stop({conversation_.moving_thread(), Interrupted{}});
    } else {
        state_ = Moving{run.resume, run.tells_stop, run.steps_alone};
    }
}

std::optional<Resume> Session::Engine::take_resume() {
    auto* moving = std::get_if<Moving>(&state_);
    if (moving == nullptr || std::exchange(moving->handed_over, true)) return std::nullopt;
    return moving->resume;
}

bool Session::Engine::interrupt_requested() const {
    const auto* moving = std::get_if<Moving>(&state_);
    return moving != nullptr && moving->interrupt;
}

void Session::Engine::stopped(const StopReport& report) {
    const auto* moving = std::get_if<Moving>(&state_);
    if (moving == nullptr)
        throw std::logic_error("a session was told of the end of a run that it did not ask for");
    const Moving ended = *moving;
    const auto told = ended.steps_alone ? off_a_breakpoint(report, conversation_.client.lldb) : report;
    if (told.reason != report.reason && std::holds_alternative<ReachedHistoryEnd>(report.reason))
        send_console("the end of history: there is nothing left to step\n");
    state_ = AtRest{};
    client_judges_ = ended.tells_stop && client_may_go_on(told);
    late_interrupt_ = ended.interrupt && client_judges_;
    if (ended.tells_stop) {
        tell_stop(told);
    } else {
        conversation_.stopped(report);
    }
    pump();
}

void Session::Engine::tell_stop(const StopReport& report) {
    conversation_.stopped(report);
    const Handled why = handle(conversation_, "?");
    answer(why.answer, why.form);
}

bool Session::Engine::console_output(std::string_view text) {
    const auto* moving = std::get_if<Moving>(&state_);
    if (moving == nullptr || !moving->tells_stop || output_.size() >= kMaximumOutput) return false;
    send_console(text.substr(0, kMaximumOutput));
    return text.size() <= kMaximumOutput;
}

void Session::Engine::disconnected() {
    if (Breakpoints* breakpoints = conversation_.target.breakpoints()) breakpoints->remove_all();
    if (!ended_) end(Farewell::lost);
}

// --- the public face -----------------------------------------------------------------------------

Session::Session(Target& target, StopReport now) : engine_(std::make_unique<Engine>(target, now)) {}
Session::~Session() = default;
void Session::receive(std::span<const std::byte> bytes) {
    engine_->receive(bytes);
}
std::vector<std::byte> Session::take_output() {
    return engine_->take_output();
}
std::optional<Resume> Session::take_resume() {
    return engine_->take_resume();
}
bool Session::running() const {
    return engine_->running();
}
bool Session::interrupt_requested() const {
    return engine_->interrupt_requested();
}
void Session::stopped(const StopReport& report) {
    engine_->stopped(report);
}
bool Session::console_output(std::string_view text) {
    return engine_->console_output(text);
}
const std::optional<Ended>& Session::ended() const {
    return engine_->ended();
}
void Session::disconnected() {
    engine_->disconnected();
}

}  // namespace backspin::gdbstub
