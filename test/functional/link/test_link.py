#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""test_link.py BUILD [SANITIZERS]: programs against an installed spdk.pc link without tricks, in
every way.

Prints TAP. A program with only spdk_nvme_* calls must contain no bdev code.
"""

import os
import re
import subprocess
import sys
import tempfile

from installed import Installed, sh

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

# A module of the program's own, by SPDK's macros; C and C++.
MODULE = r"""
#include "spdk/bdev_module.h"
#include "spdk/rpc.h"
#include "spdk/jsonrpc.h"
#ifdef __cplusplus
extern "C"
#endif
int check_outside(void);
static int started;
static int init(void) { started = 1; return 0; }
static struct spdk_bdev_module outside = { .module_init = init, .name = "outside" };
SPDK_BDEV_MODULE_REGISTER(outside, &outside)
static void
hello(struct spdk_jsonrpc_request *request, const struct spdk_json_val *params)
{
	spdk_jsonrpc_send_bool_response(request, true);
}
SPDK_RPC_REGISTER("outside_hello", hello, SPDK_RPC_RUNTIME)
int
check_outside(void)
{
	return started && spdk_rpc_is_method_allowed("outside_hello", SPDK_RPC_RUNTIME) == 0 ? 0 : -1;
}
"""
# What a Makefile written for SPDK names, in its order.
PARTS = ["spdk_event", "spdk_event_bdev", "spdk_event_sock", "spdk_bdev_null", "spdk_bdev",
         "spdk_init", "spdk_rpc", "spdk_jsonrpc", "spdk_json", "spdk_thread", "spdk_sock",
         "spdk_sock_posix", "spdk_util", "spdk_log", "spdk_env_dpdk"]

# A library with sanitizers asks the programs for the same flags, and for the compiler of their
# runtime.
SANITIZE = [] if sys.argv[2:] in ([], ["none"]) else ["-fsanitize=" + sys.argv[2]]

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


def of_archive(libs, whole):
    mark = ["-Wl,--whole-archive"] if whole else []
    end = ["-Wl,--no-whole-archive"] if whole else []
    return mark + ["-Wl,-Bstatic"] + libs + ["-Wl,-Bdynamic"] + end


def libs_of(inst, how):
    """The libraries of a command line: from spdk.pc, from the .pc files of parts, or by hand."""
    system = [f for f in inst.flags("--static", "--libs") if f != "-lspdk"]
    hand = ["-l" + p for p in PARTS]
    return {
        "shared": lambda: inst.flags("--libs"),
        "static": lambda: of_archive(["-lspdk"], False) + system,
        "whole": lambda: of_archive(["-lspdk"], True) + system,
        "parts": lambda: inst.flags("--libs", names=PARTS),
        "parts-static": lambda: of_archive(["-lspdk"], False) + [
            f for f in inst.flags("--static", "--libs", names=["spdk_syslibs"]) if f != "-lspdk"],
        "hand": lambda: ["-L" + inst.libdir] + hand,
        "hand-static": lambda: ["-L" + inst.libdir] + of_archive(hand, False) + system,
        "hand-whole": lambda: ["-L" + inst.libdir] + of_archive(hand, True) + system,
    }[how]()


def compile_to(inst, compiler, out, sources, flags):
    """Write the sources beside the output and build it."""
    files = []
    for i, text in enumerate(sources):
        files.append(f"{out}-{i}." + ("cc" if "++" in compiler else "c"))
        with open(files[-1], "w", encoding="ascii") as f:
            f.write(text)
    return sh([compiler, "-O2", "-Wall", *SANITIZE, *inst.flags("--cflags"), *files, "-o", out,
               *flags], env=inst.env)


def symbols_of(*nm):
    return {line.split()[-1] for line in sh(["nm", *nm]).stdout.splitlines() if line.strip()}


def block_layer(inst):
    """What the archive's members of the block layer and the target define for others."""
    lines = sh(["nm", "-A", "-g", "--defined-only",
                os.path.join(inst.libdir, "libspdk.a")]).stdout.splitlines()
    return {line.split()[-1] for line in lines
            if re.search(r":(lib_bdev|lib_nvmf|module_bdev|module_nvmf)_[^:/]*\.o:", line)}


# name, compiler, sources, flags, libraries. "so" as a source: the module in a library of its own.
CASES = [
    ("shared", "gcc", [APP], [], "shared"),
    ("static", "gcc", [APP], [], "static"),
    ("whole-archive", "gcc", [APP], [], "whole"),
    ("lto", "gcc", [APP], ["-flto"], "static"),
    ("lto-shared", "gcc", [APP], ["-flto"], "shared"),
    ("gc-sections", "gcc", [APP], ["-ffunction-sections", "-Wl,--gc-sections"], "static"),
    ("clang", "clang", [APP], [], "shared"),
    ("cxx", "g++", [APP], ["-std=c++11"], "shared"),
    ("cxx-static", "g++", [APP], ["-std=c++20"], "static"),
    ("module", "gcc", [APP, MODULE], [], "shared"),
    ("module-cxx", "g++", [APP, MODULE], [], "shared"),
    ("module-static", "gcc", [APP, MODULE], [], "static"),
    ("module-lto-gc", "gcc", [APP, MODULE], ["-flto", "-Wl,--gc-sections"], "static"),
    ("module-in-so", "gcc", [APP, "so"], [], "shared"),
    ("module-in-so-of-static", "gcc", [APP, "so"], ["-rdynamic"], "whole"),
    ("parts", "gcc", [APP], [], "parts"),
    ("parts-static", "gcc", [APP], [], "parts-static"),
    ("by-hand", "gcc", [APP], [], "hand"),
    ("by-hand-static", "gcc", [APP], [], "hand-static"),
    ("by-hand-whole-archive", "gcc", [APP], [], "hand-whole"),
    ("nvme-shared", "gcc", [NVME], [], "shared"),
    ("nvme-static", "gcc", [NVME], [], "static"),
    ("nvme-lto", "gcc", [NVME], ["-flto", "-Wl,--gc-sections"], "static"),
]


def run_case(inst, folder, name, compiler, sources, flags, how):
    out, libs = os.path.join(folder, name), libs_of(inst, how)
    if "so" in sources:
        sources = [s for s in sources if s != "so"]
        module = os.path.join(inst.libdir, f"lib{name}.so")
        r = compile_to(inst, compiler, module, [MODULE], ["-shared", "-fPIC"])
        if r.returncode != 0:
            return r
        libs = ["-Wl,--no-as-needed", "-L" + inst.libdir, "-l" + name, "-Wl,--as-needed"] + libs
    r = compile_to(inst, compiler, out, sources, flags + libs)
    if r.returncode == 0:
        r = sh([out, os.path.join(folder, "rpc.sock")], env=inst.env, timeout=60)
    return r


def main():
    cases = [case for case in CASES if not SANITIZE or case[1] != "clang"]
    print(f"1..{len(cases) + 2}")
    with tempfile.TemporaryDirectory(prefix="basalt-link-") as folder:
        inst = Installed(BUILD, os.path.join(folder, "root"))
        for name, *how in cases:
            r = run_case(inst, folder, name, *how)
            report(r.returncode == 0, f"a program links and runs: {name}", r.stdout)
        block = block_layer(inst)
        for name in ("nvme-static", "nvme-lto"):
            have = symbols_of(os.path.join(folder, name))
            found = sorted(have & block)
            report("spdk_nvme_connect" in have and len(block) > 100 and not found,
                   f"a program with only spdk_nvme_* calls contains no bdev: {name}",
                   "\n".join(found))
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
