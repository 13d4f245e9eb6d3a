// Runs that begin at a place of a recording: what the new file holds, what stands outside the machine, and
// what is refused.
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/run_beginning.hpp"
#include "cli/start_error.hpp"
#include "snapshots/recording.hpp"
#include "testsuite/cli/guest_programs.hpp"
#include "testsuite/cli/program_runner.hpp"

namespace backspin::cli {
namespace {

using ::testing::HasSubstr;

class RunBeginningTest : public ProgramTest {
  protected:
    /// A guest that echoes "abc\n" and a q, recorded.
    void record_echo() {
        write_image(folder_ / "guest", kEchoesIdling);
        spill(folder_ / "keys", "after \">\" send \"abc\\n\"\nafter \"c\\n\" send \"q\"\n");
        ASSERT_EQ(run("record -o @old.bsr --input @keys --console none @guest").exit_code, 0);
    }
    /// Where it took the input with this number.
    std::string place_of_input(std::size_t number) const {
        const snapshots::RecordingReader reader(folder_ / "old.bsr");
        std::vector<StepCount> typed;
        reader.for_each_event([&](const snapshots::RecordedEvent& event) {
            if (std::holds_alternative<DeviceInput>(event.input)) typed.push_back(event.at.step);
        });
        return std::to_string(typed.at(number).value);
    }
    std::string info(const std::string& file) { return run("info --json @" + file).out; }
};

std::map<std::string, std::uint64_t> last_digests(const std::string& path) {
    std::map<std::string, std::uint64_t> digests;
    const snapshots::RecordingReader reader(path);
    reader.for_each_digest(
        [&](const snapshots::RecordedDigest& each) { digests[each.component] = each.value; });
    return digests;
}

TEST_F(RunBeginningTest, ANewRecordingGoesOnFromAPlaceInAnOldOneByItself) {
    record_echo();
    const auto place = place_of_input(2);
    spill(folder_ / "first", "at 1s send \"x\"\nafter \"x\" send \"yq\"\n");
    const auto made =
        run("record -o @new.bsr --input @first --console file:@shown --from-snapshot " + place + " @old.bsr");
    ASSERT_EQ(made.exit_code, 0) << made.err;
    EXPECT_EQ(slurp(folder_ / "shown"), "xyq") << "what was printed before is not printed again";
    // It needs neither the old recording nor the guest.
    std::filesystem::remove(folder_ / "old.bsr");
    std::filesystem::remove(folder_ / "guest");
    const auto json = nlohmann::json::parse(info("new.bsr"));
    EXPECT_EQ(std::to_string(json["begin"].get<std::uint64_t>()), place);
    EXPECT_EQ(json["end"]["exit_code"], 0);
    EXPECT_EQ(run("verify @new.bsr").exit_code, 0);
    const auto replayed = run("replay --console stdio @new.bsr");
    EXPECT_EQ(replayed.exit_code, 0) << replayed.err;
    EXPECT_EQ(replayed.out, "xyq");
}

TEST_F(RunBeginningTest, WithTheSameInputTheNewRunComesToTheSameState) {
    write_image(folder_ / "guest", kEchoesIdling);
    ASSERT_EQ(run("record -o @old.bsr --console none --max-steps 10000 @guest").exit_code, 126);
    ASSERT_EQ(
        run("record -o @new.bsr --console none --max-steps 6000 --from-snapshot 4000 @old.bsr").exit_code,
        126);
    EXPECT_EQ(nlohmann::json::parse(info("new.bsr"))["steps"], 10'000);
    const auto expected = last_digests(folder_ / "old.bsr");
    EXPECT_GT(expected.size(), 5U);
    EXPECT_EQ(last_digests(folder_ / "new.bsr"), expected);
}

TEST_F(RunBeginningTest, TheStartKeepsTheNameOfItsPlaceAndCanBeStartedFromAgain) {
    write_image(folder_ / "guest", kSpins);
    {
        MachineChoice choice;
        choice.program = folder_ / "guest";
        const auto beginning = begin_at_power_on(choice);
        snapshots::RecordingWriter writer(folder_ / "old.bsr", snapshots::Overwrite::refuse,
                                          to_configuration(beginning.setup), image_sources(beginning.setup),
                                          beginning.machine->component_names());
        beginning.machine->run({.until = {3000}});
        writer.add_snapshot({{}, {3000}}, beginning.machine->save(), "ready");
        writer.finish({{{}, {3000}}, beginning.machine->time(), "ended", std::nullopt});
    }
    ASSERT_EQ(run("record -o @new.bsr --max-steps 500 --from-snapshot ready @old.bsr").exit_code, 126);
    ASSERT_EQ(run("record -o @newer.bsr --max-steps 70 --from-snapshot ready @new.bsr").exit_code, 126);
    const auto json = nlohmann::json::parse(info("newer.bsr"));
    EXPECT_EQ(json["begin"], 3000);
    EXPECT_EQ(json["steps"], 3070);
    EXPECT_EQ(json["snapshots"][0]["name"], "ready");
    EXPECT_THAT(run("info @newer.bsr").out, HasSubstr("ready at step 3000"));
    EXPECT_EQ(run("verify @newer.bsr").exit_code, 0);
}

TEST_F(RunBeginningTest, OutsideIsWhatTheOptionsOfThisRunSay) {
    write_image(folder_ / "guest", kSpins);
    ASSERT_EQ(run("record -o @old.bsr --console none --max-steps 100 --rng host --net none --net none "
                  "--virtio-console none --virtio-console none --sound none --keyboard @guest")
                  .exit_code,
              126);
    const auto given = [](const std::string& line) {
        std::istringstream words(line + " --from-snapshot end old.bsr");
        std::vector<std::string> arguments{"run"};
        for (std::string word; words >> word;) arguments.push_back(word);
        return std::get<RunCommand>(parse_command_line(arguments)).machine;
    };
    const auto devices = [&](const std::string& line) {
        return begin_in_recording({folder_ / "old.bsr", HistoryEnd::end}, given(line)).devices;
    };
    const OutsideChoice nothing{}, silent = VirtioConsole{NoConsole{}};
    using Devices = std::vector<OutsideChoice>;
    EXPECT_EQ(devices(""), (Devices{nothing, nothing, silent, silent, HostEntropy{}, WavSound{}, nothing}));
    EXPECT_EQ(devices("--rng host --net user --keyboard --virtio-console file:x --sound out=y.wav"),
              (Devices{UserNetwork{}, nothing, VirtioConsole{FileConsole{"x"}}, silent, HostEntropy{},
                       WavSound{"y.wav", {}}, nothing}));
    for (const auto* line : {"--pointer", "--net none --net none --net none", "--drive file=x"})
        EXPECT_THROW(devices(line), StartError) << line;
    EXPECT_THAT(run("run --from-snapshot end @old.bsr --pointer").err,
                HasSubstr("nothing to connect --pointer to"));
}

TEST_F(RunBeginningTest, WhatContradictsTheRecordingIsRefused) {
    record_echo();
    const std::pair<const char*, const char*> cases[] = {
        {"--ram 1M", "--ram and --from-snapshot: the machine comes from the recording"},
        {"--no-reboot", "--no-reboot and --from-snapshot"},
        {"--seed 5", "--seed and --from-snapshot"},
        {"--drive file=x,readonly", "'readonly' comes from the recording"},
        {"--drive file=x,id=A", "the id comes from the recording"},
        {"--net none,mac=52:54:00:00:00:01", "the address comes from the recording"},
        {"--share .", "answers no semihosting calls"},
        {"--force --save @old.bsr", "is read and would be overwritten"},
        {"--max-steps 5 --keep 5s", "add --save FILE"},
    };
    for (const auto& [options, why] : cases) {
        const auto refused = run(std::string("run --from-snapshot 20 @old.bsr ") + options);
        EXPECT_THAT(refused.err, HasSubstr(why)) << options;
        EXPECT_GE(refused.exit_code, 122);
    }
    EXPECT_THAT(run("run --from-snapshot nowhere @old.bsr").err, HasSubstr("no bookmark 'nowhere'"));
    EXPECT_THAT(run("run --from-snapshot 99999999999 @old.bsr").err, HasSubstr("is not in this history"));
    EXPECT_THAT(run("run --from-snapshot 5").err, HasSubstr("give the recording"));
    EXPECT_THAT(run("run --from-snapshot 5 @guest").err, HasSubstr("not a Backspin recording"));
    EXPECT_THAT(run("run --from-snapshot ?! @old.bsr").err, HasSubstr("is no place in time"));
}

}  // namespace
}  // namespace backspin::cli
