// What page tables say holds at once, fences or not, whoever changes them: the engine's translation buffers
// and decoded code are never seen. Source: docs/machine.md; docs/harts.md.
#include <gtest/gtest.h>

#include <random>

#include "testsuite/emu/paging.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr auto kCodeAt = PagedGuest::kVirtualCode, kDataAt = PagedGuest::kVirtualData;
constexpr std::uint64_t kPage = PagedGuest::kPage;
constexpr std::uint64_t kTableAt = 0x1abc'd000;  ///< where a test maps the table that its data is mapped by
constexpr std::uint64_t kAlias = 0x1e0f'6000;

/// a0: the data; a1: its entry, as the program reaches it; a2: another entry for there, which leads to the
/// next page. The two pages hold 1 and 2.
class CoherenceTest : public ::testing::TestWithParam<Scheme> {
  protected:
    const Scheme& scheme() const { return GetParam(); }
    Word ld(unsigned rd, unsigned base, std::int64_t offset = 0) const {
        return load_x(scheme(), rd, offset, base);
    }
    Word sd(unsigned source, unsigned base, std::int64_t offset = 0) const {
        return store_x(scheme(), source, offset, base);
    }
    PagedGuest guest_with(std::initializer_list<Word> program, std::size_t harts = 1) const {
        auto options = Guest::board_options(Guest::kNsPerStep, scheme().xlen);
        options.harts = harts;
        options.quantum = 5;
        return PagedGuest(scheme(), program, options);
    }
    /// Sets a0, a1 and a2 for the entry of this level that `at` is mapped by.
    static void point_at(PagedGuest& guest, std::uint64_t at, std::uint64_t other_entry, unsigned level = 0,
                         std::size_t hart = 0) {
        const auto place = guest.entry_at(at, level);
        guest.map(kTableAt, place & ~(kPage - 1), pte::kData);
        guest.set(a0, at, hart);
        guest.set(a1, kTableAt + place % kPage, hart);
        guest.set(a2, other_entry, hart);
    }
    static void fill(PagedGuest& guest) {
        guest.put(Guest::kData, std::uint64_t{1});
        guest.put(Guest::kData + kPage, std::uint64_t{2});
    }
    static constexpr std::uint64_t kOther = pte::to(Guest::kData + kPage, pte::kData);
};
INSTANTIATE_TEST_SUITE_P(Schemes, CoherenceTest, ::testing::Values(kSv32, kSv39, kSv48),
                         [](const auto& info) { return info.param.name; });

// ---- entries that change --------------------------------------------------------------------------

/// Whatever instruction writes the entry, the next load goes where it says.
TEST_P(CoherenceTest, ALoadFollowsTheEntry) {
    for (const Word write :
         {sd(a2, a1), atomic(scheme().xlen == 64 ? Opcode::amoswap_d : Opcode::amoswap_w, zero, a2, a1),
          store(Opcode::sh, a2, 0, a1), store(Opcode::sw, a2, 0, a1)}) {
        auto guest = guest_with({ld(t0, a0), ld(t0, a0), write, ld(t1, a0), ld(t2, a0)});
        fill(guest);
        point_at(guest, kDataAt, kOther);
        guest.run(5);
        EXPECT_EQ(guest.x(t0), 1u);
        EXPECT_EQ(guest.x(t1), 2u);
        EXPECT_EQ(guest.x(t2), 2u);
    }
}

TEST_P(CoherenceTest, AStoreFollowsTheEntry) {
    auto guest = guest_with({sd(t0, a0), sd(t0, a0, 8), sd(a2, a1), sd(t0, a0), sd(t0, a0, 8)});
    point_at(guest, kDataAt, kOther);
    guest.set(t0, 7);
    guest.run(3);
    EXPECT_EQ(guest.doubleword(Guest::kData), 7u);
    guest.run(2);
    EXPECT_EQ(guest.doubleword(Guest::kData + kPage), 7u);
    EXPECT_EQ(guest.doubleword(Guest::kData + kPage + 8), 7u);
}

