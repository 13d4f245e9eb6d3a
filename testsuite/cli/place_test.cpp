// Places in time: every way to name one, and what each means in a history.
#include "cli/place.hpp"

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/machine_setup.hpp"
#include "cli/start_error.hpp"
#include "testsuite/cli/guest_programs.hpp"
#include "testsuite/cli/temporary_folder.hpp"

namespace backspin::cli {
namespace {

using ::testing::HasSubstr;

TEST(Place, IsAStepAnEndATimeABookmarkOrALine) {
    EXPECT_EQ(parse_place("1048576"), Place(StepCount{1048576}));
    EXPECT_EQ(parse_place("0x10"), Place(StepCount{16}));
    EXPECT_EQ(parse_place("start"), Place(HistoryEnd::start));
    EXPECT_EQ(parse_place("end"), Place(HistoryEnd::end));
    EXPECT_EQ(parse_place("1.5s"), Place(VirtualTime{1'500'000'000}));
    EXPECT_EQ(parse_place("20ms"), Place(VirtualTime{20'000'000}));
    EXPECT_EQ(parse_place("before-crash_2.a"), Place(BookmarkName{"before-crash_2.a"}));
    EXPECT_EQ(parse_place("line:Kernel panic: x"), Place(ConsoleText{"Kernel panic: x"}));
}

TEST(Place, OfAnotherKindIsNone) {
    for (const auto* text :
         {"", "-1", "1.5", "1.5parsecs", "a b", "a\n", "\x1b[31m", "7up", "+3", "ä", "line:"})
        EXPECT_EQ(parse_place(text), std::nullopt) << text;
    EXPECT_EQ(parse_place(std::string(256, 'a')), std::nullopt);
    EXPECT_TRUE(is_bookmark_name(std::string(255, 'a')));
    EXPECT_FALSE(is_bookmark_name("start"));
    EXPECT_FALSE(is_bookmark_name("end"));
}

/// A guest that sleeps until a timer every 10 us: its clock jumps.
class PlaceInHistory : public ::testing::Test {
  protected:
    PlaceInHistory() {
        write_image(folder_ / "guest", kEchoesIdling);
        MachineChoice choice;
        choice.program = folder_ / "guest";
        machine_ = build_machine(set_up(choice));
        timeline_ = std::make_unique<replay::Timeline>(
            *machine_, replay::TimelineOptions{.epoch_steps = {1000}, .listener = nullptr});
        timeline_->go_on({}, {.limit = {50'000}});
    }
    std::uint64_t resolved(std::string_view text) {
        return resolve(parse_place(text).value(), *timeline_, *machine_, {{"here", {77}}, {"far", {99'999}}})
            .value;
    }
    std::string refusal(std::string_view text) {
        try {
            return "resolved to " + std::to_string(resolved(text));
        } catch (const StartError& error) {
            return error.what();
        }
    }

    TemporaryFolder folder_;
    std::unique_ptr<emu::RiscvMachine> machine_;
    std::unique_ptr<replay::Timeline> timeline_;
};

TEST_F(PlaceInHistory, IsOnePosition) {
    EXPECT_EQ(resolved("123"), 123);
    EXPECT_EQ(resolved("start"), 0);
    EXPECT_EQ(resolved("end"), 50'000);
    EXPECT_EQ(resolved("here"), 77);
}

TEST_F(PlaceInHistory, OfATimeIsTheFirstPositionThatShowsIt) {
    timeline_->seek({{}, {0}});
    EXPECT_EQ(resolved("0s"), 0);
    EXPECT_EQ(resolved("10ns"), 1);
    EXPECT_EQ(resolved("11ns"), 2);
    const auto last = [&] { return timeline_->seek(timeline_->frontier()), machine_->time(); }();
    EXPECT_GT(last.ns, 2 * 50'000 * 10) << "the clock must have jumped for this to test anything";
    for (const auto ns : {last.ns / 7, last.ns / 2, last.ns - 1, last.ns}) {
        const StepCount at{resolved(std::to_string(ns) + "ns")};
        timeline_->seek({{}, at});
        EXPECT_GE(machine_->time().ns, ns);
        timeline_->seek({{}, {at.value - 1}});
        EXPECT_LT(machine_->time().ns, ns);
    }
}

TEST_F(PlaceInHistory, OutsideItIsRefusedWithWhatThereIs) {
    EXPECT_THAT(refusal("50001"), HasSubstr("goes from step 0 to step 50000"));
    EXPECT_THAT(refusal("1000s"), HasSubstr("it ends at"));
    EXPECT_THAT(refusal("nowhere"), HasSubstr("there are: far, here"));
    EXPECT_THAT(refusal("far"), HasSubstr("step 99999 is not in this history"));
}

}  // namespace
}  // namespace backspin::cli
