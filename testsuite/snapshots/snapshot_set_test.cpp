#include "snapshots/snapshot_set.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/pages.hpp"
#include "testsuite/snapshots/spill_fixture.hpp"

namespace backspin::snapshots {
namespace {

Snapshot snapshot(std::uint64_t step, PageRoot pages = {}) {
    return {{{0}, {step}},
            {.at = {step}, .fields = std::vector<std::byte>(10), .ends = {10}, .pages = std::move(pages)}};
}

Position at(std::uint64_t step) {
    return {{0}, {step}};
}

std::vector<std::uint64_t> steps(const SnapshotSet& set) {
    std::vector<std::uint64_t> found;
    const auto* next = set.newest({0});
    while (next != nullptr) {
        found.push_back(next->at.step.value);
        next = next->at.step.value > 0 ? set.nearest_at_or_before(at(next->at.step.value - 1)) : nullptr;
    }
    std::ranges::reverse(found);
    return found;
}

TEST(SnapshotSet, FindsTheNearestAtOrBefore) {
    SnapshotSet set;
    for (const auto step : {0, 10, 20}) set.insert(snapshot(static_cast<std::uint64_t>(step)));
    EXPECT_EQ(set.nearest_at_or_before(at(0))->at, at(0));
    EXPECT_EQ(set.nearest_at_or_before(at(9))->at, at(0));
    EXPECT_EQ(set.nearest_at_or_before(at(10))->at, at(10));
    EXPECT_EQ(set.nearest_at_or_before(at(1000))->at, at(20));
    EXPECT_EQ(set.newest({0})->at, at(20));
    EXPECT_EQ(set.newest({1}), nullptr);
    EXPECT_EQ(set.nearest_at_or_before({{1}, {5}}), nullptr) << "another branch has another past";
}

TEST(SnapshotSet, KeepsOnePerPosition) {
    SnapshotSet set;
    set.insert(snapshot(0));
    const auto bytes = set.bytes();
    set.insert(snapshot(0));
    EXPECT_EQ(set.size(), 1);
    EXPECT_EQ(set.bytes(), bytes);
}

TEST(SnapshotSet, StaysWithinItsBudgetWithDistancesInProportionToAge) {
    constexpr std::uint64_t kSpacing = 1000;
    constexpr std::uint64_t kCount = 20'000;
    SnapshotSet set({.snapshots = 128});
    for (std::uint64_t n = 0; n < kCount; ++n) {
        set.insert(snapshot(n * kSpacing));
        ASSERT_LE(set.size(), 128);
    }
    const auto kept = steps(set);
    ASSERT_GE(kept.size(), 100) << "it uses what it may";
    EXPECT_EQ(kept.front(), 0);
    EXPECT_EQ(kept.back(), (kCount - 1) * kSpacing);
    // ln(20000) / 128 is 8 percent; twice that allows for thinning in lots and for merging two gaps into one.
    for (std::size_t i = 0; i + 1 < kept.size(); ++i) {
        const auto age = static_cast<double>(kept.back() - kept[i]);
        const auto gap = static_cast<double>(kept[i + 1] - kept[i]);
        EXPECT_LE(gap, std::max(0.2 * age, double{kSpacing})) << kept[i];
    }
}

TEST(SnapshotSet, NeverDropsTheFirstThePinnedAndTheNewOne) {
    SnapshotSet set({.snapshots = 16});
    for (std::uint64_t n = 0; n < 1000; ++n) {
        set.insert(snapshot(n), n == 100 || n == 101 ? Pin::yes : Pin::no);
        ASSERT_EQ(set.newest({0})->at, at(n));
    }
    EXPECT_EQ(set.nearest_at_or_before(at(0))->at, at(0));
    EXPECT_EQ(set.nearest_at_or_before(at(100))->at, at(100));
    EXPECT_EQ(set.nearest_at_or_before(at(101))->at, at(101));
    // One in the middle, where everything has been thinned.
    set.insert(snapshot(500));
    set.insert(snapshot(501));
    EXPECT_EQ(set.nearest_at_or_before(at(501))->at, at(501));
}

TEST(SnapshotSet, APinCanComeLater) {
    SnapshotSet set({.snapshots = 16});
    set.insert(snapshot(0));
    set.insert(snapshot(7));
    set.insert(snapshot(7), Pin::yes);
    for (std::uint64_t n = 8; n < 1000; ++n) set.insert(snapshot(n));
    EXPECT_EQ(set.nearest_at_or_before(at(7))->at, at(7));
}

TEST(SnapshotSet, MoreThanTheBudgetIsPinned) {
    SnapshotSet set({.snapshots = 4});
    for (std::uint64_t n = 0; n < 50; ++n) set.insert(snapshot(n), Pin::yes);
    EXPECT_EQ(set.size(), 50);
}

TEST(SnapshotSet, CountsThePagesInWhichNeighboursDiffer) {
    const auto store = PageStore::create();
    PageTable memory(store, 1000);
    SnapshotSet set({.snapshots = 1000, .bytes = 100 * kPageSize});
    memory.write_page({1});
    memory.write_page({2});
    set.insert(snapshot(0, memory.share()));
    const auto first = set.bytes();
    EXPECT_GE(first, 2 * kPageSize + sizeof(PageNode)) << "the table that leads to them is its own, too";
    EXPECT_LT(first, 3 * kPageSize + sizeof(PageNode));
    memory.write_page({2});
    set.insert(snapshot(1, memory.share()));
    EXPECT_GE(set.bytes(), 3 * kPageSize + 2 * sizeof(PageNode));
    EXPECT_LT(set.bytes(), 4 * kPageSize + 2 * sizeof(PageNode));

    for (std::uint64_t n = 2; n < 500; ++n) {
        memory.write_page({n % 7});
        memory.write_page({100 + n % 3});
        set.insert(snapshot(n, memory.share()));
        ASSERT_LE(set.bytes(), 100 * kPageSize);
    }
    EXPECT_GE(set.size(), 10) << "each differs from its neighbours in ten pages at most";
    // What is counted bounds what is really held: the memory's own pages on top.
    EXPECT_LE(store->pages_in_use(), set.bytes() / kPageSize + 10);
}

/// With tiny budgets, so that most of it is spilled.
struct SpilledSet {
    explicit SpilledSet(std::uint64_t seed, Budget budget) : memory(seed), set(budget, &spill) {}

