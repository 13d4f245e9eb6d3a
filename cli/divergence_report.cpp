#include "cli/divergence_report.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/disassembler.hpp"
#include "cli/first_wrong_step.hpp"
#include "cli/playback.hpp"
#include "cli/start_error.hpp"
#include "emu/reference.hpp"

namespace backspin::cli {
namespace {

// The reference makes some million steps a second: what is so far from the last digest is not worth the wait.
constexpr std::uint64_t kMostReferenceSteps = std::uint64_t{1} << 26;

// ---- fields and pages ---------------------------------------------------------------------------

void compare_component(const std::string& component, const std::vector<FieldValue>& recorded,
                       const std::vector<FieldValue>& replayed, Differences& into) {
    std::map<std::string_view, std::string_view> ours;
    for (const auto& field : replayed) ours[field.name] = field.value;
    const auto add = [&](const std::string& name, std::string_view theirs, std::string_view here) {
        if (++into.field_count > Differences::kMostDifferences) return;
        into.fields.push_back({component, name, std::string(theirs), std::string(here)});
    };
    for (const auto& field : recorded) {
        const auto found = ours.find(field.name);
        const auto value = found == ours.end() ? std::string_view("(none)") : found->second;
        if (value != field.value) add(field.name, field.value, value);
        if (found != ours.end()) ours.erase(found);
    }
    for (const auto& [name, value] : ours) add(std::string(name), "(none)", value);
}

std::vector<std::vector<FieldValue>> fields_of(const SavedState& state, emu::RiscvMachine& machine) {
    machine.load(state);
    std::vector<std::vector<FieldValue>> all;
    for (std::size_t i = 0; i < machine.component_names().size(); ++i)
        all.push_back(machine.board().describe(i));
    return all;
}

std::string place_of(PageIndex page, const emu::Memory& memory) {
    const auto ram_pages = memory.ram().size >> kPageBits;
    if (page.value < ram_pages)
        return fmt::format("{:#x}", memory.ram().base.value + (page.value << kPageBits));
    return fmt::format("page {} behind RAM (the mask ROM's, then the drives')", page.value - ram_pages);
}

std::string hexadecimal(std::span<const std::byte> bytes) {
    std::string text;
    for (const auto byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
    return text;
}

void compare_pages(const SavedState& recorded, const SavedState& replayed, const emu::Memory& memory,
                   Differences& into) {
    PageRoot::for_each_difference(
        recorded.pages, replayed.pages, [&](PageIndex page, const Page* theirs, const Page* ours) {
            const auto a = theirs != nullptr ? theirs->bytes() : zero_page();
            const auto b = ours != nullptr ? ours->bytes() : zero_page();
            const auto at = std::ranges::mismatch(a, b).in1 - a.begin();
            if (at == static_cast<std::ptrdiff_t>(kPageSize)) return;
            if (++into.page_count > Differences::kMostDifferences) return;
            const auto offset = static_cast<std::size_t>(at);
            const auto length = std::min<std::size_t>(16, kPageSize - offset);
            into.pages.push_back({place_of(page, memory), static_cast<std::uint32_t>(offset),
                                  hexadecimal(a.subspan(offset, length)),
                                  hexadecimal(b.subspan(offset, length))});
        });
}

// ---- the reference ------------------------------------------------------------------------------

/// A machine that only the reference moves.
class ReferenceRun {
  public:
    ReferenceRun(const RecordedRun& run, emu::RiscvMachine& like)
        : run_(run), board_(like.board()), memory_(like.memory()) {
        board_.output = nullptr;
    }

    /// Nothing if it goes no further than some position before.
    std::optional<SavedState> go(const SavedState& from, StepCount to) {
        load(from);
        while (board_.steps < to) {
            if (!step()) return std::nullopt;
        }
        SavedState state;
        board_.save(state);
        state.pages = memory_.pages().share();
        return state;
    }
    std::optional<StepInfo> step_from(const SavedState& state) {
        load(state);
        return step();
    }

  private:
    void load(const SavedState& from) {
        board_.load(from);
        memory_.pages().restore(from.pages);
        event_ = run_.log().next(Branch{}, board_.steps);
    }
    std::optional<StepInfo> step() {
        const bool due = event_ != nullptr && event_->at.step == board_.steps;
        const auto made = emu::reference::step(board_, memory_, due ? &event_->input : nullptr);
        if (due) event_ = run_.log().next(Branch{}, board_.steps);
        return made;
    }

    const RecordedRun& run_;
    emu::Board board_;
    emu::Memory memory_;
    const replay::Event* event_ = nullptr;
};

/// A step that is made in the state that the machine is in.
std::string describe_step(const std::optional<StepInfo>& step, const emu::RiscvMachine& machine) {
    if (!step) return "no step at all";
    const auto pc = machine.context(step->hart).pc;
    switch (step->kind) {
        case StepKind::interrupt:
            return fmt::format("an interrupt of hart {} at {:#x}", step->hart.value, pc.value);
        case StepKind::device_event: return "an event of a device";
        case StepKind::idle_jump: return "a jump of the clock";
        case StepKind::input: return "an input of the log";
        case StepKind::attempt: break;
    }
    std::uint32_t word = 0;
    const auto bytes = std::as_writable_bytes(std::span(&word, 1));
    const auto fetched = machine.read_memory(step->hart, pc, bytes);
    const auto text =
        fetched < 2 ? "(it cannot be fetched)" : disassemble(machine.board().isa().xlen(), pc, word);
    return fmt::format("hart {} at {:#x}: {}", step->hart.value, pc.value, text);
}

class Examiner {
  public:
    Examiner(const RecordedRun& run, const RecordedDigests& digests, const Divergence& divergence)
        : run_(run),
          digests_(digests),
          // An engine may be wrong after a long way only: it goes as it went when that was found.
          playback_(run, Playback::few_snapshots(), HeldStates::whole),
          divergence_(divergence) {}

    DivergenceReport examine() {
        DivergenceReport report{divergence_, {}, {}, {}};
        const bool stopped = divergence_.kind == Divergence::Kind::stopped;
        // A snapshot in which no such machine can be has nothing that could be compared.
        if (!stopped && divergence_.components.empty()) return report;
        // The file's snapshots up to there are good: a wrong one would have been the first divergence.
        playback_.seek(divergence_.last_equal);
        const auto equal = playback_.machine().save();
        playback_.play(divergence_.at, {});
        const auto replayed = playback_.machine().save();
        if (!stopped) {
            load_recorded();
            if (recorded_) report.differences = differences_between(*recorded_, replayed, machine());
            if (is_as_recorded(replayed)) {
                report.reference = fmt::format(
                    "replayed once more from step {}, all is equal: what was wrong did not happen again",
                    equal.at.value);
                return report;
            }
        }
        ask_reference(equal, replayed, report);
        return report;
    }

  private:
    emu::RiscvMachine& machine() { return playback_.machine(); }

    void load_recorded() {
        const auto at = divergence_.at;
        if (!std::ranges::binary_search(run_.snapshots(), at)) return;
        recorded_ = run_.load_snapshot(at, machine().page_store());
    }

    /// By all that the file holds of the state's position.
    bool is_as_recorded(const SavedState& state) {
        if (recorded_ && !same_state(*recorded_, state)) return false;
        const auto recorded = digests_.all().find(state.at);
        if (recorded == digests_.all().end()) return recorded_.has_value();
        StateDigests digests(machine().component_names());
        return digests_.different(recorded->second, digests.of(state)).empty();
    }

    void ask_reference(const SavedState& equal, const SavedState& replayed, DivergenceReport& report) {
        if ((divergence_.at - equal.at).value > kMostReferenceSteps) {
            report.reference = "the reference was not asked: the last digest that agrees is too far away";
            return;
        }
        ReferenceRun reference(run_, machine());
        const auto judged = reference.go(equal, divergence_.at);
        if (!judged) {
            report.reference = "the reference does not come there";
        } else if (!same_state(*judged, replayed)) {
            judge(equal, *judged, reference, report);
        } else if (divergence_.kind == Divergence::Kind::stopped && reference.step_from(*judged)) {
            report.reference = "the reference goes on from there: the engine is wrong";
            report.wrong_step = wrong_step({*judged, *judged, *judged}, reference);
        } else {
            report.reference = "the reference does what this replay does: the recorded state is another";
        }
    }

    /// The reference comes to another state than the engine.
    void judge(const SavedState& equal, const SavedState& judged, ReferenceRun& reference,
               DivergenceReport& report) {
        if (divergence_.kind != Divergence::Kind::stopped && !is_as_recorded(judged)) {
            report.reference = "the reference does neither what was recorded nor what this replay does";
            return;
        }
        report.reference = divergence_.kind == Divergence::Kind::stopped
                               ? "the reference does something else: the engine is wrong"
                               : "the reference does what was recorded: the engine is wrong";
        const auto judge = [&](const SavedState& from, StepCount to) { return *reference.go(from, to); };
        const auto suspect = [&](StepCount to) {
            machine().load(equal);
            replay::Timeline timeline(machine(), run_.past(equal.at, to), Playback::few_snapshots());
            timeline.go_on({});
            return machine().save();
        };
        if (same_state(judged, suspect(divergence_.at))) {
            report.reference += fmt::format("; but not when it starts at step {}", equal.at.value);
            return;
        }
        report.wrong_step = wrong_step(first_wrong_step(equal, divergence_.at, judge, suspect), reference);
    }

    WrongStep wrong_step(const Parting& parting, ReferenceRun& reference) {
        WrongStep wrong;
        wrong.at = parting.before.at;
        wrong.differences = differences_between(parting.judge, parting.suspect, machine());
        machine().load(parting.before);
        wrong.what = describe_step(reference.step_from(parting.before), machine());
        const auto made = step_of_engine(parting.before);
        machine().load(parting.before);
        const auto engines = describe_step(made, machine());
        if (engines != wrong.what) wrong.what += fmt::format("; the engine makes {}", engines);
        return wrong;
    }

    std::optional<StepInfo> step_of_engine(const SavedState& before) {
        machine().load(before);
        const auto* event = run_.log().next(Branch{}, before.at);
        if (event == nullptr || event->at.step != before.at) return machine().step();
        return StepInfo{.kind = StepKind::input, .hart = {}};
    }

    const RecordedRun& run_;
    const RecordedDigests& digests_;
    Playback playback_;
    const Divergence& divergence_;
    std::optional<SavedState> recorded_;  ///< the file's snapshot where it diverged
};

// ---- as text and as JSON ------------------------------------------------------------------------

std::string text_of(const Differences& differences, std::string_view recorded, std::string_view replayed) {
    std::string text;
    for (const auto& field : differences.fields)
        text += fmt::format("  {} {}: {} {}, {} {}\n", field.component, field.field, recorded, field.recorded,
                            replayed, field.replayed);
    if (differences.field_count > differences.fields.size())
        text += fmt::format("  and {} more fields\n", differences.field_count - differences.fields.size());
    for (const auto& page : differences.pages)
        text += fmt::format("  memory {} + {:#x}: {} {}, {} {}\n", page.place, page.offset, recorded,
                            page.recorded, replayed, page.replayed);
    if (differences.page_count > differences.pages.size())
        text += fmt::format("  and {} more pages\n", differences.page_count - differences.pages.size());
    return text;
}

nlohmann::json json_of(const Differences& differences) {
    nlohmann::json json{{"field_count", differences.field_count},
                        {"page_count", differences.page_count},
                        {"fields", nlohmann::json::array()},
                        {"pages", nlohmann::json::array()}};
    for (const auto& field : differences.fields)
        json["fields"].push_back({{"component", field.component},
                                  {"field", field.field},
                                  {"recorded", field.recorded},
                                  {"replayed", field.replayed}});
    for (const auto& page : differences.pages)
        json["pages"].push_back({{"page", page.place},
                                 {"offset", page.offset},
                                 {"recorded", page.recorded},
                                 {"replayed", page.replayed}});
    return json;
}

}  // namespace

Differences differences_between(const SavedState& recorded, const SavedState& replayed,
                                emu::RiscvMachine& machine) {
    Differences differences;
    try {
        const auto theirs = fields_of(recorded, machine);
        const auto ours = fields_of(replayed, machine);
        for (std::size_t i = 0; i < theirs.size(); ++i)
            compare_component(std::string(machine.component_names()[i]), theirs[i], ours[i], differences);
    } catch (const BadState& error) {
        differences.fields.push_back({"machine", "(all)", std::string("impossible: ") + error.what(), "-"});
        ++differences.field_count;
    }
    compare_pages(recorded, replayed, machine.memory(), differences);
    return differences;
}

DivergenceReport examine(const RecordedRun& run, const RecordedDigests& digests,
                         const Divergence& divergence) {
    try {
        return Examiner(run, digests, divergence).examine();
    } catch (const StartError& error) {
        // A replay that does not even come there once more.
        return {divergence, {}, error.what(), {}};
    }
}

std::string to_text(const DivergenceReport& report) {
    std::string text = fmt::format("diverged in {}\n", describe(report.divergence));
    const auto& names = report.divergence.components;
    if (names.size() > 1) text += fmt::format("  different: {}\n", fmt::join(names, ", "));
    if (report.differences) text += text_of(*report.differences, "recorded", "replayed");
    if (!report.reference.empty()) text += fmt::format("  {}\n", report.reference);
    if (report.wrong_step) {
        text +=
            fmt::format("  first wrong step: {}, {}\n", report.wrong_step->at.value, report.wrong_step->what);
        text += text_of(report.wrong_step->differences, "reference", "engine");
    }
    return text;
}

nlohmann::json to_json(const DivergenceReport& report) {
    constexpr std::array kKinds{"digests", "snapshot", "stopped"};
    const auto& divergence = report.divergence;
    nlohmann::json json{{"kind", kKinds.at(static_cast<std::size_t>(divergence.kind))},
                        {"step", divergence.at.value},
                        {"last_equal_step", divergence.last_equal.value},
                        {"epoch", divergence.epoch},
                        {"components", divergence.components},
                        {"text", describe(divergence)},
                        {"differences", nullptr},
                        {"reference", nullptr},
                        {"wrong_step", nullptr}};
    if (report.differences) json["differences"] = json_of(*report.differences);
    if (!report.reference.empty()) json["reference"] = report.reference;
    if (report.wrong_step) {
        json["wrong_step"] = {{"step", report.wrong_step->at.value},
                              {"what", report.wrong_step->what},
                              {"differences", json_of(report.wrong_step->differences)}};
    }
    return json;
}

}  // namespace backspin::cli
