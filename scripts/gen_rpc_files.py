#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""gen_rpc_files.py PYTHON_DIR SCHEMA EXAMPLES PAGE COMPLETION MAN: what else the RPC tables say.

From the build's schema.json, rpc.py's own parser and the recorded examples: the reference page of
all methods, the completion of rpc.py for bash, and rpc.py(1). Nothing of it is written by hand, so
nothing of it can be older than the program.
"""

import argparse
import json
import sys

# Limits that are the type's own say nothing.
OWN_LIMITS = {(0, 2 ** 8 - 1), (0, 2 ** 16 - 1), (0, 2 ** 32 - 1), (0, 2 ** 64 - 1),
              (-2 ** 31, 2 ** 31 - 1)}
# Arguments whose value is a path.
PATHS = {"server_addr", "filename", "json_conf", "path", "rpc_plugin", "ptpl_file", "file"}
EXAMPLE_LINES = 40


# ---- the reference page ----

def kind_of(param):
    kind = param["type"]
    if kind == "array":
        return f"array of {kind_of(param['element'])}"
    if kind in ("enum", "bitmask"):
        names = " ".join(v["name"] for v in param["values"])
        return names if kind == "enum" else f"array of: {names}"
    return kind


def remarks_of(param):
    """Unit, limits and default, behind the help."""
    limits = (param.get("min"), param.get("max"))
    if limits != (None, None) and limits not in OWN_LIMITS:
        yield f"{limits[0]} to {limits[1]}"
    if "max_len" in param:
        yield f"at most {param['max_len']}"
    if "unit" in param:
        yield param["unit"]
    if "default" in param:
        yield f"default {json.dumps(param['default'])}"
    if param.get("deprecated"):
        yield "deprecated"


def rows_of(params, prefix=""):
    for p in params:
        what = "; ".join([p.get("help", ""), *remarks_of(p)]).strip("; ").replace("|", "\\|")
        required = "yes" if p["required"] else ""
        yield f"| `{prefix}{p['name']}` | {kind_of(p)} | {required} | {what} |"
        inner = p if p["type"] == "object" else p.get("element", {})
        mark = "." if p["type"] == "object" else "[]."
        yield from rows_of(inner.get("fields", []), f"{prefix}{p['name']}{mark}")


def usage_of(method):
    words = [method["name"]]
    for arg in (method.get("cli") or {"args": []})["args"]:
        flag = arg.get("short") or arg.get("long")
        word = arg["dest"] if arg["kind"] == "positional" else flag
        if arg["kind"] == "option" and arg["action"] in ("store", "append"):
            word += " " + arg["dest"].upper()
        words.append(word if arg["required"] else f"[{word}]")
    return " ".join(words)


def example_of(example):
    """A request and what a program answered; the middle of a long one is left out."""
    yield "```json"
    yield json.dumps(example["request"], indent=1)
    yield "```"
    lines = json.dumps({"result": example["result"]}, indent=1).split("\n")
    if len(lines) > EXAMPLE_LINES:
        half = EXAMPLE_LINES // 2
        lines = [*lines[:half], f"... ({len(lines) - 2 * half} lines) ...", *lines[-half:]]
    yield "```text"
    yield from lines
    yield "```"
    yield ""


ERRORS = """\
## Errors

| code | when |
|---|---|
| -32700 | the request is no JSON; the connection ends |
| -32600 | it is no request of JSON-RPC 2.0 |
| -32601 | there is no such method, or it is not allowed |
| -1 | the method can't be called in this state |
| -32602, -32603 | a parameter is wrong: the text names it; which one stands with the method |
| -errno | the method could not do it: the text says why |
"""


def page(schema, examples):
    yield "# RPC methods\n"
    yield "Made from the tables beside the handlers; the examples are what a program answered. See"
    yield "rpc.md. State S: before the start of the subsystems, R: after.\n"
    yield ERRORS
    methods = sorted((m for m in schema["methods"] if not m.get("opaque")),
                     key=lambda m: m["name"])
    yield "## All methods\n"
    yield ", ".join(f"[{m['name']}](#{m['name']})" for m in methods) + "\n"
    for m in methods:
        states = "".join(s[0] for s in m["states"])
        config = "; changes the configuration" if m.get("changes_config") else ""
        yield f"## {m['name']}\n\n{m['help']}.\n"
        yield f"State {states}; role {m['role']}; result {m['result']}; a wrong parameter is error"
        yield f"{m.get('decode_code', -32602)}{config}.\n"
        if m.get("cli"):
            yield f"    rpc.py {usage_of(m)}\n"
        rows = list(rows_of(m["params"]))
        if rows:
            yield "| parameter | type | required | |\n|---|---|---|---|"
            yield from rows
            yield ""
        if m["name"] in examples:
            yield from example_of(examples[m["name"]])


# ---- what the parser says ----

def commands_of(parser):
    """{name: parser of the command}"""
    action = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return action.choices


def value_of(action):
    """How a value is completed: its choices, a file or not at all; None: it takes no value."""
    if isinstance(action, argparse.BooleanOptionalAction) or action.nargs == 0:
        return None
    if action.choices:
        return " ".join(str(c) for c in action.choices)
    return "@file" if action.dest in PATHS else "@any"


def options_of(parser):
    """(flags, action) of each option."""
    return [(a.option_strings, a) for a in parser._actions if a.option_strings]


COMPLETION = """\
# SPDX-License-Identifier: BSD-3-Clause
# Completion of rpc.py for bash; made from the RPC tables. To be sourced.

