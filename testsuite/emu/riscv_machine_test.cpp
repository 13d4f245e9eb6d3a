// The machine as a whole: what power-on finds, what it prints, what a debugger sees and may do.
#include "emu/riscv_machine.hpp"

#include <gtest/gtest.h>
#include <libfdt.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <string>

#include "emu/input.hpp"
#include "testsuite/emu/guest.hpp"
#include "testsuite/emu/small_machine.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr std::uint64_t kRam = memory_map::kRamBase.value;
constexpr std::uint64_t kUart = memory_map::kUart.base.value;
constexpr std::uint64_t kAclint = memory_map::kAclint.base.value;
constexpr std::uint64_t kFinisher = memory_map::kFinisher.base.value;
constexpr HartId kHart{0};

std::uint64_t reg(const RiscvMachine& machine, unsigned x) {
    return *machine.read_register(kHart, RegisterId{x});
}

/// Collects what the guest prints.
class Printed : public OutputSink {
  public:
    void output(Channel channel, std::span<const std::byte> bytes) override {
        EXPECT_EQ(channel, kConsoleChannel);
        for (const auto byte : bytes) text += static_cast<char>(byte);
    }
    std::string text;
};

// ---- power-on -----------------------------------------------------------------------------------

TEST(Reset, LeadsToTheEntryWithHartAndDeviceTree) {
    const Program program({nop()}, kRam + 0x100);
    RiscvMachine machine(small(), program.files());
    EXPECT_EQ(machine.now(), StepCount{0});
    EXPECT_EQ(machine.time(), VirtualTime{0});
    EXPECT_EQ(machine.context(kHart).pc.value, 0x1000u);
    EXPECT_EQ(machine.context(kHart).privilege, 3);
    for (unsigned x = 0; x < 32; ++x) EXPECT_EQ(reg(machine, x), 0u);
    for (int i = 0; i < 6; ++i) ASSERT_TRUE(machine.step());
    EXPECT_EQ(machine.context(kHart).pc.value, kRam + 0x100);
    EXPECT_EQ(reg(machine, a0), 0u) << "mhartid";

    // A kernel finds the tree by a1.
    std::array<std::byte, 8> head{};
    ASSERT_EQ(machine.read_memory(kHart, VirtualAddress{reg(machine, a1)}, head), head.size());
    std::vector<std::byte> tree(fdt32_ld(reinterpret_cast<const fdt32_t*>(head.data() + 4)));
    ASSERT_EQ(machine.read_memory(kHart, VirtualAddress{reg(machine, a1)}, tree), tree.size());
    EXPECT_EQ(fdt_check_full(tree.data(), tree.size()), 0);
    const auto node = fdt_path_offset(tree.data(), "/memory@80000000");
    ASSERT_GE(node, 0);
    int length = 0;
    const auto* cells = static_cast<const fdt64_t*>(fdt_getprop(tree.data(), node, "reg", &length));
    ASSERT_EQ(length, 16);
    EXPECT_EQ(fdt64_ld(cells), kRam);
    EXPECT_EQ(fdt64_ld(cells + 1), small().ram_bytes);
}

/// Every hart starts in the reset vector and learns its own number there.
TEST(Reset, EveryHartStartsInTheProgram) {
    const Program program{jal(zero, 0)};
    auto options = small();
    options.board.harts = 4;
    options.board.quantum = 3;
    RiscvMachine machine(options, program.files());
    ASSERT_EQ(machine.harts(), 4u);
    EXPECT_EQ(machine.current_hart(), HartId{0});
    for (std::uint32_t hart = 0; hart < 4; ++hart) EXPECT_EQ(machine.context(HartId{hart}).pc.value, 0x1000u);
    RunOptions run;
    run.until = StepCount{36};
    ASSERT_EQ(machine.run(run), RunEnd::reached);
    const auto tree = *machine.read_register(HartId{0}, RegisterId{a1});
    for (std::uint32_t hart = 0; hart < 4; ++hart) {
        EXPECT_EQ(machine.context(HartId{hart}).pc.value, kRam);
        EXPECT_EQ(*machine.read_register(HartId{hart}, RegisterId{a0}), hart);
        EXPECT_EQ(*machine.read_register(HartId{hart}, RegisterId{a1}), tree);
    }
}

