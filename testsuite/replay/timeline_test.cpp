// Single behaviours of a timeline: its ends, its frontier, writes, output, recordings.

#include "replay/timeline.hpp"

#include <cstddef>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testsuite/replay/bench.hpp"

namespace backspin::replay {
namespace {

using toy::Code;
using toy::Op;

constexpr auto kShown = StepPolicy{.show_interrupts = true};

std::vector<toy::Image> counts_to(int rounds, Op last) {
    auto images = toy::reset_code();
    Code code(toy::kMain);
    code(Op::li, 2, 0, rounds);
    code(Op::addi, 1, 1, 1)(Op::store, 1, 0, toy::kCounter)(Op::out, 1)(Op::bne, 1, 2, -3)(last);
    images.push_back(code.image());
    return images;
}

TEST(Timeline, StartsAtPowerOnLiveAndAtItsFrontier) {
    Bench bench(toy::busy_guest(100, true, 3));
    EXPECT_EQ(bench.here(), 0);
    EXPECT_EQ(bench.frontier(), 0);
    EXPECT_TRUE(bench.timeline.is_live());
    EXPECT_TRUE(bench.timeline.at_frontier());
}

TEST(Timeline, BothWaysEndAtTheBeginning) {
    Bench bench(toy::busy_guest(100, true, 3));
    for (int n = 0; n < 2; ++n) {
        EXPECT_EQ(bench.timeline.go_back({}).why, StopReason::history_begin);
        EXPECT_EQ(bench.step_back().why, StopReason::history_begin);
    }
    bench.go_on_to(500);
    EXPECT_EQ(bench.timeline.go_back({}).why, StopReason::history_begin);
    EXPECT_EQ(bench.here(), 0);
}

TEST(Timeline, AResumeFromThePastEndsAtTheFrontierAndTheNextOneIsLive) {
    Bench bench(toy::busy_guest(100, true, 3));
    bench.go_on_to(500);
    bench.seek(100);
    EXPECT_FALSE(bench.timeline.at_frontier());
    EXPECT_EQ(bench.timeline.go_on({}).why, StopReason::history_end);
    EXPECT_EQ(bench.here(), 500);
    EXPECT_EQ(bench.go_on_to(700).why, StopReason::limit);
    EXPECT_EQ(bench.frontier(), 700);
}

TEST(Timeline, AStepFromThePastThatEndsAtTheFrontierIsAnOrdinaryStop) {
    Bench bench(counts_to(100, Op::power_off));
    bench.go_on_to(50);
    bench.seek(49);
    EXPECT_EQ(bench.step().why, StopReason::done);
    EXPECT_EQ(bench.here(), 50);
}

TEST(Timeline, AFinishedRecordingNeverGoesLive) {
    Bench live(counts_to(100, Op::power_off));
    live.go_on_to(50);
    Bench replay(live, {.epoch_steps = {16}});
    EXPECT_FALSE(replay.timeline.is_live());
    for (int n = 0; n < 3; ++n) {
        EXPECT_EQ(replay.timeline.go_on({}).why, StopReason::history_end);
        EXPECT_EQ(replay.step().why, StopReason::history_end);
        EXPECT_EQ(replay.here(), 50);
    }
    EXPECT_EQ(replay.state(), live.state());
}

TEST(Timeline, ABreakpointAtTheFrontierIsToldToWhoComesBackToIt) {
    Bench bench(counts_to(100, Op::power_off));
    const auto stops = at(toy::kMain + 8);
    ASSERT_EQ(bench.timeline.go_on(stops).why, StopReason::stop_point);
    const auto crash = bench.here();
    ASSERT_EQ(bench.frontier(), crash);
    bench.step_back();
    const auto again = bench.timeline.go_on(stops);
    EXPECT_EQ(again.why, StopReason::stop_point);
    EXPECT_EQ(again.at.step.value, crash);
    EXPECT_EQ(bench.frontier(), crash) << "finding out must not make history";
}

TEST(Timeline, PowerOffIsToldOnceAndThenIsTheEndOfHistory) {
    Bench bench(counts_to(3, Op::power_off));
    const auto off = bench.timeline.go_on({});
    EXPECT_EQ(off.why, StopReason::powered_off);
    EXPECT_EQ(off.at, bench.timeline.frontier());
    EXPECT_EQ(bench.timeline.go_on({}).why, StopReason::history_end);
    EXPECT_EQ(bench.step().why, StopReason::history_end);
    EXPECT_EQ(bench.timeline.go_back(on(StopKind::write, toy::kCounter)).why, StopReason::stop_point);
    EXPECT_EQ(bench.machine.word_at(toy::kCounter), 3);
    EXPECT_EQ(bench.timeline.go_on({}).why, StopReason::history_end);
    EXPECT_EQ(bench.here(), off.at.step.value);
}

TEST(Timeline, AnInputForAMachineThatIsOffIsNotTaken) {
    Bench bench(counts_to(3, Op::power_off));
    bench.timeline.go_on({});
    bench.host.arrives(typed({1}));
    EXPECT_EQ(bench.timeline.go_on({}).why, StopReason::history_end);
    EXPECT_EQ(bench.step().why, StopReason::history_end);
    EXPECT_EQ(bench.timeline.log().size(), 0);
}

TEST(Timeline, SeekGoesAnywhereAndStopsAtTheFrontier) {
    Bench bench(toy::busy_guest(100, true, 3), 2);
    bench.go_on_to(1000);
    const auto at_1000 = bench.state();
    for (const std::uint64_t to : {0, 1, 63, 64, 65, 999, 1000, 128, 127}) {
        const auto stopped = bench.seek(to);
        EXPECT_EQ(stopped.why, StopReason::done);
        EXPECT_EQ(bench.here(), to);
    }
    EXPECT_EQ(bench.seek(1001).why, StopReason::history_end);
    EXPECT_EQ(bench.here(), 1000);
    EXPECT_EQ(bench.state(), at_1000);
    EXPECT_THROW(bench.timeline.seek({{1}, {5}}), std::invalid_argument);
}

TEST(Timeline, WritesAreInputsAtTheFrontierAndRefusedElsewhere) {
    Bench bench(toy::busy_guest(100, false, 3));
    bench.go_on_to(300);
    const MemoryWrite memory{{0}, {0x6000}, std::vector(4, std::byte{7})};
    const RegisterWrite reg{{0}, {12}, 99};
    EXPECT_FALSE(bench.timeline.write(memory));
    EXPECT_FALSE(bench.timeline.write(reg));
    EXPECT_EQ(bench.frontier(), 302);
    EXPECT_EQ(bench.machine.word_at(0x6000), 0x07070707);
    EXPECT_EQ(bench.machine.hart(0).registers[12], 99);

    bench.seek(301);
    EXPECT_EQ(bench.machine.word_at(0x6000), 0x07070707);
    EXPECT_EQ(bench.machine.hart(0).registers[12], 0);
    const auto refused = bench.timeline.write(reg);
    ASSERT_TRUE(refused);
    EXPECT_THAT(refused->why, ::testing::HasSubstr("past"));
    EXPECT_EQ(bench.frontier(), 302);

    Bench replay(bench, {});
    replay.seek(302);
    EXPECT_EQ(replay.machine.hart(0).registers[12], 99);
    ASSERT_TRUE(replay.timeline.write(reg));
    EXPECT_THAT(replay.timeline.write(reg)->why, ::testing::HasSubstr("recording"));
}

TEST(Timeline, TooLargeAWriteAndAWriteToAMachineThatIsOffAreRefused) {
    Bench bench(counts_to(3, Op::power_off));
    EXPECT_TRUE(bench.timeline.write(MemoryWrite{{0}, {0}, std::vector<std::byte>((1 << 20) + 1)}));
    bench.timeline.go_on({});
    EXPECT_TRUE(bench.timeline.write(RegisterWrite{{0}, {1}, 1}));
    EXPECT_EQ(bench.timeline.log().size(), 0);
}

TEST(Timeline, OutputIsShownWhenTheUsersOwnCursorMovesForwardOverIt) {
    Bench bench(counts_to(100, Op::power_off));
    bench.go_on_to(40);
    const auto first = bench.shown.text;
    EXPECT_EQ(first.size(), 9);
    bench.step_back();
    bench.timeline.go_back(on(StopKind::write, toy::kCounter));
    bench.timeline.go_back({});
    bench.seek(30);
    bench.seek(0);
    EXPECT_EQ(bench.shown.text, first) << "internal runs are silent";
    bench.shown.text.clear();
    while (bench.here() < 40) bench.timeline.step({0}, kShown, at(0xffff0));
    EXPECT_EQ(bench.shown.text, first) << "once for each time that the cursor passes";
}

TEST(Timeline, AListenerHearsOfInputsAndOfEachEpochOnce) {
    struct Listener : HistoryListener {
        void on_input(const Event& event) override { inputs.push_back(event); }
        void on_epoch(Position at, const SavedState& state) override {
            EXPECT_EQ(state.at, at.step);
            epochs.push_back(at.step.value);
        }
        std::vector<Event> inputs;
        std::vector<std::uint64_t> epochs;
    } listener;
    Bench bench(toy::busy_guest(100, true, 3), 2, {.epoch_steps = {100}, .listener = &listener});
    bench.host.arrives(typed({5}));
    bench.go_on_to(250);
    bench.seek(20);
    bench.timeline.go_on({});
    bench.step_back();
    bench.seek(250);
    bench.timeline.write(RegisterWrite{{0}, {1}, 1});
    bench.go_on_to(450);
    EXPECT_THAT(listener.epochs, ::testing::ElementsAre(0, 100, 200, 300, 400));
    const auto log = bench.timeline.log().events({});
    EXPECT_EQ(listener.inputs, std::vector<Event>(log.begin(), log.end()));
    EXPECT_GE(listener.inputs.size(), 1);
}

TEST(Timeline, AStoredSnapshotSavesTheWayToIt) {
    Bench live(toy::busy_guest(100, true, 3), 2);
    live.go_on_to(5000);
    live.seek(4000);
    const auto stored = live.machine.save();
    Bench replay(live, {.epoch_steps = {64}});
    replay.timeline.add_snapshot(stored);
    replay.seek(4010);
    EXPECT_EQ(replay.machine.steps, 10);
    live.seek(4010);
    EXPECT_EQ(replay.state(), live.state());
}

class OneStored : public StoredSnapshots {
  public:
    explicit OneStored(SavedState state) : state_(std::move(state)) {}
    std::optional<StepCount> latest_at_or_before(Position at) const override {
        return at.branch == Branch{} && at.step >= state_.at ? std::optional(state_.at) : std::nullopt;
    }
    std::vector<SavedState> load(Position) override { return ++loads, std::vector{state_}; }
    int loads = 0;

