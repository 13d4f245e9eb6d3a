// What a program finds of address translation: who may go where, which fault with which address, and in whose
// hands it ends. The walk itself is in translation_test.cpp. Source: The RISC-V Instruction Set Manual,
// Volume II, chapter "Supervisor-Level ISA"; extensions Svade, Svadu, Svpbmt, Svnapot.
#include "emu/mmu.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "emu/input.hpp"
#include "testsuite/emu/paging.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr auto kCodeAt = PagedGuest::kVirtualCode, kDataAt = PagedGuest::kVirtualData;
constexpr std::uint64_t kPage = PagedGuest::kPage;

using Fault = std::optional<std::pair<Cause, std::uint64_t>>;

/// Makes one step; what trapped into M mode, if it did, and with which address.
Fault attempt(Guest& guest) {
    const auto retired = guest.hart().minstret;
    guest.run(1);
    if (guest.hart().minstret == retired + 1) return std::nullopt;
    return std::pair{static_cast<Cause>(guest.hart().mcause), guest.hart().mtval};
}

class MmuTest : public ::testing::TestWithParam<Scheme> {
  protected:
    const Scheme& scheme() const { return GetParam(); }
    Word loading(std::int64_t offset = 0) const { return load_x(scheme(), a1, offset, a0); }
    Word storing(std::int64_t offset = 0) const { return store_x(scheme(), a1, offset, a0); }
};
INSTANTIATE_TEST_SUITE_P(Schemes, MmuTest, ::testing::ValuesIn(kSchemes),
                         [](const auto& info) { return info.param.name; });

// ---- where translation happens --------------------------------------------------------------------

TEST_P(MmuTest, SupervisorModeRunsWhereItsTablesSay) {
    PagedGuest guest(scheme(), {loading(), addi(a1, a1, 1), storing(8)});
    guest.put(Guest::kData, std::uint64_t{41});
    guest.set(a0, kDataAt);
    guest.run(3);
    EXPECT_EQ(guest.x(a1), 42u);
    EXPECT_EQ(guest.pc(), kCodeAt + 12);
    EXPECT_EQ(guest.doubleword(Guest::kData + 8), 42u);
}

TEST_P(MmuTest, MachineModeUsesPhysicalAddresses) {
    PagedGuest guest(scheme(), {loading()});
    guest.put(Guest::kData, std::uint64_t{41});
    guest.set(a0, Guest::kData);
    guest.enter(Guest::kCode, Privilege::machine);
    guest.run(1);
    EXPECT_EQ(guest.x(a1), 41u);
}

TEST_P(MmuTest, WithoutSatpSupervisorModeUsesPhysicalAddresses) {
    PagedGuest guest(scheme(), {loading()});
    guest.put(Guest::kData, std::uint64_t{41});
    guest.set(a0, Guest::kData);
    guest.enter(Guest::kCode, Privilege::supervisor);
    guest.edit([](Hart& hart) { hart.satp = 0; });
    guest.run(1);
    EXPECT_EQ(guest.x(a1), 41u);
}

/// MPRV: M mode's loads and stores are translated as those of the mode in MPP; its fetches are not.
TEST_P(MmuTest, MprvTranslatesLoadsAndStores) {
    for (const std::uint64_t mpp : {0u, 1u, 3u}) {
        PagedGuest guest(scheme(), {loading(), storing(8)});
        guest.put(Guest::kData, std::uint64_t{41});
        guest.map(kDataAt, Guest::kData, pte::kData | (mpp == 0 ? pte::kU : 0));
        guest.set(a0, mpp == 3 ? Guest::kData : kDataAt);
        guest.enter(Guest::kCode, Privilege::machine);
        guest.edit([&](Hart& hart) { hart.mstatus = mstatus::kMprv | mpp << mstatus::kMppShift; });
        guest.run(2);
        EXPECT_EQ(guest.x(a1), 41u);
        EXPECT_EQ(guest.doubleword(Guest::kData + 8), 41u);
    }
}

