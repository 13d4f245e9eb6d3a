// The thread that a user looks at, read from what GDB sends. The conversations are those of GDB 13 and 16, on
// three threads.
#include "gdbstub/user_thread.hpp"

#include <gtest/gtest.h>

namespace backspin::gdbstub::testing {
namespace {

constexpr ThreadId kOne{1}, kTwo{2}, kThree{3};

class UserThreads : public ::testing::Test {
  protected:
    void alive(ThreadId thread) { user.asked_if_alive(thread, 3); }
    /// A stop that the user is shown.
    void shown(ThreadId thread) {
        user.stopped(thread);
        user.threads_listed();
    }

    UserThread user{kOne};
};

TEST_F(UserThreads, IsThatOfTheStopThatIsShown) {
    EXPECT_EQ(user.value(), kOne);
    shown(kTwo);
    EXPECT_EQ(user.value(), kTwo);
}

TEST_F(UserThreads, StaysThroughStopsThatTheClientJudgesByItself) {
    shown(kTwo);
    user.stopped(kOne);
    user.selected(kOne);
    EXPECT_EQ(user.value(), kTwo) << "the one that is being stepped";
    user.stopped(kThree);
    user.threads_listed();
    EXPECT_EQ(user.value(), kThree);
}

TEST_F(UserThreads, IsSelectedByHgBehindAStop) {
    shown(kTwo);
    user.selected(kThree);
    EXPECT_EQ(user.value(), kThree);
}

TEST_F(UserThreads, IsLeftAloneByInfoThreads) {
    shown(kTwo);
    user.threads_listed();
    user.selected(kOne);
    user.selected(kThree);
    EXPECT_EQ(user.value(), kTwo);
}

TEST_F(UserThreads, IsSelectedByTheThreadCommandAtAnyTime) {
    shown(kTwo);
    alive(kOne);
    EXPECT_EQ(user.value(), kOne);
    user.threads_listed();
    user.selected(kThree);
    EXPECT_EQ(user.value(), kOne);
    alive(kThree);
    user.selected(kThree);
    EXPECT_EQ(user.value(), kThree);
    alive(kOne);
    EXPECT_EQ(user.value(), kOne) << "known to the client: no Hg";
}

TEST_F(UserThreads, IsLeftAloneByThreadApplyAll) {
    shown(kTwo);
    user.threads_listed();
    for (const auto thread : {kThree, kTwo, kOne}) {
        alive(thread);
        user.selected(thread);
    }
    EXPECT_EQ(user.value(), kTwo);
    user.threads_listed();
    for (const auto thread : {kOne, kTwo, kThree}) alive(thread);
    EXPECT_EQ(user.value(), kTwo) << "thread apply all -ascending";
    alive(kThree);
    EXPECT_EQ(user.value(), kThree);
}

TEST_F(UserThreads, OfAClientThatListsNoneIsTheLastNamed) {
    user.stopped(kTwo);
    EXPECT_EQ(user.value(), kTwo);
    user.selected(kThree);
    EXPECT_EQ(user.value(), kThree);
    user.stopped(kOne);
    EXPECT_EQ(user.value(), kOne);
}

TEST(UserThread, OfOneIsThatOne) {
    UserThread user(kOne);
    user.threads_listed();
    user.asked_if_alive(kOne, 1);
    EXPECT_EQ(user.value(), kOne);
}

}  // namespace
}  // namespace backspin::gdbstub::testing
