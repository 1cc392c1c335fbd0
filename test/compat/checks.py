# SPDX-License-Identifier: BSD-3-Clause
"""C text that holds our headers against SPDK's facts: one check a line, so that the compiler's
error names it. A check is (line of C at file scope or None, statement or None, what it checks)."""

import collections
import re

Check = collections.namedtuple("Check", "scope statement what")
INTERNAL_FIELDS = re.compile(r"(internal|reserved\w*|rsvd\w*)$")


def literal(value):
    """A number of the data as a C literal."""
    n = int(value)
    if n > 0x7fffffffffffffff:
        return f"{n}ull"
    return f"({n}ll - 1)" if n < -0x7fffffff else f"{n}ll"


def prototypes(facts, headers, functions):
    """Each function again, as SPDK declares it. functions: {name: header}."""
    given = collections.defaultdict(list)
    for kind in ("function", "static-inline"):
        for header, name, prototype, _ in facts.api[kind]:
            given[name].append((header, prototype, kind))
    checks, problems = [], []
    for name, header in sorted(functions.items()):
        if name not in given:
            if not name.startswith("basalt_") and name not in facts.removed:
                problems.append(f"{header}: {name}() is not SPDK's: call it basalt_*")
            continue
        if header not in [h for h, _, _ in given[name]]:
            problems.append(f"{header}: {name}() is in {given[name][0][0]} with SPDK")
        prototype, kind = given[name][0][1], given[name][0][2]
        prototype = re.sub(r"__attribute__\s*\(\(.*\)\)", "", prototype)
        checks.append(Check(prototype + ";", None, f"{header}: prototype of {name}()"))
    return checks, problems


def removed(facts, functions):
    """What SPDK dropped and we keep, as SPDK last declared it; in the header where that was."""
    checks, problems = [], []
    for name, (header, prototype) in sorted(facts.removed.items()):
        if name not in functions:
            continue
        if functions[name] != header:
            problems.append(f"{functions[name]}: {name}() was in {header} with SPDK")
        checks.append(Check(prototype + ";", None, f"{header}: prototype of {name}()"))
    return checks, problems


def typedefs(facts, headers):
    checks = []
    for header, name, prototype, _ in facts.api["typedef"]:
        if name in headers.typedefs and "_HEAD(" not in prototype and "{" not in prototype:
            checks.append(Check(prototype + ";", None, f"{header}: typedef {name}"))
    return checks


def enumerators(facts, headers):
    checks, problems, values = [], [], {}
    groups = collections.defaultdict(list)
    for header, tag, name, value, _ in facts.enums:
        values[name] = value
        groups[(header, tag)].append(name)
    for (header, tag), names in groups.items():
        if any(n in headers.enumerators for n in names):
            problems += [f"{header}: enum {tag} lacks {n}" for n in names
                         if n not in headers.enumerators]
    for name, (header, tag) in sorted(headers.enumerators.items()):
        if name in values:
            checks.append(Check(None, f"NUMBER({name}, {literal(values[name])});",
                                f"{header}: value of {name}"))
        elif not name.startswith("BASALT_"):
            problems.append(f"{header}: enumerator {name} is not SPDK's: call it BASALT_*")
    return checks, problems


def macros(facts, headers):
    checks = []
    for header, name, value in facts.constants:
        if name not in headers.macros:
            continue
        if value.startswith('"'):
            checks.append(Check(None, f"TEXT({name}, {value});", f"{header}: value of {name}"))
        else:
            checks.append(Check(None, f"NUMBER({name}, {literal(value)});",
                                f"{header}: value of {name}"))
    return checks


def declare(field):
    """A field of the data as C text."""
    name, suffix = field.name, field.suffix
    # A list head of a name would be defined twice.
    ctype = re.sub(r"_HEAD\(\w+,", "_HEAD(,", field.type)
    if ctype.endswith("{}"):
        kind = ctype.split()[0]
        inner = " ".join(declare(f) for f in field.children)
        return f"{kind} {{ {inner} }} {name}{suffix};"
    if "(*)" in ctype:
        return ctype.replace("(*)", f"(*{name}{suffix})", 1) + ";"
    return f"{ctype} {name}{suffix};"


def leaves(fields, prefix=""):
    """(path, field) of everything that is no anonymous container."""
    for f in fields:
        path = prefix + f.name if f.name else prefix.rstrip(".")
        if f.children:
            path += "[0]" if f.suffix.startswith("[") else ""
            yield from leaves(f.children, path + "." if path else "")
        elif f.name:
            yield path, f


def expected(facts, struct):
    tag = "given_" + struct.split()[1]
    body = " ".join(declare(f) for f in facts.fields(struct))
    is_packed = struct in facts.packed or facts.classes.get(struct) == "wire-packed"
    packed = " __attribute__((packed))" if is_packed else ""
    return f"{struct.split()[0]} {tag} {{ {body} }}{packed};", f"{struct.split()[0]} {tag}"


def layout(facts, struct, header):
    """Wire and option structs: sizes, offsets, and which bits a bit-field has."""
    text, given = expected(facts, struct)
    checks = [Check(text, None, f"{header}: types of {struct}"),
              Check(None, f"SAME(sizeof({struct}), sizeof({given}));",
                    f"{header}: size of {struct}")]
    for path, f in leaves(facts.fields(struct)):
        what = f"{header}: place of {path} in {struct}"
        if f.suffix.startswith(":"):
            checks.append(Check(None, f"BITS({struct}, {given}, {path});", what))
        elif f.suffix == "[]":
            checks.append(Check(None, f"START({struct}, {given}, {path});", what))
        else:
            checks.append(Check(None, f"PLACE({struct}, {given}, {path});", what))
    return checks + names(facts, struct, header, given)


