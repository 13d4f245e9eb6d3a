// The program as its user sees it: arguments in; exit code, files and lines on stderr out.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/machine_setup.hpp"
#include "cli/options/help.hpp"
#include "snapshots/recording.hpp"
#include "testsuite/cli/guest_programs.hpp"
#include "testsuite/cli/program_runner.hpp"

namespace backspin::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Program : public ProgramTest {
  protected:
    /// Runs quietly with its console in @console.
    Outcome quiet(const std::string& line) { return run(line + " --force --console file:@console"); }
    std::string console() const { return slurp(folder_ / "console"); }
    void image(const std::string& name, const Code& code) { write_image(folder_ / name, code); }
    void file(const std::string& name, std::string_view content) { spill(folder_ / name, content); }
    bool exists(const std::string& name) const { return std::filesystem::exists(folder_ / name); }

    /// Where and when the inputs of a recording were taken.
    std::vector<snapshots::RecordedEvent> inputs_of(const std::string& name) {
        std::vector<snapshots::RecordedEvent> events;
        snapshots::RecordingReader(folder_ / name).for_each_event([&](const auto& event) {
            events.push_back(event);
        });
        return events;
    }
};

void expect_one_line(const Outcome& outcome) {
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    EXPECT_TRUE(outcome.err.starts_with("backspin: ")) << outcome.err;
}

// ---- exit codes ---------------------------------------------------------------------------------

TEST_F(Program, ExitsWithTheGuestsCode) {
    for (const std::uint32_t code : {0U, 1U, 70U, 119U}) {
        image("guest", ends_with(code));
        const auto outcome = quiet("run @guest");
        EXPECT_EQ(outcome.exit_code, static_cast<int>(code));
        EXPECT_THAT(outcome.err, IsEmpty());
    }
}

TEST_F(Program, BoundsTheGuestsCodeAndSaysSo) {
    image("guest", ends_with(300));
    const auto outcome = quiet("run @guest");
    EXPECT_EQ(outcome.exit_code, 119);
    EXPECT_EQ(outcome.err, "backspin: the guest's exit code is 300, told as 119\n");
}

TEST_F(Program, AsleepForEverIsAnEndOfItsOwn) {
    image("guest", kSleeps);
    file("keys", "# one\nafter \"never shown\" send \"x\"\n");
    const auto outcome = quiet("run --input @keys @guest");
    EXPECT_EQ(outcome.exit_code, 121);
    EXPECT_THAT(outcome.err, HasSubstr("line 2 of the input script was not reached"));
    expect_one_line(outcome);
}

TEST_F(Program, ExitsWithTheCodeOfASemihostingProgram) {
    for (const std::uint32_t code : {0U, 1U, 70U, 119U}) {
        image("guest", exits_with(code));
        EXPECT_EQ(quiet("run --semihosting @guest").exit_code, static_cast<int>(code));
    }
    image("guest", exits_with(5));
    EXPECT_EQ(quiet("run --max-steps 1000 @guest").exit_code, 126) << "without the option it is a breakpoint";
}

TEST_F(Program, StopsAtTheStepLimit) {
    image("guest", kSpins);
    const auto outcome = quiet("run --max-steps 12345 @guest");
    EXPECT_EQ(outcome.exit_code, 126);
    EXPECT_THAT(outcome.err, HasSubstr("step 12345"));
}

TEST_F(Program, StopsAtTheTimeOut) {
    image("guest", kSpins);
    EXPECT_EQ(quiet("run --timeout 0.05 @guest").exit_code, 124);
}

TEST_F(Program, IsInterruptedBySignals) {
    image("guest", kEchoesPolling);
    for (const int signal : {SIGINT, SIGTERM}) {
        std::filesystem::remove(folder_ / "console");
        // The guest's prompt shows that the program is under way, and takes signals.
        std::jthread sender([&](const std::stop_token& stop) {
            while (console().empty() && !stop.stop_requested())
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            if (!stop.stop_requested()) ::kill(::getpid(), signal);
        });
        EXPECT_EQ(quiet("run @guest").exit_code, 123);
    }
}

// ---- bad input: 125, one line, nothing overwritten ----------------------------------------------

