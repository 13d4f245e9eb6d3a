// --jobs: how many machines work at the same time.
#pragma once

#include <optional>

#include <boost/program_options.hpp>

namespace backspin::cli {

/// Nothing: the user does not say. Throws UsageError.
std::optional<unsigned> read_jobs(const boost::program_options::variables_map& values);

/// As many as the user wants, or there are cores.
unsigned jobs_or_cores(std::optional<unsigned> jobs);

}  // namespace backspin::cli
