// Guests with page tables: each way to translate, and the entries as a test wants them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <ostream>

#include "testsuite/emu/guest.hpp"

namespace backspin::emu::testing {

/// Bits of a page table entry.
namespace pte {
inline constexpr std::uint64_t kV = 1, kR = 2, kW = 4, kX = 8, kU = 16, kG = 32, kA = 64, kD = 128;
inline constexpr std::uint64_t kData = kV | kR | kW | kA | kD, kCode = kV | kR | kX | kA;
inline constexpr std::uint64_t kNapot = std::uint64_t{1} << 63, kNonCacheable = std::uint64_t{1} << 61,
                               kInputOutput = std::uint64_t{2} << 61;

/// One that leads to this address: a page, or the next table.
constexpr std::uint64_t to(std::uint64_t physical, std::uint64_t bits) {
    return physical >> 12 << 10 | bits;
}
}  // namespace pte

/// A scheme of translation, as the manual's chapter on it says.
struct Scheme {
    const char* name;
    unsigned xlen;
    std::uint64_t satp_mode;
    unsigned levels;
    unsigned index_bits;

    unsigned entry_size() const { return xlen / 8; }
    unsigned mode_shift() const { return xlen == 32 ? 31 : 60; }
    /// Bytes that a leaf of this level covers.
    std::uint64_t page_size(unsigned level) const { return std::uint64_t{4096} << (level * index_bits); }
    unsigned virtual_bits() const { return 12 + levels * index_bits; }
    std::uint64_t index(std::uint64_t at, unsigned level) const {
        return at >> (12 + level * index_bits) & ((std::uint64_t{1} << index_bits) - 1);
    }
};
inline std::ostream& operator<<(std::ostream& out, const Scheme& scheme) {
    return out << scheme.name;
}
inline constexpr Scheme kSv32{"Sv32", 32, 1, 2, 10}, kSv39{"Sv39", 64, 8, 3, 9}, kSv48{"Sv48", 64, 9, 4, 9},
    kSv57{"Sv57", 64, 10, 5, 9};
inline constexpr std::array kSchemes{kSv32, kSv39, kSv48, kSv57};

/// A guest whose program, at kCode, is mapped to kVirtualCode for S mode, and whose data, from kData on, to
/// kVirtualData: two pages that are followed by none. It starts in S mode.
class PagedGuest : public Guest {
  public:
    static constexpr std::uint64_t kVirtualCode = 0x1234'5000, kVirtualData = 0x1678'9000;
    static constexpr std::uint64_t kRoot = kCode + 0x4'0000;
    static constexpr std::uint64_t kPage = 4096;

    explicit PagedGuest(const Scheme& scheme, std::initializer_list<Word> program = {})
        : PagedGuest(scheme, program, board_options(kNsPerStep, scheme.xlen)) {}
    PagedGuest(const Scheme& scheme, std::initializer_list<Word> program, const BoardOptions& options)
        : Guest(options, program), scheme_(scheme) {
        map(kVirtualCode, kCode, pte::kCode);
        map(kVirtualCode + kPage, kCode + kPage, pte::kCode);
        map(kVirtualData, kData, pte::kData);
        map(kVirtualData + kPage, kData + kPage, pte::kData);
        for (std::size_t i = 0; i < options.harts; ++i) enter(kVirtualCode, Privilege::supervisor, i);
    }

    const Scheme& scheme() const { return scheme_; }

    /// Maps a page of this level. The tables on the way are made as needed.
    void map(std::uint64_t at, std::uint64_t physical, std::uint64_t bits, unsigned level = 0) {
        set_entry(at, pte::to(physical, bits), level);
    }
    void set_entry(std::uint64_t at, std::uint64_t entry, unsigned level = 0) {
        write_entry(entry_at(at, level), entry);
    }
    /// Where the entry for this address is, in the table of this level.
    std::uint64_t entry_at(std::uint64_t at, unsigned level = 0) {
        auto table = kRoot;
        for (auto above = scheme_.levels - 1; above > level; --above) {
            const auto place = table + scheme_.index(at, above) * scheme_.entry_size();
            auto& next = tables_[place];
            if (next == 0) {
                next = kRoot + tables_.size() * kPage;
                write_entry(place, pte::to(next, pte::kV));
            }
            table = next;
        }
        return table + scheme_.index(at, level) * scheme_.entry_size();
    }
    std::uint64_t entry(std::uint64_t at, unsigned level = 0) {
        const auto whole = doubleword(entry_at(at, level));
        return scheme_.xlen == 32 ? whole & 0xffff'ffff : whole;
    }

    std::uint64_t satp() const { return scheme_.satp_mode << scheme_.mode_shift() | kRoot >> 12; }
    /// The hart goes on at this address, with these tables.
    void enter(std::uint64_t at, Privilege privilege, std::size_t number = 0) {
        edit(
            [&](Hart& hart) {
                hart.pc = at;
                hart.privilege = privilege;
                hart.satp = satp();
            },
            number);
    }

  private:
    void write_entry(std::uint64_t at, std::uint64_t entry) {
        put(at, std::as_bytes(std::span(&entry, 1)).first(scheme_.entry_size()));
    }

    Scheme scheme_;
    std::map<std::uint64_t, std::uint64_t> tables_;  ///< from the entry that leads there
};

/// Loads and stores of a register's width.
inline Word load_x(const Scheme& scheme, unsigned rd, std::int64_t offset, unsigned base) {
    return load(scheme.xlen == 64 ? Opcode::ld : Opcode::lw, rd, offset, base);
}
inline Word store_x(const Scheme& scheme, unsigned source, std::int64_t offset, unsigned base) {
    return store(scheme.xlen == 64 ? Opcode::sd : Opcode::sw, source, offset, base);
}

}  // namespace backspin::emu::testing
