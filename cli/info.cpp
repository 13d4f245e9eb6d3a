// `backspin info` and `backspin repair`: what needs no machine.
#include <array>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/exit_code.hpp"
#include "cli/input_gist.hpp"
#include "cli/machine_setup.hpp"
#include "cli/printable.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"
#include "replay/event_log.hpp"
#include "snapshots/recording.hpp"

namespace backspin::cli {
namespace {

constexpr std::array kInputTypes{"device", "idle warp", "memory write", "register write"};
static_assert(kInputTypes.size() == std::variant_size_v<Input>);

struct Count {
    std::uint64_t inputs = 0;
    std::uint64_t bytes = 0;
};

/// By what `events` calls them; of a machine that this program cannot build, by what the format calls them.
std::map<std::string, Count> count_inputs(const snapshots::RecordingReader& reader,
                                          const std::optional<MachineSetup>& setup) {
    std::map<std::string, Count> counts;
    reader.for_each_event([&](const snapshots::RecordedEvent& event) {
        auto& count = counts[setup ? std::string(summarize(event.input, *setup).kind)
                                   : kInputTypes.at(event.input.index())];
        ++count.inputs;
        count.bytes += replay::payload_size(event.input);
    });
    return counts;
}

/// Nothing where only the file itself can be described.
std::optional<MachineSetup> setup_of(const snapshots::RecordingReader& reader) {
    try {
        return describe_recording(reader);
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

std::string machine_in_words(const MachineSetup& setup) {
    const auto& board = setup.options.board;
    return fmt::format("{} with {} hart{}, {} of RAM, {} ns a step", board.isa.name(), board.harts,
                       board.harts == 1 ? "" : "s", describe_size(setup.options.ram_bytes),
                       board.ns_per_step);
}

/// Those that the user chose: the board's own are always there.
std::vector<std::string> devices_of(const MachineSetup& setup) {
    std::vector<std::string> devices;
    const auto& virtio = setup.options.board.virtio;
    for (std::size_t i = 0; i < virtio.size(); ++i) {
        if (!std::holds_alternative<std::monostate>(virtio[i]))
            devices.push_back(device_of(emu::virtio_channel(i), setup));
    }
    return devices;
}

std::uint64_t size_on_disk(const snapshots::RecordingReader& reader) {
    std::error_code ignored;
    const auto size = std::filesystem::file_size(reader.path(), ignored);
    return ignored ? 0 : size;
}

nlohmann::json tables_to_json(const snapshots::RecordingReader& reader) {
    auto tables = nlohmann::json::array();
    for (const auto& table : reader.table_sizes())
        tables.push_back({{"table", table.table}, {"rows", table.rows}, {"bytes", table.bytes}});
    return tables;
}

nlohmann::json snapshots_to_json(const snapshots::RecordingReader& reader) {
    auto all = nlohmann::json::array();
    for (const auto& snapshot : reader.snapshots())
        all.push_back({{"step", snapshot.at.step.value}, {"name", snapshot.name}, {"bytes", snapshot.bytes}});
    return all;
}

nlohmann::json bookmarks_to_json(const snapshots::RecordingReader& reader) {
    auto all = nlohmann::json::array();
    for (const auto& bookmark : reader.bookmarks())
        all.push_back({{"name", bookmark.name}, {"step", bookmark.at.step.value}});
    return all;
}

nlohmann::json branches_to_json(const snapshots::RecordingReader& reader) {
    auto all = nlohmann::json::array();
    for (const auto& branch : reader.branches()) {
        all.push_back({{"number", branch.number.id},
                       {"name", branch.name},
                       {"parent", branch.fork.branch.id},
                       {"fork", branch.fork.step.value},
                       {"steps", reader.last_step(branch.number).value}});
    }
    return all;
}

nlohmann::json to_json(const snapshots::RecordingReader& reader) {
    nlohmann::json json{{"file", reader.path().string()},
                        {"format", reader.version()},
                        {"bytes", size_on_disk(reader)},
                        {"configuration", reader.configuration()},
                        {"steps", reader.last_step({}).value},
                        {"begin", reader.begin().step.value},
                        {"digests", reader.digest_count()},
                        {"machine", nullptr},
                        {"devices", nlohmann::json::array()},
                        {"inputs", nlohmann::json::object()},
                        {"tables", tables_to_json(reader)},
                        {"snapshots", snapshots_to_json(reader)},
                        {"bookmarks", bookmarks_to_json(reader)},
                        {"branches", branches_to_json(reader)},
                        {"images", nlohmann::json::array()},
                        {"end", nullptr},
                        {"warning", nullptr}};
    for (const auto& image : reader.images()) {
        json["images"].push_back({{"name", image.name},
                                  {"role", image.role},
                                  {"bytes", image.size},
                                  {"sha256", snapshots::to_hexadecimal(image.sha256)}});
    }
    const auto setup = setup_of(reader);
    if (setup) {
        json["machine"] = machine_in_words(*setup);
        json["devices"] = devices_of(*setup);
    }
    for (const auto& [kind, count] : count_inputs(reader, setup))
        json["inputs"][kind] = {{"count", count.inputs}, {"bytes", count.bytes}};
    if (const auto& end = reader.end()) {
        json["end"] = {{"branch", end->at.branch.id},
                       {"step", end->at.step.value},
                       {"virtual_ns", end->time.ns},
                       {"reason", end->reason},
                       {"exit_code", nullptr}};
        if (end->exit_code) json["end"]["exit_code"] = *end->exit_code;
    }
    if (reader.warning()) json["warning"] = *reader.warning();
    return json;
}

void print_text(const snapshots::RecordingReader& reader) {
    fmt::print("{}: Backspin recording, format {}, {}\n", reader.path().string(), reader.version(),
               describe_size(size_on_disk(reader)));
    const auto setup = setup_of(reader);
    if (setup) {
        fmt::print("  {:<12} {}\n", "machine", machine_in_words(*setup));
        const auto devices = devices_of(*setup);
        if (!devices.empty()) fmt::print("  {:<12} {}\n", "devices", fmt::join(devices, ", "));
    }
    for (const auto& [key, value] : reader.configuration())
        fmt::print("  {:<12} {}\n", printable(key), printable(value));
    for (const auto& image : reader.images()) {
        fmt::print("  {:<12} {}, {}, SHA-256 {}\n", printable(image.role), printable(image.name),
                   describe_size(image.size), snapshots::to_hexadecimal(image.sha256));
    }
    if (reader.begin() != Position{})
        fmt::print("  {:<12} step {}\n", "begins at", reader.begin().step.value);
    fmt::print("  {:<12} {}\n", "steps", reader.last_step({}).value);
    fmt::print("  {:<12} {}", "inputs", reader.event_count());
    auto separator = ": ";
    for (const auto& [kind, count] : count_inputs(reader, setup)) {
        fmt::print("{}{} {} ({})", separator, count.inputs, kind, describe_size(count.bytes));
        separator = ", ";
    }
    fmt::print("\n  {:<12} {}\n", "digests", reader.digest_count());
    fmt::print("  {:<12} {}\n", "snapshots", reader.snapshots().size());
    for (const auto& snapshot : reader.snapshots()) {
        if (!snapshot.name.empty())
            fmt::print("  {:<12} {} at step {}\n", "snapshot", printable(snapshot.name),
                       snapshot.at.step.value);
    }
    for (const auto& bookmark : reader.bookmarks())
        fmt::print("  {:<12} {} at step {}\n", "bookmark", printable(bookmark.name), bookmark.at.step.value);
    for (const auto& branch : reader.branches()) {
        fmt::print("  {:<12} {} ({}) from step {} of {}, to step {}\n", "branch", printable(branch.name),
                   branch.number.id, branch.fork.step.value, branch.fork.branch.id,
                   reader.last_step(branch.number).value);
    }
    for (const auto& table : reader.table_sizes()) {
        if (table.rows != 0)
            fmt::print("  {:<12} {}: {} rows, {}\n", "table", table.table, table.rows,
                       describe_size(table.bytes));
    }
    if (const auto& end = reader.end()) {
        fmt::print("  {:<12} {}", "end", printable(end->reason));
        if (end->exit_code) fmt::print(", exit code {}", *end->exit_code);
        fmt::print(", after {} of virtual time\n", describe_time(end->time));
    }
    if (reader.warning()) fmt::print("  {:<12} {}\n", "warning", *reader.warning());
}

}  // namespace

int info(const InfoCommand& command) {
    const snapshots::RecordingReader reader(command.file);
    if (command.json) {
        // Names are bytes, not always UTF-8: what is not becomes a replacement character.
        fmt::print("{}\n", to_json(reader).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    } else {
        print_text(reader);
    }
    return kSuccess;
}

int repair(const RepairCommand& command) {
    const snapshots::RecordingReader before(command.file);
    if (!before.has_log()) {
        fmt::print("{}: nothing lies beside it that belongs to it\n", command.file);
        return kSuccess;
    }
    snapshots::fold_log(command.file);
    fmt::print("{}: the log is folded in; good up to step {}\n", command.file,
               before.last_position().step.value);
    return kSuccess;
}

}  // namespace backspin::cli
