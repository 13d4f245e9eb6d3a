// The options of one verb, what stands without a dash, and the text around them.
#pragma once

#include <string>
#include <vector>

#include <boost/program_options.hpp>

#include "cli/options/command.hpp"

namespace backspin::cli {

/// Options that are shown by name only: 'backspin help NAME' says what they do.
struct Topic {
    std::string name;
    std::string about;  ///< "Options of 'backspin run' that ..."
    boost::program_options::options_description options;
};

struct Verb {
    std::string name;
    std::string usage;       ///< what follows "backspin NAME"
    std::string summary;     ///< one or two sentences
    std::string positional;  ///< name of the positional argument, and of the hidden option that takes it
    boost::program_options::options_description options;
    std::vector<Topic> topics{};
    boost::program_options::options_description unlisted{};  ///< taken, but in no help
    std::string selector{};  ///< a positional argument before that one; empty: there is none
    std::string note{};      ///< a line behind the options
};

/// The positional argument, or the selector. Throws UsageError if it is missing.
std::string required(const Verb& verb, const boost::program_options::variables_map& values);
std::string required_selector(const Verb& verb, const boost::program_options::variables_map& values);

struct VerbEntry {
    Verb (*describe)();
    Command (*read)(const Verb&, const boost::program_options::variables_map&);
};

}  // namespace backspin::cli
