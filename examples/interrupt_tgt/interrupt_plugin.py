# SPDX-License-Identifier: BSD-3-Clause
"""The command of rpc.py for the method of interrupt_tgt.

    PYTHONPATH=examples/interrupt_tgt scripts/rpc.py --plugin interrupt_plugin \\
        reactor_set_interrupt_mode 1 -d
"""


def spdk_rpc_plugin_initialize(subparsers):
    def reactor_set_interrupt_mode(args):
        args.client.call("reactor_set_interrupt_mode",
                         {"lcore": args.lcore, "disable_interrupt": args.disable_interrupt})

    p = subparsers.add_parser("reactor_set_interrupt_mode",
                              help="Let the threads of a core use interrupts, or poll")
    p.add_argument("lcore", help="Number of the core", type=int)
    p.add_argument("-d", "--disable-interrupt", dest="disable_interrupt",
                   help="Poll from now on", action="store_true")
    p.set_defaults(func=reactor_set_interrupt_mode)
