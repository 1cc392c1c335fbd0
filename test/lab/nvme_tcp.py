#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The NVMe/TCP lab. Our target on this machine under a Linux host in a guest, and the kernel's
target in the guest under our host programs. Prints TAP.

The guest (nvme_tcp_guest.sh) runs the list of checks. What only this side can do it asks for: it
writes ask.N into the shared folder, and an answer.N comes back, "0" or a reason. README.md lists
the checks.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
RPC_PY = os.path.join(HERE, "..", "..", "scripts", "rpc.py")
NQN = "nqn.2026-11.io.basalt:lab"
KERNEL_NQN = "nqn.2026-11.io.basalt:lab-kernel"
DISCOVERY_NQN = "nqn.2014-08.org.nvmexpress.discovery"
VOLUME_BYTES = 128 * 1024 * 1024
SECTIONS = ("discover", "pass", "digest", "idle", "buffers", "kill", "power", "flush", "host")
GUEST_LIMIT_S = 540
START_LIMIT_S = 20
QUIET_S, IDLE_S, IDLE_MAX_PERCENT = 10, 30, 1


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def rpc(method, **params):
    return {"method": method, "params": params}


def configuration(volume, port, pools):
    address = {"trtype": "TCP", "adrfam": "IPv4", "traddr": "127.0.0.1", "trsvcid": str(port)}
    return {"subsystems": [
        {"subsystem": "iobuf", "config": [rpc("iobuf_set_options", **pools)]},
        {"subsystem": "bdev", "config": [
            rpc("bdev_uring_create", name="volume", filename=volume, block_size=512)]},
        {"subsystem": "nvmf", "config": [
            rpc("nvmf_create_transport", trtype="TCP"),
            rpc("nvmf_create_subsystem", nqn=NQN, serial_number="LAB1", allow_any_host=True),
            rpc("nvmf_subsystem_add_ns", nqn=NQN, namespace={"bdev_name": "volume", "nsid": 1}),
            rpc("nvmf_subsystem_add_listener", nqn=NQN, listen_address=address),
            rpc("nvmf_subsystem_add_listener", nqn=DISCOVERY_NQN, listen_address=address)]},
    ]}


