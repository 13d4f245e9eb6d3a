// The machine as a timeline sees it: a deterministic state machine that runs to an exact position, and whose
// whole state can be taken and put back at every position. Nothing here knows RISC-V: whoever has another CPU
// emulator implements this interface and gets replay, snapshots and reverse debugging.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/access_notes.hpp"
#include "base/address.hpp"
#include "base/input.hpp"
#include "base/pages.hpp"
#include "base/position.hpp"

namespace backspin {

/// What one step of a machine did. Every change of state has one writer and one position.
enum class StepKind : std::uint8_t {
    attempt,       ///< a hart attempted an instruction: it retired or trapped
    interrupt,     ///< a hart took an interrupt
    device_event,  ///< a due device event happened
    input,         ///< an input was applied
    idle_jump,     ///< every hart waits: the clock jumped to the next deadline
};

/// Where a hart is, precise enough to tell that it came back from an interrupt to what it was doing.
struct ExecutionContext {
    VirtualAddress pc;
    VirtualAddress stack;
    std::uint8_t privilege = 0;
    bool operator==(const ExecutionContext&) const = default;
};

struct StepInfo {
    StepKind kind{};
    HartId hart;                      ///< which hart, for attempt and interrupt
    bool returned_from_trap = false;  ///< the attempt was an xRET that retired
};

enum class StopKind : std::uint8_t { execute, write, read, access, trap };

/// A cause as trap stops have it: the CPU's own number of the exception, and for an interrupt this on top of
/// it.
inline constexpr std::uint64_t kInterruptCause = std::uint64_t{1} << 63;

/// What a data stop's address means. A physical one is hit by whoever accesses the byte, under any address.
enum class StopSpace : std::uint8_t { as_used, physical };

/// A place at which a run reports. An execute stop holds at N if the step N to N+1 is an attempt at that
/// address; a data stop if that step would access any byte of the range, whoever makes it. Of accesses that
/// are no hart's loads and stores only writes count. A trap stop holds at N if in that step a hart would take
/// an exception or an interrupt with a cause in the range; a machine may know none.
struct StopPoint {
    StopKind kind{};
    VirtualAddress address;    ///< of a trap stop: the first cause
    std::uint64_t length = 1;  ///< bytes, for data stops; causes, for trap stops
    StopSpace space = StopSpace::as_used;
    bool operator==(const StopPoint&) const = default;
};

/// Who accesses memory in a step.
struct Accessor {
    enum class Kind : std::uint8_t {
        hart,      ///< the hit says which
        device,    ///< by itself: an event, or the arrival of an input
        debugger,  ///< an input of the log
    };
    Kind kind = Kind::hart;
    std::uint32_t component = 0;  ///< of a device: its number in component_names()
    bool operator==(const Accessor&) const = default;
};

/// One stop that holds at the machine's current position, before the step.
struct Hit {
    StopKind kind{};         ///< the kind of the stop point
    VirtualAddress address;  ///< execute: the pc; data: the stop point's own address; trap: the cause
    StepCount at;            ///< the step at to at+1 causes it
    HartId hart;             ///< whose access it is, or through whom the range was found that another wrote
    bool changes_value = true;  ///< for a write: the bytes in the range differ afterwards
    Accessor by{};
    bool operator==(const Hit&) const = default;
};

enum class Verdict : std::uint8_t { go_on, stop };

/// Told of what happens in a run. During a call the machine is exactly at now() and may be read but not
/// changed or run.
class Observer {
  public:
    virtual ~Observer() = default;
    /// A stop point holds at now(). Several of one step are reported one after the other, unless one says
    /// stop.
    virtual Verdict on_hit(const Hit&) { return Verdict::go_on; }
    /// The step that ended at now() was this hart's interrupt; `interrupted` is where it was before.
    virtual Verdict on_interrupt(HartId, const ExecutionContext& /*interrupted*/) { return Verdict::go_on; }
    /// The step that ended at now() was this hart's xRET.
    virtual Verdict on_trap_return(HartId) { return Verdict::go_on; }
};

enum class RunEnd : std::uint8_t {
    reached,      ///< now() == until
    stopped,      ///< the observer said stop
    idle,         ///< every hart waits for a deadline, and the caller asked to be told before the clock jumps
    asleep,       ///< every hart waits, and no deadline will ever come: only an input can go on from here
    powered_off,  ///< the guest switched the machine off: no step follows
};

struct RunOptions {
    StepCount until = kEndOfTime;
    /// Report `idle` instead of jumping the clock. The host then waits, and applies an input or lets the jump
    /// happen.
    bool pause_when_idle = false;
    /// Hand console output to the outside. Off in internal runs.
    bool show_output = false;
};

/// Where device output goes. Called on the machine's thread, in the order of the guest's writes.
class OutputSink {
  public:
    virtual ~OutputSink() = default;
    virtual void output(Channel, std::span<const std::byte> bytes) = 0;
};

/// The whole state of a machine at one position; immutable, cheap to copy, its pages shared with its
/// neighbours.
struct SavedState {
    StepCount at;
    std::vector<std::byte>
        fields;  ///< all components' fields, one after the other, in the order of component_names()
    std::vector<std::uint32_t> ends;  ///< where each component's bytes end in `fields`
    PageRoot pages;                   ///< guest memory
    /// Made by a machine of this process and not changed since: loading it need not ask whether any machine
    /// can be in such a state. Whoever takes a state from a file, or changes one, leaves this false.
    bool trusted = false;
};

/// Thread: one machine belongs to one thread at a time; several machines may live in one process.
class Machine {
  public:
    virtual ~Machine() = default;

    virtual StepCount now() const = 0;
    virtual VirtualTime time() const = 0;

    /// Runs to options.until exactly, or ends earlier with the reason. The end state depends only on the
    /// start state and on now() at the end, never on how the way was cut into runs or on who observed it. A
    /// run from a until b reports the hits at positions N with a <= N < b. With no observer nothing is armed.
    virtual RunEnd run(const RunOptions& options, Observer* observer = nullptr) = 0;

    /// Makes exactly one step, with nothing armed. Nothing if the machine is asleep or powered off.
    virtual std::optional<StepInfo> step(bool show_output = false) = 0;

    /// Applies an input as one step. A debugger's write to memory that is not there changes nothing but still
    /// is a step. Stop: the observer was told of a hit and said so, and nothing was done.
    virtual Verdict apply(const Input& input, Observer* observer = nullptr) = 0;

    /// How many bytes the device behind the channel would take now.
    virtual std::size_t room_for_input(Channel channel) const = 0;

    /// The virtual time to which an idle jump would go; nothing when asleep or not all harts wait.
    virtual std::optional<VirtualTime> idle_deadline() const = 0;

    virtual std::size_t harts() const = 0;
    /// The hart whose turn the next step is.
    virtual HartId current_hart() const = 0;
    virtual ExecutionContext context(HartId hart) const = 0;

    /// The stop points that the next observed runs report. Replaces those set before; cheap when nothing
    /// changed.
    virtual void set_stop_points(std::span<const StopPoint> points) = 0;

    virtual void set_output(OutputSink* sink) = 0;

    /// What the steps since the last call touched, whichever states were loaded between them. Nothing from a
    /// machine that takes no notes: then searches run again through everything.
    virtual std::optional<AccessNotes> take_access_notes() { return std::nullopt; }

    /// save, load, save gives identical bytes; loading calls no behaviour.
    virtual SavedState save() = 0;
    virtual void load(const SavedState& state) = 0;
    virtual std::span<const std::string_view> component_names() const = 0;
};

}  // namespace backspin
