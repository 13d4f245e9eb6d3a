// Sleeps three times until the timer wakes it, and then for ever: every hart waits, and no deadline will ever
// come.
#include <stdio.h>

#include "board.h"

void handle_exception(struct trap_frame* frame, uint64_t cause) {
    (void)frame;
    (void)cause;
    timer_at(~0ull);
}

int main(void) {
    set_csr(mie, MIE_MTIE);
    set_csr(mstatus, MSTATUS_MIE);
    for (int i = 1; i <= 3; ++i) {
        uint64_t asleep_from = timer_now();
        timer_at(asleep_from + TIMER_HZ / 2);
        __asm__ volatile("wfi");
        printf("slept %llu ms\n", (unsigned long long)(timer_now() - asleep_from) / (TIMER_HZ / 1000));
    }
    printf("good night\n");
    clear_csr(mie, MIE_MTIE);
    for (;;) __asm__ volatile("wfi");
}
