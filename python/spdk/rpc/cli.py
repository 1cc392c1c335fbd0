# SPDX-License-Identifier: BSD-3-Clause
"""rpc.py: a command line made from the schema of the methods.

The schema is a file that the build writes; what it lacks is asked of the program. Each method is a
command; its arguments, their types, choices and defaults stand in the schema.
"""

import argparse
import io
import json
import shlex
import sys

from . import config
from . import plugin
from . import schema
from .client import (DEFAULT_PORT, JSONRPCClient, JSONRPCDryRunClient, JSONRPCException,
                     print_array)
from .helpers import hint_rpc_name
from .methods import store

DEFAULT_ADDR = "/var/tmp/spdk.sock"
MIB = 1024 * 1024
USAGE = "%(prog)s [options] command [arguments]"
LOCAL_COMMANDS = ("save_config", "load_config", "save_subsystem_config", "load_subsystem_config")


# ---- the schema ----

def find_methods(args):
    """{name: method} of the schema file, and of the program when a command is not there."""
    methods = schema.load()
    if args.dry_run or (methods and not lacks_command(methods, args, args.words)):
        return methods
    try:
        with make_client(args) as client:
            return {**schema.ask(client), **methods}
    except JSONRPCException:
        if not methods and args.words:
            raise  # without a file the program is all there is to ask
        return methods


# ---- arguments to parameters ----

def split_list(separator):
    def split(text):
        return [part for part in text.split(separator) if part]
    return split


def arg_type(arg):
    kind = arg.get("type", "str")
    if kind == "int":
        return int
    if kind == "float":
        return float
    if kind == "int base 16":
        return lambda text: int(text, 16)
    if kind == "list split by ','":
        return split_list(",")
    if kind == "list split by ' '":
        return split_list(" ")
    if kind == "list split by whitespace":
        return split_list(None)
    return str


def convert(arg, value, params):
    """The parameter that an argument's value means."""
    conv = arg.get("conv", "")
    if conv.startswith("mib_to_blocks"):
        block_size = params.get("block_size") or 0
        if block_size <= 0:
            return 0  # the program says what is wrong with the block size
        return int(value * MIB / block_size) if isinstance(value, float) \
            else value * MIB // block_size
    if conv.startswith("flags:"):
        return {name: True for name in value}
    return value


def make_params(method, args):
    """The "params" of the request."""
    params, late = {}, []
    for arg in method["cli"]["args"]:
        value = getattr(args, arg["dest"], None)
        if value is None or not arg.get("param"):
            continue
        if arg.get("conv", "").startswith("mib_to_blocks"):
            late.append((arg, value))
            continue
        store(params, arg["param"], convert(arg, value, params))
    for arg, value in late:
        store(params, arg["param"], convert(arg, value, params))
    return params


# ---- parsers ----

def add_argument(parser, arg):
    opts = {"help": (arg.get("help") or "").replace("%", "%%"), "dest": arg["dest"]}
    action = arg["action"]
    if action == "boolean_optional":
        opts["action"] = argparse.BooleanOptionalAction
    elif action in ("store_true", "store_false"):
        opts["action"] = action
    else:
        opts.update(action=action, type=arg_type(arg))
        if arg.get("choices"):
            opts["choices"] = arg["choices"]
    if "default" in arg:
        opts["default"] = arg["default"]
    if arg["kind"] == "positional":
        opts.pop("dest")
        if arg.get("nargs"):
            opts["nargs"] = arg["nargs"]
        parser.add_argument(arg["dest"], **opts)
        return
    opts["required"] = arg["required"]
    flags = [arg[key] for key in ("short", "long") if key in arg]
    parser.add_argument(*flags, **opts)


def add_method(subparsers, method):
    if method.get("opaque"):
        parser = subparsers.add_parser(method["name"], help="(a method of an outside module)")
        parser.add_argument("params", nargs="?", type=json.loads, help="parameters, as JSON")
        parser.set_defaults(func=lambda args: print_result("string", args.client.call(
            method["name"], args.params)))
        return
    if not method.get("cli"):
        return
    parser = subparsers.add_parser(method["name"], help=method.get("help"),
                                   description=method.get("help"))
    groups = {}
    for arg in method["cli"]["args"]:
        target = parser
        if arg.get("group"):
            if arg["group"] not in groups:
                groups[arg["group"]] = parser.add_mutually_exclusive_group()
            target = groups[arg["group"]]
        add_argument(target, arg)
    parser.set_defaults(func=lambda args: run_method(method, args))


