/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * A server that sends back what it gets, and a client that sends what it reads from standard input
 * and prints what comes back: all of spdk/sock.h that a program needs.
 *
 *	server: listen -> [poll: accept -> into the group] -> [readable: recv -> writev_async]
 *	client: connect -> into the group -> [poll: stdin -> writev_async] -> [readable: print]
 *
 * Both ends are the same `struct peer`: a socket in a group, and one buffer that is on its way out.
 * While it is, nothing else is read: so a peer that takes nothing stops itself only, and no queue
 * grows. Nothing here waits; pollers run on the application's thread.
 *
 *	build/examples/hello_sock -H 127.0.0.1 -P 3260 -S
 *	echo hello | build/examples/hello_sock -H 127.0.0.1 -P 3260 -r /var/tmp/client.sock
 */

#include "spdk/env.h"
#include "spdk/event.h"
#include "spdk/log.h"
#include "spdk/sock.h"
#include "spdk/string.h"
#include "spdk/thread.h"
#include "spdk_internal/subsystem.h"

#define BUF_BYTES 65536
#define ADDR_BYTES 64

struct peer {
	struct spdk_sock *sock;
	struct hello *hello;
	bool sending; /* buf belongs to the socket */
	bool ended;   /* close it when it is no longer sending */
	uint8_t buf[BUF_BYTES];
	/* The vectors of a request follow it in memory. */
	struct {
		struct spdk_sock_request req;
		struct iovec iov;
	} out;
	TAILQ_ENTRY(peer) link;
};

static struct hello {
	/* The command line. */
	const char *host;
	int port;
	const char *impl_name; /* NULL: the default */
	bool is_server;
	bool verbose;
	int zcopy; /* -1: as the implementation is set */

	struct spdk_sock *listener; /* server */
	struct peer *peer;          /* client; NULL before it is connected */
	TAILQ_HEAD(, peer) peers;
	struct spdk_sock_group *group;
	struct spdk_poller *poller, *accepter;
	int stdin_flags; /* to be put back; -1: not changed */
	bool stdin_ended;
	uint64_t bytes_in, bytes_out;
	bool stopping;
} g_hello = {
	.port = 0,
	.zcopy = -1,
	.stdin_flags = -1,
	.peers = TAILQ_HEAD_INITIALIZER(g_hello.peers),
};

/* ---- A peer ---- */

static void
peer_say(struct peer *peer, const char *what)
{
	char here[ADDR_BYTES], there[ADDR_BYTES];
	uint16_t here_port, there_port;

	if (spdk_sock_getaddr(peer->sock, here, sizeof(here), &here_port, there, sizeof(there),
	                      &there_port) == 0) {
		SPDK_NOTICELOG("%s: %s port %u from %s port %u (%s)\n", what, here, here_port,
		               there, there_port, spdk_sock_get_impl_name(peer->sock));
	}
}

/* Out of the group first: a socket that is in one can't be closed. What is still queued is told to
 * the call-backs now. */
static void
peer_close(struct peer *peer)
{
	struct hello *hello = peer->hello;

	if (hello->verbose) {
		peer_say(peer, "closing");
	}
	TAILQ_REMOVE(&hello->peers, peer, link);
	peer->ended = true;
	(void)spdk_sock_group_remove_sock(hello->group, peer->sock);
	(void)spdk_sock_close(&peer->sock);
	free(peer);
}

static void
hello_end(struct hello *hello, int rc)
{
	if (hello->stopping) {
		return;
	}
	hello->stopping = true;
	while (!TAILQ_EMPTY(&hello->peers)) {
		peer_close(TAILQ_FIRST(&hello->peers));
	}
	hello->peer = NULL;
	if (hello->listener != NULL) {
		(void)spdk_sock_close(&hello->listener);
	}
	spdk_poller_unregister(&hello->poller);
	spdk_poller_unregister(&hello->accepter);
	if (hello->group != NULL && spdk_sock_group_close(&hello->group) != 0) {
		SPDK_ERRLOG("the group can't be closed: %s\n", spdk_strerror(errno));
	}
	if (hello->stdin_flags >= 0) {
		(void)fcntl(STDIN_FILENO, F_SETFL, hello->stdin_flags);
	}
	if (hello->verbose || rc != 0) {
		SPDK_NOTICELOG("%" PRIu64 " bytes received, %" PRIu64 " sent\n", hello->bytes_in,
		               hello->bytes_out);
	}
	spdk_app_stop(rc);
}

static void
sent(void *arg, int err)
{
	struct peer *peer = arg;

	peer->sending = false;
	if (err != 0) {
		if (!peer->ended) {
			SPDK_ERRLOG("sending failed: %s\n", spdk_strerror(-err));
		}
		peer->ended = true; /* the poller closes it: not in its own call-back */
		return;
	}
	peer->hello->bytes_out += peer->out.iov.iov_len;
}

