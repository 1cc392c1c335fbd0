#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The modules of examples/outside, built by their own Makefile against an installed Basalt: as
files of the program, in a shared object, in an archive, and preloaded. Each program must do all
that they promise; data goes through both bdevs by NVMe/TCP.

    test_outside.py BUILD_ROOT SOURCE_ROOT [SANITIZERS]
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from installed import Installed, sh

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rpc"))
from harness import Connection, run_tap  # noqa: E402

BUILD, SOURCE = map(os.path.abspath, sys.argv[1:3])
SANITIZE = "" if sys.argv[3:] in ([], ["none"]) else " -fsanitize=" + sys.argv[3]
NQN = "nqn.2026-11.io.basalt:outside"
PORT = 24000 + os.getpid() % 4000
START_S = 30
# Two ends and a group, without the framework.
SOCK = r"""
#include "spdk/env.h"
#include "spdk/sock.h"
#define NEED(what) \
	do { \
		if (!(what)) { \
			printf("line %d: %s\n", __LINE__, #what); \
			return 1; \
		} \
	} while (0)
static struct spdk_sock_group *group;
static char got[4096];
static size_t len;
static int sent, order = 1;
static void
readable(void *arg, struct spdk_sock_group *g, struct spdk_sock *sock)
{
	ssize_t n = spdk_sock_recv(sock, got + len, sizeof(got) - len);

	len += n > 0 ? (size_t)n : 0;
}
static void
done(void *arg, int err)
{
	order &= err == 0 && (int)(intptr_t)arg == sent;
	sent++;
}
static void
write_async(struct spdk_sock *sock, const char *text, int i)
{
	static struct {
		struct spdk_sock_request req;
		struct iovec iov;
	} reqs[3];
	struct spdk_sock_request *req = &reqs[i].req;

	req->cb_fn = done;
	req->cb_arg = (void *)(intptr_t)i;
	req->iovcnt = 1;
	SPDK_SOCK_REQUEST_IOV(req, 0)->iov_base = (void *)text;
	SPDK_SOCK_REQUEST_IOV(req, 0)->iov_len = strlen(text);
	spdk_sock_writev_async(sock, req);
}
int
main(void)
{
	struct spdk_sock *listener, *host, *target;
	struct spdk_env_opts opts;
	struct iovec iov = { (void *)"four", 4 };
	int i;

	opts.opts_size = sizeof(opts);
	spdk_env_opts_init(&opts);
	NEED(spdk_env_init(&opts) == 0);
	NEED(spdk_sock_connect("10.9.8.7", 1, "unix") == NULL && errno == ECONNREFUSED);
	listener = spdk_sock_listen("10.9.8.7", getpid(), "unix");
	NEED(listener != NULL && spdk_sock_accept(listener) == NULL && errno == EAGAIN);
	NEED(spdk_sock_listen("10.9.8.7", getpid(), "unix") == NULL && errno == EADDRINUSE);
	host = spdk_sock_connect("10.9.8.7", getpid(), "unix");
	target = spdk_sock_accept(listener);
	NEED(host != NULL && target != NULL && spdk_sock_is_connected(host));
	group = spdk_sock_group_create(NULL);
	NEED(spdk_sock_group_add_sock(group, target, readable, NULL) == 0);
	NEED(spdk_sock_group_add_sock(group, host, readable, NULL) == 0);
	write_async(host, "one ", 0);
	write_async(host, "two ", 1);
	write_async(host, "three ", 2);
	NEED(sent == 0);
	NEED(spdk_sock_writev(host, &iov, 1) == 4);
	for (i = 0; i < 100 && (sent < 3 || len < 18); i++) {
		spdk_sock_group_poll(group);
	}
	NEED(sent == 3 && order && len == 18 && memcmp(got, "one two three four", 18) == 0);
	NEED(spdk_sock_group_remove_sock(group, target) == 0);
	NEED(spdk_sock_close(&target) == 0 && !spdk_sock_is_connected(host));
	NEED(spdk_sock_group_remove_sock(group, host) == 0 && spdk_sock_close(&host) == 0);
	NEED(spdk_sock_close(&listener) == 0 && spdk_sock_group_close(&group) == 0);
	spdk_env_fini();
	return 0;
}
"""


