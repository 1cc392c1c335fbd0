/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What only the machine's processes, memory, files and sockets show. */

#include "suite.h"

#include "spdk/log.h"

#include <sched.h>

#include "../../../../lib/env/native/native.h"

#define ANY SPDK_ENV_NUMA_ID_ANY

/* ---- The process ---- */

static void
put_file(const char *root, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
test_cgroup_limit(void **state)
{
	static const struct {
		const char *groups;
		uint64_t limit;
	} rows[] = {
		{ "0::/a/b\n", 1000 }, /* version 2: the parent has less */
		{ "0::/a\n", 1000 },
		{ "0::/\n", 5000 },
		{ "0::/none/at/all\n", 5000 },
		{ "4:memory:/m\n", 700 },
		{ "4:memory:/outside/c\n", 900 },
		{ "3:cpu,cpuacct:/a\n", UINT64_MAX },
		{ "4:memory:/m\n0::/a/b\n", 700 },
		{ "4:memory:/m", 700 },
		{ "", UINT64_MAX },
		{ "nonsense\n:\n::\n", 5000 },
	};
	char root[] = "/tmp/ut_cgroup.XXXXXX", command[256];
	size_t i;

	assert_non_null(mkdtemp(root));
	snprintf(command, sizeof(command), "mkdir -p %s/a/b %s/memory/m", root, root);
	assert_int_equal(system(command), 0);
	put_file(root, "memory.max", "5000\n");
	put_file(root, "a/memory.max", "1000\n");
	put_file(root, "a/b/memory.max", "max\n");
	put_file(root, "memory/memory.limit_in_bytes", "900\n");
	put_file(root, "memory/m/memory.limit_in_bytes", "700\n");
	for (i = 0; i < SPDK_COUNTOF(rows); i++) {
		assert_int_equal(native_cgroup_memory_bytes(root, rows[i].groups), rows[i].limit);
	}
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

static int
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int num = 0;

	while (readdir(dir) != NULL) {
		num++;
	}
	closedir(dir);
	return num;
}

static int
count_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	int num = 0, c;

	while ((c = fgetc(f)) != EOF) {
		num += c == '\n';
	}
	fclose(f);
	return num;
}

static void
job_fn(struct env_work *work)
{
}

static void
cycle(void)
{
	struct env_work work = { .fn = job_fn, .done = job_fn };
	char addr[128];
	void *buf;

	assert_int_equal(suite_env_start(NULL, -1), 0);
	buf = spdk_zmalloc(100, 0, NULL, ANY, SPDK_MALLOC_DMA);
	assert_non_null(buf);
	assert_non_null(spdk_mempool_create("p", 100, 100, 0, ANY));
	assert_non_null(spdk_memzone_reserve("z", 100, ANY, 0));
	assert_int_equal(env_work_submit(&work), 0);
	snprintf(addr, sizeof(addr), "%s/cycle", suite_dir());
	env_stream_unlisten(env_stream_listen(addr), addr);
	spdk_env_fini();
}

static void
test_thousand_cycles(void **state)
{
	int i, fds, maps;

	spdk_env_fini();
	for (i = 0; i < 10; i++) {
		cycle();
	}
	fds = count_fds();
	maps = count_maps();
	for (i = 10; i < 1000; i++) {
		cycle();
	}
	assert_int_equal(count_fds(), fds);
	/* The C library keeps some stacks of ended threads. */
	assert_in_range(count_maps(), maps - 8, maps + 8);
	assert_int_equal(suite_env_start(NULL, -1), 0);
}

static uint32_t
num_cpus_here(void)
{
	cpu_set_t set;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	return (uint32_t)CPU_COUNT(&set);
}

static int
count_cpus_fn(void *arg)
{
	*(uint32_t *)arg = num_cpus_here();
	return 0;
}

static void *
count_cpus_unpinned(void *arg)
{
	*(uint32_t *)arg = num_cpus_here();
	return NULL;
}

/* Pinned with a mask, not without; and as before when env ends. */
static void
test_pinning(void **state)
{
	uint32_t all = num_cpus_here();
	uint32_t num = 0;

	spdk_env_fini();
	assert_int_equal(num_cpus_here(), all);
	assert_int_equal(suite_env_start(NULL, -1), 0);
	assert_int_equal(num_cpus_here(), all);
	spdk_env_fini();
	if (!suite_has_cpu(0) || !suite_has_cpu(1)) {
		skip();
	}
	assert_int_equal(suite_env_start("0x3", -1), 0);
	assert_int_equal(num_cpus_here(), 1);
	assert_int_equal(spdk_env_thread_launch_pinned(1, count_cpus_fn, &num), 0);
	spdk_env_thread_wait_all();
	assert_int_equal(num, 1);
	spdk_call_unaffinitized(count_cpus_unpinned, &num);
	assert_int_equal(num, all);
	assert_int_equal(num_cpus_here(), 1);
	spdk_env_fini();
	assert_int_equal(num_cpus_here(), all);
	assert_int_equal(suite_env_start(NULL, -1), 0);
}

