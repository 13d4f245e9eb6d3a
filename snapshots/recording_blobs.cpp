#include "snapshots/recording_blobs.hpp"

#include <algorithm>
#include <utility>

#include "snapshots/recording_codec.hpp"

namespace backspin::snapshots {
namespace {

// A compare with a page that was stored long ago unpacks its whole pack; such pages come in runs.
constexpr std::size_t kPacksInMemory = 4;

}  // namespace

std::optional<std::vector<std::byte>> read_blob(Database& database, const BlobReference& reference) {
    auto row = database.prepare("SELECT bytes FROM blobs WHERE id=?1");
    row.bind(1, reference.number);
    if (!row.step() || row.type(0) != ColumnType::blob) return std::nullopt;
    const auto bytes = row.blob(0);
    if (bytes.size() != reference.size || checksum_of(bytes) != reference.checksum) return std::nullopt;
    return std::vector<std::byte>(bytes.begin(), bytes.end());
}

void PackList::add(Pack pack) {
    first_.push_back(end_);
    end_ += pack.hashes.size();
    packs_.push_back(std::move(pack));
}

const std::vector<std::byte>* PackList::unpacked(Database& database, std::size_t index) {
    const auto known = std::ranges::find(unpacked_, index, &Unpacked::pack);
    if (known != unpacked_.end()) {
        unpacked_.splice(unpacked_.begin(), unpacked_, known);
        return &unpacked_.front().bytes;
    }
    const auto& pack = packs_[index];
    const auto packed = read_blob(database, pack.blob);
    if (!packed) return nullptr;
    auto bytes = uncompressed(*packed, pack.hashes.size() * kPageSize);
    if (!bytes) return nullptr;
    for (std::size_t i = 0; i < pack.hashes.size(); ++i) {
        if (checksum_of(std::span{*bytes}.subspan(i * kPageSize, kPageSize), pack.seed) != pack.hashes[i])
            return nullptr;
    }
    if (unpacked_.size() == kPacksInMemory) unpacked_.pop_back();
    unpacked_.push_front({index, std::move(*bytes)});
    return &unpacked_.front().bytes;
}

std::optional<std::span<const std::byte, kPageSize>> PackList::page(Database& database, std::uint64_t page) {
    const auto index = static_cast<std::size_t>(std::ranges::upper_bound(first_, page) - first_.begin()) - 1;
    const auto* bytes = unpacked(database, index);
    if (bytes == nullptr) return std::nullopt;
    return std::span<const std::byte, kPageSize>(bytes->data() + (page - first_[index]) * kPageSize,
                                                 kPageSize);
}

}  // namespace backspin::snapshots
