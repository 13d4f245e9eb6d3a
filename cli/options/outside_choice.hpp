// What the user wants behind a virtio device. To add a kind: a struct here, its option in device_options.cpp,
// and a class in cli/outside/.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cli/options/console_choice.hpp"
#include "cli/options/drive_choice.hpp"
#include "cli/options/network_choice.hpp"

namespace backspin::cli {

/// --rng host
struct HostEntropy {
    bool operator==(const HostEntropy&) const = default;
};

/// --sound; an empty path stands for no file.
struct WavSound {
    std::string out;
    std::string in;
    bool operator==(const WavSound&) const = default;
};

/// --virtio-console
struct VirtioConsole {
    ConsoleChoice where;
    bool operator==(const VirtioConsole&) const = default;
};

/// std::monostate: the device needs nothing from outside.
using OutsideChoice = std::variant<std::monostate, HostEntropy, UserNetwork, SocketNetwork, DriveImage,
                                   VirtioConsole, WavSound>;

}  // namespace backspin::cli
