# SPDX-License-Identifier: BSD-3-Clause
"""Random calls of each method that changes the configuration: for test_config_property.py.

What a parameter may be comes from the schema, so a new parameter is tried by itself; GENERATORS
says what the schema can't: which parameters name things, and which numbers would only fill memory.
Names come from small pools, so that calls meet what others have made. A method that changes the
configuration and has no row here fails the test.
"""

import uuid

GIVEN = 0.25  # how often an optional parameter is given
# Of some: so many that one would be refused always; bdev_examine needs bdev_auto_examine off.
GIVEN_OF = {"nvmf_create_transport": 0.1, "bdev_set_options": 0.6, "scheduler_set_options": 0.6}
INT_LIMITS = {"int32": (-2 ** 31, 2 ** 31 - 1), "uint8": (0, 2 ** 8 - 1),
              "uint16": (0, 2 ** 16 - 1), "uint32": (0, 2 ** 32 - 1), "uint64": (0, 2 ** 64 - 1)}
NQN = "nqn.2026-11.io.basalt:prop"


class Skip(Exception):
    """Never give this parameter."""


def one_of(*values):
    return lambda g: g.rng.choice(values)


def number(low, high):
    return lambda g: g.rng.randint(low, high)


def never(g):
    raise Skip


def rarely(chooser):
    """For what most programs refuse."""
    def choose(g):
        if g.rng.random() < 0.9:
            raise Skip
        return chooser(g)
    return choose


def always(chooser):
    """For what is optional, and hardly ever left out."""
    def choose(g):
        return chooser(g)
    choose.always = True
    return choose


def some(kind):
    """A bdev's name: mostly one of its kind, else any."""
    return lambda g: f"{kind}{g.rng.randint(0, 2)}" if g.rng.random() < 0.8 else some_bdev(g)


def some_bdev(g):
    if g.rng.random() < 0.1:
        return "not there"
    return g.rng.choice("mnupa") + g.rng.choice(["0", "1", "2", " \u20ac\"\\"])


def some_file(g):
    return f"{g.folder}/disk{g.rng.randint(0, 3)}"


def some_key(g):
    return f"{g.folder}/key{g.rng.randint(0, 1)}"


def some_nqn(g):
    return f"{NQN}{g.rng.randint(0, 1)}"


def some_host(g):
    return g.rng.choice([f"{NQN}:h{g.rng.randint(0, 2)}", f"{NQN}:h"])


def some_target(g):
    """Mostly the default one, whose things are saved; it must be named when there are others."""
    if g.rng.random() < 0.1:
        raise Skip
    return "nvmf_tgt" if g.rng.random() < 0.9 else g.rng.choice(["t1", "t2"])


some_target.always = True


def some_core(g):
    return g.rng.choice(g.cores)


def some_core_mask(g):
    """Of one core: the one that schedules, which is refused, or the other."""
    return hex(1 << some_core(g))


def hexadecimal(num_bytes):
    return lambda g: "".join(g.rng.choice("0123456789abcdefABCDEF") for _ in range(2 * num_bytes))


def listen_address(g):
    """A loopback address that nobody else has; 2 ports."""
    address = {"trtype": g.rng.choice(["TCP", "tcp"]), "traddr": g.address,
               "trsvcid": str(4420 + g.rng.randint(0, 1))}
    if g.rng.random() < 0.7:
        address["adrfam"] = g.rng.choice(["IPv4", "ipv4"])
    return address


def referral_address(g):
    address = {"trtype": "TCP", "trsvcid": "1", "adrfam": "IPv4", "traddr": "10.1.1.1"}
    if g.rng.random() < 0.2:
        address.update(adrfam="IPv6", traddr="2001:db8::1")
    if g.rng.random() < 0.2:
        address["trsvcid"] = str(g.rng.randint(2, 65535))
    return address


def namespace(g):
    fields = {"nsid": number(0, 3), "bdev_name": some("m"), "nguid": hexadecimal(16),
              "eui64": hexadecimal(8), "anagrpid": rarely(number(0, 4)), "ptpl_file": never,
              "no_auto_visible": rarely(one_of(True))}
    return g.object(g.fields("namespace"), fields)


BLOCKS = {"num_blocks": number(1, 64), "block_size": one_of(512, 4096, 4096),
          "md_size": rarely(one_of(8, 16)), "physical_block_size": one_of(512, 4096, 8192),
          "dif_type": rarely(one_of(1, 2, 3)), "dif_pi_format": rarely(one_of(0, 1, 2)),
          "dif_is_head_of_md": rarely(one_of(True)), "md_interleave": rarely(one_of(True)),
          "numa_id": one_of(-1, 0)}
