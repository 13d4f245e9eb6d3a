// Semihosting calls that need the host: files, and answers of every kind; and what of it is saved. Source:
// Semihosting for AArch32 and AArch64 (Arm), chapter "Semihosting operations".
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "testsuite/emu/saved_bytes.hpp"
#include "testsuite/emu/semihosting_caller.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

class SemihostingFileTest : public SemihostingTest {};
INSTANTIATE_TEST_SUITE_P(BothWidths, SemihostingFileTest, ::testing::Values(32u, 64u));

// ---- files --------------------------------------------------------------------------------------

TEST_P(SemihostingFileTest, OpensAndReadsAFile) {
    caller.open("folder/file", 1);
    ASSERT_TRUE(caller.request());
    EXPECT_EQ(caller.request()->kind, HostRequest::Kind::open);
    EXPECT_EQ(caller.request()->name, "folder/file");
    const auto handle = caller.answer_length(11);
    EXPECT_EQ(handle, 3u);
    EXPECT_EQ(caller.call(0x0c, {handle}), 11u);
    EXPECT_EQ(caller.call(0x09, {handle}), 0u);

    caller.call(0x06, {handle, Caller::kBuffer, 6});
    ASSERT_TRUE(caller.request());
    EXPECT_EQ(caller.request()->kind, HostRequest::Kind::read_file);
    EXPECT_EQ(caller.request()->name, "folder/file");
    EXPECT_EQ(caller.request()->offset, 0u);
    EXPECT_EQ(caller.request()->length, 6u);
    EXPECT_EQ(caller.answer(HostError::none, "hello "), 0u);
    EXPECT_EQ(caller.text_at(Caller::kBuffer, 6), "hello ");

    caller.call(0x06, {handle, Caller::kBuffer, 100});
    EXPECT_EQ(caller.request()->offset, 6u) << "goes on where the last one ended";
    EXPECT_EQ(caller.answer(HostError::none, "world"), 95u);
    caller.call(0x06, {handle, Caller::kBuffer, 100});
    EXPECT_EQ(caller.request()->offset, 11u);
    EXPECT_EQ(caller.answer(HostError::none), 100u) << "the end";

    EXPECT_EQ(caller.call(0x0a, {handle, 4}), 0u);
    caller.call(0x06, {handle, Caller::kBuffer, 100});
    EXPECT_EQ(caller.request()->offset, 4u);
    EXPECT_EQ(caller.answer(HostError::input_output), 100u);
    EXPECT_EQ(caller.error(), 5u);

    EXPECT_EQ(caller.call(0x06, {handle, Caller::kBuffer, 0}), 0u);
    EXPECT_FALSE(caller.request()) << "nothing is asked for no bytes";
    EXPECT_EQ(caller.call(0x05, {handle, Caller::kBuffer, 5}), 5u) << "files are only read";
    EXPECT_EQ(caller.call(0x02, {handle}), 0u);
    EXPECT_EQ(caller.call(0x02, {handle}), minus_one);
    EXPECT_EQ(caller.call(0x06, {handle, Caller::kBuffer, 7}), 7u);
    EXPECT_EQ(caller.error(), 9u);
}

