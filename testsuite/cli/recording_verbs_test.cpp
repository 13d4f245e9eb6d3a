// What a user asks of a recording: verify, events, log, export, info, and the reports of what is wrong.
#include <functional>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/console_lines.hpp"
#include "cli/disassembler.hpp"
#include "cli/first_wrong_step.hpp"
#include "cli/input_gist.hpp"
#include "cli/machine_setup.hpp"
#include "cli/recorded_run.hpp"
#include "cli/save_session.hpp"
#include "cli/verification.hpp"
#include "snapshots/recording.hpp"
#include "testsuite/cli/guest_programs.hpp"
#include "testsuite/cli/program_runner.hpp"

namespace backspin::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RecordingVerbs : public ProgramTest {
  protected:
    /// A guest that echoes "ab\nq", recorded.
    void record_echo() {
        write_image(folder_ / "guest", kEchoesIdling);
        spill(folder_ / "keys", "after \">\" send \"ab\\n\"\nafter \"b\\n\" send \"q\"\n");
        ASSERT_EQ(run("record -o @echo.bsr --input @keys --console file:@console --force @guest").exit_code,
                  0);
    }

    /// A guest that spins, with epochs of 1000 steps; `change` may alter each state before it is written.
    void write_spinning(const std::function<void(SavedState&)>& change_digests,
                        const std::function<void(SavedState&)>& change_snapshots) {
        write_image(folder_ / "guest", kSpins);
        MachineChoice choice;
        choice.program = folder_ / "guest";
        auto setup = set_up(choice);
        setup.epoch_steps = {1000};
        const auto machine = build_machine(setup);
        const std::vector<snapshots::ImageSource> images{{"guest", kProgramRole, setup.images.front().bytes}};
        snapshots::RecordingWriter writer(folder_ / "spin.bsr", snapshots::Overwrite::replace,
                                          to_configuration(setup), images, machine->component_names());
        for (std::uint64_t at = 0; at <= 10'000; at += 1000) {
            machine->run({.until = {at}});
            auto state = machine->save();
            change_digests(state);
            writer.add_epoch({{}, {at}}, state);
            if (at % 2000 != 0 || at == 0) continue;
            state = machine->save();
            change_snapshots(state);
            writer.add_snapshot({{}, {at}}, state);
        }
        writer.finish({{{}, {10'000}}, machine->time(), "step limit", std::nullopt});
    }
    static void leave(SavedState&) {}
};

std::vector<nlohmann::json> lines_of(const std::string& text) {
    std::vector<nlohmann::json> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
}

// ---- verify -------------------------------------------------------------------------------------

TEST_F(RecordingVerbs, VerifyProvesAnExactReplayWithAnyNumberOfJobs) {
    write_spinning(leave, leave);
    for (const auto* jobs : {"1", "2", "7"}) {
        const auto json =
            nlohmann::json::parse(run(std::string("verify --json @spin.bsr --jobs ") + jobs).out);
        EXPECT_EQ(json["verified"], true) << json;
        EXPECT_EQ(json["steps"], 10'000);
        EXPECT_EQ(json["snapshots"], 5);
        EXPECT_TRUE(json["divergence"].is_null());
    }
    const auto one = nlohmann::json::parse(run("verify --json --jobs 1 @spin.bsr").out);
    const auto many = nlohmann::json::parse(run("verify --json --jobs 4 @spin.bsr").out);
    EXPECT_EQ(one["digests"], many["digests"]);
    EXPECT_EQ(one["jobs"], 1);
    EXPECT_EQ(many["jobs"], 4);
    EXPECT_THAT(run("verify @spin.bsr").out, HasSubstr("verified: 10000 steps"));
}

TEST_F(RecordingVerbs, VerifyNamesTheFirstEpochAndComponentWhoseDigestDiffers) {
    write_spinning(
        [](SavedState& state) {
            // The last byte of hart0, which comes after the clock.
            if (state.at >= StepCount{5000}) state.fields[state.ends[1] - 1] ^= std::byte{1};
        },
        leave);
    for (const auto* jobs : {"1", "4"}) {
        const auto outcome = run(std::string("verify @spin.bsr --jobs ") + jobs);
        EXPECT_EQ(outcome.exit_code, 120);
        EXPECT_THAT(outcome.out, HasSubstr("diverged in epoch 4 (steps 4000 to 5000): hart0 differs"));
        EXPECT_THAT(outcome.out, HasSubstr("the reference does what this replay does"));
    }
    const auto json = nlohmann::json::parse(run("verify --json @spin.bsr").out);
    EXPECT_EQ(json["verified"], false);
    EXPECT_EQ(json["divergence"]["kind"], "digests");
    EXPECT_EQ(json["divergence"]["step"], 5000);
    EXPECT_EQ(json["divergence"]["last_equal_step"], 4000);
    EXPECT_THAT(json["divergence"]["components"], ElementsAre("hart0"));
}

TEST_F(RecordingVerbs, VerifyNamesTheFieldsWhereASnapshotIsAnotherState) {
    write_spinning(leave, [](SavedState& state) {
        if (state.at != StepCount{6000}) return;
        // Among the registers of hart0.
        state.fields[state.ends[0] + 8 * 10] ^= std::byte{0x55};
    });
    for (const auto* jobs : {"1", "4"}) {
        const auto outcome = run(std::string("verify @spin.bsr --jobs ") + jobs);
        EXPECT_EQ(outcome.exit_code, 120);
        EXPECT_THAT(outcome.out, HasSubstr("(steps 5000 to 6000): the file's snapshot is another state"));
        EXPECT_THAT(outcome.out, HasSubstr("hart0"));
        EXPECT_THAT(outcome.out, HasSubstr(", replayed "));
    }
}

TEST_F(RecordingVerbs, TheFirstWrongStepIsFoundByHalving) {
    write_image(folder_ / "guest", kEchoesPolling);
    MachineChoice choice;
    choice.program = folder_ / "guest";
    const auto right = build_machine(set_up(choice));
    const auto begin = right->save();
    const auto judge = [&](const SavedState& from, StepCount to) {
        right->load(from);
        right->run({.until = to});
        return right->save();
    };
    // An engine that gets step 777 wrong: a register has another value from there on.
    constexpr StepCount kWrong{777};
    int runs = 0;
    const auto suspect = [&](StepCount to) {
        ++runs;
        auto state = judge(begin, to);
        if (to > kWrong) state.fields[state.ends[0] + 8 * 12] ^= std::byte{1};
        return state;
    };
    const auto parting = first_wrong_step(begin, {100'000}, judge, suspect);
    EXPECT_EQ(parting.before.at, kWrong);
    EXPECT_EQ(parting.judge.at, kWrong + StepCount{1});
    EXPECT_FALSE(same_state(parting.judge, parting.suspect));
    EXPECT_LE(runs, 19);
}

TEST(Disassembler, WritesWhatAnAssemblerReads) {
    EXPECT_EQ(disassemble(64, {0x8000'0000}, 0x0063'a023), "sw t1, 0(t2)");
    EXPECT_EQ(disassemble(64, {0x8000'0000}, 0xffff'4505), "c.li a0, 1");
    EXPECT_EQ(disassemble(64, {0x8000'0000}, 0xffff'ffff), ".word 0xffffffff");
    EXPECT_EQ(disassemble(32, {0x8000'0000}, 0x0000'0000), "c.unimp");
}

// ---- events, log, export ------------------------------------------------------------------------

TEST_F(RecordingVerbs, EventsListsEachInputWithItsPlaceAndGist) {
    record_echo();
    const auto events = lines_of(run("events --json --kind console @echo.bsr").out);
    ASSERT_EQ(events.size(), 4) << "the UART of this guest takes one byte at a time";
    EXPECT_EQ(events[0]["kind"], "console");
    EXPECT_EQ(events[0]["device"], "uart");
    EXPECT_EQ(events[0]["bytes"], 1);
    EXPECT_EQ(events[2]["gist"], "\"\\n\"");
    EXPECT_EQ(events[3]["gist"], "\"q\"");
    EXPECT_GT(events[1]["step"], events[0]["step"]);
    EXPECT_GT(events[3]["virtual_ns"], events[3]["step"].get<std::uint64_t>() * 10) << "the clock jumps";
    const auto last = std::to_string(events[3]["step"].get<std::uint64_t>());
    const auto count = [&](const std::string& options) {
        return lines_of(run("events --json " + options + " @echo.bsr").out).size();
    };
    EXPECT_EQ(count("--kind console --from " + last), 1);
    EXPECT_EQ(count("--kind console --to " + last), 3);
    EXPECT_EQ(count("--kind network"), 0);
    EXPECT_EQ(count(""), count("--kind console") + count("--kind idle"));
    EXPECT_TRUE(lines_of(run("events --json --no-times @echo.bsr").out)[0]["virtual_ns"].is_null());
    EXPECT_THAT(run("events @echo.bsr").out, HasSubstr("uart"));
    EXPECT_THAT(run("events --kind sand @echo.bsr").err, HasSubstr("choose one of console, network"));
    EXPECT_THAT(run("events --from never @echo.bsr").err, HasSubstr("no bookmark 'never'"));
}

TEST_F(RecordingVerbs, LogShowsEachLineWithThePlaceOfItsFirstByte) {
    record_echo();
    const auto lines = lines_of(run("log --json @echo.bsr").out);
    ASSERT_EQ(lines.size(), 2);
    EXPECT_EQ(lines[0]["text"], ">ab");
    EXPECT_EQ(lines[1]["text"], "q");
    EXPECT_LT(lines[0]["step"], 20);
    EXPECT_GT(lines[1]["step"], lines[0]["step"]);
    const auto second = lines[1]["step"].get<std::uint64_t>();
    EXPECT_EQ(lines_of(run("log --json --from " + std::to_string(second) + " @echo.bsr").out).size(), 1);
    EXPECT_EQ(lines_of(run("log --json --device virtio0-console @echo.bsr").out).size(), 0);
    EXPECT_THAT(run("log @echo.bsr").out, HasSubstr("  >ab\n"));
}

TEST_F(RecordingVerbs, LogShowsWhatWasRecordedAsAReplayWouldShowIt) {
    record_echo();
    const RecordedRun replayed(folder_ / "echo.bsr");
    Playback playback(replayed);
    std::vector<ConsoleLine> expected;
    ConsoleLines lines([&](Channel, const ConsoleLine& line) { expected.push_back(line); });
    playback.play(replayed.frontier(),
                  {.input = {},
                   .output = [&](Channel channel, std::span<const std::byte> bytes, StepCount at,
                                 VirtualTime time) { lines.add(channel, bytes, at, time); }});
    lines.end_all();
    const auto shown = lines_of(run("log --json @echo.bsr").out);
    ASSERT_EQ(shown.size(), expected.size());
    for (std::size_t i = 0; i < shown.size(); ++i) {
        EXPECT_EQ(shown[i]["step"], expected[i].at.value);
        EXPECT_EQ(shown[i]["virtual_ns"], expected[i].time.ns);
        EXPECT_EQ(shown[i]["text"], expected[i].text);
    }
    const auto count = [&](const std::string& options) {
        return lines_of(run("log --json " + options + " @echo.bsr").out).size();
    };
    const auto time = std::to_string(expected[1].time.ns) + "ns";
    EXPECT_EQ(count("--from " + time), 1U);
    EXPECT_EQ(count("--to " + time), 1U);
    EXPECT_EQ(count("--from start --to end"), 2U);
    EXPECT_THAT(run("log --from never @echo.bsr").err, HasSubstr("no bookmark 'never'"));
    EXPECT_THAT(run("log --from 99999999 @echo.bsr").err, HasSubstr("is not in this history"));
}

TEST_F(RecordingVerbs, LogOfAFileWithoutOutputReplays) {
    record_echo();
    const RecordedRun recorded(folder_ / "echo.bsr");
    const auto& setup = recorded.setup();
    const auto machine = build_machine(setup);
    {
        snapshots::RecordingWriter writer(folder_ / "silent.bsr", snapshots::Overwrite::refuse,
                                          to_configuration(setup), image_sources(setup),
                                          machine->component_names());
        for (const auto& event : recorded.log().events(Branch{})) writer.add({event.at, event.input});
        writer.finish(*recorded.reader().end());
    }
    EXPECT_EQ(run("log --json @silent.bsr").out, run("log --json @echo.bsr").out);
    EXPECT_EQ(run("export console @silent.bsr -o @silent").exit_code, 0);
    EXPECT_EQ(slurp(folder_ / "silent"), slurp(folder_ / "console"));
}

TEST(ConsoleLines, AreCutWhereAPieceBegins) {
    std::vector<ConsoleLine> got;
    ConsoleLines lines([&](Channel, const ConsoleLine& line) { got.push_back(line); });
    const std::vector<std::byte> piece(100, std::byte{'x'});
    for (std::uint64_t i = 0; i < 50; ++i) lines.add({0}, piece, {i}, {i * 10});
    lines.add({0}, std::vector<std::byte>(10'000, std::byte{'y'}), {60}, {600});
    lines.end_all();
    std::vector<std::pair<std::uint64_t, std::size_t>> shape;
    for (const auto& line : got) shape.emplace_back(line.at.value, line.text.size());
    const std::vector<std::pair<std::uint64_t, std::size_t>> expected{
        {0, 4000}, {40, 4096}, {60, 4096}, {60, 2808}};
    EXPECT_EQ(shape, expected);
}

// ---- snapshot -----------------------------------------------------------------------------------

TEST_F(RecordingVerbs, SnapshotAddsAStateThatIsThenStartedFrom) {
    record_echo();
    const auto made = run("snapshot @echo.bsr --at 50 --name ready");
    EXPECT_EQ(made.exit_code, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr("holds a snapshot at step 50 now, named ready"));
    EXPECT_EQ(run("snapshot @echo.bsr --at 1").exit_code, 0);
    EXPECT_EQ(run("snapshot @echo.bsr --at ready").exit_code, 0);
    const auto json = nlohmann::json::parse(run("info --json @echo.bsr").out);
    EXPECT_EQ(json["snapshots"].size(), 3U);
    EXPECT_TRUE(json["warning"].is_null());
    const auto verified = nlohmann::json::parse(run("verify --json --jobs 2 @echo.bsr").out);
    EXPECT_EQ(verified["verified"], true) << verified;
    EXPECT_EQ(verified["snapshots"], 2) << "of one place, one is enough";
    EXPECT_EQ(run("record -o @on.bsr --console none --max-steps 9 --from-snapshot ready @echo.bsr").exit_code,
              126);
    EXPECT_EQ(nlohmann::json::parse(run("info --json @on.bsr").out)["begin"], 50);
    EXPECT_THAT(run("snapshot @echo.bsr --at 60 --name ready").err,
                HasSubstr("has the name 'ready' already"));
    EXPECT_THAT(run("snapshot @echo.bsr --at 60 --name 9").err, HasSubstr("begins with a letter"));
    EXPECT_THAT(run("snapshot @echo.bsr").err, HasSubstr("--at PLACE is missing"));
}

TEST_F(RecordingVerbs, SnapshotOfAReplayThatDepartsIsRefused) {
    write_spinning([](SavedState& state) { state.fields[state.ends[1] - 1] ^= std::byte{1}; }, leave);
    const auto before = slurp(folder_ / "spin.bsr");
    EXPECT_THAT(run("snapshot @spin.bsr --at 2000").err, HasSubstr("as it was recorded"));
    EXPECT_EQ(slurp(folder_ / "spin.bsr"), before);
}

TEST_F(RecordingVerbs, ExportWritesTheConsoleByteByByteAndRefusesWhatIsThere) {
    record_echo();
    EXPECT_EQ(run("export console @echo.bsr -o @text").exit_code, 0);
    EXPECT_EQ(slurp(folder_ / "text"), slurp(folder_ / "console"));
    EXPECT_THAT(run("export console @echo.bsr -o @text").err, HasSubstr("--force"));
    EXPECT_THAT(run("export console --force @echo.bsr -o @echo.bsr").err, HasSubstr("the recording itself"));
    EXPECT_EQ(run("export pcap @echo.bsr -o @packets").exit_code, 0);
    EXPECT_EQ(slurp(folder_ / "packets").size(), 24) << "a header, and no packet";
    EXPECT_THAT(run("export tea @echo.bsr -o @pot").err, HasSubstr("choose console, pcap or wav"));
    EXPECT_THAT(run("export wav @echo.bsr -o @pot").err, HasSubstr("no sound card"));
    EXPECT_THAT(run("export console @echo.bsr").err, HasSubstr("-o OUT is missing"));
    EXPECT_THAT(run("export console").err, HasSubstr("FILE is missing"));
}

// ---- gists --------------------------------------------------------------------------------------

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
    std::vector<std::byte> bytes;
    for (const auto value : values) bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

TEST(InputGist, OfFramesNamesProtocolAddressesAndPorts) {
    auto frame = bytes_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0,    0x12, 0x34, 0x56, 8,    6,
                           0,    1,    8,    0,    6,    4,    0,    1,    0x52, 0x54, 0,    0x12, 0x34, 0x56,
                           10,   0,    2,    15,   0,    0,    0,    0,    0,    0,    10,   0,    2,    2});
    EXPECT_EQ(describe_frame(frame), "ARP who has 10.0.2.2, says 10.0.2.15");
    frame = bytes_of({1,    2,    3, 4, 5,  6, 7, 8, 9,  10, 11,   12,   8,  0, 0x45, 0,  0, 40,
                      0,    0,    0, 0, 64, 6, 0, 0, 10, 0,  2,    2,    10, 0, 2,    15, 0, 80,
                      0x9c, 0x40, 0, 0, 0,  0, 0, 0, 0,  0,  0x50, 0x12, 0,  0, 0,    0,  0, 0});
    EXPECT_EQ(describe_frame(frame), "IPv4 10.0.2.2:80 > 10.0.2.15:40000 TCP SYN,ACK");
    for (std::size_t length = 0; length < frame.size(); ++length)
        EXPECT_NE(describe_frame(std::span(frame).first(length)), "") << length;
    frame[23] = std::byte{17};
    EXPECT_EQ(describe_frame(frame), "IPv4 10.0.2.2:80 > 10.0.2.15:40000 UDP");
    frame[14] = std::byte{0x4f};  // a header longer than the frame has
    EXPECT_EQ(describe_frame(frame), "IPv4 10.0.2.2 > 10.0.2.15 UDP");
    EXPECT_EQ(describe_frame({}), "a frame cut short");
}

TEST(InputGist, IsPrintableAndBounded) {
    const MachineSetup setup;
    const auto of = [&](Input input) { return summarize(input, setup); };
    const DeviceInput typed{emu::kConsoleChannel, bytes_of({27, '[', 'A', '\n', '"', 0xff})};
    EXPECT_EQ(of(typed).gist, R"("\x1b[A\n\"\xff")");
    EXPECT_LE(of(DeviceInput{emu::kConsoleChannel, std::vector<std::byte>(100'000)}).gist.size(), 200);
    EXPECT_EQ(of(DeviceInput{emu::kRtcChannel, bytes_of({0, 0, 0, 0, 0, 0, 0, 0})}).gist,
              "1970-01-01 00:00:00.000000000 UTC");
    EXPECT_EQ(of(DeviceInput{{999}, bytes_of({1})}).kind, "other");
    EXPECT_EQ(of(IdleWarp{{12'000'000}}).gist, "the host waited 12.000 ms");
    EXPECT_EQ(of(MemoryWrite{{1}, {0x8000'0000}, bytes_of({1, 2})}).gist, "memory at 0x80000000: 0102");
    EXPECT_EQ(of(RegisterWrite{{0}, {10}, 7}).kind, "write");
}

// ---- a session that is saved afterwards -----------------------------------------------------------

TEST_F(RecordingVerbs, ASessionSavedAfterTheFactVerifies) {
    write_image(folder_ / "guest", kEchoesPolling);
    MachineChoice choice;
    choice.program = folder_ / "guest";
    auto setup = set_up(choice);
    setup.epoch_steps = {1000};
    const auto machine = build_machine(setup);
    replay::Timeline timeline(*machine, {.epoch_steps = setup.epoch_steps});
    timeline.go_on({}, {.limit = {12'345}});
    ASSERT_FALSE(timeline.write(RegisterWrite{{0}, {12}, 99}));
    timeline.go_on({}, {.limit = {70'000}});
    timeline.seek({{}, {500}});
    save_session(folder_ / "saved.bsr", setup, *machine, timeline, {{"here", {{}, {500}}}});
    EXPECT_EQ(timeline.position().step.value, 500);
    const auto json = nlohmann::json::parse(run("verify --json @saved.bsr").out);
    EXPECT_EQ(json["verified"], true) << json;
    EXPECT_EQ(json["steps"], 70'000);
    EXPECT_EQ(json["inputs"], 1);
    EXPECT_GT(json["digests"], 10);
    EXPECT_GT(json["snapshots"], 10);
    EXPECT_EQ(lines_of(run("events --json --from here @saved.bsr").out).size(), 1);
    EXPECT_THAT(run("info @saved.bsr").out, HasSubstr("here at step 500"));
    EXPECT_THROW(save_session(folder_ / "saved.bsr", setup, *machine, timeline, {}), std::runtime_error);
}

}  // namespace
}  // namespace backspin::cli
