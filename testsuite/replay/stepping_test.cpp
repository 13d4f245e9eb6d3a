// Steps of a hart, both ways, over interrupts and past them.

#include "replay/stepping.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "replay/ladder.hpp"
#include "testsuite/replay/bench.hpp"

namespace backspin::replay {
namespace {

using toy::Code;
using toy::Op;

/// Main does nothing but count; a tick comes every `period` steps.
std::vector<toy::Image> counting(int period, int handler_nops) {
    auto images = toy::reset_code();
    Code code(toy::kMain);
    code(Op::timer, 0, 0, period)(Op::enable, 0, 0, 1);
    const auto loop = static_cast<int>(code.here());
    code(Op::addi, 1, 1, 1)(Op::addi, 2, 2, 1)(Op::jump, 0, 0, loop);
    images.push_back(code.image());
    images.push_back(toy::nesting_handler(handler_nops));
    return images;
}
constexpr std::uint64_t kLoop = toy::kMain + 8;

struct Visit {
    std::uint64_t at;
    std::uint64_t state;
    bool operator==(const Visit&) const = default;
};

/// Steps forward, then back, and expects the same states.
void visits_the_same_states(Bench& bench, bool show_interrupts, int steps) {
    std::vector<Visit> forward;
    for (int n = 0; n < steps; ++n) {
        forward.push_back({bench.here(), bench.state()});
        ASSERT_EQ(bench.step(show_interrupts).why, StopReason::done);
    }
    for (int n = steps; n-- > 0;) {
        ASSERT_EQ(bench.step_back(show_interrupts).why, StopReason::done);
        const auto index = static_cast<std::size_t>(n);
        ASSERT_EQ((Visit{bench.here(), bench.state()}), forward[index]) << n;
    }
}

TEST(Stepping, AThousandStepsForwardAndBackVisitTheSameStates) {
    for (const bool show : {true, false}) {
        for (const std::size_t harts : {1, 2, 3}) {
            SCOPED_TRACE(show);
            // A tick leaves time for the handlers of three harts.
            Bench bench(toy::busy_guest(300, true, 20), harts, {.epoch_steps = {500}});
            // From the main program, at a place that a step ends at.
            bench.go_on_to(3000);
            while (bench.machine.context({0}).privilege != 0) bench.step(true);
            bench.step(show);
            const auto begin = bench.here();
            visits_the_same_states(bench, show, 1000);
            EXPECT_EQ(bench.here(), begin);
            visits_the_same_states(bench, show, 1000);  // in the past this time
        }
    }
}

TEST(Stepping, AStepStaysOutOfTheInterruptHandler) {
    Bench bench(counting(50, 5));
    bench.timeline.go_on(at(kLoop));
    for (int n = 0; n < 500; ++n) {
        ASSERT_EQ(bench.step(false).why, StopReason::done);
        ASSERT_LT(bench.pc(), toy::kHandlerAddress);
    }
    EXPECT_GT(bench.machine.word_at(toy::kTicks), 5);
    for (int n = 0; n < 500; ++n) {
        ASSERT_EQ(bench.step_back(false).why, StopReason::done);
        ASSERT_LT(bench.pc(), toy::kHandlerAddress);
    }
    EXPECT_EQ(bench.machine.word_at(toy::kTicks), 0);
}

TEST(Stepping, NestedInterruptsAreCrossedAsOne) {
    // The handler takes longer than a tick and lets itself be interrupted.
    Bench bench(counting(200, 120), 1, {.epoch_steps = {64}});
    bench.go_on_to(3000);
    bench.timeline.go_on(at(kLoop));
    bench.step(false);
    visits_the_same_states(bench, false, 300);
}

TEST(Stepping, InterruptsCanBeShown) {
    Bench bench(counting(50, 5));
    bench.timeline.go_on(at(kLoop));
    std::uint64_t in_handler = 0;
    for (int n = 0; n < 200; ++n) {
        ASSERT_EQ(bench.step(true).why, StopReason::done);
        if (bench.pc() >= toy::kHandlerAddress) ++in_handler;
    }
    EXPECT_GT(in_handler, 50);
}

TEST(Stepping, ABreakpointInTheHandlerStopsAStepOverIt) {
    Bench bench(counting(50, 5));
    bench.timeline.go_on(at(kLoop));
    Stopped stopped;
    do {
        stopped = bench.step(false, at(toy::kHandlerAddress + 16));
    } while (stopped.why == StopReason::done);
    EXPECT_EQ(stopped.why, StopReason::stop_point);
    EXPECT_EQ(bench.pc(), toy::kHandlerAddress + 16);

    // And backward, from behind the handler.
    bench.timeline.go_on(at(kLoop));
    do {
        stopped = bench.step_back(false, at(toy::kHandlerAddress + 16));
    } while (stopped.why == StopReason::done);
    EXPECT_EQ(stopped.why, StopReason::stop_point);
    EXPECT_EQ(bench.pc(), toy::kHandlerAddress + 16);
}

TEST(Stepping, FromTheHandlersFirstInstructionAStepBackLeadsToWhereItInterrupted) {
    Bench bench(counting(50, 5));
    bench.timeline.go_on(at(kLoop));
    for (int n = 0; n < 5; ++n) {
        ASSERT_EQ(bench.timeline.go_on(at(toy::kHandlerAddress)).why, StopReason::stop_point);
        bench.step(false);
        EXPECT_EQ(bench.pc(), toy::kHandlerAddress + 4);
        bench.step_back(false);
        EXPECT_EQ(bench.pc(), toy::kHandlerAddress) << "inside it, steps are steps";
        const auto interrupted = bench.machine.hart(0).epc;
        EXPECT_EQ(bench.step_back(false).why, StopReason::done);
        EXPECT_EQ(bench.pc(), interrupted);
        bench.timeline.go_on(at(toy::kHandlerAddress + 4));
    }
}

TEST(Stepping, AnInterruptThatDoesNotComeBackInTimeEndsTheStepAtItsHandler) {
    for (const std::uint64_t epoch : {64, 100'000}) {
        // 600 instructions of handler take 6 microseconds.
        Bench bench(counting(2000, 600), 1, {.epoch_steps = {epoch}, .longest_interrupt = {5000}});
        bench.timeline.go_on(at(kLoop));
        std::vector<Visit> forward;
        int entries = 0;
        for (int n = 0; n < 4000; ++n) {
            forward.push_back({bench.here(), bench.state()});
            ASSERT_EQ(bench.step(false).why, StopReason::done);
            if (bench.pc() == toy::kHandlerAddress) ++entries;
        }
        EXPECT_GE(entries, 2);
        EXPECT_EQ(bench.frontier(), bench.here()) << "looking ahead makes no history";
        for (std::size_t n = forward.size(); n-- > 0;) {
            ASSERT_EQ(bench.step_back(false).why, StopReason::done);
            ASSERT_EQ((Visit{bench.here(), bench.state()}), forward[n]) << n;
        }
    }
}

TEST(Stepping, AnInterruptThatSleepsTooLongEndsTheStepAtItsHandlerInThePast) {
    auto images = counting(1000, 0);
    Code handler(toy::kHandlerAddress);
    handler(Op::ack, 0, 0, 7)(Op::idle)(Op::ack, 0, 0, 7)(Op::xret);
    images.back() = handler.image();
    Bench bench(images, 1, {.epoch_steps = {64}, .longest_interrupt = {5000}});
    bench.host.is_interactive = true;  // the host waits with the handler: what is looked ahead ends there
    bench.timeline.go_on(at(kLoop));
    do {
        ASSERT_EQ(bench.step(false).why, StopReason::done);
    } while (bench.pc() != toy::kHandlerAddress);
    EXPECT_LT(bench.here(), bench.frontier());
    EXPECT_EQ(bench.step(false).why, StopReason::done);
    EXPECT_EQ(bench.pc(), toy::kHandlerAddress + 4);
}

TEST(Stepping, ARangeIsLeftBeforeAStepEnds) {
    Bench bench(counting(50, 5));
    bench.timeline.go_on(at(kLoop));
    const StepPolicy line{.show_interrupts = false, .range = StepPolicy::Range{{kLoop}, {kLoop + 8}}};
    EXPECT_EQ(bench.timeline.step({0}, line).why, StopReason::done);
    EXPECT_EQ(bench.pc(), kLoop + 8);

    const StepPolicy whole_loop{.show_interrupts = false, .range = StepPolicy::Range{{kLoop}, {kLoop + 12}}};
    const auto limited = bench.timeline.step({0}, whole_loop, {}, {.limit = {5000}});
    EXPECT_EQ(limited.why, StopReason::limit);
    EXPECT_EQ(bench.here(), 5000);
    EXPECT_GT(bench.machine.word_at(toy::kTicks), 20) << "the ticks on the way were crossed";
}

TEST(Stepping, ABreakpointInARangeStopsExceptTheOneAtItsStart) {
    Bench bench(counting(1000, 5));
    bench.timeline.go_on(at(kLoop));
    const auto begin = bench.here();
    const StepPolicy whole_loop{.show_interrupts = false, .range = StepPolicy::Range{{kLoop}, {kLoop + 12}}};
    EXPECT_EQ(bench.timeline.step({0}, whole_loop, at(kLoop)).why, StopReason::stop_point);
    EXPECT_EQ(bench.here(), begin + 3);
}

TEST(Stepping, AnEndlessRangeCanBeInterrupted) {
    Bench bench(counting(1000, 5));
    bench.timeline.go_on(at(kLoop));
    int polls = 0;
    bench.host.interrupt = [&] { return ++polls == 4; };
    const StepPolicy whole_loop{.show_interrupts = false, .range = StepPolicy::Range{{kLoop}, {kLoop + 12}}};
    EXPECT_EQ(bench.timeline.step({0}, whole_loop).why, StopReason::interrupted);
    EXPECT_EQ(bench.timeline.go_on(at(kLoop)).why, StopReason::stop_point);
}

TEST(Stepping, AStepOfAWaitingHartWaitsForItsTurn) {
    Bench bench(toy::busy_guest(97, true, 3), 2);
    bench.go_on_to(1000);
    const StepPolicy shown{.show_interrupts = true};
    for (int n = 0; n < 100; ++n) {
        const auto before = bench.machine.hart(1);
        ASSERT_EQ(bench.timeline.step({1}, shown).why, StopReason::done);
        const auto& after = bench.machine.hart(1);
        EXPECT_TRUE(before.pc != after.pc || before.waiting != after.waiting);
    }
    const auto end = bench.here();
    for (int n = 0; n < 100; ++n) ASSERT_EQ(bench.timeline.step_back({1}, shown).why, StopReason::done);
    EXPECT_LT(bench.here() + 100, end);
}

TEST(Stepping, AnInterruptedStepBackLeavesTheUserWhereTheyWere) {
    Bench bench(counting(50, 5), 1, {.epoch_steps = {4096}});
    bench.go_on_to(4000);
    const auto state = bench.state();
    bench.host.interrupt = [] { return true; };
    EXPECT_EQ(bench.step_back(false).why, StopReason::interrupted);
    EXPECT_EQ(bench.here(), 4000);
    EXPECT_EQ(bench.state(), state);
    bench.host.interrupt = nullptr;
    EXPECT_EQ(bench.step_back(false).why, StopReason::done);
}

TEST(Stepping, ATrainOfStepsBackIsAFewHundredStepsEach) {
    Bench bench(counting(50'000 / 2, 5), 1, {.epoch_steps = {std::uint64_t{1} << 20}});
    bench.go_on_to(300'000);
    bench.machine.steps = 0;
    bench.step_back();
    EXPECT_LT(bench.machine.steps, 3 * 300'000) << "the first puts the ladder up";
    bench.machine.steps = 0;
    constexpr int kTrain = 20'000;
    for (int n = 0; n < kTrain; ++n) bench.step_back();
    EXPECT_LT(bench.machine.steps / kTrain, 400);
    EXPECT_LT(bench.here(), 300'000 - kTrain);
}

TEST(Stepping, ATrainOfStepsBackWithABreakpointSetIsNotDearer) {
    Bench bench(counting(50'000 / 2, 5), 1, {.epoch_steps = {std::uint64_t{1} << 20}});
    bench.go_on_to(300'000);
    bench.step_back(false, at(0x7000));
    bench.machine.steps = 0;
    constexpr int kTrain = 5'000;
    for (int n = 0; n < kTrain; ++n) bench.step_back(false, at(0x7000));
    EXPECT_LT(bench.machine.steps / kTrain, 500);
}

TEST(Ladder, RungsDoubleTheirDistanceFromTheCursor) {
    const auto rungs = Ladder::rungs({100}, {1100});
    ASSERT_EQ(rungs.size(), 4);
    EXPECT_EQ(rungs[0].value, 1100 - 512);
    EXPECT_EQ(rungs[3].value, 1100 - 64);
    EXPECT_TRUE(Ladder::rungs({100}, {100 + 64}).empty());
    EXPECT_EQ(Ladder::rungs({0}, kEndOfTime).size(), 58);
}

TEST(Ladder, StaysBoundedAndForgetsWhatIsInFrontFirst) {
    Ladder ladder;
    for (std::uint64_t n = 0; n < 1000; ++n)
        ladder.insert({.at = {n}, .fields = {}, .ends = {}, .pages = {}}, {900});
    EXPECT_EQ(ladder.size(), Ladder::kMostRungs);
    EXPECT_EQ(ladder.nearest_at_or_before({2000})->at.value, 900);
    EXPECT_EQ(ladder.nearest_at_or_before({850})->at.value, 850);
    EXPECT_EQ(ladder.nearest_at_or_before({0}), nullptr);
}

}  // namespace
}  // namespace backspin::replay
