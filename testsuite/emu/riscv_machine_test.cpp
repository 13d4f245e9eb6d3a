// The machine as a whole: what power-on finds, how it ends, what a debugger sees and may do.
#include "emu/riscv_machine.hpp"

#include <gtest/gtest.h>
#include <libfdt.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <string>

#include "emu/input.hpp"
#include "testsuite/emu/guest.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr std::uint64_t kRam = memory_map::kRamBase.value;
constexpr std::uint64_t kUart = memory_map::kUart.base.value;
constexpr std::uint64_t kAclint = memory_map::kAclint.base.value;
constexpr std::uint64_t kFinisher = memory_map::kFinisher.base.value;
constexpr HartId kHart{0};

MachineOptions small() {
    MachineOptions options;
    options.ram_bytes = 1 << 20;
    return options;
}

/// A program as an image, which views the words that this holds.
class Program {
  public:
    Program(std::initializer_list<Word> words, std::uint64_t at = kRam) : words_(words) {
        const auto bytes = std::as_bytes(std::span(words_));
        image.segments.push_back({PhysicalAddress{at}, bytes, bytes.size()});
        image.entry = PhysicalAddress{at};
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    std::span<const Image> images() const { return {&image, 1}; }
    Image image;

  private:
    std::vector<Word> words_;
};

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
    RiscvMachine machine(small(), program.images(), program.image.entry);
    EXPECT_EQ(machine.now(), StepCount{0});
    EXPECT_EQ(machine.time(), VirtualTime{0});
    EXPECT_EQ(machine.context(kHart).pc.value, 0x1000u);
    EXPECT_EQ(machine.context(kHart).privilege, 3);
    for (unsigned x = 0; x < 32; ++x) EXPECT_EQ(reg(machine, x), 0u);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(machine.step());
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

TEST(Reset, StateAtResetIsTheManuals) {
    RiscvMachine machine(small(), {}, PhysicalAddress{kRam});
    const auto csr = [&](std::uint32_t number) {
        return machine.read_register(kHart, RegisterId{65 + number});
    };
    EXPECT_EQ(csr(0x300), mstatus::kUxl64) << "MIE and MPRV are 0";
    EXPECT_EQ(csr(0x342), 0u) << "mcause";
    EXPECT_EQ(csr(0x304), 0u);
    EXPECT_EQ(csr(0x344), 0u);
    EXPECT_EQ(csr(0xb00), 0u);
}

TEST(Reset, OptionsOutOfRangeAreRefused) {
    const auto refused = [](std::uint64_t ram, std::uint64_t ns) {
        MachineOptions options;
        options.ram_bytes = ram;
        options.ns_per_step = ns;
        try {
            const RiscvMachine machine(options, {}, PhysicalAddress{kRam});
        } catch (const std::invalid_argument&) {
            return true;
        }
        return false;
    };
    EXPECT_FALSE(refused(1 << 20, 1));
    EXPECT_FALSE(refused(1 << 20, 1'000'000));
    EXPECT_TRUE(refused(1 << 20, 0));
    EXPECT_TRUE(refused(1 << 20, 1'000'001));
    EXPECT_TRUE(refused(1 << 20, ~std::uint64_t{0}));
    EXPECT_TRUE(refused(0, 10));
    EXPECT_TRUE(refused((1 << 20) - 4096, 10));
    EXPECT_TRUE(refused((1 << 20) + 1, 10)) << "not whole pages";
    EXPECT_TRUE(refused((std::uint64_t{1} << 40) + 4096, 10));
    EXPECT_TRUE(refused(~std::uint64_t{0} << 12, 10));
}

TEST(Reset, ImagesThatDoNotFitAreRefused) {
    const auto load = [](const Program& program) {
        RiscvMachine(small(), program.images(), program.image.entry);
    };
    EXPECT_NO_THROW(load(Program({nop()}, kRam + (1 << 20) - 4)));
    EXPECT_THROW(load(Program({nop(), nop()}, kRam + (1 << 20) - 4)), LoadError);
    EXPECT_THROW(load(Program({nop()}, kRam - 4)), LoadError);
    EXPECT_THROW(load(Program({nop()}, 0x4000'0000)), LoadError);
    Program narrow{nop()};
    narrow.image.xlen = 32;
    EXPECT_THROW(load(narrow), LoadError);
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
    RiscvMachine machine(options, {}, PhysicalAddress{kRam + options.ram_bytes - 4096});
    const std::vector<StopPoint> points{{StopKind::execute, VirtualAddress{kRam}, 1}};
    machine.set_stop_points(points);
    for (int i = 0; i < 6; ++i) ASSERT_TRUE(machine.step());
    const auto state = machine.save();
    EXPECT_LT(resident() - before, std::size_t{128} << 20);
}

// ---- the ends of a run --------------------------------------------------------------------------

TEST(PowerOff, EndsTheRunAfterItsStep) {
    Guest guest{store(Opcode::sw, a1, 0, a0), addi(a2, zero, 1)};
    guest.set(a0, kFinisher);
    guest.set(a1, 0x5555);
    guest.run(1);
    EXPECT_TRUE(guest.board().powered_off());
    EXPECT_FALSE(guest.step());
    auto& machine = guest.machine();
    EXPECT_EQ(machine.run(RunOptions{}), RunEnd::powered_off);
    EXPECT_EQ(machine.room_for_input(kConsoleChannel), 0u) << "nobody is there to read it";
    EXPECT_EQ(machine.now(), StepCount{1});
    EXPECT_EQ(reg(machine, a2), 0u);
    ASSERT_TRUE(machine.power_request());
    RunOptions reached;
    reached.until = StepCount{1};
    EXPECT_EQ(machine.run(reached), RunEnd::reached) << "where it already is";
}

/// Even what is due or pending does not happen any more.
TEST(PowerOff, NothingHappensAfterwards) {
    Guest guest{store(Opcode::sw, a1, 0, a0)};
    guest.set(a0, kFinisher);
    guest.set(a1, 0x5555);
    guest.edit_board([](Board& board) {
        board.aclint.write(0, AccessSize::word, 1, board.device_context());
        board.harts.front().mie = bit(Interrupt::machine_software);
        board.harts.front().privilege = Privilege::machine;
    });
    guest.run(1);
    guest.edit([](Hart& hart) { hart.mstatus |= mstatus::kMie; });
    EXPECT_FALSE(guest.step());
    // A debugger still may write: an input is a step, and nothing else moves.
    guest.apply(RegisterWrite{kHart, RegisterId{a2}, 5});
    EXPECT_EQ(guest.x(a2), 5u);
    EXPECT_EQ(guest.now(), StepCount{2});
    EXPECT_FALSE(guest.step());
}

/// A guest may ask for any deadline, up to the end of 64 bits; the run still ends where it should.
TEST(Deadlines, AreReachedExactlyHoweverFarTheGuestPutsThem) {
    for (const std::uint64_t ns : {1u, 10u, 1'000'000u}) {
        for (const std::uint64_t ticks : {~std::uint64_t{0}, ~std::uint64_t{0} / 100, ~std::uint64_t{0} / 200,
                                          (std::uint64_t{1} << 62) / 100, std::uint64_t{1000}}) {
            Guest guest({store(Opcode::sd, a1, 0, a0), op(Opcode::wfi), addi(a2, a2, 1), jal(zero, -4)}, ns);
            guest.set(a0, kAclint + Aclint::kMtimecmpOffset);
            guest.set(a1, ticks);
            guest.edit([](Hart& hart) { hart.mie = bit(Interrupt::machine_timer); });
            guest.run(2);
            if (!guest.machine().idle_deadline()) continue;  // too far away: asleep
            EXPECT_LE(ticks, (std::uint64_t{1} << 62) / 100);
            guest.run(500);
            EXPECT_EQ(guest.x(a2), 250u);
        }
    }
}

// ---- output -------------------------------------------------------------------------------------

TEST(Output, IsShownOnlyWhenTheRunSaysSo) {
    const Program program{store(Opcode::sb, a1, 0, a0), addi(a1, a1, 1), jal(zero, -8)};
    RiscvMachine machine(small(), program.images(), program.image.entry);
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
    std::vector<std::byte> pages(3 * 4096);
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
    for (std::uint32_t which = 33; which < 65; ++which) {
        EXPECT_EQ(machine.read_register(kHart, RegisterId{which}), std::nullopt) << "no floating point";
    }
    EXPECT_EQ(machine.read_register(kHart, RegisterId{65 + 0x305}), Guest::kHandler);
    EXPECT_EQ(machine.read_register(kHart, RegisterId{65 + 0x180}), std::nullopt) << "no satp";
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
    write(65 + 0x180, 1);  // not there
    write(65 + 4096, 1);   // no such privilege
    EXPECT_EQ(guest.hart().privilege, Privilege::machine);
    write(65 + 4096, 0);
    EXPECT_EQ(guest.hart().privilege, Privilege::user);
    write(65 + 0xb00, 1000);
    EXPECT_EQ(guest.hart().mcycle, 1000u);
    write(~0u, 1);
    guest.apply(RegisterWrite{HartId{7}, RegisterId{10}, 1});
    EXPECT_EQ(guest.x(a0), 5u);
    EXPECT_EQ(guest.now(), StepCount{11});
    EXPECT_EQ(guest.hart().minstret, 0u);
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
    RiscvMachine larger(
        [] {
            auto options = small();
            options.ram_bytes *= 2;
            return options;
        }(),
        {}, PhysicalAddress{kRam});
    EXPECT_THROW(machine.load(larger.save()), BadState);
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
        Board board(Guest::kNsPerStep);
        auto state = machine.save();
        board.load(state);
        board.harts.front().reservation = PhysicalAddress{reservation};
        board.save(state);
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
