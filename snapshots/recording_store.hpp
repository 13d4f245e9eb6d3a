// The writing side of a recording's database: what the writer's thread does.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "snapshots/page_packer.hpp"
#include "snapshots/patch_maker.hpp"
#include "snapshots/recording.hpp"
#include "snapshots/recording_batch.hpp"
#include "snapshots/recording_file.hpp"
#include "snapshots/recording_queue.hpp"
#include "snapshots/recording_tail.hpp"
#include "snapshots/state_digests.hpp"

namespace backspin::snapshots {

/// What a recording holds from its first moment on.
struct RecordingSetup {
    Configuration configuration;
    std::vector<ImageSource> images;
    std::vector<std::string> component_names;
    std::optional<StartState> start;
};

/// Turns what was queued into rows, and rows into batches. Throws SqliteError. Thread: one at a time.
class RecordingStore {
  public:
    /// Writes the first batch into `file`, gives it its name, and opens it for recording.
    RecordingStore(TemporaryFile& file, const std::filesystem::path& path, Overwrite overwrite,
                   const RecordingSetup& setup);

    /// Goes on with a file that is there. Then only snapshots may be taken over. Throws RecordingError, too.
    RecordingStore(const std::filesystem::path& path, const RecordingTail& tail);

    /// Digests, hashes and compresses; pages come later, by advance().
    void take(RecordingQueue queue);
    /// Pages are left to be packed.
    bool busy() const { return packing_ || !snapshots_.empty(); }
    void advance();
    /// Snapshots that were taken over and are not finished.
    std::size_t snapshots_waiting() const { return snapshots_.size() + (packing_ ? 1 : 0); }

    /// Much has piled up since the last commit.
    bool full() const;
    /// Writes a batch, unless there is nothing to write.
    void commit();
    std::uint64_t batches() const { return static_cast<std::uint64_t>(next_batch_); }

    std::uint64_t bytes() const { return bytes_; }
    std::chrono::nanoseconds packing_time() const { return packing_time_; }

    /// Commits, and goes on under another name.
    void move_to(const std::filesystem::path& path);
    /// The file becomes one plain file.
    void close();
    /// After an error: what was committed stays.
    void abandon() noexcept;

  private:
    struct EpochRow {
        Position at;
        std::vector<std::byte> digests;
    };
    struct PackRow {
        std::int64_t snapshot = 0;
        Pack pack;
    };
    struct SnapshotRow {
        Position at;
        std::string name;
        std::size_t pages = 0;
        std::size_t size = 0;
        std::vector<std::byte> fields;
        std::vector<std::byte> ends;
    };
    struct ChangesRow {
        std::int64_t snapshot = 0;
        std::vector<std::byte> changes;
    };
    struct DiskBlockRow {
        std::uint32_t drive = 0;
        std::uint64_t block = 0;
        Sha256Digest sha256{};
        std::optional<BlobReference> blob;
    };
    struct AccessesRow {
        Position begin;
        StepCount end;
        std::size_t size = 0;
        std::vector<std::byte> notes;
    };
    struct Staged {
        std::vector<RecordedEvent> events;
        std::vector<RecordedEnd> ends;
        std::vector<EpochRow> epochs;
        std::vector<PackRow> packs;
        std::vector<SnapshotRow> snapshots;
        std::vector<ChangesRow> changes;
        std::vector<DiskBlockRow> disk_blocks;
        std::vector<RecordedOutput> outputs;
        std::vector<RecordedBookmark> bookmarks;
        std::vector<AccessesRow> accesses;
        std::vector<PatchMaker::Made> patches;
        std::vector<RecordedBranch> branches;
        std::size_t rows = 0;
        std::size_t bytes = 0;
    };

    void write_first_batch(const std::filesystem::path& file, const RecordingSetup& setup);
    void open(const std::filesystem::path& path);
    void begin_transaction();
    void write_batch();
    void write_staged(BatchWriter& batch) const;
    void write_states(BatchWriter& batch) const;
    void stage(const QueuedEpoch& epoch);
    void stage_patches(const RecordingQueue& queue);
    void stage(const QueuedDiskBlock& block);
    void stage(const RecordedAccesses& accesses);
    void stage_snapshot();

    std::filesystem::path path_;
    std::optional<Database> database_;
    bool in_transaction_ = false;
    std::int64_t next_batch_ = 0;
    Checksum chain_{};
    std::uint64_t bytes_ = 0;
    std::chrono::nanoseconds packing_time_{};
    Staged staged_;

    std::vector<std::string_view> component_names_;
    StateDigests digests_;
    std::vector<std::uint64_t> last_digests_;

    std::deque<QueuedSnapshot> snapshots_;  ///< their pages are to be packed
    bool packing_ = false;                  ///< those of the first one
    std::int64_t next_snapshot_ = 0;
    PagePacker packer_;
    PatchMaker patches_;
};

}  // namespace backspin::snapshots
