// Sends every byte of the console back, letters in upper case, until Ctrl-D.
#include "board.h"

int main(void) {
    uart_put('?');
    for (;;) {
        int byte = uart_get();
        if (byte == 4) break;
        uart_put((char)(byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte));
    }
    power_off(0);
}
