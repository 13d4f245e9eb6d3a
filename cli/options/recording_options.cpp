#include "cli/options/recording_options.hpp"

#include <fmt/format.h>

#include "cli/options/device_options.hpp"
#include "cli/options/machine_options.hpp"

namespace backspin::cli {
namespace {

namespace po = boost::program_options;

EmbedDisks embed_disks_of(const po::variables_map& values) {
    const bool all = values.count("embed-disks") != 0, none = values.count("no-embed-disks") != 0;
    if (all && none) throw UsageError("--embed-disks and --no-embed-disks: choose one");
    return all ? EmbedDisks::all : none ? EmbedDisks::none : EmbedDisks::blocks_read;
}

FlightOptions flight_of(const po::variables_map& values, bool saving) {
    FlightOptions flight;
    if (const auto text = text_of(values, "keep")) flight.keep = parse_keep(*text);
    if (const auto text = text_of(values, "save-on")) flight.save_on = parse_save_on(*text);
    if (!saving && (flight.keep || flight.save_on))
        throw UsageError("--keep, --save-on: there is nothing to keep; add --save FILE");
    return flight;
}

/// The recorded machine's own are what they are.
void refuse_properties(const po::variables_map& values) {
    constexpr auto kWhy = "the machine comes from the recording; leave it out";
    const auto properties = machine_options();
    for (const auto& option : properties.options()) {
        if (values.count(option->long_name()) != 0)
            throw UsageError(fmt::format("--{} and --from-snapshot: {}", option->long_name(), kWhy));
    }
    if (values.count("seed") != 0) throw UsageError(fmt::format("--seed and --from-snapshot: {}", kWhy));
    const auto each = [&](const char* option, const auto& refuse) {
        if (values.count(option) == 0) return;
        for (const auto& text : values[option].as<std::vector<std::string>>()) {
            if (const char* part = refuse(text))
                throw UsageError(
                    fmt::format("--{} {}: {} comes from the recording; leave it out", option, text, part));
        }
    };
    each("drive", [](const std::string& text) -> const char* {
        const auto drive = parse_drive(text);
        return drive.readonly ? "'readonly'" : !drive.id.empty() ? "the id" : nullptr;
    });
    each("net", [](const std::string& text) -> const char* {
        return parse_network(text).mac ? "the address" : nullptr;
    });
}

}  // namespace

po::options_description recording_options() {
    const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    po::options_description options("Recording");
    options.add_options()  //
        ("keep", text("60s|512M"),
         "a flight recorder: the recording holds the newest stretch only, so long in host time, or so much "
         "in the file")  //
        ("save-on", text("WHAT"),
         "leave a recording only if that happens: panic (a console says so), exit!=0 (of the guest), or "
         "text:REGEX (a line of a console)")                             //
        ("embed-disks", "the recording holds the drives' images whole")  //
        ("no-embed-disks", "it holds nothing of them but hashes")        //
        ("from-snapshot", text("PLACE"),
         "IMAGE is a recording, and the run goes on from its machine as it was at PLACE: a named snapshot or "
         "bookmark, a step, 1.5s, start or end. Devices are connected as the options of this run say; the "
         "machine's own properties are the recording's");
    return options;
}

void read_recording(const po::variables_map& values, RunCommand& command) {
    command.flight = flight_of(values, command.save.has_value());
    command.embed_disks = embed_disks_of(values);
}

std::optional<RecordedStart> read_from_snapshot(const po::variables_map& values,
                                                const std::optional<std::string>& recording) {
    const auto place = place_of(values, "from-snapshot");
    if (!place) return std::nullopt;
    if (!recording)
        throw UsageError("--from-snapshot: give the recording, as in --from-snapshot NAME old.bsp");
    refuse_properties(values);
    return RecordedStart{*recording, *place};
}

}  // namespace backspin::cli