TEST_F(Program, SaysWhatIsWrongWithItsFiles) {
    image("guest", ends_with(0));
    file("elf",
         "\x7f"
         "ELF"
         "and then nothing");
    file("keys", "type \"x\"\n");
    file("precious", "do not touch");
    const std::vector<std::pair<std::string, std::string>> cases{
        {"run @missing", "missing: cannot open this image: No such file"},
        {"run @", "is not a plain file"},
        {"run @elf", "elf: "},
        {"run --bios @missing @guest", "missing: cannot open this firmware"},
        {"run --input @missing @guest", "missing: cannot open this input script"},
        {"run --input @keys @guest", "keys:1: 'type' is not known"},
        {"run --save @precious @guest", "precious: exists already"},
        {"run --console file:@precious @guest", "precious: exists already"},
        {"record -o @no/such/folder @guest", "cannot be created"},
        {"record --force -o @guest @guest", "guest: is read and would be overwritten"},
        {"run --force --console file:@guest @guest", "guest: is read and would be overwritten"},
        {"replay @missing", "missing: cannot be opened: No such file"},
        {"replay @precious", "precious: is not a Backspin recording"},
        {"info @precious", "precious: is not a Backspin recording"},
        {"repair @precious", "precious: is not a Backspin recording"},
    };
    for (const auto& [line, expected] : cases) {
        const auto outcome = run(line);
        EXPECT_EQ(outcome.exit_code, 125) << line;
        EXPECT_THAT(outcome.err, HasSubstr(expected)) << line;
        expect_one_line(outcome);
    }
    EXPECT_EQ(slurp(folder_ / "precious"), "do not touch");
    EXPECT_EQ(slurp(folder_ / "guest").size(), ends_with(0).size() * 4);
}

TEST_F(Program, SaysWhatIsWrongWithItsCommandLine) {
    const auto outcome = run("run --ram 0 @guest");
    EXPECT_EQ(outcome.exit_code, 122);
    EXPECT_THAT(outcome.err, HasSubstr("--ram 0: give a multiple of 4K"));
    expect_one_line(outcome);
}

TEST_F(Program, PrintsHelpAndVersion) {
    EXPECT_EQ(run("--version").out, version_text());
    EXPECT_THAT(run("run --help").out, HasSubstr("--console"));
    EXPECT_EQ(run("--help").exit_code, 0);
}

// ---- input scripts ------------------------------------------------------------------------------

TEST_F(Program, ScriptsComeAtTheSamePositionsInEveryRun) {
    file("keys",
         "after \">\" send \"hello\"\nat 1ms send \"1\"\nafter \"1\" send \"and more than the device has "
         "room for at once\"\n"
         "after \"at once\" send \"x\"\nat 2500us send \"q\"\n");
    for (const auto* guest : {&kEchoesPolling, &kEchoesIdling}) {
        image("guest", *guest);
        ASSERT_EQ(quiet("record -o @first.bsr --input @keys @guest").exit_code, 0);
        EXPECT_EQ(console(), ">hello1and more than the device has room for at oncexq");
        const auto first = inputs_of("first.bsr");
        EXPECT_GE(first.size(), 5U);
        for (int n = 0; n < 5; ++n) {
            ASSERT_EQ(quiet("record -o @again.bsr --input @keys @guest").exit_code, 0);
            EXPECT_EQ(inputs_of("again.bsr"), first);
        }
        EXPECT_EQ(run("replay --console none @first.bsr").exit_code, 0);
    }
}

TEST_F(Program, AScriptsTimesAreMetExactly) {
    file("keys", "at 12345ns send \"a\"\nat 777770ns send \"q\"\n");
    image("guest", kEchoesPolling);  // never idle: 10 ns a step, so the first step whose time is not before
    ASSERT_EQ(quiet("record -o @run.bsr --input @keys @guest").exit_code, 0);
    const auto polling = inputs_of("run.bsr");
    ASSERT_EQ(polling.size(), 2U);
    EXPECT_EQ(polling[0].at.step, StepCount{1235});
    EXPECT_EQ(polling[1].at.step, StepCount{77777});

    image("guest", kEchoesIdling);  // idle most of the time: the clock is moved up to the time by a warp
    ASSERT_EQ(quiet("record -o @run.bsr --input @keys @guest").exit_code, 0);
    const auto idling = inputs_of("run.bsr");
    ASSERT_EQ(idling.size(), 4U);
    EXPECT_TRUE(std::holds_alternative<IdleWarp>(idling[0].input));
    EXPECT_EQ(idling[1].at.step, idling[0].at.step + StepCount{1});
    EXPECT_TRUE(std::holds_alternative<IdleWarp>(idling[2].input));
    EXPECT_EQ(run("replay --console none @run.bsr").exit_code, 0);
}

