/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * RPC methods as tables. A table is the one source for the decoder, the errors, `rpc_get_schema`,
 * the command line of rpc.py and the reference pages. It stands in the file of its handlers:
 * `lib/<lib>/<lib>_rpc.c`, `module/<interface>/<name>/rpc.c`, and for floors 0 to 3
 * `module/rpc/<lib>/rpc.c`; the build lists it in `rpc_tables` and thereby links it in.
 *
 *	struct null_resize {
 *		char *name;
 *		uint64_t new_size_mib;
 *	};
 *	static const struct rpc_param null_resize_params[] = {
 *		RPC_PARAM(struct null_resize, name, RPC_STRING, .required = true,
 *			  .help = "Name of the bdev", .cli = RPC_POSITIONAL),
 *		RPC_PARAM_AS("new_size", struct null_resize, new_size_mib, RPC_UINT64,
 *			     .required = true, .min = 1, .unit = "MiB", .help = "New size",
 *			     .cli = RPC_POSITIONAL),
 *	};
 *	static const struct rpc_method null_methods[] = {
 *		{ .name = "bdev_null_resize", .states = SPDK_RPC_RUNTIME, .role = RPC_ROLE_ADMIN,
 *		  .changes_config = true, RPC_PARAMS(struct null_resize, null_resize_params),
 *		  .handler = rpc_bdev_null_resize, .result = RPC_RESULT_BOOL,
 *		  .help = "Resize a null bdev", },
 *	};
 *	const struct rpc_table null_rpc_table = RPC_TABLE(null_methods);
 */

#ifndef SPDK_INTERNAL_RPC_TABLE_H
#define SPDK_INTERNAL_RPC_TABLE_H

#include "spdk/jsonrpc.h"
#include "spdk/rpc.h"
#include "spdk/util.h"

enum rpc_type {
	RPC_BOOL,    /* bool */
	RPC_INT32,   /* int32_t */
	RPC_UINT8,   /* uint8_t */
	RPC_UINT16,  /* uint16_t */
	RPC_UINT32,  /* uint32_t */
	RPC_UINT64,  /* uint64_t */
	RPC_STRING,  /* char *, the decoder's; NULL when absent */
	RPC_UUID,    /* struct spdk_uuid */
	RPC_ENUM,    /* int32_t: one of `values`, given by name */
	RPC_OBJECT,  /* a struct embedded at the offset, described by `object` */
	RPC_ARRAY,   /* struct rpc_array of `element` */
	RPC_BITMASK, /* uint32_t: an array of names out of `values`, whose numbers are bit numbers
	              */
	RPC_JSON,    /* const struct spdk_json_val *: as it came, for keys that go to a plug-in */
};

struct rpc_enum_value {
	const char *name; /* NULL ends the list */
	int32_t value;
};

/** A decoded array: `count` elements, each of the C type of `element`, or the struct of `object`.
 */
struct rpc_array {
	void *items;
	size_t count;
};

struct rpc_param;

/** The members of an object, or of the elements of an array of objects. */
struct rpc_object {
	const struct rpc_param *params;
	size_t num_params;
	size_t size_bytes; /* of the C struct */
};

enum rpc_cli_kind {
	RPC_CLI_NONE, /* not on the command line */
	RPC_CLI_POSITIONAL,
	RPC_CLI_OPTION,
};

/**
 * The command-line row of a parameter; SPDK's flags. What is NULL follows from the parameter: the
 * argument's type from its type, "required" from `required` (a positional that is not required may
 * be left out), the choices from its enum, the action of a bool is "store_true" with the default
 * false, which is sent always; anything else that was not given is not sent.
 * Positionals come in the order of the table.
 */
struct rpc_cli {
	enum rpc_cli_kind kind;
	const char *flags; /* "-b/--name"; NULL: "--" and the parameter's name with '-' for '_' */
	const char *dest;  /* name in the usage when it differs from the parameter's */
	/** NULL, "store_true", "store_false", "boolean_optional" (--x and --no-x, sent only when
	 *  given), "append": SPDK's argparse action. */
	const char *action;
	/**
	 * How the argument becomes the parameter. NULL: as it is.
	 * "mib_to_blocks": whole MiB, over the value of block_size; "mib_to_blocks:float": may have
	 * a fraction. "hex": a number of base 16. "split:," / "split: " / "split:": a list, split
	 * at the comma, the blank, white space. "flags:,": an object with `true` under each name of
	 * the list.
	 */
	const char *conv;
	const char *choices; /* "0|1|2"; NULL: an enum's names, else any */
	const char *dflt;    /* JSON text, sent when not given; NULL: as above */
	int group;           /* options of one group > 0 exclude each other */
};

#define RPC_POSITIONAL \
	{ \
		.kind = RPC_CLI_POSITIONAL \
	}
#define RPC_OPTION(flags_) \
	{ \
		.kind = RPC_CLI_OPTION, .flags = flags_ \
	}

/** Where a value that was not given comes from. The journal of changes has it filled in. */
enum rpc_generated {
	RPC_GENERATED_NOT,
	RPC_GENERATED_UUID,   /* a random one */
	RPC_GENERATED_RESULT, /* the method makes it up, and answers with it */
};

