// The board: who is at an address, when something falls due, and that states from a stranger are either
// refused or such as this board can be in.
#include "emu/board.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <random>

#include "emu/trap.hpp"

namespace backspin::emu {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

void set_timer(Board& board, std::uint64_t mtimecmp) {
    board.aclint.write(Aclint::kMtimecmpOffset, AccessSize::doubleword, mtimecmp, board.device_context());
}

// ---- the bus ------------------------------------------------------------------------------------

TEST(Board, DevicesAreWhereTheMapSays) {
    Board board(10);
    const auto at = [&](std::uint64_t address, AccessSize size = AccessSize::byte) {
        return board.device_at(PhysicalAddress{address}, size);
    };
    EXPECT_EQ(at(0x1000'0000).device, &board.uart);
    EXPECT_EQ(at(0x1000'00ff).device, &board.uart);
    EXPECT_EQ(at(0x1000'00ff).offset, 0xffu);
    EXPECT_EQ(at(0x1000'0100).device, nullptr);
    EXPECT_EQ(at(0x1000'00fd, AccessSize::word).device, nullptr) << "not wholly inside";
    EXPECT_EQ(at(0x0200'bff8, AccessSize::doubleword).device, &board.aclint);
    EXPECT_EQ(at(0x0200'bff8).offset, 0xbff8u);
    EXPECT_EQ(at(0x0010'0000).device, &board.finisher);
    EXPECT_EQ(at(0x0010'1000).device, nullptr);
    for (const std::uint64_t nobody : {std::uint64_t{0}, std::uint64_t{0x1000}, std::uint64_t{0xc00'0000},
                                       std::uint64_t{0x8000'0000}, kNever}) {
        EXPECT_EQ(at(nobody).device, nullptr) << std::hex << nobody;
    }
}

TEST(Board, OnlyTheConsoleIsAChannel) {
    Board board(10);
    EXPECT_EQ(board.input_device(kConsoleChannel), &board.uart);
    EXPECT_EQ(board.input_device(Channel{1}), nullptr);
}

// ---- time ---------------------------------------------------------------------------------------

TEST(Board, TimeIsStepsAndIdleTime) {
    Board board(7);
    board.steps = StepCount{100};
    board.idle = VirtualTime{11};
    EXPECT_EQ(board.time(), VirtualTime{711});
}

/// The position of a time is the first whose time is at least that: checked against the definition.
TEST(Board, ThePositionOfATimeIsTheFirstThatReachesIt) {
    for (const std::uint64_t ns : {1u, 3u, 10u, 1000000u}) {
        Board board(ns);
        board.steps = StepCount{50};
        board.idle = VirtualTime{5};
        const auto now = board.time();
        for (std::uint64_t ahead = 0; ahead < 5 * ns && ahead < 1000; ++ahead) {
            const auto when = now + VirtualTime{ahead};
            const auto position = board.position_of(when);
            auto there = board;
            there.steps = position;
            ASSERT_GE(there.time(), when);
            if (position > board.steps) {
                there.steps = position - StepCount{1};
                ASSERT_LT(there.time(), when);
            }
        }
        EXPECT_EQ(board.position_of(VirtualTime{0}), board.steps);
    }
}

/// Nothing that lies ahead is ever said to be behind, however far away it is.
TEST(Board, ThePositionOfAFarTimeIsAhead) {
    for (const std::uint64_t ns : {1u, 10u, 5000u, 1000000u}) {
        for (const std::uint64_t steps : {0u, 1u, 1000u}) {
            for (const std::uint64_t idle : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 62}) {
                Board board(ns);
                board.steps = StepCount{steps};
                board.idle = VirtualTime{idle};
                for (const std::uint64_t short_of : {0u, 1u, 15u, 100000u}) {
                    EXPECT_GT(board.position_of(VirtualTime{kNever - short_of}), board.steps)
                        << ns << " " << steps << " " << idle;
                }
            }
        }
    }
}

TEST(Board, TheNextDeadlineIsTheEarliest) {
    Board board(10);
    EXPECT_EQ(board.next_deadline(), std::nullopt);
    EXPECT_FALSE(board.jump_to_deadline());
    set_timer(board, 100);
    EXPECT_EQ(board.next_deadline(), VirtualTime{10000});
    // A character below the trigger level times out earlier.
    board.uart.write(Uart16550::FCR, AccessSize::byte, 0x81, board.device_context());
    const std::byte character{'x'};
    board.uart.input(std::span(&character, 1), board.device_context());
    ASSERT_TRUE(board.uart.next_event());
    set_timer(board, 1'000'000'000);
    EXPECT_EQ(board.next_deadline(), board.uart.next_event());
    EXPECT_EQ(board.due_device(), nullptr);
    EXPECT_TRUE(board.jump_to_deadline());
    EXPECT_EQ(board.time(), *board.uart.next_event());
    EXPECT_EQ(board.due_device(), &board.uart);
    EXPECT_EQ(board.next_deadline(), VirtualTime{100'000'000'000}) << "what is due now is not ahead";
}

TEST(Board, ATimerThatIsPendingIsNoDeadline) {
    Board board(10);
    set_timer(board, 0);
    EXPECT_EQ(board.next_deadline(), std::nullopt);
}

/// A guest may ask for any deadline. Times near the end of 64 bits would wrap around: they never come.
TEST(Board, DeadlinesAtTheEndOfTimeNeverCome) {
    for (const auto ticks : {kNever, kNever / 100, kNever / 100 - 1, kNever / 200}) {
        Board board(1);
        set_timer(board, ticks);
        board.jump_to_deadline();
        const auto time = board.time();
        board.steps = StepCount{1'000'000'000'000};
        EXPECT_GT(board.time(), time) << "the clock did not wrap";
    }
}

// ---- saved states -------------------------------------------------------------------------------

Board somewhere() {
    Board board(10);
    auto& hart = board.harts.front();
    for (unsigned i = 1; i < 32; ++i) hart.x[i] = i * 0x0101'0101'0101'0101u;
    hart.pc = 0x8000'0002;
    hart.privilege = Privilege::user;
    hart.reservation = PhysicalAddress{0x8000'1000};
    hart.mstatus |= mstatus::kMie | mstatus::kTw;
    hart.mie = 0x888;
    hart.mtvec = 0x8000'0101;
    hart.mepc = 0x8000'0006;
    hart.mcounteren = 5;
    hart.mcountinhibit = 4;
    board.steps = StepCount{1234};
    board.idle = VirtualTime{77};
    set_timer(board, 99);
    return board;
}

TEST(Board, SaveLoadSaveGivesIdenticalBytes) {
    const auto board = somewhere();
    SavedState first, second;
    board.save(first);
    EXPECT_EQ(first.at, board.steps);
    EXPECT_EQ(first.ends.size(), Board::kComponents.size());
    Board other(10);
    other.load(first);
    other.save(second);
    EXPECT_EQ(first.fields, second.fields);
    EXPECT_EQ(first.ends, second.ends);
    EXPECT_EQ(second.at, board.steps);
}

TEST(Board, DescribesEveryComponentByName) {
    const auto board = somewhere();
    for (const std::size_t i : {0, 1, 2, 3}) EXPECT_FALSE(board.describe(i).empty());
    EXPECT_TRUE(board.describe(4).empty()) << "the finisher has nothing to say until it is asked";
    const auto hart = board.describe(1);
    const FieldValue pc{"pc", "0x80000002"}, a0{"a0", "0xa0a0a0a0a0a0a0a"};
    EXPECT_EQ(std::ranges::count(hart, pc), 1);
    EXPECT_EQ(std::ranges::count(hart, a0), 1);
}

TEST(Board, EndsThatDoNotFitAreRefused) {
    SavedState good;
    somewhere().save(good);
    const auto refuses = [](const SavedState& state) {
        Board board(10);
        EXPECT_THROW(board.load(state), BadState);
    };
    auto state = good;
    state.ends.pop_back();
    refuses(state);
    state = good;
    state.ends.push_back(state.ends.back());
    refuses(state);
    state = good;
    state.ends.back() += 1;
    refuses(state);
    state = good;
    state.fields.push_back({});
    refuses(state);
    state = good;
    std::swap(state.ends[0], state.ends[1]);
    refuses(state);
    state = good;
    state.at += StepCount{1};
    refuses(state);
    for (std::size_t i = 0; i < good.ends.size(); ++i) {
        state = good;
        state.ends[i] -= 1;
        refuses(state);
    }
    refuses(SavedState{});
}

/// Whatever is wrong with a hart would surface far from here: a pc between instructions, a privilege that
/// does not exist, bits in registers that have no such bits.
TEST(Board, AHartThatCannotBeIsRefused) {
    const auto refused = [](const std::function<void(Hart&)>& damage) {
        auto board = somewhere();
        damage(board.harts.front());
        SavedState state;
        board.save(state);
        Board other(10);
        try {
            other.load(state);
        } catch (const BadState&) {
            return true;
        }
        return false;
    };
    EXPECT_FALSE(refused([](Hart&) {}));
    EXPECT_TRUE(refused([](Hart& h) { h.pc |= 1; }));
    EXPECT_TRUE(refused([](Hart& h) { h.privilege = static_cast<Privilege>(1); }));
    EXPECT_TRUE(refused([](Hart& h) { h.privilege = static_cast<Privilege>(255); }));
    EXPECT_TRUE(refused([](Hart& h) { h.mstatus |= 1; }));
    EXPECT_TRUE(refused([](Hart& h) { h.mstatus = 0; })) << "UXL";
    EXPECT_TRUE(refused([](Hart& h) { h.mstatus |= std::uint64_t{1} << mstatus::kMppShift; }));
    EXPECT_TRUE(refused([](Hart& h) { h.mstatus |= std::uint64_t{2} << mstatus::kMppShift; }));
    EXPECT_FALSE(refused([](Hart& h) { h.mstatus |= mstatus::kMpp; }));
    EXPECT_TRUE(refused([](Hart& h) { h.mie |= 1; }));
    EXPECT_TRUE(refused([](Hart& h) { h.mtvec |= 2; }));
    EXPECT_TRUE(refused([](Hart& h) { h.mepc |= 1; }));
    EXPECT_TRUE(refused([](Hart& h) { h.mcounteren |= 8; }));
    EXPECT_TRUE(refused([](Hart& h) { h.mcountinhibit |= 2; }));
    EXPECT_TRUE(refused([](Hart& h) { h.reservation = PhysicalAddress{0x8000'1002}; }));
}

/// Damaged bytes are refused, or a state in which the board saves to the same bytes.
TEST(Board, DamagedBytesAreRefusedOrExactlyWhatTheySay) {
    SavedState good;
    somewhere().save(good);
    std::mt19937_64 random(1);
    int taken = 0;
    for (int i = 0; i < 5000; ++i) {
        auto state = good;
        for (auto n = random() % 3 + 1; n > 0; --n) {
            state.fields[random() % state.fields.size()] = static_cast<std::byte>(random());
        }
        Board board(10);
        try {
            board.load(state);
        } catch (const BadState&) {
            continue;
        }
        ++taken;
        SavedState again;
        board.save(again);
        ASSERT_EQ(again.fields, state.fields);
        ASSERT_EQ(board.harts.front().pc % 2, 0u);
    }
    EXPECT_GT(taken, 500);
}

}  // namespace
}  // namespace backspin::emu
