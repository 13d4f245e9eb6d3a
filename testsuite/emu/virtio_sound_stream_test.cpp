// The streams of a sound device: what is played and captured, and when.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "emu/devices/virtio/sound.hpp"
#include "testsuite/emu/sound_driver.hpp"

namespace backspin::emu::testing {
namespace {

SoundHeader header_at(std::span<const std::byte> bytes) {
    const auto header = virtio::sound_header_of(bytes.first<SoundHeader::kBytes>());
    EXPECT_TRUE(header.has_value());
    return header.value_or(SoundHeader{});
}

/// A nanosecond count, rounded up, as the driver would see the frame's end.
std::uint64_t time_of_frame(std::uint64_t frame, std::uint64_t rate) {
    return (frame * kSecond + rate - 1) / rate;
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

}  // namespace
}  // namespace backspin::emu::testing
