#include "snapshots/recording_events.hpp"

#include <gtest/gtest.h>

#include "recording_fixture.hpp"

namespace backspin::snapshots {
namespace {

TEST(RecordedEvents, RefusePayloadsThatAreNotOfTheirKind) {
    for (const auto& event : sample(8).content.events) {
        const auto encoded = encode(event.input);
        const auto kind = static_cast<std::uint64_t>(encoded.kind);
        EXPECT_EQ(decode(kind, encoded.payload), event.input);
        EXPECT_EQ(decode(kind, std::span{encoded.payload}.first(3)), std::nullopt);
    }
    const std::vector<std::byte> nine(9);
    EXPECT_EQ(decode(2, nine), std::nullopt);
    EXPECT_EQ(decode(0, nine), std::nullopt);
    EXPECT_EQ(decode(5, nine), std::nullopt);
}

}  // namespace
}  // namespace backspin::snapshots
