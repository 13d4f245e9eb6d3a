// Fetch is coherent: a store to code takes effect at the next instruction, fence.i or not, wherever the code
// lies and whoever stores. Source: docs/machine.md, section 2.
#include "emu/engine/code_cache.hpp"

#include <gtest/gtest.h>

#include "testsuite/emu/guest.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

/// a0 = where the store goes, a1 = the word that it stores.
Guest& storing(Guest& guest, std::uint64_t at, Word word) {
    guest.set(a0, at);
    guest.set(a1, word);
    return guest;
}

TEST(SelfModification, TheNextInstructionIsTheNewOne) {
    Guest guest{store(Opcode::sw, a1, 0, a0), addi(a2, zero, 1), addi(a3, zero, 2)};
    storing(guest, Guest::kCode + 4, addi(a2, zero, 7)).run(3);
    EXPECT_EQ(guest.x(a2), 7u);
    EXPECT_EQ(guest.x(a3), 2u);
}

TEST(SelfModification, AlsoAfterTheOldOneHasRun) {
    // Twice through the same code; the first round turns its middle into another.
    Guest guest{addi(a2, a2, 1), addi(a4, a4, 1), store(Opcode::sw, a1, 0, a0), jal(zero, -12)};
    storing(guest, Guest::kCode, addi(a2, a2, 100)).run(8);
    EXPECT_EQ(guest.x(a2), 101u);
    EXPECT_EQ(guest.x(a4), 2u);
}

TEST(SelfModification, AStoreIntoItselfHasAlreadyHappened) {
    Guest guest{store(Opcode::sw, a1, 0, a0), nop(), jal(zero, -8)};
    storing(guest, Guest::kCode, addi(a5, a5, 1)).run(8);
    EXPECT_EQ(guest.x(a5), 2u) << "the store ran once, its replacement twice more";
}

TEST(SelfModification, OneHalfOfAnInstruction) {
    Guest guest{store(Opcode::sh, a1, 0, a0), addi(a2, zero, 1)};
    storing(guest, Guest::kCode + 6, addi(a2, zero, 0x123) >> 16).run(2);
    EXPECT_EQ(guest.x(a2), 0x123u);
}

TEST(SelfModification, ByAnAtomicOperationOrAConditional) {
    Guest swap{atomic(Opcode::amoswap_w, zero, a1, a0), addi(a2, zero, 1)};
    storing(swap, Guest::kCode + 4, addi(a2, zero, 7)).run(2);
    EXPECT_EQ(swap.x(a2), 7u);
    Guest conditional{atomic(Opcode::lr_w, t0, zero, a0), atomic(Opcode::sc_w, t1, a1, a0),
                      addi(a2, zero, 1)};
    storing(conditional, Guest::kCode + 8, addi(a2, zero, 7)).run(3);
    EXPECT_EQ(conditional.x(a2), 7u);
}

/// The second half of an instruction over the border of two pages is on a page without decoded code.
TEST(SelfModification, OfAnInstructionOverAPageBorder) {
    for (const bool first_half : {true, false}) {
        const std::uint64_t border = Guest::kCode + 4096;
        Guest guest;
        guest.put_halves(border - 6, {0x0001, 0x0001});
        guest.put(border - 2, {addi(a2, a2, 1)});
        guest.put(border + 2, {jal(zero, -8)});
        guest.edit([&](Hart& hart) { hart.pc = border - 6; });
        guest.run(8);  // c.nop, c.nop, addi, jump, twice
        EXPECT_EQ(guest.x(a2), 2u);
        guest.put(border + 2, {store(Opcode::sh, a1, 0, a0), jal(zero, -12)});
        storing(guest, first_half ? border - 2 : border,
                first_half ? addi(a3, a2, 64) & 0xffff : addi(a2, a2, 64) >> 16);
        guest.run(3 + 2 + 3);  // once more as it was, the store, back, and as it is now
        EXPECT_EQ(guest.x(first_half ? a3 : a2), first_half ? 4u : 67u);
    }
}

/// A store that crosses a page border, with code on its far side only.
TEST(SelfModification, ByAStoreOverAPageBorder) {
    const std::uint64_t border = Guest::kCode + 4096;
    Guest guest{store(Opcode::sd, zero, 1024, a3), jal(zero, 4092)};
    guest.set(a3, border);
    guest.put(border, {addi(a2, zero, 1), store(Opcode::sd, a1, 0, a0), jal(zero, -8)});
    guest.set(a0, border - 4);
    guest.set(a1, std::uint64_t{addi(a2, zero, 7)} << 32);
    guest.run(2 + 3 + 1);
    EXPECT_EQ(guest.x(a2), 7u);
}

