// `debug`, and what prints text for debuggers: `gdbinit`, `lldbinit` and `dapinit`.
#pragma once

#include <span>

#include "cli/options/verb.hpp"

namespace backspin::cli {

/// In the order in which they are listed.
std::span<const VerbEntry> debug_verbs();

/// Whether the options of `replay` name a debugger or a place for the console: then it does as they say.
bool says_how_to_replay(const boost::program_options::variables_map& values);
/// `replay` on a terminal, without such options: as `debug` with the recording. Throws UsageError.
DebugCommand read_replay_under_debugger(const Verb& verb,
                                        const boost::program_options::variables_map& values);

}  // namespace backspin::cli
