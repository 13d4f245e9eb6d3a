#include "cli/host_memory.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "testsuite/cli/temporary_folder.hpp"

namespace backspin::cli {
namespace {

namespace fs = std::filesystem;

class HostMemory : public ::testing::Test {
  protected:
    void file(const std::string& name, const std::string& text) const {
        fs::create_directories((root() / name).parent_path());
        std::ofstream(root() / name) << text;
    }
    fs::path root() const { return folder_ / "root"; }
    void meminfo() const {
        file("proc/meminfo",
             "MemTotal:       24000000 kB\nMemFree:         1000 kB\nMemAvailable:    2000 kB\n"
             "HugePages_Total:       0\n");
    }

  private:
    TemporaryFolder folder_;
};

TEST_F(HostMemory, IsWhatTheKernelSaysIsAvailable) {
    meminfo();
    EXPECT_EQ(free_memory(root()), 2000U * 1024);
}

TEST_F(HostMemory, IsAtMostWhatTheControlGroupLeaves) {
    meminfo();
    file("sys/fs/cgroup/memory.current", "400000\n");
    file("sys/fs/cgroup/memory.max", "max\n");
    EXPECT_EQ(free_memory(root()), 2000U * 1024);
    file("sys/fs/cgroup/memory.max", "1000000\n");
    EXPECT_EQ(free_memory(root()), 600'000U);
    file("sys/fs/cgroup/memory.max", "300000\n");
    EXPECT_EQ(free_memory(root()), 0U);
}

TEST_F(HostMemory, IsUnknownWhereNobodySaysIt) {
    EXPECT_EQ(free_memory(root()), std::nullopt);
    file("proc/meminfo", "nonsense");
    EXPECT_EQ(free_memory(root()), std::nullopt);
}

TEST_F(HostMemory, ThisHostHasSome) {
    EXPECT_GT(free_memory().value_or(0), 1U << 20);
}

}  // namespace
}  // namespace backspin::cli
