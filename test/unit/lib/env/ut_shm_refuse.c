/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Sharing memory where it can't be: each says the thing, the reason and the remedy. And its limits:
 * cap, other users, no id, pages given back. */

#include "shm_peer.h"

#include "spdk/env_dpdk.h"
#include "spdk/log.h"
#include "spdk/version.h"

#include <sys/mman.h>
#include <sys/stat.h>

static char g_text[1024];

static void
keep_text(int level, const char *file, const int line, const char *func, const char *format,
          va_list args)
{
	size_t len = strlen(g_text);

	if (level <= SPDK_LOG_WARN) {
		vsnprintf(g_text + len, sizeof(g_text) - len, format, args);
	}
}

/* Start with these options: what comes back, and that these words are said. */
static void
refused(const struct spdk_env_opts *opts, int rc, const char *thing, const char *remedy)
{
	g_text[0] = '\0';
	PEER_CHECK(spdk_env_init(opts) == rc);
	if (strstr(g_text, thing) == NULL || strstr(g_text, remedy) == NULL) {
		fprintf(stderr, "# '%s' has no '%s' or '%s'\n", g_text, thing, remedy);
		_exit(1);
	}
	/* Nothing is left: the process can do without. */
	PEER_CHECK(shm_get() == NULL && spdk_process_is_primary());
	PEER_CHECK(suite_env_start(NULL, -1) == 0);
	PEER_CHECK(spdk_process_is_primary());
	spdk_env_fini();
}

static void
primary_run(int in, int out)
{
	PEER_CHECK(shm_test_start() == 0);
	PEER_CHECK(spdk_process_is_primary());
	while (peer_next(in) != '\0') {
		peer_tell(out, 1);
	}
	spdk_env_fini();
}

static void
comer_run(int in, int out)
{
	PEER_CHECK(shm_test_start() == 0);
	PEER_CHECK(!spdk_process_is_primary());
	while (peer_next(in) != '\0') {
		peer_tell(out, 1);
	}
	spdk_env_fini();
}

/* Run fn as a process, beside a primary or alone. */
static void
beside_primary(peer_fn fn)
{
	struct peer primary, other;
	int id = shm_test_id();

	peer_start(&primary, primary_run);
	peer_ask(&primary, 'x');
	peer_start(&other, fn);
	peer_end(&other);
	peer_end(&primary);
	assert_int_equal(shm_test_files(id), 0);
}

static void
alone(peer_fn fn)
{
	int id = shm_test_id();
	struct peer other;

	peer_start(&other, fn);
	peer_end(&other);
	assert_int_equal(shm_test_files(id), 0);
}

/* The head of the session's control file, to be changed. */
static int
head_open(void)
{
	char path[320], prefix[16];
	struct dirent *entry;
	DIR *dir;
	int fd = -1;

	snprintf(path, sizeof(path), "/dev/shm/basalt.%u", (unsigned)geteuid());
	snprintf(prefix, sizeof(prefix), "%d.", shm_test_last_id());
	dir = opendir(path);
	PEER_CHECK(dir != NULL);
	while ((entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
		    strstr(entry->d_name, ".ctl") != NULL) {
			snprintf(path, sizeof(path), "/dev/shm/basalt.%u/%s", (unsigned)geteuid(),
			         entry->d_name);
			fd = open(path, O_RDWR);
		}
	}
	closedir(dir);
	PEER_CHECK(fd >= 0);
	return fd;
}

static void
other_version_run(int in, int out)
{
	struct spdk_env_opts opts = shm_test_opts(shm_test_last_id());
	struct shm_head head;
	int fd = head_open();

	spdk_log_open(keep_text);
	PEER_CHECK(pread(fd, &head, sizeof(head), 0) == sizeof(head));
	PEER_CHECK(strcmp(head.version, SPDK_VERSION_STRING) == 0);
	PEER_CHECK(pwrite(fd, "SPDK v99.01", 12, offsetof(struct shm_head, version)) == 12);
	refused(&opts, -EPROTONOSUPPORT, "SPDK v99.01", "run the same version");
	PEER_CHECK(pwrite(fd, &head, sizeof(head), 0) == sizeof(head));
	PEER_CHECK(pwrite(fd, "\x63", 1, offsetof(struct shm_head, layout)) == 1);
	refused(&opts, -EPROTONOSUPPORT, "layout 99", "--shm-id");
	PEER_CHECK(pwrite(fd, "xx", 2, 0) == 2);
	refused(&opts, -EPROTONOSUPPORT, "layout", "--shm-id");
	PEER_CHECK(pwrite(fd, &head, sizeof(head), 0) == sizeof(head));
	PEER_CHECK(spdk_env_init(&opts) == 0 && !spdk_process_is_primary());
	spdk_env_fini();
}

