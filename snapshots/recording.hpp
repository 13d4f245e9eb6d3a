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
#include <string_view>
#include <vector>

#include "base/input.hpp"
#include "base/machine.hpp"
#include "base/pages.hpp"
#include "base/position.hpp"
#include "snapshots/sha256.hpp"

namespace backspin::snapshots {

/// One line for the user: which file, what is wrong with it and where, and how to mend it.
class RecordingError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Version of the format that is written. Every older one stays readable.
inline constexpr std::uint32_t kRecordingVersion = 4;

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

/// The name under which the digest of the memory stands beside those of the machine's components.
inline constexpr std::string_view kMemoryComponent = "memory";

/// What a device gave out, as a stream: neighbours of one channel may come back joined within a line.
struct RecordedOutput {
    Position at;       ///< of the first byte
    VirtualTime time;  ///< there; 0 in a file of version 2
    Channel channel;
    std::vector<std::byte> bytes;
    bool operator==(const RecordedOutput&) const = default;
};

/// A place that the user gave a name; at most 255 bytes.
struct RecordedBookmark {
    std::string name;
    Position at;
    bool operator==(const RecordedBookmark&) const = default;
};

/// What the steps of a stretch of history touched, in whatever form its maker gave it. Searches use it to
/// leave out stretches; what a file does not know of, they go through.
struct RecordedAccesses {
    Position begin;
    StepCount end;  ///< the step after the last; greater than begin.step
    std::vector<std::byte> notes;
    bool operator==(const RecordedAccesses&) const = default;
};

/// A future that begins in the past of another; branch 0 has none of these. Numbers count from 1, in the
/// order in which they are given. The name has at most 255 bytes.
struct RecordedBranch {
    Branch number;
    Position fork;  ///< where it begins, in its parent
    std::string name;
    bool operator==(const RecordedBranch&) const = default;
};

/// A machine state that the file holds.
struct SnapshotInfo {
    Position at;
    std::string name;         ///< empty: it was taken for the sake of seeking
    std::uint64_t bytes = 0;  ///< what the file grew by for it
};

/// A machine state that the file holds as a patch (snapshots/state_patch.hpp) to another state of the same
/// branch: a snapshot's, an earlier patch's, or that of the recording's beginning.
struct PatchInfo {
    Position at;
    StepCount base;  ///< before at.step
};

/// The state from which a recording starts that does not start at power-on.
struct StartState {
    Position at;
    SavedState state;  ///< state.at == at.step
    std::string name{};
};

/// Disks are known block by block, as they are first read.
inline constexpr std::size_t kDiskBlock = std::size_t{64} << 10;

struct DiskBlockInfo {
    Sha256Digest sha256{};
    bool embedded = false;  ///< the file holds its content
};

struct TableSize {
    std::string table;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;  ///< of content: what SQLite adds is not counted
};

enum class Overwrite : std::uint8_t { refuse, replace };

/// Writes a recording while its run goes on. Whoever calls only queues: a thread of the writer's own hashes,
/// compresses and commits at least once a second of host time. A killed process loses what was not committed
/// and nothing else. When that thread falls far behind, add_... waits for it: memory stays bounded. What goes
/// wrong there is thrown by the next call. Thread: one at a time, not necessarily the machine's.
class RecordingWriter {
  public:
    /// Checks names and bounds at once and throws RecordingError; the content is written behind the caller's
    /// back, and the file appears under its name when configuration, images and start are in it: whole, or
    /// not at all, and with `replace` the old file is there until then. The images' bytes must stay valid as
    /// long as the writer lives. `component_names` are the machine's, at most 1024.
    RecordingWriter(const std::filesystem::path& path, Overwrite overwrite,
                    const Configuration& configuration, std::span<const ImageSource> images,
                    std::span<const std::string_view> component_names, std::optional<StartState> start = {});
    /// Without finish(): commits what it can and leaves a recording that has no end.
    ~RecordingWriter();
    RecordingWriter(RecordingWriter&&) noexcept;
    RecordingWriter& operator=(RecordingWriter&&) = delete;

