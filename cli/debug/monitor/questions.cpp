// Questions about the history: docs/questions.md. The session's own stops, what it has told the user and the
// position stay as they are.
#include <vector>

#include <fmt/format.h>

#include "cli/debug/monitor/families.hpp"
#include "cli/debug/monitor/going.hpp"
#include "cli/query/answer.hpp"
#include "cli/query/question.hpp"
#include "cli/start_error.hpp"

namespace backspin::cli::monitor {
namespace {

Reply ask(const Call& call) {
    constexpr std::size_t kMostLines = 100;
    auto& desk = call.desk;
    std::string text;
    std::size_t lines = 0;
    try {
        const auto& symbols = desk.symbols();
        const auto bookmarks = bookmarks_here(desk);
        Answerer answerer(desk.machine, desk.timeline, bookmarks, symbols, desk.selected,
                          desk.keeping.find_line);
        const auto question = parse_question(fmt::format("{} {}", call.command.name, call.arguments));
        answerer.answer(question, [&](const Answer& answer) {
            if (++lines > kMostLines) {
                text += "... and more: name a later place to begin\n";
                return false;
            }
            text += to_text(answer, symbols) + "\n";
            return true;
        });
    } catch (const StartError& error) {
        return refused(error.what());
    }
    return text.empty() ? "never, in this history\n" : text;
}

}  // namespace

Family questions() {
    static const auto kQuestionsCommands = [] {
        std::vector<Command> commands;
        for (const auto& form : question_forms())
            commands.push_back({form.word, form.arguments, form.help, ask,
                                "  TARGET is a symbol or an address, with :LENGTH if need be."});
        return commands;
    }();
    return {"Questions, which leave the position as it is", kQuestionsCommands};
}

}  // namespace backspin::cli::monitor
