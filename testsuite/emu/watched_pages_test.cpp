// Which bytes of a watched page are reached directly.
#include "emu/engine/watched_pages.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>

namespace backspin::emu {
namespace {

constexpr std::uint64_t kPage = 0x8000'3000;

struct WatchedPagesTest : ::testing::Test {
    WatchedPages pages;
    std::array<std::byte, kPageSize> host{}, other{};

    bool reaches(std::uint64_t at, std::size_t size) const {
        const auto* found = pages.find_beside(VirtualAddress{at}, size);
        if (found != nullptr) {
            EXPECT_EQ(found - host.data(), static_cast<std::ptrdiff_t>(at - kPage));
        }
        return found != nullptr;
    }
};

TEST_F(WatchedPagesTest, AreNoneAtFirst) {
    for (const std::uint64_t at : {std::uint64_t{0}, kPage, ~std::uint64_t{0}, ~std::uint64_t{4095}})
        EXPECT_FALSE(reaches(at, 1)) << std::hex << at;
}

TEST_F(WatchedPagesTest, EveryByteIsReachedButWhatOverlapsTheWatchedOnes) {
    const std::uint64_t first = kPage + 100, last = kPage + 107;
    pages.fill(VirtualAddress{kPage}, host.data(), {first, last});
    for (const std::size_t size : {1u, 2u, 4u, 8u}) {
        for (auto at = kPage; at + size <= kPage + kPageSize; ++at) {
            const bool overlaps = at <= last && at + size > first;
            EXPECT_EQ(reaches(at, size), !overlaps) << size << " bytes at " << at - kPage;
        }
    }
}

TEST_F(WatchedPagesTest, AnAccessOverTheEndOfThePageMisses) {
    pages.fill(VirtualAddress{kPage}, host.data(), {kPage, kPage});
    pages.fill(VirtualAddress{kPage + kPageSize}, other.data(), {kPage + kPageSize, kPage + kPageSize});
    EXPECT_TRUE(reaches(kPage + kPageSize - 8, 8));
    for (std::uint64_t over = 1; over < 8; ++over)
        EXPECT_FALSE(reaches(kPage + kPageSize - 8 + over, 8)) << over;
}

TEST_F(WatchedPagesTest, APageTakesThePlaceOfAnother) {
    pages.fill(VirtualAddress{kPage}, other.data(), {kPage, kPage});
    const auto far = kPage + 16 * kPageSize;
    pages.fill(VirtualAddress{far}, other.data(), {far, far});
    EXPECT_FALSE(reaches(kPage + 8, 8));
    pages.fill(VirtualAddress{kPage}, host.data(), {kPage, kPage});
    EXPECT_TRUE(reaches(kPage + 8, 8));
}

TEST_F(WatchedPagesTest, WhatLeadsToAHostPageIsDropped) {
    pages.fill(VirtualAddress{kPage}, host.data(), {kPage, kPage});
    pages.drop_leading_to(other.data());
    EXPECT_TRUE(reaches(kPage + 8, 8));
    pages.drop_leading_to(host.data());
    EXPECT_FALSE(reaches(kPage + 8, 8));
}

TEST_F(WatchedPagesTest, NothingIsLeftAfterClearing) {
    pages.fill(VirtualAddress{kPage}, host.data(), {kPage, kPage});
    pages.clear();
    EXPECT_FALSE(reaches(kPage + 8, 8));
    pages.fill(VirtualAddress{kPage}, host.data(), {kPage, kPage});
    EXPECT_TRUE(reaches(kPage + 8, 8));
}

}  // namespace
}  // namespace backspin::emu
