#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""gen_man.py OUTPUT PROGRAM DOC VERSION [NAME]: the manual page of a program.

The options come from what the program itself prints (--help; --help-full where it has that); NAME
from the table of DOC (doc/programs.md), DESCRIPTION from the section whose heading names the
program. So a page can't say other things than the program and the documentation do.
"""

import os
import re
import subprocess
import sys

LIMIT_S = 30
# -x, --long, --long ARG, -x[N]: what an option line begins with.
OPTION = re.compile(r"^ +(-\S.*?)(?: {2,}(\S.*))?$")
# A command in a list of them.
COMMAND = re.compile(r"^ {2,}([a-z]\w*)(?: {2,}(\S.*))?$")
# A sanitized program must not speak of its leaks here; argparse folds lines by this.
ENV = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0", "COLUMNS": "100"}


# ---- What the program says ----

def ask(program, option):
    run = subprocess.run([program, option], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S, env=ENV)
    return run.stdout


def help_of(program, title):
    """The lines of its help. A program that knows no --help complains and prints its usage."""
    text = ask(program, "--help")
    if "--help-full" in text:
        text = ask(program, "--help-full")
    name = os.path.basename(program)
    lines = [line for line in text.expandtabs().splitlines()
             if not re.match(rf"\S*{re.escape(name)}: ", line)]
    return [line.replace(program, title).replace(name, title) for line in lines]


def parse_help(lines):
    """[("usage", text) | ("head", text) | ("option", tag, text) |
    ("command", tag, text) | ("text", text)]"""
    items = []
    for line in lines:
        match = OPTION.match(line)
        if match is None and items and items[-1][0] in ("head", "command"):
            match = COMMAND.match(line)
            if match:
                items.append(("command", match.group(1), match.group(2) or ""))
                continue
        if match:
            items.append(("option", match.group(1), match.group(2) or ""))
        elif not line.strip():
            continue
        elif line[0] == " " and items and items[-1][0] in ("option", "command"):
            kind, tag, text = items.pop()
            items.append((kind, tag, f"{text} {line.strip()}".strip()))
        elif re.match(r"(usage: *)?\S+ \[", line, re.I):
            items.append(("usage", re.sub(r"^usage: *", "", line, flags=re.I)))
        elif line.rstrip().endswith(":"):
            items.append(("head", line.strip().rstrip(":")))
        else:
            items.append(("text", line.strip()))
    return items


# ---- What the documentation says ----

def section_of(name, doc):
    """The lines under the heading that names the program."""
    lines, inside = [], False
    for line in doc.splitlines():
        if line.startswith("## "):
            inside = name in re.split(r"[ ,]+", line[3:])
        elif inside:
            lines.append(line)
    return lines


def summary_of(name, doc):
    match = re.search(rf"^\| `{re.escape(name)}` \| (.*?) \|", doc, re.M)
    return match.group(1) if match else "a program of Basalt"


# ---- roff ----

def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = text.replace("…", "...").replace("–", "\\(en").replace("≤", "<=").replace("≥", ">=")
    return "\\&" + text if text[:1] in (".", "'") else text


def inline(text):
    """Markdown within a line."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    parts = re.split(r"(`[^`]*`|\*\*.*?\*\*)", text)
    out = ""
    for part in parts:
        if part[:1] == "`" or part[:2] == "**":
            out += "\\fB" + escape(part.strip("`*")) + "\\fR"
        else:
            out += escape(part)
    return "\\&" + out if out[:1] in (".", "'") else out


def blocks(lines):
    """Paragraphs, code, bullets and rows of tables."""
    kind, block = None, []
    for line in [*lines, ""]:
        if line.startswith("    ") and kind not in ("bullet", "text"):
            now = "code"
        elif not line.strip():
            now = "code" if kind == "code" else None
        elif line.startswith("- "):
            now = "bullet"
        elif line.startswith("|"):
            now = "row"
        else:
            now = kind if kind in ("bullet", "text") else "text"
        new = now != kind or line.startswith(("- ", "|"))
        if new and block:
            yield kind, block
            block = []
        kind = now
        if now:
            block.append(line)
    if block:
        yield kind, block


def markdown(lines):
    out = []
    for kind, block in blocks(lines):
        if kind == "code":
            while block and not block[-1].strip():
                block.pop()
            out += [".PP", ".in +4n", ".nf", *(escape(line[4:]) for line in block), ".fi", ".in"]
        elif kind == "bullet":
            block[0] = block[0][2:]
            out += [".IP \\(bu 2", inline(" ".join(line.strip() for line in block))]
        elif kind == "row":
            cells = [cell.strip() for cell in block[0].strip("|").split("|")]
            if not set(block[0]) <= set("|-: "):
                out += [".TP", inline(cells[0]), inline("; ".join(filter(None, cells[1:])))]
        else:
            out += [".PP", inline(" ".join(line.strip() for line in block))]
    return out


def tag_of(text):
    """Options in bold, what they take in italics."""
    parts = re.split(r"((?<![\w-])--?[A-Za-z0-9][\w-]*)", text)
    return "".join("\\fB" + escape(p) + "\\fR" if re.match(r"--?[A-Za-z0-9]", p) else
                   re.sub(r"(<[^>]+>|[A-Z][A-Z_]+|[a-z]+\|[a-z|]+)",
                          r"\\fI\1\\fR", escape(p)) for p in parts)


def options(items):
    out = []
    for item in items:
        if item[0] == "head":
            out += [".SS " + escape(item[1])]
        elif item[0] == "option":
            out += [".TP", tag_of(item[1]), escape(item[2]) or "\\&"]
        elif item[0] == "command":
            out += [".TP", "\\fB" + escape(item[1]) + "\\fR", escape(item[2]) or "\\&"]
        elif item[0] == "text":
            out += [".PP", escape(item[1])]
    return out


def page(program, doc, version, name):
    items = parse_help(help_of(program, name))
    usages = [item[1] for item in items if item[0] == "usage"] or [name + " [options]"]
    out = [".\\\" Made by scripts/gen_man.py from the program's help and doc/programs.md.",
           f".TH {name.upper()} 1 \"\" \"Basalt {version}\" \"User Commands\"", ".nh", ".ad l",
           ".SH NAME", f"{escape(name)} \\- {inline(summary_of(name, doc))}", ".SH SYNOPSIS"]
    for usage in usages:
        words = usage.split(" ", 1)
        out += [".B " + escape(name), tag_of(words[1] if len(words) > 1 else ""), ".br"]
    section = section_of(name, doc)
    if section:
        out += [".SH DESCRIPTION", *markdown(section)]
    if any(item[0] == "option" for item in items):
        out += [".SH OPTIONS", *options(items)]
    out += [".SH SEE ALSO", *([".BR spdk\\-rpc (1)", ".PP"] if name != "spdk-rpc" else []),
            "The documentation of Basalt, in the folder doc/spdk beside the one of this page."]
    return "\n".join(line for line in out if line) + "\n"


def main(output, program, doc, version, name=None):
    with open(doc, encoding="utf-8") as f:
        text = page(os.path.abspath(program), f.read(), version, name or os.path.basename(program))
    with open(output, "w", encoding="utf-8") as f:
        f.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
