#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""rpc.py as its user sees it: what each failure says and with which status it ends; plug-ins, that
work and that do not load; the forms of addresses; the modes that read lines.

    test_rpc_py.py BUILD_ROOT SOURCE_ROOT
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from harness import Target, run_tap

ANSWER_S = 60
PLUGIN = """\
from spdk.rpc.cmd_parser import print_json

def spdk_rpc_plugin_initialize(subparsers):
    def mine(args):
        print_json(args.client.call("bdev_null_create", {"name": args.name, "num_blocks": 8,
                                                         "block_size": 512}))
    parser = subparsers.add_parser("mine", help="a null bdev of 4 KiB")
    parser.add_argument("name")
    parser.set_defaults(func=mine)
    parser = subparsers.add_parser("log_get_flags")
    parser.set_defaults(func=lambda args: print("of the plug-in"))
"""
# What a plug-in may be, and what is said of it.
BROKEN_PLUGINS = [
    ("syntax", "def f(:\n", "plug-in broken_syntax failed: SyntaxError", "broken_syntax.py:1"),
    ("imports", "import no_such_module_x\n", "needs the module no_such_module_x", "install it"),
    ("entry", "x = 1\n", "has no function spdk_rpc_plugin_initialize", "define it"),
    ("raises", "def spdk_rpc_plugin_initialize(s):\n    raise KeyError('k')\n",
     "failed: KeyError: 'k'", "broken_raises.py:2"),
    ("exits", "raise ValueError('bad start')\n", "failed: ValueError: bad start", "Mend it"),
]


