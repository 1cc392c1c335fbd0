/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* A configuration: `{"subsystems": [{"subsystem": "bdev", "config": [{"method", "params"},
 * ...]}]}`, run entry by entry through the same dispatcher as requests from outside. Entries may
 * stand in arrays of their own (batches).
 *
 * It is loaded once in each state: in STARTUP the methods that may be called there, in RUNTIME
 * those that may be called only there. Each load first looks at the whole text, so that a name that
 * does not exist stops it before anything has changed.
 *
 * Each entry runs from a message of its own: many entries don't hold up the thread, and the stack
 * stays flat. The text is copied twice: one is decoded in place, the other tells line and column.
 */

#include "init_internal.h"
#include "spdk/json.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/thread.h"
#include "spdk_internal/json.h"
#include "spdk_internal/jsonrpc.h"
#include "spdk_internal/rpc.h"
#include "spdk_internal/system_state.h"

struct config_entry {
	const struct spdk_json_val *method;
	const struct spdk_json_val *params; /* NULL when absent */
};

struct config {
	LIST_ENTRY(config) link; /* while it is loaded */
	char *file;
	char *text;    /* as it came */
	char *decoded; /* in place; `values` point into it */
	size_t size;
	struct spdk_json_val *values;
	struct config_entry *entries; /* of this state */
	size_t num_entries;
	size_t next;
	bool stop_on_error;
	int rc;
	struct spdk_thread *thread;
	spdk_subsystem_init_fn cb_fn;
	void *cb_arg;
};

static SYSTEM_STATE struct {
	LIST_HEAD(, config) loading;
} g_config;

static void
config_free(struct config *c)
{
	free(c->entries);
	free(c->values);
	free(c->decoded);
	free(c->text);
	free(c->file);
	free(c);
}

static void
config_done(void *arg)
{
	struct config *c = arg;
	spdk_subsystem_init_fn cb_fn = c->cb_fn;
	void *cb_arg = c->cb_arg;
	int rc = c->rc;

	LIST_REMOVE(c, link);
	config_free(c);
	cb_fn(rc, cb_arg);
}

static void
vlog_at(struct config *c, bool warn, const struct spdk_json_val *val, const char *fmt, va_list args)
{
	char reason[1400];
	uint32_t line, column;
	size_t offset = (size_t)((char *)val->start - c->decoded);

	if (val->type == SPDK_JSON_VAL_STRING || val->type == SPDK_JSON_VAL_NAME) {
		offset--; /* the quote */
	}
	json_locate(c->text, c->size, offset, &line, &column);
	vsnprintf(reason, sizeof(reason), fmt, args);
	if (warn) {
		SPDK_WARNLOG("%s:%u:%u: %s\n", c->file, line, column, reason);
	} else {
		SPDK_ERRLOG("%s:%u:%u: %s\n", c->file, line, column, reason);
	}
}

static void __attribute__((format(printf, 3, 4)))
log_at(struct config *c, const struct spdk_json_val *val, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vlog_at(c, false, val, fmt, args);
	va_end(args);
}

static void __attribute__((format(printf, 3, 4)))
warn_at(struct config *c, const struct spdk_json_val *val, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vlog_at(c, true, val, fmt, args);
	va_end(args);
}

static int
report_parse(struct config *c, const struct json_result *result, const char *reason)
{
	SPDK_ERRLOG("%s:%u:%u: %s\n", c->file, result->line, result->column, reason);
	return -EINVAL;
}

static int
parse(struct config *c)
{
	uint32_t flags = SPDK_JSON_PARSE_FLAG_ALLOW_COMMENTS;
	struct json_result result;
	ssize_t num;
	char *rest;

	num = json_parse(c->text, c->size, NULL, 0, flags, &result);
	if (num < 0) {
		return report_parse(c, &result, result.reason);
	}
	c->values = calloc((size_t)num, sizeof(*c->values));
	if (c->values == NULL) {
		return -ENOMEM;
	}
	spdk_json_parse(c->decoded, c->size, c->values, (size_t)num, NULL,
	                flags | SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE);
	rest = (char *)result.end + strspn(result.end, " \t\r\n");
	json_parse(rest, (size_t)(c->text + c->size - rest), NULL, 0, flags, &result);
	if (result.empty) {
		return 0;
	}
	json_locate(c->text, c->size, (size_t)(rest - c->text), &result.line, &result.column);
	return report_parse(c, &result, "something stands behind the configuration");
}

static int
expect(struct config *c, const struct spdk_json_val *val, uint32_t types, const char *what)
{
	if ((val->type & types) == 0) {
		log_at(c, val, "%s is expected, not %s", what, json_type_name(val->type));
		return -EINVAL;
	}
	return 0;
}

