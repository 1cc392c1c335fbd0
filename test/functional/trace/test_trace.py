#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""test_trace.py BUILD: what programs record, as spdk_trace shows it and as the test's own reader of
the file (trace_file.py) has it: the same; columns as in outputs.md. Files that are cut, of another
version, of dead programs. spdk_trace_record keeps more than the rings do. Prints TAP."""

import glob
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("rpc", "nvmf"):
    sys.path.insert(0, os.path.join(HERE, "..", folder))
from harness import Target, run_tap  # noqa: E402
from nvme_tcp import Host  # noqa: E402
from trace_file import TraceFile  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
TRACE = os.path.join(BUILD, "bin", "spdk_trace")
RECORD = os.path.join(BUILD, "bin", "spdk_trace_record")
BDEVPERF = os.path.join(BUILD, "examples", "bdevperf")
NQN = "nqn.2026-11.io.basalt:tr"
PORT = 15060 + os.getpid() % 100
LIMIT_S = 60


def run(*args, status=0):
    done = subprocess.run(args, capture_output=True, timeout=LIMIT_S, text=True)
    assert done.returncode == status, (args, done.returncode, done.stdout[-500:], done.stderr)
    return done


def shm(pid, name="spdk_tgt"):
    return f"/dev/shm/{name}_trace.pid{pid}"


def load(path):
    with open(path, "rb") as f:
        return f.read()


def set_up(call):
    call("bdev_malloc_create", {"name": "m0", "num_blocks": 2048, "block_size": 512})
    call("nvmf_create_transport", {"trtype": "TCP"})
    call("nvmf_create_subsystem", {"nqn": NQN, "allow_any_host": True, "serial_number": "1"})
    call("nvmf_subsystem_add_ns", {"nqn": NQN, "namespace": {"bdev_name": "m0"}})
    call("nvmf_subsystem_add_listener", {"nqn": NQN, "listen_address": {
        "trtype": "TCP", "adrfam": "IPv4", "traddr": "127.0.0.1", "trsvcid": str(PORT)}})


class Traced:
    """A target that has served reads and writes of a host, with a copy of its trace file."""

    def __init__(self, *args):
        self.target = Target(BUILD, "-e", "bdev,nvmf_tcp,sock,thread", *args)

    def __enter__(self):
        self.target.__enter__()
        try:
            self.work()
        except BaseException:
            self.target.__exit__()
            raise
        self.pid = self.target.process.pid
        return self

    def work(self):
        set_up(self.target.connection.call)
        host = Host("127.0.0.1", PORT, NQN)
        queue = host.queue()
        for i in range(20):
            assert queue.write(i, bytes([i]) * 512).status == 0
            assert queue.read(i, 1).data == bytes([i]) * 512
        host.close()

    def freeze(self):
        """From here on nothing is recorded: the end of the connections comes when it comes."""
        self.target.connection.call("trace_disable_tpoint_group", {"name": "all"})

    def __exit__(self, *exc):
        self.target.__exit__(*exc)


def test_equal_to_own_reader():
    """Each record, of each core, argument by argument."""
    with Traced("-m", "0x3", "--disable-cpumask-locks") as t:
        time.sleep(0.3)
        data = load(shm(t.pid))
        with tempfile.NamedTemporaryFile() as copy:
            copy.write(data)
            copy.flush()
            shown = json.loads(run(TRACE, "-f", copy.name, "-j").stdout)
        live = json.loads(run(TRACE, "-s", "spdk_tgt", "-p", str(t.pid), "-j").stdout)
    own = TraceFile(data)
    assert own.size == len(data) and own.num_sections == 7
    assert shown["tsc_rate"] == own.tsc_rate == live["tsc_rate"]
    names = {p["id"]: p for p in shown["tpoints"]}
    assert {i: p["name"] for i, p in names.items()} == \
        {i: p["name"] for i, p in own.tpoints.items()}
    for i, p in own.tpoints.items():
        assert [(a["name"], a["type"], a["size"]) for a in names[i]["args"]] == p["args"]
    rows = own.all()
    assert len(rows) > 200 and len(rows) == len(shown["entries"]) <= len(live["entries"])
    related = 0
    for row, entry in zip(rows, shown["entries"]):
        tsc, _, tpoint, owner, size, obj, args = row
        assert (entry["tsc"], entry["tpoint"], entry.get("size", 0)) == (tsc, tpoint, size)
        assert entry.get("object", {"value": obj})["value"] == obj
        if owner and own.owners[owner][0] <= tsc:
            assert entry["owner"] == own.owners[owner][2]
        for mine, theirs in zip(args, entry.get("args", [])):
            if isinstance(mine, int) and isinstance(theirs, str):
                related += re.fullmatch(r"r\d+", theirs) is not None
            else:
                assert mine == theirs, (row, entry)
    assert related >= 80, f"{related} I/Os of bdevs and writes of sockets belong to a request"
    check_story(own, rows)


def check_story(own, rows):
    """What one write and one read look like."""
    by_name = {}
    for row in rows:
        by_name.setdefault(own.tpoints[row[2]]["name"], []).append(row)
    for name, num in (("BDEV_IO_START", 40), ("BDEV_IO_DONE", 40), ("TCP_REQ_NEW", 40),
                      ("TCP_REQ_EXECUTING", 40), ("TCP_REQ_EXECUTED", 40),
                      ("TCP_REQ_COMPLETED", 40), ("SOCK_REQ_QUEUE", 40),
                      ("SOCK_REQ_COMPLETE", 40), ("TCP_QP_CREATE", 2), ("TCP_REQ_TX_H_TO_C", 20),
                      ("BDEV_IOCH_CREATE", 1), ("THREAD_IOCH_GET", 1)):
        assert len(by_name.get(name, [])) >= num, (name, len(by_name.get(name, [])))
    writes = [r for r in by_name["BDEV_IO_START"] if r[6][0] == 2]
    assert [(r[4], r[6][2]) for r in writes] == [(1, i) for i in range(20)]
    owner = own.owners[by_name["TCP_REQ_NEW"][-1][3]][2]
    assert re.fullmatch(rf"127\.0\.0\.1:\d+ {NQN} 127\.0\.0\.1:{PORT} qid:\d", owner), owner


LINE = re.compile(r"^(?P<core> {,18}\d+):(?P<us> +\d+\.\d{3})(?P<ticks> \( *\d+\))? "
                  r"(?P<owner>.{64}) (?P<event>.{24}) (?P<size>size: [ \d]{6}| {12}) (?P<args>.*)$")


def test_columns():
    with Traced() as t:
        t.freeze()
        args = (TRACE, "-s", "spdk_tgt", "-p", str(t.pid))
        lines = run(*args).stdout.split("\n")
        ticks = run(*args, "-t").stdout.split("\n")
        relative = run(*args, "-T").stdout.split("\n")
    assert re.fullmatch(r"TSC Rate: \d+", lines[0]), lines[0]
    assert re.fullmatch(r"Trace Size of lcore \(0\): \d+", lines[1]) and lines[-1] == ""
    count = int(lines[1].split()[-1])
    assert len(lines) == count + 3
    last = 0.0
    for line in lines[2:-1]:
        match = LINE.match(line)
        assert match and line[19] == ":" and not match["ticks"], line
        assert float(match["us"]) >= last
        last = float(match["us"])
        assert line.index(match["event"].rstrip()) <= 97 and len(line[:135]) == 135
    assert float(LINE.match(lines[2])["us"]) == 0
    assert all(LINE.match(x)["ticks"] for x in ticks[2:-1])
    assert sum(float(LINE.match(x)["us"]) for x in relative[2:-1]) < last + 1
    start = next(x for x in lines if "BDEV_IO_START" in x)
    assert re.match(r"id: {4}b\d+ \(r\d+\) +type:  \d+ +ctx:   0x[0-9a-f]+ +offset:\d+ *$",
                    start[135:]), start[135:]
    done = [x for x in lines if "TCP_REQ_COMPLETED" in x][-1]
    assert re.match(r"id: +r\d+ +time:  \d+\.\d{3} +opc:   \d+ +cid:   \d+ *$", done[135:])


def test_cores():
    with Traced() as t:
        t.freeze()
        args = (TRACE, "-s", "spdk_tgt", "-p", str(t.pid))
        assert run(*args, "-c", "0").stdout == run(*args).stdout
        done = run(*args, "-c", "5", status=1)
        assert "core 5" in done.stderr and done.stdout == ""
        for bad in ("-1", "1024", "x", ""):
            run(*args, "-c", bad, status=1)


def test_clear():
    with Traced() as t:
        call = t.target.connection.call
        t.freeze()
        assert run(TRACE, "-s", "spdk_tgt", "-p", str(t.pid)).stdout.count("\n") > 200
        call("trace_clear")
        assert run(TRACE, "-s", "spdk_tgt", "-p", str(t.pid)).stdout.count("\n") == 1


def test_after_death():
    """The file of a killed program tells what it did last; that of one which ended, too."""
    for sig in (signal.SIGKILL, signal.SIGTERM):
        with Traced() as t:
            t.target.process.send_signal(sig)
            t.target.process.wait(LIMIT_S)
            shown = json.loads(run(TRACE, "-s", "spdk_tgt", "-p", str(t.pid), "-j").stdout)
            assert len(shown["entries"]) > 200
            text = run(RECORD, "-s", "spdk_tgt", "-p", str(t.pid), "-f", "/dev/null",
                       status=1).stderr
            assert str(t.pid) in text and "spdk_trace -f" in text


def test_shm_id():
    number = str(100000 + os.getpid() % 100000)
    with Traced("-i", number) as t:
        path = f"/dev/shm/spdk_tgt_trace.{number}"
        assert t.target.connection.call("trace_get_info")["tpoint_shm_path"] == path
        assert run(TRACE, "-s", "spdk_tgt", "-i", number).stdout.count("\n") > 200
    os.unlink(path)


def test_shm_id_of_two():
    """A second process of the same id has a file of its own, and leaves that of the first alone."""
    number = str(200000 + os.getpid() % 100000)
    path = f"/dev/shm/spdk_tgt_trace.{number}"
    with Target(BUILD, "-e", "thread", "-i", number, "--disable-cpumask-locks") as first:
        inode = os.stat(path).st_ino
        with Target(BUILD, "-e", "thread", "-i", number, "--disable-cpumask-locks") as second:
            own = shm(second.process.pid)
            assert second.connection.call("trace_get_info")["tpoint_shm_path"] == own
            assert os.stat(path).st_ino == inode
        assert os.stat(path).st_ino == inode, "the second took the file of the first"
        assert first.connection.call("trace_get_info")["tpoint_shm_path"] == path
    for left in (path, own):
        if os.path.exists(left):  # there were records
            os.unlink(left)


def test_bad_files():
    with Traced() as t:
        data = load(shm(t.pid))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "f")
        cuts = [(data[:n], "cut short|shorter") for n in (0, 8, 71, 72, 5000, 2_200_000,
                                                          len(data) - 1)]
        other = [(data[:8] + b"\x08\x00" + data[10:], "another version"),
                 (b"\0" * 100000, "another version"), (os.urandom(100000), "another version")]
        for content, why in cuts + other:
            with open(path, "wb") as f:
                f.write(content)
            for args in ([], ["-j"]):
                done = run(TRACE, "-f", path, *args, status=1)
                assert re.search(why, done.stderr) and done.stdout == "", done.stderr
    for args in (("-s", "spdk_tgt", "-p", "4194304"), ("-f", "/nonexistent"), ("-s", "nobody"),
                 (), ("-s", "a", "-p", "1", "-i", "2"), ("-s", "a", "-f", "b"), ("-x",)):
        assert run(TRACE, *args, status=1).stderr, args


class Load:
    """bdevperf with I/O of 1 MiB, whose rings overflow many times a second."""

    def __init__(self, seconds):
        self.dir = tempfile.mkdtemp(prefix="basalt_trace_")
        config = os.path.join(self.dir, "c.json")
        with open(config, "w", encoding="ascii") as f:
            json.dump({"subsystems": [{"subsystem": "bdev", "config": [
                {"method": "bdev_malloc_create",
                 "params": {"name": "m0", "num_blocks": 8192, "block_size": 512}}]}]}, f)
        self.process = subprocess.Popen(
            [BDEVPERF, "-r", os.path.join(self.dir, "s"), "-c", config, "-q", "1", "-o", "1048576",
             "-w", "randread", "-t", str(seconds), "-e", "bdev:BDEV_IO_START",
             "--num-trace-entries", "256"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def __enter__(self):
        deadline = time.monotonic() + LIMIT_S
        while not os.path.exists(shm(self.process.pid, "bdevperf")):
            assert time.monotonic() < deadline and self.process.poll() is None
            time.sleep(0.02)
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()
        for path in glob.glob(shm(self.process.pid, "bdevperf")):
            os.unlink(path)


def check_record(path):
    """The recorded file is read by both readers alike; what is in it is without gaps."""
    shown = json.loads(run(TRACE, "-f", path, "-j").stdout)
    own = TraceFile(load(path))
    rows = own.all()
    assert own.size == os.path.getsize(path)
    assert len(rows) == len(shown["entries"]), (len(rows), len(shown["entries"]))
    for row, entry in list(zip(rows, shown["entries"]))[::97]:
        assert (row[0], row[2], row[5]) == (entry["tsc"], entry["tpoint"],
                                            entry["object"]["value"])
    return rows


def test_record():
    """More than a ring holds; until the program ends."""
    with Load(3) as load_, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "r")
        done = run(RECORD, "-s", "bdevperf", "-p", str(load_.process.pid), "-f", path)
        assert re.search(r"^\d+ entries, \d+ lost$", done.stdout, re.M), done.stdout
        rows = check_record(path)
        assert len(rows) > 256, len(rows)


def test_scheduler():
    """Rounds of scheduling: each core says how busy it was, each thread too; who moves is told."""
    with Target(BUILD, "-e", "scheduler", "-m", "0x3", "--disable-cpumask-locks") as target:
        call = target.connection.call
        threads = {t["name"]: t["id"] for t in call("thread_get_stats")["threads"]}
        mover = threads["app_thread"]
        call("thread_set_cpumask", {"id": mover, "cpumask": "3"})
        time.sleep(0.2)
        here = [r["lcore"] for r in call("framework_get_reactors")["reactors"]
                if mover in [t["id"] for t in r["lw_threads"]]][0]
        call("framework_set_scheduler", {"name": "static", "mappings": f"{mover}:{1 - here}"})
        for _ in range(LIMIT_S * 10):
            shown = json.loads(run(TRACE, "-s", "spdk_tgt", "-p", str(target.process.pid),
                                   "-j").stdout)
            names = {p["id"]: p["name"] for p in shown["tpoints"]}
            rows = [(names[e["tpoint"]], e["lcore"], e["args"]) for e in shown["entries"]]
            moves = [r for r in rows if r[0] == "SCHEDULER_MOVE_THREAD"]
            if moves:
                break
            time.sleep(0.1)
        assert moves == [("SCHEDULER_MOVE_THREAD", here, [mover, here, 1 - here])], moves
        cores = {r[1] for r in rows if r[0] == "SCHEDULER_CORE_STATS"}
        assert cores == {0, 1}
        told = {r[2][0] for r in rows if r[0] == "SCHEDULER_THREAD_STATS"}
        assert told >= set(threads.values()), (told, threads)
        call("framework_set_scheduler", {"name": "dynamic"})


def test_record_for_a_time():
    with Load(LIMIT_S) as load_, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "r")
        args = (RECORD, "-q", "-s", "bdevperf", "-p", str(load_.process.pid), "-f", path)
        begin = time.monotonic()
        assert run(*args, "-t", "1").stdout == ""
        assert 1 <= time.monotonic() - begin < 20
        check_record(path)
        recorder = subprocess.Popen(args)
        time.sleep(0.5)
        recorder.send_signal(signal.SIGINT)
        assert recorder.wait(LIMIT_S) == 0
        check_record(path)
        assert "can't be written" in run(*args[:-1], folder, "-t", "1", status=1).stderr
    for bad in ((), ("-s", "a"), ("-s", "a", "-p", "1"), ("-f", "x", "-s", "a", "-p", "0"),
                ("-f", "x", "-s", "no_such", "-i", "7"), ("-t", "0")):
        assert run(RECORD, *bad, status=1).stderr, bad
    assert "Usage" in run(RECORD, "-h").stdout and "Usage" in run(TRACE, "-h").stdout


def main():
    tests = [(name[5:].replace("_", " "), test) for name, test in sorted(globals().items())
             if name.startswith("test_")]
    return 1 if run_tap(tests) else 0


if __name__ == "__main__":
    sys.exit(main())
