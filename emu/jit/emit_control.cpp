// Branches and jumps. Within the page a jump is put in once its target is translated; what leads out of it
// goes through the table of the address space, as in emu/engine/jump_table.hpp.
#include "base/pages.hpp"
#include "emu/engine/jump_table.hpp"
#include "emu/hart.hpp"
#include "emu/jit/emitter.hpp"
#include "emu/jit/emitter_rules.hpp"

namespace backspin::emu::jit {
namespace {

/// Of a displacement of 32 bits, which ends a jump.
constexpr int kDisplacement = 4;

}  // namespace

bool Emitter::leads_within_page(std::int64_t offset) const {
    return offset >= 0 && offset < static_cast<std::int64_t>(kPageSize);
}

void Emitter::compare() {
    const auto a = value_of(operation_.rs1, kA);
    if (operation_.rs2 == 0) {
        test(wide(a), wide(a));
    } else {
        with_operand(operation_.rs2, kB, false, [&](const Xbyak::Operand& b) { cmp(wide(a), b); });
    }
}

void Emitter::jump_if(Order order, const Xbyak::Label& target) {
    switch (order) {
        case Order::equal: je(target, T_NEAR); break;
        case Order::not_equal: jne(target, T_NEAR); break;
        case Order::less: jl(target, T_NEAR); break;
        case Order::not_less: jge(target, T_NEAR); break;
        case Order::below: jb(target, T_NEAR); break;
        case Order::not_below: jae(target, T_NEAR); break;
    }
}

void Emitter::jump_to_link(bool taken) {
    auto& to = link(taken);
    jmp(to.label, T_NEAR);
    to.site = here() - kDisplacement;
}

void Emitter::branch(Order order) {
    const std::int64_t here_offset = operation_.page_offset;
    const auto target = here_offset + operation_.imm;
    const auto next = here_offset + operation_.length;
    Xbyak::Label out;
    compare();
    if (leads_within_page(target)) {
        auto& to = link(true);
        jump_if(order, to.label);
        to.site = here() - kDisplacement;
    } else {
        jump_if(order, out);
    }
    if (leads_within_page(next)) {
        jump_to_link(false);
    } else {
        go_to_offset(next);
    }
    if (!leads_within_page(target)) {
        L(out);
        go_to_offset(target);
    }
}

void Emitter::write_link_register() {
    if (operation_.rd == Hart::kSink) return;
    const auto to = has_home(operation_.rd) ? home(operation_.rd) : kB;
    mov(to, ptr[rsp + stack::kBase]);
    add(wide(to), operation_.page_offset + operation_.length);
    write(operation_.rd, to);
}

void Emitter::jump() {
    const auto target = std::int64_t{operation_.page_offset} + operation_.imm;
    write_link_register();
    if (leads_within_page(target)) {
        jump_to_link(true);
    } else {
        go_to_offset(target);
    }
}

void Emitter::jump_to_register() {
    const auto target = address();
    if (target != kA) mov(kA, target);
    and_(wide(kA), -2);
    write_link_register();
    go_to_address();
}

void Emitter::go_to_offset(std::int64_t offset) {
    mov(kA, ptr[rsp + stack::kBase]);
    add(wide(kA), static_cast<std::int32_t>(offset));
    go_to_address();
}

void Emitter::go_to_address() {
    using Table = JumpTable;
    mov(kC, ptr[rsp + stack::kJumps]);
    lea(kB.cvt32(), ptr[kA * (Table::kEntryBytes / 2)]);
    and_(kB.cvt32(), static_cast<std::uint32_t>((Table::kEntries - 1) * Table::kEntryBytes));
    cmp(ptr[kC + kB + Table::kPc], kA);
    jne(static_cast<const void*>(leave_to_address_));
    and_(kA, -static_cast<int>(kPageSize));
    mov(ptr[rsp + stack::kBase], kA);
    mov(kA, ptr[kC + kB + Table::kBlock]);
    static_assert(Table::kEntryBytes == 16);
    shr(kB.cvt32(), 4);
    mov(byte[kC + kB + static_cast<int>(Table::kFound)], 1);
    jmp(ptr[kA + static_cast<int>(sizeof(Slot))]);
}

}  // namespace backspin::emu::jit
