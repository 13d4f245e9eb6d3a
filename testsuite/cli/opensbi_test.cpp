#include "cli/opensbi.hpp"

#include <gtest/gtest.h>

#include "testsuite/cli/temporary_folder.hpp"

namespace backspin::cli {
namespace {

class OpenSbi : public ::testing::Test {
  protected:
    void install(const std::filesystem::path& path) {
        std::filesystem::create_directories((root() / path).parent_path());
        spill(root() / path, "x");
    }
    std::filesystem::path root() const { return folder_ / "host"; }

    TemporaryFolder folder_;
};

constexpr const char* kDebian = "usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin";
constexpr const char* kQemu = "usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin";
constexpr const char* kQemu32 = "usr/share/qemu/opensbi-riscv32-generic-fw_dynamic.bin";

TEST_F(OpenSbi, IsNotFoundWhereItIsNotInstalled) {
    EXPECT_EQ(find_opensbi(64, root()), std::nullopt);
}

TEST_F(OpenSbi, IsFoundForTheWidthOfTheHarts) {
    install(kQemu32);
    EXPECT_EQ(find_opensbi(64, root()), std::nullopt);
    EXPECT_EQ(find_opensbi(32, root()), root() / kQemu32);
    install(kQemu);
    EXPECT_EQ(find_opensbi(64, root()), root() / kQemu);
}

TEST_F(OpenSbi, TheDistributionsOwnComesBeforeQemus) {
    install(kQemu);
    install(kDebian);
    EXPECT_EQ(find_opensbi(64, root()), root() / kDebian);
}

TEST_F(OpenSbi, AFolderOfItsNameIsNoFirmware) {
    std::filesystem::create_directories(root() / kDebian);
    EXPECT_EQ(find_opensbi(64, root()), std::nullopt);
}

}  // namespace
}  // namespace backspin::cli
