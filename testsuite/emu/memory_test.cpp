// RAM and ROM by physical address, against a flat model.
#include "emu/memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <stdexcept>
#include <vector>

namespace backspin::emu {
namespace {

using memory_map::kMaskRom;
using memory_map::kRamBase;

constexpr std::uint64_t kRamBytes = 5 * kPageSize;
constexpr std::uint64_t kRamEnd = kRamBase.value + kRamBytes;
constexpr std::uint64_t kRomEnd = kMaskRom.base.value + kMaskRom.size;

std::vector<std::byte> pattern(std::size_t length, int first) {
    std::vector<std::byte> bytes(length);
    for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::byte>(first + static_cast<int>(i));
    return bytes;
}

TEST(Memory, SizesAreWholePages) {
    const auto store = PageStore::create();
    EXPECT_THROW(Memory(store, 0), std::invalid_argument);
    EXPECT_THROW(Memory(store, 4095), std::invalid_argument);
    EXPECT_THROW(Memory(store, 3 * 4096 + 8), std::invalid_argument);
    EXPECT_EQ(Memory(store, 4096).ram(), (BusRange{kRamBase, 4096}));
}

TEST(Memory, EveryPageHasItsOwnIndex) {
    const Memory memory(PageStore::create(), kRamBytes);
    std::vector<bool> seen(memory.pages().page_count());
    for (const auto range : {memory.ram(), kMaskRom}) {
        for (std::uint64_t offset = 0; offset < range.size; offset += kPageSize) {
            const auto first = memory.page_of(PhysicalAddress{range.base.value + offset});
            const auto last = memory.page_of(PhysicalAddress{range.base.value + offset + kPageSize - 1});
            ASSERT_TRUE(first);
            EXPECT_EQ(first, last);
            EXPECT_FALSE(seen[first->value]);
            seen[first->value] = true;
        }
    }
    EXPECT_TRUE(std::ranges::all_of(seen, std::identity{}));
    for (const std::uint64_t at : {std::uint64_t{0}, kMaskRom.base.value - 1, kRomEnd, kRamBase.value - 1,
                                   kRamEnd, ~std::uint64_t{0}}) {
        EXPECT_FALSE(memory.page_of(PhysicalAddress{at})) << std::hex << at;
    }
}

TEST(Memory, IsZeroAtFirst) {
    const Memory memory(PageStore::create(), kRamBytes);
    std::vector<std::byte> bytes(kRamBytes, std::byte{1});
    ASSERT_TRUE(memory.read(kRamBase, bytes));
    EXPECT_EQ(bytes, std::vector<std::byte>(kRamBytes));
}

TEST(Memory, HoldsWhatIsWrittenAcrossPages) {
    Memory memory(PageStore::create(), kRamBytes);
    std::vector<std::byte> model(kRamBytes);
    std::mt19937_64 random(1);
    for (int i = 0; i < 2000; ++i) {
        const auto length = random() % (random() % 8 == 0 ? 3 * kPageSize : 16) + 1;
        const auto offset = random() % (kRamBytes - length + 1);
        const PhysicalAddress at{kRamBase.value + offset};
        if (random() % 2) {
            const auto bytes = pattern(length, static_cast<int>(random() % 256));
            ASSERT_TRUE(memory.write(at, bytes));
            std::ranges::copy(bytes, model.begin() + static_cast<std::ptrdiff_t>(offset));
        } else {
            std::vector<std::byte> bytes(length);
            ASSERT_TRUE(memory.read(at, bytes));
            ASSERT_TRUE(
                std::equal(bytes.begin(), bytes.end(), model.begin() + static_cast<std::ptrdiff_t>(offset)));
        }
    }
}

TEST(Memory, WhatDoesNotFitWhollyIsRefusedAndDoesNothing) {
    Memory memory(PageStore::create(), kRamBytes);
    const auto bytes = pattern(16, 1);
    for (const std::uint64_t at : {kRamEnd - 8, kRamEnd, kRamBase.value - 8, std::uint64_t{0}, kRomEnd - 8,
                                   ~std::uint64_t{7}, ~std::uint64_t{0}}) {
        std::vector<std::byte> into(16, std::byte{9});
        EXPECT_FALSE(memory.write(PhysicalAddress{at}, bytes)) << std::hex << at;
        EXPECT_FALSE(memory.load(PhysicalAddress{at}, bytes)) << std::hex << at;
        EXPECT_FALSE(memory.read(PhysicalAddress{at}, into)) << std::hex << at;
        EXPECT_EQ(into, std::vector<std::byte>(16, std::byte{9}));
    }
    EXPECT_EQ(memory.pages().share().digest(), PageRoot{}.digest());
}

TEST(Memory, RomIsLoadedAndReadButNotWritten) {
    Memory memory(PageStore::create(), kRamBytes);
    const auto bytes = pattern(100, 1);
    const PhysicalAddress at{kMaskRom.base.value + kPageSize - 50};
    EXPECT_FALSE(memory.write(at, bytes));
    EXPECT_FALSE(memory.is_writable(at));
    ASSERT_TRUE(memory.load(at, bytes));
    std::vector<std::byte> back(100);
    ASSERT_TRUE(memory.read(at, back));
    EXPECT_EQ(back, bytes);
    EXPECT_TRUE(memory.is_writable(kRamBase));
}

TEST(Memory, ResetPutsBackWhatWasKept) {
    Memory memory(PageStore::create(), kRamBytes);
    const PhysicalAddress image{kRamBase.value + 100}, rom{kMaskRom.base.value};
    ASSERT_TRUE(memory.load(image, pattern(10, 1)));
    ASSERT_TRUE(memory.load(rom, pattern(10, 2)));
    memory.keep_as_power_on();
    const auto at_power_on = memory.pages().share().digest();
    ASSERT_TRUE(memory.write(image, pattern(10, 3)));
    ASSERT_TRUE(memory.write(PhysicalAddress{kRamEnd - 8}, pattern(8, 4)));
    ASSERT_TRUE(memory.load(rom, pattern(10, 5)));
    const auto running = memory.pages().share();
    for (int i = 0; i < 2; ++i) {
        memory.reset();
        EXPECT_EQ(memory.pages().share().digest(), at_power_on);
        memory.pages().restore(running);
    }
    // Also in a memory that got both states from elsewhere.
    Memory other(PageStore::create(), kRamBytes);
    memory.reset();
    other.set_power_on(memory.pages().share());
    other.pages().restore(running);
    other.reset();
    EXPECT_EQ(other.pages().share().digest(), at_power_on);
}

TEST(Memory, LargeRamCostsOnlyWhatIsWritten) {
    const auto store = PageStore::create();
    Memory memory(store, std::uint64_t{64} << 30);
    ASSERT_TRUE(memory.write(PhysicalAddress{kRamBase.value + (std::uint64_t{64} << 30) - 8}, pattern(8, 1)));
    EXPECT_EQ(store->pages_in_use(), 1u);
}

}  // namespace
}  // namespace backspin::emu
