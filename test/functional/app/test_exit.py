# SPDX-License-Identifier: BSD-3-Clause
"""test_exit.py BUILD: the exit status of spdk_tgt for each reason to end, as the table "Exit status
of programs on the framework" has them, and the one line that says what to do. Two rows wait for
their parts (accel, iSCSI): test_rows_without_a_part() fails when those come."""

import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rpc"))
from harness import Connection, drop_trace, run_tap  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
PROGRAM = os.path.join(BUILD, "bin", "spdk_tgt")
END_S = 60
NOBODY = 65534
DIR = tempfile.mkdtemp(prefix="basalt_exit_")


class Program:
    """spdk_tgt; sock None: with a socket of its own."""

    count = 0

    def __init__(self, *args, sock=None, **popen):
        Program.count += 1
        self.sock = sock or os.path.join(DIR, f"{Program.count}.sock")
        base = os.path.join(DIR, str(Program.count))
        self.files = [open(base + end, "w+", encoding="utf-8") for end in (".out", ".err")]
        popen.setdefault("executable", PROGRAM)
        self.process = subprocess.Popen(
            ["spdk_tgt", "-r", self.sock, *args], stdin=subprocess.DEVNULL, stdout=self.files[0],
            stderr=self.files[1], cwd=DIR, preexec_fn=as_from_a_shell, **popen)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        drop_trace(self.process.pid)

    def text(self, which):
        self.files[which].seek(0)
        return self.files[which].read()

    def out(self):
        return self.text(0)

    def err(self):
        return self.text(1)

    def wait_up(self, method="framework_wait_init"):
        """A connection, when the program has answered."""
        deadline = time.monotonic() + END_S
        while True:
            try:
                connection = Connection(self.sock)
                connection.call(method)
                return connection
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline, self.err()
                time.sleep(0.02)

    def status(self):
        """As a shell has it; minus the signal that killed it."""
        return self.process.wait(END_S)


