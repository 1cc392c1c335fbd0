/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Strings: formatting, trimming, reading numbers. Pure but for the memory that some return, which
 * is from malloc() and the caller's to free(). Any thread.
 */

#ifndef SPDK_STRING_H
#define SPDK_STRING_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define _SPDK_STRINGIFY(x) #x
/** \p x, expanded, as a string literal. */
#define SPDK_STRINGIFY(x) _SPDK_STRINGIFY(x)

/** sprintf() into new memory. NULL when out of memory. */
char *spdk_sprintf_alloc(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** vsprintf() into new memory. NULL when out of memory. \p args is used up. */
char *spdk_vsprintf_alloc(const char *format, va_list args);

/**
 * Append formatted text to \p buffer, which may be NULL and may move.
 * \return the whole text; NULL when out of memory, and \p buffer is as before.
 */
char *spdk_sprintf_append_realloc(char *buffer, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/** As spdk_sprintf_append_realloc(). \p args is used up. */
char *spdk_vsprintf_append_realloc(char *buffer, const char *format, va_list args);

/** Turn \p s to lower case in place and return it; NULL is allowed. */
char *spdk_strlwr(char *s);

/**
 * Cut the next field off a text, as strsep(), but with quotes: within '...' or "..." delimiters are
 * text and a backslash takes the next character as it is. Delimiters in a row count as one. Fields
 * lose their quotes; the text is written over.
 * \param stringp the rest of the text; moved behind the field, NULL behind the last one.
 * \return the field, or NULL when *stringp is NULL.
 */
char *spdk_strsepq(char **stringp, const char *delim);

/** Remove white space from both ends of \p s, in place, and return it; NULL is allowed. */
char *spdk_str_trim(char *s);

/** Write the text of \p errnum to \p buf, cut to \p buflen bytes with the 0 at its end. */
void spdk_strerror_r(int errnum, char *buf, size_t buflen);

/**
 * The text of \p errnum.
 * \return a constant, or for an unknown number text of the calling thread's, valid until its next
 * call.
 */
const char *spdk_strerror(int errnum);

/** Remove all \\n and \\r from the end of \p s. Returns how many. */
size_t spdk_str_chomp(char *s);

/**
 * Copy \p src without its 0 into a field of \p size bytes: cut to it, or filled up with \p pad.
 */
void spdk_strcpy_pad(void *dst, const char *src, size_t size, int pad);

/** Bytes of a field of \p size bytes without the \p pad bytes at its end. */
size_t spdk_strlen_pad(const void *str, size_t size, int pad);

/**
 * Cut "host", "host:port", "[v6 host]" or "[v6 host]:port" in place.
 * \param host out: within \p ip.
 * \param port out: within \p ip; NULL when there is none.
 * \return 0, or -EINVAL for a NULL \p ip or brackets that don't match.
 */
int spdk_parse_ip_addr(char *ip, char **host, char **port);

/**
 * Read a number of bytes with an optional k, M, G, T or P (powers of 1024, either case, "B" or "iB"
 * may follow).
 * \param cap out; unchanged after an error.
 * \param has_prefix out: whether there was a letter; may be NULL.
 * \return 0; -EINVAL for anything else; -ERANGE when it does not fit in 64 bits.
 */
int spdk_parse_capacity(const char *cap_str, uint64_t *cap, bool *has_prefix);

/** Whether all \p size bytes are 0; true for none. */
bool spdk_mem_all_zero(const void *data, size_t size);

/**
 * Read a whole text as a number that is not negative.
 * \param base 2 to 36, or 0: "0x" and "0" say which.
 * \return the number; -EINVAL for an empty text or characters behind it; -ERANGE for a negative one
 * or one too large.
 */
long int spdk_strtol(const char *nptr, int base);

/** As spdk_strtol(), for long long. */
long long int spdk_strtoll(const char *nptr, int base);

/**
 * Cut \p str at each character of \p delim; nothing between two of them is an empty string.
 * \return an array that ends in NULL, for spdk_strarray_free(); NULL when out of memory.
 */
char **spdk_strarray_from_string(const char *str, const char *delim);

/**
 * A copy of an array that ends in NULL, and of its strings.
 * \return for spdk_strarray_free(); NULL when out of memory.
 */
char **spdk_strarray_dup(const char **strarray);

/** Free an array and its strings; NULL is allowed. */
void spdk_strarray_free(char **strarray);

/**
 * Copy \p src to \p dst with each \p search replaced by \p replace.
 * \param size of \p dst in bytes, with the 0 at the end.
 * \return 0; -EINVAL for a NULL, an empty \p search or a \p dst too small, whose content is then
 * undefined.
 */
int spdk_strcpy_replace(char *dst, size_t size, const char *src, const char *search,
                        const char *replace);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_STRING_H */