TEST_P(SemihostingFileTest, OneAnswerCarriesHalfAMebibyteAtMost) {
    const auto handle = caller.open_file("file");
    caller.call(0x06, {handle, Caller::kBuffer, 0x1000'0000});
    EXPECT_EQ(caller.request()->length, Semihosting::kMostBytes);
    EXPECT_EQ(caller.answer(HostError::none, std::string(Semihosting::kMostBytes, 'a')),
              0x1000'0000u - Semihosting::kMostBytes);
    caller.call(0x06, {handle, Caller::kBuffer, 0x1000'0000});
    EXPECT_EQ(caller.request()->offset, Semihosting::kMostBytes);
}

TEST_P(SemihostingFileTest, NothingIsWrittenRemovedOrRenamed) {
    for (const std::uint64_t mode : {2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 10u, 11u}) {
        caller.edit_board([](Board& board) { board.semihosting.error = HostError::none; });
        EXPECT_EQ(caller.open("file", mode), minus_one) << mode;
        EXPECT_FALSE(caller.request());
        EXPECT_EQ(caller.error(), 13u) << mode;
    }
    for (const std::uint64_t operation : {0x0du, 0x0eu, 0x0fu})
        EXPECT_EQ(caller.call(operation, {Caller::kText, 4, Caller::kText, 4}), minus_one) << operation;
    EXPECT_EQ(caller.call(0x12, {Caller::kText, 4}), minus_one) << "and no command is run";
}

TEST_P(SemihostingFileTest, RefusesNamesThatAreNone) {
    EXPECT_EQ(caller.open("file", 12), minus_one) << "no such mode";
    EXPECT_EQ(caller.open(std::string("a\0b", 3)), minus_one);
    EXPECT_EQ(caller.open(std::string(1025, 'a')), minus_one);
    EXPECT_EQ(caller.error(), 22u);
    EXPECT_FALSE(caller.request());
    caller.open(std::string(1024, 'a'));
    EXPECT_TRUE(caller.request());
}

TEST_P(SemihostingFileTest, ThirteenFilesMayBeOpenAtOnce) {
    for (std::uint64_t handle = 3; handle < 16; ++handle) EXPECT_EQ(caller.open_file("file"), handle);
    EXPECT_EQ(caller.open("file"), minus_one);
    EXPECT_FALSE(caller.request());
    EXPECT_EQ(caller.error(), 24u);
    EXPECT_EQ(caller.call(0x02, {7}), 0u);
    EXPECT_EQ(caller.open_file("file"), 7u);
    for (const std::uint64_t handle : {0u, 1u, 2u}) {
        EXPECT_EQ(caller.call(0x02, {handle}), 0u);
        EXPECT_EQ(caller.call(0x09, {handle}), 1u) << "the console stays open";
    }
}

TEST_P(SemihostingFileTest, SaysWhatItCanDo) {
    EXPECT_EQ(caller.open(":semihosting-features", 4), minus_one);
    const auto handle = caller.open(":semihosting-features");
    EXPECT_EQ(caller.call(0x0c, {handle}), 5u);
    EXPECT_EQ(caller.call(0x09, {handle}), 0u);
    EXPECT_EQ(caller.call(0x06, {handle, Caller::kBuffer, 4}), 0u);
    EXPECT_EQ(caller.text_at(Caller::kBuffer, 5), std::string("SHFB\0", 5));
    EXPECT_EQ(caller.call(0x06, {handle, Caller::kBuffer, 4}), 3u);
    EXPECT_EQ(caller.text_at(Caller::kBuffer, 1), "\3") << "SYS_EXIT_EXTENDED, and a separate stderr";
    EXPECT_EQ(caller.call(0x0a, {handle, 1000}), 0u);
    EXPECT_EQ(caller.call(0x06, {handle, Caller::kBuffer, 4}), 4u);
    EXPECT_EQ(caller.call(0x02, {handle}), 0u);
}

// ---- answers ------------------------------------------------------------------------------------

TEST_P(SemihostingFileTest, NothingMovesUntilTheAnswerComes) {
    auto options = semihosting_options(GetParam());
    options.harts = 2;
    Caller pair(options);
    pair.put(Guest::kCode + 0x200, {nop(), jal(zero, -4)});
    pair.go_to(Guest::kCode + 0x200, Privilege::machine, 1);
    set_timer(pair, 0);
    enable(pair, {Interrupt::machine_timer}, false);
    pair.open("file");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(pair.step(), std::nullopt);
    EXPECT_EQ(pair.machine().run({}), RunEnd::asleep);
    EXPECT_EQ(pair.machine().idle_deadline(), std::nullopt);
    EXPECT_GT(pair.machine().room_for_input(kSemihostingChannel), 0u);
    EXPECT_EQ(pair.pc(), Guest::kCode + 8) << "the call has retired";

    pair.apply(IdleWarp{VirtualTime{1000}});
    EXPECT_EQ(pair.step(), std::nullopt) << "the clock can be moved, and that is all";
    EXPECT_EQ(pair.answer_length(1), 3u);
    EXPECT_EQ(pair.machine().room_for_input(kSemihostingChannel), 0u);
    ASSERT_TRUE(pair.step());
    EXPECT_EQ(pair.hart(0).pc, Guest::kCode + 12);
}

TEST_P(SemihostingFileTest, AnswersThatSayNothingAreErrors) {
    const std::array<std::byte, 3> cut{};
    caller.open("file");
    EXPECT_EQ(caller.answer(cut), minus_one);
    EXPECT_EQ(caller.error(), 5u);
    caller.open("file");
    EXPECT_EQ(caller.answer(HostError::none, "1234567"), minus_one) << "a length has 8 bytes";
    EXPECT_EQ(caller.error(), 5u);
    EXPECT_FALSE(caller.board().semihosting.files[3]);
    caller.call(0x07);
    EXPECT_EQ(caller.answer(HostError::none), minus_one) << "no character";

    const auto handle = caller.open_file("file");
    caller.put(Caller::kBuffer, 0u);
    caller.call(0x06, {handle, Caller::kBuffer, 4});
    EXPECT_EQ(caller.answer(HostError::none, "abcdefgh"), 0u) << "more than was asked for";
    EXPECT_EQ(caller.text_at(Caller::kBuffer, 5), std::string("abcd\0", 5));
    caller.call(0x06, {handle, Caller::kBuffer, 4});
    EXPECT_EQ(caller.request()->offset, 4u);
}

TEST_P(SemihostingFileTest, AnAnswerThatNobodyWaitsForDoesNothing) {
    caller.set(a0, 77);
    EXPECT_EQ(caller.answer(HostError::none, "abcdefgh"), 77u);
    EXPECT_EQ(caller.now(), StepCount{1}) << "but it is a step";
}

TEST_P(SemihostingFileTest, ABufferThatCannotBeWrittenTakesNothing) {
    const auto handle = caller.open_file("file");
    caller.call(0x06, {handle, Guest::kRamEnd - 4, 8});
    EXPECT_EQ(caller.answer(HostError::none, "abcdefgh"), 8u);
    EXPECT_EQ(caller.error(), 14u);
    EXPECT_EQ(caller.doubleword(Guest::kRamEnd - 8), 0u) << "not even what would fit";
    caller.call(0x06, {handle, memory_map::kMaskRom.base.value, 8});
    EXPECT_EQ(caller.answer(HostError::none, "abcdefgh"), 8u) << "nor does the ROM";
    caller.call(0x06, {handle, memory_map::kUart.base.value, 1});
    EXPECT_EQ(caller.answer(HostError::none, "a"), 1u) << "nor a device";
}

/// In one go: what the engine knows of the code must not outlive the answer.
TEST_P(SemihostingFileTest, CodeThatIsReadIsRun) {
    const std::array<Word, 2> code{addi(a2, zero, 1), jalr(zero, ra, 0)};
    const auto handle = caller.open_file("file");
    caller.put(Guest::kCode, {jalr(ra, s0, 0), addi(a0, zero, 6), addi(a1, s1, 0), kBefore, kBreak, kBehind,
                              jalr(ra, s0, 0)});
    caller.put(Caller::kBuffer, {addi(a2, zero, 2), jalr(zero, ra, 0)});
    caller.put_block({handle, Caller::kBuffer, sizeof code});
    caller.set(s0, Caller::kBuffer);
    caller.set(s1, Caller::kBlock);
    caller.go_to(Guest::kCode);
    caller.run(7);
    EXPECT_EQ(caller.x(a2), 2u);
    ASSERT_TRUE(caller.request());
    caller.answer(input_of({HostError::none, std::as_bytes(std::span(code))}));
    caller.run(3);
    EXPECT_EQ(caller.x(a0), 0u);
    EXPECT_EQ(caller.x(a2), 1u);
}

TEST_P(SemihostingFileTest, AnAnswerBreaksReservations) {
    const auto handle = caller.open_file("file");
    const auto reserve = [&] {
        caller.edit([](Hart& hart) { hart.reservation = PhysicalAddress{Caller::kBuffer}; });
    };
    reserve();
    caller.call(0x06, {handle, Caller::kBuffer + 8, 4});
    caller.answer(HostError::none, "abcd");
    EXPECT_TRUE(caller.hart().reservation) << "8 bytes on";
    caller.call(0x06, {handle, Caller::kBuffer + 4, 4});
    caller.answer(HostError::none, "abcd");
    EXPECT_FALSE(caller.hart().reservation);
}

// ---- memory as the hart may use it --------------------------------------------------------------

TEST_P(SemihostingFileTest, ArgumentsThatCannotBeReadAreAFault) {
    for (const std::uint64_t operation :
         {0x01u, 0x02u, 0x05u, 0x06u, 0x08u, 0x09u, 0x0au, 0x0cu, 0x15u, 0x16u, 0x20u, 0x30u}) {
        caller.edit_board([](Board& board) { board.semihosting.error = HostError::none; });
        EXPECT_EQ(caller.call(operation, 0x40), minus_one) << operation;
        EXPECT_EQ(caller.error(), 14u) << operation;
        EXPECT_FALSE(caller.board().powered_off());
    }
}

TEST_P(SemihostingFileTest, ProtectionHolds) {
    const auto handle = caller.open_file("file");
    // From kBuffer on, 4 KiB: nothing; everything else is open.
    caller.edit([&](Hart& hart) {
        hart.pmp.write_config(1, 0x1f);
        hart.pmp.write_address(1, ~std::uint64_t{0});
        hart.pmp.write_config(0, 0x18);
        hart.pmp.write_address(0, (Caller::kBuffer >> 2) | 0x1ff);
    });
    caller.privilege = Privilege::supervisor;
    EXPECT_EQ(caller.call(0x05, {1, Caller::kBuffer - 2, 4}), 4u);
    EXPECT_EQ(caller.shown, "");
    caller.call(0x06, {handle, Caller::kBuffer, 4});
    EXPECT_EQ(caller.answer(HostError::none, "abcd"), 4u);
    EXPECT_EQ(caller.text_at(Caller::kBuffer, 4), std::string(4, '\0'));
    caller.put(Caller::kBuffer - 8, 0x4141'4141'4141'4141u);
    caller.call(0x04, Caller::kBuffer - 3);
    EXPECT_EQ(caller.shown, "AAA");
    caller.privilege = Privilege::machine;
    EXPECT_EQ(caller.call(0x05, {1, Caller::kBuffer - 2, 4}), 0u) << "which does not bind M mode";
}

/// Bits of a page table entry, and one large page for each table's entry.
constexpr std::uint64_t kReadWriteExecute = 0xcf, kReadExecute = 0x4b;

TEST(SemihostingFile, AddressesAreTranslated) {
    Caller caller(64);
    const auto handle = caller.open_file("file");
    // Sv39: the first GiB is RAM's, without dirty bits; the gigabyte behind it is RAM's too, to be read.
    constexpr std::uint64_t kTable = Guest::kCode + 0xc000, kRam = Guest::kCode >> 12 << 10;
    caller.put(kTable + 8 * 2, kRam | kReadWriteExecute);
    caller.put(kTable, kRam | (kReadWriteExecute & ~0x80u));
    caller.put(kTable + 8, kRam | kReadExecute);
    caller.edit([](Hart& hart) { hart.satp = std::uint64_t{8} << 60 | kTable >> 12; });
    caller.privilege = Privilege::supervisor;
    caller.put_text("translated");
    const auto low = [](std::uint64_t at) { return at - Guest::kCode; };
    caller.put_block({1, low(Caller::kText), 10});
    EXPECT_EQ(caller.call(0x05, low(Caller::kBlock)), 0u);
    EXPECT_EQ(caller.shown, "translated");

    const auto read_to = [&](std::uint64_t buffer) {
        caller.put_block({handle, buffer, 4});
        caller.call(0x06, Caller::kBlock);
        return caller.answer(HostError::none, "abcd");
    };
    EXPECT_EQ(read_to(low(Caller::kBuffer) + 0x4000'0000), 4u) << "a page that is only read";
    EXPECT_EQ(caller.text_at(Caller::kBuffer, 4), std::string(4, '\0'));
    EXPECT_EQ(read_to(Caller::kBuffer), 0u);
    EXPECT_EQ(caller.text_at(Caller::kBuffer, 4), "abcd");
    EXPECT_EQ(read_to(0xc000'0000), 4u) << "nothing is there";
    EXPECT_EQ(caller.error(), 14u);
    EXPECT_EQ(caller.doubleword(kTable), kRam | (kReadWriteExecute & ~0x80u)) << "entries stay as they are";
}

// ---- anything -----------------------------------------------------------------------------------

/// Whatever a guest asks and whatever a log answers, machine and reference agree: Guest compares them.
TEST_P(SemihostingFileTest, AnyCallWithAnyAnswer) {
    std::mt19937_64 random(GetParam());
    const auto any = [&](std::uint64_t high) { return random() % (high + 1); };
    const auto any_field = [&]() -> std::uint64_t {
        switch (any(4)) {
            case 0: return any(20);
            case 1: return Guest::kCode + any(Guest::kRamBytes + 100);
            case 2: return caller.mask - any(20);
            case 3: return Caller::kText;
            default: return Caller::kBuffer;
        }
    };
    int asked = 0;
    for (int i = 0; i < 300 && !HasFatalFailure(); ++i) {
        caller.put(Guest::kCode, {kBefore, kBreak, kBehind});
        const auto operation = any(0x31);
        if (operation == 0x18 || operation == 0x20) continue;
        switch (any(3)) {
            case 0: caller.open("file", any(1)); break;
            case 1: caller.call(0x06, {any(16), any_field(), any_field()}); break;
            default: caller.call(operation, {any_field(), any_field(), any_field()}); break;
        }
        if (!caller.request()) continue;
        ++asked;
        std::vector<std::byte> bytes(any(3) == 0 ? any(40) : 12);
        for (std::size_t at = 4; at < bytes.size(); ++at) bytes[at] = static_cast<std::byte>(random());
        if (any(5) == 0 && !bytes.empty()) bytes[0] = static_cast<std::byte>(random());
        caller.answer(bytes);
        EXPECT_FALSE(caller.request());
    }
    EXPECT_GT(asked, 20);
}

// ---- saved states -------------------------------------------------------------------------------

TEST(SemihostingFile, SaveLoadSaveGivesEqualBytes) {
    Caller caller(64);
    caller.open_file("some file", 5);
    caller.call(0x06, {3, Caller::kBuffer, 6});
    const auto bytes = test::saved(caller.board().semihosting);
    Semihosting loaded;
    test::load_into(loaded, bytes);
    EXPECT_EQ(test::saved(loaded), bytes);
    ASSERT_TRUE(loaded.request);
    EXPECT_EQ(loaded.request->name, "some file");
    EXPECT_EQ(loaded.request->buffer, VirtualAddress{Caller::kBuffer});
}

TEST(SemihostingFile, RefusesAStateThatItCannotHave) {
    const auto refuses = [](const char* what, const std::function<void(Semihosting&)>& change) {
        Caller caller(64);
        caller.open_file("some file", 5);
        caller.call(0x06, {3, Caller::kBuffer, 6});
        auto state = caller.board().semihosting;
        change(state);
        Semihosting loaded;
        EXPECT_THROW(test::load_into(loaded, test::saved(state)), BadState) << what;
    };
    using OpenKind = Semihosting::OpenFile::Kind;
    refuses("no console", [](Semihosting& s) { s.files[0].reset(); });
    refuses("a console that is a file", [](Semihosting& s) { s.files[1]->kind = OpenKind::file; });
    refuses("a kind", [](Semihosting& s) { s.files[3]->kind = static_cast<OpenKind>(4); });
    refuses("a long name", [](Semihosting& s) { s.files[3]->name = std::string(1025, 'a'); });
    refuses("a kind of request", [](Semihosting& s) { s.request->kind = static_cast<HostRequest::Kind>(3); });
    refuses("a long name asked for", [](Semihosting& s) { s.request->name = std::string(1025, 'a'); });
    refuses("a name with a NUL", [](Semihosting& s) { s.request->name = std::string(1, '\0'); });
    refuses("a handle that is not open", [](Semihosting& s) { s.request->handle = 4; });
    refuses("a handle beyond all", [](Semihosting& s) { s.request->handle = 16; });
    refuses("an open file opened", [](Semihosting& s) { s.request->kind = HostRequest::Kind::open; });
    refuses("more than one answer carries",
            [](Semihosting& s) { s.request->length = Semihosting::kMostBytes + 1; });
    refuses("more than was asked for", [](Semihosting& s) { s.request->asked = 5; });
    refuses("a character of a file", [](Semihosting& s) { s.request->is_character = true; });
}

TEST(SemihostingFile, OnlyAHartOfAMachineThatHasItCanWait) {
    Caller caller(64);
    caller.open("file");
    const auto good = [&] {
        SavedState state;
        caller.board().save(state);
        state.trusted = false;
        return state;
    }();
    Board same(semihosting_options(64));
    same.load(good);
    EXPECT_TRUE(same.waits_for_host());
    Board without(Guest::board_options());
    EXPECT_THROW(without.load(good), BadState);
    auto two_harts = semihosting_options(64);
    two_harts.harts = 2;
    Caller pair(two_harts);
    pair.open("file");
    auto board = pair.board();
    board.semihosting.request->hart = HartId{2};
    SavedState bad;
    board.save(bad);
    Board loaded(two_harts);
    EXPECT_THROW(loaded.load(bad), BadState);
}

}  // namespace
}  // namespace backspin::emu
