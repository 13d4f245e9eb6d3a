// What holds for every file whatsoever that the loader is given. Made to be called by a fuzzer as well as by
// a test.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "emu/loader.hpp"

namespace backspin::test {

/// True if the file was taken. Either the image is sound, or the refusal is one line of text.
inline bool load_any_file(std::span<const std::byte> file, const emu::BusRange& ram) {
    try {
        const auto image = emu::load_elf(file, std::span(&ram, 1));
        EXPECT_TRUE(image.xlen == 32 || image.xlen == 64);
        EXPECT_FALSE(image.segments.empty());
        bool entry_found = false;
        auto free_from = ram.base.value;
        for (const auto& segment : image.segments) {
            EXPECT_TRUE(ram.contains(segment.at, segment.memory_size));
            EXPECT_GE(segment.at.value, free_from);
            free_from = segment.at.value + segment.memory_size;
            EXPECT_LE(segment.bytes.size(), segment.memory_size);
            EXPECT_GE(segment.bytes.data(), file.data());
            EXPECT_LE(segment.bytes.data() + segment.bytes.size(), file.data() + file.size());
            entry_found |=
                image.entry >= segment.at && image.entry.value - segment.at.value < segment.bytes.size();
        }
        EXPECT_TRUE(entry_found);
        EXPECT_EQ(image.entry.value % 2, 0u);
        return true;
    } catch (const emu::LoadError& error) {
        const std::string_view what = error.what();
        EXPECT_FALSE(what.empty());
        EXPECT_EQ(what.find('\n'), std::string_view::npos);
        EXPECT_LT(what.size(), 400u);
        return false;
    }
}

}  // namespace backspin::test
