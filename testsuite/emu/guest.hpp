// A small program, run by the reference and by the machine at once. Tests look at the reference's state; the
// machine, stepping along, and a second machine that makes the same way in one run, must be in that state
// too.
#pragma once

#include <gtest/gtest.h>

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

class Guest {
  public:
    static constexpr std::uint64_t kCode = memory_map::kRamBase.value;
    static constexpr std::uint64_t kHandler = kCode + 0x4000;  ///< mtvec at the start
    static constexpr std::uint64_t kData = kCode + 0x8000;
    static constexpr std::uint64_t kRamBytes = 1 << 20;
    static constexpr std::uint64_t kRamEnd = kCode + kRamBytes;
    static constexpr std::uint64_t kNsPerStep = 10;

    /// The program is at kCode, and so is the pc.
    explicit Guest(std::initializer_list<Word> program = {}, std::uint64_t ns_per_step = kNsPerStep)
        : board_(ns_per_step),
          memory_(PageStore::create(), kRamBytes),
          stepping_(options(ns_per_step), {}, PhysicalAddress{kCode}),
          running_(options(ns_per_step), {}, PhysicalAddress{kCode}) {
        const auto power_on = stepping_.save();
        board_.load(power_on);
        memory_.pages().restore(power_on.pages);
        edit([&](Hart& hart) {
            hart.pc = kCode;
            hart.mtvec = kHandler;
        });
        put(kCode, program);
    }

    // ---- setting the scene: the state that a test starts from, or goes on from ------------------

    void edit(const std::function<void(Hart&)>& change) {
        change(board_.harts.front());
        reload();
    }
    void edit_board(const std::function<void(Board&)>& change) {
        change(board_);
        reload();
    }
    void set(unsigned x, std::uint64_t value) {
        edit([&](Hart& hart) { hart.write(x, value); });
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
            EXPECT_EQ(info->returned_from_trap, stepped->returned_from_trap);
        }
        expect_same(stepping_, "stepping");
        return info;
    }

    /// `steps` steps, one by one and in one run.
    void run(std::uint64_t steps) {
        for (std::uint64_t i = 0; i < steps; ++i) {
            ASSERT_TRUE(step()) << "nobody can move after " << i << " steps";
            if (::testing::Test::HasFatalFailure()) return;
        }
        RunOptions options;
        options.until = board_.steps;
        ASSERT_EQ(running_.run(options), RunEnd::reached);
        expect_same(running_, "running");
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
    const Hart& hart() const { return board_.harts.front(); }
    std::uint64_t x(unsigned number) const { return hart().x.at(number); }
    std::uint64_t pc() const { return hart().pc; }
    StepCount now() const { return board_.steps; }
    RiscvMachine& machine() { return stepping_; }

    std::uint64_t doubleword(std::uint64_t at) const {
        std::uint64_t value = 0;
        EXPECT_TRUE(memory_.read(PhysicalAddress{at}, std::as_writable_bytes(std::span(&value, 1))));
        return value;
    }

  private:
    static MachineOptions options(std::uint64_t ns_per_step) {
        MachineOptions options;
        options.ram_bytes = kRamBytes;
        options.ns_per_step = ns_per_step;
        return options;
    }

    SavedState state() {
        SavedState state;
        board_.save(state);
        state.pages = memory_.pages().share();
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
        for (std::size_t i = 0; i < Board::kComponents.size(); ++i) {
            ASSERT_EQ(described(machine.board(), i), described(board_, i)) << how;
        }
        ASSERT_EQ(got.pages.digest(), expected.pages.digest()) << how << ": memory differs";
    }
    static std::vector<std::string> described(const Board& board, std::size_t component) {
        std::vector<std::string> lines;
        for (const auto& field : board.describe(component)) lines.push_back(field.name + "=" + field.value);
        return lines;
    }

    Board board_;
    Memory memory_;
    RiscvMachine stepping_;
    RiscvMachine running_;
};

inline constexpr std::uint64_t kInterruptCause = std::uint64_t{1} << 63;

/// The hart has just entered its handler for an exception of the instruction at `mepc`.
inline void expect_trap(const Guest& guest, Cause cause, std::uint64_t mepc, std::uint64_t mtval) {
    EXPECT_EQ(guest.hart().mcause, static_cast<std::uint64_t>(cause));
    EXPECT_EQ(guest.hart().mepc, mepc);
    EXPECT_EQ(guest.hart().mtval, mtval);
    EXPECT_EQ(guest.pc(), guest.hart().mtvec & ~std::uint64_t{3});
    EXPECT_EQ(guest.hart().privilege, Privilege::machine);
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
