// What loads, stores and atomic operations find: RAM of any alignment, devices of their own sizes only,
// nothing elsewhere. Source: The RISC-V Instruction Set Manual, Volume I, chapter "A" Extension; Volume II,
// sections "Machine Trap Value Register" and "Physical Memory Attributes"; docs/machine.md, sections 1 and 2.
#include "emu/engine/memory_port.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "testsuite/emu/guest.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr std::uint64_t kRom = memory_map::kMaskRom.base.value;
constexpr std::uint64_t kRomEnd = kRom + memory_map::kMaskRom.size;
constexpr std::uint64_t kUart = memory_map::kUart.base.value;
constexpr std::uint64_t kAclint = memory_map::kAclint.base.value;
constexpr std::uint64_t kFinisher = memory_map::kFinisher.base.value;
constexpr std::uint64_t kNowhere = 0x4000'0000;

/// One access to an address, by a guest of its own.
Guest& accessing(Guest& guest, std::uint64_t address) {
    guest.set(a0, address);
    guest.set(a1, 0x1122'3344'5566'7788);
    return guest;
}
Word loading(Opcode opcode) {
    return load(opcode, a2, 0, a0);
}
Word storing(Opcode opcode) {
    return store(opcode, a1, 0, a0);
}

/// The access traps with this cause and value.
void expect_fault(Word word, std::uint64_t address, Cause cause, std::uint64_t mtval) {
    SCOPED_TRACE(::testing::Message() << std::hex << word << " at " << address);
    Guest guest{word};
    accessing(guest, address);
    const auto before = guest.hart().x;
    expect_trapping_step(guest, cause, mtval);
    EXPECT_EQ(guest.hart().x, before);
}
void expect_works(Word word, std::uint64_t address) {
    SCOPED_TRACE(::testing::Message() << std::hex << word << " at " << address);
    Guest guest{word};
    expect_retiring_step(accessing(guest, address));
}

// ---- RAM ----------------------------------------------------------------------------------------

/// Every size at every alignment, over the border of a page and of a node of pages, against single bytes.
TEST(MemoryAccess, AnyAlignmentWorksInRam) {
    struct Pair {
        Opcode load, store;
        unsigned size;
    };
    for (const auto& [loads, stores, size] : std::initializer_list<Pair>{{Opcode::lbu, Opcode::sb, 1},
                                                                         {Opcode::lhu, Opcode::sh, 2},
                                                                         {Opcode::lwu, Opcode::sw, 4},
                                                                         {Opcode::ld, Opcode::sd, 8}}) {
        for (std::uint64_t at = Guest::kData + 4096 - 9; at < Guest::kData + 4096 + 9; ++at) {
            Guest guest{storing(stores), loading(loads)};
            for (std::uint64_t i = 0; i < 4; ++i) {
                guest.put(Guest::kData + 4096 - 16 + 8 * i, 0xa0a1a2a3a4a5a6a7 + i);
            }
            std::array<std::uint64_t, 4> expected;
            for (std::uint64_t i = 0; i < 4; ++i) expected[i] = 0xa0a1a2a3a4a5a6a7 + i;
            const std::uint64_t value = 0x1122'3344'5566'7788;
            std::memcpy(reinterpret_cast<std::byte*>(expected.data()) + (at - (Guest::kData + 4096 - 16)),
                        &value, size);
            accessing(guest, at).run(2);
            const auto mask = size == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * size) - 1;
            EXPECT_EQ(guest.x(a2), value & mask) << std::hex << at;
            for (std::uint64_t i = 0; i < 4; ++i) {
                EXPECT_EQ(guest.doubleword(Guest::kData + 4096 - 16 + 8 * i), expected[i]) << std::hex << at;
            }
        }
    }
}

/// "mtval will contain the virtual address of the portion of the access that caused the fault."
TEST(MemoryAccess, RunningOverTheEndOfRamFaultsThere) {
    for (unsigned over = 1; over < 8; ++over) {
        const auto at = Guest::kRamEnd - 8 + over;
        expect_fault(loading(Opcode::ld), at, Cause::load_access_fault, Guest::kRamEnd);
        expect_fault(storing(Opcode::sd), at, Cause::store_access_fault, Guest::kRamEnd);
    }
    expect_fault(loading(Opcode::lw), Guest::kRamEnd - 1, Cause::load_access_fault, Guest::kRamEnd);
    expect_fault(storing(Opcode::sh), Guest::kRamEnd - 1, Cause::store_access_fault, Guest::kRamEnd);
    expect_fault(loading(Opcode::lb), Guest::kRamEnd, Cause::load_access_fault, Guest::kRamEnd);
    expect_works(loading(Opcode::ld), Guest::kRamEnd - 8);
    expect_works(storing(Opcode::sb), Guest::kRamEnd - 1);
    // From below, the first byte is where it fails.
    expect_fault(loading(Opcode::ld), Guest::kCode - 4, Cause::load_access_fault, Guest::kCode - 4);
    expect_fault(storing(Opcode::sw), Guest::kCode - 1, Cause::store_access_fault, Guest::kCode - 1);
}

