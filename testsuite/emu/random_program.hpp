// Random guest programs from the table of instructions: mostly meaningful, now and then any bits at all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include "emu/isa/instruction.hpp"
#include "emu/loader.hpp"
#include "emu/memory_map.hpp"

namespace backspin::emu::testing {

/// Code, data and a trap handler in the first pages of RAM. The handler skips what trapped and puts the timer
/// forward, so that a program goes on whatever it does. Registers point at data, code (it modifies itself),
/// devices and page ends.
class RandomProgram {
  public:
    static constexpr std::size_t kBytes = 8 * 4096;

    explicit RandomProgram(std::uint64_t seed) : random_(seed), bytes_(kBytes) {
        for (std::size_t at = 0; at + 4 <= kBytes; at += 4) put(at, kNop);
        write_start();
        write_handler();
        for (std::size_t at = kCode; at + 4 <= kCodeEnd;) at += write_any(at);
        for (std::size_t at = kCodeEnd; at < kBytes; ++at) bytes_[at] = static_cast<std::byte>(any(0, 255));
    }

    std::span<const std::byte> bytes() const { return bytes_; }

  private:
    static constexpr std::size_t kVectors = 0x400, kHandler = 0x480, kCode = 0x800, kCodeEnd = 5 * 4096 + 512;
    static constexpr std::uint32_t kNop = 0x00000013, kWfi = 0x10500073;
    static constexpr std::uint64_t kBase = memory_map::kRamBase.value;

    std::uint64_t any(std::uint64_t low, std::uint64_t high) {
        return std::uniform_int_distribution<std::uint64_t>(low, high)(random_);
    }
    bool chance(unsigned percent) { return any(0, 99) < percent; }
    void put(std::size_t at, std::uint32_t word) { std::memcpy(bytes_.data() + at, &word, 4); }

    static std::uint32_t i_type(std::uint32_t base, unsigned rd, unsigned rs1, std::int32_t imm) {
        return base | rd << 7 | rs1 << 15 | static_cast<std::uint32_t>(imm) << 20;
    }

    void load_constant(std::size_t& at, std::size_t& pool, unsigned rd, std::uint64_t value) {
        put(at, 0x00000017 | rd << 7);                                                  // auipc rd, 0
        put(at + 4, i_type(0x00003003, rd, rd, static_cast<std::int32_t>(pool - at)));  // ld rd, pool(rd)
        std::memcpy(bytes_.data() + pool, &value, 8);
        at += 8;
        pool += 8;
    }

    void write_start() {
        std::size_t at = 0, pool = 0x200;
        load_constant(at, pool, 31, chance(30) ? kBase + kVectors + 1 : kBase + kHandler);
        put(at, 0x305f9073), at += 4;  // csrw mtvec, t6
        // t5 and t4 belong to the handler: mtime's address, and the distance of the ticks.
        load_constant(at, pool, 30, memory_map::kAclint.base.value + 0xbff8);
        load_constant(at, pool, 29, any(50, 15000));
        load_constant(at, pool, 28, memory_map::kAclint.base.value + 0x4000);
        for (unsigned rd = 1; rd < 28; ++rd) load_constant(at, pool, rd, interesting_value());
        load_constant(at, pool, 31, memory_map::kUart.base.value);
        load_constant(at, pool, 27, 0x81);
        put(at, 0x01bf8123), at += 4;  // sb s11, 2(t6): FIFOs on, so that a lone byte times out
        put(at, 0x01bf80a3), at += 4;  // sb s11, 1(t6): receive interrupts on
        put(at, 0x000e3023), at += 4;  // sd zero, 0(t3): the timer is due at once
        load_constant(at, pool, 31, 0x88);
        put(at, 0x304f9073), at += 4;                  // csrw mie, t6
        if (chance(80)) put(at, 0x30046073), at += 4;  // csrsi mstatus, 8
        load_constant(at, pool, 31, kBase + kCode);
        put(at, 0x000f8067), at += 4;  // jr t6
    }

    std::uint64_t interesting_value() {
        switch (any(0, 9)) {
            case 0: return any(0, 64);
            case 1: return ~std::uint64_t{0} - any(0, 64);
            case 2: return random_();
            case 3: return kBase + any(kCode, kCodeEnd);           // code
            case 4: return kBase + (any(1, 7) << 12) - any(0, 9);  // the end of a page
            case 5: return memory_map::kUart.base.value;
            case 6: return memory_map::kAclint.base.value + (chance(50) ? 0 : 0x4000);
            default: return kBase + any(kCodeEnd, kBytes - 64);  // data
        }
    }

