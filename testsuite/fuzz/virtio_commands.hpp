// How the fuzz target `virtio` reads its input; whoever writes seeds for it needs the same.
#pragma once

#include <cstdint>

namespace backspin::fuzz {

enum class Command : std::uint8_t {
    write_register,  ///< u8 size, u16 offset, u32 value
    read_register,   ///< u8 size, u16 offset
    put,             ///< u16 offset into RAM, u8 length, bytes
    describe,        ///< u8 queue, u8 index, u16 offset into RAM, u16 length, u8 flags, u8 next
    offer,           ///< u8 queue, u8 head of a chain
    notify,          ///< u8 queue
    events,          ///< u8 how many at most
    input,           ///< u16 length, bytes
    snapshot,
};
inline constexpr int kCommands = 9;

/// Where a queue's areas lie in RAM.
inline constexpr std::uint32_t kQueueSize = 16;
constexpr std::uint32_t queue_area(std::uint32_t queue) {
    return queue * 0x400;
}
inline constexpr std::uint32_t kAvailable = 0x200;
inline constexpr std::uint32_t kUsed = 0x300;

}  // namespace backspin::fuzz
