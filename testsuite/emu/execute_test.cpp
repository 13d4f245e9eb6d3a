// What an instruction reads and writes: registers, memory, floating-point state; each by itself on a bench.
#include "emu/execute.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "testsuite/emu/assembler.hpp"
#include "testsuite/emu/semantics_bench.hpp"
#include "testsuite/emu/semantics_oracle.hpp"

namespace backspin::emu {
namespace {

using X = std::uint64_t;
using testing::Bench;
using testing::edges;
using testing::encode;
using testing::OneDoubleword;
using testing::Oracle;
using Op = Opcode;

TEST(Execute, X0IsNeverWritten) {
    Bench bench;
    for (const auto& row : definitions()) {
        if (row.kind == Kind::system) continue;
        for (std::size_t i = 1; i < 32; ++i) bench.hart().x[i] = OneDoubleword::kAt;
        bench.execute(encode(row.opcode, {0, 10, 11, 0}), 0x8877665544332211);
        EXPECT_EQ(bench.hart().x[0], 0u) << row.name;
    }
}

/// Every register is written by its own number and read by its own number.
TEST(Execute, EveryRegisterIsTheOneThatIsNamed) {
    for (unsigned rd = 1; rd < 32; ++rd) {
        for (unsigned rs1 = 0; rs1 < 32; ++rs1) {
            const auto rs2 = (rs1 + 13) % 32;
            Bench bench;
            const auto before = bench.hart().x;
            bench.execute(encode(Op::sub, {rd, rs1, rs2, 0}));
            auto expected = before;
            expected[rd] = before[rs1] - before[rs2];
            ASSERT_EQ(bench.hart().x, expected) << rd << " " << rs1;
        }
    }
}

TEST(Execute, LoadsExtendAsTheirTypeSays) {
    Bench bench;
    bench.hart().x[10] = OneDoubleword::kAt;
    const X memory = 0xfedc'ba98'8765'4321;
    const auto loaded = [&](Op opcode, std::int64_t offset) {
        EXPECT_EQ(bench.execute(encode(opcode, {12, 10, 0, offset}), memory).end, AccessEnd::done);
        return bench.hart().x[12];
    };
    EXPECT_EQ(loaded(Op::lb, 0), 0x21u);
    EXPECT_EQ(loaded(Op::lb, 7), 0xfffffffffffffffeu);
    EXPECT_EQ(loaded(Op::lbu, 7), 0xfeu);
    EXPECT_EQ(loaded(Op::lh, 0), 0x4321u);
    EXPECT_EQ(loaded(Op::lh, 6), 0xfffffffffffffedcu);
    EXPECT_EQ(loaded(Op::lhu, 6), 0xfedcu);
    EXPECT_EQ(loaded(Op::lw, 0), 0xffffffff87654321u);
    EXPECT_EQ(loaded(Op::lwu, 0), 0x87654321u);
    EXPECT_EQ(loaded(Op::lw, 4), 0xfffffffffedcba98u);
    EXPECT_EQ(loaded(Op::lwu, 4), 0xfedcba98u);
    EXPECT_EQ(loaded(Op::ld, 0), memory);
    EXPECT_EQ(loaded(Op::lb, 3), 0xffffffffffffff87u);
    bench.hart().x[10] = OneDoubleword::kAt + 2048;
    EXPECT_EQ(loaded(Op::lbu, -2048), 0x21u);
}

TEST(Execute, StoresWriteTheirBytesAndNoOthers) {
    Bench bench;
    bench.hart().x[10] = OneDoubleword::kAt + 2;
    bench.hart().x[11] = 0x1122'3344'5566'7788;
    const X memory = 0xffff'ffff'ffff'ffff;
    const auto stored = [&](Op opcode, std::int64_t offset) {
        EXPECT_EQ(bench.execute(encode(opcode, {0, 10, 11, offset}), memory).end, AccessEnd::done);
        return bench.memory();
    };
    EXPECT_EQ(stored(Op::sb, -2), 0xffffffffffffff88u);
    EXPECT_EQ(stored(Op::sb, 5), 0x88ffffffffffffffu);
    EXPECT_EQ(stored(Op::sh, 0), 0xffffffff7788ffffu);
    EXPECT_EQ(stored(Op::sw, 2), 0x55667788ffffffffu);
    EXPECT_EQ(stored(Op::sd, -2), 0x1122334455667788u);
}

TEST(Execute, AtomicsGiveTheOldValueAndStoreTheNew) {
    using Modify = std::function<X(X, X)>;
    const Oracle o(64);
    const std::map<std::string_view, Modify> oracle{
        {"amoswap", [](X, X b) { return b; }},
        {"amoadd", [&](X a, X b) { return o.add(a, b); }},
        {"amoxor", [](X a, X b) { return (a | b) & ~(a & b); }},
        {"amoand", [](X a, X b) { return ~(~a | ~b); }},
        {"amoor", [](X a, X b) { return ~(~a & ~b); }},
        {"amomin", [&](X a, X b) { return o.less_signed(b, a) ? b : a; }},
        {"amomax", [&](X a, X b) { return o.less_signed(a, b) ? b : a; }},
        {"amominu", [](X a, X b) { return b < a ? b : a; }},
        {"amomaxu", [](X a, X b) { return a < b ? b : a; }},
    };
    Bench bench;
    std::size_t checked = 0;
    for (const auto& row : definitions()) {
        if (row.kind != Kind::atomic) continue;
        const auto& modify = oracle.at(row.name.substr(0, row.name.size() - 2));
        const bool word = row.name.ends_with(".w");
        const bool is_unsigned = row.name.starts_with("amominu") || row.name.starts_with("amomaxu");
        const auto word_of = [&](X value) {
            return is_unsigned ? o.zero_extended(value, 32) : o.sign_extended(value, 32);
        };
        ++checked;
        for (const auto old : edges()) {
            for (const auto b : edges()) {
                bench.hart().x[10] = OneDoubleword::kAt;
                bench.hart().x[11] = b;
                ASSERT_EQ(bench.execute(encode(row.opcode, {12, 10, 11, 0}), old).end, AccessEnd::done);
                ASSERT_EQ(bench.hart().x[12], word ? o.sign_extended(old, 32) : old) << row.name;
                const auto stored =
                    word ? o.zero_extended(modify(word_of(old), word_of(b)), 32) | (old & ~X{0xffff'ffff})
                         : modify(old, b);
                ASSERT_EQ(bench.memory(), stored) << row.name << std::hex << " " << old << " " << b;
            }
        }
        // The destination may be a source.
        bench.hart().x[10] = OneDoubleword::kAt;
        bench.hart().x[11] = 5;
        bench.execute(encode(row.opcode, {11, 10, 11, 0}), 3);
        EXPECT_EQ(bench.hart().x[11], 3u) << row.name;
        EXPECT_EQ(bench.memory(), modify(3, 5)) << row.name;
    }
    EXPECT_EQ(checked, 2 * oracle.size());
}

TEST(Execute, ReserveAndConditional) {
    Bench bench;
    bench.hart().x[10] = OneDoubleword::kAt;
    bench.hart().x[11] = 0x1122334455667788;
    const X memory = 0xfedcba9887654321;
    bench.execute(encode(Op::lr_w, {12, 10, 0, 0}), memory);
    EXPECT_EQ(bench.hart().x[12], 0xffffffff87654321u);
    bench.execute(encode(Op::lr_d, {12, 10, 0, 0}), memory);
    EXPECT_EQ(bench.hart().x[12], memory);
    bench.execute(encode(Op::sc_w, {12, 10, 11, 0}), memory);
    EXPECT_EQ(bench.hart().x[12], 1u);
    EXPECT_EQ(bench.memory(), memory);
    bench.reserved = true;
    bench.execute(encode(Op::sc_w, {12, 10, 11, 0}), memory);
    EXPECT_EQ(bench.hart().x[12], 0u);
    EXPECT_EQ(bench.memory(), 0xfedcba9855667788u);
    bench.execute(encode(Op::sc_d, {12, 10, 11, 0}), memory);
    EXPECT_EQ(bench.memory(), 0x1122334455667788u);
}

TEST(Execute, AFaultChangesNoRegister) {
    Bench bench;
    for (const auto& row : definitions()) {
        const bool memory = row.kind == Kind::load || row.kind == Kind::store || row.kind == Kind::atomic ||
                            row.kind == Kind::reserve || row.kind == Kind::cache ||
                            row.kind == Kind::floating_load || row.kind == Kind::floating_store;
        if (!memory) continue;
        bench.hart().x[10] = OneDoubleword::kAt + 8;
        const auto before = bench.hart().x;
        const auto floats_before = bench.hart().f;
        EXPECT_EQ(bench.execute(encode(row.opcode, {12, 10, 11, 0}), 1).end, AccessEnd::trapped);
        EXPECT_EQ(bench.hart().x, before) << row.name;
        EXPECT_EQ(bench.hart().f, floats_before) << row.name;
        EXPECT_EQ(bench.memory(), 1u) << row.name;
    }
}

TEST(Execute, FencesDoNothing) {
    Bench bench;
    const auto before = bench.hart().x;
    for (const std::uint32_t word : {0x0ff0000fu, 0x8330000fu, 0x0100000fu, 0x0000100fu, 0xffff8f8fu}) {
        const auto result = bench.execute(word);
        EXPECT_EQ(result.end, AccessEnd::done) << std::hex << word;
        EXPECT_EQ(result.next_pc, Bench::kPc + 4);
        EXPECT_EQ(bench.hart().x, before);
    }
}

// ---- floating point -------------------------------------------------------------------------------

constexpr X kBox = 0xffff'ffff'0000'0000, kOne = 0x3f80'0000, kOneWide = 0x3ff0'0000'0000'0000,
            kNan = 0x7fc0'0000;

TEST(Execute, FloatLoadsBoxAndStoresDoNotLook) {
    Bench bench;
    bench.set(10, OneDoubleword::kAt);
    bench.execute(encode(Op::flh, {3, 10, 0, 2}), 0x1122'3344'5566'7788);
    EXPECT_EQ(bench.hart().f[3], 0xffff'ffff'ffff'5566u);
    bench.execute(encode(Op::flw, {3, 10, 0, 4}), 0x1122'3344'5566'7788);
    EXPECT_EQ(bench.hart().f[3], kBox | 0x1122'3344u);
    bench.execute(encode(Op::fld, {3, 10, 0, 0}), 0x1122'3344'5566'7788);
    EXPECT_EQ(bench.hart().f[3], 0x1122'3344'5566'7788u);
    // A store takes the low bits, whatever is above them.
    bench.execute(encode(Op::fsw, {0, 10, 3, 4}), 0);
    EXPECT_EQ(bench.memory(), 0x5566'7788'0000'0000u);
    bench.execute(encode(Op::fsh, {0, 10, 3, 0}), 0);
    EXPECT_EQ(bench.memory(), 0x7788u);
    bench.execute(encode(Op::fsd, {0, 10, 3, 0}), 0);
    EXPECT_EQ(bench.memory(), 0x1122'3344'5566'7788u);
}

TEST(Execute, WhatIsNotBoxedIsANan) {
    Bench bench;
    auto& f = bench.hart().f;
    f[1] = kOne;  // zeros above it
    f[2] = kBox | kOne;
    bench.execute(encode(Op::fadd_s, {3, 1, 2, 0}));
    EXPECT_EQ(f[3], kBox | kNan);
    bench.execute(encode(Op::fadd_s, {3, 2, 2, 0}));
    EXPECT_EQ(f[3], kBox | 0x4000'0000);
    // A move of bits does not ask.
    bench.execute(encode(Op::fmv_x_w, {12, 1, 0, 0}));
    EXPECT_EQ(bench.get(12), kOne);
    bench.set(10, 0x1234'5678'bf80'0000);
    bench.execute(encode(Op::fmv_w_x, {3, 10, 0, 0}));
    EXPECT_EQ(f[3], kBox | 0xbf80'0000);
    bench.execute(encode(Op::fmv_d_x, {3, 10, 0, 0}));
    EXPECT_EQ(f[3], 0x1234'5678'bf80'0000u);
}

TEST(Execute, IntegersFromFloatsAreSignExtended) {
    Bench bench;
    bench.hart().f[1] = kBox | 0xcf00'0000;  // -2^31
    bench.execute(encode(Op::fcvt_w_s, {12, 1, 0, 0}));
    EXPECT_EQ(bench.get(12), 0xffff'ffff'8000'0000u);
    bench.hart().f[1] = kBox | 0x4f00'0000;  // 2^31
    bench.execute(encode(Op::fcvt_wu_s, {12, 1, 0, 0}));
    EXPECT_EQ(bench.get(12), 0xffff'ffff'8000'0000u) << "the unsigned word as well";
    Bench small(32);
    small.hart().f[1] = kBox | 0xcf00'0000;
    small.execute(encode(Op::fcvt_w_s, {12, 1, 0, 0}));
    EXPECT_EQ(small.get(12), 0x8000'0000u) << "nothing above the 32 bits";
    small.set(10, 0xffff'ffff);
    small.execute(encode(Op::fcvt_d_w, {3, 10, 0, 0}));
    EXPECT_EQ(small.hart().f[3], 0xbff0'0000'0000'0000u) << "-1";
    small.execute(encode(Op::fcvt_d_wu, {3, 10, 0, 0}));
    EXPECT_EQ(small.hart().f[3], 0x41ef'ffff'ffe0'0000u) << "2^32 - 1";
}

/// Three sources, each at its place: 2 * 3 + 4.
TEST(Execute, FusedOperationsReadThreeRegisters) {
    Bench bench;
    auto& f = bench.hart().f;
    f[1] = 0x4000'0000'0000'0000, f[2] = 0x4008'0000'0000'0000, f[3] = 0x4010'0000'0000'0000;
    const auto result = [&](Op opcode) {
        bench.execute(encode(opcode, {4, 1, 2, 0, 3, 0}));
        return f[4];
    };
    EXPECT_EQ(result(Op::fmadd_d), 0x4024'0000'0000'0000u) << "10";
    EXPECT_EQ(result(Op::fmsub_d), 0x4000'0000'0000'0000u) << "2";
    EXPECT_EQ(result(Op::fnmsub_d), 0xc000'0000'0000'0000u) << "-2";
    EXPECT_EQ(result(Op::fnmadd_d), 0xc024'0000'0000'0000u) << "-10";
}

TEST(Execute, RoundingComesFromTheWordOrFromFrm) {
    Bench bench;
    auto& hart = bench.hart();
    hart.f[1] = kOneWide;
    hart.f[2] = 0x4008'0000'0000'0000;  // 3
    const auto third = [&](unsigned rounding) {
        hart.fcsr &= ~X{31};
        const auto end = bench.execute(encode(Op::fdiv_d, {3, 1, 2, 0, 0, rounding})).end;
        return end == AccessEnd::done ? hart.f[3] : 0;
    };
    constexpr X kBelow = 0x3fd5'5555'5555'5555, kAbove = kBelow + 1;
    constexpr unsigned kUp = 3, kDynamic = 7;
    EXPECT_EQ(third(0), kBelow);
    EXPECT_EQ(third(kUp), kAbove);
    EXPECT_EQ(hart.fcsr & 31, 1u) << "inexact";
    hart.fcsr = kUp << 5;
    EXPECT_EQ(third(kDynamic), kAbove);
    hart.fcsr = 0;
    EXPECT_EQ(third(kDynamic), kBelow);
    for (const X reserved : {5, 6, 7}) {
        hart.fcsr = reserved << 5;
        EXPECT_EQ(third(kDynamic), 0u) << reserved;
        EXPECT_EQ(third(0), kBelow) << "frm does not matter then";
        if (reserved != kDynamic) {
            EXPECT_EQ(third(static_cast<unsigned>(reserved)), 0u) << reserved;
        }
        // What does not round does not care.
        EXPECT_EQ(bench.execute(encode(Op::fsgnj_d, {3, 1, 2, 0})).end, AccessEnd::done);
    }
}

TEST(Execute, FloatingPointThatIsOffIsIllegal) {
    Bench bench;
    bench.hart().mstatus &= ~mstatus::kFs;
    unsigned tried = 0;
    for (const auto& row : definitions()) {
        const bool is_float =
            row.kind == Kind::floating || row.kind == Kind::floating_load || row.kind == Kind::floating_store;
        if (!is_float || !bench.decoder().isa().has(row.needs)) continue;
        ++tried;
        bench.set(10, OneDoubleword::kAt);
        const auto before = bench.hart();
        const auto word = encode(row.opcode, {3, 10, 11, 0, 12, 0});
        const auto result = bench.execute(word, 1);
        ASSERT_EQ(result.end, AccessEnd::trapped) << row.name;
        EXPECT_EQ(result.trap.cause, Cause::illegal_instruction) << row.name;
        EXPECT_EQ(result.trap.value, word) << row.name;
        EXPECT_EQ(bench.hart().f, before.f) << row.name;
        EXPECT_EQ(bench.hart().x, before.x) << row.name;
        EXPECT_EQ(bench.memory(), 1u) << row.name;
    }
    EXPECT_GT(tried, 80u);
}

/// Source: The RISC-V Instruction Set Manual, Volume II, section "Extension Context Status in mstatus
/// Register".
TEST(Execute, WhatChangesFloatingPointStateMakesItDirty) {
    Bench bench;
    auto& hart = bench.hart();
    constexpr X kInitial = X{1} << 13;
    const auto is_dirty_after = [&](std::uint32_t word) {
        hart.mstatus = (hart.mstatus & ~mstatus::kFs) | kInitial;
        hart.fcsr = 0;
        bench.execute(word, kOneWide);
        return (hart.mstatus & mstatus::kFs) == mstatus::kFsDirty;
    };
    bench.set(10, OneDoubleword::kAt);
    hart.f[1] = hart.f[2] = kOneWide;
    EXPECT_TRUE(is_dirty_after(encode(Op::fadd_d, {3, 1, 2, 0})));
    EXPECT_TRUE(is_dirty_after(encode(Op::fld, {3, 10, 0, 0})));
    EXPECT_FALSE(is_dirty_after(encode(Op::fsd, {0, 10, 3, 0})));
    EXPECT_FALSE(is_dirty_after(encode(Op::feq_d, {12, 1, 2, 0}))) << "no flag, and no f register";
    hart.f[2] = 0x7ff0'0000'0000'0001;  // a signaling NaN
    EXPECT_TRUE(is_dirty_after(encode(Op::feq_d, {12, 1, 2, 0}))) << "a flag";
    EXPECT_EQ(hart.fcsr, 16u) << "invalid";
}

}  // namespace
}  // namespace backspin::emu
