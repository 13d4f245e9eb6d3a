// National Semiconductor NS16550A UART with FIFOs, with its registers one byte apart as on QEMU's `virt`
// board. Source: PC16550D data sheet (National Semiconductor, June 1995), section 8 "Registers".
//
// Of the line itself only time is modelled: a written character is on the outside at once, so the transmitter
// is always empty, and received characters come whole and without line errors; the one error that can happen
// is an overrun. Deviations, on purpose: LCR's word length counts for the character time only and never cuts
// bits off, since firmware written against QEMU seldom sets it; accesses wider than a byte act on the
// register at their offset.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/state.hpp"
#include "emu/device.hpp"

namespace backspin::emu {

class Uart16550 final : public Device {
  public:
    /// Frequency of the board's UART crystal; the baud rate is this / (16 * divisor).
    static constexpr std::uint64_t kClockHz = 3'686'400;
    static constexpr std::size_t kFifoSize = 16;
    static constexpr Channel kConsole{0};

    enum Register : std::uint64_t {
        RBR = 0,  ///< read: receiver buffer
        THR = 0,  ///< write: transmitter holding
        DLL = 0,  ///< with DLAB: divisor latch, low byte
        IER = 1,  ///< interrupt enable
        DLM = 1,  ///< with DLAB: divisor latch, high byte
        IIR = 2,  ///< read: interrupt identification
        FCR = 2,  ///< write: FIFO control
        LCR = 3,  ///< line control
        MCR = 4,  ///< modem control
        LSR = 5,  ///< line status
        MSR = 6,  ///< modem status
        SCR = 7,  ///< scratch
    };
    static constexpr std::uint64_t kRegisters = 8;

    /// Offsets of 8 and beyond do not answer.
    std::optional<std::uint64_t> read(std::uint64_t offset, AccessSize size, const DeviceContext&) override;
    bool write(std::uint64_t offset, AccessSize size, std::uint64_t value, const DeviceContext&) override;
    /// Answers single bytes only, so that a debugger that looks at a range sees each register in its place.
    std::optional<std::uint64_t> peek(std::uint64_t offset, AccessSize size, VirtualTime now) const override;

    /// The character timeout: four character times since the FIFO was last filled or read, with something
    /// left in it.
    std::optional<VirtualTime> next_event() const override { return timeout_at_; }
    void event(const DeviceContext&) override;

    /// Free places in the receive FIFO (one byte without FIFOs); none in loopback, where the line is cut off.
    std::size_t room_for_input() const override;
    /// Bytes beyond the room are lost as on the chip, with LSR's overrun error.
    void input(std::span<const std::byte> bytes, const DeviceContext&) override;

    /// Level of the INTR pin.
    bool interrupt_pending() const;

    template <class Archive>
    void serialize(Archive& archive, unsigned /*version*/) {
        using boost::serialization::make_nvp;
        archive& make_nvp("received", received_) & make_nvp("received_count", received_count_) &
            make_nvp("divisor", divisor_) & make_nvp("interrupt_enable", ier_) &
            make_nvp("fifo_control", fcr_) & make_nvp("line_control", lcr_) &
            make_nvp("modem_control", mcr_) & make_nvp("scratch", scr_) &
            make_nvp("modem_deltas", modem_deltas_) & make_nvp("overrun", overrun_) &
            make_nvp("transmitter_interrupt", transmitter_interrupt_) & make_nvp("timed_out", timed_out_) &
            make_nvp("timeout_at", timeout_at_);
        check();
    }

  private:
    bool fifos_enabled() const;
    bool loopback() const;
    bool divisor_latch_access() const;
    std::size_t capacity() const;
    std::size_t trigger_level() const;
    VirtualTime character_time() const;
    std::uint8_t modem_lines() const;

    std::uint8_t interrupt_identification() const;
    std::uint8_t line_status() const;

    std::uint8_t take_received(VirtualTime now);
    void receive(std::uint8_t character, VirtualTime now);
    void transmit(std::uint8_t character, const DeviceContext&);
    void restart_timeout(VirtualTime now);
    void reset_receiver();
    void write_interrupt_enable(std::uint8_t value);
    void write_fifo_control(std::uint8_t value);
    void write_modem_control(std::uint8_t value);

    /// Throws BadState if what was loaded cannot be the state of this device.
    void check() const;

    std::array<std::uint8_t, kFifoSize> received_{};  ///< oldest first; 0 where nothing is held
    std::uint8_t received_count_ = 0;
    std::uint16_t divisor_ = 12;  ///< reset leaves it unspecified; this is QEMU's
    std::uint8_t ier_ = 0;
    std::uint8_t fcr_ = 0;  ///< without the self-clearing bits
    std::uint8_t lcr_ = 0;
    std::uint8_t mcr_ = 0;
    std::uint8_t scr_ = 0;
    std::uint8_t modem_deltas_ = 0;  ///< MSR bits 0 to 3
    bool overrun_ = false;           ///< LSR bit 1
    bool transmitter_interrupt_ = false;
    bool timed_out_ = false;
    std::optional<VirtualTime> timeout_at_;
};

}  // namespace backspin::emu
