/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* How fields look on the page, and how the program waits for an admin command. */

#include "identify.h"

#include "spdk/env.h"

#define NAME_COLUMNS 40

void
print_heading(const char *title)
{
	size_t i;

	printf("\n%s\n", title);
	for (i = 0; i < strlen(title); i++) {
		putchar('=');
	}
	putchar('\n');
}

void
print_field(const char *name, const char *fmt, ...)
{
	va_list args;
	int len = printf("%s:", name);

	printf("%*s", len < NAME_COLUMNS ? NAME_COLUMNS - len : 1, "");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

void
print_bool(const char *name, bool supported)
{
	print_field(name, "%s", supported ? "Supported" : "Not Supported");
}

void
print_u128(const char *name, const uint64_t value[2])
{
	unsigned __int128 v = ((unsigned __int128)value[1] << 64) | value[0];
	char text[40];
	size_t pos = sizeof(text);

	text[--pos] = '\0';
	do {
		text[--pos] = (char)('0' + (int)(v % 10));
		v /= 10;
	} while (v != 0);
	print_field(name, "%s", &text[pos]);
}

void
print_text(const char *name, const void *text, size_t size)
{
	const unsigned char *p = text;
	char copy[257];
	size_t len = 0;
	size_t i;

	/* It comes from the controller: nothing but printable characters goes to the terminal. */
	for (i = 0; i < size && i < sizeof(copy) - 1 && p[i] != '\0'; i++) {
		copy[i] = isprint(p[i]) ? (char)p[i] : '?';
		if (p[i] != ' ') {
			len = i + 1;
		}
	}
	copy[len] = '\0';
	print_field(name, "%s", copy);
}

void
print_hex(const char *title, const void *data, size_t size)
{
	const uint8_t *p = data;
	size_t i;

	printf("%s:", title);
	for (i = 0; i < size; i++) {
		if (i % 16 == 0) {
			printf("\n%08zx:", i);
		}
		printf(" %02x", p[i]);
	}
	printf("\n\n");
}

void
wait_done(void *arg, const struct spdk_nvme_cpl *cpl)
{
	struct wait *wait = arg;

	wait->cpl = *cpl;
	wait->done = true;
}

void
poll_until(struct spdk_nvme_ctrlr *ctrlr, const bool *done)
{
	uint32_t timeout_ms = spdk_nvme_ctrlr_get_opts(ctrlr)->admin_timeout_ms;
	uint64_t deadline = spdk_get_ticks() + timeout_ms * (spdk_get_ticks_hz() / 1000);

	/* A connection that is lost aborts the command, which also sets `done`. */
	while (!*done) {
		spdk_nvme_ctrlr_process_admin_completions(ctrlr);
		if (!*done && spdk_get_ticks() > deadline) {
			fprintf(stderr, "no answer within %u ms\n", timeout_ms);
			spdk_nvme_ctrlr_fail(ctrlr);
		}
	}
}

bool
wait_for(struct spdk_nvme_ctrlr *ctrlr, struct wait *wait, int rc)
{
	if (rc != 0) {
		return false;
	}
	poll_until(ctrlr, &wait->done);
	return spdk_nvme_cpl_is_success(&wait->cpl);
}
