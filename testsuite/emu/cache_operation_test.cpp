// Cache-block instructions: who may use them, on what, and what zeroing a block does. There are no caches, so
// that the others do nothing but be permitted or not. Source: The RISC-V Instruction Set Manual, Volume I,
// chapter "CMO" Extensions.
#include <gtest/gtest.h>

#include <optional>

#include "testsuite/emu/paging.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

constexpr std::array kManaging{Opcode::cbo_inval, Opcode::cbo_clean, Opcode::cbo_flush};
constexpr std::array kAll{Opcode::cbo_inval, Opcode::cbo_clean, Opcode::cbo_flush, Opcode::cbo_zero};
constexpr std::uint64_t kBlock = 64;

Word on_block(Opcode opcode) {
    return op(opcode, 0, a0, 0);
}

/// The field of menvcfg and senvcfg that the instruction needs, with this value or with all its bits.
std::uint64_t enabling(Opcode opcode, std::uint64_t cbie = 3) {
    switch (opcode) {
        case Opcode::cbo_inval: return cbie << envcfg::kCbieShift;
        case Opcode::cbo_zero: return envcfg::kCbze;
        default: return envcfg::kCbcfe;
    }
}

void allow_everything(Hart& hart) {
    hart.menvcfg = hart.senvcfg = envcfg::kCbie | envcfg::kCbcfe | envcfg::kCbze;
}

/// M mode may always; S mode if menvcfg says so; U mode if both do.
TEST(CacheOperation, IsLegalWhereTheEnvironmentAllowsIt) {
    constexpr auto kFields = envcfg::kCbie | envcfg::kCbcfe | envcfg::kCbze;
    Guest guest;
    guest.set(a0, Guest::kData);
    for (const auto opcode : kAll) {
        guest.put(Guest::kCode, {on_block(opcode)});
        for (const std::uint64_t cbie : {1u, 3u}) {
            for (const auto privilege : {Privilege::user, Privilege::supervisor, Privilege::machine}) {
                for (const bool by_machine : {false, true}) {
                    for (const bool by_supervisor : {false, true}) {
                        // Its own field, and none or all of the others.
                        const auto own = enabling(opcode, cbie), others = kFields & ~enabling(opcode);
                        guest.go_to(Guest::kCode, privilege);
                        guest.edit([&](Hart& hart) {
                            hart.menvcfg = by_machine ? own : others;
                            hart.senvcfg = by_supervisor ? own : others;
                        });
                        guest.run(1);
                        const bool legal =
                            privilege == Privilege::machine ||
                            (by_machine && (by_supervisor || privilege == Privilege::supervisor));
                        if (legal) {
                            ASSERT_EQ(guest.pc(), Guest::kCode + 4);
                        } else {
                            expect_trap(guest, Cause::illegal_instruction, Guest::kCode, on_block(opcode));
                        }
                    }
                }
            }
        }
    }
}

TEST(CacheOperation, IsAnExtension) {
    for (const auto opcode : kAll) {
        BoardOptions options;
        options.isa = Isa::parse(opcode == Opcode::cbo_zero ? "rv64,-zicboz" : "rv64,-zicbom");
        Guest guest(options, {on_block(opcode)});
        guest.set(a0, Guest::kData);
        expect_trapping_step(guest, Cause::illegal_instruction, on_block(opcode));
    }
}

TEST(CacheOperation, ZeroClearsTheWholeBlockAndNothingElse) {
    for (const std::uint64_t inside : {0u, 1u, 8u, 63u}) {
        Guest guest{on_block(Opcode::cbo_zero)};
        for (std::uint64_t i = 0; i < 24; ++i) guest.put(Guest::kData + 8 * i, ~std::uint64_t{0});
        guest.set(a0, Guest::kData + kBlock + inside);
        guest.run(1);
        for (std::uint64_t i = 0; i < 24; ++i) {
            EXPECT_EQ(guest.doubleword(Guest::kData + 8 * i), i / 8 == 1 ? 0 : ~std::uint64_t{0}) << i;
        }
    }
}

