// The board keeps what base/machine.hpp asks for.
#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "base/state.hpp"
#include "testsuite/embedding/random_program.hpp"

namespace backspin::m0 {
namespace {

/// The whole state as one can compare it.
struct Picture {
    std::vector<std::byte> fields;
    std::uint64_t memory;
    bool operator==(const Picture&) const = default;
};
Picture picture(M0Machine& machine) {
    const auto state = machine.save();
    return {state.fields, state.pages.digest()};
}

class EveryHit : public Observer {
  public:
    Verdict on_hit(const Hit& hit) override {
        hits.push_back(hit);
        return Verdict::go_on;
    }
    std::vector<Hit> hits;
};

void type_at_random(std::mt19937_64& random, M0Machine& machine) {
    if (random() % 20 == 0) machine.apply(DeviceInput{kUartChannel, {static_cast<std::byte>(random())}});
}

TEST(M0Machine, ARunDoesNotDependOnHowItIsCut) {
    constexpr StepCount kEnd{20'000};
    std::uint64_t interrupts = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937_64 random(seed);
        const auto program = random_program(random);
        // One by one, with an input now and then; what happened is written down.
        Guest judge(program);
        std::map<StepCount, Input> inputs;
        std::map<StepCount, Picture> seen;
        while (judge.now() < kEnd) {
            const auto at = judge.now();
            if (random() % 50 == 0) seen[at] = picture(judge);
            if (random() % 300 == 0) {
                inputs[at] = DeviceInput{kUartChannel, {static_cast<std::byte>(random())}};
                judge.apply(inputs[at]);
            } else if (const auto info = judge.step()) {
                interrupts += info->kind == StepKind::interrupt ? 1 : 0;
            } else {
                break;
            }
        }
        const auto end = judge.now();
        // In slices of any length, observed or not, going back to saved states at random.
        Guest machine(program);
        std::vector<SavedState> saved(8, machine.save());
        EveryHit observer;
        while (machine.now() < end) {
            if (random() % 4 == 0) saved.at(random() % saved.size()) = machine.save();
            if (random() % 32 == 0) machine.load(saved.at(random() % saved.size()));
            auto until = std::min(end, machine.now() + StepCount{1 + random() % 500});
            const auto next = inputs.lower_bound(machine.now());
            if (next != inputs.end() && next->first == machine.now()) {
                machine.apply(next->second);
                continue;
            }
            if (next != inputs.end()) until = std::min(until, next->first);
            const auto check = seen.upper_bound(machine.now());
            if (check != seen.end()) until = std::min(until, check->first);
            const StopPoint watch{StopKind::access, {kDataAt}, 8};
            machine.set_stop_points({&watch, 1});
            ASSERT_EQ(machine.run({.until = until}, random() % 2 == 0 ? &observer : nullptr),
                      RunEnd::reached);
            if (const auto same = seen.find(machine.now()); same != seen.end()) {
                ASSERT_EQ(picture(machine), same->second) << machine.now().value;
            }
        }
        EXPECT_EQ(picture(machine), picture(judge));
    }
    EXPECT_GT(interrupts, 1000u) << "the programs do nothing";
}

TEST(M0Machine, SavesLoadsAndSavesTheSame) {
    std::mt19937_64 random(1);
    Guest machine(random_program(random));
    machine.steps(777);
    const auto first = machine.save();
    machine.steps(333);
    machine.load(first);
    const auto second = machine.save();
    EXPECT_EQ(first.fields, second.fields);
    EXPECT_EQ(first.ends, second.ends);
    EXPECT_EQ(first.pages.digest(), second.pages.digest());
    EXPECT_EQ(first.ends.size(), machine.component_names().size());
}

TEST(M0Machine, RefusesAStateThatIsNoneOfItsOwn) {
    Guest machine({0x46c0});
    auto state = machine.save();
    const auto before = picture(machine);
    auto shorter = state;
    shorter.fields.pop_back();
    EXPECT_THROW(machine.load(shorter), BadState);
    auto longer = state;
    longer.fields.push_back({});
    EXPECT_THROW(machine.load(longer), BadState);
    auto unsound = state;
    unsound.fields.at(state.ends.at(0) + 7) = std::byte{0xff};  // pending exceptions that do not exist
    EXPECT_THROW(machine.load(unsound), BadState);
    EXPECT_EQ(picture(machine), before);
}

TEST(M0Machine, AnImageLargerThanTheFlashIsRefused) {
    EXPECT_THROW(M0Machine(std::vector<std::byte>(kMemoryEach + 1)), std::invalid_argument);
}

// ---- stops --------------------------------------------------------------------------------------

std::vector<Hit> hits_of(M0Machine& machine, const std::vector<StopPoint>& points, StepCount until) {
    EveryHit observer;
    machine.set_stop_points(points);
    machine.run({.until = until}, &observer);
    return observer.hits;
}

TEST(M0Machine, SeesEveryByteThatAStepOfSeveralMoves) {
    // stmia r1!, {r0, r2, r3}, with the value of r2 there already.
    Guest guest({0xc10d});
    guest.set(0, 0x11).set(1, kRam).set(2, 0x22).set(3, 0x33).poke(kRam + 4, 0x22);
    const auto at = guest.now();
    const std::vector<StopPoint> points{
        {StopKind::write, {kRam + 11}, 1}, {StopKind::write, {kRam + 8}, 1},
        {StopKind::write, {kRam + 4}, 4},  {StopKind::access, {kRam + 4}, 4},
        {StopKind::write, {kRam + 12}, 4}, {StopKind::read, {kRam}, 12},
        {StopKind::execute, {kMain}, 1},   {StopKind::execute, {kMain + 2}, 1}};
    const auto hits = hits_of(guest, points, at + StepCount{1});
    ASSERT_EQ(hits.size(), 5u);
    EXPECT_FALSE(hits[0].changes_value) << "the uppermost byte of 0x33 is 0, as it was";
    EXPECT_TRUE(hits[1].changes_value);
    EXPECT_FALSE(hits[2].changes_value);
    EXPECT_EQ(hits[3].kind, StopKind::access);
    EXPECT_FALSE(hits[3].changes_value);
    EXPECT_EQ(hits[4].kind, StopKind::execute);
    for (const auto& hit : hits) EXPECT_EQ(hit.at, at);
}

TEST(M0Machine, SeesTheFrameThatAnInterruptStores) {
    Guest guest(Program().code(kMain, {0x6008, 0x46c0}).code(handler_of(kPendsv), {0x4770}));
    guest.set(0, 1u << 28).set(1, kSystemControl + Nvic::ICSR).set(12, 0xabc).steps(1);
    const auto at = guest.now();
    const auto hits =
        hits_of(guest, {{StopKind::write, {kStackTop - 16}, 4}, {StopKind::read, {kStackTop - 16}, 4}},
                at + StepCount{2});
    ASSERT_EQ(hits.size(), 2u);
    EXPECT_EQ(hits[0].at, at) << "r12, by the entry";
    EXPECT_EQ(hits[0].kind, StopKind::write);
    EXPECT_EQ(hits[1].at, at + StepCount{1}) << "and by the return";
    EXPECT_EQ(hits[1].kind, StopKind::read);
}

TEST(M0Machine, SeesADevicesRegister) {
    Guest guest({0x6008, 0x6008});  // str r0, [r1], twice the same
    guest.set(0, 'x').set(1, kUart0);
    const auto hits = hits_of(guest, {{StopKind::write, {kUart0}, 4}}, guest.now() + StepCount{2});
    ASSERT_EQ(hits.size(), 2u);
    EXPECT_TRUE(hits[1].changes_value);
}

TEST(M0Machine, LookingAheadHasNoEffect) {
    Guest guest({0x6808});  // ldr r0, [r1]: takes the byte out of the UART
    guest.set(1, kUart0);
    const auto before = picture(guest);
    ASSERT_EQ(guest.next_accesses().size(), 1u);
    EXPECT_EQ(picture(guest), before);
}

/// Memory differs exactly where a step said that it would.
TEST(M0Machine, NothingIsWrittenThatWasNotForeseen) {
    std::uint64_t stores = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        std::mt19937_64 random(seed);
        Guest machine(random_program(random));
        auto before = machine.save();
        for (int n = 0; n < 2000; ++n) {
            type_at_random(random, machine);
            before = machine.save();
            const auto accesses = machine.next_accesses();
            if (!machine.step()) break;
            const auto after = machine.save();
            PageRoot::for_each_difference(
                before.pages, after.pages, [&](PageIndex page, const Page*, const Page*) {
                    for (std::uint32_t i = 0; i < kPageSize; ++i) {
                        if (before.pages.page(page)[i] == after.pages.page(page)[i]) continue;
                        const auto offset = static_cast<std::uint32_t>(page.value * kPageSize + i);
                        const auto address = offset < kMemoryEach ? offset : kRam + (offset - kMemoryEach);
                        ++stores;
                        EXPECT_TRUE(std::ranges::any_of(accesses,
                                                        [&](const Access& access) {
                                                            const auto byte = address - access.address;
                                                            return access.is_store && byte < access.size &&
                                                                   (access.changed >> (8 * byte) & 0xff) != 0;
                                                        }))
                            << std::hex << address;
                    }
                });
        }
    }
    EXPECT_GT(stores, 1000u);
}

}  // namespace
}  // namespace backspin::m0