@contextlib.contextmanager
def running(root, folder, name, *args, **env):
    """A program of the folder; its connection."""
    addr = os.path.join(folder, "rpc.sock")
    with open(os.path.join(folder, "log"), "w+", encoding="utf-8") as log:
        process = subprocess.Popen([os.path.join(folder, name), "-r", addr, *args], cwd=folder,
                                   env={**root.env, **env}, stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL)
        try:
            connection = None
            deadline = time.monotonic() + START_S
            while connection is None:
                try:
                    connection = Connection(addr)
                except OSError:
                    log.seek(0)
                    assert process.poll() is None and time.monotonic() < deadline, log.read()
                    time.sleep(0.02)
            connection.call("framework_wait_init")
            yield connection
            process.send_signal(signal.SIGTERM)
            status = process.wait(START_S)
            log.seek(0)
            assert status == 0, f"{name}: {status}\n{log.read()}"
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def refused(connection, method, params, code):
    error = connection.request(method, json.dumps(params)).get("error")
    assert error and error["code"] == code, f"{method} {params}: {error}"


def serve(connection):
    address = {"trtype": "TCP", "adrfam": "IPv4", "traddr": "127.0.0.1", "trsvcid": str(PORT)}
    connection.call("nvmf_create_transport", {"trtype": "TCP"})
    connection.call("nvmf_create_subsystem", {"nqn": NQN, "allow_any_host": True})
    connection.call("nvmf_subsystem_add_ns", {"nqn": NQN, "namespace": {"bdev_name": "count0"}})
    connection.call("nvmf_subsystem_add_listener", {"nqn": NQN, "listen_address": address})


def verify(root):
    """Each write is read back and compared by another program."""
    r = sh([os.path.join(root.bindir, "spdk_nvme_perf"), "-q", "8", "-o", "4096", "-w", "randwrite",
            "-t", "1", "--verify", "-r", "trtype:TCP adrfam:IPv4 traddr:127.0.0.1 "
            f"trsvcid:{PORT} subnqn:{NQN}"], env=root.env, timeout=100)
    assert r.returncode == 0, r.stdout


def check_bdevs(root, connection):
    assert connection.call("bdev_ram_create", {"name": "ram0", "num_blocks": 8192}) == "ram0"
    refused(connection, "bdev_ram_create", {"name": "ram0", "num_blocks": 8192}, -17)
    refused(connection, "bdev_ram_create", {"name": "ram1"}, -32602)
    refused(connection, "bdev_ram_create", {"name": "ram1", "num_blocks": 0}, -22)
    refused(connection, "bdev_count_create", {"base_bdev_name": "nix", "name": "count0"}, -19)
    connection.call("bdev_count_create", {"base_bdev_name": "ram0", "name": "count0"})
    # ram0 has an owner now.
    refused(connection, "bdev_count_create", {"base_bdev_name": "ram0", "name": "count1"}, -1)
    refused(connection, "bdev_count_get", {"name": "ram0"}, -19)
    serve(connection)
    verify(root)
    counts = connection.call("bdev_count_get", {"name": "count0"})
    rows = {row["name"]: row for row in connection.call("bdev_get_iostat")["bdevs"]}
    for kind in ("read", "write"):
        count = counts[kind + "s"]
        assert count == rows["count0"][f"num_{kind}_ops"] == rows["ram0"][f"num_{kind}_ops"] > 20, \
            f"{counts} {rows}"


def check_rpc(connection):
    options = connection.call("sock_impl_get_options", {"impl_name": "unix"})
    assert "recv_buf_size" in options, options
    answer = connection.call("outside_ping_threads")
    assert answer["threads"] >= 1 and "names" not in answer, answer
    answer = connection.call("outside_ping_threads", {"names": True})
    assert len(answer["names"]) == answer["threads"] and "app_thread" in answer["names"], answer
    refused(connection, "outside_ping_threads", {"names": 1}, -32602)


def threads_of(connection):
    """{core: {id of each thread}}"""
    return {reactor["lcore"]: {thread["id"] for thread in reactor["lw_threads"]}
            for reactor in connection.call("framework_get_reactors")["reactors"]}


def check_scheduler(connection):
    """On two cores: its options are taken or refused, and idle threads come to the first core."""
    connection.call("nvmf_create_transport", {"trtype": "TCP"})
    before = threads_of(connection)
    assert all(before.values()) and len(before) == 2, before
    for number in set.union(*before.values()):
        connection.call("thread_set_cpumask", {"id": number, "cpumask": "0x3"})
    options = {"name": "gather", "period": 10000, "full_percent": 95}
    connection.call("framework_set_scheduler", options)
    now = connection.call("framework_get_scheduler")
    assert now["scheduler_name"] == "gather" and now["full_percent"] == 95, now
    error = connection.request("framework_set_scheduler",
                               json.dumps({"name": "gather", "full_percent": 0})).get("error")
    assert error, "full_percent 0 is taken"
    deadline = time.monotonic() + START_S
    while threads_of(connection)[1] and time.monotonic() < deadline:
        time.sleep(0.05)
    after = threads_of(connection)
    assert after == {0: set.union(*before.values()), 1: set()}, after


