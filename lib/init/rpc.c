/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The RPC servers of the application, each driven by a poller that is woken by its descriptor, so
 * that an idle process sleeps. While a peer owes something (the rest of a request, say) a timed
 * poller waits for the end of its time, and only then. A paused server takes no requests; what its
 * peers send waits. App thread. */

#include "spdk/env.h"
#include "spdk/init.h"
#include "spdk/jsonrpc.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/rpc.h"
#include "spdk_internal/rpc_pieces.h"
#include "spdk_internal/system_state.h"
#include "spdk_internal/thread.h"

/* How often a reactor that is busy anyway looks at a server. */
#define LOOK_PERIOD_US 1000

struct init_rpc_server {
	struct spdk_rpc_server *server;
	struct spdk_poller *poller; /* NULL while paused */
	struct spdk_poller *timer;  /* NULL while no peer owes anything */
	uint64_t deadline;          /* of `timer` */
	char *addr;
	STAILQ_ENTRY(init_rpc_server) link;
};

static SYSTEM_STATE struct {
	STAILQ_HEAD(, init_rpc_server) servers;
} g_rpc_servers = {
	.servers = STAILQ_HEAD_INITIALIZER(g_rpc_servers.servers),
};

static int poll_server(void *arg);

/* Let the timer run at the server's next deadline. Without memory for it, the next step tries
 * again, and deadlines are late. */
static void
set_timer(struct init_rpc_server *s)
{
	uint64_t deadline = rpc_server_get_deadline(s->server), now = spdk_get_ticks();
	uint64_t ticks_us = spdk_max(spdk_get_ticks_hz() / SPDK_SEC_TO_USEC, 1);
	struct poller_opts opts = { .name = "rpc_deadline", .kind = POLLER_TIMED, .fd = -1 };

	if (s->timer != NULL && s->deadline == deadline) {
		return;
	}
	spdk_poller_unregister(&s->timer);
	if (deadline != UINT64_MAX) {
		opts.period_us = (deadline > now ? deadline - now : 0) / ticks_us + 1;
		s->timer = thread_poller_register(poll_server, s, &opts);
		s->deadline = deadline;
	}
}

static int
poll_server(void *arg)
{
	struct init_rpc_server *s = arg;
	int did = rpc_server_step(s->server);

	set_timer(s);
	return did > 0 ? SPDK_POLLER_BUSY : SPDK_POLLER_IDLE;
}

static int
start_polling(struct init_rpc_server *s)
{
	struct poller_opts opts = {
		.name = "rpc_server",
		.kind = POLLER_FD,
		.period_us = LOOK_PERIOD_US,
		.fd = rpc_server_get_fd(s->server),
		.counter = rpc_server_get_counter(s->server),
	};

	if (s->poller == NULL) {
		s->poller = thread_poller_register(poll_server, s, &opts);
		set_timer(s);
	}
	return s->poller != NULL ? 0 : -ENOMEM;
}

static void
stop_polling(struct init_rpc_server *s)
{
	spdk_poller_unregister(&s->poller);
	spdk_poller_unregister(&s->timer);
}

static void
server_free(struct init_rpc_server *s)
{
	stop_polling(s);
	if (s->server != NULL) {
		spdk_rpc_server_close(s->server);
	}
	free(s->addr);
	free(s);
}

