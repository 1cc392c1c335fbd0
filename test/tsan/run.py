#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""run.py BUILD: what has threads, in a build with -Db_sanitize=thread, and programs on two cores. A
report of a race is a failure, wherever it comes from. Ends with `N passed, N failed, N skipped`.

suppressions.txt is a list of what ThreadSanitizer can't know, each with its reason."""

import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# What runs more than one thread. All else is stepped by hand in one.
TESTS = ["unit_env_stress_native", "unit_env_wait_native",
         "unit_env_stream_native", "unit_env_pool_native", "unit_event_reactors",
         "unit_event_cycles", "unit_thread_loop", "unit_sock_posix", "unit_bdev_uring"]
# They look at how big the process is, with ThreadSanitizer's own memory in it: only what it reports
# counts.
BIG = [["test/unit/lib/env/ut_env_native_native"], ["test/functional/cycle", "20"]]
RACE_STATUS = 66
LIMIT_S = 240
JOB = ["-q", "16", "-o", "4096", "-t", "2"]


class Run:
    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.reports = os.path.join(self.build, "tsan")
        shutil.rmtree(self.reports, ignore_errors=True)
        os.makedirs(self.reports)
        options = (f"log_path={self.reports}/report:suppressions={HERE}/suppressions.txt:"
                   f"history_size=5:second_deadlock_stack=1:exitcode={RACE_STATUS}")
        self.env = {**os.environ, "TSAN_OPTIONS": options}
        self.passed = self.failed = 0

    def report(self, good, what):
        print(f"{'ok' if good else 'not ok'} - {what}", flush=True)
        self.passed += good
        self.failed += not good

    def call(self, argv, what, statuses=(0,)):
        try:
            done = subprocess.run(argv, env=self.env, capture_output=True, text=True,
                                  timeout=LIMIT_S, stdin=subprocess.DEVNULL, check=False)
        except subprocess.TimeoutExpired:
            self.report(False, f"{what}: no end after {LIMIT_S} s")
            return
        if done.returncode not in statuses:
            print(done.stdout[-2000:] + done.stderr[-2000:])
        self.report(done.returncode in statuses, what)

    def program(self, name):
        return os.path.join(self.build, "bin" if name != "bdevperf" else "examples", name)

    def tests(self):
        for name in TESTS:
            self.call(["meson", "test", "-C", self.build, "--no-rebuild", "-t", "5", name], name)
        for program, *args in BIG:
            self.call([os.path.join(self.build, program), *args], os.path.basename(program),
                      statuses=(0, 1))

    def bdevs(self, folder):
        """Two cores: on one bdev where its content does not count, else on one each."""
        config = os.path.join(folder, "bdevs.json")
        with open(config, "w", encoding="utf-8") as f:
            f.write('{"subsystems":[{"subsystem":"bdev","config":['
                    '{"method":"bdev_malloc_create","params":{"name":"m0","num_blocks":8192,'
                    '"block_size":4096}},'
                    '{"method":"bdev_passthru_create","params":{"name":"p0",'
                    '"base_bdev_name":"m0"}},'
                    '{"method":"bdev_malloc_create","params":{"name":"m1","num_blocks":8192,'
                    '"block_size":4096}}]}]}')
        for how in (["-w", "randrw", "-M", "50", "-C"], ["-w", "verify", "-C"],
                    ["-w", "flush", "-C"], ["-w", "unmap"], ["-w", "write_zeroes"],
                    ["-w", "reset", "-C"]):
            self.call([self.program("bdevperf"), "-m", "0x3", "--disable-cpumask-locks", "-c",
                       config, *JOB, *how], f"bdevperf on two cores, {how[1]}")

    def target(self, folder):
        """A target and a host, each on two cores."""
        port, rpc = str(14860 + os.getpid() % 100), os.path.join(folder, "rpc.sock")
        with subprocess.Popen([self.program("spdk_tgt"), "-m", "0x3", "--disable-cpumask-locks",
                               "-r", rpc], env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as target:
            try:
                self.serve(rpc, port)
                where = f"trtype:TCP adrfam:IPv4 traddr:127.0.0.1 trsvcid:{port}"
                self.call([self.program("spdk_nvme_perf"), "-r", where, "-q", "16", "-o", "4096",
                           "-w", "randrw", "-M", "50", "-t", "5", "-c", "0x3", "-P", "2"],
                          "spdk_nvme_perf on two cores")
                target.send_signal(signal.SIGTERM)
                self.report(target.wait(60) == 0, "spdk_tgt on two cores")
            finally:
                if target.poll() is None:
                    target.kill()

    def serve(self, rpc, port):
        nqn = "nqn.2026-11.io.basalt:tsan"
        script = os.path.join(HERE, "..", "..", "scripts", "rpc.py")
        deadline = time.monotonic() + 60
        while not os.path.exists(rpc) and time.monotonic() < deadline:
            time.sleep(0.1)
        for command in (["bdev_malloc_create", "-b", "m0", "32", "4096"],
                        ["nvmf_create_transport", "-t", "TCP"],
                        ["nvmf_create_subsystem", nqn, "-a"],
                        ["nvmf_subsystem_add_ns", nqn, "m0"],
                        ["nvmf_subsystem_add_listener", nqn, "-t", "TCP", "-f", "IPv4", "-a",
                         "127.0.0.1", "-s", port]):
            subprocess.run([sys.executable, script, "-s", rpc, "-t", "60", *command], check=True,
                           stdout=subprocess.DEVNULL)

    def races(self):
        """Each report that was left, the first ones whole."""
        reports = sorted(glob.glob(os.path.join(self.reports, "report.*")))
        for path in reports[:5]:
            with open(path, encoding="utf-8", errors="replace") as f:
                print(f.read(6000))
        self.report(not reports, f"no race was reported ({len(reports)} reports)")


def main(build):
    run = Run(build)
    run.tests()
    with tempfile.TemporaryDirectory(prefix="basalt_tsan_") as folder:
        run.bdevs(folder)
        run.target(folder)
    run.races()
    print(f"{run.passed} passed, {run.failed} failed, 0 skipped")
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
