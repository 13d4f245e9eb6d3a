// A small program, run by the reference and by the machine at once. Tests look at the reference's state; the
// machine, stepping along, and a second machine that makes the same way in one run, must be in that state
// too.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "emu/reference.hpp"
#include "emu/riscv_machine.hpp"
#include "emu/trap.hpp"
#include "testsuite/emu/assembler.hpp"

namespace backspin::emu::testing {

/// Entry 0 of the protection lets S and U mode do everything everywhere. Without any entry they may do
/// nothing.
inline void open_protection(Hart& hart) {
    hart.pmp.write_address(0, ~std::uint64_t{0});
    hart.pmp.write_config(0, 0x1f);
}

class Guest {
  public:
    static constexpr std::uint64_t kCode = memory_map::kRamBase.value;
    static constexpr std::uint64_t kHandler = kCode + 0x4000;            ///< mtvec at the start
    static constexpr std::uint64_t kSupervisorHandler = kCode + 0x6000;  ///< stvec at the start
    static constexpr std::uint64_t kData = kCode + 0x8000;
    static constexpr std::uint64_t kRamBytes = 1 << 20;
    static constexpr std::uint64_t kRamEnd = kCode + kRamBytes;
    static constexpr std::uint64_t kNsPerStep = 10;

    /// The program is at kCode, and so is the pc of every hart. Protection is open, and nothing is
    /// translated.
    explicit Guest(std::initializer_list<Word> program = {}, std::uint64_t ns_per_step = kNsPerStep)
        : Guest(board_options(ns_per_step), program) {}
    Guest(const BoardOptions& options, std::initializer_list<Word> program)
        : board_(options),
          memory_(PageStore::create(), kRamBytes),
          stepping_(machine_options(options), files()),
          running_(machine_options(options), files()) {
        memory_.set_power_on(stepping_.save().pages);
        copy_rom();
        for (auto& hart : board_.harts) {
            hart.pc = kCode;
            hart.mtvec = kHandler;
            hart.stvec = kSupervisorHandler;
            open_protection(hart);
        }
        put(kCode, program);
    }

    // ---- setting the scene: the state that a test starts from, or goes on from ------------------

    void edit(const std::function<void(Hart&)>& change, std::size_t hart = 0) {
        change(board_.harts.at(hart));
        reload();
    }
    void edit_board(const std::function<void(Board&)>& change) {
        change(board_);
        reload();
    }
    void set(unsigned x, std::uint64_t value, std::size_t hart = 0) {
        edit([&](Hart& h) { h.write(x, value); }, hart);
    }
    void go_to(std::uint64_t pc, Privilege privilege = Privilege::machine, std::size_t hart = 0) {
        edit(
            [&](Hart& h) {
                h.pc = pc;
                h.privilege = privilege;
            },
            hart);
    }
    void put(std::uint64_t at, std::span<const std::byte> bytes) {
        ASSERT_TRUE(memory_.load(PhysicalAddress{at}, bytes));
        reload();
    }
    void put(std::uint64_t at, std::initializer_list<Word> words) {
        put(at, std::as_bytes(std::span(words.begin(), words.size())));
    }
    void put(std::uint64_t at, std::uint64_t doubleword) {
        put(at, std::as_bytes(std::span(&doubleword, 1)));
    }
    void put_halves(std::uint64_t at, std::initializer_list<std::uint16_t> halves) {
        put(at, std::as_bytes(std::span(halves.begin(), halves.size())));
    }

    // ---- moving ---------------------------------------------------------------------------------

    /// One step of all three; nothing if nobody can move.
    std::optional<StepInfo> step() {
        const auto info = reference::step(board_, memory_);
        const auto stepped = stepping_.step();
        EXPECT_EQ(info.has_value(), stepped.has_value());
        if (info && stepped) {
            EXPECT_EQ(info->kind, stepped->kind);
            EXPECT_EQ(info->hart, stepped->hart);
            EXPECT_EQ(info->returned_from_trap, stepped->returned_from_trap);
        }
        expect_same(stepping_, "stepping");
        return info;
    }

