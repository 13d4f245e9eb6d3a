// lockstep write SEED ISA FILE     writes the program of this seed as an ELF
// lockstep compare SEED ISA        runs it and compares every attempt with QEMU's log on the standard input
//
// testsuite/lockstep/run.py drives both, and QEMU. Exit code 0: no difference; 1: one, which is described; 2:
// something else went wrong.
#include <fmt/format.h>

#include <deque>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>

#include "emu/reference.hpp"
#include "emu/trap.hpp"
#include "testsuite/lockstep/errata.hpp"
#include "testsuite/lockstep/layout.hpp"
#include "testsuite/lockstep/program.hpp"
#include "testsuite/lockstep/state.hpp"

namespace backspin::lockstep {
namespace {

/// One after the other, at most: interrupts and failing fetches.
constexpr int kMostUnlogged = 1000;
/// A program that has not ended by then runs in circles: what was compared of it counts.
constexpr std::uint64_t kMostAttempts = 100'000;
constexpr std::size_t kRecent = 7;
constexpr std::uint64_t kRam = std::uint64_t{128} << 20;

emu::Board board_for(const emu::Isa& isa) {
    emu::BoardOptions options;
    options.isa = isa;
    return emu::Board(options);
}

/// The machine under test, attempt by attempt, and of these only the ones that QEMU logs: what it executes.
/// That is neither interrupts, which are steps of their own here, nor attempts whose fetch fails.
class Ours {
  public:
    Ours(const emu::Isa& isa, std::span<const std::byte> program)
        : board_(board_for(isa)), memory_(PageStore::create(), kRam) {
        memory_.load(PhysicalAddress{layout::kBase}, program);
        hart().pc = layout::kBase;
    }

    const emu::Isa& isa() const { return board_.isa(); }
    void set_integer_registers(const State& from) {
        for (std::size_t i = 1; i < 32; ++i) hart().x[i] = from[kX + i];
    }

    /// Makes the next attempt; the state before it. Nothing when the machine is off, or runs in circles.
    std::optional<State> next() {
        for (int unlogged = 0; unlogged < kMostUnlogged && attempts_ < kMostAttempts; ++unlogged) {
            if (board_.powered_off()) return std::nullopt;
            const auto before = state_of(board_);
            const auto attempted = instruction();
            const auto said = describe(attempted);
            const auto info = emu::reference::step(board_, memory_);
            if (!info) throw std::runtime_error("the machine does not move any more");
            if (info->kind != StepKind::attempt || fetch_failed(before[kPc])) continue;
            ++attempts_;
            recent_.push_back({said, attempted});
            if (recent_.size() > kRecent) recent_.pop_front();
            return before;
        }
        return std::nullopt;
    }

    bool powered_off() const { return board_.powered_off(); }
    std::uint64_t attempts() const { return attempts_; }
    std::uint64_t traps() const { return board_.harts.front().mcycle - board_.harts.front().minstret; }
    /// What decides about memory, besides the page tables.
    void describe_environment() const {
        const auto& hart = board_.harts.front();
        fmt::print("menvcfg {:x} senvcfg {:x}\n", hart.menvcfg, hart.senvcfg);
        for (std::size_t i = 0; i < emu::Pmp::kEntries; ++i)
            if (hart.pmp.config(i) != 0)
                fmt::print("pmp {} {:02x} {:x}\n", i, hart.pmp.config(i), hart.pmp.address(i) << 2);
    }
    /// What the attempt before the last one was; an illegal one if there was none.
    emu::Instruction last_but_one() const {
        return recent_.size() < 2 ? emu::Instruction{} : recent_[recent_.size() - 2].instruction;
    }
    struct Attempt {
        std::string words;
        emu::Instruction instruction;
    };
    /// The last attempts.
    const std::deque<Attempt>& recent() const { return recent_; }

  private:
    emu::Hart& hart() { return board_.harts.front(); }

    emu::Instruction instruction() {
        std::uint32_t word = 0;  // where code is at all, it is at its physical address
        memory_.read(PhysicalAddress{hart().pc}, std::as_writable_bytes(std::span(&word, 1)));
        return board_.decoder->decode(word);
    }

    std::string describe(const emu::Instruction& what) {
        const auto name = what.opcode == emu::Opcode::illegal ? "illegal" : emu::definition(what.opcode).name;
        return fmt::format("{:#x} in mode {}: {:08x} {}  (x{} = {:#x})", hart().pc,
                           static_cast<int>(hart().privilege), what.word, name, what.rs1, hart().x[what.rs1]);
    }

