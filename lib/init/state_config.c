/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The present configuration as a state file: what framework_get_config says of each subsystem, one
 * entry a line. Entries that change nothing (waiting for examination, say) are left out: a replay
 * waits by itself. In slices, each of whole entries, so that a long configuration keeps no reactor.
 * App thread, while no change runs. */

#include "spdk/log.h"
#include "spdk_internal/json.h"
#include "spdk_internal/rpc.h"
#include "spdk_internal/rpc_pieces.h"
#include "spdk_internal/subsystem.h"
#include "state_internal.h"

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
add_entries(struct state_config *c, struct spdk_json_val *list)
{
	struct spdk_json_val *entry, *method, *params;

	for (entry = spdk_json_array_first(list); entry != NULL && c->rc == 0;
	     entry = spdk_json_next(entry)) {
		if (entry->type == SPDK_JSON_VAL_ARRAY_BEGIN) {
			add_entries(c, entry); /* a batch; they don't nest */
			continue;
		}
		params = NULL;
		if (entry->type != SPDK_JSON_VAL_OBJECT_BEGIN ||
		    spdk_json_find_string(entry, "method", NULL, &method) != 0) {
			c->rc = -EINVAL;
			return;
		}
		spdk_json_find(entry, "params", NULL, &params, SPDK_JSON_VAL_ANY);
		if (is_change(method)) {
			state_append_record(c->out, c->seq++, method, params);
		}
	}
}

/* The text that a subsystem wrote, as lines. */
static int
take_text(struct state_config *c, struct state_buf *text)
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
		add_entries(c, values);
	}
	free(values);
	return c->rc;
}

/* Write what is next of a subsystem; whether it has more. */
static bool
write_some(struct state_config *c, const struct spdk_subsystem *subsystem,
           struct spdk_json_write_ctx *w)
{
	const struct subsystem_entry *entry = subsystem_get_entry(subsystem);
	bool more;

	if (entry == NULL || entry->config_pieces == NULL) {
		subsystem->write_config_json(w);
		return false;
	}
	if (c->pieces == NULL) {
		c->pieces = entry->config_pieces();
	}
	if (c->pieces == NULL) {
		json_write_fail(w);
		return false;
	}
	spdk_json_write_array_begin(w);
	more = rpc_write_slice(w, c->pieces);
	if (!more) {
		c->pieces->end(c->pieces, w);
		c->pieces = NULL;
	}
	spdk_json_write_array_end(w);
	return more;
}

/* A slice of a subsystem; whether it has more. */
static bool
add_some(struct state_config *c, const struct spdk_subsystem *subsystem)
{
	struct state_buf text = { NULL };
	struct spdk_json_write_ctx *w = state_buf_write_begin(&text);
	bool more;

	if (w == NULL) {
		c->rc = -ENOMEM;
		return false;
	}
	more = write_some(c, subsystem, w);
	if (spdk_json_write_end(w) != 0) {
		text.failed = true;
	}
	c->rc = take_text(c, &text);
	if (c->rc == -EINVAL) {
		SPDK_ERRLOG("the configuration of subsystem %s can't be recorded: it is no list of "
		            "methods\n",
		            subsystem->name);
	}
	state_buf_free(&text);
	return more;
}

int
state_config_begin(struct state_config *c, struct state_buf *out, uint64_t gen)
{
	memset(c, 0, sizeof(*c));
	c->out = out;
	c->seq = 1;
	state_append_header(out, gen);
	return subsystem_list_make(&c->list);
}

bool
state_config_slice(struct state_config *c)
{
	const struct spdk_subsystem *subsystem;

	if (c->rc == 0 && c->next < c->list.num) {
		subsystem = c->list.nodes[c->next].subsystem;
		if (subsystem->write_config_json == NULL || !add_some(c, subsystem)) {
			c->next++;
		}
	}
	if (c->rc == 0 && c->out->failed) {
		c->rc = -ENOMEM;
	}
	return c->rc == 0 && c->next < c->list.num;
}

int
state_config_end(struct state_config *c, uint64_t *num_records)
{
	if (c->pieces != NULL) {
		c->pieces->end(c->pieces, NULL);
		c->pieces = NULL;
	}
	subsystem_list_free(&c->list);
	*num_records = c->seq - 1;
	return c->rc;
}
