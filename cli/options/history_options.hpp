// What a session takes to go back: --snapshot-memory, --spill, --jobs and --access-index.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/program_options.hpp>

namespace backspin::cli {

struct HistoryOptions {
    std::optional<std::uint64_t> snapshot_memory{};  ///< bytes; nothing: by what the host has
    std::optional<std::string> spill{};  ///< a folder, empty: none; nothing: the host's temporary one
    std::optional<unsigned> jobs{};      ///< machines that search; nothing: as many as there are cores
    bool access_index = true;            ///< off: to see what it is worth, and that it changes nothing found
};

inline constexpr std::uint64_t kLeastSnapshotMemory = std::uint64_t{1} << 20;

/// Among the others of `run` and `replay`.
void add_history_options(boost::program_options::options_description& options);
/// What no help lists: docs/replay.md does.
boost::program_options::options_description unlisted_history_options();

/// Throws UsageError, also for options that mean nothing without a debugger.
HistoryOptions read_history(const boost::program_options::variables_map& values, bool debugging);

}  // namespace backspin::cli
