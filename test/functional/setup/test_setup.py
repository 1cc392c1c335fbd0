# SPDX-License-Identifier: BSD-3-Clause
"""test_setup.py SOURCE: scripts/setup.sh on a made-up system with NUMA nodes: which numbers it
writes where, what it leaves alone, what it refuses. Prints TAP."""

import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rpc"))
from harness import run_tap  # noqa: E402

SCRIPT = os.path.join(sys.argv[1], "scripts", "setup.sh")
SIZES = ("2048", "1048576")
ALL = "kernel/mm/hugepages"


class System:
    """/sys and /proc of a machine; pages of a node and of all are numbers that nobody adds up."""

    def __init__(self, num_nodes=2):
        self.root = tempfile.mkdtemp(prefix="basalt_setup_")
        self.folders = [ALL] + [f"devices/system/node/node{i}/hugepages" for i in range(num_nodes)]
        for folder in self.folders:
            for size in SIZES:
                os.makedirs(self.path(folder, size))
                self.write(folder, size, 0, "free_hugepages")
                self.write(folder, size, 0)
        os.makedirs(os.path.join(self.root, "proc"))
        with open(os.path.join(self.root, "proc", "meminfo"), "w", encoding="ascii") as f:
            f.write("MemTotal: 1 kB\nHugepagesize:       2048 kB\n")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        shutil.rmtree(self.root)

    def path(self, folder, size):
        return os.path.join(self.root, "sys", folder, f"hugepages-{size}kB")

    def write(self, folder, size, number, name="nr_hugepages"):
        with open(os.path.join(self.path(folder, size), name), "w", encoding="ascii") as f:
            f.write(f"{number}\n")

    def read(self, folder, size):
        with open(os.path.join(self.path(folder, size), "nr_hugepages"), encoding="ascii") as f:
            return int(f.read())

    def pages(self, size="2048"):
        """Of all, and of each node."""
        return [self.read(folder, size) for folder in self.folders]

    def run(self, *args, **env):
        plain = {"PATH": os.environ["PATH"], "SETUP_ROOT": self.root}
        done = subprocess.run([SCRIPT, *args], env={**plain, **env}, capture_output=True, text=True,
                              timeout=20)
        return done.returncode, done.stdout, done.stderr


def test_how_many_and_where():
    rows = [({}, "2048", [1024, 0, 0]), ({"HUGEMEM": "4096"}, "2048", [2048, 0, 0]),
            ({"HUGEMEM": "3"}, "2048", [2, 0, 0]), ({"NRHUGE": "7"}, "2048", [7, 0, 0]),
            ({"NRHUGE": "0"}, "2048", [0, 0, 0]),
            ({"HUGEPGSZ": "1048576"}, "1048576", [2, 0, 0]),
            ({"HUGE_EVEN_ALLOC": "yes"}, "2048", [0, 512, 512]),
            ({"HUGE_EVEN_ALLOC": "no"}, "2048", [1024, 0, 0]),
            ({"HUGE_EVEN_ALLOC": "yes", "NRHUGE": "5"}, "2048", [0, 3, 2]),
            ({"HUGE_EVEN_ALLOC": "yes", "HUGEPGSZ": "1048576"}, "1048576", [0, 1, 1]),
            ({"HUGENODE": "1"}, "2048", [0, 0, 1024]),
            ({"HUGENODE": "1,0", "NRHUGE": "3"}, "2048", [0, 1, 2])]
    for env, size, want in rows:
        for command in ([], ["config"]):
            with System() as system:
                assert system.run(*command, **env) == (0, "", ""), env
                assert system.pages(size) == want, (env, system.pages(size))
                other = SIZES[size == SIZES[0]]
                assert system.pages(other) == [0, 0, 0], env


def test_what_is_there():
    for env, want in (({}, 50), ({"SHRINK_HUGE": "yes"}, 10), ({"CLEAR_HUGE": "yes"}, 10)):
        with System() as system:
            system.write(ALL, "2048", 50)
            assert system.run(NRHUGE="10", **env) == (0, "", ""), env
            assert system.pages()[0] == want, (env, system.pages())
    with System() as system:
        system.write(ALL, "2048", 5)
        system.write(ALL, "1048576", 6)
        assert system.run("reset") == (0, "", "")
        assert system.pages()[0] == 0 and system.pages("1048576")[0] == 0


def test_status():
    with System(num_nodes=1) as system:
        system.write(system.folders[1], "2048", 12)
        system.write(system.folders[1], "2048", 3, "free_hugepages")
        status, out, err = system.run("status")
        assert (status, err) == (0, "")
        assert out.split("\n")[:2] == ["Hugepages", "node     hugesize     free /  total"], out
        assert "node0      2048kB        3 /     12" in out.split("\n"), out


def test_refusals():
    rows = [({"HUGEPGSZ": "4096"}, "no huge pages of 4096 KiB"),
            ({"HUGEPGSZ": "../.."}, "no huge pages of ../.."), ({"NRHUGE": "-1"}, "NRHUGE=-1"),
            ({"HUGEMEM": "2G"}, "HUGEMEM=2G"), ({"HUGENODE": "2"}, "no NUMA node 2, but: 0 1"),
            ({"HUGENODE": "x"}, "no NUMA node x")]
    for env, text in rows:
        with System() as system:
            status, out, err = system.run(**env)
            assert (status, out) == (1, "") and text in err and err.count("\n") == 1, (env, err)
            assert system.pages() == [0, 0, 0]
    with System() as system:
        status, out, err = system.run("bind")
        assert status == 2 and "config, status, reset, help" in err
        assert "HUGE_EVEN_ALLOC" in system.run("help")[1]


def test_fewer_than_asked():
    """A system that gives 3 pages, whatever is asked for: its file can't be changed."""
    with System() as system:
        path = os.path.join(system.path(ALL, "2048"), "nr_hugepages")
        os.unlink(path)
        os.mkfifo(path)
        script = f"echo 3 >{path}; cat <{path} >/dev/null; echo 3 >{path}"
        feeder = subprocess.Popen(["sh", "-c", script])
        status, _, err = system.run(NRHUGE="10")
        feeder.wait(20)
        assert status == 1 and "3 of 10 huge pages of 2048 KiB" in err, err


if __name__ == "__main__":
    TESTS = [test_how_many_and_where, test_what_is_there, test_status, test_refusals,
             test_fewer_than_asked]
    sys.exit(run_tap([(t.__name__, t) for t in TESTS]) != 0)
