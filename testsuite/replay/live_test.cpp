// At the frontier: inputs, real time while idle, sleep.

#include "replay/live.hpp"

#include <algorithm>
#include <chrono>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "testsuite/replay/bench.hpp"

namespace backspin::replay {
namespace {

using toy::Code;
using toy::Op;
using namespace std::chrono_literals;

/// Waits for a tick every 400 ns, and sums up what is typed.
std::vector<toy::Image> ticking() {
    return toy::busy_guest(40, true, 0);
}

/// Sleeps until something is typed.
std::vector<toy::Image> sleeper() {
    auto images = toy::reset_code();
    Code code(toy::kMain);
    code(Op::li, 5, 0, -1)(Op::idle)(Op::ack, 0, 0, 7);
    const auto next = static_cast<int>(code.here());
    code(Op::in, 3)(Op::bne, 3, 5, 2)(Op::jump, 0, 0, toy::kMain)(Op::add, 4, 4, 3)(Op::jump, 0, 0, next);
    images.push_back(code.image());
    return images;
}

std::uint64_t warp_of(const Event& event) {
    return std::get<IdleWarp>(event.input).by.ns;
}

TEST(Live, InputIsAppliedAndLoggedAndReplayed) {
    Bench bench(ticking());
    bench.host.arrives(typed({3}));
    bench.host.arrives(typed({4}));
    bench.go_on_to(100'000);
    EXPECT_EQ(bench.timeline.log().size(), 2);
    Bench replay(bench, {});
    replay.timeline.go_on({});
    EXPECT_EQ(replay.state(), bench.state());
}

TEST(Live, InputWaitsUntilTheDeviceHasRoom) {
    Bench bench(sleeper());
    for (int n = 0; n < 20; ++n) bench.host.arrives(typed({1, 1, 1}));
    bench.go_on_to(100'000);
    for (const auto& event : bench.timeline.log().events({})) {
        EXPECT_TRUE(std::holds_alternative<DeviceInput>(event.input));
    }
    EXPECT_EQ(bench.timeline.log().size(), 20);
    EXPECT_EQ(bench.machine.hart(0).registers[4], 60) << "no byte was lost";
}

TEST(Live, WithoutAnybodyThereIdleTimeIsJumpedOver) {
    Bench bench(ticking());
    EXPECT_EQ(bench.go_on_to(2000).why, StopReason::limit);
    EXPECT_EQ(bench.host.waits, 0);
    EXPECT_GT(bench.machine.time().ns, 2000 * toy::kNsPerStep);
}

TEST(Live, WithSomebodyThereIdleTimeIsRealTime) {
    Bench bench(ticking());
    bench.host.is_interactive = true;
    bench.go_on_to(2000);
    EXPECT_GT(bench.host.waits, 10);
    EXPECT_EQ(static_cast<std::uint64_t>(bench.host.now.count()) + 2000 * toy::kNsPerStep,
              bench.machine.time().ns);
    EXPECT_EQ(bench.timeline.log().size(), 0) << "who waits until the deadline has nothing to log";
}

TEST(Live, InputThatCutsAWaitShortMovesTheClockByWhatWasWaited) {
    Bench bench(toy::busy_guest(1000, true, 0));
    bench.host.is_interactive = true;
    bench.host.arrives(typed({9}), 50ns);
    bench.go_on_to(2000);
    const auto log = bench.timeline.log().events({});
    ASSERT_EQ(log.size(), 2);
    EXPECT_EQ(warp_of(log[0]), 50);
    EXPECT_EQ(log[1].input, Input{typed({9})});
    EXPECT_EQ(log[1].at.step, log[0].at.step + StepCount{1});

    Bench replay(bench, {});
    replay.timeline.go_on({});
    EXPECT_EQ(replay.state(), bench.state());
}

TEST(Live, AWarpStaysBeforeTheDeadline) {
    Bench bench(ticking());
    bench.host.is_interactive = true;
    // Every look at the clock takes longer than any deadline is away.
    bench.host.each_look = 1ms;
    bench.host.arrives(typed({9}));
    bench.go_on_to(60);
    const auto log = bench.timeline.log().events({});
    ASSERT_FALSE(log.empty());
    const auto before = log[0].at.step.value;
    bench.seek(before);
    const auto deadline = *bench.machine.idle_deadline();
    EXPECT_EQ(bench.machine.time() + VirtualTime{warp_of(log[0])} + VirtualTime{1}, deadline);
}

TEST(Live, AnInterruptedWaitLeavesNoTrace) {
    Bench bench(ticking());
    bench.host.is_interactive = true;
    bench.host.interrupt = [&] { return bench.host.waits == 3; };
    const auto stopped = bench.timeline.go_on({});
    EXPECT_EQ(stopped.why, StopReason::interrupted);
    EXPECT_TRUE(bench.machine.idle_deadline());
    EXPECT_EQ(bench.timeline.log().size(), 0);
    bench.host.interrupt = nullptr;
    bench.go_on_to(2000);
    Bench untouched(ticking());
    untouched.go_on_to(2000);
    EXPECT_EQ(bench.state(), untouched.state());
}

TEST(Live, AsleepIsToldWhenNobodyWaits) {
    Bench bench(sleeper());
    for (int n = 0; n < 2; ++n) EXPECT_EQ(bench.timeline.go_on({}).why, StopReason::asleep);
    EXPECT_EQ(bench.step().why, StopReason::asleep);
    bench.step_back();
    EXPECT_EQ(bench.timeline.go_on({}).why, StopReason::history_end);
    EXPECT_EQ(bench.timeline.go_on({}).why, StopReason::asleep);
}

TEST(Live, ADebuggerWaitsWithASleeperUntilInputComes) {
    Bench bench(sleeper());
    bench.host.arrives(typed({5}), 3s);
    bench.host.interrupt = [&] { return bench.host.now > 9s; };
    const GoOnOptions waits{.limit = kEndOfTime, .wait_when_asleep = true};
    const auto stopped = bench.timeline.go_on({}, waits);
    EXPECT_EQ(stopped.why, StopReason::interrupted);
    EXPECT_EQ(bench.machine.hart(0).registers[4], 5);
    const auto log = bench.timeline.log().events({});
    ASSERT_EQ(log.size(), 2);
    EXPECT_EQ(warp_of(log[0]), 3'000'000'000);

    bench.host.interrupt = nullptr;
    bench.host.arrives(typed({6}), 20s);
    EXPECT_EQ(bench.timeline.step({0}, {}, {}, waits).why, StopReason::done) << "a step waits as well";
    EXPECT_EQ(bench.timeline.log().size(), 4);
}

TEST(Live, WhatIsHereAlreadyWakesASleeperWithoutAWarp) {
    Bench bench(sleeper());
    bench.host.is_interactive = true;
    bench.host.each_look = 1us;  // somebody has slept for a moment whenever the clock is looked at
    bench.host.interrupt = [&] { return bench.host.waits == 3; };
    bench.timeline.go_on({});
    ASSERT_EQ(bench.timeline.log().size(), 0) << "nothing has come yet";
    bench.host.arrives(typed({5}));
    bench.host.interrupt = [&] { return bench.host.waits == 6; };
    bench.timeline.go_on({});
    ASSERT_EQ(bench.timeline.log().size(), 1);
    EXPECT_TRUE(std::holds_alternative<DeviceInput>(bench.timeline.log().events({})[0].input));
}

TEST(Live, AnInterruptStopsARunWhereItIs) {
    Bench bench(toy::busy_guest(100, false, 3));
    int polls = 0;
    bench.host.interrupt = [&] { return ++polls == 5; };
    EXPECT_EQ(bench.timeline.go_on({}).why, StopReason::interrupted);
    const auto here = bench.here();
    EXPECT_GT(here, 0);
    EXPECT_EQ(bench.frontier(), here);
    Bench untouched(toy::busy_guest(100, false, 3));
    untouched.go_on_to(here);
    EXPECT_EQ(bench.state(), untouched.state());
}

TEST(Live, AStepOverAnIdleTimeWaitsInRealTime) {
    Bench bench(toy::busy_guest(1000, true, 0));
    bench.host.is_interactive = true;
    while (!bench.machine.idle_deadline()) ASSERT_EQ(bench.step().why, StopReason::done);
    const auto left = *bench.machine.idle_deadline() - bench.machine.time();
    EXPECT_EQ(bench.step().why, StopReason::done);
    EXPECT_EQ(static_cast<std::uint64_t>(bench.host.now.count()), left.ns);
}

/// Has one input for a certain time of the guest's clock.
class Scheduled : public InputPort {
  public:
    explicit Scheduled(VirtualTime at) : at_(at) {}
    std::optional<DeviceInput> next(const Machine& machine) override {
        if (given || machine.time() < at_) return std::nullopt;
        given = true;
        return typed({7});
    }
    void wait(std::chrono::nanoseconds) override { ADD_FAILURE() << "nobody is there to wait"; }
    bool interactive() const override { return false; }
    std::optional<AskAgain> ask_again(const Machine& machine) const override {
        if (given || machine.time() >= at_) return std::nullopt;
        const auto steps = ((at_ - machine.time()).ns + toy::kNsPerStep - 1) / toy::kNsPerStep;
        return AskAgain{machine.now() + StepCount{steps}, at_};
    }
    bool given = false;

  private:
    VirtualTime at_;
};

TEST(Live, AnInputThatIsKnownBeforehandComesAtItsTime) {
    constexpr VirtualTime kTime{1'005'000};  // between two ticks
    const auto busy = toy::busy_guest(1000, false, 0);
    for (const auto& guest : {busy, toy::busy_guest(1000, true, 0), sleeper()}) {
        Bench bench(guest);
        Scheduled port(kTime);
        bench.timeline.set_host({.input = &port});
        bench.go_on_to(200'000);
        ASSERT_TRUE(port.given);
        const auto& event = bench.timeline.log().events({}).back();
        ASSERT_TRUE(std::holds_alternative<DeviceInput>(event.input));
        bench.seek(event.at.step.value);
        // A warp is a step as well, and a step takes time.
        EXPECT_GE(bench.machine.time(), kTime);
        EXPECT_LE(bench.machine.time(), kTime + VirtualTime{toy::kNsPerStep});
    }
}

TEST(Live, AnInputForTheMomentOfPowerOffIsNotTaken) {
    auto images = toy::reset_code();
    Code code(toy::kMain);
    code(Op::nop)(Op::nop)(Op::power_off);
    images.push_back(code.image());
    Bench bench(images);
    Scheduled port({4 * toy::kNsPerStep});
    bench.timeline.set_host({.input = &port});
    EXPECT_EQ(bench.timeline.go_on({}).why, StopReason::powered_off);
    EXPECT_EQ(bench.frontier(), 4);
    EXPECT_EQ(bench.timeline.log().size(), 0);
}

TEST(Live, AFloodOfInputDoesNotKeepAStepFromEnding) {
    struct Flood : InputPort {
        std::optional<DeviceInput> next(const Machine&) override { return typed({1}); }
        void wait(std::chrono::nanoseconds) override {}
        bool interactive() const override { return false; }
    } flood;
    Bench bench(toy::busy_guest(100, false, 3));
    bench.timeline.set_host({.input = &flood, .interrupted = {}, .progress = {}, .clock = {}});
    EXPECT_EQ(bench.step().why, StopReason::done);
    EXPECT_GT(bench.timeline.log().size(), 0);
}

TEST(Live, AnEndlessRunThatForgetsItsInputsIsTheSameAndHoldsNone) {
    Bench remembers(sleeper());
    Bench forgets(sleeper(), 1, {.epoch_steps = {64}, .forgets_inputs = true});
    std::size_t most = 0;
    for (int n = 1; n <= 200; ++n) {
        for (auto* bench : {&remembers, &forgets}) {
            bench->host.arrives(typed({n}));
            EXPECT_EQ(bench->timeline.go_on({}).why, StopReason::asleep);
        }
        most = std::max(most, forgets.timeline.log().size());
    }
    EXPECT_EQ(remembers.timeline.log().size(), 200U);
    EXPECT_EQ(most, 0U);
    EXPECT_EQ(forgets.state(), remembers.state());
    EXPECT_EQ(forgets.seek(forgets.frontier()).why, StopReason::done);
    EXPECT_EQ(forgets.state(), remembers.state());
}

}  // namespace
}  // namespace backspin::replay
