// --engine: whether guest code is translated or interpreted; --stats: what came of it.
#pragma once

#include <boost/program_options.hpp>

#include "emu/engine/engine_options.hpp"

namespace backspin::cli {

void add_engine_option(boost::program_options::options_description& options);
/// --stats and --perf-map.
void add_profile_options(boost::program_options::options_description& options);
/// Throws UsageError, and StartError if there can be no map for perf.
emu::EngineOptions read_engine(const boost::program_options::variables_map& values);

}  // namespace backspin::cli