/// The right to do something to user pages is looked up in MPP's name, with SUM and MXR as they are.
TEST_P(MmuTest, MprvAsksForMppsRights) {
    PagedGuest guest(scheme(), {loading()});
    guest.map(kDataAt, Guest::kData, pte::kData | pte::kU);
    guest.set(a0, kDataAt);
    for (const bool sum : {false, true}) {
        guest.enter(Guest::kCode, Privilege::machine);
        guest.edit([&](Hart& hart) {
            hart.mstatus =
                mstatus::kMprv | std::uint64_t{1} << mstatus::kMppShift | (sum ? mstatus::kSum : 0);
        });
        EXPECT_EQ(attempt(guest), sum ? Fault{} : Fault({Cause::load_page_fault, kDataAt}));
    }
}

// ---- rights -------------------------------------------------------------------------------------

/// Every set of R, W, X and U, for each kind of access in either mode, with SUM and MXR.
TEST_P(MmuTest, RightsAreTheEntrysAndTheModes) {
    PagedGuest guest(scheme());
    guest.put(Guest::kData, {nop()});
    guest.set(a0, kDataAt);
    for (std::uint64_t bits = 2; bits < 32; bits += 2) {
        using namespace pte;
        if ((bits & (kR | kX)) == 0 || (bits & (kR | kW)) == kW) continue;  // no leaf, or reserved
        guest.map(kDataAt, Guest::kData, kV | kA | kD | bits);
        for (const auto privilege : {Privilege::user, Privilege::supervisor}) {
            const bool user = privilege == Privilege::user;
            guest.map(kCodeAt, Guest::kCode, pte::kCode | (user ? kU : 0));
            for (const std::uint64_t status :
                 {std::uint64_t{0}, mstatus::kSum, mstatus::kMxr, mstatus::kSum | mstatus::kMxr}) {
                const bool sum = (status & mstatus::kSum) != 0, mxr = (status & mstatus::kMxr) != 0;
                const bool user_page = (bits & kU) != 0;
                const bool data = user ? user_page : !user_page || sum;
                const bool fetch = user == user_page && (bits & kX) != 0;
                const bool loads = data && ((bits & kR) != 0 || (mxr && (bits & kX) != 0));
                const bool stores = data && (bits & kW) != 0;
                struct Access {
                    Word word;
                    bool allowed;
                    Cause fault;
                };
                for (const auto& [word, allowed, fault] : std::initializer_list<Access>{
                         {loading(), loads, Cause::load_page_fault},
                         {storing(), stores, Cause::store_page_fault},
                         {atomic(Opcode::lr_w, a1, zero, a0), loads, Cause::load_page_fault},
                         {atomic(Opcode::amoor_w, a1, zero, a0), stores, Cause::store_page_fault},
                         {jalr(zero, a0, 0), fetch, Cause::instruction_page_fault}}) {
                    guest.put(Guest::kCode, {word});
                    guest.enter(kCodeAt, privilege);
                    guest.edit([&](Hart& hart) { hart.mstatus = status; });
                    auto got = attempt(guest);
                    if (fault == Cause::instruction_page_fault) got = attempt(guest);  // the jump works
                    ASSERT_EQ(got, allowed ? Fault{} : Fault({fault, kDataAt}))
                        << std::hex << bits << " " << status << " " << word;
                    guest.put(Guest::kData, {nop()});
                }
            }
        }
    }
}

// ---- faults -------------------------------------------------------------------------------------

/// Each page fault has its cause and shows its address; delegated or not.
TEST_P(MmuTest, FaultsGoWhereMedelegSays) {
    struct Access {
        Word word;
        Cause fault;
    };
    for (const auto& [word, fault] :
         std::initializer_list<Access>{{loading(4), Cause::load_page_fault},
                                       {storing(4), Cause::store_page_fault},
                                       {op(Opcode::cbo_zero, 0, a0, 0), Cause::store_page_fault},
                                       {jalr(zero, a0, 4), Cause::instruction_page_fault}}) {
        for (const bool delegated : {false, true}) {
            PagedGuest guest(scheme(), {word});
            const auto nowhere = kDataAt + 2 * kPage;
            guest.set(a0, nowhere);
            guest.edit([&](Hart& hart) {
                hart.medeleg = delegated ? std::uint64_t{1} << static_cast<unsigned>(fault) : 0;
                hart.menvcfg = envcfg::kCbze;
            });
            const bool fetch = fault == Cause::instruction_page_fault;
            guest.run(fetch ? 2 : 1);
            const auto pc = fetch ? nowhere + 4 : kCodeAt;
            const auto value = fault == Cause::store_page_fault && word != storing(4) ? nowhere : nowhere + 4;
            if (delegated) {
                expect_supervisor_trap(guest, fault, pc, value);
            } else {
                expect_trap(guest, fault, pc, value);
            }
        }
    }
}

