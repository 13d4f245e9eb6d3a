// The large contents of a recording: page packs and disk blocks. They are outside the chain of checksums, so
// that opening a file need not read them; the rows that refer to them are inside it, with size and checksum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/pages.hpp"
#include "snapshots/recording_schema.hpp"
#include "snapshots/sqlite.hpp"

namespace backspin::snapshots {

struct BlobReference {
    std::int64_t number = 0;  ///< from 1
    std::uint64_t size = 0;   ///< as it lies in the file
    Checksum checksum{};
};

/// Nothing if it is not there or is not what the reference says.
std::optional<std::vector<std::byte>> read_blob(Database& database, const BlobReference& reference);

/// Up to kPagesPerPack pages, compressed together.
struct Pack {
    std::uint64_t seed = 0;
    std::vector<Checksum> hashes;  ///< of each page's content, with the seed
    BlobReference blob;
};

/// All packs of a recording, the last few of them unpacked.
class PackList {
  public:
    void add(Pack pack);
    /// One more than the highest page number.
    std::uint64_t end() const { return end_; }
    std::size_t size() const { return packs_.size(); }
    const std::vector<Pack>& all() const { return packs_; }

    /// The content of a page, kFirstPage <= page < end(). Nothing if the file does not hold what it should.
    /// Valid until the next call.
    std::optional<std::span<const std::byte, kPageSize>> page(Database& database, std::uint64_t page);

  private:
    struct Unpacked {
        std::size_t pack = 0;
        std::vector<std::byte> bytes;
    };
    const std::vector<std::byte>* unpacked(Database& database, std::size_t pack);

    std::vector<Pack> packs_;
    std::vector<std::uint64_t> first_;  ///< of each pack
    std::uint64_t end_ = kFirstPage;
    std::list<Unpacked> unpacked_;  ///< the one used last in front
};

}  // namespace backspin::snapshots