def add_local_commands(subparsers):
    indent = dict(type=int, default=2, help="blanks of an indentation; -1: all on one line")
    batches = dict(action=argparse.BooleanOptionalAction, default=False,
                   help="keep entries that belong together in arrays of their own")

    p = subparsers.add_parser("save_config", help="Write what brings a program into this state")
    p.add_argument("-i", "--indent", **indent)
    p.add_argument("-s", "--subsystems", help="only these, separated by commas")
    p.add_argument("--with-batches", **batches)
    p.set_defaults(func=run_save_config)

    p = subparsers.add_parser("load_config", help="Run all methods of a configuration")
    p.add_argument("-i", "--include-aliases", action="store_true",
                   help="deprecated names of methods, too")
    p.add_argument("-j", "--json-conf", help="the file; default: standard input")
    p.set_defaults(func=run_load_config)

    p = subparsers.add_parser("save_subsystem_config",
                              help="Write what brings a subsystem into this state")
    p.add_argument("-i", "--indent", **indent)
    p.add_argument("-n", "--name", required=True, help="name of the subsystem")
    p.add_argument("--with-batches", **batches)
    p.set_defaults(func=run_save_subsystem_config)

    p = subparsers.add_parser("load_subsystem_config",
                              help="Run all methods of a subsystem's configuration")
    p.add_argument("-j", "--json-conf", help="the file; default: standard input")
    p.set_defaults(func=run_load_subsystem_config)


def add_global_options(parser):
    parser.add_argument("-s", dest="server_addr", default=DEFAULT_ADDR,
                        help="path of the program's socket, or its IP address; default: "
                             + DEFAULT_ADDR)
    parser.add_argument("-p", dest="port", type=int, default=DEFAULT_PORT,
                        help=f"its port, with an IP address; default: {DEFAULT_PORT}")
    parser.add_argument("-t", dest="timeout", type=float, default=None,
                        help="seconds to wait for an answer; default: 60")
    parser.add_argument("-r", dest="conn_retries", type=int, default=0,
                        help="attempts to connect after the first has failed, 0.2 s apart")
    parser.add_argument("-v", dest="verbose", action="store_const", const="INFO",
                        default="ERROR", help="show requests and answers")
    parser.add_argument("--verbose", dest="verbose", choices=["DEBUG", "INFO", "ERROR"],
                        default="ERROR", help="the level of messages")
    parser.add_argument("--dry-run", dest="dry_run", action="store_true",
                        help="show the request, send nothing")
    parser.add_argument("--go-client", dest="go_client", action="store_true",
                        help="accepted for compatibility; the Python client is used")
    parser.add_argument("--server", dest="is_server", action="store_true",
                        help="read command lines from standard input, tell the status of each")
    parser.add_argument("-b", "--batch-mode", dest="batch_mode",
                        action=argparse.BooleanOptionalAction, default=None,
                        help="send the commands of standard input as one batch")
    parser.add_argument("--plugin", dest="rpc_plugin",
                        help="a Python module that adds commands")


class Parser(argparse.ArgumentParser):
    """Says which commands come close to one that is not there, not all of them."""

    def _check_value(self, action, value):
        if not isinstance(action, argparse._SubParsersAction) or value in action.choices:
            super()._check_value(action, value)
            return
        hint = hint_rpc_name(value, action.choices) or "--help lists all, for this program"
        raise argparse.ArgumentError(action, f"invalid choice: {value!r} ({hint})")


def make_parser(methods, plugin_name=None):
    """The parser of a whole line. PluginError when a plug-in does not load."""
    parser = Parser(description="Control a running program by JSON-RPC",
                    usage=USAGE, allow_abbrev=False)
    add_global_options(parser)
    subparsers = parser.add_subparsers(help="commands", dest="called_rpc_name",
                                       metavar="command", prog=parser.prog,
                                       parser_class=argparse.ArgumentParser)
    for method in sorted(methods.values(), key=lambda m: m["name"]):
        add_method(subparsers, method)
    add_local_commands(subparsers)
    if plugin_name:
        plugin.load(plugin_name, subparsers)
    return parser


# ---- running ----

def make_client(args):
    if getattr(args, "dry_run", False):
        return JSONRPCDryRunClient()
    return JSONRPCClient(args.server_addr, args.port, args.timeout,
                         conn_retries=args.conn_retries, log_level=args.verbose)


def print_result(output, result):
    if output == "none":
        return
    if output == "space-separated list" and isinstance(result, list):
        print_array(result)
    elif isinstance(result, str) and output.startswith("json, bare"):
        print(result)
    else:
        print(json.dumps(result, indent=2))


def run_method(method, args):
    result = args.client.call(method["name"], make_params(method, args))
    if not getattr(args, "dry_run", False):
        print_result(method["cli"]["output"], result)


def run_save_config(args):
    subsystems = args.subsystems.split(",") if args.subsystems is not None else None
    config.save_config(args.client, sys.stdout, args.indent, subsystems, args.with_batches)


def run_save_subsystem_config(args):
    config.save_subsystem_config(args.client, sys.stdout, args.indent, args.name,
                                 args.with_batches)


def run_load_config(args):
    config.load_config(args.client, checked_input(args.json_conf), args.include_aliases)


def run_load_subsystem_config(args):
    config.load_subsystem_config(args.client, checked_input(args.json_conf))


def checked_input(path):
    """What a file, or standard input, holds; it ends the program with status 1 when that is no
    JSON object, and says where."""
    with open_input(path) as f:
        text = f.read()
    name = path or "standard input"
    try:
        if not isinstance(json.loads(text), dict):
            sys.exit(complain(f"{name}: a configuration is a JSON object"))
    except ValueError as err:
        sys.exit(complain(f"{name}: {err}"))
    return io.StringIO(text)