/* With a map a core is not the CPU of its number: which CPUs it has, and what they did. */
static void
test_mapped_core(void **state)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };
	struct env_core_times before, after;
	struct spdk_cpuset cpus;
	uint32_t cpu = 0;
	char map[32];

	while (!suite_has_cpu(cpu)) {
		cpu++;
	}
	assert_false(env_core_cpus(0, &cpus)); /* no cores were asked for */
	env_core_times(cpu, &before);
	spdk_env_fini();
	snprintf(map, sizeof(map), "77@%u", cpu);
	spdk_env_opts_init(&opts);
	opts.name = "ut";
	opts.lcore_map = map;
	assert_int_equal(spdk_env_init(&opts), 0);
	assert_false(env_core_cpus(cpu, &cpus));
	assert_true(env_core_cpus(77, &cpus));
	assert_int_equal(spdk_cpuset_count(&cpus), 1);
	assert_true(spdk_cpuset_get_cpu(&cpus, cpu));
	env_core_times(77, &after);
	assert_true(after.usr + after.sys > 0 && after.usr >= before.usr);
	spdk_env_fini();
	assert_int_equal(suite_env_start(NULL, -1), 0);
}

/* ---- Memory as the kernel sees it; a sanitizer's own memory would hide it ---- */

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define HAVE_TEST_RESIDENT 1

static uint64_t
resident_bytes(void)
{
	uint64_t pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_int_equal(fscanf(f, "%*u %" SCNu64, &pages), 1);
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Big zeroed memory and big pools cost nothing until they are used, and go back when freed. */
static void
test_resident(void **state)
{
	uint64_t before;
	void *buf, *dirty;

	spdk_env_fini();
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };
	spdk_env_opts_init(&opts);
	opts.no_huge = true;
	assert_int_equal(spdk_env_init(&opts), 0);
	before = resident_bytes();
	buf = spdk_zmalloc(256 << 20, 0, NULL, ANY, SPDK_MALLOC_DMA);
	assert_non_null(buf);
	assert_non_null(spdk_mempool_create("big", 1000000, 1000, 512, ANY));
	assert_non_null(spdk_ring_create(SPDK_RING_TYPE_MP_MC, 1 << 20, ANY));
	assert_true(resident_bytes() < before + (4 << 20));
	spdk_free(buf);
	dirty = spdk_malloc(32 << 20, 0, NULL, ANY, SPDK_MALLOC_DMA);
	memset(dirty, 1, 32 << 20);
	assert_true(resident_bytes() > before + (32 << 20));
	spdk_free(dirty);
	assert_true(resident_bytes() < before + (4 << 20));
	spdk_env_fini();
	assert_int_equal(suite_env_start(NULL, -1), 0);
}

#endif

/* ---- Sockets that a dead process left behind ---- */

