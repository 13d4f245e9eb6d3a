// The choice of the rule for an instruction.
#include "emu/isa/semantics.hpp"
#include "emu/jit/emitter.hpp"
#include "emu/jit/emitter_rules.hpp"

namespace backspin::emu::jit {
namespace {

/// The semantics of an instruction that computes with integers, as a function to call; null for others.
template <class X>
const void* semantics_of(Opcode opcode) {
    using Table = Semantics<X>;
    switch (opcode) {
#define REGISTER_ROW(name, ...) \
    case Opcode::name: return reinterpret_cast<const void*>(&Table::name::apply);
#define IMMEDIATE_ROW REGISTER_ROW
#include "emu/isa/instructions.inc"
        default: return nullptr;
    }
}

bool has_immediate(Opcode opcode) {
    switch (opcode) {
#define IMMEDIATE_ROW(name, ...) \
    case Opcode::name: return true;
#include "emu/isa/instructions.inc"
        default: return false;
    }
}

}  // namespace

void Emitter::emit(const Instruction& instruction) {
    constexpr auto full = Width::full;
    constexpr auto w = Width::word;
    constexpr auto single = Precision::single;
    constexpr auto twice = Precision::twice;
    switch (instruction.opcode) {
#define EMISSION(name, ...) \
    case Opcode::name: __VA_ARGS__; return;
#include "emu/jit/emission.inc"
#undef EMISSION
        default: break;
    }
    const auto* semantics = is_64() ? semantics_of<std::uint64_t>(instruction.opcode)
                                    : semantics_of<std::uint32_t>(instruction.opcode);
    if (semantics == nullptr) return leave();
    call_semantics(semantics, has_immediate(instruction.opcode));
}

}  // namespace backspin::emu::jit
