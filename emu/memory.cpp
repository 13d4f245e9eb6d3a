#include "emu/memory.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace backspin::emu {
namespace {

using memory_map::kMaskRom;

std::uint64_t checked_ram_size(std::uint64_t bytes) {
    if (bytes == 0 || bytes % kPageSize != 0) {
        throw std::invalid_argument("the size of RAM must be a multiple of 4096 bytes and not zero");
    }
    return bytes;
}

}  // namespace

Memory::Memory(std::shared_ptr<PageStore> store, std::uint64_t ram_bytes)
    : ram_{memory_map::kRamBase, checked_ram_size(ram_bytes)},
      pages_(std::move(store), (ram_bytes + kMaskRom.size) / kPageSize) {}

PageIndex Memory::page_of_rom(PhysicalAddress at) const {
    return {(ram_.size >> kPageBits) + ((at.value - kMaskRom.base.value) >> kPageBits)};
}

bool Memory::covers(PhysicalAddress at, std::size_t length) const {
    return ram_.contains(at, length) || kMaskRom.contains(at, length);
}

bool Memory::read(PhysicalAddress at, std::span<std::byte> out) const {
    if (!covers(at, out.size())) return false;
    for_each_page(at, out.size(), [&](PhysicalAddress here, std::size_t offset, std::size_t length) {
        std::memcpy(out.data() + offset, pages_.read_page(*page_of(here)) + here.value % kPageSize, length);
    });
    return true;
}

void Memory::put(PhysicalAddress at, std::span<const std::byte> bytes) {
    for_each_page(at, bytes.size(), [&](PhysicalAddress here, std::size_t offset, std::size_t length) {
        auto* page = pages_.write_page(*page_of(here))->bytes().data();
        std::memcpy(page + here.value % kPageSize, bytes.data() + offset, length);
    });
}

bool Memory::write(PhysicalAddress at, std::span<const std::byte> bytes) {
    if (!ram_.contains(at, bytes.size())) return false;
    put(at, bytes);
    return true;
}

bool Memory::load(PhysicalAddress at, std::span<const std::byte> bytes) {
    if (!covers(at, bytes.size())) return false;
    put(at, bytes);
    return true;
}

}  // namespace backspin::emu
