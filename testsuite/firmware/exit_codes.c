// Asks for a number and switches the machine off with it as the code: what the host's shell gets to see.
#include <stdio.h>
#include <stdlib.h>

#include "board.h"

int main(void) {
    char line[16];
    printf("code? ");
    return read_line(line, sizeof line) ? atoi(line) : 1;
}
