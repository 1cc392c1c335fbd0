/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * User-space probes (USDT) for perf, bpftrace, SystemTap and gdb: a `nop` each, and a note in the
 * program's file that tells its address, its name and where its arguments are. Nothing at all where
 * the build has them off (-Dusdt=disabled).
 *
 * The note is that of SystemTap's sys/sdt.h, version 3:
 *
 *	name "stapsdt", type 3: address of the nop | base | semaphore (0)
 *	                        "spdk" 0 | name 0 | "8@place 8@place ..." 0
 *
 * `base` is the address of a section that tools compare, so that they find the probes of a library
 * that was linked at another address than it is loaded.
 */

#ifndef SPDK_INTERNAL_USDT_H
#define SPDK_INTERNAL_USDT_H

#include "spdk/config.h"
#include "spdk/stdinc.h"

#ifdef SPDK_CONFIG_USDT

#define USDT_NOTE(name, places) \
	"990:	nop\n" \
	"	.pushsection .note.stapsdt,\"\",\"note\"\n" \
	"	.balign 4\n" \
	"	.4byte 992f-991f, 994f-993f, 3\n" \
	"991:	.asciz \"stapsdt\"\n" \
	"992:	.balign 4\n" \
	"993:	.8byte 990b\n" \
	"	.8byte _.stapsdt.base\n" \
	"	.8byte 0\n" \
	"	.asciz \"spdk\"\n" \
	"	.asciz \"" #name "\"\n" \
	"	.asciz \"" places "\"\n" \
	"994:	.balign 4\n" \
	"	.popsection\n" \
	"	.ifndef _.stapsdt.base\n" \
	"	.pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n" \
	"	.weak _.stapsdt.base\n" \
	"	.hidden _.stapsdt.base\n" \
	"_.stapsdt.base: .space 1\n" \
	"	.size _.stapsdt.base, 1\n" \
	"	.popsection\n" \
	"	.endif\n"

/* A constant, a register, or a place in memory that needs no instruction to get at. */
#define USDT_ARG(x) "nor"((uint64_t)(x))

/** A probe with 1 to 5 arguments, each a number or a pointer, of which 8 bytes are given. */
#define USDT_PROBE1(name, a) __asm__ volatile(USDT_NOTE(name, "8@%0")::USDT_ARG(a))
#define USDT_PROBE2(name, a, b) \
	__asm__ volatile(USDT_NOTE(name, "8@%0 8@%1")::USDT_ARG(a), USDT_ARG(b))
#define USDT_PROBE3(name, a, b, c) \
	__asm__ volatile(USDT_NOTE(name, "8@%0 8@%1 8@%2")::USDT_ARG(a), USDT_ARG(b), USDT_ARG(c))
#define USDT_PROBE4(name, a, b, c, d) \
	__asm__ volatile(USDT_NOTE(name, "8@%0 8@%1 8@%2 8@%3")::USDT_ARG(a), USDT_ARG(b), \
	                 USDT_ARG(c), USDT_ARG(d))
#define USDT_PROBE5(name, a, b, c, d, e) \
	__asm__ volatile(USDT_NOTE(name, "8@%0 8@%1 8@%2 8@%3 8@%4")::USDT_ARG(a), USDT_ARG(b), \
	                 USDT_ARG(c), USDT_ARG(d), USDT_ARG(e))

#else

/* Not evaluated. */
#define USDT_PROBE1(name, a) ((void)sizeof(a))
#define USDT_PROBE2(name, a, b) (USDT_PROBE1(name, a), (void)sizeof(b))
#define USDT_PROBE3(name, a, b, c) (USDT_PROBE2(name, a, b), (void)sizeof(c))
#define USDT_PROBE4(name, a, b, c, d) (USDT_PROBE3(name, a, b, c), (void)sizeof(d))
#define USDT_PROBE5(name, a, b, c, d, e) (USDT_PROBE4(name, a, b, c, d), (void)sizeof(e))

#endif

#endif /* SPDK_INTERNAL_USDT_H */
