#include "base/access_notes.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace backspin {
namespace {

void unite(std::vector<PageNumber>& pages, const std::vector<PageNumber>& others) {
    if (others.empty()) return;
    std::vector<PageNumber> both;
    both.reserve(pages.size() + others.size());
    std::ranges::set_union(pages, others, std::back_inserter(both));
    pages = std::move(both);
}

void make_unique(std::vector<PageNumber>& pages) {
    std::ranges::sort(pages);
    const auto rest = std::ranges::unique(pages);
    pages.erase(rest.begin(), rest.end());
}

}  // namespace

void AccessNotes::merge(const AccessNotes& other) {
    unite(executed, other.executed);
    unite(read, other.read);
    unite(written, other.written);
    unite(changed, other.changed);
    unite(changed_from_outside, other.changed_from_outside);
    translated = translated || other.translated;
}

std::vector<PageNumber> PageCollector::take() {
    make_unique(pages_);
    compact_at_ = kLeast;
    std::ranges::fill(recent_, kNone);
    return std::exchange(pages_, {});
}

/// However long the stretch is, it costs as much as it has pages.
void PageCollector::compact() {
    make_unique(pages_);
    compact_at_ = std::max(kLeast, 2 * pages_.size());
}

}  // namespace backspin
