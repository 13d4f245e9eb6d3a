// Where the code of an address space lies: from the address of an instruction to the decoded block that
// starts there.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "emu/engine/block.hpp"

namespace backspin::emu {

class JumpTable {
  public:
    /// Null if nothing is known about this address.
    const Slot* find(std::uint64_t pc) const {
        const auto& entry = entries_[slot_of(pc)];
        return entry.pc == pc ? entry.block : nullptr;
    }

    void enter(std::uint64_t pc, const Slot* block) {
        const auto slot = slot_of(pc);
        entries_[slot] = {pc, block};
        used_[slot / 64] |= std::uint64_t{1} << slot % 64;
    }

    /// Only what was entered is cleared, so that a short run pays for the little it used.
    void clear() {
        for (std::size_t word = 0; word < used_.size(); ++word) {
            for (auto bits = used_[word]; bits != 0; bits &= bits - 1) {
                entries_[word * 64 + static_cast<std::size_t>(std::countr_zero(bits))] = Entry{};
            }
            used_[word] = 0;
        }
    }

  private:
    struct Entry {
        std::uint64_t pc = 1;  // no instruction starts at an odd address
        const Slot* block = nullptr;
    };
    static constexpr std::size_t kEntries = 4096;
    static std::size_t slot_of(std::uint64_t pc) { return pc >> 1 & (kEntries - 1); }

    std::array<Entry, kEntries> entries_{};
    std::array<std::uint64_t, kEntries / 64> used_{};
};

}  // namespace backspin::emu
