// CoreMark as a kernel: its main is renamed on the compiler's command line, its clock stands still, for it is
// the emulator that is timed, and what it would print is looked through for its results, of which the
// checksum is made.
#include <stdarg.h>

#include "coremark.h"
#include "kernels.h"

// Those of its performance run; the fourth is how often it iterates.
volatile ee_s32 seed1_volatile = 0, seed2_volatile = 0, seed3_volatile = 0x66, seed4_volatile,
                seed5_volatile = 0;
ee_u32 default_num_contexts = 1;

static uint64_t checksum;

int coremark_main(void);

void portable_init(core_portable* port, int* count, char* arguments[]) {
    (void)count, (void)arguments;
    port->portable_id = 1;
}
void portable_fini(core_portable* port) {
    port->portable_id = 0;
}
void start_time(void) {}
void stop_time(void) {}
CORE_TICKS get_time(void) {
    return 1;
}
// Long enough for its rules, so that the result is called valid.
secs_ret time_in_secs(CORE_TICKS ticks) {
    return 10 * ticks;
}

static int has_crc(const char* format) {
    for (; format[0] && format[1] && format[2]; ++format)
        if (format[0] == 'c' && format[1] == 'r' && format[2] == 'c') return 1;
    return 0;
}

// Every line about a CRC, a wrong one too, has integers and nothing else in it.
int ee_printf(const char* format, ...) {
    if (!has_crc(format)) return 0;
    va_list values;
    va_start(values, format);
    for (; *format; ++format)
        if (*format == '%') checksum = checksum * 31 + va_arg(values, unsigned);
    va_end(values);
    return 0;
}

static uint64_t coremark(uint32_t rounds) {
    checksum = 0;
    seed4_volatile = (ee_s32)rounds;
    coremark_main();
    return checksum;
}

const struct kernel kernels[] = {{"coremark", coremark, ROUNDS(3, 1500)}};
const uint32_t kernel_count = 1;
