// Start-up and trap entry, shared by all programs: machine mode, direct mtvec, everything in RAM.

    .cfi_sections .debug_frame

    .section .text.start, "ax"
    .globl  _start
    .type   _start, @function
_start:
    .cfi_startproc
    .cfi_undefined ra               // the outermost frame: a backtrace ends here
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    csrr    t0, mhartid
    bnez    t0, park
    la      sp, stack_top
    la      tp, __tls_base          // picolibc keeps errno in thread-local storage
    la      t0, trap_entry
    csrw    mtvec, t0
    la      t0, bss_start
    la      t1, bss_end
1:  bgeu    t0, t1, 2f
    sd      zero, 0(t0)
    addi    t0, t0, 8
    j       1b
2:  call    main
    call    power_off               // with main's result
park:
    wfi
    j       park
    .cfi_endproc
    .size   _start, . - _start

// struct trap_frame of board.h: x1..x31 in slots 1 to 31, mepc in slot 0.
#define FRAME_SIZE 256

    .macro save register, number
    sd      \register, 8*\number(sp)
    .cfi_rel_offset \register, 8*\number
    .endm
    .macro restore register, number
    ld      \register, 8*\number(sp)
    .endm
    .macro each what
    \what ra, 1
    \what gp, 3
    \what tp, 4
    \what t0, 5
    \what t1, 6
    \what t2, 7
    \what s0, 8
    \what s1, 9
    \what a0, 10
    \what a1, 11
    \what a2, 12
    \what a3, 13
    \what a4, 14
    \what a5, 15
    \what a6, 16
    \what a7, 17
    \what s2, 18
    \what s3, 19
    \what s4, 20
    \what s5, 21
    \what s6, 22
    \what s7, 23
    \what s8, 24
    \what s9, 25
    \what s10, 26
    \what s11, 27
    \what t3, 28
    \what t4, 29
    \what t5, 30
    \what t6, 31
    .endm

// The call frame information lets a debugger's backtrace cross from the handler into the interrupted function: the
// return address of this frame is mepc, given to the debugger in the column of x0, which is never saved otherwise.
    .text
    .align  2
    .globl  trap_entry
    .type   trap_entry, @function
trap_entry:
    .cfi_startproc
    .cfi_signal_frame
    .cfi_return_column zero
    addi    sp, sp, -FRAME_SIZE
    .cfi_def_cfa sp, FRAME_SIZE
    each    save
    csrr    t0, mepc
    sd      t0, 0(sp)
    .cfi_rel_offset zero, 0
    addi    t0, sp, FRAME_SIZE
    sd      t0, 16(sp)              // the interrupted sp, for whoever prints the frame
    mv      a0, sp
    call    handle_trap
    ld      t0, 0(sp)
    csrw    mepc, t0
    each    restore
    addi    sp, sp, FRAME_SIZE
    mret
    .cfi_endproc
    .size   trap_entry, . - trap_entry

// The same handler through a vector table, for mtvec's other mode: cause 3 is the software, 7 the timer, 11 the
// external interrupt; exceptions enter at 0.
    .align  8
    .globl  trap_vectors
trap_vectors:
    .option push
    .option norvc
    .rept   12
    j       trap_entry
    .endr
    .option pop
