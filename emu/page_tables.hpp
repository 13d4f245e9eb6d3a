// Page tables as they lie in guest memory, for translate().
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "emu/memory.hpp"
#include "emu/mmu.hpp"

namespace backspin::emu {

/// Reads and writes them plainly.
class MemoryPageTables final : public PageTables {
  public:
    explicit MemoryPageTables(Memory& memory) : memory_(memory) {}
    std::optional<std::uint64_t> read(PhysicalAddress at, unsigned size) override {
        std::uint64_t entry = 0;
        if (!memory_.read(at, std::as_writable_bytes(std::span(&entry, 1)).first(size))) return std::nullopt;
        return entry;
    }
    bool write(PhysicalAddress at, unsigned size, std::uint64_t value) override {
        return memory_.write(at, std::as_bytes(std::span(&value, 1)).first(size));
    }

  private:
    Memory& memory_;
};

/// Only looks.
class ConstPageTables final : public PageTables {
  public:
    explicit ConstPageTables(const Memory& memory) : memory_(memory) {}
    std::optional<std::uint64_t> read(PhysicalAddress at, unsigned size) override {
        std::uint64_t entry = 0;
        if (!memory_.read(at, std::as_writable_bytes(std::span(&entry, 1)).first(size))) return std::nullopt;
        return entry;
    }
    bool write(PhysicalAddress, unsigned, std::uint64_t) override { return true; }

  private:
    const Memory& memory_;
};

}  // namespace backspin::emu