class Target:
    """Our target on its file, started, killed and started again."""

    def __init__(self, build, work):
        self.build, self.work = build, work
        self.port = free_port()
        self.volume = os.path.join(work, "volume")
        self.snapshot = os.path.join(work, "snapshot")
        self.kept = os.path.join(work, "kept")
        self.trace = os.path.join(work, "trace")
        self.log = os.path.join(work, "target.log")
        self.config = os.path.join(work, "target.json")
        self.socket = os.path.join(work, "rpc.sock")
        self.process = None
        with open(self.volume, "wb") as f:
            f.truncate(VOLUME_BYTES)

    def start(self, prefix=(), **pools):
        with open(self.config, "w") as f:
            json.dump(configuration(self.volume, self.port, pools), f, indent=1)
        env = dict(os.environ, LAB_SNAPSHOT_OF=self.volume, LAB_SNAPSHOT_TO=self.snapshot,
                   LD_PRELOAD=os.path.join(self.build, "test", "lab", "liblab_snapshot.so"))
        command = [*prefix, os.path.join(self.build, "bin", "spdk_tgt"),
                   "-r", self.socket, "--json", self.config]
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True)
        deadline = time.monotonic() + START_LIMIT_S
        while not self.listens():
            if self.process.poll() is not None:
                raise RuntimeError(f"the target ended with status {self.process.returncode}")
            if time.monotonic() > deadline:
                raise RuntimeError("the target does not listen")
            time.sleep(0.02)

    def listens(self):
        """By the kernel's table, so that no connection of ours is in the way."""
        wanted = f":{self.port:04X} 00000000:0000 0A"
        with open("/proc/net/tcp") as f:
            return wanted in f.read()

    def end(self, sig=signal.SIGKILL):
        if self.process is not None:
            try:
                os.killpg(self.process.pid, sig)
            except ProcessLookupError:
                pass
            self.process.wait(30)
            self.process = None

    # What the guest may ask for.

    def kill(self):
        self.end()

    def keep_copy(self):
        shutil.copyfile(self.snapshot, self.kept)

    def power_cut(self):
        """The machine dies, and the disk keeps what was synced when the copy was kept."""
        self.end()
        os.replace(self.kept, self.volume)
        self.start()

    def start_small(self):
        """With so few buffers that commands must wait for one."""
        self.end(signal.SIGTERM)
        self.start(small_pool_count=4, large_pool_count=2)

    def check_waits(self):
        r = subprocess.run([sys.executable, RPC_PY, "-s", self.socket, "iobuf_get_stats"],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=100, text=True)
        if r.returncode != 0:
            raise RuntimeError(f"iobuf_get_stats: {r.stdout}")
        for pool in ("small_pool", "large_pool"):
            if sum(module[pool]["retry"] for module in json.loads(r.stdout)) == 0:
                raise RuntimeError(f"nothing waited for a buffer of {pool}: {r.stdout}")
        self.end(signal.SIGTERM)
        self.start()

    def cpu_seconds(self):
        """User and system time of all threads, by the kernel's count."""
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def check_idle(self):
        """A host is connected and only keeps alive."""
        time.sleep(QUIET_S)
        begin, cpu = time.monotonic(), self.cpu_seconds()
        time.sleep(IDLE_S)
        percent = 100 * (self.cpu_seconds() - cpu) / (time.monotonic() - begin)
        if percent > IDLE_MAX_PERCENT:
            raise RuntimeError(f"an idle target takes {percent:.2f} % of a core")

    def start_traced(self):
        self.end(signal.SIGTERM)
        self.start(("strace", "-f", "-xx", "-s", "120", "-o", self.trace, "-e",
                    "trace=readv,recvmsg,recvfrom,read,sendmsg,sendto,writev,fdatasync,fsync"))

    def check_trace(self):
        self.end(signal.SIGTERM)
        self.start()
        with open(self.trace) as f:
            trace_has_flush(f.read().splitlines())


# A line of strace: pid, call (or "<... call resumed>"), the rest.
CALL = re.compile(r"^\d+\s+(?:<\.\.\. )?(\w+)")
BYTES = re.compile(r'iov_base="((?:\\x[0-9a-f]{2})*)"|\(\d+, "((?:\\x[0-9a-f]{2})*)"')


def line_bytes(line):
    """The data of a traced call, its vectors joined."""
    return b"".join(bytes.fromhex((a or b).replace("\\x", "")) for a, b in BYTES.findall(line))


def trace_has_flush(lines):
    """FLUSH capsule received, then fdatasync returned 0, then its CapsuleResp sent; else raise."""
    state, cid = "flush", None
    for line in lines:
        m = CALL.match(line)
        if not m:
            continue
        data = line_bytes(line)
        if state == "flush" and data[:1] == b"\x04" and data[2:3] == b"\x48" and data[8:9] == b"\0":
            state, cid = "sync", data[10:12]
        elif m.group(1) in ("sendmsg", "sendto", "writev") and cid is not None:
            if data[:1] == b"\x05" and data[20:22] == cid:
                if state != "answer":
                    raise RuntimeError("the flush was answered before fdatasync returned")
                return
        elif state == "sync" and m.group(1) in ("fdatasync", "fsync"):
            if line.rstrip().endswith("= 0"):
                state = "answer"
    raise RuntimeError(f"the trace ends while it waits for: {state}")