def open_input(path):
    return open(path, encoding="utf-8") if path else open(0, encoding="utf-8", closefd=False)


def run_one(early, args):
    """Run one command; returns the exit status. The connection is as the options before the
    command say: the command may have options of the same names."""
    try:
        with make_client(early) as args.client:
            args.func(args)
    except JSONRPCException as err:
        print(err.message)
        return 1
    except OSError as err:  # a file of load_config
        return complain(str(err))
    return 0


def complain(text):
    print(f"rpc.py: {text}", file=sys.stderr)
    return 1


class Script:
    """Commands from standard input, one a line, up to the first that fails."""

    def __init__(self, parser, args):
        self.parser = parser
        self.args = args
        self.lines = []

    def parse(self, number, line):
        """The parsed line; None when it is empty. A wrong one ends the program with status 2."""
        try:
            words = shlex.split(line, comments=True)
            if not words:
                return None
            self.lines.append(line.rstrip())
            args = self.parser.parse_args(words)
            if not hasattr(args, "func"):
                self.parser.error("a command is missing")
            return args
        except ValueError as err:
            self.parser.print_usage(sys.stderr)
            complain(f"line {number} of standard input: {err}")
            sys.exit(2)
        except SystemExit as end:
            if end.code:
                complain(f"this was line {number} of standard input: {line.strip()}")
            raise

    def commands(self, lines):
        for number, line in enumerate(lines, 1):
            args = self.parse(number, line)
            if args is not None:
                yield args

    def fail(self, message):
        print("Exception:")
        print("\n".join(self.lines) + " <<<")
        print(message)
        return 1

    def run(self, lines):
        client = None
        try:
            for args in self.commands(lines):
                if client is None:
                    client = make_client(self.args)
                args.client = client
                args.dry_run = self.args.dry_run
                args.func(args)
        except JSONRPCException as err:
            return self.fail(err.message)
        except OSError as err:
            return self.fail(str(err))
        finally:
            if client is not None:
                client.close()
        return 0

    def run_batch(self, lines, methods):
        """All commands as one batch; the answers in their order."""
        calls = []
        for args in self.commands(lines):
            method = methods.get(args.called_rpc_name)
            if method is None or not method.get("cli"):
                self.parser.error(f"{args.called_rpc_name} can't be part of a batch")
            calls.append((method, make_params(method, args)))
        lines, self.lines = self.lines, []
        if not calls:
            return 0
        try:
            with make_client(self.args) as client:
                answers = client.call_batch([(m["name"], p) for m, p in calls])
                for line, (method, _), answer in zip(lines, calls, answers):
                    self.lines.append(line)
                    print_result(method["cli"]["output"], client.result_of(answer))
        except JSONRPCException as err:
            return self.fail(err.message)
        return 0


def early_args(argv):
    """The options before the command, without a look at the command."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, usage=USAGE)
    add_global_options(parser)
    parser.add_argument("words", nargs=argparse.REMAINDER)
    return parser.parse_known_args(argv)[0]


def try_plugin(methods, name):
    """The parser with a plug-in; when that does not load, it is said and the others are there."""
    try:
        return make_parser(methods, name)
    except plugin.PluginError as err:
        complain(str(err))
        return make_parser(methods)


def run_server(methods, parser, plugin_name):
    """--server: each line is a whole command line; a line with the status ends each answer."""
    parsers = {None: parser, plugin_name: parser}
    for line in sys.stdin:
        status = 1
        try:
            words = shlex.split(line, comments=True)
            if not words:
                continue
            early = early_args(words)
            name = early.rpc_plugin
            if name not in parsers:
                parsers[name] = try_plugin(methods, name)
            args = parsers[name].parse_args(words)
            if hasattr(args, "func"):
                status = run_one(early, args)
        except ValueError as err:
            complain(str(err))
        except SystemExit as end:
            status = 1 if end.code else 0
        print(f"**STATUS={status}", flush=True)
    return 0


def lacks_command(methods, args, words):
    """Whether a word that stands where the command should is no command that we know."""
    return (args.rpc_plugin is None and len(words) > 0 and words[0] not in methods
            and words[0] not in LOCAL_COMMANDS and not words[0].startswith("-"))


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    early = early_args(argv)
    try:
        methods = find_methods(early)
    except JSONRPCException as err:
        print(err.message)
        return 1
    parser = try_plugin(methods, early.rpc_plugin)
    args = parser.parse_args(argv)
    if args.is_server:
        return run_server(methods, parser, early.rpc_plugin)
    if hasattr(args, "func"):
        return run_one(early, args)
    if sys.stdin.isatty():
        parser.print_help()
        return 0
    script = Script(parser, early)
    if args.batch_mode and not args.dry_run:
        return script.run_batch(sys.stdin, methods)
    return script.run(sys.stdin)


def console():
    """The program, as scripts/rpc.py and the command spdk-rpc run it."""
    try:
        sys.exit(main())
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(1)
