// What a client reads of each kind of hart (qXfer:features:read), kept word for word in descriptions/. If a
// change is meant, the file is to become what the test prints.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "cli/debug/registers.hpp"
#include "gdbstub/description.hpp"

namespace backspin::cli {
namespace {

class Descriptions : public ::testing::TestWithParam<const char*> {};

TEST_P(Descriptions, AreTheGoldenFiles) {
    auto path = std::filesystem::path(BACKSPIN_DESCRIPTIONS) / GetParam();
    path += ".xml";
    std::ifstream file(path);
    ASSERT_TRUE(file) << path;
    const std::string golden(std::istreambuf_iterator<char>(file), {});
    EXPECT_EQ(gdbstub::target_xml(RegisterTable(emu::Isa::parse(GetParam())).description()), golden);
}

INSTANTIATE_TEST_SUITE_P(Isas, Descriptions,
                         ::testing::Values("rv64", "rv32", "rv64imac", "rv32imac", "rv64imafc"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace backspin::cli
