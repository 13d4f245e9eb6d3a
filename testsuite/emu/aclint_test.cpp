#include "emu/devices/aclint.hpp"

#include <limits>
#include <random>
#include <stdexcept>

#include <gtest/gtest.h>

#include "testsuite/emu/saved_bytes.hpp"

namespace backspin::emu {
namespace {

using test::load_into;
using test::saved;

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
constexpr HartId kHart0{0};
constexpr HartId kHart1{1};

DeviceContext at(std::uint64_t ns) {
    return {VirtualTime{ns}, nullptr};
}

constexpr std::uint64_t mtimecmp(std::uint64_t hart) {
    return Aclint::kMtimecmpOffset + 8 * hart;
}

TEST(Aclint, MtimeCountsAtTenMegahertz) {
    Aclint aclint(1);
    EXPECT_EQ(aclint.read(0xbff8, AccessSize::doubleword, at(0)), 0u);
    EXPECT_EQ(aclint.read(0xbff8, AccessSize::doubleword, at(99)), 0u);
    EXPECT_EQ(aclint.read(0xbff8, AccessSize::doubleword, at(100)), 1u);
    EXPECT_EQ(aclint.read(0xbff8, AccessSize::doubleword, at(1'000'000'000)), 10'000'000u);
}

TEST(Aclint, MtimeIsReadInHalves) {
    Aclint aclint(1);
    const auto now = at(0x1'2345'6789ull * 100);
    EXPECT_EQ(aclint.read(0xbff8, AccessSize::word, now), 0x2345'6789u);
    EXPECT_EQ(aclint.read(0xbffc, AccessSize::word, now), 0x1u);
}

TEST(Aclint, MtimeGoesOnFromWhatIsWritten) {
    Aclint aclint(1);
    ASSERT_TRUE(aclint.write(0xbff8, AccessSize::doubleword, 5000, at(100'050)));
    EXPECT_EQ(aclint.mtime({100'050}), 5000u);
    EXPECT_EQ(aclint.mtime({100'099}), 5000u);
    EXPECT_EQ(aclint.mtime({100'100}), 5001u);
}

TEST(Aclint, AHalfOfMtimeIsWrittenWithoutTheOther) {
    Aclint aclint(1);
    aclint.write(0xbffc, AccessSize::word, 7, at(4200));
    EXPECT_EQ(aclint.mtime({4200}), 0x7'0000'002aull);
    aclint.write(0xbff8, AccessSize::word, 0xffff'ffff, at(4200));
    EXPECT_EQ(aclint.mtime({4200}), 0x7'ffff'ffffull);
    EXPECT_EQ(aclint.mtime({4300}), 0x8'0000'0000ull);
}

TEST(Aclint, TheTimerIsSilentUntilItIsSet) {
    Aclint aclint(1);
    EXPECT_FALSE(aclint.timer_pending(kHart0, {0}));
    EXPECT_FALSE(aclint.timer_pending(kHart0, {kNever}));
    EXPECT_EQ(aclint.timer_deadline(kHart0, {0}), std::nullopt);
}

TEST(Aclint, TheTimerIsPendingFromTheTickItNames) {
    Aclint aclint(2);
    aclint.write(mtimecmp(1), AccessSize::doubleword, 50, at(0));
    EXPECT_FALSE(aclint.timer_pending(kHart1, {4999}));
    EXPECT_TRUE(aclint.timer_pending(kHart1, {5000}));
    EXPECT_EQ(aclint.timer_deadline(kHart1, {123}), VirtualTime{5000});
    EXPECT_FALSE(aclint.timer_pending(kHart0, {5000})) << "each hart has its own";
    aclint.write(mtimecmp(1), AccessSize::doubleword, 60, at(5500));
    EXPECT_FALSE(aclint.timer_pending(kHart1, {5500})) << "a later mtimecmp takes the interrupt back";
}

TEST(Aclint, ADeadlineThatIsPastIsNow) {
    Aclint aclint(1);
    aclint.write(mtimecmp(0), AccessSize::doubleword, 50, at(0));
    EXPECT_EQ(aclint.timer_deadline(kHart0, {7777}), VirtualTime{7777});
}

TEST(Aclint, MtimecmpIsWrittenInHalves) {
    Aclint aclint(1);
    aclint.write(0x4004, AccessSize::word, 2, at(0));
    EXPECT_EQ(aclint.read(0x4000, AccessSize::doubleword, at(0)), 0x2'ffff'ffffull);
    aclint.write(0x4000, AccessSize::word, 0xffff'ffff'0000'0001ull, at(0));
    EXPECT_EQ(aclint.read(0x4000, AccessSize::doubleword, at(0)), 0x2'0000'0001ull);
    EXPECT_EQ(aclint.read(0x4004, AccessSize::word, at(0)), 2u);
}

TEST(Aclint, SettingMtimeBackMovesTheDeadline) {
    Aclint aclint(1);
    aclint.write(mtimecmp(0), AccessSize::doubleword, 500, at(0));
    aclint.write(0xbff8, AccessSize::doubleword, 0, at(100'000));
    EXPECT_FALSE(aclint.timer_pending(kHart0, {100'000}));
    EXPECT_EQ(aclint.timer_deadline(kHart0, {100'000}), VirtualTime{150'000});
}

TEST(Aclint, MtimeWrapsAndTakesTheInterruptBack) {
    Aclint aclint(1);
    aclint.write(mtimecmp(0), AccessSize::doubleword, kNever - 1, at(0));
    aclint.write(0xbff8, AccessSize::doubleword, kNever - 3, at(0));
    EXPECT_EQ(aclint.timer_deadline(kHart0, {0}), VirtualTime{200});
    EXPECT_TRUE(aclint.timer_pending(kHart0, {399}));
    EXPECT_FALSE(aclint.timer_pending(kHart0, {400}));
    EXPECT_EQ(aclint.timer_deadline(kHart0, {400}), std::nullopt)
        << "not again within 64 bits of nanoseconds";
}

TEST(Aclint, ADeadlineBeyondTheEndOfTimeIsNone) {
    Aclint aclint(1);
    aclint.write(mtimecmp(0), AccessSize::doubleword, kNever / 100, at(0));
    EXPECT_EQ(aclint.timer_deadline(kHart0, {0}), VirtualTime{kNever / 100 * 100});
    aclint.write(mtimecmp(0), AccessSize::doubleword, kNever / 100 + 1, at(0));
    EXPECT_EQ(aclint.timer_deadline(kHart0, {0}), std::nullopt);
}

// The definition, in words of mtime alone: pending at the deadline, not pending one tick before.
TEST(Aclint, TheDeadlineIsTheEarliestTimeThatIsPending) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 20'000; ++round) {
        Aclint aclint(1);
        const auto any = [&random] { return random() >> (random() % 64); };
        const VirtualTime now{any()};
        aclint.write(0xbff8, AccessSize::doubleword, random() % 2 ? any() : ~any(), {now, nullptr});
        aclint.write(mtimecmp(0), AccessSize::doubleword, random() % 2 ? any() : ~any(), {now, nullptr});
        const auto deadline = aclint.timer_deadline(kHart0, now);
        if (!deadline) {
            EXPECT_FALSE(aclint.timer_pending(kHart0, now));
            EXPECT_FALSE(aclint.timer_pending(kHart0, {kNever}));
            continue;
        }
        ASSERT_GE(*deadline, now);
        EXPECT_TRUE(aclint.timer_pending(kHart0, *deadline));
        if (*deadline > now) {
            EXPECT_FALSE(aclint.timer_pending(kHart0, {deadline->ns - 1}));
        }
    }
}

TEST(Aclint, MsipHasOneBit) {
    Aclint aclint(2);
    EXPECT_FALSE(aclint.software_pending(kHart1));
    ASSERT_TRUE(aclint.write(4, AccessSize::word, 0xffff'ffff, at(0)));
    EXPECT_TRUE(aclint.software_pending(kHart1));
    EXPECT_FALSE(aclint.software_pending(kHart0));
    EXPECT_EQ(aclint.read(4, AccessSize::word, at(0)), 1u);
    aclint.write(4, AccessSize::word, 0xffff'fffe, at(0));
    EXPECT_FALSE(aclint.software_pending(kHart1));
}

TEST(Aclint, RegistersOfAbsentHartsAreHardwiredToZero) {
    Aclint aclint(2);
    const auto before = saved(aclint);
    EXPECT_TRUE(aclint.write(8, AccessSize::word, 1, at(0)));
    EXPECT_TRUE(aclint.write(mtimecmp(2), AccessSize::doubleword, 1, at(0)));
    EXPECT_EQ(aclint.read(8, AccessSize::word, at(0)), 0u);
    EXPECT_EQ(aclint.read(0x3ffc, AccessSize::word, at(0)), 0u);
    EXPECT_EQ(aclint.read(mtimecmp(2), AccessSize::doubleword, at(0)), 0u);
    EXPECT_EQ(aclint.read(mtimecmp(4094), AccessSize::word, at(0)), 0u);
    EXPECT_EQ(saved(aclint), before);
}

TEST(Aclint, TheLastOfTheMostHartsHasItsRegisters) {
    Aclint aclint(Aclint::kMaxHarts);
    const HartId last{4094};
    aclint.write(4 * 4094, AccessSize::word, 1, at(0));
    aclint.write(mtimecmp(4094), AccessSize::doubleword, 3, at(0));
    EXPECT_TRUE(aclint.software_pending(last));
    EXPECT_TRUE(aclint.timer_pending(last, {300}));
    EXPECT_EQ(aclint.mtime({300}), 3u) << "mtime follows the last mtimecmp directly";
}

TEST(Aclint, AccessesOfOtherSizesAndPlacesDoNotAnswer) {
    Aclint aclint(1);
    for (const auto size : {AccessSize::byte, AccessSize::half}) {
        for (const std::uint64_t offset : {0x0, 0x4000, 0xbff8}) {
            EXPECT_EQ(aclint.read(offset, size, at(0)), std::nullopt);
            EXPECT_FALSE(aclint.write(offset, size, 1, at(0)));
        }
    }
    EXPECT_EQ(aclint.read(0, AccessSize::doubleword, at(0)), std::nullopt) << "msip has 32 bits";
    EXPECT_FALSE(aclint.write(0, AccessSize::doubleword, 1, at(0)));
    EXPECT_EQ(aclint.read(0xc000, AccessSize::word, at(0)), std::nullopt);
    EXPECT_FALSE(aclint.write(0xfff8, AccessSize::doubleword, 1, at(0)));
}

TEST(Aclint, ServesOneTo4095Harts) {
    EXPECT_THROW(Aclint{0}, std::invalid_argument);
    EXPECT_THROW(Aclint{4096}, std::invalid_argument);
}

TEST(Aclint, PeekEqualsReadAndChangesNothing) {
    Aclint aclint(3);
    aclint.write(8, AccessSize::word, 1, at(0));
    aclint.write(mtimecmp(1), AccessSize::doubleword, 77, at(0));
    const auto before = saved(aclint);
    for (std::uint64_t offset = 0; offset < 0x10000; offset += 4) {
        EXPECT_EQ(aclint.peek(offset, AccessSize::word, {4321}),
                  aclint.read(offset, AccessSize::word, at(4321)));
    }
    EXPECT_EQ(saved(aclint), before);
}

TEST(Aclint, SaveLoadSaveGivesEqualBytesInRandomStates) {
    std::mt19937_64 random(2);
    for (int round = 0; round < 200; ++round) {
        const auto harts = 1 + random() % 8;
        Aclint aclint(harts);
        for (int i = 0; i < 20; ++i) {
            const auto hart = random() % harts;
            const std::array<std::uint64_t, 3> offsets{4 * hart, mtimecmp(hart), Aclint::kMtimeOffset};
            aclint.write(offsets[random() % 3], AccessSize::word, random(), at(random() >> 8));
        }
        const auto bytes = saved(aclint);
        Aclint loaded(harts);
        load_into(loaded, bytes);
        EXPECT_EQ(saved(loaded), bytes);
        for (std::uint32_t hart = 0; hart < harts; ++hart) {
            EXPECT_EQ(loaded.software_pending({hart}), aclint.software_pending({hart}));
            EXPECT_EQ(loaded.timer_deadline({hart}, {1}), aclint.timer_deadline({hart}, {1}));
        }
    }
}

TEST(Aclint, RefusesAStateThatItCannotHave) {
    Aclint one(1), two(2);
    EXPECT_THROW(load_into(two, saved(one)), BadState);
    auto bytes = saved(one);
    bytes[4] = std::byte{2};  // msip of hart 0, after the count
    EXPECT_THROW(load_into(one, bytes), BadState);
    bytes = saved(two);
    bytes[12] = std::byte{1};  // the count of mtimecmp, after that of msip and two of those
    bytes.erase(bytes.begin() + 16, bytes.begin() + 24);
    EXPECT_THROW(load_into(two, bytes), BadState) << "as many msip as harts, but not as many mtimecmp";
    bytes = saved(two);
    bytes.pop_back();
    EXPECT_THROW(load_into(two, bytes), BadState);
}

TEST(Aclint, NamesItsFieldsByHart) {
    Aclint aclint(2);
    aclint.write(mtimecmp(1), AccessSize::doubleword, 0x99, at(0));
    StateLister lister;
    aclint.serialize(lister, kStateVersion);
    EXPECT_EQ(lister.fields().at(3), (FieldValue{"mtimecmp[1]", "0x99"}));
}

}  // namespace
}  // namespace backspin::emu
