#include "gdbstub/framing.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "gdbstub/text.hpp"

namespace backspin::gdbstub {
namespace {

std::vector<Received> received(std::string_view wire, std::size_t maximum = kMaximumPacket) {
    Deframer deframer(maximum);
    std::vector<Received> all;
    for (const std::byte byte : bytes_of(wire)) {
        if (std::optional<Received> one = deframer.push(byte)) all.push_back(std::move(*one));
    }
    return all;
}

TEST(Framing, CutsPacketsAndMarksOutOfTheStream) {
    EXPECT_EQ(
        received("+$?#3f-\x03$g#67"),
        (std::vector<Received>{Acknowledged{}, Packet{"?"}, ResendRequest{}, InterruptByte{}, Packet{"g"}}));
}

TEST(Framing, VerifiesTheChecksumOfTheBytesAsTheyTravelled) {
    EXPECT_EQ(received("$g#68"), (std::vector<Received>{Packet{"g", false}}));
    EXPECT_EQ(received("$g#zz"), (std::vector<Received>{Packet{"g", false}}));
    EXPECT_EQ(received("$}\x03#80"), (std::vector<Received>{Packet{"#"}}));
    EXPECT_EQ(received("$OK#9A"), (std::vector<Received>{Packet{"OK"}}));
}

TEST(Framing, UndoesEscapes) {
    EXPECT_EQ(received("$a}\x04}]}\x0a#43"), (std::vector<Received>{Packet{"a$}*"}}));
}

TEST(Framing, TakesAnInterruptByteInsideAPacketAsData) {
    EXPECT_EQ(std::get<Packet>(received(std::string_view("$X\x03\x00#5b", 7))[0]).body,
              std::string("X\x03\0", 3));
}

TEST(Framing, TakesAStarAsItIsBecauseRequestsAreNeverRunLengthEncoded) {
    EXPECT_EQ(std::get<Packet>(received("$0* #7a")[0]).body, "0* ");
}

TEST(Framing, ForgetsHalfAPacketWhenTheNextBegins) {
    EXPECT_EQ(received("$m800$g#67"), (std::vector<Received>{Packet{"g"}}));
    EXPECT_EQ(received("$m800#$g#67"), (std::vector<Received>{Packet{"g"}}));
    EXPECT_EQ(received("$m800#0$g#67"), (std::vector<Received>{Packet{"g"}}));
    EXPECT_EQ(received("$m800}$g#67"), (std::vector<Received>{Packet{"g"}}));
}

TEST(Framing, SkipsWhatIsNoPacket) {
    EXPECT_EQ(received("GET / HTTP/1.1\r\n\r\n$g#67"), (std::vector<Received>{Packet{"g"}}));
}

TEST(Framing, BoundsAPacketAndRecoversAfterIt) {
    EXPECT_EQ(received("$12345#ff$123#96", 4), (std::vector<Received>{OversizedPacket{}, Packet{"123"}}));
    EXPECT_EQ(received("$1234#ca", 4), (std::vector<Received>{Packet{"1234"}}));
}

TEST(Framing, EscapesWhatHasAMeaningOnTheWireInBinaryReplies) {
    EXPECT_EQ(frame_binary("m#$}*"), "$m}\x03}\x04}]}\x0a#cf");
    EXPECT_EQ(received(frame_binary("m#$}*")), (std::vector<Received>{Packet{"m#$}*"}}));
}

TEST(Framing, ReplacesItInTextReplies) {
    EXPECT_EQ(frame_text("E.#$}*\n"), "$E.____ #0f");
}

}  // namespace
}  // namespace backspin::gdbstub
