# SPDX-License-Identifier: BSD-3-Clause
"""GDB commands that print what a program or a core dump holds: threads, pollers, channels,
io_devices, reactors, bdevs and NVMe-oF subsystems. They only read memory; the program is not run.

    (gdb) source scripts/gdb_macros.py
    (gdb) spdk_load_macros
    (gdb) spdk_print_threads
"""

import gdb

MAX_ENTRIES = 100000  # of a list: a damaged one may go round


class Problem(Exception):
    """What is to be printed instead of a result."""


def symbol(name, file):
    """A static variable, which may have name sakes in other files."""
    for text in (f"'{file}'::{name}", name):
        try:
            return gdb.parse_and_eval(text)
        except gdb.error:
            continue
    raise Problem(f"There is no {name}: was the program built with debug information, and with "
                  f"{file}?")


def tailq(head, link):
    """Pointers to the elements of a TAILQ, STAILQ or LIST, whose links are the member `link`."""
    fields = {f.name for f in head.type.strip_typedefs().fields()}
    first = next(n for n in ("tqh_first", "stqh_first", "lh_first") if n in fields)
    follow = {"tqh_first": "tqe_next", "stqh_first": "stqe_next", "lh_first": "le_next"}[first]
    element, count = head[first], 0
    while int(element) != 0:
        count += 1
        if count > MAX_ENTRIES:
            raise Problem("A list has no end: it is damaged")
        yield element
        place = element.dereference()
        for name in link.split("."):
            place = place[name]
        element = place[follow]


def tree(node, link):
    """Pointers to the elements of an RB tree, in order."""
    stack, seen = [], 0
    while stack or int(node) != 0:
        while int(node) != 0:
            seen += 1
            if seen > MAX_ENTRIES:
                raise Problem("A tree has no end: it is damaged")
            stack.append(node)
            node = node.dereference()[link]["rbe_child"][0]
        node = stack.pop()
        yield node
        node = node.dereference()[link]["rbe_child"][1]


def text(value):
    """A char array or char pointer."""
    if value.type.strip_typedefs().code == gdb.TYPE_CODE_PTR and int(value) == 0:
        return "(none)"
    return value.string("utf-8", "replace")


def name_of(function):
    """The function that a pointer points to."""
    block = gdb.block_for_pc(int(function))
    while block is not None and block.function is None:
        block = block.superblock
    return block.function.name if block is not None else hex(int(function))


def enumerator(value, type_name):
    """Name of a number that is one of an enum, stored in a smaller field."""
    for field in gdb.lookup_type(f"enum {type_name}").fields():
        if field.enumval == int(value):
            return field.name
    return str(int(value))


def atomic(value):
    """What a _Atomic field holds."""
    return int(value.cast(value.type.strip_typedefs().unqualified()))


# ---- What there is ----

def threads():
    return tailq(symbol("g_thread", "lib/thread/thread.c")["threads"], "link")


def print_threads():
    for thread in threads():
        t = thread.dereference()
        state = enumerator(atomic(t["state"]), "thread_state")
        print(f"{text(t['name'])}: id {int(t['id'])}, {state[len('THREAD_'):].lower()}, "
              f"{int(t['num_active'])} active, {int(t['num_timed'])} timed and "
              f"{int(t['num_paused'])} paused pollers, busy {int(t['busy_tsc'])} and idle "
              f"{int(t['idle_tsc'])} ticks, (struct spdk_thread *){hex(int(thread))}")


def print_poller(kind, poller):
    p = poller.dereference()
    period = f", every {int(p['period_ticks'])} ticks" if int(p["period_ticks"]) else ""
    state = enumerator(p["state"], "poller_state")
    what = enumerator(p["kind"], "poller_kind")
    print(f"  {kind}: {text(p['name'])}: {name_of(p['fn'])}({hex(int(p['arg']))}), "
          f"{what[len('POLLER_'):].lower()}{period}, {state[len('POLLER_'):].lower()}, ran "
          f"{int(p['run_count'])}, busy {int(p['busy_count'])}, "
          f"(struct spdk_poller *){hex(int(poller))}")


def print_pollers():
    for thread in threads():
        t = thread.dereference()
        print(f"{text(t['name'])}:")
        for poller in tailq(t["active"], "link"):
            print_poller("active", poller)
        for poller in tree(t["timed"]["rbh_root"], "node"):
            print_poller("timed", poller)
        for poller in tailq(t["paused"], "link"):
            print_poller("paused", poller)


def print_io_channels():
    for thread in threads():
        t = thread.dereference()
        print(f"{text(t['name'])}:")
        for channel in tailq(t["channel_list"], "link"):
            c = channel.dereference()
            print(f"  {text(c['dev']['name'])}: {int(c['ref'])} references, "
                  f"(struct spdk_io_channel *){hex(int(channel))}")


