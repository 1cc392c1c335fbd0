#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Arrows never go up: no folder includes a header of, or calls into, a folder above it, or one to
its right on its own floor; no module knows another; only the generated tables know modules."""

import posixpath
import re

from house import main, need, symbols, unit_of

FLOORS = [
    ["lib/log", "lib/util"],
    ["lib/env"],
    ["lib/json", "lib/trace", "lib/trace_parser", "lib/conf", "lib/dma"],
    ["lib/thread"],
    ["lib/jsonrpc", "lib/rpc", "lib/init", "lib/sock", "lib/accel", "lib/keyring", "lib/notify",
     "lib/rdma_provider", "lib/rdma_utils", "lib/vfio_user", "lib/nvme_wire"],
    ["lib/nvme", "lib/virtio", "lib/ioat", "lib/idxd", "lib/vmd"],
    ["lib/bdev", "lib/fsdev"],
    ["lib/blob", "lib/lvol", "lib/ftl", "lib/reduce", "lib/blobfs", "lib/scsi"],
    ["lib/nvmf", "lib/iscsi", "lib/vhost", "lib/nbd", "lib/ublk", "lib/vfu"],
    ["lib/event"],
]
PLACE = {f: (y, x) for y, row in enumerate(FLOORS) for x, f in enumerate(row)}
MODULES, PROGRAMS = (10, 0), (11, 0)
# Headers of no lib: the language, and numbers of published specifications.
FREE = {"stdinc", "assert", "deprecated", "barrier", "likely", "queue", "queue_extras", "tree",
        "config",
        "version", "endian", "mmio", "nvme_spec", "nvmf_spec", "scsi_spec", "pci_ids", "opal_spec",
        "gpt_spec",
        "nvme_intel", "nvme_ocssd_spec", "nvmf_fc_spec", "iscsi_spec", "ioat_spec", "idxd_spec",
        "vfio_user_spec"}
# Where the name of a header is not the name of its lib.
HEADER_OWNER = {
    "base64": "util", "bit_array": "util", "bit_pool": "util", "cpuset": "util", "crc16": "util",
    "crc32": "util", "crc64": "util", "dif": "util", "fd": "util", "file": "util",
    "hexlify": "util",
    "histogram_data": "util", "md5": "util", "net": "util", "pipe": "util", "string": "util",
    "uuid": "util", "xor": "util", "zipf": "util", "system_state": "log",
    "usdt": "log", "machine_hooks": "log",
    "fd_group": "env", "memory": "env", "iobuf": "thread", "loop": "thread", "job": "rpc",
    "app_number": "util", "subsystem": "init", "state": "init", "scheduler": "event",
    "opal": "nvme",
}


def place(unit):
    if unit.startswith("module/"):
        return MODULES
    if unit.startswith(("app/", "examples/")):
        return PROGRAMS
    return PLACE.get(unit)


def header_unit(header):
    """The lib of an included "spdk/x.h"; None for the free ones."""
    folder, name = header.rsplit("/", 1)
    stem = name[:-2]
    if folder.startswith("spdk/module/"):
        return folder[len("spdk/"):] + "/" + stem
    if folder in ("spdk", "basalt") and stem in FREE:
        return None
    lib = HEADER_OWNER.get(stem, stem)
    while "lib/" + lib not in PLACE and "_" in lib:
        lib = lib.rsplit("_", 1)[0]  # bdev_module.h belongs to bdev
    return "lib/" + lib


def arrow_is_wrong(src, dst):
    """Why folder src may not know folder dst; None when it may."""
    if src == dst:
        return None
    a, b = place(src), place(dst)
    if b is None:
        return f"{dst} has no floor"
    if a is None:
        return f"{src} has no floor"
    if b > a:
        return f"{src} reaches up to {dst}"
    if b == a and a in (MODULES, PROGRAMS):
        return f"{src} knows its neighbour {dst}"
    return None


def included(path, text):
    """(line, file name relative to include/ or to the root) of each include in quotes."""
    for n, line in enumerate(text.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if not match:
            continue
        name = match.group(1)
        if not name.startswith(("spdk/", "spdk_internal/", "basalt/")):
            name = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        yield n, name


def check_includes(sources, read):
    problems = []
    for path in sources:
        if path.startswith("include/"):
            src = header_unit(path[len("include/"):])
        else:
            src = unit_of(path)
        for n, name in included(path, read(path)):
            if name.startswith(("spdk/", "spdk_internal/", "basalt/")):
                dst = header_unit(name)
            elif name.startswith(("lib/", "module/", "app/", "examples/")):
                dst = unit_of(name)
            else:
                dst = None
            if dst is None:
                continue
            if src is None:
                why = f"{path} belongs to no lib but includes one's header"
            else:
                why = arrow_is_wrong(src, dst)
            if why:
                problems.append(f"{path}:{n}: includes {name}: {why}")
    return problems


def check_calls(objs, table):
    """objs: {object: source}; table: {object: [(symbol, type)]}."""
    owner, problems, walkers = {}, [], {}
    for obj, source in objs.items():
        for name, kind in table[obj]:
            if kind.isupper() and kind != "U":
                owner.setdefault(name, set()).add(source)
    for obj, source in objs.items():
        if source.startswith("generated/"):
            continue
        src = unit_of(source)
        for name, kind in table[obj]:
            if kind not in "Uwv":
                continue
            if re.fullmatch(r"g_\w+_table", name):
                walkers.setdefault(name, set()).add(src)
            for target in sorted(owner.get(name, ())):
                if target.startswith("generated/") or src == unit_of(target):
                    continue
                why = arrow_is_wrong(src, unit_of(target))
                if why:
                    problems.append(f"{source}: uses {name} of {target}: {why}")
    for name, users in sorted(walkers.items()):
        if len(users) > 1:
            problems.append(f"{name}: walked by {', '.join(sorted(users))}: one of them must do it")
    return sorted(set(problems))


def self_test():
    files = {"lib/util/a.c": '#include "spdk/thread.h"\n',
             "lib/thread/a.c": '#include "spdk/log.h"\n',
             "module/bdev/x/a.c": '#include "../y/y.h"\n',
             "include/spdk/log.h": '#include "spdk/env.h"\n',
             "lib/rpc/r.c": '# include "spdk/sock.h"\n'}
    wrong = check_includes(sorted(files), files.get)
    need(len(wrong) == 4, f"includes that go up, right or sideways are not seen: {wrong}")
    objs = {"1": "lib/env/a.c", "2": "lib/thread/b.c", "3": "module/sock/p/c.c",
            "4": "module/nvme/t/d.c", "5": "generated/table.c"}
    table = {"1": [("spdk_thread_f", "U"), ("env_f", "T")],
             "2": [("env_f", "U"), ("spdk_thread_f", "T")],
             "3": [("g_t_table", "U"), ("other", "U"), ("p", "D")],
             "4": [("other", "T"), ("g_t_table", "U"), ("f", "t")],
             "5": [("g_t_table", "R"), ("p", "U")]}
    wrong = check_calls(objs, table)
    need(len(wrong) == 3, f"calls that go up or sideways are not seen: {wrong}")


def check(tree):
    folders = ("lib/", "module/", "app/", "examples/", "include/")
    sources = [f for f in tree.files() if f.startswith(folders) and f.endswith((".c", ".h"))]
    objs = tree.objects("lib/", "module/", "app/", "examples/", "generated/")
    problems = check_includes(sources, tree.read) + check_calls(objs, symbols(list(objs)))
    return problems, f"{len(sources)} sources, {len(objs)} objects"


if __name__ == "__main__":
    main("floors", self_test, check)