TEST_P(CoherenceTest, AConditionalAndAFloatingStoreWriteEntriesToo) {
    const bool wide = scheme().xlen == 64;
    auto conditional = guest_with({ld(t0, a0), atomic(wide ? Opcode::lr_d : Opcode::lr_w, t1, zero, a1),
                                   atomic(wide ? Opcode::sc_d : Opcode::sc_w, t1, a2, a1), ld(t2, a0)});
    fill(conditional);
    point_at(conditional, kDataAt, kOther);
    conditional.run(4);
    EXPECT_EQ(conditional.x(t2), 2u);

    auto floating = guest_with({ld(t0, a0), store(wide ? Opcode::fsd : Opcode::fsw, 5, 0, a1), ld(t2, a0)});
    fill(floating);
    point_at(floating, kDataAt, kOther);
    floating.edit([](Hart& hart) {
        hart.mstatus = mstatus::kFs;
        hart.f[5] = kOther;
    });
    floating.run(3);
    EXPECT_EQ(floating.x(t2), 2u);
}

/// A block of zeros takes sixteen or eight entries away at once.
TEST_P(CoherenceTest, ZeroingABlockOfEntriesUnmapsTheirPages) {
    auto guest = guest_with({ld(t0, a0), op(Opcode::cbo_zero, 0, a1, 0), ld(t1, a0)});
    point_at(guest, kDataAt, 0);
    guest.edit([](Hart& hart) { hart.menvcfg = envcfg::kCbze; });
    guest.run(3);
    expect_trap(guest, Cause::load_page_fault, kCodeAt + 8, kDataAt);
}

/// A byte of an entry is enough, and a store that only reaches into one.
TEST_P(CoherenceTest, AStoreThatReachesIntoTheEntryCounts) {
    auto byte = guest_with({ld(t0, a0), store(Opcode::sb, zero, 0, a1), ld(t1, a0)});
    point_at(byte, kDataAt, 0);
    byte.run(3);
    expect_trap(byte, Cause::load_page_fault, kCodeAt + 8, kDataAt);

    auto misaligned =
        guest_with({ld(t0, a0), sd(zero, a1, 1 - static_cast<std::int64_t>(scheme().xlen / 8)), ld(t1, a0)});
    point_at(misaligned, kDataAt, 0);
    misaligned.run(3);
    expect_trap(misaligned, Cause::load_page_fault, kCodeAt + 8, kDataAt);
}

TEST_P(CoherenceTest, AnEntryThatBecomesValidIsUsed) {
    auto guest = guest_with({ld(t0, a0), ld(t0, a0), sd(a2, a1), ld(t1, a0)});
    fill(guest);
    point_at(guest, kDataAt, kOther);
    guest.set_entry(kDataAt, 0);
    // The handler skips what faulted.
    guest.put(Guest::kHandler, {csr(Opcode::csrrs, s0, 0x341, zero), addi(s0, s0, 4),
                                csr(Opcode::csrrw, zero, 0x341, s0), op(Opcode::mret)});
    guest.run(2 * 5 + 2);
    EXPECT_EQ(guest.x(t0), 0u);
    EXPECT_EQ(guest.x(t1), 2u);
}

TEST_P(CoherenceTest, ARightThatIsTakenAwayIsGone) {
    struct Case {
        std::uint64_t removed;
        Cause cause;
    };
    for (const auto& [removed, cause] :
         std::initializer_list<Case>{{pte::kW, Cause::store_page_fault},
                                     {pte::kW | pte::kR | pte::kV, Cause::load_page_fault},
                                     {pte::kD, Cause::store_page_fault},
                                     {pte::kA, Cause::load_page_fault}}) {
        auto guest = guest_with({ld(t0, a0), sd(t0, a0), sd(a2, a1), ld(t0, a0), sd(t0, a0)});
        point_at(guest, kDataAt, pte::to(Guest::kData, pte::kData & ~removed));
        const bool load_faults = cause == Cause::load_page_fault;
        guest.run(load_faults ? 4 : 5);
        expect_trap(guest, cause, kCodeAt + (load_faults ? 12 : 16), kDataAt);
    }
}

