# SPDX-License-Identifier: BSD-3-Clause
"""From a command line to a request and from an answer to text: what plug-ins of rpc.py use."""

from .client import print_array, print_dict, print_json

__all__ = ["apply_defaults", "group_as", "print_array", "print_dict", "print_json", "print_null",
           "remove_null", "strip_globals"]

# What stands in a parsed command line beside the parameters of the command.
GLOBALS = frozenset(("server_addr", "port", "timeout", "conn_retries", "verbose", "dry_run",
                     "go_client", "is_server", "batch_mode", "rpc_plugin", "called_rpc_name",
                     "func", "client"))


def print_null(result):
    """Print nothing: for methods whose answer says no more than that it is done."""


def strip_globals(kwargs):
    """The entries of a dict that are parameters of the command."""
    return {name: value for name, value in kwargs.items() if name not in GLOBALS}


def remove_null(kwargs):
    """The entries of a dict that are not None, also inside of dicts."""
    return {name: remove_null(value) if isinstance(value, dict) else value
            for name, value in kwargs.items() if value is not None}


def apply_defaults(kwargs, **defaults):
    """A dict with defaults for what is missing or None."""
    return {**kwargs, **{name: value for name, value in defaults.items()
                         if kwargs.get(name) is None}}


def group_as(kwargs, name, members):
    """A dict in which `members` have moved into an object `name`; those that are None are left
    out, and so is the object when it would be empty."""
    inner = {key: kwargs[key] for key in members if kwargs.get(key) is not None}
    outer = {key: value for key, value in kwargs.items() if key not in members}
    return {**outer, name: inner} if inner else outer
