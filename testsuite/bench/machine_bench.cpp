// The whole machine: snapshots, exact stops, single steps.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <span>

#include "emu/riscv_machine.hpp"

namespace {

using namespace backspin;
using namespace backspin::emu;

/// Adds one to every doubleword from 0x80100000 on: a new page every 2560 steps.
constexpr std::array<std::uint32_t, 8> kProgram{
    0x80100437,  // lui  s0, 0x80100
    0x02041413,  // slli s0, s0, 32
    0x02045413,  // srli s0, s0, 32
    0x00043283,  // ld   t0, 0(s0), where the loop begins
    0x00128293,  // addi t0, t0, 1
    0x00543023,  // sd   t0, 0(s0)
    0x00840413,  // addi s0, s0, 8
    0xff1ff06f,  // j    to the loop's beginning
};

RiscvMachine counting_machine() {
    BootFiles files;
    files.program = {"counting program", std::as_bytes(std::span(kProgram))};
    return RiscvMachine({}, files);
}

void run_for(RiscvMachine& machine, std::uint64_t steps) {
    RunOptions options;
    options.until = machine.now() + StepCount{steps};
    machine.run(options);
}

/// Runs a stretch from one snapshot again and again, with a snapshot at its end.
void snapshot_every(benchmark::State& state) {
    const auto steps = static_cast<std::uint64_t>(state.range(0));
    auto machine = counting_machine();
    run_for(machine, 1000);
    const auto start = machine.save();
    for (auto _ : state) {
        run_for(machine, steps);
        benchmark::DoNotOptimize(machine.save());
        state.PauseTiming();
        machine.load(start);
        state.ResumeTiming();
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(snapshot_every)->Arg(100)->Arg(10'000)->Arg(1'000'000);

void save(benchmark::State& state) {
    auto machine = counting_machine();
    run_for(machine, 100'000);
    for (auto _ : state) benchmark::DoNotOptimize(machine.save());
}
BENCHMARK(save);

/// A step back, as a debugger asks for it: put a state back and run to an exact position from there.
void load_and_run(benchmark::State& state) {
    auto machine = counting_machine();
    run_for(machine, 100'000);
    const auto start = machine.save();
    for (auto _ : state) {
        machine.load(start);
        run_for(machine, static_cast<std::uint64_t>(state.range(0)));
    }
}
BENCHMARK(load_and_run)->Arg(0)->Arg(100)->Arg(10'000);

void single_step(benchmark::State& state) {
    auto machine = counting_machine();
    const auto start = machine.save();
    for (auto _ : state) {
        if (machine.now().value > 1'000'000) machine.load(start);
        benchmark::DoNotOptimize(machine.step());
    }
}
BENCHMARK(single_step);

}  // namespace