/// The entries above the lowest lead to whole tables.
TEST_P(CoherenceTest, ATableThatIsExchangedIsUsed) {
    for (unsigned level = 1; level < scheme().levels; ++level) {
        auto guest = guest_with({ld(t0, a0), sd(a2, a1), ld(t1, a0)});
        fill(guest);
        // The same index in other tables, down to the other page.
        const auto twin = kDataAt + scheme().page_size(level) * (level + 1 == scheme().levels ? 1 : 2);
        guest.map(twin, Guest::kData + kPage, pte::kData);
        // Code and tables must stay where they are: they share the upper entries.
        const auto far = kDataAt + scheme().page_size(level) * (level + 1 == scheme().levels ? 2 : 4);
        guest.map(far, Guest::kData, pte::kData);
        point_at(guest, far, guest.entry(twin, level), level);
        guest.run(3);
        EXPECT_EQ(guest.x(t0), 1u) << level;
        EXPECT_EQ(guest.x(t1), 2u) << level;
    }
}

/// To and fro in a loop, so that the engine learns and forgets the same thing again and again.
TEST_P(CoherenceTest, AnEntryThatChangesInEveryRound) {
    auto guest = guest_with({ld(t0, a1),                    // the entry
                             op(Opcode::xor_, t0, t0, a2),  // the other page
                             sd(t0, a1), ld(t1, a0), addi(t1, t1, 1), sd(t1, a0), jal(zero, -24)});
    point_at(guest, kDataAt, pte::to(Guest::kData, 0) ^ pte::to(Guest::kData + kPage, 0));
    guest.run(287);  // 41 rounds
    EXPECT_EQ(guest.doubleword(Guest::kData), 20u);
    EXPECT_EQ(guest.doubleword(Guest::kData + kPage), 21u);
}

/// Many entries of the table are written, and nearly none of them is in use.
TEST_P(CoherenceTest, ATableIsAlsoJustMemory) {
    auto guest = guest_with({ld(t0, a0), addi(t0, t0, 1), sd(t0, a0), sd(zero, a1, 64), jal(zero, -16)});
    point_at(guest, kDataAt, 0);
    guest.run(200);  // 40 rounds
    EXPECT_EQ(guest.doubleword(Guest::kData), 40u);
}

/// What was ordinary memory, known for writing, becomes a table, and is then written. The same if there is
/// code on that page, beside which the engine knows to write.
TEST_P(CoherenceTest, MemoryThatBecomesATableIsWatched) {
    const auto level = scheme().levels - 1;
    const auto far = kDataAt + scheme().page_size(level);
    for (const bool has_code : {false, true}) {
        // a3: the page as data, a4: the entry in it; a2 puts it into use.
        auto guest = guest_with({jalr(ra, a5, 0), sd(t2, a3, 1024), sd(t2, a3, 1032), sd(t2, a3, 1024),
                                 sd(a2, a1), ld(t0, a0), sd(t2, a4), ld(t1, a0)});
        fill(guest);
        guest.map(far, Guest::kData, pte::kData);
        const auto place = guest.entry_at(far, level - 1);
        const auto entry = guest.entry(far, level - 1);
        const auto table = Guest::kData + 8 * kPage;
        guest.put(table + place % kPage, std::as_bytes(std::span(&entry, 1)).first(scheme().entry_size()));
        const auto function = (has_code ? table : Guest::kCode + kPage) + 2048;
        guest.put(function, {jalr(zero, ra, 0)});
        guest.map(kAlias, table, pte::kData);
        guest.map(kAlias + kPage, function & ~(kPage - 1), pte::kCode);
        point_at(guest, far, pte::to(table, pte::kV), level);
        guest.set_entry(far, 0, level);  // nothing is forgotten when it comes into use
        guest.set(a3, kAlias);
        guest.set(a4, kAlias + place % kPage);
        guest.set(a5, kAlias + kPage + 2048);
        guest.run(9);
        EXPECT_EQ(guest.x(t0), 1u);
        expect_trap(guest, Cause::load_page_fault, kCodeAt + 28, far);
    }
}

/// Svadu: bits that the program has cleared are set anew by the next access, though the page is known.
TEST_P(CoherenceTest, ClearedAccessedAndDirtyBitsAreSetAgain) {
    auto guest =
        guest_with({ld(t0, a0), sd(t0, a0), sd(a2, a1), ld(t0, a0), ld(t1, a1), sd(t0, a0), ld(t2, a1)});
    const auto clear = pte::to(Guest::kData, pte::kData & ~(pte::kA | pte::kD));
    point_at(guest, kDataAt, clear);
    guest.edit([](Hart& hart) { hart.menvcfg = envcfg::kAdue; });
    guest.run(7);
    EXPECT_EQ(guest.x(t1), clear | pte::kA);
    EXPECT_EQ(guest.x(t2), clear | pte::kA | pte::kD);
}

