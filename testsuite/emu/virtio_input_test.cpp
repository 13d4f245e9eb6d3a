// Keyboard and pointer as their driver sees them. Source: VIRTIO 1.2, section 5.8.
#include "emu/devices/virtio/input.hpp"

#include <gtest/gtest.h>

#include "testsuite/emu/virtio_driver.hpp"

namespace backspin::emu {
namespace {

using namespace testing;
using virtio::Input;
using virtio::InputOptions;
namespace ev = virtio::input_event;

constexpr auto kEvents = Input::kEvents, kStatus = Input::kStatus;

struct Event {
    std::uint16_t type = 0, code = 0;
    std::uint32_t value = 0;
    bool operator==(const Event&) const = default;
};
static_assert(sizeof(Event) == ev::kSize);

std::vector<std::byte> bytes_of_events(std::span<const Event> events) {
    const auto bytes = std::as_bytes(events);
    return {bytes.begin(), bytes.end()};
}

class VirtioInputTest : public ::testing::TestWithParam<InputOptions::Kind> {
  protected:
    void SetUp() override { driver_.start(); }
    bool is_keyboard() const { return GetParam() == InputOptions::Kind::keyboard; }

    /// What the driver finds behind a selection.
    std::vector<std::byte> selected(std::uint8_t select, std::uint8_t subselect = 0) {
        write_byte(Input::kSelectAt, select);
        write_byte(Input::kSubselectAt, subselect);
        driver_.through_a_snapshot();
        std::vector<std::byte> data(driver_.configuration<std::uint8_t>(Input::kSizeAt));
        for (std::size_t i = 0; i < data.size(); ++i)
            data[i] = std::byte{driver_.configuration<std::uint8_t>(Input::kDataAt + i)};
        EXPECT_EQ(driver_.configuration<std::uint8_t>(Input::kDataAt + data.size()), 0u);
        return data;
    }
    std::vector<unsigned> codes(std::uint8_t type) {
        const auto bits = selected(Input::kEventBits, type);
        std::vector<unsigned> codes;
        for (unsigned code = 0; code < 8 * bits.size(); ++code) {
            if ((bits[code / 8] >> code % 8 & std::byte{1}) != std::byte{0}) codes.push_back(code);
        }
        return codes;
    }
    void write_byte(std::uint64_t at, std::uint8_t value) {
        const auto base = memory_map::kVirtio.base.value + virtio::Transport::Config;
        ASSERT_TRUE(driver_.board().write_device({base + at}, AccessSize::byte, value));
    }
    void give_buffers(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            buffers_.push_back(driver_.writable(ev::kSize));
            driver_.add(kEvents, {buffers_.back()});
        }
    }

