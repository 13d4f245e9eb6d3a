#include "emu/memory_map.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace backspin::emu {
namespace {

TEST(BusRange, ContainsWhatLiesWhollyInside) {
    constexpr BusRange range{{0x1000}, 0x100};
    EXPECT_TRUE(range.contains({0x1000}));
    EXPECT_TRUE(range.contains({0x1000}, 0x100));
    EXPECT_TRUE(range.contains({0x10ff}));
    EXPECT_TRUE(range.contains({0x10f8}, 8));
    EXPECT_FALSE(range.contains({0x0fff}));
    EXPECT_FALSE(range.contains({0x0fff}, 2));
    EXPECT_FALSE(range.contains({0x1100}));
    EXPECT_FALSE(range.contains({0x10f9}, 8));
    EXPECT_FALSE(range.contains({0x1000}, 0x101));
}

TEST(BusRange, IsNotFooledByOverflow) {
    constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
    constexpr BusRange low{{0x1000}, 0x100};
    EXPECT_FALSE(low.contains({0x1010}, kMost));
    EXPECT_FALSE(low.contains({kMost}, 0x1001));
    constexpr BusRange top{{kMost - 0xf}, 0x10};
    EXPECT_TRUE(top.contains({kMost}));
    EXPECT_TRUE(top.contains({kMost - 0xf}, 0x10));
    EXPECT_FALSE(top.contains({kMost}, 2));
}

TEST(MemoryMap, RangesDoNotOverlapAndLieBelowRam) {
    using namespace memory_map;
    constexpr std::array kByAddress{kMaskRom, kFinisher, kRtc, kAclint, kPlic, kUart, kVirtio};
    for (std::size_t i = 1; i < kByAddress.size(); ++i) {
        EXPECT_GE(kByAddress[i].base.value, kByAddress[i - 1].base.value + kByAddress[i - 1].size);
    }
    EXPECT_GE(kRamBase.value, kVirtio.base.value + kVirtio.size);
}

}  // namespace
}  // namespace backspin::emu
