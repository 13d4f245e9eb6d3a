// What can be asked of a recording, as values: one struct per verb.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/place.hpp"
#include "emu/engine/engine_options.hpp"

namespace backspin::cli {

struct VerifyCommand {
    std::string file;
    std::optional<unsigned> jobs;  ///< nothing: as many as there are cores
    bool json = false;
    bool progress = false;                   ///< also where stderr is no terminal
    std::vector<std::string> drive_files{};  ///< images of its drives, the first ones in order
    emu::EngineOptions engine{};
};

struct InfoCommand {
    std::string file;
    bool json = false;
};

/// Part of a history: both ends are optional.
struct Stretch {
    std::optional<Place> from;
    std::optional<Place> to;  ///< what happens there is not in it
};

struct EventsCommand {
    std::string file;
    Stretch stretch;
    std::optional<std::string> kind;  ///< one of kInputKinds
    bool json = false;
    bool times = true;                         ///< virtual times take a replay
    std::vector<std::string> drive_files{};    ///< images of its drives, the first ones in order
    std::string branch = replay::kMainBranch;  ///< its name or number
};

struct LogCommand {
    std::string file;
    Stretch stretch;
    std::optional<std::string> device;  ///< "uart", "virtio0-console" ...
    bool json = false;
    std::vector<std::string> drive_files{};  ///< images of its drives, the first ones in order
};

/// Adds the state at a place to the file.
struct SnapshotCommand {
    std::string file;
    Place at;
    std::string name;  ///< empty: none
    std::vector<std::string> drive_files{};
    std::string branch = replay::kMainBranch;  ///< its name or number
};

/// A question about the history: see cli/query/question.hpp.
struct QueryCommand {
    std::string file;
    std::string question;
    Place at = HistoryEnd::end;  ///< where addresses are looked up, and where "last" looks back from
    std::uint32_t hart = 0;
    std::uint64_t limit = 0;             ///< most answers
    std::optional<std::string> symbols;  ///< an ELF file; nothing: the recording's program
    std::optional<unsigned> jobs;        ///< nothing: as many as there are cores
    bool json = false;
    std::string branch = replay::kMainBranch;  ///< its name or number
    emu::EngineOptions engine{};
};

/// Writes a drive as it was at a place as a new image.
struct CommitCommand {
    std::string file;
    Place at;
    std::string output;
    std::optional<std::string> drive;  ///< its id or number; nothing: there is one only
    std::vector<std::string> bases;    ///< images of the drives, the first ones in order
    bool force = false;
};

enum class ExportFormat : std::uint8_t { console, pcap, wav };

struct ExportCommand {
    ExportFormat format{};
    std::string file;
    std::string output;
    bool force = false;
    std::vector<std::string> drive_files{};  ///< images of its drives, the first ones in order
};

}  // namespace backspin::cli
