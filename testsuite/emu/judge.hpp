// The judge: the reference's run of a random program, state by state, and what compares a machine with it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "emu/reference.hpp"
#include "emu/riscv_machine.hpp"
#include "testsuite/emu/random_devices.hpp"
#include "testsuite/emu/random_program.hpp"
#include "testsuite/emu/trap_taken.hpp"

namespace backspin::emu::testing {

/// A program and a machine for it. Every seed is another program; the kinds of machine take turns.
struct Arrangement {
    RandomProgramOptions program;
    MachineOptions machine;

    explicit Arrangement(std::uint64_t seed) {
        static constexpr std::array<const char*, 6> kCpus{"rv64", "rv32", "rv64",
                                                          "rv64", "rv32", "rv64gc,-c"};
        static constexpr std::array<unsigned, 6> kHarts{1, 1, 3, 1, 2, 1};
        const auto kind = seed % kCpus.size();
        program.isa = Isa::parse(kCpus[kind]);
        program.harts = kHarts[kind];
        program.privileged = kind != 3;
        program.virtio = true;
        machine.board.isa = program.isa;
        machine.board.harts = program.harts;
        machine.board.quantum = 1 + seed % 40;
        if (seed % 2 == 0) machine.board.chaos = seed;
        machine.board.rtc_is_hosts = seed / kCpus.size() % 2 == 0;
        machine.board.ns_per_step = 5000;  // slow enough for the UART to time out within a few hundred steps
        machine.ram_bytes = 1 << 20;
        std::mt19937_64 random(seed);
        machine.board.virtio = random_devices(random);
    }

    Memory memory() const { return Memory(PageStore::create(), machine.ram_bytes, images); }

    std::vector<std::shared_ptr<const DiskImage>> images{random_image()};
};

inline std::unique_ptr<RiscvMachine> machine_at_power_on(const Arrangement& arrangement,
                                                         const RandomProgram& program,
                                                         const EngineOptions& engine = {}) {
    BootFiles files;
    files.program = {"random program", program.bytes()};
    return std::make_unique<RiscvMachine>(arrangement.machine, files, arrangement.images, engine);
}

/// Where all begins: at power-on, but the devices are set up and have something to do.
inline SavedState with_devices(std::uint64_t seed, const Arrangement& arrangement,
                               const SavedState& at_power_on) {
    Board board(arrangement.machine.board);
    auto memory = arrangement.memory();
    board.load(at_power_on);
    memory.pages().restore(at_power_on.pages);
    std::mt19937_64 random(seed);
    set_up_devices(random, board, memory);
    SavedState state;
    board.save(state);
    state.pages = memory.pages().share();
    return state;
}

/// The reference's run: the state at every position, and what each step did.
class Judge {
  public:
    Judge(const Arrangement& arrangement, const PageRoot& power_on, const SavedState& begin)
        : board_(arrangement.machine.board), memory_(arrangement.memory()) {
        board_.load(begin);
        memory_.pages().restore(begin.pages);
        memory_.set_power_on(power_on);
        remember();
    }

    /// Makes the next step, applying the input if there is one; false when the machine cannot move.
    bool step(const std::optional<Input>& input = std::nullopt) {
        const auto turn = board_.next_turn();
        const auto pc = VirtualAddress{board_.harts[turn ? turn->hart.value : 0].pc};
        const auto before = board_.harts;
        const auto at = board_.steps;
        const auto info = reference::step(board_, memory_, input ? &*input : nullptr);
        if (!info) return false;
        if (const auto trap = trap_of(*info, at, before, board_.harts)) traps_.push_back(*trap);
        steps_.push_back(*info);
        pcs_.push_back(pc);
        remember();
        return true;
    }

    const Board& board() const { return board_; }
    StepCount last() const { return {states_.size() - 1}; }
    const SavedState& state(StepCount at) const { return states_.at(at.value); }
    std::uint64_t memory_digest(StepCount at) const { return digests_.at(at.value); }
    const StepInfo& info(StepCount at) const { return steps_.at(at.value); }
    VirtualAddress pc(StepCount at) const { return pcs_.at(at.value); }
    const std::vector<Trapped>& traps() const { return traps_; }

  private:
    void remember() {
        SavedState state;
        board_.save(state);
        state.pages = memory_.pages().share();
        digests_.push_back(states_.empty() ? state.pages.digest()
                                           : state.pages.digest_from(states_.back().pages, digests_.back()));
        states_.push_back(std::move(state));
    }

    Board board_;
    Memory memory_;
    std::vector<SavedState> states_;
    std::vector<std::uint64_t> digests_;
    std::vector<StepInfo> steps_;
    std::vector<VirtualAddress> pcs_;
    std::vector<Trapped> traps_;
};

/// Names the first field that differs, so that a failure says more than "bytes differ".
inline std::string difference(RiscvMachine& machine, const SavedState& expected) {
    Board other(machine.board().options);
    other.load(expected);
    for (std::size_t i = 0; i < other.component_names().size(); ++i) {
        const auto got = machine.board().describe(i);
        const auto want = other.describe(i);
        for (std::size_t f = 0; f < std::min(got.size(), want.size()); ++f) {
            if (!(got[f] == want[f])) {
                return std::string(other.component_names()[i]) + "." + want[f].name + ": expected " +
                       want[f].value + ", but " + got[f].name + " is " + got[f].value;
            }
        }
    }
    return "fields are equal; memory differs";
}

inline void expect_same(RiscvMachine& machine, const Judge& judge, const char* how) {
    const auto state = machine.save();
    const auto& expected = judge.state(state.at);
    // From the judge's own pages: only what was written on one side and not on the other costs anything.
    const auto digest = state.pages.digest_from(expected.pages, judge.memory_digest(state.at));
    ASSERT_TRUE(state.fields == expected.fields && digest == judge.memory_digest(state.at))
        << how << " at position " << state.at.value << ", pc " << std::hex
        << machine.context(machine.current_hart()).pc.value << ": " << difference(machine, expected);
}

}  // namespace backspin::emu::testing
