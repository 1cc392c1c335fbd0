/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * TODO(doc)
 */

#ifndef SPDK_INIT_H
#define SPDK_INIT_H

#include "spdk/stdinc.h"
#include "spdk/log.h"
#include "spdk/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define SPDK_DEFAULT_RPC_ADDR "/var/tmp/spdk.sock"

/** Register the subsystem \p _name before main(). For modules outside the library. */
#define SPDK_SUBSYSTEM_REGISTER(_name) \
	__attribute__((constructor)) static void _name##_register(void) \
	{ \
		spdk_add_subsystem(&_name); \
	}
/** Say before main() that \p _name starts after \p _depends_on. */
#define SPDK_SUBSYSTEM_DEPEND(_name, _depends_on) \
	static struct spdk_subsystem_depend __subsystem_##_name##_depend_on_##_depends_on = { \
		.name = #_name, \
		.depends_on = #_depends_on, \
	}; \
	__attribute__((constructor)) static void _name##_depend_on_##_depends_on(void) \
	{ \
		spdk_add_subsystem_depend(&__subsystem_##_name##_depend_on_##_depends_on); \
	}

struct spdk_json_write_ctx;
struct spdk_rpc_opts;
struct spdk_subsystem;
struct spdk_subsystem_depend;

struct spdk_rpc_opts {
	size_t size;
	FILE *log_file;
	enum spdk_log_level log_level;
};

struct spdk_subsystem {
	const char *name;
	void (*init)(void);
	void (*fini)(void);
	void (*write_config_json)(struct spdk_json_write_ctx *w);
	TAILQ_ENTRY(spdk_subsystem) tailq;
};

struct spdk_subsystem_depend {
	const char *name;
	const char *depends_on;
	TAILQ_ENTRY(spdk_subsystem_depend) tailq;
};

typedef void (*spdk_subsystem_init_fn)(int rc, void *ctx);

typedef void (*spdk_subsystem_fini_fn)(void *ctx);

int spdk_rpc_initialize(const char *listen_addr, const struct spdk_rpc_opts *opts);

void spdk_rpc_finish(void);

void spdk_rpc_server_finish(const char *listen_addr);

void spdk_subsystem_init(spdk_subsystem_init_fn cb_fn, void *cb_arg);

void spdk_subsystem_load_config(void *json, ssize_t json_size, spdk_subsystem_init_fn cb_fn, void *cb_arg, bool stop_on_error);

void spdk_subsystem_fini(spdk_subsystem_fini_fn cb_fn, void *cb_arg);

bool spdk_subsystem_exists(const char *name);

void spdk_rpc_server_pause(const char *listen_addr);

void spdk_rpc_server_resume(const char *listen_addr);

void spdk_add_subsystem(struct spdk_subsystem *subsystem);

void spdk_add_subsystem_depend(struct spdk_subsystem_depend *depend);

void spdk_subsystem_init_next(int rc);

void spdk_subsystem_fini_next(void);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_INIT_H */
