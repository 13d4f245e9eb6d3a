// Decoded blocks by guest page. Fetch is coherent: whoever writes memory asks here first, and a write that
// overlaps a decoded granule drops the page's blocks, fence.i or not.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/address.hpp"
#include "base/pages.hpp"
#include "emu/engine/block.hpp"
#include "emu/memory.hpp"

namespace backspin::emu {

/// Where the interpreter's code for the operations lies; filled in by the interpreter.
struct HandlerTable {
    std::array<std::int32_t, 512> of_opcode{};  ///< by Opcode
    std::int32_t general = 0;                   ///< executes the Instruction in the next slot
    std::int32_t system = 0;                    ///< likewise, and may change anything: ends the block
    std::int32_t floating = 0;                  ///< computes with the Instruction in the next slot, floating
    std::int32_t transfer = 0;                  ///< a branch or jump of the Instruction in the next slot
    std::int32_t straddling = 0;                ///< an instruction that crosses into the next page
    std::int32_t uncached = 0;                  ///< any instruction, in no block: fetched anew each time
    std::int32_t edge = 0;                      ///< go on at the next address in another block; not a step
    std::int32_t breakpoint = 0;                ///< an execute stop may be here; not a step
    std::int32_t stop = 0;                      ///< the budget ends here; not a step
    std::int32_t counting = 0;                  ///< begins a block that is not translated yet; not a step
    std::int32_t translated = 0;                ///< begins a block that is; not a step
};

/// Whether no other instruction of its block follows this one.
bool ends_block(const Instruction& instruction);

class CodeCache {
  public:
    CodeCache(const Memory& memory, const Decoder& decoder);

    void set_handlers(const HandlerTable& handlers) { handlers_ = handlers; }
    const HandlerTable& handlers() const { return handlers_; }
    /// From now on each block begins with an operation that counts down this many entries, and has a Head
    /// behind it that leads to this code.
    void count_entries(std::int32_t entries, const std::byte* untranslated) {
        entries_before_translation_ = entries;
        untranslated_ = untranslated;
    }

    /// The block that starts at this address, decoded if need be; null where nothing can be fetched. The page
    /// counts as code from here on: the caller sees to it that nobody holds a way to write it unseen.
    const Slot* block_at(PhysicalAddress at);

    /// Two bytes of an instruction, which count as decoded from here on. Precondition: in memory, even.
    std::uint16_t decode_half(PhysicalAddress at);

    /// Whether a store of these bytes would hit decoded code, or may be done unseen by the cache.
    bool holds_code(PageIndex page) const {
        const auto* code = find(page);
        return code != nullptr && code->granules != 0;
    }
    bool overlaps_code(PageIndex page, std::size_t offset, std::size_t length) const {
        const auto* code = find(page);
        return code != nullptr && (code->granules & mask(offset, length)) != 0;
    }
    /// Bit n: the 64 bytes from n * 64 hold decoded code. Valid until the cache dies; 0 where no code is.
    const std::uint64_t* granules(PageIndex page) const { return &find(page)->granules; }

    /// What the page's blocks were decoded from. Precondition: some were.
    std::span<const std::byte, kPageSize> decoded_from(PageIndex page) const;

    /// Drops all blocks.
    void drop_all();
    /// Drops the page's blocks. They stay readable until bury(), because one of them may be running.
    void drop(PageIndex page);
    void bury() { dead_.clear(); }

    /// Changes when a block was dropped: what points to blocks from outside their page must be forgotten.
    std::uint64_t generation() const { return generation_; }

    /// From now on blocks carry a breakpoint operation at this offset of every page.
    void plant(std::size_t page_offset);

  private:
    static constexpr std::size_t kGranule = 64;

    struct CodePage {
        std::shared_ptr<const PageStore> store;  ///< declared first: destroyed after the page
        PagePtr content;  ///< what was decoded; pinned, so that it can be compared after a restore
        std::uint64_t granules = 0;
        std::array<const Slot*, kPageSize / 2> starts{};
        std::vector<std::unique_ptr<Slot[]>> blocks;
    };

    /// As many pages as a node of the page table: RAM may be large, and costs only what is used.
    using CodeNode = std::array<std::unique_ptr<CodePage>, kPagesPerNode>;

    /// Null if nothing was ever decoded there.
    CodePage* find(PageIndex page) const {
        const auto& node = nodes_[page.value / kPagesPerNode];
        return node ? (*node)[page.value % kPagesPerNode].get() : nullptr;
    }
    static std::uint64_t mask(std::size_t offset, std::size_t length) {
        const auto first = offset / kGranule;
        const auto last = (offset + length - 1) / kGranule;
        return (~std::uint64_t{0} >> (63 - last)) & (~std::uint64_t{0} << first);
    }
    CodePage& page_at(PageIndex index);
    /// What the page holds now is what its blocks are decoded from.
    void pin(CodePage& page, const Page* content) const;
    void drop(CodePage& page);
    void validate(PageIndex index, CodePage& page);
    const Slot* build(PageIndex index, CodePage& page, std::size_t offset);

    std::int32_t handler_for(const Instruction& instruction, Kind kind) const;

    const Memory& memory_;
    const Decoder& decoder_;
    HandlerTable handlers_;
    const std::byte* untranslated_ = nullptr;  ///< null: blocks have no heads
    std::int32_t entries_before_translation_ = 0;
    std::vector<std::unique_ptr<CodeNode>> nodes_;
    std::vector<std::unique_ptr<Slot[]>> dead_;
    std::bitset<kPageSize / 2> planted_;
    std::uint64_t generation_ = 1;
};

}  // namespace backspin::emu
