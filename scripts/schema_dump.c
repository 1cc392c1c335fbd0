/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Runs at build time: writes the tables of all RPC methods that are built as schema.json. */

#include "spdk/json.h"
#include "spdk/stdinc.h"
#include "spdk_internal/rpc.h"

static int
write_to_file(void *ctx, const void *data, size_t size)
{
	return fwrite(data, 1, size, ctx) == size ? 0 : -1;
}

int
main(int argc, char **argv)
{
	struct spdk_json_write_ctx *w;
	FILE *file;
	int rc;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FILE\n", argv[0]);
		return 2;
	}
	file = fopen(argv[1], "w");
	if (file == NULL) {
		perror(argv[1]);
		return 1;
	}
	w = spdk_json_write_begin(write_to_file, file, SPDK_JSON_WRITE_FLAG_FORMATTED);
	if (w == NULL) {
		fclose(file);
		return 1;
	}
	rpc_write_schema(w);
	rc = spdk_json_write_end(w);
	fputc('\n', file);
	if (fclose(file) != 0 || rc != 0) {
		fprintf(stderr, "%s was not written\n", argv[1]);
		return 1;
	}
	return 0;
}
