#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/device_text.hpp"
#include "cli/options/command.hpp"

namespace backspin::cli {
namespace {

using emu::virtio::SoundOptions;
using ::testing::HasSubstr;

RunCommand parse(const std::vector<std::string>& arguments) {
    return std::get<RunCommand>(parse_command_line(arguments));
}

RunCommand run(const std::string& sound) {
    return parse({"run", "firmware.elf", "--sound", sound});
}

TEST(SoundOptions, NameTheFilesInAnyOrder) {
    const auto both = run("in=a.wav,out=b.wav");
    EXPECT_EQ(both.machine.devices, (std::vector<OutsideChoice>{WavSound{"b.wav", "a.wav"}}));
    const auto& devices = both.machine.options.board.virtio;
    ASSERT_EQ(devices.size(), 1u);
    EXPECT_TRUE(std::holds_alternative<SoundOptions>(devices[0]));
    EXPECT_EQ(run("out=x=y.wav").machine.devices, (std::vector<OutsideChoice>{WavSound{"x=y.wav", ""}}));
    EXPECT_EQ(run("none").machine.devices, (std::vector<OutsideChoice>{WavSound{}}));
    EXPECT_TRUE(parse({"run", "firmware.elf"}).machine.devices.empty());
}

TEST(SoundOptions, WhatIsNoFileIsRefused) {
    for (const auto* const text :
         {"", "speaker", "out=", "out=a,in=", "out=a,out=b", "in=a,in=b", "out=a,b", "none,out=a"}) {
        try {
            run(text);
            ADD_FAILURE() << text << " was accepted";
        } catch (const UsageError& error) {
            EXPECT_THAT(error.what(), HasSubstr("--sound")) << text;
        }
    }
}

TEST(SoundOptions, AreKeptInARecordingWithoutTheFiles) {
    EXPECT_EQ(to_text(SoundOptions{}), R"({"kind":"sound"})");
    EXPECT_EQ(device_of(R"({"kind":"sound"})"), (emu::virtio::DeviceOptions{SoundOptions{}}));
}

}  // namespace
}  // namespace backspin::cli