def check_scheduler_program(root, folder):
    with running(root, folder, "outside_tgt", "-m", "0x3") as connection:
        check_scheduler(connection)


def check_plugin(root, folder):
    def rpc(*args):
        rpc_py = os.path.join(SOURCE, "scripts", "rpc.py")
        r = sh([sys.executable, rpc_py, "-s", os.path.join(folder, "rpc.sock"), "--plugin",
                "rpc_plugin", *args], env={**os.environ, "PYTHONPATH": folder}, timeout=60)
        assert r.returncode == 0, r.stdout
        return r.stdout

    assert rpc("bdev_ram_create", "ram9", "64").strip() == "ram9"
    rpc("bdev_count_create", "ram9", "count9")
    assert json.loads(rpc("bdev_count_get", "count9"))["writes"] == 0
    assert json.loads(rpc("outside_ping_threads", "-n"))["names"]
    rpc("bdev_count_delete", "count9")
    rpc("bdev_ram_delete", "ram9")


def check_end(connection):
    """A base that goes takes what is on it with it."""
    connection.call("nvmf_delete_subsystem", {"nqn": NQN})
    connection.call("bdev_ram_delete", {"name": "ram0"})
    assert connection.call("bdev_get_bdevs") == []
    refused(connection, "bdev_ram_delete", {"name": "ram0"}, -19)
    refused(connection, "bdev_count_delete", {"name": "count0"}, -19)


def check_all(root, folder, name, **env):
    with running(root, folder, name, **env) as connection:
        check_bdevs(root, connection)
        check_rpc(connection)
        check_plugin(root, folder)
        saved = {"subsystems": [{"subsystem": name, "config": config}
                                for name, config in connection.save_config()]}
        check_end(connection)
    methods = [entry["method"] for s in saved["subsystems"] for entry in s["config"] or []]
    assert {"bdev_ram_create", "bdev_count_create"} <= set(methods), methods
    path = os.path.join(folder, "saved.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(saved, f)
    with running(root, folder, name, "--json", path, **env) as connection:
        names = [bdev["name"] for bdev in connection.call("bdev_get_bdevs")]
        assert names == ["ram0", "count0"], names


def check_bare(root, folder):
    """Without the modules nothing of them is there: else the other checks would show nothing."""
    with running(root, folder, "outside_tgt_bare") as connection:
        for method in ("bdev_ram_create", "bdev_count_create", "outside_ping_threads"):
            refused(connection, method, {}, -32601)


def check_sock(root, folder):
    """The sock implementation alone, in a program of its own."""
    source, program = os.path.join(folder, "sock.c"), os.path.join(folder, "sock")
    with open(source, "w", encoding="ascii") as f:
        f.write(SOCK)
    r = sh(["cc", "-Wall", *SANITIZE.split(), source, os.path.join(folder, "sock_unix.o"), "-o",
            program, *root.flags("--cflags", "--libs")], env=root.env)
    assert r.returncode == 0, r.stdout
    r = sh([program], env=root.env, timeout=60)
    assert r.returncode == 0, r.stdout


def check_build(root, folder):
    flags = "-O2 -g -Werror" + SANITIZE
    r = sh(["make", "-C", folder, "all", "CFLAGS=" + flags], env=root.env, timeout=300)
    assert r.returncode == 0, r.stdout


def main():
    with tempfile.TemporaryDirectory(prefix="basalt-outside-") as top:
        root = Installed(BUILD, os.path.join(top, "root"))
        folder = os.path.join(top, "outside")
        shutil.copytree(os.path.join(SOURCE, "examples", "outside"), folder)
        preload = {"LD_PRELOAD": os.path.join(folder, "libplugin.so")}
        tests = [("the folder builds against what is installed", lambda: check_build(root, folder)),
                 ("sockets", lambda: check_sock(root, folder)),
                 ("a program without modules", lambda: check_bare(root, folder))]
        for name in ("outside_tgt", "outside_tgt_shared", "outside_tgt_archive",
                     "outside_tgt_whole"):
            tests.append((name, lambda name=name: check_all(root, folder, name)))
        if os.path.exists(os.path.join(SOURCE, "include", "spdk", "scheduler.h")):
            tests.append(("a scheduler", lambda: check_scheduler_program(root, folder)))
        if not SANITIZE:  # their runtime wants to be the first that is loaded
            tests.append(("preloaded",
                          lambda: check_all(root, folder, "outside_tgt_bare", **preload)))
        return run_tap(tests)


if __name__ == "__main__":
    sys.exit(main())
