/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * JSON: a parser into a flat list of values, decoders into C types, and a writer.
 */

#ifndef SPDK_JSON_H
#define SPDK_JSON_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/** For spdk_json_find(): any type. */
#define SPDK_JSON_VAL_ANY 0

/* Results of spdk_json_parse() */
#define SPDK_JSON_PARSE_INVALID -1
#define SPDK_JSON_PARSE_INCOMPLETE -2
#define SPDK_JSON_PARSE_MAX_DEPTH_EXCEEDED -3

/** Replace escapes in strings, in the text itself. */
#define SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE 1
/** Take C and C++ comments for white space. */
#define SPDK_JSON_PARSE_FLAG_ALLOW_COMMENTS 2

/** Lines and indentation by 2. */
#define SPDK_JSON_WRITE_FLAG_FORMATTED 1
/** Write the entries of batches into the array around them. */
#define SPDK_JSON_WRITE_FLAG_FLATTEN_BATCHES 2

struct spdk_json_object_decoder;
struct spdk_json_val;
struct spdk_json_write_ctx;
struct spdk_uuid;

enum spdk_json_val_type {
	SPDK_JSON_VAL_INVALID = 0,
	SPDK_JSON_VAL_NULL = 2,
	SPDK_JSON_VAL_TRUE = 4,
	SPDK_JSON_VAL_FALSE = 8,
	SPDK_JSON_VAL_NUMBER = 16,
	SPDK_JSON_VAL_STRING = 32,
	SPDK_JSON_VAL_ARRAY_BEGIN = 64,
	SPDK_JSON_VAL_ARRAY_END = 128,
	SPDK_JSON_VAL_OBJECT_BEGIN = 256,
	SPDK_JSON_VAL_OBJECT_END = 512,
	SPDK_JSON_VAL_NAME = 1024,
};

/** A value in a text. */
struct spdk_json_val {
	void *start; /* its first byte; of a string, the one behind the quote */
	uint32_t len;
	enum spdk_json_val_type type;
};

/** Decodes \p val into the C variable at \p out. 0, or not 0 when it can't. */
typedef int (*spdk_json_decode_fn)(const struct spdk_json_val *val, void *out);

/** How one member of an object is decoded. */
struct spdk_json_object_decoder {
	const char *name;
	size_t offset;
	spdk_json_decode_fn decode_func;
	bool optional;
};

/** Takes a piece of text from a writer. 0, or not 0 to make the writer fail. */
typedef int (*spdk_json_write_cb)(void *cb_ctx, const void *data, size_t size);

/**
 * Parse the first JSON value of a text into a flat list. Any thread; pure: no recursion, no
 * allocation, safe on any bytes. At most 64 arrays and objects inside each other.
 * \param json the text; changed only with SPDK_JSON_PARSE_FLAG_DECODE_IN_PLACE, where each
 * string that is stored is decoded in its own place. The values point into it.
 * \param values room for the values, or NULL to count them. A *_BEGIN value's len is the number
 * of values between it and its *_END; any other's is its length in bytes.
 * \param num_values the room; values beyond it are counted, not stored.
 * \param end set to what follows the value, or to what is wrong; may be NULL.
 * \param flags SPDK_JSON_PARSE_FLAG_*.
 * \return the number of values, or SPDK_JSON_PARSE_INVALID, SPDK_JSON_PARSE_INCOMPLETE when more
 * bytes could make it valid, SPDK_JSON_PARSE_MAX_DEPTH_EXCEEDED.
 */
ssize_t spdk_json_parse(void *json, size_t size, struct spdk_json_val *values, size_t num_values,
                        void **end, uint32_t flags);

/**
 * Decode an object's members into a struct by a list of decoders. Any thread.
 * \param values the object's first value.
 * \param out the struct; on an error it is partly filled, so free it by spdk_json_free_object()
 * in any case.
 * \return 0; -EINVAL when it is no object, a member is unknown, there twice, or does not decode,
 * or one that is not optional is missing; -ENOMEM.
 */
