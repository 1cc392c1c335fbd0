# SPDX-License-Identifier: BSD-3-Clause
"""How much of each of SPDK's public headers ours declare: functions (inline ones too), types
(structs, unions, enums and typedefs) and constants (macros and enumerators)."""

import collections
import re

KINDS = ("functions", "types", "constants")


def is_there(facts, headers, functions, kind, row):
    header, name, prototype, _ = row
    if kind in ("function", "static-inline"):
        return name in functions
    if kind == "macro":
        # What a build does not have is not defined, on purpose: config.h names it all the same.
        return name in headers.macros or header == "spdk/config.h"
    if kind == "typedef":
        return name in headers.typedefs or re.search(rf"\b{name}\b", headers.text.get(header, ""))
    if kind == "enum":
        items = [e for h, tag, e, _, _ in facts.enums if (h, tag) == (header, name)]
        return bool(items) and all(e in headers.enumerators for e in items)
    return f"{kind} {name}" in headers.tags


def count(facts, headers, functions):
    """{header: {kind of KINDS: (present, all)}}."""
    found = collections.defaultdict(lambda: {k: {} for k in KINDS})
    group = {"function": "functions", "static-inline": "functions", "macro": "constants",
             "typedef": "types", "struct": "types", "union": "types", "enum": "types"}
    for kind, rows in facts.api.items():
        for row in rows if kind in group else ():
            there = bool(is_there(facts, headers, functions, kind, row))
            found[row[0]][group[kind]][kind, row[1]] = there
    for header, _, name, _, _ in facts.enums:
        found[header]["constants"]["enumerator", name] = name in headers.enumerators
    return {h: {k: (sum(c[k].values()), len(c[k])) for k in KINDS}
            for h, c in sorted(found.items())}


def table(counts):
    """As a page, whose last line is the sum."""
    lines = ["| header | functions | types | constants |", "|---|---|---|---|"]
    total = {k: [0, 0] for k in KINDS}
    for header, kinds in counts.items():
        lines.append(f"| {header} | " + " | ".join(
            f"{have} of {num}" if num else "" for have, num in kinds.values()) + " |")
        for k, (have, num) in kinds.items():
            total[k] = [total[k][0] + have, total[k][1] + num]
    lines.append("| all | " + " | ".join(f"{h} of {n}" for h, n in total.values()) + " |")
    return "\n".join(lines) + "\n"
