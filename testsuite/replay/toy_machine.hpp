// A second CPU behind base/machine.hpp, as small as can be and nothing like RISC-V: what the replay layer is
// tested with, and the proof that it needs no more than that interface.
//
// One to four harts, run round robin for eight steps each. Sixteen 64-bit registers, instructions of 32 bits:
//
//     opcode:8  a:4  b:4  immediate:16 (signed)
//
// r14 is the stack pointer, r15 the link register. One level of interrupt state in registers, which a handler
// saves if it lets itself be interrupted. Ten nanoseconds a step.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/machine.hpp"
#include "base/pages.hpp"
#include "testsuite/replay/judged.hpp"

namespace backspin::toy {

enum class Op : std::uint8_t {
    nop,    ///< so is everything unknown
    li,     ///< a = imm
    addi,   ///< a = b + imm
    add,    ///< a = b + r[imm]
    mul,    ///< a = b * r[imm]
    load,   ///< a = 8 bytes at b + imm
    store,  ///< 8 bytes at b + imm = a
    bne,    ///< if a != b: pc += 4 * imm
    call,   ///< r15 = pc + 4; pc += 4 * imm
    jump,   ///< pc = b + imm
    xret,   ///< pc = epc, status = previous status
    getepc,
    setepc,
    getprevious,  ///< a = previous status
    setprevious,
    enable,  ///< interrupts are taken if imm, else not
    cause,   ///< a = pending bits
    ack,     ///< clears the pending bits in imm
    timer,   ///< an event every imm * 10 ns from now on; never if 0
    idle,    ///< waits until a bit is pending
    in,      ///< a = next byte of input, or -1
    out,     ///< the low byte of a
    signal,  ///< hart imm has kSignalPending
    hart,    ///< a = index of this hart
    dma,     ///< from now on the device writes at a: its count at each timer event, input behind it; 0: not
    power_off,
};

constexpr std::uint32_t encode(Op op, unsigned a = 0, unsigned b = 0, int imm = 0) {
    return static_cast<std::uint32_t>(op) | a << 8 | b << 12 |
           static_cast<std::uint32_t>(static_cast<std::uint16_t>(imm)) << 16;
}

inline constexpr std::uint64_t kNsPerStep = 10;
// An interrupt's cause is the number of the lowest of these bits that is pending.
inline constexpr std::uint64_t kTimerPending = 1;
inline constexpr std::uint64_t kInputPending = 2;
inline constexpr std::uint64_t kSignalPending = 4;
inline constexpr std::uint64_t kHandlerAddress = 0x800;  ///< where every interrupt goes
inline constexpr std::uint64_t kHartStart = 0x100;       ///< hart n starts at n times this
inline constexpr std::uint64_t kMemoryPages = 16;
inline constexpr std::size_t kStack = 14;
inline constexpr std::size_t kLink = 15;

struct Image {
    std::uint64_t at = 0;
    std::vector<std::uint32_t> words;
};

struct Hart {
    std::array<std::uint64_t, 16> registers{};
    std::uint64_t pc = 0;
    std::uint64_t epc = 0;
    std::uint64_t pending = 0;
    std::uint8_t status = 0;  ///< bit 0: interrupts enabled, bit 1: in a handler
    std::uint8_t previous = 0;
    bool waiting = false;
    template <class Archive>
    void serialize(Archive& archive, unsigned);
};

struct Devices {
    StepCount now;
    std::uint64_t idle_ns = 0;
    std::uint64_t timer_period = 0;  ///< ns; 0: off
    std::uint64_t timer_due = 0;
    std::deque<std::uint8_t> input;
    std::uint32_t turn = 0;
    std::uint32_t quantum_left = 0;
    std::uint64_t dma_at = 0;
    std::uint64_t dma_count = 0;
    bool off = false;
    template <class Archive>
    void serialize(Archive& archive, unsigned);
};

/// The data access that a step would make.
struct Access {
    std::uint64_t address = 0;
    bool is_store = false;
    std::vector<std::byte> before;
    std::vector<std::byte> after;
    HartId hart;  ///< for another than a hart the one whose turn it is
    Accessor by;
};

class ToyMachine : public Machine, public replay::Judged {
  public:
    /// Machines that load each other's states share a store.
    ToyMachine(std::size_t harts, std::span<const Image> images,
               std::shared_ptr<PageStore> store = PageStore::create());

    StepCount now() const override { return devices_.now; }
    VirtualTime time() const override { return {devices_.now.value * kNsPerStep + devices_.idle_ns}; }
    RunEnd run(const RunOptions& options, Observer* observer = nullptr) override;
    std::optional<StepInfo> step(bool show_output = false) override;
    Verdict apply(const Input& input, Observer* observer = nullptr) override;
    std::size_t room_for_input(Channel channel) const override;
    std::optional<VirtualTime> idle_deadline() const override;
    std::size_t harts() const override { return harts_.size(); }
    HartId current_hart() const override;
    ExecutionContext context(HartId hart) const override;
    void set_stop_points(std::span<const StopPoint> points) override {
        points_.assign(points.begin(), points.end());
    }
    void set_output(OutputSink* sink) override { sink_ = sink; }
    std::optional<AccessNotes> take_access_notes() override;
    SavedState save() override;
    void load(const SavedState& state) override;
    std::span<const std::string_view> component_names() const override;

    // For tests.
    /// A machine need not take notes.
    void refuse_notes() { takes_notes_ = false; }
    bool refuses_notes() const { return !takes_notes_; }
    const Hart& hart(std::size_t n) const { return harts_[n]; }
    std::uint64_t word_at(std::uint64_t address) const;
    /// The hart that would attempt an instruction next; nothing if something else comes first.
    std::optional<HartId> next_attempt() const;
    /// The data access of the next step, which applies the input if there is one.
    std::optional<Access> next_access(const Input* input = nullptr) const;

    std::optional<HartId> attempts_next() const override { return next_attempt(); }
    std::vector<replay::Touched> touches_next(const Input* input) const override;
    std::optional<replay::Trapped> traps_next() const override;
    std::uint64_t ns_per_step() const override { return kNsPerStep; }

  private:
    bool runnable(const Hart& hart) const { return !hart.waiting || hart.pending != 0; }
    bool all_wait() const;
    bool device_due() const { return devices_.timer_period != 0 && time().ns >= devices_.timer_due; }
    std::uint32_t whose_turn() const;
    std::uint32_t fetch(std::uint64_t pc) const;
    std::uint64_t read(std::uint64_t address, std::size_t bytes) const;
    void write(std::uint64_t address, std::uint64_t value, std::size_t bytes);
    std::optional<Access> hart_access() const;
    Access write_of(Accessor by, std::uint64_t address, std::vector<std::byte> after) const;
    bool report_hits(Observer& observer, const Input* input = nullptr);
    bool report_trap(Observer& observer) const;
    std::optional<Hit> data_hit(const StopPoint& point, const Access& access) const;
    void attempt(Hart& hart, std::uint32_t index, bool show_output);
    bool attempt_system(Hart& hart, std::uint32_t word, std::uint32_t index, bool show_output);

    std::shared_ptr<PageStore> store_;
    PageTable memory_;
    std::vector<Hart> harts_;
    Devices devices_;
    std::vector<StopPoint> points_;
    OutputSink* sink_ = nullptr;

    void note_step(const Input* input = nullptr);
    struct Notebook {
        PageCollector executed, read, written, changed, from_outside;
    };
    bool takes_notes_ = true;
    Notebook notes_;
};

}  // namespace backspin::toy
