// Fetching and running on: page borders, places without memory, long straight code, exact ends.
#include "emu/engine/interpreter.hpp"

#include <gtest/gtest.h>

#include "testsuite/emu/guest.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr std::uint64_t kBorder = Guest::kCode + 4096;

// ---- fetching -----------------------------------------------------------------------------------

TEST(Fetch, AnInstructionMayCrossAPageBorder) {
    Guest guest;
    guest.put(kBorder - 2, {addi(a0, zero, 5), addi(a1, a0, 1)});
    guest.go_to(kBorder - 2);
    guest.run(2);
    EXPECT_EQ(guest.x(a0), 5u);
    EXPECT_EQ(guest.x(a1), 6u);
    EXPECT_EQ(guest.pc(), kBorder + 6);
}

/// Every kind of instruction works across a border: loads, stores, branches both ways, jumps, system,
/// atomics.
TEST(Fetch, EveryKindOfInstructionMayCrossAPageBorder) {
    const auto prepare = [](Guest& guest, Word word) {
        guest.put(kBorder - 2, {word});
        guest.set(a0, Guest::kData);
        guest.set(a1, 42);
        guest.go_to(kBorder - 2);
    };
    Guest loads;
    loads.put(Guest::kData, std::uint64_t{99});
    prepare(loads, load(Opcode::ld, a2, 0, a0));
    loads.run(1);
    EXPECT_EQ(loads.x(a2), 99u);
    Guest stores;
    prepare(stores, store(Opcode::sd, a1, 0, a0));
    stores.run(1);
    EXPECT_EQ(stores.doubleword(Guest::kData), 42u);
    Guest swaps;
    prepare(swaps, atomic(Opcode::amoswap_d, a2, a1, a0));
    swaps.run(1);
    EXPECT_EQ(swaps.doubleword(Guest::kData), 42u);
    for (const bool taken : {false, true}) {
        Guest branches;
        prepare(branches, branch(taken ? Opcode::bne : Opcode::beq, a0, a1, -200));
        branches.run(1);
        EXPECT_EQ(branches.pc(), taken ? kBorder - 202 : kBorder + 2);
    }
    Guest jumps;
    prepare(jumps, jal(ra, 1000));
    jumps.run(1);
    EXPECT_EQ(jumps.pc(), kBorder + 998);
    EXPECT_EQ(jumps.x(ra), kBorder + 2);
    Guest returns;
    prepare(returns, op(Opcode::mret));
    returns.edit([](Hart& hart) { hart.mepc = Guest::kCode + 8; });
    const auto info = returns.step();
    ASSERT_TRUE(info);
    EXPECT_TRUE(info->returned_from_trap);
    EXPECT_EQ(returns.pc(), Guest::kCode + 8);
    Guest calls;
    prepare(calls, op(Opcode::ecall));
    expect_trapping_step(calls, Cause::ecall_from_m, 0);
    Guest reads;
    prepare(reads, csr(Opcode::csrrs, a2, 0xb02, zero));
    reads.run(1);
    EXPECT_EQ(reads.x(a2), 0u);
    Guest faults;
    prepare(faults, load(Opcode::ld, a2, 0, zero));
    expect_trapping_step(faults, Cause::load_access_fault, 0);
    Guest illegal;
    prepare(illegal, 0xffffffff);
    expect_trapping_step(illegal, Cause::illegal_instruction, 0xffffffff);
}

TEST(Fetch, ACompressedInstructionAtTheEndOfAPageDoesNotCross) {
    Guest guest;
    guest.put_halves(kBorder - 2, {0x4515, 0x0505});  // c.li a0, 5; c.addi a0, 1
    guest.go_to(kBorder - 2);
    guest.run(2);
    EXPECT_EQ(guest.x(a0), 6u);
}

