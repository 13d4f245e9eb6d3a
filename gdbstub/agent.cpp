#include "gdbstub/agent.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "gdbstub/agent_format.hpp"

namespace backspin::gdbstub {
namespace {

using Bytecode = AgentExpression::Bytecode;

/// GDB manual, "Bytecode Descriptions". Of those on floating point (float, ref_float, ref_double,
/// ref_long_double, l_to_d, d_to_l) it gives the numbers only, as not implemented: they count as unknown.
enum class Operation : std::uint8_t {
    add = 0x02,
    sub = 0x03,
    mul = 0x04,
    div_signed = 0x05,
    div_unsigned = 0x06,
    rem_signed = 0x07,
    rem_unsigned = 0x08,
    lsh = 0x09,
    rsh_signed = 0x0a,
    rsh_unsigned = 0x0b,
    trace = 0x0c,
    trace_quick = 0x0d,
    log_not = 0x0e,
    bit_and = 0x0f,
    bit_or = 0x10,
    bit_xor = 0x11,
    bit_not = 0x12,
    equal = 0x13,
    less_signed = 0x14,
    less_unsigned = 0x15,
    ext = 0x16,
    ref8 = 0x17,
    ref16 = 0x18,
    ref32 = 0x19,
    ref64 = 0x1a,
    if_goto = 0x20,
    goto_ = 0x21,
    const8 = 0x22,
    const16 = 0x23,
    const32 = 0x24,
    const64 = 0x25,
    reg = 0x26,
    end = 0x27,
    dup = 0x28,
    pop = 0x29,
    zero_ext = 0x2a,
    swap = 0x2b,
    getv = 0x2c,
    setv = 0x2d,
    tracev = 0x2e,
    tracenz = 0x2f,
    trace16 = 0x30,
    pick = 0x32,
    rot = 0x33,
    printf = 0x34,
};

/// Bytes that follow the operation; printf's text comes on top.
std::size_t operand_bytes(Operation operation) {
    switch (operation) {
        case Operation::ext:
        case Operation::zero_ext:
        case Operation::const8:
        case Operation::trace_quick:
        case Operation::pick: return 1;
        case Operation::if_goto:
        case Operation::goto_:
        case Operation::const16:
        case Operation::trace16:
        case Operation::getv:
        case Operation::setv:
        case Operation::tracev:
        case Operation::reg: return 2;
        case Operation::printf: return 3;
        case Operation::const32: return 4;
        case Operation::const64: return 8;
        default: return 0;
    }
}

/// A number in the bytecode is big-endian.
std::optional<std::uint64_t> number_at(const Bytecode& code, std::size_t at, std::size_t bytes) {
    if (at > code.size() || bytes > code.size() - at) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | std::to_integer<std::uint64_t>(code[at + i]);
    return value;
}

/// All arithmetic is modulo 2^64; nothing where the result does not exist.
std::optional<std::uint64_t> binary(Operation operation, std::uint64_t a, std::uint64_t b) {
    const auto sa = static_cast<std::int64_t>(a);
    const auto sb = static_cast<std::int64_t>(b);
    const bool overflows = sa == std::numeric_limits<std::int64_t>::min() && sb == -1;
    const auto shift = static_cast<unsigned>(std::min<std::uint64_t>(b, 64));
    switch (operation) {
        case Operation::add: return a + b;
        case Operation::sub: return a - b;
        case Operation::mul: return a * b;
        case Operation::div_signed:
            if (b == 0) return std::nullopt;
            return overflows ? a : static_cast<std::uint64_t>(sa / sb);
        case Operation::div_unsigned: return b == 0 ? std::nullopt : std::optional(a / b);
        case Operation::rem_signed:
            if (b == 0) return std::nullopt;
            return overflows ? 0 : static_cast<std::uint64_t>(sa % sb);
        case Operation::rem_unsigned: return b == 0 ? std::nullopt : std::optional(a % b);
        case Operation::lsh: return shift == 64 ? 0 : a << shift;
        case Operation::rsh_signed: return static_cast<std::uint64_t>(sa >> std::min(shift, 63u));
        case Operation::rsh_unsigned: return shift == 64 ? 0 : a >> shift;
        case Operation::bit_and: return a & b;
        case Operation::bit_or: return a | b;
        case Operation::bit_xor: return a ^ b;
        case Operation::equal: return a == b ? 1 : 0;
        case Operation::less_signed: return sa < sb ? 1 : 0;
        case Operation::less_unsigned: return a < b ? 1 : 0;
        default: return std::nullopt;
    }
}

std::uint64_t sign_extended(std::uint64_t value, unsigned bits) {
    if (bits == 0 || bits >= 64) return value;
    const auto unused = 64 - bits;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value << unused) >> unused);
}

std::uint64_t zero_extended(std::uint64_t value, unsigned bits) {
    return bits >= 64 ? value : value & ((std::uint64_t{1} << bits) - 1);
}

