/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The text of a configuration: foreign bytes, looked at once. It goes line by line through a buffer
 * of one line, in which continued lines are put together; a cursor walks the line and cuts tokens
 * out of it, in place: a token is never longer than its text. No state.
 *
 *	line  = [ "[" name "]" | key { value } ] [ "#" ... ]
 *	key   = characters but blank and "=", behind it any number of blanks and "="
 *	value = characters but blank, or '...' or "...", in which "\" takes the next one as it is
 *	a "\" at the end of a line takes the next line to it
 */

#include "conf_internal.h"

struct parser {
	struct spdk_conf *conf;
	struct spdk_conf_section *section; /* where lines go; NULL before the first */
	const char *reason;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static bool
is_key_end(char c)
{
	return is_blank(c) || c == '=';
}

static bool
is_end(const char *p)
{
	return *p == '\0' || *p == '#';
}

static void
skip_blank(char **p)
{
	while (is_blank(**p)) {
		(*p)++;
	}
}

static int
bad(struct parser *parser, const char *reason)
{
	parser->reason = reason;
	return -EINVAL;
}

/* ---- What is added ---- */

/* The first number in a name, at most INT_MAX. */
static int
number_in(const char *name)
{
	const char *digits = strpbrk(name, "0123456789");
	long number;

	if (digits == NULL) {
		return 0;
	}
	number = strtol(digits, NULL, 10); /* LONG_MAX when there are too many */
	return number > INT_MAX ? INT_MAX : (int)number;
}

static int
enter_section(struct parser *parser, const char *name)
{
	struct spdk_conf *conf = parser->conf;
	struct spdk_conf_section *section;

	if (!conf->no_merge) {
		section = spdk_conf_find_section(conf, name);
		if (section != NULL) {
			parser->section = section;
			return 0;
		}
	}
	if (conf->num_sections == CONF_SECTIONS_MAX) {
		return bad(parser, "there are more than 1024 sections");
	}
	section = malloc(sizeof(*section) + strlen(name) + 1);
	if (section == NULL) {
		return -ENOMEM;
	}
	strcpy(section->name, name);
	section->num = number_in(name);
	STAILQ_INIT(&section->items);
	STAILQ_INSERT_TAIL(&conf->sections, section, link);
	conf->num_sections++;
	parser->section = section;
	return 0;
}

static struct spdk_conf_item *
add_item(struct spdk_conf_section *section, const char *key)
{
	struct spdk_conf_item *item = malloc(sizeof(*item) + strlen(key) + 1);

	if (item != NULL) {
		strcpy(item->key, key);
		STAILQ_INIT(&item->values);
		STAILQ_INSERT_TAIL(&section->items, item, link);
	}
	return item;
}

static int
add_value(struct spdk_conf_item *item, const char *text)
{
	struct spdk_conf_value *value = malloc(sizeof(*value) + strlen(text) + 1);

	if (value == NULL) {
		return -ENOMEM;
	}
	strcpy(value->text, text);
	STAILQ_INSERT_TAIL(&item->values, value, link);
	return 0;
}

/* ---- A line ---- */

static int
parse_header(struct parser *parser, char *line)
{
	char *name = line + 1, *close = strchr(name, ']'), *rest;

	if (close == NULL) {
		return bad(parser, "a section's name has no ] behind it");
	}
	rest = close + 1;
	skip_blank(&rest);
	if (!is_end(rest)) {
		return bad(parser, "there is something behind the ] of a section's name");
	}
	skip_blank(&name);
	while (close > name && is_blank(close[-1])) {
		close--;
	}
	*close = '\0';
	if (name == close) {
		return bad(parser, "a section has no name between [ and ]");
	}
	return enter_section(parser, name);
}

/* Cut the value at *p, which is not at the end, out of the line. NULL: a quote is open. */
static char *
cut_value(char **p)
{
	char *text = *p, *in = *p, *out = *p, quote = '\0';

	for (; *in != '\0' && (quote != '\0' || !is_blank(*in)); in++) {
		if (quote == '\0' && (*in == '"' || *in == '\'')) {
			quote = *in;
		} else if (*in == quote) {
			quote = '\0';
		} else if (quote != '\0' && *in == '\\' && in[1] != '\0') {
			*out++ = *++in;
		} else {
			*out++ = *in;
		}
	}
	*p = *in != '\0' ? in + 1 : in;
	*out = '\0';
	return quote == '\0' ? text : NULL;
}

static int
parse_item(struct parser *parser, char *line)
{
	struct spdk_conf_item *item;
	char *p = line, *key_end, *text;
	int rc = 0;

	if (parser->section == NULL) {
		return bad(parser, "a line stands before the first [section]");
	}
	while (!is_key_end(*p) && *p != '\0') {
		p++;
	}
	key_end = p;
	while (is_key_end(*p)) {
		p++;
	}
	*key_end = '\0';
	if (key_end == line) {
		return bad(parser, "a line has no key before its =");
	}
	item = add_item(parser->section, line);
	if (item == NULL) {
		return -ENOMEM;
	}
	while (rc == 0 && !is_end(p)) {
		text = cut_value(&p);
		rc = text != NULL ? add_value(item, text) : bad(parser, "a quote has no end");
		skip_blank(&p);
	}
	return rc;
}

static int
parse_line(struct parser *parser, char *line)
{
	skip_blank(&line);
	if (is_end(line)) {
		return 0;
	}
	return *line == '[' ? parse_header(parser, line) : parse_item(parser, line);
}

/* ---- The text ---- */

/* Put the line at *text, with those that continue it, into `line`, which has room for all of the
 * text, and move *text behind it. Returns how many lines of the text it is. */
static size_t
take_line(const char **text, const char *end, char *line)
{
	size_t num_lines = 0, len;
	const char *newline;
	bool more = true;

	while (more && *text < end) {
		newline = memchr(*text, '\n', (size_t)(end - *text));
		len = (size_t)((newline != NULL ? newline : end) - *text);
		memcpy(line, *text, len);
		*text += len + (newline != NULL);
		num_lines++;
		if (len > 0 && line[len - 1] == '\r') {
			len--;
		}
		more = len > 0 && line[len - 1] == '\\';
		line += len - more;
	}
	*line = '\0';
	return num_lines;
}

int
conf_parse(struct spdk_conf *conf, const char *text, size_t len_bytes, struct conf_error *error)
{
	struct parser parser = { .conf = conf };
	const char *end = text + len_bytes;
	char *line = malloc(len_bytes + 1);
	size_t num = 1, taken;
	int rc = 0;

	if (line == NULL) {
		return -ENOMEM;
	}
	if (len_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3; /* the mark that some editors put before UTF-8 */
	}
	while (rc == 0 && text < end) {
		const char *start = text;

		taken = take_line(&text, end, line);
		rc = memchr(start, '\0', (size_t)(text - start)) == NULL
		             ? parse_line(&parser, line)
		             : bad(&parser, "a line has a zero byte in it: this is no text");
		num += rc == 0 ? taken : 0;
	}
	free(line);
	if (rc == -EINVAL) {
		error->line = num;
		error->reason = parser.reason;
	}
	return rc;
}
