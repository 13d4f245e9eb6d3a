// Loads and stores: one compare finds where the bytes are on the host, as in emu/engine/tlb.hpp. Stores
// beside the code of a page are found a little later; everything else is the interpreter's.
#include <bit>

#include "base/pages.hpp"
#include "emu/engine/memory_port.hpp"
#include "emu/jit/emitter.hpp"

namespace backspin::emu::jit {
namespace {

constexpr int kPageMask = -static_cast<int>(kPageSize);

}  // namespace

Reg64 Emitter::address() {
    const auto imm = operation_.imm;
    if (operation_.rs1 == 0) {
        is_64() ? mov(kA, static_cast<std::int64_t>(imm)) : mov(eax, static_cast<std::uint32_t>(imm));
    } else if (has_home(operation_.rs1)) {
        if (imm == 0) return home(operation_.rs1);
        lea(wide(kA), ptr[home(operation_.rs1) + imm]);
    } else {
        load(kA, operation_.rs1);
        if (imm != 0) add(wide(kA), imm);
    }
    return kA;
}

// The delta is added by the access itself: a sum less between one load and the next that depends on it.
void Emitter::find(const Reg64& at, unsigned size, bool for_writing) {
    constexpr auto kShift = std::countr_zero(sizeof(Tlb::Entry));
    const int table = for_writing ? static_cast<int>(MemoryPort::kWriteTable) : 0;
    mov(kB, at);
    shr(kB, static_cast<int>(kPageBits) - kShift);
    and_(kB.cvt32(), static_cast<std::uint32_t>((Tlb::kEntries - 1) << kShift));
    if (size == 1) {
        mov(kC, at);
    } else {
        lea(kC, ptr[at + static_cast<int>(size - 1)]);
    }
    and_(kC, kPageMask);
    cmp(kC, ptr[kData + kB + table + static_cast<int>(offsetof(Tlb::Entry, page))]);
    const auto delta = ptr[kData + kB + table + static_cast<int>(offsetof(Tlb::Entry, delta))];
    if (!for_writing) {
        jne(leaving(), T_NEAR);
        mov(kB, delta);
        return;
    }
    auto& beside = besides_.emplace_back(Beside{index_, at, size, {}, {}});
    jne(beside.label, T_NEAR);
    mov(kB, delta);
    L(beside.back);
}

/// rax: an address. Sets rcx as find() does, or the carry flag. As MemoryPort::find_beside_code.
void Emitter::write_find_beside(unsigned size) {
    using Entry = MemoryPort::BesideCode;
    static_assert(sizeof(Entry) == 24);
    constexpr int kGranuleBits = 6;
    const auto entry = [](std::size_t member) {
        return Xbyak::util::ptr[kData + kB * 8 + static_cast<int>(MemoryPort::kBesideCodeTable + member)];
    };
    align(16);
    find_beside_[size] = getCurr();
    Xbyak::Label none;
    push(rsi);
    mov(kB, kA);
    shr(kB, static_cast<int>(kPageBits));
    and_(kB.cvt32(), static_cast<std::uint32_t>(MemoryPort::kBesideCodeEntries - 1));
    lea(kB, ptr[kB + kB * 2]);
    lea(kC, ptr[kA + static_cast<int>(size - 1)]);
    mov(rsi, kC);
    and_(rsi, kPageMask);
    cmp(rsi, entry(offsetof(Entry, page)));
    jne(none);
    mov(rsi, entry(offsetof(Entry, granules)));
    mov(rsi, ptr[rsi]);
    shr(kC, kGranuleBits);
    bt(rsi, kC);
    jc(none);
    mov(kC, kA);
    shr(kC, kGranuleBits);
    bt(rsi, kC);
    jc(none);
    mov(kB, entry(offsetof(Entry, delta)));
    pop(rsi);
    clc();
    ret();
    L(none);
    pop(rsi);
    stc();
    ret();
}

template <class Value>
void Emitter::load_value() {
    const auto at = address();
    find(at, sizeof(Value), false);
    const auto rd = operation_.rd;
    const auto to = has_home(rd) ? home(rd) : kA;
    if constexpr (sizeof(Value) == 8) {
        mov(to, qword[at + kB]);
    } else if constexpr (sizeof(Value) == 4) {
        std::is_signed_v<Value>&& is_64() ? movsxd(to, dword[at + kB]) : mov(to.cvt32(), dword[at + kB]);
    } else {
        const auto from = sizeof(Value) == 2 ? word[at + kB] : byte[at + kB];
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
    const auto at = address();
    find(at, size, true);
    const auto value = value_of(operation_.rs2, kC);
    switch (size) {
        case 1: mov(byte[at + kB], value.cvt8()); break;
        case 2: mov(word[at + kB], value.cvt16()); break;
        case 4: mov(dword[at + kB], value.cvt32()); break;
        default: mov(qword[at + kB], value); break;
    }
}

// One hart makes one step at a time: there is nobody to be atomic against.
void Emitter::atomic(unsigned size, Atomic operation) {
    const auto at = address();
    test(at.cvt32(), size - 1);
    jnz(leaving(), T_NEAR);
    find(at, size, true);
    lea(kA, ptr[at + kB]);
    const auto sized = [&](const Reg64& r) {
        return size == 8 ? Xbyak::Reg32e(r) : Xbyak::Reg32e(r.cvt32());
    };
    const auto old = sized(kB);
    const auto next = sized(kC);
    load(kC, operation_.rs2);
    mov(old, ptr[kA]);
    switch (operation) {
        case Atomic::swap: break;
        case Atomic::add: add(next, old); break;
        case Atomic::xor_: xor_(next, old); break;
        case Atomic::and_: and_(next, old); break;
        case Atomic::or_: or_(next, old); break;
        default: cmp(old, next); break;
    }
    switch (operation) {
        case Atomic::min: cmovl(next, old); break;
        case Atomic::max: cmovg(next, old); break;
        case Atomic::min_unsigned: cmovb(next, old); break;
        case Atomic::max_unsigned: cmova(next, old); break;
        default: break;
    }
    mov(ptr[kA], next);
    if (size == 4 && is_64()) movsxd(kB, kB.cvt32());
    write(operation_.rd, kB);
}

}  // namespace backspin::emu::jit
