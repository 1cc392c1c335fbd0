#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`make install`, `make uninstall` and the Debian packages: what is installed works where it lies,
and goes again without a trace.

    test_package.py BUILD_ROOT SOURCE_ROOT [SANITIZERS]
"""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rpc"))
from harness import run_tap  # noqa: E402

BUILD, SOURCE = map(os.path.abspath, sys.argv[1:3])
SANITIZE = [] if sys.argv[3:] in ([], ["none"]) else ["-fsanitize=" + sys.argv[3]]
PACKAGES = ["libspdk-dev", "libspdk26", "python3-spdk", "spdk-tools"]
START_S = 30
PROGRAM = r"""
#include "spdk/env.h"
#include "spdk/version.h"
int
main(void)
{
	struct spdk_env_opts opts;

	opts.opts_size = sizeof(opts);
	spdk_env_opts_init(&opts);
	printf("%s\n", SPDK_VERSION_STRING);
	return spdk_env_init(&opts) == 0 ? 0 : 1;
}
"""


def sh(*cmd, **kw):
    r = subprocess.run(cmd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       timeout=kw.pop("timeout", 120), **kw)
    assert r.returncode == 0, f"{cmd}: {r.returncode}\n{r.stdout}"
    return r.stdout


def files_of(root):
    return {os.path.relpath(os.path.join(folder, name), root)
            for folder, _, files in os.walk(root) for name in files}


class Root:
    """An installation below a folder: its programs run with its library."""

    def __init__(self, folder, prefix):
        self.folder, self.usr = folder, os.path.join(folder, prefix.lstrip("/"))
        (pc,) = [d for d, _, files in os.walk(folder) if "spdk.pc" in files]
        self.libdir = os.path.dirname(pc)
        self.env = {**os.environ, "PKG_CONFIG_PATH": pc, "PKG_CONFIG_SYSROOT_DIR": folder,
                    "LD_LIBRARY_PATH": self.libdir, "PYTHONDONTWRITEBYTECODE": "1",
                    "MANPATH": os.path.join(self.usr, "share", "man")}

    def run(self, name, *args):
        return sh(os.path.join(self.usr, "bin", name), *args, env=self.env)


def check_target(root, work):
    """The installed target answers the installed client, which knows the schema offline."""
    sock = os.path.join(work, "spdk.sock")
    process = subprocess.Popen([os.path.join(root.usr, "bin", "spdk_tgt"), "-r", sock],
                               env=root.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_S
        while not os.path.exists(sock) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert root.run("spdk-rpc", "-s", sock, "-r", "10", "bdev_malloc_create", "-b", "m0", "8",
                        "512").strip() == "m0"
        (bdev,) = json.loads(root.run("spdk-rpc", "-s", sock, "bdev_get_bdevs"))
        assert bdev["num_blocks"] == 16384, bdev
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_S) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert "bdev_malloc_create" in root.run("spdk-rpc", "--help")


def check_compile(root, work):
    """A program builds by pkg-config, runs, and finds the headers of modules too."""
    source, out = os.path.join(work, "p.c"), os.path.join(work, "p")
    with open(source, "w", encoding="ascii") as f:
        f.write(PROGRAM)
    flags = sh("pkg-config", "--cflags", "--libs", "spdk_env_dpdk", "spdk_bdev",
               env=root.env).split()
    sh("cc", "-Wall", "-Werror", *SANITIZE, source, "-o", out, *flags, env=root.env)
    assert sh(out, env=root.env).startswith("SPDK v26.09"), "version"
    include = os.path.join(root.usr, "include", "spdk")
    assert os.path.exists(os.path.join(include, "module", "keyring", "file.h"))
    assert os.path.exists(os.path.join(include, "config.h"))


def check_rest(root, prefix):
    """Pages, completion, documentation, unit: there, and none names another place."""
    man = glob.glob(os.path.join(root.usr, "share/man/man1/*"))
    names = {re.sub(r"\.1(\.gz)?$", "", os.path.basename(path)) for path in man}
    bins = set(os.listdir(os.path.join(root.usr, "bin")))
    assert bins <= names, bins - names
    completion = os.path.join(root.usr, "share/bash-completion/completions/spdk-rpc")
    assert sh("bash", "-c", f". {completion}; complete -p spdk-rpc rpc.py"), completion
    for name in ("README.md", "LICENSE", "features.md", "bdev_aio.md", "rpc_methods.md"):
        assert os.path.exists(os.path.join(root.usr, "share/doc/spdk", name)), name
    with open(os.path.join(root.usr, "lib/systemd/system/spdk_tgt.service"), encoding="utf-8") as f:
        unit = f.read()
    assert f"ExecStart={prefix}/bin/spdk_tgt " in unit and "DynamicUser=yes" in unit, unit


def check_unit(root, work):
    """systemd finds nothing to complain about, where there is one to ask."""
    if shutil.which("systemd-analyze") is None:
        print("# no systemd-analyze here")
        return
    text = open(os.path.join(root.usr, "lib/systemd/system/spdk_tgt.service"),
                encoding="utf-8").read()
    path = os.path.join(work, "spdk_tgt.service")
    with open(path, "w", encoding="utf-8") as f:
        f.write(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", text))
    r = subprocess.run(["systemd-analyze", "verify", "--man=no", path], text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    ours = [line for line in r.stdout.splitlines() if "spdk_tgt" in line]
    assert not ours, ours


def prefix_of_build():
    with open(os.path.join(BUILD, "meson-info", "intro-buildoptions.json"), encoding="utf-8") as f:
        return next(o["value"] for o in json.load(f) if o["name"] == "prefix")


def check_all(root, prefix, work):
    check_target(root, work)
    check_compile(root, work)
    check_rest(root, prefix)
    check_unit(root, work)


def test_make_install():
    """By the Makefile, as a packager does it; `make uninstall` leaves no file behind."""
    prefix = prefix_of_build()
    with tempfile.TemporaryDirectory(prefix="basalt-install-") as work:
        dest = os.path.join(work, "dest")
        make = ("make", "-C", SOURCE, "NINJA=true", f"BUILD={BUILD}", f"DESTDIR={dest}",
                f"PREFIX={prefix}")
        sh(*make, "install")
        with open(os.path.join(dest, "not-ours"), "w", encoding="ascii"):
            pass
        check_all(Root(dest, prefix), prefix, work)
        # As packages are made from the same build folder: not what is to be taken out.
        sh("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", os.path.join(work, "else"))
        sh(*make, "uninstall")
        assert files_of(dest) == {"not-ours"}, files_of(dest)


def debs(out):
    sh(sys.executable, os.path.join(SOURCE, "packaging/debian/build.py"), "--build", BUILD, "--out",
       out)
    found = sorted(glob.glob(os.path.join(out, "*.deb")))
    assert [os.path.basename(path).split("_")[0] for path in found] == PACKAGES, found
    return found


def test_deb():
    """The packages hold all that is installed, once, and work when unpacked."""
    with tempfile.TemporaryDirectory(prefix="basalt-deb-") as work:
        root, seen = os.path.join(work, "root"), set()
        for path in debs(os.path.join(work, "out")):
            # Lines: rights, owner, size, date, time, name.
            names = [line.split(None, 5) for line in sh("dpkg-deb", "-c", path).splitlines()]
            assert all(row[1] == "root/root" for row in names), path
            here = {row[5].split(" -> ")[0] for row in names if not row[0].startswith("d")}
            assert not here & seen, here & seen
            seen |= here
            sh("dpkg-deb", "-x", path, root)
            if "libspdk26" in path:
                control = sh("dpkg-deb", "-f", path)
                for package in ("libc6 (>= ", "liburing2 (>= ", "libisal2 (>= "):
                    assert package in control, control
        check_all(Root(root, "/usr"), "/usr", work)
        other = prefix_of_build()
        for name in files_of(root):
            if other != "/usr" and not name.startswith("usr/share/doc") and \
                    name.endswith((".pc", ".h", ".service", ".py")):
                with open(os.path.join(root, name), encoding="utf-8") as f:
                    assert other + "/" not in f.read(), name


def test_deb_install():
    """dpkg puts them into a root of their own, finds every file whole, and takes them out."""
    if os.geteuid() != 0:
        print("# not root: dpkg can't own files")
        return
    with tempfile.TemporaryDirectory(prefix="basalt-dpkg-") as work:
        root = os.path.join(work, "root")
        for name in ("var/lib/dpkg/updates", "var/lib/dpkg/info", "var/lib/dpkg/triggers"):
            os.makedirs(os.path.join(root, name))
        for name in ("status", "available"):
            with open(os.path.join(root, "var/lib/dpkg", name), "w", encoding="ascii"):
                pass
        before = files_of(root)
        # What they depend on is outside of this root.
        dpkg = ("dpkg", "--root=" + root, "--force-depends", "--log=/dev/null")
        sh(*dpkg, "-i", *debs(os.path.join(work, "out")))
        status = sh("dpkg-query", "--admindir=" + os.path.join(root, "var/lib/dpkg"), "-W", "-f",
                    "${Package} ${Status}\n")
        assert status.split("\n")[:-1] == [f"{p} install ok installed" for p in PACKAGES], status
        assert sh(*dpkg, "-V") == ""
        check_target(Root(root, "/usr"), work)
        sh(*dpkg, "-P", *PACKAGES)
        left = {name for name in files_of(root) - before if not name.startswith("var/lib/dpkg")}
        assert not left, left


def main():
    tests = [(test.__doc__.split("\n")[0].rstrip("."), test)
             for test in (test_make_install, test_deb, test_deb_install)]
    return run_tap(tests)


if __name__ == "__main__":
    sys.exit(main())