ON_FILE = {"filename": some_file, "block_size": always(one_of(0, 512, 4096, 4096))}
SUBSYSTEM = {"nqn": some_nqn, "tgt_name": some_target}
COUNT = number(0, 4096)

GENERATORS = {
    "sock_set_default_impl": {"impl_name": one_of("posix", "posix", "uring", "nix")},
    "sock_impl_set_options": {"impl_name": one_of("posix", "posix", "uring", "ssl"),
                              "recv_buf_size": number(0, 1 << 20),
                              "send_buf_size": number(0, 1 << 20)},
    "iobuf_set_options": {"small_pool_count": number(64, 8192), "large_pool_count": number(8, 1024),
                          "small_bufsize": one_of(4096, 8192, 16384),
                          "large_bufsize": one_of(65536, 135168, 1 << 20)},
    "bdev_set_options": {"bdev_io_pool_size": number(1, 65535),
                         "bdev_io_cache_size": number(0, 512),
                         "iobuf_small_cache_size": number(0, 64),
                         "iobuf_large_cache_size": number(0, 8)},
    "keyring_file_add_key": {"name": one_of("k0", "k1"), "path": some_key},
    "keyring_file_remove_key": {"name": one_of("k0", "k1")},
    "keyring_linux_set_options": {},
    "bdev_examine": {"name": some_bdev},
    "bdev_malloc_create": {**BLOCKS, "name": always(some("m"))},
    "bdev_malloc_delete": {"name": some("m")},
    "bdev_null_create": {**BLOCKS, "name": some("n")},
    "bdev_null_delete": {"name": some("n")},
    "bdev_null_resize": {"name": some("n"), "new_size": number(0, 4)},
    "bdev_passthru_create": {"name": some("p"), "base_bdev_name": some_bdev},
    "bdev_passthru_delete": {"name": some("p")},
    "bdev_uring_create": {**ON_FILE, "name": some("u")},
    "bdev_uring_delete": {"name": some("u")},
    "bdev_aio_create": {**ON_FILE, "name": some("a")},
    "bdev_aio_delete": {"name": some("a")},
    "framework_set_scheduler": {"name": one_of("static", "dynamic"), "period": number(1, 10 ** 7),
                                "load_limit": number(0, 100), "core_limit": number(0, 100),
                                "core_busy": number(0, 100)},
    "scheduler_set_options": {"isolated_core_mask": some_core_mask, "scheduling_core": some_core},
    "nvmf_set_config": {"poll_groups_mask": one_of("0x1")},
    "nvmf_set_max_subsystems": {"max_subsystems": number(8, 2048)},
    "nvmf_set_crdt": {},
    "nvmf_create_target": {"name": one_of("t1", "t1", "t2"), "max_subsystems": number(0, 64)},
    "nvmf_delete_target": {"name": one_of("t1", "t1", "t2")},
    "nvmf_create_transport": {
        "trtype": one_of("TCP", "TCP", "tcp", "RDMA"), "tgt_name": some_target,
        "max_queue_depth": one_of(2, 16, 128), "in_capsule_data_size": one_of(4096, 8192, 16384),
        "max_io_size": one_of(65536, 131072), "io_unit_size": one_of(8192, 16384, 131072),
        "max_aq_depth": number(32, 256), "num_shared_buffers": COUNT,
        "buf_cache_size": number(0, 64),
        "iobuf_small_cache_size": number(0, 64), "iobuf_large_cache_size": number(0, 8),
        "sock_priority": number(0, 6), "control_msg_num": number(1, 64),
        "max_srq_depth": COUNT, "data_wr_pool_size": COUNT},
    "nvmf_create_subsystem": {
        **SUBSYSTEM, "serial_number": one_of("S0", "SERIAL 1", "12345678901234567890"),
        "model_number": one_of("M0", "A model"), "max_namespaces": one_of(0, 1, 4, 32),
        "min_cntlid": number(1, 9), "max_cntlid": number(8, 65519),
        "passthrough": rarely(one_of(True)), "enable_nssr": rarely(one_of(True)),
        "ana_reporting": one_of(False), "admin_label": rarely(one_of("x" * 64))},
    "nvmf_delete_subsystem": SUBSYSTEM,
    "nvmf_subsystem_add_host": {**SUBSYSTEM, "host": some_host},
    "nvmf_subsystem_remove_host": {**SUBSYSTEM, "host": some_host, "timeout_ms": number(0, 100)},
    "nvmf_subsystem_allow_any_host": SUBSYSTEM,
    "nvmf_subsystem_add_listener": {**SUBSYSTEM, "listen_address": listen_address,
                                    "sock_impl": one_of("posix"), "numa_id": one_of(-1, 0),
                                    "secure_channel": rarely(one_of(True)),
                                    "ana_state": one_of("optimized")},
    "nvmf_subsystem_remove_listener": {**SUBSYSTEM, "listen_address": listen_address},
    "nvmf_subsystem_add_ns": {**SUBSYSTEM, "namespace": namespace},
    "nvmf_subsystem_remove_ns": {**SUBSYSTEM, "nsid": number(0, 3)},
    "nvmf_discovery_add_referral": {"tgt_name": some_target, "address": referral_address,
                                    "subnqn": rarely(some_nqn)},
    "nvmf_discovery_remove_referral": {"tgt_name": some_target, "address": referral_address,
                                       "subnqn": rarely(some_nqn)},
}
# Makes the things on which others stand: called more often than the rest.
MAKERS = ("bdev_malloc_create", "bdev_null_create", "bdev_passthru_create", "bdev_uring_create",
          "bdev_aio_create", "nvmf_create_transport", "nvmf_create_subsystem",
          "nvmf_subsystem_add_ns", "nvmf_subsystem_add_listener", "nvmf_subsystem_add_host",
          "nvmf_discovery_add_referral")
