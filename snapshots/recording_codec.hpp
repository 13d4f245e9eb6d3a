// How the larger values of a recording are packed (docs/recording.md, "Format"). Everything that unpacks
// takes the bytes of a stranger.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/pages.hpp"
#include "snapshots/recording_schema.hpp"

namespace backspin::snapshots {

std::vector<std::byte> compressed(std::span<const std::byte> bytes, int level);
/// Nothing unless it unpacks to exactly that size.
std::optional<std::vector<std::byte>> uncompressed(std::span<const std::byte> packed, std::size_t size);

/// XXH3-128, most significant byte first.
Checksum checksum_of(std::span<const std::byte> bytes, std::uint64_t seed = 0);

/// One epoch's digests: a bit for each component, in order, that says whether its digest differs from that of
/// the row before (all do in the first), then those that do, each of 64 bits, little-endian.
std::vector<std::byte> encode_digests(std::span<const std::uint64_t> before,
                                      std::span<const std::uint64_t> digests);
/// Puts the row's digests over those of the row before. False, if the bytes are not of this form.
bool decode_digests(std::span<const std::byte> bytes, bool first, std::span<std::uint64_t> digests);

/// In a snapshot, the page at this index is another than in the snapshot before.
struct PageChange {
    PageIndex index;
    std::uint64_t page = 0;  ///< kUnwrittenPage, kZeroPage, or which page of the packs
    bool operator==(const PageChange&) const = default;
};

/// For each, two numbers in LEB128: how many indices were left out since the change before it (from 0), and
/// the page less the one after that of the change before it (from kFirstPage), zigzag: pages that are new lie
/// in a row, and cost two bytes. Precondition: indices ascend.
std::vector<std::byte> encode_changes(std::span<const PageChange> changes);
/// Nothing if the bytes are not of this form, or an index is page_count or more.
std::optional<std::vector<PageChange>> decode_changes(std::span<const std::byte> bytes,
                                                      std::uint64_t page_count);

}  // namespace backspin::snapshots
