#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""test_link.py BUILD: programs against an installed spdk.pc link without tricks, in every way.

Prints TAP. A program with only spdk_nvme_* calls must contain no bdev code.
"""

import os
import subprocess
import sys
import tempfile

BUILD = os.path.abspath(sys.argv[1])

APP = r"""
#include "spdk/bdev.h"
#include "spdk/event.h"
#include "spdk/string.h"
int check_outside(void) __attribute__((weak));
static void
start(void *arg)
{
	struct spdk_bdev *bdev = spdk_bdev_get_by_name("null0");

	if (check_outside != NULL && check_outside() != 0) {
		spdk_app_stop(-1);
		return;
	}
	spdk_app_stop(bdev != NULL && spdk_bdev_get_num_blocks(bdev) == 100 ? 0 : -1);
}
int
main(int argc, char **argv)
{
	static char config[] = "{\"subsystems\":[{\"subsystem\":\"bdev\",\"config\":[{\"method\":"
		"\"bdev_null_create\",\"params\":{\"name\":\"null0\",\"num_blocks\":100,"
		"\"block_size\":512}}]}]}";
	struct spdk_app_opts opts;
	int rc;

	spdk_app_opts_init(&opts, sizeof(opts));
	opts.name = "link";
	opts.rpc_addr = argv[1];
	opts.json_data = config;
	opts.json_data_size = sizeof(config) - 1;
	rc = spdk_app_start(&opts, start, NULL);
	spdk_app_fini();
	return rc == 0 ? 0 : 1;
}
"""

NVME = r"""
#include "spdk/env.h"
#include "spdk/nvme.h"
int
main(void)
{
	struct spdk_nvme_transport_id trid;
	struct spdk_env_opts opts;
	struct spdk_nvme_ctrlr *ctrlr;

	memset(&trid, 0, sizeof(trid));
	memset(&opts, 0, sizeof(opts));
	opts.opts_size = sizeof(opts);
	spdk_env_opts_init(&opts);
	if (spdk_env_init(&opts) != 0) {
		return 1;
	}
	if (spdk_nvme_transport_id_parse(&trid, "trtype:TCP adrfam:IPv4 traddr:127.0.0.1 trsvcid:1 "
					 "subnqn:nqn.2016-06.io.spdk:none") != 0) {
		return 2;
	}
	ctrlr = spdk_nvme_connect(&trid, NULL, 0);
	spdk_env_fini();
	return ctrlr == NULL ? 0 : 3;
}
"""

# A module of the program's own, by SPDK's macro.
MODULE = r"""
#include "spdk/bdev_module.h"
#include "spdk/rpc.h"
#include "spdk/jsonrpc.h"
static int started;
static int init(void) { started = 1; return 0; }
static struct spdk_bdev_module outside = { .name = "outside", .module_init = init };
SPDK_BDEV_MODULE_REGISTER(outside, &outside)
static void
hello(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	spdk_jsonrpc_send_bool_response(request, true);
}
SPDK_RPC_REGISTER("outside_hello", hello, SPDK_RPC_RUNTIME)
int check_outside(void);
int
check_outside(void)
{
	return started && spdk_rpc_is_method_allowed("outside_hello", SPDK_RPC_RUNTIME) == 0 ? 0 : -1;
}
"""

FAILED = []
COUNT = 0


def report(ok, name, why=""):
    global COUNT
    COUNT += 1
    print(f"{'ok' if ok else 'not ok'} {COUNT} - {name}", flush=True)
    if not ok:
        FAILED.append(name)
        for line in why.splitlines()[-15:]:
            print("# " + line)


def sh(cmd, **kw):
    return subprocess.run(cmd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)


class Installed:
    """A private installation and its flags."""

    def __init__(self, folder):
        self.prefix = folder
        r = sh(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", folder])
        if r.returncode != 0:
            sys.exit(r.stdout)
        pc = [d for d, _, files in os.walk(folder) if "spdk.pc" in files][0]
        self.libdir = os.path.dirname(pc)
        self.env = dict(os.environ, PKG_CONFIG_PATH=pc, PKG_CONFIG_SYSROOT_DIR=folder,
                        LD_LIBRARY_PATH=self.libdir)

    def flags(self, *args):
        r = sh(["pkg-config", *args, "spdk"], env=self.env)
        if r.returncode != 0:
            sys.exit(r.stdout)
        return r.stdout.split()


def static_libs(inst, whole):
    """`pkg-config --static --libs`, with libspdk taken from the archive."""
    libs = []
    for flag in inst.flags("--static", "--libs"):
        if flag == "-lspdk":
            archive = ["-Wl,-Bstatic", "-lspdk", "-Wl,-Bdynamic"]
            libs += ["-Wl,--whole-archive"] + archive + ["-Wl,--no-whole-archive"] if whole \
                else archive
        else:
            libs.append(flag)
    return libs


def build(inst, folder, name, compiler, sources, extra, libs):
    files = []
    for i, text in enumerate(sources):
        path = os.path.join(folder, f"{name}{i}." + ("cc" if "++" in compiler else "c"))
        with open(path, "w") as f:
            f.write(text)
        files.append(path)
    out = os.path.join(folder, name)
    return out, sh([compiler, "-O2", "-Wall"] + extra + inst.flags("--cflags") + files +
                   ["-o", out] + libs, env=inst.env)


def main():
    cases = [
        ("shared", "gcc", [APP], [], None),
        ("static", "gcc", [APP], [], False),
        ("whole-archive", "gcc", [APP], [], True),
        ("lto", "gcc", [APP], ["-flto"], False),
        ("gc-sections", "gcc", [APP], ["-ffunction-sections", "-Wl,--gc-sections"], False),
        ("clang", "clang", [APP], [], None),
        ("cxx", "g++", [APP], ["-std=c++11"], None),
        ("module", "gcc", [APP, MODULE], [], None),
        ("module-static", "gcc", [APP, MODULE], [], False),
        ("module-lto-gc", "gcc", [APP, MODULE], ["-flto", "-Wl,--gc-sections"], False),
        ("nvme-shared", "gcc", [NVME], [], None),
        ("nvme-static", "gcc", [NVME], [], False),
    ]
    print(f"1..{len(cases) + 1}")
    with tempfile.TemporaryDirectory(prefix="basalt-link-") as folder:
        inst = Installed(os.path.join(folder, "root"))
        for name, compiler, sources, extra, whole in cases:
            libs = inst.flags("--libs") if whole is None else static_libs(inst, whole)
            out, r = build(inst, folder, name, compiler, sources, extra, libs)
            if r.returncode == 0:
                r = sh([out, os.path.join(folder, "rpc.sock")], env=inst.env, timeout=60)
            report(r.returncode == 0, f"a program links and runs: {name}", r.stdout)
        symbols = sh(["nm", os.path.join(folder, "nvme-static")]).stdout
        found = [s for s in symbols.splitlines() if "spdk_bdev_" in s]
        report(" spdk_nvme_connect" in symbols and not found,
               "a program with only spdk_nvme_* calls contains no bdev", "\n".join(found))
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