TEST_F(Program, AScriptsTimeWakesAGuestThatWaitsForInputAlone) {
    // Asleep: no timer is armed. The keys arrive all the same, and then nothing more is to come.
    image("guest", kSleeps);
    file("keys", "at 3s send \"a\"\n");
    ASSERT_EQ(quiet("record -o @run.bsr --input @keys @guest").exit_code, 121);
    const auto inputs = inputs_of("run.bsr");
    ASSERT_EQ(inputs.size(), 2U);
    EXPECT_EQ(std::get<DeviceInput>(inputs[1].input).bytes.size(), 1U);
    EXPECT_EQ(snapshots::RecordingReader(folder_ / "run.bsr").end()->time.ns / 1'000'000'000, 3U);
}

// ---- recordings ---------------------------------------------------------------------------------

TEST_F(Program, ReplaysWhatItRecorded) {
    image("guest", kEchoesPolling);
    file("keys", "after \">\" send \"hello\"\nafter \"hello\" send \"q\"\n");
    ASSERT_EQ(quiet("record -o @run.bsr --input @keys @guest").exit_code, 0);
    EXPECT_EQ(console(), ">helloq");
    EXPECT_FALSE(exists("run.bsr-wal"));

    const auto outcome = run("replay --console file:@again @run.bsr");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("digests are equal"));
    expect_one_line(outcome);
    EXPECT_EQ(slurp(folder_ / "again"), ">helloq");
}

/// Each reading of the host's clock is in the recording; a replay, at another time, gives the same.
TEST_F(Program, ReplaysTheHostsClock) {
    Code guest{0x001012b7, 0x0002a503, 0x0042a583};       // lui t0, 0x101; lw a0, 0(t0); lw a1, 4(t0)
    guest.insert(guest.end(), {0x0002a603, 0x0042a683});  // lw a2, 0(t0); lw a3, 4(t0)
    const auto end = ends_with(0);
    guest.insert(guest.end(), end.begin(), end.end());
    image("guest", guest);
    const auto before = std::chrono::system_clock::now().time_since_epoch();
    ASSERT_EQ(quiet("record -o @run.bsr --rtc host @guest").exit_code, 0);
    const auto inputs = inputs_of("run.bsr");
    ASSERT_EQ(inputs.size(), 2U);
    for (const auto& event : inputs) {
        const auto& input = std::get<DeviceInput>(event.input);
        EXPECT_EQ(input.channel, emu::kRtcChannel);
        ASSERT_EQ(input.bytes.size(), 8U);
        std::uint64_t reading = 0;
        std::memcpy(&reading, input.bytes.data(), sizeof reading);
        EXPECT_GE(reading, static_cast<std::uint64_t>(std::chrono::nanoseconds(before).count()));
    }
    const auto outcome = run("replay --console none @run.bsr");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("digests are equal"));
    // Without a host to ask there is no input, and the clock is computed.
    ASSERT_EQ(quiet("record -o @run.bsr --rtc 2026-01-01 @guest").exit_code, 0);
    EXPECT_TRUE(inputs_of("run.bsr").empty());
}

TEST_F(Program, AScriptsKeysNeedAKeyboard) {
    image("guest", kSleeps);
    file("keys", "at 1s send \"x\"\nat 2s key a\n");
    const auto outcome = quiet("run --pointer --input @keys @guest");
    EXPECT_EQ(outcome.exit_code, 125);
    EXPECT_THAT(outcome.err, HasSubstr("keys:2: "));
    EXPECT_THAT(outcome.err, HasSubstr("--keyboard"));
    file("keys", "at 2s move 1 1\n");
    EXPECT_THAT(quiet("run --keyboard --input @keys @guest").err, HasSubstr("--pointer"));
}

