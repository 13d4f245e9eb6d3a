#include "emu/kernel_image.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include <zlib.h>

#include "emu/hex.hpp"
#include "emu/loader.hpp"

namespace backspin::emu {

namespace {

static_assert(std::endian::native == std::endian::little, "headers are read as they lie in the file");

template <class T>
T value_at(std::span<const std::byte> file, std::size_t offset) {
    T value;
    std::memcpy(&value, file.data() + offset, sizeof value);
    return value;
}

bool has_at(std::span<const std::byte> file, std::size_t offset, std::string_view text) {
    return file.size() >= offset + text.size() &&
           std::memcmp(file.data() + offset, text.data(), text.size()) == 0;
}

/// zlib's decoder of one gzip member.
class Inflater {
  public:
    explicit Inflater(std::span<const std::byte> packed) {
        // zlib's input pointer has no const; it does not write there.
        stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
        stream_.avail_in =
            static_cast<uInt>(std::min<std::size_t>(packed.size(), std::numeric_limits<uInt>::max()));
        constexpr int kGzipOnly = 16 + MAX_WBITS;
        if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw LoadError("gzip: no memory to unpack the file");
    }
    ~Inflater() { inflateEnd(&stream_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    /// Fills as much of `out` as there is; less than all of it only at the end.
    std::size_t read(std::span<std::byte> out) {
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        while (stream_.avail_out != 0 && !at_end_) {
            const auto result = inflate(&stream_, Z_NO_FLUSH);
            at_end_ = result == Z_STREAM_END;
            if (result == Z_BUF_ERROR || (result == Z_OK && stream_.avail_in == 0 && stream_.avail_out != 0))
                throw LoadError("gzip: the file is cut short: copy or build it again");
            if (result != Z_OK && result != Z_STREAM_END)
                throw LoadError("gzip: the file is damaged: copy or build it again");
        }
        return out.size() - stream_.avail_out;
    }
    bool at_end() const { return at_end_; }

  private:
    z_stream stream_{};
    bool at_end_ = false;
};

std::vector<std::byte> unpack_gzip(std::span<const std::byte> packed, std::uint64_t most) {
    constexpr std::size_t kPiece = std::size_t{1} << 20;
    Inflater inflater(packed);
    std::vector<std::byte> unpacked;
    while (!inflater.at_end()) {
        const auto before = unpacked.size();
        unpacked.resize(before + kPiece);
        unpacked.resize(before + inflater.read(std::span(unpacked).subspan(before)));
        if (unpacked.size() > most)
            throw LoadError("gzip: unpacked, the file has more than " + hex(most) +
                            " bytes, which is all there is room for: give the machine more with --ram");
    }
    return unpacked;
}

/// The packed kernel inside an EFI zboot program.
std::span<const std::byte> zboot_payload(std::span<const std::byte> file) {
    constexpr std::size_t kOffset = 8, kSize = 12, kCompression = 24, kHeader = 32;
    if (file.size() < kHeader)
        throw LoadError("EFI zboot header: the file ends inside it: copy or build it again");
    const auto offset = value_at<std::uint32_t>(file, kOffset);
    const auto size = value_at<std::uint32_t>(file, kSize);
    if (offset > file.size() || size > file.size() - offset)
        throw LoadError("EFI zboot header: its " + hex(size) + " bytes at file offset " + hex(offset) +
                        " reach past the file's end at " + hex(file.size()) + ": copy or build it again");
    if (!has_at(file, kCompression, std::string_view("gzip\0", 5)))
        throw LoadError(
            "an EFI zboot kernel that is compressed, but not by gzip: give the uncompressed Image");
    return file.subspan(offset, size);
}

constexpr std::string_view kGzip("\x1f\x8b", 2);

struct Packer {
    std::string_view magic;
    const char* name;
};
constexpr std::array kOtherPackers{
    Packer{"\x28\xb5\x2f\xfd", "zstd"}, Packer{"\xfd\x37zXZ", "xz"},       Packer{"BZh", "bzip2"},
    Packer{"\x02\x21\x4c\x18", "lz4"},  Packer{"\x04\x22\x4d\x18", "lz4"}, Packer{"\x89LZO", "lzo"},
};

}  // namespace

std::optional<LinuxHeader> linux_header(std::span<const std::byte> file) {
    constexpr std::size_t kTextOffset = 8, kImageSize = 16, kMagic2 = 56, kHeader = 64;
    if (file.size() < kHeader || !has_at(file, kMagic2, "RSC\x05")) return std::nullopt;
    return LinuxHeader{value_at<std::uint64_t>(file, kTextOffset), value_at<std::uint64_t>(file, kImageSize)};
}

std::optional<std::vector<std::byte>> unpack_kernel(std::span<const std::byte> file, std::uint64_t most) {
    if (has_at(file, 0, "MZ") && has_at(file, 4, "zimg")) return unpack_gzip(zboot_payload(file), most);
    if (has_at(file, 0, kGzip)) return unpack_gzip(file, most);
    for (const auto& packer : kOtherPackers) {
        if (has_at(file, 0, packer.magic))
            throw LoadError(std::string("compressed by ") + packer.name +
                            ", and only gzip is unpacked here: unpack it first");
    }
    return std::nullopt;
}

}  // namespace backspin::emu
