// Builds files in the forms of kernels, for tests of the boot plan.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace backspin::test {

inline std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

template <class T>
void put(std::vector<std::byte>& file, std::size_t offset, T value) {
    std::memcpy(file.data() + offset, &value, sizeof value);
}

/// `size`: of the file, at least 64.
inline std::vector<std::byte> linux_image(std::size_t size, std::uint64_t text_offset,
                                          std::uint64_t image_size) {
    std::vector<std::byte> file(size, std::byte{0x11});
    put(file, 8, text_offset);
    put(file, 16, image_size);
    std::memcpy(file.data() + 0x30, "RISCV\0\0\0RSC\x05", 12);
    return file;
}

inline std::vector<std::byte> gzipped(std::span<const std::byte> plain) {
    z_stream stream{};
    if (deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::runtime_error("deflateInit2");
    std::vector<std::byte> packed(deflateBound(&stream, plain.size()));
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(plain.data()));
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const auto result = deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    if (result != Z_STREAM_END) throw std::runtime_error("deflate");
    return packed;
}

/// An EFI program that unpacks `payload`.
inline std::vector<std::byte> zboot(std::span<const std::byte> payload, std::string_view compression) {
    constexpr std::size_t kOffset = 512;
    std::vector<std::byte> file(kOffset);
    std::memcpy(file.data(), "MZ\0\0zimg", 8);
    put(file, 8, std::uint32_t{kOffset});
    put(file, 12, static_cast<std::uint32_t>(payload.size()));
    std::memcpy(file.data() + 24, compression.data(), compression.size());
    file.insert(file.end(), payload.begin(), payload.end());
    file.resize(file.size() + 100);
    return file;
}

}  // namespace backspin::test
