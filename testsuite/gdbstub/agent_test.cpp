// Agent expressions: every operation, what cannot be evaluated, GDB's wrong widths, and printing.
#include "gdbstub/agent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <initializer_list>
#include <limits>
#include <random>
#include <string>

#include "gdbstub/agent_format.hpp"

namespace backspin::gdbstub {
namespace {

using testing::Optional;

constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();

/// Register n holds 100 + n; memory from 0x1000 on holds 0x81, 0x82 ...; a text lies at 0x2000.
class Context final : public AgentContext {
  public:
    std::optional<std::uint64_t> agent_register(RegisterNumber number) override {
        if (number.value == 7) return ~std::uint64_t{0};
        return number.value < 32 ? std::optional<std::uint64_t>(100 + number.value) : std::nullopt;
    }
    bool agent_memory(Address at, std::span<std::byte> into) override {
        const std::string_view text("hello\0", 6);
        for (std::size_t i = 0; i < into.size(); ++i) {
            const auto here = at.value + i;
            if (here >= 0x1000 && here < 0x1010)
                into[i] = static_cast<std::byte>(0x81 + here - 0x1000);
            else if (here >= 0x2000 && here < 0x2006)
                into[i] = static_cast<std::byte>(text[here - 0x2000]);
            else
                return false;
        }
        return true;
    }
    void agent_print(std::string_view text) override { printed += text; }
    std::optional<std::uint64_t> agent_variable(VariableNumber number) override {
        const auto found = variables.find(number);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    }
    void agent_assign(const AgentVariables& values) override {
        for (const auto& [number, value] : values) variables[number] = value;
    }

    std::string printed;
    AgentVariables variables{{1, 40}, {0x102, ~std::uint64_t{0}}};
};

AgentExpression program(std::initializer_list<int> bytes) {
    AgentExpression::Bytecode code;
    for (const int byte : bytes) code.push_back(static_cast<std::byte>(byte));
    return AgentExpression(code);
}

std::optional<std::int64_t> value(std::initializer_list<int> bytes) {
    Context context;
    return program(bytes).evaluate(context);
}

/// A program that ends with one number on the stack, but for its end.
AgentExpression::Bytecode constant(std::int64_t value) {
    AgentExpression::Bytecode code{std::byte{0x25}};
    for (int shift = 56; shift >= 0; shift -= 8)
        code.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> shift));
    return code;
}

std::optional<std::int64_t> binary(int operation, std::int64_t a, std::int64_t b) {
    auto code = constant(a);
    const auto second = constant(b);
    code.insert(code.end(), second.begin(), second.end());
    code.push_back(static_cast<std::byte>(operation));
    code.push_back(std::byte{0x27});
    Context context;
    return AgentExpression(code).evaluate(context);
}

TEST(AgentExpression, ComputesModulo2To64) {
    struct Case {
        int operation;
        std::int64_t a, b;
        std::optional<std::int64_t> result;
    };
    for (const auto& [operation, a, b, result] : std::initializer_list<Case>{
             {0x02, 5, -7, -2},
             {0x02, std::numeric_limits<std::int64_t>::max(), 1, kLeast},
             {0x03, 5, 7, -2},
             {0x04, -3, 7, -21},
             {0x05, -7, 2, -3},
             {0x05, kLeast, -1, kLeast},
             {0x05, 1, 0, std::nullopt},
             {0x06, -1, 2, std::numeric_limits<std::int64_t>::max()},
             {0x06, 1, 0, std::nullopt},
             {0x07, -7, 2, -1},
             {0x07, kLeast, -1, 0},
             {0x07, 1, 0, std::nullopt},
             {0x08, -1, 10, 5},
             {0x08, 1, 0, std::nullopt},
             {0x09, 3, 4, 48},
             {0x09, 1, 64, 0},
             {0x09, 1, -1, 0},
             {0x0a, -16, 2, -4},
             {0x0a, -16, 200, -1},
             {0x0b, -1, 60, 15},
             {0x0b, -1, 64, 0},
             {0x0f, 12, 10, 8},
             {0x10, 12, 10, 14},
             {0x11, 12, 10, 6},
             {0x13, 4, 4, 1},
             {0x13, 4, 5, 0},
             {0x14, -1, 0, 1},
             {0x14, 0, -1, 0},
             {0x15, -1, 0, 0},
             {0x15, 0, -1, 1},
         })
        EXPECT_EQ(binary(operation, a, b), result) << operation << ": " << a << ", " << b;
}

