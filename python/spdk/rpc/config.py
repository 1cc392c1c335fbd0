# SPDX-License-Identifier: BSD-3-Clause
"""Saving and loading a configuration: the commands of rpc.py that are not methods."""

import json
import sys

from .client import JSONRPCException


def save_config(client, fd, indent=2, subsystems=None, with_batches=False):
    """Write what brings a fresh program into the present state; `subsystems`: only these."""
    config = {"subsystems": []}
    for elem in client.call("framework_get_subsystems"):
        name = elem["subsystem"]
        if subsystems is not None and name not in subsystems:
            continue
        config["subsystems"].append(_subsystem_config(client, name, with_batches))
    _dump(config, fd, indent)


def save_subsystem_config(client, fd, indent=2, name=None, with_batches=False):
    """The same of one subsystem."""
    _dump(_subsystem_config(client, name, with_batches), fd, indent)


def _subsystem_config(client, name, with_batches):
    params = {"name": name}
    if with_batches:
        params["with_batches"] = True
    return {"subsystem": name, "config": client.call("framework_get_config", params)}


def _dump(config, fd, indent):
    json.dump(config, fd, indent=None if indent is None or indent < 0 else indent)
    fd.write("\n")


def _flatten(config):
    """Entries in order; those of a batch too."""
    for elem in config or []:
        if isinstance(elem, list):
            yield from elem
        elif elem:
            yield elem


def _call_allowed(client, entries, allowed):
    """Run the entries that may be called now; returns the others."""
    rest = []
    for elem in entries:
        if elem["method"] in allowed:
            client.call(elem["method"], elem.get("params"))
        else:
            rest.append(elem)
    return rest


def _check_known(client, entries, include_aliases):
    known = set(client.call("rpc_get_methods", {"include_aliases": include_aliases}))
    for elem in entries:
        if "method" not in elem:
            raise JSONRPCException("An entry of the configuration has no method:\n"
                                   + json.dumps(elem, indent=2))
        if elem["method"] not in known:
            raise JSONRPCException(f"Unknown method was included in the config file: "
                                   f"{elem['method']}")


def load_config(client, fd, include_aliases=False):
    """Run all that the text in `fd` holds, in each state what may be called there; goes on to the
    runtime state by framework_start_init. What belongs before the start of a program that has
    started is left out; standard error says so."""
    entries = []
    for subsystem in json.load(fd)["subsystems"]:
        entries.extend(_flatten(subsystem.get("config")))
    _check_known(client, entries, include_aliases)
    while True:
        allowed = set(client.call("rpc_get_methods",
                                  {"current": True, "include_aliases": include_aliases}))
        rest = _call_allowed(client, entries, allowed)
        progress = len(rest) < len(entries)
        entries = rest
        if "framework_start_init" in allowed:
            client.call("framework_start_init")
            progress = True
        if not entries and "framework_start_init" not in allowed:
            return
        if not progress:
            break
    print("Left out, as they may be called before framework_start_init only: "
          + ", ".join(sorted({e["method"] for e in entries})), file=sys.stderr)


def load_subsystem_config(client, fd):
    """Run the entries of one subsystem that may be called now."""
    entries = list(_flatten(json.load(fd).get("config")))
    _check_known(client, entries, False)
    allowed = set(client.call("rpc_get_methods", {"current": True}))
    rest = _call_allowed(client, entries, allowed)
    if rest:
        raise JSONRPCException("Some entries can't be called in the present state: "
                               + ", ".join(sorted({e["method"] for e in rest})))