TEST_F(Program, AReplayNamesNoMoreVirtioConsolesThanThereAre) {
    image("guest", ends_with(0));
    ASSERT_EQ(quiet("record -o @run.bsr --virtio-console none @guest").exit_code, 0);
    EXPECT_EQ(run("replay --console none --virtio-console file:@shown @run.bsr").exit_code, 0);
    EXPECT_TRUE(exists("shown"));
    const auto outcome = run("replay --console none --virtio-console none --virtio-console none @run.bsr");
    EXPECT_NE(outcome.exit_code, 0);
    EXPECT_THAT(outcome.err, HasSubstr("fewer virtio consoles"));
}

/// What a guest reads is recorded: the replay needs no folder, and takes no notice of what has become of it.
TEST_F(Program, ReplaysTheFilesThatASemihostingProgramRead) {
    image("guest", kReadsAFile);
    std::filesystem::create_directory(folder_ / "shared");
    file("shared/data", "what it was\n");
    EXPECT_EQ(quiet("record -o @first --share @shared @guest").exit_code, 64 - 12);
    EXPECT_EQ(console(), "what it was\n");
    EXPECT_EQ(quiet("record -o @second --share @shared @guest").exit_code, 64 - 12);
    const auto inputs = inputs_of("first");
    EXPECT_EQ(inputs.size(), 2u) << "that it opened, and what was read";
    EXPECT_EQ(inputs, inputs_of("second")) << "every run asks at the same steps";

    file("shared/data", "what it is");
    const auto replayed = quiet("replay @first");
    EXPECT_EQ(replayed.exit_code, 0) << replayed.err;
    EXPECT_EQ(console(), "what it was\n");
    std::filesystem::remove_all(folder_ / "shared");
    EXPECT_EQ(quiet("replay @first").exit_code, 0);
    EXPECT_EQ(quiet("run --semihosting @guest").exit_code, 64) << "and without a folder there are no files";
    EXPECT_THAT(run("run --share @shared @guest").err, HasSubstr("give --share a folder"));
}

TEST_F(Program, ReplaysARunThatWasCutShort) {
    image("guest", kSpins);
    ASSERT_EQ(quiet("record -o @run.bsr --max-steps 5000000 @guest").exit_code, 126);
    const auto outcome = run("replay --console none @run.bsr");
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_THAT(outcome.err, HasSubstr("replayed 5000000 steps"));
}

TEST_F(Program, ARecorderThatIsKilledLeavesARecordingThatReplays) {
    image("guest", kSpins);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::_exit(run_program(std::vector<std::string>{"record", "--console", "none", "-o", folder_ / "run.bsr",
                                                     "--timeout", "60", folder_ / "guest"}));
    }
    // The first commit after the start puts the log beside the file.
    const auto log = folder_ / "run.bsr-wal";
    std::error_code none_yet;
    for (std::uintmax_t size = 0; size == 0 || none_yet; size = std::filesystem::file_size(log, none_yet)) {
        ASSERT_EQ(::waitpid(child, nullptr, WNOHANG), 0) << "it ended by itself";
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);

    const auto info = nlohmann::json::parse(run("info --json @run.bsr").out);
    EXPECT_THAT(info["warning"].get<std::string>(), HasSubstr("killed; it is good up to step"));
    EXPECT_TRUE(info["end"].is_null());
    const auto replay = run("replay --console none @run.bsr");
    EXPECT_EQ(replay.exit_code, 0);
    EXPECT_THAT(replay.err, HasSubstr("digests are equal"));
    EXPECT_THAT(run("repair @run.bsr").out, HasSubstr("folded in; good up to step"));
    EXPECT_FALSE(exists("run.bsr-wal"));
    EXPECT_EQ(nlohmann::json::parse(run("info --json @run.bsr").out)["steps"], info["steps"]);
}

