// The shortest program that shows when it runs: one byte to the UART, then power off.

    .globl  _start
_start:
    lui     t0, 0x10000
    li      t1, 0x2e                // a full stop
    sb      t1, 0(t0)
    lui     t0, 0x100
    li      t1, 0x5
    slli    t1, t1, 12
    addi    t1, t1, 0x555
    sw      t1, 0(t0)
1:  j       1b
