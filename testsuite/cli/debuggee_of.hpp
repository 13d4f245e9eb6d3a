// A machine that does next to nothing, and its debuggee: for tests of what a debugger sees.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/debug/debuggee.hpp"
#include "emu/input.hpp"
#include "emu/riscv_machine.hpp"
#include "replay/timeline.hpp"

namespace backspin::cli::testing {

inline constexpr std::uint64_t kRam = 0x8000'0000;
// Tables far behind the program.
inline constexpr std::uint64_t kRoot = kRam + 0x10'0000, kMiddle = kRoot + 0x1000, kLast = kMiddle + 0x1000;
// Bits of an entry.
inline constexpr std::uint64_t kV = 1, kR = 2, kW = 4, kX = 8, kAD = 0xc0;

constexpr std::uint64_t entry(std::uint64_t to, std::uint64_t bits) {
    return to >> 12 << 10 | bits;
}

/// A machine whose harts wait, one after the other, as soon as they run, and its debuggee.
class DebuggeeOf {
  public:
    explicit DebuggeeOf(const char* isa, std::size_t harts = 1) : DebuggeeOf(isa, harts, kWaitForEver) {}
    /// With a program of its own.
    DebuggeeOf(const char* isa, std::size_t harts, std::span<const std::uint32_t> program)
        : machine_(options(isa, harts), files(program)), timeline_(machine_, replay::TimelineOptions{}) {
        debuggee_.set_print([this](std::string_view text) { printed_ += text; });
    }

    void set(std::uint32_t hart, RegisterId which, std::uint64_t value) {
        timeline_.write(RegisterWrite{HartId{hart}, which, value});
    }
    void set_csr(std::uint32_t hart, std::uint32_t number, std::uint64_t value) {
        set(hart, RegisterId{emu::kFirstCsrRegister + number}, value);
    }
    /// In physical memory: as long as the hart's satp is bare.
    template <class Entry>
    void put(std::uint64_t at, Entry value) {
        std::vector<std::byte> bytes(sizeof value);
        std::memcpy(bytes.data(), &value, sizeof value);
        timeline_.write(MemoryWrite{HartId{0}, VirtualAddress{at}, bytes});
    }
    std::string monitor(const std::string& command, std::uint64_t thread = 1) {
        const auto outcome = target().monitor()->execute(command, gdbstub::ThreadId{thread});
        return outcome ? *outcome.value() : outcome.refused()->text;
    }
    gdbstub::StopReport perform(const gdbstub::Resume& resume) { return debuggee_.perform(resume, false); }
    /// What was shown to the client's user since the last call.
    std::string printed() { return std::exchange(printed_, {}); }
    std::uint64_t position() const { return timeline_.position().step.value; }
    gdbstub::Target& target() { return debuggee_; }
    emu::RiscvMachine& machine() { return machine_; }
    replay::Timeline& timeline() { return timeline_; }

  private:
    static emu::MachineOptions options(const char* isa, std::size_t harts) {
        emu::MachineOptions options;
        options.board.isa = emu::Isa::parse(isa);
        options.board.harts = harts;
        options.ram_bytes = 16 << 20;
        return options;
    }
    static constexpr std::array<std::uint32_t, 2> kWaitForEver{0x1050'0073, 0xffdf'f06f};  // wfi; j .-4
    static emu::BootFiles files(std::span<const std::uint32_t> program) {
        emu::BootFiles files;
        files.program = {"program", std::as_bytes(program)};
        return files;
    }

    emu::RiscvMachine machine_;
    replay::Timeline timeline_;
    Debuggee debuggee_{machine_, timeline_, {}};
    std::string printed_;
};

inline constexpr std::uint64_t kSv39 = std::uint64_t{8} << 60;
inline constexpr std::uint64_t kUser = 0, kSupervisor = 1;

}  // namespace backspin::cli::testing
