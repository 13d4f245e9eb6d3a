#include "cli/debug/page_walk.hpp"

namespace backspin::cli {

std::optional<PagingScheme> paging_scheme(std::uint64_t satp, unsigned xlen) {
    if (xlen == 32) return satp >> 31 == 0 ? std::nullopt : std::optional(PagingScheme{"Sv32", 2, 10});
    switch (satp >> 60) {
        case 8: return PagingScheme{"Sv39", 3, 9};
        case 9: return PagingScheme{"Sv48", 4, 9};
        case 10: return PagingScheme{"Sv57", 5, 9};
        default: return std::nullopt;
    }
}

std::optional<std::uint64_t> NotedTables::read(PhysicalAddress at, unsigned size) {
    visits_.push_back({at, tables_.read(at, size)});
    return visits_.back().entry;
}

}  // namespace backspin::cli
