// What an input is, in a few words: for a list that a person reads.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/input.hpp"
#include "cli/machine_setup.hpp"

namespace backspin::cli {

/// "console", "network", "entropy", "clock" ...: what `events --kind` takes.
inline constexpr std::string_view kInputKinds[]{"console", "network", "entropy", "clock",
                                                "sound",   "input",   "power",   "semihosting",
                                                "idle",    "write",   "other"};

struct InputSummary {
    std::string_view kind;  ///< one of kInputKinds
    std::string device;     ///< "uart", "virtio1-net", "hart0" ...
    std::size_t bytes = 0;
    std::string gist;  ///< printable ASCII, bounded
};

/// The setup says what is behind a channel.
InputSummary summarize(const Input& input, const MachineSetup& setup);

/// "uart", "virtio1-net": where the channel leads.
std::string device_of(Channel channel, const MachineSetup& setup);

/// Whether what comes out there is console output.
bool is_console(Channel channel, const MachineSetup& setup);

/// "Ethernet 52:54:.. > ff:ff:..", "ARP who has 10.0.2.15", "IPv4 10.0.2.2:80 > 10.0.2.15:4000 TCP, 40
/// bytes": of any bytes at all.
std::string describe_frame(std::span<const std::byte> frame);

/// "\"ls -l\\n\"", cut short: what is not printable ASCII is escaped.
std::string quoted(std::span<const std::byte> bytes, std::size_t most = 40);

}  // namespace backspin::cli
