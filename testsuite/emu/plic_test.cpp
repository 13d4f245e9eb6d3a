#include "emu/devices/plic.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "emu/memory_map.hpp"
#include "testsuite/emu/saved_bytes.hpp"

namespace backspin::emu {
namespace {

using test::load_into;
using test::saved;

constexpr DeviceContext kContext{};
constexpr std::size_t kMachine0 = Plic::machine_context({0});
constexpr std::size_t kSupervisor0 = Plic::supervisor_context({0});
constexpr std::size_t kMachine1 = Plic::machine_context({1});

// ---- the registers, by name -------------------------------------------------------------------------

std::uint64_t priority_register(std::uint64_t source) {
    return 4 * source;
}
std::uint64_t enable_register(std::size_t context, std::uint64_t source) {
    return 0x2000 + 0x80 * context + source / 32 * 4;
}
std::uint64_t threshold_register(std::size_t context) {
    return 0x20'0000 + 0x1000 * context;
}
std::uint64_t claim_register(std::size_t context) {
    return threshold_register(context) + 4;
}

std::uint64_t read(Plic& plic, std::uint64_t offset) {
    return plic.read(offset, AccessSize::word, kContext).value();
}
void write(Plic& plic, std::uint64_t offset, std::uint64_t value) {
    ASSERT_TRUE(plic.write(offset, AccessSize::word, value, kContext));
}
std::uint64_t claim(Plic& plic, std::size_t context) {
    return read(plic, claim_register(context));
}
void complete(Plic& plic, std::size_t context, std::uint32_t source) {
    write(plic, claim_register(context), source);
}
void enable(Plic& plic, std::size_t context, std::uint32_t source) {
    const auto offset = enable_register(context, source);
    write(plic, offset, read(plic, offset) | std::uint32_t{1} << (source % 32));
}
bool is_pending(Plic& plic, std::uint32_t source) {
    return (read(plic, 0x1000 + source / 32 * 4) >> (source % 32) & 1) != 0;
}

/// A PLIC whose sources all have priority 1 and are enabled for the supervisor of hart 0.
Plic ready_plic(std::size_t harts = 1) {
    Plic plic(harts);
    for (std::uint32_t source = 1; source <= Plic::kLastSource; ++source) {
        write(plic, priority_register(source), 1);
        enable(plic, kSupervisor0, source);
    }
    return plic;
}

// ---- the way of one interrupt -----------------------------------------------------------------------

TEST(Plic, ALineInterruptsTheContextThatItIsEnabledFor) {
    auto plic = ready_plic();
    EXPECT_FALSE(plic.external_pending(kSupervisor0));
    plic.set_level(10, true);
    EXPECT_TRUE(plic.external_pending(kSupervisor0));
    EXPECT_FALSE(plic.external_pending(kMachine0));
    EXPECT_TRUE(is_pending(plic, 10));
}

TEST(Plic, AClaimGivesTheSourceAndTakesTheInterruptBack) {
    auto plic = ready_plic();
    plic.set_level(95, true);
    EXPECT_EQ(claim(plic, kSupervisor0), 95u);
    EXPECT_FALSE(plic.external_pending(kSupervisor0));
    EXPECT_FALSE(is_pending(plic, 95));
    EXPECT_EQ(claim(plic, kSupervisor0), 0u) << "nothing is left to claim";
}

TEST(Plic, ALineThatStaysUpInterruptsAgainOnceCompleted) {
    auto plic = ready_plic();
    plic.set_level(10, true);
    claim(plic, kSupervisor0);
    plic.set_level(10, true);
    EXPECT_FALSE(plic.external_pending(kSupervisor0)) << "not while the handler is at it";
    complete(plic, kSupervisor0, 10);
    EXPECT_TRUE(plic.external_pending(kSupervisor0));
}

TEST(Plic, ALineThatFellBeforeCompletionIsDone) {
    auto plic = ready_plic();
    plic.set_level(10, true);
    claim(plic, kSupervisor0);
    plic.set_level(10, false);
    complete(plic, kSupervisor0, 10);
    EXPECT_FALSE(plic.external_pending(kSupervisor0));
    plic.set_level(10, true);
    EXPECT_TRUE(plic.external_pending(kSupervisor0));
}

TEST(Plic, ALineThatRoseAgainWhileClaimedInterruptsOnCompletion) {
    auto plic = ready_plic();
    plic.set_level(10, true);
    claim(plic, kSupervisor0);
    plic.set_level(10, false);
    plic.set_level(10, true);
    EXPECT_FALSE(is_pending(plic, 10));
    complete(plic, kSupervisor0, 10);
    EXPECT_TRUE(is_pending(plic, 10));
}

TEST(Plic, AnAcceptedRequestStaysWhenItsLineFalls) {
    auto plic = ready_plic();
    plic.set_level(10, true);
    plic.set_level(10, false);
    EXPECT_TRUE(plic.external_pending(kSupervisor0));
    EXPECT_EQ(claim(plic, kSupervisor0), 10u);
}

TEST(Plic, AnotherSourceInterruptsWhileOneIsClaimed) {
    auto plic = ready_plic();
    plic.set_level(10, true);
    claim(plic, kSupervisor0);
    plic.set_level(11, true);
    EXPECT_EQ(claim(plic, kSupervisor0), 11u);
    complete(plic, kSupervisor0, 10);
    EXPECT_TRUE(is_pending(plic, 10)) << "each source is completed by itself, in any order";
    EXPECT_FALSE(is_pending(plic, 11));
}

TEST(Plic, ACompletionFromAContextThatIsNotEnabledIsIgnored) {
    auto plic = ready_plic();
    plic.set_level(10, true);
    claim(plic, kSupervisor0);
    complete(plic, kMachine0, 10);
    EXPECT_FALSE(is_pending(plic, 10));
    write(plic, enable_register(kSupervisor0, 10), 0);
    complete(plic, kSupervisor0, 10);
    EXPECT_FALSE(is_pending(plic, 10));
    enable(plic, kSupervisor0, 10);
    complete(plic, kSupervisor0, 10);
    EXPECT_TRUE(is_pending(plic, 10));
}

TEST(Plic, ACompletionOfWhatIsNotClaimedOrDoesNotExistDoesNothing) {
    auto plic = ready_plic();
    plic.set_level(10, true);
    const auto before = saved(plic);
    for (const std::uint32_t source : {0u, 10u, 11u, 95u, 96u, 128u, 0xffff'ffffu}) {
        complete(plic, kSupervisor0, source);
    }
    EXPECT_EQ(saved(plic), before);
}

// ---- which source, which context --------------------------------------------------------------------

TEST(Plic, TheHighestPriorityComesFirstAndOfEqualOnesTheSmallestNumber) {
    auto plic = ready_plic();
    for (const std::uint32_t source : {70u, 33u, 5u, 40u}) plic.set_level(source, true);
    write(plic, priority_register(70), 3);
    write(plic, priority_register(40), 3);
    std::vector<std::uint64_t> order;
    while (plic.external_pending(kSupervisor0)) order.push_back(claim(plic, kSupervisor0));
    EXPECT_EQ(order, (std::vector<std::uint64_t>{40, 70, 5, 33}));
}

TEST(Plic, OnlyPrioritiesAboveTheThresholdInterrupt) {
    auto plic = ready_plic();
    write(plic, priority_register(10), 4);
    plic.set_level(10, true);
    write(plic, threshold_register(kSupervisor0), 4);
    EXPECT_FALSE(plic.external_pending(kSupervisor0));
    EXPECT_EQ(claim(plic, kSupervisor0), 0u);
    write(plic, threshold_register(kSupervisor0), 3);
    EXPECT_TRUE(plic.external_pending(kSupervisor0));
}

TEST(Plic, PriorityZeroNeverInterrupts) {
    auto plic = ready_plic();
    plic.set_level(10, true);
    write(plic, priority_register(10), 0);
    EXPECT_FALSE(plic.external_pending(kSupervisor0));
    write(plic, priority_register(10), 1);
    EXPECT_TRUE(plic.external_pending(kSupervisor0)) << "it was pending all the time";
}

TEST(Plic, OneOfSeveralContextsGetsTheInterrupt) {
    auto plic = ready_plic(2);
    enable(plic, kMachine1, 10);
    plic.set_level(10, true);
    EXPECT_TRUE(plic.external_pending(kSupervisor0));
    EXPECT_TRUE(plic.external_pending(kMachine1));
    EXPECT_EQ(claim(plic, kMachine1), 10u);
    EXPECT_FALSE(plic.external_pending(kSupervisor0));
    EXPECT_EQ(claim(plic, kSupervisor0), 0u);
}

// The definition in the specification's words, against the summary that is kept.
TEST(Plic, TheClaimIsTheBestOfWhatIsPendingAndEnabledInRandomStates) {
    std::mt19937 random(1);
    Plic plic(2);
    std::set<std::uint32_t> claimed;
    for (int round = 0; round < 20'000; ++round) {
        const auto source = 1 + random() % 95;
        const auto context = random() % 4;
        switch (random() % 7) {
            case 0: write(plic, priority_register(source), random() % 8); break;
            case 1: write(plic, enable_register(context, source), random() << (random() % 2 * 16)); break;
            case 2: write(plic, threshold_register(context), random() % 3); break;
            case 3: plic.set_level(source, false); break;
            case 4: complete(plic, context, random() % 96); break;
            case 5:
                for (std::uint32_t s = 1; s < 96; ++s) complete(plic, context, s);
                break;
            default: plic.set_level(source, true); break;
        }
        std::uint32_t expected = 0;
        auto best = read(plic, threshold_register(context));
        for (std::uint32_t s = 1; s <= 95; ++s) {
            const bool enabled = (read(plic, enable_register(context, s)) >> (s % 32) & 1) != 0;
            if (!enabled || !is_pending(plic, s) || read(plic, priority_register(s)) <= best) continue;
            expected = s;
            best = read(plic, priority_register(s));
        }
        ASSERT_EQ(plic.external_pending(context), expected != 0);
        if (random() % 2 == 0) {
            ASSERT_EQ(claim(plic, context), expected);
        }
    }
}

// ---- registers --------------------------------------------------------------------------------------

TEST(Plic, PrioritiesAndThresholdsHaveThreeBits) {
    Plic plic(1);
    write(plic, priority_register(95), 0xffff'fffd);
    write(plic, threshold_register(kSupervisor0), 8 + 2);
    EXPECT_EQ(read(plic, priority_register(95)), 5u);
    EXPECT_EQ(read(plic, threshold_register(kSupervisor0)), 2u);
}

TEST(Plic, SourceZeroDoesNotExist) {
    Plic plic(1);
    write(plic, 0, 7);
    EXPECT_EQ(read(plic, 0), 0u);
    write(plic, enable_register(kMachine0, 0), 0xffff'ffff);
    EXPECT_EQ(read(plic, enable_register(kMachine0, 0)), 0xffff'fffeu);
    EXPECT_THROW(plic.set_level(0, true), std::out_of_range);
    EXPECT_THROW(plic.set_level(96, true), std::out_of_range);
}

TEST(Plic, PendingBitsAreReadOnly) {
    auto plic = ready_plic();
    plic.set_level(3, true);
    write(plic, 0x1000, 0);
    write(plic, 0x1004, 0xffff'ffff);
    EXPECT_EQ(read(plic, 0x1000), 8u);
    EXPECT_EQ(read(plic, 0x1004), 0u);
}

TEST(Plic, EachContextHasItsOwnRegisters) {
    Plic plic(3);
    for (std::size_t context = 0; context < 6; ++context) {
        write(plic, threshold_register(context), 1 + context);
        write(plic, enable_register(context, 64), 0x100 + context);
    }
    for (std::size_t context = 0; context < 6; ++context) {
        EXPECT_EQ(read(plic, threshold_register(context)), 1 + context);
        EXPECT_EQ(read(plic, enable_register(context, 64)), 0x100 + context);
        EXPECT_EQ(read(plic, enable_register(context, 0)), 0u);
    }
}

TEST(Plic, WhereThereIsNoRegisterReadsGiveZeroAndWritesDoNothing) {
    Plic plic(1);
    const auto before = saved(plic);
    for (const std::uint64_t offset :
         {priority_register(96), std::uint64_t{0xffc}, std::uint64_t{0x100c}, std::uint64_t{0x200c},
          enable_register(2, 0), std::uint64_t{0x1f'fffc}, threshold_register(0) + 8, threshold_register(2),
          claim_register(2), memory_map::kPlic.size - 4}) {
        write(plic, offset, 0xffff'ffff);
        EXPECT_EQ(read(plic, offset), 0u) << offset;
    }
    EXPECT_EQ(saved(plic), before);
}

TEST(Plic, AccessesOfOtherSizesDoNotAnswer) {
    Plic plic(1);
    for (const auto size : {AccessSize::byte, AccessSize::half, AccessSize::doubleword}) {
        EXPECT_EQ(plic.read(0x1000, size, kContext), std::nullopt);
        EXPECT_EQ(plic.peek(0x1000, size, {}), std::nullopt);
        EXPECT_FALSE(plic.write(8, size, 1, kContext));
    }
}

TEST(Plic, TheLastOfTheMostHartsHasItsRegisters) {
    Plic plic(Plic::kMaxHarts);
    const auto context = Plic::supervisor_context({511});
    EXPECT_TRUE(memory_map::kPlic.contains({memory_map::kPlic.base.value + claim_register(context)}, 4));
    write(plic, priority_register(1), 1);
    enable(plic, context, 1);
    plic.set_level(1, true);
    EXPECT_TRUE(plic.external_pending(context));
    EXPECT_EQ(claim(plic, context), 1u);
}

TEST(Plic, ServesOneTo512Harts) {
    EXPECT_THROW(Plic{0}, std::invalid_argument);
    EXPECT_THROW(Plic{513}, std::invalid_argument);
    EXPECT_THROW(Plic{1}.external_pending(2), std::out_of_range);
}

TEST(Plic, PeekShowsTheClaimWithoutClaiming) {
    auto plic = ready_plic();
    plic.set_level(10, true);
    const auto before = saved(plic);
    EXPECT_EQ(plic.peek(claim_register(kSupervisor0), AccessSize::word, {}), 10u);
    EXPECT_EQ(saved(plic), before);
    EXPECT_TRUE(plic.external_pending(kSupervisor0));
}

// ---- state ------------------------------------------------------------------------------------------

TEST(Plic, SaveLoadSaveGivesEqualBytesInRandomStates) {
    std::mt19937 random(2);
    for (int round = 0; round < 200; ++round) {
        const auto harts = 1 + random() % 8;
        Plic plic(harts);
        for (int i = 0; i < 60; ++i) {
            const auto source = 1 + random() % 95;
            const auto context = random() % (2 * harts);
            write(plic, priority_register(source), random());
            write(plic, enable_register(context, source), random());
            plic.set_level(source, random() % 2 == 0);
            if (random() % 4 == 0) claim(plic, context);
        }
        const auto bytes = saved(plic);
        Plic loaded(harts);
        load_into(loaded, bytes);
        EXPECT_EQ(saved(loaded), bytes);
        for (std::size_t context = 0; context < 2 * harts; ++context) {
            EXPECT_EQ(loaded.external_pending(context), plic.external_pending(context));
            EXPECT_EQ(claim(loaded, context), claim(plic, context));
        }
    }
}

TEST(Plic, RefusesAStateThatItCannotHave) {
    auto plic = ready_plic();
    plic.set_level(33, true);
    const auto good = saved(plic);
    Plic two(2);
    EXPECT_THROW(load_into(two, good), BadState);
    // The bytes: three sets of 12, 96 priorities, count and 2 sets, count and 2 thresholds.
    constexpr std::size_t kLevel = 0, kPending = 12, kClaimed = 24, kPriority = 36, kEnable = 136;
    ASSERT_EQ(good.size(), kEnable + 24 + 4 + 2);
    const auto refused_with = [&](std::size_t at, int value) {
        auto bytes = good;
        bytes[at] = static_cast<std::byte>(value);
        EXPECT_THROW(load_into(plic, bytes), BadState) << at;
    };
    refused_with(kLevel, 1);           // source 0
    refused_with(kPending, 1);         // source 0
    refused_with(kClaimed, 1);         // source 0
    refused_with(kEnable, 1);          // source 0
    refused_with(kClaimed + 4, 2);     // source 33 is pending too
    refused_with(kPending + 4, 0);     // the line of source 33 is up
    refused_with(kPriority + 5, 8);    // beyond the most
    refused_with(kPriority, 1);        // of source 0
    refused_with(good.size() - 1, 8);  // threshold
    auto bytes = good;
    bytes.pop_back();
    EXPECT_THROW(load_into(plic, bytes), BadState);
    load_into(plic, good);
    EXPECT_TRUE(plic.external_pending(kSupervisor0));
}

}  // namespace
}  // namespace backspin::emu