int spdk_json_decode_object(const struct spdk_json_val *values,
                            const struct spdk_json_object_decoder *decoders, size_t num_decoders,
                            void *out);

/** As spdk_json_decode_object(), but unknown members are ignored. */
int spdk_json_decode_object_relaxed(const struct spdk_json_val *values,
                                    const struct spdk_json_object_decoder *decoders,
                                    size_t num_decoders, void *out);

/**
 * Decode an array's elements, \p stride bytes apart. Any thread.
 * \param max_size room, in elements.
 * \param out_size set to the number of elements decoded, on an error too.
 * \return 0, -EINVAL when it is no array, -ENOSPC when it is longer than \p max_size, or what
 * \p decode_func returned.
 */
int spdk_json_decode_array(const struct spdk_json_val *values, spdk_json_decode_fn decode_func,
                           void *out, size_t max_size, size_t *out_size, size_t stride);

/** Decode true or false into a bool. Any thread. 0 or -EINVAL. */
int spdk_json_decode_bool(const struct spdk_json_val *val, void *out);

/** Decode a number into the uint8_t at \p out, as spdk_json_number_to_uint8(). Any thread. */
int spdk_json_decode_uint8(const struct spdk_json_val *val, void *out);

/** Decode a number into the uint16_t at \p out, as spdk_json_number_to_uint16(). Any thread. */
int spdk_json_decode_uint16(const struct spdk_json_val *val, void *out);

/** Decode a number into the int32_t at \p out, as spdk_json_number_to_int32(). Any thread. */
int spdk_json_decode_int32(const struct spdk_json_val *val, void *out);

/** Decode a number into the uint32_t at \p out, as spdk_json_number_to_uint32(). Any thread. */
int spdk_json_decode_uint32(const struct spdk_json_val *val, void *out);

/** Decode a number into the uint64_t at \p out, as spdk_json_number_to_uint64(). Any thread. */
int spdk_json_decode_uint64(const struct spdk_json_val *val, void *out);

/**
 * Decode a string into the char * at \p out, which must be NULL or from malloc(); what it had is
 * freed. Any thread. The string is from malloc() and belongs to the caller. 0, or -EINVAL when
 * it is no string, holds a 0 byte, or memory is short.
 */
int spdk_json_decode_string(const struct spdk_json_val *val, void *out);

/** Decode a string into the struct spdk_uuid at \p out. Any thread. 0 or -EINVAL. */
int spdk_json_decode_uuid(const struct spdk_json_val *val, void *out);

/**
 * Free the strings that spdk_json_decode_object() put into \p obj, and set them to NULL. Any
 * thread.
 */
void spdk_json_free_object(const struct spdk_json_object_decoder *decoders, size_t num_decoders,
                           void *obj);

/**
 * How many values of the list \p val takes: 1, or all of an array or object. Any thread; pure.
 */
size_t spdk_json_val_len(const struct spdk_json_val *val);

/** The number of elements of an array; 0 for what is none. Any thread; pure. */
size_t spdk_json_array_count(const struct spdk_json_val *val);

/** Whether a string or name is \p str. Any thread; pure. */
bool spdk_json_strequal(const struct spdk_json_val *val, const char *str);

/**
 * A copy of a string or name with a 0 behind it, from malloc(), the caller's. Any thread. NULL
 * when it is none, holds a 0 byte, or memory is short.
 */
char *spdk_json_strdup(const struct spdk_json_val *val);

/**
 * The uint8_t that a number is; 10, 10.0 and 1e1 are the same. Any thread; pure.
 * \return 0; -EINVAL when it is no number; -ERANGE when it has a fraction or does not fit. \p
 * num changes only with 0.
 */
int spdk_json_number_to_uint8(const struct spdk_json_val *val, uint8_t *num);

/**
 * The uint16_t that a number is; 10, 10.0 and 1e1 are the same. Any thread; pure.
 * \return 0; -EINVAL when it is no number; -ERANGE when it has a fraction or does not fit. \p
 * num changes only with 0.
 */
int spdk_json_number_to_uint16(const struct spdk_json_val *val, uint16_t *num);

