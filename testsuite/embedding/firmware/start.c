// Where a Cortex-M0 starts: the vector table, and what C expects before main().

#include <stdint.h>

extern uint32_t stack_top, data_begin, data_end, data_in_flash, bss_begin, bss_end;

int main(void);

void Reset_Handler(void) {
    for (uint32_t *to = &data_begin, *from = &data_in_flash; to < &data_end;) *to++ = *from++;
    for (uint32_t* to = &bss_begin; to < &bss_end;) *to++ = 0;
    main();
    for (;;) __asm__ volatile("wfi");
}

void HardFault_Handler(void) {
    for (;;) __asm__ volatile("");
}

static void Default_Handler(void) {
    for (;;) __asm__ volatile("");
}

__attribute__((weak, alias("Default_Handler"))) void NMI_Handler(void);
__attribute__((weak, alias("Default_Handler"))) void SVC_Handler(void);
__attribute__((weak, alias("Default_Handler"))) void PendSV_Handler(void);
__attribute__((weak, alias("Default_Handler"))) void SysTick_Handler(void);
__attribute__((weak, alias("Default_Handler"))) void UARTRX0_Handler(void);
__attribute__((weak, alias("Default_Handler"))) void UARTTX0_Handler(void);

typedef void (*Handler)(void);

__attribute__((section(".vectors"), used)) const Handler vectors[] = {
    (Handler)&stack_top,
    Reset_Handler,
    NMI_Handler,
    HardFault_Handler,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    SVC_Handler,
    0,
    0,
    PendSV_Handler,
    SysTick_Handler,
    UARTRX0_Handler,
    UARTTX0_Handler,
};
