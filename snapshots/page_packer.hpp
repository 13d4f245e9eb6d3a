// Turns the pages of machine states into packs of distinct pages, and lists of which page lies where.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/pages.hpp"
#include "snapshots/recording_blobs.hpp"
#include "snapshots/recording_codec.hpp"
#include "snapshots/sqlite.hpp"

namespace backspin::snapshots {

/// Packs one memory after the other, a slice at a time, so that whoever writes the file gets to its other
/// work in between. Pages are known by their content: a hash with a seed of its own, and a byte compare
/// before two are taken as one.
class PagePacker {
  public:
    explicit PagePacker(std::uint64_t seed) : seed_(seed) {}
    /// Goes on in a file with these packs, whose last memory is that one. Pages of packs with the same seed
    /// are found again.
    PagePacker(std::uint64_t seed, PackList packs, std::int64_t next_blob, PageRoot memory);

    /// Begins a memory; what it shares with the one before is not looked at. Precondition: the one before is
    /// done.
    void begin(const PageRoot& memory);
    bool busy() const { return next_ < pages_.size() || !open_.empty(); }
    /// Does about one pack's work. A pack that became full, or is the last, is returned; its content is in
    /// the database's table of blobs, its row is for the caller to write.
    std::optional<Pack> advance(Database& database);
    /// How the memory differs from the one before. Precondition: not busy.
    std::vector<PageChange> take_changes() { return std::exchange(changes_, {}); }

    /// The number of the next blob; there is one sequence for all of them.
    BlobReference add_blob(Database& database, std::span<const std::byte> bytes);

  private:
    struct Hash {
        std::size_t operator()(const Checksum& hash) const;
    };

    std::uint64_t number_of(Database& database, const Page* page);
    bool is_same(Database& database, std::uint64_t number, std::span<const std::byte> bytes);
    Pack close_pack(Database& database);

    std::uint64_t seed_;
    std::int64_t next_blob_ = 1;
    PageRoot memory_;
    bool is_loaded_ = false;  ///< memory_ comes from a file: it shares no pages with what follows
    std::vector<std::pair<PageIndex, PagePtr>> pages_;  ///< in which it differs from the one before
    std::size_t next_ = 0;
    std::vector<PageChange> changes_;

    PackList packs_;
    std::vector<std::byte> open_;  ///< pages of the pack that is being filled
    std::vector<Checksum> open_hashes_;
    std::unordered_map<Checksum, std::uint64_t, Hash> known_;
};

}  // namespace backspin::snapshots