class Lab:
    def __init__(self, options):
        self.options = options
        self.build = build = os.path.abspath(options.build)
        self.kernel_only = kernel_only = options.kernel_only
        self.work = tempfile.mkdtemp(prefix="basalt-lab-")
        self.out = os.path.join(self.work, "out")
        os.mkdir(self.out)
        self.target = None if kernel_only else Target(build, self.work)
        self.kernel_port = free_port()
        self.guest = None
        self.count = self.failed = 0

    def program(self, name, *args):
        """Run one of our host programs against the kernel's target."""
        r = subprocess.run([os.path.join(self.build, name), *args], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=110, text=True)
        if r.returncode != 0:
            raise RuntimeError(f"{name} ended with {r.returncode}:\n{r.stdout[-2000:]}")
        return r.stdout

    def trid(self, digests):
        trid = (f"trtype:TCP adrfam:IPv4 traddr:127.0.0.1 trsvcid:{self.kernel_port} "
                f"subnqn:{KERNEL_NQN}")
        return trid + (" hdgst:Y ddgst:Y" if digests else "")

    def discover(self):
        """It watches the service after it printed the log, until it is told to stop."""
        trid = f"trtype:TCP adrfam:IPv4 traddr:127.0.0.1 trsvcid:{self.kernel_port}"
        p = subprocess.Popen([os.path.join(self.build, "bin/spdk_nvme_discover"), "-r", trid],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True)
        watchdog = threading.Timer(100, p.kill)
        watchdog.start()
        try:
            lines = []
            for text in p.stdout:
                lines.append(text)
                if re.match(rf"subnqn:\s*{re.escape(KERNEL_NQN)}$", text.rstrip()):
                    p.terminate()
            if p.wait() != 0:
                raise RuntimeError(f"spdk_nvme_discover ended with {p.returncode}:\n"
                                   + "".join(lines)[-2000:])
            if not any(re.match(r"trsvcid:\s*4420$", text.rstrip()) for text in lines):
                raise RuntimeError("the log lacks the port:\n" + "".join(lines)[-2000:])
        finally:
            watchdog.cancel()
            p.stdout.close()

    def identify(self):
        out = self.program("bin/spdk_nvme_identify", "-r", self.trid(False))
        if not re.search(rf"^Subsystem NQN:\s+{re.escape(KERNEL_NQN)}$", out, re.M):
            raise RuntimeError(f"identify does not show the subsystem:\n{out[:2000]}")

    def perf(self, *options):
        out = self.program("bin/spdk_nvme_perf", "-r", self.trid(False), "-q", "8", "-o", "4096",
                           "-w", "randrw", "-M", "50", "-t", "3", *options)
        m = re.search(r"^Total\s*:\s*([\d.]+)", out, re.M)
        if not m or float(m.group(1)) <= 0:
            raise RuntimeError(f"perf shows no I/O:\n{out[-2000:]}")

    def verify(self, digests):
        self.program("test/lab/nvme_verify", self.trid(False), *(["digests"] if digests else []))

    def answer(self, what):
        asks = {
            "discover": self.discover,
            "identify": self.identify,
            "perf": self.perf,
            "perf-digests": lambda: self.perf("-H", "-I"),
            "verify": lambda: self.verify(False),
            "verify-digests": lambda: self.verify(True),
        }
        if self.target is not None:
            asks.update({"kill": self.target.kill, "start": self.target.start,
                         "keep-copy": self.target.keep_copy, "power-cut": self.target.power_cut,
                         "small-pools": self.target.start_small,
                         "waited": self.target.check_waits, "idle": self.target.check_idle,
                         "trace": self.target.start_traced, "traced": self.target.check_trace})
        try:
            asks[what]()
            return "0"
        except Exception as e:  # the guest shows it with its check
            return f"{type(e).__name__}: {e}"

    def serve(self, stop):
        n = 1
        while not stop.wait(0.02):
            ask = os.path.join(self.out, f"ask.{n}")
            if not os.path.exists(ask):
                continue
            with open(ask) as f:
                reply = self.answer(f.read().strip())
            with open(os.path.join(self.out, ".answer.tmp"), "w") as f:
                f.write(reply + "\n")
            os.replace(os.path.join(self.out, ".answer.tmp"), os.path.join(self.out, f"answer.{n}"))
            n += 1

    def line(self, text):
        """A line of the guest: number the checks, comment the rest."""
        m = re.match(r"(not ok|ok) - (.*)", text)
        if m:
            self.count += 1
            self.failed += m.group(1) != "ok"
            print(f"{m.group(1)} {self.count} - {m.group(2)}", flush=True)
        elif text.strip():
            print("# " + text.lstrip("# "), flush=True)

    def run(self):
        kernel = subprocess.run([os.path.join(HERE, "kernel.sh")], stdout=subprocess.PIPE,
                                text=True, check=True).stdout.strip()
        if self.target is not None:
            self.target.start()
        addr, port = ("127.0.0.1", 4420) if self.kernel_only else ("10.0.2.2", self.target.port)
        self.guest = subprocess.Popen(
            [os.path.join(HERE, "guest.sh"), "-k", kernel, "-o", self.out, "-t", str(GUEST_LIMIT_S),
             "-m", "nvme-tcp,nvmet-tcp,ext4",
             "-f", f"tcp:127.0.0.1:{self.kernel_port}-:4420",
             os.path.join(HERE, "nvme_tcp_guest.sh"), addr, str(port), NQN,
             ",".join(self.options.only)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", start_new_session=True)
        stop = threading.Event()
        server = threading.Thread(target=self.serve, args=(stop,), daemon=True)
        server.start()
        for text in self.guest.stdout:
            self.line(text.rstrip())
        rc = self.guest.wait()
        stop.set()
        self.line(f"{'ok' if rc == 0 else 'not ok'} - the guest ran to its end (status {rc})")
        if rc == 124:
            self.line(f"it did not within {GUEST_LIMIT_S} s: is the machine busy with something "
                      "else? --only runs a part")
        if self.target is not None:
            died = self.target.process is None or self.target.process.poll() is not None
            self.line(f"{'not ok' if died else 'ok'} - the target is alive at the end")
        print(f"1..{self.count}")

    def clean(self):
        if self.guest is not None and self.guest.poll() is None:
            os.killpg(self.guest.pid, signal.SIGKILL)
        if self.target is not None:
            self.target.end()
            if self.failed:
                with open(self.target.log, errors="replace") as f:
                    for text in f.read().splitlines()[-60:]:
                        print("# target: " + text)
        if self.failed and self.options.keep:
            print(f"# kept: {self.work} (volume, target.log, target.json, trace)")
            return
        shutil.rmtree(self.work, ignore_errors=True)
        if self.failed:
            print("# to look closer, run the part that failed alone, and keep its files:\n"
                  f"#     {os.path.relpath(__file__)} --keep --only PART {self.options.build}\n"
                  f"# PART: {', '.join(SECTIONS)}. Does the lab itself work here? --kernel-only")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("build", help="build folder")
    parser.add_argument("--only", action="append", default=[], choices=SECTIONS,
                        help="run this part; may be given several times")
    parser.add_argument("--keep", action="store_true", help="keep the files of a run that failed")
    parser.add_argument("--kernel-only", action="store_true",
                        help="the guest plays both sides: does the lab itself work?")
    return parser.parse_args()


def main():
    options = parse_options()
    missing = [p for p in ("qemu-system-x86_64", "nvme", "fio", "mkfs.ext4", "busybox", "strace")
               if shutil.which(p, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None]
    if missing:
        print(f"1..0 # SKIP not installed: {' '.join(missing)} (make check as root installs them)")
        return 0
    lab = Lab(options)
    # A test runner that gives up sends SIGTERM: leave nothing running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        lab.run()
    except Exception as e:
        lab.line(f"not ok - the lab: {type(e).__name__}: {e}")
        print(f"1..{lab.count}")
    finally:
        lab.clean()
    return 1 if lab.failed else 0


if __name__ == "__main__":
    sys.exit(main())
