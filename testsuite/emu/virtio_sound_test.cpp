#include "emu/devices/virtio/sound.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "emu/devices/virtio/sound_items.hpp"
#include "testsuite/emu/saved_bytes.hpp"
#include "testsuite/emu/virtio_driver.hpp"

namespace backspin::emu::testing {
namespace {

using virtio::Sound;
using virtio::SoundFormat;
using virtio::SoundHeader;
using virtio::SoundOptions;
using virtio::SoundStream;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint8_t kRate8000 = 1, kRate11025 = 2, kRate44100 = 6, kRate48000 = 7;

std::vector<std::byte> words(std::initializer_list<std::uint32_t> values) {
    std::vector<std::byte> bytes(4 * values.size());
    std::memcpy(bytes.data(), std::data(values), bytes.size());
    return bytes;
}

std::vector<std::byte> frames_counting(std::size_t bytes, std::uint32_t from = 1) {
    std::vector<std::byte> frames(bytes);
    for (auto& byte : frames) byte = static_cast<std::byte>(from++ * 7);
    return frames;
}

class SoundDriver : public VirtioDriver {
  public:
    SoundDriver() : VirtioDriver(SoundOptions{}) { start(); }

    /// The whole answer to a control request.
    std::vector<std::byte> request(std::span<const std::byte> bytes, std::uint32_t room = 4) {
        const auto answer = writable(room);
        add(Sound::kControl, {readable(bytes), answer});
        notify(Sound::kControl);
        std::vector<UsedEntry> done;
        while (done.empty() && event()) done = used(Sound::kControl);
        EXPECT_EQ(done.size(), 1u);
        return done.empty() ? std::vector<std::byte>{} : get(answer.at, done.front().written);
    }
    std::uint32_t code(std::span<const std::byte> bytes) {
        const auto answer = request(bytes);
        std::uint32_t value = 0;
        EXPECT_EQ(answer.size(), 4u);
        std::memcpy(&value, answer.data(), std::min<std::size_t>(answer.size(), 4));
        return value;
    }
    std::uint32_t command(Sound::Code what, std::uint32_t stream = Sound::kPlayback) {
        return code(words({what, stream}));
    }
    std::uint32_t set(std::uint32_t stream, std::uint8_t channels, std::uint8_t rate,
                      std::uint8_t format = Sound::kFormatS16) {
        const auto setting = static_cast<std::uint32_t>(channels | format << 8 | rate << 16);
        return code(words({Sound::kPcmSetParameters, stream, 8192, 4096, 0, setting}));
    }
    void prepare(std::uint32_t stream, std::uint8_t channels, std::uint8_t rate) {
        EXPECT_EQ(set(stream, channels, rate), Sound::kOk);
        EXPECT_EQ(command(Sound::kPcmPrepare, stream), Sound::kOk);
    }

