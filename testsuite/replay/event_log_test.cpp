#include "replay/event_log.hpp"

#include <gtest/gtest.h>

namespace backspin::replay {
namespace {

Event key(std::uint32_t branch, std::uint64_t step) {
    return {{{branch}, {step}}, DeviceInput{{0}, {static_cast<std::byte>(step)}}};
}

TEST(EventLog, FindsTheNextAtOrAfterAStepOfItsBranch) {
    EventLog log;
    for (const std::uint64_t step : {0, 3, 4, 10}) log.append(key(0, step));
    log.append(key(2, 7));
    EXPECT_EQ(log.next({0}, {0})->at.step.value, 0);
    EXPECT_EQ(log.next({0}, {1})->at.step.value, 3);
    EXPECT_EQ(log.next({0}, {4})->at.step.value, 4);
    EXPECT_EQ(log.next({0}, {5})->at.step.value, 10);
    EXPECT_EQ(log.next({0}, {11}), nullptr);
    EXPECT_EQ(log.next({1}, {0}), nullptr);
    EXPECT_EQ(log.next({2}, {0})->at.step.value, 7);
    EXPECT_EQ(log.size(), 5);
    EXPECT_EQ(log.events({0}).size(), 4);
}

TEST(EventLog, GrowsAtTheEndOfEachBranchOnly) {
    EventLog log;
    log.append(key(0, 10));
    EXPECT_THROW(log.append(key(0, 10)), BadLog) << "an input is a step of its own";
    EXPECT_THROW(log.append(key(0, 9)), BadLog);
    EXPECT_NO_THROW(log.append(key(1, 2)));
    EXPECT_NO_THROW(log.append(key(0, 11)));
    EXPECT_THROW(log.append({{{0}, kEndOfTime}, IdleWarp{}}), BadLog);
    EXPECT_EQ(log.size(), 3);
}

TEST(EventLog, TakesNoInputThatIsTooLarge) {
    EventLog log;
    log.append({{{0}, {1}}, DeviceInput{{0}, std::vector<std::byte>(kMaxInputBytes)}});
    EXPECT_THROW(log.append({{{0}, {2}}, DeviceInput{{0}, std::vector<std::byte>(kMaxInputBytes + 1)}}),
                 BadLog);
    EXPECT_THROW(log.append({{{0}, {2}}, MemoryWrite{{0}, {0}, std::vector<std::byte>(kMaxInputBytes + 1)}}),
                 BadLog);
}

}  // namespace
}  // namespace backspin::replay
