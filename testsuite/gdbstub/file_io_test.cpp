#include "gdbstub/packets/file_io.hpp"

#include "testsuite/gdbstub/client.hpp"

namespace backspin::gdbstub::testing {
namespace {

class FileIo : public SessionTest {
  protected:
    std::string open(std::string_view name, std::string_view flags = "0") {
        return ask("vFile:open:" + to_hex(name) + "," + std::string(flags) + ",1c0");
    }
};

TEST_F(FileIo, NamesTheProgram) {
    EXPECT_EQ(ask("qXfer:exec-file:read::0,1000"), "l/images/fw.elf");
    EXPECT_EQ(ask("qXfer:exec-file:read:1:0,5"), "m/imag");
    EXPECT_EQ(ask("qXfer:exec-file:read:1:5,1000"), "les/fw.elf");
    EXPECT_EQ(ask("qXfer:exec-file:read:1:100,1000"), "l");
}

TEST_F(FileIo, ReadsTheProgramInPieces) {
    EXPECT_EQ(ask("vFile:setfs:0"), "F0");
    EXPECT_EQ(open("/images/fw.elf"), "F1");
    EXPECT_EQ(ask("vFile:pread:1,6,2"), "F6;LF#$}*");
    EXPECT_EQ(ask("vFile:pread:1,1000,8"), "Fa;\x03 and more");
    EXPECT_EQ(ask("vFile:pread:1,1000,12"), "F0;");
    EXPECT_EQ(ask("vFile:pread:1,1000,ffffffffffffffff"), "F0;");
    EXPECT_EQ(ask("vFile:close:1"), "F0");
}

TEST_F(FileIo, GivesTheSizeInTheProtocolsOwnLayout) {
    open("/images/fw.elf");
    const std::string status = ask("vFile:fstat:1");
    ASSERT_EQ(status.substr(0, 4), "F40;");
    ASSERT_EQ(status.size(), 4u + 64);
    EXPECT_EQ(to_hex(status.substr(4 + 8, 4)), "00008124");           // st_mode: a regular file, r--r--r--
    EXPECT_EQ(to_hex(status.substr(4 + 28, 8)), "0000000000000012");  // st_size
}

TEST_F(FileIo, ServesNothingElse) {
    EXPECT_EQ(open("just probing"), "F-1,2");
    EXPECT_EQ(open("/etc/passwd"), "F-1,2");
    EXPECT_EQ(open("/images/../images/fw.elf"), "F-1,2");
    EXPECT_EQ(open("/images/fw.elf", "1"), "F-1,1e");
    EXPECT_EQ(open("/images/fw.elf", "2"), "F-1,1e");
    EXPECT_EQ(ask("vFile:unlink:" + to_hex("/images/fw.elf")), "");
    EXPECT_EQ(ask("vFile:pwrite:1,0,abc"), "");
}

TEST_F(FileIo, KnowsOnlyOpenDescriptors) {
    for (const char* packet : {"vFile:pread:1,10,0", "vFile:fstat:1", "vFile:close:1"})
        EXPECT_EQ(ask(packet), "F-1,9");
    open("/images/fw.elf");
    EXPECT_EQ(ask("vFile:pread:2,10,0"), "F-1,9");
    ask("vFile:close:1");
    EXPECT_EQ(ask("vFile:pread:1,10,0"), "F-1,9");
}

TEST_F(FileIo, RefusesMalformedPackets) {
    for (const char* packet : {"vFile:open:", "vFile:open:zz,0,0", "vFile:open:61,0", "vFile:pread:1,2",
                               "vFile:pread:1", "vFile:fstat:", "vFile:close:x", "vFile:setfs:"}) {
        EXPECT_EQ(ask(packet), "F-1,16") << packet;
    }
}

TEST_F(FileIo, IsUnknownWithoutTheCapability) {
    target.has_exec_file = false;
    EXPECT_EQ(open("/images/fw.elf"), "");
    EXPECT_EQ(ask("qXfer:exec-file:read::0,1000"), "");
}

}  // namespace
}  // namespace backspin::gdbstub::testing