/* From here to sent() buf is the socket's: with -Z the network sends from it. */
static void
peer_send(struct peer *peer, size_t len)
{
	peer->sending = true;
	peer->out.req.cb_fn = sent;
	peer->out.req.cb_arg = peer;
	peer->out.req.iovcnt = 1;
	peer->out.iov.iov_base = peer->buf;
	peer->out.iov.iov_len = len;
	spdk_sock_writev_async(peer->sock, &peer->out.req);
}

/* recv() of what is there. 0: nothing; -1: the stream is over. */
static ssize_t
peer_recv(struct peer *peer, void *buf, size_t len)
{
	ssize_t n = spdk_sock_recv(peer->sock, buf, len);

	if (n < 0 && errno == EAGAIN) {
		return 0;
	}
	if (n <= 0) {
		if (n < 0) {
			SPDK_ERRLOG("receiving failed: %s\n", spdk_strerror(errno));
		}
		peer->ended = true;
		return -1;
	}
	peer->hello->bytes_in += (uint64_t)n;
	return n;
}

/* ---- The server ---- */

static void
server_readable(void *arg, struct spdk_sock_group *group, struct spdk_sock *sock)
{
	struct peer *peer = arg;
	ssize_t n;

	if (peer->sending || peer->ended) {
		return; /* the group tells again */
	}
	n = peer_recv(peer, peer->buf, sizeof(peer->buf));
	if (n > 0) {
		peer_send(peer, (size_t)n);
	}
}

static struct peer *
peer_add(struct hello *hello, struct spdk_sock *sock, spdk_sock_cb readable)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (peer == NULL || spdk_sock_group_add_sock(hello->group, sock, readable, peer) != 0) {
		SPDK_ERRLOG("a connection can't be taken: %s\n", spdk_strerror(errno));
		free(peer);
		(void)spdk_sock_close(&sock);
		return NULL;
	}
	peer->sock = sock;
	peer->hello = hello;
	TAILQ_INSERT_TAIL(&hello->peers, peer, link);
	if (hello->verbose) {
		peer_say(peer, "connected");
	}
	return peer;
}

static int
server_accept(void *arg)
{
	struct hello *hello = arg;
	struct spdk_sock *sock = spdk_sock_accept(hello->listener);

	if (sock == NULL) {
		return SPDK_POLLER_IDLE; /* EAGAIN, or what befell that one connection */
	}
	(void)peer_add(hello, sock, server_readable);
	return SPDK_POLLER_BUSY;
}

static int
server_poll(void *arg)
{
	struct hello *hello = arg;
	struct peer *peer, *tmp;
	int n = spdk_sock_group_poll(hello->group);

	if (n < 0) {
		SPDK_ERRLOG("polling failed: %s\n", spdk_strerror(errno));
		hello_end(hello, -errno);
		return SPDK_POLLER_BUSY;
	}
	TAILQ_FOREACH_SAFE(peer, &hello->peers, link, tmp) {
		if (peer->ended && !peer->sending) {
			peer_close(peer);
		}
	}
	return n > 0 ? SPDK_POLLER_BUSY : SPDK_POLLER_IDLE;
}

static int
server_start(struct hello *hello, struct spdk_sock_opts *opts)
{
	uint16_t port;

	hello->listener = spdk_sock_listen_ext(hello->host, hello->port, hello->impl_name, opts);
	if (hello->listener == NULL) {
		return -errno; /* the log says what to do */
	}
	if (spdk_sock_getaddr(hello->listener, NULL, 0, &port, NULL, 0, NULL) == 0) {
		SPDK_NOTICELOG("listening at %s port %u by %s\n", hello->host, port,
		               spdk_sock_get_impl_name(hello->listener));
	}
	/* Now and then is often enough for new connections. */
	hello->accepter = SPDK_POLLER_REGISTER(server_accept, hello, 10 * 1000);
	hello->poller = SPDK_POLLER_REGISTER(server_poll, hello, 0);
	return 0;
}

/* ---- The client ---- */

static void
client_readable(void *arg, struct spdk_sock_group *group, struct spdk_sock *sock)
{
	uint8_t buf[4096];
	ssize_t n = peer_recv(arg, buf, sizeof(buf));

	if (n > 0) {
		(void)fwrite(buf, 1, (size_t)n, stdout);
		(void)fflush(stdout);
	}
}

/* What the user typed, if anything. */
static bool
client_read_stdin(struct hello *hello)
{
	struct peer *peer = hello->peer;
	ssize_t n;

	if (peer->sending || hello->stdin_ended) {
		return false;
	}
	n = read(STDIN_FILENO, peer->buf, sizeof(peer->buf));
	if (n > 0) {
		peer_send(peer, (size_t)n);
		return true;
	}
	hello->stdin_ended = n == 0 || (errno != EAGAIN && errno != EINTR);
	return false;
}

static int
client_poll(void *arg)
{
	struct hello *hello = arg;
	bool busy = client_read_stdin(hello);
	int n = spdk_sock_group_poll(hello->group);

	if (n < 0 || hello->peer->ended) {
		SPDK_ERRLOG("the server is gone\n");
		hello_end(hello, -ECONNRESET);
		return SPDK_POLLER_BUSY;
	}
	if (hello->stdin_ended && !hello->peer->sending && hello->bytes_in == hello->bytes_out) {
		hello_end(hello, 0);
		return SPDK_POLLER_BUSY;
	}
	return busy || n > 0 ? SPDK_POLLER_BUSY : SPDK_POLLER_IDLE;
}