def print_io_devices():
    devices = symbol("g_io_device", "lib/thread/io_device.c")["devices"]
    for device in tree(devices["rbh_root"], "node"):
        d = device.dereference()
        gone = ", unregistered" if bool(d["unregistered"]) else ""
        print(f"{text(d['name'])}: {int(d['num_channels'])} channels{gone}, io_device "
              f"{hex(int(d['io_device']))}, (struct io_device *){hex(int(device))}")


def print_reactors():
    reactors = symbol("g_reactors", "lib/event/reactors.c")
    for lcore in range(int(reactors["num_lcores"])):
        reactor = reactors["by_lcore"][lcore]
        if int(reactor) == 0:
            continue
        r = reactor.dereference()
        asleep = atomic(r["sleeper"]["sleeping"]) != 0
        print(f"reactor {int(r['lcore'])}: thread {int(r['tid'])} of the system, "
              f"{'asleep' if asleep else 'awake'}, {int(r['num_threads'])} SPDK threads, busy "
              f"{int(r['busy_tsc'])} and idle {int(r['idle_tsc'])} ticks, "
              f"(struct reactor *){hex(int(reactor))}")
        for lw in tailq(r["threads"], "link"):
            print(f"  {text(thread_of(lw)['name'])}")


def thread_of(lw):
    """The spdk_thread in front of the reactor's context of it."""
    kind = gdb.lookup_type("struct spdk_thread")
    offset = next(f.bitpos // 8 for f in kind.fields() if f.name == "ctx")
    return gdb.Value(int(lw) - offset).cast(kind.pointer()).dereference()


def bdevs():
    return tailq(symbol("g_bdev", "lib/bdev/register.c")["bdevs"], "internal.link")


def print_bdev(bdev):
    b = bdev.dereference()
    status = enumerator(b["internal"]["status"], "spdk_bdev_status")
    print(f"{text(b['name'])}: {text(b['product_name'])}, module {text(b['module']['name'])}, "
          f"{int(b['blockcnt'])} blocks of {int(b['blocklen'])}, "
          f"{status[len('SPDK_BDEV_STATUS_'):].lower()}, (struct spdk_bdev *){hex(int(bdev))}")


def print_bdevs():
    for bdev in bdevs():
        print_bdev(bdev)


def find_bdev(name):
    found = [b for b in bdevs() if text(b.dereference()["name"]) == name]
    if not found:
        raise Problem(f"There is no bdev {name}")
    for bdev in found:
        print_bdev(bdev)
        print(bdev.dereference().format_string(max_depth=1))


def print_nvmf_subsystems():
    for target in tailq(symbol("g_tgt", "lib/nvmf/tgt.c")["tgts"], "link"):
        t = target.dereference()
        print(f"{text(t['name'])}:")
        for subsystem in tree_or_list(t["subsystems"]):
            s = subsystem.dereference()
            print(f"  {text(s['nqn'])}: (struct spdk_nvmf_subsystem *){hex(int(subsystem))}")
            for ctrlr in tailq(s["ctrlrs"], "link"):
                c = ctrlr.dereference()
                print(f"    controller {int(c['cntlid'])} of {text(c['hostnqn'])}, "
                      f"(struct spdk_nvmf_ctrlr *){hex(int(ctrlr))}")


def tree_or_list(head):
    fields = {f.name for f in head.type.strip_typedefs().fields()}
    return tree(head["rbh_root"], "link") if "rbh_root" in fields else tailq(head, "link")


# ---- Commands ----

class Command(gdb.Command):
    def __init__(self, name, function, num_args, words):
        self.__doc__ = words
        self.function, self.num_args = function, num_args
        super().__init__(name, gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        args = gdb.string_to_argv(argument)
        if len(args) != self.num_args:
            raise gdb.GdbError(f"{self.num_args} arguments are needed")
        try:
            self.function(*args)
        except Problem as e:
            raise gdb.GdbError(str(e)) from None
        except gdb.MemoryError as e:
            raise gdb.GdbError(f"Memory can't be read: {e}") from None


COMMANDS = (
    ("spdk_print_threads", print_threads, 0, "Print all SPDK threads."),
    ("spdk_print_pollers", print_pollers, 0, "Print the pollers of each SPDK thread."),
    ("spdk_print_io_channels", print_io_channels, 0, "Print the channels of each SPDK thread."),
    ("spdk_print_io_devices", print_io_devices, 0, "Print what channels can be had of."),
    ("spdk_print_reactors", print_reactors, 0, "Print the reactors, with their threads."),
    ("spdk_print_bdevs", print_bdevs, 0, "Print all bdevs."),
    ("spdk_find_bdev", find_bdev, 1, "Print the bdev of a name, with its fields."),
    ("spdk_print_nvmf_subsystems", print_nvmf_subsystems, 0,
     "Print the subsystems of NVMe-oF targets, with their controllers."),
)


def load_macros():
    """Nothing runs before: so the file may be sourced ahead of the program."""
    for name, function, num_args, words in COMMANDS:
        Command(name, function, num_args, words)


Command("spdk_load_macros", load_macros, 0, "Make the spdk_print_* commands.")
