// What `debug` shares with `run` and `replay`.
#pragma once

#include <vector>

#include "cli/options/verb.hpp"

namespace backspin::cli {

std::vector<Topic> run_topics();

/// RunCommand and ReplayCommand. Throws UsageError.
Command read_run(const Verb& verb, const boost::program_options::variables_map& values);
Command read_replay(const Verb& verb, const boost::program_options::variables_map& values);

}  // namespace backspin::cli
