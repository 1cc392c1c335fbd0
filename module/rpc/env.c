/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The RPC of lib/env: what memory is used for, as a file. Asked and answered on the app thread;
 * written by a helper thread, under a name that nobody can guess, and then renamed: a file or link
 * of somebody else's that waits under the final name is not written through. */

#include "spdk/env.h"
#include "spdk/env_dpdk.h"
#include "spdk/json.h"
#include "spdk/string.h"
#include "spdk/thread.h"
#include "spdk_internal/env.h"
#include "spdk_internal/rpc_table.h"

#define DUMP_PATH "/tmp/spdk_mem_dump.txt"
#define PATH_BYTES 64

struct dump {
	struct env_work work;
	struct spdk_jsonrpc_request *request;
	struct spdk_thread *thread;
	char *text; /* from malloc */
	size_t len_bytes;
	char path[PATH_BYTES]; /* where it is in the end */
	int rc;
};

static void
dump_free(struct dump *dump)
{
	free(dump->text);
	free(dump);
}

/* Back on the app thread. */
static void
dump_answer(void *arg)
{
	struct dump *dump = arg;
	struct spdk_json_write_ctx *w;

	if (dump->rc != 0) {
		rpc_error(dump->request, dump->rc, "%s can't be written: %s", dump->path,
		          spdk_strerror(-dump->rc));
		dump_free(dump);
		return;
	}
	w = spdk_jsonrpc_begin_result(dump->request);
	spdk_json_write_object_begin(w);
	spdk_json_write_named_string(w, "filename", dump->path);
	spdk_json_write_object_end(w);
	spdk_jsonrpc_end_result(dump->request, w);
	dump_free(dump);
}

static void
dump_done(struct env_work *work)
{
	struct dump *dump = SPDK_CONTAINEROF(work, struct dump, work);

	spdk_thread_send_msg(dump->thread, dump_answer, dump);
}

/* On a helper thread. A file of another user's under the final name stays, and ours keeps its own.
 */
static void
dump_write(struct env_work *work)
{
	struct dump *dump = SPDK_CONTAINEROF(work, struct dump, work);
	uint64_t number;
	int fd;

	env_random(&number, sizeof(number));
	snprintf(dump->path, sizeof(dump->path), DUMP_PATH ".%016" PRIx64, number);
	fd = env_file_create(dump->path);
	if (fd < 0) {
		dump->rc = fd;
		return;
	}
	dump->rc = env_file_append(fd, dump->text, dump->len_bytes);
	env_file_close(fd);
	if (dump->rc != 0) {
		env_file_remove(dump->path);
	} else if (env_file_rename(dump->path, DUMP_PATH) == 0) {
		snprintf(dump->path, sizeof(dump->path), DUMP_PATH);
	}
}

/* 0 or -ENOMEM. */
static int
dump_make_text(struct dump *dump)
{
	FILE *f = open_memstream(&dump->text, &dump->len_bytes);

	if (f == NULL) {
		return -ENOMEM;
	}
	spdk_env_dpdk_dump_mem_stats(f);
	spdk_memzone_dump(f);
	return fclose(f) == 0 ? 0 : -ENOMEM;
}

static void
rpc_env_dpdk_get_mem_stats(struct spdk_jsonrpc_request *request, void *params)
{
	struct dump *dump = calloc(1, sizeof(*dump));
	int rc = dump != NULL ? dump_make_text(dump) : -ENOMEM;

	if (rc == 0) {
		dump->request = request;
		dump->thread = spdk_get_thread();
		dump->work.fn = dump_write;
		dump->work.done = dump_done;
		rc = env_work_submit(&dump->work);
	}
	if (rc != 0) {
		rpc_error(request, rc, "no memory to write " DUMP_PATH);
		if (dump != NULL) {
			dump_free(dump);
		}
	}
}

static const struct rpc_method env_methods[] = {
	{
	        .name = "env_dpdk_get_mem_stats",
	        .states = SPDK_RPC_RUNTIME,
	        .role = RPC_ROLE_ADMIN,
	        .handler = rpc_env_dpdk_get_mem_stats,
	        .result = RPC_RESULT_OBJECT,
	        .help = "Write what memory is used for into " DUMP_PATH,
	},
};

extern const struct rpc_table env_rpc_table;
const struct rpc_table env_rpc_table = RPC_TABLE(env_methods);
