// The options that say what machine there is and what lies in its memory: the same for `run`, `record` and
// `dtb`.
#pragma once

#include <optional>
#include <string>

#include <boost/program_options.hpp>

#include "cli/options/command.hpp"

namespace backspin::cli {

boost::program_options::options_description machine_options();

/// `image`: what stood without a dash. Throws UsageError.
MachineChoice read_machine(const boost::program_options::variables_map& values,
                           const std::optional<std::string>& image);

/// The option's value; nothing if it was not given.
std::optional<std::string> text_of(const boost::program_options::variables_map& values, const char* name);

/// Its value as a place in time; nothing if it was not given. Throws UsageError.
std::optional<Place> place_of(const boost::program_options::variables_map& values, const char* name);

/// A whole number from `least` to `most`. Throws UsageError that names the option.
std::uint64_t parse_bounded(const char* option, const std::string& text, std::uint64_t most,
                            std::uint64_t least = 1);

}  // namespace backspin::cli
