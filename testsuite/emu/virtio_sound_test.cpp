#include "emu/devices/virtio/sound.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "testsuite/emu/saved_bytes.hpp"
#include "testsuite/emu/sound_driver.hpp"

namespace backspin::emu::testing {
namespace {

// ---- what it tells of itself --------------------------------------------------------------------

TEST(VirtioSound, TellsOfOneJackTwoStreamsAndTwoMaps) {
    SoundDriver driver;
    EXPECT_EQ(driver.read(virtio::Transport::DeviceID), 25u);
    EXPECT_EQ(driver.configuration<std::uint32_t>(0), 1u);
    EXPECT_EQ(driver.configuration<std::uint32_t>(4), 2u);
    EXPECT_EQ(driver.configuration<std::uint32_t>(8), 2u);
    EXPECT_EQ(driver.configuration<std::uint32_t>(12), 0u);
    EXPECT_EQ(driver.configuration<std::uint32_t>(16), 0u);
    EXPECT_FALSE(driver.queue_exists(4));
}

TEST(VirtioSound, StreamsOfferSixteenBitsAtEveryRateFrom8000To48000) {
    SoundDriver driver;
    const auto answer = driver.request(words({Sound::kPcmInfo, 0, 2, 32}), 4 + 64);
    ASSERT_EQ(answer.size(), 68u);
    auto expected = words({Sound::kOk, 0, 0, 1 << 5, 0, 0xfe, 0, 0x0002'0100, 0});
    const auto capture = words({0, 0, 1 << 5, 0, 0xfe, 0, 0x0002'0101, 0});
    expected.insert(expected.end(), capture.begin(), capture.end());
    EXPECT_EQ(answer, expected);
}

TEST(VirtioSound, TheJackIsAConnectedLineOut) {
    SoundDriver driver;
    const auto answer = driver.request(words({Sound::kJackInfo, 0, 1, 24}), 28);
    EXPECT_EQ(answer, words({Sound::kOk, 0, 0, 0x0101'4010, 0x10, 1, 0}));
}

TEST(VirtioSound, EachDirectionHasAStereoMap) {
    SoundDriver driver;
    const auto answer = driver.request(words({Sound::kChannelMapInfo, 1, 1, 24}), 28);
    EXPECT_EQ(answer, words({Sound::kOk, 0, 0x0403'0201, 0, 0, 0, 0}));
}

TEST(VirtioSound, AnItemIsCutOrFilledToTheSizeThatTheDriverKnows) {
    SoundDriver driver;
    EXPECT_EQ(driver.request(words({Sound::kJackInfo, 0, 1, 12}), 64),
              words({Sound::kOk, 0, 0, 0x0101'4010}));
    EXPECT_EQ(driver.request(words({Sound::kJackInfo, 0, 1, 32}), 64).size(), 36u);
}

TEST(VirtioSound, QueriesBeyondWhatThereIsAreMalformed) {
    SoundDriver driver;
    const auto bad = words({Sound::kBadMessage});
    for (const auto code : {Sound::kJackInfo, Sound::kPcmInfo, Sound::kChannelMapInfo}) {
        EXPECT_EQ(driver.request(words({code, 0, 3, 32}), 256), bad);
        EXPECT_EQ(driver.request(words({code, 3, 0, 32}), 256), bad);
        EXPECT_EQ(driver.request(words({code, 1, ~0u, 32}), 256), bad);
        EXPECT_EQ(driver.request(words({code, ~0u, 2, 32}), 256), bad);
        EXPECT_EQ(driver.request(words({code, 0, 1, 0}), 256), bad);
        EXPECT_EQ(driver.request(words({code, 0, 1, ~0u}), 256), bad);
        EXPECT_EQ(driver.request(words({code, 0, 1, 32}), 35), bad) << "no room for the answer";
        EXPECT_EQ(driver.request(words({code, 0, 1}), 256), bad) << "a request cut short";
    }
}

TEST(VirtioSound, UnknownAndShortRequestsAreAnswered) {
    SoundDriver driver;
    EXPECT_EQ(driver.code(words({Sound::kPcmStart})), Sound::kBadMessage);
    EXPECT_EQ(driver.code({}), Sound::kBadMessage);
    EXPECT_EQ(driver.code(words({2, 0, 0, 0})), Sound::kNotSupported) << "the jack cannot be remapped";
    EXPECT_EQ(driver.code(words({0x300, 0, 0, 0})), Sound::kNotSupported);
    EXPECT_EQ(driver.command(Sound::kPcmPrepare, 2), Sound::kBadMessage) << "there is no stream 2";
    EXPECT_EQ(driver.request(words({Sound::kPcmPrepare, 0}), 2).size(), 2u) << "as much as there is room for";
    EXPECT_FALSE(driver.needs_reset());
}

TEST(VirtioSound, SetsNothingThatItDidNotOffer) {
    SoundDriver driver;
    for (const std::uint8_t rate : {0, 8, 14, 255}) EXPECT_EQ(driver.set(0, 2, rate), Sound::kNotSupported);
    for (const std::uint8_t channels : {0, 3, 255})
        EXPECT_EQ(driver.set(0, channels, kRate8000), Sound::kNotSupported);
    for (const std::uint8_t format : {0, 4, 6, 255})
        EXPECT_EQ(driver.set(0, 2, kRate8000, format), Sound::kNotSupported);
    const std::uint32_t setting = 2 | Sound::kFormatS16 << 8 | kRate8000 << 16;
    const auto code = [&](std::uint32_t buffer, std::uint32_t period, std::uint32_t features) {
        return driver.code(words({Sound::kPcmSetParameters, 0, buffer, period, features, setting}));
    };
    EXPECT_EQ(code(4096, 4096, 4), Sound::kNotSupported);
    EXPECT_EQ(code(4096, 0, 0), Sound::kBadMessage);
    EXPECT_EQ(code(4096, 4095, 0), Sound::kBadMessage);
    EXPECT_EQ(driver.code(words({Sound::kPcmSetParameters, 0, 4096, 4096, 0})), Sound::kBadMessage);
    EXPECT_EQ(driver.command(Sound::kPcmPrepare), Sound::kBadMessage) << "nothing has been set";
    EXPECT_EQ(code(8192, 4096, 0), Sound::kOk);
}

TEST(VirtioSound, AStreamTakesTheCommandsOfItsStateAndNoOthers) {
    // 5.14.6.6.1: the states by how they are reached, and the commands that are valid there.
    enum Command { set, prepare, start, stop, release };
    struct State {
        std::vector<Command> way;
        std::vector<Command> valid;
    };
    const std::vector<State> states{
        {{}, {set}},
        {{set}, {set, prepare}},
        {{set, prepare}, {set, prepare, start, release}},
        {{set, prepare, start}, {stop}},
        {{set, prepare, start, stop}, {start, release}},
        {{set, prepare, start, stop, release}, {set, prepare}},
    };
    for (const std::uint32_t stream : {0u, 1u}) {
        for (const auto& state : states) {
            for (const auto command : {set, prepare, start, stop, release}) {
                SoundDriver driver;
                const auto give = [&](Command which) {
                    constexpr std::array kCodes{Sound::kPcmSetParameters, Sound::kPcmPrepare,
                                                Sound::kPcmStart, Sound::kPcmStop, Sound::kPcmRelease};
                    return which == set ? driver.set(stream, 1, kRate8000)
                                        : driver.command(kCodes[which], stream);
                };
                for (const auto before : state.way) ASSERT_EQ(give(before), Sound::kOk);
                const bool valid = std::ranges::find(state.valid, command) != state.valid.end();
                EXPECT_EQ(give(command), valid ? Sound::kOk : Sound::kBadMessage)
                    << "state " << state.way.size() << ", command " << command;
            }
        }
    }
}

// ---- saved state --------------------------------------------------------------------------------

/// Both streams with stops, parts of input and refused messages; `pause` is called between all steps.
template <class Pause>
std::vector<std::byte> scenario(SoundDriver& driver, Pause pause) {
    std::vector<std::uint64_t> times;
    const auto note = [&] {
        times.push_back(driver.now().ns);
        pause();
    };
    driver.prepare(Sound::kPlayback, 2, kRate44100);
    note();
    driver.prepare(Sound::kRecord, 1, kRate11025);
    for (int i = 0; i < 4; ++i) driver.add_playback(frames_counting(588, static_cast<std::uint32_t>(i)));
    const auto captured = driver.add_capture(222);
    driver.add_capture(31);
    driver.add_capture(100);
    note();
    driver.command(Sound::kPcmStart, Sound::kRecord);
    note();
    driver.command(Sound::kPcmStart, Sound::kPlayback);
    note();
    driver.input(frames_counting(100));
    note();
    driver.event();
    note();
    driver.command(Sound::kPcmStop, Sound::kPlayback);
    note();
    driver.input(frames_counting(100));
    note();
    driver.command(Sound::kPcmStart, Sound::kPlayback);
    note();
    while (driver.event()) note();
    driver.command(Sound::kPcmStop, Sound::kRecord);
    note();
    driver.command(Sound::kPcmRelease, Sound::kRecord);
    auto all = driver.output().stream();
    const auto frames = driver.get(captured.frames, 222);
    all.insert(all.end(), frames.begin(), frames.end());
    const auto at = std::as_bytes(std::span(times));
    all.insert(all.end(), at.begin(), at.end());
    return all;
}

TEST(VirtioSound, ASnapshotInTheMiddleOfEachOperationChangesNothing) {
    SoundDriver without, with;
    const auto expected = scenario(without, [] {});
    EXPECT_EQ(without.output().items.size(), 5u) << "four messages, and the start of a capture";
    EXPECT_TRUE(scenario(with, [&] { with.through_a_snapshot(); }) == expected);
}

TEST(VirtioSound, StatesThatNoDriverCanReachAreRefused) {
    SoundStream stream;
    stream.set_format({8000, 1});
    stream.prepare();
    stream.start({});
    stream.begin(16, {1000}, false);
    const auto good = test::saved(stream);
    const auto with = [&](std::size_t offset, std::uint64_t value, std::size_t size) {
        auto bytes = good;
        std::memcpy(bytes.data() + offset, &value, size);
        return bytes;
    };
    SoundStream other;
    EXPECT_NO_THROW(test::load_into(other, good));
    EXPECT_EQ(other.deadline(), VirtualTime{1000 + 1'000'000});
    // state, rate, channels, bytes, filled, began, end_frame
    EXPECT_THROW(test::load_into(other, with(0, 5, 1)), BadState);
    EXPECT_THROW(test::load_into(other, with(0, 2, 1)), BadState) << "a message before the start";
    EXPECT_THROW(test::load_into(other, with(1, 7999, 4)), BadState);
    EXPECT_THROW(test::load_into(other, with(1, 48001, 4)), BadState);
    EXPECT_THROW(test::load_into(other, with(5, 0, 4)), BadState);
    EXPECT_THROW(test::load_into(other, with(5, 3, 4)), BadState);
    EXPECT_THROW(test::load_into(other, with(9, 15, 4)), BadState) << "half a frame";
    EXPECT_THROW(test::load_into(other, with(9, SoundStream::kMostBytes + 2, 4)), BadState);
    EXPECT_THROW(test::load_into(other, with(13, 17, 4)), BadState) << "more than there is room for";
    EXPECT_THROW(test::load_into(other, with(17, ~std::uint64_t{0}, 8)), BadState);
    EXPECT_THROW(test::load_into(other, with(25, std::uint64_t{1} << 32, 8)), BadState);
}

TEST(VirtioSound, AHeaderIsReadBackAndNothingElseIsTakenForOne) {
    const SoundHeader played{SoundHeader::Kind::played, {44100, 2}, 400};
    EXPECT_EQ(virtio::sound_header_of(virtio::to_bytes(played)), played);
    const SoundHeader captures{SoundHeader::Kind::capture_started, {8000, 1}, 0};
    EXPECT_EQ(virtio::sound_header_of(virtio::to_bytes(captures)), captures);
    const auto refuses = [&](std::size_t offset, unsigned value, const SoundHeader& header) {
        auto bytes = virtio::to_bytes(header);
        bytes[offset] = static_cast<std::byte>(value);
        return !virtio::sound_header_of(bytes).has_value();
    };
    EXPECT_TRUE(refuses(8, 2, played)) << "kind";
    EXPECT_TRUE(refuses(9, 0, played)) << "channels";
    EXPECT_TRUE(refuses(9, 3, played));
    EXPECT_TRUE(refuses(5, 0, played)) << "rate";
    EXPECT_TRUE(refuses(6, 1, played));
    EXPECT_TRUE(refuses(10, 1, played));
    EXPECT_TRUE(refuses(11, 1, played));
    EXPECT_TRUE(refuses(0, 1, played)) << "half a frame";
    EXPECT_TRUE(refuses(2, 1, played)) << "more than 64 KiB";
    EXPECT_TRUE(refuses(0, 4, captures));
    EXPECT_FALSE(virtio::sound_header_of(virtio::to_bytes({SoundHeader::Kind::played, {8000, 1}, 0})));
}

}  // namespace
}  // namespace backspin::emu::testing
