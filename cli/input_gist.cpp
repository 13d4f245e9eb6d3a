#include "cli/input_gist.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "cli/units.hpp"
#include "emu/board.hpp"

namespace backspin::cli {
namespace {

std::uint64_t little(std::span<const std::byte> bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 8); ++i)
        value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
    return value;
}

std::string hexadecimal(std::span<const std::byte> bytes) {
    constexpr std::size_t kMost = 16;
    std::string text;
    for (const auto byte : bytes.first(std::min(bytes.size(), kMost)))
        text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
    return bytes.size() > kMost ? text + "..." : text;
}

/// What the host's clock showed.
std::string describe_reading(std::span<const std::byte> bytes) {
    if (bytes.size() != emu::GoldfishRtc::kReadingSize) return "no reading";
    const auto ns = little(bytes);
    const std::chrono::sys_seconds seconds{
        std::chrono::seconds{static_cast<std::int64_t>(ns / 1'000'000'000)}};
    return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:09} UTC", seconds, ns % 1'000'000'000);
}

/// Whole events of 8 bytes: type, code, value.
std::string describe_input_events(std::span<const std::byte> bytes) {
    constexpr std::size_t kEvent = 8, kMost = 4;
    std::string text;
    for (std::size_t i = 0; i + kEvent <= bytes.size() && i < kMost * kEvent; i += kEvent) {
        text += fmt::format("{}type {} code {} value {}", text.empty() ? "" : "; ",
                            little(bytes.subspan(i, 2)), little(bytes.subspan(i + 2, 2)),
                            static_cast<std::int32_t>(little(bytes.subspan(i + 4, 4))));
    }
    return bytes.size() > kMost * kEvent ? text + "; ..." : text;
}

std::string_view virtio_kind(Channel channel, const MachineSetup& setup) {
    const auto first = emu::virtio_channel(0).value;
    const auto& devices = setup.options.board.virtio;
    if (channel.value < first || channel.value - first >= devices.size()) return {};
    return emu::virtio::kind_of(devices[channel.value - first]);
}

InputSummary summarize_device(const DeviceInput& input, const MachineSetup& setup) {
    const std::span<const std::byte> bytes = input.bytes;
    InputSummary summary{"other", device_of(input.channel, setup), bytes.size(), hexadecimal(bytes)};
    const auto is = [&](std::string_view kind, std::string gist) {
        summary.kind = kind;
        summary.gist = std::move(gist);
    };
    const auto virtio = virtio_kind(input.channel, setup);
    if (input.channel == emu::kConsoleChannel || virtio == "console") is("console", quoted(bytes));
    if (input.channel == emu::kSemihostingChannel) is("semihosting", "an answer: " + hexadecimal(bytes));
    if (input.channel == emu::kRtcChannel) is("clock", describe_reading(bytes));
    if (input.channel == emu::kPowerChannel)
        is("power", little(bytes) == 0 ? "the power button" : "the reset button");
    if (virtio == "net") is("network", describe_frame(bytes));
    if (virtio == "entropy") is("entropy", hexadecimal(bytes));
    if (virtio == "sound") is("sound", fmt::format("{} of captured samples", describe_size(bytes.size())));
    if (virtio == "keyboard" || virtio == "pointer") is("input", describe_input_events(bytes));
    return summary;
}

}  // namespace

std::string quoted(std::span<const std::byte> bytes, std::size_t most) {
    std::string text = "\"";
    for (const auto byte : bytes.first(std::min(bytes.size(), most))) {
        const auto c = std::to_integer<unsigned char>(byte);
        if (c == '\n') {
            text += "\\n";
        } else if (c == '\r') {
            text += "\\r";
        } else if (c == '\t') {
            text += "\\t";
        } else if (c == '"' || c == '\\') {
            text += {'\\', static_cast<char>(c)};
        } else if (c < 0x20 || c >= 0x7f) {
            text += fmt::format("\\x{:02x}", c);
        } else {
            text += static_cast<char>(c);
        }
    }
    return text + (bytes.size() > most ? "\"..." : "\"");
}

std::string device_of(Channel channel, const MachineSetup& setup) {
    if (channel == emu::kConsoleChannel) return "uart";
    if (channel == emu::kSemihostingChannel) return "semihosting";
    if (channel == emu::kRtcChannel) return "rtc";
    if (channel == emu::kPowerChannel) return "finisher";
    const auto kind = virtio_kind(channel, setup);
    if (!kind.empty()) return fmt::format("virtio{}-{}", channel.value - emu::virtio_channel(0).value, kind);
    return fmt::format("channel{}", channel.value);
}

bool is_console(Channel channel, const MachineSetup& setup) {
    return channel == emu::kConsoleChannel || virtio_kind(channel, setup) == "console";
}

InputSummary summarize(const Input& input, const MachineSetup& setup) {
    struct Summarize {
        const MachineSetup& setup;
        InputSummary operator()(const DeviceInput& device) const { return summarize_device(device, setup); }
        InputSummary operator()(const IdleWarp& warp) const {
            return {"idle", "clock", 0, "the host waited " + describe_time(warp.by)};
        }
        InputSummary operator()(const MemoryWrite& write) const {
            return {"write", fmt::format("hart{}", write.hart.value), write.bytes.size(),
                    fmt::format("memory at {:#x}: {}", write.at.value, hexadecimal(write.bytes))};
        }
        InputSummary operator()(const RegisterWrite& write) const {
            return {"write", fmt::format("hart{}", write.hart.value), 8,
                    fmt::format("register {}: {:#x}", write.which.value, write.value)};
        }
    };
    return std::visit(Summarize{setup}, input);
}

}  // namespace backspin::cli
