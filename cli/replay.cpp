// `backspin replay`: goes through a recording once and verifies it, or hands it to a debugger.
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "cli/debug/session.hpp"
#include "cli/debug/snapshot_report.hpp"
#include "cli/engine_report.hpp"
#include "cli/exit_code.hpp"
#include "cli/file_snapshots.hpp"
#include "cli/guest_end.hpp"
#include "cli/host_port.hpp"
#include "cli/kept_history.hpp"
#include "cli/machine_setup.hpp"
#include "cli/outside/console_outside.hpp"
#include "cli/recorded_run.hpp"
#include "cli/save_session.hpp"
#include "cli/start_error.hpp"
#include "cli/verbs.hpp"
#include "cli/verifier.hpp"
#include "emu/loader.hpp"
#include "replay/timeline.hpp"
#include "snapshots/recording_appender.hpp"

namespace backspin::cli {
namespace {

class Replay {
  public:
    Replay(const ReplayCommand& command, const OwnDebugger* own)
        : command_(command),
          own_(own),
          run_(command.file, command.drive_files, builder_with(command.engine), command.branch),
          machine_(run_.machine()),
          stored_(run_, *machine_, command.gdb ? HistoryShape::branches : HistoryShape::line),
          verifier_(run_.reader(), machine_->component_names(), run_.setup().epoch_steps, run_.branch()) {
        if (command.keep_snapshots) refuse_unwritable();
        if (run_.reader().warning()) fmt::print(stderr, "backspin: {}\n", *run_.reader().warning());
        console_ = open_console(loop_, command.console,
                                command.gdb ? ConsoleUse::both_ways : ConsoleUse::output_only, command.force);
        port_.emplace(loop_, *console_, InputScript{}, *machine_);
        connect_virtio_consoles();
        replay::TimelineOptions options;
        options.epoch_steps = run_.setup().epoch_steps;
        options.stored = &stored_;
        if (command.gdb) {
            kept_.emplace(command.history);
            kept_->add_to(options, [this] { return run_.spare_machine(); });
            loop_.set_tick(std::chrono::milliseconds(250), [this] { kept_->poll(); });
        } else {
            options.listener = &verifier_;
            options.snapshot_budget.snapshots = 1;  // nobody will go back
            options.use_access_index = false;
        }
        timeline_.emplace(*machine_,
                          command.gdb ? run_.with_branches() : run_.past(run_.begin(), run_.frontier()),
                          options);
        if (command.gdb) {
            run_.add_accesses(*timeline_, HistoryShape::branches);
            timeline_->switch_to(run_.branch());
            keep_what_is_shown();
        }
        port_->set_frontier([this] { return timeline_->frontier().step; });
    }

    int execute() {
        if (command_.timeout) loop_.set_timeout(*command_.timeout);
        auto result = command_.gdb ? under_debugger() : verify();
        port_->flush();
        port_->disconnect();
        console_.reset();
        if (debugger_) result.exit_code = exit_code_of(*debugger_, result.exit_code, loop_.end_request());
        if (!result.message.empty()) fmt::print(stderr, "backspin: {}\n", result.message);
        if (command_.statistics)
            fmt::print(stderr, "{}",
                       describe_engine(machine_->statistics()) + "snapshots " + describe_cost(*timeline_));
        keep_snapshots();
        return result.exit_code;
    }

  private:
    void keep_what_is_shown() {
        tell_shown(run_.reader(), shown_);
        port_->also_tell([this](Channel channel, std::span<const std::byte> bytes) {
            // What was recorded is known already.
            if (!timeline_->is_live()) return;
            shown_.add({timeline_->frontier().branch, machine_->now()}, channel, bytes);
        });
    }

    /// Each console that the user names shows what the next virtio console of the machine gave out.
    void connect_virtio_consoles() {
        auto where = command_.virtio_consoles.begin();
        const auto& devices = run_.setup().options.board.virtio;
        for (std::size_t i = 0; i < devices.size() && where != command_.virtio_consoles.end(); ++i) {
            if (!std::holds_alternative<emu::virtio::ConsoleOptions>(devices[i])) continue;
            port_->connect(emu::virtio_channel(i),
                           open_virtio_console(loop_, *where++, ConsoleUse::output_only, command_.force));
        }
        if (where != command_.virtio_consoles.end())
            throw StartError(fmt::format(
                "{}: its machine has fewer virtio consoles than --virtio-console names", command_.file));
    }

    /// Before a session, rather than at its end.
    void refuse_unwritable() const {
        if (run_.reader().version() < 2 || ::access(command_.file.c_str(), W_OK) != 0)
            throw StartError(
                fmt::format("--keep-snapshots: {}: cannot be written, or is of format 1", command_.file));
    }

    /// At the session's end: while it goes on, snapshots are read from the file.
    void keep_snapshots() {
        if (new_snapshots_.empty()) return;
        timeline_.reset();
        snapshots::RecordingAppender recording(command_.file);
        for (const auto& [name, at, state] : new_snapshots_) recording.add_snapshot(at, state, name);
        recording.finish();
        fmt::print(stderr, "backspin: {}: holds {} new snapshots\n", command_.file, new_snapshots_.size());
    }

