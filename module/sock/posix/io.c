/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Reading and writing of a posix socket, on its thread.
 *
 * Reading: one readv() asks for what the user wants and, behind it, for a pipe full more. Large
 * payload so lands where it belongs without a copy, and the many small PDUs behind it cost no
 * further call. The pipe is refilled only when it is empty. A read that got less than it asked for
 * emptied the socket: the next one is answered with EAGAIN without asking, once, because the group
 * (level-triggered) will tell of what comes later.
 *
 * Writing: requests queue up and leave gathered, at the group's next poll or when there are enough
 * for a full sendmsg(). When the network takes no more the socket is `blocked`, off the group's
 * work list, and watched for EPOLLOUT. Large sends go without a copy where the options say so:
 * zcopy.c.
 */

#include <sys/socket.h>

#include "spdk/assert.h"
#include "spdk/likely.h"
#include "spdk/util.h"
#include "posix.h"

void
posix_pending_update(struct posix_sock *sock)
{
	sock_tcp_pending_set(&sock->tcp, sock->rpos < sock->wpos && !sock->tcp.no_input);
}

/* ---- Reading ---- */

static ssize_t
pipe_read(struct posix_sock *sock, struct iovec *iov, int iovcnt)
{
	size_t piece, done = 0;
	int i;

	for (i = 0; i < iovcnt && sock->rpos < sock->wpos; i++) {
		piece = spdk_min(iov[i].iov_len, (size_t)(sock->wpos - sock->rpos));
		memcpy(iov[i].iov_base, sock->pipe + sock->rpos, piece);
		sock->rpos += piece;
		done += piece;
	}
	if (sock->rpos == sock->wpos) {
		posix_pending_update(sock);
	}
	return done;
}

static ssize_t
read_past_pipe(struct posix_sock *sock, struct iovec *iov, int iovcnt)
{
	ssize_t n = readv(sock->tcp.fd, iov, iovcnt);

	if (n < 0 && errno == EINTR) {
		errno = EAGAIN;
	}
	return n;
}

static ssize_t
read_through_pipe(struct posix_sock *sock, struct iovec *iov, int iovcnt)
{
	struct iovec vec[POSIX_READ_IOVS + 1];
	size_t wanted = 0;
	ssize_t n;
	int i;

	for (i = 0; i < iovcnt; i++) {
		vec[i] = iov[i];
		wanted += iov[i].iov_len;
	}
	vec[iovcnt].iov_base = sock->pipe;
	vec[iovcnt].iov_len = POSIX_PIPE_BYTES;
	n = read_past_pipe(sock, vec, iovcnt + 1);
	if (n <= 0) {
		return n;
	}
	sock->drained = (size_t)n < wanted + POSIX_PIPE_BYTES;
	if ((size_t)n <= wanted) {
		return n;
	}
	sock->rpos = 0;
	sock->wpos = n - wanted;
	posix_pending_update(sock);
	return wanted;
}

ssize_t
posix_readv(struct spdk_sock *_sock, struct iovec *iov, int iovcnt)
{
	struct posix_sock *sock = posix_of(_sock);

	if (sock->rpos < sock->wpos) {
		return pipe_read(sock, iov, iovcnt);
	}
	if (sock_tcp_is_gone(&sock->tcp) || !sock_tcp_is_up(&sock->tcp)) {
		return -1;
	}
	if (sock->drained) {
		sock->drained = false;
		if (sock->tcp.base.group != NULL) {
			errno = EAGAIN;
			return -1;
		}
	}
	if (sock->tcp.no_ahead || iovcnt > POSIX_READ_IOVS) {
		return read_past_pipe(sock, iov, iovcnt);
	}
	return read_through_pipe(sock, iov, iovcnt);
}

/* ---- Writing ---- */

static void
sock_block(struct posix_sock *sock)
{
	if (!sock->blocked) {
		sock->blocked = true;
		posix_group_rearm(sock);
	}
}

