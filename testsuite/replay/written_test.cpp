// Data stops of what is written by others than harts: a device in its event, an input, a debugger.
#include <gtest/gtest.h>

#include "testsuite/replay/bench.hpp"
#include "testsuite/replay/guests.hpp"

namespace backspin::replay {
namespace {

constexpr Accessor kDevice{Accessor::Kind::device, 1};

TEST(Written, ADevicesEventIsToldBeforeItForwardAndAfterItBackward) {
    Bench bench(toy::busy_guest(40, false, 0));
    const auto stops = on(StopKind::write, toy::kDma);
    const auto first = bench.timeline.go_on(stops);
    ASSERT_EQ(first.why, StopReason::stop_point);
    EXPECT_EQ(first.hits.front().by, kDevice);
    EXPECT_EQ(first.hits.front().at, first.at.step);
    EXPECT_EQ(bench.machine.word_at(toy::kDma), 0u);
    const auto second = bench.timeline.go_on(stops);
    ASSERT_EQ(second.why, StopReason::stop_point);
    EXPECT_EQ(bench.machine.word_at(toy::kDma), 1u);
    const auto back = bench.timeline.go_back(stops);
    EXPECT_EQ(back.at.step, first.at.step + StepCount{1});
    EXPECT_EQ(back.hits, first.hits);
    EXPECT_EQ(bench.machine.word_at(toy::kDma), 1u);
}

TEST(Written, AnInputTakenLiveIsInTheLogAndStillToCome) {
    Bench bench(toy::busy_guest(40, false, 0));
    bench.timeline.go_on({}, {.limit = {100}});
    bench.host.arrives(typed({7}));
    const auto stops = on(StopKind::write, toy::kDma + 8);
    const auto stopped = bench.timeline.go_on(stops);
    ASSERT_EQ(stopped.why, StopReason::stop_point);
    EXPECT_EQ(stopped.hits.front().by, kDevice);
    EXPECT_EQ(bench.machine.word_at(toy::kDma + 8), 0u);
    EXPECT_EQ(bench.timeline.frontier().step, stopped.at.step + StepCount{1});
    ASSERT_NE(bench.timeline.log().next({}, stopped.at.step), nullptr);
    EXPECT_EQ(bench.timeline.log().next({}, stopped.at.step)->at, stopped.at);
    EXPECT_FALSE(bench.timeline.at_frontier());
    EXPECT_TRUE(bench.timeline.goes_live());

    // Going on applies it, and history with it.
    const StepCount limit{stopped.at.step.value + 50};
    EXPECT_EQ(bench.timeline.go_on(stops, {.limit = limit}).why, StopReason::limit);
    EXPECT_EQ(bench.timeline.frontier().step, limit);
    EXPECT_EQ(bench.machine.word_at(toy::kDma + 8), 7u);
    const auto back = bench.timeline.go_back(stops);
    EXPECT_EQ(back.at.step, stopped.at.step + StepCount{1});
    EXPECT_EQ(back.hits, stopped.hits);
    // From further back, the past ends at the frontier as ever.
    bench.timeline.seek({{}, {stopped.at.step.value - 10}});
    EXPECT_EQ(bench.timeline.go_on(stops).at, stopped.at);
}

TEST(Written, WhoGoesBackFromAnUnappliedInputFindsItAgain) {
    Bench bench(toy::busy_guest(40, false, 0));
    bench.timeline.go_on({}, {.limit = {100}});
    bench.host.arrives(typed({7}));
    const auto stops = on(StopKind::write, toy::kDma + 8);
    const auto stopped = bench.timeline.go_on(stops);
    ASSERT_EQ(stopped.why, StopReason::stop_point);
    EXPECT_TRUE(bench.timeline.write(RegisterWrite{{0}, {1}, 5}).has_value()) << "it would be overtaken";
    EXPECT_EQ(bench.timeline.go_back(stops).why, StopReason::history_begin);
    EXPECT_EQ(bench.timeline.go_on(stops).at, stopped.at);
    // A step from there makes the input and the hart's attempt, live.
    EXPECT_EQ(bench.timeline.step({0}, {.show_interrupts = true}, {}).why, StopReason::done);
    EXPECT_EQ(bench.machine.word_at(toy::kDma + 8), 7u);
    EXPECT_TRUE(bench.timeline.at_frontier());
}

TEST(Written, ADebuggersWriteIsFoundInThePast) {
    Bench bench(toy::busy_guest(40, false, 0));
    const auto at = bench.timeline.go_on({}, {.limit = {100}}).at;
    ASSERT_FALSE(bench.timeline.write(MemoryWrite{{0}, {0x6000}, {std::byte{9}}}).has_value());
    bench.timeline.go_on({}, {.limit = {200}});
    const auto back = bench.timeline.go_back(on(StopKind::write, 0x6000));
    ASSERT_EQ(back.why, StopReason::stop_point);
    EXPECT_EQ(back.at.step, at.step + StepCount{1});
    EXPECT_EQ(back.hits.front().by.kind, Accessor::Kind::debugger);
}

}  // namespace
}  // namespace backspin::replay
