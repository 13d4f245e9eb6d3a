// The random programs would prove nothing if they all died early: every kind of step, instruction, exception
// and interrupt must happen in them, in every mode.
#include "testsuite/emu/random_program.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <ostream>
#include <set>
#include <string>

#include "emu/riscv_machine.hpp"

namespace backspin::emu {
namespace {

using testing::RandomProgram;
using testing::RandomProgramOptions;
namespace layout = testing::random_layout;

/// What happened, in so many steps of so many programs.
struct Coverage {
    std::map<StepKind, std::uint64_t> kinds;
    std::map<Privilege, std::uint64_t> attempts, translated_attempts;
    std::map<Opcode, std::uint64_t> retired;
    std::set<std::pair<Privilege, std::uint64_t>> exceptions, interrupts;  ///< handled in which mode
    std::uint64_t compressed = 0;
};

struct Case {
    const char* isa;
    unsigned harts;
    friend void PrintTo(const Case& what, std::ostream* out) { *out << what.isa << " " << what.harts; }
};

bool is_handler(std::uint64_t pc) {
    return pc == layout::kBase + layout::kMachineHandler || pc == layout::kBase + layout::kSupervisorHandler;
}

/// The cause of the last trap into the mode that the hart is in.
std::uint64_t last_cause(const Hart& hart) {
    return (hart.privilege == Privilege::machine ? hart.mcause : hart.scause) & 63;
}

void watch_step(RiscvMachine& machine, Coverage& seen) {
    const auto next = machine.current_hart();
    const auto before = machine.board().harts[next.value];
    std::uint32_t word = 0;
    machine.read_memory(next, VirtualAddress{before.pc}, std::as_writable_bytes(std::span(&word, 1)));
    const auto info = machine.step();
    ASSERT_TRUE(info);
    ++seen.kinds[info->kind];
    const auto& after = machine.board().harts[info->hart.value];
    if (info->kind == StepKind::interrupt) seen.interrupts.emplace(after.privilege, last_cause(after));
    if (info->kind != StepKind::attempt || info->hart != next) return;
    ++seen.attempts[before.privilege];
    if (before.privilege != Privilege::machine && before.satp != 0)
        ++seen.translated_attempts[before.privilege];
    if (is_handler(after.pc)) {
        seen.exceptions.emplace(after.privilege, last_cause(after));
        return;
    }
    const auto instruction = machine.board().decoder->decode(word);
    ++seen.retired[instruction.opcode];
    if (instruction.length == 2) ++seen.compressed;
}

Coverage coverage_of(const Case& what, int programs, int steps) {
    Coverage seen;
    for (int seed = 1; seed <= programs; ++seed) {
        RandomProgramOptions chosen;
        chosen.isa = Isa::parse(what.isa);
        chosen.harts = what.harts;
        const RandomProgram program(static_cast<std::uint64_t>(seed), chosen);
        MachineOptions options;
        options.ram_bytes = 1 << 20;
        options.board.ns_per_step = 5000;
        options.board.isa = chosen.isa;
        options.board.harts = what.harts;
        options.board.quantum = 100;
        BootFiles files;
        files.program = {"random program", program.bytes()};
        RiscvMachine machine(options, files);
        for (int n = 0; n < steps; ++n) {
            if (n % 1400 == 700) machine.apply(DeviceInput{kConsoleChannel, {std::byte{'x'}}});
            watch_step(machine, seen);
        }
    }
    return seen;
}

class RandomProgramTest : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Harts, RandomProgramTest,
                         ::testing::Values(Case{"rv64", 1}, Case{"rv32", 1}, Case{"rv64", 3},
                                           Case{"rv32,-c", 1}, Case{"rv64imac", 1}));

TEST_P(RandomProgramTest, ReachesEverything) {
    const auto isa = Isa::parse(GetParam().isa);
    const auto seen = coverage_of(GetParam(), 60, 3000);
    for (const auto& row : definitions()) {
        // These two never retire.
        if (!isa.has(row.needs) || row.opcode == Opcode::ecall || row.opcode == Opcode::ebreak) continue;
        EXPECT_TRUE(seen.retired.contains(row.opcode)) << row.name << " was never retired";
    }
    const auto attempts = [](const auto& map, Privilege mode) {
        const auto found = map.find(mode);
        return found != map.end() ? found->second : 0;
    };
    for (const auto mode : {Privilege::user, Privilege::supervisor}) {
        EXPECT_GT(attempts(seen.attempts, mode), 5000u) << static_cast<int>(mode);
        EXPECT_GT(attempts(seen.translated_attempts, mode), 4000u) << static_cast<int>(mode);
    }
    for (const auto cause :
         {Cause::instruction_access_fault, Cause::illegal_instruction, Cause::breakpoint,
          Cause::load_address_misaligned, Cause::load_access_fault, Cause::store_address_misaligned,
          Cause::store_access_fault, Cause::ecall_from_u, Cause::ecall_from_s, Cause::ecall_from_m,
          Cause::instruction_page_fault, Cause::load_page_fault, Cause::store_page_fault}) {
        const auto code = static_cast<std::uint64_t>(cause);
        if (cause == Cause::load_address_misaligned && !isa.has(Extension::A)) continue;
        EXPECT_TRUE(seen.exceptions.contains({Privilege::machine, code})) << "cause " << code;
    }
    if (!isa.has(Extension::Zca)) {
        EXPECT_TRUE(seen.exceptions.contains({Privilege::machine, 0})) << "a misaligned target";
    } else {
        EXPECT_GT(seen.compressed, 2000u);
    }
    for (const auto cause : {Cause::illegal_instruction, Cause::load_page_fault, Cause::store_page_fault,
                             Cause::load_access_fault, Cause::ecall_from_u})
        EXPECT_TRUE(seen.exceptions.contains({Privilege::supervisor, static_cast<std::uint64_t>(cause)}));
    for (const auto interrupt :
         {Interrupt::machine_software, Interrupt::machine_timer, Interrupt::machine_external})
        EXPECT_TRUE(seen.interrupts.contains({Privilege::machine, static_cast<std::uint64_t>(interrupt)}));
    EXPECT_TRUE(std::ranges::any_of(seen.interrupts,
                                    [](const auto& entry) { return entry.first == Privilege::supervisor; }));
    EXPECT_GT(seen.kinds.at(StepKind::interrupt), 400u);
    // With several harts there is nearly always one that moves.
    if (GetParam().harts == 1) {
        EXPECT_GT(seen.kinds.at(StepKind::idle_jump), 10u);
    }
    EXPECT_GT(seen.kinds.at(StepKind::device_event), 5u);
}

TEST(RandomProgram, IsTheSameForASeed) {
    const RandomProgram one(7), same(7), other(8);
    EXPECT_TRUE(std::ranges::equal(one.bytes(), same.bytes()));
    EXPECT_FALSE(std::ranges::equal(one.bytes(), other.bytes()));
}

/// Without the privileged part it stays in M mode, but for what a random mret does.
TEST(RandomProgram, CanDoWithoutPrivileges) {
    RandomProgramOptions options;
    options.privileged = false;
    for (const auto* isa : {"rv64", "rv32", "rv64i", "rv32i"}) {
        options.isa = Isa::parse(isa);
        EXPECT_EQ(RandomProgram(1, options).bytes().size(), RandomProgram::kBytes);
    }
}

}  // namespace
}  // namespace backspin::emu
