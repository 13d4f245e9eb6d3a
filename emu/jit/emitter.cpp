#include "emu/jit/emitter.hpp"

#include <cstddef>

#include "emu/hart.hpp"
#include "emu/jit/frame.hpp"

namespace backspin::emu::jit {

using Xbyak::Label;

HostFeatures HostFeatures::detect() {
    using Xbyak::util::Cpu;
    const Cpu cpu;
    return {cpu.has(Cpu::tBMI2), cpu.has(Cpu::tLZCNT), cpu.has(Cpu::tBMI1), cpu.has(Cpu::tPOPCNT),
            cpu.has(Cpu::tFMA)};
}

Emitter::Emitter(std::span<std::byte> memory, unsigned xlen, const HostFeatures& features,
                 const Layout& layout)
    : Xbyak::CodeGenerator(memory.size(), memory.data()), xlen_(xlen), features_(features), layout_(layout) {}

// ---- what all blocks share ----------------------------------------------------------------------

void Emitter::write_common() {
    write_entrance();
    write_exits();
    write_float_start();
    for (const unsigned size : {1U, 2U, 4U, 8U}) write_find_beside(size);
    common_bytes_ = getSize();
}

void Emitter::write_entrance() {
    nop(16);  // sanitizers look at what is in front of a function
    align(16);
    entrance_ = here();
    for (const auto& saved : {rbx, rbp, r12, r13, r14, r15}) push(saved);
    sub(rsp, stack::kBytes);
    mov(ptr[rsp + stack::kFrame], rdi);
    mov(rax, ptr[rdi + offsetof(Frame, jumps)]);
    mov(ptr[rsp + stack::kJumps], rax);
    mov(rax, ptr[rdi + offsetof(Frame, base)]);
    mov(ptr[rsp + stack::kBase], rax);
    mov(dword[rsp + stack::kFloatActive], 0);
    mov(eax, ptr[rdi + offsetof(Frame, observed)]);
    mov(ptr[rsp + stack::kObserved], eax);
    mov(kHart, ptr[rdi + offsetof(Frame, x)]);
    add(kHart, kHartBias);
    mov(kData, ptr[rdi + offsetof(Frame, data)]);
    mov(kLeft, ptr[rdi + offsetof(Frame, left)]);
    mov(rax, rsi);
    for (const auto& home : kHomes) mov(Reg64(home.host), in_memory(home.guest));
    jmp(rax);
}

void Emitter::write_exits() {
    Label leave;
    align(16);
    untranslated_ = here();  // rax: the block
    mov(rdx, ptr[rsp + stack::kFrame]);
    mov(ptr[rdx + offsetof(Frame, slot)], rax);
    mov(dword[rdx + offsetof(Frame, exit)], static_cast<std::uint32_t>(Exit::enter));
    jmp(leave, T_NEAR);

    leave_operation_ = getCurr();  // rax: the block, rcx: how many bytes behind it
    mov(rdx, ptr[rsp + stack::kFrame]);
    mov(ptr[rdx + offsetof(Frame, head)], rax);
    add(rax, rcx);
    mov(ptr[rdx + offsetof(Frame, slot)], rax);
    mov(dword[rdx + offsetof(Frame, exit)], static_cast<std::uint32_t>(Exit::operation));
    jmp(leave, T_NEAR);

    leave_to_address_ = getCurr();  // rax: the address
    mov(rdx, ptr[rsp + stack::kFrame]);
    mov(ptr[rdx + offsetof(Frame, pc)], rax);
    mov(dword[rdx + offsetof(Frame, exit)], static_cast<std::uint32_t>(Exit::address));
    jmp(leave, T_NEAR);

    leave_link_ = getCurr();  // rax: the branch, rcx: Exit, rdx: the site
    mov(ptr[rsp + stack::kScratch], rdx);
    mov(rdx, ptr[rsp + stack::kFrame]);
    mov(ptr[rdx + offsetof(Frame, slot)], rax);
    mov(ptr[rdx + offsetof(Frame, exit)], ecx);
    mov(rax, ptr[rsp + stack::kScratch]);
    mov(ptr[rdx + offsetof(Frame, site)], rax);

    L(leave);  // rdx: the frame
    for (const auto& home : kHomes) mov(in_memory(home.guest), Reg64(home.host));
    mov(ptr[rdx + offsetof(Frame, left)], kLeft);
    mov(rax, ptr[rsp + stack::kBase]);
    mov(ptr[rdx + offsetof(Frame, base)], rax);
    mov(eax, ptr[rsp + stack::kFloatActive]);
    mov(ptr[rdx + offsetof(Frame, float_used)], eax);
    Label no_float;
    test(eax, eax);
    jz(no_float);
    stmxcsr(ptr[rdx + offsetof(Frame, final_control)]);
    ldmxcsr(ptr[rdx + offsetof(Frame, usual_control)]);
    L(no_float);
    add(rsp, stack::kBytes);
    for (const auto& saved : {r15, r14, r13, r12, rbp, rbx}) pop(saved);
    ret();
}

/// Called by the first operation that computes with floats: eax says whether it may.
void Emitter::write_float_start() {
    constexpr int kReturn = 8;
    align(16);
    start_float_ = getCurr();
    Label not_ready;
    mov(rdx, ptr[rsp + kReturn + stack::kFrame]);
    mov(eax, ptr[rdx + offsetof(Frame, float_ready)]);
    test(eax, eax);
    jz(not_ready);
    ldmxcsr(ptr[rdx + offsetof(Frame, guest_control)]);
    mov(dword[rsp + kReturn + stack::kFloatActive], 1);
    L(not_ready);
    ret();
}

// ---- a block ------------------------------------------------------------------------------------

void Emitter::begin_block(const Slot* head, unsigned steps) {
    head_ = head;
    steps_ = steps;
    cannot_pay_.emplace();
    leavings_.clear();
    links_.clear();
    float_starts_.clear();
    besides_.clear();
    sub(kLeft, steps);
    jb(*cannot_pay_, T_NEAR);
}

void Emitter::begin_operation(std::size_t index, const Slot& slot, const Instruction& instruction) {
    index_ = index;
    operation_ = slot.operation;
    instruction_ = instruction;
}

Label& Emitter::leaving() {
    // The last ones first: an operation asks several times in a row.
    for (auto known = leavings_.rbegin(); known != leavings_.rend(); ++known) {
        if (known->index == index_) return known->label;
    }
    return leavings_.emplace_back(Leaving{index_, {}}).label;
}

Emitter::Link& Emitter::link(bool taken) {
    return links_.emplace_back(Link{index_, taken, nullptr, {}});
}

void Emitter::leave() {
    jmp(leaving(), T_NEAR);
}

void Emitter::leave_if_observed() {
    cmp(dword[rsp + stack::kObserved], 0);
    jne(leaving(), T_NEAR);
}

void Emitter::end_block() {
    for (auto& start : float_starts_) {
        L(start.label);
        call(static_cast<const void*>(start_float_));
        test(eax, eax);
        jnz(start.back, T_NEAR);
        index_ = start.index;
        leave();
    }
    for (auto& beside : besides_) {
        L(beside.label);
        if (beside.at != kA) mov(kA, beside.at);
        call(static_cast<const void*>(find_beside_[beside.size]));
        index_ = beside.index;
        jnc(beside.back, T_NEAR);
        leave();
    }
    Label leave_this;
    for (auto& leaving : leavings_) {
        L(leaving.label);
        mov(ecx, static_cast<std::uint32_t>(leaving.index * sizeof(Slot)));
        jmp(leave_this, T_NEAR);
    }
    for (auto& link : links_) {
        L(link.label);
        mov(rax, reinterpret_cast<std::uint64_t>(head_ + link.index));
        mov(ecx, static_cast<std::uint32_t>(link.taken ? Exit::taken : Exit::fall_through));
        lea(rdx, ptr[rip + static_cast<const void*>(link.site)]);
        jmp(static_cast<const void*>(leave_link_), T_NEAR);
    }
    if (!leavings_.empty()) {
        L(leave_this);
        mov(rax, reinterpret_cast<std::uint64_t>(head_));
        jmp(static_cast<const void*>(leave_operation_), T_NEAR);
    }
    L(*cannot_pay_);
    add(kLeft, steps_);
    mov(rax, reinterpret_cast<std::uint64_t>(head_));
    jmp(static_cast<const void*>(untranslated_), T_NEAR);
}

// ---- registers of the guest -----------------------------------------------------------------------

Reg64 Emitter::value_of(unsigned guest, const Reg64& scratch) {
    if (has_home(guest)) return home(guest);
    load(scratch, guest);
    return scratch;
}

void Emitter::load(const Reg64& to, unsigned guest) {
    if (guest == 0) {
        xor_(to.cvt32(), to.cvt32());
    } else if (!has_home(guest)) {
        mov(to, in_memory(guest));
    } else if (home(guest) != to) {
        mov(to, home(guest));
    }
}

void Emitter::write(unsigned guest, const Reg64& from) {
    if (guest == 0 || guest == Hart::kSink) return;
    if (!has_home(guest)) {
        mov(in_memory(guest), from);
    } else if (home(guest) != from) {
        mov(home(guest), from);
    }
}

Reg64 Emitter::place_for(unsigned rd, unsigned other) const {
    const bool is_free = rd != other || rd == operation_.rs1;
    return has_home(rd) && is_free ? home(rd) : kA;
}

}  // namespace backspin::emu::jit
