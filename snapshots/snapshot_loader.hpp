// Puts the states that a recording holds together again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/machine.hpp"
#include "base/pages.hpp"
#include "snapshots/recording_codec.hpp"
#include "snapshots/recording_content.hpp"
#include "snapshots/sqlite.hpp"

namespace backspin::snapshots {

/// Keeps the memory that it loaded last: the next one costs the pages in which it differs, and shares the
/// others.
class SnapshotLoader {
  public:
    /// Throws Damage for content that is not what the file's chain of checksums says.
    SavedState load(Database& database, RecordingContent& content, std::size_t index,
                    const std::shared_ptr<PageStore>& store);

  private:
    /// By index; an index that is not in it was never written.
    using PageNumbers = std::unordered_map<std::uint64_t, std::uint64_t>;

    static PageNumbers numbers_of(const RecordingContent& content, std::size_t index);
    /// What has to change for the memory that is here to become that one, by page number.
    std::vector<PageChange> differences(const PageNumbers& wanted) const;
    void apply(Database& database, RecordingContent& content, std::size_t index,
               const std::vector<PageChange>& changes);

    std::shared_ptr<PageStore> store_;
    std::optional<PageTable> memory_;
    PageNumbers numbers_;
};

}  // namespace backspin::snapshots
