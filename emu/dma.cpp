#include "emu/dma.hpp"

namespace backspin::emu {

bool Dma::read(PhysicalAddress at, std::span<std::byte> out) const {
    return memory_.ram().contains(at, out.size()) && memory_.read(at, out);
}

bool Dma::write(PhysicalAddress at, std::span<const std::byte> bytes) {
    if (!memory_.write(at, bytes)) return false;
    for_each_page(at, bytes.size(), [&](PhysicalAddress here, std::size_t, std::size_t length) {
        written_.push_back({here, length});
    });
    return true;
}

}  // namespace backspin::emu
