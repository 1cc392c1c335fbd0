#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""test_programs.py BUILD: what the programs print, column by column, and how they end: hello_bdev,
bdevperf, spdk_nvme_perf, spdk_nvme_identify, spdk_nvme_discover. The formats are those of
test/compat/data/outputs.md. Prints TAP."""

import json
import os
import re
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rpc"))
from harness import Target, run_tap  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
NQN = "nqn.2026-11.io.basalt:programs"
PORT = str(14860 + os.getpid() % 100)
TRID = f"trtype:TCP adrfam:IPv4 traddr:127.0.0.1 trsvcid:{PORT}"
LIMIT_S = 60
NUM = r" +\d+\.\d\d"  # of a width that the test counts itself


def run(path, *args, folder):
    # The control socket is of bdevperf and hello_bdev only.
    sock = ["-r", os.path.join(folder, "own.sock")] if path.startswith("examples/") else []
    done = subprocess.run([os.path.join(BUILD, path), *sock, *args], capture_output=True,
                          timeout=LIMIT_S, stdin=subprocess.DEVNULL, cwd=folder)
    # As bytes: a text would lose its carriage returns.
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    return done


def config(folder):
    path = os.path.join(folder, "config.json")
    with open(path, "w", encoding="ascii") as f:
        json.dump({"subsystems": [{"subsystem": "bdev", "config": [
            {"method": "bdev_malloc_create",
             "params": {"name": "Malloc0", "num_blocks": 2048, "block_size": 512}}]}]}, f)
    return path


def in_folder(test):
    """A test with a folder of its own, and a target with one malloc bdev that hosts reach."""
    def wrapped():
        with Target(BUILD) as target:
            call = target.connection.call
            call("bdev_malloc_create", {"name": "m0", "num_blocks": 2048, "block_size": 512})
            call("nvmf_create_transport", {"trtype": "TCP"})
            call("nvmf_create_subsystem", {"nqn": NQN, "allow_any_host": True,
                                           "serial_number": "SN1", "model_number": "A model"})
            call("nvmf_subsystem_add_ns", {"nqn": NQN, "namespace": {"bdev_name": "m0"}})
            for nqn in (NQN, "nqn.2014-08.org.nvmexpress.discovery"):
                call("nvmf_subsystem_add_listener", {"nqn": nqn, "listen_address": {
                    "trtype": "TCP", "adrfam": "IPv4", "traddr": "127.0.0.1", "trsvcid": PORT}})
            test(os.path.join(target.dir))
            assert target.stop() == 0
    return wrapped


def fields(text, widths):
    """Numbers in columns: one blank before each but the first, right-aligned in its width."""
    at = 0
    for i, width in enumerate(widths):
        if i:
            assert text[at] == " ", f"{text!r}: no blank at {at}"
            at += 1
        part = text[at:at + width]
        assert re.fullmatch(r" *\d+\.\d\d", part), f"{text!r}: {part!r}"
        at += width
    assert at == len(text), f"{text!r}: longer than its columns"
    return [float(x) for x in text.split()]


def test_hello(folder):
    done = run("examples/hello_bdev", "-c", config(folder), "-b", "Malloc0", folder=folder)
    assert done.returncode == 0, done
    done = run("examples/hello_bdev", "-c", config(folder), "-b", "none", folder=folder)
    assert done.returncode != 0 and "none" in done.stderr, done


def test_bdevperf(folder):
    done = run("examples/bdevperf", "-c", config(folder), "-q", "8", "-o", "4096", "-w", "verify",
               "-t", "1", folder=folder)
    assert done.returncode == 0, done
    out = done.stdout
    assert "Running I/O for 1 seconds...\n" in out, out
    for piece in re.findall(r"[^\n\r]*MiB/s\r", out):
        assert re.fullmatch(r"  *\d+\.\d\d IOPS, +\d+\.\d\d MiB/s\r", piece) and \
            len(piece.split(" IOPS")[0]) == 12, repr(piece)
    table = out[out.index("Latency(us)"):].split("\n")
    title = re.search(r"([^\r\n]*Latency\(us\))\n", out).group(1)
    assert title.strip() == "Latency(us)" and len(title) == 107, repr(title)
    assert table[1] == ("\r Device Information          : runtime(s)       IOPS      MiB/s     "
                        "Fail/s     TO/s    Average        min        max"), repr(table[1])
    assert re.fullmatch(r"Job: Malloc0 \(Core Mask 0x[0-9a-f]+, workload: verify, depth: 8, "
                        r"IO size: 4096\)", table[2]), repr(table[2])
    assert table[3] == "\t Verification LBA range: start 0x0 length 0x800", repr(table[3])
    assert table[4].startswith("\t " + "Malloc0".ljust(20) + ": "), repr(table[4])
    row = fields(table[4][24:], [10, 10, 10, 10, 8, 10, 10, 10])
    assert row[0] > 0 and row[1] > 0 and row[3] == row[4] == 0, row
    assert re.fullmatch("\r =+", table[5]), repr(table[5])
    shown = table[6].lstrip("\r").expandtabs(8)
    assert table[6].startswith("\r Total") and shown.index(":") == 29, repr(table[6])


def test_bdevperf_mixed(folder):
    done = run("examples/bdevperf", "-c", config(folder), "-q", "4", "-o", "4096", "-w", "randrw",
               "-M", "30", "-t", "1", "-l", folder=folder)
    assert done.returncode == 0, done
    assert re.search(r"workload: randrw, percentage: 30, depth: 4, IO size: 4096\)\n",
                     done.stdout), done.stdout
    percents = re.findall(r"^ *([\d.]+)% : +[\d.]+us$", done.stdout, re.M)
    wanted = "1 10 25 50 75 90 95 98 99 99.5 99.9 99.99 99.999 99.9999 99.99999".split()
    assert [float(p) for p in percents] == [float(w) for w in wanted], percents


def test_bdevperf_status(folder):
    conf = config(folder)
    done = run("examples/bdevperf", "-c", conf, "-q", "1", "-o", "512", "-w", "nope", "-t", "1",
               folder=folder)
    assert done.returncode == 234 and "nope" in done.stderr, done
    done = run("examples/bdevperf", "-c", conf, "-o", "512", "-w", "read", "-t", "1", folder=folder)
    assert done.returncode == 1, done


def test_perf(folder):
    done = run("bin/spdk_nvme_perf", "-q", "4", "-o", "4096", "-w", "randread", "-t", "1", "-r",
               f"{TRID} subnqn:{NQN}", folder=folder)
    assert done.returncode == 0, done
    lines = done.stdout.split("\n")
    marks = [n for n, x in enumerate(lines) if re.fullmatch("=+", x)]
    name = f"TCP (addr:127.0.0.1 subnqn:{NQN}) NSID 1"
    row = next(x for x in lines if x.startswith(name))
    assert row.startswith(f"{name} from core  0: ") or re.match(
        re.escape(name) + r" from core [ \d]\d: ", row), repr(row)
    figures = fields(row[row.index(" from core ") + len(" from core  0: "):], [10] * 5)
    total = next(x for x in lines if x.startswith("Total"))
    assert total[:total.index(":")].strip() == "Total", repr(total)
    assert abs(fields(total[total.index(":") + 2:], [10] * 5)[0] - figures[0]) < 0.02, total
    assert len(marks) >= 2 and lines[marks[-1] - 1] == row and figures[0] > 0, lines
    assert any(x.startswith("Attached to ") for x in lines), lines


def test_perf_status(folder):
    args = ["-q", "1", "-o", "512", "-w", "read", "-t", "1", "-r"]
    done = run("bin/spdk_nvme_perf", *args, f"{TRID[:-len(PORT)]}1 subnqn:{NQN}", folder=folder)
    assert done.returncode == 255 and "127.0.0.1" in done.stderr, done
    done = run("bin/spdk_nvme_perf", *args, "trtype:NOPE", folder=folder)
    assert done.returncode != 0 and done.stderr, done


def test_identify(folder):
    done = run("bin/spdk_nvme_identify", "-r", f"{TRID} subnqn:{NQN}", folder=folder)
    assert done.returncode == 0, done
    for key, value in (("Serial Number", "SN1"), ("Model Number", "A model"),
                       ("Subsystem NQN", NQN), ("Maximum Queue Entries", "128")):
        assert re.search(rf"^{key}: +{re.escape(value)}$", done.stdout, re.M), \
            f"{key} {value} is not in {done.stdout}"
    done = run("bin/spdk_nvme_identify", "-r", f"{TRID} subnqn:{NQN}-none", folder=folder)
    assert done.returncode != 0 and NQN + "-none" in done.stderr, done


def test_discover(folder):
    process = subprocess.Popen([os.path.join(BUILD, "bin/spdk_nvme_discover"), "-r", TRID],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    watchdog = threading.Timer(LIMIT_S, process.kill)
    watchdog.start()
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("subnqn:") and line.split()[-1] == NQN:
            process.terminate()
    watchdog.cancel()
    err = process.stderr.read()
    process.stderr.close()
    process.stdout.close()
    assert process.wait() == 0, err
    assert any(line.split() == ["trsvcid:", PORT] for line in lines), lines


def main():
    return run_tap([(name[5:].replace("_", " "), in_folder(test))
                    for name, test in sorted(globals().items()) if name.startswith("test_")])


if __name__ == "__main__":
    sys.exit(main())