class Folder:
    """A folder for a test, and rpc.py run with it on PYTHONPATH."""

    def __init__(self, build, source):
        self.path = tempfile.mkdtemp(prefix="basalt_rpc_py_")
        self.script = os.path.join(source, "scripts", "rpc.py")
        self.env = {**os.environ, "PYTHONPATH": self.path,
                    "BASALT_RPC_SCHEMA": os.path.join(build, "schema.json")}

    def write(self, name, text):
        path = os.path.join(self.path, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def run(self, *args, text=None, user=None):
        """(exit status, standard output, standard error)"""
        stdin = {"stdin": subprocess.DEVNULL} if text is None else {"input": text}
        run = subprocess.run([sys.executable, self.script, *args], capture_output=True, text=True,
                             timeout=ANSWER_S, env=self.env, cwd=self.path, check=False, user=user,
                             **stdin)
        return run.returncode, run.stdout, run.stderr

    def refused(self, words, *args, **kwargs):
        """A connection that fails: three lines on standard output that hold the words, status 1."""
        status, out, err = self.run(*args, "log_get_level", **kwargs)
        lines = out.splitlines()
        assert (status, err, len(lines)) == (1, "", 3), (status, out, err)
        assert lines[0].startswith("Error while connecting to "), out
        for word in words:
            assert word in out, f"{word!r} is not in {out!r}"


def check_no_program(build, source):
    f = Folder(build, source)
    f.refused(["No such file", "Is SPDK application running, with -r /nonexistent/x.sock?"],
              "-s", "/nonexistent/x.sock")
    stale = os.path.join(f.path, "stale.sock")
    left = socket.socket(socket.AF_UNIX)
    left.bind(stale)
    left.close()
    f.refused(["refused", "killed has left this socket"], "-s", stale)
    f.refused(["no socket of an SPDK application"], "-s", f.write("file", ""))
    f.refused(["at most 107 bytes"], "-s", "/" + "x" * 150)
    f.refused(["-p a port from 1 to 65535"], "-s", "127.0.0.1", "-p", "65536")
    f.refused(["can't be an address"], "-s", "." * 300)
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    port = str(closed.getsockname()[1])
    f.refused(["with -r 127.0.0.1:" + port], "-s", "127.0.0.1", "-p", port)
    f.refused(["with -r [::1]:" + port + ":5260"], "-s", "[::1]:" + port)
    closed.close()


def check_permission(build, source):
    """The socket of another user: who it belongs to."""
    with Target(build) as target:
        f = Folder(build, source)
        if os.getuid() != 0:  # nobody else to be: a socket that not even its owner may use
            os.chmod(target.addr, 0)
            f.refused(["Permission denied", "Run this as "], "-s", target.addr)
            return
        os.chmod(target.dir, 0o755)
        os.chmod(f.path, 0o755)
        # A copy that the other user can read, wherever the tree lies.
        subprocess.run(["cp", "-r", os.path.join(source, "python"), f.path], check=True)
        os.mkdir(os.path.join(f.path, "scripts"))
        subprocess.run(["cp", f.script, os.path.join(f.path, "scripts")], check=True)
        subprocess.run(["cp", os.path.join(build, "schema.json"),
                        os.path.join(f.path, "scripts")], check=True)
        subprocess.run(["chmod", "-R", "a+rX", f.path], check=True)
        f.script = os.path.join(f.path, "scripts", "rpc.py")
        f.env = {"PATH": "/usr/bin:/bin"}
        run = subprocess.run(["/usr/bin/python3", f.script, "-s", target.addr, "log_get_level"],
                             capture_output=True, text=True, env=f.env, cwd="/", user=65534,
                             timeout=ANSWER_S, check=False)
        assert run.returncode == 1 and run.stderr == "", run
        assert "Permission denied" in run.stdout and "Run this as root" in run.stdout, run.stdout


def check_retries(build, source):
    """-r: a program that comes late is found."""
    f = Folder(build, source)
    addr = os.path.join(f.path, "late.sock")
    server = socket.socket(socket.AF_UNIX)
    bind = threading.Timer(1.0, lambda: (server.bind(addr), server.listen()))
    bind.start()

    def answer():
        bind.join()
        peer = server.accept()[0]
        request = json.loads(peer.recv(65536))
        peer.sendall(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": "X"}).encode())

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    assert f.run("-s", addr, "-r", "100", "log_get_level") == (0, '"X"\n', "")
    thread.join(ANSWER_S)


def check_wrong_lines(build, source):
    with Target(build) as target:
        f = Folder(build, source)
        s = ("-s", target.addr)
        status, out, err = f.run(*s, "bdev_nul_create")
        assert (status, out) == (2, ""), (status, out)
        assert "did you mean bdev_null_create" in err and "usage: rpc.py" in err, err
        assert len(err) < 600, "the whole list is no help"
        status, out, err = f.run(*s, "bdev_null_create", "n0", "1")
        assert (status, out) == (2, "") and "block_size" in err, err
        status, out, err = f.run(*s, "-p", "x", "log_get_level")
        assert (status, out) == (2, "") and "-p" in err and "usage:" in err, err
        status, out, err = f.run(*s, "bdev_null_create", "n0", "1", "7")
        assert (status, err) == (1, ""), (status, err)
        error = json.loads(out.partition("response:\n")[2])
        assert error["code"] == -22 and "block_size" in error["message"], out
        # An option of a command that is called as one of ours is the command's.
        status, out, err = f.run(*s, "-t", "40", "bdev_get_bdevs", "-b", "nix", "-t", "1")
        assert status == 1 and '"timeout": 1,' in out, out


def check_silence(build, source):
    """A program that does not answer, and one that dies before it has."""
    with Target(build) as target:
        f = Folder(build, source)
        target.process.send_signal(signal.SIGSTOP)
        status, out, err = f.run("-s", target.addr, "-t", "0.3", "bdev_get_bdevs")
        assert (status, err) == (1, ""), (status, err)
        assert "bdev_get_bdevs was not answered in 0.3 s" in out and "-t SECONDS" in out, out
        later = threading.Timer(1.0, lambda: target.process.send_signal(signal.SIGKILL))
        later.start()
        status, out, err = f.run("-s", target.addr, "bdev_get_bdevs")
        assert (status, err) == (1, ""), (status, err)
        assert "before bdev_get_bdevs was answered" in out and "is not known" in out, out
        target.process.wait(ANSWER_S)
        f.refused(["killed has left this socket"], "-s", target.addr)


def check_plugins(build, source):
    with Target(build) as target:
        f = Folder(build, source)
        s = ("-s", target.addr)
        path = f.write("good_plugin.py", PLUGIN)
        assert f.run(*s, "--plugin", "good_plugin", "mine", "n0") == (0, "n0\n", "")
        assert f.run(*s, "--plugin", path, "mine", "n1") == (0, "n1\n", "")
        # A command of its own goes before one that was there.
        assert f.run(*s, "--plugin", path, "log_get_flags") == (0, "of the plug-in\n", "")
        status, out, _ = f.run(*s, "--plugin", path, "mine", "n0")
        assert status == 1 and '"code": -17' in out, out
        line = f"-s {target.addr} --plugin good_plugin mine n2\n-s {target.addr} mine n3\n"
        status, out, err = f.run("--server", text=line)
        assert (status, out) == (0, "n2\n**STATUS=0\n**STATUS=1\n"), (status, out, err)
        assert "invalid choice: 'mine'" in err, err
        for name, text, *words in BROKEN_PLUGINS:
            f.write(f"broken_{name}.py", text)
            status, out, err = f.run(*s, "--plugin", f"broken_{name}", "log_get_level")
            assert (status, out) == (0, '"NOTICE"\n'), (status, out, err)
            for word in (f"broken_{name}", *words):
                assert word in err, f"{word!r} is not in {err!r}"
            assert "Traceback" not in err, err
        status, out, err = f.run(*s, "--plugin", "no_such_plugin", "mine")
        assert (status, out) == (2, "") and "PYTHONPATH" in err and f.path in err, err
        status, out, err = f.run(*s, "--plugin", "./no_such.py", "mine")
        assert (status, out) == (2, "") and "there is no such file" in err, err


def check_lines(build, source):
    """Commands from standard input: which line was wrong, and what was done before it."""
    with Target(build) as target:
        f = Folder(build, source)
        s = ("-s", target.addr)
        status, out, err = f.run(*s, text='log_get_level\n\n# none\nlog_set_level LOUD\n')
        assert (status, out) == (2, '"NOTICE"\n'), (status, out)
        assert "line 4 of standard input: log_set_level LOUD" in err, err
        status, out, err = f.run(*s, text='log_get_level\nlog_set_level "x\n')
        assert (status, out) == (2, '"NOTICE"\n'), (status, out)
        assert "line 2 of standard input: No closing quotation" in err, err
        status, out, err = f.run(*s, "load_config", "-j", "/nonexistent.json")
        assert (status, out) == (1, "") and "/nonexistent.json" in err, (status, out, err)
        assert "Traceback" not in err, err
        path = f.write("bad.json", '{"subsystems": [\n {"subsystem": "bdev",, ]}')
        status, out, err = f.run(*s, "load_config", "-j", path)
        assert (status, out) == (1, "") and f"{path}: " in err and "line 2 column 23" in err, err
        status, out, err = f.run(*s, "-v", "log_get_level")
        assert (status, out.splitlines()[-1]) == (0, '"NOTICE"') and "INFO: request:" in out + err
        status, out, err = f.run("--dry-run", "nvmf_subsystem_add_ns", "nqn.x", "b0", "-n", "7")
        assert (status, err) == (0, ""), err
        assert json.loads(out.partition("Request:\n")[2]) == {
            "method": "nvmf_subsystem_add_ns",
            "params": {"nqn": "nqn.x", "namespace": {"bdev_name": "b0", "nsid": 7,
                                                     "hide_metadata": False,
                                                     "no_auto_visible": False}}}, out


def check_tcp(build, source):
    """A program that listens on IPv4, and on IPv6."""
    for host, text in (("127.0.0.1", "127.0.0.1:{}"), ("::1", "[::1]:{}")):
        probe = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host
                                     else socket.AF_INET)
        port = str(probe.getsockname()[1])
        probe.close()
        process = subprocess.Popen([os.path.join(build, "bin", "spdk_tgt"), "-r",
                                    text.format(port)], stderr=subprocess.DEVNULL)
        try:
            f = Folder(build, source)
            r = ("-r", "100")
            assert f.run("-s", host, "-p", port, *r, "log_get_level") == (0, '"NOTICE"\n', "")
            assert f.run("-s", text.format(port), *r, "log_get_level") == (0, '"NOTICE"\n', "")
        finally:
            process.terminate()
            assert process.wait(ANSWER_S) == 0


def main(build, source):
    build, source = os.path.abspath(build), os.path.abspath(source)
    checks = (check_no_program, check_permission, check_retries, check_wrong_lines, check_silence,
              check_plugins, check_lines, check_tcp)
    return run_tap([(check.__name__[6:].replace("_", " "),
                     lambda check=check: check(build, source)) for check in checks])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
