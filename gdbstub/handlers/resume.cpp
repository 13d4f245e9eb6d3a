#include "gdbstub/packets/resume.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "gdbstub/handlers/handlers.hpp"
#include "gdbstub/stop_reply.hpp"

namespace backspin::gdbstub::handlers {

namespace {

/// The one move that a list of actions comes to. Threads cannot be held back: they move as the target
/// schedules them, so of several threads that should step, the first one counts.
std::optional<Resume> move_for(const Conversation& conversation, const std::vector<ResumeAction>& actions) {
    std::vector<ThreadId> covered;
    const auto is_covered = [&](ThreadId thread) {
        return std::find(covered.begin(), covered.end(), thread) != covered.end();
    };
    std::optional<Resume> move;
    for (const ResumeAction& action : actions) {
        const ThreadId thread = action.selector.thread.value_or(conversation.user_thread.value());
        if (action.kind == ActionKind::stop || is_covered(thread)) continue;
        if (action.kind == ActionKind::step) return Step{thread};
        if (action.kind == ActionKind::range_step) {
            // Fewer moves than asked for are always allowed.
            if (!conversation.target.moves().range_step) return Step{thread};
            return RangeStep{thread, action.start, action.end};
        }
        move = Continue{};
        if (!action.selector.thread) return move;
        covered.push_back(thread);
    }
    return move;
}

Outcome<Done> set_program_counter(Conversation& conversation, Address address) {
    const TargetDescription& description = conversation.target.description();
    const auto& registers = description.registers;
    const auto counter = std::find_if(
        registers.begin(), registers.end(),
        [](const RegisterDescription& entry) { return entry.role == RegisterRole::program_counter; });
    if (counter == registers.end()) return Refused{errno_value::invalid, "the program counter cannot be set"};
    std::vector<std::byte> value(counter->bytes());
    for (std::size_t i = 0; i < value.size() && i < sizeof address.value; ++i) {
        value[i] = static_cast<std::byte>(address.value >> 8 * i & 0xff);
    }
    if (description.big_endian) std::reverse(value.begin(), value.end());
    const RegisterNumber number{static_cast<std::uint32_t>(counter - registers.begin())};
    return conversation.target.write_register(conversation.moving_thread(), number, value);
}

}  // namespace

Answer why_stopped(Conversation& conversation, std::string_view) {
    Outcome<std::string> reply = stop_reply(conversation, conversation.last_stop);
    if (!reply) return reply.failure_as<Answer>();
    return Text{std::move(*reply.value())};
}

// Without both c and C, and both s and S, GDB does not use vCont. r makes a step over a line one packet.
Answer known_actions(Conversation& conversation, std::string_view) {
    return Text{conversation.target.moves().range_step ? "vCont;c;C;s;S;t;r" : "vCont;c;C;s;S;t"};
}

Answer resume_actions(Conversation& conversation, std::string_view packet) {
    const std::optional<ResumeActions> request = ResumeActions::parse(packet);
    if (!request) return malformed();
    for (const ResumeAction& action : request->actions) {
        if (action.selector.thread && !conversation.has_thread(*action.selector.thread)) {
            return Refused{errno_value::no_thread, "no such thread"};
        }
    }
    const std::optional<Resume> move = move_for(conversation, request->actions);
    if (!move) return why_stopped(conversation, packet);
    const bool alone = request->actions.size() == 1 && std::holds_alternative<Step>(*move) &&
                       request->actions.front().selector.thread.has_value();
    return BeginRun{.resume = *move, .steps_alone = alone};
}

Answer legacy_resume(Conversation& conversation, std::string_view packet) {
    const std::optional<LegacyResume> request = LegacyResume::parse(packet);
    if (!request) return malformed();
    if (request->at) {
        const Outcome<Done> set = set_program_counter(conversation, *request->at);
        if (!set) return set.failure_as<Answer>();
    }
    if (request->step) return BeginRun{Step{conversation.moving_thread()}};
    return BeginRun{Continue{}};
}

// With Hc0, which is usual, it is the thread that the user is on.
Answer reverse_step(Conversation& conversation, std::string_view) {
    if (!conversation.target.moves().reverse) return Unsupported{};
    return BeginRun{ReverseStep{conversation.moving_thread()}};
}

Answer reverse_continue(Conversation& conversation, std::string_view) {
    if (!conversation.target.moves().reverse) return Unsupported{};
    return BeginRun{ReverseContinue{conversation.moving_thread()}};
}

// R has no reply; the client asks with ? or goes on as if the program stood at its beginning.
Answer restart(Conversation& conversation, std::string_view) {
    if (!conversation.target.moves().restart) return Unsupported{};
    return BeginRun{.resume = Restart{}, .tells_stop = false};
}

// The file name and arguments in the packet are the client's idea; the program is the one that is loaded.
Answer run_program(Conversation& conversation, std::string_view) {
    if (!conversation.target.moves().restart) return Unsupported{};
    return BeginRun{Restart{}};
}

// During a run the session takes it for an interrupt; at rest there is nothing to interrupt.
Answer interrupt_at_rest(Conversation&, std::string_view) {
    return ok();
}

}  // namespace backspin::gdbstub::handlers
