#include "cli/debug/monitor.hpp"

#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "cli/debug/snapshot_report.hpp"
#include "cli/debug/translation.hpp"
#include "cli/query/answer.hpp"
#include "cli/query/question.hpp"
#include "cli/start_error.hpp"

namespace backspin::cli {
namespace {

using gdbstub::Refused;

constexpr const char* kNoPlace =
    "goto wants a place: N, +N, -N, start, end, a time (1.5s), a bookmark, or line:TEXT for the first "
    "console "
    "line with that text";

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
    return text;
}

/// Decimal, or hexadecimal with its 0x.
std::optional<std::uint64_t> number(std::string_view text) {
    const bool hexadecimal = text.starts_with("0x");
    if (hexadecimal) text.remove_prefix(2);
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string seconds(VirtualTime time) {
    return fmt::format("{}.{:09} s", time.ns / 1'000'000'000, time.ns % 1'000'000'000);
}

Refused refused(std::string text) {
    return Refused{gdbstub::errno_value::invalid, std::move(text)};
}

}  // namespace

const std::vector<MonitorCommands::Entry>& MonitorCommands::entries() {
    using M = MonitorCommands;
    static const std::vector<Entry> kEntries{
        {"help", "", "this list", &M::help},
        {"when", "", "the position, and the guest's own time", &M::when},
        {"goto", "PLACE", "go to N, +N, -N, start, end, a time (1.5s), a bookmark or line:TEXT", &M::go_to},
        {"bookmark", "[NAME]", "give this position a name; without one, list them", &M::bookmark},
        {"branch", "[NAME]", "begin another future here, to write and type in", &M::branch},
        {"branches", "", "list them: number, name, where each begins and ends", &M::branches},
        {"switch", "NAME", "go on with another branch, where it was left", &M::switch_branch},
        {"save", "FILE", "record the whole session so far into a new file", &M::save},
        {"start", "", "go to the beginning of history", &M::start},
        {"end", "", "go to the end of history", &M::end},
        {"step-interrupts", "on|off", "whether stepping stops in interrupt handlers (off)",
         &M::step_interrupts},
        {"info", "snapshots", "what is kept to go back by", &M::info},
        {"translate", "ADDRESS [HART]", "where an address of the hart lies, and what its page tables say",
         &M::translate},
        {"button", "reset|power", "push this button: an input, at the end of history only", &M::button},
        // What people type by habit from OpenOCD and QEMU, and IDEs send by themselves.
        {"reset", "[halt|init]", "as start", &M::start},
        {"system_reset", "", "as start", &M::start},
        {"system_powerdown", "", "as button power", &M::power_button},
        {"halt", "", "nothing: the machine stands still whenever gdb has its prompt", &M::halt},
        {"stop", "", "as halt", &M::halt},
    };
    return kEntries;
}

gdbstub::Outcome<std::string> MonitorCommands::execute(std::string_view command, gdbstub::ThreadId selected) {
    selected_ = HartId{static_cast<std::uint32_t>(selected.value - 1)};
    command = trimmed(command);
    const auto space = command.find(' ');
    const auto name = command.substr(0, space);
    const auto arguments =
        space == std::string_view::npos ? std::string_view{} : trimmed(command.substr(space));
    for (const auto& entry : entries()) {
        if (entry.name == name) return (this->*entry.run)(arguments);
    }
    if (begins_question(name)) return question(command);
    return refused(fmt::format("unknown command '{}': 'monitor help' lists them", name));
}

// The session's own stops and what it has told the user stay as they are, and so does the cursor.
MonitorCommands::Reply MonitorCommands::question(std::string_view command) {
    constexpr std::size_t kMostLines = 100;
    std::string text;
    std::size_t lines = 0;
    try {
        if (!symbols_) symbols_.emplace(program_);
        const auto bookmarks = bookmarks_here();
        Answerer answerer(machine_, timeline_, bookmarks, *symbols_, selected_, keeping_.find_line);
        answerer.answer(parse_question(command), [&](const Answer& answer) {
            if (++lines > kMostLines) {
                text += "... and more: name a later place to begin\n";
                return false;
            }
            text += to_text(answer, *symbols_) + "\n";
            return true;
        });
    } catch (const StartError& error) {
        return refused(error.what());
    }
    return text.empty() ? "never, in this history\n" : text;
}

MonitorCommands::Reply MonitorCommands::help(std::string_view) {
    std::string text;
    for (const auto& entry : entries()) {
        text += fmt::format("{:<24} {}\n", fmt::format("{} {}", entry.name, entry.arguments), entry.help);
    }
    text += "\nQuestions, which leave the position as it is:\n" + list_of_questions();
    return text;
}

std::string MonitorCommands::where() const {
    const auto at = timeline_.position().step.value;
    const auto frontier = timeline_.frontier().step.value;
    const auto* kind = !timeline_.at_frontier() ? "in the past" : timeline_.is_live() ? "live" : "at the end";
    auto text = fmt::format("position {} of {}, time {}, {}", at, frontier, seconds(machine_.time()), kind);
    if (timeline_.branches().size() > 1) text += ", branch " + timeline_.current_branch().name;
    return text + "\n";
}

MonitorCommands::Reply MonitorCommands::when(std::string_view) {
    return where();
}

MonitorCommands::Reply MonitorCommands::seek(StepCount target) {
    const auto from = timeline_.position();
    return arrived(timeline_.seek(target), from);
}

MonitorCommands::Reply MonitorCommands::arrived(const replay::Stopped& stopped, Position from) const {
    if (stopped.why == replay::StopReason::interrupted)
        return refused("interrupted: the position is what it was");
    if (stopped.why == replay::StopReason::diverged)
        return refused("the replay did not do what was recorded");
    std::string text = where();
    if (timeline_.position() != from) text += "now type: maintenance flush register-cache\n";
    return text;
}

MonitorCommands::Reply MonitorCommands::go_to(std::string_view arguments) {
    if (arguments == "start") return start({});
    if (arguments == "end") return end({});
    const bool forward = arguments.starts_with('+');
    const bool backward = arguments.starts_with('-');
    if (!forward && !backward) return go_to_place(arguments);
    const auto value = number(arguments.substr(1));
    if (!value) return refused(kNoPlace);
    const auto now = timeline_.position().step.value;
    const auto last = timeline_.frontier().step.value;
    const auto first = timeline_.begin().step.value;
    auto target = *value > last - now ? last : now + *value;
    if (backward) target = *value > now - first ? first : now - *value;
    return seek(StepCount{target});
}

MonitorCommands::Reply MonitorCommands::go_to_place(std::string_view arguments) {
    const auto place = parse_place(arguments);
    if (!place) return refused(kNoPlace);
    const auto from = timeline_.position();
    try {
        const auto bookmarks = bookmarks_here();
        const auto elsewhere = keeping_.bookmarks.find(arguments);
        if (elsewhere != keeping_.bookmarks.end() && !bookmarks.contains(arguments)) {
            const auto name = name_of(elsewhere->second.branch);
            return refused(fmt::format("{} is in branch {}: 'monitor switch {}' goes there first", arguments,
                                       name, name));
        }
        const auto target = resolve(*place, timeline_, machine_, bookmarks, keeping_.find_line);
        timeline_.seek(from);
        auto reply = seek(target);
        // One of a recording, or of an earlier session, is pinned when it has been looked for once.
        const bool is_bookmark = bookmarks.contains(arguments);
        if (is_bookmark && timeline_.position().step == target) timeline_.pin_here();
        return reply;
    } catch (const StartError& error) {
        timeline_.seek(from);
        return refused(error.what());
    }
}

MonitorCommands::Reply MonitorCommands::bookmark(std::string_view arguments) {
    std::string text;
    if (arguments.empty()) {
        const bool has_branches = timeline_.branches().size() > 1;
        for (const auto& [name, at] : keeping_.bookmarks) {
            text += fmt::format("{:>14}  {}", at.step.value, name);
            if (has_branches) text += fmt::format("  in {}", name_of(at.branch));
            text += "\n";
        }
        return text.empty() ? "no bookmarks\n" : text;
    }
    if (!is_bookmark_name(arguments))
        return refused("a bookmark's name begins with a letter, and has letters, digits, '-', '_' and '.'");
    constexpr std::size_t kMostBookmarks = 1000;
    const auto at = timeline_.position();
    const std::string name(arguments);
    if (keeping_.bookmarks.size() >= kMostBookmarks) return refused("there are too many bookmarks already");
    if (!keeping_.bookmarks.try_emplace(name, at).second)
        return refused(fmt::format("there is a bookmark '{}' already", name));
    timeline_.pin_here();
    if (keeping_.bookmark) keeping_.bookmark(name, at);
    return fmt::format("{} is position {}\n", name, at.step.value);
}

Bookmarks MonitorCommands::bookmarks_here() const {
    Bookmarks here;
    for (const auto& [name, at] : keeping_.bookmarks) {
        if (timeline_.has(at)) here.emplace(name, at.step);
    }
    return here;
}

// ---- branches -----------------------------------------------------------------------------------

std::optional<replay::BranchInfo> MonitorCommands::find_branch(std::string_view name) const {
    const auto value = number(name);
    for (auto& branch : timeline_.branches()) {
        if (branch.name == name || value == branch.number.id) return std::move(branch);
    }
    return std::nullopt;
}

std::string MonitorCommands::name_of(Branch branch) const {
    return timeline_.branches().at(branch.id).name;
}

MonitorCommands::Reply MonitorCommands::branch(std::string_view arguments) {
    if (!keeping_.no_branches.empty()) return refused(keeping_.no_branches);
    if (!arguments.empty() && !is_bookmark_name(arguments))
        return refused("a branch's name begins with a letter, and has letters, digits, '-', '_' and '.'");
    if (const auto why = timeline_.branch(std::string(arguments))) return refused(why->why);
    const auto branch = timeline_.current_branch();
    return fmt::format(
        "branch {} begins at position {}: what is written and typed from here on is its own\n{}", branch.name,
        branch.fork.step.value, keeping_.at_branch);
}

MonitorCommands::Reply MonitorCommands::branches(std::string_view) {
    const auto current = timeline_.current_branch().number;
    std::string text;
    for (const auto& branch : timeline_.branches()) {
        text += fmt::format("{} {:>3} {:<16} ", branch.number == current ? '*' : ' ', branch.number.id,
                            branch.name);
        text += branch.number == Branch{} ? fmt::format("from position {}", branch.fork.step.value)
                                          : fmt::format("from position {} of {}", branch.fork.step.value,
                                                        name_of(branch.fork.branch));
        text += fmt::format(" to {}, {}\n", branch.frontier.value, branch.live ? "live" : "a recording");
    }
    return text;
}

MonitorCommands::Reply MonitorCommands::switch_branch(std::string_view arguments) {
    const auto branch = find_branch(arguments);
    if (!branch)
        return refused(fmt::format("there is no branch '{}': 'monitor branches' lists them", arguments));
    const auto from = timeline_.position();
    return arrived(timeline_.switch_to(branch->number), from);
}

MonitorCommands::Reply MonitorCommands::save(std::string_view arguments) {
    if (arguments.empty()) return refused("save wants a file");
    if (!keeping_.save)
        return refused(timeline_.is_live() ? "this session is being recorded already"
                                           : "this is a recording: it is in its file");
    const std::string path(arguments);
    try {
        keeping_.save(path, keeping_.bookmarks);
    } catch (const std::runtime_error& error) {
        return refused(error.what());
    }
    return fmt::format("saved up to position {}: 'backspin replay {}' repeats it\n",
                       timeline_.frontier().step.value, path);
}

MonitorCommands::Reply MonitorCommands::start(std::string_view) {
    return seek(timeline_.begin().step);
}

MonitorCommands::Reply MonitorCommands::end(std::string_view) {
    return seek(timeline_.frontier().step);
}

MonitorCommands::Reply MonitorCommands::step_interrupts(std::string_view arguments) {
    if (arguments == "on" || arguments == "off") {
        settings_.step_interrupts = arguments == "on";
    } else if (!arguments.empty()) {
        return refused("step-interrupts wants on or off");
    }
    return fmt::format("stepping {} interrupt handlers\n",
                       settings_.step_interrupts ? "stops in" : "crosses");
}

MonitorCommands::Reply MonitorCommands::info(std::string_view arguments) {
    if (arguments != "snapshots") return refused("info wants: snapshots");
    return describe_snapshots(timeline_);
}

MonitorCommands::Reply MonitorCommands::translate(std::string_view arguments) {
    const auto space = arguments.find(' ');
    const auto address = number(arguments.substr(0, space));
    const auto hart = space == std::string_view::npos ? std::optional<std::uint64_t>(selected_.value)
                                                      : number(trimmed(arguments.substr(space)));
    if (!address || !hart) return refused("translate wants an address (0x80000000), and perhaps a hart (0)");
    if (*hart >= machine_.harts()) return refused(fmt::format("the harts are 0 to {}", machine_.harts() - 1));
    return describe_translation(machine_, HartId{static_cast<std::uint32_t>(*hart)},
                                VirtualAddress{*address});
}

MonitorCommands::Reply MonitorCommands::button(std::string_view arguments) {
    if (arguments == "reset") return push(emu::PowerButton::reset);
    if (arguments == "power") return push(emu::PowerButton::power);
    return refused("button wants reset or power");
}

MonitorCommands::Reply MonitorCommands::power_button(std::string_view) {
    return push(emu::PowerButton::power);
}

MonitorCommands::Reply MonitorCommands::push(emu::PowerButton button) {
    const auto why = timeline_.write(DeviceInput{emu::kPowerChannel, {static_cast<std::byte>(button)}});
    if (why) {
        const auto* how = why->a_branch_could ? "; 'monitor branch' begins another future here" : "";
        return refused(why->why + how);
    }
    return std::string(button == emu::PowerButton::reset ? "pushed: the machine starts anew when it goes on\n"
                                                         : "pushed: the machine is off\n");
}

MonitorCommands::Reply MonitorCommands::halt(std::string_view) {
    return std::string{};
}

}  // namespace backspin::cli
