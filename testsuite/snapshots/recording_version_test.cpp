// One small recording of each version of the format, as the program of its time made it. They stay readable.
#include <cstring>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recording_fixture.hpp"

namespace backspin::snapshots {
namespace {

const fs::path kFiles = BACKSPIN_RECORDINGS;

/// What all of them recorded: a program that prints a question mark and sends back what is typed, until a q.
void expect_the_run(const RecordingReader& reader, StepCount end = {65547}) {
    EXPECT_EQ(reader.warning(), std::nullopt);
    EXPECT_EQ(reader.configuration().at("machine"), "riscv-virt");
    EXPECT_EQ(reader.configuration().at("ram"), "1048576");
    ASSERT_EQ(reader.images().size(), 1U);
    EXPECT_EQ(reader.images()[0].role, "program");
    EXPECT_EQ(reader.image(0).size(), 60U);
    std::string typed;
    reader.for_each_event([&](const RecordedEvent& event) {
        for (const auto byte : std::get<DeviceInput>(event.input).bytes) typed += static_cast<char>(byte);
    });
    EXPECT_EQ(typed, "abcq");
    EXPECT_EQ(reader.begin(), Position{});
    ASSERT_TRUE(reader.end());
    EXPECT_EQ(reader.end()->at, (Position{{0}, end}));
    EXPECT_EQ(reader.end()->exit_code, 0U);
    std::map<Position, std::size_t> digests;
    reader.for_each_digest([&](const RecordedDigest& digest) { ++digests[digest.at]; });
    ASSERT_EQ(digests.size(), 2U);
    EXPECT_EQ(digests.rbegin()->first, reader.end()->at);
    EXPECT_EQ(digests.begin()->second, digests.rbegin()->second);
}

TEST(RecordingVersion, OneStaysReadable) {
    const RecordingReader reader(kFiles / "version-1.bsr");
    EXPECT_EQ(reader.version(), 1U);
    expect_the_run(reader);
    EXPECT_EQ(reader.digest_count(), 18U);
    std::uint64_t memory = 0;
    reader.for_each_digest([&](const RecordedDigest& digest) {
        if (digest.component == kMemoryComponent) memory = digest.value;
    });
    EXPECT_NE(memory, 0U);
    // What came later is not there.
    EXPECT_TRUE(reader.snapshots().empty());
    EXPECT_TRUE(reader.bookmarks().empty());
    EXPECT_TRUE(reader.disk_blocks(0).empty());
    reader.for_each_output([](const RecordedOutput&) { ADD_FAILURE(); });
    EXPECT_EQ(reader.table_sizes().size(), 6U);
}

TEST(RecordingVersion, TwoStaysReadable) {
    const RecordingReader reader(kFiles / "version-2.bsr");
    EXPECT_EQ(reader.version(), 2U);
    expect_the_run(reader);
    std::string shown;
    reader.for_each_output([&](const RecordedOutput& output) {
        for (const auto byte : output.bytes) shown += static_cast<char>(byte);
    });
    EXPECT_EQ(shown, "?abcq");
}

TEST(RecordingVersion, ThreeStaysReadable) {
    const RecordingReader reader(kFiles / "version-3.bsr");
    EXPECT_EQ(reader.version(), 3U);
    expect_the_run(reader);
    std::string shown;
    reader.for_each_output([&](const RecordedOutput& output) {
        EXPECT_EQ(output.at, (Position{{0}, {9}}));
        EXPECT_EQ(output.time, VirtualTime{90});
        for (const auto byte : output.bytes) shown += static_cast<char>(byte);
    });
    EXPECT_EQ(shown, "?abcq");
}

TEST(RecordingVersion, FourStaysReadable) {
    const RecordingReader reader(kFiles / "version-4.bsr");
    EXPECT_EQ(reader.version(), 4U);
    constexpr StepCount kEnd{29055};
    expect_the_run(reader, kEnd);
    ASSERT_EQ(reader.patches().size(), 1U);
    EXPECT_EQ(reader.patches()[0].at.step, kEnd);
    EXPECT_EQ(reader.patches()[0].base, StepCount{0});
    EXPECT_GT(reader.load_patch(0).size(), 100U);
    std::size_t stretches = 0;
    reader.for_each_accesses([&](const RecordedAccesses& accesses) {
        ++stretches;
        EXPECT_EQ(accesses.begin, Position{});
        EXPECT_EQ(accesses.end, kEnd);
        EXPECT_FALSE(accesses.notes.empty());
    });
    EXPECT_EQ(stretches, 1U);
    EXPECT_TRUE(reader.branches().empty());
}

// A flight recorder kept the end of a program that counts in a word of its memory.
TEST(RecordingVersion, TwoMayBeginWithASnapshot) {
    const RecordingReader reader(kFiles / "version-2-flight.bsr");
    const Position begins{{0}, {95420416}};
    EXPECT_EQ(reader.begin(), begins);
    EXPECT_EQ(reader.last_position(), (Position{{0}, {130713417}}));
    EXPECT_EQ(reader.digest_count(), 315U);
    ASSERT_EQ(reader.snapshots().size(), 1U);
    const auto state = reader.load_snapshot(0, PageStore::create());
    EXPECT_EQ(state.at, begins.step);
    EXPECT_EQ(state.fields.size(), 1218U);
    // Each turn of its loop is three steps, after a few to begin with; it counts at the image's start + 64
    // KiB.
    std::uint64_t count = 0;
    std::memcpy(&count, state.pages.page({16}).data(), sizeof count);
    EXPECT_LE(3 * count, begins.step.value);
    EXPECT_GT(3 * count + 16, begins.step.value);
}

}  // namespace
}  // namespace backspin::snapshots
