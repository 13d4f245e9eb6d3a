// What each computing instruction does, against a second statement of it: semantics_oracle.hpp.
#include "emu/isa/semantics.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <random>
#include <vector>

#include "emu/execute.hpp"
#include "testsuite/emu/assembler.hpp"
#include "testsuite/emu/semantics_oracle.hpp"

namespace backspin::emu {
namespace {

using X = std::uint64_t;
using namespace testing::oracle;
using testing::encode;
using Op = Opcode;

// ---- running one instruction --------------------------------------------------------------------

/// Eight bytes of memory at one address; anything else is a fault.
class OneDoubleword {
  public:
    static constexpr X kAt = 0x8000'0000;

    explicit OneDoubleword(X content) : content(content) {}
    Trap trap() const { return {Cause::load_access_fault, 0}; }

    template <class Value>
    AccessEnd load(VirtualAddress at, X& bits) {
        const auto offset = at.value - kAt;
        if (offset + sizeof(Value) > 8) return AccessEnd::trapped;
        bits = 0;
        for (std::size_t i = 0; i < sizeof(Value); ++i) bits |= byte(offset + i) << 8 * i;
        return AccessEnd::done;
    }
    template <class Value>
    AccessEnd store(VirtualAddress at, X bits) {
        const auto offset = at.value - kAt;
        if (offset + sizeof(Value) > 8) return AccessEnd::trapped;
        for (std::size_t i = 0; i < sizeof(Value); ++i) {
            content &= ~(X{0xff} << 8 * (offset + i));
            content |= (bits >> 8 * i & 0xff) << 8 * (offset + i);
        }
        return AccessEnd::done;
    }
    template <class Value, class Modify>
    AccessEnd atomic(VirtualAddress at, X& bits, Modify modify) {
        if (load<Value>(at, bits) != AccessEnd::done) return AccessEnd::trapped;
        return store<Value>(at, static_cast<X>(modify(static_cast<Value>(bits))));
    }
    template <class Value>
    AccessEnd reserve(VirtualAddress at, X& bits) {
        return load<Value>(at, bits);
    }
    template <class Value>
    AccessEnd conditional(VirtualAddress at, X bits, X& failed) {
        failed = reserved ? 0 : 1;
        return reserved ? store<Value>(at, bits) : AccessEnd::done;
    }

    X content;
    bool reserved = false;

  private:
    X byte(X offset) const { return content >> 8 * offset & 0xff; }
};

/// A hart whose registers all differ, to be executed on.
class Bench {
  public:
    static constexpr X kPc = 0x8000'1000;

    Bench() : board_(10) {
        for (std::size_t i = 1; i < 32; ++i) hart().x[i] = 0x1111'0000'0000'0000 * (i % 8) + i;
        hart().pc = kPc;
    }
    Hart& hart() { return board_.harts.front(); }

    AttemptResult execute(std::uint32_t word, X memory = 0) {
        memory_ = OneDoubleword(memory);
        memory_.reserved = reserved;
        return emu::execute(decode(word), board_, hart(), memory_);
    }
    X memory() const { return memory_.content; }
    bool reserved = false;