/// The same inside a page: decoded code is tracked by 64 bytes, and the store begins in 64 bytes without any.
TEST(SelfModification, ByAStoreThatBeginsBeforeTheCode) {
    // The first store makes the page this run's own, so that the second changes it in place.
    Guest guest{store(Opcode::sd, zero, 1024, a3), jal(zero, 124)};
    guest.set(a3, Guest::kCode);
    guest.put(Guest::kCode + 128, {addi(a2, zero, 1), store(Opcode::sd, a1, 0, a0), jal(zero, -8)});
    guest.set(a0, Guest::kCode + 124);
    guest.set(a1, std::uint64_t{addi(a2, zero, 7)} << 32);
    guest.run(2 + 3 + 1);
    EXPECT_EQ(guest.x(a2), 7u);
}

/// Every part of a long block is code, to its last instruction.
TEST(SelfModification, FarBehindInTheSameBlock) {
    constexpr std::uint64_t kLength = 100;
    for (const std::uint64_t changed : {1u, 15u, 16u, 50u, 99u}) {
        Guest guest{store(Opcode::sw, a1, 0, a0)};
        for (std::uint64_t i = 1; i < kLength; ++i) guest.put(Guest::kCode + 4 * i, {addi(a2, a2, 1)});
        storing(guest, Guest::kCode + 4 * changed, addi(a2, a2, 1000)).run(kLength);
        EXPECT_EQ(guest.x(a2), kLength - 2 + 1000) << changed;
    }
}

/// Data may lie beside code, even in the same 64 bytes; storing to it is only slower.
TEST(SelfModification, DataBesideCodeIsJustData) {
    for (const std::int64_t offset : {24, 64, 512, 2000}) {
        Guest guest{load(Opcode::ld, a2, 0, a0), addi(a2, a2, 1), store(Opcode::sd, a2, 0, a0),
                    jal(zero, -12)};
        guest.set(a0, Guest::kCode + static_cast<std::uint64_t>(offset));
        guest.run(400);
        EXPECT_EQ(guest.doubleword(Guest::kCode + static_cast<std::uint64_t>(offset)), 100u);
    }
}

/// What was data becomes code, changes, and is run again: entries for writing must not outlive the change.
TEST(SelfModification, DataThatBecomesCodeIsWatched) {
    const auto page = Guest::kData;
    Guest guest{store(Opcode::sw, a1, 0, a0),  // write the code
                jalr(ra, a0, 0),               // run it
                store(Opcode::sw, a3, 0, a0),  // write other code to the same place
                jalr(ra, a0, 0)};
    guest.put(page + 4, {jalr(zero, ra, 0)});
    guest.set(a0, page);
    guest.set(a1, addi(a2, a2, 1));
    guest.set(a3, addi(a2, a2, 10));
    guest.run(8);
    EXPECT_EQ(guest.x(a2), 11u);
}

TEST(SelfModification, ByTheDebugger) {
    Guest guest{addi(a2, a2, 1), jal(zero, -4)};
    guest.run(4);
    const auto word = addi(a2, a2, 100);
    const auto bytes = std::as_bytes(std::span(&word, 1));
    guest.apply(MemoryWrite{HartId{0}, VirtualAddress{Guest::kCode}, {bytes.begin(), bytes.end()}});
    guest.run(2);
    EXPECT_EQ(guest.x(a2), 102u);
}

/// The same on a page that the program itself has written just before, so that it is changed in its place.
TEST(SelfModification, ByTheDebuggerOnAPageInUse) {
    Guest guest{addi(a2, a2, 1), store(Opcode::sd, a2, 1024, a0), jal(zero, -8)};
    guest.set(a0, Guest::kCode);
    for (int i = 0; i < 6; ++i) guest.step();
    const auto word = addi(a2, a2, 100);
    const auto bytes = std::as_bytes(std::span(&word, 1));
    guest.apply(MemoryWrite{HartId{0}, VirtualAddress{Guest::kCode}, {bytes.begin(), bytes.end()}});
    guest.run(3);
    EXPECT_EQ(guest.x(a2), 102u);
}

