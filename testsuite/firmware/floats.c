// Floating point in registers: values of both widths as arguments and results, and the flags that they raise.
// For a debugger that shows and sets the registers.
#include <stdio.h>

#include "board.h"

volatile double quotient;
volatile float third_of_one;

static __attribute__((noinline)) double divide(double dividend, double divisor) {
    return dividend / divisor;  // divide: return
}

static __attribute__((noinline)) float divide_single(float dividend, float divisor) {
    return dividend / divisor;  // divide_single: return
}

int main(void) {
    quotient = divide(5.0, 2.0);               // main: exact
    third_of_one = divide_single(1.0f, 3.0f);  // main: inexact
    quotient = divide(1.0, 0.0);               // main: by zero
    quotient = divide(quotient, 2.0);          // main: of infinity
    return quotient > 1e300 ? 0 : 1;           // main: end
}