static int
client_start(struct hello *hello, struct spdk_sock_opts *opts)
{
	struct spdk_sock *sock;

	sock = spdk_sock_connect_ext(hello->host, hello->port, hello->impl_name, opts);
	if (sock == NULL) {
		return -errno; /* the log says what to do */
	}
	hello->peer = peer_add(hello, sock, client_readable);
	if (hello->peer == NULL) {
		return -ENOMEM;
	}
	hello->stdin_flags = fcntl(STDIN_FILENO, F_GETFL);
	if (hello->stdin_flags < 0 ||
	    fcntl(STDIN_FILENO, F_SETFL, hello->stdin_flags | O_NONBLOCK) != 0) {
		SPDK_ERRLOG("standard input can't be read: %s\n", spdk_strerror(errno));
		return -errno;
	}
	hello->poller = SPDK_POLLER_REGISTER(client_poll, hello, 0);
	return 0;
}

/* ---- The program ---- */

/* Zero-copy is an option of the implementation, per kind of socket, and of each socket. */
static int
hello_set_zcopy(struct hello *hello, struct spdk_sock_opts *opts)
{
	const char *name =
	        hello->impl_name != NULL ? hello->impl_name : spdk_sock_get_default_impl();
	struct spdk_sock_impl_opts impl_opts;
	size_t len = sizeof(impl_opts);

	if (hello->zcopy < 0) {
		return 0;
	}
	opts->zcopy = hello->zcopy;
	if (spdk_sock_impl_get_opts(name, &impl_opts, &len) != 0) {
		SPDK_ERRLOG("there is no socket implementation named \"%s\"\n", name);
		return -errno;
	}
	impl_opts.enable_zerocopy_send_server = hello->zcopy;
	impl_opts.enable_zerocopy_send_client = hello->zcopy;
	return spdk_sock_impl_set_opts(name, &impl_opts, len) == 0 ? 0 : -errno;
}

static void
hello_start(void *arg)
{
	struct hello *hello = arg;
	struct spdk_sock_opts opts;
	int rc;

	opts.opts_size = sizeof(opts);
	spdk_sock_get_default_opts(&opts);
	rc = hello_set_zcopy(hello, &opts);
	if (rc == 0) {
		hello->group = spdk_sock_group_create(NULL);
		rc = hello->group == NULL ? -errno : 0;
	}
	if (rc == 0) {
		rc = hello->is_server ? server_start(hello, &opts) : client_start(hello, &opts);
	}
	if (rc != 0) {
		hello_end(hello, rc);
	}
}

/* SIGINT or SIGTERM. */
static void
hello_shutdown(void)
{
	hello_end(&g_hello, 0);
}

static int
hello_parse(int ch, char *arg)
{
	long port;

	switch (ch) {
	case 'H':
		g_hello.host = arg;
		break;
	case 'N':
		g_hello.impl_name = arg;
		break;
	case 'P':
		port = spdk_strtol(arg, 10);
		if (port < 0 || port > UINT16_MAX) {
			fprintf(stderr, "-P: \"%s\" is no port: 0 to 65535\n", arg);
			return -EINVAL;
		}
		g_hello.port = (int)port;
		break;
	case 'S':
		g_hello.is_server = true;
		break;
	case 'V':
		g_hello.verbose = true;
		break;
	case 'z':
	case 'Z':
		g_hello.zcopy = ch == 'Z';
		break;
	default:
		return -EINVAL;
	}
	return 0;
}

static void
hello_usage(void)
{
	printf(" -H ADDRESS        address of the server, numeric (needed)\n"
	       " -P PORT           its TCP port\n"
	       " -N NAME           socket implementation: posix, uring (default: %s)\n"
	       " -S                be the server\n"
	       " -V                say what happens\n"
	       " -z                send by copies\n"
	       " -Z                send without a copy\n",
	       spdk_sock_get_default_impl());
}

int
main(int argc, char **argv)
{
	static const char *const subsystems[] = { "sock", NULL };
	struct spdk_app_opts opts;
	int rc;

	subsystem_select(subsystems);
	spdk_app_opts_init(&opts, sizeof(opts));
	opts.name = "hello_sock";
	opts.shutdown_cb = hello_shutdown;
	rc = spdk_app_parse_args(argc, argv, &opts, "H:N:P:SVzZ", NULL, hello_parse, hello_usage);
	if (rc != SPDK_APP_PARSE_ARGS_SUCCESS) {
		return rc;
	}
	if (g_hello.host == NULL) {
		fprintf(stderr, "hello_sock: -H names the address of the server\n");
		return 1;
	}
	rc = spdk_app_start(&opts, hello_start, &g_hello);
	spdk_app_fini();
	return rc != 0;
}
