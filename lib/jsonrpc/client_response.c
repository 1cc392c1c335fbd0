/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Answers that the JSON-RPC client received: a text is taken apart once, into one response or, for
 * the answer to a batch, one for each element. All of one text share its memory. What is no answer
 * is refused whole: nobody could say which request it belongs to. */

#include "client_internal.h"
#include "spdk/util.h"

static void
text_put(struct client_text *text)
{
	if (--text->refs == 0) {
		free(text->values);
		free(text->text);
		free(text);
	}
}

/* The object's members, each once at most; what we don't know is left out. */
static int
take_members(struct spdk_jsonrpc_client_response *out, struct spdk_json_val *object)
{
	struct spdk_json_val *name, **slot;

	for (name = spdk_json_object_first(object); name != NULL; name = spdk_json_next(name)) {
		if (spdk_json_strequal(name, "jsonrpc")) {
			slot = &out->version;
		} else if (spdk_json_strequal(name, "id")) {
			slot = &out->id;
		} else if (spdk_json_strequal(name, "result")) {
			slot = &out->result;
		} else if (spdk_json_strequal(name, "error")) {
			slot = &out->error;
		} else {
			continue;
		}
		if (*slot != NULL) {
			return -EINVAL;
		}
		*slot = name + 1;
	}
	return 0;
}

/* Either a result or an error; the error has a code and a text. */
static bool
is_answer(const struct spdk_jsonrpc_client_response *r)
{
	const uint32_t id_types = SPDK_JSON_VAL_STRING | SPDK_JSON_VAL_NUMBER | SPDK_JSON_VAL_NULL;
	struct spdk_json_val *val;

	if (r->version == NULL || !spdk_json_strequal(r->version, "2.0") || r->id == NULL ||
	    (r->id->type & id_types) == 0 || (r->result == NULL) == (r->error == NULL)) {
		return false;
	}
	return r->error == NULL ||
	       (r->error->type == SPDK_JSON_VAL_OBJECT_BEGIN &&
	        spdk_json_find(r->error, "code", NULL, &val, SPDK_JSON_VAL_NUMBER) == 0 &&
	        spdk_json_find(r->error, "message", NULL, &val, SPDK_JSON_VAL_STRING) == 0);
}

static int
take_one(struct client_response_list *list, struct client_text *text, struct spdk_json_val *val)
{
	struct client_response *response;

	if (val->type != SPDK_JSON_VAL_OBJECT_BEGIN) {
		return -EINVAL;
	}
	response = calloc(1, sizeof(*response));
	if (response == NULL) {
		return -ENOMEM;
	}
	if (take_members(&response->out, val) != 0 || !is_answer(&response->out)) {
		free(response);
		return -EINVAL;
	}
	response->text = text;
	text->refs++;
	STAILQ_INSERT_TAIL(list, response, link);
	return 0;
}

/* Into a list of its own, so that a bad element leaves nothing behind. */
static int
take_all(struct client_response_list *list, struct client_text *text)
{
	struct client_response_list taken = STAILQ_HEAD_INITIALIZER(taken);
	struct client_response *response;
	struct spdk_json_val *val;
	int num = 0, rc = -EINVAL;

	if (text->values->type != SPDK_JSON_VAL_ARRAY_BEGIN) {
		rc = take_one(&taken, text, text->values);
		num = 1;
	} else {
		for (val = spdk_json_array_first(text->values); val != NULL;
		     val = spdk_json_next(val)) {
			rc = take_one(&taken, text, val);
			if (rc != 0) {
				break;
			}
			num++;
		}
	}
	if (rc == 0) {
		STAILQ_CONCAT(list, &taken);
		return num;
	}
	while ((response = STAILQ_FIRST(&taken)) != NULL) {
		STAILQ_REMOVE_HEAD(&taken, link);
		spdk_jsonrpc_client_free_response(&response->out);
	}
	return rc;
}

int
jsonrpc_client_take_text(struct client_response_list *list, const char *data, size_t size)
{
	struct client_text *text = calloc(1, sizeof(*text));
	int rc;

	if (text == NULL) {
		return -ENOMEM;
	}
	text->refs = 1;
	rc = jsonrpc_parse_text(data, size, &text->text, &text->values);
	if (rc == 0) {
		rc = take_all(list, text);
	}
	text_put(text);
	return rc;
}

void
spdk_jsonrpc_client_free_response(struct spdk_jsonrpc_client_response *resp)
{
	struct client_response *response;

	if (resp == NULL) {
		return;
	}
	response = SPDK_CONTAINEROF(resp, struct client_response, out);
	text_put(response->text);
	free(response);
}