    /// Positions within a branch must ascend. The payload of one input is at most 1 MiB. Throws
    /// RecordingError, as does all below.
    void add(const RecordedEvent& event);
    /// The digests of all components and of the memory are recorded, and the state itself as a patch to the
    /// one before, as often as that takes little space. Cheapest in ascending order.
    void add_epoch(Position at, const SavedState& state);
    /// The whole state; of its pages those that differ from the snapshot before it in the file. All of one
    /// recording have one size of memory.
    void add_snapshot(Position at, const SavedState& state, std::string name = {});
    void add_output(Position at, VirtualTime time, Channel channel, std::span<const std::byte> bytes);
    /// Block `block` of drive `drive` (from 0) as the machine found it at its first read: at most kDiskBlock
    /// bytes. Each block once.
    void add_disk_block(std::uint32_t drive, std::uint64_t block, std::vector<std::byte> bytes, bool embed);
    void add_bookmark(const RecordedBookmark& bookmark);
    /// Stretches of a branch do not overlap and come in ascending order.
    void add_accesses(RecordedAccesses accesses);
    /// Before whatever lies in it. At most 999.
    void add_branch(const RecordedBranch& branch);
    /// How a branch ended that is not the one that finish() is about; each once.
    void add_end(const RecordedEnd& end);

    /// Throws what the writer's thread has met since the last call, if anything.
    void check();
    /// Waits until all that was added is committed.
    void commit();
    /// How much has been committed: grows by itself.
    std::uint64_t batches_committed() const;
    /// What the file grew by since its first batch.
    std::uint64_t bytes_written() const;
    /// How long the writer's thread has worked on snapshots.
    std::chrono::nanoseconds packing_time() const;

    /// Gives the file another name, in place of whatever has that name, and goes on. At every moment there is
    /// a whole recording under the new name, if there was one before.
    void move_to(const std::filesystem::path& path);

    /// The last commit; then the file is one plain file again. Nothing may be added afterwards.
    void finish(const RecordedEnd& end);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

struct RecordingTail;

/// Opens a recording from anywhere, also from a stranger: everything but the content of pages and disk blocks
/// is checked before anything is handed out, and those when they are loaded. Needs no write access to the
/// file or its folder. Thread: one at a time.
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

    /// Where it starts: power-on, or the position of snapshot 0.
    Position begin() const;

    /// In the order in which they were recorded.
    void for_each_event(const std::function<void(const RecordedEvent&)>& visit) const;
    void for_each_digest(const std::function<void(const RecordedDigest&)>& visit) const;
    void for_each_output(const std::function<void(const RecordedOutput&)>& visit) const;
    void for_each_accesses(const std::function<void(RecordedAccesses)>& visit) const;
    std::uint64_t event_count() const;
    /// Pieces of output.
    std::uint64_t output_count() const;
    std::uint64_t digest_count() const;
    const std::vector<RecordedBookmark>& bookmarks() const;

    /// In the order in which they were recorded; version 1 has none.
    const std::vector<SnapshotInfo>& snapshots() const;
    /// Pages come from the store; what does not differ from the snapshot loaded before shares its pages. Not
    /// trusted.
    SavedState load_snapshot(std::size_t index, const std::shared_ptr<PageStore>& store) const;

    /// In the order in which they were recorded. A base may be missing where the recorder was killed.
    const std::vector<PatchInfo>& patches() const;
    /// What apply_patch takes; it may be of any form.
    std::vector<std::byte> load_patch(std::size_t index) const;

    /// The blocks of a drive that were read, by number.
    const std::map<std::uint64_t, DiskBlockInfo>& disk_blocks(std::uint32_t drive) const;
    /// Precondition: it is embedded. Its hash has been compared.
    std::vector<std::byte> disk_block(std::uint32_t drive, std::uint64_t block) const;

    /// Those besides branch 0, in the order of their numbers: each has its parent among those before it, and
    /// begins in it.
    const std::vector<RecordedBranch>& branches() const;
    /// The newest position that the file speaks of in this branch.
    StepCount last_step(Branch branch) const;
    /// By branch; those that were not ended are not there.
    const std::map<Branch, RecordedEnd>& ends() const;
    /// Of branch 0. Nothing if the recording process was killed.
    const std::optional<RecordedEnd>& end() const;
    /// The position with the most steps that the file speaks of: for an input, the one that it leads to.
    Position last_position() const;
    /// One line for the user if the file is usable but not as a clean end leaves it: it has no end, or its
    /// write-ahead log still lies beside it.
    const std::optional<std::string>& warning() const;
    /// Whether a write-ahead log lies beside the file; fold_log() mends that.
    bool has_log() const;
    /// Every table of the file, by name.
    const std::vector<TableSize>& table_sizes() const;

    /// What a writer must know that goes on with this file.
    RecordingTail tail() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Folds the write-ahead log that a killed recorder left back into the file. Throws RecordingError.
void fold_log(const std::filesystem::path& path);

}  // namespace backspin::snapshots