/* Which of the two passes an entry belongs to: this one? */
static bool
is_of_this_state(uint32_t states)
{
	uint32_t now = spdk_rpc_get_state();

	return (states & now) != 0 &&
	       !(now == SPDK_RPC_RUNTIME && (states & SPDK_RPC_STARTUP) != 0);
}

static int
check_method(struct config *c, const struct spdk_json_val *method, uint32_t *states)
{
	char *name = spdk_json_strdup(method);
	int rc;

	if (name == NULL) {
		log_at(c, method, "the name of a method is expected");
		return -EINVAL;
	}
	rc = spdk_rpc_get_method_state_mask(name, states);
	if (rc == 0) {
		rc = rpc_method_check(name, SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME);
	}
	if (rc != 0) {
		log_at(c, method, "there is no method '%s' in this program", name);
	}
	free(name);
	return rc;
}

/* `{"method": "m", "params": {}}` */
static int
take_entry(struct config *c, struct spdk_json_val *val)
{
	struct config_entry entry = { NULL };
	struct spdk_json_val *name;
	uint32_t states = 0;
	int rc;

	rc = expect(c, val, SPDK_JSON_VAL_OBJECT_BEGIN, "an object with \"method\" and \"params\"");
	if (rc != 0) {
		return rc;
	}
	for (name = spdk_json_object_first(val); name != NULL; name = spdk_json_next(name)) {
		if (spdk_json_strequal(name, "method") && entry.method == NULL) {
			entry.method = name + 1;
		} else if (spdk_json_strequal(name, "params") && entry.params == NULL) {
			entry.params = name + 1;
		} else {
			log_at(c, name, "\"method\" and \"params\" are expected here, once each");
			return -EINVAL;
		}
	}
	if (entry.params != NULL && entry.params->type == SPDK_JSON_VAL_NULL) {
		entry.params = NULL; /* as in a request */
	}
	if (entry.method == NULL) {
		log_at(c, val, "\"method\" is missing");
		return -EINVAL;
	}
	rc = check_method(c, entry.method, &states);
	if (rc == 0 && is_of_this_state(states)) {
		c->entries[c->num_entries++] = entry;
	}
	return rc;
}

static int
take_list(struct config *c, struct spdk_json_val *list, bool inner)
{
	struct spdk_json_val *val;
	int rc, first = 0;

	for (val = spdk_json_array_first(list); val != NULL; val = spdk_json_next(val)) {
		if (!inner && val->type == SPDK_JSON_VAL_ARRAY_BEGIN) {
			rc = take_list(c, val, true);
		} else {
			rc = take_entry(c, val);
		}
		first = first != 0 ? first : rc;
		if (first != 0 && c->stop_on_error) {
			break;
		}
	}
	return first;
}

/* A member that means nothing is no error, but often a typing mistake. Of the two passes the second
 * says so. */
static void
warn_unknown(struct config *c, struct spdk_json_val *object, const char *known, const char *known2)
{
	struct spdk_json_val *name = spdk_json_object_first(object);

	for (; name != NULL && spdk_rpc_get_state() == SPDK_RPC_RUNTIME;
	     name = spdk_json_next(name)) {
		if (!spdk_json_strequal(name, known) && !spdk_json_strequal(name, known2)) {
			warn_at(c, name, "\"%.*s\" means nothing here and is left out",
			        (int)name->len, (const char *)name->start);
		}
	}
}

/* `{"subsystem": "s", "config": [...] or null}` */
static int
take_subsystem(struct config *c, struct spdk_json_val *val)
{
	struct spdk_json_val *name = NULL, *list = NULL;
	char *s;
	bool exists;

	if (expect(c, val, SPDK_JSON_VAL_OBJECT_BEGIN, "an object with \"subsystem\"") != 0) {
		return -EINVAL;
	}
	warn_unknown(c, val, "subsystem", "config");
	if (spdk_json_find_string(val, "subsystem", NULL, &name) != 0) {
		log_at(c, val, "\"subsystem\" with a name is missing");
		return -EINVAL;
	}
	if (spdk_json_find(val, "config", NULL, &list, SPDK_JSON_VAL_ANY) == -ENOENT) {
		return 0;
	}
	if (list == NULL || expect(c, list, SPDK_JSON_VAL_ARRAY_BEGIN | SPDK_JSON_VAL_NULL,
	                           "an array of methods or null") != 0) {
		if (list == NULL) {
			log_at(c, val, "\"config\" is there twice");
		}
		return -EINVAL;
	}
	if (spdk_json_array_first(list) == NULL) {
		return 0;
	}
	s = spdk_json_strdup(name);
	exists = s != NULL && spdk_subsystem_exists(s);
	if (!exists) {
		log_at(c, name, "there is no subsystem '%s' in this program", s != NULL ? s : "");
	}
	free(s);
	return exists ? take_list(c, list, false) : -EINVAL;
}

