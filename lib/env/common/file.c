/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Reading a whole file, which may also be a pipe. Any thread; blocks. */

#include "machine.h"

#define FIRST_BYTES 65536

/* Read to the end into memory that grows. 0 or a negative errno; *data is the caller's also then.
 */
static int
read_all(int fd, size_t max_bytes, uint8_t **data, size_t *len_bytes)
{
	size_t room = 0, len = 0;
	ssize_t num;

	for (;;) {
		if (len + 1 >= room) {
			uint8_t *grown;

			room = spdk_max((size_t)FIRST_BYTES, room * 2);
			grown = realloc(*data, room);
			if (grown == NULL) {
				return -ENOMEM;
			}
			*data = grown;
		}
		/* One byte stays for the 0 behind the content. */
		num = read(fd, *data + len, room - len - 1);
		if (num < 0 && errno == EINTR) {
			continue;
		}
		if (num < 0) {
			return -errno;
		}
		if (num == 0) {
			break;
		}
		len += (size_t)num;
		if (len > max_bytes) {
			return -EFBIG;
		}
	}
	(*data)[len] = 0;
	*len_bytes = len;
	return 0;
}

int
env_file_read(const char *path, size_t max_bytes, void **data, size_t *len_bytes)
{
	uint8_t *buf = NULL;
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	rc = read_all(fd, max_bytes, &buf, len_bytes);
	close(fd);
	if (rc != 0) {
		free(buf);
		return rc;
	}
	*data = buf;
	return 0;
}
