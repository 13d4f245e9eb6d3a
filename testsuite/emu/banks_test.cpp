// What an engine remembers of address spaces: each has its own, and the oldest gives way.
#include "emu/engine/banks.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace backspin::emu {
namespace {

struct Bank {
    std::uint64_t owner = 0;  ///< 0: empty
    void clear() { owner = 0; }
};

AddressSpace space(std::uint64_t satp, Privilege privilege = Privilege::supervisor) {
    AddressSpace space;
    space.satp = satp;
    space.privilege = privilege;
    return space;
}

TEST(Banks, EachSpaceHasItsOwn) {
    Banks<Bank> banks(4);
    auto& first = banks.select(space(1));
    EXPECT_EQ(first.owner, 0u);
    first.owner = 1;
    auto& second = banks.select(space(2));
    EXPECT_NE(&first, &second);
    EXPECT_EQ(second.owner, 0u);
    EXPECT_EQ(&banks.select(space(1)), &first);
    EXPECT_EQ(&banks.select(space(1)), &first) << "also at once again";
    EXPECT_NE(&banks.select(space(1, Privilege::user)), &first);
}

/// All that translation depends on tells spaces apart.
TEST(Banks, EveryFieldOfASpaceCounts) {
    Banks<Bank> banks(16);
    const auto base = space(1);
    auto& bank = banks.select(base);
    std::map<const Bank*, int> seen{{&bank, 0}};
    const auto differs = [&](auto change) {
        auto other = base;
        change(other);
        EXPECT_TRUE(seen.emplace(&banks.select(other), 0).second);
    };
    differs([](AddressSpace& s) { s.privilege = Privilege::user; });
    differs([](AddressSpace& s) { s.sum = true; });
    differs([](AddressSpace& s) { s.mxr = true; });
    differs([](AddressSpace& s) { s.updates_ad = true; });
    differs([](AddressSpace& s) { s.memory_types = true; });
    differs([](AddressSpace& s) { s.satp = 2; });
    differs([](AddressSpace& s) { s.pmp_generation = 1; });
    EXPECT_EQ(&banks.select(base), &bank);
}

TEST(Banks, WhenTheyAreAllTakenOneIsEmptied) {
    Banks<Bank> banks(3);
    for (std::uint64_t i = 1; i <= 3; ++i) banks.select(space(i)).owner = i;
    auto& fourth = banks.select(space(4));
    EXPECT_EQ(fourth.owner, 0u) << "nothing of another space is left in it";
    fourth.owner = 4;
    int kept = 0;
    banks.for_each([&](Bank& bank) { kept += bank.owner != 0 ? 1 : 0; });
    EXPECT_EQ(kept, 3);
    EXPECT_EQ(banks.select(space(4)).owner, 4u);
}

/// A bank is empty or its space's own, whatever the order of selections; and the one that was selected last
/// is still there.
TEST(Banks, NeverHandOutAnotherSpacesBank) {
    for (const std::size_t most : {1u, 2u, 8u}) {
        Banks<Bank> banks(most);
        std::mt19937_64 random(1);
        std::uint64_t last = 0;
        int found = 0;
        for (int i = 0; i < 5000; ++i) {
            const auto id = random() % 3 == 0 && last != 0 ? last : 1 + random() % 12;
            auto& bank = banks.select(space(id));
            ASSERT_TRUE(bank.owner == 0 || bank.owner == id);
            if (id == last) {
                ASSERT_EQ(bank.owner, id);
            }
            found += bank.owner == id ? 1 : 0;
            bank.owner = id;
            last = id;
            std::size_t held = 0;
            banks.for_each([&](Bank&) { ++held; });
            ASSERT_LE(held, most);
        }
        EXPECT_GT(found, 1500);
    }
}

}  // namespace
}  // namespace backspin::emu