// ---- code ---------------------------------------------------------------------------------------

/// The page under the running code is exchanged: the next instruction is the other page's.
TEST_P(CoherenceTest, CodeFollowsTheEntry) {
    auto guest = guest_with({addi(t0, t0, 1), sd(a2, a1), addi(t0, t0, 1), jal(zero, 0)});
    guest.put(Guest::kCode + 2 * kPage, {nop(), nop(), addi(t1, t1, 7), jal(zero, 0)});
    point_at(guest, kCodeAt, pte::to(Guest::kCode + 2 * kPage, pte::kCode));
    guest.run(5);
    EXPECT_EQ(guest.x(t0), 1u);
    EXPECT_EQ(guest.x(t1), 7u);
}

TEST_P(CoherenceTest, CodeLosesItsPage) {
    auto guest = guest_with({addi(t0, t0, 1), sd(zero, a1), addi(t0, t0, 1)});
    point_at(guest, kCodeAt, 0);
    guest.run(3);
    expect_trap(guest, Cause::instruction_page_fault, kCodeAt + 8, kCodeAt + 8);
    EXPECT_EQ(guest.x(t0), 1u);
}

/// A function that was called before lies elsewhere the next time.
TEST_P(CoherenceTest, AFunctionFollowsItsEntry) {
    auto guest = guest_with({jalr(ra, a0, 0), jalr(ra, a0, 0), sd(a2, a1), jalr(ra, a0, 0), jalr(ra, a0, 0)});
    guest.put(Guest::kCode + 2 * kPage, {addi(t0, t0, 1), jalr(zero, ra, 0)});
    guest.put(Guest::kCode + 3 * kPage, {addi(t0, t0, 100), jalr(zero, ra, 0)});
    guest.map(kAlias, Guest::kCode + 2 * kPage, pte::kCode);
    point_at(guest, kAlias, pte::to(Guest::kCode + 3 * kPage, pte::kCode));
    guest.run(4 * 3 + 1);
    EXPECT_EQ(guest.x(t0), 202u);
}

/// An instruction over two pages, of which the second is exchanged.
TEST_P(CoherenceTest, TheSecondHalfOfAnInstructionFollowsItsEntry) {
    const auto border = kCodeAt + kPage;
    auto guest = guest_with({sd(a2, a1), jal(zero, kPage - 2 - 4)});
    guest.put(Guest::kCode + kPage - 2, {addi(t0, t0, 1), jalr(zero, a4, 0)});
    guest.put_halves(Guest::kCode + 2 * kPage, {static_cast<std::uint16_t>(addi(t0, t0, 100) >> 16)});
    guest.put(Guest::kCode + 2 * kPage + 2, {jalr(zero, a4, 0)});
    point_at(guest, border, pte::to(Guest::kCode + 2 * kPage, pte::kCode));
    guest.set(a4, kCodeAt);
    guest.go_to(border - 2, Privilege::supervisor);
    guest.run(2);
    EXPECT_EQ(guest.x(t0), 1u);
    guest.run(2 + 2);
    EXPECT_EQ(guest.x(t0), 101u);
}

// ---- aliases ------------------------------------------------------------------------------------

TEST_P(CoherenceTest, TwoNamesOfOnePageAreOnePage) {
    auto guest = guest_with({ld(t0, a0), ld(t1, a3), addi(t2, t2, 1), sd(t2, a0), ld(t1, a3), addi(t2, t2, 1),
                             sd(t2, a3), ld(t0, a0), jal(zero, -24)});
    guest.map(kAlias, Guest::kData, pte::kData);
    guest.set(a0, kDataAt);
    guest.set(a3, kAlias);
    guest.run(2 + 7 * 20);
    EXPECT_EQ(guest.x(t0), 40u);
    EXPECT_EQ(guest.x(t1), 39u);
}

