// The translation buffer against the page that was filled in last for each slot.
#include "emu/engine/tlb.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace backspin::emu {
namespace {

constexpr std::uint64_t kSpan = Tlb::kEntries * kPageSize;  // pages this far apart share a slot

struct TlbTest : ::testing::Test {
    std::unique_ptr<Tlb> tlb = std::make_unique<Tlb>();
    std::array<std::byte, kPageSize> page{};

    std::ptrdiff_t offset_of(const std::byte* host) const { return host - page.data(); }
};

TEST_F(TlbTest, IsEmptyAtFirst) {
    for (const std::uint64_t at :
         {std::uint64_t{0}, std::uint64_t{1}, kSpan, ~std::uint64_t{0}, ~std::uint64_t{4095}}) {
        EXPECT_EQ(tlb->find(VirtualAddress{at}, 1), nullptr) << std::hex << at;
    }
}

TEST_F(TlbTest, LeadsToTheBytesOfThePage) {
    tlb->fill(VirtualAddress{0x8000'3000}, page.data());
    for (const std::uint64_t offset : {0u, 1u, 2048u, 4088u}) {
        const auto* host = tlb->find(VirtualAddress{0x8000'3000 + offset}, 8);
        ASSERT_NE(host, nullptr);
        EXPECT_EQ(offset_of(host), static_cast<std::ptrdiff_t>(offset));
    }
}

TEST_F(TlbTest, AnAccessOverTheEndOfThePageMisses) {
    std::array<std::byte, kPageSize> next{};
    tlb->fill(VirtualAddress{0x8000'3000}, page.data());
    tlb->fill(VirtualAddress{0x8000'4000}, next.data());
    for (const std::size_t size : {2, 4, 8}) {
        EXPECT_NE(tlb->find(VirtualAddress{0x8000'4000 - size}, size), nullptr);
        EXPECT_EQ(tlb->find(VirtualAddress{0x8000'4000 - size + 1}, size), nullptr);
        EXPECT_EQ(tlb->find(VirtualAddress{0x8000'3fff}, size), nullptr);
    }
    EXPECT_NE(tlb->find(VirtualAddress{0x8000'3fff}, 1), nullptr);
    // Also from the last page of a round through the slots into the first, and around the address space.
    tlb->fill(VirtualAddress{kSpan - kPageSize}, page.data());
    tlb->fill(VirtualAddress{kSpan}, next.data());
    EXPECT_EQ(tlb->find(VirtualAddress{kSpan - 4}, 8), nullptr);
    tlb->fill(VirtualAddress{0}, next.data());
    tlb->fill(VirtualAddress{~std::uint64_t{4095}}, page.data());
    EXPECT_EQ(tlb->find(VirtualAddress{~std::uint64_t{3}}, 8), nullptr);
}

TEST_F(TlbTest, PagesThatShareASlotReplaceEachOther) {
    tlb->fill(VirtualAddress{0x8000'0000}, page.data());
    tlb->fill(VirtualAddress{0x8000'0000 + kSpan}, page.data());
    EXPECT_EQ(tlb->find(VirtualAddress{0x8000'0000}, 1), nullptr);
    EXPECT_NE(tlb->find(VirtualAddress{0x8000'0000 + kSpan}, 1), nullptr);
}

/// A page of the host may be known under many addresses; all of them go, and no other.
TEST_F(TlbTest, DroppingAHostPageDropsAllThatLeadsThere) {
    std::array<std::byte, kPageSize> other{};
    tlb->fill(VirtualAddress{0x8000'0000}, page.data());
    tlb->fill(VirtualAddress{0xffff'ffff'8000'1000}, page.data());
    tlb->fill(VirtualAddress{0x8000'2000}, other.data());
    tlb->fill(VirtualAddress{~std::uint64_t{4095}}, page.data());
    tlb->fill(VirtualAddress{0}, page.data());
    tlb->drop_leading_to(page.data());
    EXPECT_EQ(tlb->find(VirtualAddress{0x8000'0000}, 1), nullptr);
    EXPECT_EQ(tlb->find(VirtualAddress{0xffff'ffff'8000'1000}, 1), nullptr);
    EXPECT_EQ(tlb->find(VirtualAddress{~std::uint64_t{4095}}, 1), nullptr);
    EXPECT_EQ(tlb->find(VirtualAddress{0}, 1), nullptr);
    EXPECT_NE(tlb->find(VirtualAddress{0x8000'2000}, 1), nullptr);
}

TEST_F(TlbTest, WhatWasDroppedMayBeFilledAgain) {
    tlb->fill(VirtualAddress{0x8000'0000}, page.data());
    tlb->drop_leading_to(page.data());
    tlb->fill(VirtualAddress{0x8000'0000}, page.data());
    EXPECT_NE(tlb->find(VirtualAddress{0x8000'0000}, 1), nullptr);
    tlb->clear();
    EXPECT_EQ(tlb->find(VirtualAddress{0x8000'0000}, 1), nullptr);
}

/// Against the page and the host page that each slot got last.
TEST_F(TlbTest, HitsAreExactlyTheLatestFillsWhateverIsDroppedAndCleared) {
    std::mt19937_64 random(1);
    struct Held {
        std::uint64_t page;
        std::size_t host;
    };
    std::vector<std::array<std::byte, kPageSize>> hosts(8);
    std::map<std::uint64_t, Held> by_slot;
    for (int i = 0; i < 20000; ++i) {
        const auto number = random() % (3 * Tlb::kEntries);
        const auto host = random() % hosts.size();
        switch (random() % 64) {
            case 0:
                tlb->clear();
                by_slot.clear();
                break;
            case 1:
                tlb->drop_leading_to(hosts[host].data());
                std::erase_if(by_slot, [&](const auto& held) { return held.second.host == host; });
                break;
            default:
                tlb->fill(VirtualAddress{number * kPageSize}, hosts[host].data());
                by_slot[number % Tlb::kEntries] = {number, host};
        }
        const auto probe = random() % (3 * Tlb::kEntries);
        const auto held = by_slot.find(probe % Tlb::kEntries);
        const bool hits = held != by_slot.end() && held->second.page == probe;
        const auto* found = tlb->find(VirtualAddress{probe * kPageSize + 16}, 8);
        ASSERT_EQ(found, hits ? hosts[held->second.host].data() + 16 : nullptr);
    }
}

}  // namespace
}  // namespace backspin::emu
