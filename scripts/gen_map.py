#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""gen_map.py EXPORTS REMOVED OUTPUT: write the linker version script of libspdk.so: SPDK's exported
names, those that it has dropped and that may still be here, and basalt_*."""

import sys

# Declared and defined with SPDK too, but in none of its maps.
EXTRA = ["spdk_mem_reserve"]
# Of its internal headers: what modules outside the tree register with.
MODULES = ["spdk_net_impl_register", "spdk_net_impl_get_by_name"]

with open(sys.argv[1]) as f:
    rows = [line.split("\t") for line in f.read().splitlines()[1:]]
with open(sys.argv[2]) as f:
    dropped = {line.split("\t")[1] for line in f.read().splitlines()[1:]}
names = sorted({r[1] for r in rows if r[2].startswith("spdk/")} | dropped | set(EXTRA + MODULES))
with open(sys.argv[3], "w") as f:
    f.write("SPDK_26 {\nglobal:\n\tbasalt_*;\n")
    f.write("".join(f"\t{n};\n" for n in names))
    f.write("\tSPDK_LOG_*;\n\tg_trace_file;\nlocal:\n\t*;\n};\n")