  private:
    Board board_;
    OneDoubleword memory_{0};
};

const std::vector<X>& edges() {
    static const std::vector<X> kEdges = [] {
        std::vector<X> values{0, 1, 2, 3, 7, 8, 30, 31, 32, 33, 62, 63, 64, 65, 127, 128, 255, 256};
        for (const unsigned bit : {7u, 8u, 15u, 16u, 31u, 32u, 33u, 62u, 63u}) {
            for (const int beside : {-1, 0, 1}) values.push_back((X{1} << bit) + static_cast<X>(beside));
        }
        const auto positive = values;
        for (const auto value : positive) values.push_back(minus(value)), values.push_back(~value);
        for (const X value : {0x5555555555555555u, 0xaaaaaaaaaaaaaaaau, 0x123456789abcdef0u,
                              0x80000000ffffffffu, 0xffffffff80000000u, 0x7fffffff80000000u}) {
            values.push_back(value);
        }
        return values;
    }();
    return kEdges;
}

bool is_register_form(const Definition& row) {
    return row.kind == Kind::alu && row.pattern.form == Form::r;
}
bool is_immediate_form(const Definition& row) {
    return row.kind == Kind::alu && (row.pattern.form == Form::i || row.pattern.form == Form::shift);
}

// ---- the tests ----------------------------------------------------------------------------------

/// The oracle's own arithmetic, where the host has the same: 128 bits would be needed for nothing else.
TEST(Semantics, TheOracleCanMultiplyAndDivide) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 100000; ++i) {
        const X a = random() >> random() % 64, b = random() >> random() % 64;
        EXPECT_EQ(multiply(a, b).low, a * b);
        if (b == 0) continue;
        const auto [quotient, remainder] = divide(a, b);
        EXPECT_EQ(quotient, a / b);
        EXPECT_EQ(remainder, a % b);
        // a * b, divided by b, is a again: this ties the high half to the low one.
        EXPECT_LT(multiply(a, b).high, b);
    }
    EXPECT_EQ(multiply(~X{0}, ~X{0}).high, ~X{0} - 1);
    EXPECT_EQ(multiply(~X{0}, ~X{0}).low, 1u);
    EXPECT_EQ(multiply(X{1} << 63, 6).high, 3u);
}

TEST(Semantics, RegisterFormsAreTheOracles) {
    std::mt19937_64 random(2);
    Bench bench;
    for (const auto& row : definitions()) {
        if (!is_register_form(row)) continue;
        const auto found = register_results().find(row.opcode);
        ASSERT_NE(found, register_results().end()) << row.name << " has no second statement";
        const auto word = encode(row.opcode, {12, 10, 11, 0});
        const auto check = [&](X a, X b) {
            bench.hart().x[10] = a;
            bench.hart().x[11] = b;
            const auto result = bench.execute(word);
            ASSERT_EQ(result.end, AccessEnd::done);
            ASSERT_EQ(result.next_pc, Bench::kPc + 4);
            ASSERT_EQ(bench.hart().x[12], found->second(a, b))
                << row.name << std::hex << " of " << a << " and " << b;
        };
        for (const auto a : edges()) {
            for (const auto b : edges()) ASSERT_NO_FATAL_FAILURE(check(a, b));
        }
        for (int i = 0; i < 2000; ++i) {
            ASSERT_NO_FATAL_FAILURE(check(random() >> random() % 64, random() >> random() % 64));
        }
    }
}

