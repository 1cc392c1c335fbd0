#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""results.py BUILD DATA_DIR DIFFERENCES: what each built method answers, against data/results.json.

Every method that rpc_get_methods names is called once with success: one that nobody calls here is a
failure. Held are keys, their order, the types of values and the texts seen for them; and of
save_config the order of subsystems and methods, and the keys of their parameters. What differs on
purpose stands in DIFFERENCES, one line each, with the reason. Prints TAP.
"""

import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                                "functional", "rpc"))
from harness import Connection, Target, run_tap  # noqa: E402
from tables import load_differences  # noqa: E402

NQN = "nqn.2026-11.io.basalt:results"
PORT = str(14760 + os.getpid() % 100)
ADDRESS = {"trtype": "TCP", "adrfam": "IPv4", "traddr": "127.0.0.1", "trsvcid": PORT}
LIMIT_S = 60
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
FORMATS = {"uuid, lower case": UUID, "NQN": r"nqn\..+", "decimal": r"\d+",
           "upper-case hex": r"[0-9A-F]+", "lower-case hex, no 0x": r"[0-9a-f]+",
           "0x and lower-case hex": r"0x[0-9a-f]+"}
TYPES = {"string": str, "boolean": bool, "integer": int, "number": (int, float)}

STARTUP = [
    ("scheduler_set_options", {"scheduling_core": 0, "isolated_core_mask": "0x0"}),
    ("framework_set_scheduler", {"name": "static"}),
    ("framework_get_scheduler", None),
    ("sock_set_default_impl", {"impl_name": "posix"}),
    ("sock_impl_set_options", {"impl_name": "posix", "enable_quickack": False}),
    ("iobuf_set_options", {"small_pool_count": 4096}),
    ("bdev_set_options", {"bdev_io_pool_size": 4096, "bdev_auto_examine": False}),
    ("nvmf_set_max_subsystems", {"max_subsystems": 64}),
    ("nvmf_set_config", {"dup_host_policy": "allow"}),
    ("nvmf_set_crdt", {"crdt1": 1, "crdt2": 2, "crdt3": 3}),
    ("keyring_linux_set_options", {"enable": False}),
    ("framework_start_init", None),
]


def runtime(folder):
    """Calls that make something of everything, and show it."""
    path = os.path.join(folder, "file")
    for name in (path, path + "2"):
        with open(name, "wb") as f:
            f.truncate(1 << 20)
    key = os.path.join(folder, "key")
    with open(os.open(key, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as f:
        f.write(b"secret")
    size = {"num_blocks": 256, "block_size": 512}
    referral = {**ADDRESS, "trsvcid": "1"}
    return [
        ("keyring_file_add_key", {"name": "k0", "path": key}),
        ("bdev_malloc_create", {"name": "m0", **size}),
        ("bdev_null_create", {"name": "n0", **size}),
        ("bdev_null_resize", {"name": "n0", "new_size": 1}),
        ("bdev_aio_create", {"name": "a0", "filename": path + "2", "block_size": 512}),
        ("bdev_aio_rescan", {"name": "a0"}),
        ("bdev_uring_create", {"name": "u0", "filename": path, "block_size": 512}),
        ("bdev_uring_rescan", {"name": "u0"}),
        ("bdev_passthru_create", {"name": "p0", "base_bdev_name": "m0"}),
        ("bdev_examine", {"name": "m0"}),
        ("bdev_wait_for_examine", None),
        ("nvmf_create_target", {"name": "t2"}),
        ("nvmf_get_targets", None),
        ("nvmf_delete_target", {"name": "t2"}),
        ("nvmf_create_transport", {"trtype": "TCP"}),
        ("nvmf_create_subsystem", {"nqn": NQN, "serial_number": "1"}),
        ("nvmf_subsystem_add_host", {"nqn": NQN, "host": NQN + ":h"}),
        ("nvmf_subsystem_allow_any_host", {"nqn": NQN, "allow_any_host": True}),
        ("nvmf_subsystem_add_ns", {"nqn": NQN, "namespace": {"bdev_name": "p0"}}),
        ("nvmf_subsystem_add_listener", {"nqn": NQN, "listen_address": ADDRESS}),
        ("nvmf_discovery_add_referral", {"address": referral, "subnqn": NQN}),
        ("bdev_get_iostat", {"names": ["m0"], "per_channel": True}),
        ("log_set_flag", {"flag": "nvmf"}),
        ("log_clear_flag", {"flag": "nvmf"}),
        ("log_set_level", {"level": "NOTICE"}),
        ("log_set_print_level", {"level": "NOTICE"}),
        ("log_enable_timestamps", {"enabled": True}),
        ("trace_enable_tpoint_group", {"name": "bdev"}),
        ("trace_set_tpoint_mask", {"name": "thread", "tpoint_mask": 1}),
        ("trace_get_tpoint_group_mask", None),
        ("trace_get_info", None),
        ("trace_clear_tpoint_mask", {"name": "thread", "tpoint_mask": 1}),
        ("trace_disable_tpoint_group", {"name": "all"}),
        ("trace_clear", None),
        ("framework_monitor_context_switch", {"enabled": True}),
        ("framework_disable_cpumask_locks", None),
        ("framework_enable_cpumask_locks", None),
        ("framework_set_scheduler", {"name": "dynamic", "load_limit": 10}),
        ("framework_get_scheduler", None),
        ("framework_get_governor", None),
        ("framework_set_scheduler", {"name": "static"}),
        ("framework_get_config", {"name": "bdev"}),
        ("sock_impl_get_options", {"impl_name": "posix"}),
        ("bdev_reset_iostat", None),
        ("nvmf_subsystem_get_controllers", {"nqn": NQN}),
        ("nvmf_subsystem_get_qpairs", {"nqn": NQN}),
        ("nvmf_subsystem_get_listeners", {"nqn": NQN}),
    ] + [(name, None) for name in (
        "framework_wait_init", "rpc_get_methods", "rpc_get_schema", "framework_get_subsystems",
        "framework_get_reactors", "thread_get_stats", "thread_get_pollers",
        "thread_get_io_channels", "log_get_print_level", "log_get_level", "log_get_flags",
        "bdev_get_bdevs", "bdev_get_iostat", "nvmf_get_subsystems", "nvmf_get_transports",
        "nvmf_get_stats", "nvmf_discovery_get_referrals", "sock_get_default_impl",
        "spdk_get_version", "iobuf_get_stats", "env_dpdk_get_mem_stats",
        "keyring_get_keys", "notify_get_types", "notify_get_notifications")]


TEARDOWN = [
    ("nvmf_discovery_remove_referral", {"address": {**ADDRESS, "trsvcid": "1"}, "subnqn": NQN}),
    ("nvmf_subsystem_remove_listener", {"nqn": NQN, "listen_address": ADDRESS}),
    ("nvmf_subsystem_remove_host", {"nqn": NQN, "host": NQN + ":h"}),
    ("nvmf_subsystem_remove_ns", {"nqn": NQN, "nsid": 1}),
    ("nvmf_delete_subsystem", {"nqn": NQN}),
    ("bdev_passthru_delete", {"name": "p0"}),
    ("bdev_uring_delete", {"name": "u0"}),
    ("bdev_aio_delete", {"name": "a0"}),
    ("bdev_null_delete", {"name": "n0"}),
    ("bdev_malloc_delete", {"name": "m0"}),
    ("keyring_file_remove_key", {"name": "k0"}),
    ("spdk_kill_instance", {"sig_name": "SIGTERM"}),
]


# ---- Shapes ----

def differ_scalar(path, shape, value):
    kind, _, texts = shape.partition(":")
    kind, _, form = kind.strip().partition(" (")
    if kind == "null":
        if value is not None:
            yield f"{path}: {json.dumps(value)}, not null"
        return
    if kind not in TYPES:  # "object": whatever it holds
        if not isinstance(value, dict):
            yield f"{path}: {json.dumps(value)} is no {kind}"
        return
    if not isinstance(value, TYPES[kind]) or isinstance(value, bool) != (kind == "boolean"):
        yield f"{path}: {json.dumps(value)} is no {kind}"
    elif form and not re.fullmatch(FORMATS[form.rstrip(")")], value):
        yield f"{path}: {value!r} is not {form.rstrip(')')}"
    elif texts and str(value) not in texts.strip().split("|"):
        yield f"{path}: {value!r} is none of {texts.strip()}"


def differ_object(path, shape, value):
    keys = {k.rstrip("?"): v for k, v in shape.items()}
    for key in shape:
        if not key.endswith("?") and not key.startswith("<") and key not in value:
            yield f"{path}.{key}: is missing"
    wild = next((v for k, v in shape.items() if k.startswith("<")), None)
    for key, inner in value.items():
        if key in keys or wild is not None:
            yield from differ(f"{path}.{key}" if key in keys else f"{path}.<>",
                              keys.get(key, wild), inner)
        elif shape:
            yield f"{path}.{key}: is not SPDK's"
    ours = [k for k in value if k in keys]
    theirs = [k for k in keys if k in value]
    if ours != theirs:
        yield f"{path}: the order is {' '.join(ours)}"


def differ(path, shape, value):
    """What is wrong with a value, one text each."""
    if isinstance(shape, str):
        yield from differ_scalar(path, shape, value)
    elif isinstance(shape, dict) and "one_of" in shape:
        found = [list(differ(path, s, value)) for s in shape["one_of"]]
        if all(found):
            yield from min(found, key=len)
    elif isinstance(shape, dict):
        if isinstance(value, dict):
            yield from differ_object(path, shape, value)
        else:
            yield f"{path}: {json.dumps(value)} is no object"
    elif not isinstance(value, list):
        yield f"{path}: {json.dumps(value)} is no array"
    elif shape:
        for inner in value:
            yield from differ(path + "[]", shape[0], inner)


def flatten(params, prefix=""):
    for key, value in params.items():
        yield prefix + key
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{key}.")


def in_order(ours, theirs):
    """Those of ours that stand before one which SPDK has earlier."""
    places = [theirs.index(o) for o in ours if o in theirs]
    return places == sorted(places)


def differ_config(given, config):
    """save_config: [(subsystem, entries)]."""
    theirs = {s["subsystem"]: s["config"] for s in given["subsystems"]}
    if not in_order([name for name, _ in config], list(theirs)):
        yield f"save_config: the order of subsystems is {' '.join(n for n, _ in config)}"
    for name, entries in config:
        if not isinstance(theirs.get(name), list):
            yield f"save_config: subsystem {name} is not SPDK's"
            continue
        known = {e["method"]: e["params"] for e in theirs[name]}
        methods = list(dict.fromkeys(e["method"] for e in entries or []))
        if not in_order(methods, list(known)):
            yield f"save_config: the order in {name} is {' '.join(methods)}"
        for entry in entries or []:
            method = entry["method"]
            if method not in known:
                yield f"save_config: {method} is not SPDK's"
                continue
            ours, wanted = list(flatten(entry.get("params", {}))), known[method]
            for key in wanted:
                if not key.endswith("?") and key not in ours:
                    yield f"save_config: {method}: {key} is missing"
            for key in ours:
                if key not in wanted and key + "?" not in wanted:
                    yield f"save_config: {method}: {key} is not SPDK's"


# ---- The run ----

class Run:
    def __init__(self, build, data_dir, differences):
        self.build = build
        with open(os.path.join(data_dir, "results.json"), encoding="utf-8") as f:
            self.given = json.load(f)
        self.wanted = load_differences(differences)
        self.found, self.called, self.built = set(), set(), set()

    def call(self, connection, method, params):
        text = None if params is None else json.dumps(params)
        answer = connection.request(method, text)
        deadline = time.monotonic() + LIMIT_S
        # The core may be locked by a program of another test.
        while method == "framework_enable_cpumask_locks" and "error" in (answer or {}):
            assert time.monotonic() < deadline, answer
            time.sleep(0.1)
            answer = connection.request(method, text)
        assert answer is not None and "result" in answer, f"{method} {params}: {answer}"
        self.called.add(method)
        shape = self.given["methods"].get(method, {}).get("ok")
        if shape is not None:
            self.found |= set(differ(method, shape, answer["result"]))
        return answer["result"]

    def calls(self, connection, calls):
        for method, params in calls:
            self.call(connection, method, params)

    def everything(self):
        with Target(self.build, "--wait-for-rpc") as target:
            connection = target.connection
            self.calls(connection, STARTUP)
            self.built = set(connection.call("rpc_get_methods"))
            calls = runtime(target.dir)
            at = [m for m, _ in calls].index("nvmf_discovery_add_referral")
            self.calls(connection, calls[:at])
            host = subprocess.Popen(
                [os.path.join(self.build, "test", "functional", "keep_alive_host"), "127.0.0.1",
                 PORT, NQN], stdin=subprocess.PIPE)
            try:
                while not connection.call("nvmf_subsystem_get_qpairs", {"nqn": NQN}):
                    assert host.poll() is None, "the host ended"
                thread = connection.call("thread_get_stats")["threads"][0]
                self.call(connection, "thread_set_cpumask",
                          {"id": thread["id"], "cpumask": thread["cpumask"]})
                self.calls(connection, calls[at:])
                config = connection.save_config()
                self.found |= set(differ_config(self.given["save_config"], config))
            finally:
                host.stdin.close()
                host.wait(20)
            self.calls(connection, TEARDOWN)
            assert target.process.wait(20) == 0
        self.jobs()

    def jobs(self):
        """A run of bdevperf that would take an hour is a job, and ends when it is told to."""
        with Target(self.build, "-z", "-q", "1", "-o", "4096", "-w", "randread", "-t", "3600",
                    "--disable-cpumask-locks", program="examples/bdevperf") as target:
            connection, runner = target.connection, Connection(target.addr)
            connection.call("bdev_null_create",
                            {"name": "n0", "num_blocks": 64, "block_size": 4096})
            assert connection.call("job_get_jobs") == []
            runner.sock.sendall(b'{"jsonrpc": "2.0", "id": 1, "method": "perform_tests"}')
            while not self.call(connection, "job_get_jobs", None):
                pass
            job, = connection.call("job_get_jobs", {"id": 1})
            assert (job["name"], job["state"]) == ("perform_tests", "running"), job
            assert job["progress"]["total"] == 3600 * 10 ** 6, job
            self.call(connection, "job_cancel", {"id": 1})
            answer = json.loads(runner.file.readline())
            assert answer["result"]["results"][0]["runtime"] < 3600, answer
            job, = connection.call("job_get_jobs")
            assert job["state"] == "canceled" and job["progress"]["done"] < 3600 * 10 ** 6, job
            runner.close()

    def check_shapes(self):
        wrong = sorted(self.found - self.wanted)
        stale = [f"{w}: listed as a difference, but there is none"
                 for w in sorted(self.wanted - self.found)]
        assert not wrong and not stale, "\n".join(wrong + stale)

    def check_called(self):
        assert self.built and self.built <= self.called, \
            f"nobody calls {' '.join(sorted(self.built - self.called))}"


def self_test():
    shape = {"a": "integer", "b?": "string: x|y", "c": [{"d": "string (uuid, lower case)"}]}
    uuid = "01234567-89ab-cdef-0123-456789abcdef"
    for value, num in [({"a": 1, "b": "x", "c": [{"d": uuid}]}, 0), ({"a": 1, "c": []}, 0),
                       ({"a": True, "c": []}, 1), ({"a": 1, "b": "z", "c": []}, 1), ({"c": []}, 1),
                       ({"c": [], "a": 1}, 1), ({"a": 1, "c": [{"d": uuid.upper()}]}, 1),
                       ({"a": 1, "c": [], "e": 1}, 1), ([], 1), ({"a": 1, "c": {}}, 1)]:
        got = list(differ("m", shape, value))
        assert len(got) == num, (value, got)
    given = {"subsystems": [{"subsystem": "s", "config": [
        {"method": "a", "params": ["x", "o", "o.y", "z?"]}, {"method": "b", "params": []}]}]}
    good = {"method": "a", "params": {"x": 1, "o": {"y": 1}}}
    for entries, num in [([good, {"method": "b"}], 0), ([{"method": "b"}, good], 1),
                         ([{"method": "a", "params": {"x": 1, "o": {}}}], 1),
                         ([{"method": "c"}], 1), ([{"method": "b", "params": {"q": 1}}], 1)]:
        got = list(differ_config(given, [("s", entries)]))
        assert len(got) == num, (entries, got)


def main(*args):
    run = Run(*args)
    return run_tap([("differences are seen", self_test),
                    ("each method answers", run.everything),
                    ("keys, order, types and texts", run.check_shapes),
                    ("no method was left out", run.check_called)])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
