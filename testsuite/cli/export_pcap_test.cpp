#include "cli/export_pcap.hpp"

#include <limits>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace backspin::cli {
namespace {

using namespace std::string_literals;

std::string pcap(std::span<const CapturedFrame> frames, std::uint64_t power_on = 0) {
    std::ostringstream out;
    write_pcap(out, frames, power_on);
    return out.str();
}

// As tcpdump -r reads it: nanosecond magic, version 2.4, Ethernet.
const auto kHeader = "\x4d\x3c\xb2\xa1\x02\x00\x04\x00\0\0\0\0\0\0\0\0\0\0\x04\0\x01\0\0\0"s;

TEST(Pcap, WithoutFramesItIsAHeader) {
    EXPECT_EQ(pcap({}), kHeader);
}

TEST(Pcap, EachFrameHasItsVirtualTimeToTheNanosecond) {
    const std::vector<CapturedFrame> frames{
        {VirtualTime{3'000'000'258}, {std::byte{'a'}, std::byte{'b'}, std::byte{'c'}}},
        {VirtualTime{4'999'999'999}, {std::byte{'d'}}}};
    EXPECT_EQ(pcap(frames), kHeader + "\x03\0\0\0\x02\x01\0\0\x03\0\0\0\x03\0\0\0abc"s +
                                "\x04\0\0\0\xff\xc9\x9a\x3b\x01\0\0\0\x01\0\0\0d"s);
}

TEST(Pcap, TheClockAtPowerOnIsAdded) {
    const std::vector<CapturedFrame> frames{{VirtualTime{1}, {}}};
    EXPECT_EQ(pcap(frames, 1'735'689'600'000'000'000),
              kHeader + "\x80\x85\x74\x67\x01\0\0\0\0\0\0\0\0\0\0\0"s);
}

TEST(Pcap, ATimeBehindTheLastSecondOfTheFormatStaysThere) {
    const std::vector<CapturedFrame> frames{{VirtualTime{std::uint64_t{1} << 62}, {}}};
    EXPECT_EQ(pcap(frames).substr(kHeader.size(), 4), "\xff\xff\xff\xff");
}

}  // namespace
}  // namespace backspin::cli