TEST(Semantics, ImmediateFormsAreTheOracles) {
    Bench bench;
    for (const auto& row : definitions()) {
        if (!is_immediate_form(row)) continue;
        const auto found = register_results().find(row.opcode);
        ASSERT_NE(found, register_results().end()) << row.name << " has no second statement";
        const bool shift = row.pattern.form == Form::shift;
        const std::int64_t most = !shift ? 2047 : row.name.ends_with("w") ? 31 : 63;
        for (std::int64_t immediate = shift ? 0 : -2048; immediate <= most; immediate += shift ? 1 : 13) {
            const auto word = encode(row.opcode, {12, 10, 0, immediate});
            for (const auto a : edges()) {
                bench.hart().x[10] = a;
                ASSERT_EQ(bench.execute(word).end, AccessEnd::done);
                ASSERT_EQ(bench.hart().x[12], found->second(a, static_cast<X>(immediate)))
                    << row.name << std::hex << " of " << a << " and " << immediate;
            }
        }
    }
}

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
         }) {
        bench.hart().x[10] = a;
        bench.hart().x[11] = b;
        bench.execute(encode(opcode, {12, 10, 11, 0}));
        EXPECT_EQ(bench.hart().x[12], result) << definition(opcode).name << std::hex << " " << a << " " << b;
    }
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
    const std::map<Op, std::function<bool(X, X)>> taken{
        {Op::beq, [](X a, X b) { return (a ^ b) == 0; }},
        {Op::bne, [](X a, X b) { return (a ^ b) != 0; }},
        {Op::blt, less_signed},
        {Op::bge, [](X a, X b) { return !less_signed(a, b); }},
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

TEST(Semantics, X0IsNeverWritten) {
    Bench bench;
    for (const auto& row : definitions()) {
        if (row.kind == Kind::system) continue;
        for (std::size_t i = 1; i < 32; ++i) bench.hart().x[i] = OneDoubleword::kAt;
        bench.execute(encode(row.opcode, {0, 10, 11, 0}), 0x8877665544332211);
        EXPECT_EQ(bench.hart().x[0], 0u) << row.name;
    }
}

/// Every register is written by its own number and read by its own number.
TEST(Semantics, EveryRegisterIsTheOneThatIsNamed) {
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

TEST(Semantics, LoadsExtendAsTheirTypeSays) {
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

TEST(Semantics, StoresWriteTheirBytesAndNoOthers) {
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

TEST(Semantics, AtomicsGiveTheOldValueAndStoreTheNew) {
    using Modify = std::function<X(X, X)>;
    const std::map<std::string_view, Modify> oracle{
        {"amoswap", [](X, X b) { return b; }},
        {"amoadd", add_bits},
        {"amoxor", [](X a, X b) { return (a | b) & ~(a & b); }},
        {"amoand", [](X a, X b) { return ~(~a | ~b); }},
        {"amoor", [](X a, X b) { return ~(~a & ~b); }},
        {"amomin", [](X a, X b) { return less_signed(b, a) ? b : a; }},
        {"amomax", [](X a, X b) { return less_signed(a, b) ? b : a; }},
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
        const auto word_of = [&](X value) { return is_unsigned ? low_word(value) : extended(value); };
        ++checked;
        for (const auto old : edges()) {
            for (const auto b : edges()) {
                bench.hart().x[10] = OneDoubleword::kAt;
                bench.hart().x[11] = b;
                ASSERT_EQ(bench.execute(encode(row.opcode, {12, 10, 11, 0}), old).end, AccessEnd::done);
                ASSERT_EQ(bench.hart().x[12], word ? extended(old) : old) << row.name;
                const auto stored =
                    word ? low_word(modify(word_of(old), word_of(b))) | (old & ~low_word(~X{0}))
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

TEST(Semantics, ReserveAndConditional) {
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

TEST(Semantics, AFaultChangesNoRegister) {
    Bench bench;
    for (const auto& row : definitions()) {
        const bool memory = row.kind == Kind::load || row.kind == Kind::store || row.kind == Kind::atomic ||
                            row.kind == Kind::reserve;
        if (!memory) continue;
        bench.hart().x[10] = OneDoubleword::kAt + 8;
        const auto before = bench.hart().x;
        EXPECT_EQ(bench.execute(encode(row.opcode, {12, 10, 11, 0}), 1).end, AccessEnd::trapped);
        EXPECT_EQ(bench.hart().x, before) << row.name;
        EXPECT_EQ(bench.memory(), 1u) << row.name;
    }
}

TEST(Semantics, FencesDoNothing) {
    Bench bench;
    const auto before = bench.hart().x;
    for (const std::uint32_t word : {0x0ff0000fu, 0x8330000fu, 0x0100000fu, 0x0000100fu, 0xffff8f8fu}) {
        const auto result = bench.execute(word);
        EXPECT_EQ(result.end, AccessEnd::done) << std::hex << word;
        EXPECT_EQ(result.next_pc, Bench::kPc + 4);
        EXPECT_EQ(bench.hart().x, before);
    }
}

}  // namespace
}  // namespace backspin::emu
