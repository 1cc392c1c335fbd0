/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Arrays of strings that end in NULL. Each string and the array are memory of their own, so that
 * callers may take strings out. Any thread.
 */

#include "spdk/string.h"

/* Append a copy of len bytes. The array has room. */
static int
append(char **array, size_t *count, const char *s, size_t len)
{
	char *copy = malloc(len + 1);

	if (copy == NULL) {
		return -ENOMEM;
	}
	memcpy(copy, s, len);
	copy[len] = '\0';
	array[(*count)++] = copy;
	return 0;
}

char **
spdk_strarray_from_string(const char *str, const char *delim)
{
	size_t max = 1, count = 0, len;
	const char *pos;
	char **array;

	assert(str != NULL && delim != NULL);
	for (pos = str; *(pos += strcspn(pos, delim)) != '\0'; pos++) {
		max++;
	}
	array = calloc(max + 1, sizeof(*array));
	if (array == NULL) {
		return NULL;
	}
	for (pos = str; count < max; pos += len + 1) {
		len = strcspn(pos, delim);
		if (append(array, &count, pos, len) != 0) {
			spdk_strarray_free(array);
			return NULL;
		}
	}
	return array;
}

char **
spdk_strarray_dup(const char **strarray)
{
	size_t max = 0, count = 0;
	char **array;

	assert(strarray != NULL);
	while (strarray[max] != NULL) {
		max++;
	}
	array = calloc(max + 1, sizeof(*array));
	if (array == NULL) {
		return NULL;
	}
	while (count < max) {
		if (append(array, &count, strarray[count], strlen(strarray[count])) != 0) {
			spdk_strarray_free(array);
			return NULL;
		}
	}
	return array;
}

void
spdk_strarray_free(char **strarray)
{
	size_t i;

	if (strarray == NULL) {
		return;
	}
	for (i = 0; strarray[i] != NULL; i++) {
		free(strarray[i]);
	}
	free(strarray);
}