/// "mtval will contain the virtual address of the portion of the instruction that caused the fault, while
/// mepc will point to the beginning of the instruction."
TEST(Fetch, OverTheEndOfRamFaultsAtTheMissingHalf) {
    Guest guest;
    guest.put_halves(Guest::kRamEnd - 2, {0x0513});  // the first half of an addi
    guest.go_to(Guest::kRamEnd - 2);
    expect_trapping_step(guest, Cause::instruction_access_fault, Guest::kRamEnd);

    Guest compressed;
    compressed.put_halves(Guest::kRamEnd - 2, {0x4515});
    compressed.go_to(Guest::kRamEnd - 2);
    expect_retiring_step(compressed);
    EXPECT_EQ(compressed.x(a0), 5u);
    expect_trapping_step(compressed, Cause::instruction_access_fault, Guest::kRamEnd);
}

TEST(Fetch, WhereNoMemoryIsFaults) {
    for (const std::uint64_t at :
         {std::uint64_t{0}, Guest::kRamEnd, memory_map::kUart.base.value, memory_map::kAclint.base.value,
          ~std::uint64_t{1}, memory_map::kMaskRom.base.value - 2}) {
        Guest guest;
        guest.go_to(at);
        expect_trapping_step(guest, Cause::instruction_access_fault, at);
    }
}

/// The reset vector, on harts of either width.
TEST(Fetch, RomIsExecutable) {
    for (const unsigned xlen : {64u, 32u}) {
        Guest guest(Guest::board_options(10, xlen), {});
        guest.go_to(memory_map::kMaskRom.base.value);
        guest.run(6);
        EXPECT_EQ(guest.pc(), Guest::kCode);
    }
}

