// `backspin export`: what went in and out, as other programs read it.
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "cli/exit_code.hpp"
#include "cli/export_pcap.hpp"
#include "cli/input_gist.hpp"
#include "cli/outside/wav_sound.hpp"
#include "cli/playback.hpp"
#include "cli/recorded_run.hpp"
#include "cli/start_error.hpp"
#include "cli/verbs.hpp"

namespace backspin::cli {
namespace {

std::ofstream open_output(const ExportCommand& command) {
    std::error_code ignored;
    if (std::filesystem::equivalent(command.output, command.file, ignored))
        throw StartError(
            fmt::format("{}: is the recording itself; name another output file", command.output));
    if (!command.force && std::filesystem::exists(command.output, ignored))
        throw StartError(
            fmt::format("{}: exists already; name another file, or replace it with --force", command.output));
    std::ofstream out(command.output, std::ios::binary | std::ios::trunc);
    if (!out) {
        throw StartError(
            fmt::format("{}: cannot be written: {}", command.output, std::generic_category().message(errno)));
    }
    return out;
}

std::uint64_t write_console(Playback& playback, std::ostream& out) {
    const auto& run = playback.run();
    std::uint64_t written = 0;
    playback.play(run.frontier(),
                  {.input = {},
                   .output = [&](Channel channel, std::span<const std::byte> bytes, StepCount, VirtualTime) {
                       if (!is_console(channel, run.setup())) return;
                       written += bytes.size();
                       out.write(reinterpret_cast<const char*>(bytes.data()),
                                 static_cast<std::streamsize>(bytes.size()));
                   }});
    return written;
}

/// What was recorded of it, without a replay; a session that was saved afterwards holds none.
std::uint64_t copy_console(const snapshots::RecordingReader& reader, std::ostream& out) {
    const auto setup = describe_recording(reader);
    std::uint64_t written = 0;
    reader.for_each_output([&](const snapshots::RecordedOutput& output) {
        if (output.at.branch != Branch{} || !is_console(output.channel, setup)) return;
        written += output.bytes.size();
        out.write(reinterpret_cast<const char*>(output.bytes.data()),
                  static_cast<std::streamsize>(output.bytes.size()));
    });
    return written;
}

std::uint64_t write_packets(Playback& playback, std::ostream& out) {
    const auto& run = playback.run();
    std::vector<CapturedFrame> frames;
    const auto is_network = [&](Channel channel) {
        return device_of(channel, run.setup()).ends_with("-net");
    };
    playback.play(run.frontier(),
                  {.input =
                       [&](const replay::Event& event, VirtualTime time) {
                           const auto* input = std::get_if<DeviceInput>(&event.input);
                           if (input != nullptr && is_network(input->channel))
                               frames.push_back({time, input->bytes});
                       },
                   .output =
                       [&](Channel channel, std::span<const std::byte> bytes, StepCount, VirtualTime time) {
                           if (is_network(channel)) frames.push_back({time, {bytes.begin(), bytes.end()}});
                       }});
    write_pcap(out, frames, run.setup().options.board.rtc_start);
    return frames.size();
}

Channel sound_channel(const MachineSetup& setup, const std::string& file) {
    const auto& devices = setup.options.board.virtio;
    for (std::size_t i = 0; i < devices.size(); ++i) {
        if (std::holds_alternative<emu::virtio::SoundOptions>(devices[i])) return emu::virtio_channel(i);
    }
    throw StartError(fmt::format("{}: its machine has no sound card; record it with --sound", file));
}

/// How many bytes the card gave out: samples, and what tells their format.
std::uint64_t write_sound(Playback& playback, Channel sound, std::ostream& out) {
    WavExport wav(out, sound);
    std::uint64_t heard = 0;
    playback.play(playback.run().frontier(),
                  {.input = {},
                   .output = [&](Channel channel, std::span<const std::byte> bytes, StepCount, VirtualTime) {
                       if (channel == sound) heard += bytes.size();
                       wav.output(channel, bytes);
                   }});
    wav.finish();
    return heard;
}

}  // namespace

int export_as(const ExportCommand& command) {
    const snapshots::RecordingReader reader(command.file);
    std::uint64_t count = 0;
    const auto write = [&](auto&& content) {
        auto out = open_output(command);
        count = content(out);
        out.close();
        if (!out) {
            throw StartError(fmt::format("{}: could not be written: {}", command.output,
                                         std::generic_category().message(errno)));
        }
    };
    if (command.format == ExportFormat::console && reader.output_count() > 0) {
        write([&](std::ostream& out) { return copy_console(reader, out); });
    } else {
        const RecordedRun run(command.file, command.drive_files);
        const bool sound = command.format == ExportFormat::wav;
        const auto channel = sound ? sound_channel(run.setup(), command.file) : Channel{};
        Playback playback(run);
        write([&](std::ostream& out) {
            return sound                                  ? write_sound(playback, channel, out)
                   : command.format == ExportFormat::pcap ? write_packets(playback, out)
                                                          : write_console(playback, out);
        });
    }
    constexpr std::array kWhat{"bytes of console output", "packets", "bytes of sound"};
    fmt::print(stderr, "backspin: {}: {} {}\n", command.output, count,
               kWhat.at(static_cast<std::size_t>(command.format)));
    return kSuccess;
}

}  // namespace backspin::cli