    VirtioDriver driver_{InputOptions{GetParam()}};
    std::vector<DriverBuffer> buffers_;
};
INSTANTIATE_TEST_SUITE_P(Kinds, VirtioInputTest,
                         ::testing::Values(InputOptions::Kind::keyboard, InputOptions::Kind::pointer),
                         [](const auto& info) {
                             return info.param == InputOptions::Kind::keyboard ? "keyboard" : "pointer";
                         });

TEST_P(VirtioInputTest, SaysWhatItIs) {
    EXPECT_EQ(driver_.read(virtio::Transport::DeviceID), 18u);
    EXPECT_TRUE(driver_.queue_exists(1));
    EXPECT_FALSE(driver_.queue_exists(2));
    EXPECT_EQ(selected(Input::kName), bytes_of(is_keyboard() ? "Backspin keyboard" : "Backspin pointer"));
    EXPECT_EQ(selected(Input::kSerial), bytes_of("0"));
    EXPECT_EQ(selected(Input::kIds).size(), 8u);
    EXPECT_EQ(selected(Input::kIds)[0], std::byte{6});
    EXPECT_TRUE(selected(Input::kProperties).empty());
    EXPECT_TRUE(selected(Input::kUnset).empty());
    EXPECT_TRUE(selected(0x77, 3).empty());
}

TEST_P(VirtioInputTest, SaysWhichEventsItGives) {
    using Codes = std::vector<unsigned>;
    const auto keys = codes(ev::kKey);
    if (is_keyboard()) {
        EXPECT_EQ(keys.size(), 127u);
        EXPECT_EQ(keys.front(), 1u);
    } else {
        EXPECT_EQ(keys, (Codes{0x110, 0x111, 0x112}));
    }
    EXPECT_EQ(codes(ev::kRel), is_keyboard() ? Codes{} : Codes{8});
    EXPECT_EQ(codes(ev::kAbs), is_keyboard() ? Codes{} : (Codes{0, 1}));
    EXPECT_EQ(codes(ev::kLed), is_keyboard() ? (Codes{0, 1, 2}) : Codes{});
    EXPECT_EQ(codes(ev::kRep), is_keyboard() ? (Codes{0, 1}) : Codes{});
    EXPECT_EQ(codes(5), Codes{});
}

TEST_P(VirtioInputTest, SaysHowFarThePointerGoes) {
    for (const auto axis : {ev::kX, ev::kY}) {
        const auto info = selected(Input::kAbsoluteInfo, static_cast<std::uint8_t>(axis));
        if (is_keyboard()) {
            EXPECT_TRUE(info.empty());
            continue;
        }
        ASSERT_EQ(info.size(), 20u);
        std::uint32_t most = 0;
        std::memcpy(&most, info.data() + 4, sizeof most);
        EXPECT_EQ(most, ev::kLargestCoordinate);
    }
    EXPECT_TRUE(selected(Input::kAbsoluteInfo, 2).empty());
}

TEST_P(VirtioInputTest, TheRestOfTheConfigurationIsReadOnlyAndEmpty) {
    const auto base = memory_map::kVirtio.base.value + virtio::Transport::Config;
    selected(Input::kName);
    const auto before = driver_.read_as<std::uint64_t>(virtio::Transport::Config + Input::kDataAt);
    for (std::uint64_t at = 2; at < 0xf00; at += 2)
        EXPECT_TRUE(driver_.board().write_device({base + at}, AccessSize::half, 0xffff));
    EXPECT_EQ(driver_.read_as<std::uint64_t>(virtio::Transport::Config + Input::kDataAt), before);
    EXPECT_EQ(driver_.read_as<std::uint32_t>(virtio::Transport::Config + 0x200), 0u);
    // Both fields by one access, as a driver may.
    EXPECT_TRUE(driver_.board().write_device({base}, AccessSize::half, 0x0111));
    EXPECT_EQ(driver_.configuration<std::uint8_t>(Input::kSelectAt), 0x11u);
    EXPECT_EQ(driver_.configuration<std::uint8_t>(Input::kSubselectAt), 1u);
}

TEST_P(VirtioInputTest, GivesEventsOneABuffer) {
    EXPECT_EQ(driver_.room(), 0u);
    give_buffers(4);
    EXPECT_EQ(driver_.room(), 4 * ev::kSize);
    const std::vector<Event> events{{ev::kKey, 30, 1}, {ev::kSyn, 0, 0}};
    driver_.input(bytes_of_events(events));
    EXPECT_EQ(driver_.used(kEvents), (std::vector<UsedEntry>{{0, 8}, {1, 8}}));
    EXPECT_TRUE(driver_.line());
    for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(driver_.get<Event>(buffers_[i].at), events[i]);
    driver_.through_a_snapshot();
    EXPECT_EQ(driver_.room(), 2 * ev::kSize);
    give_buffers(1);
    EXPECT_EQ(driver_.room(), 3 * ev::kSize);
}

/// As a damaged recording has them.
TEST_P(VirtioInputTest, HalfAnEventAndOneTooManyAreNone) {
    give_buffers(1);
    driver_.input(bytes_of("1234567"));
    EXPECT_TRUE(driver_.used(kEvents).empty());
    driver_.input(bytes_of_events(std::vector<Event>{{1, 2, 3}, {4, 5, 6}}));
    EXPECT_EQ(driver_.used(kEvents).size(), 1u);
    EXPECT_EQ(driver_.get<Event>(buffers_[0].at), (Event{1, 2, 3}));
    EXPECT_FALSE(driver_.needs_reset());
}

TEST_P(VirtioInputTest, TakesWhatTheDriverSetsTheLightsTo) {
    driver_.add(kStatus, {driver_.readable(bytes_of_events(std::vector<Event>{{ev::kLed, 1, 1}}))});
    driver_.add(kStatus, {driver_.readable(bytes_of_events(std::vector<Event>{{ev::kSyn, 0, 0}}))});
    driver_.notify(kStatus);
    EXPECT_EQ(driver_.run_events(), 1u);
    EXPECT_EQ(driver_.used(kStatus), (std::vector<UsedEntry>{{0, 0}, {1, 0}}));
}

TEST_P(VirtioInputTest, AResetForgetsTheSelection) {
    selected(Input::kName);
    driver_.start();
    EXPECT_EQ(driver_.configuration<std::uint8_t>(Input::kSelectAt), 0u);
    EXPECT_EQ(driver_.configuration<std::uint8_t>(Input::kSizeAt), 0u);
}

// ---- drivers that mean ill ----------------------------------------------------------------------

TEST_P(VirtioInputTest, ABufferThatIsTooSmallOrNoMemoryEndsTheDevice) {
    const std::vector<Event> events{{1, 30, 1}};
    for (const auto& buffer : {driver_.writable(7), DriverBuffer{0x10, 8, true}}) {
        driver_.start();
        driver_.add(kEvents, {buffer});
        EXPECT_EQ(driver_.room(), ev::kSize);
        driver_.input(bytes_of_events(events));
        EXPECT_TRUE(driver_.needs_reset());
        driver_.through_a_snapshot();
    }
}

TEST_P(VirtioInputTest, MoreBuffersThanThereCanBeAreNone) {
    give_buffers(1);
    const auto index = driver_.ring(kEvents).available + 2;
    driver_.put(index, std::uint16_t{65});
    EXPECT_EQ(driver_.room(), 0u);
    driver_.put(index, std::uint16_t{64});
    EXPECT_EQ(driver_.room(), 64 * ev::kSize);
}

}  // namespace
}  // namespace backspin::emu