/* Without a copy; with one where the system has no room to keep book of it. */
static ssize_t
sock_send_zcopy(struct posix_sock *sock, struct iovec *iov, int iovcnt)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = iovcnt };
	ssize_t n = sendmsg(sock->tcp.fd, &msg, MSG_ZEROCOPY | MSG_NOSIGNAL | MSG_DONTWAIT);
	bool copied = n < 0 && errno == ENOBUFS;

	if (copied) {
		n = sock_tcp_send(&sock->tcp, iov, iovcnt);
	} else if (n < 0 && (errno == EINTR || errno == EWOULDBLOCK)) {
		errno = EAGAIN;
	}
	if (n >= 0) {
		basalt_sock_sent(&sock->tcp.base, n, !copied);
	}
	return n;
}

/* Send what was gathered, and account for it. */
static ssize_t
gathered_send(struct posix_sock *sock, struct iovec *iov, int iovcnt, size_t total)
{
	ssize_t n;

	if (total > 0 && sock_tcp_use_zcopy(&sock->tcp, total)) {
		return sock_send_zcopy(sock, iov, iovcnt);
	}
	n = iovcnt > 0 ? sock_tcp_send(&sock->tcp, iov, iovcnt) : 0;
	if (spdk_likely(n >= 0)) {
		basalt_sock_sent(&sock->tcp.base, n, false);
	}
	return n;
}

/* Send the queue as far as the network takes it. Bytes sent, or -1 with errno. */
static ssize_t
queue_send(struct tcp_sock *tcp)
{
	struct posix_sock *sock = posix_of(&tcp->base);
	struct iovec iov[POSIX_SEND_IOVS];
	ssize_t n, sent = 0;
	size_t total;
	int iovcnt;

	while (!TAILQ_EMPTY(&sock->tcp.base.queued)) {
		iovcnt = basalt_sock_gather(&sock->tcp.base, iov, POSIX_SEND_IOVS, &total);
		n = gathered_send(sock, iov, iovcnt, total);
		if (spdk_unlikely(n < 0)) {
			if (errno == EAGAIN) {
				sock_block(sock);
				return sent > 0 ? sent : -1;
			}
			basalt_sock_fail_queued(&sock->tcp.base, -errno);
			return -1;
		}
		sent += n;
		if (spdk_unlikely((size_t)n < total)) {
			sock_block(sock);
			return sent;
		}
	}
	if (spdk_unlikely(sock->blocked)) {
		sock->blocked = false;
		posix_group_rearm(sock);
	}
	return sent;
}

static void
notices_take(struct tcp_sock *tcp)
{
	if (spdk_unlikely(!TAILQ_EMPTY(&tcp->base.sent))) {
		(void)posix_zcopy_take(posix_of(&tcp->base));
	}
}

int
posix_flush(struct spdk_sock *_sock)
{
	return sock_tcp_flush(sock_tcp_of(_sock), queue_send, notices_take);
}

ssize_t
posix_writev(struct spdk_sock *_sock, struct iovec *iov, int iovcnt)
{
	return sock_tcp_writev(sock_tcp_of(_sock), iov, iovcnt, queue_send);
}

void
posix_writev_async(struct spdk_sock *_sock, struct spdk_sock_request *req)
{
	struct posix_sock *sock = posix_of(_sock);

	if (spdk_unlikely(!sock_tcp_queue(&sock->tcp, req) || sock->blocked ||
	                  sock->tcp.state == SOCK_TCP_CONNECTING)) {
		return; /* it failed; or EPOLLOUT, or the user's flush, goes on */
	}
	if (_sock->queued_iovcnt >= POSIX_SEND_IOVS) {
		(void)queue_send(&sock->tcp);
		if (TAILQ_EMPTY(&_sock->done)) {
			return;
		}
	}
	sock_tcp_work_later(&sock->tcp);
}
