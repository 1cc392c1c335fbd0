/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Which logical cores there are, and on which CPUs the thread of each may run. Decided once by
 * spdk_env_init(), read by any thread.
 *
 * With a mask, a list or a map each core is checked against the CPUs that this process may use
 * (affinity, which the kernel keeps within the cgroup's set). Without any there is one core, the
 * first CPU's, whose thread may run wherever the process may. */

#include "machine.h"

#include "spdk/log.h"

#define LIST_TEXT_BYTES 256

static struct {
	struct env_core *cores; /* ascending by lcore */
	uint32_t num_cores;
	uint32_t main_core;
	bool pinned;
} g_cores SYSTEM_STATE;

/* ---- Texts: a cursor over "1,3-5,(6-8)@0" ---- */

static bool
take_char(const char **p, char c)
{
	while (isblank((unsigned char)**p)) {
		(*p)++;
	}
	if (**p != c) {
		return false;
	}
	(*p)++;
	return true;
}

static bool
take_number(const char **p, uint32_t *num)
{
	uint32_t n = 0;

	while (isblank((unsigned char)**p)) {
		(*p)++;
	}
	if (!isdigit((unsigned char)**p)) {
		return false;
	}
	for (; isdigit((unsigned char)**p); (*p)++) {
		n = n * 10 + (uint32_t)(**p - '0');
		if (n >= SPDK_CPUSET_SIZE) {
			return false;
		}
	}
	*num = n;
	return true;
}

/* "3" or "3-5". */
static bool
take_range(const char **p, struct spdk_cpuset *set)
{
	uint32_t first, last;

	if (!take_number(p, &first)) {
		return false;
	}
	last = first;
	if (take_char(p, '-') && (!take_number(p, &last) || last < first)) {
		return false;
	}
	for (; first <= last; first++) {
		spdk_cpuset_set_cpu(set, first, true);
	}
	return true;
}

static bool
take_list(const char **p, struct spdk_cpuset *set)
{
	do {
		if (!take_range(p, set)) {
			return false;
		}
	} while (take_char(p, ','));
	return true;
}

/* "3", "3-5" or "(3,5-7)". */
static bool
take_group(const char **p, struct spdk_cpuset *set, bool *parens)
{
	spdk_cpuset_zero(set);
	*parens = take_char(p, '(');
	return *parens ? take_list(p, set) && take_char(p, ')') : take_range(p, set);
}

int
env_cpuset_parse_list(const char *text, struct spdk_cpuset *set)
{
	spdk_cpuset_zero(set);
	if (!take_list(&text, set)) {
		return -EINVAL;
	}
	take_char(&text, '\n');
	return *text == '\0' ? 0 : -EINVAL;
}

const char *
env_cpuset_list(const struct spdk_cpuset *set, char *buf, size_t size_bytes)
{
	size_t len = 0;
	uint32_t i, end;

	buf[0] = '\0';
	for (i = 0; i < SPDK_CPUSET_SIZE && len < size_bytes; i = end + 1) {
		end = i;
		if (!spdk_cpuset_get_cpu(set, i)) {
			continue;
		}
		while (end + 1 < SPDK_CPUSET_SIZE && spdk_cpuset_get_cpu(set, end + 1)) {
			end++;
		}
		len += (size_t)snprintf(buf + len, size_bytes - len, "%s%" PRIu32,
		                        len > 0 ? "," : "", i);
		if (end > i && len < size_bytes) {
			len += (size_t)snprintf(buf + len, size_bytes - len, "-%" PRIu32, end);
		}
	}
	return buf;
}

/* ---- Building the table ---- */

static int
core_cmp(const void *a, const void *b)
{
	uint32_t left = ((const struct env_core *)a)->lcore;
	uint32_t right = ((const struct env_core *)b)->lcore;

	return left < right ? -1 : left > right;
}

/* A core more; -EEXIST when it is there. */
static int
core_add(uint32_t lcore, const struct spdk_cpuset *cpus)
{
	struct env_core *grown;

	if (env_core_find(lcore) != NULL) {
		return -EEXIST;
	}
	grown = realloc(g_cores.cores, (g_cores.num_cores + 1) * sizeof(*grown));
	if (grown == NULL) {
		SPDK_ERRLOG("No memory for core %" PRIu32 "\n", lcore);
		return -ENOMEM;
	}
	g_cores.cores = grown;
	grown += g_cores.num_cores++;
	memset(grown, 0, sizeof(*grown));
	grown->lcore = lcore;
	spdk_cpuset_copy(&grown->cpus, cpus);
	return 0;
}

static int
cores_add_each(const struct spdk_cpuset *lcores)
{
	struct spdk_cpuset one = { 0 };
	uint32_t i;
	int rc = 0;

	for (i = 0; i < SPDK_CPUSET_SIZE && rc == 0; i++) {
		if (spdk_cpuset_get_cpu(lcores, i)) {
			spdk_cpuset_zero(&one);
			spdk_cpuset_set_cpu(&one, i, true);
			rc = core_add(i, &one);
		}
	}
	return rc;
}

/* One entry of a map: "lcores[@cpus]". 0, -EINVAL for a text that is none, or as core_add(). */
static int
map_entry(const char **p)
{
	struct spdk_cpuset lcores = { 0 }, cpus = { 0 };
	bool parens, ignored;
	uint32_t i;
	int rc = 0;

	if (!take_group(p, &lcores, &parens)) {
		return -EINVAL;
	}
	if (take_char(p, '@')) {
		if (!take_group(p, &cpus, &ignored)) {
			return -EINVAL;
		}
	} else if (!parens) {
		return cores_add_each(&lcores);
	} else {
		spdk_cpuset_copy(&cpus, &lcores);
	}
	for (i = 0; i < SPDK_CPUSET_SIZE && rc == 0; i++) {
		if (spdk_cpuset_get_cpu(&lcores, i)) {
			rc = core_add(i, &cpus);
		}
	}
	return rc;
}

static int
cores_from_map(const char *map)
{
	const char *p = map;
	int rc;

	do {
		rc = map_entry(&p);
	} while (rc == 0 && take_char(&p, ','));
	if (rc == -EEXIST) {
		SPDK_ERRLOG("Core map '%s' names a core twice\n", map);
		return -EINVAL;
	}
	if (rc == -EINVAL || (rc == 0 && *p != '\0')) {
		SPDK_ERRLOG("Core map '%s' is not of the form lcores[@cpus],..., for example "
		            "'0@1,(1,2)@(4-7)': it goes wrong at '%s'\n",
		            map, p);
		return -EINVAL;
	}
	return rc;
}

/* A hexadecimal mask ("0x3", "3") or a list ("[0,2-4]"). */
static int
cores_from_mask(const char *mask)
{
	struct spdk_cpuset lcores = { 0 };

	if (spdk_cpuset_parse(&lcores, mask) != 0) {
		SPDK_ERRLOG(
		        "Core mask '%s' is neither hexadecimal, as 0x5, nor a list, as [0,2-4], of "
		        "cores below %d\n",
		        mask, SPDK_CPUSET_SIZE);
		return -EINVAL;
	}
	if (spdk_cpuset_count(&lcores) == 0) {
		SPDK_ERRLOG("Core mask '%s' names no core\n", mask);
		return -EINVAL;
	}
	return cores_add_each(&lcores);
}

static int
cores_default(const struct spdk_cpuset *usable)
{
	uint32_t i;

	for (i = 0; i < SPDK_CPUSET_SIZE; i++) {
		if (spdk_cpuset_get_cpu(usable, i)) {
			return core_add(i, usable);
		}
	}
	SPDK_ERRLOG("This process may run on no CPU below %d\n", SPDK_CPUSET_SIZE);
	return -EINVAL;
}

static int
cores_check(const struct spdk_cpuset *usable)
{
	char have[LIST_TEXT_BYTES], want[LIST_TEXT_BYTES];
	struct spdk_cpuset missing = { 0 };
	uint32_t i;

	for (i = 0; i < g_cores.num_cores; i++) {
		const struct env_core *core = &g_cores.cores[i];

		spdk_cpuset_copy(&missing, usable);
		spdk_cpuset_negate(&missing);
		spdk_cpuset_and(&missing, &core->cpus);
		if (spdk_cpuset_count(&missing) > 0) {
			SPDK_ERRLOG("Core %" PRIu32
			            " needs CPU %s; this process may use %s: change "
			            "the core mask, or the affinity or cgroup of the process\n",
			            core->lcore, env_cpuset_list(&missing, want, sizeof(want)),
			            env_cpuset_list(usable, have, sizeof(have)));
			return -EINVAL;
		}
	}
	return 0;
}

static int
main_core_choose(int main_core)
{
	if (main_core < 0) {
		g_cores.main_core = g_cores.cores[0].lcore;
		return 0;
	}
	if (env_core_find((uint32_t)main_core) == NULL) {
		SPDK_ERRLOG("Main core %d is not one of the cores chosen: name it in the core mask "
		            "as well\n",
		            main_core);
		return -EINVAL;
	}
	g_cores.main_core = (uint32_t)main_core;
	return 0;
}

static int
cores_build(const struct spdk_env_opts *opts, const struct spdk_cpuset *usable)
{
	int rc;

	if (opts->core_mask != NULL && opts->lcore_map != NULL) {
		SPDK_ERRLOG("Give a core mask or a core map, not both\n");
		return -EINVAL;
	}
	g_cores.pinned = opts->core_mask != NULL || opts->lcore_map != NULL;
	if (opts->lcore_map != NULL) {
		rc = cores_from_map(opts->lcore_map);
	} else if (opts->core_mask != NULL) {
		rc = cores_from_mask(opts->core_mask);
	} else {
		rc = cores_default(usable);
	}
	if (rc == 0) {
		qsort(g_cores.cores, g_cores.num_cores, sizeof(*g_cores.cores), core_cmp);
		rc = cores_check(usable);
	}
	return rc == 0 ? main_core_choose(opts->main_core) : rc;
}

int
env_cores_init(const struct spdk_env_opts *opts)
{
	struct spdk_cpuset usable = { 0 };
	int rc;

	machine_cpus(&usable);
	rc = cores_build(opts, &usable);
	if (rc == 0 && g_cores.pinned) {
		rc = machine_pin(&env_core_find(g_cores.main_core)->cpus);
		if (rc != 0) {
			SPDK_ERRLOG("Can't run on core %" PRIu32 ": %s\n", g_cores.main_core,
			            strerror(-rc));
		}
	}
	if (rc != 0) {
		env_cores_fini();
		return rc;
	}
	g_env_local.core_plus_1 = g_cores.main_core + 1;
	return 0;
}

void
env_cores_fini(void)
{
	if (g_cores.pinned && g_env_local.core_plus_1 != 0) {
		spdk_unaffinitize_thread();
	}
	g_env_local.core_plus_1 = 0;
	free(g_cores.cores);
	memset(&g_cores, 0, sizeof(g_cores));
}

const struct env_core *
env_core_find(uint32_t lcore)
{
	uint32_t i;

	for (i = 0; i < g_cores.num_cores; i++) {
		if (g_cores.cores[i].lcore == lcore) {
			return &g_cores.cores[i];
		}
	}
	return NULL;
}

bool
env_cores_pinned(void)
{
	return g_cores.pinned;
}

bool
env_core_cpus(uint32_t lcore, struct spdk_cpuset *cpus)
{
	const struct env_core *core = env_core_find(lcore);

	if (core == NULL || !g_cores.pinned) {
		return false;
	}
	spdk_cpuset_copy(cpus, &core->cpus);
	return true;
}

/* ---- Public ---- */

uint32_t
spdk_env_get_core_count(void)
{
	return g_cores.num_cores;
}

uint32_t
spdk_env_get_current_core(void)
{
	/* Without a core 0 - 1, which is SPDK_ENV_LCORE_ID_ANY. */
	return g_env_local.core_plus_1 - 1;
}

uint32_t
spdk_env_get_main_core(void)
{
	return g_cores.num_cores > 0 ? g_cores.main_core : SPDK_ENV_LCORE_ID_ANY;
}

uint32_t
spdk_env_get_first_core(void)
{
	return g_cores.num_cores > 0 ? g_cores.cores[0].lcore : UINT32_MAX;
}

uint32_t
spdk_env_get_last_core(void)
{
	return g_cores.num_cores > 0 ? g_cores.cores[g_cores.num_cores - 1].lcore : UINT32_MAX;
}

uint32_t
spdk_env_get_next_core(uint32_t prev_core)
{
	uint32_t i;

	for (i = 0; i < g_cores.num_cores; i++) {
		if (g_cores.cores[i].lcore > prev_core) {
			return g_cores.cores[i].lcore;
		}
	}
	return UINT32_MAX;
}

void
spdk_env_get_cpuset(struct spdk_cpuset *cpuset)
{
	uint32_t i;

	spdk_cpuset_zero(cpuset);
	for (i = 0; i < g_cores.num_cores; i++) {
		spdk_cpuset_set_cpu(cpuset, g_cores.cores[i].lcore, true);
	}
}

int32_t
spdk_env_get_numa_id(uint32_t core)
{
	const struct env_core *c = env_core_find(core);
	uint32_t i;

	for (i = 0; c != NULL && i < SPDK_CPUSET_SIZE; i++) {
		if (spdk_cpuset_get_cpu(&c->cpus, i)) {
			return machine_cpu_numa(i);
		}
	}
	return SPDK_ENV_NUMA_ID_ANY;
}

int32_t
spdk_env_get_next_numa_id(int32_t prev_numa_id)
{
	uint32_t mask = machine_numa_mask();
	int32_t i;

	for (i = prev_numa_id + 1; i >= 0 && i < ENV_NUMA_MAX; i++) {
		if ((mask & (1u << i)) != 0) {
			return i;
		}
	}
	return INT32_MAX;
}

int32_t
spdk_env_get_first_numa_id(void)
{
	return spdk_env_get_next_numa_id(-1);
}

int32_t
spdk_env_get_last_numa_id(void)
{
	int32_t i, last = spdk_env_get_first_numa_id();

	SPDK_ENV_FOREACH_NUMA_ID(i) {
		last = i;
	}
	return last;
}
