#include "emu/devices/finisher.hpp"

#include <gtest/gtest.h>

#include "testsuite/emu/saved_bytes.hpp"

namespace backspin::emu {
namespace {

using test::load_into;
using test::saved;
using Kind = PowerRequest::Kind;

const DeviceContext kContext{};

std::optional<PowerRequest> after_writing(std::uint64_t offset, AccessSize size, std::uint64_t value) {
    Finisher finisher;
    EXPECT_TRUE(finisher.write(offset, size, value, kContext));
    return finisher.request();
}

TEST(Finisher, AsksForNothingAtFirst) {
    EXPECT_EQ(Finisher{}.request(), std::nullopt);
}

TEST(Finisher, TellsPassFailAndReset) {
    EXPECT_EQ(after_writing(0, AccessSize::word, 0x5555), (PowerRequest{Kind::pass, 0}));
    EXPECT_EQ(after_writing(0, AccessSize::word, 0x7777), (PowerRequest{Kind::reset, 0}));
    EXPECT_EQ(after_writing(0, AccessSize::word, 0x0001'3333), (PowerRequest{Kind::fail, 1}));
    EXPECT_EQ(after_writing(0, AccessSize::word, 0xffff'3333), (PowerRequest{Kind::fail, 0xffff}));
    EXPECT_EQ(after_writing(0, AccessSize::word, 0x3333), (PowerRequest{Kind::fail, 0}));
}

TEST(Finisher, ACodeBelongsToAFailureOnly) {
    EXPECT_EQ(after_writing(0, AccessSize::word, 0x0007'5555), (PowerRequest{Kind::pass, 0}));
    EXPECT_EQ(after_writing(0, AccessSize::word, 0x0007'7777), (PowerRequest{Kind::reset, 0}));
}

TEST(Finisher, AHalfWordCarriesNoCode) {
    EXPECT_EQ(after_writing(0, AccessSize::half, 0x5555), (PowerRequest{Kind::pass, 0}));
    // The bits above the access belong to the guest's register, not to the bus.
    EXPECT_EQ(after_writing(0, AccessSize::half, 0x0009'3333), (PowerRequest{Kind::fail, 0}));
}

TEST(Finisher, OtherValuesAndPlacesDoNothing) {
    EXPECT_EQ(after_writing(0, AccessSize::word, 0), std::nullopt);
    EXPECT_EQ(after_writing(0, AccessSize::word, 0x5554), std::nullopt);
    EXPECT_EQ(after_writing(4, AccessSize::word, 0x5555), std::nullopt);
    EXPECT_EQ(after_writing(2, AccessSize::half, 0x5555), std::nullopt);
}

TEST(Finisher, BytesAndDoublewordsDoNotAnswer) {
    Finisher finisher;
    for (const auto size : {AccessSize::byte, AccessSize::doubleword}) {
        EXPECT_FALSE(finisher.write(0, size, 0x5555, kContext));
        EXPECT_EQ(finisher.read(0, size, kContext), std::nullopt);
    }
    EXPECT_EQ(finisher.request(), std::nullopt);
    EXPECT_EQ(finisher.read(0, AccessSize::word, kContext), 0u);
}

TEST(Finisher, TheFirstRequestStays) {
    Finisher finisher;
    finisher.write(0, AccessSize::word, 0x0003'3333, kContext);
    finisher.write(0, AccessSize::word, 0x5555, kContext);
    EXPECT_EQ(finisher.request(), (PowerRequest{Kind::fail, 3}));
}

TEST(Finisher, HasTwoButtons) {
    Finisher off, reset, other;
    off.push(PowerButton::power);
    EXPECT_EQ(off.request(), (PowerRequest{Kind::pass, 0}));
    reset.push(PowerButton::reset);
    EXPECT_EQ(reset.request(), (PowerRequest{Kind::reset, 0}));
    reset.push(PowerButton::power);
    EXPECT_EQ(reset.request(), (PowerRequest{Kind::reset, 0})) << "the first request stays";
    other.push(static_cast<PowerButton>(2));
    EXPECT_EQ(other.request(), std::nullopt);
}

TEST(Finisher, SaveLoadSaveGivesEqualBytes) {
    for (const std::uint64_t value : {0x0ull, 0x5555ull, 0x7777ull, 0x1234'3333ull}) {
        Finisher finisher;
        finisher.write(0, AccessSize::word, value, kContext);
        const auto bytes = saved(finisher);
        Finisher loaded;
        loaded.write(0, AccessSize::word, 0x0042'3333, kContext);
        load_into(loaded, bytes);
        EXPECT_EQ(loaded.request(), finisher.request());
        EXPECT_EQ(saved(loaded), bytes);
    }
}

TEST(Finisher, RefusesAStateThatItCannotHave) {
    Finisher failed;
    failed.write(0, AccessSize::word, 0x0001'3333, kContext);
    auto bytes = saved(failed);
    bytes[1] = std::byte{3};  // the kind, after the flag of presence
    EXPECT_THROW(load_into(failed, bytes), BadState);
    bytes[1] = static_cast<std::byte>(Kind::pass);
    EXPECT_THROW(load_into(failed, bytes), BadState);
}

}  // namespace
}  // namespace backspin::emu
