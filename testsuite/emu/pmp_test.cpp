// Physical memory protection: the entries by themselves against the manual's rule, byte by byte, and what a
// program finds of them. Source: The RISC-V Instruction Set Manual, Volume II, section "Physical Memory
// Protection".
#include "emu/pmp.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "testsuite/emu/guest.hpp"
#include "testsuite/emu/saved_bytes.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr std::uint8_t kR = 1, kW = 2, kX = 4, kTor = 8, kNa4 = 16, kNapot = 24, kLocked = 0x80;
constexpr std::array kKinds{AccessKind::fetch, AccessKind::load, AccessKind::store};
constexpr std::array kPrivileges{Privilege::user, Privilege::supervisor, Privilege::machine};

std::uint8_t permission_for(AccessKind kind) {
    return kind == AccessKind::fetch ? kX : kind == AccessKind::load ? kR : kW;
}

// ---- the rule -----------------------------------------------------------------------------------

/// Whether entry `i` matches the byte at this address.
bool matches(const Pmp& pmp, std::size_t i, std::uint64_t at) {
    const auto address = pmp.address(i);
    switch (pmp.config(i) >> 3 & 3) {
        case 1: return at < address << 2 && at >= (i == 0 ? 0 : pmp.address(i - 1) << 2);
        case 2: return at >> 2 == address;
        case 3: {
            // "yyyy...yyy0: 8-byte NAPOT range, yyyy...yy01: 16-byte ..."
            unsigned ones = 0;
            while ((address >> ones & 1) != 0) ++ones;
            return at >> (ones + 3) == address >> (ones + 1);
        }
        default: return false;
    }
}

/// "The lowest-numbered PMP entry that matches any byte of an access determines whether that access succeeds
/// or fails. The matching PMP entry must match all bytes of an access, or the access fails, irrespective of
/// the L, R, W, and X bits."
bool expected(const Pmp& pmp, std::uint64_t at, std::uint64_t size, AccessKind kind, Privilege privilege) {
    for (std::size_t i = 0; i < Pmp::kEntries; ++i) {
        std::uint64_t matched = 0;
        for (std::uint64_t byte = 0; byte < size; ++byte) matched += matches(pmp, i, at + byte) ? 1 : 0;
        if (matched == 0) continue;
        if (matched != size) return false;
        const bool binds = privilege != Privilege::machine || (pmp.config(i) & kLocked) != 0;
        return !binds || (pmp.config(i) & permission_for(kind)) != 0;
    }
    return privilege == Privilege::machine;
}

/// Entries with borders everywhere in the first 256 bytes, and now and then one that covers everything.
Pmp random_entries(std::mt19937_64& random) {
    Pmp pmp;
    for (std::size_t n = random() % 8; n > 0; --n) {
        const auto entry = random() % 16;
        const auto address = random() % 8 == 0 ? ~std::uint64_t{0} >> random() % 64 : random() % 64;
        pmp.write_address(entry, address);
        pmp.write_config(entry, static_cast<std::uint8_t>(random()));
    }
    return pmp;
}