    /// `steps` steps: one by one, in one run, and once more from the middle with all that the engine has
    /// learnt since.
    void run(std::uint64_t steps) {
        auto middle = state();
        for (std::uint64_t i = 0; i < steps; ++i) {
            if (i == steps / 2) middle = state();
            ASSERT_TRUE(step()) << "nobody can move after " << i << " steps";
            if (::testing::Test::HasFatalFailure()) return;
        }
        RunOptions options;
        options.until = board_.steps;
        ASSERT_EQ(running_.run(options), RunEnd::reached);
        expect_same(running_, "running");
        running_.load(middle);
        ASSERT_EQ(running_.run(options), RunEnd::reached);
        expect_same(running_, "running again");
    }

    /// The same steps one by one only: the next run() makes them in one run, past all that lies between.
    void steps(std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) ASSERT_TRUE(step());
    }

    void apply(const Input& input) {
        reference::step(board_, memory_, &input);
        catch_up();
        stepping_.apply(input);
        running_.apply(input);
        expect_same(stepping_, "stepping");
        expect_same(running_, "running");
    }

    // ---- looking --------------------------------------------------------------------------------

    const Board& board() const { return board_; }
    const Hart& hart(std::size_t number = 0) const { return board_.harts.at(number); }
    std::uint64_t x(unsigned number, std::size_t hart_number = 0) const {
        return hart(hart_number).x.at(number);
    }
    std::uint64_t pc(std::size_t hart_number = 0) const { return hart(hart_number).pc; }
    StepCount now() const { return board_.steps; }
    RiscvMachine& machine() { return stepping_; }

    std::uint64_t doubleword(std::uint64_t at) const {
        std::uint64_t value = 0;
        EXPECT_TRUE(memory_.read(PhysicalAddress{at}, std::as_writable_bytes(std::span(&value, 1))));
        return value;
    }

    static BoardOptions board_options(std::uint64_t ns_per_step = kNsPerStep, unsigned xlen = 64) {
        BoardOptions options;
        options.isa = Isa(xlen);
        options.ns_per_step = ns_per_step;
        return options;
    }

  private:
    static MachineOptions machine_options(const BoardOptions& board) {
        MachineOptions options;
        options.board = board;
        options.ram_bytes = kRamBytes;
        return options;
    }
    /// A machine has to have something to run.
    static BootFiles files() {
        static constexpr std::array<std::byte, 4> kNothing{};
        BootFiles files;
        files.program = {"nothing", kNothing};
        return files;
    }
    /// RAM is empty at the start of a test, but the reset vector is in its place.
    void copy_rom() {
        const auto at = memory_map::kMaskRom.base;
        std::array<std::byte, kPageSize> page{};
        ASSERT_TRUE(stepping_.memory().read(at, page));
        ASSERT_TRUE(memory_.load(at, page));
    }

    SavedState state() {
        SavedState state;
        board_.save(state);
        state.pages = memory_.pages().share();
        digest_ = state.pages.digest_from(pages_, digest_);
        pages_ = state.pages;
        return state;
    }
    void reload() {
        const auto now = state();
        stepping_.load(now);
        running_.load(now);
    }
    void catch_up() {
        RunOptions options;
        options.until = StepCount{board_.steps.value - 1};
        if (running_.now() < options.until) {
            EXPECT_EQ(running_.run(options), RunEnd::reached);
        }
    }

    void expect_same(RiscvMachine& machine, const char* how) {
        const auto expected = state();
        const auto got = machine.save();
        ASSERT_EQ(got.at, expected.at) << how;
        ASSERT_TRUE(got.fields == expected.fields) << how << ": " << difference(machine.board());
        ASSERT_EQ(got.pages.digest_from(pages_, digest_), digest_) << how << ": memory differs";
    }
    /// The fields that differ, so that a failure says more than "bytes differ".
    std::string difference(const Board& other) const {
        std::string text;
        for (std::size_t i = 0; i < board_.component_names().size(); ++i) {
            const auto want = board_.describe(i), got = other.describe(i);
            for (std::size_t f = 0; f < std::min(want.size(), got.size()); ++f) {
                if (want[f] == got[f]) continue;
                text += std::string(board_.component_names()[i]) + "." + want[f].name + " is " +
                        got[f].value + " instead of " + want[f].value + "\n";
            }
        }
        return text;
    }

