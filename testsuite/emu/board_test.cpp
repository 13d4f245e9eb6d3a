// The board: who is at an address, when something falls due, and that states from a stranger are either
// refused or such as this board can be in.
#include "emu/board.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "emu/csr.hpp"
#include "emu/trap.hpp"

namespace backspin::emu {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

BoardOptions options(std::uint64_t ns_per_step = 10, std::size_t harts = 1, unsigned xlen = 64) {
    BoardOptions options;
    options.isa = Isa(xlen);
    options.ns_per_step = ns_per_step;
    options.harts = harts;
    return options;
}

void set_timer(Board& board, std::uint64_t mtimecmp) {
    const PhysicalAddress at{memory_map::kAclint.base.value + Aclint::kMtimecmpOffset};
    ASSERT_TRUE(board.write_device(at, AccessSize::doubleword, mtimecmp));
}
void write_uart(Board& board, std::uint64_t offset, std::uint64_t value) {
    ASSERT_TRUE(
        board.write_device(PhysicalAddress{memory_map::kUart.base.value + offset}, AccessSize::byte, value));
}

// The devices that are always there touch no memory.
bool handle_due_event(Board& board) {
    Memory memory(PageStore::create(), kPageSize);
    Dma dma(memory);
    return board.handle_due_event(dma);
}
std::size_t room_for_input(const Board& board, Channel channel) {
    Memory memory(PageStore::create(), kPageSize);
    Dma dma(memory);
    return board.room_for_input(channel, dma);
}
void input(Board& board, Channel channel, std::byte byte) {
    Memory memory(PageStore::create(), kPageSize);
    Dma dma(memory);
    board.input(channel, std::span(&byte, 1), dma);
}
void type(Board& board, char character) {
    input(board, kConsoleChannel, static_cast<std::byte>(character));
}

// ---- options ------------------------------------------------------------------------------------

TEST(Board, OptionsOutOfRangeAreRefused) {
    const auto refused = [](const std::function<void(BoardOptions&)>& change) {
        auto chosen = options();
        change(chosen);
        try {
            const Board board(chosen);
        } catch (const std::invalid_argument&) {
            return true;
        }
        return false;
    };
    EXPECT_TRUE(refused([](BoardOptions& o) { o.harts = 0; }));
    EXPECT_FALSE(refused([](BoardOptions& o) { o.harts = 8; }));
    EXPECT_TRUE(refused([](BoardOptions& o) { o.harts = 9; }));
    EXPECT_TRUE(refused([](BoardOptions& o) { o.ns_per_step = 0; }));
    EXPECT_FALSE(refused([](BoardOptions& o) { o.ns_per_step = 10'000; }));
    EXPECT_TRUE(refused([](BoardOptions& o) { o.ns_per_step = 10'001; }));
    EXPECT_TRUE(refused([](BoardOptions& o) { o.quantum = 0; }));
    EXPECT_FALSE(refused([](BoardOptions& o) { o.quantum = std::uint64_t{1} << 40; }));
    EXPECT_TRUE(refused([](BoardOptions& o) { o.quantum = (std::uint64_t{1} << 40) + 1; }));
}

// ---- the bus ------------------------------------------------------------------------------------

TEST(Board, DevicesAreWhereTheMapSays) {
    const Board board(options());
    const auto at = [&](std::uint64_t address, AccessSize size = AccessSize::byte) {
        return board.has_device(PhysicalAddress{address}, size);
    };
    EXPECT_TRUE(at(0x1000'0000));
    EXPECT_TRUE(at(0x1000'00ff));
    EXPECT_FALSE(at(0x1000'0100));
    EXPECT_FALSE(at(0x1000'00fd, AccessSize::word)) << "not wholly inside";
    EXPECT_TRUE(at(0x0200'bff8, AccessSize::doubleword));
    EXPECT_TRUE(at(0x0010'0000));
    EXPECT_TRUE(at(0x0010'1000)) << "the RTC";
    EXPECT_FALSE(at(0x0010'2000));
    EXPECT_TRUE(at(0x0c00'0000));
    EXPECT_TRUE(at(0x0c5f'fffc, AccessSize::word));
    EXPECT_FALSE(at(0x0c60'0000));
    EXPECT_TRUE(at(0x1000'1000)) << "the first virtio slot";
    EXPECT_TRUE(at(0x1000'8fff));
    EXPECT_FALSE(at(0x1000'9000));
    for (const std::uint64_t nobody :
         {std::uint64_t{0}, std::uint64_t{0x1000}, std::uint64_t{0x8000'0000}, kNever}) {
        EXPECT_FALSE(at(nobody)) << std::hex << nobody;
    }
}

/// Each device answers at its own place: a register that shows which one it is.
TEST(Board, AnAccessReachesTheDeviceAtItsOffset) {
    Board board(options(10, 2));
    const auto read = [&](std::uint64_t address, AccessSize size) {
        const auto peeked = board.peek_device(PhysicalAddress{address}, size);
        const auto value = board.read_device(PhysicalAddress{address}, size);
        EXPECT_EQ(peeked, value) << std::hex << address;
        return value;
    };
    write_uart(board, Uart16550::SCR, 0x5a);
    EXPECT_EQ(read(0x1000'0007, AccessSize::byte), 0x5au);
    ASSERT_TRUE(board.write_device(PhysicalAddress{0x0200'0004}, AccessSize::word, 1));
    EXPECT_EQ(read(0x0200'0004, AccessSize::word), 1u);
    EXPECT_TRUE(board.aclint.software_pending(HartId{1}));
    ASSERT_TRUE(board.write_device(PhysicalAddress{0x0c00'0004}, AccessSize::word, 7));
    EXPECT_EQ(read(0x0c00'0004, AccessSize::word), 7u) << "the priority of source 1";
    EXPECT_EQ(read(0x1000'1000, AccessSize::word), 0x7472'6976u) << "\"virt\"";
    EXPECT_EQ(read(0x1000'8000, AccessSize::word), 0x7472'6976u);
    EXPECT_EQ(read(0x0010'1000, AccessSize::word), static_cast<std::uint32_t>(options().rtc_start));
    ASSERT_TRUE(board.write_device(PhysicalAddress{0x0010'0000}, AccessSize::word, 0x5555));
    EXPECT_TRUE(board.powered_off());
    EXPECT_EQ(read(0x4000'0000, AccessSize::word), std::nullopt);
    EXPECT_FALSE(board.write_device(PhysicalAddress{0x4000'0000}, AccessSize::word, 0));
}

/// A device's line reaches the PLIC with whatever moved it: an input, an access, an event. What is claimed
/// comes back as long as the line is up.
TEST(Board, InterruptLinesReachThePlic) {
    const auto kPlic = memory_map::kPlic.base.value;
    Board board(options());
    ASSERT_TRUE(board.write_device(PhysicalAddress{kPlic + std::uint64_t{4} * 10}, AccessSize::word, 1));
    ASSERT_TRUE(board.write_device(PhysicalAddress{kPlic + 0x2000}, AccessSize::word, 1 << 10));
    const auto claim = [&] {
        const auto source = *board.read_device(PhysicalAddress{kPlic + 0x20'0004}, AccessSize::word);
        board.write_device(PhysicalAddress{kPlic + 0x20'0004}, AccessSize::word, source);
        return source;
    };
    write_uart(board, Uart16550::IER, 1);
    EXPECT_EQ(claim(), 0u);
    type(board, 'x');
    EXPECT_EQ(claim(), 10u) << "by an input";
    EXPECT_EQ(claim(), 10u) << "it is still up";
    board.read_device(PhysicalAddress{memory_map::kUart.base.value}, AccessSize::byte);
    EXPECT_EQ(claim(), 10u) << "it came again before the read";
    EXPECT_EQ(claim(), 0u) << "by a read";
    write_uart(board, Uart16550::FCR, 0x81);
    type(board, 'x');
    EXPECT_EQ(claim(), 0u) << "below the trigger level";
    ASSERT_TRUE(board.jump_to_deadline());
    EXPECT_TRUE(handle_due_event(board));
    EXPECT_EQ(claim(), 10u) << "by the timeout";
    write_uart(board, Uart16550::IER, 0);
    EXPECT_EQ(claim(), 10u);
    EXPECT_EQ(claim(), 0u) << "by a write";
}

TEST(Board, OnlyTheConsoleIsAChannel) {
    Board board(options());
    EXPECT_GT(room_for_input(board, kConsoleChannel), 0u);
    EXPECT_EQ(room_for_input(board, Channel{1}), 0u);
    const std::byte byte{'x'};
    input(board, Channel{1}, byte);
    EXPECT_EQ(board.uart.peek(Uart16550::LSR, AccessSize::byte, {}).value() & 1, 0u);
    input(board, kConsoleChannel, byte);
    EXPECT_EQ(board.uart.peek(Uart16550::LSR, AccessSize::byte, {}).value() & 1, 1u);
}

// ---- time ---------------------------------------------------------------------------------------

TEST(Board, TimeIsStepsAndIdleTime) {
    Board board(options(7));
    board.steps = StepCount{100};
    board.idle = VirtualTime{11};
    EXPECT_EQ(board.time(), VirtualTime{711});
}

/// The position of a time is the first whose time is at least that: checked against the definition.
TEST(Board, ThePositionOfATimeIsTheFirstThatReachesIt) {
    for (const std::uint64_t ns : {1u, 3u, 10u, 10000u}) {
        Board board(options(ns));
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
    for (const std::uint64_t ns : {1u, 10u, 5000u, 10000u}) {
        for (const std::uint64_t steps : {0u, 1u, 1000u}) {
            for (const std::uint64_t idle : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 62}) {
                Board board(options(ns));
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
    Board board(options());
    EXPECT_EQ(board.next_deadline(), std::nullopt);
    EXPECT_FALSE(board.jump_to_deadline());
    set_timer(board, 100);
    EXPECT_EQ(board.next_deadline(), VirtualTime{10000});
    // A character below the trigger level times out earlier.
    write_uart(board, Uart16550::FCR, 0x81);
    type(board, 'x');
    ASSERT_TRUE(board.uart.next_event());
    set_timer(board, 1'000'000'000);
    EXPECT_EQ(board.next_deadline(), board.uart.next_event());
    EXPECT_FALSE(handle_due_event(board));
    EXPECT_TRUE(board.jump_to_deadline());
    EXPECT_EQ(board.time(), *board.uart.next_event());
    EXPECT_EQ(board.next_deadline(), VirtualTime{100'000'000'000}) << "what is due now is not ahead";
    EXPECT_TRUE(handle_due_event(board));
    EXPECT_EQ(board.uart.next_event(), std::nullopt);
    EXPECT_FALSE(handle_due_event(board)) << "only once";
}

TEST(Board, ATimerThatIsPendingIsNoDeadline) {
    Board board(options());
    set_timer(board, 0);
    EXPECT_EQ(board.next_deadline(), std::nullopt);
}

/// A guest may ask for any deadline. Times near the end of 64 bits would wrap around: they never come.
TEST(Board, DeadlinesAtTheEndOfTimeNeverCome) {
    for (const auto ticks : {kNever, kNever / 100, kNever / 100 - 1, kNever / 200}) {
        Board board(options(1));
        set_timer(board, ticks);
        board.jump_to_deadline();
        const auto time = board.time();
        board.steps = StepCount{1'000'000'000'000};
        EXPECT_GT(board.time(), time) << "the clock did not wrap";
    }
}

// ---- saved states -------------------------------------------------------------------------------

/// Two harts, the first of them with something in every field that a program can reach.
Board somewhere(unsigned xlen = 64) {
    Board board(options(10, 2, xlen));
    auto& hart = board.harts.front();
    for (unsigned i = 1; i < 32; ++i) hart.x[i] = i * 0x0101'0101'0101'0101u & hart.xlen_mask();
    for (unsigned i = 0; i < 32; ++i) hart.f[i] = i * 0x0201'0101'0101'0101u;
    hart.pc = 0x8000'0002;
    hart.privilege = Privilege::supervisor;
    hart.reservation = PhysicalAddress{0x8000'1000};
    hart.mstatus = mstatus::kMie | mstatus::kTw | mstatus::kSpp | mstatus::kFs | mstatus::kSum;
    hart.mie = 0xaaa;
    hart.mip = 0x222;
    hart.mideleg = 0x222;
    hart.medeleg = 0xb1ff;
    hart.mtvec = 0x8000'0101;
    hart.stvec = 0x8000'0200;
    hart.mepc = 0x8000'0006;
    hart.sepc = 0x8000'000a;
    hart.mcounteren = 5;
    hart.scounteren = 7;
    hart.mcountinhibit = 4;
    hart.menvcfg = envcfg::kStce | envcfg::kCbcfe | envcfg::kCbie;
    hart.senvcfg = envcfg::kFiom;
    hart.satp = xlen == 64 ? std::uint64_t{8} << 60 | 0x80010 : 0x8008'0010;
    hart.stimecmp = 0x1234'5678'9abc'def0;
    hart.fcsr = 0xe5;
    hart.mcycle = 0x1'0000'0005;
    hart.minstret = 0x1'0000'0003;
    hart.pmp.write_address(0, 0x2000'0fff);
    hart.pmp.write_config(0, 0x9f);
    hart.pmp.write_address(15, 0x3fff'ffff);
    hart.pmp.write_config(15, 0x1f);
    board.harts.back().waiting = true;
    board.steps = StepCount{1234};
    board.idle = VirtualTime{77};
    board.turn = {HartId{1}, StepCount{1300}};
    set_timer(board, 99);
    return board;
}
Board empty_like(const Board& board) {
    return Board(board.options);
}

TEST(Board, SaveLoadSaveGivesIdenticalBytes) {
    for (const unsigned xlen : {64u, 32u}) {
        const auto board = somewhere(xlen);
        SavedState first, second;
        board.save(first);
        EXPECT_EQ(first.at, board.steps);
        EXPECT_EQ(first.ends.size(), board.component_names().size());
        auto other = empty_like(board);
        other.load(first);
        other.save(second);
        EXPECT_EQ(first.fields, second.fields);
        EXPECT_EQ(first.ends, second.ends);
        EXPECT_EQ(second.at, board.steps);
        EXPECT_EQ(other.turn, board.turn);
        EXPECT_TRUE(other.harts.back().waiting);
        EXPECT_EQ(other.harts.front().pmp.config(0), 0x9f);
    }
}

TEST(Board, ComponentsAreTheClockTheHartsAndTheDevices) {
    using Names = std::vector<std::string>;
    const auto names = [](std::size_t harts) {
        const Board board(options(10, harts));
        return Names(board.component_names().begin(), board.component_names().end());
    };
    EXPECT_EQ(names(1),
              (Names{"clock", "hart0", "uart", "aclint", "plic", "rtc", "finisher", "semihosting"}));
    EXPECT_EQ(names(3), (Names{"clock", "hart0", "hart1", "hart2", "uart", "aclint", "plic", "rtc",
                               "finisher", "semihosting"}));
    for (std::size_t harts = 1; harts <= 8; ++harts) {
        const auto all = names(harts);
        EXPECT_EQ(all.size(), harts + 7);
        EXPECT_EQ(all[harts], "hart" + std::to_string(harts - 1));
    }
    auto with_devices = options();
    with_devices.virtio = {{}, virtio::EntropyOptions{}};
    EXPECT_EQ(Board(with_devices).component_names().back(), "virtio1-entropy");
}

TEST(Board, DescribesEveryComponentByName) {
    const auto board = somewhere();
    const auto names = board.component_names();
    for (std::size_t i = 0; i < names.size(); ++i)
        EXPECT_EQ(board.describe(i).empty(), names[i] == "finisher")
            << names[i] << "; the finisher has nothing to say until it is asked";
    const auto hart = board.describe(1);
    for (const FieldValue& field :
         {FieldValue{"pc", "0x80000002"}, {"a0", "0xa0a0a0a0a0a0a0a"}, {"sepc", "0x8000000a"}}) {
        EXPECT_EQ(std::ranges::count(hart, field), 1) << field.name;
    }
}

/// No two fields of a component may be told apart by their values alone.
TEST(Board, NoTwoFieldsOfAComponentHaveTheSameName) {
    const auto board = somewhere();
    for (std::size_t i = 0; i < board.component_names().size(); ++i) {
        std::set<std::string> names;
        for (const auto& field : board.describe(i))
            EXPECT_TRUE(names.insert(field.name).second) << field.name;
    }
}

TEST(Board, EndsThatDoNotFitAreRefused) {
    SavedState good;
    somewhere().save(good);
    const auto refuses = [](const SavedState& state) {
        Board board(options(10, 2));
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

/// Saving and loading what somebody changed: refused or not.
bool refused(Board board, const std::function<void(Board&)>& damage) {
    damage(board);
    SavedState state;
    auto other = empty_like(board);
    try {
        board.save(state);
        state.trusted = false;  // somebody changed it
        other.load(state);
    } catch (const BadState&) {
        return true;
    }
    return false;
}

TEST(Board, ATurnOfAHartThatThereIsNotIsRefused) {
    EXPECT_FALSE(refused(somewhere(), [](Board& b) { b.turn.hart = HartId{0}; }));
    EXPECT_TRUE(refused(somewhere(), [](Board& b) { b.turn.hart = HartId{2}; }));
}

/// Whatever is wrong with a hart would surface far from here: a pc between instructions, a privilege that
/// does not exist, bits in registers that have no such bits.
TEST(Board, AHartThatCannotBeIsRefused) {
    const auto refuses = [](const std::function<void(Hart&)>& damage) {
        return refused(somewhere(), [&](Board& board) { damage(board.harts.front()); });
    };
    EXPECT_FALSE(refuses([](Hart&) {}));
    EXPECT_TRUE(refuses([](Hart& h) { h.pc |= 1; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.privilege = static_cast<Privilege>(2); }));
    EXPECT_TRUE(refuses([](Hart& h) { h.privilege = static_cast<Privilege>(255); }));
    EXPECT_TRUE(refuses([](Hart& h) { h.mstatus |= 1; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.mstatus |= std::uint64_t{2} << 32; })) << "UXL is not kept";
    EXPECT_FALSE(refuses([](Hart& h) { h.mstatus |= std::uint64_t{1} << mstatus::kMppShift; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.mstatus |= std::uint64_t{2} << mstatus::kMppShift; }));
    EXPECT_FALSE(refuses([](Hart& h) { h.mstatus |= mstatus::kMpp; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.mie |= 1; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.mip |= 8; })) << "a device's line";
    EXPECT_TRUE(refuses([](Hart& h) { h.mideleg |= 8; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.medeleg |= 1 << 11; })) << "calls from machine mode";
    EXPECT_TRUE(refuses([](Hart& h) { h.mtvec |= 2; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.stvec |= 2; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.mepc |= 1; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.sepc |= 1; }));
    EXPECT_FALSE(refuses([](Hart& h) { h.mcounteren |= 8; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.mcounteren |= std::uint64_t{1} << 32; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.mcountinhibit |= 2; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.menvcfg |= 2; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.senvcfg |= envcfg::kStce; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.senvcfg |= std::uint64_t{2} << envcfg::kCbieShift; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.satp = std::uint64_t{7} << 60; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.fcsr |= 256; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.reservation = PhysicalAddress{0x8000'1002}; }));
}

/// Of RV32, also whatever is wider than its registers; only some of them have an upper half.
TEST(Board, AHartOfRv32HasNarrowRegisters) {
    constexpr auto kHigh = std::uint64_t{1} << 40;
    const auto refuses = [](const std::function<void(Hart&)>& damage) {
        return refused(somewhere(32), [&](Board& board) { damage(board.harts.front()); });
    };
    EXPECT_FALSE(refuses([](Hart&) {}));
    EXPECT_TRUE(refuses([](Hart& h) { h.pc |= kHigh; }));
    EXPECT_TRUE(refuses([](Hart& h) { h.x[5] |= kHigh; }));
    for (const auto field :
         {&Hart::mstatus,    &Hart::mie,           &Hart::mideleg, &Hart::medeleg, &Hart::mtvec,
          &Hart::mscratch,   &Hart::mepc,          &Hart::mcause,  &Hart::mtval,   &Hart::stvec,
          &Hart::sscratch,   &Hart::sepc,          &Hart::scause,  &Hart::stval,   &Hart::mcounteren,
          &Hart::scounteren, &Hart::mcountinhibit, &Hart::senvcfg, &Hart::satp,    &Hart::fcsr,
          &Hart::mip}) {
        EXPECT_TRUE(refuses([&](Hart& h) { h.*field |= kHigh; }));
    }
    for (const auto field : {&Hart::mcycle, &Hart::minstret, &Hart::stimecmp}) {
        EXPECT_FALSE(refuses([&](Hart& h) { h.*field |= kHigh; }));
    }
    EXPECT_TRUE(refuses([](Hart& h) { h.menvcfg |= envcfg::kPbmte; })) << "Svpbmt is RV64's";
    EXPECT_TRUE(refuses([](Hart& h) { h.pmp.write_address(3, std::uint64_t{1} << 32); }));
}

/// Damaged bytes are refused, or a state in which the board saves to the same bytes.
TEST(Board, DamagedBytesAreRefusedOrExactlyWhatTheySay) {
    for (const unsigned xlen : {64u, 32u}) {
        SavedState good;
        const auto board = somewhere(xlen);
        board.save(good);
        std::mt19937_64 random(1);
        int taken = 0;
        for (int i = 0; i < 2500; ++i) {
            auto state = good;
            state.trusted = false;
            for (auto n = random() % 3 + 1; n > 0; --n) {
                state.fields[random() % state.fields.size()] = static_cast<std::byte>(random());
            }
            auto other = empty_like(board);
            try {
                other.load(state);
            } catch (const BadState&) {
                continue;
            }
            ++taken;
            SavedState again;
            other.save(again);
            ASSERT_EQ(again.fields, state.fields);
            for (const auto& hart : other.harts) {
                ASSERT_EQ(hart.pc % 2, 0u);
                for (const auto& csr : csrs()) {
                    if (find_csr(other.isa(), CsrNumber{csr.number}) == nullptr) continue;
                    ASSERT_EQ(csr.read(other, hart) & ~hart.xlen_mask(), 0u) << csr.name;
                }
            }
        }
        EXPECT_GT(taken, 500);
    }
}

// ---- reboot -------------------------------------------------------------------------------------

TEST(Board, ResetIsPowerOnButForTheClock) {
    auto board = somewhere();
    write_uart(board, Uart16550::SCR, 0x5a);
    ASSERT_TRUE(board.write_device(PhysicalAddress{memory_map::kPlic.base.value + 4}, AccessSize::word, 3));
    ASSERT_TRUE(
        board.write_device(PhysicalAddress{memory_map::kFinisher.base.value}, AccessSize::word, 0x7777));
    ASSERT_TRUE(board.reset_is_due());
    EXPECT_FALSE(board.powered_off());
    board.reset();
    EXPECT_FALSE(board.reset_is_due());
    const auto fresh = empty_like(board);
    for (std::size_t i = 1; i < board.component_names().size(); ++i)
        EXPECT_EQ(board.describe(i), fresh.describe(i)) << board.component_names()[i];
    EXPECT_EQ(board.steps, StepCount{1234});
    EXPECT_EQ(board.idle, VirtualTime{77});
}

TEST(Board, WithoutRebootsAResetSwitchesOff) {
    auto chosen = options();
    chosen.reboots = false;
    Board board(chosen);
    ASSERT_TRUE(
        board.write_device(PhysicalAddress{memory_map::kFinisher.base.value}, AccessSize::word, 0x7777));
    EXPECT_FALSE(board.reset_is_due());
    EXPECT_TRUE(board.powered_off());
}

}  // namespace
}  // namespace backspin::emu
