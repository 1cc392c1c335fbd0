#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Control a running program by JSON-RPC; see --help, and spdk.rpc.cli for how it is made."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "python"))

from spdk.rpc.cli import console  # noqa: E402

if __name__ == "__main__":
    console()
