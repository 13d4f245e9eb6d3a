// All kinds of virtio devices that the board can have: to add one, add its options and its class here.
#pragma once

#include <cstddef>
#include <string_view>
#include <variant>
#include <vector>

#include "emu/devices/virtio/block.hpp"
#include "emu/devices/virtio/console.hpp"
#include "emu/devices/virtio/entropy.hpp"
#include "emu/devices/virtio/input.hpp"
#include "emu/devices/virtio/net.hpp"
#include "emu/devices/virtio/sound.hpp"

namespace backspin::emu::virtio {

/// What the user chose for one transport; nothing stands behind one with std::monostate.
using DeviceOptions = std::variant<std::monostate, EntropyOptions, BlockOptions, NetOptions, ConsoleOptions,
                                   InputOptions, SoundOptions>;

/// In the order of DeviceOptions.
using AnyDevice = std::variant<std::monostate, Entropy, Block, Net, Console, Input, Sound>;

AnyDevice make_device(const DeviceOptions& options);

/// "virtio0-entropy" for the first transport, and so on: names of components.
std::string_view kind_of(const DeviceOptions& options);

}  // namespace backspin::emu::virtio
