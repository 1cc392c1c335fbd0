# SPDX-License-Identifier: BSD-3-Clause
"""Each method of the schema as a function: spdk.rpc.bdev.bdev_malloc_create(client, ...).

Functions and modules come from the schema when they are asked for; nothing here names a method but
the tables of positional parameters, of SPDK's functions. A function takes the client, then the
parameters by name or in order. A member of an object may be given by its own name:
nvmf_subsystem_add_ns(client, nqn=..., bdev_name=...) is the same as namespace={"bdev_name": ...}.
None means "not given".
"""

import functools
import inspect
import types

from . import schema

# The modules that SPDK's package has; any prefix of a method that is not here is one too.
MODULES = ("accel", "ae4dma", "app", "bdev", "blobfs", "compressdev", "dpdk_cryptodev", "dsa",
           "env_dpdk", "fsdev", "iaa", "idxd", "ioat", "iobuf", "iscsi", "keyring", "log", "lvol",
           "mlx5", "nbd", "notify", "nvme", "nvmf", "pmem", "sock", "subsystem", "trace", "ublk",
           "vfio_user", "vhost", "vmd")
# Where a method stands whose name does not begin with the name of its module.
PREFIXES = {"framework_": "app", "thread_": "app", "scheduler_": "app", "spdk_": "app",
            "env_dpdk_": "env_dpdk", "bdev_lvol_": "lvol", "vfu_": "vfio_user",
            "framework_get_subsystems": "subsystem", "framework_get_config": "subsystem"}
# Parameters in the order in which SPDK's functions take them, where that is not the schema's with
# the required ones first.
POSITIONAL = {
    "bdev_aio_create": ("filename", "name", "block_size", "readonly", "fallocate", "uuid"),
    "bdev_malloc_create": ("num_blocks", "block_size", "physical_block_size", "name", "uuid"),
    "bdev_null_create": ("num_blocks", "block_size", "name", "physical_block_size", "uuid"),
    "bdev_passthru_create": ("base_bdev_name", "name", "uuid"),
    "bdev_uring_create": ("filename", "name", "block_size", "uuid"),
    "nvmf_create_subsystem": ("nqn", "serial_number", "tgt_name"),
    "nvmf_subsystem_add_listener": ("nqn", "trtype", "traddr", "trsvcid", "adrfam", "tgt_name"),
    "nvmf_subsystem_add_ns": ("nqn", "bdev_name", "tgt_name"),
    "nvmf_subsystem_remove_listener": ("nqn", "trtype", "traddr", "trsvcid", "adrfam", "tgt_name"),
}


def short_names(method):
    """{name: "object.member"}: the names that stand for a member of an object."""
    names = {}
    for param in method.get("params", []):
        if param["type"] == "object":
            for field in param.get("fields", []):
                names.setdefault(field["name"], f"{param['name']}.{field['name']}")
    for arg in (method.get("cli") or {"args": []})["args"]:
        if arg.get("param"):
            names.setdefault(arg["dest"], arg["param"])
    for param in method.get("params", []):
        names[param["name"]] = param["name"]
    return names


def positional_names(method):
    """The parameters' names in order."""
    first = POSITIONAL.get(method["name"], ())
    params = sorted(method.get("params", []), key=lambda p: not p["required"])
    paths = short_names(method)
    taken = {paths.get(name, name).split(".")[0] for name in first}
    return [*first, *(p["name"] for p in params if p["name"] not in taken)]


def store(params, path, value):
    """params["a"]["b"] = value for the path "a.b"."""
    *outer, name = path.split(".")
    for key in outer:
        params = params.setdefault(key, {})
    params[name] = value


def request_params(method, args, kwargs):
    """The "params" of a request from what a caller has given. TypeError for what no program could
    understand; a name that the schema lacks is left to the program, which may know more."""
    names, paths = positional_names(method), short_names(method)
    if len(args) > len(names):
        raise TypeError(f"{method['name']}() takes {len(names)} parameters at most, "
                        f"{len(args)} were given")
    given = dict(zip(names, args))
    for name, value in kwargs.items():
        if name in given:
            raise TypeError(f"{method['name']}() got '{name}' twice")
        given[name] = value
    params = {}
    # Whole objects first, so that a member given besides ends up inside.
    for name, value in sorted(given.items(), key=lambda item: "." in paths.get(item[0], "")):
        if value is not None:
            value = dict(value) if isinstance(value, dict) else value
            store(params, paths.get(name, name), value)
    missing = [p["name"] for p in method.get("params", [])
               if p["required"] and p["name"] not in params]
    if missing:
        raise TypeError(f"{method['name']}() lacks {', '.join(missing)}")
    return params


def describe(method):
    """The text of a function's help."""
    lines = [(method.get("help") or method["name"]) + "."]
    for param in method.get("params", []):
        about = [param["type"], "required" if param["required"] else "optional"]
        if "default" in param:
            about.append(f"default {param['default']}")
        lines.append(f"    {param['name']} ({', '.join(about)}): {param.get('help', '')}")
    return "\n".join(lines)


def signature(method):
    by_name = {p["name"]: p for p in method.get("params", [])}
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter("client", kind)]
    required = True
    for name in positional_names(method):
        required = required and by_name.get(name, {}).get("required", False)
        parameters.append(inspect.Parameter(
            name, kind, default=inspect.Parameter.empty if required else None))
    parameters.append(inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD))
    return inspect.Signature(parameters)


@functools.lru_cache(maxsize=None)
def function_of(name):
    """The function of a method; None when the schema has no such method. Without a schema each name
    is a function that takes its parameters by name."""
    methods = schema.load()
    method = methods.get(name)
    if method is None and methods:
        return None

    def call(client, *args, **kwargs):
        if method is None or method.get("opaque"):
            if args:
                raise TypeError(f"{name}() takes its parameters by name")
            return client.call(name, {k: v for k, v in kwargs.items() if v is not None})
        return client.call(name, request_params(method, args, kwargs))

    call.__name__ = call.__qualname__ = name
    if method is not None and not method.get("opaque"):
        call.__doc__ = describe(method)
        call.__signature__ = signature(method)
    return call


def module_of(name):
    """The module in which SPDK's package has a method."""
    for prefix in sorted(PREFIXES, key=len, reverse=True):
        if name.startswith(prefix):
            return PREFIXES[prefix]
    return max((m for m in MODULES if name.startswith(m + "_")), key=len,
               default=name.split("_")[0])


class MethodModule(types.ModuleType):
    """spdk.rpc.bdev and the like: the methods of the schema as attributes. Any module has any
    method, as they have moved between SPDK's; dir() shows those that belong here."""

    def __getattr__(self, name):
        function = None if name.startswith("_") else function_of(name)
        if function is None:
            raise AttributeError(
                f"{self.__name__} has no '{name}': the schema has no such method. "
                f"client.call('{name}', {{...}}) calls one that only the program knows.")
        return function

    def __dir__(self):
        short = self.__name__.rpartition(".")[2]
        return sorted(name for name in schema.load() if module_of(name) == short)


def make_modules(package):
    """{name: module} for all that the package shall have."""
    names = {*MODULES, *(module_of(name) for name in schema.load())}
    return {name: MethodModule(f"{package}.{name}", f"The methods of {name}; see dir().")
            for name in sorted(names) if name not in ("rpc", "spdk")}
