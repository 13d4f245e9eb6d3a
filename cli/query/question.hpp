// What can be asked about a history, as a person types it: for `backspin query` and for gdb's `monitor`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/place.hpp"

namespace backspin::cli {

/// "counter", "counter:2", "0x80001000:8": a symbol or an address, and how many bytes.
struct Target {
    std::string name;                     ///< as it was typed
    std::optional<std::uint64_t> length;  ///< nothing: what the symbol has, or 8
};

struct WriteQuestion {
    enum class Which : std::uint8_t { last, first, all };
    Which which{};
    Target target;
    std::optional<Place> from, to;  ///< for `last`, `to` is where to look back from
};

struct AttemptQuestion {
    bool is_call = false;  ///< with arguments, and from where
    Target target;
    std::optional<Place> from, to;
};

struct ValueQuestion {
    Target target;
    std::optional<Place> at;
};

struct RegisterQuestion {
    std::string name;
    std::optional<Place> before;
};

/// Since when: the predicate is false before some position and true from it on.
struct BisectQuestion {
    enum class Relation : std::uint8_t { equal, unequal, less, less_or_equal, greater, greater_or_equal };
    Target target;
    Relation relation{};
    std::uint64_t value = 0;
};

using Question =
    std::variant<WriteQuestion, AttemptQuestion, ValueQuestion, RegisterQuestion, BisectQuestion>;

/// A kind of question, for lists and help.
struct QuestionForm {
    std::string_view word, arguments, help;
};
std::vector<QuestionForm> question_forms();

/// Each with its arguments and what it answers, a line each.
std::string list_of_questions();

/// Throws StartError, saying what is wrong and what was wanted.
Question parse_question(std::string_view text);

}  // namespace backspin::cli
