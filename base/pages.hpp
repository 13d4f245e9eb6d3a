// Guest memory as a two-level table of reference-counted pages, immutable once shared: taking a snapshot of
// it is copying one pointer, restoring one is swapping it, and the first write to a shared page copies that
// page.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include "base/slab_supply.hpp"

namespace backspin {

inline constexpr std::size_t kPageSize = 4096;
inline constexpr unsigned kPageBits = 12;

/// Which page of a memory, from 0: an index, not an address.
struct PageIndex {
    std::uint64_t value = 0;
    constexpr auto operator<=>(const PageIndex&) const = default;
};

class PageStore;

/// 4 KiB of guest memory. Written only while private to one table's current epoch; immutable afterwards.
class Page {
  public:
    std::span<std::byte, kPageSize> bytes() { return std::span<std::byte, kPageSize>{data_, kPageSize}; }
    std::span<const std::byte, kPageSize> bytes() const {
        return std::span<const std::byte, kPageSize>{data_, kPageSize};
    }
    /// Never reused, even after the page is gone: what was derived from a page's content may be keyed by it.
    std::uint64_t id() const { return id_; }

    /// XXH3 of the content, computed at the first call and kept: only for a page that is shared, thus
    /// immutable.
    std::uint64_t content_hash() const;

  private:
    friend class PageStore;
    friend class PageTable;
    friend void intrusive_ptr_add_ref(const Page* page) noexcept;
    friend void intrusive_ptr_release(const Page* page) noexcept;

    mutable std::atomic<std::uint32_t> references_{0};
    mutable std::atomic<bool> hash_known_{false};
    mutable std::atomic<std::uint64_t> hash_{0};
    std::uint64_t id_ = 0;
    std::uint64_t epoch_ =
        0;  ///< the table epoch to which it is private; epochs are unique in the process's store
    std::byte* data_ = nullptr;
    PageStore* store_ = nullptr;
};

using PagePtr = boost::intrusive_ptr<const Page>;

/// Allocates pages from large slabs (huge pages where the host offers them) and takes freed ones back. Shared
/// by all tables whose pages may be shared; it outlives them by shared ownership. Thread-safe.
class PageStore : public std::enable_shared_from_this<PageStore> {
  public:
    static std::shared_ptr<PageStore> create();
    ~PageStore();
    PageStore(const PageStore&) = delete;
    PageStore& operator=(const PageStore&) = delete;

    /// A page with undefined content and one id of its own.
    Page* allocate();
    /// Pages handed out and not yet returned.
    std::size_t pages_in_use() const;
    /// Host time that copies of shared pages have taken so far, by a sample of them.
    std::chrono::nanoseconds copying_time() const;
    /// A number that no other table of this store has had as its epoch.
    std::uint64_t new_epoch() { return next_epoch_.fetch_add(1, std::memory_order_relaxed); }

  private:
    friend void intrusive_ptr_release(const Page* page) noexcept;
    friend class PageTable;
    class TimedCopy;
    PageStore() = default;
    void give_back(const Page* page) noexcept;
    void add_slab();

    struct Pages;
    mutable std::mutex mutex_;
    SlabSupply supply_;
    std::vector<std::unique_ptr<Pages>> slabs_;
    std::vector<Page*> free_;
    std::size_t in_use_ = 0;
    std::uint64_t next_id_ = 1;
    std::atomic<std::uint64_t> next_epoch_{1};
    std::atomic<std::uint64_t> copies_{0};
    std::atomic<std::int64_t> copy_ns_{0};  ///< of all, about
};

inline constexpr std::size_t kPagesPerNode = 512;

/// 512 pages; a null entry is a page of zeros that nobody has written.
struct PageNode {
    std::uint64_t epoch = 0;
    std::array<PagePtr, kPagesPerNode> pages;
};

struct PageDirectory {
    std::shared_ptr<PageStore> store;  ///< declared first: destroyed after the pages
    std::uint64_t epoch = 0;
    std::vector<std::shared_ptr<PageNode>> nodes;  ///< a null node is 2 MiB of zeros
};

/// An immutable picture of a whole memory. Cheap to copy; safe to read from any thread.
class PageRoot {
  public:
    PageRoot() = default;
    /// The page's content; the page of zeros where nothing was ever written.
    std::span<const std::byte, kPageSize> page(PageIndex index) const;
    /// Null where nothing was ever written.
    const Page* find(PageIndex index) const;
    std::size_t page_count() const;

    /// Calls `differs` for each index at which the two memories hold different page objects, in ascending
    /// order. Costs the nodes that differ, not the whole memory.
    static void for_each_difference(const PageRoot& before, const PageRoot& after,
                                    const std::function<void(PageIndex, const Page*, const Page*)>& differs);

    /// A hash of the content alone: equal memories have equal digests, whatever pages they share. `before`
    /// with its digest makes it cost only the pages that differ.
    std::uint64_t digest() const;
    std::uint64_t digest_from(const PageRoot& before, std::uint64_t digest_of_before) const;

    bool operator==(const PageRoot& other) const { return directory_ == other.directory_; }
    /// As PageStore::copying_time, of the store that its pages are in.
    std::chrono::nanoseconds copying_time() const {
        return directory_ ? directory_->store->copying_time() : std::chrono::nanoseconds{};
    }
    /// Whether pages of one may be put into a table restored from the other.
    bool shares_store_with(const PageRoot& other) const {
        return directory_ && other.directory_ && directory_->store == other.directory_->store;
    }

  private:
    friend class PageTable;
    std::shared_ptr<const PageDirectory> directory_;
    std::size_t page_count_ = 0;
};

/// The memory of one machine: readable and writable, with copy on write against every root taken from it.
class PageTable {
  public:
    /// All zeros. `pages` may be large: only what is written costs memory.
    PageTable(std::shared_ptr<PageStore> store, std::size_t pages);

    std::size_t page_count() const { return page_count_; }

    /// Valid until the next write_page of the same index, share or restore.
    const std::byte* read_page(PageIndex index) const;
    /// Null where nothing was ever written.
    const Page* find(PageIndex index) const;
    /// Whose pages these are. Whoever keeps one beyond the next restore keeps the store, too.
    std::shared_ptr<const PageStore> store() const { return store_; }
    std::shared_ptr<PageStore> store() { return store_; }
    /// The page, private to this epoch: copied first if it is shared. Valid for writing until share or
    /// restore.
    Page* write_page(PageIndex index);
    /// Puts a page of this table's store at the index, shared with whoever else has it.
    void put_page(PageIndex index, PagePtr page);
    /// Whether write_page would not copy.
    bool is_private(PageIndex index) const;

    /// The whole memory as it is now; from here on every page is shared.
    PageRoot share();
    /// Puts a memory of the same size back. Throws std::invalid_argument, and changes nothing, for another
    /// size.
    void restore(const PageRoot& root);

  private:
    PageNode& private_node(std::size_t node);

    std::shared_ptr<PageStore> store_;
    std::size_t page_count_;
    std::uint64_t epoch_;
    std::shared_ptr<PageDirectory> directory_;
};

/// 4 KiB of zeros.
std::span<const std::byte, kPageSize> zero_page();

}  // namespace backspin
