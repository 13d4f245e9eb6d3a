// Page tables as they are told to people and debuggers: the scheme that satp selects, and what a walk looked
// at.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "emu/memory.hpp"
#include "emu/page_tables.hpp"

namespace backspin::cli {

struct PagingScheme {
    std::string_view name;  ///< "Sv39"
    unsigned levels = 0;
    unsigned bits_of_level = 0;
};

/// Nothing: satp translates nothing, or its mode is reserved.
std::optional<PagingScheme> paging_scheme(std::uint64_t satp, unsigned xlen);

/// Bits of an entry.
inline constexpr std::uint64_t kValid = 1, kReadable = 2, kWritable = 4, kExecutable = 8;

/// Tables that note what a walk reads, and let it write nothing.
class NotedTables final : public emu::PageTables {
  public:
    struct Visit {
        PhysicalAddress at;
        std::optional<std::uint64_t> entry;  ///< nothing: there is no memory
    };

    explicit NotedTables(const emu::Memory& memory) : tables_(memory) {}
    std::optional<std::uint64_t> read(PhysicalAddress at, unsigned size) override;
    bool write(PhysicalAddress, unsigned, std::uint64_t) override { return true; }

    /// From the root on.
    const std::vector<Visit>& visits() const { return visits_; }

  private:
    emu::ConstPageTables tables_;
    std::vector<Visit> visits_;
};

}  // namespace backspin::cli
