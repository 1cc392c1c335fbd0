/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* spdk/conf.h: what a text says, which line of a bad one is named, no memory, and nothing left. */

#include "spdk/conf.h"
#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/util.h"
#include "spdk_internal/env_sim.h"
#include "fail_alloc.h"

#include <setjmp.h>
#include <cmocka.h>

#define FILE_NAME "/basalt/test.conf"

static char g_logged[512];

static void
keep_log(int level, const char *file, const int line, const char *func, const char *format,
         va_list args)
{
	vsnprintf(g_logged, sizeof(g_logged), format, args);
}

/* What a bounded text says, read into \p conf. */
static int
read_bytes(struct spdk_conf *conf, const char *text, size_t len_bytes)
{
	int rc;

	assert_int_equal(env_sim_file_set(FILE_NAME, text, len_bytes), 0);
	g_logged[0] = '\0';
	rc = spdk_conf_read(conf, FILE_NAME);
	env_sim_file_set(FILE_NAME, NULL, 0);
	return rc;
}

static struct spdk_conf *
read_text(const char *text)
{
	struct spdk_conf *conf = spdk_conf_allocate();

	assert_non_null(conf);
	assert_int_equal(read_bytes(conf, text, strlen(text)), 0);
	return conf;
}

static void
expect_values(struct spdk_conf_section *section, const char *key, int idx, const char *values)
{
	char all[256] = "", *value;
	int i;

	for (i = 0; (value = spdk_conf_section_get_nmval(section, key, idx, i)) != NULL; i++) {
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "<%s>", value);
	}
	assert_string_equal(all, values);
}

static void
test_values(void **state)
{
	static const struct {
		const char *line, *values;
	} lines[] = {
		{ "k", "" },
		{ "k=", "" },
		{ " \tk v\r", "<v>" },
		{ "k=v", "<v>" },
		{ "k \t= = v", "<v>" },
		{ "k a=b c", "<a=b><c>" },
		{ "k a  b\tc # d", "<a><b><c>" },
		{ "k a#b", "<a#b>" },
		{ "k #a", "" },
		{ "k \"a b\" 'c\"d'", "<a b><c\"d>" },
		{ "k \"\" ''", "<><>" },
		{ "k a\"b c\"d", "<ab cd>" },
		{ "k \"a\\\"b\\\\c\\d\"", "<a\"b\\cd>" },
		{ "k a\\b \\\"x\"", "<a\\b><\\x>" },
		{ "k '#a' \"]\"", "<#a><]>" },
		{ "k a \\\nb\\\r\nc", "<a><bc>" },
		{ "k a\\", "<a>" },
	};
	struct spdk_conf *conf;
	char text[128];
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(lines); i++) {
		snprintf(text, sizeof(text), "[s]\n%s", lines[i].line);
		conf = read_text(text);
		expect_values(spdk_conf_first_section(conf), "K", 0, lines[i].values);
		spdk_conf_free(conf);
	}
}

static void
test_lines_of_a_key(void **state)
{
	struct spdk_conf *conf = read_text("[s]\nAIO f1 n1\nother x\naio f2 n2\nnone\n");
	struct spdk_conf_section *s = spdk_conf_find_section(conf, "S");

	expect_values(s, "AIO", 0, "<f1><n1>");
	expect_values(s, "AIO", 1, "<f2><n2>");
	assert_null(spdk_conf_section_get_nmval(s, "AIO", 2, 0));
	assert_null(spdk_conf_section_get_nmval(s, "AIO", -1, 0));
	assert_null(spdk_conf_section_get_nmval(s, "AIO", 0, 2));
	assert_null(spdk_conf_section_get_nmval(s, "AIO", 0, -1));
	assert_null(spdk_conf_section_get_nmval(s, NULL, 0, 0));
	assert_null(spdk_conf_section_get_nmval(NULL, "AIO", 0, 0));
	assert_string_equal(spdk_conf_section_get_nval(s, "AIO", 1), "f2");
	assert_null(spdk_conf_section_get_nval(s, "AIO", 2));
	assert_string_equal(spdk_conf_section_get_val(s, "AIO"), "f1");
	assert_null(spdk_conf_section_get_val(s, "none"));
	assert_null(spdk_conf_section_get_val(s, "absent"));
	spdk_conf_free(conf);
}

