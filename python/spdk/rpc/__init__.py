# SPDX-License-Identifier: BSD-3-Clause
"""Talking to a program over JSON-RPC: client, config (save and load), cli (rpc.py)."""

from . import client
from . import config
from .client import JSONRPCClient, JSONRPCDryRunClient, JSONRPCException

__all__ = ["client", "config", "JSONRPCClient", "JSONRPCDryRunClient", "JSONRPCException"]