static void
test_stale_socket(void **state)
{
	char addr[128], lock[140];
	struct stat st;
	int status, l;
	pid_t pid;

	snprintf(addr, sizeof(addr), "%s/stale", suite_dir());
	snprintf(lock, sizeof(lock), "%s.lock", addr);
	pid = fork();
	if (pid == 0) {
		_exit(env_stream_listen(addr) >= 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(stat(addr, &st), 0);
	l = env_stream_listen(addr);
	assert_true(l >= 0);
	assert_int_equal(stat(addr, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(lock, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* A live one stays, also when its lock file was removed by somebody. */
	unlink(lock);
	assert_int_equal(env_stream_listen(addr), -EADDRINUSE);
	env_stream_unlisten(l, addr);
	assert_int_equal(stat(addr, &st), -1);
	assert_int_equal(stat(lock, &st), -1);
}

static void
test_not_a_socket(void **state)
{
	char addr[128], lock[140];
	int fd;

	snprintf(addr, sizeof(addr), "%s/file", suite_dir());
	snprintf(lock, sizeof(lock), "%s.lock", addr);
	fd = open(addr, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(env_stream_listen(addr), -EEXIST);
	assert_int_equal(access(addr, F_OK), 0);
	assert_int_equal(access(lock, F_OK), -1);
	close(fd);
	unlink(addr);
	assert_int_equal(env_stream_listen("/nonexistent/dir/sock"), -ENOENT);
}

/* ---- Files ---- */

static void
test_file_load(void **state)
{
	char path[128];
	char text[100000];
	size_t len;
	void *data;
	int fd;

	snprintf(path, sizeof(path), "%s/load", suite_dir());
	memset(text, 'x', sizeof(text));
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	assert_int_equal(env_file_load(path, 0, &data, &len), 0);
	assert_int_equal(len, 0);
	assert_string_equal(data, "");
	free(data);
	assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
	close(fd);
	assert_int_equal(env_file_load(path, sizeof(text), &data, &len), 0);
	assert_int_equal(len, sizeof(text));
	assert_memory_equal(data, text, sizeof(text));
	assert_int_equal(((char *)data)[len], 0);
	free(data);
	assert_int_equal(env_file_load(path, sizeof(text) - 1, &data, &len), -EFBIG);
	unlink(path);
	assert_int_equal(env_file_load(path, 100, &data, &len), -ENOENT);
	assert_int_equal(env_file_load("/tmp", 100, &data, &len), -EISDIR);
	env_fault_nth(ENV_FAULT_FILE, 1);
	assert_int_equal(env_file_load("/dev/null", 100, &data, &len), -EIO);
}

/* No file may get longer than that; what is set aside keeps its length, so nobody else asks. */
static void
test_file_limit(void **state)
{
	char path[] = "/tmp/ut_file_limit.XXXXXX";
	struct rlimit before, limit;
	int fd = mkstemp(path), rc;

	assert_true(fd >= 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	rc = env_file_reserve(fd, 4096);
	assert_true(rc == 0 || rc == -EOPNOTSUPP);
	assert_int_equal(env_file_reserve(fd, 4097), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	rc = env_file_reserve(fd, 4097);
	assert_true(rc == 0 || rc == -EOPNOTSUPP);
	close(fd);
	unlink(path);
}

/* ---- The clock ---- */

static uint64_t
monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void
test_ticks_speed(void **state)
{
	uint64_t ns_0 = monotonic_ns(), ticks_0 = spdk_get_ticks(), ns_1, ns_2, ticks;
	double ns;

	spdk_delay_us(20000);
	ns_1 = monotonic_ns();
	ticks = spdk_get_ticks() - ticks_0;
	ns_2 = monotonic_ns();
	ns = (double)ticks * 1e9 / (double)spdk_get_ticks_hz();
	/* Within 0.1 % and what the readings themselves took. */
	assert_true(ns > (double)(ns_1 - ns_0) * 0.999 - 20000);
	assert_true(ns < (double)(ns_2 - ns_0) * 1.001 + 20000);
}

/* ---- The calls behind a line of the log ---- */

static char g_calls[4096];
static uint32_t g_num_calls;

static void
keep_call(int level, const char *file, const int line, const char *func, const char *format,
          va_list args)
{
	size_t len = strlen(g_calls);

	vsnprintf(g_calls + len, sizeof(g_calls) - len, format, args);
	g_num_calls++;
}

/* This program, its test runner, and libc's start of it, each as addr2line takes it. */
static void
test_backtrace(void **state)
{
	spdk_log_set_backtrace_level(SPDK_LOG_ERROR);
	spdk_log_open(keep_call);
	SPDK_ERRLOG("why\n");
	spdk_log_close();
	spdk_log_set_backtrace_level(SPDK_LOG_DISABLED);
	assert_true(g_num_calls > 4);
	assert_int_equal(strncmp(g_calls, "why\n  #0 ut_env_native", 22), 0);
	assert_non_null(strstr(g_calls, "\n  #1 ut_env_native"));
	assert_non_null(strstr(g_calls, "libcmocka"));
	assert_non_null(strstr(g_calls, "_cmocka_run_group_tests+0x"));
	assert_non_null(strstr(g_calls, "libc.so.6+0x"));
}

static void *
keep_tid(void *arg)
{
	*(int *)arg = spdk_get_tid();
	return NULL;
}

/* The kernel's number of the thread: that of the process in the first one. */
static void
test_tid(void **state)
{
	pthread_t other;
	int tid = 0;

	assert_int_equal(spdk_get_tid(), getpid());
	assert_int_equal(pthread_create(&other, NULL, keep_tid, &tid), 0);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_true(tid > 0 && tid != getpid());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ENV_TEST(test_thousand_cycles),
		ENV_TEST(test_pinning),
		ENV_TEST(test_mapped_core),
		ENV_TEST(test_cgroup_limit),
#ifdef HAVE_TEST_RESIDENT
		ENV_TEST(test_resident),
#endif
		ENV_TEST(test_stale_socket),
		ENV_TEST(test_not_a_socket),
		ENV_TEST(test_file_load),
		ENV_TEST(test_file_limit),
		ENV_TEST(test_ticks_speed),
		ENV_TEST(test_backtrace),
		ENV_TEST(test_tid),
	};

	spdk_log_set_print_level(SPDK_LOG_DISABLED);
	return cmocka_run_group_tests_name("env_native", tests, NULL, NULL);
}
