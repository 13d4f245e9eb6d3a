"""A Linux that does jobs in busybox, one after the other, and switches itself off: the initramfs of the guests, with another
init and what it works on behind it in the same file, as the kernel allows. The same on every computer, to the byte."""

import dataclasses
import random
import re

import initramfs
import machines

INIT = """#!/bin/sh
export PATH=/bin LC_ALL=C
mount -t proc proc /proc
mount -t devtmpfs devtmpfs /dev
echo 1 >/proc/sys/kernel/printk
cd /jobs
exec 2>&1

# Nothing of a job is printed but what its output sums up to.
job() {
    echo "BEGIN $1"
    "$1" | md5sum >/tmp/sum
    read sum rest </tmp/sum
    echo "END $1 0 ${sum%????????????????}"
}

compress() { gzip -c text; }
hash() { for pass in $passes; do sha256sum text; md5sum text; done; }
sort_lines() { sort text | uniq -c; }

# As compilers are driven: a few processes for each source, one pass over its text each.
compile() {
    for source in *.src; do
        sed -f macros.sed $source | awk -f compile.awk >/tmp/$source.s || echo "$source failed"
        code=0
        while read -r operation target left right; do
            case $operation in
                label) labels="$target:$code" ;;
                load) code=$((code + 4)); echo "l $target $left" ;;
                store) code=$((code + 4)); echo "s $target $left" ;;
                add | sub | mul) code=$((code + 4)); printf '%s %04x %s %s\\n' $operation $code $left $right ;;
                *) echo "$source: unknown operation $operation"; break ;;
            esac
        done </tmp/$source.s >/tmp/$source.o
        echo "$labels" >>/tmp/$source.o
    done
    cat /tmp/*.o | sort | uniq -c | sort -rn | head -n 200
}

passes=$(cat passes)
job compress
job hash
job sort_lines
job compile
echo DONE
poweroff -f
"""

# Statements `name = term op term ...;` become instructions of three addresses, by a stack of operators.
COMPILE = r"""
function emit(operation, target, left, right) { print operation, target, left, right }
function fresh() { return "t" (++temporaries) }
function rank(operator) { return operator == "*" ? 2 : 1 }
function reduce(   operator, right, left, target) {
    operator = operators[operator_count--]; right = values[value_count--]; left = values[value_count--]
    target = fresh()
    emit(operator == "*" ? "mul" : operator == "+" ? "add" : "sub", target, left, right)
    values[++value_count] = target
}
function value(token,   target) {
    if (token ~ /^[0-9]/) return token
    if (token in symbols) ++uses[token]; else symbols[token] = ++symbol_count
    target = fresh(); emit("load", target, token)
    return target
}
/^func / { emit("label", $2); temporaries = 0; next }
/=/ {
    line = $0; sub(/;.*/, "", line); name = substr(line, 1, index(line, "=") - 1); gsub(/ /, "", name)
    rest = substr(line, index(line, "=") + 1); value_count = operator_count = 0
    while (match(rest, /[a-z_][a-z_0-9]*|[0-9]+|[-+*]/)) {
        token = substr(rest, RSTART, RLENGTH); rest = substr(rest, RSTART + RLENGTH)
        if (token ~ /^[-+*]$/) {
            while (operator_count && rank(operators[operator_count]) >= rank(token)) reduce()
            operators[++operator_count] = token
        } else values[++value_count] = value(token)
    }
    while (operator_count) reduce()
    emit("store", name, values[value_count])
    if (!(name in symbols)) symbols[name] = ++symbol_count
}
"""

MACROS = 20


@dataclasses.dataclass(frozen=True)
class Size:
    lines: int = 30_000  # of the text that is compressed, hashed and sorted
    passes: int = 6
    sources: int = 12
    statements: int = 60  # of each source


QUICK = Size(400, 1, 2, 10)


def text(draw, lines):
    words = ["".join(draw.choices("etaoinshrdlucmfwypvbgkq", k=draw.randint(2, 9))) for _ in range(3000)]
    weights = [1 / (place + 1) for place in range(len(words))]
    return "".join(" ".join(draw.choices(words, weights, k=draw.randint(4, 12))) + "\n" for _ in range(lines))


def source(draw, statements):
    names = [f"value_{number}" for number in range(25)] + [f"MACRO_{number}_" for number in range(MACROS)]
    lines = []
    for number in range(statements):
        if number % 15 == 0:
            lines.append(f"func part_{number} // what it does is of no importance")
        terms = [draw.choice(names) if draw.random() < 0.7 else str(draw.randrange(1000)) for _ in range(draw.randint(2, 6))]
        expression = terms[0] + "".join(f" {draw.choice('+-*')} {term}" for term in terms[1:])
        lines.append(f"    value_{draw.randrange(25)} = {expression};  // statement {number}")
    return "\n".join(lines) + "\n"


def archive(size):
    """What comes behind the guests' initramfs."""
    draw = random.Random(1)
    files = {"text": text(draw, size.lines), "passes": " ".join(map(str, range(size.passes))) + "\n", "compile.awk": COMPILE}
    files["macros.sed"] = "s|//.*||\n" + "".join(f"s/MACRO_{number}_/value_{number} * {number}/g\n" for number in range(MACROS))
    files |= {f"unit{number:02}.src": source(draw, size.statements) for number in range(size.sources)}
    made = initramfs.Archive()
    made.file("init", INIT.encode())
    made.folder("jobs")
    for name, content in files.items():
        made.file(f"jobs/{name}", content.encode(), 0o644)
    return made.finish()


NAMES = re.findall(r"^job (\w+)$", INIT, re.MULTILINE)


def machine(folder, size):
    """The machine, whose initrd is written into the folder."""
    initrd = folder / "jobs.cpio"
    with open(machines.fetched("initramfs.cpio"), "rb") as guests:
        initrd.write_bytes(guests.read() + archive(size))
    return dataclasses.replace(machines.linux(1), initrd=str(initrd))
