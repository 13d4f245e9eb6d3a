#include "cli/options/history_options.hpp"

#include <fmt/format.h>

#include "cli/options/command.hpp"
#include "cli/options/jobs.hpp"
#include "cli/options/machine_options.hpp"
#include "cli/units.hpp"

namespace backspin::cli {

namespace po = boost::program_options;

void add_history_options(po::options_description& options) {
    options.add_options()  //
        ("snapshot-memory", po::value<std::string>()->value_name("2G"),
         "memory to go back by (a quarter of what is free)")  //
        ("spill", po::value<std::string>()->value_name("DIR|none"),
         "where more of it goes (the temporary folder)")  //
        ("jobs", po::value<std::string>()->value_name("N"),
         "machines that search the past at a time (the host's cores)");
}

po::options_description unlisted_history_options() {
    po::options_description options;
    options.add_options()("access-index", po::value<std::string>()->value_name("on|off"));
    return options;
}

HistoryOptions read_history(const po::variables_map& values, bool debugging) {
    HistoryOptions options;
    const auto memory = text_of(values, "snapshot-memory");
    const auto spill = text_of(values, "spill");
    options.jobs = read_jobs(values);
    if ((memory || spill || options.jobs) && !debugging)
        throw UsageError("--snapshot-memory, --spill, --jobs: only a debugger goes back; add --gdb WHERE");
    if (memory) {
        options.snapshot_memory = parse_size(*memory);
        if (!options.snapshot_memory || *options.snapshot_memory < kLeastSnapshotMemory) {
            throw UsageError(
                fmt::format("--snapshot-memory {}: give a size from {}M on, as in --snapshot-memory 2G",
                            *memory, kLeastSnapshotMemory >> 20));
        }
    }
    if (spill) {
        if (spill->empty()) throw UsageError("--spill: give a folder, or none");
        options.spill = *spill == "none" ? std::string() : *spill;
    }
    if (const auto choice = text_of(values, "access-index")) {
        if (!debugging) throw UsageError("--access-index: only a debugger searches; add --gdb WHERE");
        if (*choice != "on" && *choice != "off")
            throw UsageError(fmt::format("--access-index {}: choose on or off", *choice));
        options.access_index = *choice == "on";
    }
    return options;
}

}  // namespace backspin::cli