TEST(AgentExpression, MovesTheStack) {
    EXPECT_THAT(value({0x22, 1, 0x28, 0x02, 0x27}), Optional(2)) << "dup";
    EXPECT_THAT(value({0x22, 9, 0x22, 1, 0x29, 0x27}), Optional(9)) << "pop";
    EXPECT_THAT(value({0x22, 9, 0x22, 1, 0x2b, 0x03, 0x27}), Optional(-8)) << "swap";
    EXPECT_THAT(value({0x22, 9, 0x22, 1, 0x32, 1, 0x27}), Optional(9)) << "pick";
    // a b c => c a b: on top is b, then a, then c.
    EXPECT_THAT(value({0x22, 1, 0x22, 2, 0x22, 4, 0x33, 0x27}), Optional(2)) << "rot";
    EXPECT_THAT(value({0x22, 1, 0x22, 2, 0x22, 4, 0x33, 0x29, 0x27}), Optional(1)) << "rot";
    EXPECT_THAT(value({0x22, 1, 0x22, 2, 0x22, 4, 0x33, 0x29, 0x29, 0x27}), Optional(4)) << "rot";
}

TEST(AgentExpression, ReadsRegistersMemoryAndConstants) {
    EXPECT_THAT(value({0x26, 0, 5, 0x27}), Optional(105));
    EXPECT_THAT(value({0x23, 0x10, 0x00, 0x17, 0x27}), Optional(0x81));
    EXPECT_THAT(value({0x23, 0x10, 0x00, 0x18, 0x27}), Optional(0x8281));
    EXPECT_THAT(value({0x24, 0, 0, 0x10, 0x00, 0x19, 0x27}), Optional(0x8483'8281));
    EXPECT_THAT(value({0x23, 0x10, 0x00, 0x1a, 0x27}),
                Optional(static_cast<std::int64_t>(0x8887'8685'8483'8281)));
    EXPECT_THAT(value({0x22, 0, 0x0e, 0x27}), Optional(1));
    EXPECT_THAT(value({0x22, 6, 0x0e, 0x27}), Optional(0));
    EXPECT_THAT(value({0x22, 6, 0x0f + 3, 0x27}), Optional(-7)) << "bit_not";
}

TEST(AgentExpression, WhatWouldBeTracedIsOnlyTakenOffTheStack) {
    EXPECT_THAT(value({0x22, 5, 0x22, 1, 0x22, 2, 0x0c, 0x27}), Optional(5)) << "trace: address and size";
    EXPECT_THAT(value({0x22, 5, 0x22, 1, 0x22, 2, 0x2f, 0x27}), Optional(5)) << "tracenz: the same";
    EXPECT_THAT(value({0x22, 5, 0x0d, 4, 0x27}), Optional(5)) << "trace_quick: leaves the address";
    EXPECT_THAT(value({0x22, 5, 0x30, 0, 4, 0x27}), Optional(5)) << "trace16: the same";
    EXPECT_EQ(value({0x22, 5, 0x0c, 0x27}), std::nullopt);
    EXPECT_EQ(value({0x0d, 4, 0x27}), std::nullopt);
}

TEST(AgentExpression, ReadsAndSetsVariables) {
    Context context;
    EXPECT_THAT(program({0x2c, 0, 1, 0x22, 2, 0x02, 0x27}).evaluate(context), Optional(42)) << "getv";
    EXPECT_THAT(program({0x2c, 1, 2, 0x27}).evaluate(context), Optional(-1)) << "numbers are big-endian";
    EXPECT_THAT(program({0x22, 7, 0x2d, 0, 1, 0x27}).evaluate(context), Optional(7))
        << "setv leaves the value";
    EXPECT_EQ(context.variables.at(1), 7U);
    EXPECT_THAT(program({0x22, 9, 0x2d, 0, 1, 0x29, 0x2c, 0, 1, 0x27}).evaluate(context), Optional(9))
        << "the rest of the expression sees it";
    EXPECT_THAT(program({0x22, 5, 0x2e, 0, 1, 0x27}).evaluate(context), Optional(5)) << "tracev";
    EXPECT_TRUE(program({0x22, 3, 0x2d, 0, 1, 0x29, 0x27}).run(context));
    EXPECT_EQ(context.variables.at(1), 3U) << "by a command";
}

TEST(AgentExpression, SetsNoVariableUnlessItComesToItsEnd) {
    Context context;
    const auto before = context.variables;
    EXPECT_EQ(program({0x22, 7, 0x2d, 0, 1, 0x22, 0, 0x05, 0x27}).evaluate(context), std::nullopt);
    EXPECT_FALSE(program({0x22, 7, 0x2d, 0, 1, 0x22, 0, 0x05, 0x27}).run(context));
    // The width of the second number is in doubt, and with it what the variable gets, though not the value.
    EXPECT_EQ(
        program({0x23, 1, 1, 0x23, 1, 1, 0x02, 0x2a, 64, 0x2d, 0, 1, 0x29, 0x22, 1, 0x27}).evaluate(context),
        std::nullopt);
    EXPECT_EQ(context.variables, before);
    EXPECT_EQ(program({0x2c, 0, 2, 0x27}).evaluate(context), std::nullopt) << "no such variable";
    EXPECT_EQ(program({0x22, 1, 0x2d, 0, 2, 0x27}).evaluate(context), std::nullopt);
    EXPECT_EQ(program({0x22, 1, 0x2e, 0, 2, 0x27}).evaluate(context), std::nullopt);
    EXPECT_EQ(program({0x2d, 0, 1, 0x27}).evaluate(context), std::nullopt) << "nothing on the stack";
}

TEST(AgentExpression, FloatingPointIsRefused) {
    for (const int operation : {0x01, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f})
        EXPECT_EQ(value({0x22, 1, 0x23, 0x10, 0x00, operation, 0x27}), std::nullopt) << operation;
}

TEST(AgentExpression, Jumps) {
    // if (x0's 100) goto 8 else 1
    EXPECT_THAT(value({0x26, 0, 0, 0x20, 0, 9, 0x22, 1, 0x27, 0x22, 2, 0x27}), Optional(2));
    EXPECT_THAT(value({0x22, 0, 0x20, 0, 8, 0x22, 1, 0x27, 0x22, 2, 0x27}), Optional(1));
    EXPECT_THAT(value({0x21, 0, 5, 0x22, 1, 0x22, 3, 0x27}), Optional(3));
}

TEST(AgentExpression, WhatCannotBeEvaluatedIsReported) {
    EXPECT_EQ(value({}), std::nullopt) << "no end";
    EXPECT_EQ(value({0x27}), std::nullopt) << "nothing on the stack";
    EXPECT_EQ(value({0x22}), std::nullopt) << "an operand is missing";
    EXPECT_EQ(value({0x02, 0x27}), std::nullopt) << "operands are missing";
    EXPECT_EQ(value({0x26, 0, 40, 0x27}), std::nullopt) << "no such register";
    EXPECT_EQ(value({0x22, 8, 0x1a, 0x27}), std::nullopt) << "no such memory";
    EXPECT_EQ(value({0x01, 0x27}), std::nullopt) << "no such operation";
    EXPECT_EQ(value({0x22, 1, 0x32, 1, 0x27}), std::nullopt) << "nothing so deep";
    EXPECT_EQ(value({0x22, 1, 0x16, 0, 0x27}), std::nullopt) << "a width of nothing";
    EXPECT_EQ(value({0x21, 0xff, 0xff}), std::nullopt) << "a jump to nowhere";
    EXPECT_EQ(value({0x21, 0, 0}), std::nullopt) << "for ever";
    EXPECT_EQ(value({0x22, 1, 0x21, 0, 0}), std::nullopt) << "an endless stack";
    EXPECT_EQ(value({0x33, 0x27}), std::nullopt);
    EXPECT_EQ(value({0x2b, 0x27}), std::nullopt);
    EXPECT_EQ(value({0x34, 1, 0, 1, 0, 0x27}), std::nullopt) << "printf without its arguments";
}

TEST(AgentExpression, ExtendsAsFarAsAllWidthsThatMayBeMeantAgree) {
    EXPECT_THAT(value({0x22, 0x85, 0x16, 8, 0x27}), Optional(-123));
    EXPECT_THAT(value({0x22, 0x85, 0x2a, 4, 0x27}), Optional(5));
    EXPECT_THAT(value({0x22, 5, 0x16, 32, 0x27}), Optional(5)) << "also if 8 or 16 bits were meant";
    EXPECT_THAT(value({0x26, 0, 7, 0x16, 64, 0x27}), Optional(-1));
    // 0x8281 extended from 32 bits is positive, from 16 or 8 bits negative: which was meant is not known.
    EXPECT_EQ(value({0x23, 0x10, 0x00, 0x18, 0x16, 32, 0x27}), std::nullopt);
    // What is compared decides: none of the variants is 3.
    EXPECT_THAT(value({0x23, 0x10, 0x00, 0x18, 0x16, 32, 0x22, 3, 0x13, 0x27}), Optional(0));
    // An operand that looks like an extension is none.
    EXPECT_THAT(value({0x23, 0x16, 64, 0x27}), Optional(0x1640));
}

TEST(AgentExpression, TheWidthOfWhatIsFetchedIsRight) {
    // uint64_t argument == 255, as GDB sends it, of one that only ends in 255.
    EXPECT_THAT(value({0x26, 0, 7, 0x2a, 64, 0x22, 255, 0x2a, 64, 0x13, 0x27}), Optional(0));
    EXPECT_THAT(value({0x26, 0, 7, 0x2a, 8, 0x22, 255, 0x13, 0x27}), Optional(1));
    // Converted later, it may have been meant as the narrower one that it was.
    EXPECT_EQ(value({0x26, 0, 7, 0x28, 0x29, 0x2a, 64, 0x22, 255, 0x13, 0x27}), std::nullopt);
    // The same extension, come to by a jump as well: if (1) goto 11 with 65535 on the stack.
    EXPECT_EQ(value({0x23, 0xff, 0xff, 0x22, 1, 0x20, 0, 11, 0x26, 0, 7, 0x2a, 64, 0x22, 255, 0x13, 0x27}),
              std::nullopt);
}

TEST(AgentExpression, TooManyExtensionsCannotBeJudged) {
    AgentExpression::Bytecode code{std::byte{0x22}, std::byte{5}};
    for (int i = 0; i < 40; ++i) {
        code.push_back(std::byte{0x16});
        code.push_back(std::byte{64});
    }
    code.push_back(std::byte{0x27});
    Context context;
    EXPECT_EQ(AgentExpression(code).evaluate(context), std::nullopt);
}

TEST(AgentExpression, PrintsAsAnAgentsPrintf) {
    // function 0, channel 0, and 42 below: printf("x=%d\n", 42)
    Context context;
    EXPECT_TRUE(program({0x22, 42, 0x22, 0, 0x22, 0, 0x34, 1, 0, 7, 'x', '=', '%', 'd', '\\', 'n', 0, 0x27})
                    .run(context));
    EXPECT_EQ(context.printed, "x=42\n");
    // GDB pushes the last argument first.
    context.printed.clear();
    EXPECT_TRUE(program({0x22, 1, 0x22, 2, 0x22, 0, 0x22, 0, 0x34, 2, 0, 6, '%', 'd', '-', '%', 'd', 0, 0x27})
                    .run(context));
    EXPECT_EQ(context.printed, "2-1");
}

TEST(AgentExpression, SurvivesAnyBytes) {
    std::mt19937 random(1);
    Context context;
    for (int round = 0; round < 20'000; ++round) {
        AgentExpression::Bytecode code(random() % 40);
        for (auto& byte : code) byte = static_cast<std::byte>(random() % (round % 2 == 0 ? 256 : 0x36));
        const AgentExpression expression(code);
        (void)expression.evaluate(context);
        (void)expression.run(context);
        context.printed.clear();
    }
    EXPECT_THAT(value({0x22, 1, 0x27}), Optional(1));
}

// ---- formats ------------------------------------------------------------------------------------

std::optional<std::string> format(std::string_view text, std::initializer_list<std::int64_t> arguments) {
    Context context;
    const std::vector<std::int64_t> values(arguments);
    return agent_format(text, values, context);
}

TEST(AgentFormat, IsCsWhereCIsDefined) {
    struct Case {
        const char* format;
        std::int64_t value;
    };
    for (const auto& [text, number] : std::initializer_list<Case>{{"%ld", 0},
                                                                  {"%ld", -5},
                                                                  {"%5ld|", 42},
                                                                  {"%-5ld|", 42},
                                                                  {"%05ld|", -42},
                                                                  {"%+ld", 7},
                                                                  {"% ld", 7},
                                                                  {"%lx", 255},
                                                                  {"%#lx", 255},
                                                                  {"%#lX", 255},
                                                                  {"%#lx", 0},
                                                                  {"%lo", 8},
                                                                  {"%#lo", 8},
                                                                  {"%lu", -1},
                                                                  {"%.5ld", 42},
                                                                  {"%8.5ld|", -42},
                                                                  {"%08.3ld|", 42},
                                                                  {"%ld%%", 3}}) {
        std::array<char, 128> expected{};
        // NOLINTNEXTLINE(clang-diagnostic-format-nonliteral): the formats stand above
        std::snprintf(expected.data(), expected.size(), text, number);
        EXPECT_EQ(format(text, {number}), expected.data()) << text;
    }
}

TEST(AgentFormat, WidthsOfArgumentsCount) {
    EXPECT_EQ(format("%d", {0xffff'ffff}), "-1");
    EXPECT_EQ(format("%u", {-1}), "4294967295");
    EXPECT_EQ(format("%hd", {0x1'8000}), "-32768");
    EXPECT_EQ(format("%hhu", {0x1ff}), "255");
    EXPECT_EQ(format("%lld", {-1}), "-1");
    EXPECT_EQ(format("%c%c", {'a', 'b'}), "ab");
    EXPECT_EQ(format("%p", {0x1234}), "0x1234");
    EXPECT_EQ(format("%s!", {0x2000}), "hello!");
    EXPECT_EQ(format("%.2s|%7s|", {0x2000, 0x2000}), "he|  hello|");
    EXPECT_EQ(format("\\t\\101\\\\\\e", {}), "\tA\\\x1b");
}

TEST(AgentFormat, RefusesWhatIsNotThere) {
    EXPECT_EQ(format("%d", {}), std::nullopt);
    EXPECT_EQ(format("%", {1}), std::nullopt);
    EXPECT_EQ(format("%q", {1}), std::nullopt);
    EXPECT_EQ(format("%n", {1}), std::nullopt);
    EXPECT_EQ(format("%s", {0x10}), std::nullopt);
    EXPECT_EQ(format("\\", {}), std::nullopt);
    EXPECT_EQ(format("%99999999999d", {1})->size(), 1024u) << "widths are bounded";
}

}  // namespace
}  // namespace backspin::gdbstub
