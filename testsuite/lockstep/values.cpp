#include "testsuite/lockstep/values.hpp"

#include <array>
#include <bit>

namespace backspin::lockstep {
namespace {

constexpr std::uint64_t kBox = 0xffff'ffff'0000'0000;

std::uint64_t interesting_double(Random& random) {
    static constexpr std::array<std::uint64_t, 14> kSpecial{
        0,
        0x8000'0000'0000'0000,
        1,
        0x000f'ffff'ffff'ffff,
        0x0010'0000'0000'0000,
        0x7fef'ffff'ffff'ffff,
        0x7ff0'0000'0000'0000,
        0xfff0'0000'0000'0000,
        0x7ff8'0000'0000'0000,
        0x7ff0'0000'0000'0001,
        0xfff8'1234'5678'9abc,
        0x3ff0'0000'0000'0000,
        0x43e0'0000'0000'0000,
        0xc1e0'0000'0000'0000,
    };
    switch (random.any(0, 3)) {
        case 0: return random.one_of(kSpecial) + random.any(0, 1);
        case 1:
            return std::bit_cast<std::uint64_t>(
                static_cast<double>(static_cast<std::int64_t>(random.bits()) >> random.any(0, 63)));
        case 2: return (random.bits() & 0x800f'ffff'ffff'ffff) | (random.any(1023 - 70, 1023 + 70) << 52);
        default: return random.bits();
    }
}

std::uint32_t interesting_single(Random& random) {
    static constexpr std::array<std::uint32_t, 14> kSpecial{
        0,           0x8000'0000, 1,           0x007f'ffff, 0x0080'0000, 0x7f7f'ffff, 0x7f80'0000,
        0xff80'0000, 0x7fc0'0000, 0x7f80'0001, 0xffc1'2345, 0x3f80'0000, 0x4f00'0000, 0xcf00'0000,
    };
    switch (random.any(0, 3)) {
        case 0: return random.one_of(kSpecial) + static_cast<std::uint32_t>(random.any(0, 1));
        case 1:
            return std::bit_cast<std::uint32_t>(
                static_cast<float>(static_cast<std::int32_t>(random.bits()) >> random.any(0, 31)));
        case 2:
            return static_cast<std::uint32_t>((random.bits() & 0x807f'ffff) |
                                              (random.any(127 - 30, 127 + 30) << 23));
        default: return static_cast<std::uint32_t>(random.bits());
    }
}

}  // namespace

std::uint64_t interesting_float(Random& random) {
    switch (random.any(0, 9)) {
        case 0: return random.bits();
        case 1: return interesting_single(random) | (random.bits() & kBox);  // not boxed
        case 2: return (random.bits() & 0xffff) | 0xffff'ffff'ffff'0000;     // half precision
        case 3:
        case 4:
        case 5: return interesting_single(random) | kBox;
        default: return interesting_double(random);
    }
}

std::uint64_t interesting_value(Random& random) {
    switch (random.any(0, 7)) {
        case 0: return random.any(0, 64);
        case 1: return ~std::uint64_t{0} - random.any(0, 64);
        case 2: return std::uint64_t{1} << random.any(0, 63);
        case 3: return (std::uint64_t{1} << random.any(0, 63)) - 1;
        case 4: return interesting_float(random);
        case 5:
            return static_cast<std::uint64_t>(static_cast<std::int64_t>(random.bits()) >> random.any(0, 63));
        case 6: return random.bits() & 0xffff'ffff;
        default: return random.bits();
    }
}

}  // namespace backspin::lockstep
