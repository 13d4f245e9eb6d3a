#include "cli/options/engine_choice.hpp"

#include <memory>
#include <string>

#include <fmt/format.h>

#include "cli/options/command.hpp"
#include "cli/options/machine_options.hpp"
#include "cli/perf_map.hpp"

namespace backspin::cli {

namespace po = boost::program_options;

void add_engine_option(po::options_description& options) {
    options.add_options()("engine", po::value<std::string>()->value_name("auto|jit|interp"),
                          "translate hot code, or only interpret it");
}

void add_profile_options(po::options_description& options) {
    options.add_options()                                  //
        ("stats", "say at the end how the guest was run")  //
        ("perf-map", "for perf: /tmp/perf-PID.map");
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
    if (values.count("perf-map") != 0)
        options.on_translated = [map = std::make_shared<PerfMap>()](const auto& block) { map->add(block); };
    return options;
}

}  // namespace backspin::cli
