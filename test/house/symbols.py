#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What each folder may call outside the tree.

Two rules, each by itself. The design's: waiting, sockets, io_uring, clocks, randomness, threads,
signals and sleeps belong to DOORS, whoever lists them; who goes another way stands in EXCEPTIONS
with the reason. And an allow-list per folder: symbols/common.txt for all (pure functions and the
heap), symbols/programs.txt for each of app/ and examples/, symbols/<folder>.txt ('-' for '/') for
one, where each line ends in its reason and may begin with the one file that it is for.
"""

import fnmatch
import os
import re

from house import main, need, symbols, unit_of

LISTS = "test/house/symbols/"
# What compilers and sanitizers put in by themselves.
COMPILER = re.compile(r"__(asan|ubsan|tsan|lsan|sanitizer|gcov|llvm|stack_chk|tls_get|start_|"
                      r"stop_|real_)|_GLOBAL_|__\w+[sdt]i[234]$")
# Calls of the machine, by the kind that the design names.
KINDS = {kind: re.compile(names) for kind, names in {
    "waiting": r"epoll_\w+|eventfd(_\w+)?|timerfd_\w+|signalfd|p?poll|p?select|inotify_\w+",
    "sockets": r"socket(pair)?|bind|listen|accept4?|connect|shutdown|send(to|msg|mmsg|file)?|"
               r"recv(from|msg|mmsg)?|[gs]etsockopt|get(peer|sock)name|(get|free)addrinfo|"
               r"getnameinfo|gethostby\w+|(get|free)ifaddrs|if_\w+|res_\w+",
    "io_uring": r"io_(uring_\w+|setup|submit|getevents|destroy|cancel)|(aio|lio)_\w+",
    "clocks": r"clock(_\w+)?|gettimeofday|time|times|ftime|timespec_get|timer_\w+|setitimer",
    "randomness": r"getrandom|getentropy|s?rand(_r)?|s?random(_r)?|[dejlmns]rand48(_r)?|"
                  r"arc4random\w*|RAND_\w+|uuid_generate(_random|_time\w*)?",
    "threads": r"pthread_(create|join|detach|kill|cancel|exit|cond_\w+|attr_\w+|setaffinity_np|"
               r"setname_np|key_\w+|[gs]etspecific|barrier_\w+|atfork|once)|thrd_\w+|cnd_\w+|"
               r"sem_\w+|sched_\w+|v?fork|clone\d?|exec[lv]\w*|posix_spawn\w*|system|popen|"
               r"wait(pid|id|3|4)?",
    "signals": r"signal|sigaction|sig(empty|fill|add|del)set|sigwait\w*|sigprocmask|sigqueue|"
               r"sigaltstack|sigsuspend|pthread_sigmask|kill|tgkill|raise|pause|alarm",
    "sleeps": r"nanosleep|usleep|sleep|clock_nanosleep|sched_yield",
    "environment": r"(secure_)?getenv|(un)?setenv|putenv|setlocale|tzset",
    "exits": r"_?exit|quick_exit|_Exit|(on|at)_?exit",
}.items()}
# Where the design lets which kinds in. The loop to a file is "lib/event's signal file".
DOORS = {
    "lib/env/native/*": set(KINDS) - {"environment", "exits"},
    "module/sock/*": {"waiting", "sockets"},
    "module/sock/uring/*": {"io_uring"},
    "module/bdev/uring/*": {"io_uring"},
    "module/bdev/aio/*": {"io_uring"},
    "lib/event/signals.c": {"signals"},
    "examples/thread/*": {"waiting", "io_uring", "threads"},  # loops that are the program's own
}
# (file, call): why it goes another way.
EXCEPTIONS = {
    ("lib/env/sim/waiter.c", "poll"):
        "a set may hold real descriptors, of tests with real sockets: asked with timeout 0",
    ("app/spdk_nvme_perf/main.c", "sigaction"): "no framework in it; the program owns its process",
    ("app/spdk_nvme_discover/main.c", "sigaction"): "no framework in it, as perf",
    ("app/trace_record/main.c", "sigaction"): "no framework in it, as perf",
}
PROGRAMS = ("app/", "examples/")


def plain(name):
    """The name in the source: without what headers and the compiler make of it."""
    name = re.sub(r"^__isoc(99|23)_", "", name)
    name = re.sub(r"^__(\w+)_chk$", r"\1", re.sub(r"^__xpg_", "", name))
    return re.sub(r"^(\w*[a-z])64(_2)?$", r"\1", name)


def kind_of(name):
    return next((kind for kind, names in KINDS.items() if names.fullmatch(name)), None)


def has_door(source, kind):
    return any(fnmatch.fnmatch(source, door) and kind in kinds for door, kinds in DOORS.items())


def load_lists(tree):
    """{list: {call: the file it is for, or None}}, and what is wrong with the lists."""
    lists, problems = {}, []
    for path in tree.files():
        if not (path.startswith(LISTS) and path.endswith(".txt")):
            continue
        name = os.path.basename(path)[:-4]
        lists[name] = {}
        for n, line in enumerate(tree.read(path).split("\n"), 1):
            words, _, reason = line.partition("#")
            where, colon, rest = words.partition(":")
            if words.strip() and name not in ("common", "programs") and not reason.strip():
                problems.append(f"{path}:{n}: no reason")
            for word in (rest if colon else words).split():
                lists[name][word] = where.strip() if colon else None
    return lists, problems


def check_common(lists):
    """What all may call is no machine's."""
    return [f"{LISTS}common.txt: {word} is of the machine ({kind_of(word)})"
            for word in sorted(lists.get("common", {})) if kind_of(word)]


