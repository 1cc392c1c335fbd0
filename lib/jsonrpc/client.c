/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The connection of a JSON-RPC client. It belongs to one thread, which need not be an spdk_thread
 * and needs no environment that was started: spdk_jsonrpc_client_poll() does all the work, and
 * waits only as long as it is told to.
 *
 *	CONNECTING -> CONNECTED -> GONE (closed by the server, or what came was no answer)
 *
 * Requests are sent in order; answers come in the order in which they are complete. What came
 * before the connection ended is still handed out; then each poll says how it ended. */

#include <arpa/inet.h>
#include <sys/epoll.h>

#include "client_internal.h"
#include "spdk/util.h"

#define RECV_START 65536

struct spdk_jsonrpc_client {
	int fd;
	struct env_waiter *waiter;
	uint32_t events; /* watched now */
	bool connected;
	int gone; /* -errno: nothing more comes */
	char *recv_buf;
	size_t recv_len;
	size_t recv_cap;
	struct jsonrpc_frame frame;
	STAILQ_HEAD(, spdk_jsonrpc_client_request) requests;
	uint32_t num_requests;
	struct client_response_list responses;
	int num_responses;
};

static bool
is_ipv6(const char *addr)
{
	struct in6_addr in6;

	return inet_pton(AF_INET6, addr, &in6) == 1;
}

/* \p addr as env takes it. 0 or -EINVAL. */
static int
make_addr(const char *addr, int family, char *out, size_t size)
{
	const char *last = strrchr(addr, ']'), *colon = strrchr(addr, ':');
	const char *prefix = "", *suffix = "";
	int len;

	switch (family) {
	case AF_UNIX:
		/* What could be taken for a host and a port is a path all the same. */
		prefix = strchr(addr, '/') == NULL ? "./" : "";
		break;
	case AF_INET:
		if (addr[0] == '[' || (colon != NULL && strchr(addr, ':') != colon)) {
			return -EINVAL;
		}
		suffix = colon == NULL ? ":" CLIENT_DEFAULT_PORT : "";
		break;
	case AF_INET6:
		if (addr[0] == '[' && last != NULL) {
			suffix = last[1] == '\0' ? ":" CLIENT_DEFAULT_PORT : "";
		} else if (is_ipv6(addr)) {
			prefix = "[";
			suffix = "]:" CLIENT_DEFAULT_PORT;
		} else if (colon == NULL) {
			suffix = ":" CLIENT_DEFAULT_PORT;
		}
		break;
	default:
		return -EAFNOSUPPORT;
	}
	len = snprintf(out, size, "%s%s%s", prefix, addr, suffix);
	return addr[0] != '\0' && len >= 0 && (size_t)len < size ? 0 : -EINVAL;
}

static int
client_open(struct spdk_jsonrpc_client *client, const char *addr)
{
	int rc;

	rc = env_waiter_create(&client->waiter);
	if (rc != 0) {
		return rc;
	}
	client->fd = env_stream_connect(addr);
	if (client->fd < 0) {
		return client->fd;
	}
	client->events = EPOLLIN | EPOLLOUT;
	return env_waiter_add(client->waiter, client->fd, client->events, client);
}

