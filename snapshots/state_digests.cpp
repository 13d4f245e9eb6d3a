#include "snapshots/state_digests.hpp"

#include <xxhash.h>

#include "snapshots/recording.hpp"

namespace backspin::snapshots {

std::span<const ComponentDigest> StateDigests::of(const SavedState& state) {
    digests_.clear();
    std::size_t begin = 0;
    for (std::size_t i = 0; i < names_.size(); ++i) {
        const std::size_t end = state.ends.at(i);
        digests_.push_back({names_[i], XXH3_64bits(state.fields.data() + begin, end - begin)});
        begin = end;
    }
    digest_of_pages_ =
        digest_of_pages_ ? state.pages.digest_from(pages_, *digest_of_pages_) : state.pages.digest();
    pages_ = state.pages;
    digests_.push_back({kMemoryComponent, *digest_of_pages_});
    return digests_;
}

}  // namespace backspin::snapshots