struct rpc_param {
	const char *name; /* the JSON key */
	enum rpc_type type;
	uint32_t offset; /* of the value in the C struct */
	/** Offset + 1 of a bool that is set when the parameter was given; 0: none. */
	uint32_t given_offset;
	bool required;
	bool deprecated;
	bool secret; /* its value appears in no message and in no journal */
	enum rpc_generated generated;
	/** Value when absent, as JSON text, decoded like a given one; NULL: zero bytes. */
	const char *dflt;
	/** Limits of a number, or of a string's or array's length; max 0: the type's own. */
	uint64_t min;
	uint64_t max;
	const char *unit;                    /* "bytes", "us", "MiB", "blocks" */
	const char *help;                    /* one line, our words */
	const struct rpc_enum_value *values; /* RPC_ENUM */
	const struct rpc_object *object;     /* RPC_OBJECT, RPC_ARRAY of RPC_OBJECT */
	enum rpc_type element;               /* RPC_ARRAY */
	struct rpc_cli cli;
};

/* Designated initialisers go behind the type. */
#define RPC_PARAM_AS(key, ctype, field, rtype, ...) \
	{ \
		.name = key, .type = rtype, .offset = offsetof(ctype, field), __VA_ARGS__ \
	}
#define RPC_PARAM(ctype, field, rtype, ...) RPC_PARAM_AS(#field, ctype, field, rtype, __VA_ARGS__)
#define RPC_GIVEN(ctype, field) .given_offset = offsetof(ctype, field) + 1

enum rpc_role {
	RPC_ROLE_OBSERVE, /* reads only */
	RPC_ROLE_OPERATE, /* changes what is running, not what is configured */
	RPC_ROLE_ADMIN,
};

enum rpc_result {
	RPC_RESULT_BOOL,   /* true */
	RPC_RESULT_STRING, /* the name or id of what was made */
	RPC_RESULT_NUMBER,
	RPC_RESULT_ARRAY,
	RPC_RESULT_OBJECT,
};

struct rpc_method {
	const char *name;
	uint32_t states; /* SPDK_RPC_STARTUP | SPDK_RPC_RUNTIME */
	enum rpc_role role;
	bool changes_config;
	bool hidden; /* not in the command line */
	const struct rpc_param *params;
	size_t num_params;
	size_t params_size_bytes;
	/**
	 * Runs on the app thread with the decoded parameters (NULL for a method without any). They,
	 * and all they point to, live until the request is answered, and are freed then. The
	 * handler answers exactly once, now or later, by spdk_jsonrpc_begin_result()/end_result(),
	 * send_bool_response() or rpc_error().
	 */
	void (*handler)(struct spdk_jsonrpc_request *request, void *params);
	enum rpc_result result;
	/** What rpc.py prints: "none", "json", "string" (a string without its quotes), "list"
	 * (names on one line). NULL: by `result`: nothing for a bool, "string" for a string, else
	 * JSON. */
	const char *cli_output;
	/** Code of the answer to parameters that don't decode, as observed; 0: -32603, and -32602
	 * for parameters given to a method that has none. */
	int decode_code;
	/** The same for a parameter that the method does not know, where it differs; 0:
	 * decode_code. */
	int unknown_code;
	/** Offset + 1 of a `const struct spdk_json_val *` in the C struct that gets the whole
	 * object of parameters as it came, NULL when there was none; 0: none. Members that the
	 * table does not know are then left to the handler: for methods whose parameters go to a
	 * plug-in too. */
	uint32_t all_params_offset;
	/** A method without parameters that does not mind being given some. */
	bool ignores_params;
	bool deprecated;
	const char *help;
};

#define RPC_PARAMS(ctype, table) \
	.params = table, .num_params = SPDK_COUNTOF(table), .params_size_bytes = sizeof(ctype)

struct rpc_table {
	const struct rpc_method *methods;
	size_t num_methods;
};

#define RPC_TABLE(array) \
	{ \
		.methods = array, .num_methods = SPDK_COUNTOF(array) \
	}

/**
 * Answer \p request with an error.
 * \param code a negative errno or an SPDK_JSONRPC_ERROR_*.
 * \param fmt the text: names the thing, the reason and the remedy.
 */
void rpc_error(struct spdk_jsonrpc_request *request, int code, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

/** Answer \p request with a string, such as the name of what was made. */
void rpc_answer_string(struct spdk_jsonrpc_request *request, const char *text);

/**
 * The end of a call that reports by (arg, rc).
 * \param request a struct spdk_jsonrpc_request; answered with true, or with an error.
 * \param rc 0, or the negative errno of the error.
 */
void rpc_answer_done(void *request, int rc);

/** Begin an entry of a configuration, `{"method": M, "params": {`; the parameters follow. */
void rpc_write_entry_begin(struct spdk_json_write_ctx *w, const char *method);
/** The entry is complete. */
void rpc_write_entry_end(struct spdk_json_write_ctx *w);

#endif /* SPDK_INTERNAL_RPC_TABLE_H */
