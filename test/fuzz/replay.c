/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Runs a fuzz target over the files of a folder, each cut at every length as well, so that a corpus
 * is replayed by any compiler in every `make check`. Prints TAP: one line a file.
 *	replay FOLDER
 */

#include "spdk/stdinc.h"
#include <dirent.h>

#define FILE_MAX (256 * 1024)
#define CUTS_MAX 4096 /* longer files are cut at their first so many bytes only */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ssize_t
file_load(int dir, const char *name, uint8_t *buf)
{
	int fd = openat(dir, name, O_RDONLY);
	ssize_t len;

	if (fd < 0) {
		return -1;
	}
	len = read(fd, buf, FILE_MAX);
	close(fd);
	return len;
}

/* In a block of just its size, so that a sanitizer or valgrind sees the first byte too many. */
static void
run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size);

	if (copy == NULL) {
		abort();
	}
	memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

int
main(int argc, char **argv)
{
	uint8_t *buf = malloc(FILE_MAX);
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *e;
	ssize_t len, cut;
	int n = 0;

	if (dir == NULL || buf == NULL) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.') {
			continue;
		}
		len = file_load(dirfd(dir), e->d_name, buf);
		for (cut = 0; cut <= len && cut <= CUTS_MAX; cut++) {
			run(buf, cut);
		}
		if (len > CUTS_MAX) {
			run(buf, len);
		}
		printf("%sok %d - %s\n", len < 0 ? "not " : "", ++n, e->d_name);
	}
	printf("1..%d\n", n);
	closedir(dir);
	free(buf);
	return n > 0 ? 0 : 1;
}
