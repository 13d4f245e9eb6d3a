#include "cli/kept_history.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "cli/host_memory.hpp"
#include "cli/options/jobs.hpp"
#include "cli/start_error.hpp"

namespace backspin::cli {
namespace {

constexpr std::uint64_t kMostMemory = std::uint64_t{4} << 30;
constexpr std::uint64_t kUnknownMemory = std::uint64_t{1} << 30;
constexpr std::uint64_t kMostSpilled = std::uint64_t{16} << 30;
// Without a file, patches lie in memory. They are so much smaller than the pages of snapshots that a quarter
// holds many times what the other three do.
constexpr std::uint64_t kShareOfPatches = 4;

std::uint64_t memory_by_host() {
    const auto free = free_memory();
    if (!free) return kUnknownMemory;
    return std::clamp(*free / 4, kLeastSnapshotMemory, kMostMemory);
}

/// The rest of the host wants to write, too.
std::uint64_t limit_in(const std::string& folder) {
    std::error_code unknown;
    const auto space = std::filesystem::space(folder, unknown);
    return unknown ? kMostSpilled : std::min<std::uint64_t>(kMostSpilled, space.available / 4);
}

std::unique_ptr<snapshots::Spill> spill_to(const std::string& folder) {
    return std::make_unique<snapshots::Spill>(snapshots::SpillOptions{folder, limit_in(folder)});
}

std::unique_ptr<snapshots::Spill> spill_to_file(const HistoryOptions& options) {
    if (options.spill) {
        if (options.spill->empty()) return nullptr;
        try {
            return spill_to(*options.spill);
        } catch (const snapshots::SpillError& error) {
            throw StartError(fmt::format("--spill: {}", error.what()));
        }
    }
    try {
        return spill_to(std::filesystem::temp_directory_path().string());
    } catch (const std::runtime_error& error) {
        fmt::print(stderr, "backspin: {}; --spill DIR names another place\n", error.what());
        return nullptr;
    }
}

}  // namespace

KeptHistory::KeptHistory(const HistoryOptions& options)
    : jobs_(jobs_or_cores(options.jobs)),
      uses_access_index_(options.access_index),
      spill_(spill_to_file(options)) {
    budget_.bytes = options.snapshot_memory.value_or(memory_by_host());
    if (spill_) return;
    const auto patches = budget_.bytes / kShareOfPatches;
    budget_.bytes -= patches;
    spill_ = std::make_unique<snapshots::Spill>(snapshots::SpillOptions{{}, patches});
}

void KeptHistory::add_to(replay::TimelineOptions& options, replay::MachineFactory make) const {
    options.search_machines = jobs_;
    options.make_search_machine = std::move(make);
    options.snapshot_budget = budget_;
    options.spill = spill_.get();
    options.use_access_index = uses_access_index_;
}

void KeptHistory::poll() {
    const auto trouble = spill_->take_trouble();
    if (trouble) {
        fmt::print(stderr, "backspin: {}; going far back takes longer from here on\n", *trouble);
    }
}

}  // namespace backspin::cli