  private:
    SavedState state_;
};

TEST(Timeline, ASnapshotOfTheFileIsFetchedOnceAndOnlyWhereItSavesSteps) {
    Bench live(toy::busy_guest(100, true, 3), 2);
    live.go_on_to(5000);
    live.seek(4000);
    OneStored stored(live.machine.save());
    Bench replay(live, {.epoch_steps = {64}, .stored = &stored});
    replay.go_on_to(4005);
    replay.seek(4010);
    EXPECT_EQ(stored.loads, 0) << "the machine is nearer";
    replay.seek(0);
    replay.seek(4010);
    EXPECT_EQ(stored.loads, 1);
    replay.seek(0);
    replay.seek(4010);
    EXPECT_EQ(stored.loads, 1);
    live.seek(4010);
    EXPECT_EQ(replay.state(), live.state());
}

TEST(Timeline, WhatWasJumpedOverIsKeptWhenItIsPassedLater) {
    Bench live(toy::busy_guest(100, true, 3), 2);
    live.go_on_to(5000);
    live.seek(4000);
    OneStored stored(live.machine.save());
    Bench replay(live, {.epoch_steps = {64}, .stored = &stored});
    replay.seek(5000);
    const auto steps = replay.machine.steps;
    EXPECT_EQ(steps, 1000);
    const auto kept = replay.timeline.snapshots().size();
    replay.seek(2000);
    EXPECT_EQ(replay.machine.steps, steps + 2000);
    EXPECT_EQ(replay.timeline.snapshots().size(), kept + 2000 / 64);
    replay.seek(1900);
    EXPECT_EQ(replay.machine.steps, steps + 2000 + 1900 % 64);
}

TEST(Timeline, AHistoryThatDoesNotBeginAtPowerOnEndsThereBothWays) {
    Bench live(toy::busy_guest(100, true, 3));
    live.go_on_to(500);
    const auto state = live.machine.save();
    CountingMachine machine(1, live.images, live.store);
    machine.load(state);
    Timeline timeline(machine, {.epoch_steps = {64}});
    EXPECT_EQ(timeline.begin().step.value, 500);
    EXPECT_EQ(timeline.frontier().step.value, 500);
    timeline.go_on({}, {.limit = {700}});
    EXPECT_EQ(timeline.go_back({}).why, StopReason::history_begin);
    EXPECT_EQ(timeline.step_back({0}, kShown).why, StopReason::history_begin);
    EXPECT_EQ(timeline.seek({{}, {499}}).why, StopReason::history_begin);
    EXPECT_EQ(timeline.position().step.value, 500);
    EXPECT_EQ(timeline.seek({{}, {650}}).why, StopReason::done);
    live.go_on_to(650);
    EXPECT_EQ(digest(machine.save()), live.state());
}

TEST(Timeline, APastThatDoesNotBeginWhereTheMachineIsIsRefused) {
    Bench live(toy::busy_guest(100, true, 3));
    live.go_on_to(500);
    EventLog log;
    log.append({{{}, {10}}, typed({1})});
    EXPECT_THROW(Timeline(live.machine, PastRun{std::move(log), {600}}, {}), BadLog);
    EXPECT_THROW(Timeline(live.machine, PastRun{{}, {499}}, {}), BadLog);
}

TEST(Timeline, ALogThatDoesNotFitTheMachineIsADivergence) {
    Bench off(counts_to(3, Op::power_off));
    off.timeline.go_on({});
    const auto end = off.frontier();
    CountingMachine machine(1, off.images);
    Timeline replay(machine, PastRun{{}, {end + 10}}, {});
    EXPECT_EQ(replay.go_on({}).why, StopReason::diverged);
    EXPECT_EQ(replay.seek({{}, {end + 5}}).why, StopReason::diverged);
}

TEST(Timeline, AnInputAfterTheEndOfARecordingIsRefused) {
    EventLog log;
    log.append({{{}, {10}}, typed({1})});
    CountingMachine machine(1, toy::reset_code());
    EXPECT_THROW(Timeline(machine, PastRun{std::move(log), {10}}, {}), BadLog);
}

}  // namespace
}  // namespace backspin::replay