/**
 * The int32_t that a number is; 10, 10.0 and 1e1 are the same. Any thread; pure.
 * \return 0; -EINVAL when it is no number; -ERANGE when it has a fraction or does not fit. \p
 * num changes only with 0.
 */
int spdk_json_number_to_int32(const struct spdk_json_val *val, int32_t *num);

/**
 * The uint32_t that a number is; 10, 10.0 and 1e1 are the same. Any thread; pure.
 * \return 0; -EINVAL when it is no number; -ERANGE when it has a fraction or does not fit. \p
 * num changes only with 0.
 */
int spdk_json_number_to_uint32(const struct spdk_json_val *val, uint32_t *num);

/**
 * The uint64_t that a number is; 10, 10.0 and 1e1 are the same. Any thread; pure.
 * \return 0; -EINVAL when it is no number; -ERANGE when it has a fraction or does not fit. \p
 * num changes only with 0.
 */
int spdk_json_number_to_uint64(const struct spdk_json_val *val, uint64_t *num);

/**
 * Start writing JSON text.
 * \param write_cb gets the text in pieces of up to 4 KiB, on the writer's thread; not 0 makes
 * the writer fail.
 * \param flags SPDK_JSON_WRITE_FLAG_*.
 * \return the writer, which spdk_json_write_end() frees, or NULL when out of memory.
 */
struct spdk_json_write_ctx *
spdk_json_write_begin(spdk_json_write_cb write_cb, void *cb_ctx, uint32_t flags);

/**
 * Hand out what is left and free the writer; NULL is allowed. 0, or -1 when anything failed or
 * an array or object was left open.
 */
int spdk_json_write_end(struct spdk_json_write_ctx *w);

/** Forget what has not been handed out, all nesting and any failure: begin anew. */
void spdk_json_write_reset(struct spdk_json_write_ctx *w);

/** Set more SPDK_JSON_WRITE_FLAG_* from here on. */
void spdk_json_write_add_flags(struct spdk_json_write_ctx *w, uint32_t flags);

/**
 * Append null to \p w. As all of the writer: the thread that owns \p w; 0, or -1 once anything
 * has failed.
 */
int spdk_json_write_null(struct spdk_json_write_ctx *w);

/**
 * Append true or false to \p w. As all of the writer: the thread that owns \p w; 0, or -1 once
 * anything has failed.
 */
int spdk_json_write_bool(struct spdk_json_write_ctx *w, bool val);

/**
 * Append a number to \p w. As all of the writer: the thread that owns \p w; 0, or -1 once
 * anything has failed.
 */
int spdk_json_write_uint8(struct spdk_json_write_ctx *w, uint8_t val);

/**
 * Append a number to \p w. As all of the writer: the thread that owns \p w; 0, or -1 once
 * anything has failed.
 */
int spdk_json_write_uint16(struct spdk_json_write_ctx *w, uint16_t val);

/**
 * Append a number to \p w. As all of the writer: the thread that owns \p w; 0, or -1 once
 * anything has failed.
 */
int spdk_json_write_int32(struct spdk_json_write_ctx *w, int32_t val);

/**
 * Append a number to \p w. As all of the writer: the thread that owns \p w; 0, or -1 once
 * anything has failed.
 */
int spdk_json_write_uint32(struct spdk_json_write_ctx *w, uint32_t val);

/**
 * Append a number to \p w. As all of the writer: the thread that owns \p w; 0, or -1 once
 * anything has failed.
 */
int spdk_json_write_int64(struct spdk_json_write_ctx *w, int64_t val);

/**
 * Append a number to \p w. As all of the writer: the thread that owns \p w; 0, or -1 once
 * anything has failed.
 */
int spdk_json_write_uint64(struct spdk_json_write_ctx *w, uint64_t val);

/** Append the number high_val * 2^64 + low_val. 0 or -1. */
int spdk_json_write_uint128(struct spdk_json_write_ctx *w, uint64_t low_val, uint64_t high_val);

/** Append a number; null for what JSON has no number for (NaN, infinity). 0 or -1. */
int spdk_json_write_double(struct spdk_json_write_ctx *w, double val);

