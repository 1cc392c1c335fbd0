# SPDX-License-Identifier: BSD-3-Clause
"""A private installation of a build folder, and the flags to build against it."""

import os
import subprocess
import sys


def sh(cmd, **kw):
    return subprocess.run(cmd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)


class Installed:
    def __init__(self, build, folder):
        self.prefix = folder
        r = sh(["meson", "install", "-C", build, "--no-rebuild", "--destdir", folder])
        if r.returncode != 0:
            sys.exit(r.stdout)
        pc = [d for d, _, files in os.walk(folder) if "spdk.pc" in files][0]
        self.libdir = os.path.dirname(pc)
        self.bindir = [d for d, _, files in os.walk(folder) if "spdk_tgt" in files][0]
        self.env = dict(os.environ, PKG_CONFIG_PATH=pc, PKG_CONFIG_SYSROOT_DIR=folder,
                        LD_LIBRARY_PATH=self.libdir)

    def flags(self, *args, names=("spdk",)):
        r = sh(["pkg-config", *args, *names], env=self.env)
        if r.returncode != 0:
            sys.exit(r.stdout)
        return r.stdout.split()
