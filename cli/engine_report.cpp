#include "cli/engine_report.hpp"

#include <cstdint>

#include <fmt/format.h>

#include "cli/units.hpp"

namespace backspin::cli {
namespace {

double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string describe_translation(const emu::TranslationStatistics& translation) {
    const auto& [operation, enter, taken, fall_through, address] = translation.exits;
    return fmt::format(
        "translated: {} blocks of {} instructions, {} of code, dropped {} times to make room\n"
        "linked: {} jumps from block to block\n"
        "left translated code: {} times for an operation, {} at a block to count or not paid for, {} at a "
        "jump "
        "not linked, {} at an address not known\n",
        translation.blocks, translation.instructions, describe_size(translation.bytes),
        translation.times_full, translation.links, operation, enter, taken + fall_through, address);
}

}  // namespace

std::string describe_engine(const emu::EngineStatistics& statistics) {
    const auto& [budget, attention, stopped, asked] = statistics.slices;
    auto text = fmt::format("steps by instructions: {}, {:.1f} % in translated code\n", statistics.steps,
                            percent(statistics.translated_steps, statistics.steps));
    if (statistics.translation.blocks != 0) text += describe_translation(statistics.translation);
    const auto& accesses = statistics.accesses;
    text += fmt::format("not in the translation buffers: {} loads, {} stores; {} of them of devices\n",
                        accesses.loads, accesses.stores, accesses.of_devices);
    text += fmt::format(
        "slices: {} to their end, {} left for what may raise an interrupt, {} stopped, {} for the "
        "host's clock\n",
        budget, attention, stopped, asked);
    return text;
}

}  // namespace backspin::cli
