// Timeline and RISC-V machine together, on compiled firmware with a ticking timer: what a user does, in
// numbers that no hand could do.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "replay/timeline.hpp"
#include "testsuite/system/firmware_machine.hpp"

namespace backspin {
namespace {

using replay::StopReason;
using testing::Digester;
using testing::machine_with;

constexpr HartId kHart{0};

class TenMillionSteps : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(timeline_.go_on({}).why, StopReason::powered_off);
        ASSERT_GT(timeline_.frontier().step, StepCount{10'000'000});
    }

    void go_to(std::uint64_t step) {
        ASSERT_EQ(timeline_.seek(Position{{}, StepCount{step}}).why, StopReason::done);
    }

    /// The last position before `from` at which the hart takes an interrupt.
    std::uint64_t last_interrupt_before(std::uint64_t from) {
        go_to(from - 200'000);  // two ticks
        std::uint64_t found = 0;
        while (timeline_.position().step.value < from) {
            const auto before = timeline_.position().step.value;
            timeline_.step(kHart, {.show_interrupts = true, .range = {}});
            const auto cause = machine_->read_register(kHart, RegisterId{65 + 0x342});
            const auto handler = machine_->read_register(kHart, RegisterId{65 + 0x305});
            if (*cause >> 63 != 0 && machine_->context(kHart).pc.value == (*handler & ~std::uint64_t{3}))
                found = before;
        }
        return found;
    }

    /// One position and its state.
    struct Visit {
        StepCount at;
        Digester::Digest digest;
        bool operator==(const Visit&) const = default;
    };
    Visit here() { return {timeline_.position().step, digester_.now()}; }

    std::unique_ptr<emu::RiscvMachine> machine_ = machine_with("digest_load");
    replay::Timeline timeline_{*machine_, {}};
    Digester digester_{*machine_};
};

TEST_F(TenMillionSteps, SteppingBackVisitsWhatSteppingForwardVisited) {
    for (const bool show_interrupts : {true, false}) {
        const auto interrupt = last_interrupt_before(9'700'000);
        ASSERT_GT(interrupt, 9'400'000u) << "no tick where one was expected";
        go_to(interrupt - 700);
        const replay::StepPolicy policy{.show_interrupts = show_interrupts, .range = {}};
        std::vector<Visit> forward{here()};
        for (int i = 0; i < 1000; ++i) {
            ASSERT_EQ(timeline_.step(kHart, policy).why, StopReason::done);
            forward.push_back(here());
        }
        ASSERT_GT(timeline_.position().step.value, interrupt);
        for (std::size_t i = forward.size() - 1; i-- > 0;) {
            ASSERT_EQ(timeline_.step_back(kHart, policy).why, StopReason::done);
            ASSERT_EQ(timeline_.position().step, forward[i].at);
            ASSERT_TRUE(here() == forward[i]) << "another state at position " << forward[i].at.value;
        }
    }
}

TEST_F(TenMillionSteps, HiddenInterruptsAreCrossedAsOneMove) {
    const auto interrupt = last_interrupt_before(9'700'000);
    const auto handler = *machine_->read_register(kHart, RegisterId{65 + 0x305}) & ~std::uint64_t{3};
    go_to(interrupt - 10);
    for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(timeline_.step(kHart, {.show_interrupts = false, .range = {}}).why, StopReason::done);
        EXPECT_NE(machine_->context(kHart).pc.value, handler);
        EXPECT_EQ(*machine_->read_register(kHart, RegisterId{65 + 0x300}) & 8, 8u) << "inside the handler";
    }
    EXPECT_GT(timeline_.position().step.value, interrupt + 15)
        << "the handler's steps were crossed on the way";
}

TEST_F(TenMillionSteps, GoingBackFindsTheDirectlyPrecedingInstruction) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 50; ++i) {
        go_to(std::uniform_int_distribution<std::uint64_t>(1'000'000, 9'900'000)(random));
        timeline_.step(kHart, {.show_interrupts = true, .range = {}});
        const auto at = timeline_.position().step;
        go_to(at.value - 1);
        const auto pc = machine_->context(kHart).pc;
        if (timeline_.step(kHart, {.show_interrupts = true, .range = {}}).at.step != at) continue;
        const auto back = timeline_.go_back({.points = {{StopKind::execute, pc, 1}}, .filter = nullptr});
        ASSERT_EQ(back.why, StopReason::stop_point);
        ASSERT_EQ(back.at.step, at - StepCount{1});
    }
}

TEST_F(TenMillionSteps, GoingBackFindsTheStoreOfTheDirectlyPrecedingInstruction) {
    // Find stores by walking: an address near which memory changes from one step to the next.
    go_to(5'000'000);
    int found = 0;
    for (int walked = 0; walked < 400 && found < 20; ++walked) {
        const auto from = timeline_.position().step;
        std::array<std::byte, 4> bytes{};
        machine_->read_memory(kHart, machine_->context(kHart).pc, bytes);
        std::uint32_t word = 0;
        std::memcpy(&word, bytes.data(), 4);
        const auto instruction = machine_->board().decoder->decode(word);
        const bool is_store = instruction.opcode != emu::Opcode::illegal &&
                              emu::definition(instruction.opcode).kind == emu::Kind::store;
        const auto base = *machine_->read_register(kHart, RegisterId{instruction.rs1});
        const VirtualAddress target{base + static_cast<std::uint64_t>(std::int64_t{instruction.imm})};
        timeline_.step(kHart, {.show_interrupts = true, .range = {}});
        if (!is_store) continue;
        const auto after = timeline_.position().step;
        const auto back = timeline_.go_back({.points = {{StopKind::access, target, 1}}, .filter = nullptr});
        ASSERT_EQ(back.why, StopReason::stop_point);
        // Told with the store not yet undone; gdb then makes its own step back, to right before it.
        ASSERT_EQ(back.at.step, after);
        ASSERT_EQ(back.hits.front().at, from);
        timeline_.step_back(kHart, {.show_interrupts = true, .range = {}});
        ASSERT_EQ(timeline_.position().step, from);
        timeline_.step(kHart, {.show_interrupts = true, .range = {}});
        ++found;
    }
    EXPECT_GE(found, 10);
}

TEST_F(TenMillionSteps, WhereverOneGoesAPositionHasOneState) {
    std::vector<Visit> known;
    std::mt19937_64 random(2);
    const auto any = [&](std::uint64_t low, std::uint64_t high) {
        return std::uniform_int_distribution<std::uint64_t>(low, high)(random);
    };
    const auto last = timeline_.frontier().step.value;
    for (int i = 0; i < 20; ++i) {
        go_to(any(0, last));
        known.push_back(here());
    }
    // Each again, from elsewhere and by another way; and in a machine that never knew the others.
    std::ranges::shuffle(known, random);
    for (const auto& visit : known) {
        go_to(any(0, last));
        for (std::uint64_t n = any(0, 20); n > 0; --n)
            timeline_.step_back(kHart, {.show_interrupts = true, .range = {}});
        go_to(visit.at.value);
        ASSERT_TRUE(here() == visit) << visit.at.value;
    }
    const auto straight = machine_with("digest_load");
    Digester digester(*straight);
    std::ranges::sort(known, {}, &Visit::at);
    for (const auto& visit : known) {
        ASSERT_EQ(straight->run({.until = visit.at}), RunEnd::reached);
        ASSERT_TRUE(digester.now() == visit.digest) << visit.at.value;
    }
}

}  // namespace
}  // namespace backspin