    /// Whether the last step, an attempt at this pc, ended in a trap of its fetch.
    bool fetch_failed(std::uint64_t pc) {
        const auto is_fetch = [](std::uint64_t cause) { return cause == 1 || cause == 12; };
        const auto trapped_to = [&](std::uint64_t vector) {
            return hart().pc == (vector & ~std::uint64_t{3});
        };
        return (trapped_to(hart().mtvec) && hart().mepc == pc && is_fetch(hart().mcause)) ||
               (trapped_to(hart().stvec) && hart().sepc == pc && is_fetch(hart().scause));
    }

    emu::Board board_;
    emu::Memory memory_;
    std::deque<Attempt> recent_;
    std::uint64_t attempts_ = 0;
};

void describe_difference(const Ours& machine, const Outcome& outcome,
                         const std::vector<std::size_t>& fields) {
    const auto& recent = machine.recent();
    for (std::size_t i = 0; i + 1 < recent.size(); ++i) fmt::print("{}\n", recent[i].words);
    fmt::print("after this attempt, number {}:\n", machine.attempts() - 1);
    for (const auto field : fields) {
        fmt::print("  {:<9} {:016x} here, {:016x} in QEMU; before: {:016x}\n", field_name(field),
                   outcome.ours[field], outcome.theirs[field], outcome.before[field]);
    }
    machine.describe_environment();
    fmt::print("before:");
    for (std::size_t i = 0; i < kFields; ++i)
        fmt::print("{}{:>9} {:016x}", i % 4 == 0 ? "\n" : "", field_name(i), outcome.before[i]);
    fmt::print("\n");
}

void summarize(const Ours& machine, std::string_view remark) {
    fmt::print("{} attempts, {} traps{}\n", machine.attempts(), machine.traps(), remark);
}

/// The exit code.
int explain(const Ours& machine, const Outcome& outcome, const std::vector<std::size_t>& fields) {
    if (const auto erratum = known_erratum(outcome)) {
        summarize(machine, fmt::format(", up to erratum \"{}\"", *erratum));
        return 0;
    }
    describe_difference(machine, outcome, fields);
    return 1;
}

int compare(const emu::Isa& isa, std::span<const std::byte> program, QemuLog& log) {
    Ours machine(isa, program);
    auto first = log.next();
    while (first && (*first)[kPc] != layout::kBase) first = log.next();  // QEMU's boot ROM
    if (first) machine.set_integer_registers(*first);
    State before;
    bool starting = true;
    while (const auto ours = machine.next()) {
        // Not before there is one to come: QEMU says nothing while it runs in circles.
        const auto theirs = first ? std::exchange(first, std::nullopt) : log.next();
        if (!theirs) throw std::runtime_error("QEMU's log ends too early");
        auto fields = differences(*ours, *theirs);
        // The start code has not yet set all CSRs to what they are to be.
        if (starting) std::erase_if(fields, [](std::size_t field) { return field >= kCsr; });
        if ((*ours)[kPc] >= layout::kBase + layout::kPool) starting = false;
        if (!fields.empty())
            return explain(machine, {before, *ours, *theirs, machine.last_but_one()}, fields);
        before = *ours;
    }
    summarize(machine, machine.powered_off() ? "" : ", in circles");
    return 0;
}

int run(std::span<char*> arguments) {
    if (arguments.size() < 4) throw std::invalid_argument("write SEED ISA FILE, or compare SEED ISA");
    const std::string what = arguments[1];
    const auto isa = emu::Isa::parse(arguments[3]);
    const auto program = random_program(std::stoull(arguments[2]), isa);
    if (what == "compare") {
        std::ios::sync_with_stdio(false);
        QemuLog log(std::cin, isa.xlen());
        return compare(isa, program, log);
    }
    if (what != "write" || arguments.size() != 5)
        throw std::invalid_argument("write SEED ISA FILE, or compare SEED ISA");
    const auto elf = elf_of(program, isa);
    std::ofstream file(arguments[4], std::ios::binary);
    file.write(reinterpret_cast<const char*>(elf.data()), static_cast<std::streamsize>(elf.size()));
    if (!file.flush()) throw std::runtime_error(std::string("cannot write ") + arguments[4]);
    return 0;
}

}  // namespace
}  // namespace backspin::lockstep

int main(int argc, char** argv) {
    try {
        return backspin::lockstep::run(std::span(argv, static_cast<std::size_t>(argc)));
    } catch (const std::exception& error) {
        std::cerr << "lockstep: " << error.what() << '\n';
        return 2;
    }
}