/// Code is written under another name than the one by which it runs.
TEST_P(CoherenceTest, CodeIsWrittenUnderAnotherName) {
    auto guest = guest_with({sd(zero, a3, 512), jalr(ra, a0, 0), store(Opcode::sw, a2, 0, a3),
                             jalr(ra, a0, 0), store(Opcode::sw, a4, 0, a3), jalr(ra, a0, 0)});
    guest.put(Guest::kData, {addi(t0, t0, 1), jalr(zero, ra, 0)});
    guest.map(kDataAt, Guest::kData, pte::kCode);
    guest.map(kAlias, Guest::kData, pte::kData);
    guest.set(a0, kDataAt);
    guest.set(a3, kAlias);
    guest.set(a2, addi(t0, t0, 10));
    guest.set(a4, addi(t0, t0, 100));
    guest.run(3 + 3 * 3);
    EXPECT_EQ(guest.x(t0), 111u);
}

/// The same code runs under two names, with its own addresses each time.
TEST_P(CoherenceTest, CodeRunsUnderTwoNames) {
    auto guest = guest_with({jalr(ra, a0, 0), jalr(ra, a3, 0), jal(zero, -8)});
    // Loops three times within the page, and tells where it is.
    guest.put(Guest::kData,
              {addi(t0, zero, 3), encode(Opcode::auipc, {t1, 0, 0, 0}), addi(t2, t2, 1), addi(t0, t0, -1),
               branch(Opcode::bne, t0, zero, -12), op(Opcode::add, s0, s0, t1), jalr(zero, ra, 0)});
    guest.map(kDataAt, Guest::kData, pte::kCode);
    guest.map(kAlias, Guest::kData, pte::kCode);
    guest.set(a0, kDataAt);
    guest.set(a3, kAlias);
    const std::uint64_t call = 1 + 1 + 3 * 4 + 2;
    guest.run(5 * (2 * call + 1));
    EXPECT_EQ(guest.x(t2), 30u);
    EXPECT_EQ(guest.x(s0), (5 * (kDataAt + 4 + kAlias + 4)) & guest.hart().xlen_mask());
}

/// A page holds code, the table that maps that code, and data: each of them is what it is.
TEST_P(CoherenceTest, CodeAndItsTableOnOnePage) {
    auto guest =
        guest_with({addi(t0, t0, 1), ld(t1, a0), sd(t0, a1, 64), sd(a2, a1), ld(t1, a0), jal(zero, 0)});
    fill(guest);
    // The code's twin goes beside the entries that map the data.
    const auto table = guest.entry_at(kDataAt) & ~(kPage - 1);
    const auto free = guest.entry_at(kDataAt) % kPage < 2048 ? 3072 : 1024;
    for (std::uint64_t i = 0; i < 6; ++i)
        guest.put(table + free + 4 * i, {static_cast<Word>(guest.doubleword(Guest::kCode + 4 * i))});
    guest.map(kAlias, table, pte::kCode);
    point_at(guest, kDataAt, kOther);
    guest.enter(kAlias + free, Privilege::supervisor);
    guest.run(8);
    EXPECT_EQ(guest.x(t1), 2u);
}

/// Svadu sets bits in an entry that lies among decoded code, and changes the code by that.
TEST_P(CoherenceTest, SettingABitMayChangeCode) {
    // At kData: a loop through an entry of another page's table that happens to be an instruction.
    auto guest = guest_with({ld(t1, a0), addi(t2, t2, 1), jal(zero, 0)});
    guest.edit([](Hart& hart) { hart.menvcfg = envcfg::kAdue; });
    const auto bits = pte::kV | pte::kR;  // the low byte 0x03: a load, once A is set 0x43: a branch
    guest.map(kDataAt, Guest::kData, bits);
    const auto place = guest.entry_at(kDataAt);
    guest.map(kAlias, place & ~(kPage - 1), pte::kCode);
    guest.set(a0, kDataAt);
    // Run what the entry looks like first, so that it is decoded; then load, and run it again.
    guest.enter(kAlias + place % kPage, Privilege::supervisor);
    guest.run(1);
    guest.enter(kCodeAt, Privilege::supervisor);
    guest.run(2);
    EXPECT_EQ(guest.entry(kDataAt), pte::to(Guest::kData, bits | pte::kA));
    guest.enter(kAlias + place % kPage, Privilege::supervisor);
    guest.run(3);
}

