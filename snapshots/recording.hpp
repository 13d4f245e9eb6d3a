// The recording file: everything needed to replay a run on another computer, in one SQLite database
// (docs/recording.md has the format). Knows neither the machine nor the timeline: it keeps what it is given.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/input.hpp"
#include "base/position.hpp"
#include "snapshots/sha256.hpp"

namespace backspin::snapshots {

/// One line for the user: which file, what is wrong with it and where, and how to mend it.
class RecordingError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Version of the format that is written. Every older one stays readable.
inline constexpr std::uint32_t kRecordingVersion = 1;

/// What the machine is made of, as the program that records it describes it. At most 256 keys of at most 64
/// bytes, values of at most 4096 bytes, UTF-8.
using Configuration = std::map<std::string, std::string>;

/// An image given to the machine before its first step: firmware, kernel ... Names and roles of at most 255
/// bytes, at most 64 images, at most 1 GiB each.
struct ImageSource {
    std::string name;  ///< as the user named it, for messages only
    std::string role;  ///< what it is to the machine: "program", "bios" ...
    std::span<const std::byte> bytes;
};

struct ImageInfo {
    std::string name;
    std::string role;
    std::uint64_t size = 0;
    Sha256Digest sha256{};
};

/// An input and where it was applied: it is the step from `at` to the next position.
struct RecordedEvent {
    Position at;
    Input input;
    bool operator==(const RecordedEvent&) const = default;
};

/// The hash of one component's state at an epoch's end.
struct RecordedDigest {
    Position at;
    std::string component;  ///< at most 255 bytes
    std::uint64_t value = 0;
    bool operator==(const RecordedDigest&) const = default;
};

/// How the run ended.
struct RecordedEnd {
    Position at;
    VirtualTime time;
    std::string reason;  ///< "powered off", "interrupted" ...: at most 255 bytes
    std::optional<std::uint32_t> exit_code;
    bool operator==(const RecordedEnd&) const = default;
};

enum class Overwrite : std::uint8_t { refuse, replace };

/// Writes a recording while its run goes on. What is added is kept in memory until the next commit; a process
/// that is killed loses that and nothing else. Thread: one at a time, not necessarily the machine's.
class RecordingWriter {
  public:
    /// The file appears under its name at once and whole, with configuration and images; a failure leaves
    /// nothing behind, and with `replace` leaves the old file as it was. Throws RecordingError.
    RecordingWriter(const std::filesystem::path& path, Overwrite overwrite,
                    const Configuration& configuration, std::span<const ImageSource> images);
    /// Without finish(): commits what it can and leaves a recording that has no end.
    ~RecordingWriter();
    RecordingWriter(RecordingWriter&&) noexcept;
    RecordingWriter& operator=(RecordingWriter&&) = delete;

    /// Positions within a branch must not go backwards. The payload of one input is at most 1 MiB.
    /// These commit by themselves when much has piled up. Throw RecordingError, as does all below.
    void add(const RecordedEvent& event);
    void add(const RecordedDigest& digest);

    /// Commits if the last commit is a second ago or more. To be called often while the machine runs.
    void commit_if_due(std::chrono::steady_clock::time_point now);
    void commit();

    /// The last commit; then the file is one plain file again. Nothing may be added afterwards.
    void finish(const RecordedEnd& end);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Opens a recording from anywhere, also from a stranger: everything is checked before anything is handed
/// out. Needs no write access to the file or its folder. Thread: one at a time.
class RecordingReader {
  public:
    /// Throws RecordingError: no such file, not a recording, truncated, newer, altered.
    explicit RecordingReader(const std::filesystem::path& path);
    ~RecordingReader();
    RecordingReader(RecordingReader&&) noexcept;
    RecordingReader& operator=(RecordingReader&&) noexcept;

    const std::filesystem::path& path() const;
    std::uint32_t version() const;
    const Configuration& configuration() const;
    const std::vector<ImageInfo>& images() const;
    /// The image's content; its hash has been compared.
    std::vector<std::byte> image(std::size_t index) const;

    /// In the order in which they were recorded.
    void for_each_event(const std::function<void(const RecordedEvent&)>& visit) const;
    void for_each_digest(const std::function<void(const RecordedDigest&)>& visit) const;
    std::uint64_t event_count() const;
    std::uint64_t digest_count() const;

    /// Nothing if the recording process was killed.
    const std::optional<RecordedEnd>& end() const;
    /// The position with the most steps that the file speaks of: for an input, the one that it leads to.
    Position last_position() const;
    /// One line for the user if the file is usable but not as a clean end leaves it: it has no end, or its
    /// write-ahead log still lies beside it.
    const std::optional<std::string>& warning() const;
    /// Whether a write-ahead log lies beside the file; fold_log() mends that.
    bool has_log() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Folds the write-ahead log that a killed recorder left back into the file. Throws RecordingError.
void fold_log(const std::filesystem::path& path);

}  // namespace backspin::snapshots
