// Guest programs for the toy machine.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "testsuite/replay/toy_machine.hpp"

namespace backspin::toy {

inline constexpr std::uint64_t kMain = 0x200;
inline constexpr std::uint64_t kSecondMain = 0x500;  ///< hart 1's
inline constexpr std::uint64_t kCounter = 0x4000;    ///< written in every round of hart 0's loop
inline constexpr std::uint64_t kConstant = 0x4018;   ///< written in every round with the value that it has
inline constexpr std::uint64_t kTicks = 0x4020;      ///< written by the interrupt handler of all harts
inline constexpr std::uint64_t kSum = 0x4010;        ///< of the input
inline constexpr std::uint64_t kDma = 0x4040;  ///< written by the device: its count, and input behind it

/// Instructions one after the other.
class Code {
  public:
    explicit Code(std::uint64_t at) : image_{at, {}} {}
    Code& operator()(Op op, unsigned a = 0, unsigned b = 0, int imm = 0) {
        image_.words.push_back(encode(op, a, b, imm));
        return *this;
    }
    std::uint64_t here() const { return image_.at + 4 * image_.words.size(); }
    const Image& image() const { return image_; }

  private:
    Image image_;
};

/// Where everything starts: each hart jumps to its program. r0 is 0 by convention.
inline std::vector<Image> reset_code() {
    return {Code(0)(Op::jump, 0, 0, kMain).image(), Code(kHartStart)(Op::jump, 0, 0, kSecondMain).image()};
}

/// Counts, and lets itself be interrupted again for `nops` instructions.
inline Image nesting_handler(int nops) {
    Code code(kHandlerAddress);
    code(Op::addi, kStack, kStack, -64)(Op::store, 8, kStack, 0)(Op::store, 9, kStack, 8);
    code(Op::getepc, 8)(Op::store, 8, kStack, 16)(Op::getprevious, 9)(Op::store, 9, kStack, 24);
    code(Op::ack, 0, 0, 7)(Op::load, 8, 0, kTicks)(Op::addi, 8, 8, 1)(Op::store, 8, 0, kTicks);
    code(Op::enable, 0, 0, 1);
    for (int n = 0; n < nops; ++n) code(Op::nop);
    code(Op::enable, 0, 0, 0);
    code(Op::load, 8, kStack, 16)(Op::setepc, 8)(Op::load, 9, kStack, 24)(Op::setprevious, 9);
    code(Op::load, 8, kStack, 0)(Op::load, 9, kStack, 8)(Op::addi, kStack, kStack, 64)(Op::xret);
    return code.image();
}

/// Counts, calls a function, sums up its input, rests; a tick every `period` steps.
inline Image busy_main(int period, bool rests) {
    Code code(kMain);
    code(Op::li, 9, 0, kDma)(Op::dma, 9)(Op::timer, 0, 0, period)(Op::enable, 0, 0, 1);
    const auto loop = static_cast<int>(code.here());
    code(Op::addi, 1, 1, 1)(Op::call, 0, 0, rests ? 10 : 9);
    code(Op::store, 1, 0, kCounter)(Op::load, 2, 0, kTicks)(Op::in, 3)(Op::add, 4, 4, 3);
    code(Op::store, 4, 0, kSum)(Op::store, 5, 0, kConstant)(Op::signal, 0, 0, 1);
    if (rests) code(Op::idle);
    code(Op::jump, 0, 0, loop);
    code(Op::mul, 6, 1, 1)(Op::add, 7, 7, 6)(Op::store, 7, kStack, -8)(Op::jump, 0, kLink, 0);
    return code.image();
}

/// Waits to be signalled, works a little, waits again.
inline Image second_main() {
    Code code(kSecondMain);
    code(Op::enable, 0, 0, 1);
    const auto loop = static_cast<int>(code.here());
    code(Op::addi, 1, 1, 3)(Op::store, 1, 0, 0x5000)(Op::out, 1)(Op::idle)(Op::jump, 0, 0, loop);
    return code.image();
}

inline std::vector<Image> busy_guest(int period, bool rests, int handler_nops) {
    auto images = reset_code();
    images.push_back(busy_main(period, rests));
    images.push_back(second_main());
    images.push_back(nesting_handler(handler_nops));
    return images;
}

/// Whatever the numbers say: wild jumps, half-done handlers, harts that wait for nothing.
inline std::vector<Image> random_guest(std::mt19937_64& random) {
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    const auto block = [&](std::uint64_t at, int length) {
        Code code(at);
        if (below(2) == 0) code(Op::li, 9, 0, kDma + 8 * below(4))(Op::dma, 9);
        code(Op::timer, 0, 0, 20 + below(200))(Op::enable, 0, 0, 1);
        for (int n = 0; n < length; ++n) {
            const auto reg = static_cast<unsigned>(1 + below(13));
            const auto other = static_cast<unsigned>(1 + below(13));
            switch (below(16)) {
                case 0: code(Op::li, reg, 0, below(0x7fff)); break;
                case 1: code(Op::load, reg, 0, 0x4000 + below(64)); break;
                case 2: code(Op::store, reg, 0, 0x4000 + below(64)); break;
                case 3: code(Op::store, reg, other, below(64)); break;
                case 4: code(Op::bne, reg, other, below(20) - 10); break;
                case 5: code(Op::call, 0, 0, below(20) - 10); break;
                case 6: code(Op::jump, 0, 0, static_cast<int>(at) + 4 * below(length)); break;
                case 7: code(Op::enable, 0, 0, below(4) != 0); break;
                case 8: code(below(3) == 0 ? Op::idle : Op::in, reg); break;
                case 9: code(Op::signal, 0, 0, below(2)); break;
                case 10: code(below(2) == 0 ? Op::xret : Op::getepc, reg); break;
                case 11: code(Op::ack, 0, 0, 7); break;
                case 12: code(Op::mul, reg, other, below(14)); break;
                case 13: code(Op::out, reg); break;
                default: code(Op::addi, reg, other, below(100)); break;
            }
        }
        code(Op::jump, 0, 0, static_cast<int>(at));
        return code.image();
    };
    auto images = reset_code();
    images.push_back(block(kMain, 100));
    images.push_back(block(kSecondMain, 60));
    images.push_back(nesting_handler(below(8)));
    return images;
}

}  // namespace backspin::toy