// ---- address spaces -------------------------------------------------------------------------------

/// More address spaces than the engine remembers, in turn, each with other data and other code at the same
/// address.
TEST_P(CoherenceTest, ManySpacesInTurn) {
    constexpr std::uint64_t kSpaces = 12;
    auto guest = guest_with({});
    const auto wide = scheme().xlen == 64;
    const auto far = kDataAt + scheme().page_size(scheme().levels - 1);
    const auto top = scheme().levels - 1;
    const auto root_index = (guest.entry_at(far, top) - PagedGuest::kRoot);
    // Every space has a root of its own, equal but for one entry: a large page of the top level cannot be, so
    // it leads to tables of its own down to one page.
    std::vector<std::uint64_t> satps;
    std::uint64_t next = Guest::kCode + 0x8'0000;
    const auto put_entry = [&](std::uint64_t at, std::uint64_t entry) {
        guest.put(at, std::as_bytes(std::span(&entry, 1)).first(wide ? 8 : 4));
    };
    for (std::uint64_t space = 0; space < kSpaces; ++space) {
        const auto root = next;
        next += kPage;
        for (std::uint64_t offset = 0; offset < kPage; offset += 8) {
            if (const auto both = guest.doubleword(PagedGuest::kRoot + offset); both != 0)
                guest.put(root + offset, both);
        }
        auto place = root + root_index;
        for (auto level = top; level > 0; --level) {
            put_entry(place, pte::to(next, pte::kV));
            place = next + scheme().index(far, level - 1) * scheme().entry_size();
            next += kPage;
        }
        put_entry(place, pte::to(next, pte::kData | pte::kX));
        guest.put(next, {addi(t0, t0, static_cast<std::int64_t>(space)), jalr(zero, ra, 0)});
        guest.put(next + 256, 1000 + space);
        next += kPage;
        satps.push_back(scheme().satp_mode << scheme().mode_shift() | root >> 12);
    }
    // A list of satps at kData; the loop goes through it twice.
    for (std::uint64_t i = 0; i < 2 * kSpaces; ++i) {
        const auto satp = satps[i * 5 % kSpaces];
        guest.put(Guest::kData + i * (wide ? 8 : 4), std::as_bytes(std::span(&satp, 1)).first(wide ? 8 : 4));
    }
    guest.put(Guest::kCode, {ld(a3, a0), csr(Opcode::csrrw, zero, 0x180, a3), addi(a0, a0, wide ? 8 : 4),
                             jalr(ra, a1, 0),  // t0 += space
                             ld(t1, a1, 256), op(Opcode::add, t2, t2, t1), sd(t2, a1, 264), jal(zero, -28)});
    guest.set(a0, kDataAt);
    guest.set(a1, far);
    guest.run(2 * kSpaces * 10);
    EXPECT_EQ(guest.x(t0), 2 * (kSpaces * (kSpaces - 1) / 2));
    EXPECT_EQ(guest.x(t2), 2 * (kSpaces * 1000 + kSpaces * (kSpaces - 1) / 2));
}

/// Kernel and process in turn: what one may do, the other may not, with the same tables.
TEST_P(CoherenceTest, RightsFollowThePrivilege) {
    // The process stores to its page and calls; the kernel, with SUM on every other time, stores there too.
    auto guest = guest_with({});
    const auto user_code = Guest::kCode + kPage;
    guest.map(kCodeAt + kPage, user_code, pte::kCode | pte::kU);
    guest.map(kDataAt, Guest::kData, pte::kData | pte::kU);
    guest.put(user_code, {addi(t0, t0, 1), sd(t0, a0), ld(t1, a0), op(Opcode::ecall), jal(zero, -16)});
    // stvec: mapped to kCode, which toggles SUM, tries, and returns behind the call.
    guest.put(Guest::kCode, {csr(Opcode::csrrs, s0, 0x141, zero), addi(s0, s0, 4),
                             csr(Opcode::csrrw, zero, 0x141, s0), op(Opcode::xor_, a3, a3, a2),
                             csr(Opcode::csrrc, zero, 0x100, a2), csr(Opcode::csrrs, zero, 0x100, a3),
                             ld(t1, a0), op(Opcode::add, t2, t2, t1), op(Opcode::sret)});
    guest.put(Guest::kHandler, {addi(t1, zero, 0), csr(Opcode::csrrs, s0, 0x341, zero), addi(s0, s0, 4),
                                csr(Opcode::csrrw, zero, 0x341, s0), op(Opcode::mret)});
    guest.edit([](Hart& hart) {
        hart.medeleg = 1 << 8;
        hart.stvec = kCodeAt;
    });
    guest.set(a0, kDataAt);
    guest.set(a2, mstatus::kSum);
    guest.enter(kCodeAt + kPage, Privilege::user);
    // With SUM: 5 + 9 steps a round; without, 5 more in the handler for M mode.
    guest.run(330);  // 10 rounds of either kind
    EXPECT_EQ(guest.x(t0), 20u);
    EXPECT_EQ(guest.x(t2), 1u + 3 + 5 + 7 + 9 + 11 + 13 + 15 + 17 + 19) << "only with SUM";
}

