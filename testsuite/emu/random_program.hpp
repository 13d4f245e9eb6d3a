// Random guest programs from the table of instructions: mostly meaningful, now and then any bits at all. They
// move between the three modes, have their page tables and edit them, modify their own code, take interrupts
// from timers, other harts and the UART, and go on whatever happens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "emu/isa/isa.hpp"
#include "emu/memory_map.hpp"
#include "emu/privilege.hpp"

namespace backspin::emu::testing {

struct RandomProgramOptions {
    Isa isa{64};             ///< of the harts that it is for
    unsigned harts = 1;      ///< all of them run it
    bool privileged = true;  ///< with S and U mode, page tables and protection; else in M mode throughout
    bool virtio = false;     ///< it notifies the devices of random_devices.hpp, and answers their interrupts
};

/// Where the parts lie, counted from the start of RAM.
namespace random_layout {
inline constexpr std::uint64_t kBase = memory_map::kRamBase.value;
inline constexpr std::size_t kPage = 4096;
inline constexpr std::size_t kStart = 0, kPool = 0x1000, kPoolEnd = 0x1800, kEnvironments = 0x1800,
                             kDice = 0x1ff8, kMachineHandler = 0x2000, kSupervisorHandler = 0x2800,
                             kCode = 0x3000, kCodeEnd = 0xb000, kData = 0xb000, kDataEnd = 0x11000;
// Page tables: of Sv57, Sv48, Sv39 or Sv32, then the second level, then leaves; the alias has its own.
inline constexpr std::size_t kRoot57 = 0x11000, kRoot48 = 0x12000, kRoot39 = 0x13000, kRoot32 = 0x13000,
                             kMiddle = 0x14000, kAliasMiddle = 0x15000, kLeaves = 0x16000,
                             kAliasLeaves = 0x17000, kBytes = 0x18000;
inline constexpr std::size_t kPages = kBytes / kPage;

/// All of it appears at a second virtual address, pages for S mode there being pages for U mode here; and a
/// third time, as one large page.
inline constexpr std::uint64_t kAlias = 0x4000'0000, kLargeAlias64 = 0x4020'0000, kLargeAlias32 = 0x4040'0000;

/// For which mode the page at this offset is, where it is first mapped.
constexpr Privilege mode_of(std::size_t offset) {
    constexpr std::size_t kMachinePages = 2;
    if (offset < kCode || offset >= kDataEnd) return Privilege::machine;
    if (offset < kCodeEnd && offset >= kCodeEnd - kMachinePages * kPage) return Privilege::machine;
    return offset / kPage % 2 == 0 ? Privilege::user : Privilege::supervisor;
}
constexpr bool is_user_page(std::size_t offset) {
    return mode_of(offset) == Privilege::user;
}
}  // namespace random_layout

class RandomProgram {
  public:
    static constexpr std::size_t kBytes = random_layout::kBytes;

    explicit RandomProgram(std::uint64_t seed, const RandomProgramOptions& options = {});

    /// The memory from the start of RAM on; execution starts in M mode with its first byte.
    std::span<const std::byte> bytes() const { return bytes_; }

  private:
    std::vector<std::byte> bytes_;
};

}  // namespace backspin::emu::testing