/// One evaluation of one program.
class Evaluation {
  public:
    Evaluation(const Bytecode& code, AgentContext& context) : code_(code), context_(context) {}

    /// True if `end` was reached.
    bool run() {
        for (int steps = 0; steps < AgentExpression::kMostSteps; ++steps) {
            const auto operation = number_at(code_, at_, 1);
            if (!operation) return false;
            if (static_cast<Operation>(*operation) == Operation::end) return true;
            if (!step(static_cast<Operation>(*operation)) || stack_.size() > AgentExpression::kDeepest)
                return false;
        }
        return false;
    }
    std::optional<std::int64_t> top() const {
        if (stack_.empty()) return std::nullopt;
        return static_cast<std::int64_t>(stack_.back());
    }
    const AgentVariables& assigned() const { return assigned_; }

  private:
    bool step(Operation operation) {
        const auto bytes = operand_bytes(operation);
        const auto operand = number_at(code_, at_ + 1, bytes);
        if (!operand) return false;
        at_ += 1 + bytes;
        switch (operation) {
            case Operation::const8:
            case Operation::const16:
            case Operation::const32:
            case Operation::const64: return push(*operand);
            case Operation::reg: return push_register(*operand);
            case Operation::ref8: return load(1);
            case Operation::ref16: return load(2);
            case Operation::ref32: return load(4);
            case Operation::ref64: return load(8);
            case Operation::ext:
            case Operation::zero_ext: return extend(operation, static_cast<unsigned>(*operand));
            case Operation::if_goto: return jump(*operand, true);
            case Operation::goto_: return jump(*operand, false);
            case Operation::log_not:
            case Operation::bit_not: return negate(operation);
            case Operation::dup: return pick(0);
            case Operation::pick: return pick(*operand);
            case Operation::pop: return pop().has_value();
            case Operation::swap: return stack_.size() >= 2 && (std::swap(top_but(0), top_but(1)), true);
            case Operation::rot: return rotate();
            case Operation::getv: return push_variable(static_cast<VariableNumber>(*operand));
            case Operation::setv: return assign(static_cast<VariableNumber>(*operand));
            // There is no trace buffer: what is to be recorded is looked at by nobody. The manual has tracev
            // push a value; GDB does not count on it, and its own server does not do it.
            case Operation::tracev: return variable(static_cast<VariableNumber>(*operand)).has_value();
            case Operation::trace:
            case Operation::tracenz: return pop() && pop();
            case Operation::trace_quick:
            case Operation::trace16: return !stack_.empty();
            case Operation::printf: return print(static_cast<std::size_t>(*operand));
            default: return combine(operation);
        }
    }

    std::uint64_t& top_but(std::size_t depth) { return stack_[stack_.size() - 1 - depth]; }
    bool push(std::uint64_t value) {
        stack_.push_back(value);
        return true;
    }
    std::optional<std::uint64_t> pop() {
        if (stack_.empty()) return std::nullopt;
        const auto value = stack_.back();
        stack_.pop_back();
        return value;
    }
    bool push_register(std::uint64_t number) {
        const auto value = context_.agent_register(RegisterNumber{static_cast<std::uint32_t>(number)});
        return value && push(*value);
    }
    std::optional<std::uint64_t> variable(VariableNumber number) const {
        const auto assigned = assigned_.find(number);
        return assigned == assigned_.end() ? context_.agent_variable(number) : assigned->second;
    }
    bool push_variable(VariableNumber number) {
        const auto value = variable(number);
        return value && push(*value);
    }
    /// The value stays, for the rest of the expression.
    bool assign(VariableNumber number) {
        if (stack_.empty() || !variable(number)) return false;
        assigned_[number] = stack_.back();
        return true;
    }
    bool load(std::size_t bytes) {
        const auto address = pop();
        std::uint64_t value = 0;
        return address &&
               context_.agent_memory(Address{*address},
                                     std::as_writable_bytes(std::span(&value, 1)).first(bytes)) &&
               push(value);
    }
    bool extend(Operation operation, unsigned bits) {
        const auto value = pop();
        if (!value || bits == 0) return false;
        return push(operation == Operation::ext ? sign_extended(*value, bits) : zero_extended(*value, bits));
    }
    bool jump(std::uint64_t where, bool conditional) {
        const auto value = conditional ? pop() : std::optional<std::uint64_t>(1);
        if (!value) return false;
        if (*value != 0) at_ = static_cast<std::size_t>(where);
        return true;
    }
    bool negate(Operation operation) {
        const auto value = pop();
        if (!value) return false;
        return push(operation == Operation::log_not ? std::uint64_t{*value == 0} : ~*value);
    }
    bool pick(std::uint64_t depth) { return depth < stack_.size() && push(top_but(depth)); }
    /// a b c => c a b
    bool rotate() {
        if (stack_.size() < 3) return false;
        std::rotate(stack_.end() - 3, stack_.end() - 1, stack_.end());
        return true;
    }
    bool combine(Operation operation) {
        const auto b = pop();
        const auto a = pop();
        const auto result = a ? binary(operation, *a, *b) : std::nullopt;
        return result && push(*result);
    }

