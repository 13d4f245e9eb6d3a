// Stores of every size and kind to watched variables, one to a line. The tests find the lines by their
// comments.
#include "board.h"

struct watched {
    uint64_t before;
    union {
        uint8_t bytes[8];
        uint16_t halves[4];
        uint32_t words[2];
        uint64_t whole;
    };
    uint64_t after;
};

volatile struct watched watched __attribute__((aligned(64)));
volatile uint64_t counter;
volatile uint64_t seen;
volatile uint64_t unrelated;
volatile uint8_t copy[16];

static __attribute__((noinline)) void nothing_happens(void) {
    for (int i = 0; i < 1000; ++i) unrelated = unrelated + 1;
}

static __attribute__((noinline)) void store_unaligned(volatile uint8_t* at, uint32_t value) {
    __asm__ volatile("sw %0, 0(%1)" ::"r"(value), "r"(at) : "memory");  // store: unaligned
}

static __attribute__((noinline)) uint64_t store_conditional(volatile uint64_t* at, uint64_t value) {
    uint64_t failed;
    do {
        uint64_t old;
        __asm__ volatile("lr.d %0, (%1)" : "=r"(old) : "r"(at) : "memory");
        __asm__ volatile("sc.d %0, %2, (%1)" : "=r"(failed) : "r"(at), "r"(value) : "memory");  // store: sc
    } while (failed);
    return failed;
}

int main(void) {
    nothing_happens();
    watched.bytes[3] = 0x11;  // store: byte
    nothing_happens();
    watched.halves[2] = 0x2222;  // store: half
    nothing_happens();
    watched.words[0] = 0x33333333;  // store: word
    nothing_happens();
    watched.whole = 0x4444444444444444;  // store: double
    nothing_happens();
    watched.whole = 0x4444444444444444;  // store: same value
    watched.before = 1;                  // store: neighbour before
    watched.after = 1;                   // store: neighbour after
    nothing_happens();
    store_unaligned(&watched.bytes[2], 0x55555555);
    nothing_happens();
    __atomic_fetch_add(&watched.words[1], 1, __ATOMIC_RELAXED);  // store: amo
    nothing_happens();
    store_conditional(&watched.whole, 0x6666666666666666);
    nothing_happens();
    seen = watched.whole;  // load: double
    nothing_happens();
    seen = watched.bytes[7];  // load: byte
    nothing_happens();
    for (int i = 0; i < 16; ++i) copy[i] = (uint8_t)i;   // store: array
    for (int i = 0; i < 10; ++i) counter = counter + 1;  // store: counter
    watched.whole = 0;                                   // store: last
    power_off(0);
}
