// Arranging stop points for the engine: which addresses, which pages, which bytes.
#include "emu/engine/stop_points.hpp"

#include <gtest/gtest.h>

#include <random>

namespace backspin::emu {
namespace {

constexpr std::uint64_t kLast = ~std::uint64_t{0};

StopPoint watch(std::uint64_t at, std::uint64_t length, StopKind kind = StopKind::write) {
    return {kind, VirtualAddress{at}, length};
}
StopPoint execute(std::uint64_t at) {
    return {StopKind::execute, VirtualAddress{at}, 1};
}

StopPoints points_of(std::vector<StopPoint> points) {
    StopPoints stops;
    stops.set(points);
    return stops;
}
bool watches(const StopPoints& stops, std::uint64_t page) {
    return stops.watches_page(VirtualAddress{page});
}

TEST(StopPoints, SaysWhetherAnythingChanged) {
    StopPoints stops;
    EXPECT_FALSE(stops.set({}));
    const std::vector<StopPoint> points{execute(4), watch(8, 4)};
    EXPECT_TRUE(stops.set(points));
    EXPECT_FALSE(stops.set(points));
    EXPECT_TRUE(stops.set({}));
    EXPECT_FALSE(stops.executes_at(VirtualAddress{4}));
    EXPECT_FALSE(watches(stops, 0));
}

TEST(StopPoints, ExecuteStopsAreFoundInAnyOrder) {
    const auto stops = points_of({execute(0x8000'0010), execute(2), execute(kLast), execute(0x8000'0004)});
    for (const std::uint64_t at :
         {std::uint64_t{2}, std::uint64_t{0x8000'0004}, std::uint64_t{0x8000'0010}, kLast}) {
        EXPECT_TRUE(stops.executes_at(VirtualAddress{at}));
        EXPECT_FALSE(stops.executes_at(VirtualAddress{at - 1}));
    }
    EXPECT_TRUE(std::ranges::is_sorted(stops.execute()));
    EXPECT_TRUE(stops.watches().empty());
}

TEST(StopPoints, AWatchCoversItsPages) {
    const auto stops = points_of({watch(0x1fff, 1), watch(0x4ffe, 4), watch(0x8000, 0x2001)});
    for (const std::uint64_t page : {0x1, 0x4, 0x5, 0x8, 0x9, 0xa}) {
        EXPECT_TRUE(watches(stops, page << 12)) << page;
    }
    for (const std::uint64_t page : {0x0, 0x2, 0x3, 0x6, 0x7, 0xb}) {
        EXPECT_FALSE(watches(stops, page << 12)) << page;
    }
}

TEST(StopPoints, AWatchOfNothingWatchesNothing) {
    const auto stops = points_of({watch(0x1000, 0)});
    EXPECT_FALSE(watches(stops, 0x1000));
    EXPECT_TRUE(stops.watches().empty());
}

/// Hostile lengths cost no memory and lose no byte.
TEST(StopPoints, AHugeWatchWatchesEveryPage) {
    const auto stops = points_of({watch(0x1000, std::uint64_t{1} << 60)});
    EXPECT_TRUE(watches(stops, 0x1000));
    EXPECT_TRUE(watches(stops, 0x8000'0000));
}

TEST(StopPoints, AWatchEndsAtTheEndOfTheAddressSpaceAtTheLatest) {
    const auto stops = points_of({watch(kLast - 9, 100)});
    EXPECT_TRUE(watches(stops, kLast & ~std::uint64_t{4095}));
    EXPECT_FALSE(watches(stops, 0));
    ASSERT_EQ(stops.watches().size(), 1u);
    EXPECT_EQ(stops.watches()[0].address.value, kLast - 9);
    EXPECT_EQ(stops.watches()[0].length, 10u);
    EXPECT_EQ(points_of({watch(kLast, 1)}).watches()[0].length, 1u);
    EXPECT_EQ(points_of({watch(0, kLast)}).watches()[0].length, kLast);
}

TEST(StopPoints, OverlapIsTheBytesThatBothHave) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 20000; ++i) {
        // Close together, and near either end of the address space.
        const auto base = i % 3 == 0 ? kLast - 40 : i % 3 == 1 ? 0 : 0x8000'0000;
        const VirtualAddress a{base + random() % 20}, b{base + random() % 20};
        const auto a_length = random() % 20 + 1, b_length = random() % 20 + 1;
        std::uint64_t first = 0, count = 0;
        for (std::uint64_t n = 0; n < 40; ++n) {
            const auto at = base + n;
            const bool both = at - a.value < a_length && at - b.value < b_length;
            if (both && count++ == 0) first = at;
        }
        const auto common = overlap(a, a_length, b, b_length);
        ASSERT_EQ(common.length, count);
        if (count != 0) {
            ASSERT_EQ(common.start, first);
        }
    }
    EXPECT_EQ(overlap({0}, kLast, {5}, 3).length, 3u);
}

}  // namespace
}  // namespace backspin::emu
