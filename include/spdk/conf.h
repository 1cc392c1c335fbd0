/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Configuration files of sections, keys and values, as older programs and bdevperf's job files have
 * them:
 *
 *	[global]            # a comment
 *	bs=4096
 *	[job1]
 *	AIO /tmp/file "a name"
 *	AIO /tmp/other name2
 *
 * A configuration has no lock: one thread at a time. Texts that the calls give back belong to it,
 * and last until spdk_conf_free(). Names and keys are the same in upper and lower case. doc/conf.md
 * has the grammar and its limits.
 */

#ifndef SPDK_CONF_H
#define SPDK_CONF_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct spdk_conf_value;
struct spdk_conf_item;
struct spdk_conf_section;
struct spdk_conf;

/** A new, empty configuration; NULL when out of memory. */
struct spdk_conf *spdk_conf_allocate(void);

/** Free \p cp and all that was got from it. It is the default no more. NULL is allowed. */
void spdk_conf_free(struct spdk_conf *cp);

/**
 * Add what the file \p file says to \p cp. Blocks.
 * \return 0; -1 when the file can't be read or a line of it is wrong, which the log names. Then
 * what stands above that line was added.
 */
int spdk_conf_read(struct spdk_conf *cp, const char *file);

/**
 * The first section of that name.
 * \param cp NULL: the default configuration.
 * \return NULL when there is none, or no default.
 */
struct spdk_conf_section *spdk_conf_find_section(struct spdk_conf *cp, const char *name);

/** The first section in the order of the file; NULL when there is none. \p cp as above. */
struct spdk_conf_section *spdk_conf_first_section(struct spdk_conf *cp);

/** The section behind \p sp; NULL behind the last, or for a NULL. */
struct spdk_conf_section *spdk_conf_next_section(struct spdk_conf_section *sp);

/** Whether the section's name begins with \p name_prefix. */
bool spdk_conf_section_match_prefix(const struct spdk_conf_section *sp, const char *name_prefix);

/** The section's name, as the file has it. */
const char *spdk_conf_section_get_name(const struct spdk_conf_section *sp);

/** The first number in the section's name, at most INT_MAX; 0 when it has none. */
int spdk_conf_section_get_num(const struct spdk_conf_section *sp);

/**
 * A value of a line.
 * \param idx1 which of the lines with that key, from 0.
 * \param idx2 which of its values, from 0.
 * \return NULL when there is none.
 */
char *
spdk_conf_section_get_nmval(struct spdk_conf_section *sp, const char *key, int idx1, int idx2);

/** The first value of the line number \p idx, from 0, with that key; NULL when there is none. */
char *spdk_conf_section_get_nval(struct spdk_conf_section *sp, const char *key, int idx);

/** The first value of the first line with that key; NULL when there is none. */
char *spdk_conf_section_get_val(struct spdk_conf_section *sp, const char *key);

/**
 * spdk_conf_section_get_val() as a decimal number, 0 to INT_MAX.
 * \return -1 when there is none; -EINVAL when it is no number; -ERANGE when it is negative or does
 * not fit.
 */
int spdk_conf_section_get_intval(struct spdk_conf_section *sp, const char *key);

/**
 * spdk_conf_section_get_val() as a switch: "Yes", "Y" and "True", or "No", "N" and "False".
 * \return \p default_val when it is neither, or there is none.
 */
bool spdk_conf_section_get_boolval(struct spdk_conf_section *sp, const char *key, bool default_val);

/** Make \p cp the one that is meant by NULL; NULL: none is. It stays the caller's. */
void spdk_conf_set_as_default(struct spdk_conf *cp);

/** From now on a second section of one name is a section of its own; without this its lines are
 *  added to the first one. */
void spdk_conf_disable_sections_merge(struct spdk_conf *cp);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_CONF_H */
