// From one task to the next: a trap saves all registers on the task's own stack, the kernel chooses, and the trap
// returns into whichever task is the current one then.

#if __riscv_xlen == 64
#define STORE sd
#define LOAD ld
#define WORD 8
#else
#define STORE sw
#define LOAD lw
#define WORD 4
#endif

// struct task_frame of port.c: board.h's trap_frame, then mstatus and the depth of critical sections.
#define MSTATUS 32
#define NESTING 33
#define FRAME_SIZE (36 * WORD)

    .cfi_sections .debug_frame

    .macro each what
    .irp number, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \what \number
    .endr
    .endm
    .macro save number
    STORE   x\number, WORD*\number(sp)
    .cfi_offset \number, WORD*\number-FRAME_SIZE
    .endm
    .macro restore number
    LOAD    x\number, WORD*\number(sp)
    .endm

    .text
    .align  2
    .globl  task_trap
    .type   task_trap, @function
task_trap:
    .cfi_startproc
    .cfi_signal_frame
    .cfi_return_column 0            // mepc, in the column of x0, which is never saved otherwise
    addi    sp, sp, -FRAME_SIZE
    .cfi_def_cfa sp, FRAME_SIZE
    each    save
    csrr    t0, mepc
    STORE   t0, 0(sp)
    .cfi_offset 0, -FRAME_SIZE
    csrr    t0, mstatus
    STORE   t0, WORD*MSTATUS(sp)
    la      t1, critical_nesting
    LOAD    t0, 0(t1)
    STORE   t0, WORD*NESTING(sp)
    addi    t0, sp, FRAME_SIZE
    STORE   t0, WORD*2(sp)          // the interrupted sp, for whoever prints the frame

    LOAD    t0, pxCurrentTCB
    STORE   sp, 0(t0)               // a control block begins with its task's sp
    mv      a0, sp
    .cfi_def_cfa a0, FRAME_SIZE
    la      sp, stack_top           // the stack of main(), which nobody needs any more
    call    handle_task_trap
    .cfi_endproc
    .size   task_trap, . - task_trap

// Goes on with the current task; task_trap comes here, too.
    .globl  resume_task
    .type   resume_task, @function
resume_task:
    .cfi_startproc
    .cfi_undefined ra
    LOAD    t0, pxCurrentTCB
    LOAD    sp, 0(t0)
    la      t1, critical_nesting
    LOAD    t0, WORD*NESTING(sp)
    STORE   t0, 0(t1)
    LOAD    t0, WORD*MSTATUS(sp)
    csrw    mstatus, t0
    LOAD    t0, 0(sp)
    csrw    mepc, t0
    each    restore
    addi    sp, sp, FRAME_SIZE
    mret
    .cfi_endproc
    .size   resume_task, . - resume_task

// Where a task comes that returns from its function: it has lost its way. A backtrace ends here.
    .cfi_startproc
    .cfi_undefined ra
    nop
    .globl  task_returned
    .type   task_returned, @function
task_returned:
    ebreak
    .cfi_endproc
    .size   task_returned, . - task_returned
