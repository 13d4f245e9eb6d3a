// Which CSRs there are, who may reach them, and what their fields can hold. Source: The RISC-V Instruction
// Set Manual, Volume II, chapters "Control and Status Registers", "Machine-Level ISA" and "Supervisor-Level
// ISA"; Volume I, chapter "Zicsr".
#include "emu/csr.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "testsuite/emu/guest.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr std::uint64_t kAll = ~std::uint64_t{0};
using Edit = std::function<void(Hart&)>;

BoardOptions board_with(const char* isa) {
    BoardOptions options;
    options.isa = Isa::parse(isa);
    return options;
}

/// csrrw a0, number, a1: what it held, and what it holds afterwards.
struct Written {
    std::uint64_t before = 0, after = 0;
};
Written write(unsigned number, std::uint64_t value, const Edit& edit = {}, const char* isa = "rv64") {
    Guest guest(board_with(isa), {csr(Opcode::csrrw, a0, number, a1), csr(Opcode::csrrs, a2, number, zero)});
    guest.set(a1, value & guest.hart().xlen_mask());
    if (edit) guest.edit(edit);
    guest.run(2);
    EXPECT_EQ(guest.pc(), Guest::kCode + 8) << std::hex << number;
    return {guest.x(a0), guest.x(a2)};
}

/// Whether one CSR instruction retires on a hart that was set up so.
bool is_legal(Word word, Privilege privilege = Privilege::machine, const Edit& edit = {},
              const char* isa = "rv64") {
    Guest guest(board_with(isa), {word});
    guest.go_to(Guest::kCode, privilege);
    if (edit) guest.edit(edit);
    guest.run(1);
    if (guest.pc() == Guest::kCode + 4) return true;
    expect_trap(guest, Cause::illegal_instruction, Guest::kCode, word);
    return false;
}
bool reads(unsigned number, Privilege privilege = Privilege::machine, const Edit& edit = {},
           const char* isa = "rv64") {
    return is_legal(csr(Opcode::csrrs, a0, number, zero), privilege, edit, isa);
}

void switch_on_floating_point(Hart& hart) {
    hart.mstatus |= std::uint64_t{1} << 13;
}

// ---- which there are ----------------------------------------------------------------------------

TEST(Csr, TheTableIsAscendingAndWithoutRepetition) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < csrs().size(); ++i) {
        const auto& entry = csrs()[i];
        if (i > 0) {
            EXPECT_LT(csrs()[i - 1].number, entry.number);
        }
        EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
        EXPECT_NE(entry.read, nullptr);
        // Bits 11:10 say which are read-only.
        if (entry.number >> 10 == 3) {
            EXPECT_EQ(entry.write, nullptr) << entry.name;
        }
        const bool in_either = find_csr(Isa(64), CsrNumber{entry.number}) == &entry ||
                               find_csr(Isa(32), CsrNumber{entry.number}) == &entry;
        EXPECT_TRUE(in_either) << entry.name;
    }
}

void expect_there(std::initializer_list<unsigned> numbers, const char* isa, bool there) {
    for (const unsigned number : numbers) {
        const auto* entry = find_csr(Isa::parse(isa), CsrNumber{static_cast<std::uint16_t>(number)});
        EXPECT_EQ(entry != nullptr, there) << isa << " " << std::hex << number;
        EXPECT_EQ(reads(number, Privilege::machine, switch_on_floating_point, isa), there)
            << isa << " " << std::hex << number;
    }
}

