// A hart and eight bytes of memory, to execute single instructions on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "emu/execute.hpp"
#include "testsuite/emu/semantics_oracle.hpp"

namespace backspin::emu::testing {

/// Eight bytes of memory at one address; anything else is a fault.
class OneDoubleword {
  public:
    static constexpr std::uint64_t kAt = 0x8000'0000;

    explicit OneDoubleword(std::uint64_t content) : content(content) {}
    Trap trap() const { return {Cause::load_access_fault, 0}; }

    template <class Value>
    AccessEnd load(VirtualAddress at, std::uint64_t& bits) {
        const auto offset = at.value - kAt;
        if (offset + sizeof(Value) > 8) return AccessEnd::trapped;
        bits = 0;
        for (std::size_t i = 0; i < sizeof(Value); ++i) bits |= byte(offset + i) << 8 * i;
        return AccessEnd::done;
    }
    template <class Value>
    AccessEnd store(VirtualAddress at, std::uint64_t bits) {
        const auto offset = at.value - kAt;
        if (offset + sizeof(Value) > 8) return AccessEnd::trapped;
        for (std::size_t i = 0; i < sizeof(Value); ++i) {
            content &= ~(std::uint64_t{0xff} << 8 * (offset + i));
            content |= (bits >> 8 * i & 0xff) << 8 * (offset + i);
        }
        return AccessEnd::done;
    }
    template <class Value, class Modify>
    AccessEnd atomic(VirtualAddress at, std::uint64_t& bits, Modify modify) {
        if (load<Value>(at, bits) != AccessEnd::done) return AccessEnd::trapped;
        return store<Value>(at, static_cast<std::uint64_t>(modify(static_cast<Value>(bits))));
    }
    template <class Value>
    AccessEnd reserve(VirtualAddress at, std::uint64_t& bits) {
        return load<Value>(at, bits);
    }
    template <class Value>
    AccessEnd conditional(VirtualAddress at, std::uint64_t bits, std::uint64_t& failed) {
        failed = reserved ? 0 : 1;
        return reserved ? store<Value>(at, bits) : AccessEnd::done;
    }
    AccessEnd cache_block(VirtualAddress at, CacheOperation operation) {
        if (at.value - kAt >= 8) return AccessEnd::trapped;
        if (operation == CacheOperation::zero) content = 0;
        return AccessEnd::done;
    }

    std::uint64_t content;
    bool reserved = false;

  private:
    std::uint64_t byte(std::uint64_t offset) const { return content >> 8 * offset & 0xff; }
};

/// A hart in M mode whose registers all differ, to be executed on.
class Bench {
  public:
    static constexpr std::uint64_t kPc = 0x8000'1000;

    explicit Bench(unsigned xlen = 64) : board_(options_for(xlen)) {
        for (std::size_t i = 1; i < 32; ++i) set(i, 0x1111'0000'1000'0000 * (i % 8) + i);
        hart().pc = kPc;
        hart().mstatus |= mstatus::kFsDirty;
    }
    Hart& hart() { return board_.harts.front(); }
    void set(std::size_t number, std::uint64_t value) { hart().x[number] = value & hart().xlen_mask(); }
    std::uint64_t get(std::size_t number) { return hart().x[number]; }
    const Decoder& decoder() const { return *board_.decoder; }

    AttemptResult execute(std::uint32_t word, std::uint64_t memory = 0) {
        memory_ = OneDoubleword(memory);
        memory_.reserved = reserved;
        return emu::execute(decoder().decode(word), board_, hart(), memory_);
    }
    std::uint64_t memory() const { return memory_.content; }
    bool reserved = false;

  private:
    static BoardOptions options_for(unsigned xlen) {
        BoardOptions options;
        options.isa = Isa(xlen);
        return options;
    }

    Board board_;
    OneDoubleword memory_{0};
};

/// Operands that are more likely to show a mistake than random bits.
inline const std::vector<std::uint64_t>& edges() {
    static const std::vector<std::uint64_t> kEdges = [] {
        std::vector<std::uint64_t> values{0,  1,  2,  3,  7,  8,   30,  31,  32,
                                          33, 62, 63, 64, 65, 127, 128, 255, 256};
        for (const unsigned bit : {7u, 8u, 15u, 16u, 31u, 32u, 33u, 62u, 63u}) {
            for (const int beside : {-1, 0, 1})
                values.push_back((std::uint64_t{1} << bit) + static_cast<std::uint64_t>(beside));
        }
        const auto positive = values;
        for (const auto value : positive) values.push_back(~value + 1), values.push_back(~value);
        for (const std::uint64_t value : {0x5555555555555555u, 0xaaaaaaaaaaaaaaaau, 0x123456789abcdef0u,
                                          0x80000000ffffffffu, 0xffffffff80000000u, 0x7fffffff80000000u}) {
            values.push_back(value);
        }
        return values;
    }();
    return kEdges;
}
/// Those that differ in registers of this width.
inline std::vector<std::uint64_t> edges_of(unsigned xlen) {
    std::set<std::uint64_t> different;
    for (const auto value : edges()) different.insert(Oracle(xlen).low(value));
    return {different.begin(), different.end()};
}

}  // namespace backspin::emu::testing