TEST_F(Program, TellsWhatARecordingHolds) {
    image("guest", ends_with(7));
    ASSERT_EQ(quiet("record --ram 64M -o @run.bsr @guest").exit_code, 7);
    const auto text = run("info @run.bsr");
    EXPECT_EQ(text.exit_code, 0);
    EXPECT_THAT(text.out, HasSubstr("exit code 7"));
    const auto json = nlohmann::json::parse(run("info --json @run.bsr").out);
    EXPECT_EQ(json["format"], snapshots::kRecordingVersion);
    EXPECT_EQ(json["configuration"]["ram"], std::to_string(64 << 20));
    EXPECT_EQ(json["images"][0]["role"], "program");
    EXPECT_EQ(json["images"][0]["bytes"], ends_with(7).size() * 4);
    EXPECT_EQ(json["end"]["exit_code"], 7);
    EXPECT_EQ(json["end"]["step"], json["steps"]);
    EXPECT_TRUE(json["inputs"].empty());
    EXPECT_TRUE(json["warning"].is_null());
    EXPECT_THAT(run("repair @run.bsr").out, HasSubstr("nothing lies beside it"));
}

TEST_F(Program, WritesTheDeviceTree) {
    image("guest", ends_with(0));
    EXPECT_EQ(run("dtb --harts 2 -o @tree").exit_code, 0);
    const auto tree = slurp(folder_ / "tree");
    EXPECT_EQ(tree.substr(0, 4), "\xd0\x0d\xfe\xed");
    EXPECT_THAT(tree, HasSubstr("cpu@1"));
    const auto piped = run("dtb --harts 2");
    EXPECT_EQ(piped.exit_code, 0);
    EXPECT_EQ(piped.out, tree);
    EXPECT_THAT(run("dtb --append quiet -o @tree @guest").err, HasSubstr("add --force"));
    EXPECT_EQ(slurp(folder_ / "tree"), tree);
    EXPECT_EQ(run("dtb --append quiet --force -o @tree @guest").exit_code, 0);
    EXPECT_THAT(slurp(folder_ / "tree"), HasSubstr("quiet"));
    EXPECT_THAT(run("dtb --force -o @guest @guest").err, HasSubstr("would be overwritten"));
    EXPECT_THAT(run("dtb -o @no/such/folder").err, HasSubstr("cannot be created"));
}

TEST_F(Program, StartsFirmwareAloneAndFirmwareBeforeAKernel) {
    image("firmware", ends_with(5));
    image("kernel", ends_with(6));
    EXPECT_EQ(quiet("run --bios @firmware").exit_code, 5);
    EXPECT_EQ(quiet("run --bios @firmware --kernel @kernel").exit_code, 5);
    EXPECT_EQ(quiet("run --bios none --kernel @kernel").exit_code, 6);
}

/// A recording of a spinning guest with digests at these steps; `change` alters what they are taken of.
void write_recording(const std::string& path, const std::vector<std::uint64_t>& epochs,
                     const std::function<void(SavedState&)>& change,
                     const std::vector<snapshots::RecordedEvent>& events, std::uint64_t steps) {
    MachineSetup setup;
    setup.epoch_steps = StepCount{1 << 20};
    setup.options.ram_bytes = 1 << 20;
    const std::vector<std::byte> spins{std::byte{0x6f}, std::byte{0}, std::byte{0}, std::byte{0}};
    setup.images.push_back({"spins", kProgramRole, spins});
    const auto machine = build_machine(setup);
    const snapshots::ImageSource source{"spins", kProgramRole, spins};
    snapshots::RecordingWriter writer(path, snapshots::Overwrite::replace, to_configuration(setup),
                                      {&source, 1}, machine->component_names());
    for (const auto& event : events) writer.add(event);
    for (const auto at : epochs) {
        machine->run({.until = {at}});
        auto state = machine->save();
        change(state);
        writer.add_epoch({{0}, {at}}, state);
    }
    writer.finish({{{0}, {steps}}, {10 * steps}, "interrupted", std::nullopt});
}

TEST_F(Program, NamesEpochAndComponentOfADivergence) {
    const std::vector<std::uint64_t> epochs{0, 1 << 20, 2 << 20, 3'000'000};
    write_recording(folder_ / "same.bsr", epochs, [](SavedState&) {}, {}, 3'000'000);
    EXPECT_EQ(run("replay --console none @same.bsr").exit_code, 0);

    const auto change = [](SavedState& state) {
        // The last byte of hart0, which comes after the clock.
        if (state.at == StepCount{2 << 20}) state.fields[state.ends[1] - 1] ^= std::byte{1};
    };
    write_recording(folder_ / "other.bsr", epochs, change, {}, 3'000'000);
    const auto outcome = run("replay --console none @other.bsr");
    EXPECT_EQ(outcome.exit_code, 120);
    EXPECT_THAT(outcome.err, HasSubstr("diverged in epoch 1 (steps 1048576 to 2097152): hart0 differs"));
    expect_one_line(outcome);
}

