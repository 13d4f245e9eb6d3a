#include "snapshots/patch_maker.hpp"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "snapshots/recording_codec.hpp"
#include "testsuite/snapshots/recording_fixture.hpp"

namespace backspin::snapshots {
namespace {

/// A memory in which so many pages are filled with noise in each epoch.
class Noise {
  public:
    explicit Noise(std::size_t pages) : pages_(pages) {}

    SavedState next() {
        for (std::size_t i = 0; i < pages_; ++i) {
            for (auto& byte : memory_.write_page({i})->bytes()) byte = static_cast<std::byte>(random_());
        }
        return {{}, {}, {}, memory_.share(), true};
    }

  private:
    std::size_t pages_;
    PageTable memory_{PageStore::create(), 2048};
    std::mt19937_64 random_{3};
};

Position at(std::uint64_t step) {
    return {{}, {step}};
}

TEST(PatchMaker, MakesOneOfEachEpochWhileTheyAreSmall) {
    Noise noise(1);
    PatchMaker maker;
    EXPECT_FALSE(maker.next(at(0), noise.next(), false)) << "a patch to nothing";
    maker.begin_at(at(0), noise.next().pages);
    for (std::uint64_t step = 1; step < 5000; ++step) {
        const auto made = maker.next(at(step), noise.next(), false);
        ASSERT_TRUE(made) << step;
        EXPECT_EQ(made->at, at(step));
        EXPECT_EQ(made->base.value, step - 1);
        ASSERT_TRUE(uncompressed(made->packed, made->size));
    }
}

TEST(PatchMaker, SpendsOnlySoMuchOnAGuestThatWritesNoise) {
    constexpr std::uint64_t kEpochs = 2000;
    Noise noise(100);
    PatchMaker maker;
    maker.begin_at(at(0), noise.next().pages);
    std::int64_t bytes = 0;
    StepCount last;
    for (std::uint64_t step = 1; step <= kEpochs; ++step) {
        const auto made = maker.next(at(step), noise.next(), false);
        if (!made) continue;
        EXPECT_EQ(made->base, last) << "patches lie one after the other";
        last = made->at.step;
        bytes += static_cast<std::int64_t>(made->packed.size());
    }
    EXPECT_LE(bytes, PatchMaker::kMostSaved +
                         static_cast<std::int64_t>(kEpochs) * PatchMaker::kBytesPerEpoch +
                         std::int64_t{100 * kPageSize * 2});
    EXPECT_GE(bytes, static_cast<std::int64_t>(kEpochs) * PatchMaker::kBytesPerEpoch);
}

TEST(PatchMaker, WaitsWhileNobodyHasTimeAndThenGoesOnFromWhereItWas) {
    Noise noise(1);
    PatchMaker maker;
    maker.begin_at(at(10), noise.next().pages);
    EXPECT_FALSE(maker.next(at(11), noise.next(), true));
    const auto made = maker.next(at(12), noise.next(), false);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->base.value, 10);
}

TEST(PatchMaker, BeginsAnewInAnotherBranch) {
    Noise noise(1);
    PatchMaker maker;
    maker.begin_at(at(10), noise.next().pages);
    const Position other{{1}, {11}};
    EXPECT_FALSE(maker.next(other, noise.next(), false));
    maker.begin_at(other, noise.next().pages);
    const auto made = maker.next({{1}, {12}}, noise.next(), false);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->base.value, 11);
}

TEST(RecordedPatches, GiveTheStatesThatWereRecorded) {
    const Folder folder;
    const auto made = sample(60);
    write(folder / "run.bsr", made);
    const auto content = read(folder / "run.bsr");
    EXPECT_GE(content.patches.size(), 5U);
    const auto state_at = [&](Branch branch, StepCount step) -> const SavedState& {
        const auto found = std::ranges::find(content.events, Position{branch, step},
                                             [](const auto& event) { return event.at; });
        return made.states.at(static_cast<std::size_t>(found - content.events.begin()));
    };
    for (const auto& [where, base, patch] : content.patches) {
        PageTable memory(PageStore::create(), kMemoryPages);
        memory.restore(state_at(where.branch, base).pages);
        apply_patch(patch, memory);
        EXPECT_EQ(values_of(where.branch, state_after(patch, where.step, memory.share())),
                  values_of(where.branch, state_at(where.branch, where.step)));
    }
}

}  // namespace
}  // namespace backspin::snapshots