/// What may only be executed may also be loaded while MXR is on.
TEST_P(CoherenceTest, MxrHoldsWhileItIsOn) {
    auto guest = guest_with({op(Opcode::xor_, a3, a3, a2), csr(Opcode::csrrc, zero, 0x100, a2),
                             csr(Opcode::csrrs, zero, 0x100, a3), ld(t1, a0), op(Opcode::add, t2, t2, t1),
                             jal(zero, -20)});
    guest.put(Guest::kData, std::uint64_t{5});
    guest.map(kDataAt, Guest::kData, pte::kCode & ~pte::kR);
    guest.put(Guest::kHandler, {addi(t1, zero, 0), csr(Opcode::csrrs, s0, 0x341, zero), addi(s0, s0, 4),
                                csr(Opcode::csrrw, zero, 0x341, s0), op(Opcode::mret)});
    guest.set(a0, kDataAt);
    guest.set(a2, mstatus::kMxr);
    guest.run(170);  // 10 rounds with MXR, 10 without
    EXPECT_EQ(guest.x(t2), 50u);
}

/// What menvcfg allows, M mode may take back while the page is known.
TEST(Coherence, PbmteHoldsWhileItIsOn) {
    PagedGuest guest(kSv39, {load(Opcode::ld, t0, 0, a0), csr(Opcode::csrrw, zero, 0x30a, zero),
                             load(Opcode::ld, t1, 0, a0)});
    guest.map(kDataAt, Guest::kData, pte::kData | pte::kNonCacheable);
    guest.set(a0, kDataAt);
    guest.enter(Guest::kCode, Privilege::machine);
    guest.edit([](Hart& hart) {
        hart.menvcfg = envcfg::kPbmte;
        hart.mstatus = mstatus::kMprv | std::uint64_t{1} << mstatus::kMppShift;
    });
    guest.run(3);
    expect_trap(guest, Cause::load_page_fault, Guest::kCode + 8, kDataAt);
}

// ---- several harts --------------------------------------------------------------------------------

/// One hart exchanges the page that the other reads, and the code that it runs.
TEST_P(CoherenceTest, AnotherHartsEntriesHold) {
    auto guest = guest_with({ld(t0, a0), op(Opcode::add, t1, t1, t0), jalr(ra, a3, 0), jal(zero, -12)}, 2);
    fill(guest);
    // Hart 1: exchanges the entries of data and function in turn.
    guest.put(Guest::kCode + 0x100, {ld(t0, a1), op(Opcode::xor_, t0, t0, a2), sd(t0, a1), ld(t0, a3),
                                     op(Opcode::xor_, t0, t0, a4), sd(t0, a3), nop(), jal(zero, -28)});
    const auto one = Guest::kCode + 2 * kPage, other = Guest::kCode + 3 * kPage;
    guest.put(one, {addi(t2, t2, 1), jalr(zero, ra, 0)});
    guest.put(other, {addi(s0, s0, 1), jalr(zero, ra, 0)});
    guest.map(kAlias, one, pte::kCode);
    guest.map(kTableAt, guest.entry_at(kDataAt) & ~(kPage - 1), pte::kData);
    guest.map(kTableAt + kPage, guest.entry_at(kAlias) & ~(kPage - 1), pte::kData);
    guest.set(a0, kDataAt);
    guest.set(a3, kAlias);
    guest.set(a1, kTableAt + guest.entry_at(kDataAt) % kPage, 1);
    guest.set(a2, pte::to(Guest::kData, 0) ^ pte::to(Guest::kData + kPage, 0), 1);
    guest.set(a3, kTableAt + kPage + guest.entry_at(kAlias) % kPage, 1);
    guest.set(a4, pte::to(one, 0) ^ pte::to(other, 0), 1);
    guest.go_to(kCodeAt + 0x100, Privilege::supervisor, 1);
    guest.run(600);
    const auto rounds = guest.x(t2) + guest.x(s0);
    EXPECT_GT(guest.x(t2), 10u);
    EXPECT_GT(guest.x(s0), 10u);
    EXPECT_GT(guest.x(t1), rounds) << "some rounds read 2";
    EXPECT_LT(guest.x(t1), 2 * rounds + 2) << "and some read 1";
}

