// The guest's sound player and recorder: sound play|capture RATE CHANNELS [FRAMES]
// play sends what stdin has, 16-bit samples, to the first sound card; capture takes so many frames from it to
// stdout. It needs no C library and no ALSA library: only the kernel's interface, from
// include/uapi/sound/asound.h. Where it fails, its exit code is the number of the error.

typedef unsigned int Word;
typedef unsigned long Long;

enum { SYS_IOCTL = 29, SYS_OPENAT = 56, SYS_READ = 63, SYS_WRITE = 64, SYS_EXIT = 93 };
enum { AT_FDCWD = -100, WRITE_ONLY = 1 };

static long call(long number, long a, long b, long c, long d) {
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a7) : "memory");
    return a0;
}

static void leave(long code) {
    call(SYS_EXIT, code, 0, 0, 0);
}

static long must(long result) {
    if (result < 0) leave(-result);
    return result;
}

struct Mask {
    Word bits[8];
};
struct Interval {
    Word min, max, flags;
};
struct HardwareParameters {
    Word flags;
    struct Mask masks[8];  // access, format, subformat, five unused
    struct Interval intervals[21];
    Word requested, changed, info, significant_bits, rate_numerator, rate_denominator;
    Long fifo_size;
    unsigned char reserved[64];
};
struct Transfer {
    long result;
    void* frames;
    Long count;
};

enum { ACCESS, FORMAT, SUBFORMAT, MASKS };
enum { SAMPLE_BITS, FRAME_BITS, CHANNELS, RATE, PERIOD_TIME, PERIOD_SIZE, INTERVALS = 12 };
enum { PERIOD_FRAMES = 1024 };
enum { INTERLEAVED = 3, SIGNED_16_LITTLE = 2, STANDARD = 0 };

#define IOCTL(direction, size, number) ((direction) << 30 | (Long)(size) << 16 | 'A' << 8 | (number))
#define HW_PARAMS IOCTL(3L, sizeof(struct HardwareParameters), 0x11)
#define PREPARE IOCTL(0L, 0, 0x40)
#define DRAIN IOCTL(0L, 0, 0x44)
#define WRITE_FRAMES IOCTL(1L, sizeof(struct Transfer), 0x50)
#define READ_FRAMES IOCTL(2L, sizeof(struct Transfer), 0x51)

static long control(long device, Long request, void* argument) {
    return must(call(SYS_IOCTL, device, (long)request, (long)argument, 0));
}

static void choose_one(struct Mask* mask, int bit) {
    *mask = (struct Mask){{1u << bit}};
}

static void choose(struct Interval* interval, Word value) {
    *interval = (struct Interval){value, value, 4};  // 4: a whole number
}

static struct HardwareParameters parameters;
static unsigned char samples[1 << 21];

static void set_up(long device, Word rate, Word channels) {
    for (int i = 0; i < INTERVALS; ++i) parameters.intervals[i] = (struct Interval){0, ~0u, 0};
    choose_one(&parameters.masks[ACCESS], INTERLEAVED);
    choose_one(&parameters.masks[FORMAT], SIGNED_16_LITTLE);
    choose_one(&parameters.masks[SUBFORMAT], STANDARD);
    choose(&parameters.intervals[SAMPLE_BITS], 16);
    choose(&parameters.intervals[FRAME_BITS], 16 * channels);
    choose(&parameters.intervals[CHANNELS], channels);
    choose(&parameters.intervals[RATE], rate);
    choose(&parameters.intervals[PERIOD_SIZE], PERIOD_FRAMES);
    parameters.requested = ~0u;
    control(device, HW_PARAMS, &parameters);
    control(device, PREPARE, 0);
}

static Word number(const char* text) {
    Word value = 0;
    for (; *text; ++text) value = value * 10 + (Word)(*text - '0');
    return value;
}

static void play(Word rate, Word channels) {
    Long length = 0;
    for (long got = 1; got != 0; length += (Long)got)
        got = must(call(SYS_READ, 0, (long)(samples + length), (long)(sizeof samples / 2 - length), 0));
    const long device = must(call(SYS_OPENAT, AT_FDCWD, (long)"/dev/snd/pcmC0D0p", WRITE_ONLY, 0));
    set_up(device, rate, channels);
    // The kernel's driver sends whole periods only: silence fills the last, or draining would wait in vain.
    const Long periods = (length / (2 * channels) + PERIOD_FRAMES - 1) / PERIOD_FRAMES;
    const Long frames = periods * PERIOD_FRAMES;
    for (Long done = 0; done < frames;) {
        struct Transfer transfer = {0, samples + done * 2 * channels, frames - done};
        control(device, WRITE_FRAMES, &transfer);
        done += (Long)transfer.result;
    }
    control(device, DRAIN, 0);
}

static void capture(Word rate, Word channels, Word frames) {
    const Long length = (Long)frames * 2 * channels;
    if (length > sizeof samples) leave(2);
    const long device = must(call(SYS_OPENAT, AT_FDCWD, (long)"/dev/snd/pcmC0D0c", 0, 0));
    set_up(device, rate, channels);
    for (Long done = 0; done < frames;) {
        struct Transfer transfer = {0, samples + done * 2 * channels, frames - done};
        control(device, READ_FRAMES, &transfer);
        done += (Long)transfer.result;
    }
    for (Long done = 0; done < length;)
        done += (Long)must(call(SYS_WRITE, 1, (long)(samples + done), (long)(length - done), 0));
}

__attribute__((used)) static void start(long* stack) {
    char** arguments = (char**)(stack + 1);
    if (stack[0] == 4 && arguments[1][0] == 'p') {
        play(number(arguments[2]), number(arguments[3]));
    } else if (stack[0] == 5 && arguments[1][0] == 'c') {
        capture(number(arguments[2]), number(arguments[3]), number(arguments[4]));
    } else {
        leave(2);
    }
    leave(0);
}

__attribute__((naked)) void _start(void) {
    __asm__("mv a0, sp\n\ttail %0" : : "i"(start));
}
