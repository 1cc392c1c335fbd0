/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Configurations in memory: made, read from a file, asked. One thread at a time; the pointer to the
 * default one is set before others ask. */

#include "conf_internal.h"

#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/env.h"
#include "spdk_internal/system_state.h"

static struct {
	struct spdk_conf *dflt;
} g_conf SYSTEM_STATE;

struct spdk_conf *
spdk_conf_allocate(void)
{
	struct spdk_conf *conf = calloc(1, sizeof(*conf));

	if (conf != NULL) {
		STAILQ_INIT(&conf->sections);
	}
	return conf;
}

static void
item_free(struct spdk_conf_item *item)
{
	struct spdk_conf_value *value;

	while ((value = STAILQ_FIRST(&item->values)) != NULL) {
		STAILQ_REMOVE_HEAD(&item->values, link);
		free(value);
	}
	free(item);
}

static void
section_free(struct spdk_conf_section *section)
{
	struct spdk_conf_item *item;

	while ((item = STAILQ_FIRST(&section->items)) != NULL) {
		STAILQ_REMOVE_HEAD(&section->items, link);
		item_free(item);
	}
	free(section);
}

void
spdk_conf_free(struct spdk_conf *conf)
{
	struct spdk_conf_section *section;

	if (conf == NULL) {
		return;
	}
	if (g_conf.dflt == conf) {
		g_conf.dflt = NULL;
	}
	while ((section = STAILQ_FIRST(&conf->sections)) != NULL) {
		STAILQ_REMOVE_HEAD(&conf->sections, link);
		section_free(section);
	}
	free(conf);
}

void
spdk_conf_set_as_default(struct spdk_conf *conf)
{
	g_conf.dflt = conf;
}

void
spdk_conf_disable_sections_merge(struct spdk_conf *conf)
{
	conf->no_merge = true;
}

int
spdk_conf_read(struct spdk_conf *conf, const char *file)
{
	struct conf_error error;
	size_t len_bytes;
	void *text;
	int rc;

	if (conf == NULL || file == NULL || file[0] == '\0') {
		SPDK_ERRLOG("A configuration is read from a file: no name was given\n");
		return -1;
	}
	rc = env_file_load(file, CONF_FILE_BYTES_MAX, &text, &len_bytes);
	if (rc != 0) {
		SPDK_ERRLOG("%s: can't be read: %s\n", file, spdk_strerror(-rc));
		return -1;
	}
	rc = conf_parse(conf, text, len_bytes, &error);
	free(text);
	if (rc == -EINVAL) {
		SPDK_ERRLOG("%s:%zu: %s\n", file, error.line, error.reason);
	} else if (rc != 0) {
		SPDK_ERRLOG("%s: %s\n", file, spdk_strerror(-rc));
	}
	return rc == 0 ? 0 : -1;
}

/* ---- Sections ---- */

struct spdk_conf_section *
spdk_conf_find_section(struct spdk_conf *conf, const char *name)
{
	struct spdk_conf_section *section;

	if (name == NULL || name[0] == '\0') {
		return NULL;
	}
	for (section = spdk_conf_first_section(conf); section != NULL;
	     section = spdk_conf_next_section(section)) {
		if (strcasecmp(section->name, name) == 0) {
			return section;
		}
	}
	return NULL;
}

struct spdk_conf_section *
spdk_conf_first_section(struct spdk_conf *conf)
{
	if (conf == NULL) {
		conf = g_conf.dflt;
	}
	return conf != NULL ? STAILQ_FIRST(&conf->sections) : NULL;
}

struct spdk_conf_section *
spdk_conf_next_section(struct spdk_conf_section *section)
{
	return section != NULL ? STAILQ_NEXT(section, link) : NULL;
}

bool
spdk_conf_section_match_prefix(const struct spdk_conf_section *section, const char *name_prefix)
{
	return strncasecmp(section->name, name_prefix, strlen(name_prefix)) == 0;
}

const char *
spdk_conf_section_get_name(const struct spdk_conf_section *section)
{
	return section->name;
}

int
spdk_conf_section_get_num(const struct spdk_conf_section *section)
{
	return section->num;
}

/* ---- Values ---- */

static struct spdk_conf_item *
item_find(struct spdk_conf_section *section, const char *key, int idx)
{
	struct spdk_conf_item *item;

	if (section == NULL || key == NULL || idx < 0) {
		return NULL;
	}
	STAILQ_FOREACH(item, &section->items, link) {
		if (strcasecmp(item->key, key) == 0 && idx-- == 0) {
			return item;
		}
	}
	return NULL;
}

char *
spdk_conf_section_get_nmval(struct spdk_conf_section *section, const char *key, int idx1, int idx2)
{
	struct spdk_conf_item *item = item_find(section, key, idx1);
	struct spdk_conf_value *value;

	if (item == NULL || idx2 < 0) {
		return NULL;
	}
	STAILQ_FOREACH(value, &item->values, link) {
		if (idx2-- == 0) {
			return value->text;
		}
	}
	return NULL;
}

char *
spdk_conf_section_get_nval(struct spdk_conf_section *section, const char *key, int idx)
{
	return spdk_conf_section_get_nmval(section, key, idx, 0);
}

char *
spdk_conf_section_get_val(struct spdk_conf_section *section, const char *key)
{
	return spdk_conf_section_get_nmval(section, key, 0, 0);
}

int
spdk_conf_section_get_intval(struct spdk_conf_section *section, const char *key)
{
	const char *text = spdk_conf_section_get_val(section, key);
	long number;

	if (text == NULL) {
		return -1;
	}
	number = spdk_strtol(text, 10);
	return number > INT_MAX ? -ERANGE : (int)number;
}

static bool
is_one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (strcasecmp(text, *words) == 0) {
			return true;
		}
	}
	return false;
}

bool
spdk_conf_section_get_boolval(struct spdk_conf_section *section, const char *key, bool default_val)
{
	static const char *const yes[] = { "yes", "y", "true", NULL };
	static const char *const no[] = { "no", "n", "false", NULL };
	const char *text = spdk_conf_section_get_val(section, key);

	if (text == NULL) {
		return default_val;
	}
	if (is_one_of(text, yes)) {
		return true;
	}
	return is_one_of(text, no) ? false : default_val;
}