# Flags of a command; "": before the command.
declare -gA _basalt_rpc_flags=(
{flags})
# What stands behind "command flag", and at "command number" of a positional argument: words, @file
# or @any.
declare -gA _basalt_rpc_values=(
{values})

_basalt_rpc() {{
	local word=${{COMP_WORDS[COMP_CWORD]}} command= kind= w i position=0
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		w=${{COMP_WORDS[i]}}
		if [ -n "$kind" ]; then
			kind=
		elif [[ $w == -* ]]; then
			kind=${{_basalt_rpc_values[$command $w]-}}
		elif [ -z "$command" ]; then
			command=$w
		else
			position=$((position + 1))
		fi
	done
	if [ -z "$kind" ] && [[ $word != -* ]]; then
		if [ -z "$command" ]; then
			COMPREPLY=($(compgen -W "${{!_basalt_rpc_flags[*]}}" -- "$word"))
			return
		fi
		kind=${{_basalt_rpc_values[$command $position]-@flags}}
	fi
	case $kind in
	'' | @flags) COMPREPLY=($(compgen -W "${{_basalt_rpc_flags[$command ]-}}" -- "$word")) ;;
	@file)
		while IFS= read -r w; do
			COMPREPLY+=("$w")
		done < <(compgen -f -- "$word")
		;;
	@any) ;;
	*) COMPREPLY=($(compgen -W "$kind" -- "$word")) ;;
	esac
}}
complete -o filenames -F _basalt_rpc rpc.py spdk-rpc
"""


def completion(parser):
    flags, values = {}, {}
    for name, sub in [("", parser), *sorted(commands_of(parser).items())]:
        options = options_of(sub)
        # The blank keeps the key of the words before a command from being empty.
        flags[name + " "] = " ".join(f for strings, _ in options for f in strings)
        for strings, action in options:
            for flag in strings if value_of(action) is not None else ():
                values[f"{name} {flag}"] = value_of(action)
        positional = [a for a in sub._actions if not a.option_strings and name]
        for number, action in enumerate(positional):
            values[f"{name} {number}"] = value_of(action)
    lines = ["".join(f"\t['{k}']='{v}'\n" for k, v in sorted(table.items()))
             for table in (flags, values)]
    return COMPLETION.format(flags=lines[0], values=lines[1])


# ---- rpc.py(1) ----

def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def man_options(parser):
    for strings, action in options_of(parser):
        value = "" if value_of(action) is None else f" \\fI{roff(action.dest)}\\fR"
        yield ".TP"
        yield ", ".join(f"\\fB{roff(s)}\\fR{value}" for s in strings)
        yield roff((action.help or "").replace("%%", "%") or " ")


def man(parser, schema):
    helps = {m["name"]: m.get("help") or "" for m in schema["methods"]}
    yield ".\\\" Made from the RPC tables."
    yield '.TH RPC.PY 1 "" "Basalt" "User Commands"'
    yield ".SH NAME\nrpc.py \\- control a running program by JSON\\-RPC"
    yield ".SH SYNOPSIS\n.B rpc.py\n[\\fIoptions\\fR] \\fIcommand\\fR [\\fIarguments\\fR]"
    yield ".SH DESCRIPTION"
    yield roff("Each method of the program is a command. Without a command, commands are read from "
               "standard input, one a line, up to the first that fails.")
    yield ".SH OPTIONS"
    yield from man_options(parser)
    yield ".SH COMMANDS\n" + roff("rpc.py COMMAND --help says more of one.")
    usages = {m["name"]: usage_of(m) for m in schema["methods"]}
    for name, sub in sorted(commands_of(parser).items()):
        yield f".TP\n\\fB{roff(usages.get(name, name))}\\fR"
        yield roff(helps.get(name) or sub.description or sub.format_usage().strip())
    yield ".SH EXIT STATUS"
    yield roff("0; 1 when the program refused, is not there or did not answer; 2 for a wrong line.")
    yield ".SH ENVIRONMENT\n.TP\n\\fBPYTHONPATH\\fR\nwhere plug\\-ins are looked for"
    yield ".TP\n\\fBBASALT_RPC_SCHEMA\\fR\n" + roff("the schema.json to use")
    yield ".SH FILES\n.TP\n\\fI/var/tmp/spdk.sock\\fR\n" + roff("the socket of a program")


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def main(python_dir, schema_path, examples_path, *outputs):
    sys.path.insert(0, python_dir)
    sys.dont_write_bytecode = True
    from spdk.rpc import cli
    with open(schema_path, encoding="utf-8") as f:
        schema = json.load(f)
    with open(examples_path, encoding="utf-8") as f:
        examples = json.load(f)
    parser = cli.make_parser({m["name"]: m for m in schema["methods"]})
    write(outputs[0], "\n".join(page(schema, examples)) + "\n")
    write(outputs[1], completion(parser))
    write(outputs[2], "\n".join(man(parser, schema)) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
