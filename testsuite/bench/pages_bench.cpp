// What a snapshot of guest memory costs: taking it, the first write to each page after it, and putting it
// back.
#include <benchmark/benchmark.h>

#include "base/pages.hpp"

namespace {

using namespace backspin;

constexpr std::size_t kPages = 32768;  // 128 MiB

PageTable written_memory(std::size_t pages) {
    PageTable memory(PageStore::create(), kPages);
    for (std::size_t i = 0; i < pages; ++i) memory.write_page({i})->bytes()[0] = std::byte{1};
    return memory;
}

/// Writes the first `pages` pages of a memory whose pages are all shared; time is for one page.
void first_write_after_share(benchmark::State& state) {
    const auto pages = static_cast<std::size_t>(state.range(0));
    auto memory = written_memory(pages);
    PageRoot root;
    for (auto _ : state) {
        root = memory.share();
        for (std::size_t i = 0; i < pages; ++i) benchmark::DoNotOptimize(memory.write_page({i}));
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(first_write_after_share)->Arg(1)->Arg(100)->Arg(10'000);

void share(benchmark::State& state) {
    auto memory = written_memory(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) benchmark::DoNotOptimize(memory.share());
}
BENCHMARK(share)->Arg(1)->Arg(10'000);

/// Back and forth between two snapshots that differ in `pages` pages.
void restore(benchmark::State& state) {
    const auto pages = static_cast<std::size_t>(state.range(0));
    auto memory = written_memory(pages);
    const auto before = memory.share();
    for (std::size_t i = 0; i < pages; ++i) memory.write_page({i});
    const auto after = memory.share();
    bool back = true;
    for (auto _ : state) {
        memory.restore(back ? before : after);
        back = !back;
    }
}
BENCHMARK(restore)->Arg(1)->Arg(10'000);

void write_of_private_page(benchmark::State& state) {
    auto memory = written_memory(1);
    for (auto _ : state) benchmark::DoNotOptimize(memory.write_page({0}));
}
BENCHMARK(write_of_private_page);

}  // namespace