    struct Message {
        std::uint16_t head = 0;
        std::uint64_t frames = 0;
        std::uint64_t status_at = 0;
    };
    Message add_playback(std::span<const std::byte> frames, std::uint32_t stream = Sound::kPlayback) {
        const auto data = readable(frames);
        const auto status = writable(8);
        return {add(Sound::kPlay, {readable(words({stream})), data, status}), data.at, status.at};
    }
    Message add_capture(std::uint32_t bytes, std::uint32_t stream = Sound::kRecord) {
        const auto data = writable(bytes);
        const auto status = writable(8);
        return {add(Sound::kCapture, {readable(words({stream})), data, status}), data.at, status.at};
    }
    std::uint32_t status(const Message& message) { return get<std::uint32_t>(message.status_at); }
};

SoundHeader header_at(std::span<const std::byte> bytes) {
    const auto header = virtio::sound_header_of(bytes.first<SoundHeader::kBytes>());
    EXPECT_TRUE(header.has_value());
    return header.value_or(SoundHeader{});
}

/// A nanosecond count, rounded up, as the driver would see the frame's end.
std::uint64_t time_of_frame(std::uint64_t frame, std::uint64_t rate) {
    return (frame * kSecond + rate - 1) / rate;
}

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

// ---- playing ------------------------------------------------------------------------------------

TEST(VirtioSound, PlaysWhatItIsGivenAndSaysInWhichFormat) {
    SoundDriver driver;
    driver.prepare(Sound::kPlayback, 1, kRate11025);
    const auto frames = frames_counting(100);
    const auto message = driver.add_playback(frames);
    driver.notify(Sound::kPlay);
    driver.run_events();
    EXPECT_TRUE(driver.output().items.empty()) << "not before it is started";
    EXPECT_EQ(driver.command(Sound::kPcmStart), Sound::kOk);
    driver.acknowledge();
    driver.run_events();
    const auto out = driver.output().stream();
    ASSERT_EQ(out.size(), SoundHeader::kBytes + 100);
    EXPECT_EQ(header_at(out), (SoundHeader{SoundHeader::Kind::played, {11025, 1}, 100}));
    EXPECT_TRUE(std::ranges::equal(std::span(out).subspan(SoundHeader::kBytes), frames));
    EXPECT_EQ(driver.used(Sound::kPlay), (std::vector<UsedEntry>{{message.head, 8}}));
    EXPECT_EQ(driver.status(message), Sound::kOk);
    EXPECT_EQ(driver.get<std::uint32_t>(message.status_at + 4), 0u) << "no latency";
    EXPECT_EQ(driver.acknowledge(), virtio::Transport::kUsedBuffer);
}

TEST(VirtioSound, ThePaceIsThatOfTheRateWithoutDrift) {
    SoundDriver driver;
    driver.prepare(Sound::kPlayback, 2, kRate44100);
    constexpr std::uint64_t kFrames = 147;  // 3,333,333.3 ns
    const std::vector<std::byte> frames(4 * kFrames);
    for (int i = 0; i < 8; ++i) driver.add_playback(frames);
    ASSERT_EQ(driver.command(Sound::kPcmStart), Sound::kOk);
    const auto began = driver.now().ns - BoardOptions{}.ns_per_step;  // before the step of that event
    // Two minutes' worth would show a drift of a nanosecond each as well; ten seconds are faster.
    for (std::uint64_t done = 1; done <= 3000; ++done) {
        ASSERT_EQ(driver.device().next_event(), VirtualTime{began + time_of_frame(done * kFrames, 44100)});
        ASSERT_TRUE(driver.event());
        ASSERT_EQ(driver.used(Sound::kPlay).size(), 1u);
        driver.add_playback(frames);
    }
}

TEST(VirtioSound, AStreamWithoutMessagesFlowsOnFromTheNext) {
    SoundDriver driver;
    driver.prepare(Sound::kPlayback, 1, kRate8000);
    ASSERT_EQ(driver.command(Sound::kPcmStart), Sound::kOk);
    EXPECT_FALSE(driver.device().next_event().has_value());
    for (int i = 0; i < 3; ++i) {
        driver.board().idle = driver.board().idle + VirtualTime{123'456'789};
        driver.add_playback(frames_counting(1600));
        driver.notify(Sound::kPlay);
        const auto notified = driver.device().next_event();
        ASSERT_TRUE(driver.event());
        EXPECT_EQ(driver.device().next_event(), *notified + VirtualTime{kSecond / 10});
        ASSERT_TRUE(driver.event());
        EXPECT_EQ(driver.used(Sound::kPlay).size(), 1u);
    }
}

TEST(VirtioSound, AStopKeepsTheRestOfTheMessageForTheNextStart) {
    SoundDriver driver;
    driver.prepare(Sound::kPlayback, 1, kRate8000);
    driver.add_playback(frames_counting(1600));  // 0.1 s
    ASSERT_EQ(driver.command(Sound::kPcmStart), Sound::kOk);
    const auto began = driver.now().ns - BoardOptions{}.ns_per_step;
    driver.board().idle = driver.board().idle + VirtualTime{25'000'000};
    ASSERT_EQ(driver.command(Sound::kPcmStop), Sound::kOk);
    const auto stopped = driver.now().ns - BoardOptions{}.ns_per_step;
    EXPECT_FALSE(driver.device().next_event().has_value());
    EXPECT_TRUE(driver.used(Sound::kPlay).empty());
    driver.board().idle = driver.board().idle + VirtualTime{kSecond};
    ASSERT_EQ(driver.command(Sound::kPcmStart), Sound::kOk);
    const auto again = driver.now().ns - BoardOptions{}.ns_per_step;
    const auto played = (stopped - began) * 8000 / kSecond;
    EXPECT_EQ(driver.device().next_event(), VirtualTime{again + time_of_frame(800 - played, 8000)});
    ASSERT_TRUE(driver.event());
    EXPECT_EQ(driver.output().stream().size(), SoundHeader::kBytes + 1600) << "once, and whole";
}

TEST(VirtioSound, AStopAtTheVeryEndOfAMessageLeavesNothingOfIt) {
    SoundDriver driver;
    driver.prepare(Sound::kPlayback, 1, kRate8000);
    driver.add_playback(frames_counting(16));  // 1 ms
    ASSERT_EQ(driver.command(Sound::kPcmStart), Sound::kOk);
    // The driver's notification and the message's end are due in the same event; notifications come first.
    driver.add(Sound::kControl, {driver.readable(words({Sound::kPcmStop, 0})), driver.writable(4)});
    driver.notify(Sound::kControl);
    driver.board().idle = driver.board().idle + VirtualTime{2'000'000};
    ASSERT_TRUE(driver.event());
    EXPECT_EQ(driver.used(Sound::kControl).size(), 1u);
    EXPECT_EQ(driver.field("playback.end_frame"), "0x0");
    ASSERT_EQ(driver.command(Sound::kPcmStart), Sound::kOk);
    driver.run_events();
    EXPECT_EQ(driver.used(Sound::kPlay).size(), 1u);
    EXPECT_EQ(driver.output().items.size(), 1u);
}

TEST(VirtioSound, AReleaseGivesEveryMessageBackFirst) {
    SoundDriver driver;
    driver.prepare(Sound::kPlayback, 1, kRate8000);
    std::vector<SoundDriver::Message> messages;
    for (int i = 0; i < 4; ++i) messages.push_back(driver.add_playback(frames_counting(1600)));
    ASSERT_EQ(driver.command(Sound::kPcmStart), Sound::kOk);
    ASSERT_TRUE(driver.event());
    ASSERT_EQ(driver.command(Sound::kPcmStop), Sound::kOk);
    ASSERT_EQ(driver.command(Sound::kPcmRelease), Sound::kOk);
    const auto used = driver.used(Sound::kPlay);
    ASSERT_EQ(used.size(), 4u);
    EXPECT_EQ(driver.status(messages[0]), Sound::kOk);
    for (std::size_t i = 1; i < 4; ++i) {
        EXPECT_EQ(used[i], (UsedEntry{messages[i].head, 8}));
        EXPECT_EQ(driver.status(messages[i]), Sound::kIoError);
    }
    EXPECT_EQ(driver.output().items.size(), 1u);
    // And it can be used again.
    driver.add_playback(frames_counting(16));
    ASSERT_EQ(driver.command(Sound::kPcmPrepare), Sound::kOk);
    ASSERT_EQ(driver.command(Sound::kPcmStart), Sound::kOk);
    driver.run_events();
    EXPECT_EQ(driver.output().items.size(), 2u);
}

TEST(VirtioSound, MalformedMessagesComeBackAtOnceAndTheNextIsPlayed) {
    SoundDriver driver;
    driver.prepare(Sound::kPlayback, 2, kRate48000);
    std::vector<SoundDriver::Message> bad{
        driver.add_playback(frames_counting(16), Sound::kRecord),
        driver.add_playback(frames_counting(16), 7),
        driver.add_playback({}),
        driver.add_playback(frames_counting(18)),  // half a frame too much
        driver.add_playback(std::vector<std::byte>(SoundStream::kMostBytes + 4)),
    };
    const auto no_status = driver.add(Sound::kPlay, {driver.readable(words({0, 0}))});
    const auto nothing = driver.add(Sound::kPlay, {driver.writable(8)});
    const auto good = driver.add_playback(frames_counting(16));
    ASSERT_EQ(driver.command(Sound::kPcmStart), Sound::kOk);
    const auto refused = driver.used(Sound::kPlay);
    ASSERT_EQ(refused.size(), bad.size() + 2);
    for (const auto& message : bad) EXPECT_EQ(driver.status(message), Sound::kIoError);
    EXPECT_EQ(refused[bad.size()], (UsedEntry{no_status, 0}));
    EXPECT_EQ(refused[bad.size() + 1], (UsedEntry{nothing, 8}));
    driver.run_events();
    EXPECT_EQ(driver.used(Sound::kPlay), (std::vector<UsedEntry>{{good.head, 8}}));
    EXPECT_EQ(driver.output().items.size(), 1u);
    EXPECT_FALSE(driver.needs_reset());
}

TEST(VirtioSound, TheLongestMessageIsPlayed) {
    SoundDriver driver;
    driver.prepare(Sound::kPlayback, 1, kRate8000);
    driver.add_playback(std::vector<std::byte>(SoundStream::kMostBytes));
    ASSERT_EQ(driver.command(Sound::kPcmStart), Sound::kOk);
    driver.through_a_snapshot();
    driver.run_events();
    EXPECT_EQ(driver.output().stream().size(), SoundHeader::kBytes + SoundStream::kMostBytes);
}

TEST(VirtioSound, MessagesForAStreamThatIsNotPreparedComeBack) {
    SoundDriver driver;
    const auto early = driver.add_playback(frames_counting(16));
    driver.notify(Sound::kPlay);
    driver.run_events();
    EXPECT_EQ(driver.used(Sound::kPlay).size(), 1u);
    EXPECT_EQ(driver.status(early), Sound::kIoError);
    const auto early_capture = driver.add_capture(16);
    driver.notify(Sound::kCapture);
    driver.run_events();
    EXPECT_EQ(driver.used(Sound::kCapture), (std::vector<UsedEntry>{{early_capture.head, 8}}));
    EXPECT_EQ(driver.status(early_capture), Sound::kIoError);
}

// ---- capturing ----------------------------------------------------------------------------------

TEST(VirtioSound, CapturesSilenceWhenNothingComes) {
    SoundDriver driver;
    driver.prepare(Sound::kRecord, 1, kRate8000);
    const auto message = driver.add_capture(1600);
    driver.put(message.frames, frames_counting(1600));
    EXPECT_EQ(driver.room(), 0u);
    ASSERT_EQ(driver.command(Sound::kPcmStart, Sound::kRecord), Sound::kOk);
    const auto began = driver.now().ns - BoardOptions{}.ns_per_step;
    EXPECT_EQ(driver.room(), 1600u);
    EXPECT_EQ(driver.device().next_event(), VirtualTime{began + kSecond / 10});
    ASSERT_TRUE(driver.event());
    EXPECT_EQ(driver.used(Sound::kCapture), (std::vector<UsedEntry>{{message.head, 1608}}));
    EXPECT_EQ(driver.get(message.frames, 1600), std::vector<std::byte>(1600));
    EXPECT_EQ(driver.status(message), Sound::kOk);
    EXPECT_EQ(driver.room(), 0u);
}

TEST(VirtioSound, SaysInWhichFormatItCaptures) {
    SoundDriver driver;
    driver.prepare(Sound::kRecord, 2, kRate44100);
    ASSERT_EQ(driver.command(Sound::kPcmStart, Sound::kRecord), Sound::kOk);
    const auto out = driver.output().stream();
    ASSERT_EQ(out.size(), SoundHeader::kBytes);
    EXPECT_EQ(header_at(out), (SoundHeader{SoundHeader::Kind::capture_started, {44100, 2}, 0}));
}

TEST(VirtioSound, CapturesWhatComesInPartsAndFillsTheRestWithSilence) {
    SoundDriver driver;
    driver.prepare(Sound::kRecord, 2, kRate48000);
    const auto message = driver.add_capture(64);
    const auto second = driver.add_capture(8);
    driver.put(message.frames, std::vector<std::byte>(64, std::byte{0x55}));
    ASSERT_EQ(driver.command(Sound::kPcmStart, Sound::kRecord), Sound::kOk);
    const auto frames = frames_counting(48);
    driver.input(std::span(frames).first(20));
    EXPECT_EQ(driver.room(), 44u);
    driver.input(std::span(frames).subspan(20));
    EXPECT_EQ(driver.room(), 16u);
    EXPECT_TRUE(driver.used(Sound::kCapture).empty()) << "not before its time, however full";
    ASSERT_TRUE(driver.event());
    auto expected = frames;
    expected.resize(64);
    EXPECT_EQ(driver.get(message.frames, 64), expected);
    EXPECT_EQ(driver.room(), 8u) << "the next message";
    driver.input(frames_counting(100));
    EXPECT_EQ(driver.room(), 0u);
    ASSERT_TRUE(driver.event());
    EXPECT_EQ(driver.get(second.frames, 8), frames_counting(8)) << "what there is no room for is dropped";
    EXPECT_EQ(driver.status(second), Sound::kOk);
}

TEST(VirtioSound, InputThatNobodyWantsIsDropped) {
    SoundDriver driver;
    driver.input(frames_counting(16));
    driver.prepare(Sound::kRecord, 1, kRate8000);
    const auto message = driver.add_capture(16);
    driver.input(frames_counting(16));
    ASSERT_EQ(driver.command(Sound::kPcmStart, Sound::kRecord), Sound::kOk);
    ASSERT_EQ(driver.command(Sound::kPcmStop, Sound::kRecord), Sound::kOk);
    EXPECT_EQ(driver.room(), 0u);
    driver.input(frames_counting(16));
    ASSERT_EQ(driver.command(Sound::kPcmStart, Sound::kRecord), Sound::kOk);
    EXPECT_EQ(driver.room(), 16u);
    ASSERT_TRUE(driver.event());
    EXPECT_EQ(driver.get(message.frames, 16), std::vector<std::byte>(16));
}

TEST(VirtioSound, BothDirectionsFlowAtOnceEachAtItsRate) {
    SoundDriver driver;
    driver.prepare(Sound::kPlayback, 1, kRate8000);
    driver.prepare(Sound::kRecord, 1, kRate48000);
    for (int i = 0; i < 2; ++i) driver.add_playback(frames_counting(160));  // 10 ms each
    for (int i = 0; i < 12; ++i) driver.add_capture(160);                   // 1.67 ms each
    ASSERT_EQ(driver.command(Sound::kPcmStart, Sound::kPlayback), Sound::kOk);
    ASSERT_EQ(driver.command(Sound::kPcmStart, Sound::kRecord), Sound::kOk);
    const auto began = driver.now();
    EXPECT_EQ(driver.run_events(), 14u);
    EXPECT_EQ(driver.used(Sound::kPlay).size(), 2u);
    EXPECT_EQ(driver.used(Sound::kCapture).size(), 12u);
    EXPECT_NEAR(static_cast<double>((driver.now() - began).ns), 20e6, 1e5);
}

// ---- hostile drivers ----------------------------------------------------------------------------

TEST(VirtioSound, BuffersThatAreNoMemoryAreErrors) {
    SoundDriver driver;
    driver.prepare(Sound::kPlayback, 1, kRate8000);
    driver.prepare(Sound::kRecord, 1, kRate8000);
    const auto status = driver.writable(8);
    const auto head = driver.readable(words({0}));
    driver.add(Sound::kPlay, {head, {VirtioDriver::kRamEnd - 8, 16, false}, status});
    ASSERT_EQ(driver.command(Sound::kPcmStart, Sound::kPlayback), Sound::kOk);
    ASSERT_TRUE(driver.event());
    EXPECT_EQ(driver.get<std::uint32_t>(status.at), Sound::kIoError);
    EXPECT_TRUE(driver.output().items.empty());

    const auto capture_status = driver.writable(8);
    const auto capture = driver.readable(words({1}));
    driver.add(Sound::kCapture, {capture, {VirtioDriver::kRamEnd - 8, 16, true}, capture_status});
    ASSERT_EQ(driver.command(Sound::kPcmStart, Sound::kRecord), Sound::kOk);
    driver.input(frames_counting(16));
    EXPECT_EQ(driver.room(), 0u) << "taken all the same, or it would be offered for ever";
    ASSERT_TRUE(driver.event());
    EXPECT_EQ(driver.get<std::uint32_t>(capture_status.at), Sound::kIoError);
    EXPECT_FALSE(driver.needs_reset());

    driver.add(Sound::kPlay, {head, driver.readable(frames_counting(16)), {0, 8, true}});
    driver.notify(Sound::kPlay);
    driver.run_events();
    EXPECT_TRUE(driver.needs_reset()) << "a status that cannot be written";
    EXPECT_FALSE(driver.device().next_event().has_value());
}

TEST(VirtioSound, ARequestThatIsNoMemoryNeedsAReset) {
    SoundDriver driver;
    driver.add(Sound::kControl, {{0, 8, false}, driver.writable(4)});
    driver.notify(Sound::kControl);
    driver.run_events();
    EXPECT_TRUE(driver.needs_reset());
}

TEST(VirtioSound, AMessageTakenOutOfTheRingIsNotPlayed) {
    SoundDriver driver;
    driver.prepare(Sound::kPlayback, 1, kRate8000);
    driver.add_playback(frames_counting(16));
    ASSERT_EQ(driver.command(Sound::kPcmStart), Sound::kOk);
    auto& ring = driver.ring(Sound::kPlay);
    driver.put(ring.available + 2, std::uint16_t{0});
    ASSERT_TRUE(driver.event());
    EXPECT_TRUE(driver.output().items.empty());
    EXPECT_FALSE(driver.device().next_event().has_value());
    EXPECT_FALSE(driver.needs_reset());
}

TEST(VirtioSound, AMessageThatIsMadeShorterOrLongerIsPlayedAsItIsThen) {
    SoundDriver driver;
    driver.prepare(Sound::kPlayback, 1, kRate8000);
    driver.prepare(Sound::kRecord, 1, kRate8000);
    const auto shorter = driver.add_playback(frames_counting(32));
    const auto shorter_capture = driver.add_capture(32);
    ASSERT_EQ(driver.command(Sound::kPcmStart, Sound::kPlayback), Sound::kOk);
    ASSERT_EQ(driver.command(Sound::kPcmStart, Sound::kRecord), Sound::kOk);
    driver.input(frames_counting(32));
    driver.put_descriptor(Sound::kPlay, 1, {shorter.frames, 16, kNext, 2});
    driver.put_descriptor(Sound::kCapture, 1, {shorter_capture.frames, 16, kNext | kWrite, 2});
    driver.run_events();
    EXPECT_EQ(driver.output().items.back().bytes.size(), SoundHeader::kBytes + 16);
    EXPECT_EQ(driver.used(Sound::kCapture), (std::vector<UsedEntry>{{shorter_capture.head, 24}}));
}

TEST(VirtioSound, ABrokenRingNeedsAReset) {
    SoundDriver driver;
    driver.prepare(Sound::kPlayback, 1, kRate8000);
    driver.make_available(Sound::kPlay, 1000);
    ASSERT_EQ(driver.command(Sound::kPcmStart), Sound::kOk);
    EXPECT_TRUE(driver.needs_reset());
    EXPECT_FALSE(driver.device().next_event().has_value());
}

TEST(VirtioSound, AResetEndsEverything) {
    SoundDriver driver;
    driver.prepare(Sound::kRecord, 1, kRate8000);
    driver.add_capture(16);
    ASSERT_EQ(driver.command(Sound::kPcmStart, Sound::kRecord), Sound::kOk);
    EXPECT_TRUE(driver.device().next_event().has_value());
    driver.start();
    EXPECT_FALSE(driver.device().next_event().has_value());
    EXPECT_EQ(driver.room(), 0u);
    EXPECT_EQ(driver.command(Sound::kPcmPrepare, Sound::kRecord), Sound::kBadMessage);
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