TEST(MemoryAccess, AStoreThatFaultsStoresNothing) {
    Guest guest{storing(Opcode::sd)};
    accessing(guest, Guest::kRamEnd - 4);
    guest.run(1);
    EXPECT_EQ(guest.doubleword(Guest::kRamEnd - 8), 0u);
}

TEST(MemoryAccess, NothingIsElsewhere) {
    for (const std::uint64_t at : {std::uint64_t{0}, kRom - 8, kRomEnd, kNowhere, kUart + 0x100,
                                   memory_map::kPlic.base.value + memory_map::kPlic.size,
                                   memory_map::kVirtio.base.value + memory_map::kVirtio.size, Guest::kRamEnd,
                                   ~std::uint64_t{7}, std::uint64_t{1} << 40}) {
        expect_fault(loading(Opcode::ld), at, Cause::load_access_fault, at);
        expect_fault(storing(Opcode::sb), at, Cause::store_access_fault, at);
        expect_fault(atomic(Opcode::amoadd_d, a2, a1, a0), at, Cause::store_access_fault, at);
        expect_fault(atomic(Opcode::lr_w, a2, zero, a0), at, Cause::load_access_fault, at);
    }
    // An address that wraps around the end of the address space.
    expect_fault(loading(Opcode::ld), ~std::uint64_t{0} - 3, Cause::load_access_fault, ~std::uint64_t{0} - 3);
}

TEST(MemoryAccess, RomIsReadAndNotWritten) {
    expect_works(loading(Opcode::ld), kRom);
    expect_works(loading(Opcode::lw), kRom + 4095);
    expect_fault(loading(Opcode::ld), kRomEnd - 4, Cause::load_access_fault, kRomEnd);
    expect_fault(storing(Opcode::sd), kRom, Cause::store_access_fault, kRom);
    expect_fault(storing(Opcode::sw), kRomEnd - 2, Cause::store_access_fault, kRomEnd - 2);
    expect_fault(atomic(Opcode::amoor_w, a2, zero, a0), kRom, Cause::store_access_fault, kRom);
    expect_fault(atomic(Opcode::lr_d, a2, zero, a0), kRom, Cause::load_access_fault, kRom);
}

// ---- devices ------------------------------------------------------------------------------------

TEST(MemoryAccess, DevicesTakeTheirOwnSizes) {
    expect_works(loading(Opcode::lbu), kUart + 5);
    expect_works(storing(Opcode::sb), kUart + 7);
    expect_works(loading(Opcode::lw), kAclint);
    expect_works(storing(Opcode::sw), kAclint + 0x4000);
    expect_works(loading(Opcode::ld), kAclint + 0xbff8);
    expect_works(storing(Opcode::sh), kFinisher + 8);
    expect_fault(loading(Opcode::lbu), kAclint, Cause::load_access_fault, kAclint);
    expect_fault(loading(Opcode::ld), kAclint, Cause::load_access_fault, kAclint);
    expect_fault(storing(Opcode::sh), kAclint + 0x4000, Cause::store_access_fault, kAclint + 0x4000);
    expect_fault(loading(Opcode::lbu), kUart + 8, Cause::load_access_fault, kUart + 8);
    expect_fault(storing(Opcode::sb), kUart + 0xff, Cause::store_access_fault, kUart + 0xff);
}

TEST(MemoryAccess, DevicesTakeAlignedAccessesOnly) {
    expect_fault(loading(Opcode::lw), kAclint + 0x4002, Cause::load_access_fault, kAclint + 0x4002);
    expect_fault(loading(Opcode::ld), kAclint + 0xbffc, Cause::load_access_fault, kAclint + 0xbffc);
    expect_fault(storing(Opcode::sd), kAclint + 0x4004, Cause::store_access_fault, kAclint + 0x4004);
    expect_fault(storing(Opcode::sw), kFinisher + 2, Cause::store_access_fault, kFinisher + 2);
    // Over the end of a device's range.
    expect_fault(loading(Opcode::ld), kUart + 0xfc, Cause::load_access_fault, kUart + 0xfc);
}

