// Machine states that change from one to the next as those of a guest do, and their bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "base/machine.hpp"
#include "base/pages.hpp"

namespace backspin::snapshots {

inline Position at_step(std::uint64_t step) {
    return {{0}, {step}};
}

/// A state in values that can be compared; pages that were never written are not in it.
struct StateBytes {
    StepCount at;
    std::vector<std::byte> fields;
    std::vector<std::uint32_t> ends;
    std::map<std::uint64_t, std::vector<std::byte>> pages;
    bool trusted = false;
    bool operator==(const StateBytes&) const = default;
};

inline StateBytes bytes_of(const SavedState& state) {
    StateBytes bytes{state.at, state.fields, state.ends, {}, state.trusted};
    PageRoot::for_each_difference({}, state.pages, [&](PageIndex index, const Page*, const Page* page) {
        bytes.pages[index.value] = {page->bytes().begin(), page->bytes().end()};
    });
    return bytes;
}

/// Writes a few words here, a whole page there, and now and then forgets a page.
class ChangingMemory {
  public:
    static constexpr std::size_t kPages = 3 * kPagesPerNode + 7;

    explicit ChangingMemory(std::uint64_t seed) : random_(seed), memory_(store_, kPages) {}

    SavedState next(std::uint64_t step) {
        for (auto writes = random_() % 20; writes > 0; --writes) write();
        if (random_() % 4 == 0) memory_.put_page({random_() % kPages}, nullptr);
        std::vector<std::byte> fields(20 + random_() % 20);
        for (auto& byte : fields) byte = static_cast<std::byte>(random_());
        const auto size = static_cast<std::uint32_t>(fields.size());
        return {{step}, std::move(fields), {10, 10, size}, memory_.share(), random_() % 2 == 0};
    }
    /// A page of random bytes: what cannot be compressed.
    void fill(PageIndex index) {
        for (auto& byte : memory_.write_page(index)->bytes()) byte = static_cast<std::byte>(random_());
    }
    std::size_t pages_in_use() const { return store_->pages_in_use(); }

  private:
    void write() {
        const PageIndex index{random_() % 16 == 0 ? random_() % kPages : random_() % 8};
        if (index.value < 8 && random_() % 8 == 0) return fill(index);
        auto* bytes = memory_.write_page(index)->bytes().data();
        for (auto words = random_() % 6; words > 0; --words) {
            const auto value = random_() % 3 == 0 ? 0 : random_();
            std::memcpy(bytes + random_() % (kPageSize - sizeof value), &value, sizeof value);
        }
    }

    std::mt19937_64 random_;
    std::shared_ptr<PageStore> store_ = PageStore::create();
    PageTable memory_;
};

}  // namespace backspin::snapshots
