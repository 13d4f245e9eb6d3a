// Images of drives: files on the host, watched for a recorder, and as a recording knows them.
#include "cli/outside/disk_image.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/options/command.hpp"
#include "cli/options/drive_choice.hpp"
#include "cli/outside/recorded_image.hpp"
#include "cli/start_error.hpp"
#include "testsuite/cli/temporary_folder.hpp"

namespace backspin::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Four blocks, the last one short, each with another letter.
constexpr std::uint64_t kSize = 3 * kDiskBlock + 1000;
std::string content() {
    std::string text(kSize, ' ');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i / kDiskBlock);
    return text;
}

std::string read(const emu::DiskImage& image, std::uint64_t offset, std::size_t length) {
    std::string text(length, '?');
    image.read(offset, std::as_writable_bytes(std::span(text)));
    return text;
}

template <class Error, class Act>
std::string error_of(Act act) {
    try {
        act();
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

class Disk : public ::testing::Test {
  protected:
    Disk() { spill(path_, content()); }
    std::shared_ptr<FileImage> file() const { return std::make_shared<FileImage>(path_); }

    /// A recording whose drive 0 was read in these blocks.
    std::string record(std::initializer_list<std::uint64_t> blocks, bool embed) {
        const auto path = folder_ / "run.bsp";
        snapshots::RecordingWriter writer(path, snapshots::Overwrite::replace, {}, {}, {});
        for (const auto block : blocks) {
            std::vector<std::byte> bytes(block_length(kSize, block));
            file()->read(block * kDiskBlock, bytes);
            writer.add_disk_block(0, block, bytes, embed);
        }
        writer.finish({{}, {}, "powered off", std::nullopt});
        return path;
    }
    RecordedImage recorded(std::initializer_list<std::uint64_t> blocks, bool embed, bool with_file) {
        const auto path = record(blocks, embed);
        const RecordedDrive drive{0, "drive 0 (IMG)", kSize, snapshots::RecordingReader(path).disk_blocks(0)};
        return {drive, std::make_shared<EmbeddedBlocks>(path), with_file ? file() : nullptr};
    }
    void change(std::uint64_t offset) {
        auto text = content();
        text[offset] = '!';
        spill(path_, text);
    }

    TemporaryFolder folder_;
    std::string path_ = folder_ / "disk.img";
};

TEST_F(Disk, AFileIsReadWhereverOneLikes) {
    const FileImage image(path_);
    EXPECT_EQ(image.size(), kSize);
    EXPECT_EQ(read(image, kDiskBlock - 2, 4), "aabb");
    EXPECT_EQ(read(image, kSize - 3, 3), "ddd");
    EXPECT_EQ(read(image, kSize, 0), "");
}

TEST_F(Disk, AHugeFileOfHolesIsAnImage) {
    std::filesystem::resize_file(path_, std::uint64_t{1} << 37);
    const FileImage image(path_);
    EXPECT_EQ(image.size(), std::uint64_t{1} << 37);
    EXPECT_EQ(read(image, (std::uint64_t{1} << 37) - 1, 1), std::string(1, '\0'));
}

TEST_F(Disk, WhatIsNoImageIsRefusedInOneLine) {
    const auto refusal = [](const std::string& path) {
        return error_of<StartError>([&] { const FileImage image(path); });
    };
    EXPECT_THAT(refusal(folder_ / "none"), AllOf(HasSubstr("none"), HasSubstr("No such file")));
    EXPECT_THAT(refusal(folder_ / "."), HasSubstr("neither a plain file nor a block device"));
    const auto pipe = folder_ / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_THAT(refusal(pipe), HasSubstr("neither a plain file nor a block device"));
    spill(folder_ / "small", std::string(511, 'x'));
    EXPECT_THAT(refusal(folder_ / "small"), HasSubstr("smaller than one sector"));
}

TEST_F(Disk, AFileThatBecomesShorterEndsTheRun) {
    const FileImage image(path_);
    std::filesystem::resize_file(path_, 100);
    EXPECT_EQ(read(image, 0, 100), std::string(100, 'a'));
    EXPECT_THAT(error_of<DiskError>([&] { read(image, 90, 20); }),
                AllOf(HasSubstr(path_), HasSubstr("ends at byte 100")));
}

TEST_F(Disk, EachBlockIsToldOfOnceAtItsFirstRead) {
    ObservedImage image(file());
    std::vector<std::uint64_t> told;
    std::map<std::uint64_t, std::string> bytes;
    EXPECT_EQ(read(image, 10, 1), "a") << "before anybody listens";
    const auto listen = [&] {
        image.listen([&](std::uint64_t block, std::span<const std::byte> of_block) {
            told.push_back(block);
            bytes[block] = {reinterpret_cast<const char*>(of_block.data()), of_block.size()};
        });
    };
    listen();
    EXPECT_THAT(told, ElementsAre(0)) << "the one that was read already";
    EXPECT_EQ(read(image, 2 * kDiskBlock - 1, 3), "bcc");
    EXPECT_EQ(read(image, 2 * kDiskBlock + 1, 3), "ccc");
    EXPECT_EQ(read(image, 0, 2), "aa");
    EXPECT_THAT(told, ElementsAre(0, 1, 2));
    image.read_all();
    image.read_all();
    EXPECT_THAT(told, ElementsAre(0, 1, 2, 3));
    EXPECT_EQ(bytes[1], std::string(kDiskBlock, 'b'));
    EXPECT_EQ(bytes[3], std::string(1000, 'd'));
    image.listen({});
    EXPECT_EQ(read(image, kSize - 1, 1), "d");
    EXPECT_EQ(told.size(), 4u);
}

TEST_F(Disk, EmbeddedBlocksNeedNoFile) {
    const auto image = recorded({0, 1, 3}, true, false);
    std::filesystem::remove(path_);
    EXPECT_EQ(image.size(), kSize);
    EXPECT_EQ(read(image, kDiskBlock - 2, 4), "aabb");
    EXPECT_EQ(read(image, kSize - 2, 2), "dd");
    EXPECT_THAT(error_of<DiskError>([&] { read(image, 2 * kDiskBlock, 1); }),
                AllOf(HasSubstr("drive 0 (IMG): block 2 (byte 131072)"), HasSubstr("--drive")));
}

TEST_F(Disk, WhatIsNotEmbeddedComesFromTheFileIfItIsTheSame) {
    const auto image = recorded({0, 1}, false, true);
    EXPECT_EQ(read(image, 0, 1), "a");
    EXPECT_EQ(read(image, 2 * kDiskBlock, 1), "c") << "nobody knows what it was";
    change(kDiskBlock + 77);
    EXPECT_THAT(error_of<DiskError>([&] { read(image, kDiskBlock, 1); }),
                AllOf(HasSubstr(path_), HasSubstr("block 1 (bytes 65536 to 131071)")));
    EXPECT_EQ(read(image, 5, 1), "a") << "the others are as they were";
}

TEST_F(Disk, EmbeddedBlocksAreTakenFirst) {
    const auto image = recorded({0}, true, true);
    change(5);
    EXPECT_EQ(read(image, 5, 1), "a");
}

TEST_F(Disk, AFileIsAskedForAtOnceAndMustHaveTheSize) {
    EXPECT_THAT(error_of<StartError>([&] { recorded({2}, false, false); }),
                AllOf(HasSubstr("drive 0 (IMG)"), HasSubstr("--drive")));
    const auto path = record({2}, true);
    const RecordedDrive drive{0, "drive 0 (IMG)", kSize + 1, {}};
    EXPECT_THAT(error_of<StartError>([&] {
                    const RecordedImage image(drive, std::make_shared<EmbeddedBlocks>(path), file());
                }),
                AllOf(HasSubstr(path_), HasSubstr(std::to_string(kSize))));
}

TEST_F(Disk, MoreBlocksThanAreKeptAreReadAgain) {
    constexpr std::uint64_t kMany = 300;
    std::filesystem::resize_file(path_, kMany * kDiskBlock);
    const RecordedDrive drive{0, "IMG", kMany * kDiskBlock, {}};
    const RecordedImage image(drive, nullptr, file());
    for (int round = 0; round < 2; ++round) {
        for (std::uint64_t block = 0; block < kMany; ++block) {
            const auto letter = block < 4 ? static_cast<char>('a' + block) : '\0';
            ASSERT_EQ(read(image, block * kDiskBlock + 5, 1).front(), letter) << block;
        }
    }
}

// ---- --drive ------------------------------------------------------------------------------------

TEST(DriveOption, NamesAFile) {
    EXPECT_EQ(parse_drive("file=disk.img").image, DriveImage{"disk.img"});
    EXPECT_FALSE(parse_drive("file=disk.img").readonly);
    const auto drive = parse_drive("id=ROOT-1,file=a,,b=c.img,readonly");
    EXPECT_EQ(drive.image.path, "a,b=c.img");
    EXPECT_EQ(drive.id, "ROOT-1");
    EXPECT_TRUE(drive.readonly);
}

TEST(DriveOption, SaysWhatIsWrong) {
    for (const auto* text : {"", "disk.img", "file=", "readonly", "file=x,", "file=x,write", "file=x,id=",
                             "file=x,id=123456789012345678901", "file=x,id=a b", "file=x,id=\xff"}) {
        EXPECT_THAT(error_of<UsageError>([&] { parse_drive(text); }),
                    AllOf(HasSubstr("--drive"), HasSubstr(text)));
    }
}

}  // namespace
}  // namespace backspin::cli
