#include "snapshots/state_patch.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "testsuite/snapshots/spill_fixture.hpp"

namespace backspin::snapshots {
namespace {

SavedState after(const PageRoot& before, const std::vector<Patch>& patches, StepCount at) {
    PageTable memory(PageStore::create(), before.page_count());
    memory.restore(before);
    for (const auto& patch : patches) apply_patch(patch, memory);
    return state_after(patches.back(), at, memory.share());
}

TEST(StatePatch, MakesOneStateOfTheOther) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        ChangingMemory memory(seed);
        auto before = memory.next(0).pages;
        for (std::uint64_t step = 1; step < 30; ++step) {
            const auto state = memory.next(step);
            const auto patch = patch_between(before, state);
            ASSERT_EQ(bytes_of(after(before, {patch}, {step})), bytes_of(state)) << seed << ' ' << step;
            before = state.pages;
        }
    }
}

TEST(StatePatch, BeginsWithAnEmptyMemoryToo) {
    ChangingMemory memory(1);
    const auto state = memory.next(7);
    const auto empty = PageTable(PageStore::create(), ChangingMemory::kPages).share();
    EXPECT_EQ(bytes_of(after(empty, {patch_between({}, state)}, {7})), bytes_of(state));
}

TEST(StatePatch, JoinedIsOneAfterTheOther) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        ChangingMemory memory(seed);
        const auto first = memory.next(0).pages;
        auto last = first;
        Patch all;
        for (std::uint64_t step = 1; step < 30; ++step) {
            const auto state = memory.next(step);
            const auto patch = patch_between(last, state);
            all = step == 1 ? patch : joined(all, patch);
            last = state.pages;
            ASSERT_EQ(bytes_of(after(first, {all}, {step})), bytes_of(state)) << seed << ' ' << step;
        }
    }
}

TEST(StatePatch, HoldsTheWordsThatDifferAndNoMore) {
    PageTable memory(PageStore::create(), 10);
    for (auto& byte : memory.write_page({3})->bytes()) byte = std::byte{1};
    const auto before = memory.share();
    memory.write_page({3})->bytes()[100] = std::byte{2};
    memory.write_page({4});
    const auto patch = patch_between(before, {.at = {1}, .fields = {}, .ends = {}, .pages = memory.share()});
    EXPECT_LE(patch.size(), 30u);
}

TEST(StatePatch, SaysWhichPagesItTouched) {
    PageTable memory(PageStore::create(), 1000);
    memory.write_page({900});
    const auto before = memory.share();
    memory.put_page({900}, nullptr);
    memory.write_page({3});
    const SavedState state{.at = {1}, .fields = {}, .ends = {}, .pages = memory.share()};
    const auto patch = patch_between(before, state);
    memory.restore(before);
    EXPECT_EQ(apply_patch(patch, memory), (std::vector<PageIndex>{{3}, {900}}));
}

TEST(StatePatch, ACutOneIsRefused) {
    ChangingMemory memory(3);
    const auto before = memory.next(0);
    memory.fill({5});
    const auto patch = patch_between(before.pages, memory.next(1));
    PageTable table(PageStore::create(), ChangingMemory::kPages);
    for (std::size_t size = 0; size < patch.size(); ++size) {
        table.restore(before.pages);
        EXPECT_THROW(apply_patch(std::span(patch).first(size), table), BadPatch) << size;
    }
}

TEST(StatePatch, APageOutsideTheMemoryIsRefused) {
    ChangingMemory memory(4);
    memory.fill({ChangingMemory::kPages - 1});
    const auto patch = patch_between({}, memory.next(1));
    PageTable smaller(PageStore::create(), 10);
    EXPECT_THROW(apply_patch(patch, smaller), BadPatch);
}

}  // namespace
}  // namespace backspin::snapshots
