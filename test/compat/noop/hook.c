/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Preloaded into a test: either notes which public functions the test runs, or makes one of them do
 * nothing. For noop.py only; x86-64.
 *
 *	BASALT_NOOP_SYMBOLS=FILE	the names of the functions, one a line
 *	BASALT_NOOP_SEEN=FILE		note: each function that runs adds its name to FILE, once
 *					a process
 *	BASALT_NOOP=NAME		make NAME return 0 (NULL, false, 0.0) at once
 *
 * Noting puts a breakpoint on the first byte of each function; the trap writes the name, puts the
 * byte back and runs on. Functions are looked up in the symbol tables of the program and of
 * libspdk.so, so statically linked programs are covered too. In a program that has none of them
 * (Python, a shell) nothing happens; its children inherit the environment. */

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

#define SITES_MAX 32768 /* an inline function has a copy in each object */
#define SEEN_FD 950

struct site {
	uint8_t *addr;
	const char *name;
	uint8_t byte;
};

static struct site g_sites[SITES_MAX];
static size_t g_num_sites;
static char *g_names;      /* the file of names, NUL-terminated pieces */
static const char *g_noop; /* the one to replace, or NULL */
static const char *g_sorted[SITES_MAX];
static size_t g_num_names;

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
compare_sites(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void *
map_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map = MAP_FAILED;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0) {
		*size = st.st_size;
		map = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	}
	if (fd >= 0) {
		close(fd);
	}
	return map == MAP_FAILED ? NULL : map;
}

/* A program that can't see the file, behind a mount or as another user, notes nothing. */
static void
load_names(const char *path)
{
	size_t size;
	char *line, *save = NULL;

	g_names = map_file(path, &size);
	if (g_names == NULL || g_names[size - 1] != '\n') {
		return;
	}
	g_names[size - 1] = '\0';
	for (line = strtok_r(g_names, "\n", &save); line != NULL && g_num_names < SITES_MAX;
	     line = strtok_r(NULL, "\n", &save)) {
		g_sorted[g_num_names++] = line;
	}
	qsort(g_sorted, g_num_names, sizeof(g_sorted[0]), compare_names);
}

/* The name if it is one that we look for. */
static const char *
wanted(const char *name)
{
	const char **found;

	if (g_noop != NULL) {
		return strcmp(name, g_noop) == 0 ? g_noop : NULL;
	}
	found = bsearch(&name, g_sorted, g_num_names, sizeof(g_sorted[0]), compare_names);
	return found != NULL ? *found : NULL;
}

static void
add_symbols(const uint8_t *file, uintptr_t base)
{
	const ElfW(Ehdr) *ehdr = (const void *)file;
	const ElfW(Shdr) *shdr = (const void *)(file + ehdr->e_shoff);
	const ElfW(Sym) * sym;
	const char *strings, *name;
	size_t i, n;

	for (i = 0; i < ehdr->e_shnum; i++) {
		if (shdr[i].sh_type != SHT_SYMTAB) {
			continue;
		}
		sym = (const void *)(file + shdr[i].sh_offset);
		strings = (const char *)file + shdr[shdr[i].sh_link].sh_offset;
		for (n = shdr[i].sh_size / sizeof(*sym); n > 0; n--, sym++) {
			if (ELF64_ST_TYPE(sym->st_info) != STT_FUNC || sym->st_shndx == SHN_UNDEF) {
				continue;
			}
			name = wanted(strings + sym->st_name);
			if (name == NULL) {
				continue;
			}
			if (g_num_sites == SITES_MAX) {
				fprintf(stderr, "noop hook: SITES_MAX is too small\n");
				_exit(99);
			}
			g_sites[g_num_sites++] = (struct site){
				.addr = (uint8_t *)(base + sym->st_value),
				.name = name,
			};
		}
	}
}

static int
look_into_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	const char *path = info->dlpi_name[0] == '\0' ? "/proc/self/exe" : info->dlpi_name;
	size_t file_size;
	uint8_t *file;

	if (info->dlpi_name[0] != '\0' && strstr(info->dlpi_name, "libspdk") == NULL) {
		return 0;
	}
	file = map_file(path, &file_size);
	if (file != NULL) { /* it stays mapped: the name of a noop may point into it */
		add_symbols(file, info->dlpi_addr);
	}
	return 0;
}

