#include "snapshots/state_patch.hpp"

#include <array>
#include <bitset>
#include <cstring>
#include <optional>
#include <utility>

#include "snapshots/numbers.hpp"

namespace backspin::snapshots {
namespace {

// patch:  trusted ends fields pages        numbers in LEB128
// ends:   how many, then each less the one before
// fields: how many bytes, then the bytes
// pages:  for each one more than its index is behind the last, kind, and for `words` runs; then 0
// runs:   for each how many words, how many words were skipped before them, the words; then 0

enum class Kind : std::uint8_t {
    unwritten,       ///< nothing was ever written there
    words_on_zeros,  ///< zeros, but for these words
    words_on_before  ///< what it was before, but for these words
};

constexpr std::size_t kWord = 8;
constexpr std::size_t kWords = kPageSize / kWord;

std::uint64_t word_at(const std::byte* page, std::size_t word) {
    std::uint64_t value = 0;
    std::memcpy(&value, page + word * kWord, kWord);
    return value;
}

void put_bytes(Patch& out, std::span<const std::byte> bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

template <class Has>
void put_runs(Patch& out, const std::byte* page, const Has& has) {
    std::size_t done = 0;
    for (std::size_t word = 0; word < kWords; ++word) {
        if (!has(word)) continue;
        const auto begin = word;
        while (word < kWords && has(word)) ++word;
        put_number(out, word - begin);
        put_number(out, begin - done);
        put_bytes(out, {page + begin * kWord, (word - begin) * kWord});
        done = word;
    }
    put_number(out, 0);
}

class Reader {
  public:
    explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

    std::uint64_t number(std::uint64_t most = ~std::uint64_t{0}) {
        const auto value = take_number(rest_);
        if (!value || *value > most) throw BadPatch("a number in a spilled snapshot is wrong");
        return *value;
    }
    std::span<const std::byte> bytes(std::size_t size) {
        if (size > rest_.size()) throw BadPatch("a spilled snapshot is cut short");
        const auto taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }
    std::span<const std::byte> rest() const { return rest_; }

  private:
    std::span<const std::byte> rest_;
};

struct Head {
    bool trusted = false;
    std::vector<std::uint32_t> ends;
    std::span<const std::byte> fields;
};

Head take_head(Reader& in) {
    Head head;
    head.trusted = in.number(1) != 0;
    const auto ends = in.number(in.rest().size());
    std::uint32_t end = 0;
    for (std::uint64_t i = 0; i < ends; ++i) {
        end += static_cast<std::uint32_t>(in.number(~std::uint32_t{0}));
        head.ends.push_back(end);
    }
    head.fields = in.bytes(in.number(in.rest().size()));
    return head;
}

/// The pages of a patch, one after the other.
class PageReader {
  public:
    explicit PageReader(Reader& in) : in_(in) { next(); }

    bool done() const { return done_; }
    std::uint64_t index() const { return index_; }
    Kind kind() const { return kind_; }

    /// Calls `put` with each run of words. To be called once for each page, before next.
    template <class Put>
    void runs(const Put& put) {
        if (kind_ == Kind::unwritten) return;
        std::size_t word = 0;
        while (const auto count = in_.number(kWords)) {
            word += in_.number(kWords);
            if (word + count > kWords) throw BadPatch("a page of a spilled snapshot is too long");
            put(word, in_.bytes(count * kWord));
            word += count;
        }
    }
    void next() {
        const auto ahead = in_.number();
        done_ = ahead == 0;
        if (done_) return;
        index_ += ahead;
        kind_ = static_cast<Kind>(in_.number(static_cast<std::uint64_t>(Kind::words_on_before)));
    }

  private:
    Reader& in_;
    bool done_ = false;
    std::uint64_t index_ = ~std::uint64_t{0};
    Kind kind_{};
};

class PageWriter {
  public:
    explicit PageWriter(Patch& out) : out_(out) {}

    void begin(std::uint64_t index, Kind kind) {
        put_number(out_, index - last_);
        put_number(out_, static_cast<std::uint64_t>(kind));
        last_ = index;
    }
    void end() { put_number(out_, 0); }

  private:
    Patch& out_;
    std::uint64_t last_ = ~std::uint64_t{0};
};

/// A page of a patch, unpacked.
struct Words {
    Kind kind{};
    std::array<std::byte, kPageSize> bytes;
    std::bitset<kWords> known;

    void lay_over(PageReader& page) {
        if (page.kind() != Kind::words_on_before) {
            kind = page.kind();
            known.reset();
        } else if (kind == Kind::unwritten) {
            kind = Kind::words_on_zeros;
        }
        page.runs([this](std::size_t word, std::span<const std::byte> run) {
            std::memcpy(bytes.data() + word * kWord, run.data(), run.size());
            for (std::size_t i = 0; i < run.size() / kWord; ++i) known.set(word + i);
        });
    }
};

}  // namespace

Patch patch_between(const PageRoot& before, const SavedState& after) {
    Patch out;
    put_number(out, after.trusted ? 1 : 0);
    put_number(out, after.ends.size());
    std::uint32_t last = 0;
    for (const auto end : after.ends) put_number(out, end - std::exchange(last, end));
    put_number(out, after.fields.size());
    put_bytes(out, after.fields);
    PageWriter pages(out);
    PageRoot::for_each_difference(
        before, after.pages, [&](PageIndex index, const Page* old_page, const Page* new_page) {
            if (new_page == nullptr) return pages.begin(index.value, Kind::unwritten);
            pages.begin(index.value, old_page != nullptr ? Kind::words_on_before : Kind::words_on_zeros);
            const auto* was = old_page != nullptr ? old_page->bytes().data() : zero_page().data();
            const auto* is = new_page->bytes().data();
            put_runs(out, is, [&](std::size_t word) { return word_at(was, word) != word_at(is, word); });
        });
    pages.end();
    return out;
}

Patch joined(std::span<const std::byte> first, std::span<const std::byte> second) {
    Reader a(first);
    Reader b(second);
    take_head(a);
    take_head(b);
    Patch out;
    put_bytes(out, second.first(second.size() - b.rest().size()));
    PageReader before(a);
    PageReader after(b);
    PageWriter pages(out);
    Words words;
    while (!before.done() || !after.done()) {
        const auto index = after.done() || (!before.done() && before.index() < after.index()) ? before.index()
                                                                                              : after.index();
        words.kind = Kind::words_on_before;
        words.known.reset();
        for (auto* page : {&before, &after}) {
            if (page->done() || page->index() != index) continue;
            words.lay_over(*page);
            page->next();
        }
        pages.begin(index, words.kind);
        if (words.kind == Kind::unwritten) continue;
        put_runs(out, words.bytes.data(), [&](std::size_t word) { return words.known.test(word); });
    }
    pages.end();
    return out;
}

std::vector<PageIndex> apply_patch(std::span<const std::byte> patch, PageTable& memory) {
    Reader in(patch);
    take_head(in);
    std::vector<PageIndex> touched;
    for (PageReader page(in); !page.done(); page.next()) {
        const PageIndex index{page.index()};
        if (index.value >= memory.page_count()) throw BadPatch("a page of a spilled snapshot lies outside");
        touched.push_back(index);
        // So that nothing is copied only to be forgotten.
        if (page.kind() != Kind::words_on_before) memory.put_page(index, nullptr);
        if (page.kind() == Kind::unwritten) continue;
        auto* bytes = memory.write_page(index)->bytes().data();
        page.runs([&](std::size_t word, std::span<const std::byte> run) {
            std::memcpy(bytes + word * kWord, run.data(), run.size());
        });
    }
    return touched;
}

SavedState state_after(std::span<const std::byte> patch, StepCount at, PageRoot memory) {
    Reader in(patch);
    const auto head = take_head(in);
    return {.at = at,
            .fields = {head.fields.begin(), head.fields.end()},
            .ends = head.ends,
            .pages = std::move(memory),
            .trusted = head.trusted};
}

}  // namespace backspin::snapshots
