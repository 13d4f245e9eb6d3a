#include "cli/outside/wav.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <sstream>

#include "cli/outside/wav_sound.hpp"
#include "cli/start_error.hpp"
#include "testsuite/cli/temporary_folder.hpp"

namespace backspin::cli {
namespace {

using emu::virtio::SoundFormat;
using emu::virtio::SoundHeader;

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

template <class T>
std::string little(T value) {
    return text_of(std::as_bytes(std::span(&value, 1)));
}

std::string samples(std::initializer_list<std::int16_t> values) {
    return text_of(std::as_bytes(std::span(std::data(values), values.size())));
}

/// A piece of what a sound device gives out.
std::vector<std::byte> played(const SoundFormat& format, std::string_view frames) {
    const SoundHeader header{SoundHeader::Kind::played, format, static_cast<std::uint32_t>(frames.size())};
    const auto bytes = emu::virtio::to_bytes(header);
    std::vector<std::byte> piece(bytes.begin(), bytes.end());
    const auto data = bytes_of(frames);
    piece.insert(piece.end(), data.begin(), data.end());
    return piece;
}

std::vector<std::byte> capture_started(const SoundFormat& format) {
    const auto bytes = emu::virtio::to_bytes({SoundHeader::Kind::capture_started, format, 0});
    return {bytes.begin(), bytes.end()};
}

std::string format_chunk(std::uint16_t tag, std::uint16_t channels, std::uint32_t rate, std::uint16_t bits) {
    const auto frame = static_cast<std::uint16_t>(channels * bits / 8);
    return "fmt " + little(std::uint32_t{16}) + little(tag) + little(channels) + little(rate) +
           little(std::uint32_t{rate * frame}) + little(frame) + little(bits);
}

std::string chunk(const std::string& name, const std::string& data) {
    return name + little(static_cast<std::uint32_t>(data.size())) + data + std::string(data.size() % 2, '\0');
}

std::string wav(const std::string& chunks) {
    return "RIFF" + little(static_cast<std::uint32_t>(4 + chunks.size())) + "WAVE" + chunks;
}

std::vector<SoundFrame> all_frames(const std::string& file) {
    std::istringstream in(file);
    WavReader reader(in);
    return reader.next(1000);
}

// ---- reading ------------------------------------------------------------------------------------

TEST(Wav, ReadsEveryWidthAsSixteenBits) {
    EXPECT_EQ(all_frames(wav(format_chunk(1, 1, 8000, 8) + chunk("data", "\x80\xff\x01"))),
              (std::vector<SoundFrame>{{0, 0}, {127 * 256, 127 * 256}, {-127 * 256, -127 * 256}}));
    EXPECT_EQ(all_frames(wav(format_chunk(1, 2, 8000, 16) + chunk("data", samples({1, -2, 3, -4})))),
              (std::vector<SoundFrame>{{1, -2}, {3, -4}}));
    EXPECT_EQ(all_frames(wav(format_chunk(1, 1, 8000, 24) + chunk("data", "\x99\x02\x01"))),
              (std::vector<SoundFrame>{{0x0102, 0x0102}}));
    EXPECT_EQ(all_frames(wav(format_chunk(1, 1, 8000, 32) + chunk("data", "\x99\x99\x02\x81"))),
              (std::vector<SoundFrame>{{-0x7efe, -0x7efe}}));
}

TEST(Wav, OfManyChannelsTheFirstTwoAreHeard) {
    EXPECT_EQ(all_frames(wav(format_chunk(1, 3, 8000, 16) + chunk("data", samples({1, 2, 3, 4, 5, 6})))),
              (std::vector<SoundFrame>{{1, 2}, {4, 5}}));
}

TEST(Wav, GoesOverOtherChunksOddOnesToo) {
    const auto file = wav(chunk("LIST", "odd") + format_chunk(1, 1, 8000, 16) + chunk("fact", "1234") +
                          chunk("data", samples({7})));
    EXPECT_EQ(all_frames(file), (std::vector<SoundFrame>{{7, 7}}));
}

TEST(Wav, ReadsTheExtensibleFormat) {
    const auto extended = format_chunk(0xfffe, 1, 8000, 16).substr(8) + std::string(8, '\0') +
                          little(std::uint16_t{1}) + std::string(14, '\0');
    EXPECT_EQ(all_frames(wav(chunk("fmt ", extended) + chunk("data", samples({7})))),
              (std::vector<SoundFrame>{{7, 7}}));
}

TEST(Wav, AFileThatIsShorterThanItSaysEndsWhereItEnds) {
    auto file = wav(format_chunk(1, 2, 8000, 16) + "data" + little(std::uint32_t{0xffff'ffff}));
    file += samples({1, 2, 3, 4, 5});
    std::istringstream in(file);
    WavReader reader(in);
    EXPECT_EQ(reader.rate(), 8000u);
    EXPECT_EQ(reader.next(1), (std::vector<SoundFrame>{{1, 2}}));
    EXPECT_EQ(reader.next(10), (std::vector<SoundFrame>{{3, 4}}));
    EXPECT_TRUE(reader.next(10).empty());
}

TEST(Wav, RefusesWhatItCannotRead) {
    const auto reason = [](const std::string& file) -> std::string {
        std::istringstream in(file);
        try {
            WavReader reader(in);
        } catch (const BadWav& error) {
            return error.what();
        }
        return {};
    };
    const auto good = format_chunk(1, 1, 8000, 16);
    const auto data = chunk("data", samples({7}));
    EXPECT_EQ(reason(wav(good + data)), "");
    EXPECT_EQ(reason(""), "it does not begin as one");
    EXPECT_EQ(reason("RIFX" + wav(good + data).substr(4)), "it does not begin as one");
    EXPECT_EQ(reason(wav(good)), "it ends before its samples");
    EXPECT_EQ(reason(wav(data)), "its samples come before their format");
    EXPECT_EQ(reason(wav(chunk("fmt ", good.substr(8, 14)))), "the description of its format is cut short");
    EXPECT_EQ(reason(wav(good.substr(0, 20))), "the description of its format is cut short");
    EXPECT_EQ(reason(wav(format_chunk(0xfffe, 1, 8000, 16) + data)),
              "its samples are no PCM of 8, 16, 24 or 32 bits");
    EXPECT_EQ(reason(wav(format_chunk(3, 1, 8000, 32) + data)),
              "its samples are no PCM of 8, 16, 24 or 32 bits");
    for (const std::uint16_t bits : {0, 4, 12, 40, 64})
        EXPECT_EQ(reason(wav(format_chunk(1, 1, 8000, bits) + data)),
                  "its samples are no PCM of 8, 16, 24 or 32 bits");
    for (const std::uint16_t channels : {0, 33, 65535})
        EXPECT_EQ(reason(wav(format_chunk(1, channels, 8000, 16) + data)),
                  "it has not from 1 to 32 channels");
    for (const std::uint32_t rate : {0u, 999u, 384'001u, ~0u})
        EXPECT_EQ(reason(wav(format_chunk(1, 1, rate, 16) + data)), "its rate is not from 1000 to 384000 Hz");
    std::string many;
    for (int i = 0; i < 1001; ++i) many += chunk("none", "");
    EXPECT_EQ(reason(wav(many + good + data)), "it has no samples among its first thousand chunks");
}

// ---- rates and channels -------------------------------------------------------------------------

std::vector<SoundFrame> resampled(std::uint32_t from, std::uint32_t to,
                                  std::initializer_list<std::int16_t> in) {
    Resampler resampler(from, to);
    std::vector<SoundFrame> out;
    for (const auto value : in) resampler.push({value, static_cast<std::int16_t>(-value)}, out);
    return out;
}

TEST(Sound, EqualRatesChangeNothingAndOthersInterpolate) {
    EXPECT_EQ(resampled(8000, 8000, {5, 9, 1}), (std::vector<SoundFrame>{{5, -5}, {9, -9}, {1, -1}}));
    EXPECT_EQ(resampled(8000, 16000, {0, 10, 0}),
              (std::vector<SoundFrame>{{0, 0}, {5, -5}, {10, -10}, {5, -5}, {0, 0}}));
    EXPECT_EQ(resampled(16000, 8000, {1, 2, 3, 4, 5}), (std::vector<SoundFrame>{{1, -1}, {3, -3}, {5, -5}}));
    EXPECT_EQ(resampled(48000, 32000, {0, 30, 60, 90}),
              (std::vector<SoundFrame>{{0, 0}, {45, -45}, {90, -90}}));
    EXPECT_EQ(resampled(8000, 16000, {32767, -32767}),
              (std::vector<SoundFrame>{{32767, -32767}, {0, 0}, {-32767, 32767}}));
}

TEST(Sound, MonoIsHeardOnBothSidesAndBothSidesAreMixed) {
    const std::vector<SoundFrame> frames{{10, 20}, {-32768, -32768}};
    EXPECT_EQ(text_of(to_samples(frames, 2)), samples({10, 20, -32768, -32768}));
    EXPECT_EQ(text_of(to_samples(frames, 1)), samples({15, -32768}));
    EXPECT_EQ(frames_of(bytes_of(samples({3, 4})), 1), (std::vector<SoundFrame>{{3, 3}, {4, 4}}));
    EXPECT_EQ(frames_of(bytes_of(samples({3, 4}) + "x"), 2), (std::vector<SoundFrame>{{3, 4}}));
}

TEST(Sound, PiecesAreReadHoweverTheyWereCut) {
    auto stream = played({8000, 1}, samples({1, 2}));
    for (const auto& more : {capture_started({44100, 2}), played({48000, 2}, samples({3, 4}))})
        stream.insert(stream.end(), more.begin(), more.end());
    for (std::size_t cut = 1; cut <= stream.size(); ++cut) {
        std::string seen;
        SoundPieces pieces([&](const SoundHeader& header, std::span<const std::byte> frames) {
            seen += std::to_string(header.format.rate) + ":" + std::to_string(frames.size()) + " ";
        });
        for (std::size_t at = 0; at < stream.size(); at += cut)
            pieces.take(std::span(stream).subspan(at, std::min(cut, stream.size() - at)));
        EXPECT_EQ(seen, "8000:4 44100:0 48000:4 ");
        EXPECT_FALSE(pieces.broken());
    }
}

TEST(Sound, WhatIsNoSuchStreamIsNotReadFurther) {
    int seen = 0;
    SoundPieces pieces([&](const SoundHeader&, auto) { ++seen; });
    pieces.take(played({8000, 1}, samples({1})));
    pieces.take(bytes_of("this is no header"));
    pieces.take(played({8000, 1}, samples({1})));
    EXPECT_TRUE(pieces.broken());
    EXPECT_EQ(seen, 1);
}

// ---- writing ------------------------------------------------------------------------------------

TEST(Wav, WhatIsWrittenIsReadBack) {
    std::stringstream file;
    WavWriter writer(file, {44100, 2});
    writer.write(bytes_of(samples({1, 2, 3, 4})));
    writer.finish();
    EXPECT_EQ(file.str(), wav(format_chunk(1, 2, 44100, 16) + chunk("data", samples({1, 2, 3, 4}))));
    EXPECT_EQ(all_frames(file.str()), (std::vector<SoundFrame>{{1, 2}, {3, 4}}));
}

TEST(Wav, AfterASecondOfSoundAFileWhoseWriterWasKilledHoldsIt) {
    std::stringstream file;
    WavWriter writer(file, {8000, 1});
    EXPECT_TRUE(all_frames(file.str()).empty()) << "and before it is an empty one";
    writer.write(std::vector<std::byte>(16000));
    writer.write(std::vector<std::byte>(15998));
    std::istringstream killed(file.str());
    WavReader reader(killed);
    EXPECT_EQ(reader.next(100'000).size(), 8000u);
}

TEST(Wav, PlaybackHasTheFormatThatIsPlayedFirst) {
    auto stream = played({8000, 1}, samples({1, 2}));
    for (const auto& more :
         {played({8000, 1}, samples({3})), played({16000, 2}, samples({10, 20, 0, 0, 30, 40})),
          played({8000, 1}, samples({4}))})
        stream.insert(stream.end(), more.begin(), more.end());
    std::stringstream file;
    EXPECT_TRUE(write_wav(file, stream));
    EXPECT_EQ(file.str(), wav(format_chunk(1, 1, 8000, 16) + chunk("data", samples({1, 2, 3, 15, 35, 4}))));
}

TEST(Wav, NothingPlayedGivesAnEmptyFile) {
    std::stringstream file;
    EXPECT_TRUE(write_wav(file, {}));
    EXPECT_EQ(file.str(), wav(format_chunk(1, 2, 48000, 16) + chunk("data", "")));
}

TEST(Wav, OfOutputThatIsNoSoundWhatCameBeforeIsKept) {
    auto stream = played({8000, 1}, samples({1}));
    stream.resize(stream.size() + 20);
    std::stringstream file;
    EXPECT_FALSE(write_wav(file, stream));
    EXPECT_EQ(all_frames(file.str()).size(), 1u);
}

TEST(Wav, AnExportTakesTheSoundDevicesChannelOnly) {
    std::stringstream file;
    WavExport sink(file, Channel{17});
    sink.output(Channel{0}, bytes_of("console"));
    sink.output(Channel{17}, played({8000, 1}, samples({1})));
    sink.output(Channel{18}, played({8000, 1}, samples({2})));
    sink.finish();
    EXPECT_EQ(all_frames(file.str()), (std::vector<SoundFrame>{{1, 1}}));
}

// ---- the outside --------------------------------------------------------------------------------

class WavFiles : public ::testing::Test {
  protected:
    std::string path(const std::string& name) const { return folder_ / name; }
    void write(const std::string& name, const std::string& text) const { spill(path(name), text); }
    std::string read(const std::string& name) const { return slurp(path(name)); }
    TemporaryFolder folder_;
};

TEST_F(WavFiles, WhatIsPlayedIsInTheFileAtTheEnd) {
    {
        const auto sound = open_wav_sound({path("out.wav"), ""}, false);
        EXPECT_FALSE(sound->answers_at_once());
        EXPECT_TRUE(sound->next(100).empty());
        sound->output(played({8000, 1}, samples({1, 2})));
        sound->flush();
        EXPECT_EQ(all_frames(read("out.wav")).size(), 2u);
        sound->output(played({8000, 1}, samples({3})));
    }
    EXPECT_EQ(all_frames(read("out.wav")).size(), 3u);
}

TEST_F(WavFiles, AnExistingFileIsReplacedByForceOnly) {
    write("out.wav", "precious");
    EXPECT_THROW(open_wav_sound({path("out.wav"), ""}, false), StartError);
    EXPECT_EQ(read("out.wav"), "precious");
    EXPECT_NO_THROW(open_wav_sound({path("out.wav"), ""}, true));
    EXPECT_EQ(read("out.wav").size(), 44u);
    EXPECT_THROW(open_wav_sound({path("none/out.wav"), ""}, true), StartError);
}

TEST_F(WavFiles, IsCapturedInTheFormatThatTheGuestWants) {
    write("in.wav", wav(format_chunk(1, 1, 8000, 16) + chunk("data", samples({0, 10, 20, 30}))));
    const auto sound = open_wav_sound({"", path("in.wav")}, false);
    EXPECT_FALSE(sound->answers_at_once()) << "nobody knows yet in which format";
    EXPECT_TRUE(sound->next(100).empty());
    sound->output(capture_started({16000, 2}));
    EXPECT_TRUE(sound->answers_at_once());
    EXPECT_EQ(text_of(sound->next(8)), samples({0, 0, 5, 5}));
    EXPECT_EQ(text_of(sound->next(11)), samples({10, 10, 15, 15})) << "whole frames";
    sound->output(capture_started({16000, 2}));
    EXPECT_EQ(text_of(sound->next(8)), samples({20, 20, 25, 25})) << "goes on where it was";
    EXPECT_TRUE(sound->answers_at_once());
    EXPECT_EQ(text_of(sound->next(100)), samples({30, 30}));
    EXPECT_TRUE(sound->next(100).empty());
    EXPECT_FALSE(sound->answers_at_once()) << "from here on it is silent";
}

TEST_F(WavFiles, AFileThatIsNoneIsRefusedWithItsName) {
    write("in.wav", "RIFF");
    for (const auto* const name : {"in.wav", "missing.wav", "."}) {
        try {
            open_wav_sound({"", path(name)}, false);
            FAIL() << name;
        } catch (const StartError& error) {
            EXPECT_EQ(std::string(error.what()).find(path(name)), 0u) << error.what();
        }
    }
    ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
    EXPECT_THROW(open_wav_sound({"", path("pipe")}, false), StartError) << "without waiting for a writer";
}

}  // namespace
}  // namespace backspin::cli
