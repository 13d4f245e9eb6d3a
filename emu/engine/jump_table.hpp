// Where the code of an address space lies: from the address of an instruction to the decoded block that
// starts there.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/access_notes.hpp"
#include "base/address.hpp"
#include "base/pages.hpp"
#include "emu/engine/block.hpp"

namespace backspin::emu {

class JumpTable {
  public:
    /// Null if nothing is known about this address.
    const Slot* find(std::uint64_t pc) {
        const auto slot = slot_of(pc);
        const auto& entry = entries_[slot];
        if (entry.pc != pc) return nullptr;
        found_[slot] = 1;
        return entry.block;
    }

    void enter(std::uint64_t pc, const Slot* block) {
        const auto slot = slot_of(pc);
        note(slot);
        entries_[slot] = {pc, block};
        used_[slot / 64] |= std::uint64_t{1} << slot % 64;
    }

    /// The pages of the addresses that were found since the last call.
    std::vector<PageNumber> take_found() {
        for_each_used([this](std::size_t slot) { note(slot); });
        return pages_.take();
    }

    /// The instruction at this address, which crosses into the next page; null if none is known. Whoever
    /// enters one sees to it that the table is cleared before either page holds something else.
    const Instruction* find_straddling(std::uint64_t pc) const {
        const auto& entry = straddling_[straddling_slot_of(pc)];
        return entry.pc == pc ? &entry.instruction : nullptr;
    }
    const Instruction* enter_straddling(std::uint64_t pc, const Instruction& instruction) {
        auto& entry = straddling_[straddling_slot_of(pc)];
        entry = {pc, instruction};
        has_straddling_ = true;
        return &entry.instruction;
    }

    /// Only what was entered is cleared, so that a short run pays for the little it used.
    void clear() {
        for_each_used([this](std::size_t slot) {
            note(slot);
            entries_[slot] = Entry{};
        });
        used_.fill(0);
        if (has_straddling_) straddling_.fill({});
        has_straddling_ = false;
    }

    // Translated code looks here itself: the entries are the first in the object, then comes what was found.
    static constexpr std::size_t kEntries = 16384;
    static constexpr int kEntryBytes = 16;
    static constexpr int kPc = 0, kBlock = 8;                      ///< in an entry
    static constexpr std::size_t kFound = kEntries * kEntryBytes;  ///< a byte for each entry

  private:
    struct Entry {
        std::uint64_t pc = 1;  // no instruction starts at an odd address
        const Slot* block = nullptr;
    };
    static_assert(sizeof(Entry) == kEntryBytes);
    static std::size_t slot_of(std::uint64_t pc) { return pc >> 1 & (kEntries - 1); }

    template <class F>
    void for_each_used(F visit) {
        for (std::size_t word = 0; word < used_.size(); ++word) {
            for (auto bits = used_[word]; bits != 0; bits &= bits - 1)
                visit(word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
        }
    }

    void note(std::size_t slot) {
        if (found_[slot] == 0) return;
        found_[slot] = 0;
        pages_.add(page_number(VirtualAddress{entries_[slot].pc}));
    }

    std::array<Entry, kEntries> entries_{};
    std::array<std::uint8_t, kEntries> found_{};  ///< beside the entries: 4 KiB are written to, not 64
    PageCollector pages_;                         ///< of entries that were found and are gone
    std::array<std::uint64_t, kEntries / 64> used_{};

    struct Straddling {
        std::uint64_t pc = 1;
        Instruction instruction;
    };
    static constexpr std::size_t kStraddling = 128;
    /// At most one in each page.
    static std::size_t straddling_slot_of(std::uint64_t pc) { return pc >> kPageBits & (kStraddling - 1); }
    std::array<Straddling, kStraddling> straddling_{};
    bool has_straddling_ = false;
};

}  // namespace backspin::emu