struct spdk_jsonrpc_client *
spdk_jsonrpc_client_connect(const char *addr, int addr_family)
{
	struct spdk_jsonrpc_client *client;
	char full[320];
	int rc;

	rc = make_addr(addr, addr_family, full, sizeof(full));
	if (rc != 0) {
		errno = -rc;
		return NULL;
	}
	client = calloc(1, sizeof(*client));
	if (client == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	client->fd = -1;
	STAILQ_INIT(&client->requests);
	STAILQ_INIT(&client->responses);
	rc = client_open(client, full);
	if (rc != 0) {
		spdk_jsonrpc_client_close(client);
		errno = -rc;
		return NULL;
	}
	return client;
}

void
spdk_jsonrpc_client_close(struct spdk_jsonrpc_client *client)
{
	struct spdk_jsonrpc_client_request *request;
	struct spdk_jsonrpc_client_response *response;

	while ((request = STAILQ_FIRST(&client->requests)) != NULL) {
		STAILQ_REMOVE_HEAD(&client->requests, link);
		spdk_jsonrpc_client_free_request(request);
	}
	while ((response = spdk_jsonrpc_client_get_response(client)) != NULL) {
		spdk_jsonrpc_client_free_response(response);
	}
	if (client->fd >= 0) {
		env_stream_close(client->fd);
	}
	env_waiter_destroy(client->waiter);
	free(client->recv_buf);
	free(client);
}

int
spdk_jsonrpc_client_send_request(struct spdk_jsonrpc_client *client,
                                 struct spdk_jsonrpc_client_request *req)
{
	if (req->failed != 0) {
		return req->failed;
	}
	if (req->batch || req->writer != NULL || req->buf.len == 0) {
		return -EINVAL;
	}
	if (client->gone != 0) {
		return client->gone;
	}
	if (client->num_requests == CLIENT_REQUESTS_MAX) {
		return -ENOSPC;
	}
	STAILQ_INSERT_TAIL(&client->requests, req, link);
	client->num_requests++;
	return 0;
}

/* 0 or -errno: the connection is gone. */
static int
send_requests(struct spdk_jsonrpc_client *client)
{
	struct spdk_jsonrpc_client_request *req;
	ssize_t n;

	while ((req = STAILQ_FIRST(&client->requests)) != NULL) {
		n = env_stream_send(client->fd, req->buf.data + req->sent,
		                    req->buf.len - req->sent);
		if (n < 0) {
			/* What the server said before it went is read first. */
			return n == -EAGAIN || n == -EPIPE || n == -ECONNRESET ? 0 : (int)n;
		}
		req->sent += (size_t)n;
		if (req->sent == req->buf.len) {
			STAILQ_REMOVE_HEAD(&client->requests, link);
			client->num_requests--;
			spdk_jsonrpc_client_free_request(req);
		}
	}
	return 0;
}

static int
grow_buffer(struct spdk_jsonrpc_client *client)
{
	size_t cap;
	char *buf;

	if (client->recv_len < client->recv_cap) {
		return 0;
	}
	if (client->recv_cap >= CLIENT_ANSWER_SIZE_MAX) {
		return -EMSGSIZE;
	}
	cap = spdk_max(client->recv_cap * 2, (size_t)RECV_START);
	buf = realloc(client->recv_buf, cap);
	if (buf == NULL) {
		return -ENOMEM;
	}
	client->recv_buf = buf;
	client->recv_cap = cap;
	return 0;
}

/* 0, or -errno: no answer can be made out from here on. */
static int
take_answers(struct spdk_jsonrpc_client *client)
{
	size_t used = 0, start;
	ssize_t n;
	int rc = 0;

	while (client->num_responses < CLIENT_RESPONSES_MAX) {
		n = jsonrpc_frame_find(&client->frame, client->recv_buf + used,
		                       client->recv_len - used, &start);
		if (n <= 0) {
			rc = n < 0 ? -EINVAL : 0;
			break;
		}
		rc = jsonrpc_client_take_text(&client->responses, client->recv_buf + used + start,
		                              (size_t)n - start);
		if (rc < 0) {
			break;
		}
		client->num_responses += rc;
		rc = 0;
		used += (size_t)n;
	}
	if (used > 0) {
		client->recv_len -= used;
		memmove(client->recv_buf, client->recv_buf + used, client->recv_len);
	}
	return rc;
}

/* 0 when there is nothing more to read now, or -errno. */
static int
receive(struct spdk_jsonrpc_client *client)
{
	ssize_t n;
	int rc;

	while (client->num_responses < CLIENT_RESPONSES_MAX) {
		rc = grow_buffer(client);
		if (rc != 0) {
			return rc;
		}
		n = env_stream_recv(client->fd, client->recv_buf + client->recv_len,
		                    client->recv_cap - client->recv_len);
		if (n == -EAGAIN) {
			return 0;
		}
		if (n <= 0) {
			return n < 0 ? (int)n : -EIO; /* closed by the server */
		}
		client->recv_len += (size_t)n;
		rc = take_answers(client);
		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

/* The socket is ready for what \p events say. */
static void
client_process(struct spdk_jsonrpc_client *client, uint32_t events)
{
	int rc = 0;

	if ((events & (EPOLLOUT | EPOLLIN)) != 0 && (events & EPOLLERR) == 0) {
		client->connected = true;
	}
	if (client->connected) {
		rc = send_requests(client);
	}
	if (rc == 0) {
		rc = receive(client);
	}
	if (!client->connected && rc == -ENOTCONN) {
		rc = 0;
	}
	client->gone = rc;
}

static int
client_watch(struct spdk_jsonrpc_client *client)
{
	uint32_t events = client->num_responses < CLIENT_RESPONSES_MAX ? EPOLLIN : 0;
	int rc = 0;

	if (!client->connected || !STAILQ_EMPTY(&client->requests)) {
		events |= EPOLLOUT;
	}
	if (events != client->events) {
		rc = env_waiter_modify(client->waiter, client->fd, events, client);
		client->events = events;
	}
	return rc;
}

/* What can be done now, after waiting until the deadline at most. */
static void
client_step(struct spdk_jsonrpc_client *client, uint64_t deadline)
{
	struct env_wait_event event;
	int num, rc;

	/* What was received while the list of answers was full. */
	if (client->recv_len > 0 && (client->events & EPOLLIN) == 0) {
		rc = take_answers(client);
		if (rc != 0 || client->num_responses > 0) {
			client->gone = rc;
			return;
		}
	}
	client->gone = client_watch(client);
	if (client->gone != 0) {
		return;
	}
	num = env_waiter_wait(client->waiter, deadline, &event, 1);
	if (num > 0) {
		client_process(client, event.events);
	}
}

static uint64_t
poll_deadline(int timeout_ms)
{
	if (timeout_ms <= 0) {
		return timeout_ms == 0 ? 0 : UINT64_MAX;
	}
	return spdk_get_ticks() +
	       (uint64_t)timeout_ms * spdk_max(spdk_get_ticks_hz() / 1000, (uint64_t)1);
}

int
spdk_jsonrpc_client_poll(struct spdk_jsonrpc_client *client, int timeout)
{
	uint64_t deadline = poll_deadline(timeout);

	/* First what needs no waiting; twice, for a request goes out before its answer comes in. */
	if (client->gone == 0) {
		client_step(client, 0);
	}
	while (client->num_responses == 0 && client->gone == 0) {
		client_step(client, deadline);
		if (deadline == 0 || (deadline != UINT64_MAX && spdk_get_ticks() >= deadline)) {
			break;
		}
	}
	if (client->num_responses > 0) {
		return client->num_responses;
	}
	if (client->gone != 0) {
		return client->gone;
	}
	return client->connected ? 0 : -ENOTCONN;
}

struct spdk_jsonrpc_client_response *
spdk_jsonrpc_client_get_response(struct spdk_jsonrpc_client *client)
{
	struct client_response *response = STAILQ_FIRST(&client->responses);

	if (response == NULL) {
		return NULL;
	}
	STAILQ_REMOVE_HEAD(&client->responses, link);
	client->num_responses--;
	return &response->out;
}