    RunResult verify() {
        timeline_->set_host({.input = nullptr,
                             .interrupted = [this] { return ended(); },
                             .progress = nullptr,
                             .clock = nullptr});
        timeline_->go_on({});
        timeline_->set_host({});
        if (!verifier_.divergence() && loop_.end_request() != EndRequest::none)
            return result_of(loop_.end_request());
        const auto newest = timeline_->frontier();
        if (!verifier_.divergence() && timeline_->position() == newest)
            verifier_.compare(newest, machine_->save());
        return verdict();
    }

    bool ended() {
        loop_.poll();
        return verifier_.divergence() || loop_.end_request() != EndRequest::none;
    }

    RunResult verdict() const {
        const auto file = command_.file;
        if (verifier_.divergence()) {
            return {kDiverged, "diverged", std::nullopt,
                    fmt::format("{}: diverged in {}", file, describe(*verifier_.divergence()))};
        }
        const auto at = timeline_->position().step.value;
        if (timeline_->position() != timeline_->frontier() || verifier_.missed() != 0) {
            const auto* what = verifier_.missed() != 0 && timeline_->position() == timeline_->frontier()
                                   ? "there are digests of places that it did not come to"
                                   : "the machine goes no further";
            return {kDiverged, "diverged", std::nullopt,
                    fmt::format("{}: diverged at step {} of {}: {}", file, at,
                                timeline_->frontier().step.value, what)};
        }
        return {kSuccess, "verified", std::nullopt,
                fmt::format("{}: replayed {} steps, {} inputs; all {} digests are equal{}", file, at,
                            timeline_->log().size(), verifier_.compared(), other_branches())};
    }

    std::string other_branches() const {
        const auto count = run_.reader().branches().size();
        if (count == 0) return {};
        return fmt::format("; this is branch {}, and 'backspin verify' checks all {}", command_.branch,
                           count + 1);
    }

    RunResult under_debugger() {
        const auto& image = run_.setup().images.front();
        // Where the file was recorded it may have had this name; here it has none, and the contents count.
        const auto name = "/" + std::filesystem::path(image.name).filename().string();
        DebugSetup debugging{.machine = *machine_,
                             .timeline = *timeline_,
                             .loop = loop_,
                             .input = &*port_,
                             .endpoint = own_ != nullptr ? own_->endpoint() : *command_.gdb,
                             .program = {name, {}},
                             .power_off = PowerOff::stop,
                             .bookmarks = marks_of(run_.reader()),
                             .save = {},
                             .bookmark = {},
                             .at_branch = "'monitor save FILE' keeps it, with the recording\n",
                             .shown = &shown_,
                             .also_show = port_->shower(),
                             .ready = {},
                             .no_branches = {}};
        debugging.save = [this](const std::string& path, const Marks& bookmarks) { save(path, bookmarks); };
        if (command_.keep_snapshots) {
            debugging.bookmark = [this](const std::string& name, Position at) {
                // The file knows nothing of a branch that began in this session.
                if (at.branch.id <= run_.reader().branches().size())
                    new_snapshots_.push_back({name, at, machine_->save()});
            };
        }
        if (emu::is_elf(image.bytes)) debugging.program.contents = image.bytes;
        if (own_ != nullptr) own_->join(debugging, loop_, debugger_);
        if (debug(debugging) == DebugEnd::asked_to_end) return result_of(loop_.end_request());
        return {kSuccess, "ended by the debugger", std::nullopt, {}};
    }

    void save(const std::string& path, const Marks& bookmarks) {
        if (!timeline_->current_branch().live &&
            timeline_->branches().size() == run_.reader().branches().size() + 1)
            throw StartError("this is a recording: it is in its file, and there is no new branch");
        if (!run_.setup().disks.empty())
            throw StartError("the recording's machine has drives: a branch of it cannot be saved");
        save_session(path, run_.setup(), *machine_, *timeline_, bookmarks);
    }

    struct NewSnapshot {
        std::string name;
        Position at;
        SavedState state;
    };

    const ReplayCommand& command_;
    const OwnDebugger* own_;  ///< not owned; null: the user's own comes, or none
    HostLoop loop_;
    std::unique_ptr<Child> debugger_;
    RecordedRun run_;
    std::unique_ptr<emu::RiscvMachine> machine_;
    FileSnapshots stored_;
    Verifier verifier_;
    std::vector<NewSnapshot> new_snapshots_;
    std::unique_ptr<Console> console_;
    std::optional<HostPort> port_;
    std::optional<KeptHistory> kept_;
    std::optional<replay::Timeline> timeline_;
    ConsoleHistory shown_{console_channels(run_.setup())};
};

}  // namespace

int replay(const ReplayCommand& command, const OwnDebugger* own) {
    return Replay(command, own).execute();
}

}  // namespace backspin::cli