    /// mepc += 4 for exceptions; mtimecmp = mtime + distance, and msip = 0, for interrupts.
    void write_handler() {
        constexpr std::size_t kInterrupt = kHandler + 0x40;
        put(kVectors, jump(kVectors, kHandler));
        put(kVectors + 4 * 3, jump(kVectors + 4 * 3, kInterrupt));  // software
        put(kVectors + 4 * 7, jump(kVectors + 4 * 7, kInterrupt));  // timer
        put_all(kHandler, {
                              0x34202ff3,  // csrr  t6, mcause
                              0x020fce63,  // bltz  t6, +60
                              0x34102ff3,  // csrr  t6, mepc
                              0x004f8f93,  // addi  t6, t6, 4
                              0x341f9073,  // csrw  mepc, t6
                              0x30200073,  // mret
                          });
        put_all(kInterrupt, {
                                0x000f3f83,  // ld    t6, 0(t5)   mtime
                                0x01df8fb3,  // add   t6, t6, t4
                                0x01fe3023,  // sd    t6, 0(t3)   mtimecmp
                                0x02000fb7,  // lui   t6, 0x2000  msip
                                0x000fa023,  // sw    zero, 0(t6)
                                0x30200073,  // mret
                            });
    }

    static std::uint32_t jump(std::size_t from, std::size_t to) { return 0x6f | jump_field(to - from); }
    static std::uint32_t jump_field(std::size_t offset) {
        const auto to = static_cast<std::uint32_t>(offset);
        return (to >> 20 & 1) << 31 | (to >> 1 & 1023) << 21 | (to >> 11 & 1) << 20 | (to >> 12 & 255) << 12;
    }
    void put_all(std::size_t at, std::initializer_list<std::uint32_t> words) {
        for (const auto word : words) put(at, word), at += 4;
    }

    std::size_t write_any(std::size_t at) {
        if (chance(2)) {  // any bits at all
            put(at, static_cast<std::uint32_t>(random_()));
            return chance(50) ? 2 : 4;
        }
        if (chance(35)) {  // compressed
            for (int tries = 0; tries < 20; ++tries) {
                const auto half = static_cast<std::uint16_t>(random_());
                if ((half & 3) == 3) continue;
                const auto decoded = decode(half);
                if (decoded.opcode == Opcode::illegal || writes_reserved(decoded)) continue;
                if (decoded.opcode == Opcode::jalr && chance(90)) continue;
                std::memcpy(bytes_.data() + at, &half, 2);
                return 2;
            }
        }
        put(at, word_for(definitions()[any(0, definitions().size() - 1)]));
        return 4;
    }

    /// The handler's own registers stay what they are, or nothing would tick any more.
    static bool writes_reserved(const Instruction& instruction) { return instruction.rd >= 28; }

    std::uint32_t word_for(const Definition& row) {
        for (;;) {
            auto word = row.pattern.value | (static_cast<std::uint32_t>(random_()) & ~row.pattern.mask);
            if (row.pattern.form == Form::branch) word = row.pattern.value | branch_bits();
            if (row.pattern.form == Form::jump) word = row.pattern.value | jump_bits();
            if (row.pattern.form == Form::csr) word = with_csr(word);
            const auto decoded = decode(word);
            if (writes_reserved(decoded)) continue;
            // Any target is fine for jalr, but most of them lead nowhere: rare.
            if (row.opcode == Opcode::jalr && chance(90)) return kNop;
            if (row.opcode == Opcode::csrrw && chance(30)) return kWfi;
            // A memory operand is useful only near what the register points to.
            if ((row.kind == Kind::load) && chance(80))
                word = (word & 0x000fffff) | static_cast<std::uint32_t>(any(0, 31)) << 20;
            if ((row.kind == Kind::store) && chance(80)) word &= 0x01fff0ff;
            return decode(word).opcode == row.opcode && !writes_reserved(decode(word)) ? word : kNop;
        }
    }

    std::uint32_t branch_bits() {  // short hops, mostly forward
        const auto offset = static_cast<std::uint32_t>(2 * any(1, 30));
        const auto back =
            chance(20) ? static_cast<std::uint32_t>(-static_cast<std::int32_t>(offset)) : offset;
        return (back >> 12 & 1) << 31 | (back >> 5 & 63) << 25 | (back >> 1 & 15) << 8 |
               (back >> 11 & 1) << 7 | static_cast<std::uint32_t>(any(0, 31)) << 15 |
               static_cast<std::uint32_t>(any(0, 31)) << 20;
    }
    std::uint32_t jump_bits() {
        const auto offset = static_cast<std::size_t>(2 * any(1, 900));
        return jump_field(chance(45) ? std::size_t{0} - offset : offset) |
               static_cast<std::uint32_t>(any(0, 27)) << 7;
    }
    std::uint32_t with_csr(std::uint32_t word) {
        static constexpr std::array<std::uint32_t, 14> kNumbers{
            0x300, 0xc00, 0xc01, 0xc02, 0x340, 0x343, 0x344, 0xb00, 0xb02, 0x320, 0x306, 0x341, 0x342, 0x7c0};
        const auto number = chance(95) ? kNumbers[chance(90) ? any(1, kNumbers.size() - 1) : 0]
                                       : static_cast<std::uint32_t>(any(0, 4095));
        // A random mtvec or mie would end the interesting part of most programs.
        const auto spared = number == 0x305 || number == 0x304 ? 0x340 : number;
        return (word & 0x000fffff) | spared << 20;
    }

    std::mt19937_64 random_;
    std::vector<std::byte> bytes_;
};

}  // namespace backspin::emu::testing
