#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""gen_rpc_files.py SCHEMA PAGE COMPLETION: what else the RPC tables say, from the build's
schema.json: the reference page of all methods, and the completion of rpc.py's commands for bash."""

import json
import sys

# Limits that are the type's own say nothing.
OWN_LIMITS = {(0, 2 ** 8 - 1), (0, 2 ** 16 - 1), (0, 2 ** 32 - 1), (0, 2 ** 64 - 1),
              (-2 ** 31, 2 ** 31 - 1)}


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


def page(schema):
    yield "# RPC methods\n\nMade from the tables beside the handlers; see rpc.md. State S: before"
    yield "the start of the subsystems, R: after.\n"
    for m in schema["methods"]:
        if m.get("opaque"):
            continue
        states = "".join(s[0] for s in m["states"])
        yield f"## {m['name']}\n\n{m['help']}."
        yield f"State {states}, role {m['role']}, result {m['result']}.\n"
        if m.get("cli"):
            yield f"    rpc.py {usage_of(m)}\n"
        rows = list(rows_of(m["params"]))
        if rows:
            yield "| parameter | type | required | |\n|---|---|---|---|"
            yield from rows
            yield ""


COMPLETION = """\
# SPDX-License-Identifier: BSD-3-Clause
# Completion of rpc.py for bash; made from the RPC tables.
_basalt_rpc() {{
	local word=${{COMP_WORDS[COMP_CWORD]}} method= i
	local -A flags=(
{flags}	)
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [ -n "${{flags[${{COMP_WORDS[i]}}]+x}}" ]; then
			method=${{COMP_WORDS[i]}}
		fi
	done
	if [ -z "$method" ]; then
		COMPREPLY=($(compgen -W "${{!flags[*]}}" -- "$word"))
	else
		COMPREPLY=($(compgen -W "${{flags[$method]}}" -- "$word"))
	fi
}}
complete -o default -F _basalt_rpc rpc.py spdk-rpc
"""
LOCAL = {"save_config": "-i --indent -s --subsystems", "load_config": "-i --include-aliases -j",
         "save_subsystem_config": "-i --indent -n --name", "load_subsystem_config": "-j"}


def completion(schema):
    flags = dict(LOCAL)
    for m in schema["methods"]:
        if m.get("cli"):
            flags[m["name"]] = " ".join(
                word for arg in m["cli"]["args"] for word in
                [arg.get("short"), arg.get("long"), *map(str, arg.get("choices") or [])] if word)
    return COMPLETION.format(flags="".join(f'\t\t[{k}]="{v}"\n' for k, v in sorted(flags.items())))


def main(schema_path, page_path, completion_path):
    with open(schema_path, encoding="utf-8") as f:
        schema = json.load(f)
    with open(page_path, "w", encoding="utf-8") as f:
        f.write("\n".join(page(schema)) + "\n")
    with open(completion_path, "w", encoding="utf-8") as f:
        f.write(completion(schema))


if __name__ == "__main__":
    main(*sys.argv[1:])
