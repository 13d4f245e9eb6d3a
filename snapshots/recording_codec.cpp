#include "snapshots/recording_codec.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

#include <xxhash.h>
#include <zstd.h>

#include "snapshots/numbers.hpp"

namespace backspin::snapshots {
namespace {

std::uint64_t zigzag(std::uint64_t difference) {
    return difference << 1 ^ (difference >> 63 != 0 ? ~std::uint64_t{0} : 0);
}
std::uint64_t unzigzag(std::uint64_t code) {
    return code >> 1 ^ ((code & 1) != 0 ? ~std::uint64_t{0} : 0);
}

std::size_t bitmap_size(std::size_t components) {
    return (components + 7) / 8;
}

}  // namespace

std::vector<std::byte> compressed(std::span<const std::byte> bytes, int level) {
    std::vector<std::byte> out(ZSTD_compressBound(bytes.size()));
    const auto size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), level);
    if (ZSTD_isError(size) != 0) throw std::runtime_error(std::string("zstd: ") + ZSTD_getErrorName(size));
    out.resize(size);
    return out;
}

std::optional<std::vector<std::byte>> uncompressed(std::span<const std::byte> packed, std::size_t size) {
    std::vector<std::byte> out(size);
    const auto got = ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
    if (ZSTD_isError(got) != 0 || got != size) return std::nullopt;
    return out;
}

Checksum checksum_of(std::span<const std::byte> bytes, std::uint64_t seed) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed));
    Checksum checksum;
    std::memcpy(checksum.data(), canonical.digest, checksum.size());
    return checksum;
}

std::vector<std::byte> encode_digests(std::span<const std::uint64_t> before,
                                      std::span<const std::uint64_t> digests) {
    std::vector<std::byte> out(bitmap_size(digests.size()));
    for (std::size_t i = 0; i < digests.size(); ++i) {
        if (!before.empty() && before[i] == digests[i]) continue;
        out[i / 8] |= std::byte{1} << (i % 8);
        for (unsigned shift = 0; shift < 64; shift += 8)
            out.push_back(static_cast<std::byte>(digests[i] >> shift));
    }
    return out;
}

bool decode_digests(std::span<const std::byte> bytes, bool first, std::span<std::uint64_t> digests) {
    const auto bitmap = bitmap_size(digests.size());
    if (bytes.size() < bitmap) return false;
    auto values = bytes.subspan(bitmap);
    for (std::size_t i = 0; i < 8 * bitmap; ++i) {
        const bool differs = (bytes[i / 8] >> (i % 8) & std::byte{1}) != std::byte{0};
        if (i >= digests.size() ? differs : first && !differs) return false;
        if (!differs) continue;
        if (values.size() < 8) return false;
        std::memcpy(&digests[i], values.data(), 8);
        values = values.subspan(8);
    }
    return values.empty();
}

std::vector<std::byte> encode_changes(std::span<const PageChange> changes) {
    std::vector<std::byte> out;
    std::uint64_t next_index = 0;
    std::uint64_t next_page = kFirstPage;
    for (const auto& change : changes) {
        assert(change.index.value >= next_index);
        put_number(out, change.index.value - next_index);
        put_number(out, zigzag(change.page - next_page));
        next_index = change.index.value + 1;
        next_page = change.page + 1;
    }
    return out;
}

std::optional<std::vector<PageChange>> decode_changes(std::span<const std::byte> bytes,
                                                      std::uint64_t page_count) {
    std::vector<PageChange> changes;
    changes.reserve(std::min(bytes.size() / 2, kChangesPerRow));
    std::uint64_t next_index = 0;
    std::uint64_t next_page = kFirstPage;
    while (!bytes.empty()) {
        const auto gap = take_number(bytes);
        const auto page = take_number(bytes);
        if (!gap || !page || next_index >= page_count || *gap >= page_count - next_index) return std::nullopt;
        if (changes.size() == kChangesPerRow) return std::nullopt;
        changes.push_back({{next_index + *gap}, next_page + unzigzag(*page)});
        next_index += *gap + 1;
        next_page = changes.back().page + 1;
    }
    return changes;
}

}  // namespace backspin::snapshots
