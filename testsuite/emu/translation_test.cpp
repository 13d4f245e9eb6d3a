// The walk through page tables by itself, on random tables, against the manual's algorithm written down once
// more. Source: The RISC-V Instruction Set Manual, Volume II, section "Virtual Address Translation Process";
// extensions Svadu, Svpbmt and Svnapot.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "emu/mmu.hpp"
#include "testsuite/emu/paging.hpp"

namespace backspin::emu {
namespace {

using namespace testing;

/// Memory of a few pages that holds nothing but entries.
class SmallMemory final : public PageTables {
  public:
    static constexpr std::uint64_t kEnd = 0x2'0000;

    std::optional<std::uint64_t> read(PhysicalAddress at, unsigned size) override {
        if (at.value >= kEnd) return std::nullopt;
        EXPECT_EQ(at.value % size, 0u);
        const auto found = entries.find(at.value);
        return found != entries.end() ? found->second : 0;
    }
    bool write(PhysicalAddress at, unsigned size, std::uint64_t value) override {
        if (at.value < read_only_below) return false;
        EXPECT_TRUE(read(at, size));
        entries[at.value] = value;
        return true;
    }

    std::map<std::uint64_t, std::uint64_t> entries;
    std::uint64_t read_only_below = 0;
};

/// What the hart and its tables say to one access.
struct Question {
    const Scheme& scheme;
    const AddressSpace& space;
    const Hart& hart;
    const Isa& isa;
    std::uint64_t at;
    AccessKind kind;
};

/// Bits that must not be set.
bool has_reserved_bits(const Question& q, std::uint64_t entry, unsigned level) {
    using namespace pte;
    const bool leaf = (entry & (kR | kX)) != 0;
    if (!leaf && (entry & (kD | kA | kU)) != 0) return true;
    if (q.scheme.xlen == 32) return false;
    if ((entry >> 54 & 0x7f) != 0) return true;
    const auto type = entry >> 61 & 3;
    const bool napot = (entry & kNapot) != 0;
    if (!leaf) return type != 0 || napot;
    if (type == 3 || (type != 0 && !q.space.memory_types)) return true;
    return napot && (!q.isa.has(Extension::Svnapot) || level > 0 || (entry >> 10 & 0xf) != 8);
}

bool is_permitted(const Question& q, std::uint64_t entry) {
    using namespace pte;
    const bool user_page = (entry & kU) != 0;
    const bool user = q.space.privilege == Privilege::user;
    if (user != user_page && (user || !q.space.sum || q.kind == AccessKind::fetch)) return false;
    if (q.kind == AccessKind::fetch) return (entry & kX) != 0;
    if (q.kind == AccessKind::store) return (entry & kW) != 0;
    return (entry & kR) != 0 || ((entry & kX) != 0 && q.space.mxr);
}

/// Steps 1 to 10 of the manual. `update` is where a bit has to be set, and what is there then.
Translation expected(const Question& q, SmallMemory& memory,
                     std::optional<std::pair<std::uint64_t, std::uint64_t>>& update) {
    const auto& scheme = q.scheme;
    const Translation not_mapped{page_fault(q.kind), {}, false}, no_access{access_fault(q.kind), {}, false};
    const auto may = [&](std::uint64_t at, AccessKind kind) {
        return q.hart.pmp.allows(PhysicalAddress{at}, scheme.entry_size(), kind, Privilege::supervisor);
    };
    if (scheme.xlen == 64) {
        const auto upper = q.at >> (scheme.virtual_bits() - 1);
        if (upper != 0 && upper != ~std::uint64_t{0} >> (scheme.virtual_bits() - 1)) return not_mapped;
    }
    const auto ppn_bits = scheme.xlen == 32 ? 22 : 44;
    const auto ppn_mask = (std::uint64_t{1} << ppn_bits) - 1;
    auto table = (q.space.satp & ppn_mask) * 4096;
    for (unsigned level = scheme.levels; level-- > 0;) {
        const auto place = table + scheme.index(q.at, level) * scheme.entry_size();
        if (!may(place, AccessKind::load)) return no_access;
        const auto read = memory.read(PhysicalAddress{place}, scheme.entry_size());
        if (!read) return no_access;
        const auto entry = *read;
        const bool readable = (entry & pte::kR) != 0, writable = (entry & pte::kW) != 0;
        if ((entry & pte::kV) == 0 || (!readable && writable)) return not_mapped;
        if (has_reserved_bits(q, entry, level)) return not_mapped;
        auto ppn = entry >> 10 & ppn_mask;
        if (!readable && (entry & pte::kX) == 0) {
            table = ppn * 4096;
            continue;
        }
        const auto below = scheme.page_size(level) / 4096 - 1;  // page number bits from the address
        if ((ppn & below) != 0 || !is_permitted(q, entry)) return not_mapped;
        const auto wanted = pte::kA | (q.kind == AccessKind::store ? pte::kD : 0);
        if ((entry & wanted) != wanted) {
            if (!q.space.updates_ad) return not_mapped;
            if (!may(place, AccessKind::store)) return no_access;
            update = {place, entry | wanted};
            if (place < memory.read_only_below) return no_access;
        }
        auto from_address = below;
        if (scheme.xlen == 64 && (entry & pte::kNapot) != 0) {
            ppn -= 8;
            from_address = 15;
        }
        ppn += q.at / 4096 & from_address;
        return {std::nullopt, PhysicalAddress{ppn * 4096 + q.at % 4096}, update.has_value()};
    }
    return not_mapped;
}

class RandomTables {
  public:
    RandomTables(std::uint64_t seed, const Scheme& scheme) : random_(seed), scheme_(scheme) {
        for (std::uint64_t page = 0; page < 6; ++page) {
            for (const auto index : indices()) {
                const auto place = page * 4096 + index * scheme.entry_size();
                memory.entries[place] = any_entry() & (scheme.xlen == 32 ? 0xffff'ffff : ~std::uint64_t{0});
            }
        }
    }

    std::uint64_t any_address() {
        std::uint64_t at = random_() % 4096;
        for (unsigned level = 0; level < scheme_.levels; ++level) {
            const auto all = indices();
            at |= all[random_() % all.size()] << (12 + level * scheme_.index_bits);
        }
        if (scheme_.xlen == 32) return at;
        const auto unused = 64 - scheme_.virtual_bits();
        at = static_cast<std::uint64_t>(static_cast<std::int64_t>(at << unused) >> unused);
        return random_() % 16 == 0 ? at ^ std::uint64_t{1} << (random_() % 27 + 37) : at;
    }
    bool chance(unsigned one_in) { return random_() % one_in == 0; }
    std::mt19937_64& random() { return random_; }

    SmallMemory memory;

  private:
    std::array<std::uint64_t, 4> indices() const {
        return {0, 1, 5, (std::uint64_t{1} << scheme_.index_bits) - 1};
    }
    std::uint64_t any_entry() {
        switch (random_() % 10) {
            case 0: return random_();
            case 1: return random_() % 256;
            case 2:
            case 3:
            case 4:
            case 5: {
                auto entry = pte::to(random_() % 6 * 4096, pte::kV);
                if (chance(8)) entry ^= std::uint64_t{1} << random_() % 64;
                return entry;
            }
            default: {
                const auto level = random_() % scheme_.levels;
                auto page = (random_() % 64) << (level * scheme_.index_bits);
                if (chance(4)) page = page / 16 * 16 + 8;
                auto entry = pte::to(page * 4096, (random_() & 0xff) | pte::kV);
                if (chance(2)) entry |= pte::kA | pte::kD;
                if (chance(6)) entry |= pte::kNapot;
                if (chance(6)) entry ^= std::uint64_t{1} << (61 + random_() % 2);
                if (chance(10)) entry ^= std::uint64_t{1} << random_() % 64;
                return entry;
            }
        }
    }

    std::mt19937_64 random_;
    Scheme scheme_;
};

class TranslationTest : public ::testing::TestWithParam<Scheme> {};
INSTANTIATE_TEST_SUITE_P(Schemes, TranslationTest, ::testing::ValuesIn(kSchemes),
                         [](const auto& info) { return info.param.name; });

TEST_P(TranslationTest, IsTheManualsAlgorithm) {
    const auto& scheme = GetParam();
    std::map<std::optional<Cause>, int> seen;
    int updates = 0;
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
        RandomTables tables(seed, scheme);
        auto& random = tables.random();
        auto isa = Isa(scheme.xlen);
        if (scheme.xlen == 64 && tables.chance(4)) isa = Isa::parse("rv64,-svnapot");
        Hart hart;
        hart.xlen = scheme.xlen;
        open_protection(hart);
        if (tables.chance(3)) {
            // One page of tables that S mode may not write, or not even read.
            hart.pmp.write_address(1, ~std::uint64_t{0});
            hart.pmp.write_config(1, 0x1f);
            hart.pmp.write_address(0, random() % 6 << 10 | 511);
            hart.pmp.write_config(0, tables.chance(2) ? 0x19 : 0x18);
        }
        if (tables.chance(8)) tables.memory.read_only_below = 0x2000;
        hart.satp = scheme.satp_mode << scheme.mode_shift() | random() % 6;
        for (int i = 0; i < 60; ++i) {
            hart.privilege = tables.chance(2) ? Privilege::user : Privilege::supervisor;
            hart.mstatus = random() & (mstatus::kSum | mstatus::kMxr);
            hart.menvcfg = random() & (envcfg::kAdue | envcfg::kPbmte);
            const auto space = data_space(hart);
            const auto kind =
                std::array{AccessKind::fetch, AccessKind::load, AccessKind::store}[random() % 3];
            const Question question{scheme, space, hart, isa, tables.any_address(), kind};
            std::optional<std::pair<std::uint64_t, std::uint64_t>> update;
            const auto wanted = expected(question, tables.memory, update);
            auto memory = tables.memory;
            for (const auto updates_now : {Updates::only_report, Updates::make}) {
                const auto got =
                    translate(space, hart, isa, VirtualAddress{question.at}, kind, memory, updates_now);
                // Looking alone cannot know whether memory takes the bit.
                const bool read_only = update && update->first < memory.read_only_below;
                if (read_only && updates_now == Updates::only_report) continue;
                ASSERT_EQ(got.fault, wanted.fault) << seed << " " << i;
                if (got.fault) continue;
                ASSERT_EQ(got.at, wanted.at) << seed << " " << i;
                ASSERT_EQ(got.needs_update, wanted.needs_update);
            }
            auto afterwards = tables.memory.entries;
            if (update && !wanted.fault) {
                afterwards[update->first] = update->second;
                ++updates;
            }
            ASSERT_EQ(memory.entries, afterwards) << "the bits, and nothing else";
            ++seen[wanted.fault];
        }
    }
    // All that may come of it came of it, often enough to mean something.
    EXPECT_GT(seen[std::nullopt], 200);
    EXPECT_GT(updates, 30);
    for (const auto cause :
         {Cause::instruction_page_fault, Cause::load_page_fault, Cause::store_page_fault,
          Cause::instruction_access_fault, Cause::load_access_fault, Cause::store_access_fault}) {
        EXPECT_GT(seen[cause], 30) << static_cast<int>(cause);
    }
}

/// A debugger sees whatever is mapped, to whomever, and changes nothing.
TEST_P(TranslationTest, ForADebuggerAsksNoPermissions) {
    const auto& scheme = GetParam();
    int found = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        RandomTables tables(seed, scheme);
        const Isa isa(scheme.xlen);
        Hart hart;
        hart.xlen = scheme.xlen;
        hart.privilege = Privilege::supervisor;
        hart.satp = scheme.satp_mode << scheme.mode_shift() | tables.random()() % 6;
        Hart open = hart;
        open_protection(open);
        for (int i = 0; i < 40; ++i) {
            const auto at = tables.any_address();
            const auto before = tables.memory.entries;
            const auto got = translate_for_debugger(hart, isa, VirtualAddress{at}, tables.memory);
            ASSERT_EQ(tables.memory.entries, before);
            // Somebody may go there exactly if the debugger sees it.
            std::optional<PhysicalAddress> reached;
            for (const auto kind : {AccessKind::fetch, AccessKind::load, AccessKind::store}) {
                for (const auto privilege : {Privilege::user, Privilege::supervisor}) {
                    open.privilege = privilege;
                    open.menvcfg = envcfg::kAdue;
                    auto memory = tables.memory;
                    const auto there = translate(data_space(open), open, isa, VirtualAddress{at}, kind,
                                                 memory, Updates::make);
                    if (!there.fault) reached = there.at;
                }
            }
            ASSERT_EQ(got, reached);
            if (got) ++found;
        }
    }
    EXPECT_GT(found, 100);
}

}  // namespace
}  // namespace backspin::emu