TEST_F(Program, DigestsOfMomentsThatTheReplayDoesNotSeeAreADivergence) {
    write_recording(folder_ / "run.bsr", {17}, [](SavedState&) {}, {}, 100);
    EXPECT_EQ(run("replay --console none @run.bsr").exit_code, 120);
}

TEST_F(Program, InputsOfAStrangerNeverCrash) {
    const std::vector<std::byte> bytes(300, std::byte{0x13});
    const std::vector<Input> inputs{
        DeviceInput{{0}, bytes},
        DeviceInput{{77}, bytes},
        DeviceInput{{~0U}, {}},
        IdleWarp{{~std::uint64_t{0}}},
        IdleWarp{{0}},
        MemoryWrite{{5}, {0x80000000}, bytes},
        MemoryWrite{{0}, {0x80000000}, {}},
        MemoryWrite{{0}, {~std::uint64_t{0}}, bytes},
        MemoryWrite{{0}, {0x800fffff}, bytes},
        MemoryWrite{{0}, {0x10000000}, bytes},
        RegisterWrite{{9}, {0}, 1},
        RegisterWrite{{0}, {~0U}, 1},
        RegisterWrite{{0}, {32}, 0xdeadbeef1},
    };
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        write_recording(folder_ / "run.bsr", {}, [](SavedState&) {}, {{{{0}, {50}}, inputs[i]}}, 1000);
        const auto outcome = run("replay --console none @run.bsr");
        EXPECT_TRUE(outcome.exit_code == 0 || outcome.exit_code == 120)
            << "input " << i << ": " << outcome.err;
    }
}

TEST_F(Program, StartsInTheFirmwareWithTheProgramBehindIt) {
    image("bios", {0x00200297, 0x00028067});  // auipc t0, 0x200; jr t0: to 2 MiB above
    image("guest", ends_with(33));
    EXPECT_EQ(quiet("run --bios @bios @guest").exit_code, 33);
    ASSERT_EQ(quiet("record -o @run.bsr --bios @bios @guest").exit_code, 33);
    EXPECT_EQ(run("replay --console none @run.bsr").exit_code, 0);
    EXPECT_EQ(quiet("run --ram 1M --bios @bios @guest").exit_code, 125);
}

TEST_F(Program, RefusesConfigurationsThatItCannotBuild) {
    const std::vector<std::byte> code(4);
    const snapshots::ImageSource source{"x", kProgramRole, code};
    const auto refusal = [&](const snapshots::Configuration& configuration,
                             const snapshots::ImageSource& image) {
        snapshots::RecordingWriter(folder_ / "run.bsr", snapshots::Overwrite::replace, configuration,
                                   {&image, 1}, {})
            .finish({{}, {}, "interrupted", std::nullopt});
        const auto outcome = run("replay --console none @run.bsr");
        EXPECT_EQ(outcome.exit_code, 125);
        expect_one_line(outcome);
        return outcome.err;
    };
    const auto good = to_configuration({});
    const auto with = [&](const std::string& key, const std::string& value) {
        auto configuration = good;
        configuration[key] = value;
        return configuration;
    };
    EXPECT_THAT(refusal(with("machine", "other"), source), HasSubstr("records a machine 'other'"));
    EXPECT_THAT(refusal(with("ram", "999999999999999"), source), HasSubstr("lacks a usable 'ram'"));
    EXPECT_THAT(refusal(with("ram", "12345678"), source), HasSubstr("lacks a usable 'ram'"));
    EXPECT_THAT(refusal(with("ns-per-step", "0"), source), HasSubstr("'ns-per-step'"));
    EXPECT_THAT(refusal(with("epoch-steps", "x"), source), HasSubstr("'epoch-steps'"));
    EXPECT_THAT(refusal({}, source), HasSubstr("records a machine ''"));
    EXPECT_THAT(refusal(good, {"x", "ballast", code}), HasSubstr("'ballast'"));
}

}  // namespace
}  // namespace backspin::cli
