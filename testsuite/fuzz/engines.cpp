// Code that the fuzzer writes, run by translated code, by the interpreter and by the reference in turns: all
// stand in the same state after every slice. The first bytes choose the machine and how long the slices are.
#include <memory>

#include "emu/reference.hpp"
#include "emu/riscv_machine.hpp"
#include "testsuite/fuzz/fuzz.hpp"

namespace backspin::fuzz {
namespace {

constexpr std::size_t kLongestProgram = 0x3000;
constexpr unsigned kSlices = 24;

emu::MachineOptions options_for(std::uint8_t choice) {
    emu::MachineOptions options;
    options.board.isa = emu::Isa::parse(choice % 2 == 0 ? "rv64" : "rv32");
    options.board.harts = 1 + choice / 2 % 2;
    options.board.quantum = 50;
    options.ram_bytes = 1 << 20;
    return options;
}

/// Registers that lead somewhere: to code, to data, to the border of two pages; floating point is on.
void prepare(emu::Board& board) {
    for (auto& hart : board.harts) {
        hart.mstatus |= emu::mstatus::kFs;
        for (std::size_t i = 1; i < 32; ++i)
            hart.x[i] = emu::memory_map::kRamBase.value + i * 0x600 + i % 3 * 0xffe;
        hart.mtvec = emu::memory_map::kRamBase.value;
        for (std::size_t i = 0; i < 32; ++i) hart.f[i] = 0x3ff0'0000'0000'0000 + (i << 40) * 0x1357;
    }
}

std::unique_ptr<emu::RiscvMachine> machine(const emu::MachineOptions& options, const emu::BootFiles& files,
                                           const emu::EngineOptions& engine) {
    auto made = std::make_unique<emu::RiscvMachine>(
        options, files, std::span<const std::shared_ptr<const emu::DiskImage>>{}, engine);
    auto state = made->save();
    emu::Board board(options.board);
    board.load(state);
    prepare(board);
    auto pages = state.pages;
    board.save(state);
    state.pages = pages;
    made->load(state);
    return made;
}

void require_same(const SavedState& a, const SavedState& b, const char* what) {
    require(a.fields == b.fields, what);
    require(a.pages.digest() == b.pages.digest(), what);
}

}  // namespace
}  // namespace backspin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace backspin;
    fuzz::Taker input(fuzz::bytes_of(data, size));
    const auto options = fuzz::options_for(input.take<std::uint8_t>());
    const std::uint64_t longest = 1 + input.take<std::uint8_t>();
    const auto program = input.take_bytes(fuzz::kLongestProgram);
    if (program.size() < 4) return 0;
    emu::BootFiles files;
    files.program = {"fuzzed code", program};
    const auto translating =
        fuzz::machine(options, files, {emu::EngineKind::automatic, 1, emu::EngineOptions::kLeastCodeBytes});
    const auto interpreting = fuzz::machine(options, files, {emu::EngineKind::interpreting, 0});

    emu::Board board(options.board);
    emu::Memory memory(PageStore::create(), options.ram_bytes, {});
    const auto begin = interpreting->save();
    board.load(begin);
    memory.pages().restore(begin.pages);
    memory.set_power_on(begin.pages);

    for (unsigned slice = 0; slice < fuzz::kSlices; ++slice) {
        RunOptions run;
        run.until = interpreting->now() + StepCount{1 + slice * 7919 % longest};
        const auto end = interpreting->run(run);
        fuzz::require(translating->run(run) == end, "both engines end for the same reason");
        while (board.steps < interpreting->now()) emu::reference::step(board, memory, nullptr);
        SavedState expected;
        board.save(expected);
        expected.pages = memory.pages().share();
        fuzz::require_same(interpreting->save(), expected, "the interpreter is where the reference is");
        fuzz::require_same(translating->save(), expected, "translated code is where the reference is");
        if (end != RunEnd::reached) break;
    }
    return 0;
}
