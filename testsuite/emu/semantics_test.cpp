// What each computing instruction does, against a second statement of it: semantics_oracle.hpp.
#include "emu/isa/semantics.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <vector>

#include "testsuite/emu/assembler.hpp"
#include "testsuite/emu/semantics_bench.hpp"
#include "testsuite/emu/semantics_oracle.hpp"

namespace backspin::emu {
namespace {

using X = std::uint64_t;
using testing::Bench;
using testing::edges;
using testing::edges_of;
using testing::encode;
using testing::OneDoubleword;
using testing::Oracle;
using testing::register_results;
using Op = Opcode;

bool is_register_form(const Definition& row) {
    return row.kind == Kind::alu && row.pattern.form == Form::r;
}
bool is_immediate_form(const Definition& row) {
    return row.kind == Kind::alu && (row.pattern.form == Form::i || row.pattern.form == Form::shift);
}

/// The tests that hold for RV32 and RV64 alike; the parameter is the width.
class SemanticsOfWidth : public ::testing::TestWithParam<unsigned> {
  protected:
    std::vector<const Definition*> rows(bool (*wanted)(const Definition&)) const {
        std::vector<const Definition*> result;
        for (const auto& row : definitions()) {
            if (Isa(GetParam()).has(row.needs) && wanted(row)) result.push_back(&row);
        }
        return result;
    }
};

// ---- the tests ----------------------------------------------------------------------------------

/// The oracle's own arithmetic, where the host has the same: 128 bits would be needed for nothing else.
TEST_P(SemanticsOfWidth, TheOracleCanMultiplyAndDivide) {
    const Oracle oracle(GetParam());
    std::mt19937_64 random(1);
    for (int i = 0; i < 100000; ++i) {
        const auto a = oracle.low(random()) >> random() % GetParam();
        const auto b = oracle.low(random()) >> random() % GetParam();
        EXPECT_EQ(oracle.multiply(a, b).low, oracle.low(a * b));
        if (b == 0) continue;
        const auto [quotient, remainder] = oracle.divide(a, b);
        EXPECT_EQ(quotient, a / b);
        EXPECT_EQ(remainder, a % b);
        // a * b, divided by b, is a again: this ties the high half to the low one.
        EXPECT_LT(oracle.multiply(a, b).high, b);
    }
    const auto most = oracle.all_ones();
    EXPECT_EQ(oracle.multiply(most, most).high, most - 1);
    EXPECT_EQ(oracle.multiply(most, most).low, 1u);
    EXPECT_EQ(oracle.multiply(X{1} << (GetParam() - 1), 6).high, 3u);
}

TEST_P(SemanticsOfWidth, RegisterFormsAreTheOracles) {
    std::mt19937_64 random(2);
    const Oracle oracle(GetParam());
    const auto results = register_results(oracle);
    const auto chosen = edges_of(GetParam());
    Bench bench(GetParam());
    for (const auto* row : rows(is_register_form)) {
        const auto found = results.find(row->opcode);
        ASSERT_NE(found, results.end()) << row->name << " has no second statement";
        const bool unary = !row->pattern.fields.rs2;
        const auto word = encode(row->opcode, {12, 10, 11, 0});
        const auto check = [&](X a, X b) {
            bench.set(10, a);
            bench.set(11, b);
            const auto result = bench.execute(word);
            ASSERT_EQ(result.end, AccessEnd::done);
            ASSERT_EQ(result.next_pc, Bench::kPc + 4);
            ASSERT_EQ(bench.get(12), found->second(bench.get(10), bench.get(11)))
                << row->name << std::hex << " of " << a << " and " << b;
        };
        for (const auto a : chosen) {
            for (const auto b : unary ? std::vector<X>{0} : chosen) ASSERT_NO_FATAL_FAILURE(check(a, b));
        }
        for (int i = 0; i < 1000; ++i) {
            ASSERT_NO_FATAL_FAILURE(check(random() >> random() % 64, random() >> random() % 64));
        }
    }
}

TEST_P(SemanticsOfWidth, ImmediateFormsAreTheOracles) {
    const Oracle oracle(GetParam());
    const auto results = register_results(oracle);
    Bench bench(GetParam());
    for (const auto* row : rows(is_immediate_form)) {
        const auto found = results.find(row->opcode);
        ASSERT_NE(found, results.end()) << row->name << " has no second statement";
        const bool shift = row->pattern.form == Form::shift;
        const std::int64_t most = !shift ? 2047 : row->name.ends_with("w") ? 31 : GetParam() - 1;
        // slli.uw shifts a word by up to 63.
        const auto last = row->opcode == Opcode::slli_uw ? 63 : most;
        for (std::int64_t immediate = shift ? 0 : -2048; immediate <= last; immediate += shift ? 1 : 13) {
            const auto word = encode(row->opcode, {12, 10, 0, immediate});
            for (const auto a : edges_of(GetParam())) {
                bench.set(10, a);
                ASSERT_EQ(bench.execute(word).end, AccessEnd::done);
                ASSERT_EQ(bench.get(12), found->second(a, oracle.low(static_cast<X>(immediate))))
                    << row->name << std::hex << " of " << a << " and " << immediate;
            }
        }
    }
}

/// The oracle states nothing that the table does not have.
TEST_P(SemanticsOfWidth, TheOracleHasNoMore) {
    for (const auto& [opcode, result] : register_results(Oracle(GetParam())))
        EXPECT_TRUE(Isa(GetParam()).has(definition(opcode).needs)) << definition(opcode).name;
}

INSTANTIATE_TEST_SUITE_P(Widths, SemanticsOfWidth, ::testing::Values(32u, 64u));

/// Known answers, so that oracle and table cannot be wrong together. Source: The RISC-V Instruction Set
/// Manual, Volume I, table "Semantics for division by zero and division overflow", and plain arithmetic.
TEST(Semantics, KnownAnswers) {
    constexpr X kMin = X{1} << 63, kMinWord = 0xffffffff80000000, kAll = ~X{0};
    struct Known {
        Op opcode;
        X a, b, result;
    };
    Bench bench;
    for (const auto& [opcode, a, b, result] : std::initializer_list<Known>{
             {Op::div, 7, 0, kAll},
             {Op::divu, 7, 0, kAll},
             {Op::rem, 7, 0, 7},
             {Op::remu, 7, 0, 7},
             {Op::div, kMin, kAll, kMin},
             {Op::rem, kMin, kAll, 0},
             {Op::div, X(-7), 2, X(-3)},
             {Op::rem, X(-7), 2, X(-1)},
             {Op::rem, 7, X(-2), 1},
             {Op::divw, kMinWord, kAll, kMinWord},
             {Op::remw, kMinWord, kAll, 0},
             {Op::divw, 0x100000007, 0x100000000, kAll},
             {Op::divuw, 5, 0x500000000, kAll},
             {Op::remw, 0x180000001, 0, 0xffffffff80000001},
             {Op::remuw, 0x180000001, 0, 0xffffffff80000001},
             {Op::divuw, kAll, 1, kAll},
             {Op::mulh, kMin, kMin, X{1} << 62},
             {Op::mulh, kAll, kAll, 0},
             {Op::mulh, kAll, 1, kAll},
             {Op::mulhu, kAll, kAll, kAll - 1},
             {Op::mulhsu, kAll, kAll, kAll},
             {Op::mulhsu, kMin, kAll, kMin},
             {Op::mulw, 0x10000, 0x8000, kMinWord},
             {Op::sra, kMin, 63, kAll},
             {Op::sra, kMin, 64, kMin},
             {Op::sraw, 0x80000000, 31, kAll},
             {Op::srlw, 0xffffffff80000000, 0, kMinWord},
             {Op::sllw, 1, 31, kMinWord},
             {Op::addw, 0x7fffffff, 1, kMinWord},
             {Op::subw, kMinWord, 1, 0x7fffffff},
             {Op::slt, kMin, 0, 1},
             {Op::sltu, kMin, 0, 0},
             {Op::sh2add, 3, 5, 17},
             {Op::add_uw, kAll, 1, 0x100000000},
             {Op::slli_uw, kAll, 0, 0xffffffff},
             {Op::andn, 0b1100, 0b1010, 0b0100},
             {Op::orn, 0, kAll - 1, 1},
             {Op::xnor, 5, 5, kAll},
             {Op::rol, kMin | 2, 1, 5},
             {Op::ror, 1, 1, kMin},
             {Op::rolw, 0x80000000, 1, 1},
             {Op::rorw, 1, 1, kMinWord},
             {Op::rev8, 0x0102030405060708, 0, 0x0807060504030201},
             {Op::clz, 1, 0, 63},
             {Op::clz, 0, 0, 64},
             {Op::ctz, 0, 0, 64},
             {Op::ctz, 0x50, 0, 4},
             {Op::cpop, kAll, 0, 64},
             {Op::clzw, kAll << 32, 0, 32},
             {Op::ctzw, kAll << 32, 0, 32},
             {Op::cpopw, kAll, 0, 32},
             {Op::sext_b, 0x180, 0, kAll - 0x7f},
             {Op::sext_h, 0x18000, 0, kAll - 0x7fff},
             {Op::zext_h, kAll, 0, 0xffff},
             {Op::orc_b, 0x0010000080000100, 0, 0x00ff0000ff00ff00},
             {Op::min, kAll, 0, kAll},
             {Op::minu, kAll, 0, 0},
             {Op::max, kAll, 0, 0},
             {Op::maxu, kAll, 0, kAll},
             {Op::pack, 0x1111111122222222, 0x3333333344444444, 0x4444444422222222},
             {Op::packh, 0x1122, 0x3344, 0x4422},
             {Op::packw, 0x11112222, 0x33338444, 0xffffffff84442222},
             {Op::brev8, 0x0102040810204080, 0, 0x8040201008040201},
             {Op::clmul, 3, 3, 5},
             {Op::clmulh, kMin, 2, 1},
             {Op::clmulr, kMin, 1, 1},
             {Op::bclr, 7, 65, 5},
             {Op::bset, 0, 63, kMin},
             {Op::binv, 1, 64, 0},
             {Op::bext, 4, 2, 1},
             {Op::czero_eqz, 7, 0, 0},
             {Op::czero_eqz, 7, 1, 7},
             {Op::czero_nez, 7, 0, 7},
             {Op::czero_nez, 7, 1, 0},
         }) {
        bench.hart().x[10] = a;
        bench.hart().x[11] = b;
        bench.execute(encode(opcode, {12, 10, 11, 0}));
        EXPECT_EQ(bench.hart().x[12], result) << definition(opcode).name << std::hex << " " << a << " " << b;
    }
}

TEST(Semantics, KnownAnswersOfRv32) {
    struct Known {
        Op opcode;
        X a, b, result;
    };
    Bench bench(32);
    for (const auto& [opcode, a, b, result] : std::initializer_list<Known>{
             {Op::add, 0xffffffff, 1, 0},
             {Op::sub, 0, 1, 0xffffffff},
             {Op::sll, 1, 33, 2},
             {Op::sra, 0x80000000, 31, 0xffffffff},
             {Op::slt, 0x80000000, 0, 1},
             {Op::mulh, 0x80000000, 0x80000000, 0x40000000},
             {Op::mulhsu, 0xffffffff, 0xffffffff, 0xffffffff},
             {Op::mulhu, 0xffffffff, 0xffffffff, 0xfffffffe},
             {Op::div, 0x80000000, 0xffffffff, 0x80000000},
             {Op::rem, 0x80000000, 0xffffffff, 0},
             {Op::divu, 5, 0, 0xffffffff},
             {Op::rol, 0x80000000, 1, 1},
             {Op::rev8_, 0x01020304, 0, 0x04030201},
             {Op::zext_h_, 0xffffffff, 0, 0xffff},
             {Op::clz, 1, 0, 31},
             {Op::ctz, 0, 0, 32},
             {Op::sext_b, 0x80, 0, 0xffffff80},
             {Op::pack, 0x11112222, 0x33334444, 0x44442222},
             {Op::zip, 0xffff0000, 0, 0xaaaaaaaa},
             {Op::unzip, 0xaaaaaaaa, 0, 0xffff0000},
             {Op::zip, 0x0000ff00, 0, 0x55550000},
             {Op::clmulh, 0x80000000, 2, 1},
             {Op::clmulr, 0x80000000, 1, 1},
             {Op::bset, 0, 31, 0x80000000},
         }) {
        bench.set(10, a);
        bench.set(11, b);
        bench.execute(encode(opcode, {12, 10, 11, 0}));
        EXPECT_EQ(bench.get(12), result) << definition(opcode).name << std::hex << " " << a << " " << b;
    }
}

/// What RV32 keeps of an address or a target are 32 bits.
TEST(Semantics, AddressesOfRv32WrapAround) {
    Bench bench(32);
    bench.hart().pc = 0xffff'fff8;
    EXPECT_EQ(bench.execute(encode(Op::jal, {1, 0, 0, 16})).next_pc, 8u);
    EXPECT_EQ(bench.get(1), 0xffff'fffcu);
    EXPECT_EQ(bench.execute(encode(Op::beq, {0, 0, 0, 16})).next_pc, 8u);
    bench.execute(encode(Op::auipc, {5, 0, 0, 0x1000}));
    EXPECT_EQ(bench.get(5), 0xff8u);
    bench.set(10, 0xffff'fff0);
    EXPECT_EQ(bench.execute(encode(Op::jalr, {1, 10, 0, 32})).next_pc, 0x10u);
    bench.set(10, OneDoubleword::kAt + 0x10);
    EXPECT_EQ(bench.execute(encode(Op::lw, {12, 10, 0, -16}), 0x80000000).end, AccessEnd::done);
    EXPECT_EQ(bench.get(12), 0x80000000u) << "nothing above the 32 bits";
}

TEST(Semantics, UpperImmediates) {
    Bench bench;
    for (const std::int64_t upper : {0, 1, 0x7ffff, -1, -0x80000}) {
        bench.execute(encode(Op::lui, {12, 0, 0, upper << 12}));
        EXPECT_EQ(bench.hart().x[12], static_cast<X>(upper << 12));
        bench.execute(encode(Op::auipc, {12, 0, 0, upper << 12}));
        EXPECT_EQ(bench.hart().x[12], Bench::kPc + static_cast<X>(upper << 12));
    }
}

TEST(Semantics, BranchesGoWhereTheComparisonSays) {
    const Oracle oracle(64);
    const std::map<Op, std::function<bool(X, X)>> taken{
        {Op::beq, [](X a, X b) { return (a ^ b) == 0; }},
        {Op::bne, [](X a, X b) { return (a ^ b) != 0; }},
        {Op::blt, [&](X a, X b) { return oracle.less_signed(a, b); }},
        {Op::bge, [&](X a, X b) { return !oracle.less_signed(a, b); }},
        {Op::bltu, [](X a, X b) { return b > a; }},
        {Op::bgeu, [](X a, X b) { return !(b > a); }},
    };
    Bench bench;
    for (const auto& row : definitions()) {
        if (row.kind != Kind::branch) continue;
        for (const auto a : edges()) {
            for (const auto b : edges()) {
                for (const std::int64_t offset : {-4096, -2, 2, 4094}) {
                    bench.hart().x[10] = a;
                    bench.hart().x[11] = b;
                    const auto before = bench.hart().x;
                    const auto result = bench.execute(encode(row.opcode, {0, 10, 11, offset}));
                    ASSERT_EQ(result.next_pc,
                              Bench::kPc + (taken.at(row.opcode)(a, b) ? static_cast<X>(offset) : 4))
                        << row.name << std::hex << " " << a << " " << b;
                    ASSERT_EQ(bench.hart().x, before);
                }
            }
        }
    }
}

TEST(Semantics, JumpsLinkAndLead) {
    Bench bench;
    for (const std::int64_t offset : {-1048576, -2, 0, 2, 1048574}) {
        const auto result = bench.execute(encode(Op::jal, {1, 0, 0, offset}));
        EXPECT_EQ(result.next_pc, Bench::kPc + static_cast<X>(offset));
        EXPECT_EQ(bench.hart().x[1], Bench::kPc + 4);
    }
    for (const std::int64_t offset : {-2048, -1, 0, 1, 2047}) {
        for (const auto target : edges()) {
            bench.hart().x[5] = target;
            const auto result = bench.execute(encode(Op::jalr, {1, 5, 0, offset}));
            EXPECT_EQ(result.next_pc, (target + static_cast<X>(offset)) >> 1 << 1) << "bit 0 is cleared";
            EXPECT_EQ(bench.hart().x[1], Bench::kPc + 4);
        }
    }
    // The target is read before the link is written.
    bench.hart().x[1] = 0x8000'2000;
    EXPECT_EQ(bench.execute(encode(Op::jalr, {1, 1, 0, 8})).next_pc, 0x8000'2008u);
    EXPECT_EQ(bench.hart().x[1], Bench::kPc + 4);
    // Compressed ones are two bytes long.
    bench.hart().x[5] = 0x8000'3000;
    EXPECT_EQ(bench.execute(0x9282).next_pc, 0x8000'3000u) << "c.jalr t0";
    EXPECT_EQ(bench.hart().x[1], Bench::kPc + 2);
}

}  // namespace
}  // namespace backspin::emu