/// What a hart with M, S and U mode must have, and what belongs to other extensions.
TEST(Csr, WhatIsThereIsWhatTheModesNeed) {
    for (const auto* isa : {"rv64", "rv32"}) {
        expect_there(
            {0xf11, 0xf12, 0xf13, 0xf14, 0xf15, 0x300, 0x301, 0x302, 0x303, 0x304, 0x305, 0x306, 0x30a, 0x320,
             0x340, 0x341, 0x342, 0x343, 0x344, 0x3a0, 0x3a2, 0x3b0, 0x3bf, 0xb00, 0xb02, 0xb03, 0xb1f, 0x323,
             0x33f, 0xc00, 0xc01, 0xc02, 0xc03, 0xc1f, 0x100, 0x104, 0x105, 0x106, 0x10a, 0x140, 0x141, 0x142,
             0x143, 0x144, 0x14d, 0x180, 0x001, 0x002, 0x003, 0x7a0, 0x7a1, 0x7a2, 0x7a3, 0x7a4},
            isa, true);
        expect_there({0xb01 /* there is no mtime CSR */, 0xb20, 0xc20, 0x3a4, 0x3c0, 0x000, 0x004,
                      0x102 /* sedeleg */, 0x103, 0x200 /* hypervisor */, 0x600, 0xe12, 0x7b0 /* debug */,
                      0x747 /* mseccfg */, 0x30c /* mstateen0 */, 0x321, 0xfff},
                     isa, false);
    }
}

TEST(Csr, UpperHalvesAreThereInRv32Alone) {
    const std::initializer_list<unsigned> kHalves{0x310, 0x31a, 0xb80, 0xb82, 0xb83, 0xb9f, 0xc80,
                                                  0xc81, 0xc82, 0xc83, 0xc9f, 0x15d, 0x3a1, 0x3a3};
    expect_there(kHalves, "rv32", true);
    expect_there(kHalves, "rv64", false);
}

TEST(Csr, AnExtensionThatIsNotThereTakesItsRegistersAlong) {
    expect_there({0x001, 0x002, 0x003}, "rv64,-f", false);
    expect_there({0x14d}, "rv64,-sstc", false);
    expect_there({0x15d}, "rv32,-sstc", false);
    expect_there({0xc00, 0xc01, 0xc02, 0x14d}, "rv64,-zicntr", false);
    expect_there({0xb00, 0xb02, 0x306}, "rv64,-zicntr", true);
    expect_there({0xc03, 0xc1f}, "rv64,-zihpm", false);
    expect_there({0xb03, 0x323, 0xc00}, "rv64,-zihpm", true);
}

/// All 4096 numbers, read and written, from all modes with every gate open: legal exactly if the privilege
/// suffices, and a read-only one is not written.
TEST(Csr, EveryNumberIsLegalOrIllegalByItsBits) {
    Hart hart;
    hart.mcounteren = hart.scounteren = 0xffff'ffff;
    hart.menvcfg = envcfg::kStce;
    hart.mstatus = mstatus::kFs;
    for (std::uint32_t n = 0; n < 4096; ++n) {
        const CsrNumber number{static_cast<std::uint16_t>(n)};
        const bool read_only = (n & 0xc00) == 0xc00;
        const auto lowest = n >> 8 & 3;
        for (const auto privilege : {Privilege::user, Privilege::supervisor, Privilege::machine}) {
            hart.privilege = privilege;
            const bool suffices = static_cast<std::uint32_t>(privilege) >= lowest;
            EXPECT_EQ(csr_is_accessible(hart, number, false), suffices) << std::hex << n;
            EXPECT_EQ(csr_is_accessible(hart, number, true), suffices && !read_only) << std::hex << n;
        }
    }
}

