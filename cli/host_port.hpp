// The machine's outside: its console, its input script and the files that it may read, as the port that a
// timeline takes inputs from and the sink that its output goes to.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "cli/console/console.hpp"
#include "cli/host_loop.hpp"
#include "cli/input_script.hpp"
#include "cli/outside/outside.hpp"
#include "cli/shared_folder.hpp"
#include "emu/riscv_machine.hpp"
#include "replay/host.hpp"

namespace backspin::cli {

class HostPort final : public replay::InputPort, public OutputSink {
  public:
    /// All references must outlive this. Becomes the machine's output.
    HostPort(HostLoop& loop, Console& console, InputScript script, emu::RiscvMachine& machine,
             SharedFolder files = {});
    ~HostPort() override;
    HostPort(const HostPort&) = delete;
    HostPort& operator=(const HostPort&) = delete;

    /// Tells the newest position that the machine has been to: what it gives out behind that, it gives out
    /// once more, for the user's eyes only. Without it all output is new.
    void set_frontier(std::function<StepCount()> frontier) { frontier_ = std::move(frontier); }

    /// Tells which branch is current. Others than branch 0 have no script and no network: those answer what
    /// branch 0 does, and cannot go back in time. They go on where they were when it is current again.
    void set_branch(std::function<Branch()> branch) { branch_ = std::move(branch); }

    /// What stands behind a virtio device.
    void connect(Channel channel, std::unique_ptr<Outside> outside);

    std::optional<DeviceInput> next(const Machine& machine) override;
    void wait(std::chrono::nanoseconds at_most) override { loop_.wait(at_most); }
    bool interactive() const override;
    std::optional<replay::AskAgain> ask_again(const Machine& machine) const override;

    /// The script and what is outside hear what is new, and not what a user goes over once more.
    void output(Channel channel, std::span<const std::byte> bytes) override;
    /// Hears all that is shown, after the console: a debugger's window, for one.
    void also_show(std::function<void(std::span<const std::byte>)> show) { also_show_ = std::move(show); }

    /// also_show, for who knows no port. Not behind its end.
    std::function<void(std::function<void(std::span<const std::byte>)>)> shower() {
        return [this](std::function<void(std::span<const std::byte>)> show) { also_show(std::move(show)); };
    }

    /// Hears what is new, of all channels.
    void also_tell(std::function<void(Channel, std::span<const std::byte>)> tell) {
        also_tell_ = std::move(tell);
    }

    /// Nothing stands behind the virtio devices any more.
    void disconnect() { connections_.clear(); }

    /// Hands out what is still held back, at the end of the run.
    void flush();

    const InputScript& script() const { return script_; }
    /// Whether there is something that only branch 0 is connected to.
    bool reaches_others() const;

  private:
    void type_script();
    bool may_type() const;
    /// What the script has typed for the device and nobody has taken yet.
    std::vector<std::byte>& waiting_for(ScriptDevice device) {
        return waiting_[static_cast<std::size_t>(device)];
    }
    bool nothing_waits() const;
    std::vector<std::byte> take_typed(ScriptDevice device, std::size_t room);
    std::vector<std::byte> answer(const emu::HostRequest& request);
    std::vector<std::byte> take(std::size_t room);
    std::optional<DeviceInput> typed(const Machine& machine);
    std::optional<DeviceInput> from_script(const Machine& machine);
    std::optional<DeviceInput> from_outside(const Machine& machine);

    bool is_new_here() const { return !frontier_ || machine_.now() >= frontier_(); }

    bool on_branch_0() const { return !branch_ || branch_() == Branch{}; }

    struct Connection {
        Channel channel;
        std::unique_ptr<Outside> outside;
    };
    bool is_connected(const Connection& connection) const {
        return on_branch_0() || !connection.outside->reaches_others();
    }

    HostLoop& loop_;
    Console& console_;
    InputScript script_;
    emu::RiscvMachine& machine_;
    SharedFolder files_;
    std::function<void(std::span<const std::byte>)> also_show_;
    std::function<void(Channel, std::span<const std::byte>)> also_tell_;
    std::array<std::vector<std::byte>, kScriptDevices> waiting_;  ///< until the device has room
    /// The machine's keyboards and pointers.
    struct Scripted {
        ScriptDevice device{};
        Channel channel;
    };
    std::vector<Scripted> scripted_;
    std::function<StepCount()> frontier_;
    std::function<Branch()> branch_;
    std::vector<Connection> connections_;
    std::size_t next_connection_ = 0;  ///< asked first, so that a busy one does not keep the others waiting
};

}  // namespace backspin::cli
