// The columns of a stranger's rows, each within its bounds. All throw Damage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "snapshots/recording.hpp"
#include "snapshots/recording_blobs.hpp"
#include "snapshots/sqlite.hpp"

namespace backspin::snapshots {

std::uint64_t number_at(const Statement& row, int column, std::uint64_t most, const char* what);
std::string text_at(const Statement& row, int column, std::size_t longest, const char* what);
/// Valid until the row's statement steps.
std::span<const std::byte> bytes_at(const Statement& row, int column, std::size_t longest, const char* what);
/// Columns `column` and `column` + 1.
Position position_at(const Statement& row, int column);

RecordedEvent event_at(const Statement& row);
/// Version 1.
RecordedDigest digest_at(const Statement& row);
RecordedOutput output_at(const Statement& row, std::uint32_t version);
RecordedEnd end_at(const Statement& row);
RecordedBookmark bookmark_at(const Statement& row);
/// The stretch alone, without its notes.
RecordedAccesses stretch_at(const Statement& row);
RecordedAccesses accesses_at(const Statement& row);
/// Without its bytes, of which the form is checked.
PatchInfo patch_at(const Statement& row);
RecordedBranch branch_at(const Statement& row);
/// Columns `column` to `column` + 2.
BlobReference blob_at(const Statement& row, int column);

}  // namespace backspin::snapshots
