#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""python/spdk as programs written for SPDK's package use it: imports, calls by position and by
name, members of objects by their own name, helpers, and the package without a schema.

    test_python.py BUILD_ROOT SOURCE_ROOT
"""

import contextlib
import inspect
import io
import json
import os
import subprocess
import sys
import tempfile

from harness import Target, run_tap

NQN = "nqn.2026-11.io.basalt:python"
ANSWER_S = 60


def refusal(kind, fn, *args, **kwargs):
    try:
        fn(*args, **kwargs)
    except kind as err:
        return err
    raise AssertionError(f"no {kind.__name__}")


def check_modules(build):
    """Every method of the schema is a function of the module that SPDK has it in, and of spdk.rpc;
    with its parameters as the schema has them."""
    import spdk.rpc
    import spdk.rpc.bdev as rpc_bdev
    import spdk.rpc.log as rpc_log
    from spdk.rpc import nvmf, spdk_get_version
    from spdk.rpc import methods
    with open(os.path.join(build, "schema.json"), encoding="utf-8") as f:
        schema = {m["name"]: m for m in json.load(f)["methods"]}
    assert "bdev_get_bdevs" in dir(rpc_bdev) and "nvmf_get_stats" not in dir(rpc_bdev)
    assert "log_set_flag" in dir(rpc_log) and spdk_get_version is spdk.rpc.spdk_get_version
    for name, method in schema.items():
        module = getattr(spdk.rpc, methods.module_of(name), spdk.rpc)
        function = getattr(module, name)
        assert function is getattr(spdk.rpc, name)
        if not method.get("opaque"):
            names = set(inspect.signature(function).parameters)
            flat = methods.short_names(method)
            given = {flat.get(n, n).split(".")[0] for n in names}
            assert {p["name"] for p in method["params"]} <= given, (name, names)
            assert all(p["name"] in function.__doc__ for p in method["params"]), name
    assert "no such method" in str(refusal(AttributeError, getattr, nvmf, "nvmf_no_such"))
    assert not hasattr(spdk.rpc, "no_such_method") and not hasattr(rpc_bdev, "__wrapped__")


def check_calls(build):
    import spdk.rpc as rpc
    import spdk.rpc.bdev as rpc_bdev
    import spdk.rpc.nvmf as rpc_nvmf
    from spdk.rpc.client import JSONRPCClient, JSONRPCException, JSONRPCGoClient
    with Target(build) as target:
        client = JSONRPCClient(target.addr, None, 20, log_level="ERROR", conn_retries=3)
        assert rpc.spdk_get_version(client)["fields"]["major"] == 26
        assert rpc_bdev.bdev_null_create(client, 1000, 512, "n0") == "n0"
        assert rpc.bdev.bdev_malloc_create(client, num_blocks=8, block_size=4096,
                                           name="m0", uuid=None) == "m0"
        assert rpc_bdev.bdev_get_bdevs(client, name="n0")[0]["num_blocks"] == 1000
        assert rpc_bdev.bdev_get_bdevs(client, "m0")[0]["block_size"] == 4096
        rpc_nvmf.nvmf_create_transport(client, trtype="TCP", max_queue_depth=64)
        rpc_nvmf.nvmf_create_subsystem(client, nqn=NQN, serial_number="S0", max_namespaces=9,
                                       allow_any_host=True)
        assert rpc_nvmf.nvmf_subsystem_add_ns(client, nqn=NQN, bdev_name="n0", nsid=4) == 4
        assert rpc_nvmf.nvmf_subsystem_add_ns(client, NQN, namespace={"bdev_name": "m0"},
                                              nsid=6) == 6
        subsystems = rpc_nvmf.nvmf_get_subsystems(client)
        spaces = next(s for s in subsystems if s["nqn"] == NQN)["namespaces"]
        assert [(n["nsid"], n["bdev_name"]) for n in spaces] == [(4, "n0"), (6, "m0")]
        # An error of the program, as one of its own type with the code.
        err = refusal(JSONRPCException, rpc_bdev.bdev_null_create, client, 8, 512, "n0")
        assert err.code == -17 and "n0" in err.message
        err = refusal(JSONRPCException, rpc_bdev.bdev_get_bdevs, client, no_such_parameter=3)
        assert err.code == -32603 and "no_such_parameter" in err.message
        # What no program could understand is Python's error.
        assert "block_size" in str(refusal(TypeError, rpc_bdev.bdev_null_create, client, 8))
        assert "twice" in str(refusal(TypeError, rpc_bdev.bdev_get_bdevs, client, "a", name="b"))
        refusal(TypeError, rpc_bdev.bdev_get_bdevs, client, "a", 1, 2)
        # Several requests under way, and the answers as they come.
        ids = [client.add_request("log_get_level"), client.add_request("no_such_method")]
        client.flush()
        answers = {a["id"]: a for a in (client.recv(), client.recv())}
        assert answers[ids[0]]["result"] == "NOTICE"
        assert refusal(JSONRPCException, client.result_of, answers[ids[1]]).code == -32601
        out = io.StringIO()
        rpc.save_config(client, out, 2)
        assert [s["subsystem"] for s in json.loads(out.getvalue())["subsystems"]]
        client.close()
        client.close()
        with JSONRPCGoClient(target.addr) as again:
            assert again.log_get_level() == "NOTICE"


def check_helpers(build):
    from spdk.rpc import cmd_parser, helpers
    from spdk.rpc.client import print_array, print_dict, print_json

    def printed(fn, *args):
        with contextlib.redirect_stdout(io.StringIO()) as out, \
                contextlib.redirect_stderr(io.StringIO()) as err:
            fn(*args)
        return out.getvalue(), err.getvalue()

    assert printed(print_json, "x") == ("x\n", "") and printed(print_dict, []) == ("[]\n", "")
    assert printed(print_dict, {"a": 1}) == ('{\n  "a": 1\n}\n', "")
    assert printed(print_json, True) == ("true\n", "")
    assert printed(print_array, ["a", "b c"]) == ("a 'b c'\n", "")
    assert printed(cmd_parser.print_null, True) == ("", "")
    assert cmd_parser.remove_null({"a": None, "b": {"c": None, "d": 0}}) == {"b": {"d": 0}}
    assert cmd_parser.strip_globals({"client": 1, "server_addr": 2, "name": 3}) == {"name": 3}
    assert cmd_parser.apply_defaults({"a": None, "b": 1}, a=2, b=3, c=4) == {"a": 2, "b": 1, "c": 4}
    assert cmd_parser.group_as({"n": 1, "a": 2, "b": None}, "o", ["a", "b"]) == \
        {"n": 1, "o": {"a": 2}}
    assert cmd_parser.group_as({"n": 1, "a": None}, "o", ["a"]) == {"n": 1}
    assert "bdev_get_bdevs" in helpers.hint_rpc_name("bdev_get_bdev", ["bdev_get_bdevs", "log"])
    assert helpers.hint_rpc_name("zzz", ["bdev_get_bdevs"]) == "" == \
        "".join(helpers.deprecated_aliases)
    assert printed(helpers.deprecated_method(print_json), "x") == ("x\n",
                                                                  "print_json is deprecated.\n")
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("-a", action=helpers.DeprecateTrueAction)
    parser.add_argument("-b", action=helpers.DeprecateFalseAction, default=True)
    with contextlib.redirect_stderr(io.StringIO()) as err:
        args = parser.parse_args(["-a", "-b"])
    assert (args.a, args.b, len(err.getvalue().splitlines())) == (True, False, 2)


def run_python(env, *args, cwd="/"):
    run = subprocess.run([sys.executable, *args], capture_output=True, text=True, env=env, cwd=cwd,
                         timeout=ANSWER_S, check=False)
    assert run.returncode == 0, run
    return run.stdout


def check_without_schema(build, source):
    """The client and calls by name need no schema; nor does what a wheel holds."""
    folder = tempfile.mkdtemp(prefix="basalt_python_")
    subprocess.run(["cp", "-r", os.path.join(source, "python", "spdk"), folder], check=True)
    script = ("import sys, spdk.rpc as rpc\n"
              "from spdk.rpc import schema\n"
              "client = rpc.JSONRPCClient(sys.argv[1])\n"
              "print(len(schema.load()), rpc.bdev.bdev_null_create(client, name='n0', uuid=None,"
              " num_blocks=8, block_size=512))\n"
              "try:\n    rpc.bdev.bdev_get_bdevs(client, 'n0')\n"
              "except TypeError as err:\n    print(err)\n")
    with Target(build) as target:
        env = {**os.environ, "PYTHONPATH": folder}
        env.pop("BASALT_RPC_SCHEMA", None)
        out = run_python(env, "-c", script, target.addr)
        assert out == "0 n0\nbdev_get_bdevs() takes its parameters by name\n", out
    # A file of the package is not taken for a method whose name nobody knows.
    out = run_python(env, "-c", "from spdk.rpc import cli, plugin\n"
                     "print(cli.make_parser({}).prog, plugin.ENTRY)")
    assert out == "-c spdk_rpc_plugin_initialize\n", out


def check_installed(build, source):
    """pip install: the package, its schema and the command spdk-rpc."""
    folder = tempfile.mkdtemp(prefix="basalt_pip_")
    subprocess.run(["cp", "-r", os.path.join(source, "python"), folder], check=True)
    place = os.path.join(folder, "site")
    env = {**os.environ, "BASALT_RPC_SCHEMA": os.path.join(build, "schema.json")}
    run_python(env, "-m", "pip", "install", "--quiet", "--no-deps",
               "--disable-pip-version-check", "--root-user-action=ignore", "--no-index",
               "--target", place, os.path.join(folder, "python"))
    env = {**os.environ, "PYTHONPATH": place}
    env.pop("BASALT_RPC_SCHEMA", None)
    with Target(build) as target:
        command = os.path.join(place, "bin", "spdk-rpc")
        assert run_python(env, command, "-s", target.addr, "bdev_null_create", "n0", "1",
                          "512") == "n0\n"
        out = run_python(env, "-c", "import sys, spdk.rpc as r\n"
                         "c = r.JSONRPCClient(sys.argv[1])\n"
                         "print(r.bdev.bdev_get_bdevs(c, 'n0')[0]['name'])", target.addr)
        assert out == "n0\n", out


def main(build, source):
    build, source = os.path.abspath(build), os.path.abspath(source)
    os.environ["BASALT_RPC_SCHEMA"] = os.path.join(build, "schema.json")
    sys.path.insert(0, os.path.join(source, "python"))
    return run_tap([("modules", lambda: check_modules(build)),
                    ("calls", lambda: check_calls(build)),
                    ("helpers", lambda: check_helpers(build)),
                    ("without a schema", lambda: check_without_schema(build, source)),
                    ("installed by pip", lambda: check_installed(build, source))])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
