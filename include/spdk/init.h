/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Subsystems, the RPC servers of an application, and loading a configuration.
 */

#ifndef SPDK_INIT_H
#define SPDK_INIT_H

#include "basalt/deprecated.h"
#include "spdk/assert.h"
#include "spdk/stdinc.h"
#include "spdk/log.h"
#include "spdk/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/** Where a program serves RPCs unless told otherwise. */
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

/** Options of spdk_rpc_initialize(); set `size` to the struct's. */
struct spdk_rpc_opts {
	size_t size;
	FILE *log_file;
	enum spdk_log_level log_level;
};
SPDK_STATIC_ASSERT(sizeof(struct spdk_rpc_opts) == 24, "the size is interface");

/** A part of a program that is started and stopped; see spdk_subsystem_init_next() and
 * _fini_next(). */
struct spdk_subsystem {
	const char *name;
	void (*init)(void);
	void (*fini)(void);
	void (*write_config_json)(struct spdk_json_write_ctx *w);
	TAILQ_ENTRY(spdk_subsystem) tailq;
};

/** \p name starts behind \p depends_on. */
struct spdk_subsystem_depend {
	const char *name;
	const char *depends_on;
	TAILQ_ENTRY(spdk_subsystem_depend) tailq;
};

/** 0 or a negative errno. */
typedef void (*spdk_subsystem_init_fn)(int rc, void *ctx);

/** All have stopped. */
typedef void (*spdk_subsystem_fini_fn)(void *ctx);

/**
 * Start an RPC server on the current thread. App thread.
 * \param listen_addr a path or "host:port"; NULL: no server, and 0.
 * \param opts may be NULL.
 * \return 0; -EINVAL when \p opts has size 0, methods were registered badly, or \p listen_addr
 * can't be used; -ENOMEM. The log has the reason.
 */
int spdk_rpc_initialize(const char *listen_addr, const struct spdk_rpc_opts *opts);

/** Stop all RPC servers. App thread. */
void spdk_rpc_finish(void);

/** Stop the RPC server at \p listen_addr. App thread. */
void spdk_rpc_server_finish(const char *listen_addr);

/**
 * Start all subsystems of the program, each behind those that it depends on. App thread.
 * \param cb_fn runs once, perhaps before this returns: 0, -EINVAL when the needs of one can't be
 * met, -ENOMEM, or the errno of the first that did not start. Then, too, spdk_subsystem_fini()
 * is due.
 */
void spdk_subsystem_init(spdk_subsystem_init_fn cb_fn, void *cb_arg);

/**
 * Run the methods of a JSON configuration that belong to the present state: in STARTUP those
 * that may be called there, in RUNTIME those that may be called only there. App thread.
 * \param json copied; may hold comments.
 * \param cb_fn runs once: 0; -ENOENT for a method that does not exist; -EINVAL for broken JSON
 * or a method that failed; -ENOMEM. The log has line, column and reason.
 * \param stop_on_error end at the first entry that fails; else log it and go on. Broken JSON
 * always ends it.
 */
void spdk_subsystem_load_config(void *json, ssize_t json_size, spdk_subsystem_init_fn cb_fn,
                                void *cb_arg, bool stop_on_error);

/**
 * Stop the subsystems that are up, the last one first. App thread. \p cb_fn runs once, perhaps
 * before this returns.
 */
void spdk_subsystem_fini(spdk_subsystem_fini_fn cb_fn, void *cb_arg);

/** Whether the program has a subsystem of this name. App thread. */
bool spdk_subsystem_exists(const char *name);

/** Let the RPC server at \p listen_addr answer nothing for now; requests wait. App thread. */
void spdk_rpc_server_pause(const char *listen_addr);

/** Let it answer again. App thread. */
void spdk_rpc_server_resume(const char *listen_addr);

/**
 * Add a subsystem, which stays the caller's, for good. Before main(), or before
 * spdk_subsystem_init().
 */
void spdk_add_subsystem(struct spdk_subsystem *subsystem);

/** Say that one subsystem starts behind another. As spdk_add_subsystem(). */
void spdk_add_subsystem_depend(struct spdk_subsystem_depend *depend);

/**
 * A subsystem's init() is done, now or later: 0, or the negative errno why it did not start. App
 * thread.
 */
void spdk_subsystem_init_next(int rc);

/** A subsystem's fini() is done, now or later. App thread. */
void spdk_subsystem_fini_next(void);

/* ---- Dropped by SPDK ---- */

/**
 * spdk_subsystem_load_config() of a file, which is read before this returns. App thread.
 * \param rpc_addr ignored: the methods are called without a socket.
 */
void
spdk_subsystem_init_from_json_config(const char *json_config_file, const char *rpc_addr,
                                     spdk_subsystem_init_fn cb_fn, void *cb_arg, bool stop_on_error)
        BASALT_DEPRECATED("spdk_subsystem_load_config()");

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_INIT_H */
