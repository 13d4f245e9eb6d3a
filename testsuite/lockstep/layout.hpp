// Where the parts of a lock-step program lie in RAM.
#pragma once

#include <cstddef>
#include <cstdint>

#include "emu/memory_map.hpp"

namespace backspin::lockstep::layout {

inline constexpr std::uint64_t kBase = emu::memory_map::kRamBase.value;
inline constexpr std::size_t kPage = 4096;

// Offsets from kBase. The first 64 KiB are locked by PMP entry 0 for all modes: readable, executable, never
// written, so that stores gone astray cannot change what runs.
inline constexpr std::size_t kStart = 0, kPool = 0x1000, kPoolEnd = 0x2000, kMachineHandler = 0x2000,
                             kSupervisorHandler = 0x2200, kSkip = 0x2400, kFinish = 0x2440, kCode = 0x4002,
                             kCodeBytes = 0x8000, kLockedBytes = 0x10000;
/// Code is made of chunks of this size; after a jump into nowhere the handlers go on with the next one.
inline constexpr std::size_t kChunk = 128;

// Page tables. Sv48's root leads to Sv39's; Sv32 uses the last one and the two tables of leaves.
inline constexpr std::size_t kRoot48 = 0x10000, kRoot39 = 0x11000, kMiddle = 0x12000, kAliasMiddle = 0x13000,
                             kLeaves = 0x14000, kAliasLeaves = 0x15000, kRoot32 = 0x16000;
inline constexpr std::size_t kLeafEntries = 32, kAliasEntries = 16;

/// Four pages that the code loads and stores; only their first and last bytes are ever meant.
inline constexpr std::size_t kData = 0x18000, kDataPages = 4, kEdge = 192;
inline constexpr std::size_t kBytes = kData + kDataPages * kPage;

/// Virtual addresses at which the data pages appear again, with odd permissions. Where nothing is
/// translated, nothing answers there, on QEMU's board as on ours.
inline constexpr std::uint64_t kAlias = 0xc000'0000;
/// Distance between the ways in which they appear: by small pages, a large one, a misaligned one, a broken
/// table. (Of RV32 a large page is twice as large, and there is no fourth way.)
inline constexpr std::uint64_t kAliasStep64 = 0x20'0000, kAliasStep32 = 0x40'0000;

}  // namespace backspin::lockstep::layout