static void
make_writable(const struct site *site)
{
	uintptr_t page = (uintptr_t)site->addr & ~(uintptr_t)4095;

	if (mprotect((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC) != 0 &&
	    mprotect((void *)page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) {
		perror("noop hook: mprotect");
		_exit(99);
	}
}

static void
trapped(int sig, siginfo_t *info, void *ctx)
{
	ucontext_t *uc = ctx;
	struct site key = { .addr = (uint8_t *)uc->uc_mcontext.gregs[REG_RIP] - 1 };
	struct site *site = bsearch(&key, g_sites, g_num_sites, sizeof(key), compare_sites);
	char line[128];
	int n;

	if (site == NULL) {
		signal(SIGTRAP, SIG_DFL);
		return;
	}
	if (__atomic_exchange_n(site->addr, site->byte, __ATOMIC_SEQ_CST) != site->byte) {
		n = snprintf(line, sizeof(line), "%s\n", site->name);
		n = write(SEEN_FD, line, n); /* where files may not grow, it stays unnoted */
	}
	uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)site->addr;
}

static void
note_all(const char *path)
{
	struct sigaction sa = { .sa_sigaction = trapped, .sa_flags = SA_SIGINFO | SA_NODEFER };
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	size_t i, n = 0;

	if (fd < 0 && errno == EACCES) {
		return; /* a program that a test runs as another user */
	}
	if (fd < 0 || dup3(fd, SEEN_FD, O_CLOEXEC) < 0) {
		perror("noop hook: the file of what was seen");
		_exit(99);
	}
	close(fd);
	sigaction(SIGTRAP, &sa, NULL);
	qsort(g_sites, g_num_sites, sizeof(g_sites[0]), compare_sites);
	for (i = 0; i < g_num_sites; i++) {
		if (n == 0 || g_sites[n - 1].addr != g_sites[i].addr) {
			g_sites[n++] =
			        g_sites[i]; /* of names for one function the first stands for all */
		}
	}
	g_num_sites = n;
	for (i = 0; i < n; i++) {
		make_writable(&g_sites[i]);
		g_sites[i].byte = g_sites[i].addr[0];
		g_sites[i].addr[0] = 0xcc; /* int3 */
	}
}

/* A thread that blocks all signals would die of the trap. */
__attribute__((visibility("default"))) int
pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	int (*real)(int, const sigset_t *, sigset_t *) = dlsym(RTLD_NEXT, "pthread_sigmask");
	sigset_t copy;

	if (set != NULL && how != SIG_UNBLOCK) {
		copy = *set;
		sigdelset(&copy, SIGTRAP);
		set = &copy;
	}
	return real(how, set, old);
}

__attribute__((constructor)) static void
hook(void)
{
	/* mov $value,%rax; pxor %xmm0,%xmm0; ret. Functions are aligned to 16 bytes. */
	uint8_t noop[] = { 0x48, 0xc7, 0xc0, 0, 0, 0, 0, 0x66, 0x0f, 0xef, 0xc0, 0xc3 };
	const char *value = getenv("BASALT_NOOP_VALUE");
	const char *seen = getenv("BASALT_NOOP_SEEN"), *names = getenv("BASALT_NOOP_SYMBOLS");
	size_t i;

	g_noop = getenv("BASALT_NOOP");
	if (g_noop == NULL && (seen == NULL || names == NULL)) {
		return;
	}
	if (g_noop == NULL) {
		load_names(names);
	}
	dl_iterate_phdr(look_into_object, NULL);
	if (g_num_sites == 0) {
		return;
	}
	if (g_noop == NULL) {
		note_all(seen);
		return;
	}
	noop[3] = value != NULL ? (uint8_t)atoi(value) : 0; /* 0 to 127 */
	for (i = 0; i < g_num_sites; i++) {
		make_writable(&g_sites[i]);
		memcpy(g_sites[i].addr, noop, sizeof(noop));
	}
}