static void
test_other_version(void **state)
{
	beside_primary(other_version_run);
}

static void
other_base_run(int in, int out)
{
	struct spdk_env_opts opts = shm_test_opts(shm_test_last_id());

	spdk_log_open(keep_text);
	opts.base_virtaddr += 1ull << 32;
	refused(&opts, -EINVAL, "lies at 0x", "--base-virtaddr 0x");
}

static void
test_other_base(void **state)
{
	beside_primary(other_base_run);
}

static void
addresses_in_use_run(int in, int out)
{
	struct spdk_env_opts opts = shm_test_opts(shm_test_last_id());
	void *base = (void *)(uintptr_t)(opts.base_virtaddr + (16u << 20));

	spdk_log_open(keep_text);
	PEER_CHECK(mmap(base, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	           base);
	refused(&opts, -EEXIST, "addresses 0x", "--base-virtaddr");
}

static void
test_addresses_in_use(void **state)
{
	beside_primary(addresses_in_use_run);
	alone(addresses_in_use_run);
}

static void
one_more_run(int in, int out)
{
	struct spdk_env_opts opts = shm_test_opts(shm_test_last_id());

	spdk_log_open(keep_text);
	refused(&opts, -EUSERS, "64 processes", "--shm-id");
}

static void
test_too_many(void **state)
{
	struct peer peers[SHM_PROCS], more;
	int i, id = shm_test_id();

	for (i = 0; i < SHM_PROCS; i++) {
		peer_start(&peers[i], i == 0 ? primary_run : comer_run);
		peer_ask(&peers[i], 'x');
	}
	peer_start(&more, one_more_run);
	peer_end(&more);
	/* One goes, however: then there is room. */
	peer_kill(&peers[7]);
	peer_start(&peers[7], comer_run);
	peer_ask(&peers[7], 'x');
	for (i = 0; i < SHM_PROCS; i++) {
		peer_end(&peers[i]);
	}
	assert_int_equal(shm_test_files(id), 0);
}

static void
cap_run(int in, int out)
{
	struct spdk_env_opts opts = shm_test_opts(shm_test_last_id());
	void *bufs[3];
	uint32_t i;

	spdk_log_open(keep_text);
	opts.mem_size = 9;
	PEER_CHECK(spdk_env_init(&opts) == 0);
	PEER_CHECK(spdk_zmalloc(11 << 20, 0, NULL, 0, SPDK_MALLOC_DMA) == NULL);
	PEER_CHECK(strstr(g_text, "No memory") != NULL && strstr(g_text, "--mem-size") != NULL);
	for (i = 0; i < 3; i++) {
		/* The cap is rounded up to 10 MiB. */
		bufs[i] = spdk_malloc(3 << 20, 0, NULL, 0, SPDK_MALLOC_DMA);
		PEER_CHECK(bufs[i] != NULL);
	}
	PEER_CHECK(spdk_malloc(3 << 20, 0, NULL, 0, SPDK_MALLOC_DMA) == NULL);
	spdk_free(bufs[1]);
	PEER_CHECK(spdk_malloc(3 << 20, 0, NULL, ANY, SPDK_MALLOC_DMA) == bufs[1]);
	PEER_CHECK(spdk_mem_get_numa_id(bufs[1], NULL) == 0);
	PEER_CHECK(spdk_mem_get_numa_id(&opts, NULL) == ANY);
	spdk_env_fini();
}

static void
test_cap(void **state)
{
	alone(cap_run);
}

static uint64_t
file_blocks(void *buf)
{
	uint64_t offset;
	struct stat st;

	PEER_CHECK(fstat(spdk_mem_get_fd_and_offset(buf, &offset), &st) == 0);
	return (uint64_t)st.st_blocks * 512;
}

static int
ignore(void *ctx, struct spdk_mem_map *map, enum spdk_mem_map_notify_action action, void *vaddr,
       size_t size)
{
	return 0;
}

/* Pages of a freed buffer go back, and not while a map may have pinned them. */
static void
pages_run(int in, int out)
{
	static const struct spdk_mem_map_ops ops = { .notify_cb = ignore };
	struct spdk_mem_map *map;
	uint64_t before, with;
	void *keep, *buf;

	PEER_CHECK(shm_test_start() == 0);
	keep = spdk_malloc(4096, 0, NULL, ANY, SPDK_MALLOC_DMA);
	before = file_blocks(keep);
	buf = spdk_malloc(8 << 20, 0, NULL, ANY, SPDK_MALLOC_DMA);
	with = file_blocks(keep);
	PEER_CHECK(with >= before + (8 << 20));
	spdk_free(buf);
	PEER_CHECK(file_blocks(keep) < with - (7 << 20));
	map = spdk_mem_map_alloc(0, &ops, NULL);
	PEER_CHECK(map != NULL);
	buf = spdk_malloc(8 << 20, 0, NULL, ANY, SPDK_MALLOC_DMA);
	spdk_free(buf);
	PEER_CHECK(file_blocks(keep) >= before + (8 << 20));
	spdk_mem_map_free(&map);
	spdk_env_fini();
}

static void
test_pages(void **state)
{
	alone(pages_run);
}

/* As a user without rights; and where somebody else's folder has the name of his. */
static void
other_user_run(int in, int out)
{
	struct spdk_env_opts opts;
	char dir[64];

	spdk_log_open(keep_text);
	opts = shm_test_opts(shm_test_last_id());
	if (geteuid() == 0) {
		snprintf(dir, sizeof(dir), "/dev/shm/basalt.%u",
		         60000u + (unsigned)getpid() % 5000);
		PEER_CHECK(mkdir(dir, 0700) == 0);
		PEER_CHECK(setgid(65534) == 0 && setuid(60000u + (unsigned)getpid() % 5000) == 0);
		refused(&opts, -EACCES, dir, "remove it");
		peer_tell(out, 1);
		PEER_CHECK(peer_next(in) == 'x');
	} else {
		peer_tell(out, 0);
	}
	PEER_CHECK(spdk_env_init(&opts) == 0);
	PEER_CHECK(spdk_memzone_reserve("mine", 100, ANY, 0) != NULL);
	PEER_CHECK(shm_test_files(shm_test_last_id()) == 3);
	spdk_env_fini();
	PEER_CHECK(shm_test_files(shm_test_last_id()) == 0);
}

static void
test_other_user(void **state)
{
	struct peer other;
	char dir[64];

	shm_test_id();
	peer_start(&other, other_user_run);
	if (peer_answer(&other) == 1) {
		char go = 'x';

		snprintf(dir, sizeof(dir), "/dev/shm/basalt.%u",
		         60000u + (unsigned)other.pid % 5000);
		assert_int_equal(rmdir(dir), 0);
		assert_int_equal(write(other.to, &go, 1), 1);
	}
	peer_end(&other);
}

/* Without an id no file is shared. */
static void
test_no_id(void **state)
{
	char line[512];
	FILE *f;

	assert_int_equal(suite_env_start(NULL, -1), 0);
	assert_true(spdk_process_is_primary());
	assert_non_null(spdk_memzone_reserve("zone", 100, ANY, 0));
	assert_null(shm_get());
	f = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof(line), f) != NULL) {
		assert_null(strstr(line, "/basalt."));
	}
	fclose(f);
	spdk_env_fini();
}

static void
dump_run(int in, int out)
{
	char text[512] = "";
	FILE *f = fmemopen(text, sizeof(text), "w");

	PEER_CHECK(shm_test_start() == 0);
	PEER_CHECK(spdk_memzone_reserve("some_zone", 777, ANY, 0) != NULL);
	PEER_CHECK(spdk_mempool_create("some_pool", 7, 7, 0, ANY) != NULL);
	spdk_memzone_dump(f);
	spdk_env_dpdk_dump_mem_stats(f);
	fclose(f);
	/* Two runs of their own. */
	PEER_CHECK(strstr(text, "for 2 buffers") != NULL);
	PEER_CHECK(strstr(text, "some_zone: 777 bytes") != NULL);
	PEER_CHECK(strstr(text, "some_pool") == NULL);
	spdk_env_fini();
}

static void
test_dump(void **state)
{
	alone(dump_run);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_version),
		cmocka_unit_test(test_other_base),
		cmocka_unit_test(test_addresses_in_use),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_other_user),
		cmocka_unit_test(test_no_id),
		cmocka_unit_test(test_dump),
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("env_shm_refuse", tests, NULL, NULL);
}
