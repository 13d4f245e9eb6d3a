#include "cli/options/engine_choice.hpp"

#include <string>

#include <fmt/format.h>

#include "cli/options/command.hpp"
#include "cli/options/machine_options.hpp"

namespace backspin::cli {

namespace po = boost::program_options;

void add_engine_option(po::options_description& options) {
    options.add_options()("engine", po::value<std::string>()->value_name("auto|jit|interp"),
                          "translate guest code, or interpret it (auto: translate if the host can)");
}

void add_statistics_option(po::options_description& options) {
    options.add_options()("stats", "say at the end how the guest was run: engine, translation, misses");
}

emu::EngineOptions read_engine(const po::variables_map& values) {
    const auto choice = text_of(values, "engine").value_or("auto");
    emu::EngineOptions options;
    if (choice == "jit") {
        options.kind = emu::EngineKind::translating;
    } else if (choice == "interp") {
        options.kind = emu::EngineKind::interpreting;
    } else if (choice != "auto") {
        throw UsageError(fmt::format("--engine {}: choose auto, jit or interp", choice));
    }
    return options;
}

}  // namespace backspin::cli
