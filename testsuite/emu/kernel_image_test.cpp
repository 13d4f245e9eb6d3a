#include "emu/kernel_image.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>

#include "emu/loader.hpp"
#include "testsuite/emu/kernel_builder.hpp"

namespace backspin::emu {
namespace {

using test::bytes_of;
using test::gzipped;
using test::linux_image;
using test::zboot;
using testing::AllOf;
using testing::HasSubstr;
using Bytes = std::vector<std::byte>;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

/// What is said of a file that is refused; empty if it is taken.
std::string refusal(std::span<const std::byte> file, std::uint64_t most = 64 * kMiB) {
    try {
        unpack_kernel(file, most);
        return "";
    } catch (const LoadError& error) {
        return error.what();
    }
}

Bytes noise(std::size_t size) {
    std::mt19937 random(1);
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::byte>(random());
    return bytes;
}

// ---- the header of an Image -------------------------------------------------------------------------

TEST(LinuxHeader, IsReadFromAnImage) {
    EXPECT_EQ(linux_header(linux_image(4096, 0x20'0000, 0x123'4000)), (LinuxHeader{0x20'0000, 0x123'4000}));
    EXPECT_EQ(linux_header(linux_image(64, 0x40'0000, ~std::uint64_t{0})),
              (LinuxHeader{0x40'0000, ~std::uint64_t{0}}));
}

TEST(LinuxHeader, IsNotInOtherFiles) {
    auto image = linux_image(4096, 0x20'0000, 0x123'4000);
    EXPECT_EQ(linux_header(std::span(image).first(63)), std::nullopt) << "cut short";
    image[0x38] = std::byte{'A'};  // as on another architecture
    EXPECT_EQ(linux_header(image), std::nullopt);
    EXPECT_EQ(linux_header({}), std::nullopt);
}

// ---- compressed files -------------------------------------------------------------------------------

TEST(UnpackKernel, LeavesWhatIsNotCompressed) {
    EXPECT_EQ(unpack_kernel(linux_image(4096, 0x20'0000, 0), kMiB), std::nullopt);
    EXPECT_EQ(unpack_kernel(bytes_of("MZ and no zimg"), kMiB), std::nullopt) << "an Image with an EFI stub";
    for (std::size_t size = 0; size < 8; ++size) EXPECT_EQ(unpack_kernel(Bytes(size), kMiB), std::nullopt);
}

TEST(UnpackKernel, UnpacksGzip) {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{4096}, std::size_t{kMiB}, std::size_t{3 * kMiB + 17}}) {
        const auto plain = noise(size);
        EXPECT_EQ(unpack_kernel(gzipped(plain), 64 * kMiB), plain) << size;
    }
}

TEST(UnpackKernel, WhatFollowsTheGzipMemberIsNotTheKernels) {
    const auto plain = noise(100);
    auto packed = gzipped(plain);
    packed.resize(packed.size() + 512);
    EXPECT_EQ(unpack_kernel(packed, kMiB), plain);
}

TEST(UnpackKernel, UnpacksAGzippedZbootProgram) {
    const auto plain = noise(5000);
    EXPECT_EQ(unpack_kernel(zboot(gzipped(plain), "gzip"), kMiB), plain);
}

TEST(UnpackKernel, RefusesWhatBecomesTooLarge) {
    const auto packed = gzipped(Bytes(32 * kMiB));
    ASSERT_LT(packed.size(), kMiB);
    EXPECT_THAT(refusal(packed, 4 * kMiB), AllOf(HasSubstr("0x400000 bytes"), HasSubstr("--ram")));
    EXPECT_EQ(refusal(packed, 32 * kMiB), "");
}

TEST(UnpackKernel, RefusesADamagedOrShortenedFile) {
    const auto packed = gzipped(noise(5000));
    for (const std::size_t size : {std::size_t{2}, std::size_t{9}, std::size_t{500}, packed.size() - 1}) {
        EXPECT_THAT(refusal(std::span(packed).first(size)), HasSubstr("cut short")) << size;
    }
    auto damaged = packed;
    damaged[packed.size() - 6] ^= std::byte{1};  // in the checksum
    EXPECT_THAT(refusal(damaged), HasSubstr("damaged"));
}

TEST(UnpackKernel, RefusesAZbootProgramThatDoesNotHoldWhatItSays) {
    const auto good = zboot(gzipped(noise(100)), "gzip");
    EXPECT_THAT(refusal(std::span(good).first(20)), HasSubstr("EFI zboot header"));
    for (const std::size_t field : {std::size_t{8}, std::size_t{12}}) {
        auto file = good;
        std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(field), 4, std::byte{0xff});
        EXPECT_THAT(refusal(file), HasSubstr("past the file's end"));
    }
    EXPECT_THAT(refusal(zboot(noise(100), "zstd22")), HasSubstr("not by gzip"));
}

TEST(UnpackKernel, NamesOtherCompressions) {
    EXPECT_THAT(refusal(bytes_of("\xfd"
                                 "7zXZ and more")),
                HasSubstr("compressed by xz"));
    EXPECT_THAT(refusal(bytes_of("\x28\xb5\x2f\xfd and more")), HasSubstr("compressed by zstd"));
}

TEST(UnpackKernel, TakesOrRefusesWhateverItIsGiven) {
    std::mt19937 random(3);
    const auto good = zboot(gzipped(noise(300)), "gzip");
    for (int round = 0; round < 2000; ++round) {
        auto file = round % 2 == 0 ? good : gzipped(noise(300));
        for (int i = 0; i < 3; ++i) file[random() % file.size()] = static_cast<std::byte>(random());
        file.resize(random() % 4 == 0 ? random() % file.size() : file.size());
        const auto said = refusal(file, kMiB);
        EXPECT_EQ(std::ranges::count(said, '\n'), 0);
    }
}

}  // namespace
}  // namespace backspin::emu