    Board board_;
    Memory memory_;
    PageRoot pages_;  ///< as last compared, with their digest
    std::uint64_t digest_ = PageRoot{}.digest();
    RiscvMachine stepping_;
    RiscvMachine running_;
};

// ---- devices and interrupts -----------------------------------------------------------------------

inline void write_device(Guest& guest, const BusRange& device, std::uint64_t offset, AccessSize size,
                         std::uint64_t value) {
    guest.edit_board([&](Board& board) {
        ASSERT_TRUE(board.write_device(PhysicalAddress{device.base.value + offset}, size, value));
    });
}
inline void set_timer(Guest& guest, std::uint64_t mtimecmp, std::size_t hart = 0) {
    write_device(guest, memory_map::kAclint, Aclint::kMtimecmpOffset + 8 * hart, AccessSize::doubleword,
                 mtimecmp);
}
inline void raise_software(Guest& guest, std::size_t hart = 0) {
    write_device(guest, memory_map::kAclint, 4 * hart, AccessSize::word, 1);
}
/// The UART, with nothing to send, interrupts hart 0 in machine or supervisor mode.
inline void raise_external(Guest& guest, Privilege of) {
    const std::uint64_t context = of == Privilege::machine ? 0 : 1;
    write_device(guest, memory_map::kPlic, std::uint64_t{4} * interrupt_source::kUart, AccessSize::word, 1);
    write_device(guest, memory_map::kPlic, 0x2000 + 0x80 * context, AccessSize::word,
                 1u << interrupt_source::kUart);
    write_device(guest, memory_map::kUart, Uart16550::IER, AccessSize::byte, 2);
}
inline void enable(Guest& guest, std::initializer_list<Interrupt> which, bool globally = true) {
    guest.edit([&](Hart& hart) {
        for (const auto interrupt : which) hart.mie |= bit(interrupt);
        if (globally) hart.mstatus |= mstatus::kMie;
    });
}

// ---- what happened --------------------------------------------------------------------------------

inline constexpr std::uint64_t kInterruptCause = std::uint64_t{1} << 63;

/// The hart has just entered its handler for an exception of the instruction at `mepc`.
inline void expect_trap(const Guest& guest, Cause cause, std::uint64_t mepc, std::uint64_t mtval) {
    EXPECT_EQ(guest.hart().mcause, static_cast<std::uint64_t>(cause));
    EXPECT_EQ(guest.hart().mepc, mepc);
    EXPECT_EQ(guest.hart().mtval, mtval);
    EXPECT_EQ(guest.pc(), guest.hart().mtvec & ~std::uint64_t{3});
    EXPECT_EQ(guest.hart().privilege, Privilege::machine);
}

/// The same for a delegated one.
inline void expect_supervisor_trap(const Guest& guest, Cause cause, std::uint64_t sepc, std::uint64_t stval) {
    EXPECT_EQ(guest.hart().scause, static_cast<std::uint64_t>(cause));
    EXPECT_EQ(guest.hart().sepc, sepc);
    EXPECT_EQ(guest.hart().stval, stval);
    EXPECT_EQ(guest.pc(), guest.hart().stvec & ~std::uint64_t{3});
    EXPECT_EQ(guest.hart().privilege, Privilege::supervisor);
}

/// Makes one step, which must trap so; the counters say whether it retired.
inline void expect_trapping_step(Guest& guest, Cause cause, std::uint64_t mtval) {
    const auto pc = guest.pc();
    const auto cycles = guest.hart().mcycle, retired = guest.hart().minstret;
    guest.run(1);
    expect_trap(guest, cause, pc, mtval);
    EXPECT_EQ(guest.hart().mcycle, cycles + 1);
    EXPECT_EQ(guest.hart().minstret, retired);
}

/// Makes one step, which must retire.
inline void expect_retiring_step(Guest& guest) {
    const auto retired = guest.hart().minstret;
    guest.run(1);
    EXPECT_EQ(guest.hart().minstret, retired + 1) << "it trapped, cause " << guest.hart().mcause;
}

}  // namespace backspin::emu::testing
