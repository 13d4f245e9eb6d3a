// A small solar system in doubles: fused multiplications, divisions, square roots, comparisons and
// conversions. Every operation is correctly rounded and the fused ones are written out, so each computer gets
// the same bits.
#include "kernels.h"

enum { BODIES = 5, STEPS = 1000 };

static double place[BODIES][3], speed[BODIES][3], mass[BODIES];

static void begin(void) {
    uint32_t random = 521288629u;
    for (uint32_t body = 0; body < BODIES; ++body) {
        mass[body] = body == 0 ? 40.0 : 0.001 * (1 + next_random(&random) % 40);
        for (uint32_t axis = 0; axis < 3; ++axis) {
            place[body][axis] = body == 0 ? 0.0 : (double)(int32_t)(next_random(&random) % 60) - 30.0;
            speed[body][axis] = body == 0 ? 0.0 : ((double)(next_random(&random) % 1000) - 500.0) / 500.0;
        }
    }
}

static void attract(double time) {
    for (uint32_t one = 0; one < BODIES; ++one) {
        for (uint32_t other = one + 1; other < BODIES; ++other) {
            const double x = place[one][0] - place[other][0], y = place[one][1] - place[other][1];
            const double z = place[one][2] - place[other][2];
            const double square = __builtin_fma(x, x, __builtin_fma(y, y, __builtin_fma(z, z, 0.01)));
            const double pull = time / (square * __builtin_sqrt(square));
            const double on_one = -mass[other] * pull, on_other = mass[one] * pull;
            speed[one][0] = __builtin_fma(x, on_one, speed[one][0]);
            speed[one][1] = __builtin_fma(y, on_one, speed[one][1]);
            speed[one][2] = __builtin_fma(z, on_one, speed[one][2]);
            speed[other][0] = __builtin_fma(x, on_other, speed[other][0]);
            speed[other][1] = __builtin_fma(y, on_other, speed[other][1]);
            speed[other][2] = __builtin_fma(z, on_other, speed[other][2]);
        }
    }
}

// Whoever flies out on one side comes in on the other.
static int32_t move(double time) {
    int32_t crossings = 0;
    for (uint32_t body = 0; body < BODIES; ++body) {
        for (uint32_t axis = 0; axis < 3; ++axis) {
            const double next = __builtin_fma(time, speed[body][axis], place[body][axis]);
            const int32_t side = next > 64.0 ? 1 : next < -64.0 ? -1 : 0;
            place[body][axis] = next - 128.0 * (double)side;
            crossings += side;
        }
    }
    return crossings;
}

static uint64_t bits_of(double value) {
    const union {
        double value;
        uint64_t bits;
    } both = {value};
    return both.bits;
}

uint64_t fp(uint32_t rounds) {
    begin();
    uint64_t checksum = 0;
    for (uint32_t round = 0; round < rounds; ++round) {
        for (uint32_t step = 0; step < STEPS; ++step) {
            attract(0.001);
            checksum += (uint64_t)(int64_t)move(0.001);
        }
        for (uint32_t body = 0; body < BODIES; ++body)
            for (uint32_t axis = 0; axis < 3; ++axis) checksum = checksum * 31 + bits_of(place[body][axis]);
    }
    return checksum;
}
