#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the program can hold, all of it: set by load_config, found again by save_config, and the
same once more when a fresh program has loaded what was saved, by --json and by load_config.

    test_round_trip.py BUILD_ROOT SOURCE_ROOT
"""

import json
import os
import subprocess
import sys

from harness import Target, run_tap

UUID = "01234567-89ab-cdef-0123-456789abcde"
NQN = "nqn.2016-06.io.spdk:rt"
# What a listener is given and save_config does not write, as in SPDK.
NOT_SAVED = {"ana_state", "sock_impl"}


def configuration(folder, auto_examine=True):
    """Every method that changes the configuration, with values that are not the defaults;
    bdev_examine is for those without auto_examine only."""
    def entry(method, **params):
        return {"method": method, "params": params}

    def listen(port):
        return {"trtype": "TCP", "adrfam": "IPv4", "traddr": "127.0.0.1", "trsvcid": str(port)}

    return {
        "scheduler": [entry("framework_set_scheduler", name="dynamic", period=123456,
                            load_limit=11, core_limit=81, core_busy=96)],
        "sock": [
            entry("sock_set_default_impl", impl_name="posix"),
            entry("sock_impl_set_options", impl_name="posix", recv_buf_size=1 << 20,
                  send_buf_size=1 << 19, enable_recv_pipe=False, enable_quickack=True,
                  enable_placement_id=0, enable_zerocopy_send_server=False,
                  enable_zerocopy_send_client=False, zerocopy_threshold=77, tls_version=0,
                  enable_ktls=False)],
        "iobuf": [entry("iobuf_set_options", small_pool_count=600, large_pool_count=70,
                        small_bufsize=8192, large_bufsize=135168, enable_numa=False)],
        "keyring": [
            entry("keyring_linux_set_options", enable=True),
            entry("keyring_file_add_key", name="k 0", path=os.path.join(folder, "key")),
            entry("keyring_file_add_key", name="k1", path=os.path.join(folder, "key"))],
        "bdev": [
            entry("bdev_set_options", bdev_io_pool_size=4096, bdev_io_cache_size=64,
                  bdev_auto_examine=auto_examine, iobuf_small_cache_size=16,
                  iobuf_large_cache_size=4),
            entry("bdev_malloc_create", name="m0", num_blocks=64, block_size=4096,
                  uuid=UUID + "0", optimal_io_boundary=8),
            entry("bdev_malloc_create", name="m \u20ac\"1\\", num_blocks=8, block_size=512),
            entry("bdev_null_create", name="n0", num_blocks=2 ** 40, block_size=4096,
                  uuid=UUID + "1", physical_block_size=8192),
            entry("bdev_uring_create", name="u0", filename=os.path.join(folder, "disk"),
                  block_size=4096, uuid=UUID + "2"),
            entry("bdev_aio_create", name="a0", filename=os.path.join(folder, "disk2"),
                  block_size=512, readonly=True, fallocate=True, uuid=UUID + "5", nowait=True),
            entry("bdev_passthru_create", name="p0", base_bdev_name="m0", uuid=UUID + "3"),
            entry("bdev_passthru_create", name="p1", base_bdev_name="p0"),
            entry("bdev_passthru_create", name="p2", base_bdev_name="not there yet"),
            *([] if auto_examine else [entry("bdev_examine", name="n0"),
                                       entry("bdev_examine", name="not there either")])],
        "nvmf": [
            entry("nvmf_set_config", discovery_filters=["address", "svcid"],
                  dup_host_policy="restrict_per_listener"),
            entry("nvmf_set_max_subsystems", max_subsystems=99),
            entry("nvmf_set_crdt", crdt1=1, crdt2=2, crdt3=65535),
            entry("nvmf_create_transport", trtype="TCP", max_queue_depth=64,
                  max_io_qpairs_per_ctrlr=5, in_capsule_data_size=8192, max_io_size=65536,
                  max_aq_depth=32, c2h_success=False, abort_timeout_sec=3),
            entry("nvmf_create_subsystem", nqn=NQN + "0", serial_number="SN0", model_number="MN0",
                  max_namespaces=7, allow_any_host=False, ana_reporting=False, min_cntlid=3,
                  max_cntlid=9, dmrsl=64, wzsl=8),
            entry("nvmf_subsystem_add_host", nqn=NQN + "0", host=NQN + ":h0"),
            entry("nvmf_subsystem_add_host", nqn=NQN + "0", host=NQN + ":h1"),
            entry("nvmf_subsystem_add_ns", nqn=NQN + "0",
                  namespace={"nsid": 5, "bdev_name": "p1",
                             "uuid": UUID + "4",
                             "nguid": "00112233445566778899AABBCCDDEEFF",
                             "eui64": "0011223344556677"}),
            entry("nvmf_subsystem_add_listener", nqn=NQN + "0", listen_address=listen(47813)),
            entry("nvmf_create_subsystem", nqn=NQN + "1", allow_any_host=True),
            entry("nvmf_subsystem_add_ns", nqn=NQN + "1", namespace={"bdev_name": "n0"}),
            entry("nvmf_discovery_add_referral", address=listen(47814), subnqn=NQN + "2")]}


def as_file(path, config):
    text = {"subsystems": [{"subsystem": name, "config": entries}
                           for name, entries in config.items()]}
    with open(path, "w", encoding="utf-8") as f:
        json.dump(text, f)
    return path


def holds(value, wanted):
    """Whether `value` is `wanted`, but for more members and the case of letters."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(
            key in NOT_SAVED or (key in value and holds(value[key], inner))
            for key, inner in wanted.items())
    if isinstance(wanted, str):
        return isinstance(value, str) and value.lower() == wanted.lower()
    return value == wanted


