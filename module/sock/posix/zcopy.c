/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Sends without a copy (MSG_ZEROCOPY): the system numbers those that succeed from 0 on, as lib/sock
 * does, and says on the socket's error queue which of them it let go of. The queue makes the
 * descriptor readable (EPOLLERR) until it is empty. On the socket's thread.
 */

#include "spdk/stdinc.h"
#include <linux/errqueue.h>
#include <sys/socket.h>

#include "spdk_internal/env_tcp.h"
#include "posix.h"

/* Notices that one look takes: the rest makes the descriptor readable again. */
#define NOTICES_MAX 64

/* What one message of the queue says. */
static void
notice_take(struct posix_sock *sock, struct msghdr *msg)
{
	struct sock_extended_err err;
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg != NULL; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if ((cmsg->cmsg_level != SOL_IP || cmsg->cmsg_type != IP_RECVERR) &&
		    (cmsg->cmsg_level != SOL_IPV6 || cmsg->cmsg_type != IPV6_RECVERR)) {
			continue;
		}
		memcpy(&err, CMSG_DATA(cmsg), sizeof(err));
		if (err.ee_origin == SO_EE_ORIGIN_ZEROCOPY && err.ee_errno == 0) {
			basalt_sock_zcopy_done(&sock->tcp.base, err.ee_info, err.ee_data);
		}
	}
}

int
posix_zcopy_take(struct posix_sock *sock)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct sock_extended_err) +
		                      sizeof(struct sockaddr_in6))];
	} control;
	struct msghdr msg;
	int n;

	for (n = 0; n < NOTICES_MAX; n++) {
		memset(&msg, 0, sizeof(msg));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		if (recvmsg(sock->tcp.fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
			break;
		}
		notice_take(sock, &msg);
	}
	return n;
}

void
posix_let_go(struct spdk_sock *_sock)
{
	struct posix_sock *sock = posix_of(_sock);

	while (posix_zcopy_take(sock) > 0) {
	}
	if (!TAILQ_EMPTY(&_sock->sent)) {
		env_tcp_abort(sock->tcp.fd);
	}
}
