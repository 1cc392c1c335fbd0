#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""--state: what was answered is there after the program was killed at any moment, and each way in
which a state file can be wrong says so, with its line and what to do. The format is read and
written here by independent code.

    test_state.py BUILD_ROOT [SEQUENCES [SEED]]
    test_state.py BUILD_ROOT --on-tmpfs FOLDER      in a mount namespace of its own
"""

import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import time

from harness import Connection, Target, run_tap

BUILD = sys.argv[1]
TMPFS = sys.argv[3] if sys.argv[2:3] == ["--on-tmpfs"] else None
SEQUENCES = int(sys.argv[2]) if len(sys.argv) > 2 and not TMPFS else 12
SEED = int(sys.argv[3]) if len(sys.argv) > 3 and not TMPFS else random.randrange(2 ** 32)
# Sequences that go on with one file; so many that it is rewritten now and then.
CHAIN = 8 if SEQUENCES <= 100 else 200
WINDOW = 6          # requests under way
NQN = "nqn.2016-06.io.spdk:state"
TRANSPORT = ("nvmf_create_transport", {"trtype": "TCP"})


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def make_line(seq, method, params):
    text = json.dumps({"seq": seq, "method": method, "params": params},
                      separators=(",", ":"))[:-1]
    return f'{text},"crc32c":{crc32c(text.encode())}}}\n'


def make_file(path, *changes, head='{"v":1,"gen":1}\n', end=""):
    with open(path, "w", encoding="utf-8") as f:
        f.write(head + "".join(make_line(n, *change) for n, change in enumerate(changes, 1)) + end)


def read_file(path):
    """[(method, params)] of a state file, each line checked, and its generation."""
    with open(path, "rb") as f:
        lines = f.read().split(b"\n")
    assert lines[-1] == b"", "the last line has no end"
    head = json.loads(lines[0])
    assert list(head) == ["v", "gen"] and head["v"] == 1, head
    changes = []
    for seq, line in enumerate(lines[1:-1], 1):
        text, _, crc = line.rpartition(b',"crc32c":')
        assert int(crc[:-1]) == crc32c(text), line
        value = json.loads(line)
        assert list(value) == ["seq", "method", "params", "crc32c"] and value["seq"] == seq, line
        changes.append((value["method"], value["params"]))
    return changes, head["gen"]


def null(name, blocks=64, **more):
    return ("bdev_null_create", {"name": name, "num_blocks": blocks, "block_size": 512, **more})


def bdevs(target):
    return {b["name"]: (b["num_blocks"], b["uuid"])
            for b in target.connection.call("bdev_get_bdevs")}


class Killable(Target):
    """A target that is killed, and leaves nothing of itself but its state."""

    def kill(self):
        self.process.kill()
        self.process.wait()


def start(path, *args):
    return Killable(BUILD, "--state", path, *args)


def fails(path, *args):
    """The log of a program that must not start."""
    target = Killable(BUILD, "--state", path, *args)
    assert target.process.wait(20) != 0
    return target.log_text()


def new_path():
    target_dir = os.path.join("/tmp", f"basalt_state_{os.getpid()}_{random.randrange(10 ** 9)}")
    os.mkdir(target_dir)
    return os.path.join(target_dir, "state")


# ---- Random sequences ----

class Model:
    """What a program holds, and the next change that makes sense for it."""

    def __init__(self):
        self.nulls, self.mallocs, self.subsystems = {}, {}, {}

    def copy(self):
        other = Model()
        other.nulls, other.mallocs = dict(self.nulls), dict(self.mallocs)
        other.subsystems = {n: dict(s) for n, s in self.subsystems.items()}
        return other

    def used(self):
        return {b for s in self.subsystems.values() for b in s.values()}

    def pick(self, rng):
        """(method, params, change of the model); the change gets the result."""
        free = sorted((set(self.nulls) | set(self.mallocs)) - self.used())
        name, blocks = f"n{rng.randrange(30)}", rng.randrange(1, 1000)
        nqn = f"{NQN}{rng.randrange(4)}"
        kind = rng.randrange(8)
        if kind == 0 and sorted(set(self.nulls) - self.used()):
            name = rng.choice(sorted(set(self.nulls) - self.used()))
            return "bdev_null_delete", {"name": name}, lambda m, r: m.nulls.pop(name)
        if kind == 1 and sorted(set(self.mallocs) - self.used()):
            name = rng.choice(sorted(set(self.mallocs) - self.used()))
            return "bdev_malloc_delete", {"name": name}, lambda m, r: m.mallocs.pop(name)
        if kind == 2:
            name = f"m{rng.randrange(30)}"
            if name not in self.mallocs:
                return ("bdev_malloc_create",
                        {"name": name, "num_blocks": blocks, "block_size": 512},
                        lambda m, r: m.mallocs.update({name: blocks}))
        if kind == 3 and nqn not in self.subsystems:
            return ("nvmf_create_subsystem", {"nqn": nqn},
                    lambda m, r: m.subsystems.update({nqn: {}}))
        if kind == 4 and nqn in self.subsystems:
            return ("nvmf_delete_subsystem", {"nqn": nqn}, lambda m, r: m.subsystems.pop(nqn))
        if kind == 5 and nqn in self.subsystems and free:
            name = rng.choice(free)
            nsid = next(n for n in range(1, 99) if n not in self.subsystems[nqn])
            return ("nvmf_subsystem_add_ns", {"nqn": nqn, "namespace": {"bdev_name": name}},
                    lambda m, r: m.subsystems[nqn].update({nsid: name}))
        if kind == 6 and self.subsystems.get(nqn):
            nsid = rng.choice(sorted(self.subsystems[nqn]))
            return ("nvmf_subsystem_remove_ns", {"nqn": nqn, "nsid": nsid},
                    lambda m, r: m.subsystems[nqn].pop(nsid))
        name = f"n{rng.randrange(30)}"
        if name in self.nulls:
            return null(name) + (None,) # refused: it is there
        return null(name, blocks) + (lambda m, r: m.nulls.update({name: blocks}),)

    def key(self):
        return (self.nulls, self.mallocs, self.subsystems)


def found(target):
    """The model of what a program really has."""
    model = Model()
    for b in target.connection.call("bdev_get_bdevs"):
        kind = model.mallocs if b["product_name"] == "Malloc disk" else model.nulls
        kind[b["name"]] = b["num_blocks"]
    for s in target.connection.call("nvmf_get_subsystems"):
        if s["nqn"].startswith(NQN):
            model.subsystems[s["nqn"]] = {n["nsid"]: n["bdev_name"] for n in s["namespaces"]}
    return model


def drive(target, rng, model):
    """Send changes and kill the program at some moment. The models after each change from the last
    one that was answered on."""
    models, sent, answered = [model], 0, 0
    total = rng.randrange(1, 40)
    kill_after = rng.randrange(total + 1)
    delay = rng.choice([0, 0, rng.random() * 0.003, rng.random() * 0.02])
    connection = Connection(target.addr)
    changes = []

    def read():
        nonlocal answered
        line = connection.file.readline()
        if not line.endswith("\n"):
            return False
        answer, change = json.loads(line), changes[answered]
        assert answer["id"] == answered, "answers are in the order of the changes"
        assert ("result" in answer) == (change is not None), answer
        answered += 1
        return True

    while answered < kill_after:
        while sent < total and sent - answered < WINDOW:
            method, params, change = models[-1].pick(rng)
            connection.sock.sendall(json.dumps(
                {"jsonrpc": "2.0", "id": sent, "method": method, "params": params}).encode())
            changes.append(change)
            models.append(models[-1].copy())
            if change is not None:
                change(models[-1], None)
            sent += 1
        read()
    time.sleep(delay)
    target.kill()
    try:
        while answered < sent and read():
            pass
    except ConnectionResetError:
        pass
    connection.close()
    return models[answered:]


def test_killed():
    print(f"# {SEQUENCES} sequences, seed {SEED}", flush=True)
    rewritten = 0
    for n in range(SEQUENCES):
        rng = random.Random(f"{SEED}.{n}")
        if n % CHAIN == 0:
            path, possible = new_path(), [Model()]
        with start(path) as target:
            now = found(target)
            match = [m for m in possible if m.key() == now.key()]
            assert match, (f"sequence {n}: {now.key()} is none of "
                           f"{[m.key() for m in possible]}\n{target.log_text()}")
            if n % CHAIN == 0:
                target.connection.call(*TRANSPORT)
            else:
                assert target.connection.call("nvmf_get_transports"), n
            possible = drive(target, rng, match[0])
        if os.path.exists(path) and not n % 5:
            try:
                rewritten += read_file(path)[1] > 1
            except AssertionError as e:
                assert "no end" in str(e), e
    print(f"# {rewritten} files had been rewritten", flush=True)


# ---- What is filled in, and when ----

def test_generated():
    path = new_path()
    with start(path) as target:
        call = target.connection.call
        assert call("bdev_malloc_create", {"num_blocks": 8, "block_size": 512}) == "Malloc0"
        call(*null("n0", uuid="00000000-0000-0000-0000-000000000000"))
        call("nvmf_create_subsystem", {"nqn": NQN})
        assert call("nvmf_subsystem_add_ns",
                    {"nqn": NQN, "namespace": {"bdev_name": "n0", "nsid": 0}}) == 1
        answer = target.connection.request("bdev_null_delete", '{"name": "nix"}')
        assert "error" in answer
        target.connection.call("bdev_get_bdevs")
        before, saved = bdevs(target), target.connection.save_config()
        changes, gen = read_file(path)
        assert gen == 1
        assert [m for m, p in changes] == ["bdev_malloc_create", "bdev_null_create",
                                           "nvmf_create_subsystem", "nvmf_subsystem_add_ns"]
        assert changes[0][1]["name"] == "Malloc0"
        assert changes[0][1]["uuid"] == before["Malloc0"][1]
        assert changes[1][1]["uuid"] == before["n0"][1] and "0-0000-0000" not in before["n0"][1]
        assert changes[3][1]["namespace"] == {"bdev_name": "n0", "nsid": 1}
        target.kill()
    with start(path) as target:
        assert bdevs(target) == before
        assert target.connection.save_config() == saved
        assert target.stop() == 0
    assert not os.path.exists(path + ".lock")


def test_rewritten():
    path = new_path()
    with start(path) as target:
        for n in range(700):
            target.connection.call(*null("n", 8 + n))
            target.connection.call("bdev_null_delete", {"name": "n"})
        target.connection.call(*null("last"))
        changes, gen = read_file(path)
        assert gen > 1 and len(changes) < 1300, (gen, len(changes))
        before, saved = bdevs(target), target.connection.save_config()
        target.kill()
    with start(path) as target:
        assert bdevs(target) == before and list(before) == ["last"]
        assert target.connection.save_config() == saved
    assert not os.path.exists(path + ".new")


def test_rewritten_in_slices():
    """A configuration that is longer than what one step writes, with changes behind it."""
    path = new_path()
    with start(path) as target:
        sock, answers = target.connection.sock, target.connection.file
        for n in range(700):
            sock.sendall(json.dumps(dict(zip(("method", "params"), null(f"n{n}")), id=n)).encode())
            if n >= 20:
                assert json.loads(answers.readline())["result"] == f"n{n - 20}"
        for n in range(680, 700):
            assert json.loads(answers.readline())["result"] == f"n{n}"
        before = bdevs(target)
        assert read_file(path)[1] > 1
        target.kill()
    with start(path) as target:
        assert bdevs(target) == before and len(before) == 700


def test_batch():
    path = new_path()
    with start(path) as target:
        calls = [dict(zip(("method", "params"), null(f"n{n}")), id=n) for n in range(50)]
        answers = target.connection.raw(json.dumps(calls))
        assert [a["result"] for a in answers] == [f"n{n}" for n in range(50)]
        target.connection.raw(json.dumps(dict(zip(("method", "params"), null("silent")))) +
                              '{"method":"bdev_get_bdevs","id":1}')
        target.connection.call(*null("after"))
        target.kill()
    with start(path) as target:
        assert list(bdevs(target)) == [f"n{n}" for n in range(50)] + ["silent", "after"]


# ---- With other options ----

def test_json():
    path = new_path()
    config = os.path.join(os.path.dirname(path), "config.json")
    with open(config, "w", encoding="utf-8") as f:
        json.dump({"subsystems": [{"subsystem": "bdev", "config": [
            {"method": m, "params": p} for m, p in (
                ("bdev_set_options", {"bdev_io_pool_size": 4096}), null("a"), null("b"))]}]}, f)
    with start(path, "-c", config) as target:
        target.connection.call("bdev_null_delete", {"name": "a"})
        target.kill()
    assert ("bdev_null_delete", {"name": "a"}) in read_file(path)[0]
    with start(path, "-c", config) as target:
        assert list(bdevs(target)) == ["b"]
        assert "is not applied" in target.log_text()
        options = dict((e["method"], e.get("params")) for e in target.connection.call(
            "framework_get_config", {"name": "bdev"}))["bdev_set_options"]
        assert options["bdev_io_pool_size"] == 4096


def test_wait_for_rpc():
    path = new_path()
    with start(path, "--wait-for-rpc") as target:
        target.connection.call("bdev_set_options", {"bdev_io_pool_size": 2048})
        target.connection.call("framework_start_init")
        target.connection.call(*null("a"))
        target.kill()
    with start(path, "--wait-for-rpc") as target:
        target.connection.call("bdev_set_options", {"bdev_io_cache_size": 16})
        target.connection.call("framework_start_init")
        assert list(bdevs(target)) == ["a"]
        target.kill()
    with start(path) as target:
        assert list(bdevs(target)) == ["a"]
        options = dict((e["method"], e.get("params")) for e in target.connection.call(
            "framework_get_config", {"name": "bdev"}))["bdev_set_options"]
        assert (options["bdev_io_pool_size"], options["bdev_io_cache_size"]) == (2048, 16)


# ---- Bad files ----

def test_torn():
    for end in ("{", '{"seq":3,"method":"bdev_null_create","par', make_line(3, *null("c"))[:-1],
                "x" * 3000, make_line(3, *null("c")).replace("512", "\0\0\0"), "\0" * 700):
        path = new_path()
        make_file(path, null("a"), null("b"), end=end)
        with start(path) as target:
            assert list(bdevs(target)) == ["a", "b"], end
            assert f"{path}:4: " in target.log_text(), target.log_text()
            target.connection.call(*null("d"))
            target.kill()
        assert [p["name"] for m, p in read_file(path)[0]] == ["a", "b", "d"]


def test_bad_lines():
    good = make_line(2, *null("b"))
    cases = [
        (1, '{"v":2,"gen":1}\n', "newer version", None),
        (1, '{"v":1,"gen":0}\n', "gen", None),
        (1, '{"v":1}\n', "gen", None),
        (1, '{"subsystems": []}\n', "no state file", None),
        (1, "hello\n", "", None),
        (1, '{"v":1,"gen":1}', "no end", ()),
        (3, None, "was changed", good.replace("64", "65")),
        (3, None, "missing at its end", "{}\n"),
        (3, None, "is empty", "\n"),
        (3, None, "its number is 3", make_line(3, *null("b"))),
        (3, None, "missing at its end", "nonsense\n"),
        (3, None, "missing at its end", good[:100] + "\n" + good),
        (3, None, "missing at its end", good[:100] + "\0" + good[101:-20] + "\n"
         + make_line(3, *null("c"))),
        (4, None, "its number is 2", good + good),
        (3, None, "no method 'nix'", make_line(2, "nix", {})),
        (3, None, "bdev_null_create", make_line(2, *null("a")) + make_line(3, *null("c"))),
        (3, None, "parameter 'nix'", make_line(2, "bdev_null_delete", {"nix": 1})),
    ]
    for line, head, reason, rest in cases:
        path = new_path()
        changes = [] if rest == () else [null("a")]
        make_file(path, *changes, head=head or '{"v":1,"gen":1}\n', end=rest or "")
        with open(path, "rb") as f:
            before = f.read()
        log = fails(path)
        assert f"{path}:{line}: " in log and reason in log, (line, reason, log)
        with open(path, "rb") as f:
            assert f.read() == before, "a file that is wrong is left as it is"
        assert not os.path.exists(path + ".lock"), path


def test_go_on():
    """What fails is left out, and kept in the file, if the user says so."""
    path = new_path()
    make_file(path, null("a"), ("bdev_null_delete", {"name": "gone"}), ("nix", None), null("b"))
    with start(path, "--json-ignore-init-errors") as target:
        assert list(bdevs(target)) == ["a", "b"]
        for n in range(300):
            target.connection.call(*null("n", 8 + n))
            target.connection.call("bdev_null_delete", {"name": "n"})
    changes, gen = read_file(path)
    assert gen == 1 and changes[1:3] == [("bdev_null_delete", {"name": "gone"}), ("nix", None)]
    assert len(changes) == 604


def test_held():
    path = new_path()
    with start(path) as target:
        log = fails(path)
        assert f"process {target.process.pid} has it" in log, log
        target.connection.call(*null("a"))
        target.kill()
    with start(path) as target: # a dead process holds nothing
        assert list(bdevs(target)) == ["a"]


def test_no_folder():
    log = fails("/nonexistent/folder/state")
    assert "/nonexistent/folder/state" in log and "folder" in log, log


def test_empty_file():
    path = new_path()
    with open(path, "w", encoding="ascii"):
        pass
    with start(path) as target:
        target.connection.call(*null("a"))
        target.kill()
    assert [p["name"] for m, p in read_file(path)[0]] == ["a"]


def test_stop_while_busy():
    """SIGTERM with changes under way: a clean end, and what was answered is there."""
    path = new_path()
    with start(path) as target:
        for n in range(200):
            target.connection.sock.sendall(json.dumps(
                dict(zip(("method", "params"), null(f"n{n}")), id=n)).encode())
        target.process.send_signal(signal.SIGTERM)
        answered = 0
        try:
            while True:
                line = target.connection.file.readline()
                if not line.endswith("\n"):
                    break
                answered += "result" in json.loads(line)
        except (ConnectionResetError, socket.timeout):
            pass
        assert target.process.wait(20) == 0, target.log_text()
    assert answered <= len(read_file(path)[0]) <= 200


# ---- No room ----

class SmallDisk:
    """A file system of 256 KiB, which a file of ours fills."""
    error, remedy = -28, "Make room there"

    def __init__(self, folder):
        self.path = os.path.join(folder, "state")
        self.filler = os.path.join(folder, "filler")

    def begin(self, target):
        pass

    def fill(self, target):
        with open(self.filler, "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(4096))
            except OSError as e:
                assert e.errno == 28, e

    def make_room(self, target):
        os.unlink(self.filler)


class SmallFiles:
    """A limit of the length of files, which a program gets before its first change. (Not earlier:
    its memory has descriptors, and counts as files.)"""
    error, remedy = -27, "ulimit -f"

    def __init__(self, folder):
        self.path = os.path.join(folder, "state")

    def begin(self, target):
        resource.prlimit(target.process.pid, resource.RLIMIT_FSIZE, (20000, resource.RLIM_INFINITY))

    def fill(self, target):
        pass

    def make_room(self, target):
        resource.prlimit(target.process.pid, resource.RLIMIT_FSIZE,
                         (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def try_calls(target, disk):
    """Make bdevs until one is refused: their names. The refusal is clear, and nothing happened."""
    names = []
    for _ in range(2000):
        name = f"f{random.randrange(10 ** 12)}"
        answer = target.connection.request("bdev_null_create", json.dumps(null(name)[1]))
        if "error" in answer:
            break
        names.append(name)
    error = answer["error"]
    assert error["code"] == disk.error, answer
    for part in ("bdev_null_create was not done", disk.path, disk.remedy, "try again"):
        assert part in error["message"], (part, error)
    there = set(bdevs(target))
    assert name not in there and set(names) <= there, (name, names)
    return names


def check_no_room(disk):
    with start(disk.path) as target:
        disk.begin(target)
        target.connection.call(*null("first"))
        disk.fill(target)
        want = {"first", *try_calls(target, disk)}
        before = bdevs(target)
        recorded = {p["name"] for m, p in read_file(disk.path)[0]}
        assert recorded == want == set(before), (recorded ^ want, want ^ set(before))
        target.kill()
    with start(disk.path) as target:
        assert bdevs(target) == before
        disk.begin(target)
        disk.fill(target)
        try_calls(target, disk)
        disk.make_room(target)
        target.connection.call(*null("room"))
        target.connection.call("bdev_null_delete", {"name": "first"})
        before = bdevs(target)
        target.kill()
    with start(disk.path) as target:
        assert bdevs(target) == before and "room" in before and "first" not in before


def check_full_at_start(folder):
    """The very first file can't be written."""
    disk = SmallDisk(folder)
    disk.path += "2"
    disk.fill(None)
    log = fails(disk.path)
    assert disk.path in log and "No space left on device" in log, log
    disk.make_room(None)
    with start(disk.path) as target:
        target.connection.call(*null("a"))