static int
server_create(const char *addr, struct init_rpc_server **out)
{
	struct init_rpc_server *s;
	int rc;

	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		return -ENOMEM;
	}
	s->addr = strdup(addr);
	rc = s->addr != NULL ? rpc_server_listen(addr, &s->server) : -ENOMEM;
	if (rc == 0) {
		rc = start_polling(s);
	}
	if (rc != 0) {
		server_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

static struct init_rpc_server *
find_server(const char *addr)
{
	struct init_rpc_server *s;

	STAILQ_FOREACH(s, &g_rpc_servers.servers, link) {
		if (strcmp(s->addr, addr) == 0) {
			return s;
		}
	}
	return NULL;
}

static const char *
remedy(int rc)
{
	switch (-rc) {
	case EADDRINUSE:
		return "another process listens there; choose another with -r";
	case EACCES:
	case EPERM:
	case EROFS:
		return "this user may not make it; choose another with -r";
	case EEXIST:
		return "what is there is no socket; choose another path with -r";
	case ENOENT:
		return "its folder does not exist; choose another with -r";
	case ENAMETOOLONG:
		return "the path is too long for a socket";
	case EINVAL:
		return "it is none of PATH, HOST:PORT and [IPV6]:PORT; choose another with -r";
	case EMFILE:
	case ENFILE:
		return "too many open files: raise ulimit -n";
	default:
		return spdk_strerror(-rc);
	}
}

static void
apply_opts(const struct spdk_rpc_opts *opts)
{
	if (opts == NULL) {
		return;
	}
	if (opts->size >= offsetof(struct spdk_rpc_opts, log_file) + sizeof(opts->log_file)) {
		spdk_jsonrpc_set_log_file(opts->log_file);
	}
	if (opts->size >= offsetof(struct spdk_rpc_opts, log_level) + sizeof(opts->log_level)) {
		spdk_jsonrpc_set_log_level(opts->log_level);
	}
}

int
spdk_rpc_initialize(const char *listen_addr, const struct spdk_rpc_opts *opts)
{
	struct init_rpc_server *s;
	int rc;

	if (listen_addr == NULL) {
		return 0; /* no server is wanted */
	}
	if (opts != NULL && opts->size == 0) {
		return -EINVAL;
	}
	if (!spdk_rpc_verify_methods()) {
		return -EINVAL;
	}
	if (find_server(listen_addr) != NULL) {
		SPDK_ERRLOG("there is an RPC server at %s already\n", listen_addr);
		return -EINVAL;
	}
	rc = server_create(listen_addr, &s);
	if (rc != 0) {
		SPDK_ERRLOG("can't listen for RPCs at %s: %s\n", listen_addr, remedy(rc));
		return rc == -ENOMEM ? rc : -EINVAL; /* SPDK's, and programs' exit status */
	}
	if (strchr(listen_addr, '/') == NULL && strchr(listen_addr, ':') != NULL) {
		SPDK_WARNLOG("Everybody who reaches %s controls this program: RPC over TCP knows "
		             "no users. A path with -r is for its own user and root\n",
		             listen_addr);
	}
	apply_opts(opts);
	STAILQ_INSERT_TAIL(&g_rpc_servers.servers, s, link);
	return 0;
}

void
spdk_rpc_server_finish(const char *listen_addr)
{
	struct init_rpc_server *s = find_server(listen_addr);

	if (s == NULL) {
		SPDK_ERRLOG("there is no RPC server at %s\n", listen_addr);
		return;
	}
	STAILQ_REMOVE(&g_rpc_servers.servers, s, init_rpc_server, link);
	server_free(s);
}

void
spdk_rpc_finish(void)
{
	struct init_rpc_server *s;

	while ((s = STAILQ_FIRST(&g_rpc_servers.servers)) != NULL) {
		STAILQ_REMOVE_HEAD(&g_rpc_servers.servers, link);
		server_free(s);
	}
	rpc_pieces_stop();
	rpc_jobs_stop();
}

void
spdk_rpc_server_pause(const char *listen_addr)
{
	struct init_rpc_server *s = find_server(listen_addr);

	if (s == NULL) {
		SPDK_ERRLOG("there is no RPC server at %s\n", listen_addr);
		return;
	}
	stop_polling(s);
}

void
spdk_rpc_server_resume(const char *listen_addr)
{
	struct init_rpc_server *s = find_server(listen_addr);

	if (s == NULL) {
		SPDK_ERRLOG("there is no RPC server at %s\n", listen_addr);
	} else if (start_polling(s) != 0) {
		SPDK_ERRLOG("no memory to resume the RPC server at %s\n", listen_addr);
	}
}
