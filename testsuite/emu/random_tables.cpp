#include "testsuite/emu/random_tables.hpp"

#include "testsuite/emu/random_program.hpp"

namespace backspin::emu::testing {
namespace {

using namespace random_layout;

// Source: The RISC-V Instruction Set Manual, Volume II, sections "Sv32", "Sv39", "Sv48" and "Sv57".
constexpr std::uint64_t kV = 1, kR = 2, kW = 4, kX = 8, kU = 16, kA = 64, kD = 128;

constexpr std::uint64_t leaf(std::uint64_t physical, std::uint64_t bits) {
    return physical >> 12 << 10 | bits;
}
constexpr std::uint64_t table(std::size_t offset) {
    return leaf(kBase + offset, kV);
}

/// The bits of one of the program's own pages. Code and handlers mostly work, or nothing would move.
std::uint64_t own_bits(Random& random, std::size_t offset) {
    if (offset >= kSupervisorHandler / kPage * kPage && offset < kCode) return kV | kR | kX | kA;
    std::uint64_t bits = kV | kR | kA;
    if (offset < kCode) return bits | kX;
    if (offset < kCodeEnd) {
        bits |= kX;
        if (random.chance(85)) bits |= kW | kD;
        return random.chance(4) ? bits & ~(std::uint64_t{1} << random.any(0, 6)) : bits;
    }
    bits |= kW | kD;
    if (random.chance(20)) bits |= kX;
    if (random.chance(3)) bits &= ~(kW | kD);
    return offset < kDataEnd && random.chance(8) ? bits & ~(random.chance(50) ? kD : kA | kD) : bits;
}

/// A leaf as no sane system has it, most of the time.
std::uint64_t odd_leaf(Random& random, unsigned xlen) {
    auto bits = random.any(0, 255);
    if (random.chance(70)) bits |= kV | kA;
    if (random.chance(50)) bits |= kD | kR;
    auto entry = leaf(kBase + random.any(kCode / kPage, kPages - 1) * kPage, bits | random.any(0, 3) << 8);
    if (xlen == 64 && random.chance(25)) entry |= std::uint64_t{1} << random.any(54, 63);
    // 64 KiB of the program, if the encoding's other bits are right.
    if (xlen == 64 && random.chance(20)) entry = leaf(kBase + 0x8000, bits) | std::uint64_t{1} << 63;
    return entry;
}

void write_leaves(ProgramWriter& out, Random& random) {
    const std::size_t size = out.xlen() / 8;
    for (std::size_t i = 0; i < kPages; ++i) {
        const auto bits = own_bits(random, i * kPage);
        const auto user = is_user_page(i * kPage) ? kU : 0;
        out.data(kLeaves + i * size, leaf(kBase + i * kPage, bits | user), size);
        out.data(kAliasLeaves + i * size, leaf(kBase + i * kPage, bits | (user ^ kU)), size);
    }
    for (std::size_t i = kPages; i < 3 * kPages; ++i) {
        out.data(kLeaves + i * size, odd_leaf(random, out.xlen()), size);
        out.data(kAliasLeaves + i * size, odd_leaf(random, out.xlen()), size);
    }
}

std::uint64_t large_leaf(Random& random) {
    return leaf(kBase, kV | kR | kA | (random.any(0, 255) & (kW | kX | kU | kD)));
}

constexpr std::uint64_t kDeviceBits = kV | kR | kW | kA | kD;

void write_small_tables(ProgramWriter& out, Random& random) {
    const auto entry = [&](std::uint64_t address, std::uint64_t value) {
        out.data(kRoot32 + 4 * (address >> 22 & 1023), value, 4);
    };
    for (const auto range : {memory_map::kAclint, memory_map::kPlic, memory_map::kUart}) {
        const auto from = range.base.value >> 22 << 22;
        entry(from, leaf(from, kDeviceBits));
    }
    entry(kBase, table(kLeaves));
    entry(kBase + kAlias, table(kAliasLeaves));
    entry(kBase + kLargeAlias32, large_leaf(random));
}

}  // namespace

void write_random_tables(ProgramWriter& out, Random& random) {
    write_leaves(out, random);
    if (out.xlen() == 32) return write_small_tables(out, random);
    out.data(kRoot57, table(kRoot48), 8);
    out.data(kRoot48, table(kRoot39), 8);
    out.data(kRoot39, leaf(0, kDeviceBits), 8);
    out.data(kRoot39 + 8 * (kBase >> 30), table(kMiddle), 8);
    out.data(kRoot39 + 8 * ((kBase + kAlias) >> 30), table(kAliasMiddle), 8);
    out.data(kMiddle, table(kLeaves), 8);
    out.data(kAliasMiddle, table(kAliasLeaves), 8);
    out.data(kAliasMiddle + 8, large_leaf(random), 8);
    // A large page that is not aligned, and tables with bits that are reserved there.
    out.data(kAliasMiddle + 16, large_leaf(random) | 1 << 10, 8);
    out.data(kAliasMiddle + 24, table(kAliasLeaves) | std::uint64_t{1} << random.any(4, 9), 8);
}

std::uint64_t random_satp(Random& random, const Isa& isa) {
    if (random.chance(15)) return 0;
    if (isa.xlen() == 32) return std::uint64_t{1} << 31 | random.any(0, 511) << 22 | (kBase + kRoot32) >> 12;
    static constexpr std::size_t kRoots[] = {kRoot39, kRoot48, kRoot57};
    const auto mode = random.any(0, isa.has(Extension::Sv57) ? 2 : 1);
    return (8 + mode) << 60 | random.any(0, 0xffff) << 44 | (kBase + kRoots[mode]) >> 12;
}

}  // namespace backspin::emu::testing
