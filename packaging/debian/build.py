#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""build.py [--build BUILD] [--out DIR]: Debian packages of what a build folder has.

    libspdk26      the shared library
    libspdk-dev    headers, archives, .pc files
    spdk-tools     programs, manual pages, documentation, systemd unit
    python3-spdk   the JSON-RPC client for Python, spdk-rpc

Needs dpkg-deb, a compiler to ask and strip, and no root. The build may have any prefix: what names
it (.pc files, config.h, the unit) says /usr in the packages. Each installed file must belong to one
package, else it ends with status 1: nothing is forgotten.
"""

import argparse
import fnmatch
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MAINTAINER = "The Basalt authors <basalt@localhost>"
HOMEPAGE = "https://spdk.io"

# package: (section, architecture, what it depends on beside libraries, in words, its files)
PACKAGES = {
    "libspdk26": ("libs", "any", [], "shared library",
                  ["usr/lib/*/libspdk.so.*"]),
    "libspdk-dev": ("libdevel", "any",
                    ["libspdk26 (= {version})", "libssl-dev", "liburing-dev", "libisal-dev",
                     "uuid-dev"], "headers and archives",
                    ["usr/include/*", "usr/lib/*/pkgconfig/*", "usr/lib/*/libspdk*.a",
                     "usr/lib/*/libspdk*.so"]),
    "python3-spdk": ("python", "all", ["python3 (>= 3.9)"], "JSON-RPC client for Python",
                     ["usr/share/spdk/*", "usr/bin/spdk-rpc", "usr/lib/python3/*",
                      "usr/share/bash-completion/*", "usr/share/man/man1/spdk-rpc.1.gz"]),
    "spdk-tools": ("admin", "any", ["python3-spdk (= {version})"], "programs",
                   ["usr/bin/*", "usr/libexec/*", "usr/share/man/*", "usr/share/doc/spdk/*",
                    "usr/lib/systemd/*"]),
}
LONG = """ Storage Performance Development Kit: user-space storage with SPDK's names, headers,
 RPCs and command lines. This package has the {what}.
"""


def sh(*cmd):
    return subprocess.run(cmd, check=True, stdout=subprocess.PIPE, text=True).stdout


# ---- What is installed ----

def files_of(root):
    """Relative paths of files and links."""
    for folder, folders, files in os.walk(root):
        for name in files + [d for d in folders if os.path.islink(os.path.join(folder, d))]:
            yield os.path.relpath(os.path.join(folder, name), root)


def is_elf(path):
    with open(path, "rb") as f:
        return f.read(8) in (b"!<arch>\n", b"!<thin>\n") or f.seek(0) == 0 and \
            f.read(4) == b"\x7fELF"


def move_prefix(root, prefix):
    """Make it /usr, in the tree and in the files that name it."""
    usr = os.path.join(root, "usr")
    if prefix != "/usr":
        staged = root + "-moved"
        os.makedirs(staged)
        shutil.move(os.path.join(root, prefix.lstrip("/")), os.path.join(staged, "usr"))
        shutil.rmtree(root)
        os.rename(staged, root)
    for name in list(files_of(usr)):
        path = os.path.join(usr, name)
        if os.path.islink(path) or is_elf(path):
            continue
        with open(path, "rb") as f:
            text = f.read()
        moved = re.sub(re.escape(prefix.encode()) + rb"(?=[/\"\n])", b"/usr", text)
        if moved != text and prefix != "/usr" and not name.startswith("share/doc/"):
            with open(path, "wb") as f:
                f.write(moved)


def multiarch():
    return sh("cc", "-print-multiarch").strip()


def debianize(root):
    """Where Debian keeps things, whatever folders the build was told."""
    usr = os.path.join(root, "usr")
    lib = os.path.join(usr, "lib")
    target = os.path.join(lib, multiarch())
    for folder in ("lib64", "lib"):
        folder = os.path.join(usr, folder)
        if os.path.exists(os.path.join(folder, "libspdk.a")):
            os.makedirs(target, exist_ok=True)
            for name in os.listdir(folder):
                if name.startswith("libspdk") or name == "pkgconfig":
                    shutil.move(os.path.join(folder, name), os.path.join(target, name))
            for pc in files_of(os.path.join(target, "pkgconfig")):
                path = os.path.join(target, "pkgconfig", pc)
                with open(path, encoding="utf-8") as f:
                    text = f.read()
                with open(path, "w", encoding="utf-8") as f:
                    f.write(re.sub(r"(?m)^libdir=.*$", f"libdir=${{prefix}}/lib/{multiarch()}",
                                   text))
    dist = os.path.join(lib, "python3", "dist-packages")
    os.makedirs(dist, exist_ok=True)
    # Debian's Python looks there; rpc.py beside schema.json finds its package through the link.
    shutil.move(os.path.join(usr, "share", "spdk", "python", "spdk"), os.path.join(dist, "spdk"))
    os.symlink("../../../lib/python3/dist-packages/spdk",
               os.path.join(usr, "share", "spdk", "python", "spdk"))
    os.symlink("../../../../../share/spdk/scripts/schema.json",
               os.path.join(dist, "spdk", "rpc", "schema.json"))
    man = os.path.join(usr, "share", "man")
    for path in [os.path.join(man, name) for name in files_of(man)]:
        with open(path, "rb") as f, open(path + ".gz", "wb") as out:
            out.write(gzip.compress(f.read(), mtime=0))
        os.unlink(path)


def split(root):
    """{package: [paths]}; each path goes to the first package that wants it."""
    packages = {name: [] for name in PACKAGES}
    lost = []
    for path in sorted(files_of(root)):
        for name, (*_, patterns) in PACKAGES.items():
            if any(fnmatch.fnmatch(path, p) for p in patterns):
                packages[name].append(path)
                break
        else:
            lost.append(path)
    if lost:
        sys.exit("build.py: these files belong to no package, see PACKAGES:\n" + "\n".join(lost))
    return packages


# ---- Packages ----

def libraries(root, paths):
    """The packages of the shared libraries that the programs need, with the least version."""
    needed, found = set(), {}
    for path in paths:
        full = os.path.join(root, path)
        if not os.path.islink(full) and is_elf(full) and not path.endswith(".a"):
            text = sh("ldd", full)
            needed.update(m.group(1) for m in re.finditer(r"=> (/\S+)", text))
    for library in needed:
        for place in (library, os.path.realpath(library), "/usr" + library):
            r = subprocess.run(["dpkg-query", "-S", place], stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.DEVNULL)
            if r.returncode == 0:
                package = r.stdout.split(":")[0]
                version = sh("dpkg-query", "-W", "-f", "${Version}",
                             r.stdout.split(": ")[0].split(",")[0])
                found[package] = re.sub(r"^(\d+:)?([\d.]+).*$", r"\1\2", version)
                break
    return [f"{name} (>= {version})" for name, version in sorted(found.items())]


def copy_files(root, paths, folder):
    for path in paths:
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(os.path.join(root, path), target, follow_symlinks=False)
        if not os.path.islink(target):
            if is_elf(target) and os.path.getsize(target) > 100:
                # As Debian does; gdb's symbols stay in the build folder.
                sh("strip", "--strip-debug" if path.endswith(".a") else "--strip-unneeded", target)
            os.chmod(target, 0o755 if os.stat(target).st_mode & 0o111 else 0o644)


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(text.encode())
    os.chmod(path, mode)


def add_papers(folder, name, version):
    """The licence and the changelog that Debian wants in each package."""
    doc = os.path.join(folder, "usr/share/doc", name)
    with open(os.path.join(TOP, "LICENSE"), encoding="utf-8") as f:
        write(os.path.join(doc, "copyright"), f.read())
    date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(source_date()))
    text = f"basalt ({version}) unstable; urgency=medium\n\n  * See /usr/share/doc/spdk.\n\n" \
           f" -- {MAINTAINER}  {date}\n"
    path = os.path.join(doc, "changelog.Debian.gz")
    with open(path, "wb") as f:
        f.write(gzip.compress(text.encode(), mtime=0))


def source_date():
    """The date of the source, so that the same source makes the same package."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return int(os.environ["SOURCE_DATE_EPOCH"])
    r = subprocess.run(["git", "-C", TOP, "log", "-1", "--format=%ct"], stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL, text=True)
    return int(r.stdout) if r.returncode == 0 and r.stdout.strip() else 0


