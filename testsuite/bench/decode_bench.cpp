// The decoder, on random words: most of them are some instruction in one and nothing in the other form.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "emu/isa/instruction.hpp"

namespace {

using namespace backspin::emu;

/// Encodings made of the table's own rows, with random operands.
std::vector<std::uint32_t> full_words() {
    std::mt19937 random(1);
    std::vector<std::uint32_t> words;
    for (int round = 0; round < 16; ++round) {
        for (const auto& row : definitions())
            words.push_back(row.pattern.value | (random() & ~row.pattern.mask));
    }
    return words;
}

std::vector<std::uint32_t> compressed_words() {
    std::vector<std::uint32_t> words;
    for (std::uint32_t half = 0; half < 0x10000; half += 7) {
        if ((half & 3) != 3) words.push_back(half);
    }
    return words;
}

void decode_all(benchmark::State& state, const std::vector<std::uint32_t>& words) {
    const Decoder decoder{Isa(64)};
    for (auto _ : state) {
        for (const auto word : words) benchmark::DoNotOptimize(decoder.decode(word));
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(words.size()));
}
BENCHMARK_CAPTURE(decode_all, full, full_words());
BENCHMARK_CAPTURE(decode_all, compressed, compressed_words());

}  // namespace
