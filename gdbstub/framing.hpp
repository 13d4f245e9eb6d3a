// Packets on the wire: $body#checksum, acknowledgements, and the lone interrupt byte.
// GDB manual, appendix "Remote Protocol", sections "Overview", "Packet Acknowledgment", "Interrupts".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace backspin::gdbstub {

/// The longest body that a client may send, before escapes are undone; advertised as PacketSize.
inline constexpr std::size_t kMaximumPacket = 0x20000;

/// A body with its escapes undone. Not intact: the checksum does not fit.
struct Packet {
    std::string body;
    bool intact = true;
    bool operator==(const Packet&) const = default;
};
/// A packet longer than the bound went by.
struct OversizedPacket {
    bool operator==(const OversizedPacket&) const = default;
};
/// "+" and "-": the last packet that was sent to the client did, or did not, reach it whole.
struct Acknowledged {
    bool operator==(const Acknowledged&) const = default;
};
struct ResendRequest {
    bool operator==(const ResendRequest&) const = default;
};
/// The byte 0x03 outside a packet.
struct InterruptByte {
    bool operator==(const InterruptByte&) const = default;
};
using Received = std::variant<Packet, OversizedPacket, Acknowledged, ResendRequest, InterruptByte>;

/// Cuts the received bytes into packets. Bytes outside packets that mean nothing are skipped; a '$' inside a
/// packet starts a new one, so half a packet is forgotten as soon as the next begins.
///
/// A '*' is taken as it is: only replies may be run-length encoded, and clients need not escape it in what
/// they send.
class Deframer {
  public:
    explicit Deframer(std::size_t maximum = kMaximumPacket) : maximum_(maximum) {}

    std::optional<Received> push(std::byte byte);

  private:
    enum class State : std::uint8_t { outside, body, escaped, checksum_high, checksum_low };
    void begin();
    void push_body(char character);
    void store(char character);
    static std::optional<Received> outside_packet(char character);
    Received finish();

    std::size_t maximum_;
    State state_ = State::outside;
    std::string body_;
    std::size_t length_ = 0;  // of the body as received
    std::uint8_t sum_ = 0;    // of the body as received
    unsigned expected_ = 0;   // the checksum's digits so far; above 0xff: no digits
};

/// A packet whose body is plain text. The four characters that have a meaning on the wire ($ # } *) cannot be
/// sent in such a packet and become '_'; control characters become spaces.
std::string frame_text(std::string_view body);

/// A packet whose body is binary: the four characters are escaped, which a client undoes only where it
/// expects so.
std::string frame_binary(std::string_view body);

}  // namespace backspin::gdbstub
