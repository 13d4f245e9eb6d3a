#include "base/pages.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <optional>
#include <stdexcept>

#include <xxhash.h>

namespace backspin {
namespace {

constexpr std::size_t kPagesPerSlab = kSlabBytes / kPageSize;

alignas(kPageSize) constexpr std::array<std::byte, kPageSize> kZeros{};

bool is_zero(const Page& page) {
    return std::memcmp(page.bytes().data(), kZeros.data(), kPageSize) == 0;
}

/// What one page adds to the digest of a memory. A page of zeros adds nothing, whether it was ever written or
/// not.
std::uint64_t contribution(PageIndex index, const Page* page) {
    if (page == nullptr) return 0;
    const auto hash = page->content_hash();
    if (hash == 0) return 0;
    const std::array<std::uint64_t, 2> key{index.value, hash};
    return XXH3_64bits(key.data(), sizeof key);
}

}  // namespace

std::span<const std::byte, kPageSize> zero_page() {
    return kZeros;
}

std::uint64_t Page::content_hash() const {
    if (!hash_known_.load(std::memory_order_acquire)) {
        // 0 is kept for pages of zeros.
        std::uint64_t hash = 0;
        if (!is_zero(*this)) {
            hash = XXH3_64bits(data_, kPageSize);
            if (hash == 0) hash = 1;
        }
        hash_.store(hash, std::memory_order_relaxed);
        hash_known_.store(true, std::memory_order_release);
    }
    return hash_.load(std::memory_order_relaxed);
}

void intrusive_ptr_add_ref(const Page* page) noexcept {
    page->references_.fetch_add(1, std::memory_order_relaxed);
}

void intrusive_ptr_release(const Page* page) noexcept {
    if (page->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) page->store_->give_back(page);
}

// ---- PageStore ----------------------------------------------------------------------------------

struct PageStore::Pages {
    explicit Pages(Slab slab) : memory(std::move(slab)) {
        for (std::size_t i = 0; i < kPagesPerSlab; ++i) pages[i].data_ = memory.get() + i * kPageSize;
    }
    Slab memory;
    std::array<Page, kPagesPerSlab> pages;
};

std::shared_ptr<PageStore> PageStore::create() {
    return std::shared_ptr<PageStore>(new PageStore());
}

PageStore::~PageStore() {
    assert(in_use_ == 0);
}

void PageStore::add_slab() {
    auto& slab = *slabs_.emplace_back(std::make_unique<Pages>(supply_.take()));
    free_.reserve(slabs_.size() * kPagesPerSlab);  // so that giving back never allocates
    for (std::size_t i = kPagesPerSlab; i-- > 0;) {
        slab.pages[i].store_ = this;
        free_.push_back(&slab.pages[i]);
    }
}

Page* PageStore::allocate() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) add_slab();
    auto* page = free_.back();
    free_.pop_back();
    ++in_use_;
    page->id_ = next_id_++;
    page->hash_known_.store(false, std::memory_order_relaxed);
    return page;
}

void PageStore::give_back(const Page* page) noexcept {
    const std::lock_guard lock(mutex_);
    // The page's last reader is gone; the store owns it and hands it out as mutable again.
    free_.push_back(const_cast<Page*>(page));
    --in_use_;
}

std::size_t PageStore::pages_in_use() const {
    const std::lock_guard lock(mutex_);
    return in_use_;
}

std::chrono::nanoseconds PageStore::copying_time() const {
    return std::chrono::nanoseconds(copy_ns_.load(std::memory_order_relaxed));
}

/// Times one copy in sixteen, which stands for all of them: reading the clock twice takes a tenth of a copy.
class PageStore::TimedCopy {
  public:
    explicit TimedCopy(PageStore& store)
        : store_(store), number_(store.copies_.fetch_add(1, std::memory_order_relaxed)) {
        if (number_ % kEach == 0) began_ = std::chrono::steady_clock::now();
    }
    ~TimedCopy() {
        if (!began_) return;
        auto took = std::chrono::nanoseconds(std::chrono::steady_clock::now() - *began_).count();
        // A thread that lost its CPU in the middle says nothing about copies.
        if (number_ > 0) {
            const auto so_far = store_.copy_ns_.load(std::memory_order_relaxed);
            took = std::min(took, 4 * so_far / static_cast<std::int64_t>(number_) + 1);
        }
        store_.copy_ns_.fetch_add(kEach * took, std::memory_order_relaxed);
    }
    TimedCopy(const TimedCopy&) = delete;
    TimedCopy& operator=(const TimedCopy&) = delete;

  private:
    static constexpr int kEach = 16;

    PageStore& store_;
    std::uint64_t number_;
    std::optional<std::chrono::steady_clock::time_point> began_;
};

// ---- PageRoot -----------------------------------------------------------------------------------

const Page* PageRoot::find(PageIndex index) const {
    if (!directory_ || index.value >= page_count_) return nullptr;
    const auto& node = directory_->nodes[index.value / kPagesPerNode];
    return node ? node->pages[index.value % kPagesPerNode].get() : nullptr;
}

