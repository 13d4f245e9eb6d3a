// Packets in and out of the stub.
#include <benchmark/benchmark.h>

#include <string>

#include "gdbstub/framing.hpp"

namespace {

using namespace backspin::gdbstub;

void frame_text_of(benchmark::State& state) {
    const std::string body(static_cast<std::size_t>(state.range(0)), 'a');
    for (auto _ : state) benchmark::DoNotOptimize(frame_text(body));
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(frame_text_of)->Arg(16)->Arg(4096);

void deframe(benchmark::State& state) {
    const auto packet = frame_text(std::string(static_cast<std::size_t>(state.range(0)), 'a'));
    Deframer deframer;
    for (auto _ : state) {
        for (const char c : packet) benchmark::DoNotOptimize(deframer.push(static_cast<std::byte>(c)));
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(deframe)->Arg(16)->Arg(4096);

}  // namespace
