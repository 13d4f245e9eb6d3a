// `backspin run` and `backspin record`: a live machine, with or without a debugger, with or without a
// recording.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "cli/debug/session.hpp"
#include "cli/debug/snapshot_report.hpp"
#include "cli/engine_report.hpp"
#include "cli/exit_code.hpp"
#include "cli/guest_end.hpp"
#include "cli/host_port.hpp"
#include "cli/kept_history.hpp"
#include "cli/machine_setup.hpp"
#include "cli/recorder.hpp"
#include "cli/run_beginning.hpp"
#include "cli/save_session.hpp"
#include "cli/start_error.hpp"
#include "cli/verbs.hpp"
#include "emu/loader.hpp"
#include "replay/timeline.hpp"

namespace backspin::cli {
namespace {

/// Of the time that the machine runs: nobody notices it.
constexpr double kSnapshotShare = 0.05;

InputScript read_script(const RunCommand& command, const MachineSetup& setup) {
    if (!command.input) return {};
    const auto& path = *command.input;
    const auto bytes = read_file(path, "input script");
    InputScript script(parse_script({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path));
    const auto require = [&](ScriptDevice device, emu::virtio::InputOptions::Kind kind, const char* option) {
        const auto* entry = script.first_for(device);
        const auto& devices = setup.options.board.virtio;
        const auto is_there = std::ranges::any_of(devices, [&](const auto& device) {
            const auto* input = std::get_if<emu::virtio::InputOptions>(&device);
            return input != nullptr && input->kind == kind;
        });
        if (entry != nullptr && !is_there)
            throw StartError(
                fmt::format("{}:{}: there is nothing to do this with: add {}", path, entry->line, option));
    };
    require(ScriptDevice::keyboard, emu::virtio::InputOptions::Kind::keyboard, "--keyboard");
    require(ScriptDevice::pointer, emu::virtio::InputOptions::Kind::pointer, "--pointer");
    return script;
}

std::vector<std::string> outputs_of(const RunCommand& command) {
    std::vector<std::string> outputs;
    if (command.save) outputs.push_back(*command.save);
    const auto add = [&](const ConsoleChoice& console) {
        if (const auto* file = std::get_if<FileConsole>(&console)) outputs.push_back(file->path);
    };
    add(command.console);
    for (const auto& device : command.machine.devices) {
        if (const auto* console = std::get_if<VirtioConsole>(&device)) add(console->where);
    }
    return outputs;
}

RunResult asleep(const HostPort& port, const emu::RiscvMachine& machine) {
    auto message =
        fmt::format("asleep at step {}: the guest waits, and nothing can wake it", machine.now().value);
    if (const auto* entry = port.script().waiting_for()) {
        message += fmt::format("; line {} of the input script was not reached", entry->line);
    }
    return {kAsleep, "asleep", std::nullopt, message};
}

RunBeginning beginning_of(const RunCommand& command) {
    return command.start ? begin_in_recording(*command.start, command.machine)
                         : begin_at_power_on(command.machine);
}

SharedFolder shared_folder(const RunCommand& command, const MachineSetup& setup) {
    if (!command.shared_folder) return {};
    if (!setup.options.board.semihosting)
        throw StartError(
            fmt::format("{}: the recorded machine answers no semihosting calls; leave out --share",
                        command.start->recording));
    return SharedFolder(*command.shared_folder);
}

class Run {
  public:
    Run(const RunCommand& command, const OwnDebugger* own)
        : command_(command),
          own_(own),
          beginning_(beginning_of(command)),
          script_(read_script(command, setup_)),
          files_(shared_folder(command, setup_)) {
        refuse_own_inputs(outputs_of(command), setup_, command.input);
        if (command.start) refuse_own_inputs(outputs_of(command), setup_, command.start->recording);
        // The recording comes before the console: an existing file is refused before the terminal changes its
        // mode.
        if (command.save) start_recording();
        if (command.gdb) kept_.emplace(command.history);
        if (recorder_ || kept_) loop_.set_tick(std::chrono::milliseconds(250), [this] { poll(); });
        console_ = open_console(loop_, command.console, ConsoleUse::both_ways, command.force);
        port_.emplace(loop_, *console_, std::move(script_), *machine_, std::move(files_));
        for (std::size_t i = 0; i < beginning_.devices.size(); ++i)
            port_->connect(emu::virtio_channel(i), open_outside(loop_, beginning_.devices[i], command.force));
        replay::TimelineOptions options;
        options.epoch_steps = setup_.epoch_steps;
        options.snapshot_share = kSnapshotShare;
        options.listener = recorder_ ? &*recorder_ : nullptr;
        if (kept_) {
            kept_->add_to(options, [this] { return build_machine(setup_); });
        } else {
            // Nobody will go back: what is kept for it would only cost memory, and a copy of each page
            // written.
            options.snapshot_budget.snapshots = 1;
            options.use_access_index = recorder_.has_value();
            options.forgets_inputs = true;
            if (!recorder_) options.epoch_steps = kEndOfTime;
        }
        timeline_.emplace(*machine_, options);
        const auto frontier = [this] { return timeline_->frontier().step; };
        port_->set_frontier(frontier);
        port_->set_branch([this] { return timeline_->frontier().branch; });
        if (command.gdb) {
            port_->also_tell([this](Channel channel, std::span<const std::byte> bytes) {
                shown_.add({timeline_->frontier().branch, machine_->now()}, channel, bytes);
            });
        }
        if (recorder_) {
            recorder_->tap_output(*port_, [this] { return timeline_->frontier(); });
            machine_->set_output(&*recorder_);
        }
    }

    int execute() {
        if (command_.timeout) loop_.set_timeout(*command_.timeout);
        auto result = command_.gdb ? under_debugger() : freely();
        port_->flush();
        port_->disconnect();
        console_.reset();  // the terminal is as it was before anything more is said
        if (debugger_) result.exit_code = exit_code_of(*debugger_, result.exit_code, loop_.end_request());
        if (!result.message.empty()) fmt::print(stderr, "backspin: {}\n", result.message);
        if (command_.statistics)
            fmt::print(stderr, "{}",
                       describe_engine(machine_->statistics()) + "snapshots " + describe_cost(*timeline_));
        if (recorder_ && !finish_recording(result)) return kCouldNotStart;
        return result.exit_code;
    }

  private:
    void poll() {
        if (recorder_) recorder_->poll();
        if (kept_) kept_->poll();
    }

    void start_recording() {
        RecorderOptions options{.embed = command_.embed_disks, .flight = command_.flight};
        if (command_.start) options.start = {{{}, machine_->now()}, machine_->save(), beginning_.name};
        const auto overwrite = command_.force ? snapshots::Overwrite::replace : snapshots::Overwrite::refuse;
        recorder_.emplace(*command_.save, overwrite, setup_, *machine_, std::move(options));
    }

    RunResult freely() {
        timeline_->set_host(
            {.input = &*port_,
             .interrupted = [this] { return loop_.poll(), loop_.end_request() != EndRequest::none; },
             .progress = nullptr,
             .clock = nullptr});
        const auto begin = timeline_->begin().step;
        const auto limit =
            command_.max_steps ? begin + std::min(*command_.max_steps, kEndOfTime - begin) : kEndOfTime;
        const auto stopped = timeline_->go_on({}, {.limit = limit});
        timeline_->set_host({});
        switch (stopped.why) {
            case replay::StopReason::powered_off: return result_of_power_off(*machine_);
            case replay::StopReason::asleep: return asleep(*port_, *machine_);
            case replay::StopReason::limit:
                return {kStepLimit, "step limit", std::nullopt,
                        fmt::format("ended at step {}, as --max-steps says", machine_->now().value)};
            default: return result_of(loop_.end_request());
        }
    }

    RunResult under_debugger() {
        const auto& image = setup_.images.front();
        DebugSetup debugging{.machine = *machine_,
                             .timeline = *timeline_,
                             .loop = loop_,
                             .input = &*port_,
                             .endpoint = own_ != nullptr ? own_->endpoint() : *command_.gdb,
                             .program = {path_for_debugger(image.name), {}},
                             .power_off = command_.power_off,
                             .bookmarks = {},
                             .save = {},
                             .bookmark = {},
                             .at_branch = {},
                             .shown = &shown_,
                             .also_show = port_->shower(),
                             .ready = {},
                             .no_branches = {}};
        if (recorder_) {
            debugging.bookmark = [this](const std::string& name, Position at) {
                recorder_->add_bookmark(name, at);
            };
            if (command_.flight.keep)
                debugging.no_branches = "--keep records the newest part of one future: it takes no branches";
        } else {
            debugging.save = [this](const std::string& path, const Marks& bookmarks) {
                save_session(path, setup_, *machine_, *timeline_, bookmarks);
            };
        }
        if (port_->reaches_others())
            debugging.at_branch = "its network is not connected: other computers do not go back in time\n";
        if (emu::is_elf(image.bytes)) debugging.program.contents = image.bytes;
        if (own_ != nullptr) own_->join(debugging, loop_, debugger_);
        switch (debug(debugging)) {
            case DebugEnd::asked_to_end: return result_of(loop_.end_request());
            case DebugEnd::powered_off: return result_of_power_off(*machine_);
            case DebugEnd::client_left:
            case DebugEnd::killed: break;
        }
        return {kSuccess, "ended by the debugger", std::nullopt, {}};
    }

    /// Where a file was recorded the image may have had its name; here it has none, and the contents count.
    std::string path_for_debugger(const std::string& image) const {
        const std::filesystem::path path(image);
        return command_.start ? "/" + path.filename().string() : std::filesystem::absolute(path).string();
    }

    /// A debugger may have left the machine in the past; what is recorded goes to the newest position.
    bool finish_recording(const RunResult& result) {
        loop_.set_tick({}, nullptr);
        machine_->set_output(nullptr);
        const auto last = timeline_->current_branch().number;
        const auto end_of = [&](Branch branch) {
            timeline_->switch_to(branch);
            timeline_->seek(timeline_->frontier());
            snapshots::RecordedEnd end{timeline_->position(), machine_->time(), "left", std::nullopt};
            if (branch == last) {
                end.reason = result.reason;
                end.exit_code = result.guest_exit_code;
            }
            return end;
        };
        for (std::uint32_t n = 1; n < timeline_->branches().size(); ++n) {
            const auto end = end_of({n});
            recorder_->add_end(end, machine_->save());
        }
        const auto end = end_of({});
        timeline_->tell_accesses();
        return recorder_->finish(end, machine_->save());
    }

    const RunCommand& command_;
    const OwnDebugger* own_;  ///< not owned; null: the user's own comes, or none
    RunBeginning beginning_;  ///< before the loop takes over signals: finding a place may take a while
    MachineSetup& setup_ = beginning_.setup;
    std::unique_ptr<emu::RiscvMachine>& machine_ = beginning_.machine;
    HostLoop loop_;
    std::unique_ptr<Child> debugger_;
    InputScript script_;
    SharedFolder files_;
    std::optional<Recorder> recorder_;
    std::unique_ptr<Console> console_;
    std::optional<HostPort> port_;
    std::optional<KeptHistory> kept_;
    std::optional<replay::Timeline> timeline_;
    ConsoleHistory shown_{console_channels(setup_)};
};

}  // namespace

int run(const RunCommand& command, const OwnDebugger* own) {
    return Run(command, own).execute();
}

}  // namespace backspin::cli
