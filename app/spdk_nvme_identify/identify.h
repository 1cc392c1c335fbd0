/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What the files of spdk_nvme_identify share. */

#ifndef IDENTIFY_H
#define IDENTIFY_H

#include "spdk/nvme.h"

/** Print what is known of a controller, its logs and its namespaces. 0, or 1 after an error. */
int identify_ctrlr(struct spdk_nvme_ctrlr *ctrlr, bool hex_dump);

/** Print an active namespace. */
void identify_ns(struct spdk_nvme_ns *ns, bool hex_dump);

/** Print the log pages that the controller has. */
void identify_logs(struct spdk_nvme_ctrlr *ctrlr);

/** Print the discovery log of a discovery controller. */
void identify_discovery(struct spdk_nvme_ctrlr *ctrlr);

/** A heading over a group of fields. */
void print_heading(const char *title);

/** One field: a name padded to a column, and its value. */
void print_field(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** A field that is there or not. */
void print_bool(const char *name, bool supported);

/** A 128-bit number in decimal. */
void print_u128(const char *name, const uint64_t value[2]);

/** A text of fixed size, padded with blanks. */
void print_text(const char *name, const void *text, size_t size);

/** Bytes as hex, 16 a line. */
void print_hex(const char *title, const void *data, size_t size);

struct wait {
	bool done;
	struct spdk_nvme_cpl cpl;
};

/** Call-back of an admin command: arg is a struct wait. */
void wait_done(void *arg, const struct spdk_nvme_cpl *cpl);

/** Poll until \p done, which an admin command's call-back sets. A controller that does not answer
 * in its admin_timeout_ms is failed, so that the call-back runs in any case. */
void poll_until(struct spdk_nvme_ctrlr *ctrlr, const bool *done);

/** Poll until the command of \p wait is answered. False when it failed; \p rc is its submit's. */
bool wait_for(struct spdk_nvme_ctrlr *ctrlr, struct wait *wait, int rc);

#endif /* IDENTIFY_H */
