#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""All mutable static data of lib/ and module/ lies in the section basalt_state, 64 KiB at most.

Free: what the loader writes once (.data.rel.ro), env's one thread-local struct, and g_trace_file,
which SPDK's inline functions read.
"""

import re

from house import main, need, run

SECTION, MAX_BYTES = "basalt_state", 64 * 1024
FREE_SYMBOLS = {"g_trace_file"}


def parse(dump):
    """(object, symbol, section, size) of `objdump -t`."""
    obj = None
    for line in dump.split("\n"):
        match = re.match(r"(\S.*):\s+file format", line)
        if match:
            obj = match.group(1)
            continue
        match = re.match(r"[0-9a-f]{16} (.{7}) (\S+)\t([0-9a-f]{16})\s+(?:\.\w+ )?(\S+)$", line)
        if match:
            flags, section, size, name = match.groups()
            if "d" not in flags and "f" not in flags:
                yield obj, name, section, int(size, 16)


def mutable(section):
    if section.startswith((".data.rel.ro", SECTION)):
        return False
    return section.startswith((".data", ".bss", ".tdata", ".tbss", "*COM*"))


def check_symbols(dump, sources):
    problems, total, thread_local = [], 0, []
    for obj, name, section, size in parse(dump):
        source = sources[obj]
        if section == SECTION:
            total += size
        elif size == 0 or not mutable(section) or name in FREE_SYMBOLS:
            continue
        elif section.startswith(".tbss") and source.startswith("lib/env/"):
            thread_local.append((source.split("/")[2], f"{source}: {name}"))
        else:
            problems.append(f"{source}: {name} ({size} bytes) is in {section}, not in {SECTION}")
    for where in {w for w, _ in thread_local}:
        here = [text for w, text in thread_local if w == where]
        if len(here) > 1:
            problems.append(f"more than one thread-local of env: {'; '.join(here)}")
    if total > MAX_BYTES:
        problems.append(f"{SECTION} has {total} bytes, {MAX_BYTES} are allowed")
    return problems, total


def line(name, section, size, flags="l     O"):
    return f"{0:016x} {flags} {section}\t{size:016x} {name}\n"


def self_test():
    dump = "x.o:     file format elf64-x86-64\n\nSYMBOL TABLE:\n"
    sources = {"x.o": "lib/x/x.c", "e.o": "lib/env/native/e.c"}
    for text, want in [(line("g_state", SECTION, 100), 0), (line("g_a", ".data", 4), 1),
                       (line("g_a.0", ".bss", 1), 1), (line("g_names", ".data.rel.local", 16), 1),
                       (line("g_table", ".data.rel.ro.local", 16), 0), (line("g_t", ".tbss", 8), 1),
                       (line("g_c", "*COM*", 8, "g     O"), 1), (line("g_big", SECTION, 65537), 1),
                       (line("g_trace_file", ".bss", 8, "g     O"), 0),
                       (line("k", ".rodata", 8), 0)]:
        got, _ = check_symbols(dump + text, sources)
        need(len(got) == want, f"{len(got)} problems, not {want}, in {text!r}")
    env = "e.o:     file format elf64-x86-64\n" + line("g_a", ".tbss", 8)
    need(check_symbols(env, sources)[0] == [], "env's thread-local struct is allowed")
    two = env + line("g_b", ".tbss", 8)
    need(len(check_symbols(two, sources)[0]) == 1, "a second one is not")


def check(tree):
    objs = tree.objects("lib/", "module/", "generated/")
    problems, total = check_symbols(run(["objdump", "-t", *objs]), objs)
    return problems, f"{len(objs)} objects, {total} bytes of state"


if __name__ == "__main__":
    main("state", self_test, check)
