#include "testsuite/lockstep/tables.hpp"

#include "testsuite/lockstep/layout.hpp"

namespace backspin::lockstep {
namespace {

using namespace layout;

// Source: The RISC-V Instruction Set Manual, Volume II, sections "Sv32", "Sv39" and "Sv48".
constexpr std::uint64_t kV = 1, kR = 2, kW = 4, kX = 8, kU = 16, kA = 64, kD = 128,
                        kN = std::uint64_t{1} << 63;
constexpr std::uint64_t kFirstPage = kBase >> 12;

constexpr std::uint64_t leaf(std::uint64_t page, std::uint64_t bits) {
    return page << 10 | bits;
}
constexpr std::uint64_t table(std::size_t offset) {
    return leaf((kBase + offset) >> 12, kV);
}

/// QEMU does an atomic operation as a load and then a store, and so sets A where the page may not be written.
std::uint64_t without_unwritable_unaccessed(std::uint64_t bits) {
    return (bits & kW) != 0 ? bits : bits | kA;
}

/// Page i of the program, where it is.
std::uint64_t own_leaf(Random& random, std::size_t i) {
    const auto offset = i * kPage;
    const auto user = random.chance(50) ? kU : 0;
    std::uint64_t bits = kV | kR | kW | kA | kD;  // tables, and what is not used
    if (offset >= kCode / kPage * kPage && offset < kLockedBytes) {
        bits = kV | kR | kX | kA | user;
        if (random.chance(4)) bits &= ~(std::uint64_t{1} << random.any(0, 6));
    } else if (offset >= kPool && offset < kPoolEnd) {
        bits = kV | kR | kA | user;
    } else if (offset < kLockedBytes) {
        bits = kV | kR | kX | kA;  // the supervisor's handler must be reachable
    } else if (offset >= kData) {
        bits |= user;
        if (random.chance(20)) bits &= ~(kA | kD);
    }
    return leaf(kFirstPage + i, bits);
}

void write_leaves(Writer& out, Random& random) {
    const std::size_t size = out.xlen() / 8;
    for (std::size_t i = 0; i < kLeafEntries; ++i) out.data(kLeaves + i * size, own_leaf(random, i), size);
    for (std::size_t i = 0; i < kAliasEntries; ++i)
        out.data(kAliasLeaves + i * size, random_leaf(random, out.xlen()), size);
}

/// A large page over the whole program; `misaligned` puts it where no large page may be.
std::uint64_t large_leaf(Random& random, unsigned xlen, bool misaligned) {
    const auto odd = (random_leaf(random, xlen) & 0x3ff) | kV | kR;
    return leaf(kFirstPage + (misaligned ? random.any(1, 255) : 0), without_unwritable_unaccessed(odd));
}

void write_small_tables(Writer& out, Random& random) {
    const auto entry = [&](std::uint64_t address, std::uint64_t value) {
        out.data(kRoot32 + 4 * (address >> 22), value, 4);
    };
    entry(kBase, table(kLeaves));
    entry(kAlias, table(kAliasLeaves));
    entry(kAlias + 0x40'0000, large_leaf(random, 32, false));
    entry(kAlias + 0x80'0000, large_leaf(random, 32, true));
}

}  // namespace

std::uint64_t random_leaf(Random& random, unsigned xlen) {
    auto bits = random.any(0, 255);
    if (random.chance(70)) bits |= kV | kA;
    if (random.chance(50)) bits |= kD | kR;
    if (random.chance(15)) bits |= random.any(0, 3) << 8;  // for software
    bits = without_unwritable_unaccessed(bits);
    const auto page = (kBase + kData) / kPage + random.any(0, kDataPages - 1);
    auto entry = leaf(page, bits);
    if (xlen == 64 && random.chance(10)) entry |= std::uint64_t{1} << random.any(54, 63);
    // QEMU sets A and D before it sees that a range of pages is none.
    if ((entry & kN) != 0) entry |= kA | kD;
    return entry;
}

std::uint64_t random_satp(Random& random, unsigned xlen) {
    if (random.chance(20)) return 0;
    if (xlen == 32) return std::uint64_t{1} << 31 | random.any(0, 511) << 22 | (kBase + kRoot32) >> 12;
    const bool sv48 = random.chance(40);
    const auto root = (kBase + (sv48 ? kRoot48 : kRoot39)) >> 12;
    return (sv48 ? std::uint64_t{9} : std::uint64_t{8}) << 60 | random.any(0, 0xffff) << 44 | root;
}

void write_tables(Writer& out, Random& random) {
    write_leaves(out, random);
    if (out.xlen() == 32) return write_small_tables(out, random);
    out.data(kRoot48, table(kRoot39), 8);
    out.data(kRoot39 + 8 * (kBase >> 30), table(kMiddle), 8);
    out.data(kRoot39 + 8 * (kAlias >> 30), table(kAliasMiddle), 8);
    out.data(kMiddle, table(kLeaves), 8);
    out.data(kAliasMiddle, table(kAliasLeaves), 8);
    out.data(kAliasMiddle + 8, large_leaf(random, 64, false), 8);
    out.data(kAliasMiddle + 16, large_leaf(random, 64, true), 8);
    // A table that is none: bits that are reserved there, or any bits.
    out.data(kAliasMiddle + 24, table(kAliasLeaves) | std::uint64_t{1} << random.any(4, 9), 8);
}

}  // namespace backspin::lockstep
