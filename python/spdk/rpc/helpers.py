# SPDX-License-Identifier: BSD-3-Clause
"""Helpers of rpc.py and of its plug-ins."""

import argparse
import difflib
import functools
import sys

# Old name of a method: new one. None at present; names from before are the program's business.
deprecated_aliases = {}


def hint_rpc_name(name, known):
    """A text that says which names come close to one that is not there; "" when none does."""
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.7)
    return "did you mean " + " or ".join(close) + "?" if close else ""


def deprecated_method(function):
    """Decorator: the function works, and standard error says that it will go."""
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        print(f"{function.__name__} is deprecated.", file=sys.stderr)
        return function(*args, **kwargs)
    return wrapper


class _Deprecated(argparse.Action):
    """A switch that still works, and says that it will go."""

    value = None

    def __init__(self, option_strings, dest, **kwargs):
        super().__init__(option_strings, dest, nargs=0, **kwargs)

    def __call__(self, parser, namespace, values, option_string=None):
        print(f"{option_string} is deprecated.", file=sys.stderr)
        setattr(namespace, self.dest, self.value)


class DeprecateTrueAction(_Deprecated):
    """Like "store_true"."""

    value = True


class DeprecateFalseAction(_Deprecated):
    """Like "store_false"."""

    value = False
