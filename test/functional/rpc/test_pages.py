#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the build makes of the RPC tables: the reference page tells of each method and parameter,
with an example of this program; the completion works in a real bash; rpc.py(1) has each command.

    test_pages.py SCHEMA EXAMPLES PAGE COMPLETION MAN
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from harness import run_tap

RECORD = ("test/compat/rpc/record_examples.py BUILD test/compat/data "
          "test/compat/rpc/results_differences.txt doc/rpc_examples.json")
# Words before the cursor, the last one half -> what must be offered, what must not.
COMPLETIONS = [
    (["bdev_mal"], {"bdev_malloc_create", "bdev_malloc_delete"}, {"bdev_null_create", "-s"}),
    (["load_"], {"load_config", "load_subsystem_config"}, {"save_config"}),
    ([""], {"bdev_get_bdevs", "save_config"}, {"-s"}),
    (["-"], {"-s", "--dry-run", "--plugin"}, {"bdev_get_bdevs"}),
    (["--verbose", ""], {"DEBUG", "INFO", "ERROR"}, {"bdev_get_bdevs"}),
    (["-s", "a_"], {"a_file", "a_ file"}, {"bdev_get_bdevs"}),
    (["-s", "x.sock", "bdev_get_b"], {"bdev_get_bdevs"}, {"x.sock"}),
    (["-t", "3", "--dry-run", "log_"], {"log_get_level", "log_set_flag"}, {"bdev_get_bdevs"}),
    (["log_set_level", ""], {"ERROR", "DEBUG", "NOTICE"}, {"bdev_get_bdevs", "a_file"}),
    (["log_set_level", "N"], {"NOTICE"}, {"ERROR"}),
    (["bdev_malloc_create", "-"], {"-b", "--name", "-u"}, {"-s", "--plugin"}),
    (["bdev_malloc_create", "-b", ""], set(), {"-b", "a_file", "bdev_get_bdevs"}),
    (["bdev_malloc_create", "-b", "m0", "--uu"], {"--uuid"}, {"-b"}),
    (["load_config", "-j", "a_"], {"a_file"}, {"-j"}),
    (["bdev_uring_create", "a_"], {"a_file"}, {"-b"}),
    (["no_such_command", ""], set(), {"bdev_get_bdevs"}),
]


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def methods_of(schema):
    return [m for m in load(schema)["methods"] if not m.get("opaque")]


def names_of(params, prefix=""):
    for p in params:
        yield prefix + p["name"]
        inner = p if p["type"] == "object" else p.get("element", {})
        yield from names_of(inner.get("fields", []),
                            f"{prefix}{p['name']}" + ("." if p["type"] == "object" else "[]."))


def check_page(schema, examples, page):
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", read(page), re.S | re.M))
    recorded = load(examples)
    for method in methods_of(schema):
        name, text = method["name"], sections.get(method["name"], "")
        assert method["help"] in text, f"the page says nothing of {name}"
        missing = [n for n in names_of(method["params"]) if f"| `{n}` |" not in text]
        assert not missing, f"{name}: the page lacks {missing}"
        assert name in recorded, f"{name} has no example; run {RECORD}"
        assert f'"method": "{name}"' in text, f"the page shows no request of {name}"
    built = {m["name"]: {p["name"] for p in m["params"]} for m in methods_of(schema)}
    for name, example in recorded.items():
        assert name in built, f"an example of {name}, which is not there; run {RECORD}"
        stale = set(example["request"].get("params", {})) - built[name]
        assert not stale, f"the example of {name} has {stale}; run {RECORD}"


def complete(completion, folder, words):
    """What a bash offers."""
    script = (f"source '{completion}'\nCOMP_WORDS=(rpc.py \"$@\")\nCOMP_CWORD=$#\n"
              "_basalt_rpc rpc.py \"${COMP_WORDS[COMP_CWORD]}\"\n"
              "printf '%s\\n' \"${COMPREPLY[@]}\"\n")
    run = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True,
                         cwd=folder, timeout=30, check=True)
    assert run.stderr == "", run.stderr
    return set(run.stdout.split("\n")) - {""}


def check_completion(schema, completion):
    folder = tempfile.mkdtemp(prefix="basalt_complete_")
    for name in ("a_file", "a_ file", "x.sock"):
        with open(os.path.join(folder, name), "w", encoding="ascii"):
            pass
    known = subprocess.run(["bash", "-c", f"source '{completion}'; complete -p rpc.py spdk-rpc"],
                           capture_output=True, text=True, timeout=30, check=True).stdout
    assert known.count("-F _basalt_rpc") == 2, known
    for words, offered, others in COMPLETIONS:
        got = complete(completion, folder, words)
        assert offered <= got and not got & others, f"{words}: {sorted(got)}"
    commands = complete(completion, folder, [""])
    missing = {m["name"] for m in methods_of(schema) if m.get("cli")} - commands
    assert not missing, f"not offered: {missing}"
    for method in methods_of(schema):
        if method.get("cli"):
            flags = {a[k] for a in method["cli"]["args"] for k in ("short", "long") if k in a}
            got = complete(completion, folder, [method["name"], "-"])
            assert flags <= got, f"{method['name']}: {flags - got} not offered"


def check_man(schema, man):
    text = read(man)
    for method in methods_of(schema):
        if method.get("cli"):
            assert "\\fB" + method["name"] in text, method["name"]
    for word in ("\\fB\\-\\-plugin\\fR", "BASALT_RPC_SCHEMA", ".SH EXIT STATUS"):
        assert word in text, word
    if shutil.which("groff") is not None:
        run = subprocess.run(["groff", "-man", "-ww", "-z", man], capture_output=True, text=True,
                             timeout=30, check=True)
        assert run.stderr == "", run.stderr


def main(schema, examples, page, completion, man):
    return run_tap([("reference page", lambda: check_page(schema, examples, page)),
                    ("completion", lambda: check_completion(schema, os.path.abspath(completion))),
                    ("manual page", lambda: check_man(schema, man))])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
