// Agent expressions: the bytecode in which GDB sends conditions and commands of breakpoints, so that the
// target judges them where they are hit. Source: GDB manual, appendix "The GDB Agent Expression Mechanism".
//
// Bytecode comes from a stranger: it is bounded in steps, stack and length, reads only what the debuggee lets
// be read, and what cannot be evaluated is reported as such, never guessed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "gdbstub/types.hpp"

namespace backspin::gdbstub {

/// Trace state variables, which the client makes (`tvariable` in GDB) and knows by number.
using VariableNumber = std::uint16_t;
using AgentVariables = std::map<VariableNumber, std::uint64_t>;

/// What an expression looks at: one thread of a debuggee that stands still. Evaluating changes nothing in it.
class AgentContext {
  public:
    virtual ~AgentContext() = default;
    /// The register's bits, without sign extension; nothing if there is no such register.
    virtual std::optional<std::uint64_t> agent_register(RegisterNumber number) = 0;
    /// False unless all of the bytes can be read.
    virtual bool agent_memory(Address at, std::span<std::byte> into) = 0;
    virtual void agent_print(std::string_view text) = 0;
    /// Nothing if there is no such variable.
    virtual std::optional<std::uint64_t> agent_variable(VariableNumber) { return std::nullopt; }
    /// What an expression that was evaluated to its end has given to variables that there are.
    virtual void agent_assign(const AgentVariables&) {}
};

/// One expression, as it came.
class AgentExpression {
  public:
    using Bytecode = std::vector<std::byte>;

    static constexpr std::size_t kLongest = 65535;  ///< bytes: addresses in the bytecode have 16 bits
    static constexpr int kMostSteps = 10'000;
    static constexpr std::size_t kDeepest = 256;  ///< values on the stack

    /// Nothing is looked into yet: an expression that makes no sense is found when it is evaluated.
    explicit AgentExpression(Bytecode code);

    /// The value on top of the stack at its end; nothing if it cannot be evaluated: memory that is not there,
    /// an unknown operation, too long, a division by zero ... or if GDB's mistakes in it matter (see below).
    std::optional<std::int64_t> evaluate(AgentContext& context) const;

    /// Runs a command, which leaves nothing behind; false if it could not be run to its end.
    bool run(AgentContext& context) const;

    const Bytecode& bytecode() const { return variants_.front(); }
    bool operator==(const AgentExpression& other) const { return bytecode() == other.bytecode(); }
    auto operator<=>(const AgentExpression& other) const { return bytecode() <=> other.bytecode(); }

  private:
    /// GDB sometimes writes a width that is too large as the operand of `ext` and `zero_ext` (GDB bug 18617),
    /// but not right behind what it fetches from a register or from memory. Elsewhere, every narrower width
    /// that may have been meant is tried, too; only a result on which all agree is one. The first is the
    /// expression itself; empty beyond that if there would be too many.
    std::vector<Bytecode> variants_;
    bool too_many_variants_ = false;
};

}  // namespace backspin::gdbstub