    /// The operand holds the number of arguments and the length of the text, which ends in a NUL.
    bool print(std::size_t operand) {
        const auto count = operand >> 16;
        const auto length = operand & 0xffff;
        if (length == 0 || length > code_.size() - at_ || stack_.size() < count + 2) return false;
        const std::string_view text(reinterpret_cast<const char*>(code_.data()) + at_, length);
        at_ += length;
        // On top stand the channel and the function that GDB would have called.
        stack_.resize(stack_.size() - 2);
        std::vector<std::int64_t> arguments(count);
        // Below, the first argument is the uppermost.
        for (auto& argument : arguments) argument = static_cast<std::int64_t>(*pop());
        const auto printed = agent_format(text.substr(0, text.find('\0')), arguments, context_);
        if (!printed) return false;
        context_.agent_print(*printed);
        return true;
    }

    const Bytecode& code_;
    AgentContext& context_;
    std::size_t at_ = 0;
    std::vector<std::uint64_t> stack_;
    AgentVariables assigned_;  ///< what the variables hold from here on; the others are the context's
};

/// GDB extends what it has just fetched by that value's own width; it is when it converts that it may name a
/// wrong one.
bool is_right_behind(Operation fetched, std::uint64_t width) {
    switch (fetched) {
        case Operation::reg: return true;  // its bits do not say how many of them are the variable's
        case Operation::ref8: return width == 8;
        case Operation::ref16: return width == 16;
        case Operation::ref32: return width == 32;
        case Operation::ref64:
        case Operation::getv:
        case Operation::setv: return width == 64;
        default: return false;
    }
}

/// Where an `ext` or `zero_ext` whose width may be wrong stands among what can be reached.
std::vector<std::size_t> doubtful_extensions_of(const Bytecode& code) {
    struct Reached {
        std::size_t at;
        Operation before;  ///< on this way; `end` behind a jump
    };
    std::vector<bool> seen(code.size()), doubtful(code.size());
    std::vector<Reached> open{{0, Operation::end}};
    while (!open.empty()) {
        const auto [at, before] = open.back();
        open.pop_back();
        if (at >= code.size()) continue;
        const auto operation = static_cast<Operation>(std::to_integer<std::uint8_t>(code[at]));
        const auto operand = number_at(code, at + 1, operand_bytes(operation));
        if (!operand || operation == Operation::end) continue;
        const bool extends = operation == Operation::ext || operation == Operation::zero_ext;
        if (extends && !is_right_behind(before, *operand)) doubtful[at] = true;
        if (seen[at]) continue;
        seen[at] = true;
        auto next = at + 1 + operand_bytes(operation);
        if (operation == Operation::printf) next += *operand & 0xffff;
        if (operation == Operation::if_goto || operation == Operation::goto_)
            open.push_back({static_cast<std::size_t>(*operand), Operation::end});
        if (operation != Operation::goto_) open.push_back({next, operation});
    }
    std::vector<std::size_t> found;
    for (std::size_t at = 0; at < code.size(); ++at) {
        if (doubtful[at]) found.push_back(at);
    }
    return found;
}

}  // namespace

AgentExpression::AgentExpression(Bytecode code) : variants_{std::move(code)} {
    constexpr std::size_t kMostVariants = 64;
    constexpr std::uint8_t kNarrower[] = {8, 16, 32};
    for (const auto at : doubtful_extensions_of(variants_.front())) {
        const auto written = std::to_integer<std::uint8_t>(variants_.front()[at + 1]);
        const auto count = variants_.size();
        for (const auto bits : kNarrower) {
            if (bits >= written) break;
            for (std::size_t i = 0; i < count && variants_.size() <= kMostVariants; ++i) {
                auto variant = variants_[i];
                variant[at + 1] = std::byte{bits};
                variants_.push_back(std::move(variant));
            }
        }
        if (variants_.size() <= kMostVariants) continue;
        too_many_variants_ = true;
        variants_.resize(1);
        return;
    }
}

std::optional<std::int64_t> AgentExpression::evaluate(AgentContext& context) const {
    if (too_many_variants_) return std::nullopt;
    std::optional<std::int64_t> agreed;
    AgentVariables assigned;
    for (const auto& variant : variants_) {
        Evaluation evaluation(variant, context);
        const auto value = evaluation.run() ? evaluation.top() : std::nullopt;
        if (!value || (agreed && (*agreed != *value || assigned != evaluation.assigned())))
            return std::nullopt;
        agreed = value;
        assigned = evaluation.assigned();
    }
    if (!assigned.empty()) context.agent_assign(assigned);
    return agreed;
}

bool AgentExpression::run(AgentContext& context) const {
    Evaluation evaluation(bytecode(), context);
    if (!evaluation.run()) return false;
    if (!evaluation.assigned().empty()) context.agent_assign(evaluation.assigned());
    return true;
}

}  // namespace backspin::gdbstub
