// The page table against a flat model: whatever is written, shared and restored, by several tables of one
// store, every memory and every root taken from it hold what the model says.
#include "base/pages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

namespace backspin {
namespace {

// A little over two nodes, the last one not full.
constexpr std::size_t kPages = 2 * kPagesPerNode + 100;

/// What a memory holds, page by page; absent pages are zeros.
using Model = std::map<std::uint64_t, std::vector<std::byte>>;

std::span<const std::byte> content_of(const Model& model, std::uint64_t index) {
    const auto found = model.find(index);
    return found != model.end() ? std::span<const std::byte>(found->second) : zero_page();
}

bool same(std::span<const std::byte> a, std::span<const std::byte> b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

struct Picture {
    PageRoot root;
    Model model;
    std::uint64_t digest = 0;
};

/// Several tables of one store with their models, and the pictures taken of them.
class Memories {
  public:
    explicit Memories(std::uint64_t seed) : random_(seed) {
        for (int i = 0; i < 3; ++i) tables_.emplace_back(store_, kPages);
        models_.resize(tables_.size());
    }

    void move() {
        const auto which = any(0, tables_.size() - 1);
        auto& table = tables_[which];
        auto& model = models_[which];
        const auto what = any(0, 99);
        if (what < 70) {
            write(table, model);
        } else if (what < 85) {
            auto root = table.share();
            const auto digest = root.digest();
            pictures_.push_back({std::move(root), model, digest});
        } else if (what < 95 && !pictures_.empty()) {
            // Any table may go on from any picture, whichever took it.
            const auto& picture = pictures_[any(0, pictures_.size() - 1)];
            table.restore(picture.root);
            model = picture.model;
        } else if (!pictures_.empty()) {
            pictures_.erase(pictures_.begin() + static_cast<std::ptrdiff_t>(any(0, pictures_.size() - 1)));
        }
    }

    void check() const {
        for (std::size_t i = 0; i < tables_.size(); ++i) {
            for (std::uint64_t page = 0; page < kPages; ++page) {
                const std::span held(tables_[i].read_page(PageIndex{page}), kPageSize);
                ASSERT_TRUE(same(held, content_of(models_[i], page))) << "table " << i << " page " << page;
            }
        }
        for (const auto& [root, model, digest] : pictures_) {
            ASSERT_EQ(root.page_count(), kPages);
            for (std::uint64_t page = 0; page < kPages; ++page) {
                ASSERT_TRUE(same(root.page(PageIndex{page}), content_of(model, page))) << "page " << page;
            }
            ASSERT_EQ(root.digest(), digest);
        }
    }

    /// Differences name exactly the indices with another page object, in ascending order; all that differs in
    /// content is among them; a digest computed from another picture's is the plain one.
    void check_differences() const {
        for (const auto& a : pictures_) {
            for (const auto& b : pictures_) {
                std::vector<std::uint64_t> told;
                PageRoot::for_each_difference(a.root, b.root,
                                              [&](PageIndex index, const Page* before, const Page* after) {
                                                  ASSERT_EQ(before, a.root.find(index));
                                                  ASSERT_EQ(after, b.root.find(index));
                                                  told.push_back(index.value);
                                              });
                std::vector<std::uint64_t> expected;
                for (std::uint64_t page = 0; page < kPages; ++page) {
                    const auto differs = a.root.find(PageIndex{page}) != b.root.find(PageIndex{page});
                    if (differs) expected.push_back(page);
                    if (!differs) {
                        ASSERT_TRUE(same(content_of(a.model, page), content_of(b.model, page)));
                    }
                }
                ASSERT_EQ(told, expected);
                ASSERT_EQ(b.root.digest_from(a.root, a.digest), b.digest);
            }
        }
    }

    std::shared_ptr<PageStore> store() const { return store_; }
    std::size_t pictures() const { return pictures_.size(); }

  private:
    std::uint64_t any(std::uint64_t low, std::uint64_t high) {
        return std::uniform_int_distribution<std::uint64_t>(low, high)(random_);
    }
    void write(PageTable& table, Model& model) {
        // Few pages, so that they are written again and again; some at the ends of nodes.
        static constexpr std::array<std::uint64_t, 7> kFavourites{
            0, 1, kPagesPerNode - 1, kPagesPerNode, 2 * kPagesPerNode, kPages - 1, 700};
        const PageIndex index{any(0, 3) != 0 ? kFavourites[any(0, 6)] : any(0, kPages - 1)};
        auto* page = table.write_page(index);
        ASSERT_TRUE(table.is_private(index));
        ASSERT_EQ(table.write_page(index), page) << "a private page is not copied again";
        auto& bytes = model.try_emplace(index.value, kPageSize).first->second;
        for (auto n = any(1, 20); n > 0; --n) {
            const auto at = any(0, kPageSize - 1);
            page->bytes()[at] = bytes[at] = static_cast<std::byte>(any(0, 255));
        }
    }

    std::mt19937_64 random_;
    std::shared_ptr<PageStore> store_ = PageStore::create();
    std::vector<PageTable> tables_;
    std::vector<Model> models_;
    std::vector<Picture> pictures_;
};

class PageTableModelTest : public ::testing::TestWithParam<int> {};

TEST_P(PageTableModelTest, HoldsWhatAFlatMemoryHolds) {
    std::optional<Memories> memories(static_cast<std::uint64_t>(GetParam()));
    const auto store = memories->store();
    for (int round = 0; round < 12; ++round) {
        for (int i = 0; i < 40; ++i) ASSERT_NO_FATAL_FAILURE(memories->move());
        ASSERT_NO_FATAL_FAILURE(memories->check());
    }
    ASSERT_GT(memories->pictures(), 3u);
    ASSERT_NO_FATAL_FAILURE(memories->check_differences());
    EXPECT_GT(store->pages_in_use(), 0u);
    memories.reset();
    EXPECT_EQ(store->pages_in_use(), 0u);
}

INSTANTIATE_TEST_SUITE_P(RandomMoves, PageTableModelTest, ::testing::Range(1, 9));

// ---- what costs memory --------------------------------------------------------------------------

void fill(PageTable& table, std::uint64_t index, int value) {
    std::ranges::fill(table.write_page(PageIndex{index})->bytes(), static_cast<std::byte>(value));
}

TEST(PageTable, IsZeroAndCostsNothingUntilWritten) {
    const auto store = PageStore::create();
    // 64 GiB: only what is written may cost anything.
    PageTable table(store, std::size_t{1} << 24);
    EXPECT_EQ(table.page_count(), std::size_t{1} << 24);
    EXPECT_EQ(table.find(PageIndex{12345}), nullptr);
    EXPECT_FALSE(table.is_private(PageIndex{12345}));
    EXPECT_TRUE(same(std::span(table.read_page(PageIndex{12345}), kPageSize), zero_page()));
    EXPECT_EQ(store->pages_in_use(), 0u);
    fill(table, (1u << 24) - 1, 1);
    EXPECT_EQ(store->pages_in_use(), 1u);
}

TEST(PageTable, PagesGoBackAsSoonAsNobodyHoldsThem) {
    const auto store = PageStore::create();
    PageTable table(store, 8);
    for (std::uint64_t i = 0; i < 4; ++i) fill(table, i, 1);
    auto first = table.share();
    fill(table, 0, 2);
    fill(table, 0, 3);
    EXPECT_EQ(store->pages_in_use(), 5u) << "one copy, for the first write after the picture only";
    auto second = table.share();
    fill(table, 0, 4);
    fill(table, 1, 4);
    EXPECT_EQ(store->pages_in_use(), 7u);
    second = PageRoot{};
    EXPECT_EQ(store->pages_in_use(), 6u) << "page 0 of the second picture was held by nobody else";
    first = PageRoot{};
    EXPECT_EQ(store->pages_in_use(), 4u);
}

TEST(PageTable, RestoreGivesUpWhatTheTableAloneHeld) {
    const auto store = PageStore::create();
    PageTable table(store, 8);
    const auto empty = table.share();
    for (std::uint64_t i = 0; i < 8; ++i) fill(table, i, 7);
    EXPECT_EQ(store->pages_in_use(), 8u);
    table.restore(empty);
    EXPECT_EQ(store->pages_in_use(), 0u);
    EXPECT_EQ(table.find(PageIndex{3}), nullptr);
}

TEST(PageTable, AfterShareOrRestoreNoPageIsPrivate) {
    PageTable table(PageStore::create(), 4);
    fill(table, 1, 1);
    EXPECT_TRUE(table.is_private(PageIndex{1}));
    const auto root = table.share();
    EXPECT_FALSE(table.is_private(PageIndex{1}));
    const auto* shared = table.find(PageIndex{1});
    fill(table, 1, 2);
    EXPECT_NE(table.find(PageIndex{1}), shared);
    EXPECT_EQ(root.find(PageIndex{1}), shared);
    table.restore(root);
    EXPECT_EQ(table.find(PageIndex{1}), shared);
    EXPECT_FALSE(table.is_private(PageIndex{1}));
    fill(table, 1, 3);
    EXPECT_EQ(root.page(PageIndex{1})[0], std::byte{1});
}

TEST(PageTable, TwoTablesThatGoOnFromOnePictureDoNotSeeEachOther) {
    const auto store = PageStore::create();
    PageTable one(store, 4);
    fill(one, 2, 1);
    const auto root = one.share();
    PageTable other(store, 4);
    other.restore(root);
    fill(one, 2, 2);
    fill(other, 2, 3);
    fill(other, 3, 3);
    EXPECT_EQ(one.read_page(PageIndex{2})[0], std::byte{2});
    EXPECT_EQ(one.read_page(PageIndex{3})[0], std::byte{0});
    EXPECT_EQ(other.read_page(PageIndex{2})[0], std::byte{3});
    EXPECT_EQ(root.page(PageIndex{2})[0], std::byte{1});
}

TEST(PageTable, MayGoOnFromAPictureOfAnotherStore) {
    std::weak_ptr<PageStore> other_store;
    PageTable table(PageStore::create(), 4);
    fill(table, 0, 9);
    {
        const auto store = PageStore::create();
        other_store = store;
        PageTable other(store, 4);
        fill(other, 0, 1);
        table.restore(other.share());
    }
    EXPECT_FALSE(other_store.expired()) << "whoever holds its pages holds the store";
    EXPECT_FALSE(table.is_private(PageIndex{0}));
    fill(table, 1, 2);
    EXPECT_EQ(table.read_page(PageIndex{0})[0], std::byte{1});
    EXPECT_EQ(other_store.lock()->pages_in_use(), 2u);
}

TEST(PageTable, RefusesAPictureOfAnotherSize) {
    PageTable small(PageStore::create(), 4);
    PageTable large(PageStore::create(), 5);
    EXPECT_THROW(small.restore(large.share()), std::invalid_argument);
    EXPECT_THROW(small.restore(PageRoot{}), std::invalid_argument);
    fill(small, 3, 1);
    EXPECT_EQ(small.read_page(PageIndex{3})[0], std::byte{1}) << "what is refused changes nothing";
}

// ---- identity and digests -----------------------------------------------------------------------

TEST(PageStore, IdsAreNeverReused) {
    const auto store = PageStore::create();
    PageTable table(store, 1);
    const auto empty = table.share();
    std::vector<std::uint64_t> ids;
    for (int i = 0; i < 2000; ++i) {  // more than one slab's worth, through the same few pages
        ids.push_back(table.write_page(PageIndex{0})->id());
        table.restore(empty);
    }
    std::ranges::sort(ids);
    EXPECT_TRUE(std::ranges::adjacent_find(ids) == ids.end());
    EXPECT_EQ(store->pages_in_use(), 0u);
}

TEST(PageRoot, DigestIsAFunctionOfTheContentAlone) {
    const auto store = PageStore::create();
    PageTable forwards(store, kPages);
    PageTable backwards(PageStore::create(), kPages);
    for (std::uint64_t i = 0; i < kPages; i += 50) fill(forwards, i, static_cast<int>(i % 251 + 1));
    for (std::uint64_t i = kPages; i-- > 0;) {
        if (i % 3 == 0) {  // a detour that leaves nothing behind
            fill(backwards, i, 5);
            const auto root = backwards.share();
            fill(backwards, i, 0);
        }
        if (i % 50 == 0) fill(backwards, i, static_cast<int>(i % 251 + 1));
    }
    const auto a = forwards.share();
    EXPECT_EQ(a.digest(), backwards.share().digest());
    EXPECT_NE(a.digest(), PageRoot{}.digest());

    for (const std::size_t at : {0u, 17u, 2048u, 4095u}) {
        forwards.write_page(PageIndex{50})->bytes()[at] ^= std::byte{1};
        EXPECT_NE(forwards.share().digest(), a.digest()) << at;
        forwards.write_page(PageIndex{50})->bytes()[at] ^= std::byte{1};
        EXPECT_EQ(forwards.share().digest(), a.digest()) << at;
    }
}

TEST(PageRoot, DigestSeesWhereAPageIs) {
    PageTable one(PageStore::create(), 4), other(PageStore::create(), 4);
    fill(one, 0, 1), fill(one, 1, 2);
    fill(other, 0, 2), fill(other, 1, 1);
    EXPECT_NE(one.share().digest(), other.share().digest());
}

TEST(PageRoot, AnEmptyRootIsAllZeros) {
    const PageRoot root;
    EXPECT_EQ(root.page_count(), 0u);
    EXPECT_EQ(root.find(PageIndex{3}), nullptr);
    EXPECT_TRUE(same(root.page(PageIndex{3}), zero_page()));
    PageTable table(PageStore::create(), 4);
    fill(table, 2, 1);
    int differences = 0;
    PageRoot::for_each_difference(root, table.share(), [&](PageIndex index, const Page* before, const Page*) {
        EXPECT_EQ(index.value, 2u);
        EXPECT_EQ(before, nullptr);
        ++differences;
    });
    EXPECT_EQ(differences, 1);
}

/// Searches run on several threads, each from the same pictures.
TEST(PageTable, ThreadsGoOnFromOnePictureIndependently) {
    const auto store = PageStore::create();
    PageTable origin(store, 64);
    for (std::uint64_t i = 0; i < 64; ++i) fill(origin, i, 1);
    const auto root = origin.share();
    std::array<std::uint64_t, 4> digests{};
    std::vector<std::thread> threads;
    for (auto& digest : digests) {
        threads.emplace_back([&digest, &root, &store] {
            PageTable table(store, 64);
            for (int round = 0; round < 20; ++round) {
                table.restore(root);
                for (std::uint64_t i = 0; i < 64; ++i) fill(table, i, static_cast<int>(i) + round);
                digest = table.share().digest_from(root, root.digest());
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(std::ranges::count(digests, digests[0]), 4);
    EXPECT_EQ(root.page(PageIndex{7})[7], std::byte{1});
    EXPECT_EQ(store->pages_in_use(), 64u);
}

TEST(PageTable, TheTimeThatCopiesHaveTakenOnlyGrows) {
    const auto store = PageStore::create();
    PageTable table(store, 256);
    auto before = store->copying_time();
    for (int round = 0; round < 200; ++round) {
        const auto shared = table.share();
        for (std::uint64_t page = 0; page < 256; ++page) table.write_page({page});
        EXPECT_GE(store->copying_time(), before);
        before = store->copying_time();
    }
    EXPECT_GT(before.count(), 0);
}

}  // namespace
}  // namespace backspin
