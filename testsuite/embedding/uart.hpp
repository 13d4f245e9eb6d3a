// The UART of ARM's Cortex-M System Design Kit (ARM DDI 0479, "APB UART"): one byte of buffer in each
// direction, three interrupt lines. Bytes are sent at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <boost/serialization/nvp.hpp>

namespace backspin::m0 {

class Uart {
  public:
    enum Register : std::uint32_t {
        DATA = 0x0,
        STATE = 0x4,
        CTRL = 0x8,
        INTSTATUS = 0xc,  ///< INTCLEAR when written
        BAUDDIV = 0x10,
    };

    /// What a debugger sees: nothing changes.
    std::uint32_t peek(std::uint32_t offset) const;
    /// As the processor reads: reading DATA takes the byte out of the buffer.
    std::uint32_t read(std::uint32_t offset);
    /// A byte, if that sends one.
    std::optional<std::byte> write(std::uint32_t offset, std::uint32_t value);

    /// A byte arrives. Into a full buffer: it is lost, and that is noted.
    void receive(std::byte byte);
    bool has_room() const { return (ctrl_ & kRxEnable) != 0 && (state_ & kRxFull) == 0; }

    /// TXINT, RXINT and UARTOVRINT.
    struct Lines {
        bool tx, rx, overrun;
    };
    Lines lines() const {
        return {(intstatus_ & kTx) != 0, (intstatus_ & kRx) != 0,
                (intstatus_ & (kTxOverrun | kRxOverrun)) != 0};
    }

    template <class Archive>
    void serialize(Archive& archive, unsigned) {
        using boost::serialization::make_nvp;
        archive& make_nvp("DATA", data_) & make_nvp("STATE", state_) & make_nvp("CTRL", ctrl_) &
            make_nvp("INTSTATUS", intstatus_) & make_nvp("BAUDDIV", bauddiv_);
    }

  private:
    // The bits of STATE, INTSTATUS and, from bit 2 on, of CTRL.
    static constexpr std::uint32_t kTx = 1, kRx = 2, kTxOverrun = 4, kRxOverrun = 8;
    static constexpr std::uint32_t kRxFull = kRx, kTxEnable = kTx, kRxEnable = kRx;

    void raise(std::uint32_t interrupt);

    std::uint8_t data_ = 0;
    std::uint32_t state_ = 0;
    std::uint32_t ctrl_ = 0;
    std::uint32_t intstatus_ = 0;
    std::uint32_t bauddiv_ = 0;
};

}  // namespace backspin::m0
