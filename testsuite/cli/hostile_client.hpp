// A debugger's bytes against a real small machine: for the random test and for the fuzz target of the same
// name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "cli/debug/debuggee.hpp"
#include "emu/riscv_machine.hpp"
#include "gdbstub/session.hpp"
#include "replay/timeline.hpp"

namespace backspin::cli::testing {

/// Two harts, some RAM, and a program that counts in memory, traps, prints and switches the machine off after
/// some thousand steps. Serves one client.
class HostileClient {
  public:
    HostileClient() : machine_(options(), files()), timeline_(machine_, replay::TimelineOptions{}) {
        timeline_.set_host(
            {.input = nullptr,
             .interrupted = [this] { return ++polls_ > kMostPolls || session_->interrupt_requested(); },
             .progress = nullptr,
             .clock = nullptr});
        debuggee_.set_print([this](std::string_view text) { session_->console_output(text); });
        session_ = std::make_unique<gdbstub::Session>(debuggee_);
    }
    ~HostileClient() { timeline_.set_host({}); }
    HostileClient(const HostileClient&) = delete;
    HostileClient& operator=(const HostileClient&) = delete;

    /// Gives all that is answered. Throws std::logic_error if that does not end.
    std::string send(std::span<const std::byte> bytes) {
        session_->receive(bytes);
        auto answer = drain();
        for (int moves = 0; const auto resume = session_->take_resume(); ++moves) {
            if (moves == kMostMoves) throw std::logic_error("a client's bytes move the machine without end");
            polls_ = 0;
            session_->stopped(debuggee_.perform(*resume, false));
            answer += drain();
        }
        return answer;
    }
    bool ended() const { return session_->ended().has_value(); }
    gdbstub::Session& session() { return *session_; }
    replay::Timeline& timeline() { return timeline_; }
    Debuggee& debuggee() { return debuggee_; }

  private:
    /// Polled about every millisecond of a move.
    static constexpr int kMostPolls = 20;
    /// Each needs a packet of five bytes at least.
    static constexpr int kMostMoves = 1 << 20;
    static constexpr std::size_t kMostAnswer = std::size_t{64} << 20;

    std::string drain() {
        std::string all;
        for (auto part = session_->take_output(); !part.empty(); part = session_->take_output()) {
            all.append(reinterpret_cast<const char*>(part.data()), part.size());
            if (all.size() > kMostAnswer) throw std::logic_error("a client's bytes are answered without end");
        }
        return all;
    }

    static emu::MachineOptions options() {
        emu::MachineOptions options;
        options.board.harts = 2;
        options.board.quantum = 50;
        options.ram_bytes = 1 << 20;
        return options;
    }
    static emu::BootFiles files() {
        static constexpr std::array<std::uint32_t, 24> kProgram{
            0x00000297,  // auipc t0, 0
            0x05028293,  // addi t0, t0, 0x50     the handler
            0x30529073,  // csrw mtvec, t0
            0x00002417,  // auipc s0, 2           a counter, 8 KiB on
            0x20000493,  // li s1, 512
            0x10000937,  // lui s2, 0x10000       the UART
            0x00042503,  // lw a0, 0(s0)          the loop
            0x00150513,  // addi a0, a0, 1
            0x00a42023,  // sw a0, 0(s0)
            0x00a90023,  // sb a0, 0(s2)
            0x00000073,  // ecall
            0xfff48493,  // addi s1, s1, -1
            0xfe0494e3,  // bnez s1, -24
            0x001002b7,  // lui t0, 0x100         the finisher
            0x00005337,  // lui t1, 5
            0x55530313,  // addi t1, t1, 0x555
            0x0062a023,  // sw t1, 0(t0)
            0x0000006f,  // j .
            0,          0,
            0x341023f3,  // csrr t2, mepc         the handler, at 0x50, goes on behind what trapped
            0x00438393,  // addi t2, t2, 4
            0x34139073,  // csrw mepc, t2
            0x30200073,  // mret
        };
        emu::BootFiles files;
        files.program = {"program", std::as_bytes(std::span(kProgram))};
        return files;
    }

    emu::RiscvMachine machine_;
    replay::Timeline timeline_;
    Debuggee debuggee_{machine_, timeline_, {}};
    std::unique_ptr<gdbstub::Session> session_;
    int polls_ = 0;
};

}  // namespace backspin::cli::testing