def check_call(source, name, lists):
    """What is wrong with a call; None when nothing is."""
    kind = kind_of(name)
    if kind and not has_door(source, kind) and (source, name) not in EXCEPTIONS:
        return f"{source}: calls {name} ({kind}): go through env"
    key = unit_of(source).replace("/", "-")
    names = ["common", key] + (["programs"] if source.startswith(PROGRAMS) else [])
    places = [lists[n][name] for n in names if name in lists.get(n, {})]
    if not places:
        return f"{source}: calls {name}, which is not in {LISTS}{key}.txt"
    if not any(p is None or p == os.path.basename(source) for p in places):
        return f"{source}: calls {name}, which {LISTS}{key}.txt allows to {places[0]} only"
    return None


def check_calls(objs, table, lists):
    own = {n for entries in table.values() for n, kind in entries if kind not in "Uwv"}
    used, problems, met = {}, set(), set()
    for obj, source in objs.items():
        if source.startswith("generated/"):
            continue
        for name, kind in table[obj]:
            if kind not in "Uwv" or name in own or COMPILER.match(name):
                continue
            name = plain(name)
            used.setdefault(unit_of(source).replace("/", "-"), set()).add(name)
            met.add((source, name))
            problems.add(check_call(source, name, lists))
    return sorted(problems - {None}), used, met


def print_stale(lists, used, met):
    for key, words in lists.items():
        if key not in ("common", "programs"):
            for word in sorted(words.keys() - used.get(key, set())):
                print(f"note: {LISTS}{key}.txt: {word} is called no more")
    for source, name in sorted(EXCEPTIONS.keys() - met):
        print(f"note: an exception for {source} and {name}, which is called no more")


def self_test():
    for name, want in [("open64", "open"), ("__isoc99_sscanf", "sscanf"), ("fstat64", "fstat"),
                       ("__xpg_strerror_r", "strerror_r"), ("__memcpy_chk", "memcpy"),
                       ("crc32_iscsi", "crc32_iscsi"), ("__errno_location", "__errno_location"),
                       ("htonl", "htonl"), ("__isoc23_strtoll", "strtoll")]:
        need(plain(name) == want, f"{name} is {plain(name)}, not {want}")
    objs = {"1": "lib/bdev/io.c", "2": "lib/env/native/x.c", "3": "lib/event/signals.c",
            "4": "lib/event/app.c", "5": "app/spdk_nvme_perf/main.c"}
    table = {"1": [("memcpy", "U"), ("usleep", "U"), ("spdk_x", "T"), ("qsort", "U")],
             "2": [("spdk_x", "U"), ("usleep", "U")], "3": [("kill", "U"), ("puts", "U")],
             "4": [("kill", "U"), ("puts", "U")], "5": [("sigaction", "U"), ("fork", "U")]}
    # Listed or not, the design's rule holds.
    lists = {"common": {"memcpy": None}, "lib-env": {"usleep": None}, "lib-bdev": {"usleep": None},
             "lib-event": {"kill": None, "puts": "app.c"},
             "programs": {"fork": None, "sigaction": None}}
    got, _, _ = check_calls(objs, table, lists)
    want = ["app/spdk_nvme_perf/main.c: calls fork (threads)", "lib/bdev/io.c: calls qsort, which",
            "lib/bdev/io.c: calls usleep (sleeps)", "lib/event/app.c: calls kill (signals)",
            "lib/event/signals.c: calls puts, which test/house/symbols/lib-event.txt allows to app"]
    need(len(got) == len(want) and all(g.startswith(w) for g, w in zip(got, want)), f"{got}")
    need(len(check_common({"common": {"epoll_wait": None, "qsort": None}})) == 1,
         "the common list may not hold the machine")


def check(tree):
    objs = tree.objects("lib/", "module/", "app/", "examples/", "generated/")
    lists, problems = load_lists(tree)
    wrong, used, met = check_calls(objs, symbols(list(objs)), lists)
    print_stale(lists, used, met)
    problems += check_common(lists) + wrong
    return problems, f"{len(objs)} objects, {len(lists)} lists, {len(EXCEPTIONS)} exceptions"


if __name__ == "__main__":
    main("symbols", self_test, check)
