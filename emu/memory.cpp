#include "emu/memory.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

namespace backspin::emu {
namespace {

using memory_map::kMaskRom;

std::uint64_t checked_ram_size(std::uint64_t bytes) {
    if (bytes == 0 || bytes % kPageSize != 0) {
        throw std::invalid_argument("the size of RAM must be a multiple of 4096 bytes and not zero");
    }
    return bytes;
}

std::uint64_t pages_of(std::span<const std::shared_ptr<const DiskImage>> images) {
    constexpr std::uint64_t kMost = Memory::kMostDriveBytes / kPageSize;
    std::uint64_t pages = 0;
    for (const auto& image : images) {
        // One by one, so that no sum overflows.
        pages += Drive::pages_for(std::min(image->size(), Memory::kMostDriveBytes + 1));
        if (pages > kMost) throw std::invalid_argument("the drives together have more than 1 TiB");
    }
    return pages;
}

}  // namespace

Memory::Memory(std::shared_ptr<PageStore> store, std::uint64_t ram_bytes,
               std::span<const std::shared_ptr<const DiskImage>> images)
    : ram_{memory_map::kRamBase, checked_ram_size(ram_bytes)},
      pages_(std::move(store), pages_on_bus() + pages_of(images)) {
    PageIndex next{pages_on_bus()};
    for (const auto& image : images) {
        drives_.push_back({next, image});
        next.value += Drive::pages_for(image->size());
    }
}

void Memory::reset() {
    std::vector<std::pair<PageIndex, PagePtr>> written;
    PageRoot::for_each_difference(power_on_, pages_.share(), [&](PageIndex at, const Page*, const Page* now) {
        if (at.value >= pages_on_bus()) written.emplace_back(at, now);
    });
    pages_.restore(power_on_);
    for (auto& [at, page] : written) pages_.put_page(at, std::move(page));
}

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
