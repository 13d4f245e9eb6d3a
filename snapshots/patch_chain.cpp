#include "snapshots/patch_chain.hpp"

#include <algorithm>
#include <cstring>

namespace backspin::snapshots {
namespace {

void share_equal_pages(PageTable& memory, const std::vector<PageIndex>& touched, const PageRoot& other) {
    for (const auto index : touched) {
        const auto* here = memory.find(index);
        const auto* there = other.find(index);
        if (here == nullptr || there == nullptr || here == there) continue;
        if (std::memcmp(here->bytes().data(), there->bytes().data(), kPageSize) == 0)
            memory.put_page(index, PagePtr(there));
    }
}

bool is_power_of_two(std::size_t n) {
    return (n & (n - 1)) == 0;
}

}  // namespace

std::vector<ChainedState> follow_chain(const PageRoot& memory, std::size_t length,
                                       const std::function<ChainLink(std::size_t)>& link,
                                       const PageRoot* neighbour) {
    std::vector<ChainedState> states;
    PageTable table(PageStore::create(), memory.page_count());
    table.restore(memory);
    std::vector<PageIndex> touched;
    for (std::size_t i = 0; i < length; ++i) {
        const auto [at, patch] = link(i);
        const auto pages = apply_patch(patch, table);
        touched.insert(touched.end(), pages.begin(), pages.end());
        const auto left = length - 1 - i;
        if (left != 0 && !is_power_of_two(left)) continue;
        if (neighbour != nullptr && neighbour->shares_store_with(memory)) {
            std::ranges::sort(touched);
            touched.erase(std::ranges::unique(touched).begin(), touched.end());
            share_equal_pages(table, touched, *neighbour);
        }
        touched.clear();
        states.push_back({at, state_after(patch, at.step, table.share())});
    }
    return states;
}

}  // namespace backspin::snapshots
