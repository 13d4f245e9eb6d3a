// The interpreter: runs decoded blocks, counts exactly and stops exactly. The steps of a block are paid for
// at its entry and refunded by whoever leaves it early, so that counting costs nothing per instruction.
#pragma once

#include <array>
#include <cstdint>

#include "base/machine.hpp"
#include "emu/board.hpp"
#include "emu/engine/code_cache.hpp"
#include "emu/engine/memory_port.hpp"
#include "emu/engine/stop_points.hpp"
#include "emu/memory.hpp"

namespace backspin::emu {

class Interpreter {
  public:
    Interpreter(Board& board, Memory& memory);
    Interpreter(const Interpreter&) = delete;
    Interpreter& operator=(const Interpreter&) = delete;

    enum class Leave : std::uint8_t {
        budget,     ///< the clock stands at `until`
        attention,  ///< something happened that may raise an interrupt or end the run
        stopped,    ///< the observer said stop; the clock stands before the step that it stopped at
    };
    struct Result {
        Leave leave{};
        bool returned_from_trap = false;  ///< the last step was an xRET
    };

    /// Lets the hart attempt instructions until the clock stands at `until`, or leaves earlier. The caller
    /// answers for it that no interrupt and no device event falls due in between unless an instruction causes
    /// it. Precondition: clock < until, and the hart can move.
    Result run(Hart& hart, StepCount until, Observer* observer);

    void set_stop_points(std::span<const StopPoint> points);

    /// Call after the page table was shared: every next write of a page must be seen.
    void pages_shared() { port_.forget_write_entries(); }
    /// Call after the page table was restored.
    void pages_replaced();
    /// Call after bytes were changed by somebody else than the hart.
    void bytes_changed(PhysicalAddress at, std::size_t length);

  private:
    struct JumpEntry {
        std::uint64_t pc = 1;  // no instruction starts at an odd address
        const Slot* block = nullptr;
    };
    static constexpr std::size_t kJumpEntries = 4096;

    Result execute_blocks(Hart& hart, StepCount until, Observer* observer);
    /// The block at this address, remembered for next time; null if nothing can be fetched there.
    const Slot* find_block(std::uint64_t pc);
    const Slot* make_tail(const Slot* from, std::uint64_t steps);
    void forget_jumps();
    /// Whether the observer wants to stop before an attempt at hart.pc.
    bool stops_before(const Hart& hart, Observer* observer) const;
    Instruction fetch_straddling(const Hart& hart, bool& fetched) const;

    Board& board_;
    Memory& memory_;
    StopPoints stops_;
    CodeCache code_;
    MemoryPort port_;
    std::array<JumpEntry, kJumpEntries> jumps_{};
    std::array<std::uint64_t, kJumpEntries / 64> jumps_used_{};
    std::uint64_t code_generation_ = 0;
    std::array<Slot, 3 * kMaxBlockSteps + 2> tail_{};
};

}  // namespace backspin::emu
