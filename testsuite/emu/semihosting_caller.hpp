// A guest that makes semihosting calls, and the host that answers them.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "emu/semihosting.hpp"
#include "testsuite/emu/guest.hpp"

namespace backspin::emu::testing {

inline constexpr Word kBefore = 0x01f0'1013, kBreak = 0x0010'0073, kBehind = 0x4070'5013;

inline BoardOptions semihosting_options(unsigned xlen) {
    auto options = Guest::board_options(Guest::kNsPerStep, xlen);
    options.semihosting = true;
    options.semihosting_arguments = "program one two";
    return options;
}

struct Shown final : OutputSink {
    std::string text;
    void output(Channel channel, std::span<const std::byte> bytes) override {
        EXPECT_EQ(channel, kConsoleChannel);
        for (const auto byte : bytes) text += static_cast<char>(byte);
    }
};

/// A guest that makes calls.
struct Caller : Guest {
    static constexpr std::uint64_t kBlock = kData, kText = kData + 0x100, kBuffer = kData + 0x1000;

    explicit Caller(unsigned xlen) : Caller(semihosting_options(xlen)) {}
    explicit Caller(const BoardOptions& options)
        : Guest(options, {kBefore, kBreak, kBehind}), xlen(options.isa.xlen()), mask(hart().xlen_mask()) {}

    void put_text(const std::string& text) {
        put(kText, std::as_bytes(std::span(text.c_str(), text.size() + 1)));
    }
    void put_block(std::initializer_list<std::uint64_t> fields) {
        auto at = kBlock;
        for (const auto field : fields) {
            put(at, std::as_bytes(std::span(&field, 1)).first(xlen / 8));
            at += xlen / 8;
        }
    }
    std::uint64_t field(std::size_t index) const {
        return xlen == 64 ? doubleword(kBlock + 8 * index) : doubleword(kBlock + 4 * index) & mask;
    }

    /// One attempt, which retires. What it printed is in `shown`.
    std::uint64_t call(std::uint64_t operation, std::uint64_t parameter = 0) {
        set(a0, operation);
        set(a1, parameter);
        go_to(kCode + 4, privilege);
        const auto before = hart();
        const auto state = machine().save();
        Shown sink;
        machine().set_output(&sink);
        machine().step(true);
        machine().set_output(nullptr);
        machine().load(state);
        shown = sink.text;
        run(1);
        EXPECT_EQ(pc(), kCode + 8);
        EXPECT_EQ(hart().minstret, before.minstret + 1);
        EXPECT_EQ(hart().mcycle, before.mcycle + 1);
        return x(a0);
    }
    std::uint64_t call(std::uint64_t operation, std::initializer_list<std::uint64_t> fields) {
        put_block(fields);
        return call(operation, kBlock);
    }
    std::uint64_t open(const std::string& name, std::uint64_t mode = 0) {
        put_text(name);
        return call(0x01, {kText, mode, name.size()});
    }
    std::uint64_t error() { return call(0x13); }

    /// What the host says; the result.
    std::uint64_t answer(std::span<const std::byte> bytes) {
        apply(DeviceInput{kSemihostingChannel, {bytes.begin(), bytes.end()}});
        return x(a0);
    }
    std::uint64_t answer(HostError error, std::string_view text = {}) {
        return answer(input_of({error, std::as_bytes(std::span(text))}));
    }
    std::uint64_t answer_length(std::uint64_t length) {
        return answer(input_of({HostError::none, std::as_bytes(std::span(&length, 1))}));
    }
    std::uint64_t open_file(const std::string& name, std::uint64_t length = 100) {
        open(name);
        return answer_length(length);
    }
    const std::optional<HostRequest>& request() const { return board().semihosting.request; }

    std::string text_at(std::uint64_t at, std::size_t size) {
        std::string text(size, '?');
        EXPECT_EQ(machine().read_memory(HostId, VirtualAddress{at}, std::as_writable_bytes(std::span(text))),
                  size);
        return text;
    }

    static constexpr HartId HostId{0};
    unsigned xlen;
    std::uint64_t mask;
    Privilege privilege = Privilege::machine;
    std::string shown;
};

class SemihostingTest : public ::testing::TestWithParam<unsigned> {
  protected:
    Caller caller{GetParam()};
    const std::uint64_t minus_one = caller.mask;
};
}  // namespace backspin::emu::testing
