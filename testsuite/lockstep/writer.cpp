#include "testsuite/lockstep/writer.hpp"

#include <cstring>
#include <stdexcept>

#include "testsuite/lockstep/layout.hpp"

namespace backspin::lockstep {

using emu::Opcode;
using emu::testing::Word;

Writer::Writer(std::span<std::byte> memory, unsigned xlen)
    : memory_(memory), xlen_(xlen), pool_(layout::kPool) {}

void Writer::data(std::size_t at, std::uint64_t value, std::size_t size) {
    std::memcpy(memory_.subspan(at, size).data(), &value, size);
}

void Writer::emit(Word word) {
    data(at_, word, 4);
    at_ += 4;
}

void Writer::emit_half(std::uint16_t half) {
    data(at_, half, 2);
    at_ += 2;
}

std::size_t Writer::later() {
    emit(emu::testing::nop());
    return at_ - 4;
}

void Writer::here(std::size_t from, Opcode opcode, unsigned a, unsigned b) {
    data(from, emu::testing::branch(opcode, a, b, static_cast<std::int64_t>(at_ - from)), 4);
}

std::int64_t Writer::upper(unsigned base, std::int64_t offset) {
    const auto distance = offset - static_cast<std::int64_t>(at_);
    const auto low = ((distance & 0xfff) ^ 0x800) - 0x800;  // sign-extended
    emit(emu::testing::encode(Opcode::auipc, {base, 0, 0, distance - low}));
    return low;
}

void Writer::address(unsigned rd, std::int64_t offset) {
    const auto low = upper(rd, offset);
    emit(emu::testing::addi(rd, rd, low));
}

void Writer::constant(unsigned rd, std::uint64_t value) {
    const auto low = upper(rd, static_cast<std::int64_t>(pool(value)));
    emit(emu::testing::load(xlen_ == 64 ? Opcode::ld : Opcode::lw, rd, low, rd));
}

void Writer::number(unsigned rd, std::uint64_t value) {
    const auto low = static_cast<std::int64_t>((value & 0xfff) ^ 0x800) - 0x800;
    const auto rest = value - static_cast<std::uint64_t>(low);
    if (xlen_ == 32 || static_cast<std::int64_t>(rest) == static_cast<std::int32_t>(rest)) {
        emit(emu::testing::encode(Opcode::lui, {rd, 0, 0, static_cast<std::int64_t>(rest)}));
    } else {
        number(rd, static_cast<std::uint64_t>(static_cast<std::int64_t>(rest) >> 12));
        emit(emu::testing::op_imm(Opcode::slli, rd, rd, 12));
    }
    emit(emu::testing::addi(rd, rd, low));
}

bool Writer::has_room_in_pool() const {
    return pool_ + 8 <= layout::kPoolEnd;
}

std::size_t Writer::pool(std::uint64_t value) {
    if (!has_room_in_pool()) throw std::length_error("the pool of constants is full");
    data(pool_, value, 8);
    pool_ += 8;
    return pool_ - 8;
}

}  // namespace backspin::lockstep