/// One hart writes the code that the other runs, each by its own tables.
TEST_P(CoherenceTest, AnotherHartsStoresIntoCodeHold) {
    auto guest = guest_with({addi(t0, t0, 1), addi(t1, t1, 1), jal(zero, -8)}, 2);
    guest.put(Guest::kCode + kPage, {store(Opcode::sw, a1, 0, a0), nop(), nop(), store(Opcode::sw, a2, 0, a0),
                                     nop(), nop(), jal(zero, -24)});
    guest.map(kAlias, Guest::kCode, pte::kData);
    guest.set(a0, kAlias, 1);
    guest.set(a1, addi(t2, t2, 1), 1);
    guest.set(a2, addi(t0, t0, 1), 1);
    guest.go_to(kCodeAt + kPage, Privilege::supervisor, 1);
    guest.run(400);
    EXPECT_GT(guest.x(t0), 10u);
    EXPECT_GT(guest.x(t2), 10u);
}

// ---- from outside ---------------------------------------------------------------------------------

/// A debugger's writes to an entry, to satp and to sstatus hold at once.
TEST_P(CoherenceTest, ADebuggersWritesHold) {
    auto guest = guest_with({ld(t0, a0), jal(zero, -4)});
    fill(guest);
    point_at(guest, kDataAt, kOther);
    guest.run(10);
    EXPECT_EQ(guest.x(t0), 1u);
    const auto entry = kOther;
    const auto bytes = std::as_bytes(std::span(&entry, 1)).first(scheme().entry_size());
    guest.apply(MemoryWrite{HartId{0}, VirtualAddress{guest.x(a1)}, {bytes.begin(), bytes.end()}});
    guest.run(2);
    EXPECT_EQ(guest.x(t0), 2u);
    guest.apply(RegisterWrite{HartId{0}, RegisterId{65 + 0x180}, 0});
    guest.run(1);
    EXPECT_EQ(guest.hart().mcause, static_cast<std::uint64_t>(Cause::instruction_access_fault));
}

/// Back in a state from before a change of the tables, and forth again, with all that was learnt in between.
TEST_P(CoherenceTest, RestoresBringTheTablesOfThen) {
    auto guest = guest_with({ld(t0, a0), sd(a2, a1), ld(t1, a0), jalr(ra, a3, 0), jal(zero, 0)});
    fill(guest);
    guest.put(Guest::kCode + kPage, {addi(s0, s0, 1), jalr(zero, ra, 0)});
    guest.set(a3, kCodeAt + kPage);
    point_at(guest, kDataAt, kOther);
    auto& machine = guest.machine();
    std::vector<SavedState> states{machine.save()};
    for (int i = 0; i < 6; ++i) {
        ASSERT_TRUE(machine.step());
        states.push_back(machine.save());
    }
    std::mt19937_64 random(1);
    for (int i = 0; i < 300; ++i) {
        const auto from = random() % states.size();
        machine.load(states[from]);
        RunOptions run;
        run.until = StepCount{from + random() % (states.size() - from)};
        ASSERT_EQ(machine.run(run), RunEnd::reached);
        const auto& expected = states[run.until.value];
        ASSERT_EQ(machine.save().fields, expected.fields) << from << " to " << run.until.value;
        ASSERT_EQ(machine.save().pages.digest(), expected.pages.digest());
    }
}

}  // namespace
}  // namespace backspin::emu
