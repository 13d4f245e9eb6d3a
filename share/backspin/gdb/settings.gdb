# Settings and commands for GDB on a Backspin machine: `help backspin` lists the commands. As printed by `backspin gdbinit` this file
# is whole: source it, or put it into .gdbinit.
#     backspin gdbinit >backspin.gdb
#     gdb-multiarch -x backspin.gdb firmware.elf -ex 'target remote :1234'

# GDB would otherwise step Linux programs by breakpoints at the next instruction, and pass over traps and interrupts.
set osabi none
# A search of a long history takes a while, and so does what is asked meanwhile.
set remotetimeout 60