def add_control(folder, name, version, depends):
    section, architecture, _, what, _ = PACKAGES[name]
    if architecture == "any":
        architecture = sh("dpkg", "--print-architecture").strip()
    paths = sorted(files_of(folder))
    size = sum(os.lstat(os.path.join(folder, path)).st_size for path in paths)
    control = [f"Package: {name}", "Source: basalt", f"Version: {version}",
               f"Architecture: {architecture}", f"Maintainer: {MAINTAINER}",
               f"Installed-Size: {size // 1024 + 1}", f"Section: {section}", "Priority: optional",
               f"Homepage: {HOMEPAGE}"]
    if depends:
        control.append("Depends: " + ", ".join(depends))
    control.append(f"Description: storage performance development kit, {what}")
    text = "\n".join(control) + "\n" + LONG.format(what=what)
    sums = ""
    for path in paths:
        full = os.path.join(folder, path)
        if not os.path.islink(full):
            with open(full, "rb") as f:
                sums += f"{hashlib.md5(f.read()).hexdigest()}  {path}\n"
    write(os.path.join(folder, "DEBIAN/control"), text)
    write(os.path.join(folder, "DEBIAN/md5sums"), sums)
    if name == "libspdk26":
        write(os.path.join(folder, "DEBIAN/triggers"), "activate-noawait ldconfig\n")


def pack(root, name, paths, version, work, out):
    folder = os.path.join(work, name)
    copy_files(root, paths, folder)
    depends = [d.format(version=version) for d in PACKAGES[name][2]] + libraries(root, paths)
    add_papers(folder, name, version)
    add_control(folder, name, version, depends)
    for directory, folders, _ in os.walk(folder):
        for d in folders:
            os.chmod(os.path.join(directory, d), 0o755)
    env = {**os.environ, "SOURCE_DATE_EPOCH": str(source_date())}
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", folder, out], check=True, env=env,
                   stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(description="Debian packages of a build folder")
    parser.add_argument("--build", default="build", help="what meson set up and ninja built")
    parser.add_argument("--out", default=".", help="where the packages go")
    parser.add_argument("--revision", default="1", help="what stands behind the version")
    args = parser.parse_args()
    with open(os.path.join(args.build, "meson-info", "intro-projectinfo.json"),
              encoding="utf-8") as f:
        version = json.load(f)["version"] + "-" + args.revision
    with open(os.path.join(args.build, "meson-info", "intro-buildoptions.json"),
              encoding="utf-8") as f:
        prefix = next(o["value"] for o in json.load(f) if o["name"] == "prefix")
    os.makedirs(args.out, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="basalt-deb-") as work:
        root = os.path.join(work, "root")
        subprocess.run(["meson", "install", "-C", args.build, "--no-rebuild", "--destdir", root,
                        "--quiet"], check=True, stdout=subprocess.DEVNULL)
        move_prefix(root, prefix)
        debianize(root)
        for name, paths in split(root).items():
            pack(root, name, paths, version, work, args.out)


if __name__ == "__main__":
    main()
