/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Any bytes through the parser of configuration files. Beyond not crashing: what was taken, written
 * out with all of its values in quotes, is taken again whole, and says the same.
 */

#include "conf_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond) \
	do { \
		if (!(cond)) { \
			abort(); \
		} \
	} while (0)

struct out {
	char *text;
	size_t len;
	size_t room;
};

static void
put(struct out *out, char c)
{
	if (out->len == out->room) {
		out->room = out->room * 2 + 64;
		out->text = realloc(out->text, out->room);
		CHECK(out->text != NULL);
	}
	out->text[out->len++] = c;
}

static void
put_text(struct out *out, const char *text, const char *escaped)
{
	for (; *text != '\0'; text++) {
		if (strchr(escaped, *text) != NULL) {
			put(out, '\\');
		}
		put(out, *text);
	}
}

static void
put_section(struct out *out, const struct spdk_conf_section *section)
{
	const struct spdk_conf_value *value;
	const struct spdk_conf_item *item;

	CHECK(section->name[0] != '\0' && section->num >= 0);
	put(out, '[');
	put_text(out, section->name, "");
	put_text(out, "]\n", "");
	STAILQ_FOREACH(item, &section->items, link) {
		CHECK(item->key[0] != '\0');
		put_text(out, item->key, "");
		put(out, '=');
		STAILQ_FOREACH(value, &item->values, link) {
			put_text(out, " \"", "");
			put_text(out, value->text, "\"\\");
			put(out, '"');
		}
		put(out, '\n');
	}
}

static struct out
write_out(struct spdk_conf *conf)
{
	struct spdk_conf_section *section;
	struct out out = { NULL, 0, 0 };
	uint32_t num = 0;

	for (section = spdk_conf_first_section(conf); section != NULL;
	     section = spdk_conf_next_section(section)) {
		put_section(&out, section);
		num++;
	}
	CHECK(num == conf->num_sections && num <= CONF_SECTIONS_MAX);
	put(&out, '\n');
	return out;
}

static void
parse(const char *data, size_t size, bool no_merge)
{
	struct spdk_conf *conf = spdk_conf_allocate(), *again = spdk_conf_allocate();
	struct conf_error error = { 0, NULL };
	struct out first, second;

	CHECK(conf != NULL && again != NULL);
	conf->no_merge = again->no_merge = no_merge;
	if (conf_parse(conf, data, size, &error) != 0) {
		CHECK(error.line > 0 && error.line <= size && error.reason != NULL);
	}
	first = write_out(conf);
	CHECK(conf_parse(again, first.text, first.len, &error) == 0);
	second = write_out(again);
	CHECK(first.len == second.len && memcmp(first.text, second.text, first.len) == 0);
	free(first.text);
	free(second.text);
	spdk_conf_free(conf);
	spdk_conf_free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse((const char *)data, size, false);
	parse((const char *)data, size, true);
	return 0;
}
