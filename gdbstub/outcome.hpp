// What became of something that was asked of a target: a value, or one of two kinds of failure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace backspin::gdbstub {

/// The request cannot be met; the client is told, and the session goes on.
struct Refused {
    std::uint8_t errno_value =
        22;            ///< errno in GDB's file-I/O numbering, which equals Linux's for the common ones
    std::string text;  ///< a sentence for the person at the prompt: what, and how to do it instead
    bool operator==(const Refused&) const = default;
};

/// The target cannot go on at all; the client is told, and the session ends.
struct Broken {
    std::string why;
    bool operator==(const Broken&) const = default;
};

/// For operations that have nothing to give back.
struct Done {
    bool operator==(const Done&) const = default;
};

template <class Value>
class [[nodiscard]] Outcome {
  public:
    // Implicit, so that a function returns a value or a failure as it is.
    // NOLINTBEGIN(google-explicit-constructor)
    Outcome(Value value) : alternatives_(std::move(value)) {}
    Outcome(Refused refused) : alternatives_(std::move(refused)) {}
    Outcome(Broken broken) : alternatives_(std::move(broken)) {}
    // NOLINTEND(google-explicit-constructor)

    /// Null unless there is a value.
    const Value* value() const { return std::get_if<Value>(&alternatives_); }
    Value* value() { return std::get_if<Value>(&alternatives_); }
    const Refused* refused() const { return std::get_if<Refused>(&alternatives_); }
    const Broken* broken() const { return std::get_if<Broken>(&alternatives_); }
    explicit operator bool() const { return value() != nullptr; }

    /// Hands a failure on as another type's outcome (an Outcome<T>, or any type made from Refused and
    /// Broken). Precondition: there is no value.
    template <class Result>
    Result failure_as() const {
        if (const Refused* text = refused()) return Result{*text};
        return Result{std::get<Broken>(alternatives_)};
    }

  private:
    std::variant<Value, Refused, Broken> alternatives_;
};

/// Error numbers as they travel in E and F packets.
namespace errno_value {
inline constexpr std::uint8_t no_entry = 2;      // ENOENT
inline constexpr std::uint8_t no_thread = 3;     // ESRCH
inline constexpr std::uint8_t bad_file = 9;      // EBADF
inline constexpr std::uint8_t access = 13;       // EACCES
inline constexpr std::uint8_t bad_address = 14;  // EFAULT
inline constexpr std::uint8_t invalid = 22;      // EINVAL
inline constexpr std::uint8_t read_only = 30;    // EROFS
}  // namespace errno_value

}  // namespace backspin::gdbstub
