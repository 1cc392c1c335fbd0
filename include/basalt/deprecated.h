/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * The mark of functions that SPDK has dropped and that stay here for older programs. They compile
 * without a word; with BASALT_WARN_DEPRECATED defined, the compiler names what to use instead.
 */

#ifndef BASALT_DEPRECATED_H
#define BASALT_DEPRECATED_H

#ifdef BASALT_WARN_DEPRECATED
#define BASALT_DEPRECATED(instead) __attribute__((deprecated(instead)))
#else
#define BASALT_DEPRECATED(instead)
#endif

#endif /* BASALT_DEPRECATED_H */
