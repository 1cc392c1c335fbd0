#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Roles: who may connect, and what each may call. As root: other users are real ones.

    test_roles.py BUILD_ROOT
"""

import errno
import json
import os
import socket
import subprocess
import sys

from harness import Connection, Target, run_tap

BUILD = sys.argv[1]
# A user, his group, and groups that he is a member of besides.
USER, GROUP, EXTRA = 61234, 61235, 61236
CREATE = ("bdev_null_create", {"name": "n", "num_blocks": 8, "block_size": 512})
READ = ("bdev_get_bdevs", None)
OPERATE = ("log_set_level", {"level": "NOTICE"})

ASK = """
import json, os, socket, sys
addr, uid, gid, groups, calls = json.loads(sys.argv[1])
os.setgroups(groups); os.setgid(gid); os.setuid(uid)
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
try:
    s.connect(addr)
except OSError as e:
    print(json.dumps("refused" if e.errno == 13 else str(e))); sys.exit()
answers = []
f = s.makefile("r")
for method, params in calls:
    try:
        text = params if method is None else json.dumps(
            {"id": 1, "method": method, **({"params": params} if params else {})})
        s.sendall(text.encode())
        line = f.readline()
    except OSError:
        line = ""
    answers.append(json.loads(line) if line else None)
print(json.dumps(answers))
"""


def ask(target, calls, uid=USER, gid=GROUP, groups=()):
    """The answers that another user gets; "refused" when the kernel does not let him connect."""
    os.chmod(target.dir, 0o755)
    done = subprocess.run([sys.executable, "-c", ASK,
                           json.dumps([target.addr, uid, gid, list(groups), calls])],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def kinds(answers):
    return ["ok" if a and "result" in a else a and a["error"]["code"] for a in answers]


def test_default():
    with Target(BUILD) as target:
        assert os.stat(target.addr).st_mode & 0o777 == 0o600
        assert ask(target, [READ]) == "refused"
        os.chmod(target.addr, 0o666) # somebody has changed it: still nobody else gets in
        assert ask(target, [READ]) == [None]
        assert "user 61234" in target.log_text()
        assert target.connection.call(*CREATE) == "n"


def test_roles():
    calls = [READ, OPERATE, CREATE, ("no_such", None), READ]
    for role, want in (("observe", ["ok", -errno.EACCES, -errno.EACCES, -32601, "ok"]),
                       ("operate", ["ok", "ok", -errno.EACCES, -32601, "ok"]),
                       ("admin", ["ok", "ok", "ok", -32601, "ok"])):
        for rule, groups in ((f"user:{USER}", ()), (f"group:{GROUP}", ()),
                             (f"group:{EXTRA}", (5, EXTRA))):
            with Target(BUILD, "--rpc-role", f"{rule}={role}") as target:
                answers = ask(target, calls, groups=groups)
                assert kinds(answers) == want, (rule, role, answers)
                if role == "observe":
                    text = answers[2]["error"]["message"]
                    assert "admin" in text and "observe" in text and "--rpc-role" in text, text
                assert kinds(ask(target, [READ], uid=USER + 9, gid=9)) == [None]
                assert [b["name"] for b in target.connection.call("bdev_get_bdevs")] == \
                    (["n"] if role == "admin" else [])


def test_batch():
    """Each call of a batch by itself; a notification changes nothing either."""
    call = {"method": CREATE[0], "params": CREATE[1]}
    batch = json.dumps([{**call, "id": 1}, {"method": READ[0], "id": 2}, call])
    with Target(BUILD, "--rpc-role", f"user:{USER}=observe") as target:
        answers = ask(target, [(None, json.dumps(call) + batch)])[0]
        assert kinds(answers) == [-errno.EACCES, "ok"], answers
        assert target.connection.call("bdev_get_bdevs") == []


def test_tcp():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    process = subprocess.Popen([os.path.join(BUILD, "bin", "spdk_tgt"), "-r", f"127.0.0.1:{port}",
                                "--rpc-role", "tcp=observe"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        connection = None
        for _ in range(400):
            try:
                connection = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                subprocess.run(["sleep", "0.05"], check=True)
        file = connection.makefile("r")
        got = []
        for method, params in (READ, CREATE):
            connection.sendall(json.dumps({"id": 1, "method": method,
                                           **({"params": params} if params else {})}).encode())
            got.append(json.loads(file.readline()))
        assert kinds(got) == ["ok", -errno.EACCES], got
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_bad_rules():
    for rule in ("", "user:1=boss", "user:no such user=admin", "1000=admin", "tcp"):
        done = subprocess.run([os.path.join(BUILD, "bin", "spdk_tgt"), "--rpc-role", rule],
                              capture_output=True, text=True, timeout=20)
        assert done.returncode != 0, rule
        assert "--rpc-role" in done.stderr and "user:" in done.stderr, done.stderr
    name = Target(BUILD, "--rpc-role", "user:nobody=observe")
    with name as target:
        assert kinds(ask(target, [READ], uid=65534, gid=65534)) == ["ok"]


def test_several_servers_one_lock():
    """The path of one program is not taken over by another; a dead one's is."""
    with Target(BUILD) as target:
        done = subprocess.run([os.path.join(BUILD, "bin", "spdk_tgt"), "-r", target.addr],
                              capture_output=True, text=True, timeout=20)
        assert done.returncode != 0 and "another process listens there" in done.stderr, done.stderr
        assert target.connection.call("bdev_get_bdevs") == []
        target.process.kill()
        target.process.wait()
        assert os.path.exists(target.addr)
        again = subprocess.Popen([os.path.join(BUILD, "bin", "spdk_tgt"), "-r", target.addr],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(400):
                try:
                    assert Connection(target.addr).call("bdev_get_bdevs") == []
                    break
                except OSError:
                    subprocess.run(["sleep", "0.05"], check=True)
        finally:
            again.terminate()
            assert again.wait(20) == 0
        assert not os.path.exists(target.addr) and not os.path.exists(target.addr + ".lock")


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("1..0 # SKIP other users need root")
        sys.exit(0)
    sys.exit(run_tap([(name[5:], test) for name, test in list(globals().items())
                      if name.startswith("test_")]) != 0)
