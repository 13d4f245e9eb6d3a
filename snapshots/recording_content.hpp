// What a recording says, gathered while every row of it is checked.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "snapshots/recording.hpp"
#include "snapshots/recording_blobs.hpp"
#include "snapshots/sqlite.hpp"

namespace backspin::snapshots {

/// As it lies in the file: what it takes to load it.
struct StoredSnapshot {
    std::uint64_t pages = 0;
    std::size_t size = 0;           ///< of the fields
    std::vector<std::byte> fields;  ///< compressed
    std::vector<std::uint32_t> ends;
    std::vector<std::vector<std::byte>> changes;  ///< against the snapshot before
};

/// Takes the rows of each batch, table by table. All throw Damage for what must not be.
class RecordingContent {
  public:
    explicit RecordingContent(std::uint32_t version) : version_(version) {}

    void take(TableId table, const Statement& row);
    /// All rows of a batch have been taken.
    void end_batch();
    /// All batches have been taken.
    void end(Database& database);

    Configuration configuration;
    std::vector<ImageInfo> images;
    std::vector<std::string> components;  ///< without the memory
    std::uint64_t events = 0;
    std::uint64_t digests = 0;
    std::uint64_t outputs = 0;
    std::vector<SnapshotInfo> snapshots;
    std::vector<StoredSnapshot> stored_snapshots;
    std::vector<PatchInfo> patches;
    PackList packs;
    std::map<std::uint32_t, std::map<std::uint64_t, DiskBlockInfo>> disk_blocks;
    std::map<std::pair<std::uint32_t, std::uint64_t>, BlobReference> disk_contents;
    std::vector<RecordedBookmark> bookmarks;
    std::vector<RecordedBranch> branches;
    std::map<Branch, RecordedEnd> ends;
    std::optional<RecordedEnd> recorded_end;  ///< of branch 0
    Position begin;
    Position last;
    std::vector<TableSize> sizes;

    /// The newest position that the file speaks of in this branch.
    StepCount last_of(Branch branch) const;

  private:
    void take_configuration(const Statement& row);
    void take_image(const Statement& row);
    void take_image_chunk(const Statement& row);
    void take_event(const Statement& row);
    void take_component(const Statement& row);
    void take_epoch(const Statement& row);
    void take_pack(const Statement& row);
    void take_snapshot(const Statement& row);
    void take_patch(const Statement& row);
    void take_changes(const Statement& row);
    void take_disk_block(const Statement& row);
    void take_bookmark(const Statement& row);
    void take_accesses(const Statement& row);
    void take_branch(const Statement& row);
    void take_end(const Statement& row);
    void check_branches() const;
    void count(TableId table, const Statement& row);
    void check_images() const;
    void check_blobs(Database& database);
    /// The file speaks of this position.
    void reached(Position at);

    std::uint32_t version_;
    std::int64_t batch_ = 0;
    std::vector<std::uint64_t> stored_chunks_;  ///< per image
    std::map<Branch, StepCount> last_event_;
    std::map<Branch, StepCount> accesses_until_;
    struct Steps {
        StepCount first, last;
    };
    std::map<Branch, Steps> spoken_of_;
    std::vector<std::uint64_t> last_digests_;
    bool first_epoch_ = true;
    std::uint64_t changed_snapshot_ = 0;  ///< whose changes came last
    std::uint64_t next_index_ = 0;        ///< of its memory
    std::uint64_t pending_pack_snapshot_ = 0;
    std::uint64_t pending_pack_bytes_ = 0;
    std::vector<BlobReference> blobs_;
};

}  // namespace backspin::snapshots
