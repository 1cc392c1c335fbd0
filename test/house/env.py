#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The page on porting env names the functions that the library asks of a machine: all of them, and
no others. The simulator has them all."""

import os
import re

from house import main, need, symbols

PAGE = "doc/env_porting.md"


def named(text):
    """The functions in the first column of the tables of "The functions"."""
    part = text.split("## The functions")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in part.split("\n") if line.startswith("| `")]
    return set(re.findall(r"`(\w+)`", " ".join(rows)))


def compare(page, asked, native, sim, public):
    problems = [f"{PAGE} does not name {name}(), which the library asks of a machine"
                for name in sorted((asked & native) - page)]
    problems += [f"{PAGE} names {name}(), which nobody asks of a machine"
                 for name in sorted(page - (asked & native) - (public & native))]
    return problems + [f"the simulator has no {name}()" for name in sorted((asked & native) - sim)]


def self_test():
    text = "x\n## The functions\n| `a` `b` | `c` |\n## More\n| `d` | |\n"
    need(named(text) == {"a", "b"}, f"functions of a table: {named(text)}")
    got = compare({"a", "p"}, {"a", "libc"}, {"a", "p"}, {"a"}, {"p"})
    need(not got, f"a page that is right: {got}")
    got = compare({"a", "z"}, {"a", "b"}, {"a", "b"}, {"a"}, set())
    need(len(got) == 3, f"one missing, one too many, one that sim lacks: {got}")


def archive(tree, name):
    """(defined, undefined) of libbasalt_NAME.a."""
    defined, undefined = set(), set()
    path = os.path.join(tree.build, f"libbasalt_{name}.a")
    objects = [o for o in tree.objects("lib", "module", "generated")
               if o.startswith(path + ".p" + os.sep)]
    for table in symbols(objects).values():
        defined |= {s for s, kind in table if kind in "TDBRVW"}
        undefined |= {s for s, kind in table if kind == "U"}
    return defined, undefined - defined


def check(tree):
    asked = archive(tree, "core")[1]
    native, sim = archive(tree, "env_native")[0], archive(tree, "env_sim")[0]
    headers = [h for h in tree.headers("include/spdk/", "include/spdk_internal/env")]
    public = {name for h in headers for name in re.findall(r"\b(\w+)\(", tree.read(h))}
    page = named(tree.read(PAGE))
    return compare(page, asked, native, sim, public), f"{len(page)} functions"


if __name__ == "__main__":
    main("env", self_test, check)
