/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What the parser fills and the calls look at. */

#ifndef LIB_CONF_CONF_INTERNAL_H
#define LIB_CONF_CONF_INTERNAL_H

#include "spdk/conf.h"
#include "spdk/queue.h"

#define CONF_FILE_BYTES_MAX (1024 * 1024)
/* Each header line looks through them. */
#define CONF_SECTIONS_MAX 1024

struct spdk_conf_value {
	STAILQ_ENTRY(spdk_conf_value) link;
	char text[];
};

struct spdk_conf_item {
	STAILQ_ENTRY(spdk_conf_item) link;
	STAILQ_HEAD(, spdk_conf_value) values;
	char key[];
};

struct spdk_conf_section {
	STAILQ_ENTRY(spdk_conf_section) link;
	STAILQ_HEAD(, spdk_conf_item) items;
	int num;
	char name[];
};

struct spdk_conf {
	STAILQ_HEAD(, spdk_conf_section) sections;
	uint32_t num_sections;
	bool no_merge;
};

struct conf_error {
	size_t line; /* from 1; of a line that was continued, the first */
	const char *reason;
};

/**
 * Add the sections of a text to \p conf.
 * \param error out, after -EINVAL.
 * \return 0; -EINVAL for a bad line, -ENOMEM: what stands above was added.
 */
int
conf_parse(struct spdk_conf *conf, const char *text, size_t len_bytes, struct conf_error *error);

#endif /* LIB_CONF_CONF_INTERNAL_H */
