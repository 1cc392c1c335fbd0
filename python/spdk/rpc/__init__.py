# SPDX-License-Identifier: BSD-3-Clause
"""Talking to a program over JSON-RPC: client; config (save and load); cli (rpc.py); and a function
for each method, in modules named as SPDK's: spdk.rpc.bdev.bdev_get_bdevs(client)."""

import importlib
import importlib.util
import sys

from . import client
from . import cmd_parser
from . import config
from . import helpers
from . import methods
from .client import JSONRPCClient, JSONRPCDryRunClient, JSONRPCException
from .config import (load_config, load_subsystem_config, save_config,
                     save_subsystem_config)

__all__ = ["client", "cmd_parser", "config", "helpers", "JSONRPCClient", "JSONRPCDryRunClient",
           "JSONRPCException", "load_config", "load_subsystem_config", "save_config",
           "save_subsystem_config"]

for _name, _module in methods.make_modules(__name__).items():
    sys.modules[_module.__name__] = _module
    globals()[_name] = _module
del _name, _module


def __getattr__(name):
    """spdk.rpc.spdk_get_version(client) and the like; and files of the package that nobody has
    imported yet, which come before methods: without a schema any name could be one."""
    if not name.startswith("_") and importlib.util.find_spec(f"{__name__}.{name}") is not None:
        return importlib.import_module(f"{__name__}.{name}")
    function = None if name.startswith("_") else methods.function_of(name)
    if function is None:
        raise AttributeError(f"spdk.rpc has no '{name}', nor has the schema such a method")
    return function