static void
test_numbers_and_switches(void **state)
{
	struct spdk_conf *conf = read_text("[s]\na 2147483647\nb 2147483648\nc -1\nd 7x\ne 0\n"
	                                   "f YES\ng y\nh True\ni no\nj N\nk false\nl 1\nm\n");
	struct spdk_conf_section *s = spdk_conf_first_section(conf);
	static const char on[] = "fgh", off[] = "ijk", neither[] = "lmz";
	char key[2] = "";
	size_t i;

	assert_int_equal(spdk_conf_section_get_intval(s, "a"), INT_MAX);
	assert_int_equal(spdk_conf_section_get_intval(s, "b"), -ERANGE);
	assert_int_equal(spdk_conf_section_get_intval(s, "c"), -ERANGE);
	assert_int_equal(spdk_conf_section_get_intval(s, "d"), -EINVAL);
	assert_int_equal(spdk_conf_section_get_intval(s, "e"), 0);
	assert_int_equal(spdk_conf_section_get_intval(s, "m"), -1);
	assert_int_equal(spdk_conf_section_get_intval(s, "z"), -1);
	for (i = 0; i < 3; i++) {
		key[0] = on[i];
		assert_true(spdk_conf_section_get_boolval(s, key, false));
		key[0] = off[i];
		assert_false(spdk_conf_section_get_boolval(s, key, true));
		key[0] = neither[i];
		assert_true(spdk_conf_section_get_boolval(s, key, true));
		assert_false(spdk_conf_section_get_boolval(s, key, false));
	}
	spdk_conf_free(conf);
}

static void
test_sections(void **state)
{
	struct spdk_conf *conf = read_text("\xef\xbb\xbf# first\n[ LUN12 ] # x\nk a\n\n[x]\n"
	                                   "[a99999999999]\n[lun12]\nk b");
	struct spdk_conf_section *s = spdk_conf_first_section(conf);

	assert_string_equal(spdk_conf_section_get_name(s), "LUN12");
	assert_int_equal(spdk_conf_section_get_num(s), 12);
	assert_true(spdk_conf_section_match_prefix(s, "lun"));
	assert_true(spdk_conf_section_match_prefix(s, ""));
	assert_false(spdk_conf_section_match_prefix(s, "LUN2"));
	assert_false(spdk_conf_section_match_prefix(s, "LUN123"));
	expect_values(s, "k", 1, "<b>"); /* the last one was added to the first */
	s = spdk_conf_next_section(s);
	assert_int_equal(spdk_conf_section_get_num(s), 0);
	assert_ptr_equal(spdk_conf_find_section(conf, "X"), s);
	s = spdk_conf_next_section(s);
	assert_int_equal(spdk_conf_section_get_num(s), INT_MAX);
	assert_null(spdk_conf_next_section(s));
	assert_null(spdk_conf_next_section(NULL));
	assert_null(spdk_conf_find_section(conf, "lun1"));
	assert_null(spdk_conf_find_section(conf, NULL));
	spdk_conf_free(conf);
}

static void
test_no_merge(void **state)
{
	static const char text[] = "[job]\nk a\n[job]\nk b\n";
	struct spdk_conf *conf = spdk_conf_allocate();
	struct spdk_conf_section *s;

	spdk_conf_disable_sections_merge(conf);
	assert_int_equal(read_bytes(conf, text, strlen(text)), 0);
	s = spdk_conf_first_section(conf);
	expect_values(s, "k", 0, "<a>");
	assert_null(spdk_conf_section_get_nval(s, "k", 1));
	s = spdk_conf_next_section(s);
	expect_values(s, "k", 0, "<b>");
	assert_null(spdk_conf_next_section(s));
	spdk_conf_free(conf);
}

static void
test_default(void **state)
{
	struct spdk_conf *conf = read_text("[a]\n");

	assert_null(spdk_conf_first_section(NULL));
	assert_null(spdk_conf_find_section(NULL, "a"));
	spdk_conf_set_as_default(conf);
	assert_non_null(spdk_conf_first_section(NULL));
	assert_ptr_equal(spdk_conf_find_section(NULL, "a"), spdk_conf_first_section(conf));
	spdk_conf_free(conf);
	assert_null(spdk_conf_first_section(NULL));
	spdk_conf_free(NULL);
}

