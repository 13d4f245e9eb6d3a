// The tables of a recording and the chain of checksums over them, shared by writer and reader.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "snapshots/sqlite.hpp"

struct XXH3_state_s;

namespace backspin::snapshots {

/// In the file's header (SQLite file format, section 1.3): "BkSp".
inline constexpr std::uint32_t kApplicationId = 0x426b5370;

/// Numbers are part of the format: the chain of checksums holds them.
enum class TableId : std::uint8_t {
    configuration,
    images,
    image_chunks,
    events,
    digests,  ///< version 1 only
    ends,
    components,  ///< this and all that follows: version 2
    epochs,
    packs,
    snapshots,
    snapshot_pages,
    disk_blocks,
    output,
    bookmarks,
    accesses,  ///< this and all that follows: version 4
    patches,
    branches,
};

/// A table whose rows are covered by the chain of checksums. Its columns are `id`, `batch`, and these.
struct Table {
    TableId id{};
    std::string_view name;
    std::string_view schema;  ///< exactly as it stands in sqlite_schema
    std::string_view insert;  ///< parameters: batch, then the columns
    std::string_view select;  ///< batch, then the columns, in the order of insertion
};

/// Those of a version of the format, in the order of TableId.
std::span<const Table> tables(std::uint32_t version);
/// Of the newest version. Precondition: it has this table. Those that older versions have, too, are the same
/// in them, but for `output` in version 2.
const Table& table(TableId id);

/// The table of batches: number and checksum.
extern const std::string_view kBatchesSchema;

/// Version 2: large contents, each checked when it is loaded. A row of the chain that refers to one holds its
/// number (from 1), its size and its checksum.
extern const std::string_view kBlobsSchema;

// Bounds on what a file may hold; the writer keeps to them, the reader insists on them.
inline constexpr std::size_t kLongestKey = 64;
inline constexpr std::size_t kLongestValue = 4096;
inline constexpr std::size_t kLongestName = 255;
inline constexpr std::size_t kMostKeys = 256;
inline constexpr std::size_t kMostImages = 64;
inline constexpr std::uint64_t kLargestImage = std::uint64_t{1} << 30;
/// Images are compressed in pieces of this size, so that no single value is large.
inline constexpr std::size_t kImageChunk = std::size_t{1} << 20;
/// One input carries at most 1 MiB (a debugger loads in pieces of its packet size), plus what names its
/// place.
inline constexpr std::size_t kLargestPayload = (std::size_t{1} << 20) + 16;
inline constexpr std::size_t kMostComponents = 1024;
inline constexpr std::size_t kMostSnapshots = std::size_t{1} << 20;
/// A machine's fields, as they are. They are far smaller: disks and memory are pages.
inline constexpr std::size_t kLargestFields = std::size_t{16} << 20;
/// 4 TiB of memory and disks together.
inline constexpr std::uint64_t kMostPages = std::uint64_t{1} << 30;
inline constexpr std::size_t kPagesPerPack = 256;
/// Changes of one row of snapshot_pages, each at most two numbers of ten bytes.
inline constexpr std::size_t kChangesPerRow = std::size_t{1} << 15;
inline constexpr std::uint64_t kMostDiskBlocks = std::uint64_t{1} << 40;
inline constexpr std::size_t kLongestOutput = std::size_t{64} << 10;
inline constexpr std::size_t kMostBookmarks = std::size_t{1} << 16;
/// Of one stretch, compressed or not. 2^20 steps that each touch two pages of their own take some 6 MiB.
inline constexpr std::size_t kLongestNotes = std::size_t{16} << 20;
/// Compressed or not. A patch that would be longer is left out.
inline constexpr std::size_t kLongestPatch = std::size_t{16} << 20;
inline constexpr std::size_t kMostPatches = std::size_t{1} << 24;
inline constexpr std::size_t kMostBranches = 999;  ///< besides branch 0
/// The largest is that of fields that cannot be compressed.
inline constexpr int kLongestColumn = static_cast<int>(kLargestFields) + (1 << 18);

/// What a snapshot's list of pages says of one: that nothing was ever written there, that it is all zeros, or
/// from kFirstPage on which page of the packs it is, counted through all of them.
inline constexpr std::uint64_t kUnwrittenPage = 0;
inline constexpr std::uint64_t kZeroPage = 1;
inline constexpr std::uint64_t kFirstPage = 2;

using Checksum = std::array<std::byte, 16>;

/// The checksum of one batch: XXH3-128 over the checksum of the batch before, the batch's number, and its
/// rows, table by table in the order of TableId and row by row in the order of insertion. Column types and
/// lengths are part of it.
class BatchChecksum {
  public:
    BatchChecksum(std::int64_t number, const Checksum& before);

    void begin_row(TableId table);
    void add(std::int64_t value);
    void add(std::string_view text);
    void add(std::span<const std::byte> blob);
    void add(std::nullptr_t);
    /// The columns of the row on which the statement stands, but for the first (the batch's number).
    void add_row(TableId table, const Statement& row);

    /// Most significant byte first.
    Checksum value() const;

  private:
    void bytes(const void* data, std::size_t size);
    void tagged(ColumnType type, const void* data, std::size_t size);

    struct Free {
        void operator()(XXH3_state_s* state) const;
    };
    std::unique_ptr<XXH3_state_s, Free> state_;
};

}  // namespace backspin::snapshots
