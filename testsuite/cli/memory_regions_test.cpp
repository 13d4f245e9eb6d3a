#include "cli/debug/memory_regions.hpp"

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "emu/input.hpp"

namespace backspin::cli {
namespace {

constexpr std::uint64_t kRam = 0x8000'0000, kRamBytes = 16 << 20, kRoot = kRam + 0x10'0000;
constexpr std::uint64_t kV = 1, kR = 2, kW = 4, kX = 8, kAD = 0xc0;

constexpr std::uint64_t entry(std::uint64_t to, std::uint64_t bits) {
    return to >> 12 << 10 | bits | kV;
}

/// One hart before its first instruction.
class Regions : public ::testing::Test {
  protected:
    void start(const char* isa) {
        emu::MachineOptions options;
        options.board.isa = emu::Isa::parse(isa);
        options.ram_bytes = kRamBytes;
        emu::BootFiles files;
        files.program = {"program", std::as_bytes(std::span(kWaitForEver))};
        machine.emplace(options, files);
    }
    template <class Entry>
    void put(std::uint64_t at, Entry value) {
        machine->apply(MemoryWrite{HartId{0}, VirtualAddress{at}, bytes_of(value)});
    }
    void translate(std::uint64_t satp) {
        machine->apply(RegisterWrite{HartId{0}, RegisterId{emu::kFirstCsrRegister + 0x180}, satp});
        machine->apply(RegisterWrite{HartId{0}, emu::kPrivilegeRegister, 1});
    }
    /// "FIRST-LAST rwx name", in hex.
    std::string at(std::uint64_t address) {
        const auto region = memory_region_at(*machine, HartId{0}, VirtualAddress{address});
        return fmt::format("{:x}-{:x} {}{}{} {}", region.first.value, region.last.value,
                           region.readable ? "r" : "-", region.writable ? "w" : "-",
                           region.executable ? "x" : "-", region.name);
    }

    std::optional<emu::RiscvMachine> machine;

  private:
    static constexpr std::array<std::uint32_t, 2> kWaitForEver{0x1050'0073, 0xffdf'f06f};  // wfi; j .-4
    template <class Value>
    static std::vector<std::byte> bytes_of(Value value) {
        std::vector<std::byte> bytes(sizeof value);
        std::memcpy(bytes.data(), &value, sizeof value);
        return bytes;
    }
};

TEST_F(Regions, OfTheBus) {
    start("rv64");
    EXPECT_EQ(at(0), "0-fff --- ");
    EXPECT_EQ(at(0x1000), "1000-ffff r-x rom");
    EXPECT_EQ(at(0xffff), "1000-ffff r-x rom");
    EXPECT_EQ(at(0x1'0000), "10000-fffff --- ");
    EXPECT_EQ(at(0x1000'0005), "10000000-100000ff rw- uart");
    EXPECT_EQ(at(0x1000'0100), "10000100-10000fff --- ");
    EXPECT_EQ(at(kRam), "80000000-80ffffff rwx ram");
    EXPECT_EQ(at(kRam + kRamBytes), "81000000-ffffffffffffffff --- ");
    EXPECT_EQ(at(~std::uint64_t{0}), "81000000-ffffffffffffffff --- ");
}

TEST_F(Regions, OfA32BitBusEndAtItsEnd) {
    start("rv32");
    EXPECT_EQ(at(0xffff'ffff'8000'0000), "80000000-80ffffff rwx ram");
    EXPECT_EQ(at(0xffff'ffff), "81000000-ffffffff --- ");
}

TEST_F(Regions, OfPages) {
    start("rv64");
    const auto middle = kRoot + 0x1000, last = kRoot + 0x2000;
    put(kRoot, entry(kRam, kR | kW | kAD));  // the first GiB
    put(kRoot + 8, entry(middle, 0));        // the second: 2 MiB each,
    put(middle, entry(last, 0));             // of which the first are single pages
    put(last + 8, entry(kRam + 0x3000, kX | kAD));
    translate(std::uint64_t{8} << 60 | kRoot >> 12);
    EXPECT_EQ(at(0x1234), "0-3fffffff rw- ");
    EXPECT_EQ(at(0x4000'1004), "40001000-40001fff --x ");
    EXPECT_EQ(at(0x4000'0000), "40000000-40000fff --- ");
    EXPECT_EQ(at(0x4020'0000), "40200000-403fffff --- ") << "what an entry of the middle leaves out";
    EXPECT_EQ(at(0x8000'0000), "80000000-bfffffff --- ");
    EXPECT_EQ(at(0xffff'ffff'ffff'ffff), "ffffffffc0000000-ffffffffffffffff --- ");
    EXPECT_EQ(at(0x0100'0000'0000), "4000000000-ffffffbfffffffff --- ") << "between the halves";
}

TEST_F(Regions, OfPagesOf32Bits) {
    start("rv32");
    put(kRoot, static_cast<std::uint32_t>(entry(kRam, kR | kX | kAD)));  // 4 MiB
    translate(0x8000'0000 | kRoot >> 12);
    EXPECT_EQ(at(0x1234), "0-3fffff r-x ");
    EXPECT_EQ(at(0xffff'ffff), "ffc00000-ffffffff --- ");
}

}  // namespace
}  // namespace backspin::cli
