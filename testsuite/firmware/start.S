// Start-up and trap entry, shared by all programs, of both register widths: machine mode, direct mtvec, everything in
// RAM. Hart 0 runs main(); every other hart waits until start_hart() of board.h lets it run other_hart().

#if __riscv_xlen == 64
#define STORE sd
#define LOAD ld
#define WORD 8
#else
#define STORE sw
#define LOAD lw
#define WORD 4
#endif

#define MIE_MSIE 8
#define MSTATUS_FS_INITIAL 0x2000
#define MSIP 0x02000000             // a word for each hart
#define STACK_SHIFT 13              // 8 KiB for each hart, from stack_top down

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
    la      tp, __tls_base          // picolibc keeps errno in thread-local storage
    la      t0, trap_entry
    csrw    mtvec, t0
#ifdef __riscv_flen
    li      t0, MSTATUS_FS_INITIAL
    csrs    mstatus, t0
#endif
    csrr    t0, mhartid
    bnez    t0, park
    la      sp, stack_top
    la      t0, bss_start
    la      t1, bss_end
1:  bgeu    t0, t1, 2f
    STORE   zero, 0(t0)
    addi    t0, t0, WORD
    j       1b
2:  call    main
    call    power_off               // with main's result
    .cfi_endproc
    .size   _start, . - _start

    .type   park, @function
park:
    .cfi_startproc
    .cfi_undefined ra
    li      t0, MIE_MSIE
    csrw    mie, t0
3:  wfi
    csrr    t1, mip
    and     t1, t1, t0
    beqz    t1, 3b
    csrw    mie, zero
    csrr    a0, mhartid
    slli    t1, a0, 2
    li      t0, MSIP
    add     t0, t0, t1
    sw      zero, 0(t0)
    la      sp, stack_top
    slli    t1, a0, STACK_SHIFT
    sub     sp, sp, t1
    call    other_hart
    j       park
    .cfi_endproc
    .size   park, . - park

// struct trap_frame of board.h: x1..x31 in slots 1 to 31, mepc in slot 0.
#define FRAME_SIZE (32*WORD)

    .macro save register, number
    STORE   \register, WORD*\number(sp)
    .cfi_rel_offset \register, WORD*\number
    .endm
    .macro restore register, number
    LOAD    \register, WORD*\number(sp)
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
    STORE   t0, 0(sp)
    .cfi_rel_offset zero, 0
    addi    t0, sp, FRAME_SIZE
    STORE   t0, WORD*2(sp)          // the interrupted sp, for whoever prints the frame
    mv      a0, sp
    call    handle_trap
    LOAD    t0, 0(sp)
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
