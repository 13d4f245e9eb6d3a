#include "replay/stretch_memo.hpp"

#include <optional>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace backspin::replay {
namespace {

struct Item {
    StepCount at;
    bool operator==(const Item&) const = default;
};
using Memo = StretchMemo<Item>;

/// What really happened: something at each multiple of three.
std::vector<Item> happened(std::uint64_t begin, std::uint64_t end) {
    std::vector<Item> items;
    for (auto n = begin; n < end; ++n) {
        if (n % 3 == 0) items.push_back({{n}});
    }
    return items;
}

TEST(StretchMemo, KnowsWhatItWasToldAndNothingElse) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 200; ++round) {
        Memo memo(1'000'000);
        std::vector<bool> told(300);
        for (int n = 0; n < 20; ++n) {
            const auto begin = random() % 300;
            const auto end = begin + random() % (301 - begin);
            memo.add({begin}, {end}, happened(begin, end));
            for (auto at = begin; at < end; ++at) told[at] = true;
            std::size_t items = 0;
            for (std::uint64_t at = 0; at < 300; ++at) {
                const auto* stretch = memo.containing({at});
                ASSERT_EQ(stretch != nullptr, told[at]);
                if (stretch == nullptr) continue;
                const auto expected = happened(stretch->begin.value, stretch->end.value);
                ASSERT_TRUE(std::ranges::equal(stretch->items, expected));
                if (at % 3 == 0) ++items;
                // Neighbours that touch are one.
                ASSERT_TRUE(stretch->end.value == 300 || !told[stretch->end.value]);
            }
            ASSERT_EQ(memo.items(), items);
        }
    }
}

TEST(StretchMemo, ForgetsAllRatherThanGrowWithoutEnd) {
    Memo memo(10);
    memo.add({0}, {24}, happened(0, 24));
    EXPECT_EQ(memo.items(), 8);
    memo.add({100}, {112}, happened(100, 112));
    EXPECT_EQ(memo.containing({5}), nullptr);
    EXPECT_NE(memo.containing({100}), nullptr);
    EXPECT_EQ(memo.items(), 4);
}

}  // namespace
}  // namespace backspin::replay
