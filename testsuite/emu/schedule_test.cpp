// Several harts take turns: whose turn it is follows from the state alone, however a run is cut or watched.
// Source: docs/harts.md.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "emu/input.hpp"
#include "testsuite/emu/guest.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

BoardOptions with_harts(std::size_t harts, std::uint64_t quantum,
                        std::optional<std::uint64_t> chaos = std::nullopt) {
    auto options = Guest::board_options();
    options.harts = harts;
    options.quantum = quantum;
    options.chaos = chaos;
    return options;
}

/// The hart that each of the next steps is of: '0', '1' ...; '-' for a step that is no hart's.
std::string order_of(Guest& guest, int steps) {
    std::string order;
    for (int i = 0; i < steps; ++i) {
        const auto expected = guest.machine().current_hart();
        const auto info = guest.step();
        if (!info) return order + "end";
        const bool harts = info->kind == StepKind::attempt || info->kind == StepKind::interrupt;
        if (harts) {
            EXPECT_EQ(info->hart, expected);
        }
        order += harts ? static_cast<char>('0' + info->hart.value) : '-';
    }
    return order;
}

// ---- turns by themselves --------------------------------------------------------------------------

TEST(Turn, GoesToTheNextHartThatCanMove) {
    Board board(with_harts(4, 10));
    board.steps = StepCount{100};
    board.turn = {HartId{1}, StepCount{100}};
    EXPECT_EQ(board.next_turn(), (Board::Turn{HartId{2}, StepCount{110}}));
    board.harts[2].waiting = board.harts[3].waiting = true;
    EXPECT_EQ(board.next_turn(), (Board::Turn{HartId{0}, StepCount{110}}));
    board.harts[0].waiting = true;
    EXPECT_EQ(board.next_turn(), (Board::Turn{HartId{1}, StepCount{110}})) << "the same one again";
    board.harts[1].waiting = true;
    EXPECT_EQ(board.next_turn(), std::nullopt);
    board.harts[3].mie = board.harts[3].mip = 2;
    EXPECT_EQ(board.next_turn(), (Board::Turn{HartId{3}, StepCount{110}})) << "something wakes it";
}

TEST(Turn, LastsUntilItsEndUnlessItsHartWaits) {
    Board board(with_harts(2, 10));
    board.steps = StepCount{105};
    board.turn = {HartId{1}, StepCount{110}};
    EXPECT_EQ(board.next_turn(), board.turn);
    board.harts[1].waiting = true;
    EXPECT_EQ(board.next_turn(), (Board::Turn{HartId{0}, StepCount{115}}));
    board.harts[1].waiting = false;
    board.end_turn();
    EXPECT_EQ(board.next_turn(), (Board::Turn{HartId{0}, StepCount{115}}));
}

TEST(Turn, OfTheOnlyHartDoesNotEnd) {
    const Board board(with_harts(1, 10));
    EXPECT_EQ(board.next_turn(), (Board::Turn{HartId{0}, kEndOfTime}));
}

TEST(Turn, DoesNotReachBeyondTheEndOfTime) {
    Board board(with_harts(2, std::uint64_t{1} << 40));
    board.steps = kEndOfTime - StepCount{5};
    board.turn.end = board.steps;
    ASSERT_TRUE(board.next_turn());
    EXPECT_EQ(board.next_turn()->end, kEndOfTime);
}

