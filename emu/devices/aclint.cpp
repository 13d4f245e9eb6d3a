#include "emu/devices/aclint.hpp"

#include <limits>
#include <stdexcept>

namespace backspin::emu {

namespace {

constexpr std::uint64_t kMsipEnd = Aclint::kMtimecmpOffset;

/// The bits of a 64-bit register that an access of 4 or 8 bytes to it reads.
std::uint64_t part_of(std::uint64_t whole, std::uint64_t offset, AccessSize size) {
    if (size == AccessSize::doubleword) return whole;
    return (offset & 4 ? whole >> 32 : whole) & 0xffff'ffff;
}

std::uint64_t with_part(std::uint64_t whole, std::uint64_t offset, AccessSize size, std::uint64_t value) {
    if (size == AccessSize::doubleword) return value;
    const unsigned shift = offset & 4 ? 32 : 0;
    return (whole & ~(std::uint64_t{0xffff'ffff} << shift)) | ((value & 0xffff'ffff) << shift);
}

bool takes(std::uint64_t offset, AccessSize size) {
    if (offset >= Aclint::kEnd) return false;
    return size == AccessSize::word || (size == AccessSize::doubleword && offset >= kMsipEnd);
}

}  // namespace

Aclint::Aclint(std::size_t harts) {
    if (harts < 1 || harts > kMaxHarts) throw std::invalid_argument("an ACLINT serves 1 to 4095 harts");
    msip_.assign(harts, 0);
    // The specification leaves mtimecmp unspecified at reset. The largest value keeps the timer silent until
    // firmware sets it, which is what firmware sees on QEMU.
    mtimecmp_.assign(harts, std::numeric_limits<std::uint64_t>::max());
}

std::optional<std::uint64_t> Aclint::read(std::uint64_t offset, AccessSize size,
                                          const DeviceContext& context) {
    return peek(offset, size, context.now);
}

std::optional<std::uint64_t> Aclint::peek(std::uint64_t offset, AccessSize size, VirtualTime now) const {
    if (!takes(offset, size)) return std::nullopt;
    if (offset < kMsipEnd) {
        const auto hart = offset / 4;
        return hart < msip_.size() ? msip_[hart] : 0;
    }
    if (offset >= kMtimeOffset) return part_of(mtime(now), offset, size);
    const auto hart = (offset - kMtimecmpOffset) / 8;
    return hart < mtimecmp_.size() ? part_of(mtimecmp_[hart], offset, size) : 0;
}

bool Aclint::write(std::uint64_t offset, AccessSize size, std::uint64_t value, const DeviceContext& context) {
    if (!takes(offset, size)) return false;
    if (offset < kMsipEnd) {
        const auto hart = offset / 4;
        if (hart < msip_.size()) msip_[hart] = value & 1;
    } else if (offset >= kMtimeOffset) {
        const auto before = mtime(context.now);
        mtime_offset_ += with_part(before, offset, size, value) - before;
    } else {
        const auto hart = (offset - kMtimecmpOffset) / 8;
        if (hart < mtimecmp_.size()) mtimecmp_[hart] = with_part(mtimecmp_[hart], offset, size, value);
    }
    return true;
}

bool Aclint::timer_pending(HartId hart, VirtualTime now) const {
    return mtime(now) >= mtimecmp_.at(hart.value);
}

void Aclint::check(std::size_t harts) const {
    if (msip_.size() != harts || mtimecmp_.size() != harts)
        throw BadState("aclint: saved with another number of harts");
    for (const auto msip : msip_) {
        if (msip > 1) throw BadState("aclint: an msip that is neither 0 nor 1");
    }
}

}  // namespace backspin::emu
