// The options of `run` and `record` that say what is recorded: they have a page of their own, 'backspin help
// recording'.
#pragma once

#include <boost/program_options.hpp>

#include "cli/options/command.hpp"

namespace backspin::cli {

boost::program_options::options_description recording_options();

/// Into what the command has by then: save, and the machine as the other options describe it. Throws
/// UsageError.
void read_recording(const boost::program_options::variables_map& values, RunCommand& command);

/// --from-snapshot PLACE: then what stands without a dash is a recording, and the machine is as it was there.
/// Nothing without it. Throws UsageError for what can be said of a new machine only.
std::optional<RecordedStart> read_from_snapshot(const boost::program_options::variables_map& values,
                                                const std::optional<std::string>& recording);

}  // namespace backspin::cli
