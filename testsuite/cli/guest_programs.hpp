// Small guests for the tests of the program, as flat images: what a C firmware does, without a cross
// compiler.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

namespace backspin::cli {

using Code = std::vector<std::uint32_t>;

inline void write_image(const std::filesystem::path& path, const Code& code) {
    std::ofstream out(path, std::ios::binary);
    for (const auto word : code) {
        for (unsigned i = 0; i < 4; ++i) out.put(static_cast<char>(word >> (8 * i)));
    }
}

/// Tells the test finisher `code` as a failure; 0 as success.
inline Code ends_with(std::uint32_t code) {
    Code words{0x001002b7};  // lui t0, 0x100
    if (code == 0) {
        words.insert(words.end(), {0x00005337, 0x55530313});  // li t1, 0x5555
    } else {
        words.insert(words.end(), {(code << 4 | 3) << 12 | 0x337, 0x33330313});  // li t1, code << 16 | 0x3333
    }
    words.insert(words.end(), {0x0062a023, 0x0000006f});  // sw t1, (t0); j .
    return words;
}

inline const Code kSpins{0x0000006f};               // j .
inline const Code kSleeps{0x10500073, 0xffdff06f};  // wfi; j back

/// By semihosting: exits with this code.
inline Code exits_with(std::uint32_t code) {
    return {0x00000597,  // auipc a1, 0
            0x01c58593,  // addi  a1, a1, 28
            0x02000513,  // li    a0, 0x20        SYS_EXIT_EXTENDED
            0x01f01013, 0x00100073, 0x40705013,
            0x0000006f,  // j     .
            0x00020026, 0,          code,       0};
}

/// By semihosting: opens the file "data", reads up to 64 bytes and writes them to the console; exits with how
/// many were missing.
inline const Code kReadsAFile{
    0x00000417,  // auipc s0, 0
    0x07040593,  // addi  a1, s0, open
    0x00100513,  // li    a0, 1           SYS_OPEN
    0x01f01013, 0x00100073, 0x40705013,
    0x08a43423,  // sd    a0, (s0 + read)
    0x08840593,  // addi  a1, s0, read
    0x00600513,  // li    a0, 6           SYS_READ
    0x01f01013, 0x00100073, 0x40705013,
    0x0ca43023,  // sd    a0, 8(s0 + exit)
    0x04000293,  // li    t0, 64
    0x40a282b3,  // sub   t0, t0, a0
    0x0a543823,  // sd    t0, 16(s0 + write)
    0x0a040593,  // addi  a1, s0, write
    0x00500513,  // li    a0, 5           SYS_WRITE
    0x01f01013, 0x00100073, 0x40705013,
    0x0b840593,  // addi  a1, s0, exit
    0x02000513,  // li    a0, 0x20        SYS_EXIT_EXTENDED
    0x01f01013, 0x00100073, 0x40705013,
    0x0000006f,                 // j     .
    0x00000000, 0x800000c8, 0,  // open: the name
    0x00000000, 0,              // the mode: r
    0x00000004, 0,              // the name's length
    0x00000000, 0,              // read: the handle
    0x80001000, 0,              // the buffer
    0x00000040, 0,              // its size
    0x00000001, 0,              // write: the console
    0x80001000, 0,              //
    0x00000000, 0,              //
    0x00020026, 0,              // exit: by itself
    0x00000000, 0,              // the code
    0x61746164,                 // "data"
};

/// Prints '>', and then what it reads, polling, up to a 'q'; then it is done.
inline const Code kEchoesPolling{
    0x100002b7,  // lui  t0, 0x10000      UART
    0x001003b7,  // lui  t2, 0x100        finisher
    0x07100e13,  // li   t3, 'q'
    0x03e00513,  // li   a0, '>'
    0x00a28023,  // sb   a0, (t0)
    0x0052c303,  // loop: lbu t1, 5(t0)   line status
    0x00137313,  // andi t1, t1, 1
    0xfe030ce3,  // beqz t1, loop
    0x0002c503,  // lbu  a0, (t0)
    0x00a28023,  // sb   a0, (t0)
    0xffc516e3,  // bne  a0, t3, loop
    0x00005337,  // li   t1, 0x5555
    0x55530313,  //
    0x0063a023,  // sw   t1, (t2)
    0x0000006f,  // j    .
};

/// The same, but it sleeps between two looks until a timer wakes it, 100 ticks (10 us) later.
inline const Code kEchoesIdling{
    0x100002b7,  // lui  t0, 0x10000      UART
    0x001003b7,  // lui  t2, 0x100        finisher
    0x07100e13,  // li   t3, 'q'
    0x02004eb7,  // lui  t4, 0x2004       mtimecmp
    0x0200cf37,  // lui  t5, 0x200c       mtime + 8
    0x08000f93,  // li   t6, 1 << 7
    0x304f9073,  // csrw mie, t6
    0x03e00513,  // li   a0, '>'
    0x00a28023,  // sb   a0, (t0)
    0xff8f3583,  // loop: ld a1, -8(t5)
    0x06458593,  // addi a1, a1, 100
    0x00beb023,  // sd   a1, (t4)
    0x10500073,  // wfi
    0x0052c303,  // lbu  t1, 5(t0)
    0x00137313,  // andi t1, t1, 1
    0xfe0304e3,  // beqz t1, loop
    0x0002c503,  // lbu  a0, (t0)
    0x00a28023,  // sb   a0, (t0)
    0xfdc51ee3,  // bne  a0, t3, loop
    0x00005337,  // li   t1, 0x5555
    0x55530313,  //
    0x0063a023,  // sw   t1, (t2)
    0x0000006f,  // j    .
};

}  // namespace backspin::cli