/// Addresses with other upper bits than the highest that is translated are mapped nowhere.
TEST_P(MmuTest, OtherUpperBitsAreAFault) {
    if (scheme().xlen == 32) return;  // there are none
    PagedGuest guest(scheme(), {loading()});
    const auto upper_half = ~std::uint64_t{0} << (scheme().virtual_bits() - 1);
    guest.map(upper_half, Guest::kData, pte::kData);
    guest.set(a0, upper_half);
    EXPECT_EQ(attempt(guest), Fault{});
    for (auto bit = scheme().virtual_bits() - 1; bit < 64; ++bit) {
        for (const auto base : {upper_half, kDataAt}) {
            // (The highest bit itself may be changed, if all those above it are.)
            const auto at = base ^ std::uint64_t{1} << bit;
            guest.set(a0, at);
            guest.enter(kCodeAt, Privilege::supervisor);
            ASSERT_EQ(attempt(guest), Fault({Cause::load_page_fault, at})) << bit;
        }
    }
    // For a fetch, too: the jump is made, and what is there is missing.
    guest.put(Guest::kCode, {jalr(zero, a0, 0)});
    const auto nowhere = std::uint64_t{1} << 62;
    guest.set(a0, nowhere);
    guest.enter(kCodeAt, Privilege::supervisor);
    EXPECT_EQ(attempt(guest), Fault{});
    EXPECT_EQ(attempt(guest), Fault({Cause::instruction_page_fault, nowhere}));
    EXPECT_EQ(guest.hart().mepc, nowhere);
}