def on_tmpfs(folder):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "basalt", folder], check=True)
    check_no_room(SmallDisk(folder))
    check_full_at_start(folder)


def test_full_disk():
    """A real file system that is full, where this user may mount one."""
    folder = os.path.dirname(new_path())
    user = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    unshare = ["unshare", *user, "--mount"]
    may = subprocess.run([*unshare, "mount", "-t", "tmpfs", "basalt", folder],
                         capture_output=True, text=True)
    if may.returncode != 0:
        print(f"# no mount, so the limit of files is all that is tried: {may.stderr.strip()}")
        return
    done = subprocess.run([*unshare, sys.executable, __file__, BUILD, "--on-tmpfs", folder],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout


def test_limit_of_files():
    """RLIMIT_FSIZE: no file may get so long. For everybody, everywhere."""
    check_no_room(SmallFiles(os.path.dirname(new_path())))


if __name__ == "__main__":
    if TMPFS:
        sys.exit(on_tmpfs(TMPFS))
    tests = [(name[5:], test) for name, test in list(globals().items())
             if name.startswith("test_")]
    if len(sys.argv) > 2 and SEQUENCES > 100:
        tests = [t for t in tests if t[0] == "killed"]
    status = run_tap(tests)
    subprocess.run(f"rm -rf /tmp/basalt_state_{os.getpid()}_*", shell=True, check=True)
    sys.exit(status != 0)
