// long_history FIRMWARE.elf EPOCHS EPOCH_STEPS SNAPSHOT_BYTES SPILL_FOLDER|none: a history of so many epochs,
// each of so few steps that a day's number of them goes by in seconds. Says as JSON what it holds in memory,
// and whether and how fast places all over it are reached. Exit code 1 if one was not what it had been.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "emu/riscv_machine.hpp"
#include "replay/timeline.hpp"
#include "snapshots/reach.hpp"
#include "snapshots/spill.hpp"

namespace {

using namespace backspin;

constexpr int kPlaces = 200;

/// Of a place: what the hart and the devices hold, and where in its memory the program is.
using State = std::vector<std::byte>;

std::vector<char> read(const char* path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

emu::RiscvMachine machine_with(const std::vector<char>& program) {
    emu::BootFiles files;
    files.program = {"program", std::as_bytes(std::span(program))};
    return {{}, files};
}

/// Of this process, in bytes.
std::uint64_t resident() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t total = 0, pages = 0;
    file >> total >> pages;
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double milliseconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

double percentile(std::vector<double> values, double share) {
    std::ranges::sort(values);
    return values[std::min(values.size() - 1,
                           static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

/// Places all over the history, more of them near its end, and what the machine was there, by a machine of
/// its own.
std::map<StepCount, State> states_of_places(const std::vector<char>& program, StepCount end) {
    std::mt19937_64 random(1);
    std::map<StepCount, State> states;
    for (int n = 0; n < kPlaces; ++n) {
        const auto back = n % 2 == 0 ? random() % end.value : random() % (end.value / 100);
        states[{end.value - back - 1}];
    }
    auto machine = machine_with(program);
    for (auto& [at, state] : states) {
        machine.run({.until = at});
        state = machine.save().fields;
    }
    return states;
}

}  // namespace

int main(int count, char** words) {
    if (count != 6) {
        std::fputs("long_history FIRMWARE.elf EPOCHS EPOCH_STEPS SNAPSHOT_BYTES SPILL_FOLDER|none\n", stderr);
        return 2;
    }
    const auto program = read(words[1]);
    const auto epochs = std::stoull(words[2]);
    const StepCount epoch_steps{std::stoull(words[3])};
    const StepCount end{epochs * epoch_steps.value};
    const auto states = states_of_places(program, end);

    const auto before = resident();
    auto machine = machine_with(program);
    replay::TimelineOptions options;
    options.epoch_steps = epoch_steps;
    options.snapshot_budget.bytes = std::stoull(words[4]);
    const std::string folder = words[5];
    snapshots::Spill spill({.directory = folder == "none" ? std::string() : folder});
    options.spill = &spill;
    replay::Timeline timeline(machine, options);
    const auto began = std::chrono::steady_clock::now();
    timeline.go_on({}, {.limit = end});
    const auto run_ms = milliseconds_since(began);
    const auto after_run = resident();

    std::vector<double> times;
    int wrong = 0;
    for (const auto& [at, state] : states) {
        const auto begin = std::chrono::steady_clock::now();
        const auto stopped = timeline.seek({{}, at});
        times.push_back(milliseconds_since(begin));
        if (stopped.why != replay::StopReason::done || machine.save().fields != state) ++wrong;
    }
    const auto reach = snapshots::reach(timeline.starting_points(), timeline.frontier().step);
    std::printf(
        "{\"epochs\": %llu, \"run_ms\": %.0f, \"resident_bytes\": %llu, \"resident_after_seeks_bytes\": "
        "%llu, "
        "\"snapshots\": %zu, \"snapshot_bytes\": %zu, \"snapshot_budget_bytes\": %zu, \"spilled\": %zu, "
        "\"spilled_bytes\": %llu, \"index_bytes\": %zu, \"reach_median_epochs\": %.1f, "
        "\"reach_worst_epochs\": %.1f, "
        "\"seek_median_ms\": %.3f, \"seek_p99_ms\": %.3f, \"places\": %zu, \"wrong\": %d}\n",
        epochs, run_ms, static_cast<unsigned long long>(after_run - before),
        static_cast<unsigned long long>(resident() - before), timeline.snapshots().size(),
        timeline.snapshots().bytes(), options.snapshot_budget.bytes, spill.positions().size(),
        static_cast<unsigned long long>(spill.bytes()), timeline.access_bytes(),
        static_cast<double>(reach.median.value) / static_cast<double>(epoch_steps.value),
        static_cast<double>(reach.worst.value) / static_cast<double>(epoch_steps.value),
        percentile(times, 0.5), percentile(times, 0.99), states.size(), wrong);
    return wrong == 0 ? 0 : 1;
}
