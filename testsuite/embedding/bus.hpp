// What the processor reaches: flash, RAM and the devices of the board, at the addresses of ARM's example
// system for the Cortex-M0 (ARM DUI 0926).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/access_notes.hpp"
#include "base/machine.hpp"
#include "base/pages.hpp"
#include "testsuite/embedding/state.hpp"

namespace backspin::m0 {

inline constexpr std::uint32_t kFlash = 0x0000'0000, kRam = 0x2000'0000, kMemoryEach = 0x1'0000;
inline constexpr std::uint32_t kUart0 = 0x4000'4000, kSystemControl = 0xe000'e000, kDeviceEach = 0x1000;
inline constexpr std::uint32_t kSystickAt = 0x10;  ///< in the System Control Space
inline constexpr unsigned kUartRxIrq = 0, kUartTxIrq = 1, kUartOverrunIrq = 12;
inline constexpr Channel kUartChannel{0};

/// The whole memory as pages: those of the flash, then those of the RAM.
inline constexpr std::size_t kMemoryPages = 2 * kMemoryEach / kPageSize;
/// Where an address lies in it; nothing if no memory is there.
std::optional<std::uint32_t> memory_offset(std::uint32_t address);

/// Nothing answers there, or not to this kind of access: a HardFault.
struct Fault {};

/// One access to data, up to a word.
struct Access {
    std::uint32_t address = 0;
    std::uint32_t size = 0;
    bool is_store = false;
    std::uint32_t changed = 0;  ///< by a store: the bits that differ afterwards; of a device's all count
};

/// What steps touch, in pages.
struct Notebook {
    PageCollector executed, read, written, changed, from_outside;
};

/// Thread: that of its machine. What it refers to outlives it.
class Bus {
  public:
    /// What the UART sends goes to the sink; null: nowhere.
    Bus(State& state, PageTable& memory, Notebook& notes, OutputSink* sink)
        : state_(state), memory_(memory), writable_(&memory), notes_(&notes), sink_(sink) {}
    /// For a step on trial: accesses are listed, and nothing but the state is changed.
    Bus(State& state, const PageTable& memory, std::vector<Access>& accesses)
        : state_(state), memory_(memory), listed_(&accesses) {}

    std::uint16_t fetch(std::uint32_t address);
    /// Of 1, 2 or 4 bytes; address and size as the program has them. All throw Fault.
    std::uint32_t read(std::uint32_t address, std::uint32_t size);
    void write(std::uint32_t address, std::uint32_t value, std::uint32_t size);

  private:
    std::uint32_t read_device(std::uint32_t address);
    void write_device(std::uint32_t address, std::uint32_t value);

    const std::byte* bytes_at(std::uint32_t offset) const;

    State& state_;
    const PageTable& memory_;
    PageTable* writable_ = nullptr;  ///< on trial these three are null
    Notebook* notes_ = nullptr;
    OutputSink* sink_ = nullptr;
    std::vector<Access>* listed_ = nullptr;
};

/// What a debugger sees at a device's word: nothing changes. Nothing where no device is.
std::optional<std::uint32_t> peek_device(const State& state, std::uint32_t address);

}  // namespace backspin::m0