    void insert(std::uint64_t step) {
        auto state = memory.next(step);
        all[step] = bytes_of(state);
        set.insert({at(step), std::move(state)});
        spill.flush();
    }

    ChangingMemory memory;
    Spill spill{{}};
    SnapshotSet set;
    std::map<std::uint64_t, StateBytes> all;
};

TEST(SnapshotSet, WhatIsThinnedFromMemoryComesBack) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
        constexpr Budget kBudget{.snapshots = 40, .bytes = 500 * kPageSize};
        SpilledSet bench(seed, kBudget);
        for (std::uint64_t step = 0; step < 400; ++step) {
            bench.insert(step);
            ASSERT_LE(bench.set.bytes(), kBudget.bytes);
        }
        EXPECT_LE(bench.set.size(), kBudget.snapshots);
        std::mt19937_64 random(seed);
        for (int n = 0; n < 200; ++n) {
            const auto step = random() % 400;
            bench.set.fetch_nearest(at(step), {});
            const auto* found = bench.set.nearest_at_or_before(at(step));
            ASSERT_NE(found, nullptr);
            EXPECT_EQ(found->at, at(step)) << "everything was spilled in time";
            ASSERT_EQ(bytes_of(found->state), bench.all.at(step)) << step;
            ASSERT_LE(bench.set.size(), kBudget.snapshots);
            ASSERT_LE(bench.set.bytes(), kBudget.bytes);
            // What is counted bounds what is held; the newest memory is the guest's own, and the spill's
            // last.
            ASSERT_LE(bench.memory.pages_in_use(), bench.set.bytes() / kPageSize + 100);
        }
    }
}

TEST(SnapshotSet, AFewAreNotSpilled) {
    SpilledSet bench(1, {.snapshots = 100, .bytes = std::size_t{1} << 30});
    for (std::uint64_t step = 0; step < 50; ++step) bench.insert(step);
    EXPECT_TRUE(bench.spill.positions().empty());
    for (std::uint64_t step = 50; step < 70; ++step) bench.insert(step);
    EXPECT_EQ(bench.spill.positions().size(), 70) << "it has caught up";
}

TEST(SnapshotSet, WhatIsNearEnoughIsNotFetched) {
    SpilledSet bench(1, {.snapshots = 16});
    for (std::uint64_t step = 0; step < 1000; ++step) bench.insert(step);
    const auto size = bench.set.size();
    bench.set.fetch_nearest(at(500), {500});
    EXPECT_EQ(bench.set.size(), size);
    EXPECT_LT(bench.set.nearest_at_or_before(at(500))->at, at(500));
    bench.set.fetch_nearest(at(500), {499});
    EXPECT_EQ(bench.set.nearest_at_or_before(at(500))->at, at(500));
}

}  // namespace
}  // namespace backspin::snapshots
