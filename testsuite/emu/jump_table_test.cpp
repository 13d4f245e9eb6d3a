// Where code lies: the last block that was entered for each place of the table.
#include "emu/engine/jump_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>

namespace backspin::emu {
namespace {

struct JumpTableTest : ::testing::Test {
    std::unique_ptr<JumpTable> jumps = std::make_unique<JumpTable>();
    std::array<Slot, 8> blocks{};
};

TEST_F(JumpTableTest, IsEmptyAtFirst) {
    for (const std::uint64_t pc :
         {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{0x8000'0000}, ~std::uint64_t{1}}) {
        EXPECT_EQ(jumps->find(pc), nullptr) << std::hex << pc;
    }
}

TEST_F(JumpTableTest, FindsWhatWasEntered) {
    jumps->enter(0, &blocks[0]);
    jumps->enter(2, &blocks[1]);
    jumps->enter(0x8000'0004, &blocks[2]);
    jumps->enter(~std::uint64_t{1}, &blocks[3]);
    EXPECT_EQ(jumps->find(0), &blocks[0]);
    EXPECT_EQ(jumps->find(2), &blocks[1]);
    EXPECT_EQ(jumps->find(0x8000'0004), &blocks[2]);
    EXPECT_EQ(jumps->find(~std::uint64_t{1}), &blocks[3]);
    EXPECT_EQ(jumps->find(0x8000'0002), nullptr);
    jumps->clear();
    EXPECT_EQ(jumps->find(0), nullptr);
    EXPECT_EQ(jumps->find(~std::uint64_t{1}), nullptr);
}

/// Against a plain map: what is found is always what was last entered for that address, and an address is
/// only forgotten for another one.
TEST_F(JumpTableTest, NeverLeadsToAnotherAddressesBlock) {
    std::map<std::uint64_t, const Slot*> entered;
    std::mt19937_64 random(1);
    int found = 0;
    for (int i = 0; i < 50'000; ++i) {
        // Close together and far apart, so that places are shared.
        const auto pc = (random() % 8 << 30 | random() % 256 << 1 | random() % 2 << 13);
        if (random() % 4096 == 0) {
            jumps->clear();
            entered.clear();
        }
        const auto* block = jumps->find(pc);
        if (block != nullptr) {
            ++found;
            ASSERT_TRUE(entered.contains(pc));
            ASSERT_EQ(block, entered[pc]);
        }
        entered[pc] = &blocks[random() % blocks.size()];
        jumps->enter(pc, entered[pc]);
        ASSERT_EQ(jumps->find(pc), entered[pc]);
    }
    EXPECT_GT(found, 2000);
}

}  // namespace
}  // namespace backspin::emu
