/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The present configuration as a state file: what framework_get_config says of each subsystem, one
 * entry a line. Entries that change nothing (waiting for examination, say) are left out: a replay
 * waits by itself. App thread, while no change runs. */

#include "spdk/log.h"
#include "spdk_internal/rpc.h"
#include "spdk_internal/subsystem.h"
#include "state_internal.h"

struct config_ctx {
	struct state_buf *out;
	uint64_t seq;
	int rc;
};

/* Methods of outside modules say nothing of what they change: they are kept. */
static bool
is_change(const struct spdk_json_val *method)
{
	char *name = spdk_json_strdup(method);
	/* -ENOENT for methods of outside modules. */
	bool is = name == NULL || rpc_changes_config(name) != 0;

	free(name);
	return is;
}

static void
add_entries(struct config_ctx *ctx, struct spdk_json_val *list)
{
	struct spdk_json_val *entry, *method, *params;

	for (entry = spdk_json_array_first(list); entry != NULL && ctx->rc == 0;
	     entry = spdk_json_next(entry)) {
		if (entry->type == SPDK_JSON_VAL_ARRAY_BEGIN) {
			add_entries(ctx, entry); /* a batch; they don't nest */
			continue;
		}
		params = NULL;
		if (entry->type != SPDK_JSON_VAL_OBJECT_BEGIN ||
		    spdk_json_find_string(entry, "method", NULL, &method) != 0) {
			ctx->rc = -EINVAL;
			return;
		}
		spdk_json_find(entry, "params", NULL, &params, SPDK_JSON_VAL_ANY);
		if (is_change(method)) {
			state_append_record(ctx->out, ctx->seq++, method, params);
		}
	}
}

/* The text that a subsystem wrote, as lines. */
static int
take_text(struct config_ctx *ctx, struct state_buf *text)
{
	struct spdk_json_val *values;
	ssize_t num;

	if (text->failed) {
		return -ENOMEM;
	}
	num = spdk_json_parse(text->data, text->len, NULL, 0, NULL, 0);
	if (num <= 0) {
		return -EINVAL;
	}
	values = calloc((size_t)num, sizeof(*values));
	if (values == NULL) {
		return -ENOMEM;
	}
	spdk_json_parse(text->data, text->len, values, (size_t)num, NULL,
	                SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE);
	if (values->type == SPDK_JSON_VAL_ARRAY_BEGIN) {
		add_entries(ctx, values);
	}
	free(values);
	return ctx->rc;
}

static void
add_subsystem(void *_ctx, const struct spdk_subsystem *subsystem, const char *const *depends_on)
{
	struct config_ctx *ctx = _ctx;
	struct state_buf text = { NULL };
	struct spdk_json_write_ctx *w;

	if (subsystem->write_config_json == NULL || ctx->rc != 0) {
		return;
	}
	w = state_buf_write_begin(&text);
	if (w == NULL) {
		ctx->rc = -ENOMEM;
		return;
	}
	subsystem->write_config_json(w);
	if (spdk_json_write_end(w) != 0) {
		text.failed = true;
	}
	ctx->rc = take_text(ctx, &text);
	if (ctx->rc == -EINVAL) {
		SPDK_ERRLOG("the configuration of subsystem %s can't be recorded: it is no list of "
		            "methods\n",
		            subsystem->name);
	}
	state_buf_free(&text);
}

int
state_write_config(struct state_buf *out, uint64_t gen, uint64_t *num_records)
{
	struct config_ctx ctx = { .out = out, .seq = 1 };
	int rc;

	state_append_header(out, gen);
	rc = subsystem_for_each(add_subsystem, &ctx);
	*num_records = ctx.seq - 1;
	if (rc == 0) {
		rc = ctx.rc;
	}
	return rc == 0 && out->failed ? -ENOMEM : rc;
}
