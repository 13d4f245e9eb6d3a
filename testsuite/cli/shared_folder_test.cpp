#include "cli/shared_folder.hpp"

#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "cli/start_error.hpp"
#include "testsuite/cli/temporary_folder.hpp"

namespace backspin::cli {
namespace {

using emu::HostError;
using emu::HostRequest;

struct Answer {
    HostError error{};
    std::string data;
};

Answer parse(const std::vector<std::byte>& bytes) {
    Answer answer;
    EXPECT_GE(bytes.size(), 4u);
    std::memcpy(&answer.error, bytes.data(), 4);
    answer.data.assign(reinterpret_cast<const char*>(bytes.data()) + 4, bytes.size() - 4);
    return answer;
}

class SharedFolderTest : public ::testing::Test {
  protected:
    SharedFolderTest() {
        namespace fs = std::filesystem;
        fs::create_directories(outside_ / "shared/inner");
        spill(outside_ / "secret", "secret");
        spill(outside_ / "shared/file", "0123456789");
        spill(outside_ / "shared/inner/deep", "deep");
        spill(outside_ / "shared/empty", "");
        spill(outside_ / "shared/..dots", "dots");
        fs::create_symlink("../secret", outside_ / "shared/link-out");
        fs::create_symlink("file", outside_ / "shared/link-in");
        fs::create_directory_symlink("..", outside_ / "shared/folder-out");
        fs::create_directory_symlink("inner", outside_ / "shared/folder-in");
        EXPECT_EQ(::mkfifo((outside_ / "shared/pipe").c_str(), 0600), 0);
        shared_.emplace(outside_ / "shared");
    }

    Answer open(const std::string& name) {
        HostRequest request;
        request.name = name;
        return parse(shared_->answer(request));
    }
    Answer read(const std::string& name, std::uint64_t offset, std::uint32_t length) {
        HostRequest request;
        request.kind = HostRequest::Kind::read_file;
        request.name = name;
        request.offset = offset;
        request.length = length;
        return parse(shared_->answer(request));
    }

    TemporaryFolder outside_;
    std::optional<SharedFolder> shared_;
};

std::string length(std::uint64_t bytes) {
    return {reinterpret_cast<const char*>(&bytes), sizeof bytes};
}

TEST_F(SharedFolderTest, OpensPlainFilesBelowIt) {
    for (const auto& [name, size] : {std::pair{"file", 10u},
                                     {"inner/deep", 4u},
                                     {"./inner/./deep", 4u},
                                     {"inner//deep", 4u},
                                     {"empty", 0u},
                                     {"..dots", 4u}}) {
        const auto answer = open(name);
        EXPECT_EQ(answer.error, HostError::none) << name;
        EXPECT_EQ(answer.data, length(size)) << name;
    }
}

TEST_F(SharedFolderTest, ReadsFromAnyPlace) {
    EXPECT_EQ(read("file", 0, 100).data, "0123456789");
    EXPECT_EQ(read("file", 3, 4).data, "3456");
    EXPECT_EQ(read("inner/deep", 2, 100).data, "ep");
    for (const std::uint64_t offset :
         {std::uint64_t{10}, std::uint64_t{1} << 40, ~std::uint64_t{0} >> 1, ~std::uint64_t{0}}) {
        const auto answer = read("file", offset, 5);
        EXPECT_EQ(answer.error, HostError::none) << offset;
        EXPECT_EQ(answer.data, "") << offset;
    }
}

TEST_F(SharedFolderTest, NothingLeadsOut) {
    const auto absolute = outside_ / "secret";
    for (const auto& name :
         {std::string("../secret"), std::string("inner/../../secret"), std::string("inner/../file"),
          std::string(".."), std::string("link-out"), std::string("link-in"),
          std::string("folder-out/secret"), absolute, outside_ / "shared/file", std::string("/etc/passwd")}) {
        EXPECT_NE(open(name).error, HostError::none) << name;
        const auto answer = read(name, 0, 100);
        EXPECT_NE(answer.error, HostError::none) << name;
        EXPECT_EQ(answer.data, "") << name;
    }
    EXPECT_EQ(open("../secret").error, HostError::access);
    EXPECT_EQ(open("link-out").error, HostError::access);
    EXPECT_EQ(open(absolute).error, HostError::access);
    EXPECT_NE(open("folder-in/deep").error, HostError::none);
}

TEST_F(SharedFolderTest, OnlyPlainFilesAreRead) {
    EXPECT_EQ(open("inner").error, HostError::is_a_directory);
    EXPECT_EQ(open(".").error, HostError::is_a_directory);
    EXPECT_EQ(open("pipe").error, HostError::access) << "and nobody waits for its other end";
    EXPECT_EQ(open("missing").error, HostError::no_entry);
    EXPECT_EQ(open("").error, HostError::no_entry);
    EXPECT_EQ(open("inner/").error, HostError::no_entry);
    EXPECT_EQ(open("file/more").error, HostError::not_a_directory);
    EXPECT_EQ(open(std::string(1000, 'a')).error, HostError::invalid);
}

TEST_F(SharedFolderTest, AFileThatIsGoneOrChangedIsReadAsItIs) {
    ASSERT_EQ(open("file").error, HostError::none);
    spill(outside_ / "shared/file", "new");
    EXPECT_EQ(read("file", 0, 100).data, "new");
    std::filesystem::remove(outside_ / "shared/file");
    EXPECT_EQ(read("file", 0, 100).error, HostError::no_entry);
}

TEST_F(SharedFolderTest, WithoutAFolderNothingOpens) {
    shared_.emplace();
    for (const auto* name : {"file", "shared/file", "/etc/passwd", "."})
        EXPECT_EQ(open(name).error, HostError::access) << name;
}

TEST(SharedFolder, IsAFolder) {
    const TemporaryFolder folder;
    spill(folder / "file", "");
    EXPECT_THROW(SharedFolder(folder / "missing"), StartError);
    EXPECT_THROW(SharedFolder(folder / "file"), StartError);
}

}  // namespace
}  // namespace backspin::cli
