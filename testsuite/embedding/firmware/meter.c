// A meter that takes a sample at every tick and calls whoever wants to know of the eighth. There is a bug in
// it: it does not stop at the eighth, and writes the ninth over the pointer behind them.

#include "board.h"

#define PERIOD 2000  // clocks from tick to tick
#define SAMPLES 8

volatile uint32_t ticks;
volatile uint32_t typed;  // the last character

static void print(const char* text) {
    while (*text) UART0_DATA = (uint8_t)*text++;
}

static void report(uint32_t sample) {
    print(sample >> 23 ? "high\n" : "low\n");
}

static struct {
    uint32_t samples[SAMPLES];
    void (*alarm)(uint32_t);
    uint32_t count;
} meter = {.alarm = report};

void SysTick_Handler(void) {
    ++ticks;  // in the tick
}

void UARTRX0_Handler(void) {
    UART0_INTCLEAR = INT_RX;
    typed = UART0_DATA;  // in the receiver
}

// Takes more than one tick: whoever steps over it crosses interrupts.
static uint32_t settle(uint32_t value) {
    for (uint32_t i = 0; i < 1000; ++i) value = value * 5 + i;  // settling
    return value >> 8;
}

static void note(uint32_t sample) {
    meter.samples[meter.count] = sample;  // the culprit
    ++meter.count;
}

static void tell(uint32_t sample) {
    if (meter.count >= SAMPLES) meter.alarm(sample);
}

static void wait_for_tick(void) {
    const uint32_t before = ticks;
    while (ticks == before) __asm__ volatile("wfi");
}

int main(void) {
    UART0_BAUDDIV = 16;
    UART0_CTRL = CTRL_TX_ENABLE | CTRL_RX_ENABLE | CTRL_RX_INTERRUPT;
    NVIC_ISER = 1u << UARTRX0_IRQ;
    SYST_RVR = PERIOD - 1;
    SYST_CVR = 0;
    SYST_CSR = SYST_CLKSOURCE | SYST_TICKINT | SYST_ENABLE;
    print("meter\n");  // ready
    for (;;) {
        wait_for_tick();                        // waits
        const uint32_t sample = settle(ticks);  // settles
        note(sample);                           // notes
        tell(sample);                           // tells
    }
}
