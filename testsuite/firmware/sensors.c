// The demo's firmware: a console that keeps named sensors and their readings, while a timer ticks 1,000 times
// a second. It has a bug on purpose. `rename` copies a name of any length into the 16 bytes that a sensor has
// for it, and so over the link to the next sensor behind them. Nobody notices until, much later, `report`
// follows that link.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"

#define NAME_SIZE 16

struct sensor {
    char name[NAME_SIZE];
    struct sensor* next;
    long total;
    unsigned readings;
};

struct sensor_list {
    struct sensor* first;
    unsigned count;
};

struct sensor_list sensors;

// Copies the word that `from` starts with; returns what follows it.
static const char* copy_word(char* to, const char* from) {
    while (*from > ' ') {
        char letter = *from++;
        *to++ = letter;
    }
    *to = '\0';
    while (*from == ' ') ++from;
    return from;
}

static struct sensor* find_sensor(const char* name) {
    for (struct sensor* sensor = sensors.first; sensor; sensor = sensor->next)
        if (strcmp(sensor->name, name) == 0) return sensor;
    printf("there is no sensor %s\n", name);
    return NULL;
}

static void add_sensor(const char* name) {
    if (strlen(name) >= NAME_SIZE) {
        printf("a name has at most %d letters\n", NAME_SIZE - 1);
        return;
    }
    struct sensor* sensor = calloc(1, sizeof *sensor);
    if (!sensor) {
        printf("out of memory\n");
        return;
    }
    copy_word(sensor->name, name);
    sensor->next = sensors.first;
    sensors.first = sensor;
    ++sensors.count;
}

static void rename_sensor(const char* name, const char* new_name) {
    struct sensor* sensor = find_sensor(name);
    if (!sensor) return;
    copy_word(sensor->name, new_name);
    printf("%s is now %s\n", name, sensor->name);
}

static void add_reading(const char* name, long value) {
    struct sensor* sensor = find_sensor(name);
    if (!sensor) return;
    sensor->total += value;
    ++sensor->readings;
}

static void report(void) {
    long total = 0;
    unsigned readings = 0;
    for (struct sensor* sensor = sensors.first; sensor; sensor = sensor->next) {
        total += sensor->total;
        readings += sensor->readings;
    }
    printf("%u sensors, %u readings, mean %ld\n", sensors.count, readings,
           readings ? total / (long)readings : 0);
}

static void wait_milliseconds(uint64_t length) {
    uint64_t until = ticks + length;
    while (ticks < until) __asm__ volatile("wfi");
}

static void run_command(const char* line) {
    char verb[80];
    char name[80];
    const char* rest = copy_word(verb, line);
    rest = copy_word(name, rest);
    if (strcmp(verb, "add") == 0) {
        add_sensor(name);
    } else if (strcmp(verb, "rename") == 0) {
        rename_sensor(name, rest);
    } else if (strcmp(verb, "read") == 0) {
        add_reading(name, atol(rest));
    } else if (strcmp(verb, "report") == 0) {
        report();
    } else if (strcmp(verb, "wait") == 0) {
        wait_milliseconds((uint64_t)atol(name));
    } else if (strcmp(verb, "off") == 0) {
        power_off(0);
    } else {
        printf("add NAME, rename NAME NEW-NAME, read NAME VALUE, report, wait MILLISECONDS or off\n");
    }
}

int main(void) {
    char line[80];
    timer_start(1000);
    printf("sensor console\n");
    do {
        printf("> ");
        if (!read_line(line, sizeof line)) break;
        run_command(line);
    } while (true);
    return 0;
}
