#include "cli/query/answer.hpp"

#include <algorithm>
#include <any>
#include <array>
#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/debug/registers.hpp"
#include "cli/start_error.hpp"
#include "cli/units.hpp"

namespace backspin::cli {
namespace {

constexpr std::uint64_t kNumber = 8;  ///< bytes of a value that is shown as a number

std::uint64_t number_of(std::span<const std::byte> bytes) {
    std::uint64_t number = 0;
    std::memcpy(&number, bytes.data(), std::min<std::size_t>(bytes.size(), kNumber));
    return number;
}

bool holds(BisectQuestion::Relation relation, std::uint64_t value, std::uint64_t wanted) {
    using Relation = BisectQuestion::Relation;
    switch (relation) {
        case Relation::equal: return value == wanted;
        case Relation::unequal: return value != wanted;
        case Relation::less: return value < wanted;
        case Relation::less_or_equal: return value <= wanted;
        case Relation::greater: return value > wanted;
        case Relation::greater_or_equal: return value >= wanted;
    }
    return false;
}

std::optional<std::uint64_t> integer_register(const emu::RiscvMachine& machine, HartId hart,
                                              unsigned number) {
    return machine.read_register(hart, RegisterId{number});
}

}  // namespace

std::string to_text(const Answer& answer, const Symbols& symbols) {
    auto text = fmt::format("{:>14}  {:>14}  {}", answer.at.value, describe_time(answer.time), answer.by);
    if (answer.pc) text += fmt::format("  {:#x}", answer.pc->value);
    if (!answer.symbol.empty()) text += " " + answer.symbol;
    if (!answer.bytes.empty()) {
        text += "  " + answer.bytes;
    } else if (answer.before && answer.after) {
        text += fmt::format("  {:#x} -> {:#x}", *answer.before, *answer.after);
    } else if (answer.after) {
        text += fmt::format("{}{:#x} ({})", answer.by.empty() ? "" : "  ", *answer.after, *answer.after);
    }
    if (answer.caller) {
        std::string arguments;
        for (const auto value : answer.arguments)
            arguments += fmt::format("{}{:#x}", arguments.empty() ? "" : ", ", value);
        const auto name = symbols.describe(*answer.caller);
        text += fmt::format("({})  from {:#x}{}{}", arguments, answer.caller->value, name.empty() ? "" : " ",
                            name);
    }
    return text;
}

std::string to_json(const Answer& answer) {
    nlohmann::json json{{"step", answer.at.value}, {"virtual_ns", answer.time.ns}};
    if (!answer.by.empty()) json["by"] = answer.by;
    if (answer.pc) json["pc"] = answer.pc->value;
    if (!answer.symbol.empty()) json["symbol"] = answer.symbol;
    if (answer.before) json["before"] = *answer.before;
    if (answer.after) json["after"] = *answer.after;
    if (!answer.bytes.empty()) json["bytes"] = answer.bytes;
    if (answer.caller) {
        json["arguments"] = answer.arguments;
        json["caller"] = answer.caller->value;
    }
    return json.dump();
}

std::size_t Answerer::answer(const Question& question, const Sink& sink) {
    return std::visit([&](const auto& asked) { return answer(asked, sink); }, question);
}

// ---- what is asked about ------------------------------------------------------------------------

VirtualAddress Answerer::address_of(const Target& target) const {
    if (const auto number = parse_number(target.name)) return {*number};
    if (const auto symbol = symbols_.find(target.name)) return symbol->at;
    throw StartError(fmt::format("no symbol '{}' is known here; give an address (0x80001000)", target.name));
}

Answerer::Range Answerer::range_of(const Target& target) const {
    const auto at = address_of(target);
    const auto symbol = symbols_.find(target.name);
    const auto known =
        symbol && symbol->size != 0 ? std::min<std::uint64_t>(symbol->size, kPageSize) : kNumber;
    return {at, target.length.value_or(known)};
}

/// Where the bytes lie in one piece.
PhysicalAddress Answerer::physical(const Range& range) const {
    const auto first = machine_.translate(hart_, range.at);
    const auto last = machine_.translate(hart_, VirtualAddress{range.at.value + (range.length - 1)});
    if (first && last && last->value - first->value == range.length - 1) return *first;
    throw StartError(
        fmt::format("{:#x} is not mapped here, for hart {}; ask where it is (another position or hart)",
                    range.at.value, hart_.value));
}

StepCount Answerer::position_of(const std::optional<Place>& place, StepCount otherwise) {
    if (!place) return otherwise;
    const auto home = timeline_.position();
    const auto at = resolve(*place, timeline_, machine_, bookmarks_, find_line_);
    timeline_.seek(home);
    return at;
}

void Answerer::check(const replay::Stopped& stopped) const {
    if (stopped.why == replay::StopReason::interrupted)
        throw StartError("interrupted: the question is not answered");
    if (stopped.why == replay::StopReason::diverged)
        throw StartError("the replay did not do what was recorded");
}

Answer Answerer::describe(const emu::RiscvMachine& machine, const Hit& hit) const {
    Answer answer{.at = hit.at, .time = machine.time()};
    switch (hit.by.kind) {
        case Accessor::Kind::device:
            answer.by = std::string(machine.component_names()[hit.by.component]);
            return answer;
        case Accessor::Kind::debugger: answer.by = "debugger"; return answer;
        case Accessor::Kind::hart: break;
    }
    answer.by = fmt::format("hart {}", hit.hart.value);
    answer.pc = machine.context(hit.hart).pc;
    answer.symbol = symbols_.describe(*answer.pc);
    return answer;
}

// ---- writes -------------------------------------------------------------------------------------

std::uint64_t Answerer::number_after(StepCount at, PhysicalAddress from, std::uint64_t length) {
    std::array<std::byte, kNumber> bytes{};
    check(timeline_.look_at(at + StepCount{1},
                            [&] { machine_.memory().read(from, std::span(bytes).first(length)); }));
    return number_of(bytes);
}

std::size_t Answerer::answer(const WriteQuestion& question, const Sink& sink) {
    const auto range = range_of(question.target);
    const auto from = physical(range);
    const replay::Stops stops{
        .points = {{StopKind::write, VirtualAddress{from.value}, range.length, StopSpace::physical}},
        .unchanged_too = true};
    if (question.which != WriteQuestion::Which::last) return list_writes(stops, question, range, from, sink);

    const auto before = position_of(question.to, timeline_.position().step);
    const auto found = timeline_.latest_hits(stops, before);
    check(found);
    if (found.why == replay::StopReason::history_begin) return 0;
    const WriteQuestion this_one{WriteQuestion::Which::first, question.target, found.at.step, {}};
    return list_writes(stops, this_one, range, from, sink);
}

// What a write leaves is what the next one finds; only behind the last the machine has to be looked at once
// more.
std::size_t Answerer::list_writes(const replay::Stops& stops, const WriteQuestion& question,
                                  const Range& range, PhysicalAddress from, const Sink& sink) {
    const auto begin = position_of(question.from, timeline_.begin().step);
    const auto end = position_of(question.to, timeline_.frontier().step);
    const auto length = std::min(range.length, kNumber);
    const bool only_one = question.which == WriteQuestion::Which::first;
    std::optional<Answer> open;
    std::size_t told = 0;
    bool wanted = true;
    const auto tell = [&](std::uint64_t after) {
        open->after = after;
        wanted = sink(*open);
        open.reset();
        ++told;
    };
    const auto note = [&](const Machine& at_hit, const Hit& hit) -> std::any {
        const auto& machine = static_cast<const emu::RiscvMachine&>(at_hit);
        std::array<std::byte, kNumber> bytes{};
        machine.memory().read(from, std::span(bytes).first(length));
        auto answer = describe(machine, hit);
        answer.before = number_of(bytes);
        return answer;
    };
    check(timeline_.visit_hits(stops, begin, end, note, [&](const Hit&, const std::any& noted) {
        auto answer = std::any_cast<Answer>(noted);
        if (open) tell(*answer.before);
        if (!wanted) return Verdict::stop;
        open = std::move(answer);
        return only_one ? Verdict::stop : Verdict::go_on;
    }));
    if (open) tell(number_after(open->at, from, length));
    return told;
}

// ---- the other questions ------------------------------------------------------------------------

std::size_t Answerer::answer(const AttemptQuestion& question, const Sink& sink) {
    const replay::Stops stops{.points = {{StopKind::execute, address_of(question.target)}}};
    const auto begin = position_of(question.from, timeline_.begin().step);
    const auto end = position_of(question.to, timeline_.frontier().step);
    std::size_t told = 0;
    const auto note = [&](const Machine& at_hit, const Hit& hit) -> std::any {
        const auto& machine = static_cast<const emu::RiscvMachine&>(at_hit);
        auto answer = describe(machine, hit);
        if (question.is_call) {
            constexpr unsigned kRa = 1, kA0 = 10, kArguments = 8;
            answer.caller = VirtualAddress{integer_register(machine, hit.hart, kRa).value_or(0)};
            for (unsigned i = 0; i < kArguments; ++i)
                answer.arguments.push_back(integer_register(machine, hit.hart, kA0 + i).value_or(0));
        }
        return answer;
    };
    check(timeline_.visit_hits(stops, begin, end, note, [&](const Hit&, const std::any& noted) {
        ++told;
        return sink(std::any_cast<const Answer&>(noted)) ? Verdict::go_on : Verdict::stop;
    }));
    return told;
}

std::size_t Answerer::answer(const ValueQuestion& question, const Sink& sink) {
    const auto range = range_of(question.target);
    const auto at = position_of(question.at, timeline_.position().step);
    Answer answer{.at = at, .time = {}};
    bool is_there = false;
    check(timeline_.look_at(at, [&] {
        std::vector<std::byte> bytes(range.length);
        is_there = machine_.read_memory(hart_, range.at, bytes) == bytes.size();
        answer.time = machine_.time();
        if (bytes.size() <= kNumber) {
            answer.after = number_of(bytes);
        } else {
            for (const auto byte : bytes)
                answer.bytes += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
        }
    }));
    if (!is_there)
        throw StartError(
            fmt::format("{}: nothing is mapped there at step {}", question.target.name, at.value));
    sink(answer);
    return 1;
}

std::size_t Answerer::answer(const RegisterQuestion& question, const Sink& sink) {
    const RegisterTable table(machine_.board().isa());
    const auto& registers = table.description().registers;
    const auto found = std::ranges::find(registers, question.name, &gdbstub::RegisterDescription::name);
    if (found == registers.end()) throw StartError(fmt::format("there is no register '{}'", question.name));
    const auto id = *table.id({static_cast<std::uint32_t>(found - registers.begin())});
    const auto sample = [&] { return machine_.read_register(hart_, id).value_or(0); };
    const auto before = position_of(question.before, timeline_.position().step);
    const auto changed = timeline_.latest_change(sample, before);
    check(changed);
    if (changed.why == replay::StopReason::history_begin) return 0;

    Answer answer{.at = changed.at.step, .time = {}, .by = fmt::format("hart {}", hart_.value)};
    check(timeline_.look_at(changed.at.step, [&] {
        answer.time = machine_.time();
        answer.pc = machine_.context(hart_).pc;
        answer.symbol = symbols_.describe(*answer.pc);
        answer.before = sample();
    }));
    check(timeline_.look_at(changed.at.step + StepCount{1}, [&] { answer.after = sample(); }));
    sink(answer);
    return 1;
}

std::uint64_t Answerer::number_at(const Range& range) const {
    std::array<std::byte, kNumber> bytes{};
    machine_.read_memory(hart_, range.at, std::span(bytes).first(std::min(range.length, kNumber)));
    return number_of(bytes);
}

std::size_t Answerer::answer(const BisectQuestion& question, const Sink& sink) {
    const auto range = range_of(question.target);
    Answer answer;
    const auto is_so = [&](StepCount at) {
        bool so = false;
        check(timeline_.look_at(at, [&] {
            answer.time = machine_.time();
            answer.after = number_at(range);
            so = holds(question.relation, *answer.after, question.value);
        }));
        return so;
    };
    auto low = timeline_.begin().step;
    auto high = timeline_.frontier().step;
    if (!is_so(high))
        throw StartError(fmt::format("{} is {:#x} at the end: bisect wants what has become so and stayed so",
                                     question.target.name, *answer.after));
    if (is_so(low)) high = low;
    while (high - low > StepCount{1}) {
        const StepCount middle{low.value + (high - low).value / 2};
        (is_so(middle) ? high : low) = middle;
    }
    is_so(high);
    answer.at = high;
    sink(answer);
    return 1;
}

}  // namespace backspin::cli