def rpc(source, target, *args):
    run = subprocess.run([sys.executable, os.path.join(source, "scripts", "rpc.py"), "-s",
                          target.addr, *args], capture_output=True, text=True, timeout=60,
                         stdin=subprocess.DEVNULL, check=False)
    assert run.returncode == 0, f"{args}: {run}"
    return run.stdout


def check_all_methods(build, source):
    """The configuration above names each method that changes what is saved."""
    with Target(build) as target:
        schema = target.connection.call("rpc_get_schema")["methods"]
    changing = {m["name"] for m in schema if m.get("changes_config")}
    undo = {name for name in changing if "_delete" in name or "_remove" in name}
    other = {"nvmf_create_target",  # SPDK saves the default one only
             "scheduler_set_options",  # check_scheduler()
             "nvmf_subsystem_allow_any_host",  # saved with the subsystem
             "bdev_null_resize"}  # saved with the bdev
    named = {e["method"] for auto_examine in (True, False)
             for entries in configuration("", auto_examine).values() for e in entries}
    assert changing - undo - other <= named, changing - undo - other - named


def check_round_trip(build, source, auto_examine):
    with Target(build, "--wait-for-rpc") as target:
        for name in ("disk", "disk2"):
            with open(os.path.join(target.dir, name), "wb") as f:
                f.truncate(1 << 20)
        with open(os.open(os.path.join(target.dir, "key"), os.O_CREAT | os.O_WRONLY, 0o600), "w",
                  encoding="ascii") as f:
            f.write("secret")
        config = configuration(target.dir, auto_examine)
        path = as_file(os.path.join(target.dir, "all.json"), config)
        assert rpc(source, target, "load_config", "-j", path) == ""
        saved_text = rpc(source, target, "save_config")
        saved = {s["subsystem"]: s["config"] for s in json.loads(saved_text)["subsystems"]}
        for name, entries in config.items():
            for entry in entries:
                assert any(holds(other, entry) for other in saved[name]), \
                    f"{entry} is not in {json.dumps(saved[name], indent=1)}"
        saved_path = os.path.join(target.dir, "saved.json")
        with open(saved_path, "w", encoding="utf-8") as f:
            f.write(saved_text)
    with Target(build, "--json", saved_path) as again:
        assert rpc(source, again, "save_config") == saved_text
    with Target(build, "--wait-for-rpc") as again:
        assert rpc(source, again, "load_config", "-j", saved_path) == ""
        assert rpc(source, again, "save_config") == saved_text


def saved_scheduler(source, target):
    """(its configuration, what the program says of it)"""
    text = json.loads(rpc(source, target, "save_config"))
    entries = next(s["config"] for s in text["subsystems"] if s["subsystem"] == "scheduler")
    return entries, target.connection.call("framework_get_scheduler")


def check_scheduler(build, source):
    """Its cores and the options of the one that is chosen, before the start and after."""
    first, second = (sorted(os.sched_getaffinity(0)) * 2)[:2]
    cores = ("-m", f"[{first},{second}]" if first != second else f"[{first}]",
             "--disable-cpumask-locks")
    rows = [{"scheduling_core": second},
            {"scheduling_core": second, "isolated_core_mask": hex(1 << first)},
            {"scheduling_core": first, "isolated_core_mask": hex(1 << second)}]
    dynamic = {"name": "dynamic", "period": 123457, "load_limit": 12, "core_limit": 82,
               "core_busy": 97}
    for options in rows:
        with Target(build, "--wait-for-rpc", *cores) as target:
            request = json.dumps(options)
            answer = target.connection.request("scheduler_set_options", request)
            if first == second and "isolated_core_mask" in options:
                assert "is isolated" in answer["error"]["message"], answer
                continue
            assert answer.get("result") is True, answer
            target.connection.call("framework_set_scheduler", {"name": "static"})
            target.connection.call("framework_start_init")
            assert "error" in target.connection.request("scheduler_set_options", request)
            target.connection.call("framework_set_scheduler", dynamic)
            wanted, told = saved_scheduler(source, target)
            want = [{"method": "framework_set_scheduler", "params": dynamic}]
            if first != second:
                want.insert(0, {"method": "scheduler_set_options", "params": options})
            assert wanted == want, (wanted, want)
            path = os.path.join(target.dir, "saved.json")
            with open(path, "w", encoding="utf-8") as f:
                f.write(rpc(source, target, "save_config"))
        with Target(build, "--json", path, *cores) as again:
            assert saved_scheduler(source, again) == (wanted, told), options
        with Target(build, "--wait-for-rpc", *cores) as again:
            assert rpc(source, again, "load_config", "-j", path) == ""
            assert saved_scheduler(source, again) == (wanted, told), options


def main(build, source):
    return run_tap([("each method that changes the configuration is named",
                     lambda: check_all_methods(build, source)),
                    ("saved and loaded", lambda: check_round_trip(build, source, True)),
                    ("saved and loaded without bdev_auto_examine",
                     lambda: check_round_trip(build, source, False)),
                    ("the scheduler and its cores, saved and loaded",
                     lambda: check_scheduler(build, source))])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
