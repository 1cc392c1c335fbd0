#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does each check of the lab fail when it should?

Each mutant is a defect, put into a copy of the tree that git knows. The part of the lab that must
notice it runs on it; the named check has to fail. Takes a minute a mutant, so it is no part of
`make check`: run it after changing the lab. Ends with status 0 when every mutant was caught.
"""

import argparse
import filecmp
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
TARGETS = ("bin/spdk_tgt", "bin/spdk_nvme_perf", "bin/spdk_nvme_identify", "bin/spdk_nvme_discover",
           "test/lab/liblab_snapshot.so", "test/lab/nvme_verify")
URING = "module/bdev/uring/uring_io.c"
FILE = "lib/bdev/file_io.c"
FILE_H = "include/spdk_internal/bdev_file.h"

# name, part of the lab, file, what is there, what the mutant has, the check that must fail.
MUTANTS = [
    ("discovery-port", "discover", "lib/nvmf/discovery.c",
     "snprintf(entry->trsvcid, sizeof(entry->trsvcid), \"%s\", trid->trsvcid);",
     "snprintf(entry->trsvcid, sizeof(entry->trsvcid), \"%s\", trid->trsvcid + 1);",
     "^discover$"),
    ("one-queue", "pass", "lib/nvmf/ctrlr_features.c",
     "feat->num_queues = num_io_queues << 16 | num_io_queues;",
     "feat->num_queues = 0 * num_io_queues;",
     "^2 queues: 2 I/O queues$"),
    ("never-sleeps", "idle", "lib/event/reactor.c",
     "} else if (reactor->now_ticks >= reactor->spin_until_ticks) {",
     "} else if (reactor->now_ticks == 0) {",
     "^idle: at most 1 % of a core in 30 s$"),
    ("read-corrupts", "pass", FILE_H,
     "\tif (spdk_likely(res >= 0 && ctx->done_bytes + (uint64_t)res == ctx->len_bytes)) {\n",
     "\tif (io->type == SPDK_BDEV_IO_TYPE_READ && res >= 32768) {\n"
     "\t\t((char *)io->u.bdev.iovs[0].iov_base)[4711] ^= 1;\n\t}\n"
     "\tif (spdk_likely(res >= 0 && ctx->done_bytes + (uint64_t)res == ctx->len_bytes)) {\n",
     "every byte is there$"),
    ("header-digest", "digest", "lib/nvme_wire/pdu_build.c",
     "to_le32(p + hlen, wire_hdgst(p, hlen));", "to_le32(p + hlen, wire_hdgst(p, hlen) ^ 1);",
     "^header digest: connect$"),
    ("data-digest", "digest", "module/nvmf/tcp/send.c",
     "wire_ddgst_put(crc, treq->tx_tail);", "wire_ddgst_put(crc ^ 1, treq->tx_tail);",
     "^both digests: "),
    ("digest-off", "digest", "lib/nvme_wire/xfer.c",
     "link->hdgst = req->hdgst && ours->hdgst;", "link->hdgst = false;",
     "^header digest: connect$"),
    ("enough-buffers", "buffers", "test/lab/nvme_tcp.py",
     "self.start(small_pool_count=4, large_pool_count=2)", "self.start()",
     "commands had to wait for one$"),
    ("buffers-mixed-up", "buffers", URING,
     "\tuint64_t offset = io->u.bdev.offset_blocks * io->bdev->blocklen + done;\n",
     "\tuint64_t offset = (io->u.bdev.offset_blocks ^ (io->u.bdev.num_blocks == 256 ? 256 : 0)) *\n"
     "\t                  io->bdev->blocklen;\n"
     "\tif (io->type == SPDK_BDEV_IO_TYPE_READ) {\n"
     "\t\toffset = io->u.bdev.offset_blocks * io->bdev->blocklen + done;\n\t}\n",
     "every byte is there$"),
    ("write-lost", "kill", URING,
     "\t} else if (num == 1) {\n\t\tio_uring_prep_write(sqe, fd,",
     "\t} else if (num == 1 && offset % 262144 == 4096) {\n"
     "\t\tio_uring_prep_read(sqe, fd, iovs[0].iov_base, len, offset);\n"
     "\t} else if (num == 1) {\n\t\tio_uring_prep_write(sqe, fd,",
     "^kill: SIGKILL under load"),
    ("no-flush", "power", FILE,
     "fdatasync(file->fd) == 0 ? 0 : -errno", "file->fd >= 0 ? 0 : -errno",
     "^power cut: "),
    ("flush-too-early", "flush", "lib/nvmf/ctrlr_io.c",
     "rc = spdk_bdev_flush_blocks(ns->desc, ns->channel, 0, ns_num_blocks(ns), io_done, req);\n"
     "\tif (rc == -ENOTSUP && !ns->volatile_cache) {",
     "rc = -ENOTSUP;\n\tif (rc == -ENOTSUP) {",
     "^flush: fdatasync"),
    ("fua-ignored", "power", "lib/bdev/cmd.c",
     "\tio->internal.special |= BDEV_IO_FUA;\n", "\t(void)io;\n",
     "^power cut: "),
    ("flush-not-traced", "flush", FILE,
     "fdatasync(file->fd) == 0 ? 0 : -errno", "file->fd >= 0 ? 0 : -errno",
     "^flush: fdatasync"),
    ("host-discover", "host", "app/spdk_nvme_discover/main.c",
     "print_text(\"trsvcid: \", entry->trsvcid", "print_text(\"trsvcid: \", entry->subnqn",
     "spdk_nvme_discover$"),
    ("host-identify", "host", "app/spdk_nvme_identify/ctrlr.c",
     "print_text(\"Subsystem NQN\", cdata->subnqn",
     "print_text(\"Subsystem NQN\", cdata->subnqn + 1",
     "spdk_nvme_identify$"),
    ("host-digest", "host", "module/nvme/tcp/send.c",
     "wire_ddgst_put(crc, treq->ddgst);", "wire_ddgst_put(crc ^ 1, treq->ddgst);",
     "perf, both digests$"),
    ("host-data", "host", "module/nvme/tcp/recv.c",
     "memcpy(iov[i].iov_base, from, piece);", "memcpy(iov[i].iov_base, from, piece - 1);",
     "every block is what was written$"),
    ("target-dies", "discover", "module/nvmf/tcp/conn.c",
     "\tconn->state = TCP_CONN_CLOSED;\n", "\tabort();\n", "^the target is alive at the end$"),
]


def sh(command, **kw):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **kw)


def need(result, what):
    if result.returncode != 0:
        sys.exit(f"{what}:\n{result.stdout[-4000:]}")


def copy_tree(folder):
    """What git tracks, as it is in the working tree now. What differs gets a new date, so that a
    build folder that is there already makes it anew."""
    names = subprocess.run(["git", "-C", TOP, "ls-files", "-z", "--cached", "--others",
                            "--exclude-standard"], check=True, stdout=subprocess.PIPE).stdout
    for name in filter(None, names.decode().split("\0")):
        source, copy = os.path.join(TOP, name), os.path.join(folder, name)
        if not os.path.exists(source):
            continue
        if not os.path.exists(copy) or not filecmp.cmp(source, copy, shallow=False):
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copy(source, copy)


class Tree:
    def __init__(self, folder):
        self.folder = folder
        self.build = os.path.join(folder, "build")
        copy_tree(folder)
        if not os.path.exists(self.build):
            need(sh(["meson", "setup", self.build], cwd=folder), "meson")
        self.make()

    def make(self):
        need(sh(["ninja", "-C", self.build, *TARGETS]), "building")

    def with_change(self, name, old, new, run):
        path = os.path.join(self.folder, name)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        if text.count(old) != 1:
            sys.exit(f"{name} holds {text.count(old)} times what the mutant changes:\n{old}")
        try:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text.replace(old, new))
            self.make()
            return run()
        finally:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)

    def lab(self, part):
        """Names of the checks that failed, and everything that was printed."""
        out = sh([os.path.join(self.folder, "test/lab/nvme_tcp.py"), "--only", part,
                  self.build], cwd=self.folder).stdout
        return re.findall(r"^not ok \d+ - (.*)$", out, re.M), out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--tree", help="build in this folder, and leave it for the next time")
    parser.add_argument("names", nargs="*", metavar="NAME", help="these mutants; all by default")
    options = parser.parse_args()
    wanted = [m for m in MUTANTS if not options.names or m[0] in options.names]
    missed = 0
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # some mutants die
    print(f"1..{len(wanted)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="basalt-mutants-") as folder:
        tree = Tree(options.tree or folder)
        for number, (name, part, path, old, new, check) in enumerate(wanted, 1):
            failed, out = tree.with_change(path, old, new, lambda p=part: tree.lab(p))
            caught = any(re.search(check, f) for f in failed)
            missed += not caught
            print(f"{'ok' if caught else 'not ok'} {number} - {name}: "
                  f"{'; '.join(failed) or 'nothing failed'}", flush=True)
            if not caught:
                print("# " + out.replace("\n", "\n# "), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