def as_from_a_shell():
    """No core files; signals that a background job or nohup ignores end the program again."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for sig in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(sig, signal.SIG_DFL)


def ends(status, line, *args, errors=1, **how):
    """Start it; it must end by itself with this status, and say this in its one error line."""
    with Program(*args, **how) as program:
        got = program.status()
        err = program.err()
    assert got == status, f"status {got} for {status}:\n{err}"
    lines = [row for row in err.splitlines() if "*ERROR*" in row] or err.splitlines()
    assert len(lines) == errors or errors is None, err
    assert re.search(line, "\n".join(lines)), f"no {line!r} in:\n{err}"


def config(subsystem, *calls):
    fd, path = tempfile.mkstemp(".json", dir=DIR)
    os.close(fd)
    entries = [{"method": method, **({"params": params} if params is not None else {})}
               for method, params in calls]
    with open(path, "w", encoding="ascii") as f:
        json.dump({"subsystems": [{"subsystem": subsystem, "config": entries}]}, f)
    return path


def a_core():
    return max(os.sched_getaffinity(0))


def test_bad_arguments():
    for args, line in ((["--nope"], "nope"), (["-L", "nope"], "nope"), (["-s", "x"], "'x'")):
        with Program(*args) as program:
            assert program.status() == 2
            assert "Usage: " in program.out()
            assert len(program.err().splitlines()) == 1 and line in program.err(), program.err()


def test_cores():
    ends(1, "zz", "-m", "zz")
    ends(1, "1023", "-m", "[1023]")


def test_core_lock():
    with Program("-m", f"[{a_core()}]") as first:
        first.wait_up()
        ends(1, rf"Core {a_core()} .*process {first.process.pid} .*-m.*--disable-cpumask-locks",
             "-m", f"[{a_core()}]")
        with Program("-m", f"[{a_core()}]", "--disable-cpumask-locks") as beside:
            beside.wait_up()


def test_memory():
    ends(1, "--mem-size", "-s", "100000000")
    ends(234, "raise --mem-size", "-s", "1")


def test_no_config_file():
    ends(1, "none.json.*No such file", "-c", os.path.join(DIR, "none.json"))


def test_config_syntax():
    path = os.path.join(DIR, "syntax.json")
    with open(path, "w", encoding="ascii") as f:
        f.write('{"subsystems": [')
    ends(234, "syntax.json:1:", "-c", path)


MALLOC_BAD = ("bdev_malloc_create", {"name": "x", "num_blocks": 8, "block_size": 7})


def test_config_entries():
    for status, line, path in (
            (254, "no_such", config("bdev", ("no_such", {}))),
            (234, "block_size", config("bdev", MALLOC_BAD)),
            (234, "framework_wait_init: .*its own end", config(
                "bdev", ("framework_wait_init", None))),
            (234, "framework_start_init: .*its own end", config(
                "bdev", ("framework_start_init", None))),
            (234, "num_blocks", config("bdev", ("bdev_malloc_create", {"num_blocks": "x"}))),
            (234, "nosuch", config("nosuch", MALLOC_BAD))):
        ends(status, line, "-c", path)


def test_config_errors_ignored():
    for path in (config("bdev", MALLOC_BAD), config("nosuch", MALLOC_BAD)):
        with Program("-c", path, "--json-ignore-init-errors") as program:
            program.wait_up()


def test_port_in_use():
    nqn = "nqn.2026-11.io.basalt:exit"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        # Two lines: the socket says what to do, the configuration where it stands.
        ends(234, rf"127\.0\.0\.1 port {port} .*in use; .*choose another", "-c", config(
            "nvmf", ("nvmf_create_transport", {"trtype": "TCP"}),
            ("nvmf_create_subsystem", {"nqn": nqn}),
            ("nvmf_subsystem_add_listener", {"nqn": nqn, "listen_address": {
                "trtype": "TCP", "adrfam": "IPv4", "traddr": "127.0.0.1",
                "trsvcid": port}})), errors=2)


def test_second_instance():
    with Program() as first:
        first.wait_up()
        ends(234, "another process listens there; choose another with -r", sock=first.sock)
        first.wait_up()


def test_killed_instance_is_replaced():
    with Program() as first:
        first.wait_up()
        first.process.kill()
        assert first.status() == -signal.SIGKILL and os.path.exists(first.sock)
        with Program(sock=first.sock) as second:
            second.wait_up()


def test_socket_path():
    plain = os.path.join(DIR, "plain")
    with open(plain, "w", encoding="ascii") as f:
        f.write("kept")
    ends(234, "no socket.*-r", sock=plain)
    with open(plain, encoding="ascii") as f:
        assert f.read() == "kept"
    ends(234, "folder does not exist", sock=os.path.join(DIR, "none", "sock"))
    ends(234, "too long", sock=os.path.join(DIR, "x" * 200))


def test_no_permission():
    """As a user who may not write where the socket is to be; by descriptor, since the folder of
    the program may be closed to that user too."""
    closed = os.path.join(DIR, "closed")
    os.mkdir(closed, 0o555)
    os.chmod(DIR, 0o755)
    fd = os.open(PROGRAM, os.O_RDONLY)
    try:
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
        ends(234, "this user may not make it; choose another with -r",
             sock=os.path.join(closed, "sock"), executable=f"/proc/self/fd/{fd}", pass_fds=(fd,),
             **user)
    finally:
        os.close(fd)


def test_surplus_argument():
    with Program("surplus") as program:
        program.wait_up()


def test_help_and_version():
    with Program("--help") as program:
        assert program.status() == 0 and "Usage: " in program.out() and program.err() == ""
    with Program() as running:
        version = running.wait_up().call("spdk_get_version")["version"]
    with Program("--version") as program:
        assert program.status() == 0 and program.out() == version + "\n"


def test_clean_stop():
    for sig in (signal.SIGTERM, signal.SIGINT):
        for args, method in (([], "framework_wait_init"), (["--wait-for-rpc"], "rpc_get_methods")):
            with Program(*args) as program:
                program.wait_up(method)
                program.process.send_signal(sig)
                assert program.status() == 0, program.err()
                assert not os.path.exists(program.sock)
                assert not os.path.exists(program.sock + ".lock")


def test_stop_while_configuring():
    """An entry asks for the stop: those far behind it do not run on what is being taken down."""
    path = config("bdev", ("spdk_kill_instance", {"sig_name": "SIGTERM"}), *[
        ("bdev_malloc_create", {"name": f"m{i}", "num_blocks": 2048, "block_size": 512})
        for i in range(50)], MALLOC_BAD)
    for args in ([], ["--json-ignore-init-errors"]):
        with Program("-c", path, *args) as program:
            assert program.status() == 0, program.err()
            assert "ERROR" not in program.err(), program.err()


def test_other_signals():
    for sig in (signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGKILL):
        with Program() as program:
            program.wait_up()
            program.process.send_signal(sig)
            assert program.status() == -sig


def test_tracepoint_options():
    """-e names groups and tracepoints; a clean end removes a file without a record only."""
    for groups, tpoints in (("bdev", ("bdev", 2 ** 64 - 1)), ("0x8", ("bdev", 2 ** 64 - 1)),
                            ("thread:1", ("thread", 1)),
                            ("bdev:BDEV_IO_DONE,thread", ("bdev", 2)),
                            ("8:0x3", ("bdev", 3))):
        with Program("-e", groups, "--num-trace-entries", "1024") as program:
            info = program.wait_up().call("trace_get_info")
            name, mask = tpoints
            assert int(info[name]["tpoint_mask"], 16) == mask, (groups, info)
            path = info["tpoint_shm_path"]
            assert os.path.exists(path) and os.stat(path).st_mode & 0o777 == 0o600
            program.process.terminate()
            assert program.status() == 0
    for bad in ("nobody", "bdev,", "bdev:NOTHING", "all:1", "bdev:", "0"):
        with Program("-e", bad) as program:
            assert program.status() == 1, bad
            assert "-e:" in program.err()
    with Program("--num-trace-entries", "0", "-e", "all") as program:
        assert program.status() == 1
    with Program("--num-trace-entries", "0") as program:
        assert program.wait_up().call("trace_get_info")["tpoint_shm_path"] == ""
    with Program() as program:
        path = program.wait_up().call("trace_get_info")["tpoint_shm_path"]
        assert path == f"/dev/shm/spdk_tgt_trace.pid{program.process.pid}", path
        program.process.terminate()
        assert program.status() == 0 and not os.path.exists(path)


def test_rows_without_a_part():
    with Program() as program:
        methods = program.wait_up().call("rpc_get_methods")
    assert "accel_assign_opc" not in methods and "iscsi_set_options" not in methods


def main():
    tests = [(name[5:].replace("_", " "), test) for name, test in sorted(globals().items())
             if name.startswith("test_")]
    try:
        return 1 if run_tap(tests) else 0
    finally:
        shutil.rmtree(DIR, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
