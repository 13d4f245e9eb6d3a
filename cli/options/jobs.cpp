#include "cli/options/jobs.hpp"

#include <algorithm>
#include <thread>

#include "cli/options/command.hpp"
#include "cli/options/machine_options.hpp"

namespace backspin::cli {

std::optional<unsigned> read_jobs(const boost::program_options::variables_map& values) {
    constexpr unsigned kMostJobs = 1024;
    const auto text = text_of(values, "jobs");
    if (!text) return std::nullopt;
    const auto jobs = static_cast<unsigned>(parse_bounded("jobs", *text, kMostJobs));
    if (jobs == 0) throw UsageError("--jobs 0: nobody would do anything; give 1 or more");
    return jobs;
}

unsigned jobs_or_cores(std::optional<unsigned> jobs) {
    return jobs.value_or(std::max(std::thread::hardware_concurrency(), 1U));
}

}  // namespace backspin::cli
