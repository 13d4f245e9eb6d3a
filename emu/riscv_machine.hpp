// The RISC-V machine: board, memory and engine behind the one interface that timelines drive.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/machine.hpp"
#include "base/pages.hpp"
#include "emu/board.hpp"
#include "emu/boot.hpp"
#include "emu/engine/engine_options.hpp"
#include "emu/engine/engine_statistics.hpp"
#include "emu/loader.hpp"
#include "emu/memory.hpp"
#include "emu/trap.hpp"

namespace backspin::emu {

class Interpreter;

/// What the user chose; part of a recording, because the state at every position depends on it.
struct MachineOptions {
    BoardOptions board;
    std::uint64_t ram_bytes = std::uint64_t{128} << 20;  ///< a multiple of 4096, 1 MiB to 1 TiB
    std::string boot_arguments;                          ///< for a Linux kernel
    bool seeds_random_numbers = true;  ///< BoardDescription's; false in recordings from before there was one
};

/// The board as its device tree tells it.
BoardDescription describe(const MachineOptions& options);

/// Open to derivation for tests that need one which goes wrong.
class RiscvMachine : public Machine {
  public:
    /// At power-on, with the files in memory. Throws std::invalid_argument for options out of range,
    /// LoadError for files that do not fit. One drive for each image.
    RiscvMachine(const MachineOptions& options, const BootFiles& files,
                 std::span<const std::shared_ptr<const DiskImage>> images = {},
                 const EngineOptions& engine = {});
    ~RiscvMachine() override;

    // ---- Machine --------------------------------------------------------------------------------
    StepCount now() const override { return board_.steps; }
    VirtualTime time() const override { return board_.time(); }
    RunEnd run(const RunOptions& options, Observer* observer = nullptr) override;
    std::optional<StepInfo> step(bool show_output = false) override;
    Verdict apply(const Input& input, Observer* observer = nullptr) override;
    std::size_t room_for_input(Channel channel) const override;
    std::optional<VirtualTime> idle_deadline() const override;
    std::size_t harts() const override { return board_.harts.size(); }
    HartId current_hart() const override;
    ExecutionContext context(HartId hart) const override;
    void set_stop_points(std::span<const StopPoint> points) override;
    void set_output(OutputSink* sink) override { sink_ = sink; }
    std::optional<AccessNotes> take_access_notes() override;
    SavedState save() override;
    void load(const SavedState& state) override;
    std::span<const std::string_view> component_names() const override { return board_.component_names(); }

    // ---- what a debugger sees; reading never changes the machine --------------------------------
    /// Reads as much as is there from the start of the range; a device register is read without its side
    /// effects.
    std::size_t read_memory(HartId hart, VirtualAddress at, std::span<std::byte> out) const;
    /// The same past all translation.
    std::size_t read_physical(PhysicalAddress at, std::span<std::byte> out) const;
    /// Whether the hart's loads and stores now go through page tables.
    bool is_translating(HartId hart) const;
    /// Whether a debugger may write these bytes: RAM and ROM.
    bool can_write_memory(HartId hart, VirtualAddress at, std::size_t length) const;
    /// The physical address behind one that the hart uses now; nothing if it is not mapped.
    std::optional<PhysicalAddress> translate(HartId hart, VirtualAddress at) const;
    std::optional<std::uint64_t> read_register(HartId hart, RegisterId which) const;
    bool is_waiting(HartId hart) const { return board_.harts.at(hart.value).waiting; }
    /// How the guest switched itself off.
    std::optional<PowerRequest> power_request() const { return board_.finisher.request(); }

    EngineStatistics statistics() const;
    const Board& board() const { return board_; }
    const Memory& memory() const { return memory_; }
    /// To be read: what it holds now.
    Drive drive(std::size_t number) { return memory_.drive(number); }
    /// For the pages of a state that is to be loaded.
    std::shared_ptr<PageStore> page_store() { return memory_.pages().store(); }

  private:
    struct OneStep {
        std::optional<StepInfo> info;
        std::optional<RunEnd> end;  ///< why the run ends before another step
    };
    OneStep advance(StepCount until, const RunOptions& options, Observer* observer);
    Verdict handle_due_event(Observer* observer);
    Accessor writer_of(const Input& input) const;
    OneStep interrupt_hart(Hart& hart, Interrupt interrupt, Observer* observer);
    OneStep run_hart(const Board::Turn& turn, StepCount until, Observer* observer);
    StepCount next_deadline_step(StepCount until) const;
    std::size_t peek_devices(PhysicalAddress at, std::span<std::byte> out) const;

    Board board_;
    Memory memory_;
    std::unique_ptr<Interpreter> engine_;
    OutputSink* sink_ = nullptr;
};

}  // namespace backspin::emu
