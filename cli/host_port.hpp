// The machine's outside: its console, its input script and the files that it may read, as the port that a
// timeline takes inputs from and the sink that its output goes to.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "cli/console/console.hpp"
#include "cli/host_loop.hpp"
#include "cli/input_script.hpp"
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

    std::optional<DeviceInput> next(const Machine& machine) override;
    void wait(std::chrono::nanoseconds at_most) override { loop_.wait(at_most); }
    bool interactive() const override { return console_.interactive(); }
    std::optional<replay::AskAgain> ask_again(const Machine& machine) const override;

    /// The script hears what is new, and not what a user goes over once more.
    void output(Channel channel, std::span<const std::byte> bytes) override;
    /// Hears all that is shown, after the console: a debugger's window, for one.
    void also_show(std::function<void(std::span<const std::byte>)> show) { also_show_ = std::move(show); }

    const InputScript& script() const { return script_; }

  private:
    void type_script();
    bool may_type() const;
    std::vector<std::byte> answer(const emu::HostRequest& request);
    std::vector<std::byte> take(std::size_t room);

    HostLoop& loop_;
    Console& console_;
    InputScript script_;
    emu::RiscvMachine& machine_;
    SharedFolder files_;
    std::function<void(std::span<const std::byte>)> also_show_;
    std::vector<std::byte> waiting_;  ///< the script's, until the device has room
    StepCount heard_until_;
};

}  // namespace backspin::cli
