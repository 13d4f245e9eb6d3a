#include "gdbstub/packets/memory.hpp"

#include "testsuite/gdbstub/client.hpp"

namespace backspin::gdbstub::testing {
namespace {

class Memory : public SessionTest {
  protected:
    void put(std::uint64_t offset, std::string_view text) {
        std::memcpy(target.memory.data() + offset, text.data(), text.size());
    }
    std::string_view get(std::uint64_t offset, std::size_t length) {
        return text_of(target.memory).substr(offset, length);
    }
};

TEST_F(Memory, IsReadInHexAndInBinary) {
    put(0x10, "a#$}*z");
    EXPECT_EQ(ask("m80000010,6"), "6123247d2a7a");
    EXPECT_EQ(client->raw(framed("x80000010,6")), framed("ba}\x03}\x04}]}\x0az"));
    EXPECT_EQ(ask("x80000010,6"), "ba#$}*z");
}

TEST_F(Memory, GivesFewerBytesWhenTheRestIsNotThere) {
    EXPECT_EQ(ask("m8003fffe,10"), "0000");
    EXPECT_EQ(ask("m80040000,1"), "E0e");
}

TEST_F(Memory, BoundsWhatOneReplyCarries) {
    EXPECT_EQ(ask("m80000000,ffffffffffffffff").size(), 2u * 0x10000);
    EXPECT_EQ(ask("x80000000,40000").size(), 1u + 0x10000);
    EXPECT_EQ(ask("mffffffffffffffff,10"), "E0e");
}

TEST_F(Memory, IsWrittenInHexAndInBinary) {
    EXPECT_EQ(ask("M80000000,3:616263"), "OK");
    EXPECT_EQ(get(0, 3), "abc");
    EXPECT_EQ(ask("X80000003,4:}\x03}\x04}]\x03"), "OK");
    EXPECT_EQ(get(3, 4), "#$}\x03");
}

TEST_F(Memory, KnowsTheProbeForBinaryWrites) {
    target.refuse_writes = Refused{};
    EXPECT_EQ(ask("X0,0:"), "OK");
}

TEST_F(Memory, RefusesToReadNothingSoThatLldb19FallsBackToHex) {
    EXPECT_EQ(ask("x0,0"), "E16");
}

TEST_F(Memory, RefusesMalformedPacketsAndWritesNothing) {
    const std::vector<std::byte> before = target.memory;
    for (const char* packet : {"M80000000,2:61", "M80000000,1:6162", "M80000000,1:6", "M80000000,1:zz",
                               "M80000000:61", "X80000000,2:a", "X,1:a", "M80000000,fffffffffffffffff:61"}) {
        EXPECT_EQ(ask(packet), "E.malformed packet") << packet;
    }
    for (const char* packet : {"m", "m80000000", "m80000000,", "m80000000,1,2", "mzz,1", "x80000000;1"}) {
        EXPECT_EQ(ask(packet), "E16") << packet;
    }
    EXPECT_EQ(target.memory, before);
}

TEST_F(Memory, PassesOnTheTargetsRefusalInWords) {
    target.refuse_writes = Refused{errno_value::read_only,
                                   "memory is read-only in the past: 'monitor branch' starts a new future"};
    EXPECT_EQ(ask("M80000000,1:61"),
              "E.memory is read-only in the past: 'monitor branch' starts a new future");
    EXPECT_EQ(ask("X80000000,1:a"),
              "E.memory is read-only in the past: 'monitor branch' starts a new future");
}

TEST_F(Memory, IsSearchedAlsoAcrossThePiecesItIsReadIn) {
    put(0xfffe, "need");
    EXPECT_EQ(ask("qSearch:memory:80000000;40000;need"), "1,8000fffe");
    EXPECT_EQ(ask("qSearch:memory:8000fffe;4;need"), "1,8000fffe");
    EXPECT_EQ(ask("qSearch:memory:8000fffe;3;need"), "0");
    EXPECT_EQ(ask("qSearch:memory:8000ffff;100;need"), "0");
    put(0x1fffd, "#;*");
    EXPECT_EQ(ask("qSearch:memory:80010000;10010;}\x03;*"), "1,8001fffd");
}

TEST_F(Memory, BoundsASearch) {
    EXPECT_EQ(ask("qSearch:memory:80000000;10000001;a"), "E16");
    EXPECT_EQ(ask("qSearch:memory:0;10;a"), "E0e");
    EXPECT_EQ(ask("qSearch:memory:80000000;10;"), "E16");
}

// CRC-32/MPEG-2, whose published check value over "123456789" is 0376e6e7.
TEST_F(Memory, HasTheChecksumOfCompareSections) {
    put(0, "123456789");
    EXPECT_EQ(ask("qCRC:80000000,9"), "C376e6e7");
    EXPECT_EQ(ask("qCRC:0,9"), "E0e");
}

}  // namespace
}  // namespace backspin::gdbstub::testing
