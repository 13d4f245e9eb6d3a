#!/usr/bin/env python3
"""Reads the symbols that a Linux image carries for its own messages: kernel_symbols.py IMAGE SYSTEM_MAP SYMBOLS_ELF

Debian ships a kernel's System.map and vmlinux only in a debug package of 1 GB. The running kernel knows all its symbols
too (kallsyms): this finds them in the image, and writes them as a System.map and as an ELF of symbols only for gdb's
`symbol-file`. The tables are as scripts/kallsyms.c of Linux 6.4 to 6.12 and later writes them:

    num_syms  names  markers  token_table  token_index  offsets  relative_base  seqs_of_names

each on a boundary of 8. A name is a length and as many tokens; the first character of the whole is the symbol's type.
"""

import argparse
import pathlib
import struct
import sys

LINK_ADDRESS = 0xffffffff80000000  # where 64-bit RISC-V kernels are linked: KERNEL_LINK_ADDR
TOKENS = 256
NAMES_PER_MARKER = 256


class NotFound(Exception):
    pass


def aligned(position):
    return (position + 7) & ~7


def words(image, at, count, kind="I"):
    return struct.unpack_from(f"<{count}{kind}", image, at)


def find_tokens(image):
    """The tokens, where their table begins, and where the index behind it ends."""
    digits = b"".join(b"%d\0" % digit for digit in range(10))  # characters that stand for themselves
    at = image.find(digits)
    while at >= 0:
        for start in range(at & ~7, max(0, at - 4096), -8):
            tokens = image[start:start + 16384].split(b"\0", TOKENS)[:TOKENS]
            starts, position = [], 0
            for token in tokens:
                starts.append(position)
                position += len(token) + 1
            index = aligned(start + position)
            if start + starts[ord("0")] == at and tuple(starts) == words(image, index, TOKENS, "H"):
                return tokens, start, index + 2 * TOKENS
        at = image.find(digits, at + 1)
    raise NotFound("the image holds no table of tokens")


def find_markers(image, end):
    """Where the markers begin that end at `end`, and how many there are: offsets of every 256th name, from 0 up."""
    at = end - 4
    if words(image, at, 1) == (0,):
        at -= 4  # padding
    last = at
    while words(image, at, 1) != (0,):
        if at < 8 or words(image, at - 4, 1) >= words(image, at, 1):
            raise NotFound("the image holds no markers before the tokens")
        at -= 4
    return at, (last - at) // 4 + 1


def find_names(image, markers, count):
    """Where the names begin that end at the markers, and how many there are."""
    first_markers = words(image, markers, min(count, 4))
    for at in range(markers & ~7, max(0, markers - (16 << 20)), -8):
        number, padding = words(image, at, 2)
        if padding == 0 and (number + NAMES_PER_MARKER - 1) // NAMES_PER_MARKER == count:
            offset = 0
            for marker in first_markers[1:]:
                for _ in range(NAMES_PER_MARKER):
                    offset += name_length(image, at + 8 + offset)[1]
                if offset != marker:
                    break
            else:
                return at + 8, number
    raise NotFound("the image holds no names before the markers")


def name_length(image, at):
    """How many tokens a name has, and how many bytes it takes with its length."""
    tokens = image[at]
    if tokens & 0x80:
        tokens = tokens & 0x7f | image[at + 1] << 7
        return tokens, tokens + 2
    return tokens, tokens + 1


def read_symbols(image):
    """[(address, type letter, name)], by address."""
    tokens, table, offsets = find_tokens(image)
    markers, marker_count = find_markers(image, table)
    at, number = find_names(image, markers, marker_count)
    base, = words(image, aligned(offsets + 4 * number), 1, "Q")
    if base >> 32 == 0:
        base = LINK_ADDRESS  # a relocatable kernel fills it in when it starts
    symbols = []
    for offset in words(image, offsets, number):
        length, taken = name_length(image, at)
        text = b"".join(tokens[token] for token in image[at + taken - length:at + taken]).decode("ascii")
        symbols.append((base + offset, text[0], text[1:]))
        at += taken
    names = {name for _, _, name in symbols}
    if not {"_text", "start_kernel", "_end"} <= names:
        raise NotFound("what was found is not a kernel's symbols")
    return sorted(symbols)


def symbols_elf(symbols):
    """An ELF for gdb: sections without content, and the symbols in them."""
    places = {name: address for address, _, name in symbols}
    text, end = symbols[0][0], places["_end"]
    code_end = places.get("_einittext", end)
    strings, table = bytearray(b"\0"), bytearray(24)
    for address, kind, name in symbols:
        section = 1 if address < code_end else 2
        binding = 0 if kind.islower() else 1
        table += struct.pack("<IBBHQQ", len(strings), binding << 4 | (2 if section == 1 else 1), 0, section, address, 0)
        strings += name.encode() + b"\0"
    names = b"\0.text\0.data\0.symtab\0.strtab\0"
    symtab = 64
    strtab = symtab + len(table)
    shstrtab = strtab + len(strings)
    headers = aligned(shstrtab + len(names))

    def section(name, kind, flags, address, offset, size, link=0, info=0, entry=0):
        return struct.pack("<IIQQQQIIQQ", names.index(name), kind, flags, address, offset, size, link, info, 8, entry)

    body = bytes(table) + bytes(strings) + names
    body += bytes(headers - 64 - len(body))
    return struct.pack("<4sBBB9xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 2, 243, 1, 0, 0, headers, 0, 64, 56, 0, 64, 6, 5) + \
        body + bytes(64) + \
        section(b".text\0", 8, 6, text, 64, code_end - text) + section(b".data\0", 8, 3, code_end, 64, end - code_end) + \
        section(b".symtab\0", 2, 0, 0, symtab, len(table), 4, 1, 24) + section(b".strtab\0", 3, 0, 0, strtab, len(strings)) + \
        section(b"\0", 3, 0, 0, shstrtab, len(names))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    for name in ("image", "system_map", "symbols_elf"):
        parser.add_argument(name, type=pathlib.Path)
    options = parser.parse_args()
    try:
        symbols = read_symbols(options.image.read_bytes())
    except (NotFound, IndexError, struct.error) as error:
        sys.exit(f"kernel_symbols: {options.image}: {error}")
    options.system_map.write_text("".join(f"{address:016x} {kind} {name}\n" for address, kind, name in symbols))
    options.symbols_elf.write_bytes(symbols_elf(symbols))


if __name__ == "__main__":
    main()