TEST(MemoryAccess, DevicesTakeNoAtomicOperations) {
    for (const std::uint64_t at : {kAclint + 0x4000, kUart, kFinisher}) {
        for (const auto& row : definitions()) {
            if (row.kind == Kind::atomic) {
                expect_fault(atomic(row.opcode, a2, a1, a0), at, Cause::store_access_fault, at);
            }
        }
        expect_fault(atomic(Opcode::lr_w, a2, zero, a0), at, Cause::load_access_fault, at);
    }
}

/// A narrow load from a device extends like one from memory, and a narrow store hands over its own bits only.
TEST(MemoryAccess, DeviceValuesHaveTheAccesssWidth) {
    Guest guest{store(Opcode::sb, a1, 7, a0), load(Opcode::lb, a2, 7, a0), load(Opcode::lbu, a3, 7, a0)};
    guest.set(a0, kUart);
    guest.set(a1, 0xffff'ff80);
    guest.run(3);
    EXPECT_EQ(guest.x(a2), 0xffff'ffff'ffff'ff80u);
    EXPECT_EQ(guest.x(a3), 0x80u);

    Guest timer{store(Opcode::sw, a1, 0, a0), load(Opcode::lw, a2, 0, a0), load(Opcode::lwu, a3, 0, a0),
                load(Opcode::ld, a4, 0, a0)};
    timer.set(a0, kAclint + 0x4000);
    timer.set(a1, 0x1234'5678'9abc'def0);
    timer.run(4);
    EXPECT_EQ(timer.x(a2), 0xffff'ffff'9abc'def0u);
    EXPECT_EQ(timer.x(a3), 0x9abc'def0u);
    EXPECT_EQ(timer.x(a4), 0xffff'ffff'9abc'def0u) << "the upper half is all ones since reset";
}

TEST(MemoryAccess, ANarrowStoreHandsOverItsOwnBitsOnly) {
    Guest guest{store(Opcode::sh, a1, 0, a0)};
    guest.set(a0, kFinisher);
    guest.set(a1, 0x0007'5555);  // as a word, nothing that the finisher knows
    guest.run(1);
    EXPECT_TRUE(guest.board().powered_off());
}

/// The clock that a device sees is that of the step that reads it, in the middle of a block.
TEST(MemoryAccess, ADeviceSeesTheExactPosition) {
    Guest guest({nop(), load(Opcode::ld, a1, 0, a0), nop(), nop(), load(Opcode::ld, a2, 0, a0)}, 100);
    guest.set(a0, kAclint + 0xbff8);
    guest.run(5);
    EXPECT_EQ(guest.x(a1), 1u);
    EXPECT_EQ(guest.x(a2), 4u);
}

/// A read may have effects that fall due soon: here it starts the UART's timeout anew.
TEST(MemoryAccess, WhatAReadOfADeviceStartsFallsDueAtItsPosition) {
    Guest guest({load(Opcode::lbu, a2, 0, a0), jal(zero, 0)}, 5000);
    guest.set(a0, kUart);
    write_device(guest, memory_map::kUart, Uart16550::FCR, AccessSize::byte, 0xc1);
    guest.edit_board([](Board& board) {
        const std::array characters{std::byte{'x'}, std::byte{'y'}};
        board.uart.input(characters, {board.time(), nullptr});
        board.uart.event({board.time(), nullptr});
    });
    guest.run(1000);  // in one run from before the read to behind the timeout
    EXPECT_EQ(guest.x(a2), 'x');
    EXPECT_EQ(guest.board().uart.next_event(), std::nullopt) << "it has happened";
    EXPECT_EQ(guest.hart().mcycle, 999u) << "as a step that is not the hart's";
}

TEST(MemoryAccess, ALoadSeesWhatTheDebuggerWroteSinceTheLast) {
    Guest guest{load(Opcode::ld, a2, 0, a0), load(Opcode::ld, a3, 0, a0), store(Opcode::sb, a1, 1, a0),
                load(Opcode::ld, a4, 0, a0)};
    accessing(guest, Guest::kData).run(1);
    guest.apply(MemoryWrite{HartId{0}, VirtualAddress{Guest::kData}, {std::byte{7}}});
    guest.run(3);
    EXPECT_EQ(guest.x(a2), 0u);
    EXPECT_EQ(guest.x(a3), 7u);
    EXPECT_EQ(guest.x(a4), 0x8807u);
}

// ---- alignment of atomic operations -------------------------------------------------------------

TEST(MemoryAccess, MisalignedAtomicsTrap) {
    for (const auto& row : definitions()) {
        const bool is_atomic = row.kind == Kind::atomic || row.kind == Kind::conditional;
        if (!is_atomic && row.kind != Kind::reserve) continue;
        const auto cause = is_atomic ? Cause::store_address_misaligned : Cause::load_address_misaligned;
        const auto word = atomic(row.opcode, a2, is_atomic ? a1 : zero, a0);
        const std::uint64_t size = row.name.ends_with(".d") ? 8 : 4;
        for (std::uint64_t off = 1; off < size; ++off) {
            expect_fault(word, Guest::kData + off, cause, Guest::kData + off);
        }
        expect_works(word, Guest::kData + size);
    }
}

TEST(MemoryAccess, AtomicsAtTheEndsOfPagesAndOfRam) {
    for (const auto at : {Guest::kData + 4096 - 8, Guest::kRamEnd - 8}) {
        Guest guest{atomic(Opcode::amoadd_d, a2, a1, a0), atomic(Opcode::amoadd_w, a3, a1, a0)};
        guest.put(at, std::uint64_t{1});
        accessing(guest, at).run(2);
        EXPECT_EQ(guest.x(a2), 1u);
        EXPECT_EQ(guest.x(a3), 0x5566'7789u);
        EXPECT_EQ(guest.doubleword(at), 0x1122'3344'aacc'ef11u);
    }
}

// ---- reservations -------------------------------------------------------------------------------

/// lr, then something, then sc: does the sc succeed?
struct ReservationTest : ::testing::Test {
    Guest guest;

    ReservationTest() {
        guest.set(a0, Guest::kData);
        guest.set(a1, 77);
        guest.set(a3, Guest::kData + 8);
        guest.set(a4, Guest::kData + 4);
    }
    /// 0 for success, as the sc says, having compared that with what memory holds.
    std::uint64_t conditional_after(std::initializer_list<Word> between, std::uint64_t steps,
                                    Opcode reserve = Opcode::lr_d, Opcode conditional = Opcode::sc_d) {
        guest.put(Guest::kCode, {atomic(reserve, t0, zero, a0)});
        guest.put(Guest::kCode + 4, between);
        guest.put(Guest::kCode + 4 + 4 * between.size(), {atomic(conditional, a2, a1, a0)});
        guest.run(2 + steps);
        EXPECT_EQ(guest.doubleword(Guest::kData) == 77, guest.x(a2) == 0);
        EXPECT_FALSE(guest.hart().reservation) << "whether it succeeded or not";
        return guest.x(a2);
    }
};

TEST_F(ReservationTest, HoldsUntilTheConditional) {
    EXPECT_EQ(conditional_after({}, 0), 0u);
}

TEST_F(ReservationTest, IsNotThereWithoutAReserve) {
    guest.put(Guest::kCode, {atomic(Opcode::sc_d, a2, a1, a0)});
    guest.run(1);
    EXPECT_EQ(guest.x(a2), 1u);
    EXPECT_EQ(guest.doubleword(Guest::kData), 0u);
}

/// To memory protection an sc is a store, though it would fail.
TEST_F(ReservationTest, IsNotNeededForAConditionalToFault) {
    for (const auto at : {kNowhere, kRom, kUart, Guest::kRamEnd}) {
        expect_fault(atomic(Opcode::sc_w, a2, a1, a0), at, Cause::store_access_fault, at);
        expect_fault(atomic(Opcode::sc_d, a2, a1, a0), at, Cause::store_access_fault, at);
    }
    // One that faults uses nothing up: the trap does.
    Guest both{atomic(Opcode::lr_w, t0, zero, a0), atomic(Opcode::sc_w, a2, a1, a3)};
    both.set(a0, Guest::kData);
    both.set(a3, kNowhere);
    both.run(2);
    EXPECT_EQ(both.hart().mcause, static_cast<std::uint64_t>(Cause::store_access_fault));
    EXPECT_FALSE(both.hart().reservation);
}

TEST_F(ReservationTest, IsUsedUpByOneConditional) {
    EXPECT_EQ(conditional_after({atomic(Opcode::sc_d, t1, zero, a0)}, 1), 1u);
    EXPECT_EQ(guest.x(t1), 0u);
}

TEST_F(ReservationTest, IsUsedUpByAConditionalElsewhere) {
    EXPECT_EQ(conditional_after({atomic(Opcode::sc_d, t1, a1, a3)}, 1), 1u);
    EXPECT_EQ(guest.x(t1), 1u);
    EXPECT_EQ(guest.doubleword(Guest::kData + 8), 0u);
}

TEST_F(ReservationTest, IsOfExactlyTheReservedAddress) {
    // "An SC can only pair with the most recent LR", and must fail outside of what that reserved.
    EXPECT_EQ(conditional_after({atomic(Opcode::lr_d, t0, zero, a3)}, 1), 1u);
}

TEST_F(ReservationTest, OfAWordDoesNotCoverTheOtherWord) {
    guest.put(Guest::kCode, {atomic(Opcode::lr_w, t0, zero, a0), atomic(Opcode::sc_w, a2, a1, a4)});
    guest.run(2);
    EXPECT_EQ(guest.x(a2), 1u);
}

TEST_F(ReservationTest, IsNotBrokenByTheHartsOwnStores) {
    EXPECT_EQ(conditional_after({store(Opcode::sd, zero, 0, a0), atomic(Opcode::amoadd_d, t1, a1, a0)}, 2),
              0u);
}

TEST_F(ReservationTest, IsBrokenByATrap) {
    guest.edit([](Hart& hart) { hart.mtvec = Guest::kCode + 8; });  // the handler is what follows
    EXPECT_EQ(conditional_after({op(Opcode::ecall)}, 1), 1u);
}

TEST_F(ReservationTest, IsBrokenByAnInterrupt) {
    raise_software(guest);
    enable(guest, {Interrupt::machine_software}, false);
    guest.edit([](Hart& hart) { hart.mtvec = Guest::kCode + 8; });
    EXPECT_EQ(conditional_after({csr(Opcode::csrrsi, zero, 0x300, 8)}, 2), 1u);
    EXPECT_EQ(guest.hart().mcause, kInterruptCause | 3);
}

TEST_F(ReservationTest, IsBrokenByMret) {
    guest.edit([](Hart& hart) {
        hart.mstatus |= mstatus::kMpp;
        hart.mepc = Guest::kCode + 8;
    });
    EXPECT_EQ(conditional_after({op(Opcode::mret)}, 1), 1u);
}

TEST_F(ReservationTest, IsBrokenByADebuggersWriteIntoItsDoubleword) {
    struct Case {
        std::uint64_t at;
        std::size_t length;
        bool broken;
    };
    for (const auto& [at, length, broken] : std::initializer_list<Case>{{Guest::kData, 1, true},
                                                                        {Guest::kData + 7, 1, true},
                                                                        {Guest::kData - 1, 2, true},
                                                                        {Guest::kData - 8, 24, true},
                                                                        {Guest::kData - 1, 1, false},
                                                                        {Guest::kData + 8, 8, false}}) {
        Guest fresh{atomic(Opcode::lr_d, t0, zero, a0), atomic(Opcode::sc_d, a2, a1, a0)};
        fresh.set(a0, Guest::kData);
        fresh.run(1);
        fresh.apply(MemoryWrite{HartId{0}, VirtualAddress{at}, std::vector<std::byte>(length)});
        fresh.run(1);
        EXPECT_EQ(fresh.x(a2), broken ? 1u : 0u) << std::hex << at << " " << length;
    }
}

TEST_F(ReservationTest, AWriteOfNothingBreaksNothing) {
    Guest fresh{atomic(Opcode::lr_d, t0, zero, a0), atomic(Opcode::sc_d, a2, a1, a0)};
    fresh.set(a0, Guest::kData);
    fresh.run(1);
    fresh.apply(MemoryWrite{HartId{0}, VirtualAddress{Guest::kData + 4}, {}});
    fresh.run(1);
    EXPECT_EQ(fresh.x(a2), 0u);
}

TEST_F(ReservationTest, SurvivesSavingAndLoading) {
    guest.put(Guest::kCode, {atomic(Opcode::lr_w, t0, zero, a0), atomic(Opcode::sc_w, a2, a1, a0)});
    guest.run(1);
    EXPECT_EQ(guest.hart().reservation, PhysicalAddress{Guest::kData});
    guest.edit([](Hart&) {});
    guest.run(1);
    EXPECT_EQ(guest.x(a2), 0u);
}

TEST_F(ReservationTest, AFaultingReserveReservesNothing) {
    guest.put(Guest::kCode, {atomic(Opcode::lr_d, t0, zero, a4)});
    guest.run(1);
    EXPECT_FALSE(guest.hart().reservation);
}

}  // namespace
}  // namespace backspin::emu
