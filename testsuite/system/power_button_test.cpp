// The power button under a debugger: that the machine is off is told once, as if the guest had done it.
#include <gtest/gtest.h>

#include "emu/riscv_machine.hpp"
#include "replay/timeline.hpp"
#include "testsuite/system/firmware_machine.hpp"

namespace backspin {
namespace {

using replay::StopReason;
using replay::Timeline;

const DeviceInput kPush{emu::kPowerChannel, {static_cast<std::byte>(emu::PowerButton::power)}};

TEST(PowerButton, IsToldOnceAndThenIsTheEndOfHistory) {
    const auto machine = testing::machine_with("ticker");
    Timeline timeline(*machine, {});
    timeline.go_on({}, {.limit = StepCount{1000}});
    ASSERT_FALSE(timeline.write(kPush));
    const auto off = timeline.go_on({});
    EXPECT_EQ(off.why, StopReason::powered_off);
    EXPECT_EQ(off.at.step, StepCount{1001});
    EXPECT_EQ(timeline.go_on({}).why, StopReason::history_end);
    ASSERT_EQ(timeline.seek({{}, StepCount{500}}).why, StopReason::done);
    EXPECT_EQ(timeline.go_on({}).why, StopReason::history_end);
    EXPECT_EQ(timeline.position().step, StepCount{1001});
    EXPECT_EQ(timeline.go_on({}).why, StopReason::history_end);
}

TEST(PowerButton, IsToldByAStepToo) {
    const auto machine = testing::machine_with("ticker");
    Timeline timeline(*machine, {});
    timeline.go_on({}, {.limit = StepCount{1000}});
    ASSERT_FALSE(timeline.write(kPush));
    EXPECT_EQ(timeline.step(HartId{0}, {}).why, StopReason::powered_off);
    EXPECT_EQ(timeline.step(HartId{0}, {}).why, StopReason::history_end);
}

TEST(PowerButton, AWriteThatLeavesTheMachineOnTellsNothing) {
    const auto machine = testing::machine_with("ticker");
    Timeline timeline(*machine, {});
    timeline.go_on({}, {.limit = StepCount{1000}});
    ASSERT_FALSE(timeline.write(RegisterWrite{HartId{0}, RegisterId{31}, 7}));
    EXPECT_EQ(timeline.go_on({}, {.limit = StepCount{2000}}).why, StopReason::limit);
}

}  // namespace
}  // namespace backspin