static void
test_bad_lines(void **state)
{
	static const struct {
		const char *text, *where;
	} bad[] = {
		{ "k v\n", ":1: a line stands before" },
		{ "# c\n\n=\n", ":3: a line stands before" },
		{ "[a]\n= v\n", ":2: a line has no key" },
		{ "[a\nk v\n", ":1: a section's name has no ]" },
		{ "[a]\n[]\n", ":2: a section has no name" },
		{ "[ \t]", ":1: a section has no name" },
		{ "[a] b\n", ":1: there is something behind" },
		{ "[a]\nk \\\n\\\n\"v\n[b]\n", ":2: a quote has no end" },
		{ "[a]\nx \\\ny\nk 'v\\'\n", ":4: a quote has no end" },
	};
	struct spdk_conf *conf;
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(bad); i++) {
		conf = spdk_conf_allocate();
		assert_int_equal(read_bytes(conf, bad[i].text, strlen(bad[i].text)), -1);
		assert_int_equal(strncmp(g_logged, FILE_NAME, strlen(FILE_NAME)), 0);
		if (strncmp(g_logged + strlen(FILE_NAME), bad[i].where, strlen(bad[i].where))) {
			fail_msg("%zu: %s", i, g_logged);
		}
		spdk_conf_free(conf);
	}
}

static void
test_bad_files(void **state)
{
	struct spdk_conf *conf = read_text("[kept]\n");
	char *big = calloc(1, 1024 * 1024 + 1);
	size_t len = 0;
	int i;

	assert_int_equal(spdk_conf_read(conf, NULL), -1);
	assert_int_equal(spdk_conf_read(conf, ""), -1);
	assert_int_equal(spdk_conf_read(NULL, FILE_NAME), -1);
	assert_int_equal(spdk_conf_read(conf, "/basalt/absent"), -1);
	assert_non_null(strstr(g_logged, "/basalt/absent: "));
	assert_int_equal(read_bytes(conf, "[a]\nk \0\n", 9), -1);
	assert_non_null(strstr(g_logged, ":2: a line has a zero byte"));
	assert_non_null(spdk_conf_find_section(conf, "a"));
	memset(big, '\n', 1024 * 1024 + 1);
	assert_int_equal(read_bytes(conf, big, 1024 * 1024), 0);
	assert_int_equal(read_bytes(conf, big, 1024 * 1024 + 1), -1);
	for (i = 0; i < 1023; i++) { /* with "kept" and "a" one too many */
		len += (size_t)sprintf(big + len, "[s%d]\n", i);
	}
	assert_int_equal(read_bytes(conf, big, len), -1);
	assert_non_null(strstr(g_logged, ":1023: there are more than 1024"));
	assert_non_null(spdk_conf_find_section(conf, "s1021"));
	assert_null(spdk_conf_find_section(conf, "s1022"));
	free(big);
	spdk_conf_free(conf);
}

static void
test_no_memory(void **state)
{
	static const char text[] = "[a]\nk \"v\"\n";
	struct spdk_conf *conf = NULL;
	int n, rc = -1;

	for (n = 0; rc != 0; n++) {
		assert_true(n < 32);
		assert_int_equal(env_sim_file_set(FILE_NAME, text, strlen(text)), 0);
		fail_alloc_after(n);
		conf = spdk_conf_allocate();
		rc = conf != NULL ? spdk_conf_read(conf, FILE_NAME) : -1;
		fail_alloc_after(-1);
		if (rc == 0) {
			expect_values(spdk_conf_first_section(conf), "k", 0, "<v>");
		}
		spdk_conf_free(conf);
		env_sim_file_set(FILE_NAME, NULL, 0);
	}
	assert_true(n >= 6); /* each of the six failed once */
}

static int
setup(void **state)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	*state = (void *)fail_alloc_held();
	spdk_env_opts_init(&opts);
	spdk_log_open(keep_log);
	return spdk_env_init(&opts);
}

static int
teardown(void **state)
{
	spdk_env_fini();
	spdk_log_close();
	return fail_alloc_held() == (long)*state ? 0 : -1;
}

/* Once for nothing: what the environment keeps after its first start does not count. */
static int
group_setup(void **state)
{
	int rc = setup(state);

	spdk_env_fini();
	spdk_log_close();
	return rc;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_values),    TEST(test_lines_of_a_key), TEST(test_numbers_and_switches),
		TEST(test_sections),  TEST(test_no_merge),       TEST(test_default),
		TEST(test_bad_lines), TEST(test_bad_files),      TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