WEIGHTS = {"nvmf_create_target": 0.5, "nvmf_delete_subsystem": 0.5, "nvmf_subsystem_remove_ns": 6,
           "nvmf_delete_target": 2, "bdev_examine": 3, "bdev_passthru_create": 2,
           "bdev_set_options": 4, "scheduler_set_options": 4,
           "sock_impl_set_options": 3, "nvmf_subsystem_remove_host": 4}
# For those that have no weight of their own: what makes and what removes things, the rest.
MAKER, REMOVER, OTHER = 3, 2.5, 1


def weight_of(name):
    removes = any(word in name for word in ("_remove", "_delete", "_resize"))
    return WEIGHTS.get(name, MAKER if name in MAKERS else REMOVER if removes else OTHER)


class Generator:
    """Random requests; the same for the same random numbers."""

    def __init__(self, rng, folder, address, cores):
        self.cores = cores
        self.rng = rng
        self.folder = folder
        self.address = address
        self.method = None

    def fields(self, param_name):
        """The members of an object that is a parameter of the method at hand."""
        return next(p["fields"] for p in self.method["params"] if p["name"] == param_name)

    def any_value(self, param):
        """A value that the schema allows, borders often."""
        kind = param["type"]
        if kind in INT_LIMITS:
            low, high = INT_LIMITS[kind]
            low, high = max(low, param.get("min", low)), min(high, param.get("max") or high)
            near = [low, high, *(n for n in (0, 1, 2, 7, 64, 1000) if low <= n <= high)]
            return self.rng.choice(near) if self.rng.random() < 0.7 else self.rng.randint(low, high)
        if kind == "boolean":
            return self.rng.random() < 0.5
        if kind == "uuid":
            return str(uuid.UUID(int=self.rng.getrandbits(128)))
        if kind == "enum":
            return self.rng.choice(param["values"])["name"]
        if kind == "bitmask":
            return [v["name"] for v in param["values"] if self.rng.random() < 0.5]
        if kind == "string":
            return self.rng.choice(["x", "a b", "\u20ac", "z" * 19])
        if kind == "array":
            return [self.any_value(param["element"]) for _ in range(self.rng.randint(0, 3))]
        if kind == "object":
            return self.object(param["fields"], {})
        raise AssertionError(f"no values of type {kind} are known")

    def object(self, params, choosers):
        out, given = {}, GIVEN_OF.get(self.method["name"], GIVEN)
        for param in params:
            chooser = choosers.get(param["name"])
            if not (param["required"] or getattr(chooser, "always", False)
                    or self.rng.random() < given):
                continue
            try:
                value = chooser(self) if chooser is not None else self.any_value(param)
            except Skip:
                continue
            out[param["name"]] = value
        return out

    def params_of(self, method):
        self.method = method
        return self.object(method["params"], GENERATORS[method["name"]])

    def calls(self, methods, count):
        """(name, params) of random methods."""
        weights = [weight_of(m["name"]) for m in methods]
        for method in self.rng.choices(methods, weights, k=count):
            yield method["name"], self.params_of(method)
