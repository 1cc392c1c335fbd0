#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""apps.py BUILD HERE: the options of each program that is built are SPDK's (data/apps.tsv), with an
argument or without; and each option that its help names is SPDK's or listed as ours in
apps_differences.txt. Prints TAP, one line a program.

Whether an option is there is asked of the program: an unknown one is refused by its name; one that
needs an argument says so when it stands last; one that needs none lets the error of the next one
through.
"""

import os
import re
import subprocess
import sys
import tempfile

BUILD, HERE = os.path.abspath(sys.argv[1]), sys.argv[2]
NONE = "--basalt-no-such-option"
LIMIT_S = 20
ENDS = ("print usage", "print short usage", "print full usage", "print version")


def rows():
    with open(os.path.join(HERE, "data", "apps.tsv"), encoding="ascii") as f:
        return [line.rstrip("\n").split("\t") for line in f][1:]


def options_of(program, table):
    """{option: yes, no, optional; or "ends" for those that print a text and end} as SPDK has
    them."""
    out = {}
    for binary, _, short, long, argument, meaning, _ in table:
        if binary == program and meaning == "all (framework) options apply":
            out.update(options_of("(framework)", table))
    for binary, _, short, long, argument, meaning, _ in table:
        if binary == program:
            for option in (short, long.strip()):
                if option:
                    out[option] = "ends" if meaning.startswith(ENDS) else argument
    return out


def differences():
    """{(program, option)}: not ours though SPDK's, or SPDK's not though ours."""
    wanted = set()
    with open(os.path.join(HERE, "apps_differences.txt"), encoding="ascii") as f:
        for line in f:
            text, _, reason = line.partition("#")
            if text.strip():
                assert reason.strip(), f"no reason: {line}"
                program, *names = text.split()
                wanted |= {(program, name) for name in names}
    return wanted


def run(path, *args):
    with tempfile.TemporaryDirectory(prefix="basalt-apps-") as folder:
        done = subprocess.run([path, *args], capture_output=True, text=True, timeout=LIMIT_S,
                              stdin=subprocess.DEVNULL, cwd=folder)
    return done.returncode, done.stdout, done.stderr


def refused(option, err):
    """Whether getopt does not know it."""
    if option.startswith("--"):
        return f"unrecognized option '{option}'" in err
    return f"invalid option -- '{option[1]}'" in err


def what_is_wrong(path, option, argument):
    """None when the option is there as SPDK has it."""
    if argument == "ends":
        status, out, err = run(path, option)
        return None if status == 0 and out else "does not end with status 0 and a text"
    if argument == "yes":
        _, _, err = run(path, option)
        if "requires an argument" in err:
            return None
        return "is not there" if refused(option, err) else "takes no argument"
    _, _, err = run(path, option, NONE)
    if refused(option, err):
        return "is not there"
    return None if refused(NONE, err) else "takes an argument"


def in_help(path, known):
    """The options that the help names."""
    out = err = ""
    for option in (o for o, argument in known.items() if argument == "ends"):
        done = run(path, option)
        out, err = out + done[1], err + done[2]
    return set(re.findall(r"(?<![\w-])(--?[A-Za-z][\w-]*)", out + err))


def check(program, path, table, wanted):
    known = options_of(program, table)
    found = set()
    for option, argument in sorted(known.items()):
        why = what_is_wrong(path, option, argument)
        if why:
            found.add((program, option, why))
    shown = in_help(path, known)
    found |= {(program, o, "is not SPDK's") for o in shown
              if o not in known and (len(o) == 2 or o.startswith("--"))}
    problems = [f"{p} {o} {why}" for p, o, why in sorted(found) if (p, o) not in wanted]
    problems += [f"{program} {o} is listed as a difference, but is none" for p, o in sorted(wanted)
                 if p == program and (p, o) not in {(f[0], f[1]) for f in found}]
    return problems, len(known)


def main():
    table, wanted, failed, count = rows(), differences(), 0, 0
    assert refused("-q", "x: invalid option -- 'q'") and not refused("-q", "q"), "self-test"
    for program in sorted({row[0] for row in table}):
        path = next((p for p in (os.path.join(BUILD, "bin", program),
                                 os.path.join(BUILD, "examples", program)) if os.path.exists(p)),
                    None)
        if path is None:
            continue
        problems, num = check(program, path, table, wanted)
        count += 1
        failed += bool(problems)
        for p in problems:
            print("# " + p)
        print(f"{'not ok' if problems else 'ok'} {count} - {program}: {num} options", flush=True)
    print(f"1..{count}")
    return 1 if failed or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
