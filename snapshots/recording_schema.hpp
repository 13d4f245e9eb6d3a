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

/// A table whose rows are covered by the chain of checksums. Its columns are `id`, `batch`, and these.
struct Table {
    std::string_view name;
    std::string_view schema;  ///< exactly as it stands in sqlite_schema
    std::string_view insert;  ///< parameters: batch, then the columns
    std::string_view select;  ///< batch, then the columns, in the order of insertion
};

enum class TableId : std::uint8_t { configuration, images, image_chunks, events, digests, ends };
inline constexpr std::size_t kTables = 6;

/// In the order of TableId.
std::span<const Table, kTables> tables();

/// The table of batches: number and checksum.
extern const std::string_view kBatchesSchema;

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
inline constexpr int kLongestColumn = static_cast<int>(kLargestPayload) + (1 << 16);

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