/// The same by instructions, for those that are there.
TEST(Csr, NobodyReachesRegistersOfAHigherPrivilege) {
    Guest guest;
    guest.edit([](Hart& hart) { hart.mcounteren = hart.scounteren = 0xffff'ffff; });
    for (const auto& entry : csrs()) {
        const auto lowest = entry.number >> 8 & 3;
        if (find_csr(guest.board().isa(), CsrNumber{entry.number}) == nullptr) continue;
        for (const auto privilege : {Privilege::user, Privilege::supervisor}) {
            if (static_cast<int>(privilege) >= lowest) continue;
            const auto word = csr(Opcode::csrrs, a0, entry.number, zero);
            guest.put(Guest::kCode, {word});
            guest.go_to(Guest::kCode, privilege);
            guest.run(1);
            expect_trap(guest, Cause::illegal_instruction, Guest::kCode, word);
        }
    }
}

// ---- Zicsr --------------------------------------------------------------------------------------

TEST(Csr, EachOperationDoesItsOwn) {
    struct Case {
        Opcode opcode;
        unsigned source;  // register a1, or the immediate
        std::uint64_t after;
    };
    constexpr std::uint64_t kBefore = 0x00ff'00ff'00ff'00ff, kOperand = 0x0f0f'0f0f'0f0f'0f0f;
    for (const auto& [opcode, source, after] :
         std::initializer_list<Case>{{Opcode::csrrw, a1, kOperand},
                                     {Opcode::csrrs, a1, kBefore | kOperand},
                                     {Opcode::csrrc, a1, kBefore & ~kOperand},
                                     {Opcode::csrrwi, 21, 21},
                                     {Opcode::csrrsi, 31, kBefore | 31},
                                     {Opcode::csrrci, 21, kBefore & ~std::uint64_t{21}},
                                     {Opcode::csrrw, zero, 0},
                                     {Opcode::csrrs, zero, kBefore},
                                     {Opcode::csrrc, zero, kBefore},
                                     {Opcode::csrrwi, 0, 0},
                                     {Opcode::csrrsi, 0, kBefore},
                                     {Opcode::csrrci, 0, kBefore}}) {
        for (const unsigned xlen : {64u, 32u}) {
            Guest guest(Guest::board_options(10, xlen), {csr(opcode, a0, 0x340, source)});
            const auto mask = guest.hart().xlen_mask();
            guest.set(a1, kOperand & mask);
            guest.edit([&](Hart& hart) { hart.mscratch = kBefore & mask; });
            guest.run(1);
            EXPECT_EQ(guest.x(a0), kBefore & mask) << definition(opcode).name;
            EXPECT_EQ(guest.hart().mscratch, after & mask) << definition(opcode).name << " " << source;
        }
    }
}

TEST(Csr, SourceAndDestinationMayBeTheSameRegister) {
    Guest guest{csr(Opcode::csrrw, a0, 0x340, a0)};
    guest.set(a0, 1);
    guest.edit([](Hart& hart) { hart.mscratch = 2; });
    guest.run(1);
    EXPECT_EQ(guest.x(a0), 2u);
    EXPECT_EQ(guest.hart().mscratch, 1u);
}

/// Set and clear with x0 do not write, so that they may read what is read-only; with a register that happens
/// to hold 0 they do.
TEST(Csr, OnlyAWriteIsRefusedByAReadOnlyRegister) {
    for (const unsigned number : {0xc00u, 0xf14u}) {
        EXPECT_TRUE(is_legal(csr(Opcode::csrrs, a0, number, zero)));
        EXPECT_TRUE(is_legal(csr(Opcode::csrrc, a0, number, zero)));
        EXPECT_TRUE(is_legal(csr(Opcode::csrrsi, a0, number, 0)));
        EXPECT_TRUE(is_legal(csr(Opcode::csrrci, a0, number, 0)));
        EXPECT_FALSE(is_legal(csr(Opcode::csrrs, a0, number, a1)));
        EXPECT_FALSE(is_legal(csr(Opcode::csrrc, a0, number, a1)));
        EXPECT_FALSE(is_legal(csr(Opcode::csrrw, a0, number, zero)));
        EXPECT_FALSE(is_legal(csr(Opcode::csrrwi, zero, number, 0)));
        EXPECT_FALSE(is_legal(csr(Opcode::csrrsi, a0, number, 1)));
    }
}

TEST(Csr, AnIllegalAccessChangesNothing) {
    Guest guest{csr(Opcode::csrrw, a0, 0xc00, a1)};
    guest.set(a0, 5);
    guest.set(a1, 6);
    expect_trapping_step(guest, Cause::illegal_instruction, csr(Opcode::csrrw, a0, 0xc00, a1));
    EXPECT_EQ(guest.x(a0), 5u);
}

// ---- gates --------------------------------------------------------------------------------------

TEST(Csr, FloatingPointRegistersAreThereOnlyWhileItIsOn) {
    for (const unsigned number : {1u, 2u, 3u}) {
        for (const auto privilege : {Privilege::user, Privilege::supervisor, Privilege::machine}) {
            EXPECT_FALSE(reads(number, privilege));
            for (std::uint64_t fs = 1; fs < 4; ++fs) {
                EXPECT_TRUE(reads(number, privilege, [=](Hart& hart) { hart.mstatus |= fs << 13; }));
            }
        }
    }
}

TEST(Csr, TvmKeepsSupervisorModeFromSatp) {
    const auto trapped = [](Hart& hart) { hart.mstatus |= mstatus::kTvm; };
    EXPECT_TRUE(reads(0x180, Privilege::supervisor));
    EXPECT_FALSE(reads(0x180, Privilege::supervisor, trapped));
    EXPECT_FALSE(is_legal(csr(Opcode::csrrw, zero, 0x180, zero), Privilege::supervisor, trapped));
    EXPECT_TRUE(reads(0x180, Privilege::machine, trapped));
    EXPECT_TRUE(reads(0x141, Privilege::supervisor, trapped)) << "sepc has nothing to do with it";
}

TEST(Csr, SupervisorModeReachesStimecmpWithStceAndTm) {
    for (const bool stce : {false, true}) {
        for (const bool tm : {false, true}) {
            const auto edit = [=](Hart& hart) {
                hart.menvcfg = stce ? envcfg::kStce : 0;
                hart.mcounteren = tm ? 2 : ~std::uint64_t{2} & 0xffff'ffff;
            };
            EXPECT_EQ(reads(0x14d, Privilege::supervisor, edit), stce && tm);
            EXPECT_EQ(reads(0x15d, Privilege::supervisor, edit, "rv32"), stce && tm);
            EXPECT_TRUE(reads(0x14d, Privilege::machine, edit));
        }
    }
}

// ---- what the fields hold -----------------------------------------------------------------------

TEST(Csr, IdentityRegisters) {
    BoardOptions options;
    options.harts = 3;
    const Board board(options);
    const auto read = [&](const Hart& hart, std::uint16_t number) {
        return find_csr(board.isa(), CsrNumber{number})->read(board, hart);
    };
    for (const auto& hart : board.harts) {
        EXPECT_EQ(read(hart, 0xf14), hart.id.value) << "mhartid";
        // MXL = 2 for 64 bits, and the letters A, C, D, F, I, M, S and U.
        EXPECT_EQ(read(hart, 0x301), std::uint64_t{2} << 62 | 0x14'112d);
        for (const std::uint16_t number : {0xf11, 0xf12, 0xf13, 0xf15}) EXPECT_EQ(read(hart, number), 0u);
    }
    EXPECT_EQ(write(0x301, 0, {}, "rv32,-d,-c").after, std::uint64_t{1} << 30 | 0x14'1121);
}

struct Field {
    unsigned number;
    std::uint64_t written, after;
};
void expect_holds(std::initializer_list<Field> fields, const char* isa) {
    for (const auto& [number, written, after] : fields) {
        EXPECT_EQ(write(number, written, {}, isa).after, after)
            << isa << " " << std::hex << number << " written " << written;
    }
}

TEST(Csr, FieldsTakeOnlyWhatTheyCanHold) {
    expect_holds({{0x300, kAll, 0x8000'000a'007e'79aa},
                  {0x300, 0, 0x0000'000a'0000'0000},
                  {0x300, 0x4000, 0x0000'000a'0000'4000},  // FS clean: SD is clear
                  {0x100, kAll, 0x8000'0002'000c'6122},
                  {0x100, 0, 0x0000'0002'0000'0000},
                  {0x302, kAll, 0xb3ff},
                  {0x303, kAll, 0x222},
                  {0x304, kAll, 0xaaa},
                  {0x305, kAll, ~std::uint64_t{2}},  // modes 0 and 1 only
                  {0x305, 0x8000'0002, 0x8000'0000},
                  {0x305, 0x8000'0005, 0x8000'0005},
                  {0x105, kAll, ~std::uint64_t{2}},
                  {0x306, kAll, 0xffff'ffff},
                  {0x106, kAll, 0xffff'ffff},
                  {0x320, kAll, 5},  // time cannot be inhibited
                  {0x340, kAll, kAll},
                  {0x140, kAll, kAll},
                  {0x341, kAll, ~std::uint64_t{1}},  // with the C extension, only bit 0 is fixed
                  {0x141, kAll, ~std::uint64_t{1}},
                  {0x342, kAll, kAll},
                  {0x142, kAll, kAll},
                  {0x343, kAll, kAll},
                  {0x143, kAll, kAll},
                  {0x344, kAll, 0x222},
                  {0x30a, kAll, 0xe000'0000'0000'00f1},
                  {0x10a, kAll, 0xf1},
                  {0x14d, kAll, kAll},
                  {0x14d, 0, 0},
                  {0x3a0, kAll, 0x9f9f'9f9f'9f9f'9f9f},
                  {0x3a2, kAll, 0x9f9f'9f9f'9f9f'9f9f},
                  {0x3b0, kAll, 0x3f'ffff'ffff'ffff},
                  {0x3bf, kAll, 0x3f'ffff'ffff'ffff},
                  {0xb03, kAll, 0},
                  {0xb1f, kAll, 0},
                  {0x323, kAll, 0},
                  {0x33f, kAll, 0},
                  {0x7a0, kAll, 0},
                  {0x7a1, kAll, 0},
                  {0x7a4, kAll, 1}},
                 "rv64");
}

TEST(Csr, FieldsOfRv32) {
    expect_holds({{0x300, kAll, 0x807e'79aa},
                  {0x300, 0, 0},
                  {0x310, kAll, 0},  // little endian for good
                  {0x100, kAll, 0x800c'6122},
                  {0x302, kAll, 0xb3ff},
                  {0x305, kAll, 0xffff'fffd},
                  {0x306, kAll, 0xffff'ffff},
                  {0x340, kAll, 0xffff'ffff},
                  {0x341, kAll, 0xffff'fffe},
                  {0x30a, kAll, 0xf1},
                  {0x31a, kAll, 0xa000'0000},  // without Svpbmt, which is RV64's
                  {0x14d, kAll, 0xffff'ffff},
                  {0x15d, 0x1234, 0x1234},
                  {0x180, kAll, 0xffff'ffff},
                  {0x3a0, kAll, 0x9f9f'9f9f},
                  {0x3a1, kAll, 0x9f9f'9f9f},
                  {0x3a3, kAll, 0x9f9f'9f9f},
                  {0x3b7, kAll, 0xffff'ffff},
                  {0xb9f, kAll, 0}},
                 "rv32");
}

TEST(Csr, FieldsOfExtensionsThatAreNotThereAreZero) {
    expect_holds({{0x300, kAll, 0x0000'000a'007e'19aa}, {0x100, kAll, 0x0000'0002'000c'0122}}, "rv64,-f");
    expect_holds({{0x341, kAll, ~std::uint64_t{3}}, {0x141, kAll, ~std::uint64_t{3}}}, "rv64,-c,-zca");
    expect_holds({{0x30a, kAll, 0x6000'0000'0000'00f1}}, "rv64,-sstc");
    expect_holds({{0x30a, kAll, 0xc000'0000'0000'00f1}}, "rv64,-svadu");
    expect_holds({{0x30a, kAll, 0xa000'0000'0000'00f1}}, "rv64,-svpbmt");
    expect_holds({{0x30a, kAll, 0xe000'0000'0000'0081}, {0x10a, kAll, 0x81}}, "rv64,-zicbom");
    expect_holds({{0x30a, kAll, 0xe000'0000'0000'0071}, {0x10a, kAll, 0x71}}, "rv64,-zicboz");
    expect_holds({{0x306, kAll, 7}, {0x106, kAll, 7}}, "rv64,-zihpm");
    expect_holds({{0x306, kAll, 0xffff'fff8}}, "rv64,-zicntr");
}

/// The two halves of one register do not touch each other.
TEST(Csr, HalvesOfRv32AreWrittenAlone) {
    for (const auto& [low, high] :
         {std::pair{0x14du, 0x15du}, {0xb00u, 0xb80u}, {0xb02u, 0xb82u}, {0x30au, 0x31au}}) {
        Guest guest(board_with("rv32"),
                    {csr(Opcode::csrrwi, zero, 0x320, 5), csr(Opcode::csrrw, zero, high, a0),
                     csr(Opcode::csrrw, zero, low, a1), csr(Opcode::csrrs, a2, high, zero),
                     csr(Opcode::csrrw, zero, high, a3), csr(Opcode::csrrs, a4, low, zero)});
        guest.set(a0, 0xa000'0000);
        guest.set(a1, 0x31);
        guest.set(a3, 0x8000'0000);
        guest.run(6);
        EXPECT_EQ(guest.x(a2), 0xa000'0000u) << std::hex << low;
        EXPECT_EQ(guest.x(a4), 0x31u) << std::hex << low;
    }
}

TEST(Csr, MppKeepsWhatItWasWhenWrittenWithAnAbsentMode) {
    for (const std::uint64_t mpp : {0u, 1u, 3u}) {
        for (const std::uint64_t written : {0u, 1u, 2u, 3u}) {
            const auto after = write(0x300, written << mstatus::kMppShift, [&](Hart& hart) {
                                   hart.mstatus |= mpp << mstatus::kMppShift;
                               }).after;
            EXPECT_EQ((after & mstatus::kMpp) >> mstatus::kMppShift, written == 2 ? mpp : written);
        }
    }
}

/// A write with a mode that is not there changes nothing, not even the other fields.
TEST(Csr, SatpTakesTheModesThatThereAre) {
    constexpr std::uint64_t kRest = 0x0fff'8000'1234'5678;
    const auto before = [](Hart& hart) { hart.satp = 0x8000'0000'0000'0042; };
    for (std::uint64_t mode = 0; mode < 16; ++mode) {
        const auto value = mode << 60 | kRest;
        const bool there = mode == 0 || (mode >= 8 && mode <= 10);  // Sv39, Sv48, Sv57
        EXPECT_EQ(write(0x180, value, before).after, there ? value : 0x8000'0000'0000'0042) << mode;
    }
}

TEST(Csr, TheReservedCbieKeepsWhatItWas) {
    for (const std::uint64_t before : {0u, 1u, 3u}) {
        for (const unsigned number : {0x30au, 0x10au}) {
            const auto after = write(number, 0xe1, [&](Hart& hart) {
                                   hart.menvcfg = hart.senvcfg = before << envcfg::kCbieShift;
                               }).after;
            EXPECT_EQ(after, 0xc1 | before << envcfg::kCbieShift) << std::hex << number;
        }
    }
}

/// sstatus and mstatus are one register.
TEST(Csr, SstatusIsAViewOfMstatus) {
    Guest guest{csr(Opcode::csrrw, a0, 0x100, a1), csr(Opcode::csrrs, a2, 0x300, zero)};
    guest.edit(
        [](Hart& hart) { hart.mstatus = mstatus::kMie | mstatus::kMpp | mstatus::kTvm | mstatus::kSpie; });
    guest.set(a1, kAll);
    guest.run(2);
    EXPECT_EQ(guest.x(a0), 0x2'0000'0020u);
    EXPECT_EQ(guest.x(a2), 0x8000'000a'001c'792au) << "MIE, MPP and TVM are as before";
}

TEST(Csr, AWriteOfFcsrMakesTheStateDirtyAndAReadDoesNot) {
    for (const unsigned number : {1u, 2u, 3u}) {
        Guest guest{csr(Opcode::csrrs, a0, number, zero), csr(Opcode::csrrw, a0, number, a1)};
        guest.edit(switch_on_floating_point);
        guest.set(a1, kAll);
        guest.run(1);
        EXPECT_EQ(guest.hart().mstatus & mstatus::kFs, std::uint64_t{1} << 13);
        guest.run(1);
        EXPECT_EQ(guest.hart().mstatus & mstatus::kFs, mstatus::kFsDirty);
        EXPECT_EQ(guest.hart().fcsr, number == 1 ? 0x1fu : number == 2 ? 0xe0u : 0xffu);
    }
}

// ---- interrupts ---------------------------------------------------------------------------------

std::uint64_t mip(const Guest& guest) {
    return find_csr(guest.board().isa(), CsrNumber{0x344})->read(guest.board(), guest.hart());
}

TEST(Csr, MipShowsTheLevelsOfTheDevices) {
    Guest guest;
    EXPECT_EQ(mip(guest), 0u);
    raise_software(guest);
    set_timer(guest, 1);
    EXPECT_EQ(mip(guest), 1u << 3);
    guest.edit_board([](Board& board) { board.idle = VirtualTime{100}; });
    EXPECT_EQ(mip(guest), 1u << 3 | 1u << 7);
    raise_external(guest, Privilege::supervisor);
    EXPECT_EQ(mip(guest), 1u << 3 | 1u << 7 | 1u << 9);
}

/// "Only the software-writable SEIP bit participates in the read-modify-write sequence."
TEST(Csr, TheExternalInterruptsLineIsNotWrittenBack) {
    for (const auto word : {csr(Opcode::csrrsi, a0, 0x344, 2), csr(Opcode::csrrci, a0, 0x344, 4)}) {
        Guest guest{word};
        raise_external(guest, Privilege::supervisor);
        guest.run(1);
        EXPECT_EQ(guest.x(a0), 1u << 9) << "the instruction reads the line all the same";
        EXPECT_EQ(guest.hart().mip & 1u << 9, 0u);
    }
    Guest written{csr(Opcode::csrrs, zero, 0x344, a1), csr(Opcode::csrrs, a0, 0x344, zero),
                  csr(Opcode::csrrc, zero, 0x344, a1), csr(Opcode::csrrs, a2, 0x344, zero)};
    written.set(a1, 1 << 9);
    written.run(4);
    EXPECT_EQ(written.x(a0), 1u << 9) << "M mode may raise it itself";
    EXPECT_EQ(written.x(a2), 0u);
}

TEST(Csr, SipAndSieShowWhatIsDelegated) {
    for (const std::uint64_t mideleg : {0u, 0x2u, 0x20u, 0x200u, 0x222u}) {
        Guest guest{csr(Opcode::csrrs, a0, 0x144, zero), csr(Opcode::csrrs, a1, 0x104, zero),
                    csr(Opcode::csrrw, zero, 0x144, a2), csr(Opcode::csrrw, zero, 0x104, a2),
                    csr(Opcode::csrrs, a3, 0x304, zero)};
        guest.edit([&](Hart& hart) {
            hart.mideleg = mideleg;
            hart.mip = 0x220;
            hart.mie = 0xaaa;
        });
        guest.set(a2, 2);
        guest.run(5);
        EXPECT_EQ(guest.x(a0), 0x220 & mideleg);
        EXPECT_EQ(guest.x(a1), 0x222 & mideleg);
        EXPECT_EQ(guest.hart().mip, 0x220 | (2 & mideleg)) << "SSIP is all that S mode can write";
        EXPECT_EQ(guest.x(a3), (0xaaa & ~mideleg) | (2 & mideleg));
    }
}

/// With Sstc the comparator drives STIP, and neither mip nor sip writes it.
TEST(Csr, StimecmpDrivesStip) {
    for (const bool stce : {false, true}) {
        Guest guest{csr(Opcode::csrrs, zero, 0x344, a1), csr(Opcode::csrrs, a0, 0x344, zero)};
        guest.edit([&](Hart& hart) {
            hart.menvcfg = stce ? envcfg::kStce : 0;
            hart.stimecmp = 3;
        });
        guest.set(a1, 1 << 5);
        guest.run(2);
        EXPECT_EQ(guest.x(a0), stce ? 0u : 1u << 5);
        // What was written before Sstc was switched on does not show any more.
        guest.edit([&](Hart& hart) { hart.mip = stce ? 1 << 5 : 0; });
        for (const std::uint64_t ns : {299u, 300u}) {
            guest.edit_board([&](Board& board) { board.idle = VirtualTime{ns - board.steps.value * 10}; });
            EXPECT_EQ(mip(guest), stce && ns == 300 ? 1u << 5 : 0u);
        }
    }
}

}  // namespace
}  // namespace backspin::emu
