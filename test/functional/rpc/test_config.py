#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Configurations and rpc.py: what is wrong with a file is told as file, line, column and reason,
with SPDK's exit status; what was saved can be loaded; rpc.py prints and ends as SPDK's does.

    test_config.py BUILD_ROOT SOURCE_ROOT
"""

import json
import os
import subprocess
import sys
import time

from harness import START_S, Connection, Target, run_tap

EINVAL, ENOENT = 234, 254


def config_of(entries, subsystem="bdev"):
    return (f'{{\n "subsystems": [\n  {{"subsystem": "{subsystem}", "config": [\n{entries}\n'
            '  ]}\n ]\n}\n')


NULL0 = ('{"method": "bdev_null_create", '
         '"params": {"name": "n0", "num_blocks": 100, "block_size": 512}}')

# (text, exit status, "LINE:COLUMN: reason", in which %s is nothing)
BROKEN = [
    ("", EINVAL, "1:1: the text is empty"),
    ('{\n "subsystems": [\n', EINVAL, "3:1: the text ends inside a value"),
    ('{\n "subsystems": [\n  {"subsystem" "bdev"}\n]}', EINVAL, "3:16: ':' is expected here"),
    ('{"subsystems": [],}', EINVAL, "1:19: a name in double quotes is expected here"),
    ('{"subsystems": []} {}', EINVAL, "1:20: something stands behind the configuration"),
    ('{"subsystems": {}}', EINVAL, '1:1: "subsystems" with an array is missing'),
    ('{"subsystems": [{"subsystem": "b\xffdev"}]}', EINVAL, "1:33: not valid UTF-8"),
    (config_of('{"method": "bdev_nix"}'), ENOENT,
     "4:12: there is no method 'bdev_nix' in this program"),
    (config_of(NULL0, "nix"), EINVAL, "3:17: there is no subsystem 'nix' in this program"),
    (config_of('{"params": {}}'), EINVAL, '4:1: "method" is missing'),
    (config_of(NULL0 + ",\n" + NULL0), EINVAL, "5:12: bdev_null_create: "),
    (config_of('{"method": "bdev_null_create",\n "params": {"name": "n0"}}'), EINVAL,
     "4:12: bdev_null_create: parameter "),
    (config_of('{"method": "bdev_null_create", "params": {"nam": "n0"}}'), EINVAL,
     "4:12: bdev_null_create: parameter 'nam' "),
]


def write(path, text):
    with open(path, "w", encoding="latin-1") as f:
        f.write(text)


def check_broken(build, source):
    for text, status, reason in BROKEN:
        target = Target(build, "--json", "placeholder")
        target.stop()
        path = os.path.join(target.dir, "broken.json")
        write(path, text)
        run = subprocess.run([os.path.join(build, "bin", "spdk_tgt"), "-r", target.addr, "--json",
                              path], capture_output=True, text=True, timeout=START_S)
        what = f"{text!r}: {run.returncode}\n{run.stderr}"
        assert run.returncode == status, what
        assert f"{path}:{reason}" in run.stderr, what
        assert not os.path.exists(target.addr), "the socket was left behind"


def check_missing_file(build, source):
    run = subprocess.run([os.path.join(build, "bin", "spdk_tgt"), "--no-rpc-server", "--json",
                          "/nonexistent/basalt.json"], capture_output=True, text=True,
                         timeout=START_S)
    assert run.returncode == 1, run
    assert "/nonexistent/basalt.json" in run.stderr, run.stderr


def rpc_py(source, target, *args, text=None):
    """(exit status, standard output, standard error)"""
    run = subprocess.run([sys.executable, os.path.join(source, "scripts", "rpc.py"), "-s",
                          target.addr, *args], capture_output=True, text=True, timeout=60,
                         **({"stdin": subprocess.DEVNULL} if text is None else {"input": text}))
    return run.returncode, run.stdout, run.stderr


def check_ignore_errors(build, source):
    probe = Target(build, "--json", "placeholder")
    probe.stop()
    path = os.path.join(probe.dir, "partly.json")
    write(path, config_of(NULL0 + ",\n" + NULL0 + ',\n{"method": "bdev_nix"}'))
    with Target(build, "--json", path, "--json-ignore-init-errors") as target:
        names = [b["name"] for b in target.connection.call("bdev_get_bdevs")]
        assert names == ["n0"], names


def check_save_and_load(build, source):
    with Target(build) as target:
        assert rpc_py(source, target, "bdev_null_create", "n0", "64", "4096") == (0, "n0\n", "")
        assert rpc_py(source, target, "bdev_malloc_create", "-b", "m0", "8", "512")[0] == 0
        status, saved, _ = rpc_py(source, target, "save_config")
        assert status == 0
    path = os.path.join(target.dir, "saved.json")
    write(path, saved)
    with Target(build, "--json", path) as target:
        assert rpc_py(source, target, "save_config") == (0, saved, "")
    with Target(build, "--wait-for-rpc") as target:
        assert rpc_py(source, target, "load_config", "-j", path) == (0, "", "")
        assert rpc_py(source, target, "save_config") == (0, saved, "")
        # What belongs before the start is left out of a running program, and said.
        before = '{"subsystems": [{"subsystem": "iobuf", "config": [{"method": ' \
                 '"iobuf_set_options", "params": {}}]}, {"subsystem": "bdev", "config": [' \
                 + NULL0 + "]}]}"
        status, out, err = rpc_py(source, target, "load_config", text=before)
        assert status == 1 and "n0" in out, (status, out, err)  # it is there already
        status, out, err = rpc_py(source, target, "load_config", text=before.replace("n0", "n1"))
        assert (status, out) == (0, "") and "iobuf_set_options" in err, (status, out, err)
        assert [b["name"] for b in target.connection.call("bdev_get_bdevs")] == ["n0", "m0", "n1"]
        status, out, err = rpc_py(source, target, "load_config", text="{")
        assert (status, out) == (1, ""), (status, out, err)
        assert "standard input: " in err and "line 1 column 2" in err, err
        status, out, _ = rpc_py(source, target, "save_subsystem_config", "-n", "bdev", "-i", "-1")
        assert status == 0 and json.loads(out)["subsystem"] == "bdev"


def check_rpc_py_output(build, source):
    with Target(build) as target:
        def rpc(*args, **kwargs):
            return rpc_py(source, target, *args, **kwargs)

        assert rpc("log_set_level", "WARNING") == (0, "", "")
        assert rpc("log_get_level") == (0, '"WARNING"\n', "")
        assert rpc("bdev_get_bdevs") == (0, "[]\n", "")
        status, out, err = rpc("bdev_get_bdevs", "-b", "nix")
        assert (status, err) == (1, ""), (status, err)
        assert out.startswith('request:\n{\n  "name": "nix",\n  "method": "bdev_get_bdevs",\n  '
                              '"req_id": 1\n}\nGot JSON-RPC error response\nresponse:\n{\n  '
                              '"code": -19,\n  "message": '), out
        status, out, err = rpc("log_set_level", "LOUD")
        assert status == 2 and out == "" and "usage:" in err
        status, out, err = rpc("no_such_command")
        assert status == 2 and out == "" and "command: invalid choice: 'no_such_command'" in err
        status, out, err = rpc(text="")
        assert (status, out, err) == (0, "", "")
        status, out, _ = rpc(text="log_get_level\nlog_set_level INFO\n\n# x\nlog_get_level\n")
        assert (status, out) == (0, '"WARNING"\n"INFO"\n'), out
        status, out, _ = rpc(text="log_get_level\nbdev_null_delete nix\nlog_get_level\n")
        assert status == 1
        assert out.startswith('"INFO"\nException:\nlog_get_level\nbdev_null_delete nix <<<\n'), out
        status, out, _ = rpc("-b", text="log_get_level\nlog_get_print_level\n")
        assert status == 0 and len(out.splitlines()) == 2
        line = f"-s {target.addr} log_get_level\n-s {target.addr} bdev_null_delete nix\n"
        status, out, _ = rpc("--server", text=line)
        assert out.startswith('"INFO"\n**STATUS=0\n') and out.endswith("**STATUS=1\n"), out
        status, out, _ = rpc("--dry-run", "bdev_null_create", "n0", "1", "512")
        assert json.loads(out.partition("\n")[2])["params"]["num_blocks"] == 2048
    status, out, err = rpc_py(source, target, "log_get_level")
    assert status == 1 and len(out.splitlines()) == 3 and err == "", (status, out, err)


def check_one_owner(build, source):
    """A second program at the same socket: one line, and an exit status that is not 0."""
    with Target(build) as target:
        run = subprocess.run([os.path.join(build, "bin", "spdk_tgt"), "-r", target.addr],
                             capture_output=True, text=True, timeout=START_S)
        assert run.returncode == EINVAL, run
        assert target.addr in run.stderr
        assert target.connection.call("spdk_get_version")["fields"]["major"] == 26
        mode = os.stat(target.addr).st_mode & 0o777
        assert mode == 0o600, oct(mode)


def check_slow_peer(build, source):
    """Half a request holds up nobody; requests come and go while it waits."""
    with Target(build) as target:
        half = Connection(target.addr)
        half.sock.sendall(b'{"jsonrpc": "2.0", "id": 1, "method": ')
        began = time.monotonic()
        for _ in range(100):
            target.connection.call("log_get_level")
        assert time.monotonic() - began < 5
        assert half.raw('"log_get_level"}')["result"] == "NOTICE"


def check_house_full(build, source):
    """64 peers that send half a request take all places, and lose them when their time is over."""
    with Target(build) as target:
        peers = [Connection(target.addr) for _ in range(63)]
        for peer in peers + [target.connection]:
            peer.sock.sendall(b'{"jsonrpc": "2.0", "id": 1, "method": ')
        began = time.monotonic()
        late = Connection(target.addr)
        late.sock.settimeout(60)
        assert late.call("log_get_level") == "NOTICE"
        assert 25 < time.monotonic() - began < 50, time.monotonic() - began
        for peer in peers:
            answer = json.loads(peer.file.readline())
            assert answer["error"]["code"] == -32700 and answer["id"] is None, answer
            assert peer.file.readline() == ""
        assert "the end of a request did not come in 30 s" in target.log_text()


def check_refused_scheduler(build, source):
    """A scheduler that refuses its options leaves its predecessor as it was, options included."""
    with Target(build) as target:
        call = target.connection.call
        call("framework_set_scheduler", {"name": "dynamic", "period": 77, "load_limit": 28,
                                         "core_limit": 60, "core_busy": 76})
        before = call("framework_get_scheduler")
        answer = target.connection.request("framework_set_scheduler",
                                           '{"name": "static", "period": 5, "mappings": "x"}')
        assert "error" in answer, answer
        assert before["load_limit"] == 28 and call("framework_get_scheduler") == before, before


def check_python_client(build, source):
    """The package as other scripts use it."""
    sys.path.insert(0, os.path.join(source, "python"))
    import spdk.rpc
    from spdk.rpc.client import JSONRPCClient, JSONRPCException
    assert spdk.rpc.client.JSONRPCClient is JSONRPCClient

    def refusal(fn, *args):
        try:
            fn(*args)
        except JSONRPCException as err:
            return err
        raise AssertionError("no JSONRPCException")

    with Target(build) as target, JSONRPCClient(target.addr, timeout=20) as client:
        assert client.call("log_get_level") == client.log_get_level() == "NOTICE"
        assert client.bdev_null_create(name="n0", num_blocks=8, block_size=512) == "n0"
        assert client.bdev_get_bdevs(name="n0")[0]["block_size"] == 512
        assert refusal(client.call, "bdev_null_create",
                       {"name": "n0", "num_blocks": 8, "block_size": 512}).code == -17
        assert len(client.call("rpc_get_schema")["methods"]) > 50
        answers = client.call_batch([("log_get_level", None), ("nix", None)])
        assert [client.result_of(answers[0]), answers[1]["error"]["code"]] == ["NOTICE", -32601]
        # Too long: the program closes while we send, and its reason is read all the same.
        err = refusal(client.call, "log_set_flag", {"flag": "x" * 2 ** 21})
        assert err.code == -32600 and "262144" in err.message, err.message
        assert refusal(client.call, "log_get_level").code is None
    err = refusal(JSONRPCClient, target.addr)
    assert len(err.message.splitlines()) == 3, err.message


def main(build, source):
    checks = (check_broken, check_missing_file, check_ignore_errors, check_save_and_load,
              check_rpc_py_output, check_one_owner, check_slow_peer, check_refused_scheduler,
              check_python_client, check_house_full)
    return run_tap([(check.__name__[6:].replace("_", " "),
                     lambda check=check: check(build, source)) for check in checks])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
