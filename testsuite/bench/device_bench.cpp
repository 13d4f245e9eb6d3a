// What a guest's access to a device costs, without the way there.
#include <benchmark/benchmark.h>

#include <vector>

#include "base/state.hpp"
#include "emu/devices/aclint.hpp"
#include "emu/devices/uart16550.hpp"

namespace {

using namespace backspin;
using namespace backspin::emu;

void uart_line_status(benchmark::State& state) {
    Uart16550 uart;
    for (auto _ : state) benchmark::DoNotOptimize(uart.read(Uart16550::LSR, AccessSize::byte, {}));
}
BENCHMARK(uart_line_status);

void uart_transmit(benchmark::State& state) {
    Uart16550 uart;
    for (auto _ : state) benchmark::DoNotOptimize(uart.write(Uart16550::THR, AccessSize::byte, 'x', {}));
}
BENCHMARK(uart_transmit);

void aclint_time(benchmark::State& state) {
    Aclint aclint(1);
    VirtualTime now;
    for (auto _ : state) {
        now.ns += 10;
        benchmark::DoNotOptimize(aclint.read(Aclint::kMtimeOffset, AccessSize::doubleword, {now, nullptr}));
    }
}
BENCHMARK(aclint_time);

void aclint_deadline(benchmark::State& state) {
    Aclint aclint(1);
    aclint.write(Aclint::kMtimecmpOffset, AccessSize::doubleword, 1'000'000, {});
    for (auto _ : state) benchmark::DoNotOptimize(aclint.timer_deadline({0}, {1000}));
}
BENCHMARK(aclint_deadline);

void uart_save_and_load(benchmark::State& state) {
    Uart16550 uart;
    std::vector<std::byte> bytes;
    for (auto _ : state) {
        bytes.clear();
        StateWriter writer(bytes);
        uart.serialize(writer, kStateVersion);
        StateReader reader(bytes);
        uart.serialize(reader, kStateVersion);
    }
}
BENCHMARK(uart_save_and_load);

}  // namespace
