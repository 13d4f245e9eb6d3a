#include "snapshots/page_packer.hpp"

#include <algorithm>
#include <cstring>

namespace backspin::snapshots {
namespace {

// Level 1 keeps up with several hundred MB/s on one core; level 3 makes pages a tenth smaller for twice the
// time.
constexpr int kPackedLevel = 1;
// About 100 bytes each in memory: pages that are older than the last 4 GiB of distinct ones are stored again.
constexpr std::size_t kMostKnown = std::size_t{1} << 20;

}  // namespace

std::size_t PagePacker::Hash::operator()(const Checksum& hash) const {
    std::size_t value = 0;
    std::memcpy(&value, hash.data(), sizeof value);
    return value;
}

PagePacker::PagePacker(std::uint64_t seed, PackList packs, std::int64_t next_blob, PageRoot memory)
    : seed_(seed),
      next_blob_(next_blob),
      memory_(std::move(memory)),
      is_loaded_(true),
      packs_(std::move(packs)) {
    auto number = packs_.end();
    for (auto pack = packs_.all().rbegin(); pack != packs_.all().rend(); ++pack) {
        number -= pack->hashes.size();
        if (pack->seed != seed || known_.size() + pack->hashes.size() > kMostKnown) continue;
        for (std::size_t i = 0; i < pack->hashes.size(); ++i) known_.try_emplace(pack->hashes[i], number + i);
    }
}

void PagePacker::begin(const PageRoot& memory) {
    pages_.clear();
    next_ = 0;
    changes_.clear();
    PageRoot::for_each_difference(
        memory_, memory, [&](PageIndex index, const Page* before, const Page* page) {
            const bool is_copy = is_loaded_ && before != nullptr && page != nullptr &&
                                 std::memcmp(before->bytes().data(), page->bytes().data(), kPageSize) == 0;
            if (!is_copy) pages_.emplace_back(index, PagePtr(page));
        });
    is_loaded_ = false;
    memory_ = memory;
}

std::optional<Pack> PagePacker::advance(Database& database) {
    // Pages that are known already cost little, but not nothing.
    const auto stop = std::min(pages_.size(), next_ + 4 * kPagesPerPack);
    while (next_ < stop && open_hashes_.size() < kPagesPerPack) {
        auto& [index, page] = pages_[next_++];
        changes_.push_back({index, number_of(database, page.get())});
        page.reset();
    }
    const bool last = next_ == pages_.size() && !open_hashes_.empty();
    if (open_hashes_.size() == kPagesPerPack || last) return close_pack(database);
    return std::nullopt;
}

std::uint64_t PagePacker::number_of(Database& database, const Page* page) {
    if (page == nullptr) return kUnwrittenPage;
    const auto bytes = page->bytes();
    if (std::memcmp(bytes.data(), zero_page().data(), kPageSize) == 0) return kZeroPage;
    const auto hash = checksum_of(bytes, seed_);
    const auto known = known_.find(hash);
    if (known != known_.end() && is_same(database, known->second, bytes)) return known->second;
    if (known_.size() == kMostKnown) known_.clear();
    const auto number = packs_.end() + open_hashes_.size();
    known_[hash] = number;
    open_.insert(open_.end(), bytes.begin(), bytes.end());
    open_hashes_.push_back(hash);
    return number;
}

bool PagePacker::is_same(Database& database, std::uint64_t number, std::span<const std::byte> bytes) {
    if (number >= packs_.end()) {
        const auto* open = open_.data() + (number - packs_.end()) * kPageSize;
        return std::memcmp(open, bytes.data(), kPageSize) == 0;
    }
    const auto stored = packs_.page(database, number);
    return stored && std::memcmp(stored->data(), bytes.data(), kPageSize) == 0;
}

Pack PagePacker::close_pack(Database& database) {
    Pack pack{seed_, std::exchange(open_hashes_, {}), add_blob(database, compressed(open_, kPackedLevel))};
    open_.clear();
    packs_.add(pack);
    return pack;
}

BlobReference PagePacker::add_blob(Database& database, std::span<const std::byte> bytes) {
    const BlobReference reference{next_blob_++, bytes.size(), checksum_of(bytes)};
    database.prepare("INSERT INTO blobs(id, bytes) VALUES(?1, ?2)")
        .bind(1, reference.number)
        .bind(2, bytes)
        .run();
    return reference;
}

}  // namespace backspin::snapshots