/// "MIE and MPRV are reset to 0 ... the A and L fields of the pmpcfg registers ... are zero"; and nothing is
/// translated, delegated or enabled.
TEST(Reset, StateAtResetIsTheManuals) {
    const Program program{nop()};
    const RiscvMachine machine(small(), program.files());
    const auto csr = [&](std::uint32_t number) {
        return machine.read_register(kHart, RegisterId{65 + number});
    };
    EXPECT_EQ(csr(0x300), 0xa'0000'0000u) << "all zero but for the widths of S and U mode";
    for (const std::uint32_t number : {0x342, 0x304, 0x344, 0xb00, 0xb02, 0x302, 0x303, 0x180, 0x30a, 0x306,
                                       0x320, 0x3a0, 0x3a2, 0x3b0, 0x003, 0x10a}) {
        EXPECT_EQ(csr(number), 0u) << std::hex << number;
    }
    EXPECT_EQ(csr(0x14d), ~std::uint64_t{0}) << "stimecmp is silent until it is set";
}

TEST(Reset, OptionsOutOfRangeAreRefused) {
    const Program program{nop()};
    const auto refused = [&](std::uint64_t ram, std::uint64_t ns, std::size_t harts = 1) {
        MachineOptions options;
        options.ram_bytes = ram;
        options.board.ns_per_step = ns;
        options.board.harts = harts;
        try {
            const RiscvMachine machine(options, program.files());
        } catch (const std::invalid_argument&) {
            return true;
        }
        return false;
    };
    EXPECT_FALSE(refused(1 << 20, 1));
    EXPECT_FALSE(refused(1 << 20, 10'000, 8));
    EXPECT_TRUE(refused(1 << 20, 0));
    EXPECT_TRUE(refused(1 << 20, 10'001));
    EXPECT_TRUE(refused(1 << 20, ~std::uint64_t{0}));
    EXPECT_TRUE(refused(1 << 20, 10, 0));
    EXPECT_TRUE(refused(1 << 20, 10, 9));
    EXPECT_TRUE(refused(0, 10));
    EXPECT_TRUE(refused((1 << 20) - 4096, 10));
    EXPECT_TRUE(refused((1 << 20) + 1, 10)) << "not whole pages";
    EXPECT_TRUE(refused((std::uint64_t{1} << 40) + 4096, 10));
    EXPECT_TRUE(refused(~std::uint64_t{0} << 12, 10));
}

TEST(Reset, FilesThatDoNotFitAreRefused) {
    const auto load = [](const Program& program) { RiscvMachine(small(), program.files()); };
    EXPECT_NO_THROW(load(Program({nop()}, kRam + (1 << 20) - 4)));
    EXPECT_THROW(load(Program({nop(), nop()}, kRam + (1 << 20) - 4)), LoadError);
    EXPECT_THROW(load(Program({nop()}, kRam - 4)), LoadError);
    EXPECT_THROW(load(Program({nop()}, 0x4000'0000)), LoadError);
    EXPECT_THROW(RiscvMachine(small(), BootFiles{}), LoadError) << "nothing to run";
    auto narrow = small();
    narrow.board.isa = Isa(32);
    const Program wide{nop()};
    EXPECT_THROW(RiscvMachine(narrow, wide.files()), LoadError);
}

/// RAM costs only what is written and run, with breakpoints, too.
TEST(Reset, MuchRamCostsLittle) {
    const auto resident = [] {
        std::size_t size = 0, pages = 0;
        std::ifstream("/proc/self/statm") >> size >> pages;
        return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    };
    const auto before = resident();
    ASSERT_GT(before, 0u);
    MachineOptions options;
    options.ram_bytes = std::uint64_t{1} << 40;
    const Program program({jal(zero, 0)}, kRam + options.ram_bytes - 4096);
    RiscvMachine machine(options, program.files());
    const std::vector<StopPoint> points{{StopKind::execute, VirtualAddress{kRam}, 1}};
    machine.set_stop_points(points);
    for (int i = 0; i < 9; ++i) ASSERT_TRUE(machine.step());
    const auto state = machine.save();
    EXPECT_LT(resident() - before, std::size_t{128} << 20);
}

// ---- output -------------------------------------------------------------------------------------

TEST(Output, IsShownOnlyWhenTheRunSaysSo) {
    const Program program{store(Opcode::sb, a1, 0, a0), addi(a1, a1, 1), jal(zero, -8)};
    RiscvMachine machine(small(), program.files());
    machine.apply(RegisterWrite{kHart, kPcRegister, kRam});
    machine.apply(RegisterWrite{kHart, RegisterId{a0}, kUart});
    machine.apply(RegisterWrite{kHart, RegisterId{a1}, 'a'});
    Printed printed;
    machine.set_output(&printed);
    RunOptions run;
    run.until = StepCount{3 + 6};
    run.show_output = true;
    machine.run(run);
    EXPECT_EQ(printed.text, "ab");
    run.until = StepCount{3 + 12};
    run.show_output = false;
    machine.run(run);
    EXPECT_EQ(printed.text, "ab");
    machine.step(true);
    EXPECT_EQ(printed.text, "abe");
    machine.step();
    machine.step();
    machine.step();
    EXPECT_EQ(printed.text, "abe") << "the f was printed in silence";
    machine.set_output(nullptr);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(machine.step(true));
}

// ---- for a debugger -----------------------------------------------------------------------------

TEST(DebuggerReads, HaveNoSideEffects) {
    Guest guest{jal(zero, 0)};
    guest.apply(DeviceInput{kConsoleChannel, {std::byte{'x'}}});
    auto& machine = guest.machine();
    const auto before = machine.save();
    for (int round = 0; round < 2; ++round) {
        for (std::uint64_t at = kUart; at < kUart + 8; ++at) {
            std::array<std::byte, 1> byte{};
            ASSERT_EQ(machine.read_memory(kHart, VirtualAddress{at}, byte), 1u);
            if (at == kUart) {
                EXPECT_EQ(byte[0], std::byte{'x'});
            }
        }
        std::array<std::byte, 16> both{};
        EXPECT_EQ(machine.read_memory(kHart, VirtualAddress{kAclint + 0x4000}, both), 16u);
        EXPECT_EQ(machine.read_memory(kHart, VirtualAddress{kFinisher}, both), 16u);
        for (std::uint32_t which = 0; which < 65 + 4097; ++which)
            machine.read_register(kHart, RegisterId{which});
        EXPECT_EQ(machine.room_for_input(kConsoleChannel), 0u);
    }
    EXPECT_EQ(machine.save().fields, before.fields);
    EXPECT_EQ(machine.save().pages.digest(), before.pages.digest());
}

TEST(DebuggerReads, GoAsFarAsThereIsSomething) {
    Guest guest;
    guest.put(Guest::kRamEnd - 8, std::uint64_t{0x0807060504030201});
    std::vector<std::byte> bytes(16);
    auto& machine = guest.machine();
    EXPECT_EQ(machine.read_memory(kHart, VirtualAddress{Guest::kRamEnd - 8}, bytes), 8u);
    EXPECT_EQ(bytes[7], std::byte{8});
    EXPECT_EQ(machine.read_memory(kHart, VirtualAddress{Guest::kRamEnd}, bytes), 0u);
    EXPECT_EQ(machine.read_memory(kHart, VirtualAddress{0}, bytes), 0u);
    EXPECT_EQ(machine.read_memory(kHart, VirtualAddress{~std::uint64_t{3}}, bytes), 0u);
    EXPECT_EQ(machine.read_memory(kHart, VirtualAddress{kRam}, {}), 0u);
    std::vector<std::byte> pages(12288);
    EXPECT_EQ(machine.read_memory(kHart, VirtualAddress{kRam + 100}, pages), pages.size());
    EXPECT_EQ(machine.read_memory(kHart, VirtualAddress{0x1000}, pages), pages.size()) << "ROM";
}

TEST(DebuggerReads, RegistersByGdbsNumbers) {
    Guest guest;
    guest.set(t6, 99);
    auto& machine = guest.machine();
    EXPECT_EQ(machine.read_register(kHart, RegisterId{0}), 0u);
    EXPECT_EQ(machine.read_register(kHart, RegisterId{31}), 99u);
    EXPECT_EQ(machine.read_register(kHart, RegisterId{32}), Guest::kCode);
    guest.edit([](Hart& hart) {
        for (std::uint32_t i = 0; i < 32; ++i) hart.f[i] = 1000 + i;
    });
    for (std::uint32_t i = 0; i < 32; ++i) {
        EXPECT_EQ(machine.read_register(kHart, RegisterId{33 + i}), 1000 + i) << "though it is switched off";
    }
    EXPECT_EQ(machine.read_register(kHart, RegisterId{65 + 0x305}), Guest::kHandler);
    EXPECT_EQ(machine.read_register(kHart, RegisterId{65 + 0x180}), 0u) << "satp";
    EXPECT_EQ(machine.read_register(kHart, RegisterId{65 + 0x200}), std::nullopt) << "no hypervisor";
    EXPECT_EQ(machine.read_register(kHart, RegisterId{65 + 4096}), 3u) << "the privilege";
    EXPECT_EQ(machine.read_register(kHart, RegisterId{65 + 4097}), std::nullopt);
    EXPECT_EQ(machine.read_register(kHart, RegisterId{~0u}), std::nullopt);
    EXPECT_EQ(machine.read_register(HartId{1}, RegisterId{1}), std::nullopt);
}

TEST(DebuggerWrites, AreStepsAndTakeOnlyWhatTheRegisterHolds) {
    Guest guest{nop()};
    const auto write = [&](std::uint32_t which, std::uint64_t value) {
        guest.apply(RegisterWrite{kHart, RegisterId{which}, value});
    };
    write(0, 5);
    EXPECT_EQ(guest.x(zero), 0u);
    write(10, 5);
    EXPECT_EQ(guest.x(a0), 5u);
    write(32, Guest::kCode + 9);
    EXPECT_EQ(guest.pc(), Guest::kCode + 8);
    write(65 + 0x305, ~std::uint64_t{0});
    EXPECT_EQ(guest.hart().mtvec, ~std::uint64_t{2});
    write(65 + 0xf14, 1);  // read-only
    write(65 + 0x200, 1);  // not there
    write(65 + 4096, 2);   // no such privilege
    EXPECT_EQ(guest.hart().privilege, Privilege::machine);
    for (const std::uint64_t privilege : {0u, 1u, 3u}) {
        write(65 + 4096, privilege);
        EXPECT_EQ(static_cast<std::uint64_t>(guest.hart().privilege), privilege);
    }
    write(65 + 0xb00, 1000);
    EXPECT_EQ(guest.hart().mcycle, 1000u);
    write(33 + 5, ~std::uint64_t{0});
    EXPECT_EQ(guest.hart().f[5], ~std::uint64_t{0});
    write(~0u, 1);
    guest.apply(RegisterWrite{HartId{7}, RegisterId{10}, 1});
    EXPECT_EQ(guest.x(a0), 5u);
    EXPECT_EQ(guest.now(), StepCount{14});
    EXPECT_EQ(guest.hart().minstret, 0u);
}

TEST(DebuggerWrites, RegistersOfRv32AreNarrow) {
    Guest guest(Guest::board_options(10, 32), {nop()});
    for (const std::uint32_t which : {10u, 32u, 65u + 0x305, 65u + 0x340, 65u + 0xb00}) {
        guest.apply(RegisterWrite{kHart, RegisterId{which}, 0x1234'5678'8000'0014});
        EXPECT_EQ(guest.machine().read_register(kHart, RegisterId{which}), 0x8000'0014u) << which;
    }
    guest.run(1);
}

TEST(DebuggerWrites, ReachRamAndRomWhollyOrNotAtAll) {
    Guest guest;
    const auto write = [&](std::uint64_t at, std::size_t length) {
        guest.apply(MemoryWrite{kHart, VirtualAddress{at}, std::vector<std::byte>(length, std::byte{7})});
    };
    auto& machine = guest.machine();
    EXPECT_TRUE(machine.can_write_memory(kHart, VirtualAddress{Guest::kRamEnd - 8}, 8));
    EXPECT_FALSE(machine.can_write_memory(kHart, VirtualAddress{Guest::kRamEnd - 8}, 9));
    EXPECT_TRUE(machine.can_write_memory(kHart, VirtualAddress{0x1000}, 0xf000));
    EXPECT_FALSE(machine.can_write_memory(kHart, VirtualAddress{kUart}, 1));
    EXPECT_FALSE(machine.can_write_memory(kHart, VirtualAddress{~std::uint64_t{0}}, 2));
    write(Guest::kRamEnd - 8, 8);
    EXPECT_EQ(guest.doubleword(Guest::kRamEnd - 8), 0x0707'0707'0707'0707u);
    write(Guest::kRamEnd - 16, 17);
    EXPECT_EQ(guest.doubleword(Guest::kRamEnd - 16), 0u);
    write(0xfff8, 8);
    EXPECT_EQ(guest.doubleword(0xfff8), 0x0707'0707'0707'0707u);
    write(kUart, 1);
    write(~std::uint64_t{0}, 8);
    EXPECT_EQ(guest.now(), StepCount{5}) << "each was a step";
}

TEST(DebuggerWrites, AWarpMovesTheClockAndNothingElse) {
    Guest guest{nop()};
    guest.apply(IdleWarp{VirtualTime{12345}});
    EXPECT_EQ(guest.board().time(), VirtualTime{12345 + Guest::kNsPerStep});
    for (int i = 0; i < 3; ++i) {
        const auto before = guest.board().time();
        guest.apply(IdleWarp{VirtualTime{~std::uint64_t{0}}});
        EXPECT_GT(guest.board().time(), before) << "the clock never goes back";
    }
    guest.run(1);
}

// ---- saved states -------------------------------------------------------------------------------

TEST(SavedStates, OfAnotherMachineAreRefused) {
    Guest guest{nop()};
    auto& machine = guest.machine();
    const auto good = machine.save();
    const Program program{nop()};
    auto options = small();
    options.ram_bytes *= 2;
    RiscvMachine larger(options, program.files());
    EXPECT_THROW(machine.load(larger.save()), BadState);
    options = small();
    options.board.harts = 2;
    RiscvMachine with_two_harts(options, program.files());
    EXPECT_THROW(machine.load(with_two_harts.save()), BadState);
    auto bad = good;
    bad.pages = PageRoot{};
    EXPECT_THROW(machine.load(bad), BadState);
    bad = good;
    bad.fields.pop_back();
    EXPECT_THROW(machine.load(bad), BadState);
    machine.load(good);
    EXPECT_TRUE(machine.step());
}

/// An lr works on RAM alone, so a reservation elsewhere cannot be; an sc that trusted it would write there.
TEST(SavedStates, WithAReservationOutsideRamAreRefused) {
    Guest guest;
    auto& machine = guest.machine();
    const auto load_with = [&](std::uint64_t reservation) {
        Board board(Guest::board_options());
        auto state = machine.save();
        board.load(state);
        board.harts.front().reservation = PhysicalAddress{reservation};
        board.save(state);
        state.trusted = false;
        machine.load(state);
    };
    EXPECT_NO_THROW(load_with(kRam));
    EXPECT_NO_THROW(load_with(Guest::kRamEnd - 4));
    for (const auto at : {kUart, std::uint64_t{0x1000}, Guest::kRamEnd, ~std::uint64_t{3}}) {
        EXPECT_THROW(load_with(at), BadState) << std::hex << at;
    }
}

TEST(SavedStates, LoadingCallsNoBehaviour) {
    Guest guest{jal(zero, 0)};
    auto& machine = guest.machine();
    guest.run(10);
    const auto state = machine.save();
    for (int i = 0; i < 3; ++i) {
        machine.load(state);
        const auto again = machine.save();
        EXPECT_EQ(again.fields, state.fields);
        EXPECT_EQ(again.ends, state.ends);
        EXPECT_EQ(again.at, state.at);
        EXPECT_EQ(again.pages, state.pages) << "not even a page is copied";
    }
}

}  // namespace
}  // namespace backspin::emu
