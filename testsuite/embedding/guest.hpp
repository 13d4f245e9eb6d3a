// Small programs for the board, as halfwords at addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "testsuite/embedding/machine.hpp"

namespace backspin::m0 {

inline constexpr std::uint32_t kMain = 0x100;
inline constexpr std::uint32_t kStackTop = kRam + kMemoryEach;
/// Every exception has a handler of its own, which loops until another is put there.
constexpr std::uint32_t handler_of(Exception exception) {
    return 0x800 + 0x100u * exception;
}

/// An image of the flash: vector table, handlers, and what is put in.
class Program {
  public:
    Program() : image_(0x8000) {
        word(0, kStackTop);
        word(4, kMain | 1);
        for (Exception exception = kNmi; exception < kExceptions; ++exception) {
            word(4u * exception, handler_of(exception) | 1);
            code(handler_of(exception), {0xe7fe});
        }
    }
    Program& code(std::uint32_t at, const std::vector<std::uint16_t>& halfwords) {
        for (const auto halfword : halfwords) {
            image_.at(at++) = static_cast<std::byte>(halfword);
            image_.at(at++) = static_cast<std::byte>(halfword >> 8);
        }
        return *this;
    }
    Program& word(std::uint32_t at, std::uint32_t value) {
        return code(at, {static_cast<std::uint16_t>(value), static_cast<std::uint16_t>(value >> 16)});
    }
    const std::vector<std::byte>& image() const { return image_; }

  private:
    std::vector<std::byte> image_;
};

/// The board as a test writes to it and looks at it.
class Guest : public M0Machine {
  public:
    explicit Guest(const Program& program) : M0Machine(program.image()) {}
    explicit Guest(const std::vector<std::uint16_t>& main) : Guest(Program().code(kMain, main)) {}

    std::uint32_t reg(std::uint32_t which) const { return read_register(static_cast<Reg>(which)); }
    std::uint32_t reg(Reg which) const { return read_register(which); }
    Guest& set(std::uint32_t which, std::uint32_t value) {
        apply(RegisterWrite{{}, {which}, value});
        return *this;
    }
    Guest& set(Reg which, std::uint32_t value) { return set(static_cast<std::uint32_t>(which), value); }
    Guest& poke(std::uint32_t at, std::uint32_t value) {
        MemoryWrite write{{}, {at}, {}};
        for (unsigned i = 0; i < 4; ++i) write.bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
        apply(write);
        return *this;
    }
    std::uint32_t peek(std::uint32_t at) const {
        std::array<std::byte, 4> bytes{};
        read_memory(at, bytes);
        std::uint32_t value = 0;
        for (unsigned i = 0; i < 4; ++i) value |= std::to_integer<std::uint32_t>(bytes.at(i)) << (8 * i);
        return value;
    }
    Guest& steps(std::uint64_t count) {
        while (count-- > 0 && step()) continue;
        return *this;
    }
};

}  // namespace backspin::m0
