/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Whole files in memory, and attributes of sysfs. These calls block. No state; any thread. */

#include "spdk/file.h"
#include "spdk/string.h"

#define LOAD_AT_FIRST_BYTES 4096
#define ATTRIBUTE_MAX 4096 /* a page is all that sysfs gives */

void *
spdk_posix_file_load(FILE *file, size_t *size)
{
	size_t room = LOAD_AT_FIRST_BYTES, len = 0;
	uint8_t *buf = malloc(room), *more;

	while (buf != NULL) {
		len += fread(buf + len, 1, room - len, file);
		if (len < room) {
			break;
		}
		more = room <= SIZE_MAX / 2 ? realloc(buf, room * 2) : NULL;
		if (more == NULL) {
			free(buf);
			errno = ENOMEM;
			return NULL;
		}
		buf = more;
		room *= 2;
	}
	if (buf != NULL && ferror(file)) {
		free(buf);
		errno = errno != 0 ? errno : EIO;
		return NULL;
	}
	*size = len;
	return buf;
}

void *
spdk_posix_file_load_from_name(const char *file_name, size_t *size)
{
	FILE *file = fopen(file_name, "re");
	void *data;
	int err;

	if (file == NULL) {
		return NULL;
	}
	data = spdk_posix_file_load(file, size);
	err = errno;
	fclose(file);
	errno = err;
	return data;
}

static int
read_attribute(char **attribute, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[ATTRIBUTE_MAX + 1];
	int rc = 0;

	if (file == NULL) {
		return -errno;
	}
	errno = 0;
	if (fgets(line, sizeof(line), file) == NULL) {
		rc = ferror(file) && errno != 0 ? -errno : -ENODATA;
	}
	fclose(file);
	if (rc != 0) {
		return rc;
	}
	line[strcspn(line, "\n")] = '\0';
	*attribute = strdup(line);
	return *attribute != NULL ? 0 : -ENOMEM;
}

static int __attribute__((format(printf, 2, 0)))
vread_attribute(char **attribute, const char *path_format, va_list args)
{
	char path[PATH_MAX];
	int len = vsnprintf(path, sizeof(path), path_format, args);

	if (len < 0 || (size_t)len >= sizeof(path)) {
		return -ENAMETOOLONG;
	}
	return read_attribute(attribute, path);
}

int
spdk_read_sysfs_attribute(char **attribute, const char *path_format, ...)
{
	va_list args;
	int rc;

	va_start(args, path_format);
	rc = vread_attribute(attribute, path_format, args);
	va_end(args);
	return rc;
}

int
spdk_read_sysfs_attribute_uint32(uint32_t *attribute, const char *path_format, ...)
{
	long long number;
	va_list args;
	char *text;
	int rc;

	va_start(args, path_format);
	rc = vread_attribute(&text, path_format, args);
	va_end(args);
	if (rc != 0) {
		return rc;
	}
	number = spdk_strtoll(text, strncasecmp(text, "0x", 2) == 0 ? 16 : 10);
	free(text);
	if (number < 0 || number > UINT32_MAX) {
		return -EINVAL;
	}
	*attribute = (uint32_t)number;
	return 0;
}