std::span<const std::byte, kPageSize> PageRoot::page(PageIndex index) const {
    const auto* page = find(index);
    return page != nullptr ? page->bytes() : zero_page();
}

std::size_t PageRoot::page_count() const {
    return page_count_;
}

void PageRoot::for_each_difference(const PageRoot& before, const PageRoot& after,
                                   const std::function<void(PageIndex, const Page*, const Page*)>& differs) {
    if (before.directory_ == after.directory_) return;
    const auto node_of = [](const PageRoot& root, std::size_t i) -> const PageNode* {
        return root.directory_ && i < root.directory_->nodes.size() ? root.directory_->nodes[i].get()
                                                                    : nullptr;
    };
    const auto nodes = (std::max(before.page_count_, after.page_count_) + kPagesPerNode - 1) / kPagesPerNode;
    for (std::size_t n = 0; n < nodes; ++n) {
        const auto* old_node = node_of(before, n);
        const auto* new_node = node_of(after, n);
        if (old_node == new_node) continue;
        for (std::size_t i = 0; i < kPagesPerNode; ++i) {
            const auto* old_page = old_node != nullptr ? old_node->pages[i].get() : nullptr;
            const auto* new_page = new_node != nullptr ? new_node->pages[i].get() : nullptr;
            if (old_page != new_page) differs(PageIndex{n * kPagesPerNode + i}, old_page, new_page);
        }
    }
}

std::uint64_t PageRoot::digest() const {
    return digest_from(PageRoot{}, 0);
}

std::uint64_t PageRoot::digest_from(const PageRoot& before, std::uint64_t digest_of_before) const {
    // A sum over the pages: it depends on the content alone, and a change of one page changes one term.
    auto digest = digest_of_before;
    for_each_difference(before, *this, [&](PageIndex index, const Page* old_page, const Page* new_page) {
        digest -= contribution(index, old_page);
        digest += contribution(index, new_page);
    });
    return digest;
}

// ---- PageTable ----------------------------------------------------------------------------------

PageTable::PageTable(std::shared_ptr<PageStore> store, std::size_t pages)
    : store_(std::move(store)),
      page_count_(pages),
      epoch_(store_->new_epoch()),
      directory_(std::make_shared<PageDirectory>()) {
    directory_->store = store_;
    directory_->epoch = epoch_;
    directory_->nodes.resize((pages + kPagesPerNode - 1) / kPagesPerNode);
}

const Page* PageTable::find(PageIndex index) const {
    assert(index.value < page_count_);
    const auto& node = directory_->nodes[index.value / kPagesPerNode];
    return node ? node->pages[index.value % kPagesPerNode].get() : nullptr;
}

const std::byte* PageTable::read_page(PageIndex index) const {
    const auto* page = find(index);
    return page != nullptr ? page->bytes().data() : kZeros.data();
}

bool PageTable::is_private(PageIndex index) const {
    const auto* page = find(index);
    return page != nullptr && page->epoch_ == epoch_;
}

PageNode& PageTable::private_node(std::size_t node) {
    if (directory_->epoch != epoch_) {
        directory_ = std::make_shared<PageDirectory>(*directory_);
        directory_->epoch = epoch_;
    }
    auto& slot = directory_->nodes[node];
    if (!slot || slot->epoch != epoch_) {
        slot = slot ? std::make_shared<PageNode>(*slot) : std::make_shared<PageNode>();
        slot->epoch = epoch_;
    }
    return *slot;
}

Page* PageTable::write_page(PageIndex index) {
    const auto* there = find(index);
    // Private to this epoch, so nobody else can see it: the table alone may hand it out as mutable.
    if (there != nullptr && there->epoch_ == epoch_) return const_cast<Page*>(there);
    std::optional<PageStore::TimedCopy> timed;
    if (there != nullptr) timed.emplace(*store_);
    auto& slot = private_node(index.value / kPagesPerNode).pages[index.value % kPagesPerNode];
    auto* copy = store_->allocate();
    std::memcpy(copy->data_, slot ? slot->data_ : kZeros.data(), kPageSize);
    copy->epoch_ = epoch_;
    slot.reset(copy);
    return copy;
}

void PageTable::put_page(PageIndex index, PagePtr page) {
    assert(index.value < page_count_);
    private_node(index.value / kPagesPerNode).pages[index.value % kPagesPerNode] = std::move(page);
}

PageRoot PageTable::share() {
    PageRoot root;
    root.directory_ = directory_;
    root.page_count_ = page_count_;
    epoch_ = store_->new_epoch();
    return root;
}

void PageTable::restore(const PageRoot& root) {
    // A recording may hold anything; nothing behind this point looks again.
    if (root.page_count_ != page_count_) throw std::invalid_argument("the memory has another size");
    // Shared from here on: every write copies first, because no page or node carries the new epoch.
    directory_ = std::const_pointer_cast<PageDirectory>(root.directory_);
    store_ = directory_->store;  // epochs are unique within a store only
    epoch_ = store_->new_epoch();
}

}  // namespace backspin