TEST(Pmp, DecidesByTheFirstEntryThatMatches) {
    std::mt19937_64 random(1);
    int allowed = 0, denied = 0;
    for (int round = 0; round < 400; ++round) {
        const auto pmp = random_entries(random);
        for (int i = 0; i < 200; ++i) {
            const auto at =
                random() % 4 == 0 ? (std::uint64_t{8} << random() % 53) - random() % 8 : random() % 260;
            const auto size = std::array<std::uint64_t, 6>{1, 2, 4, 8, 3, 64}[random() % 6];
            const auto kind = kKinds[random() % 3];
            const auto privilege = kPrivileges[random() % 3];
            const bool allows = pmp.allows(PhysicalAddress{at}, size, kind, privilege);
            ASSERT_EQ(allows, expected(pmp, at, size, kind, privilege))
                << at << " " << size << " round " << round;
            ++(allows ? allowed : denied);
        }
    }
    EXPECT_GT(allowed, 10'000);
    EXPECT_GT(denied, 10'000);
}

/// If a range is uniform, one answer holds for every access in it. (The other way round it may be cautious.)
TEST(Pmp, AUniformRangeHasOneAnswer) {
    std::mt19937_64 random(2);
    int uniform = 0;
    for (int round = 0; round < 3000; ++round) {
        const auto pmp = random_entries(random);
        const auto at = random() % 256 & ~std::uint64_t{15};
        if (!pmp.is_uniform(PhysicalAddress{at}, 16)) continue;
        ++uniform;
        for (const auto kind : kKinds) {
            for (const auto privilege : kPrivileges) {
                const bool first = expected(pmp, at, 16, kind, privilege);
                for (std::uint64_t i = 0; i < 16; ++i)
                    ASSERT_EQ(expected(pmp, at + i, std::min<std::uint64_t>(16 - i, 4), kind, privilege),
                              first);
            }
        }
    }
    EXPECT_GT(uniform, 500);
}

TEST(Pmp, BordersOutsideOrAtTheEndsLeaveARangeUniform) {
    constexpr PhysicalAddress kPage{0x8000'1000};
    const auto with = [](std::uint64_t first, std::uint64_t end) {
        Pmp pmp;
        pmp.write_address(3, first >> 2);
        pmp.write_address(4, end >> 2);
        pmp.write_config(4, kTor | kR);
        return pmp;
    };
    EXPECT_TRUE(Pmp().is_uniform(kPage, 4096));
    EXPECT_TRUE(with(0x8000'0000, 0x8000'1000).is_uniform(kPage, 4096));
    EXPECT_TRUE(with(0x8000'1000, 0x8000'2000).is_uniform(kPage, 4096));
    EXPECT_TRUE(with(0x8000'0000, 0x8000'3000).is_uniform(kPage, 4096));
    EXPECT_TRUE(with(0x8000'2000, 0x8000'3000).is_uniform(kPage, 4096));
    EXPECT_FALSE(with(0x8000'0000, 0x8000'1004).is_uniform(kPage, 4096));
    EXPECT_FALSE(with(0x8000'1ffc, 0x8000'3000).is_uniform(kPage, 4096));
    EXPECT_FALSE(with(0x8000'1800, 0x8000'1900).is_uniform(kPage, 4096));
    EXPECT_TRUE(with(0x8000'1800, 0x8000'1800).is_uniform(kPage, 4096)) << "an empty range has no border";
}

/// The manual's table of NAPOT sizes.
TEST(Pmp, PowersOfTwoAreNamedByTheirOnes) {
    for (unsigned ones = 0; ones < 54; ++ones) {
        const auto size = std::uint64_t{8} << ones;
        const auto base = ones < 40 ? std::uint64_t{3} << 50 : 0;
        Pmp pmp;
        pmp.write_address(0, base >> 2 | ((std::uint64_t{1} << ones) - 1));
        pmp.write_config(0, kNapot | kR);
        const auto allows = [&](std::uint64_t at) {
            return pmp.allows(PhysicalAddress{at}, 1, AccessKind::load, Privilege::user);
        };
        EXPECT_TRUE(allows(base)) << ones;
        EXPECT_TRUE(allows(base + size - 1)) << ones;
        EXPECT_FALSE(allows(base + size)) << ones;
        if (base != 0) {
            EXPECT_FALSE(allows(base - 1)) << ones;
        }
    }
}

// ---- writing the registers ------------------------------------------------------------------------

TEST(Pmp, ReservedBitsReadZeroAndWriteWithoutReadIsKeptOut) {
    for (unsigned value = 0; value < 256; ++value) {
        Pmp pmp;
        pmp.write_config(5, kNa4 | kR);
        pmp.write_config(5, static_cast<std::uint8_t>(value));
        const bool reserved = (value & kW) != 0 && (value & kR) == 0;
        EXPECT_EQ(pmp.config(5), reserved ? kNa4 | kR : value & 0x9f) << value;
    }
}

TEST(Pmp, ALockedEntryStays) {
    Pmp pmp;
    pmp.write_address(3, 0x100);
    pmp.write_config(3, kLocked | kNapot | kR);
    pmp.write_config(3, 0);
    pmp.write_address(3, 0x200);
    EXPECT_EQ(pmp.config(3), kLocked | kNapot | kR);
    EXPECT_EQ(pmp.address(3), 0x100u);
    pmp.write_address(2, 0x77);
    EXPECT_EQ(pmp.address(2), 0x77u) << "it is no bound of the locked range";
    pmp.write_config(4, kNa4 | kR);
    EXPECT_EQ(pmp.config(4), kNa4 | kR);
}

/// "If the entry is locked and pmpicfg.A is set to TOR, writes to pmpaddri-1 are ignored as well", even if
/// that entry itself is off.
TEST(Pmp, TheBottomOfALockedRangeStaysToo) {
    Pmp pmp;
    pmp.write_address(2, 0x100);
    pmp.write_address(3, 0x200);
    pmp.write_config(3, kLocked | kTor | kR);
    pmp.write_address(2, 0x80);
    EXPECT_EQ(pmp.address(2), 0x100u);
    pmp.write_config(2, kNa4 | kR);
    EXPECT_EQ(pmp.config(2), kNa4 | kR) << "its own configuration is free";
    pmp.write_address(1, 0x10);
    EXPECT_EQ(pmp.address(1), 0x10u);
    Pmp last;
    last.write_config(15, kLocked | kTor);
    last.write_address(15, 1);
    EXPECT_EQ(last.address(15), 0u);
}

TEST(Pmp, ALockedEntryThatIsOffIsLockedAsWell) {
    Pmp pmp;
    pmp.write_config(0, kLocked);
    pmp.write_config(0, kNapot | kR);
    pmp.write_address(0, 5);
    EXPECT_EQ(pmp.config(0), kLocked);
    EXPECT_EQ(pmp.address(0), 0u);
}

TEST(Pmp, EveryChangeMakesWhatWasDerivedStale) {
    Pmp pmp;
    auto generation = pmp.generation();
    const auto changed = [&] { return std::exchange(generation, pmp.generation()) != pmp.generation(); };
    pmp.write_address(0, 5);
    EXPECT_TRUE(changed());
    pmp.write_config(0, kNapot | kR);
    EXPECT_TRUE(changed());
    test::load_into(pmp, test::saved(Pmp()));
    EXPECT_TRUE(changed());
}

TEST(Pmp, SaveLoadSaveGivesEqualBytesAndTheSameAnswers) {
    std::mt19937_64 random(3);
    for (int round = 0; round < 200; ++round) {
        const auto pmp = random_entries(random);
        const auto bytes = test::saved(pmp);
        Pmp loaded;
        test::load_into(loaded, bytes);
        EXPECT_EQ(test::saved(loaded), bytes);
        for (std::uint64_t at = 0; at < 260; ++at) {
            ASSERT_EQ(loaded.allows(PhysicalAddress{at}, 1, AccessKind::load, Privilege::user),
                      pmp.allows(PhysicalAddress{at}, 1, AccessKind::load, Privilege::user));
        }
    }
}

TEST(Pmp, RefusesAStateThatItCannotHave) {
    const auto good = test::saved(Pmp());  // 16 configurations, then 16 addresses
    const auto with = [&](std::size_t at, unsigned value) {
        auto bytes = good;
        bytes.at(at) = static_cast<std::byte>(value);
        return bytes;
    };
    Pmp pmp;
    EXPECT_NO_THROW(test::load_into(pmp, with(15, 0x9f)));
    EXPECT_THROW(test::load_into(pmp, with(0, kW)), BadState);
    EXPECT_THROW(test::load_into(pmp, with(15, 0x20)), BadState);
    EXPECT_NO_THROW(test::load_into(pmp, with(16 + 6, 0x3f)));
    EXPECT_THROW(test::load_into(pmp, with(16 + 6, 0x40)), BadState) << "bit 54 of pmpaddr0";
}

// ---- what a program finds -------------------------------------------------------------------------

constexpr std::uint64_t kEverything = ~std::uint64_t{0};
constexpr std::uint64_t kDataPage = Guest::kData;

/// A guest without any entry yet.
struct PmpGuest : Guest {
    explicit PmpGuest(std::initializer_list<Word> program = {}, unsigned xlen = 64)
        : Guest(board_options(kNsPerStep, xlen), program) {
        edit([](Hart& hart) { hart.pmp = Pmp(); });
    }
    void entry(std::size_t number, std::uint8_t config, std::uint64_t address) {
        edit([&](Hart& hart) {
            hart.pmp.write_address(number, address);
            hart.pmp.write_config(number, config);
        });
    }
    /// Makes one step; what trapped, if it did, with the address.
    std::optional<std::pair<Cause, std::uint64_t>> attempt() {
        const auto retired = hart().minstret;
        run(1);
        if (hart().minstret == retired + 1) return std::nullopt;
        return std::pair{static_cast<Cause>(hart().mcause), hart().mtval};
    }
};

TEST(Protection, WithoutAnyEntryOnlyMachineModeMayDoAnything) {
    for (const auto privilege : kPrivileges) {
        PmpGuest guest{nop()};
        guest.go_to(Guest::kCode, privilege);
        if (privilege == Privilege::machine) {
            EXPECT_EQ(guest.attempt(), std::nullopt);
        } else {
            EXPECT_EQ(guest.attempt(), std::pair(Cause::instruction_access_fault, Guest::kCode));
        }
    }
}

/// Every permission, locked or not, for each kind of access in each mode.
TEST(Protection, PermissionsBindTheLowerModesAndLockedOnesAll) {
    struct Access {
        Word word;
        std::uint8_t needs;
        Cause fault;
    };
    const std::array accesses{
        Access{load(Opcode::ld, a1, 0, a0), kR, Cause::load_access_fault},
        Access{store(Opcode::sd, a1, 0, a0), kW, Cause::store_access_fault},
        Access{atomic(Opcode::lr_d, a1, zero, a0), kR, Cause::load_access_fault},
        Access{atomic(Opcode::amoadd_d, a1, a1, a0), kW, Cause::store_access_fault},
        Access{jalr(zero, a0, 0), kX, Cause::instruction_access_fault},
    };
    for (const auto privilege : kPrivileges) {
        for (const unsigned config : {0u, 1u, 3u, 4u, 5u, 7u, 0x80u, 0x81u, 0x83u, 0x84u, 0x85u, 0x87u}) {
            PmpGuest guest;
            guest.entry(0, static_cast<std::uint8_t>(kNapot | config), kDataPage >> 2 | 511);
            guest.entry(1, kNapot | kR | kW | kX, kEverything);
            guest.put(kDataPage, {nop()});
            for (const auto& access : accesses) {
                guest.put(Guest::kCode, {access.word});
                guest.set(a0, kDataPage);
                guest.go_to(Guest::kCode, privilege);
                auto fault = guest.attempt();
                if (access.needs == kX) {
                    ASSERT_EQ(fault, std::nullopt) << "the jump itself";
                    fault = guest.attempt();
                }
                const bool binds = privilege != Privilege::machine || (config & kLocked) != 0;
                if (binds && (config & access.needs) == 0) {
                    EXPECT_EQ(fault, std::pair(access.fault, kDataPage)) << config;
                } else {
                    EXPECT_EQ(fault, std::nullopt) << config;
                }
            }
        }
    }
}

/// An access that is partly inside an entry fails, whatever the permissions, even in machine mode; and its
/// parts on two pages are two accesses.
TEST(Protection, AnAccessOverABorderFails) {
    const auto border = kDataPage + 64;
    for (const auto privilege : {Privilege::user, Privilege::machine}) {
        for (std::uint64_t at = border - 9; at < border + 2; ++at) {
            PmpGuest guest{load(Opcode::ld, a1, 0, a0)};
            guest.entry(0, kTor | kR | kW | kX, border >> 2);
            guest.entry(1, kNapot | kR | kW | kX, kEverything);
            guest.set(a0, at);
            guest.go_to(Guest::kCode, privilege);
            const bool straddles = at < border && at + 8 > border;
            if (straddles) {
                EXPECT_EQ(guest.attempt(), std::pair(Cause::load_access_fault, at));
            } else {
                EXPECT_EQ(guest.attempt(), std::nullopt);
            }
        }
    }
}

TEST(Protection, AnAccessOverTwoPagesFaultsAtThePartThatIsDenied) {
    const auto border = kDataPage + 4096;
    for (const bool second : {false, true}) {
        for (const Word word : {load(Opcode::ld, a1, 0, a0), store(Opcode::sd, a1, 0, a0)}) {
            PmpGuest guest{word};
            const auto denied = second ? border : border - 4096;
            guest.entry(0, kNapot, denied >> 2 | 511);
            guest.entry(1, kNapot | kR | kW | kX, kEverything);
            guest.set(a0, border - 3);
            guest.set(a1, 0x1122'3344'5566'7788);
            guest.go_to(Guest::kCode, Privilege::user);
            const auto cause =
                word == load(Opcode::ld, a1, 0, a0) ? Cause::load_access_fault : Cause::store_access_fault;
            EXPECT_EQ(guest.attempt(), std::pair(cause, second ? border : border - 3));
            EXPECT_EQ(guest.doubleword(border - 8), 0u) << "nothing is stored";
            EXPECT_EQ(guest.doubleword(border), 0u);
        }
    }
}

/// Fetching goes by halves: the second may be denied alone.
TEST(Protection, AnInstructionOverABorderFaultsAtItsSecondHalf) {
    for (const std::uint64_t border : {Guest::kCode + 0x100, Guest::kCode + 0x1000}) {
        PmpGuest guest;
        guest.entry(0, kTor | kX, border >> 2);
        guest.put(border - 2, {addi(a0, zero, 5)});
        guest.go_to(border - 2, Privilege::user);
        EXPECT_EQ(guest.attempt(), std::pair(Cause::instruction_access_fault, border));
        EXPECT_EQ(guest.hart().mepc, border - 2);
        guest.put_halves(border - 2, {0x4515});  // c.li a0, 5
        guest.go_to(border - 2, Privilege::user);
        EXPECT_EQ(guest.attempt(), std::nullopt);
        EXPECT_EQ(guest.attempt(), std::pair(Cause::instruction_access_fault, border));
    }
}

/// The engine keeps pages that it knows. Where a page is half open, it must ask again for every access.
TEST(Protection, HalfAPageIsHalfAPageHoweverOftenItIsUsed) {
    PmpGuest guest{load(Opcode::lw, a1, 0, a0), addi(a0, a0, 4), store(Opcode::sw, a0, 0, a0),
                   jal(zero, -12)};
    guest.put(Guest::kHandler, {jal(zero, 0)});
    guest.entry(0, kTor | kR | kW | kX, (kDataPage + 128) >> 2);
    guest.set(a0, kDataPage);
    guest.go_to(Guest::kCode, Privilege::supervisor);
    guest.run(31 * 4 + 5);
    EXPECT_EQ(guest.hart().mtval, kDataPage + 128);
    EXPECT_EQ(guest.hart().mcause, static_cast<std::uint64_t>(Cause::store_access_fault));
}

TEST(Protection, CodeInHalfAPageRunsToTheBorder) {
    PmpGuest guest;
    const auto border = kDataPage + 256;
    for (auto at = kDataPage; at < border + 64; at += 4) guest.put(at, {addi(a0, a0, 1)});
    guest.entry(0, kTor | kX, border >> 2);
    guest.go_to(kDataPage, Privilege::user);
    guest.run(64 + 1);
    EXPECT_EQ(guest.x(a0), 64u);
    EXPECT_EQ(guest.hart().mcause, 1u);
    EXPECT_EQ(guest.hart().mepc, border);
}

/// A write to the registers holds from the next instruction on, for data and code that were in use.
TEST(Protection, AChangeHoldsAtOnce) {
    // Machine mode with MPRV: loads and stores are made in user mode's name.
    PmpGuest data{load(Opcode::lw, a1, 0, a0), csr(Opcode::csrrw, zero, 0x3a0, a2),
                  load(Opcode::lw, a1, 0, a0)};
    data.entry(0, kNapot | kR | kW | kX, kEverything);
    data.set(a0, kDataPage);
    data.set(a2, kNapot | kX);
    data.edit([](Hart& hart) { hart.mstatus = mstatus::kMprv; });
    data.run(3);
    expect_trap(data, Cause::load_access_fault, Guest::kCode + 8, kDataPage);

    // A locked entry takes the right to execute from under the running code.
    PmpGuest code{nop(), csr(Opcode::csrrw, zero, 0x3a0, a2), nop()};
    code.entry(0, kNapot, Guest::kCode >> 2 | 511);
    code.set(a2, kLocked | kNapot | kR | kW);
    code.run(3);
    expect_trap(code, Cause::instruction_access_fault, Guest::kCode + 8, Guest::kCode + 8);

    // An address alone may do it, too.
    PmpGuest moved{load(Opcode::lw, a1, 0, a0), csr(Opcode::csrrw, zero, 0x3b0, zero),
                   load(Opcode::lw, a1, 0, a0)};
    moved.entry(0, kTor | kR, kEverything);
    moved.set(a0, kDataPage);
    moved.edit([](Hart& hart) { hart.mstatus = mstatus::kMprv; });
    moved.run(3);
    expect_trap(moved, Cause::load_access_fault, Guest::kCode + 8, kDataPage);
}

TEST(Protection, MprvUsesTheRightsOfThePreviousMode) {
    for (const std::uint64_t mpp : {0u, 1u, 3u}) {
        PmpGuest guest{load(Opcode::lw, a1, 0, a0)};
        guest.set(a0, kDataPage);
        guest.edit([&](Hart& hart) { hart.mstatus = mstatus::kMprv | mpp << mstatus::kMppShift; });
        if (mpp == 3) {
            EXPECT_EQ(guest.attempt(), std::nullopt);
        } else {
            EXPECT_EQ(guest.attempt(), std::pair(Cause::load_access_fault, kDataPage));
        }
    }
}

TEST(Protection, DevicesAreProtectedToo) {
    PmpGuest guest{load(Opcode::lbu, a1, 0, a0), store(Opcode::sb, zero, 1, a0)};
    guest.entry(0, kNapot | kR, memory_map::kUart.base.value >> 2 | 31);
    guest.entry(1, kNapot | kX, Guest::kCode >> 2 | 511);
    guest.set(a0, memory_map::kUart.base.value);
    guest.go_to(Guest::kCode, Privilege::user);
    EXPECT_EQ(guest.attempt(), std::nullopt);
    EXPECT_EQ(guest.attempt(), std::pair(Cause::store_access_fault, memory_map::kUart.base.value + 1));
}

/// A block of memory is one access.
TEST(Protection, ACacheBlockOverABorderFails) {
    for (const std::uint64_t border : {kDataPage + 32, kDataPage + 64}) {
        PmpGuest guest{op(Opcode::cbo_zero, 0, a0, 0)};
        guest.entry(0, kTor | kR | kW | kX, border >> 2);
        guest.put(kDataPage, std::uint64_t{7});
        guest.set(a0, kDataPage + 8);
        guest.go_to(Guest::kCode, Privilege::supervisor);
        guest.edit([](Hart& hart) { hart.menvcfg = envcfg::kCbze; });
        const auto fault = guest.attempt();
        EXPECT_EQ(fault.has_value(), border == kDataPage + 32);
        EXPECT_EQ(guest.doubleword(kDataPage), border == kDataPage + 32 ? 7u : 0u);
    }
}

/// "Locked PMP entries remain locked until the hart is reset."
TEST(Protection, OnlyAResetUnlocks) {
    PmpGuest guest{csr(Opcode::csrrw, zero, 0x3a0, zero), csr(Opcode::csrrs, a0, 0x3a0, zero),
                   store(Opcode::sw, a1, 0, a2)};
    guest.entry(0, kLocked | kNapot | kR | kW | kX, kEverything);
    guest.set(a1, Finisher::kReset);
    guest.set(a2, memory_map::kFinisher.base.value);
    guest.run(3);
    EXPECT_EQ(guest.x(a0), kLocked | kNapot | kR | kW | kX);
    guest.run(1);
    EXPECT_EQ(guest.hart().pmp.config(0), 0u);
}

/// RV32 has four entries in a register, and addresses of 34 bits.
TEST(Protection, RegistersOfRv32) {
    PmpGuest guest({csr(Opcode::csrrw, zero, 0x3a1, a0), csr(Opcode::csrrw, zero, 0x3b5, a1),
                    csr(Opcode::csrrs, a2, 0x3a1, zero)},
                   32);
    guest.set(a0, 0x9f18'1f08);
    guest.set(a1, 0xffff'ffff);
    guest.run(3);
    EXPECT_EQ(guest.x(a2), 0x9f18'1f08u);
    EXPECT_EQ(guest.hart().pmp.config(4), 0x08);
    EXPECT_EQ(guest.hart().pmp.config(5), 0x1f);
    EXPECT_EQ(guest.hart().pmp.config(7), 0x9f);
    EXPECT_TRUE(
        guest.hart().pmp.allows(PhysicalAddress{0x3'ffff'ffff}, 1, AccessKind::load, Privilege::user));
}

/// Random entries around one page and random accesses to it, again and again: reference and engine agree.
TEST(Protection, RandomEntriesAndAccesses) {
    std::mt19937_64 random(4);
    for (int round = 0; round < 40; ++round) {
        PmpGuest guest;
        constexpr std::array kLoads{Opcode::lb, Opcode::lh, Opcode::lw, Opcode::ld};
        constexpr std::array kStores{Opcode::sb, Opcode::sh, Opcode::sw, Opcode::sd};
        for (std::uint64_t i = 0; i < 20; ++i) {
            const auto offset = static_cast<std::int64_t>(random() % 160) - 80;
            const auto base = random() % 2 == 0 ? a0 : a1;
            const auto size = random() % 4;
            guest.put(Guest::kCode + 4 * i, {random() % 2 == 0 ? load(kLoads[size], a2, offset, base)
                                                               : store(kStores[size], a2, offset, base)});
        }
        guest.put(Guest::kCode + 80, {jal(zero, -80)});
        guest.put(Guest::kHandler, {csr(Opcode::csrrs, t0, 0x341, zero), addi(t0, t0, 4),
                                    csr(Opcode::csrrw, zero, 0x341, t0), op(Opcode::mret)});
        guest.set(a0, kDataPage + 128);
        guest.set(a1, kDataPage + 4096);
        for (std::size_t entry = 0; entry < 6; ++entry) {
            const auto base = (random() % 2 == 0 ? kDataPage : kDataPage + 3968) >> 2;
            guest.entry(entry, static_cast<std::uint8_t>(random() & 0x1f), base + random() % 64);
        }
        guest.entry(6, kNapot | kR | kW | kX, random() % 4 == 0 ? Guest::kCode >> 2 | 511 : kEverything);
        guest.go_to(Guest::kCode, random() % 2 == 0 ? Privilege::user : Privilege::supervisor);
        guest.run(150);
        if (HasFatalFailure()) return;
    }
}

}  // namespace
}  // namespace backspin::emu
