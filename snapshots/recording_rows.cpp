#include "snapshots/recording_rows.hpp"

#include <algorithm>
#include <limits>

#include "snapshots/recording_codec.hpp"
#include "snapshots/recording_events.hpp"
#include "snapshots/recording_header.hpp"

namespace backspin::snapshots {
namespace {

constexpr auto kMostSteps = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
constexpr auto kMost32 = std::uint64_t{std::numeric_limits<std::uint32_t>::max()};

[[noreturn]] void out_of_bounds(const char* what) {
    throw Damage(std::string("holds ") + what + " out of bounds");
}

}  // namespace

std::uint64_t number_at(const Statement& row, int column, std::uint64_t most, const char* what) {
    // Types first: asking for a value of another type converts it.
    if (row.type(column) != ColumnType::integer) out_of_bounds(what);
    const auto value = row.integer(column);
    if (value < 0 || static_cast<std::uint64_t>(value) > most) out_of_bounds(what);
    return static_cast<std::uint64_t>(value);
}

std::string text_at(const Statement& row, int column, std::size_t longest, const char* what) {
    if (row.type(column) != ColumnType::text) out_of_bounds(what);
    const auto value = row.text(column);
    if (value.size() > longest) out_of_bounds(what);
    return std::string(value);
}

std::span<const std::byte> bytes_at(const Statement& row, int column, std::size_t longest, const char* what) {
    if (row.type(column) != ColumnType::blob) out_of_bounds(what);
    const auto value = row.blob(column);
    if (value.size() > longest) out_of_bounds(what);
    return value;
}

Position position_at(const Statement& row, int column) {
    const auto branch = number_at(row, column, kMost32, "a branch");
    return {{static_cast<std::uint32_t>(branch)}, {number_at(row, column + 1, kMostSteps, "a position")}};
}

RecordedEvent event_at(const Statement& row) {
    const auto at = position_at(row, 1);
    const auto kind = number_at(row, 3, kMostSteps, "a kind of input");
    auto input = row.type(4) == ColumnType::blob ? decode(kind, row.blob(4)) : std::nullopt;
    if (!input) {
        throw Damage("holds an input of unknown form at step " + std::to_string(at.step.value));
    }
    return {at, std::move(*input)};
}

RecordedDigest digest_at(const Statement& row) {
    if (row.type(4) != ColumnType::integer) throw Damage("holds a digest that is not a number");
    return {position_at(row, 1), text_at(row, 3, kLongestName, "a component's name"),
            static_cast<std::uint64_t>(row.integer(4))};
}

RecordedOutput output_at(const Statement& row, std::uint32_t version) {
    const auto channel = number_at(row, 3, kMost32, "a channel");
    const auto bytes = bytes_at(row, 4, kLongestOutput, "output");
    const VirtualTime time{version < 3 ? 0 : number_at(row, 5, kMostSteps, "a time")};
    return {position_at(row, 1), time, {static_cast<std::uint32_t>(channel)}, {bytes.begin(), bytes.end()}};
}

RecordedEnd end_at(const Statement& row) {
    RecordedEnd end;
    end.at = position_at(row, 1);
    end.time = {number_at(row, 3, kMostSteps, "a time")};
    end.reason = text_at(row, 4, kLongestName, "the reason of its end");
    if (row.type(5) != ColumnType::null) {
        end.exit_code = static_cast<std::uint32_t>(number_at(row, 5, kMost32, "an exit code"));
    }
    return end;
}

RecordedBookmark bookmark_at(const Statement& row) {
    return {text_at(row, 3, kLongestName, "the name of a bookmark"), position_at(row, 1)};
}

RecordedAccesses stretch_at(const Statement& row) {
    RecordedAccesses stretch{position_at(row, 1), {number_at(row, 3, kMostSteps, "a position")}, {}};
    if (stretch.end <= stretch.begin.step) throw Damage("holds accesses of no steps");
    return stretch;
}

RecordedAccesses accesses_at(const Statement& row) {
    auto accesses = stretch_at(row);
    const auto size = number_at(row, 4, kLongestNotes, "the size of accesses");
    auto notes = uncompressed(bytes_at(row, 5, kLongestNotes, "accesses"), size);
    if (!notes)
        throw Damage("holds accesses of unknown form at step " + std::to_string(accesses.begin.step.value));
    accesses.notes = std::move(*notes);
    return accesses;
}

PatchInfo patch_at(const Statement& row) {
    const PatchInfo patch{position_at(row, 1), {number_at(row, 3, kMostSteps, "a position")}};
    if (patch.base >= patch.at.step) throw Damage("holds a patch to a state that is not before it");
    number_at(row, 4, kLongestPatch, "the size of a patch");
    bytes_at(row, 5, kLongestPatch, "a patch");
    return patch;
}

RecordedBranch branch_at(const Statement& row) {
    const auto number = number_at(row, 1, kMost32, "a branch");
    return {{static_cast<std::uint32_t>(number)},
            position_at(row, 2),
            text_at(row, 4, kLongestName, "the name of a branch")};
}

BlobReference blob_at(const Statement& row, int column) {
    BlobReference blob;
    blob.number = static_cast<std::int64_t>(number_at(row, column, kMostSteps, "the number of a content"));
    blob.size = number_at(row, column + 1, kLongestColumn, "the size of a content");
    const auto checksum = bytes_at(row, column + 2, blob.checksum.size(), "a checksum");
    if (checksum.size() != blob.checksum.size()) out_of_bounds("a checksum");
    std::ranges::copy(checksum, blob.checksum.begin());
    return blob;
}

}  // namespace backspin::snapshots