/// Addresses of RV32 end at 32 bits: code that runs over the end goes on at 0, and so does a fetch.
TEST(Fetch, AddressesOfRv32WrapAround) {
    Guest guest(Guest::board_options(10, 32), {jalr(zero, a0, 4)});
    guest.set(a0, 0xffff'fffc);
    guest.run(1);
    EXPECT_EQ(guest.pc(), 0u);
    Guest branches(Guest::board_options(10, 32), {branch(Opcode::beq, zero, zero, -4096), jal(ra, 0)});
    branches.run(1);
    EXPECT_EQ(branches.pc(), Guest::kCode - 4096);
    Guest links(Guest::board_options(10, 32), {jalr(ra, a0, 1)});
    links.set(a0, 0x7fff'ffff);
    links.run(1);
    EXPECT_EQ(links.pc(), 0x8000'0000u);
    EXPECT_EQ(links.x(ra), 0x8000'0004u) << "registers hold 32 bits, not sign-extended ones";
}

/// The jump itself retires; the fault is the target's, and belongs to it.
TEST(Fetch, AJumpToNowhereFaultsThere) {
    Guest guest{jalr(ra, a0, 1)};
    guest.set(a0, 0x4000'0000);
    expect_retiring_step(guest);
    EXPECT_EQ(guest.pc(), 0x4000'0000u) << "bit 0 of the target is cleared";
    EXPECT_EQ(guest.x(ra), Guest::kCode + 4);
    expect_trapping_step(guest, Cause::instruction_access_fault, 0x4000'0000);
}

/// With the C extension no jump can be misaligned.
TEST(Fetch, EveryEvenAddressIsAligned) {
    Guest guest{jal(zero, 6)};
    guest.put_halves(Guest::kCode + 6, {0x4515});
    guest.run(2);
    EXPECT_EQ(guest.x(a0), 5u);
    Guest odd{jalr(zero, a0, 0)};
    odd.put_halves(Guest::kCode + 6, {0x4515});
    odd.set(a0, Guest::kCode + 7);
    odd.run(2);
    EXPECT_EQ(odd.x(a0), 5u);
}

/// The same bytes mean other instructions when entered in the middle.
TEST(Fetch, AnInstructionMayBeEnteredInItsMiddle) {
    Guest guest;
    // lui a0, 0x45150: its upper half is c.li a0, 5
    guest.put(Guest::kCode, {encode(Opcode::lui, {a0, 0, 0, 0x4515'0000}), jal(zero, -2)});
    guest.run(1);
    EXPECT_EQ(guest.x(a0), 0x4515'0000u);
    guest.run(2);
    EXPECT_EQ(guest.x(a0), 5u);
    EXPECT_EQ(guest.pc(), Guest::kCode + 4);
}

TEST(Fetch, CodeIsNotReadFromTheZeroPage) {
    Guest guest;
    guest.go_to(Guest::kData);  // never written: zeros, which are illegal
    expect_trapping_step(guest, Cause::illegal_instruction, 0);
}

// ---- running ------------------------------------------------------------------------------------

/// Straight code, longer than any block, over several pages, cut at every position.
TEST(Run, StraightCodeIsCountedExactlyWhereverItIsCut) {
    Guest guest;
    constexpr std::uint64_t kLength = 1400;  // instructions: more than a page
    for (std::uint64_t i = 0; i < kLength; ++i) guest.put(Guest::kCode + 4 * i, {addi(a0, a0, 1)});
    const auto start = guest.machine().save();
    auto& machine = guest.machine();
    for (std::uint64_t cut = 1; cut < kLength; cut += cut < 300 ? 1 : 37) {
        machine.load(start);
        RunOptions run;
        for (run.until = StepCount{cut}; run.until.value <= kLength; run.until += StepCount{cut}) {
            ASSERT_EQ(machine.run(run), RunEnd::reached);
            ASSERT_EQ(machine.now(), run.until);
            ASSERT_EQ(machine.read_register(HartId{0}, RegisterId{a0}), run.until.value);
            ASSERT_EQ(machine.context(HartId{0}).pc.value, Guest::kCode + 4 * run.until.value);
            ASSERT_EQ(machine.board().harts[0].minstret, run.until.value);
        }
    }
    guest.edit([](Hart&) {});  // all machines where the guest is
    guest.run(300);
    EXPECT_EQ(guest.x(a0), 300u);
}

TEST(Run, StopsInTheMiddleOfALoopExactly) {
    Guest guest{addi(a0, a0, 1), addi(a1, a1, 1), addi(a2, a2, 1), jal(zero, -12)};
    const auto start = guest.machine().save();
    auto& machine = guest.machine();
    for (std::uint64_t until = 1; until < 40; ++until) {
        machine.load(start);
        RunOptions run;
        run.until = StepCount{until};
        ASSERT_EQ(machine.run(run), RunEnd::reached);
        EXPECT_EQ(machine.context(HartId{0}).pc.value, Guest::kCode + 4 * (until % 4));
        EXPECT_EQ(machine.read_register(HartId{0}, RegisterId{a0}), (until + 3) / 4);
        EXPECT_EQ(machine.read_register(HartId{0}, RegisterId{a2}), (until + 1) / 4);
    }
}

TEST(Run, ToWhereTheMachineAlreadyIsDoesNothing) {
    Guest guest{addi(a0, a0, 1)};
    RunOptions run;
    run.until = StepCount{0};
    EXPECT_EQ(guest.machine().run(run), RunEnd::reached);
    EXPECT_EQ(guest.machine().now(), StepCount{0});
}

/// A fault in the middle of a block gives back what was paid for the rest of it.
TEST(Run, AFaultInTheMiddleOfABlockIsCountedExactly) {
    Guest guest{addi(a0, a0, 1), addi(a0, a0, 1), load(Opcode::ld, a1, 0, zero), addi(a0, a0, 1),
                addi(a0, a0, 1)};
    guest.put(Guest::kHandler, {addi(a2, zero, 1)});
    guest.run(4);
    EXPECT_EQ(guest.x(a0), 2u);
    EXPECT_EQ(guest.x(a2), 1u);
    EXPECT_EQ(guest.hart().mepc, Guest::kCode + 8);
    EXPECT_EQ(guest.hart().mcycle, 4u);
    EXPECT_EQ(guest.hart().minstret, 3u);
}

TEST(Run, ALoopOverAPageBorderGoesOn) {
    Guest guest;
    guest.put(kBorder - 8, {addi(a0, a0, 1), addi(a1, a1, 1), addi(a2, a2, 1), jal(zero, -12)});
    guest.go_to(kBorder - 8);
    guest.run(400);
    EXPECT_EQ(guest.x(a0), 100u);
    EXPECT_EQ(guest.x(a2), 100u);
}

TEST(Run, AJumpOntoItselfCounts) {
    Guest guest{jal(zero, 0)};
    guest.run(1000);
    EXPECT_EQ(guest.pc(), Guest::kCode);
    EXPECT_EQ(guest.hart().minstret, 1000u);
}

/// More targets than the cache of jumps has places, and some that share one.
TEST(Run, ManyJumpTargetsThatShareAPlace) {
    Guest guest;
    // Each page's first instruction jumps to the next page's; the last back to the first.
    constexpr std::uint64_t kPages = 16;
    for (std::uint64_t i = 0; i < kPages; ++i) {
        const auto to_next = i + 1 < kPages ? 8192 : -8192 * static_cast<std::int64_t>(kPages - 1);
        guest.put(Guest::kCode + 8192 * i, {addi(a0, a0, 1), jal(zero, to_next - 4)});
    }
    guest.run(std::uint64_t{20} * 2 * kPages);
    EXPECT_EQ(guest.x(a0), 20 * kPages);
    EXPECT_EQ(guest.pc(), Guest::kCode);
}

// ---- stop points --------------------------------------------------------------------------------

class Stops : public Observer {
  public:
    Verdict on_hit(const Hit& hit) override {
        hits.push_back(hit);
        return Verdict::stop;
    }
    std::vector<Hit> hits;
};

TEST(Run, AnExecuteStopHoldsBeforeTheAttempt) {
    Guest guest{addi(a0, a0, 1), addi(a0, a0, 1), addi(a0, a0, 1)};
    auto& machine = guest.machine();
    const std::vector<StopPoint> points{{StopKind::execute, VirtualAddress{Guest::kCode + 4}, 1}};
    machine.set_stop_points(points);
    Stops stops;
    RunOptions run;
    run.until = StepCount{3};
    ASSERT_EQ(machine.run(run, &stops), RunEnd::stopped);
    EXPECT_EQ(machine.now(), StepCount{1});
    EXPECT_EQ(machine.read_register(HartId{0}, RegisterId{a0}), 1u);
    const Hit expected{StopKind::execute, VirtualAddress{Guest::kCode + 4}, StepCount{1}, HartId{0}, false};
    EXPECT_EQ(stops.hits, std::vector{expected});
    ASSERT_EQ(machine.run(run), RunEnd::reached) << "without an observer nothing is armed";
}

TEST(Run, AnExecuteStopWhereNothingCanBeFetchedHoldsToo) {
    Guest guest{jalr(zero, a0, 0)};
    guest.set(a0, 0x4000'0000);
    auto& machine = guest.machine();
    const std::vector<StopPoint> points{{StopKind::execute, VirtualAddress{0x4000'0000}, 1}};
    machine.set_stop_points(points);
    Stops stops;
    RunOptions run;
    run.until = StepCount{5};
    ASSERT_EQ(machine.run(run, &stops), RunEnd::stopped);
    EXPECT_EQ(machine.now(), StepCount{1});
}

/// Waking is part of the step that is not made.
TEST(Run, AHartThatIsStoppedBeforeItWakesStillWaits) {
    Guest guest{op(Opcode::wfi), addi(a0, a0, 1)};
    set_timer(guest, 5);
    enable(guest, {Interrupt::machine_timer}, false);
    guest.run(2);  // waits, and the clock has jumped
    auto& machine = guest.machine();
    const auto before = machine.save();
    const std::vector<StopPoint> points{{StopKind::execute, VirtualAddress{Guest::kCode + 4}, 1}};
    machine.set_stop_points(points);
    Stops stops;
    RunOptions run;
    run.until = StepCount{3};
    ASSERT_EQ(machine.run(run, &stops), RunEnd::stopped);
    EXPECT_TRUE(machine.is_waiting(HartId{0}));
    EXPECT_EQ(machine.save().fields, before.fields);
    ASSERT_EQ(machine.run(run), RunEnd::reached);
    EXPECT_FALSE(machine.is_waiting(HartId{0}));
}

TEST(Run, AHitAtTheEndOfARunBelongsToTheNextRun) {
    Guest guest{addi(a0, a0, 1), addi(a0, a0, 1), addi(a0, a0, 1)};
    auto& machine = guest.machine();
    const std::vector<StopPoint> points{{StopKind::execute, VirtualAddress{Guest::kCode + 4}, 1}};
    machine.set_stop_points(points);
    Stops stops;
    RunOptions run;
    run.until = StepCount{1};
    ASSERT_EQ(machine.run(run, &stops), RunEnd::reached);
    EXPECT_TRUE(stops.hits.empty());
    run.until = StepCount{2};
    ASSERT_EQ(machine.run(run, &stops), RunEnd::stopped);
    EXPECT_EQ(machine.now(), StepCount{1});
}

/// A watched access stops before it happens, also in devices and across pages, and tells whether it changes
/// anything.
TEST(Run, DataStopsHoldBeforeTheAccess) {
    struct Case {
        Word word;
        StopKind kind;
        std::uint64_t address, watched, length;
        bool hits, changes;
    };
    const auto kUart = memory_map::kUart.base.value;
    for (const auto& [word, kind, address, watched, length, hits, changes] : std::initializer_list<Case>{
             {store(Opcode::sd, a1, 0, a0), StopKind::write, Guest::kData, Guest::kData + 7, 1, true, false},
             {store(Opcode::sd, a1, 0, a0), StopKind::write, Guest::kData, Guest::kData, 1, true, true},
             {store(Opcode::sd, a1, 0, a0), StopKind::write, Guest::kData, Guest::kData + 8, 8, false, false},
             {store(Opcode::sd, zero, 0, a0), StopKind::write, Guest::kData, Guest::kData, 8, true, false},
             {store(Opcode::sd, a1, 0, a0), StopKind::read, Guest::kData, Guest::kData, 8, false, false},
             {store(Opcode::sd, a1, 0, a0), StopKind::access, Guest::kData, Guest::kData, 8, true, true},
             {store(Opcode::sd, a1, 0, a0), StopKind::write, kBorder - 4, kBorder - 1, 1, true, false},
             {store(Opcode::sd, a1, 0, a0), StopKind::write, kBorder - 1, kBorder, 1, true, false},
             {load(Opcode::ld, a2, 0, a0), StopKind::read, Guest::kData, Guest::kData + 7, 1, true, false},
             {load(Opcode::ld, a2, 0, a0), StopKind::write, Guest::kData, Guest::kData, 8, false, false},
             {load(Opcode::ld, a2, 0, a0), StopKind::read, kBorder - 1, kBorder, 1, true, false},
             {atomic(Opcode::amoadd_w, a2, a1, a0), StopKind::read, Guest::kData, Guest::kData, 4, true,
              true},
             {atomic(Opcode::amoadd_w, a2, a1, a0), StopKind::write, Guest::kData, Guest::kData, 4, true,
              true},
             {atomic(Opcode::amoadd_w, a2, zero, a0), StopKind::write, Guest::kData, Guest::kData, 4, true,
              false},
             {atomic(Opcode::lr_w, a2, zero, a0), StopKind::read, Guest::kData, Guest::kData, 4, true, false},
             {atomic(Opcode::sc_w, a2, a1, a0), StopKind::write, Guest::kData, Guest::kData, 4, false, false},
             {store(Opcode::sb, a1, 0, a0), StopKind::write, kUart + 7, kUart + 7, 1, true, true},
             {load(Opcode::lbu, a2, 0, a0), StopKind::read, kUart + 5, kUart, 8, true, false}}) {
        SCOPED_TRACE(::testing::Message() << std::hex << word << " at " << address << " watched " << watched);
        Guest guest{word};
        guest.set(a0, address);
        guest.set(a1, 5);
        auto& machine = guest.machine();
        const auto before = machine.save();
        const std::vector<StopPoint> points{{kind, VirtualAddress{watched}, length}};
        machine.set_stop_points(points);
        Stops stops;
        RunOptions run;
        run.until = StepCount{1};
        EXPECT_EQ(machine.run(run, &stops), hits ? RunEnd::stopped : RunEnd::reached);
        ASSERT_EQ(stops.hits.size(), hits ? 1u : 0u);
        if (!hits) continue;
        EXPECT_EQ(stops.hits[0].changes_value, changes);
        EXPECT_EQ(stops.hits[0].address.value, watched);
        EXPECT_EQ(machine.save().fields, before.fields) << "nothing of the step has happened";
    }
}

}  // namespace
}  // namespace backspin::emu
