// Images that a user names: an ELF file, a flat one, a kernel packed or not. The first byte chooses.
#include "emu/kernel_image.hpp"
#include "emu/loader.hpp"
#include "testsuite/fuzz/fuzz.hpp"

namespace backspin::fuzz {
namespace {

constexpr emu::BusRange kRam{{0x8000'0000}, std::uint64_t{128} << 20};

void check(const emu::Image& image, std::span<const std::byte> file) {
    require(image.xlen == 32 || image.xlen == 64, "the harts are of a width that there is");
    auto free_from = kRam.base.value;
    bool has_entry = false;
    for (const auto& segment : image.segments) {
        require(kRam.contains(segment.at, segment.memory_size), "segments lie in RAM");
        require(segment.at.value >= free_from, "segments are in order and apart");
        free_from = segment.at.value + segment.memory_size;
        require(segment.bytes.size() <= segment.memory_size, "no more bytes than memory");
        require(segment.bytes.empty() ||
                    (segment.bytes.data() >= file.data() &&
                     segment.bytes.data() + segment.bytes.size() <= file.data() + file.size()),
                "bytes are the file's");
        has_entry |= image.entry >= segment.at && image.entry.value - segment.at.value < segment.bytes.size();
    }
    require(has_entry && image.entry.value % 2 == 0, "the entry is in a segment's bytes");
}

void unpack(std::span<const std::byte> file) {
    constexpr std::uint64_t kMost = 1 << 20;
    const auto unpacked = emu::unpack_kernel(file, kMost);
    require(!unpacked || unpacked->size() <= kMost, "a kernel is no larger than there is room for");
}

void load(std::uint8_t choice, std::span<const std::byte> file) {
    const std::span ram(&kRam, 1);
    emu::is_elf(file);
    emu::elf_xlen(file);
    emu::linux_header(file);
    switch (choice % 4) {
        case 0: return check(emu::load_elf(file, ram), file);
        case 1: return check(emu::load_flat(file, kRam.base, 64, ram), file);
        case 2: return check(emu::load_flat(file, {0x87ff'fff0}, 32, ram), file);
        default: return unpack(file);
    }
}

}  // namespace
}  // namespace backspin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace backspin;
    fuzz::Taker input(fuzz::bytes_of(data, size));
    const auto choice = input.take<std::uint8_t>();
    try {
        fuzz::load(choice, input.rest());
    } catch (const emu::LoadError& error) {
        const std::string_view what = error.what();
        fuzz::require(!what.empty() && what.find('\n') == std::string_view::npos, "a refusal is one line");
    }
    return 0;
}
