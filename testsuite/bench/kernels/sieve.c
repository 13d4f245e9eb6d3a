// The sieve of Eratosthenes; the checksum counts the primes.
#include "kernels.h"

enum { LIMIT = 1 << 18 };

static uint64_t count_primes(uint8_t* is_prime) {
    for (uint32_t i = 0; i < LIMIT; ++i) is_prime[i] = 1;
    for (uint32_t factor = 2; factor * factor < LIMIT; ++factor) {
        if (!is_prime[factor]) continue;
        for (uint32_t multiple = factor * factor; multiple < LIMIT; multiple += factor)
            is_prime[multiple] = 0;
    }
    uint64_t primes = 0;
    for (uint32_t i = 2; i < LIMIT; ++i) primes += is_prime[i];
    return primes;
}

uint64_t sieve(uint32_t rounds) {
    uint64_t primes = 0;
    for (uint32_t round = 0; round < rounds; ++round) primes += count_primes(work);
    return primes;
}
