// A switch-based interpreter of a small accumulator machine.
#include "kernels.h"

enum operation { ADD, XOR_SHIFTED, SUBTRACT_DOUBLE, ADD_PLACE, XOR, ROTATE, TRIPLE, AGAIN };

static const uint8_t program[] = {
    ADD,       XOR_SHIFTED,     SUBTRACT_DOUBLE, ADD_PLACE, XOR, ROTATE,          TRIPLE, XOR_SHIFTED,
    ADD_PLACE, SUBTRACT_DOUBLE, ROTATE,          XOR,       ADD, SUBTRACT_DOUBLE, AGAIN};

uint64_t bytecode(uint32_t rounds) {
    uint64_t accumulator = 1, other = 7;
    uint32_t place = 0;
    while (rounds != 0) {
        switch (program[place++]) {
            case ADD: accumulator += other; break;
            case XOR_SHIFTED: other ^= accumulator >> 3; break;
            case SUBTRACT_DOUBLE: accumulator -= other << 1; break;
            case ADD_PLACE: other += place; break;
            case XOR: accumulator ^= other; break;
            case ROTATE: accumulator = accumulator << 7 | accumulator >> 57; break;
            case TRIPLE: other = other * 3 + 1; break;
            default:
                place = 0;
                --rounds;
                break;
        }
    }
    return accumulator ^ other;
}