/** Append a string of UTF-8; bytes that are none become U+FFFD. 0 or -1. */
int spdk_json_write_string(struct spdk_json_write_ctx *w, const char *val);

/** As spdk_json_write_string() of \p len bytes, which may hold a 0. */
int spdk_json_write_string_raw(struct spdk_json_write_ctx *w, const char *val, size_t len);

/** Append \p len bytes as a string of upper-case hexadecimal digits. 0 or -1. */
int spdk_json_write_bytearray(struct spdk_json_write_ctx *w, const void *val, size_t len);

/** Append a UUID as a string in lower case. 0 or -1. */
int spdk_json_write_uuid(struct spdk_json_write_ctx *w, const struct spdk_uuid *uuid);

/** Append little-endian UTF-16, up to a 0, as a string; half pairs become U+FFFD. 0 or -1. */
int spdk_json_write_string_utf16le(struct spdk_json_write_ctx *w, const uint16_t *val);

/** The same of \p len units. */
int
spdk_json_write_string_utf16le_raw(struct spdk_json_write_ctx *w, const uint16_t *val, size_t len);

/** Append a string made as by printf(). 0, or -1 also when out of memory. */
int spdk_json_write_string_fmt(struct spdk_json_write_ctx *w, const char *fmt, ...)
        __attribute__((__format__(__printf__, 2, 3)));

/** Append a string made as by vprintf(). 0, or -1 also when out of memory. */
int spdk_json_write_string_fmt_v(struct spdk_json_write_ctx *w, const char *fmt, va_list args);

/** Open an array. 0 or -1. */
int spdk_json_write_array_begin(struct spdk_json_write_ctx *w);

/** Close the array. 0, or -1 also when none is open. */
int spdk_json_write_array_end(struct spdk_json_write_ctx *w);

/**
 * Open an array of entries that belong together; with SPDK_JSON_WRITE_FLAG_FLATTEN_BATCHES they
 * stand in the array around it instead. 0 or -1.
 */
int spdk_json_write_batch_begin(struct spdk_json_write_ctx *w);

/** Close the batch. 0, or -1 also when none is open. */
int spdk_json_write_batch_end(struct spdk_json_write_ctx *w);

/** Open an object. 0 or -1. */
int spdk_json_write_object_begin(struct spdk_json_write_ctx *w);

/** Close the object. 0, or -1 also when none is open. */
int spdk_json_write_object_end(struct spdk_json_write_ctx *w);

/** Append a member's name; its value comes next. 0 or -1. */
int spdk_json_write_name(struct spdk_json_write_ctx *w, const char *name);

/** The same of \p len bytes. */
int spdk_json_write_name_raw(struct spdk_json_write_ctx *w, const char *name, size_t len);

/** Append a parsed value with all that it holds. 0 or -1. */
int spdk_json_write_val(struct spdk_json_write_ctx *w, const struct spdk_json_val *val);

/** Append text that is JSON already. 0 or -1. */
int spdk_json_write_val_raw(struct spdk_json_write_ctx *w, const void *data, size_t len);

/** spdk_json_write_name(), then spdk_json_write_null(). 0 or -1. */
int spdk_json_write_named_null(struct spdk_json_write_ctx *w, const char *name);

/** spdk_json_write_name(), then spdk_json_write_bool(). 0 or -1. */
int spdk_json_write_named_bool(struct spdk_json_write_ctx *w, const char *name, bool val);

/** spdk_json_write_name(), then spdk_json_write_uint8(). 0 or -1. */
int spdk_json_write_named_uint8(struct spdk_json_write_ctx *w, const char *name, uint8_t val);

/** spdk_json_write_name(), then spdk_json_write_uint16(). 0 or -1. */
int spdk_json_write_named_uint16(struct spdk_json_write_ctx *w, const char *name, uint16_t val);

/** spdk_json_write_name(), then spdk_json_write_int32(). 0 or -1. */
int spdk_json_write_named_int32(struct spdk_json_write_ctx *w, const char *name, int32_t val);