/* Look at all of it, and collect the entries of this state. */
static int
collect(struct config *c)
{
	struct spdk_json_val *subsystems, *val;
	int rc, first = 0;

	rc = expect(c, c->values, SPDK_JSON_VAL_OBJECT_BEGIN, "an object with \"subsystems\"");
	if (rc != 0) {
		return rc;
	}
	warn_unknown(c, c->values, "subsystems", "subsystems");
	rc = spdk_json_find_array(c->values, "subsystems", NULL, &subsystems);
	if (rc != 0) {
		log_at(c, c->values, "\"subsystems\" with an array is missing");
		return -EINVAL;
	}
	/* Each entry takes at least two values. */
	c->entries = calloc(subsystems->len / 2 + 1, sizeof(*c->entries));
	if (c->entries == NULL) {
		return -ENOMEM;
	}
	for (val = spdk_json_array_first(subsystems); val != NULL; val = spdk_json_next(val)) {
		rc = take_subsystem(c, val);
		first = first != 0 ? first : rc;
		if (first != 0 && c->stop_on_error) {
			break;
		}
	}
	return c->stop_on_error ? first : 0;
}

static void config_step(void *arg);

static void
entry_done(void *arg, const struct jsonrpc_answer *answer)
{
	struct config *c = arg;
	const struct config_entry *entry = &c->entries[c->next];

	if (answer->error_code != 0) {
		log_at(c, entry->method, "%.*s: %s", (int)entry->method->len,
		       (const char *)entry->method->start, answer->message);
		if (c->stop_on_error && c->rc == 0) {
			c->rc = -EINVAL;
		}
	}
	c->next++;
	spdk_thread_send_msg(c->thread, config_step, c);
}

static void
config_step(void *arg)
{
	struct config *c = arg;
	const struct config_entry *entry = &c->entries[c->next];
	int rc;

	if (c->rc != 0 || c->next == c->num_entries) {
		config_done(c);
		return;
	}
	rc = jsonrpc_local_call(rpc_dispatch, entry->method, entry->params, entry_done, c);
	if (rc != 0) {
		log_at(c, entry->method, "no memory to run it");
		c->rc = rc;
		config_done(c);
	}
}

static struct config *
config_create(const char *file, const void *json, size_t json_size)
{
	struct config *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		return NULL;
	}
	c->size = json_size;
	c->file = strdup(file);
	c->text = malloc(json_size + 1);
	c->decoded = malloc(json_size + 1);
	if (c->file == NULL || c->text == NULL || c->decoded == NULL) {
		config_free(c);
		return NULL;
	}
	memcpy(c->text, json, json_size);
	c->text[json_size] = '\0';
	memcpy(c->decoded, json, json_size);
	return c;
}

void
subsystem_load_config(const char *file, const void *json, size_t json_size,
                      spdk_subsystem_init_fn cb_fn, void *cb_arg, bool stop_on_error)
{
	struct config *c = config_create(file, json, json_size);
	int rc;

	if (c == NULL) {
		SPDK_ERRLOG("%s: no memory for the configuration\n", file);
		cb_fn(-ENOMEM, cb_arg);
		return;
	}
	c->cb_fn = cb_fn;
	c->cb_arg = cb_arg;
	c->stop_on_error = stop_on_error;
	c->thread = spdk_get_thread();
	rc = parse(c);
	if (rc == 0) {
		rc = collect(c);
	}
	c->rc = rc;
	LIST_INSERT_HEAD(&g_config.loading, c, link);
	spdk_thread_send_msg(c->thread, rc == 0 ? config_step : config_done, c);
}

void
subsystem_load_config_cancel(void)
{
	struct config *c;

	LIST_FOREACH(c, &g_config.loading, link) {
		c->rc = c->rc != 0 ? c->rc : -ECANCELED;
	}
}

void
spdk_subsystem_load_config(void *json, ssize_t json_size, spdk_subsystem_init_fn cb_fn,
                           void *cb_arg, bool stop_on_error)
{
	if (json == NULL || json_size < 0) {
		cb_fn(-EINVAL, cb_arg);
		return;
	}
	subsystem_load_config("configuration", json, (size_t)json_size, cb_fn, cb_arg,
	                      stop_on_error);
}
