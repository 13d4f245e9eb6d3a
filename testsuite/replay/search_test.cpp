// Going back to the latest hit.

#include "replay/search.hpp"

#include <cstdint>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testsuite/replay/bench.hpp"

namespace backspin::replay {
namespace {

using toy::Code;
using toy::Op;

/// Stores the round's number, stores the same again, reads it, for ever.
constexpr std::uint64_t kLoop = toy::kMain;
std::vector<toy::Image> storing() {
    auto images = toy::reset_code();
    Code code(kLoop);
    code(Op::addi, 1, 1, 1)(Op::store, 1, 0, toy::kCounter)(Op::store, 1, 0, toy::kCounter);
    code(Op::load, 2, 0, toy::kCounter)(Op::jump, 0, 0, kLoop);
    images.push_back(code.image());
    return images;
}
// Step 0 jumps here; each round takes five steps.
constexpr std::uint64_t addi_of(std::uint64_t round) {
    return 1 + 5 * round;
}
constexpr std::uint64_t store_of(std::uint64_t round) {
    return addi_of(round) + 1;
}

TEST(Search, FindsABreakpointOnTheDirectlyPrecedingInstruction) {
    Bench bench(storing());
    bench.go_on_to(store_of(40) + 1);
    const auto stopped = bench.timeline.go_back(at(kLoop + 4));
    EXPECT_EQ(stopped.why, StopReason::stop_point);
    EXPECT_EQ(stopped.at.step.value, store_of(40));
    ASSERT_EQ(stopped.hits.size(), 1);
    EXPECT_EQ(stopped.hits[0].kind, StopKind::execute);
}

TEST(Search, DoesNotFindTheBreakpointThatItStandsOn) {
    Bench bench(storing());
    bench.go_on_to(store_of(40));
    EXPECT_EQ(bench.timeline.go_back(at(kLoop + 4)).at.step.value, store_of(39));
}

TEST(Search, FindsAStoreByTheDirectlyPrecedingInstructionWithoutMoving) {
    Bench bench(storing());
    const auto watch = on(StopKind::write, toy::kCounter);
    bench.go_on_to(store_of(40) + 1);
    const auto stopped = bench.timeline.go_back(watch);
    EXPECT_EQ(stopped.why, StopReason::stop_point);
    EXPECT_EQ(bench.here(), store_of(40) + 1);
    EXPECT_EQ(stopped.hits.at(0).at.value, store_of(40));

    // The client takes the watchpoint out and steps: it is at the store, and the old value is back.
    bench.step_back();
    EXPECT_EQ(bench.here(), store_of(40));
    EXPECT_EQ(bench.machine.word_at(toy::kCounter), 40);
    EXPECT_EQ(bench.timeline.go_back(watch).at.step.value, store_of(39) + 1);
}

TEST(Search, AskedAgainWithoutAStepItGoesOn) {
    Bench bench(storing());
    const auto watch = on(StopKind::write, toy::kCounter);
    bench.go_on_to(store_of(40) + 1);
    for (std::uint64_t round = 40; round > 30; --round) {
        EXPECT_EQ(bench.timeline.go_back(watch).at.step.value, store_of(round) + 1);
    }
}

TEST(Search, AStepBackThatWouldUndoAWatchedStoreTellsOfItFirst) {
    Bench bench(storing());
    const auto watch = on(StopKind::write, toy::kCounter);
    bench.go_on_to(store_of(40) + 1);
    const auto told = bench.step_back(true, watch);
    EXPECT_EQ(told.why, StopReason::stop_point);
    EXPECT_EQ(bench.here(), store_of(40) + 1);
    EXPECT_EQ(bench.step_back(true, watch).why, StopReason::done) << "told once is enough";
    EXPECT_EQ(bench.here(), store_of(40));
}

TEST(Search, AStoreOfTheSameValueIsAnAccessButNoWrite) {
    Bench bench(storing());
    bench.go_on_to(addi_of(41));
    EXPECT_EQ(bench.timeline.go_back(on(StopKind::write, toy::kCounter)).at.step.value, store_of(40) + 1);
    bench.seek(addi_of(41));
    EXPECT_EQ(bench.timeline.go_back(on(StopKind::read, toy::kCounter)).at.step.value, store_of(40) + 3);
    bench.seek(store_of(40) + 2);
    EXPECT_EQ(bench.timeline.go_back(on(StopKind::access, toy::kCounter)).at.step.value, store_of(40) + 2);
}

TEST(Search, OfOneStepTheDataStopComesFirstAndThenTheBreakpoint) {
    Bench bench(storing());
    auto stops = on(StopKind::write, toy::kCounter);
    stops.points.push_back({StopKind::execute, {kLoop + 4}});
    bench.go_on_to(addi_of(41));
    const auto data = bench.timeline.go_back(stops);
    EXPECT_EQ(data.at.step.value, store_of(40) + 1);
    EXPECT_EQ(data.hits.at(0).kind, StopKind::write);
    const auto breakpoint = bench.timeline.go_back(stops);
    EXPECT_EQ(breakpoint.at.step.value, store_of(40));
    EXPECT_EQ(breakpoint.hits.at(0).kind, StopKind::execute);
    EXPECT_EQ(breakpoint.hits.size(), 1);
}

TEST(Search, OfOnePlaceTheBreakpointComesFirstAndThenTheDataStop) {
    Bench bench(storing());
    auto stops = on(StopKind::write, toy::kCounter);
    stops.points.push_back({StopKind::execute, {kLoop + 8}});  // right after the store
    bench.go_on_to(addi_of(41));
    const auto breakpoint = bench.timeline.go_back(stops);
    EXPECT_EQ(breakpoint.at.step.value, store_of(40) + 1);
    EXPECT_EQ(breakpoint.hits.at(0).kind, StopKind::execute);
    const auto data = bench.timeline.go_back(stops);
    EXPECT_EQ(data.at.step.value, store_of(40) + 1);
    EXPECT_EQ(data.hits.at(0).kind, StopKind::write);
}

TEST(Search, ForwardABreakpointComesFirstAndThenTheDataStopOfTheSameStep) {
    Bench bench(storing());
    auto stops = on(StopKind::write, toy::kCounter);
    stops.points.push_back({StopKind::execute, {kLoop + 4}});
    EXPECT_EQ(bench.timeline.go_on(stops).hits.at(0).kind, StopKind::execute);
    EXPECT_EQ(bench.here(), store_of(0));
    // The client steps off its breakpoint with the watchpoint in.
    const auto told = bench.step(true, on(StopKind::write, toy::kCounter));
    EXPECT_EQ(told.why, StopReason::stop_point);
    EXPECT_EQ(bench.here(), store_of(0));
    EXPECT_EQ(bench.step().why, StopReason::done);
    EXPECT_EQ(bench.machine.word_at(toy::kCounter), 1);
}

TEST(Search, AtTheFrontierTooTheBreakpointComesFirst) {
    Bench bench(storing());
    auto stops = on(StopKind::write, toy::kCounter);
    stops.points.push_back({StopKind::execute, {kLoop + 4}});
    bench.go_on_to(store_of(3));
    bench.step_back();
    const auto stopped = bench.timeline.go_on(stops);
    EXPECT_EQ(stopped.at.step.value, store_of(3));
    ASSERT_EQ(stopped.hits.size(), 1);
    EXPECT_EQ(stopped.hits[0].kind, StopKind::execute);
}

TEST(Search, TwoDataStopsOfOneStepAreToldTogether) {
    Bench bench(storing());
    auto stops = on(StopKind::write, toy::kCounter);
    stops.points.push_back({StopKind::access, {toy::kCounter + 2}, 1});
    bench.go_on_to(store_of(40) + 1);
    EXPECT_EQ(bench.timeline.go_back(stops).hits.size(), 2);
    bench.seek(store_of(40));
    EXPECT_EQ(bench.timeline.go_on(stops).hits.size(), 2);
}

TEST(Search, AfterTheAccessInBothDirectionsForWhoWantsIt) {
    Bench bench(storing());
    auto watch = on(StopKind::write, toy::kCounter);
    watch.timing = DataTiming::after_access;
    EXPECT_EQ(bench.timeline.go_on(watch).at.step.value, store_of(0) + 1);
    EXPECT_EQ(bench.machine.word_at(toy::kCounter), 1);
    EXPECT_EQ(bench.frontier(), store_of(0) + 1);
    EXPECT_EQ(bench.timeline.go_on(watch).at.step.value, store_of(1) + 1);
    EXPECT_EQ(bench.timeline.go_on(watch).at.step.value, store_of(2) + 1);
    EXPECT_EQ(bench.timeline.go_back(watch).at.step.value, store_of(1) + 1);
    EXPECT_EQ(bench.timeline.go_back(watch).at.step.value, store_of(0) + 1);
    EXPECT_EQ(bench.timeline.go_back(watch).why, StopReason::history_begin);
}

TEST(Search, HoldsAtEachSnapshotBoundaryAndOneOffIt) {
    Bench bench(storing(), 1, {.epoch_steps = {64}});
    bench.go_on_to(2000);
    for (std::uint64_t boundary = 64; boundary < 2000; boundary += 64) {
        for (auto from = boundary - 1; from <= boundary + 1; ++from) {
            bench.seek(from);
            const auto round = (from - 2) / 5;  // of the last addi before here
            EXPECT_EQ(bench.timeline.go_back(at(kLoop)).at.step.value, addi_of(round)) << from;
        }
    }
}

TEST(Search, AnInterruptLeavesTheUserWhereTheyWere) {
    Bench bench(storing());
    bench.go_on_to(5000);
    const auto state = bench.state();
    for (int patience = 0; patience < 10; ++patience) {
        int polls = 0;
        bench.host.interrupt = [&] { return polls++ == patience; };
        EXPECT_EQ(bench.timeline.go_back(at(0)).why, StopReason::interrupted);
        EXPECT_EQ(bench.here(), 5000);
        EXPECT_EQ(bench.state(), state);
    }
    bench.host.interrupt = nullptr;
    EXPECT_EQ(bench.timeline.go_back(at(0)).at.step.value, 0);
    EXPECT_EQ(bench.timeline.go_on(at(kLoop)).at.step.value, 1);
}

TEST(Search, TellsHowFarItIsEverySecond) {
    Bench bench(storing(), 1, {.epoch_steps = {64}, .use_access_index = false});
    bench.go_on_to(5000);
    bench.host.each_look = std::chrono::milliseconds{100};
    bench.timeline.go_back(at(0x7000));
    ASSERT_GE(bench.host.progress.size(), 2);
    auto reached = bench.host.progress[0].from.step;
    for (const auto& told : bench.host.progress) {
        EXPECT_EQ(told.from.step.value, 5000);
        EXPECT_LT(told.reached.step, reached);
        reached = told.reached.step;
    }
}

/// Stores to a far page once, and then goes round a loop that does not.
std::vector<toy::Image> storing_once() {
    using toy::Op;
    auto images = toy::reset_code();
    toy::Code code(toy::kMain);
    code(Op::li, 1, 0, 0x6000)(Op::nop)(Op::nop)(Op::store, 2, 1, 0);
    code(Op::addi, 2, 2, 1)(Op::bne, 2, 0, -1);
    images.push_back(code.image());
    return images;
}

TEST(Search, RunsOnlyThroughEpochsThatTouchedThePage) {
    Bench bench(storing_once(), 1, {.epoch_steps = {64}});
    bench.go_on_to(100'000);
    bench.machine.observed_steps = bench.machine.steps = 0;
    EXPECT_EQ(bench.timeline.go_back(on(StopKind::access, 0x6000)).at.step.value, 5);
    EXPECT_LE(bench.machine.observed_steps, 64);
    EXPECT_LE(bench.machine.steps, 200);

    bench.machine.observed_steps = 0;
    EXPECT_EQ(bench.timeline.go_back(on(StopKind::access, 0x7000)).why, StopReason::history_begin);
    EXPECT_EQ(bench.timeline.go_on(on(StopKind::access, 0x6000)).at.step.value, 4);
    EXPECT_EQ(bench.timeline.go_on(on(StopKind::access, 0x6000)).why, StopReason::history_end);
    EXPECT_LE(bench.machine.observed_steps, 256);
}

/// As a file keeps it.
class AccessKeeper : public HistoryListener {
  public:
    void on_accesses(Position begin, StepCount end, const PackedNotes& notes) override {
        kept.push_back({begin.step, end, notes.to_bytes()});
    }
    struct Kept {
        StepCount begin, end;
        std::vector<std::byte> notes;
    };
    std::vector<Kept> kept;
};

TEST(Search, OfARecordingThatKeptTheIndexRunsThroughNothingElse) {
    AccessKeeper keeper;
    Bench bench(storing_once(), 1, {.epoch_steps = {64}, .listener = &keeper});
    bench.go_on_to(10'000);
    bench.timeline.tell_accesses();
    EXPECT_EQ(keeper.kept.front().begin, StepCount{0});
    EXPECT_EQ(keeper.kept.back().end, StepCount{10'000});
    EXPECT_EQ(keeper.kept.size(), (10'000 + 63) / 64);

    Bench replay(bench, {.epoch_steps = {64}});
    for (const auto& each : keeper.kept)
        replay.timeline.add_accesses({{}, each.begin}, each.end, *PackedNotes::from_bytes(each.notes));
    replay.seek(10'000);
    EXPECT_EQ(replay.timeline.go_back(on(StopKind::access, 0x6000)).at.step.value, 5);
    EXPECT_LE(replay.machine.observed_steps, 64);
}

TEST(Search, WithoutTheIndexNotesOfARecordingExcludeNothing) {
    for (const bool used : {true, false}) {
        Bench bench(storing_once(), 1, {.epoch_steps = {64}, .use_access_index = used});
        // Wrong on purpose: "nothing was touched" is believed by whoever uses the index.
        bench.timeline.add_accesses({{}, {0}}, {64}, PackedNotes(AccessNotes{}));
        bench.go_on_to(1000);
        const auto found = bench.timeline.go_back(on(StopKind::access, 0x6000)).why;
        EXPECT_EQ(found, used ? StopReason::history_begin : StopReason::stop_point);
    }
}

TEST(Search, TheSecondSearchOfAStretchRunsNothingArmed) {
    Bench bench(storing(), 1, {.epoch_steps = {std::uint64_t{1} << 20}});
    bench.go_on_to(900);
    bench.timeline.go_back(at(kLoop));
    const auto once = bench.machine.observed_steps;
    EXPECT_EQ(once, 900);
    for (int n = 0; n < 50; ++n) {
        bench.step_back();  // a client takes its breakpoint out to step off it
        EXPECT_EQ(bench.timeline.go_back(at(kLoop)).why, StopReason::stop_point);
    }
    EXPECT_EQ(bench.machine.observed_steps, once);
    bench.timeline.go_back(at(kLoop + 4));
    EXPECT_GT(bench.machine.observed_steps, once) << "other stops, other hits";
}

TEST(Search, ABreakpointWithVeryManyHitsIsFollowedBackOneByOne) {
    // More hits in one stretch than are remembered at once.
    Bench bench(storing(), 1, {.epoch_steps = {100'000}});
    constexpr std::uint64_t kRounds = 10'000;
    bench.go_on_to(addi_of(kRounds));
    for (auto round = kRounds; round-- > 0;) {
        ASSERT_EQ(bench.timeline.go_back(at(kLoop)).at.step.value, addi_of(round));
    }
    EXPECT_EQ(bench.timeline.go_back(at(kLoop)).why, StopReason::history_begin);
}

/// Of each hit that a search comes to it counts one.
Stops counted(std::uint64_t address, std::uint64_t& hits) {
    auto stops = at(address);
    stops.filter = [&hits](const Machine&, const Hit&) {
        ++hits;
        return true;
    };
    return stops;
}

TEST(Search, OfABreakpointInALoopOnlyTheLastHitsAreGoneThrough) {
    Bench bench(storing(), 1, {.epoch_steps = {std::uint64_t{1} << 20}});
    constexpr std::uint64_t kRound = 200'000;
    bench.go_on_to(store_of(kRound));
    std::uint64_t hits = 0;
    for (std::uint64_t round = kRound; round > kRound - 10; --round)
        EXPECT_EQ(bench.timeline.go_back(counted(kLoop + 4, hits)).at.step.value, store_of(round - 1));
    EXPECT_LT(hits, 10'000);
}

TEST(Search, ALoopAtTheBeginningOfALongStretchIsFoundToo) {
    // Ten thousand rounds here, and then another loop.
    constexpr int kRounds = 10'000;
    auto images = toy::reset_code();
    Code code(kLoop);
    code(Op::li, 2, 0, kRounds)(Op::addi, 1, 1, 1)(Op::bne, 1, 2, -1)(Op::nop)(Op::jump, 0, 0, kLoop + 12);
    images.push_back(code.image());
    Bench bench(images, 1, {.epoch_steps = {std::uint64_t{1} << 20}});
    bench.go_on_to(1'000'000);
    std::uint64_t hits = 0;
    for (std::uint64_t round = kRounds; round > kRounds - 10; --round)
        EXPECT_EQ(bench.timeline.go_back(counted(kLoop + 4, hits)).at.step.value, 2 * round);
    EXPECT_LT(hits, 2 * kRounds);
}

TEST(Search, AConditionIsAskedInThePassAtTheHit) {
    Bench bench(storing(), 1, {.epoch_steps = {100'000}});
    bench.go_on_to(addi_of(10'000));
    auto stops = at(kLoop + 4);
    std::uint64_t asked = 0;
    stops.filter_key = 1;
    stops.filter = [&](const Machine&, const Hit& hit) {
        ++asked;
        EXPECT_EQ(bench.machine.now(), hit.at);
        return bench.machine.hart(0).registers[1] == 17;
    };
    EXPECT_EQ(bench.timeline.go_back(stops).at.step.value, store_of(16));
    EXPECT_EQ(asked, 10'000);

    stops.filter_key = 2;
    stops.filter = [&](const Machine&, const Hit&) { return bench.machine.hart(0).registers[1] == 5; };
    EXPECT_EQ(bench.timeline.go_back(stops).at.step.value, store_of(4)) << "another key, another condition";
}

TEST(Search, AHandlersHitsAndOtherHartsAreFound) {
    Bench bench(toy::busy_guest(60, true, 3), 2);
    bench.go_on_to(3000);
    const auto handler = bench.timeline.go_back(at(toy::kHandlerAddress));
    EXPECT_EQ(handler.why, StopReason::stop_point);
    bench.seek(3000);
    const auto second = bench.timeline.go_back(on(StopKind::write, 0x5000));
    EXPECT_EQ(second.why, StopReason::stop_point);
    EXPECT_EQ(second.hart.value, 1);
}

}  // namespace
}  // namespace backspin::replay
