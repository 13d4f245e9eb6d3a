// The board as base/machine.hpp wants it: this is all that replay, snapshots and reverse debugging need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/machine.hpp"
#include "base/pages.hpp"
#include "testsuite/embedding/bus.hpp"
#include "testsuite/embedding/core.hpp"
#include "testsuite/embedding/state.hpp"

namespace backspin::m0 {

/// What the next step is; nothing if there is none: nothing will ever wake the processor, or it is locked up.
std::optional<StepKind> next_step(const State& state);

/// A debugger's numbers of registers: r0 to r12 are their own.
enum class Reg : std::uint32_t { sp = 13, lr, pc, xpsr, msp, psp, primask, control };
inline constexpr std::uint32_t kRegisters = 21;

class M0Machine : public Machine {
  public:
    /// The flash begins with this image: vector table, code and constants. Throws std::invalid_argument if it
    /// is larger. Machines that load each other's states share a store.
    explicit M0Machine(std::span<const std::byte> flash,
                       std::shared_ptr<PageStore> store = PageStore::create());

    StepCount now() const override { return state_.clock.now; }
    VirtualTime time() const override { return state_.clock.time(); }
    RunEnd run(const RunOptions& options, Observer* observer = nullptr) override;
    std::optional<StepInfo> step(bool show_output = false) override;
    Verdict apply(const Input& input, Observer* observer = nullptr) override;
    std::size_t room_for_input(Channel channel) const override;
    std::optional<VirtualTime> idle_deadline() const override;
    std::size_t harts() const override { return 1; }
    HartId current_hart() const override { return {}; }
    ExecutionContext context(HartId hart) const override;
    void set_stop_points(std::span<const StopPoint> points) override;
    void set_output(OutputSink* sink) override { sink_ = sink; }
    std::optional<AccessNotes> take_access_notes() override;
    SavedState save() override;
    void load(const SavedState& state) override;
    std::span<const std::string_view> component_names() const override;

    // ---- what a debugger looks at ----------------------------------------------------------------
    std::uint32_t read_register(Reg which) const;
    /// How many bytes from the start are there. A device's registers are read without any effect.
    std::size_t read_memory(std::uint32_t address, std::span<std::byte> into) const;
    bool can_write_memory(std::uint32_t address, std::size_t size) const;

    // ---- what is about to happen -----------------------------------------------------------------
    /// The accesses to data that the next step will make, or this input.
    std::vector<Access> next_accesses(const Input* input = nullptr) const;

    const State& state() const { return state_; }

  private:
    bool report_hits(Observer& observer, const Input* input);
    std::optional<Hit> hit_of(const StopPoint& point, std::span<const Access> accesses) const;
    void write_register(std::uint32_t which, std::uint32_t value);
    void write_memory(std::uint32_t address, std::span<const std::byte> bytes);

    State state_;
    PageTable memory_;
    Notebook notes_;
    std::vector<StopPoint> points_;
    bool watches_data_ = false;
    OutputSink* sink_ = nullptr;
};

}  // namespace backspin::m0
