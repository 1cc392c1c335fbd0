#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What each folder may call outside the tree: symbols/common.txt for all, symbols/programs.txt for
each of app/ and examples/, symbols/<folder>.txt ('-' for '/') for one. The machine (clocks,
randomness, sockets, threads, waiting) is called only by lib/env, module/sock, module/bdev/uring
and aio, and lib/event's signal file."""

import os
import re

from house import main, need, symbols, unit_of

LISTS = "test/house/symbols/"
# What compilers and sanitizers put in by themselves.
COMPILER = re.compile(r"__(asan|ubsan|tsan|lsan|sanitizer|gcov|llvm|stack_chk|tls_get|start_|"
                      r"stop_|real_)|_GLOBAL_|__\w+[sdt]i[234]$")
# Never in a list but of those who may.
MACHINE = re.compile(
    r"epoll_\w+|eventfd\w*|timerfd_\w+|signalfd|socket|socketpair|bind|listen|accept4?|connect|"
    r"send(to|msg|mmsg|file)?|recv(from|msg|mmsg)?|[gs]etsockopt|io_uring_\w+|io_setup|io_submit|"
    r"io_getevents|clock_(gettime|getres|nanosleep)|gettimeofday|time|nanosleep|usleep|sleep|"
    r"getrandom|getentropy|rand|rand_r|random|s?rand48|arc4random\w*|RAND_\w+|"
    r"uuid_generate(_random|_time)?|pthread_(create|join|detach|kill|cond_\w+|setaffinity_np)|"
    r"thrd_create|sem_\w+|fork|execv\w*|signal|sigaction|sigwait\w*|kill|raise|select|p?poll|alarm|"
    r"getaddrinfo|fsync|fdatasync|open(64)?|openat(64)?|getenv|secure_getenv|exit|_exit")
MACHINE_FOLDERS = ("lib/env", "module/sock/", "module/bdev/uring", "module/bdev/aio", "lib/event")
# A program may end itself and ask to be told of Ctrl-C.
OF_PROGRAMS = {"exit", "sigaction"}
PROGRAMS = ("app/", "examples/")


def load_lists(tree):
    lists = {}
    for path in tree.files():
        if path.startswith(LISTS) and path.endswith(".txt"):
            name = os.path.basename(path)[:-4]
            words = {w for line in tree.read(path).split("\n") for w in line.split("#")[0].split()}
            lists[name] = words
    return lists


def check_lists(lists):
    problems = []
    for name, words in lists.items():
        folder = name.replace("-", "/")
        if folder.startswith(MACHINE_FOLDERS):
            continue
        for word in sorted(words):
            if MACHINE.fullmatch(word) and not (name == "programs" and word in OF_PROGRAMS):
                problems.append(f"{LISTS}{name}.txt: {word} is the machine's: go through env")
    return problems


def check_calls(objs, table, lists):
    own = {n for entries in table.values() for n, kind in entries if kind not in "Uwv"}
    used, problems = {}, []
    for obj, source in objs.items():
        if source.startswith("generated/"):
            continue
        folder = unit_of(source)
        key = folder.replace("/", "-")
        for name, kind in table[obj]:
            if kind not in "Uwv" or name in own or COMPILER.match(name):
                continue
            used.setdefault(key, set()).add(name)
            allowed = lists.get("common", set()) | lists.get(key, set())
            if folder.startswith(PROGRAMS):
                allowed |= lists.get("programs", set())
            if name not in allowed:
                problems.append(f"{source}: calls {name}, which is not in {LISTS}{key}.txt")
    for key, words in lists.items():
        if key not in ("common", "programs"):
            for word in sorted(words - used.get(key, set())):
                print(f"note: {LISTS}{key}.txt: {word} is called no more")
    return sorted(set(problems))


def self_test():
    objs = {"1": "lib/bdev/io.c", "2": "lib/env/native/x.c"}
    table = {"1": [("memcpy", "U"), ("usleep", "U"), ("spdk_x", "T")],
             "2": [("spdk_x", "U"), ("usleep", "U")]}
    lists = {"common": {"memcpy"}, "lib-env": {"usleep"}}
    got = check_calls(objs, table, lists)
    need(len(got) == 1 and "usleep" in got[0], f"a call of the machine is not seen: {got}")
    need(len(check_lists({"lib-bdev": {"usleep", "qsort"}, "lib-env": {"usleep"}})) == 1,
         "a list may not allow the machine to whom it is closed")
    need(len(check_lists({"common": {"epoll_wait"}})) == 1, "nor may the common one")


def check(tree):
    objs = tree.objects("lib/", "module/", "app/", "examples/", "generated/")
    lists = load_lists(tree)
    problems = check_lists(lists) + check_calls(objs, symbols(list(objs)), lists)
    return problems, f"{len(objs)} objects, {len(lists)} lists"


if __name__ == "__main__":
    main("symbols", self_test, check)
