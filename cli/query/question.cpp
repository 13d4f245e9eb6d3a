#include "cli/query/question.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <vector>

#include <fmt/format.h>

#include "cli/start_error.hpp"
#include "cli/units.hpp"

namespace backspin::cli {
namespace {

constexpr std::uint64_t kLongest = 4096;

struct Words {
    std::string question;
    std::vector<std::string> arguments;

    std::optional<Place> place(std::size_t number) const {
        if (number >= arguments.size()) return std::nullopt;
        if (auto place = parse_place(arguments[number])) return place;
        throw StartError(
            fmt::format("{}: '{}' is no place in time; give a step, a time (1.5s), a bookmark, "
                        "start or end",
                        question, arguments[number]));
    }

    Target target() const {
        const auto& text = arguments.at(0);
        const auto colon = text.rfind(':');
        if (colon == std::string::npos) return {text, std::nullopt};
        const auto length = parse_number(std::string_view(text).substr(colon + 1));
        if (length && *length >= 1 && *length <= kLongest && colon > 0)
            return {text.substr(0, colon), length};
        throw StartError(
            fmt::format("{}: '{}': a length is 1 to {} bytes, as in counter:4", question, text, kLongest));
    }
};

Question read_write(const Words& words, WriteQuestion::Which which) {
    WriteQuestion asked{which, words.target(), {}, {}};
    if (which == WriteQuestion::Which::last) {
        asked.to = words.place(1);
    } else {
        asked.from = words.place(1);
        asked.to = words.place(2);
    }
    return asked;
}

Question read_attempt(const Words& words, bool is_call) {
    return AttemptQuestion{is_call, words.target(), words.place(1), words.place(2)};
}

Question read_bisect(const Words& words) {
    using Relation = BisectQuestion::Relation;
    constexpr std::array<std::pair<std::string_view, Relation>, 6> kRelations{
        {{"==", Relation::equal},
         {"!=", Relation::unequal},
         {"<", Relation::less},
         {"<=", Relation::less_or_equal},
         {">", Relation::greater},
         {">=", Relation::greater_or_equal}}};
    const auto* relation =
        std::ranges::find(kRelations, words.arguments[1], &std::pair<std::string_view, Relation>::first);
    const auto value = parse_number(words.arguments[2]);
    if (relation != kRelations.end() && value)
        return BisectQuestion{words.target(), relation->second, *value};
    throw StartError("bisect wants TARGET ==|!=|<|<=|>|>= NUMBER, as in: bisect counter >= 100");
}

struct Form {
    std::string_view word, arguments, help;
    std::size_t least, most;  ///< arguments
    Question (*read)(const Words&);
};

using Which = WriteQuestion::Which;
constexpr std::array<Form, 8> kForms{{
    {"last-write", "TARGET [BEFORE]", "who wrote there last, and what", 1, 2,
     [](const Words& words) { return read_write(words, Which::last); }},
    {"first-write", "TARGET [FROM [TO]]", "who wrote there first", 1, 3,
     [](const Words& words) { return read_write(words, Which::first); }},
    {"writes", "TARGET [FROM [TO]]", "all writes, with old and new value", 1, 3,
     [](const Words& words) { return read_write(words, Which::all); }},
    {"executed", "CODE [FROM [TO]]", "when the instruction there was attempted", 1, 3,
     [](const Words& words) { return read_attempt(words, false); }},
    {"calls", "FUNCTION [FROM [TO]]", "when, from where, with which arguments", 1, 3,
     [](const Words& words) { return read_attempt(words, true); }},
    {"value", "TARGET [AT]", "what was there", 1, 2,
     [](const Words& words) { return Question(ValueQuestion{words.target(), words.place(1)}); }},
    {"last-change", "REGISTER [BEFORE]", "which step gave the register its value", 1, 2,
     [](const Words& words) { return Question(RegisterQuestion{words.arguments[0], words.place(1)}); }},
    {"bisect", "TARGET RELATION NUMBER", "since when it is so: == != < <= > >=", 3, 3, read_bisect},
}};

}  // namespace

std::string list_of_questions() {
    std::string text;
    for (const auto& form : kForms)
        text += fmt::format("{:<32} {}\n", fmt::format("{} {}", form.word, form.arguments), form.help);
    return text;
}

std::vector<QuestionForm> question_forms() {
    std::vector<QuestionForm> forms;
    forms.reserve(kForms.size());
    for (const auto& form : kForms) forms.push_back({form.word, form.arguments, form.help});
    return forms;
}

Question parse_question(std::string_view text) {
    std::istringstream in{std::string(text)};
    Words words;
    in >> words.question;
    for (std::string word; in >> word;) words.arguments.push_back(word);
    const auto* form = std::ranges::find(kForms, words.question, &Form::word);
    if (form == kForms.end())
        throw StartError(
            fmt::format("'{}' is no question; there are:\n{}", words.question, list_of_questions()));
    if (words.arguments.size() < form->least || words.arguments.size() > form->most)
        throw StartError(fmt::format("{} wants: {} {}", form->word, form->word, form->arguments));
    return form->read(words);
}

}  // namespace backspin::cli
