#include "replay/interrupts.hpp"

#include <algorithm>
#include <deque>

namespace backspin::replay {

/// The last traps of a pass, bounded as the memo is.
class InterruptSearch::TrapCollector : public Observer {
  public:
    TrapCollector(const Machine& machine, StepCount begin) : machine_(machine), known_from_(begin) {}

    Verdict on_interrupt(HartId hart, const ExecutionContext& interrupted) override {
        return keep(hart, true, interrupted);
    }
    Verdict on_trap_return(HartId hart) override { return keep(hart, false, machine_.context(hart)); }

    StepCount known_from() const { return known_from_; }
    std::vector<Trap> traps() const { return {traps_.begin(), traps_.end()}; }

  private:
    static constexpr std::size_t kTrapsPerStretch = std::size_t{1} << 16;

    Verdict keep(HartId hart, bool taken, const ExecutionContext& context) {
        traps_.push_back({{machine_.now().value - 1}, hart, taken, context, machine_.time()});
        if (traps_.size() > kTrapsPerStretch) {
            known_from_ = traps_.front().at + StepCount{1};
            traps_.pop_front();
        }
        return Verdict::go_on;
    }

    const Machine& machine_;
    StepCount known_from_;
    std::deque<Trap> traps_;
};

const InterruptSearch::Memo::Stretch* InterruptSearch::known_before(StepCount end, Arrival& arrival) {
    const StepCount last{end.value - 1};
    arrival = Arrival::reached;
    if (const auto* known = memo_.containing(last)) return known;
    if (history_.interrupted()) {
        arrival = Arrival::interrupted;
        return nullptr;
    }
    const auto& from = history_.nearest_at_or_before(last);
    TrapCollector collector(history_.machine(), from.at);
    history_.load(from);
    arrival = history_.run({.until = end, .observer = &collector});
    if (arrival != Arrival::reached) return nullptr;
    memo_.add(collector.known_from(), end, collector.traps());
    return memo_.containing(last);
}

std::variant<StepCount, InterruptSearch::NotComplete> InterruptSearch::entry_of(StepCount back, HartId hart) {
    if (const auto arrival = history_.go_to(back); arrival != Arrival::reached) return NotComplete{arrival};
    const auto context = history_.machine().context(hart);
    const auto time = history_.machine().time();
    const auto too_old = [&](VirtualTime then) { return time - then > longest_; };

    // Of several interrupts in the same context that one xRET completes, the first is where the hart really
    // was.
    std::optional<StepCount> entry;
    const auto answer = [&]() -> std::variant<StepCount, NotComplete> {
        if (entry) return *entry;
        return NotComplete{};
    };
    StepCount end{back.value - 1};
    while (end > history_.begin()) {
        auto arrival = Arrival::reached;
        const auto* known = known_before(end, arrival);
        if (known == nullptr) return NotComplete{arrival};
        auto trap = std::ranges::lower_bound(known->items, end, {}, &Trap::at);
        while (trap != known->items.begin()) {
            --trap;
            if (too_old(trap->time)) return answer();
            if (trap->hart != hart || trap->context != context) continue;
            if (!trap->taken) return answer();  // what came before was completed by that one
            entry = trap->at;
        }
        end = known->begin;
        if (arrival = history_.go_to(end); arrival != Arrival::reached) return NotComplete{arrival};
        if (too_old(history_.machine().time())) return answer();
    }
    return answer();
}

}  // namespace backspin::replay
