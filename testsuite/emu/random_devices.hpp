// Virtio devices for random programs: what there is, queues in memory as no driver with its wits about it
// would fill them, and inputs for all of them. The program only has to notify.
#pragma once

#include <memory>
#include <random>
#include <vector>

#include "base/input.hpp"
#include "emu/board.hpp"
#include "emu/memory.hpp"

namespace backspin::emu::testing {

/// The rings of transport t, queue q lie here, counted from the start of RAM: behind the program.
constexpr std::uint64_t ring_of(std::size_t transport, std::size_t queue) {
    return 0x2'0000 + 0x4000 * transport + 0x1000 * queue;
}

/// Some of the kinds that there are, each at its own transport; the block device has drive 0.
std::vector<virtio::DeviceOptions> random_devices(std::mt19937_64& random);

/// An image of that drive.
std::shared_ptr<const DiskImage> random_image();

/// Brings up every device as a driver does and fills the queues. The buffers lie in the program's data, and
/// now and then in its code.
void set_up_devices(std::mt19937_64& random, Board& board, Memory& memory);

/// An input on one of the devices' channels, or a change of a ring.
Input random_device_input(std::mt19937_64& random, const Board& board);

}  // namespace backspin::emu::testing