def names(facts, struct, header, given=None):
    """Names and types of the fields, but for what SPDK marks internal."""
    checks = []
    if given is None:
        text, given = expected_public(facts, struct)
        checks.append(Check(text, None, f"{header}: types of {struct}"))
    for path, f in leaves(facts.fields(struct)):
        hidden = any(INTERNAL_FIELDS.match(part) for part in re.split(r"\W+", path))
        if hidden or f.suffix.startswith(":"):
            continue
        what = f"{header}: type of {path} in {struct}"
        if re.search(r"_(ENTRY|HEAD)\(", f.type) or f.suffix == "[]":
            checks.append(Check(None, f"(void)&(({struct} *)0)->{path};", what))
        else:
            checks.append(Check(None, f"TYPE({struct}, {given}, {path});", what))
    return checks


def expected_public(facts, struct):
    """As expected(), without the internal fields, whose types may be absent."""
    def keep(fields):
        return [f._replace(children=keep(f.children)) for f in fields
                if not (f.name and INTERNAL_FIELDS.match(f.name) and
                        (f.children or "internal" in f.name))]
    given = f"{struct.split()[0]} given_{struct.split()[1]}"
    return f"{given} {{ {' '.join(declare(f) for f in keep(facts.fields(struct)))} }};", given


def structs(facts, headers):
    checks, problems = [], []
    for struct, header in sorted(headers.tags.items()):
        if struct not in facts.structs:
            continue
        kind = facts.classes.get(struct)
        if kind is None:
            problems.append(f"{header}: {struct} has no class in test/compat/classes.tsv")
        elif kind in ("wire", "wire-packed", "option"):
            checks += layout(facts, struct, header)
            if kind == "option" and not re.search(
                    rf"_Static_assert\s*\(\s*sizeof\({struct}\) ==", headers.text[header]):
                problems.append(f"{header}: no assertion of the size of {struct}")
        elif kind == "public":
            checks += names(facts, struct, header)
    return checks, problems


def names_of_ours(facts, headers):
    """What we add to SPDK's name space in a public header has a name of its own."""
    theirs = {name for rows in facts.api.values() for _, name, _, _ in rows}
    theirs |= {struct.split()[1] for struct in facts.structs}
    heads = repr(facts.structs) + repr(facts.api["typedef"])
    theirs |= set(re.findall(r"_HEAD\((\w+),", heads))
    found = [(h, t.split()[1], t) for t, h in headers.tags.items()]
    found += [(h, t, f"typedef {t}") for t, h in headers.typedefs.items()]
    found += [(h, m, f"macro {m}") for m, h in headers.defines.items()]
    return sorted(f"{h}: {what} is not SPDK's: call it basalt_*" for h, name, what in found
                  if name not in theirs and not name.lower().startswith(("basalt_", "_")))


HEAD = """\
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#define FAIL(text) (printf("%d\\n", __LINE__), failures++)
static int failures;
"""
C_MACROS = """\
#define NUMBER(have, want) do { if ((long long)(have) != (long long)(want)) FAIL(); } while (0)
#define TEXT(have, want) do { if (strcmp((have), (want)) != 0) FAIL(); } while (0)
#define SAME(a, b) do { if ((a) != (b)) FAIL(); } while (0)
#define START(s, g, f) SAME(offsetof(s, f), offsetof(g, f))
#define PLACE(s, g, f) do { if (offsetof(s, f) != offsetof(g, f) || \\
	sizeof(((s *)0)->f) != sizeof(((g *)0)->f)) FAIL(); } while (0)
#define TYPE(s, g, f) do { if (!__builtin_types_compatible_p(__typeof__(((s *)0)->f), \\
	__typeof__(((g *)0)->f))) FAIL(); } while (0)
#define BITS(s, g, f) do { s a; g b; memset(&a, 0, sizeof(a)); memset(&b, 0, sizeof(b)); \\
	a.f = -1; b.f = -1; \\
	if (sizeof(a) != sizeof(b) || memcmp(&a, &b, sizeof(a)) != 0) FAIL(); } while (0)
"""
CXX_MACROS = """\
#define NUMBER(have, want) do { if ((long long)(have) != (long long)(want)) FAIL(); } while (0)
#define TEXT(have, want) do { if (strcmp((have), (want)) != 0) FAIL(); } while (0)
#define SAME(a, b) do { if ((a) != (b)) FAIL(); } while (0)
#define START(s, g, f) (void)&((s *)0)->f
#define PLACE(s, g, f) do { if (sizeof(((s *)0)->f) != sizeof(((g *)0)->f)) FAIL(); } while (0)
#define TYPE(s, g, f) do { (void)sizeof(((s *)0)->f); } while (0)
#define BITS(s, g, f) do { s a; memset(&a, 0, sizeof(a)); a.f = 1; } while (0)
"""


def program(prelude, checks, cxx):
    """The text, and the check of each line."""
    lines = (prelude + HEAD + (CXX_MACROS if cxx else C_MACROS)).rstrip("\n").split("\n")
    where = {}

    def put(text, check=None):
        lines.append(text)
        if check is not None:
            where[len(lines)] = check

    put('extern "C" {' if cxx else "")
    for c in checks:
        if c.scope:
            put(c.scope, c)
    put("}" if cxx else "")
    statements = [c for c in checks if c.statement]
    for i in range(0, len(statements), 200):
        put(f"static void part{i // 200}(void) {{")
        for c in statements[i:i + 200]:
            put(c.statement, c)
        put("}")
    put("int main(void) {")
    for i in range(0, len(statements), 200):
        put(f"part{i // 200}();")
    put("return failures != 0; }")
    return "\n".join(lines) + "\n", where
