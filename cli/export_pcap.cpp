#include "cli/export_pcap.hpp"

#include <algorithm>
#include <concepts>
#include <limits>

namespace backspin::cli {
namespace {

constexpr std::uint32_t kMagicNanoseconds = 0xa1b2'3c4d;
constexpr std::uint16_t kMajor = 2;
constexpr std::uint16_t kMinor = 4;
constexpr std::uint32_t kLongest = 262'144;  ///< what readers take; a frame of a card is far shorter
constexpr std::uint32_t kEthernet = 1;
constexpr std::uint64_t kSecond = 1'000'000'000;

template <std::unsigned_integral T>
void put(std::ostream& out, T value) {
    for (std::size_t i = 0; i < sizeof value; ++i) out.put(static_cast<char>(value >> (8 * i)));
}

void put_frame(std::ostream& out, const CapturedFrame& frame, std::uint64_t power_on) {
    const auto time = power_on + frame.at.ns;
    constexpr std::uint64_t kMostSeconds = std::numeric_limits<std::uint32_t>::max();
    const auto kept = std::min<std::size_t>(frame.bytes.size(), kLongest);
    put(out, static_cast<std::uint32_t>(std::min(time / kSecond, kMostSeconds)));
    put(out, static_cast<std::uint32_t>(time % kSecond));
    put(out, static_cast<std::uint32_t>(kept));
    put(out, static_cast<std::uint32_t>(frame.bytes.size()));
    out.write(reinterpret_cast<const char*>(frame.bytes.data()), static_cast<std::streamsize>(kept));
}

}  // namespace

void write_pcap(std::ostream& out, std::span<const CapturedFrame> frames, std::uint64_t power_on) {
    put(out, kMagicNanoseconds);
    put(out, kMajor);
    put(out, kMinor);
    put(out, std::uint32_t{0});  // correction to UTC
    put(out, std::uint32_t{0});  // accuracy
    put(out, kLongest);
    put(out, kEthernet);
    for (const auto& frame : frames) put_frame(out, frame, power_on);
}

}  // namespace backspin::cli
