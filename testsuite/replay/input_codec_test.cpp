#include "replay/input_codec.hpp"

#include <array>
#include <cstddef>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace backspin::replay {
namespace {

const std::array<Input, 6> kInputs{
    DeviceInput{{3}, {std::byte{1}, std::byte{0xff}}},
    DeviceInput{{0}, {}},
    IdleWarp{{0x1122334455667788}},
    MemoryWrite{{1}, {0x80000000}, {std::byte{9}}},
    RegisterWrite{{2}, {32}, ~std::uint64_t{0}},
    RegisterWrite{},
};

TEST(InputCodec, GivesBackWhatItWasGiven) {
    for (const auto& input : kInputs) EXPECT_EQ(decode_input(encode(input)), input);
}

TEST(InputCodec, BytesAreLittleEndianAfterOneTagByte) {
    const auto bytes = encode(DeviceInput{{3}, {std::byte{0xab}}});
    const std::vector<int> expected{1, 3, 0, 0, 0, 1, 0, 0, 0, 0xab};
    ASSERT_EQ(bytes.size(), expected.size());
    for (std::size_t i = 0; i < bytes.size(); ++i)
        EXPECT_EQ(std::to_integer<int>(bytes[i]), expected[i]) << i;
}

TEST(InputCodec, RefusesWhatIsCutShortOrTooLong) {
    for (const auto& input : kInputs) {
        auto bytes = encode(input);
        for (std::size_t length = 0; length < bytes.size(); ++length) {
            EXPECT_THROW(decode_input(std::span(bytes).first(length)), BadState);
        }
        bytes.push_back({});
        EXPECT_THROW(decode_input(bytes), BadState);
    }
}

TEST(InputCodec, RefusesUnknownKinds) {
    auto bytes = encode(kInputs[0]);
    for (const auto tag : {0, 5, 255}) {
        bytes[0] = static_cast<std::byte>(tag);
        EXPECT_THROW(decode_input(bytes), BadState);
    }
}

TEST(InputCodec, IsBounded) {
    const DeviceInput most{{0}, std::vector<std::byte>(kMaxInputBytes)};
    EXPECT_EQ(decode_input(encode(most)), Input{most});
    const DeviceInput more{{0}, std::vector<std::byte>(kMaxInputBytes + 1)};
    EXPECT_THROW(decode_input(encode(more)), BadState);
    auto liar = encode(kInputs[0]);
    for (std::size_t i = 5; i < 9; ++i) liar[i] = std::byte{0xff};
    EXPECT_THROW(decode_input(liar), BadState);
}

TEST(InputCodec, SurvivesAnyBytes) {
    std::mt19937_64 random(1);
    for (int n = 0; n < 20'000; ++n) {
        std::vector<std::byte> bytes(random() % 40);
        for (auto& byte : bytes) byte = static_cast<std::byte>(random() % 8);
        try {
            EXPECT_EQ(encode(decode_input(bytes)), bytes);
        } catch (const BadState&) {
        }
    }
}

}  // namespace
}  // namespace backspin::replay