TEST(CacheOperation, TheOthersChangeNothing) {
    for (const auto opcode : kManaging) {
        Guest guest{on_block(opcode), load(Opcode::ld, a1, 0, a0)};
        guest.put(Guest::kData, std::uint64_t{42});
        guest.set(a0, Guest::kData);
        guest.run(2);
        EXPECT_EQ(guest.x(a1), 42u);
    }
}

/// "On faults, the faulting virtual address is considered to be the value in rs1, rather than the base
/// address of the cache block"; and all of them fault like stores.
TEST(CacheOperation, AFaultShowsTheAddressAsItWasGiven) {
    for (const auto opcode : kAll) {
        Guest guest{on_block(opcode)};
        guest.set(a0, 0x4000'0027);
        expect_trapping_step(guest, Cause::store_access_fault, 0x4000'0027);

        PagedGuest paged(kSv39, {on_block(opcode)});
        paged.edit(allow_everything);
        const auto missing = PagedGuest::kVirtualData + 2 * PagedGuest::kPage + 39;
        paged.set(a0, missing);
        expect_trapping_step(paged, Cause::store_page_fault, missing);
    }
}

/// Whoever may load or store may manage a block; zeroing it is a store.
TEST(CacheOperation, NeedsTheRightToLoadOrToStore) {
    for (const auto opcode : kAll) {
        for (const bool writable : {false, true}) {
            PagedGuest guest(kSv39, {on_block(opcode)});
            guest.edit(allow_everything);
            guest.map(PagedGuest::kVirtualData, Guest::kData,
                      writable ? pte::kData : pte::kData & ~(pte::kW | pte::kD));
            guest.set(a0, PagedGuest::kVirtualData + 5);
            if (writable || opcode != Opcode::cbo_zero) {
                expect_retiring_step(guest);
            } else {
                expect_trapping_step(guest, Cause::store_page_fault, PagedGuest::kVirtualData + 5);
            }
        }
        // What may only be executed may be neither loaded nor stored to.
        PagedGuest code(kSv39, {on_block(opcode)});
        code.edit(allow_everything);
        code.map(PagedGuest::kVirtualData, Guest::kData, pte::kV | pte::kX | pte::kA);
        code.set(a0, PagedGuest::kVirtualData + 5);
        expect_trapping_step(code, Cause::store_page_fault, PagedGuest::kVirtualData + 5);
    }
}

/// Where loads are permitted, ROM included; devices take none of them.
TEST(CacheOperation, ManagesRomButNoDevice) {
    for (const auto opcode : kAll) {
        Guest guest{on_block(opcode)};
        guest.set(a0, memory_map::kMaskRom.base.value + 3);
        if (opcode == Opcode::cbo_zero) {
            expect_trapping_step(guest, Cause::store_access_fault, memory_map::kMaskRom.base.value + 3);
        } else {
            expect_retiring_step(guest);
        }
        Guest other{on_block(opcode)};
        other.set(a0, memory_map::kPlic.base.value);
        expect_trapping_step(other, Cause::store_access_fault, memory_map::kPlic.base.value);
    }
}

/// A stop on any byte of the block holds, and tells whether the byte changes.
TEST(CacheOperation, ZeroingStopsAtAWatchedByte) {
    class Stops : public Observer {
      public:
        Verdict on_hit(const Hit& hit) override {
            hits.push_back(hit);
            return Verdict::stop;
        }
        std::vector<Hit> hits;
    };
    for (const std::uint64_t watched : {0u, 40u, 63u, 64u}) {
        Guest guest{on_block(Opcode::cbo_zero)};
        guest.put(Guest::kData + 40, {0xff});
        guest.set(a0, Guest::kData + 20);
        auto& machine = guest.machine();
        const std::vector<StopPoint> points{{StopKind::write, VirtualAddress{Guest::kData + watched}, 1}};
        machine.set_stop_points(points);
        Stops stops;
        RunOptions run;
        run.until = StepCount{1};
        EXPECT_EQ(machine.run(run, &stops), watched < kBlock ? RunEnd::stopped : RunEnd::reached);
        ASSERT_EQ(stops.hits.size(), watched < kBlock ? 1u : 0u);
        if (!stops.hits.empty()) {
            EXPECT_EQ(stops.hits[0].changes_value, watched == 40);
        }
    }
}

}  // namespace
}  // namespace backspin::emu