/// After a restore the code of then runs, though the same page was decoded with other content in between.
TEST(SelfModification, IsUndoneByARestore) {
    Guest guest{addi(a2, a2, 1), store(Opcode::sw, a1, 0, a0), jal(zero, -8)};
    storing(guest, Guest::kCode, addi(a2, a2, 100));
    const auto before = guest.machine().save();
    guest.run(4);
    EXPECT_EQ(guest.x(a2), 101u);
    auto& machine = guest.machine();
    const auto after = machine.save();
    for (int i = 0; i < 3; ++i) {
        machine.load(before);
        machine.step();
        EXPECT_EQ(machine.read_register(HartId{0}, RegisterId{a2}), 1u);
        machine.load(after);
        machine.step();  // the store
        machine.step();  // the jump
        machine.step();
        EXPECT_EQ(machine.read_register(HartId{0}, RegisterId{a2}), 201u);
    }
}

// ---- the cache by itself ------------------------------------------------------------------------

struct CodeCacheTest : ::testing::Test {
    CodeCacheTest() : memory(PageStore::create(), 1 << 20), cache(memory, rv64_decoder()) {
        HandlerTable handlers;
        handlers.general = 1;
        handlers.system = 2;
        handlers.straddling = 3;
        handlers.edge = 4;
        handlers.breakpoint = 5;
        handlers.stop = 6;
        handlers.floating = 7;
        handlers.transfer = 8;
        handlers.uncached = 9;
        for (std::size_t i = 0; i < handlers.of_opcode.size(); ++i) {
            handlers.of_opcode[i] = static_cast<std::int32_t>(100 + i);
        }
        cache.set_handlers(handlers);
    }
    void put(std::uint64_t at, Word word) {
        ASSERT_TRUE(memory.load(PhysicalAddress{at}, std::as_bytes(std::span(&word, 1))));
    }
    const Slot* block(std::uint64_t at) { return cache.block_at(PhysicalAddress{at}); }
    PageIndex page(std::uint64_t at) { return *memory.page_of(PhysicalAddress{at}); }
    static std::int32_t handler(Opcode opcode) { return 100 + static_cast<std::int32_t>(opcode); }

    Memory memory;
    CodeCache cache;
    static constexpr std::uint64_t kAt = Guest::kCode;
};

TEST_F(CodeCacheTest, ABlockEndsAtItsFirstBranch) {
    put(kAt, addi(a0, zero, 1));
    put(kAt + 4, addi(zero, a1, 2));
    put(kAt + 8, branch(Opcode::bne, a0, a1, -8));
    const auto* slot = block(kAt);
    ASSERT_NE(slot, nullptr);
    EXPECT_EQ(slot[0].operation.handler, handler(Opcode::addi));
    EXPECT_EQ(slot[0].operation.remaining, 3);
    EXPECT_EQ(slot[0].operation.page_offset, 0);
    EXPECT_EQ(slot[1].operation.rd, Hart::kSink) << "what is meant for x0";
    EXPECT_EQ(slot[1].operation.remaining, 2);
    EXPECT_EQ(slot[2].operation.handler, handler(Opcode::bne));
    EXPECT_EQ(slot[2].operation.remaining, 1);
    EXPECT_EQ(slot[2].operation.imm, -8);
    EXPECT_EQ(slot[3].links.taken, nullptr);
    EXPECT_EQ(block(kAt), slot) << "decoded once";
}

TEST_F(CodeCacheTest, ABlockIsCutAfterItsMostSteps) {
    for (std::uint64_t i = 0; i < 200; ++i) put(kAt + 4 * i, nop());
    const auto* slot = block(kAt);
    EXPECT_EQ(slot[0].operation.remaining, kMaxBlockSteps);
    EXPECT_EQ(slot[kMaxBlockSteps].operation.handler, 4);
    EXPECT_EQ(slot[kMaxBlockSteps].operation.page_offset, 4 * kMaxBlockSteps);
}

TEST_F(CodeCacheTest, ABlockNeverLeavesItsPage) {
    put(kAt + 4092, nop());
    const auto* slot = block(kAt + 4092);
    EXPECT_EQ(slot[0].operation.remaining, 1);
    EXPECT_EQ(slot[1].operation.handler, 4);
    EXPECT_EQ(slot[1].operation.page_offset, 4096);
    put(kAt + 8190, nop());
    EXPECT_EQ(block(kAt + 8190)[0].operation.handler, 3) << "over the border";
}