/** spdk_json_write_name(), then spdk_json_write_uint32(). 0 or -1. */
int spdk_json_write_named_uint32(struct spdk_json_write_ctx *w, const char *name, uint32_t val);

/** spdk_json_write_name(), then spdk_json_write_int64(). 0 or -1. */
int spdk_json_write_named_int64(struct spdk_json_write_ctx *w, const char *name, int64_t val);

/** spdk_json_write_name(), then spdk_json_write_uint64(). 0 or -1. */
int spdk_json_write_named_uint64(struct spdk_json_write_ctx *w, const char *name, uint64_t val);

/** spdk_json_write_name(), then spdk_json_write_uint128(). 0 or -1. */
int spdk_json_write_named_uint128(struct spdk_json_write_ctx *w, const char *name, uint64_t low_val,
                                  uint64_t high_val);

/** spdk_json_write_name(), then spdk_json_write_double(). 0 or -1. */
int spdk_json_write_named_double(struct spdk_json_write_ctx *w, const char *name, double val);

/** spdk_json_write_name(), then spdk_json_write_string(). 0 or -1. */
int spdk_json_write_named_string(struct spdk_json_write_ctx *w, const char *name, const char *val);

/** spdk_json_write_name(), then spdk_json_write_string_fmt(). 0 or -1. */
int
spdk_json_write_named_string_fmt(struct spdk_json_write_ctx *w, const char *name, const char *fmt,
                                 ...) __attribute__((__format__(__printf__, 3, 4)));

/** spdk_json_write_name(), then spdk_json_write_string_fmt_v(). 0 or -1. */
int spdk_json_write_named_string_fmt_v(struct spdk_json_write_ctx *w, const char *name,
                                       const char *fmt, va_list args);

/** spdk_json_write_name(), then spdk_json_write_bytearray(). 0 or -1. */
int spdk_json_write_named_bytearray(struct spdk_json_write_ctx *w, const char *name,
                                    const void *val, size_t len);

/** spdk_json_write_name(), then spdk_json_write_uuid(). 0 or -1. */
int spdk_json_write_named_uuid(struct spdk_json_write_ctx *w, const char *name,
                               const struct spdk_uuid *uuid);

/** spdk_json_write_name(), then spdk_json_write_array_begin(). 0 or -1. */
int spdk_json_write_named_array_begin(struct spdk_json_write_ctx *w, const char *name);

/** spdk_json_write_name(), then spdk_json_write_object_begin(). 0 or -1. */
int spdk_json_write_named_object_begin(struct spdk_json_write_ctx *w, const char *name);

/**
 * Find a member of an object by name. Any thread; pure.
 * \param key set to the name's value unless NULL.
 * \param val set to the member's value unless NULL.
 * \param type the type, or types, that it must have, or SPDK_JSON_VAL_ANY.
 * \return 0; -EINVAL when \p object is no object or has it twice; -ENOENT; -EDOM when it is of
 * another type.
 */
int spdk_json_find(struct spdk_json_val *object, const char *key_name, struct spdk_json_val **key,
                   struct spdk_json_val **val, enum spdk_json_val_type type);

/** spdk_json_find() of a string. */
int spdk_json_find_string(struct spdk_json_val *object, const char *key_name,
                          struct spdk_json_val **key, struct spdk_json_val **val);

/** spdk_json_find() of an array. */
int spdk_json_find_array(struct spdk_json_val *object, const char *key_name,
                         struct spdk_json_val **key, struct spdk_json_val **value);

/** The first name of an object; NULL when it is empty or no object. Any thread; pure. */
struct spdk_json_val *spdk_json_object_first(struct spdk_json_val *object);

/** The first element of an array; NULL when it is empty or no array. Any thread; pure. */
struct spdk_json_val *spdk_json_array_first(struct spdk_json_val *array_begin);

/**
 * The next name behind a name, or the next element behind an element; NULL at the end. Any
 * thread; pure.
 */
struct spdk_json_val *spdk_json_next(struct spdk_json_val *pos);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_JSON_H */
