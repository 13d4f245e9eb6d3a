// Loads and stores: one compare finds where the bytes are on the host, as in emu/engine/tlb.hpp. Everything
// else is the interpreter's.
#include <bit>

#include "base/pages.hpp"
#include "emu/engine/memory_port.hpp"
#include "emu/jit/emitter.hpp"

namespace backspin::emu::jit {

void Emitter::address() {
    const auto imm = operation_.imm;
    if (operation_.rs1 == 0) {
        is_64() ? mov(kA, static_cast<std::int64_t>(imm)) : mov(eax, static_cast<std::uint32_t>(imm));
    } else if (has_home(operation_.rs1)) {
        lea(wide(kA), ptr[home(operation_.rs1) + imm]);
    } else {
        load(kA, operation_.rs1);
        if (imm != 0) add(wide(kA), imm);
    }
}

void Emitter::find(unsigned size, bool for_writing) {
    constexpr auto kShift = std::countr_zero(sizeof(Tlb::Entry));
    const int table = for_writing ? static_cast<int>(MemoryPort::kWriteTable) : 0;
    mov(kB, kA);
    shr(kB, static_cast<int>(kPageBits) - kShift);
    and_(kB.cvt32(), static_cast<std::uint32_t>((Tlb::kEntries - 1) << kShift));
    lea(kC, ptr[kA + static_cast<int>(size - 1)]);
    and_(kC, -static_cast<int>(kPageSize));
    cmp(kC, ptr[kData + kB + table + static_cast<int>(offsetof(Tlb::Entry, page))]);
    jne(leaving(), T_NEAR);
    add(kA, ptr[kData + kB + table + static_cast<int>(offsetof(Tlb::Entry, delta))]);
}

template <class Value>
void Emitter::load_value() {
    address();
    find(sizeof(Value), false);
    const auto rd = operation_.rd;
    const auto to = has_home(rd) ? home(rd) : kA;
    if constexpr (sizeof(Value) == 8) {
        mov(to, qword[kA]);
    } else if constexpr (sizeof(Value) == 4) {
        std::is_signed_v<Value>&& is_64() ? movsxd(to, dword[kA]) : mov(to.cvt32(), dword[kA]);
    } else {
        const auto from = sizeof(Value) == 2 ? word[kA] : byte[kA];
        std::is_signed_v<Value> ? movsx(wide(to), from) : movzx(to.cvt32(), from);
    }
    write(rd, to);
}

template void Emitter::load_value<std::int8_t>();
template void Emitter::load_value<std::int16_t>();
template void Emitter::load_value<std::int32_t>();
template void Emitter::load_value<std::int64_t>();
template void Emitter::load_value<std::uint8_t>();
template void Emitter::load_value<std::uint16_t>();
template void Emitter::load_value<std::uint32_t>();

void Emitter::store_value(unsigned size) {
    address();
    find(size, true);
    const auto value = value_of(operation_.rs2, kB);
    switch (size) {
        case 1: mov(byte[kA], value.cvt8()); break;
        case 2: mov(word[kA], value.cvt16()); break;
        case 4: mov(dword[kA], value.cvt32()); break;
        default: mov(qword[kA], value); break;
    }
}

}  // namespace backspin::emu::jit
