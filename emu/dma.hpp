// What devices reach by themselves: RAM by physical address, and the drives. A device writes memory only in a
// step of its own (a device event, or an input), never while a hart accesses its registers: so every change
// has one writer, and whoever must hear of it (decoded code, translations, reservations, data stops) hears of
// it after that one step.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/address.hpp"
#include "emu/memory.hpp"

namespace backspin::emu {

/// One step's access to memory by devices. References the memory; used on the machine's thread.
class Dma {
  public:
    explicit Dma(Memory& memory) : memory_(memory) {}

    /// False, and nothing done, unless all of the bytes are RAM. They may cross pages.
    bool read(PhysicalAddress at, std::span<std::byte> out) const;
    bool write(PhysicalAddress at, std::span<const std::byte> bytes);

    /// Little-endian numbers.
    template <std::unsigned_integral T>
    std::optional<T> get(PhysicalAddress at) const {
        T value{};
        if (!read(at, std::as_writable_bytes(std::span(&value, 1)))) return std::nullopt;
        return value;
    }
    template <std::unsigned_integral T>
    bool put(PhysicalAddress at, T value) {
        return write(at, std::as_bytes(std::span(&value, 1)));
    }

    /// Drive by number: see Memory.
    Drive drive(std::size_t number) const { return memory_.drive(number); }

    /// What was written to RAM, in order, each within one page.
    std::vector<MemoryPiece> take_written() { return std::exchange(written_, {}); }

  private:
    Memory& memory_;
    std::vector<MemoryPiece> written_;
};

}  // namespace backspin::emu
