// Start-up of the kernels on the board: a stack, cleared variables, every trap a failure.

    .section .text.start, "ax"
    .globl  _start
_start:
    csrr    t0, mhartid
    bnez    t0, park
    la      sp, stack_top
    la      t0, trap
    csrw    mtvec, t0
    li      t0, 0x2000              // mstatus.FS: floating point is there, and as at the start
    csrs    mstatus, t0
    la      t0, bss_start
    la      t1, bss_end
1:  bgeu    t0, t1, 2f
    sd      zero, 0(t0)
    addi    t0, t0, 8
    j       1b
2:  call    board_main
park:
    wfi
    j       park

    .align  2
trap:
    la      sp, stack_top
    call    board_trap