/// A hart that loses its turn loses its reservation, and no other does.
TEST(Turn, TakesTheReservationOfWhoLosesIt) {
    Board board(with_harts(3, 10));
    for (auto& hart : board.harts) hart.reservation = PhysicalAddress{0x8000'0000};
    board.turn = {HartId{1}, StepCount{0}};
    board.begin({HartId{1}, StepCount{10}});
    EXPECT_TRUE(board.harts[1].reservation);
    board.begin({HartId{2}, StepCount{20}});
    EXPECT_FALSE(board.harts[1].reservation);
    EXPECT_TRUE(board.harts[2].reservation);
    EXPECT_TRUE(board.harts[0].reservation);
}

/// Chaos: every length from 1 to twice the quantum, each about as often, by seed and position alone.
TEST(Turn, ChaosDrawsItsLength) {
    constexpr std::uint64_t kQuantum = 8;
    std::map<std::uint64_t, int> lengths;
    Board board(with_harts(2, kQuantum, 7)), same(with_harts(2, kQuantum, 7)),
        other(with_harts(2, kQuantum, 8));
    int equal = 0;
    for (std::uint64_t at = 0; at < 16'000; ++at) {
        for (auto* each : {&board, &same, &other}) {
            each->steps = StepCount{at};
            each->turn.end = StepCount{at};
        }
        const auto length = (board.next_turn()->end - board.steps).value;
        ++lengths[length];
        ASSERT_EQ(same.next_turn(), board.next_turn());
        if (other.next_turn() == board.next_turn()) ++equal;
    }
    EXPECT_EQ(lengths.size(), 2 * kQuantum);
    EXPECT_EQ(lengths.begin()->first, 1u);
    EXPECT_EQ(lengths.rbegin()->first, 2 * kQuantum);
    for (const auto& [length, times] : lengths) {
        EXPECT_GT(times, 800) << length;
        EXPECT_LT(times, 1200) << length;
    }
    EXPECT_LT(equal, 1300) << "another seed, other lengths";
}

// ---- turns of programs ----------------------------------------------------------------------------

TEST(Schedule, IsRoundRobin) {
    Guest guest(with_harts(3, 3), {addi(a0, a0, 1), jal(zero, -4)});
    EXPECT_EQ(order_of(guest, 20), "00011122200011122200");
}

/// The same in one run as in single steps, cut anywhere.
TEST(Schedule, DoesNotDependOnHowARunIsCut) {
    for (const auto chaos : {std::optional<std::uint64_t>{}, std::optional<std::uint64_t>{5}}) {
        Guest guest(with_harts(4, 7, chaos), {});
        // Each counts in memory and now and then gives its turn away.
        guest.put(Guest::kCode, {load(Opcode::ld, t0, 0, a0), addi(t0, t0, 1), store(Opcode::sd, t0, 0, a0),
                                 op_imm(Opcode::andi, t1, t0, 7), branch(Opcode::bne, t1, zero, 8),
                                 op(Opcode::pause), jal(zero, -24)});
        for (std::size_t hart = 0; hart < 4; ++hart) guest.set(a0, Guest::kData, hart);
        auto& machine = guest.machine();
        const auto start = machine.save();
        std::vector<SavedState> states{start};
        for (int i = 0; i < 300; ++i) {
            ASSERT_TRUE(machine.step());
            states.push_back(machine.save());
        }
        std::mt19937_64 random(1);
        for (int round = 0; round < 30; ++round) {
            machine.load(start);
            while (machine.now() < StepCount{300}) {
                RunOptions run;
                run.until = std::min(StepCount{300}, machine.now() + StepCount{1 + random() % 50});
                ASSERT_EQ(machine.run(run), RunEnd::reached);
                ASSERT_EQ(machine.save().fields, states[machine.now().value].fields);
            }
            ASSERT_EQ(machine.save().pages.digest(), states.back().pages.digest());
        }
        guest.edit([](Hart&) {});
        guest.run(300);
    }
}

TEST(Schedule, PauseAndItsKinGiveTheTurnAway) {
    for (const auto opcode : {Opcode::pause, Opcode::wrs_nto, Opcode::wrs_sto}) {
        Guest guest(with_harts(2, 100), {op(opcode), nop(), op(opcode), jal(zero, -12)});
        EXPECT_EQ(order_of(guest, 14), "01001100110011");
    }
}

/// Also where the engine keeps nothing decoded: over the border of two pages.
TEST(Schedule, APauseOverAPageBorderGivesTheTurnAway) {
    Guest guest(with_harts(2, 100), {jal(zero, 4094)});
    guest.put(Guest::kCode + 4094, {op(Opcode::pause), nop(), jal(zero, -4102)});
    EXPECT_EQ(order_of(guest, 12), "001100001111");
    guest.run(20);
}

/// Each hart has a timer or two, and any of them may be the next.
TEST(Schedule, TheNextDeadlineIsOfAnyHart) {
    for (std::size_t hart = 0; hart < 3; ++hart) {
        for (const bool of_supervisor : {false, true}) {
            Guest guest(with_harts(3, 5), {op(Opcode::wfi), jal(zero, -4)});
            for (std::size_t other = 0; other < 3; ++other) set_timer(guest, 2000, other);
            if (of_supervisor) {
                guest.edit(
                    [](Hart& h) {
                        h.menvcfg = envcfg::kStce;
                        h.stimecmp = 1000;
                        h.mie = bit(Interrupt::supervisor_timer);
                    },
                    hart);
            } else {
                set_timer(guest, 1000, hart);
                guest.edit([](Hart& h) { h.mie = bit(Interrupt::machine_timer); }, hart);
            }
            EXPECT_EQ(guest.board().next_deadline(), VirtualTime{100'000});
            const auto own = static_cast<char>('0' + hart);
            EXPECT_EQ(order_of(guest, 6), std::string("012-") + own + own);
        }
    }
}

/// The interrupt of a hart that works comes at its position, though another hart has the turn before it.
TEST(Schedule, ATimerCutsIntoATurn) {
    Guest guest(with_harts(2, 50), {jal(zero, 0)});
    guest.put(Guest::kHandler, {jal(zero, 0)});
    for (std::size_t hart = 0; hart < 2; ++hart) {
        set_timer(guest, 7 + hart, hart);  // at steps 70 and 80, both in the turn of hart 1
        guest.edit(
            [](Hart& h) {
                h.mie = bit(Interrupt::machine_timer);
                h.mstatus = mstatus::kMie;
            },
            hart);
    }
    guest.steps(80);
    EXPECT_EQ(guest.hart(1).mcause, 0u);
    guest.steps(1);
    EXPECT_EQ(guest.hart(1).mcause, kInterruptCause | 7);
    guest.steps(19);
    EXPECT_EQ(guest.hart(0).mcause, 0u);
    guest.steps(1);
    EXPECT_EQ(guest.hart(0).mcause, kInterruptCause | 7);
    guest.run(30);
}

TEST(Schedule, AHartThatWaitsHasNoTurn) {
    Guest guest(with_harts(3, 2), {nop(), jal(zero, -4)});
    guest.put(Guest::kData, {op(Opcode::wfi), nop(), jal(zero, -4)});
    guest.go_to(Guest::kData, Privilege::machine, 1);
    EXPECT_EQ(order_of(guest, 11), "00122002200");
}

/// A wfi with something pending does not wait, but gives the rest of the turn away.
TEST(Schedule, AWaitThatEndsAtOnceGivesTheTurnAway) {
    Guest guest(with_harts(2, 100), {op(Opcode::wfi), nop(), jal(zero, -8)});
    for (const std::size_t hart : {0, 1}) {
        raise_software(guest, hart);
        guest.edit([](Hart& h) { h.mie = bit(Interrupt::machine_software); }, hart);
    }
    EXPECT_EQ(order_of(guest, 14), "01000111000111");
}

TEST(Schedule, TrapsAndInterruptsAreStepsOfTheTurn) {
    Guest guest(with_harts(2, 4), {op(Opcode::ecall)});
    guest.put(Guest::kHandler, {nop(), nop(), nop(), jal(zero, -12)});
    raise_software(guest, 1);
    guest.edit(
        [](Hart& hart) {
            hart.mie = bit(Interrupt::machine_software);
            hart.mstatus = mstatus::kMie;
        },
        1);
    EXPECT_EQ(order_of(guest, 10), "0000111100");
    EXPECT_EQ(guest.hart(0).mcause, 11u);
    EXPECT_EQ(guest.hart(1).mcause, kInterruptCause | 3);
}

/// An input is a step like others: it uses up the turn in which it comes.
TEST(Schedule, AnInputIsAStepOfNobodysTurn) {
    Guest guest(with_harts(2, 4), {nop(), jal(zero, -4)});
    EXPECT_EQ(order_of(guest, 2), "00");
    guest.apply(IdleWarp{VirtualTime{10}});
    EXPECT_EQ(order_of(guest, 6), "011110");
}

TEST(Schedule, OneHartWakesAnother) {
    Guest guest(with_harts(2, 10), {nop(), nop(), store(Opcode::sw, a1, 4, a0), jal(zero, 0)});
    guest.put(Guest::kData, {op(Opcode::wfi), addi(a2, a2, 1), jal(zero, 0)});
    guest.set(a0, memory_map::kAclint.base.value);
    guest.set(a1, 1);
    guest.go_to(Guest::kData, Privilege::machine, 1);
    guest.edit([](Hart& hart) { hart.mie = bit(Interrupt::machine_software); }, 1);
    // First hart 1 falls asleep; woken, it has its turn when hart 0's ends.
    guest.edit_board([](Board& board) { board.turn = {HartId{0}, StepCount{0}}; });
    EXPECT_EQ(order_of(guest, 25), "1000000000011111111110000");
    EXPECT_EQ(guest.x(a2, 1), 1u);
}

TEST(Schedule, TheClockJumpsOnlyWhenEveryHartWaits) {
    Guest guest(with_harts(2, 3), {op(Opcode::wfi), jal(zero, -4)});
    guest.put(Guest::kData, {addi(a0, a0, -1), branch(Opcode::bne, a0, zero, -4), op(Opcode::wfi)});
    guest.go_to(Guest::kData, Privilege::machine, 1);
    guest.set(a0, 3, 1);
    set_timer(guest, 1000, 0);
    guest.edit([](Hart& hart) { hart.mie = bit(Interrupt::machine_timer); });
    EXPECT_EQ(guest.machine().idle_deadline(), std::nullopt);
    EXPECT_EQ(order_of(guest, 8), "01111111");
    EXPECT_EQ(guest.machine().idle_deadline(), VirtualTime{100'000});
    RunOptions run;
    run.pause_when_idle = true;
    EXPECT_EQ(guest.machine().run(run), RunEnd::idle);
    EXPECT_EQ(order_of(guest, 3), "-00") << "the one whose timer it is wakes";
    EXPECT_TRUE(guest.hart(1).waiting);
}

// ---- reservations -------------------------------------------------------------------------------

/// lr and sc on both sides of the end of a turn.
TEST(Schedule, AReservationDoesNotOutliveTheTurn) {
    for (const std::uint64_t quantum : {1u, 2u, 3u}) {
        Guest guest(with_harts(2, quantum), {atomic(Opcode::lr_w, a1, zero, a0), nop(),
                                             atomic(Opcode::sc_w, a2, a1, a0), jal(zero, 0)});
        guest.set(a0, Guest::kData);
        guest.go_to(Guest::kCode + 12, Privilege::machine, 1);
        guest.run(6);
        EXPECT_EQ(guest.x(a2), quantum < 3 ? 1u : 0u) << quantum;
    }
}

TEST(Schedule, AReservationSurvivesIfTheTurnReturnsToItsHart) {
    Guest guest(with_harts(2, 1),
                {atomic(Opcode::lr_w, a1, zero, a0), nop(), atomic(Opcode::sc_w, a2, a1, a0), jal(zero, 0)});
    guest.set(a0, Guest::kData);
    guest.edit([](Hart& hart) { hart.waiting = true; }, 1);
    guest.run(3);
    EXPECT_EQ(guest.x(a2), 0u);
}

/// A counter behind a lock, and one by atomic addition: nothing is lost, whatever the lengths of the turns.
TEST(Schedule, LocksAndAtomicsCountEveryRound) {
    for (const auto chaos : {std::optional<std::uint64_t>{}, std::optional<std::uint64_t>{3}}) {
        Guest guest(with_harts(4, 5, chaos),
                    {atomic(Opcode::lr_w, t0, zero, a0), branch(Opcode::bne, t0, zero, -4),
                     atomic(Opcode::sc_w, t0, a1, a0), branch(Opcode::bne, t0, zero, -12),
                     load(Opcode::lw, t1, 8, a0), addi(t1, t1, 1), store(Opcode::sw, t1, 8, a0),
                     atomic(Opcode::amoswap_w, zero, zero, a0), atomic(Opcode::amoadd_w, zero, a1, a2),
                     addi(a3, a3, 1), jal(zero, -40)});
        for (std::size_t hart = 0; hart < 4; ++hart) {
            guest.set(a0, Guest::kData, hart);
            guest.set(a1, 1, hart);
            guest.set(a2, Guest::kData + 16, hart);
        }
        guest.run(600);
        std::uint64_t rounds = 0;
        for (std::size_t hart = 0; hart < 4; ++hart) {
            rounds += guest.x(a3, hart);
            EXPECT_GT(guest.x(a3, hart), 0u);
        }
        const auto locked = guest.doubleword(Guest::kData + 8);
        const auto added = guest.doubleword(Guest::kData + 16);
        EXPECT_GT(rounds, 8u);
        EXPECT_LE(rounds, added);
        EXPECT_LE(added, locked);
        EXPECT_LE(locked, rounds + 4) << "at most one round of each is unfinished";
    }
}

// ---- chaos --------------------------------------------------------------------------------------

TEST(Schedule, ChaosDiffersBySeedAndIsReproducible) {
    std::set<std::string> orders;
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        Guest first(with_harts(3, 6, seed), {nop(), jal(zero, -4)});
        Guest second(with_harts(3, 6, seed), {nop(), jal(zero, -4)});
        const auto order = order_of(first, 100);
        EXPECT_EQ(order_of(second, 100), order);
        orders.insert(order);
        for (const char hart : {'0', '1', '2'}) EXPECT_GT(std::ranges::count(order, hart), 10);
    }
    EXPECT_EQ(orders.size(), 8u);
}

// ---- watched ------------------------------------------------------------------------------------

class Recorder : public Observer {
  public:
    Verdict on_hit(const Hit& hit) override {
        hits.push_back(hit);
        return verdict;
    }
    Verdict on_interrupt(HartId hart, const ExecutionContext&) override {
        interrupts.push_back(hart);
        return Verdict::go_on;
    }
    std::vector<Hit> hits;
    std::vector<HartId> interrupts;
    Verdict verdict = Verdict::go_on;
};

/// Hits name their hart, and come in the order of the steps.
TEST(Schedule, StopPointsHoldForEveryHart) {
    Guest guest(with_harts(3, 2), {nop(), store(Opcode::sd, a0, 0, a1), nop(), jal(zero, 0)});
    for (std::size_t hart = 0; hart < 3; ++hart) guest.set(a1, Guest::kData, hart);
    auto& machine = guest.machine();
    const std::vector<StopPoint> points{{StopKind::execute, VirtualAddress{Guest::kCode + 8}, 1},
                                        {StopKind::write, VirtualAddress{Guest::kData + 4}, 1}};
    machine.set_stop_points(points);
    Recorder recorder;
    RunOptions run;
    run.until = StepCount{12};
    ASSERT_EQ(machine.run(run, &recorder), RunEnd::reached);
    ASSERT_EQ(recorder.hits.size(), 6u);
    for (std::uint32_t hart = 0; hart < 3; ++hart) {
        EXPECT_EQ(recorder.hits[hart].kind, StopKind::write);
        EXPECT_EQ(recorder.hits[hart].hart, HartId{hart});
        EXPECT_EQ(recorder.hits[hart].at, StepCount{2 * hart + 1});
        EXPECT_EQ(recorder.hits[3 + hart].kind, StopKind::execute);
        EXPECT_EQ(recorder.hits[3 + hart].hart, HartId{hart});
        EXPECT_EQ(recorder.hits[3 + hart].at, StepCount{6 + 2 * hart});
    }
}

/// Stopped before the first step of a turn, the turn has not begun: the reservation of the hart before it is
/// still there, and nothing else has changed.
TEST(Schedule, AStopBeforeATurnLeavesEverythingAsItWas) {
    Guest guest(with_harts(2, 2), {atomic(Opcode::lr_w, a1, zero, a0), nop(), jal(zero, 0)});
    guest.set(a0, Guest::kData);
    guest.put(Guest::kData + 64, {jal(zero, 0)});
    guest.go_to(Guest::kData + 64, Privilege::machine, 1);
    guest.run(2);
    auto& machine = guest.machine();
    const auto before = machine.save();
    const std::vector<StopPoint> points{{StopKind::execute, VirtualAddress{Guest::kData + 64}, 1}};
    machine.set_stop_points(points);
    Recorder recorder;
    recorder.verdict = Verdict::stop;
    RunOptions run;
    run.until = StepCount{10};
    for (int i = 0; i < 2; ++i) {
        ASSERT_EQ(machine.run(run, &recorder), RunEnd::stopped);
        EXPECT_EQ(machine.save().fields, before.fields);
    }
    EXPECT_TRUE(machine.board().harts[0].reservation);
    ASSERT_EQ(machine.run(run), RunEnd::reached);
    EXPECT_FALSE(machine.board().harts[0].reservation);
}

TEST(Schedule, InterruptsNameTheirHart) {
    Guest guest(with_harts(3, 2), {jal(zero, 0)});
    guest.put(Guest::kHandler, {jal(zero, 0)});
    for (const std::size_t hart : {2, 1}) {
        raise_software(guest, hart);
        guest.edit(
            [](Hart& h) {
                h.mie = bit(Interrupt::machine_software);
                h.mstatus = mstatus::kMie;
            },
            hart);
    }
    Recorder recorder;
    RunOptions run;
    run.until = StepCount{12};
    ASSERT_EQ(guest.machine().run(run, &recorder), RunEnd::reached);
    EXPECT_EQ(recorder.interrupts, (std::vector{HartId{1}, HartId{2}}));
}

}  // namespace
}  // namespace backspin::emu
