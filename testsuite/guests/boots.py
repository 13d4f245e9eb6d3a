"""What third-party guests must do. Each scenario gets a Bench with .start(wanted), .recording and .check_recording()."""

import hashlib

from harness import check, equal, scenario, shows
from machines import Shell, Wanted, linux

U_BOOT_PROMPT = "=> "


def opensbi(console):
    """Reads OpenSBI's banner and what it says of the machine, up to its last line."""
    text = console.until(r"^Boot HART MEDELEG.*\n")
    shows(text, r"^OpenSBI v\d")
    shows(text, r"^Platform Console Device +: uart8250$")
    shows(text, r"^Platform Shutdown Device +: (syscon-poweroff|sifive_test)")
    return text


def u_boot(console):
    console.until(r"Hit any key to stop autoboot")
    console.type(" ")
    console.until(rf"^{U_BOOT_PROMPT}")
    shows(console.answer("version", U_BOOT_PROMPT), r"^U-Boot 20\d\d\.\d\d")


def u_boot_ends(console):
    console.type("poweroff\n")
    equal(console.end()[0], 0, "exit code of the emulator")


@scenario
def opensbi_starts_its_payload(bench):
    """OpenSBI in M mode, U-Boot in S mode above it."""
    console = bench.start(Wanted("fw_dynamic.bin", "u-boot-smode.bin"))
    shows(opensbi(console), r"^Domain0 Next Mode +: S-mode$")
    u_boot(console)
    u_boot_ends(console)
    bench.check_recording(console)


@scenario
def opensbi_with_jump_address(bench):
    """The other build of OpenSBI, which asks the boot ROM for nothing, on four harts."""
    console = bench.start(Wanted("fw_jump.bin", "u-boot-smode.bin", harts=4))
    text = opensbi(console)
    shows(text, r"^Platform HART Count +: 4$")
    shows(text, r"^Domain0 Next Address +: 0x0*80200000$")
    console.until(r"Hit any key to stop autoboot")


@scenario
def u_boot_in_machine_mode(bench):
    console = bench.start(Wanted("u-boot.bin"))
    u_boot(console)
    shows(console.answer("bdinfo", U_BOOT_PROMPT), r"^DRAM bank += 0x0*\n-> start += 0x0*80000000\n-> size += 0x0*10000000$")
    u_boot_ends(console)
    bench.check_recording(console)


def debian(bench, harts):
    console = bench.start(linux(harts))
    shell = Shell(console)
    shows(shell("uname -a"), r"^Linux \S+ 6\.12\.\S*riscv64 #1 SMP Debian .* riscv64 GNU/Linux$")
    cpus = shell("cat /proc/cpuinfo")
    equal(cpus.count("processor\t:"), harts, f"harts in /proc/cpuinfo:\n{cpus}")
    shows(cpus, r"^isa\t+: rv64imafdc")
    return console, shell


def sums_of(ranges):
    return [hashlib.sha256("".join(f"{number}\n" for number in range(1, last + 1)).encode()).hexdigest() for last in ranges]


@scenario
def debian_on_one_hart(bench):
    console, shell = debian(bench, 1)
    order = shell("dmesg | grep -o -e 'crng init done' -e 'Run /init'").splitlines()
    equal(order, ["crng init done", "Run /init"], "the device tree's seed is enough for random numbers before any program asks")
    equal(shell("seq 1 20000 | sha256sum").split()[:1], sums_of([20000]), "the compute job's result")
    # Floating point, by awk, and processes that share pages until they write.
    equal(shell("awk 'BEGIN { for (i = 1; i < 20000; ++i) s += 1 / i; printf \"%.9f\\n\", s }'").strip(),
          f"{sum(1 / i for i in range(1, 20000)):.9f}", "a sum in floating point")
    equal(shell("for i in 1 2 3; do (i=$((i * i)); echo $i); done").split(), ["1", "4", "9"], "subshells")
    shell.power_off()
    bench.check_recording(console)


@scenario
def debian_on_four_harts(bench):
    console, shell = debian(bench, 4)
    equal(shell("cat /sys/devices/system/cpu/online").strip(), "0-3", "harts online")
    lengths = [3000, 4000, 5000, 6000]
    shell("for n in " + " ".join(map(str, lengths)) + "; do (seq 1 $n | sha256sum >/tmp/sum.$n) & done; wait")
    sums = [shell(f"cat /tmp/sum.{length}").split()[0] for length in lengths]
    equal(sums, sums_of(lengths), "the results of four jobs at once")
    interrupts = shell("grep IPI /proc/interrupts")
    check(any(int(word) for word in interrupts.split() if word.isdigit()), f"no interrupts between harts:\n{interrupts}")
    shell.power_off()
    bench.check_recording(console)
