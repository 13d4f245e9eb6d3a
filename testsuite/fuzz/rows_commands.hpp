// How the fuzz target `rows` reads its input; whoever writes seeds for it needs the same.
#pragma once

#include <cstdint>

namespace backspin::fuzz {

/// Each is followed by u8 table, u8 column, u8 row.
enum class RowCommand : std::uint8_t {
    number,       ///< i64
    text,         ///< u8 length, bytes
    bytes,        ///< u8 length, bytes
    packed,       ///< u16 length, bytes, which are compressed
    flip,         ///< u16 offset, u8 bits, in the bytes that are there
    flip_packed,  ///< u16 size of what is packed there, u16 offset, u8 bits
    remove,       ///< the row
};
inline constexpr int kRowCommands = 7;

}  // namespace backspin::fuzz
