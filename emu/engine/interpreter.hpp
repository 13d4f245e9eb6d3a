// The interpreter: runs decoded blocks, counts exactly and stops exactly. The steps of a block are paid for
// at its entry and refunded by whoever leaves it early, so that counting costs nothing per instruction.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/machine.hpp"
#include "emu/board.hpp"
#include "emu/engine/access_notebook.hpp"
#include "emu/engine/banks.hpp"
#include "emu/engine/code_cache.hpp"
#include "emu/engine/engine_options.hpp"
#include "emu/engine/jump_table.hpp"
#include "emu/engine/memory_port.hpp"
#include "emu/engine/stop_points.hpp"
#include "emu/jit/jit.hpp"
#include "emu/memory.hpp"

namespace backspin::emu {

class Interpreter {
  public:
    /// Throws std::invalid_argument if the host cannot run the engine that is asked for.
    Interpreter(Board& board, Memory& memory, const EngineOptions& options);
    Interpreter(const Interpreter&) = delete;
    Interpreter& operator=(const Interpreter&) = delete;

    enum class Leave : std::uint8_t {
        budget,      ///< the clock stands at `until`
        attention,   ///< something happened that may raise an interrupt or end the run
        stopped,     ///< the observer said stop; the clock stands before the step that it stopped at
        asked_host,  ///< the last step was no attempt: a device asked the host (emu/host_first.hpp)
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
    /// Whether the observer wants to stop before this hart takes the interrupt.
    bool stops_before(const Hart& hart, Interrupt interrupt, Observer* observer) const;

    EngineStatistics statistics() const;

    /// What was touched since the last call.
    AccessNotes take_access_notes();

    /// Call after the page table was shared: every next write of a page must be seen.
    void pages_shared() { port_.forget_write_entries(); }
    /// Call after the page table was restored.
    void pages_replaced();
    using Change = std::function<std::vector<MemoryPiece>()>;
    /// Makes a change of board and memory that is no hart's access, and says which bytes it may have written.
    /// With an observer, hits of data stops are reported before it. Nothing if the observer says stop: then
    /// nothing was done. Must do the same if called twice in the same state.
    std::optional<std::vector<MemoryPiece>> make(const Change& change, Accessor by, Observer* observer);

  private:
    /// Whether a system instruction that retired leaves everything as it was that the machine's loop decides
    /// by.
    bool goes_on_after(const Instruction& instruction, const AttemptResult& result, Hart& hart);

    void note_from_outside(const MemoryPiece& piece);
    void bytes_changed(std::span<const MemoryPiece> pieces);

    /// Makes the semihosting call, if the ebreak at hart.pc is one.
    enum class Call : std::uint8_t { none, made, stopped };
    Call call_host(Hart& hart, Observer* observer);

    template <class X>
    Result execute_blocks(Hart& hart, StepCount until, Observer* observer);
    /// The block at this address, remembered for next time; the uncached slot if there can be none.
    const Slot* find_block(std::uint64_t pc);
    const Slot* make_tail(const Slot* from, std::uint64_t steps);
    /// Translates the block that begins here. False if there was no room: then all blocks were dropped.
    bool translate(const Slot* block, VirtualAddress at);
    /// Runs translated code from here until it leaves: frame_ says where and why.
    void run_translated(const std::byte* code, Hart& hart);

    /// Forgets where code was found, if blocks or translations were dropped since.
    void forget_stale_jumps();
    void forget_jumps();
    /// Whether the observer wants to stop before an attempt at hart.pc.
    bool stops_before(const Hart& hart, Observer* observer) const;
    /// Whether the observer wants to stop before the attempt at hart.pc, which raises an exception.
    bool stops_before_trap(const Hart& hart, const Trap& trap, Observer* observer);
    /// The instruction at hart.pc, with all that belongs to fetching it. Nothing, with the trap in the port,
    /// if it cannot be fetched.
    std::optional<Instruction> fetch(const Hart& hart);
    /// The instruction at hart.pc, which crosses into the next page, if it can be fetched without changing
    /// anything; remembered like a block.
    const Instruction* find_straddling(const Hart& hart);

    Board& board_;
    Memory& memory_;
    StopPoints stops_;
    AccessNotebook notes_;
    CodeCache code_;
    MemoryPort port_;
    std::vector<Banks<JumpTable>> jump_banks_;  ///< by hart
    JumpTable* jumps_ = nullptr;                ///< of the hart that runs, where it is now
    std::uint64_t code_generation_ = 0;
    std::uint64_t translation_generation_ = 0;
    std::unique_ptr<jit::Jit> jit_;  ///< null: everything is interpreted
    jit::Frame frame_;
    std::function<void(const TranslatedBlock&)> on_translated_;
    EngineStatistics statistics_;
    Slot uncached_;
    std::array<Slot, 3 * kMaxBlockSteps + 2> tail_{};
};

}  // namespace backspin::emu