/// An access over the border of two pages faults at the second page's first byte, and has done nothing.
TEST_P(MmuTest, AnAccessOverTwoPagesFaultsAtThePartThatIsMissing) {
    const auto border = kDataAt + kPage;
    for (const bool store : {false, true}) {
        for (const bool second : {false, true}) {
            PagedGuest guest(scheme(), {store ? storing() : loading()});
            guest.set_entry(second ? border : kDataAt, 0);
            guest.set(a0, border - 2);
            guest.set(a1, 0x1234'5678);
            const auto cause = store ? Cause::store_page_fault : Cause::load_page_fault;
            EXPECT_EQ(attempt(guest), Fault({cause, second ? border : border - 2}));
            EXPECT_EQ(guest.x(a1), 0x1234'5678u);
            EXPECT_EQ(guest.doubleword(Guest::kData + kPage - 8), 0u);
            EXPECT_EQ(guest.doubleword(Guest::kData + kPage), 0u);
        }
    }
}

/// Two pages that lie side by side for the program need not in memory.
TEST_P(MmuTest, AnAccessOverTwoPagesFindsBothOfThem) {
    PagedGuest guest(scheme(), {storing(), load_x(scheme(), a2, 0, a0)});
    guest.map(kDataAt + kPage, Guest::kData + 5 * kPage, pte::kData);
    guest.set(a0, kDataAt + kPage - 2);
    guest.set(a1, 0x1234'5678);
    guest.run(2);
    EXPECT_EQ(guest.x(a2), 0x1234'5678u);
    EXPECT_EQ(guest.doubleword(Guest::kData + kPage - 8) >> 48, 0x5678u);
    EXPECT_EQ(guest.doubleword(Guest::kData + 5 * kPage) & 0xffff, 0x1234u);
    EXPECT_EQ(guest.doubleword(Guest::kData + kPage), 0u);
}

TEST_P(MmuTest, AnInstructionOverTwoPagesFaultsAtThePartThatIsMissing) {
    const auto border = kCodeAt + kPage;
    PagedGuest guest(scheme());
    guest.put(Guest::kCode + kPage - 2, {addi(a0, zero, 5)});
    guest.set_entry(border, 0);
    guest.enter(border - 2, Privilege::supervisor);
    EXPECT_EQ(attempt(guest), Fault({Cause::instruction_page_fault, border}));
    EXPECT_EQ(guest.hart().mepc, border - 2);
    guest.set_entry(kCodeAt, 0);
    guest.enter(border - 2, Privilege::supervisor);
    EXPECT_EQ(attempt(guest), Fault({Cause::instruction_page_fault, border - 2}));

    PagedGuest split(scheme());
    split.put_halves(Guest::kCode + kPage - 2, {0x0513});  // addi a0, x0, 5
    split.put_halves(Guest::kCode + 9 * kPage, {0x0050});
    split.map(border, Guest::kCode + 9 * kPage, pte::kCode);
    split.enter(border - 2, Privilege::supervisor);
    split.run(1);
    EXPECT_EQ(split.x(a0), 5u);
}

/// What a table says about nothing, or against its own rules, at every level.
TEST_P(MmuTest, EntriesThatLeadNowhere) {
    for (unsigned level = 0; level < scheme().levels; ++level) {
        PagedGuest guest(scheme(), {loading()});
        const auto good = guest.entry(kDataAt, level);
        std::vector<std::uint64_t> bad{0, good & ~pte::kV, pte::to(Guest::kData, pte::kV | pte::kW),
                                       pte::to(Guest::kData, pte::kV | pte::kW | pte::kX)};
        if (level == 0) {
            bad.push_back(pte::to(Guest::kData, pte::kV));  // one more table where there can be none
        } else {
            for (const auto bit : {pte::kU, pte::kA, pte::kD}) bad.push_back(good | bit);
            // A leaf here covers more than a page, and has to lie at a multiple of that.
            for (auto size = kPage; size < scheme().page_size(level); size *= 2)
                bad.push_back(pte::to(size, pte::kData));
        }
        if (scheme().xlen == 64) {
            // (Among the lowest, bit 63 is Svnapot's.)
            for (unsigned bit = 54; bit < (level == 0 ? 63 : 64); ++bit)
                bad.push_back(good | std::uint64_t{1} << bit);
        }
        guest.set(a0, kDataAt + 8);
        ASSERT_EQ(attempt(guest), Fault{});
        for (const auto entry : bad) {
            guest.set_entry(kDataAt, entry, level);
            guest.enter(kCodeAt, Privilege::supervisor);
            if (level == 0) {
                ASSERT_EQ(attempt(guest), Fault({Cause::load_page_fault, kDataAt + 8})) << std::hex << entry;
            } else {
                // Code and data may share a table of this level.
                const auto fault = attempt(guest);
                ASSERT_TRUE(fault) << std::hex << entry;
                const bool page_fault =
                    fault->first == Cause::load_page_fault || fault->first == Cause::instruction_page_fault;
                ASSERT_TRUE(page_fault) << std::hex << entry;
            }
        }
    }
}

/// A leaf above the lowest level is a large page: all the lower bits of the address are offsets.
TEST_P(MmuTest, LargePages) {
    for (unsigned level = 1; level < scheme().levels; ++level) {
        PagedGuest guest(scheme(), {loading(), storing(8)});
        // A large page of this level that has RAM in it, somewhere that nothing else is mapped.
        const auto size = scheme().page_size(level);
        const auto physical = Guest::kCode / size * size;
        const auto base = level + 1 == scheme().levels ? size : std::uint64_t{3} * size;
        guest.map(base, physical, pte::kData, level);
        const auto offset = Guest::kData + 0x128 - physical;
        guest.put(Guest::kData + 0x128, std::uint64_t{41});
        guest.set(a0, base + offset);
        guest.run(2);
        EXPECT_EQ(guest.x(a1), 41u) << level;
        EXPECT_EQ(guest.doubleword(Guest::kData + 0x130), 41u) << level;
    }
}

// ---- accessed and dirty ---------------------------------------------------------------------------

/// Svade: "a page-fault exception is raised" when A, or for a store D, is clear.
TEST_P(MmuTest, WithoutAdueClearBitsAreFaults) {
    for (const std::uint64_t ad : {std::uint64_t{0}, pte::kA, pte::kD, pte::kA | pte::kD}) {
        PagedGuest guest(scheme(), {loading(), storing()});
        guest.map(kDataAt, Guest::kData, (pte::kData & ~(pte::kA | pte::kD)) | ad);
        guest.set(a0, kDataAt);
        const auto before = guest.entry(kDataAt);
        const bool accessed = (ad & pte::kA) != 0, dirty = ad == (pte::kA | pte::kD);
        EXPECT_EQ(attempt(guest), accessed ? Fault{} : Fault({Cause::load_page_fault, kDataAt}));
        guest.enter(kCodeAt + 4, Privilege::supervisor);
        EXPECT_EQ(attempt(guest), dirty ? Fault{} : Fault({Cause::store_page_fault, kDataAt}));
        EXPECT_EQ(guest.entry(kDataAt), before);
    }
    PagedGuest code(scheme(), {nop()});
    code.map(kCodeAt, Guest::kCode, pte::kV | pte::kX);
    EXPECT_EQ(attempt(code), Fault({Cause::instruction_page_fault, kCodeAt}));
}

/// Svadu: the hardware sets them, A with every access, D with a store.
TEST_P(MmuTest, WithAdueTheBitsAreSet) {
    struct Access {
        Word word;
        bool dirties;
    };
    for (const auto& [word, dirties] :
         std::initializer_list<Access>{{loading(), false},
                                       {storing(), true},
                                       {atomic(Opcode::lr_w, a1, zero, a0), false},
                                       {atomic(Opcode::amoor_w, a1, zero, a0), true},
                                       {op(Opcode::cbo_zero, 0, a0, 0), true},
                                       {op(Opcode::cbo_flush, 0, a0, 0), false}}) {
        for (const std::uint64_t before : {std::uint64_t{0}, pte::kA}) {
            PagedGuest guest(scheme(), {word});
            const auto rest = pte::kV | pte::kR | pte::kW | pte::kG | std::uint64_t{3} << 8;
            guest.map(kDataAt, Guest::kData, rest | before);
            guest.map(kCodeAt, Guest::kCode, pte::kV | pte::kX);
            guest.edit([](Hart& hart) { hart.menvcfg = envcfg::kAdue | envcfg::kCbze | envcfg::kCbcfe; });
            guest.set(a0, kDataAt);
            EXPECT_EQ(attempt(guest), Fault{});
            EXPECT_EQ(guest.entry(kDataAt), pte::to(Guest::kData, rest | pte::kA | (dirties ? pte::kD : 0)));
            EXPECT_EQ(guest.entry(kCodeAt), pte::to(Guest::kCode, pte::kV | pte::kX | pte::kA));
        }
    }
}

/// An access that is not permitted sets nothing.
TEST_P(MmuTest, AFaultSetsNoBit) {
    PagedGuest guest(scheme(), {storing()});
    guest.map(kDataAt, Guest::kData, pte::kV | pte::kR);
    guest.edit([](Hart& hart) { hart.menvcfg = envcfg::kAdue; });
    guest.set(a0, kDataAt);
    EXPECT_EQ(attempt(guest), Fault({Cause::store_page_fault, kDataAt}));
    EXPECT_EQ(guest.entry(kDataAt), pte::to(Guest::kData, pte::kV | pte::kR));
}

/// First a page is only read, then written: what the engine knows of it is not enough for the second.
TEST_P(MmuTest, TheFirstStoreToAPageThatWasReadSetsDirty) {
    PagedGuest guest(scheme(), {loading(), loading(), storing(), loading(), storing()});
    guest.map(kDataAt, Guest::kData, pte::kV | pte::kR | pte::kW);
    guest.edit([](Hart& hart) { hart.menvcfg = envcfg::kAdue; });
    guest.set(a0, kDataAt);
    guest.run(2);
    EXPECT_EQ(guest.entry(kDataAt) & pte::kD, 0u);
    guest.run(3);
    EXPECT_EQ(guest.entry(kDataAt) & pte::kD, pte::kD);
}

/// The tables may lie where the program cannot write; then the bits cannot be set.
TEST_P(MmuTest, BitsThatCannotBeSetAreAnAccessFault) {
    PagedGuest guest(scheme(), {loading(), storing()});
    guest.map(kDataAt, Guest::kData, pte::kV | pte::kR | pte::kW);
    const auto table = guest.entry_at(kDataAt);
    guest.edit([&](Hart& hart) {
        hart.menvcfg = envcfg::kAdue;
        hart.pmp.write_address(1, ~std::uint64_t{0});
        hart.pmp.write_config(1, 0x1f);
        hart.pmp.write_address(0, table >> 2);
        hart.pmp.write_config(0, 0x11);  // 4 bytes that can only be read
        if (scheme().xlen == 64) hart.pmp.write_address(0, table >> 2 & ~std::uint64_t{1});
        if (scheme().xlen == 64) hart.pmp.write_config(0, 0x19);
    });
    guest.set(a0, kDataAt);
    EXPECT_EQ(attempt(guest), Fault({Cause::load_access_fault, kDataAt}));
    guest.enter(kCodeAt + 4, Privilege::supervisor);
    EXPECT_EQ(attempt(guest), Fault({Cause::store_access_fault, kDataAt}));
    EXPECT_EQ(guest.entry(kDataAt), pte::to(Guest::kData, pte::kV | pte::kR | pte::kW));
}

// ---- tables out of reach --------------------------------------------------------------------------

/// "If accessing pte violates a PMA or PMP check, raise an access-fault exception corresponding to the
/// original access type."
TEST_P(MmuTest, TablesThatCannotBeReadAreAnAccessFault) {
    struct Access {
        Word word;
        Cause fault;
    };
    for (const auto& [word, fault] :
         std::initializer_list<Access>{{loading(), Cause::load_access_fault},
                                       {storing(), Cause::store_access_fault},
                                       {jalr(zero, a0, 0), Cause::instruction_access_fault}}) {
        for (const std::uint64_t table :
             {std::uint64_t{0}, memory_map::kUart.base.value & ~kPage, Guest::kRamEnd}) {
            PagedGuest guest(scheme(), {word});
            const auto far = kDataAt + scheme().page_size(1);  // with a table of its own
            guest.set_entry(far, pte::to(table, pte::kV), 1);
            guest.set(a0, far);
            auto got = attempt(guest);
            if (fault == Cause::instruction_access_fault) got = attempt(guest);
            EXPECT_EQ(got, Fault({fault, far})) << std::hex << table;
        }
    }
}

TEST_P(MmuTest, ProtectionHoldsForTheWalkAsForSupervisorMode) {
    for (const auto privilege : {Privilege::user, Privilege::supervisor}) {
        PagedGuest guest(scheme(), {nop()});
        guest.map(kCodeAt, Guest::kCode, pte::kCode | (privilege == Privilege::user ? pte::kU : 0));
        guest.enter(kCodeAt, privilege);
        EXPECT_EQ(attempt(guest), Fault{});
        guest.edit([](Hart& hart) {
            hart.pmp.write_address(1, ~std::uint64_t{0});
            hart.pmp.write_config(1, 0x1f);
            hart.pmp.write_address(0, PagedGuest::kRoot >> 2 | 511);
            hart.pmp.write_config(0, 0x1c);  // execute only
        });
        guest.enter(kCodeAt, privilege);
        EXPECT_EQ(attempt(guest), Fault({Cause::instruction_access_fault, kCodeAt}));
    }
}

/// A page may be mapped where there is nothing, or a device.
TEST_P(MmuTest, WhatIsMappedMayBeNoMemory) {
    PagedGuest guest(scheme(), {loading(), store(Opcode::sb, a2, 7, a0), load(Opcode::lbu, a3, 7, a0)});
    guest.map(kDataAt, 0x4000'0000, pte::kData);
    guest.set(a0, kDataAt);
    guest.set(a2, 0x5a);
    EXPECT_EQ(attempt(guest), Fault({Cause::load_access_fault, kDataAt}));
    guest.map(kDataAt, memory_map::kUart.base.value, pte::kData);
    guest.enter(kCodeAt + 4, Privilege::supervisor);
    EXPECT_EQ(attempt(guest), Fault{});
    EXPECT_EQ(attempt(guest), Fault{});
    EXPECT_EQ(guest.x(a3), 0x5au);
    guest.map(kCodeAt, memory_map::kUart.base.value, pte::kCode);
    guest.enter(kCodeAt, Privilege::supervisor);
    EXPECT_EQ(attempt(guest), Fault({Cause::instruction_access_fault, kCodeAt})) << "devices hold no code";
}

/// A reservation is of the physical address, under whichever name it is known.
TEST_P(MmuTest, AReservationIsOfThePhysicalAddress) {
    for (const bool same : {true, false}) {
        PagedGuest guest(scheme(), {atomic(Opcode::lr_w, a1, zero, a0), atomic(Opcode::sc_w, a3, a1, a2)});
        guest.map(kDataAt + 4 * kPage, Guest::kData + (same ? 0 : kPage), pte::kData);
        guest.set(a0, kDataAt + 16);
        guest.set(a2, kDataAt + 4 * kPage + 16);
        guest.run(2);
        EXPECT_EQ(guest.x(a3), same ? 0u : 1u);
    }
}

// ---- a debugger ---------------------------------------------------------------------------------

TEST_P(MmuTest, ADebuggerSeesWhatTheHartSees) {
    PagedGuest guest(scheme(), {nop()});
    guest.map(kDataAt + kPage, Guest::kData + 7 * kPage, pte::kV | pte::kX);  // not even readable
    guest.put(Guest::kData + 7 * kPage, std::uint64_t{0x0807'0605'0403'0201});
    auto& machine = guest.machine();
    const HartId hart{0};
    EXPECT_EQ(machine.translate(hart, VirtualAddress{kDataAt + 8}), PhysicalAddress{Guest::kData + 8});
    EXPECT_EQ(machine.translate(hart, VirtualAddress{kDataAt + 2 * kPage}), std::nullopt);
    std::array<std::byte, 16> bytes{};
    EXPECT_EQ(machine.read_memory(hart, VirtualAddress{kDataAt + kPage - 8}, bytes), 16u);
    EXPECT_EQ(bytes[8], std::byte{1});
    EXPECT_EQ(machine.read_memory(hart, VirtualAddress{kDataAt + 2 * kPage - 4}, bytes), 4u)
        << "as far as it is mapped";
    EXPECT_EQ(machine.read_memory(hart, VirtualAddress{Guest::kData}, bytes), 0u);
    EXPECT_TRUE(machine.can_write_memory(hart, VirtualAddress{kDataAt + kPage - 8}, 16));
    EXPECT_FALSE(machine.can_write_memory(hart, VirtualAddress{kDataAt + 2 * kPage - 4}, 8));

    guest.apply(MemoryWrite{hart, VirtualAddress{kDataAt + kPage - 1}, {std::byte{9}, std::byte{8}}});
    EXPECT_EQ(guest.doubleword(Guest::kData + kPage - 8) >> 56, 9u);
    EXPECT_EQ(guest.doubleword(Guest::kData + 7 * kPage) & 0xff, 8u);
    guest.apply(MemoryWrite{hart, VirtualAddress{kDataAt + 2 * kPage - 1}, {std::byte{7}, std::byte{7}}});
    EXPECT_EQ(guest.doubleword(Guest::kData + 8 * kPage - 8), 0u) << "wholly or not at all";
    // In machine mode, what is mapped does not count.
    guest.enter(Guest::kCode, Privilege::machine);
    EXPECT_EQ(guest.machine().translate(hart, VirtualAddress{kDataAt}), PhysicalAddress{kDataAt});
}

// ---- RV32, and the extensions of RV64 -------------------------------------------------------------

/// Sv32 has physical addresses of 34 bits: RAM is not there, but protection and the fault say so.
TEST(Mmu, Sv32ReachesBeyondFourGigabytes) {
    PagedGuest guest(kSv32, {load(Opcode::lw, a1, 0, a0)});
    guest.set_entry(kDataAt, std::uint64_t{0x3f'ffff} << 10 | pte::kData);
    guest.set(a0, kDataAt + 12);
    EXPECT_EQ(attempt(guest), Fault({Cause::load_access_fault, kDataAt + 12}));
    guest.enter(kCodeAt, Privilege::supervisor);
    EXPECT_EQ(guest.machine().translate(HartId{0}, VirtualAddress{kDataAt + 12}),
              PhysicalAddress{0x3'ffff'f00c});
    // The same with bits 33:32 alone: not the RAM that lies 4 GiB below.
    guest.set_entry(kDataAt, (Guest::kData >> 12 | std::uint64_t{1} << 20) << 10 | pte::kData);
    EXPECT_EQ(attempt(guest), Fault({Cause::load_access_fault, kDataAt + 12}));
}

TEST(Mmu, AddressesOfRv32WrapInTheMiddleOfAnAccess) {
    PagedGuest guest(kSv32, {store(Opcode::sw, a1, 0, a0), load(Opcode::lw, a2, 0, a0)});
    guest.map(0, Guest::kData, pte::kData);
    guest.map(0xffff'f000, Guest::kData + kPage, pte::kData);
    guest.set(a0, 0xffff'fffe);
    guest.set(a1, 0x1234'5678);
    guest.run(2);
    EXPECT_EQ(guest.x(a2), 0x1234'5678u);
    EXPECT_EQ(guest.doubleword(Guest::kData) & 0xffff, 0x1234u);
    EXPECT_EQ(guest.doubleword(Guest::kData + 2 * kPage - 8) >> 48, 0x5678u);
}

/// Svpbmt: the types are reserved until they are switched on; then they change nothing here.
TEST(Mmu, MemoryTypesAreAllowedWithPbmte) {
    for (const bool pbmte : {false, true}) {
        for (const std::uint64_t type : {std::uint64_t{0}, pte::kNonCacheable, pte::kInputOutput,
                                         pte::kNonCacheable | pte::kInputOutput}) {
            PagedGuest guest(kSv39, {load(Opcode::ld, a1, 0, a0)});
            guest.map(kDataAt, Guest::kData, pte::kData | type);
            guest.edit([&](Hart& hart) { hart.menvcfg = pbmte ? envcfg::kPbmte : 0; });
            guest.set(a0, kDataAt);
            const bool allowed = type == 0 || (pbmte && type != (pte::kNonCacheable | pte::kInputOutput));
            EXPECT_EQ(attempt(guest), allowed ? Fault{} : Fault({Cause::load_page_fault, kDataAt}));
        }
    }
}

/// Svnapot: sixteen entries that say the same make one page of 64 KiB; each of them takes the low four bits
/// of the page number from the address.
TEST(Mmu, SixteenPagesMayBeOne) {
    PagedGuest guest(kSv39, {load(Opcode::ld, a1, 8, a0), store(Opcode::sd, a2, 16, a0)});
    constexpr std::uint64_t kBase = 0x2000'0000, kMemory = Guest::kCode + 0x1'0000;
    for (std::uint64_t i = 0; i < 16; ++i) {
        guest.map(kBase + i * kPage, kMemory + 8 * kPage, pte::kData | pte::kNapot);
        guest.put(kMemory + i * kPage + 8, 100 + i);
    }
    for (std::uint64_t i = 0; i < 16; ++i) {
        guest.enter(kCodeAt, Privilege::supervisor);
        guest.set(a0, kBase + i * kPage);
        guest.set(a2, i);
        guest.run(2);
        EXPECT_EQ(guest.x(a1), 100 + i);
        EXPECT_EQ(guest.doubleword(kMemory + i * kPage + 16), i);
    }
    for (const std::uint64_t low : {0u, 1u, 4u, 7u, 9u, 15u}) {
        guest.map(kBase, kMemory + low * kPage, pte::kData | pte::kNapot);
        guest.set(a0, kBase);
        guest.enter(kCodeAt, Privilege::supervisor);
        EXPECT_EQ(attempt(guest), Fault({Cause::load_page_fault, kBase + 8})) << "other sizes are reserved";
    }
}

TEST(Mmu, WithoutSvnapotItsBitIsReserved) {
    BoardOptions options;
    options.isa = Isa::parse("rv64,-svnapot");
    PagedGuest guest(kSv39, {load(Opcode::ld, a1, 8, a0)}, options);
    guest.map(kDataAt, Guest::kData, pte::kData | pte::kNapot);
    guest.set(a0, kDataAt);
    EXPECT_EQ(attempt(guest), Fault({Cause::load_page_fault, kDataAt + 8}));
}

}  // namespace
}  // namespace backspin::emu
