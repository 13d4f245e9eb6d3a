#include "snapshots/snapshot_loader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "snapshots/recording_header.hpp"

namespace backspin::snapshots {

SnapshotLoader::PageNumbers SnapshotLoader::numbers_of(const RecordingContent& content, std::size_t index) {
    PageNumbers numbers;
    for (std::size_t i = 0; i <= index; ++i) {
        const auto& snapshot = content.stored_snapshots[i];
        for (const auto& row : snapshot.changes) {
            const auto changes = decode_changes(row, snapshot.pages);
            for (const auto& change : changes.value()) {  // it was there when the file was opened
                if (change.page == kUnwrittenPage) {
                    numbers.erase(change.index.value);
                } else {
                    numbers[change.index.value] = change.page;
                }
            }
        }
    }
    return numbers;
}

std::vector<PageChange> SnapshotLoader::differences(const PageNumbers& wanted) const {
    std::vector<PageChange> changes;
    for (const auto& [index, page] : wanted) {
        const auto here = numbers_.find(index);
        if (here == numbers_.end() || here->second != page) changes.push_back({{index}, page});
    }
    for (const auto& [index, page] : numbers_) {
        if (!wanted.contains(index)) changes.push_back({{index}, kUnwrittenPage});
    }
    // Each pack is then unpacked once.
    std::ranges::sort(changes, [](const auto& a, const auto& b) {
        return std::pair(a.page, a.index) < std::pair(b.page, b.index);
    });
    return changes;
}

void SnapshotLoader::apply(Database& database, RecordingContent& content, std::size_t index,
                           const std::vector<PageChange>& changes) {
    PageIndex source{};  // where the last page was put: equal ones share it
    std::uint64_t last = kUnwrittenPage;
    for (const auto& change : changes) {
        if (change.page == kUnwrittenPage) {
            memory_->put_page(change.index, nullptr);
            continue;
        }
        if (change.page == last) {
            memory_->put_page(change.index, PagePtr(memory_->find(source)));
            continue;
        }
        const auto bytes = change.page == kZeroPage ? zero_page() : content.packs.page(database, change.page);
        if (!bytes) {
            throw Damage("was altered or damaged: pages of snapshot " + std::to_string(index) +
                         " do not match their checksum; " + kCopyAgain);
        }
        memory_->put_page(change.index, nullptr);  // so that nothing is copied only to be written over
        std::memcpy(memory_->write_page(change.index)->bytes().data(), bytes->data(), kPageSize);
        source = change.index;
        last = change.page;
    }
}

SavedState SnapshotLoader::load(Database& database, RecordingContent& content, std::size_t index,
                                const std::shared_ptr<PageStore>& store) {
    const auto& snapshot = content.stored_snapshots.at(index);
    auto fields = uncompressed(snapshot.fields, snapshot.size);
    if (!fields) throw Damage("holds a damaged snapshot " + std::to_string(index) + "; " + kCopyAgain);
    if (!memory_ || store_ != store) {
        memory_.emplace(store, snapshot.pages);
        store_ = store;
        numbers_.clear();
    }
    auto wanted = numbers_of(content, index);
    try {
        apply(database, content, index, differences(wanted));
    } catch (...) {
        memory_.reset();  // half one state, half another
        throw;
    }
    numbers_ = std::move(wanted);
    return {content.snapshots[index].at.step, std::move(*fields), snapshot.ends, memory_->share(), false};
}

}  // namespace backspin::snapshots
