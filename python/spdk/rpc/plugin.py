# SPDX-License-Identifier: BSD-3-Clause
"""Plug-ins of rpc.py: Python modules whose spdk_rpc_plugin_initialize(subparsers) adds commands.

A plug-in is named as for import (found on PYTHONPATH, in the folder of rpc.py and in the current
one) or by the path of its file.
"""

import importlib
import importlib.util
import os
import sys
import traceback

ENTRY = "spdk_rpc_plugin_initialize"


class PluginError(Exception):
    """Which plug-in does not load, why, and what to do; as text."""


class OpenCommands:
    """What a plug-in gets for subparsers: a command of its own replaces one of the same name."""

    def __init__(self, subparsers):
        self._subparsers = subparsers

    def __getattr__(self, name):
        return getattr(self._subparsers, name)

    def add_parser(self, name, **kwargs):
        self._subparsers._name_parser_map.pop(name, None)
        self._subparsers._choices_actions[:] = [
            action for action in self._subparsers._choices_actions if action.dest != name]
        return self._subparsers.add_parser(name, **kwargs)


def _load_file(path):
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise PluginError(f"plug-in {path} is no Python file: its name should end in .py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _not_found(name):
    places = [os.path.abspath(p or ".") for p in sys.path
              if os.path.isdir(p or ".") and not p.startswith(sys.base_prefix)]
    return (f"plug-in {name} was not found in\n  " + "\n  ".join(dict.fromkeys(places))
            + "\nAdd its folder to PYTHONPATH, or give the path of its file.")


def _cause(err):
    """The last line of what a plug-in raised, with the place."""
    frames = traceback.extract_tb(err.__traceback__)
    last = frames[-1] if frames else None
    where = f" ({last.filename}:{last.lineno})" if last is not None else ""
    if isinstance(err, SyntaxError) and err.filename:
        where = f" ({err.filename}:{err.lineno})"
    return f"{type(err).__name__}: {getattr(err, 'msg', None) or err}{where}"


def _import(name):
    if name.endswith(".py") or "/" in name:
        if not os.path.isfile(name):
            raise PluginError(f"plug-in {name}: there is no such file")
        return _load_file(name)
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # behind all others
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as err:
        if err.name is not None and name.split(".")[0] == err.name.split(".")[0]:
            raise PluginError(_not_found(name)) from err
        raise PluginError(f"plug-in {name} needs the module {err.name}, which is not there: "
                          "install it, or add its folder to PYTHONPATH") from err


def load(name, subparsers):
    """Add the commands of a plug-in. PluginError when that is not possible; the commands that were
    there stay."""
    try:
        module = _import(name)
        initialize = getattr(module, ENTRY, None)
        if initialize is None:
            where = getattr(module, "__file__", "?")
            raise PluginError(f"plug-in {name} ({where}) has no function {ENTRY}(subparsers): "
                              "define it; it adds the commands")
        initialize(OpenCommands(subparsers))
    except PluginError:
        raise
    except Exception as err:
        raise PluginError(f"plug-in {name} failed: {_cause(err)}\nMend it, or run without "
                          "--plugin.") from err
