// Uses the computer that it runs on: picolibc's own start-up and streams, which come down to semihosting
// calls. Prints the files that its arguments name, then what is typed up to the end or a 'q'. Its exit code
// is the number of files that it could not open.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static char line[64];  // what fgets() has read last

static int print_file(const char* name) {
    FILE* file = fopen(name, "r");  // open
    if (file == NULL) {
        printf("%s: %s\n", name, strerror(errno));
        return 1;
    }
    while (fgets(line, sizeof line, file) != NULL) {  // read
        printf("%s: %s", name, line);                 // have read
    }
    fclose(file);
    return 0;
}

int main(int argc, char** argv) {
    int failed = 0;
    for (int i = 1; i < argc; ++i) {
        failed += print_file(argv[i]);
    }
    const time_t now = time(NULL);
    fprintf(stderr, "this year: %d\n", 1900 + gmtime(&now)->tm_year);
    int character;
    // The library has no end of input, but its last character is then 255.
    while ((character = getchar()) != 'q' && character != 255 && character != EOF) {
        putchar(character);
    }
    puts("done");
    return failed;
}