TEST_F(CodeCacheTest, ThereIsNoBlockWhereNoMemoryIs) {
    EXPECT_EQ(block(0), nullptr);
    EXPECT_EQ(block(memory_map::kUart.base.value), nullptr);
    EXPECT_EQ(block(kAt + (1 << 20)), nullptr);
    EXPECT_NE(block(memory_map::kMaskRom.base.value), nullptr);
    EXPECT_NE(block(kAt + (1 << 20) - 2), nullptr);
}

TEST_F(CodeCacheTest, KnowsWhichGranulesHoldCode) {
    EXPECT_FALSE(cache.holds_code(page(kAt)));
    put(kAt + 64, nop());
    put(kAt + 68, jal(zero, 0));
    block(kAt + 64);
    EXPECT_TRUE(cache.holds_code(page(kAt)));
    EXPECT_EQ(*cache.granules(page(kAt)), 2u);
    EXPECT_FALSE(cache.overlaps_code(page(kAt), 0, 64));
    EXPECT_TRUE(cache.overlaps_code(page(kAt), 63, 2));
    EXPECT_TRUE(cache.overlaps_code(page(kAt), 127, 1));
    EXPECT_FALSE(cache.overlaps_code(page(kAt), 128, 3968));
    EXPECT_TRUE(cache.overlaps_code(page(kAt), 0, 4096));
    EXPECT_FALSE(cache.holds_code(page(kAt + 4096)));
}

TEST_F(CodeCacheTest, DroppingForgetsThePageAndSaysSo) {
    put(kAt, jal(zero, 0));
    const auto* slot = block(kAt);
    const auto generation = cache.generation();
    cache.drop(page(kAt));
    EXPECT_NE(cache.generation(), generation);
    EXPECT_FALSE(cache.holds_code(page(kAt)));
    EXPECT_EQ(slot->operation.handler, handler(Opcode::jal)) << "still readable: it may be running";
    cache.bury();
    put(kAt, nop());
    EXPECT_EQ(block(kAt)->operation.handler, handler(Opcode::addi));
}

/// Blocks survive a restore if what was decoded is the same, whatever else is on the page.
TEST_F(CodeCacheTest, ARestoreKeepsWhatIsStillTrue) {
    put(kAt, jal(zero, 0));
    const auto root = memory.pages().share();
    const auto* slot = block(kAt);
    put(kAt + 2048, 1234);  // data on the same page
    EXPECT_EQ(block(kAt), slot);
    memory.pages().restore(root);
    EXPECT_EQ(block(kAt), slot);
    put(kAt + 32, 5678);  // not decoded, but in a granule that is
    const auto generation = cache.generation();
    EXPECT_NE(block(kAt), slot);
    EXPECT_NE(cache.generation(), generation);
}

/// What was decoded is kept for comparing, even if nobody else remembers the memory that it came from.
TEST_F(CodeCacheTest, PagesOfAnotherStoreAreKeptWithTheirStore) {
    const auto own = memory.pages().share();
    std::weak_ptr<PageStore> elsewhere;
    {
        const auto store = PageStore::create();
        elsewhere = store;
        Memory other(store, 1 << 20);
        const auto word = jal(zero, 0);
        ASSERT_TRUE(other.load(PhysicalAddress{kAt}, std::as_bytes(std::span(&word, 1))));
        memory.pages().restore(other.pages().share());
    }
    EXPECT_EQ(block(kAt)->operation.handler, handler(Opcode::jal));
    memory.pages().restore(own);
    EXPECT_FALSE(elsewhere.expired());
    EXPECT_EQ(block(kAt)->operation.handler, 1) << "zeros: illegal";
    EXPECT_TRUE(elsewhere.expired()) << "nothing of it is needed any more";
}

TEST_F(CodeCacheTest, APlantedBreakpointStandsBeforeItsInstruction) {
    put(kAt, nop());
    put(kAt + 4, nop());
    put(kAt + 8, jal(zero, 0));
    block(kAt);
    cache.plant(4);
    const auto* slot = block(kAt);
    EXPECT_EQ(slot[0].operation.remaining, 3);
    EXPECT_EQ(slot[1].operation.handler, 5);
    EXPECT_EQ(slot[1].operation.page_offset, 4);
    EXPECT_EQ(slot[1].operation.remaining, 2) << "it is not a step itself";
    EXPECT_EQ(slot[2].operation.handler, handler(Opcode::addi));
    EXPECT_EQ(slot[2].operation.remaining, 2);
    const auto generation = cache.generation();
    cache.plant(4);
    EXPECT_EQ(cache.generation(), generation) << "already there";
}

}  // namespace
}  // namespace backspin::emu
