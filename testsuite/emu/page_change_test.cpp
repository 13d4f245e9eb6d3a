// Entries of page tables that lead to more than one page, and stores over more than one entry: the engine,
// which forgets only what leads to the page of an entry where it can, must forget all of it here.
#include <gtest/gtest.h>

#include "testsuite/emu/paging.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr std::uint64_t kPage = PagedGuest::kPage;
constexpr std::uint64_t kTableAt = 0x1abc'd000;  ///< where the table that a test writes is mapped
constexpr std::uint64_t kLargeAt = 0x2000'0000;

class PageChangeTest : public ::testing::TestWithParam<Scheme> {
  protected:
    const Scheme& scheme() const { return GetParam(); }
    /// Loads from a0, stores 0 at a1 and the offset, loads from a0 again.
    PagedGuest changing_guest(std::int64_t offset = 0) const {
        return PagedGuest(scheme(), {load_x(scheme(), t0, 0, a0), load_x(scheme(), t0, 0, a2),
                                     store_x(scheme(), zero, offset, a1), load_x(scheme(), t1, 0, a0)});
    }
    /// Pages that nobody has written are one page of zeros.
    static void fill(PagedGuest& guest) {
        guest.put(Guest::kData, std::uint64_t{7});
        guest.put(Guest::kData + kPage, std::uint64_t{8});
    }
    static constexpr std::uint64_t kLastLoad = PagedGuest::kVirtualCode + 12;

    /// a0: what is loaded; a2: something else; a1: the entry of this level that `at` is mapped by.
    static void point_at(PagedGuest& guest, std::uint64_t at, std::uint64_t other, unsigned level = 0) {
        const auto place = guest.entry_at(at, level);
        guest.map(kTableAt, place & ~(kPage - 1), pte::kData);
        guest.set(a0, at);
        guest.set(a1, kTableAt + place % kPage);
        guest.set(a2, other);
    }
};
INSTANTIATE_TEST_SUITE_P(Schemes, PageChangeTest, ::testing::Values(kSv32, kSv39),
                         [](const auto& info) { return info.param.name; });

TEST_P(PageChangeTest, APageInsideALargerOneIsGoneWithIt) {
    auto guest = changing_guest();
    guest.map(kLargeAt, Guest::kCode, pte::kData, 1);
    const auto inside = kLargeAt + (Guest::kData - Guest::kCode);
    point_at(guest, inside, inside, 1);
    fill(guest);
    guest.run(4);
    EXPECT_EQ(guest.x(t0), 7u);
    expect_trap(guest, Cause::load_page_fault, kLastLoad, inside);
}

TEST_P(PageChangeTest, AStoreOverTwoEntriesTakesBothPagesAway) {
    auto guest = changing_guest(1);  // all but the flags of the first entry, the flags of the second
    const auto first = PagedGuest::kVirtualData, second = first + kPage;
    point_at(guest, first, second);
    fill(guest);
    guest.run(4);
    expect_trap(guest, Cause::load_access_fault, kLastLoad, first);

    auto other = changing_guest(1);
    point_at(other, first, first);
    fill(other);
    other.set(a0, second);
    other.run(4);
    expect_trap(other, Cause::load_page_fault, kLastLoad, second);
}

/// Each of the 16 entries of a page of 64 KiB names the same place in the middle of it.
TEST(PageChange, APageInsideOneOf64KIsGoneWithItsEntry) {
    PagedGuest guest(
        kSv39, {load(Opcode::ld, t0, 0, a0), store(Opcode::sd, zero, 0, a1), load(Opcode::ld, t1, 0, a0)});
    constexpr std::uint64_t kPhysical = Guest::kCode + 0x1'0000, kInside = 0x3000;
    guest.map(kLargeAt + kInside, kPhysical + 0x8000, pte::kData | pte::kNapot);
    const auto place = guest.entry_at(kLargeAt + kInside);
    guest.map(kTableAt, place & ~(kPage - 1), pte::kData);
    guest.put(kPhysical + kInside, std::uint64_t{9});
    guest.set(a0, kLargeAt + kInside);
    guest.set(a1, kTableAt + place % kPage);
    guest.run(3);
    EXPECT_EQ(guest.x(t0), 9u);
    expect_trap(guest, Cause::load_page_fault, PagedGuest::kVirtualCode + 8, kLargeAt + kInside);
}

}  // namespace
}  // namespace backspin::emu
