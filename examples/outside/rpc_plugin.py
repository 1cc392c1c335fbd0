# SPDX-License-Identifier: BSD-3-Clause
"""Commands of rpc.py for the methods of this folder.

    PYTHONPATH=. rpc.py -s /tmp/outside.sock --plugin rpc_plugin bdev_ram_create ram0 2048

rpc.py imports the module and hands its list of commands to spdk_rpc_plugin_initialize().
"""

from spdk.rpc.client import print_dict, print_json


def spdk_rpc_plugin_initialize(subparsers):
    def bdev_ram_create(args):
        print_json(args.client.call("bdev_ram_create",
                                    {"name": args.name, "num_blocks": args.num_blocks}))

    p = subparsers.add_parser("bdev_ram_create", help="Make a disk in memory")
    p.add_argument("name", help="Name of the bdev")
    p.add_argument("num_blocks", help="Its size in blocks of 512 bytes", type=int)
    p.set_defaults(func=bdev_ram_create)

    def bdev_ram_delete(args):
        args.client.call("bdev_ram_delete", {"name": args.name})

    p = subparsers.add_parser("bdev_ram_delete", help="Remove a disk in memory, and its data")
    p.add_argument("name", help="Name of the bdev")
    p.set_defaults(func=bdev_ram_delete)

    def bdev_count_create(args):
        args.client.call("bdev_count_create",
                         {"base_bdev_name": args.base_bdev_name, "name": args.name})

    p = subparsers.add_parser("bdev_count_create", help="Count the I/O of a bdev")
    p.add_argument("base_bdev_name", help="The bdev below")
    p.add_argument("name", help="Name of the new bdev")
    p.set_defaults(func=bdev_count_create)

    def bdev_count_delete(args):
        args.client.call("bdev_count_delete", {"name": args.name})

    p = subparsers.add_parser("bdev_count_delete", help="Stop counting")
    p.add_argument("name", help="Name of the bdev")
    p.set_defaults(func=bdev_count_delete)

    def bdev_count_get(args):
        print_dict(args.client.call("bdev_count_get", {"name": args.name}))

    p = subparsers.add_parser("bdev_count_get", help="Show what was counted")
    p.add_argument("name", help="Name of the bdev")
    p.set_defaults(func=bdev_count_get)

    def outside_ping_threads(args):
        print_dict(args.client.call("outside_ping_threads", {"names": args.names}))

    p = subparsers.add_parser("outside_ping_threads", help="Ask each SPDK thread for an answer")
    p.add_argument("-n", "--names", help="Print their names too", action="store_true")
    p.set_defaults(func=outside_ping_threads)
