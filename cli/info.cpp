// `backspin info` and `backspin repair`: what needs no machine.
#include <array>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/exit_code.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"
#include "snapshots/recording.hpp"

namespace backspin::cli {
namespace {

constexpr std::array kInputKinds{"device", "idle warp", "memory write", "register write"};
static_assert(kInputKinds.size() == std::variant_size_v<Input>);

using KindCounts = std::array<std::uint64_t, kInputKinds.size()>;

KindCounts count_inputs(const snapshots::RecordingReader& reader) {
    KindCounts counts{};
    reader.for_each_event([&](const snapshots::RecordedEvent& event) { ++counts[event.input.index()]; });
    return counts;
}

/// A text from a stranger's file must not drive the user's terminal.
std::string printable(std::string text) {
    for (auto& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    }
    return text;
}

std::uint64_t size_on_disk(const snapshots::RecordingReader& reader) {
    std::error_code ignored;
    const auto size = std::filesystem::file_size(reader.path(), ignored);
    return ignored ? 0 : size;
}

nlohmann::json to_json(const snapshots::RecordingReader& reader) {
    nlohmann::json json{{"file", reader.path().string()},
                        {"format", reader.version()},
                        {"bytes", size_on_disk(reader)},
                        {"configuration", reader.configuration()},
                        {"steps", reader.last_position().step.value},
                        {"digests", reader.digest_count()},
                        {"images", nlohmann::json::array()},
                        {"end", nullptr},
                        {"warning", nullptr}};
    for (const auto& image : reader.images()) {
        json["images"].push_back({{"name", image.name},
                                  {"role", image.role},
                                  {"bytes", image.size},
                                  {"sha256", snapshots::to_hexadecimal(image.sha256)}});
    }
    const auto counts = count_inputs(reader);
    for (std::size_t kind = 0; kind < counts.size(); ++kind) json["inputs"][kInputKinds[kind]] = counts[kind];
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
    for (const auto& [key, value] : reader.configuration())
        fmt::print("  {:<12} {}\n", printable(key), printable(value));
    for (const auto& image : reader.images()) {
        fmt::print("  {:<12} {}, {}, SHA-256 {}\n", printable(image.role), printable(image.name),
                   describe_size(image.size), snapshots::to_hexadecimal(image.sha256));
    }
    fmt::print("  {:<12} {}\n", "steps", reader.last_position().step.value);
    const auto counts = count_inputs(reader);
    fmt::print("  {:<12} {}", "inputs", reader.event_count());
    for (std::size_t kind = 0, shown = 0; kind < counts.size(); ++kind) {
        if (counts[kind] != 0)
            fmt::print("{}{} {}", shown++ == 0 ? ": " : ", ", counts[kind], kInputKinds[kind]);
    }
    fmt::print("\n  {:<12} {}\n", "digests", reader.digest_count());
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
