/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Control streams: Unix-domain sockets by path, TCP by host and port. Listening and its end belong
 * to one thread; a mutex guards the list of locks all the same.
 *
 * A path has one owner: who holds an exclusive lock on `PATH.lock`. The kernel drops the lock with
 * its process, so a socket whose lock is free was left behind and may be replaced. The lock file
 * goes away with its listener, while it is still locked; who opened it before that, and gets the
 * lock of a file without a name, opens it anew. A program without such a lock is found by
 * connecting. */

#include "native.h"

#include "spdk_internal/env_fault.h"

#include <sys/file.h>

#define BACKLOG 128
#define MAX_TRIES 16

struct listener {
	TAILQ_ENTRY(listener) link;
	int fd;
	int lock_fd;
};

TAILQ_HEAD(listener_list, listener);

static struct {
	pthread_mutex_t lock;
	struct listener_list listeners;
} g_streams SYSTEM_STATE = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.listeners = TAILQ_HEAD_INITIALIZER(g_streams.listeners),
};

/* Whether \p addr is a path rather than "host:port". */
static bool
addr_is_path(const char *addr)
{
	return strchr(addr, '/') != NULL || strchr(addr, ':') == NULL;
}

static int
unix_addr(const char *path, struct sockaddr_un *sun)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(sun->sun_path)) {
		return -ENAMETOOLONG;
	}
	memcpy(sun->sun_path, path, strlen(path) + 1);
	return 0;
}

/* Copy the host and port out of "host:port" or "[host]:port"; the host may be empty. */
static int
split_host(const char *addr, char *host, size_t host_bytes, const char **port)
{
	const char *colon = strrchr(addr, ':');
	const char *begin = addr;
	size_t len = (size_t)(colon - addr);

	if (addr[0] == '[') {
		if (len < 2 || colon[-1] != ']') {
			return -EINVAL;
		}
		begin++;
		len -= 2;
	} else if (memchr(addr, ':', len) != NULL) {
		/* More than one colon: an IPv6 address needs its brackets. */
		return -EINVAL;
	}
	if (len >= host_bytes || !env_port_is_valid(colon + 1)) {
		return -EINVAL;
	}
	memcpy(host, begin, len);
	host[len] = '\0';
	*port = colon + 1;
	return 0;
}

/* Addresses of "host:port"; the caller frees them. */
static int
resolve(const char *addr, int flags, struct addrinfo **res)
{
	struct addrinfo hints = {
		.ai_flags = flags | AI_NUMERICSERV,
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	const char *port;
	char host[256];
	int rc = split_host(addr, host, sizeof(host), &port);

	if (rc != 0) {
		return rc;
	}
	rc = getaddrinfo(host[0] != '\0' ? host : NULL, port, &hints, res);
	switch (rc) {
	case 0:
		return 0;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_AGAIN:
		return -EAGAIN;
	case EAI_SYSTEM:
		return -errno;
	default:
		return -EADDRNOTAVAIL;
	}
}

/* Keep the errno of what failed over the closing of the socket. */
static int
fail_close(int fd)
{
	int rc = -errno;

	if (fd >= 0) {
		close(fd);
	}
	return rc;
}

static int
tcp_listen(const char *addr)
{
	struct addrinfo *list, *ai;
	int fd = -1;
	int one = 1;
	int rc = resolve(addr, AI_PASSIVE, &list);

	if (rc != 0) {
		return rc;
	}
	rc = -EADDRNOTAVAIL;
	for (ai = list; ai != NULL; ai = ai->ai_next) {
		fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
		    bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) {
			rc = fd;
			break;
		}
		rc = fail_close(fd);
	}
	freeaddrinfo(list);
	return rc;
}

/* Lock `path`.lock, making it when it isn't there. A descriptor, -EADDRINUSE when it is locked. */
static int
lock_take(const char *path)
{
	struct stat st;
	int fd, try;

	for (try = 0; try < MAX_TRIES; try++) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0) {
			return -errno;
		}
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			fail_close(fd);
			return -EADDRINUSE;
		}
		if (fstat(fd, &st) == 0 && st.st_nlink > 0) {
			return fd;
		}
		/* Its owner removed it between our open and our lock. */
		close(fd);
	}
	return -EADDRINUSE;
}

/* Whether somebody accepts connections at \p sun. */
static bool
unix_is_live(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool live;

	if (fd < 0) {
		return false;
	}
	/* EAGAIN: its backlog is full. */
	live = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0 || errno == EAGAIN;
	close(fd);
	return live;
}

/* Make room for a socket at \p path: 0, -EADDRINUSE, or why what is there can't be removed. */
static int
unix_clear(const char *path, const struct sockaddr_un *sun)
{
	struct stat st;

	if (lstat(path, &st) != 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	/* Never remove what is no socket: the user mistyped a path. */
	if (!S_ISSOCK(st.st_mode)) {
		return -EEXIST;
	}
	if (unix_is_live(sun)) {
		return -EADDRINUSE;
	}
	return unlink(path) == 0 ? 0 : -errno;
}

static int
unix_bind(const char *path)
{
	struct sockaddr_un sun;
	int fd, rc;

	rc = unix_addr(path, &sun);
	if (rc == 0) {
		rc = unix_clear(path, &sun);
	}
	if (rc != 0) {
		return rc;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* The mode before bind() is the mode of the name from its first moment on. */
	if (fd < 0 || fchmod(fd, 0600) != 0 ||
	    bind(fd, (const struct sockaddr *)&sun, sizeof(sun)) != 0) {
		return fail_close(fd);
	}
	if (chmod(path, 0600) != 0 || listen(fd, BACKLOG) != 0) {
		rc = fail_close(fd);
		unlink(path);
		return rc;
	}
	return fd;
}

static int
unix_listen(const char *path)
{
	char lock_path[sizeof(((struct sockaddr_un *)0)->sun_path) + sizeof(".lock")];
	struct listener *l;
	int rc;

	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		return -ENAMETOOLONG;
	}
	l = calloc(1, sizeof(*l));
	if (l == NULL) {
		return -ENOMEM;
	}
	snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
	l->lock_fd = lock_take(lock_path);
	if (l->lock_fd < 0) {
		rc = l->lock_fd;
		free(l);
		return rc;
	}
	l->fd = unix_bind(path);
	if (l->fd < 0) {
		rc = l->fd;
		unlink(lock_path);
		close(l->lock_fd);
		free(l);
		return rc;
	}
	pthread_mutex_lock(&g_streams.lock);
	TAILQ_INSERT_TAIL(&g_streams.listeners, l, link);
	pthread_mutex_unlock(&g_streams.lock);
	return l->fd;
}

int
env_stream_listen(const char *addr)
{
	if (addr == NULL || addr[0] == '\0') {
		return -EINVAL;
	}
	if (env_fault(ENV_FAULT_STREAM)) {
		return -EMFILE;
	}
	return addr_is_path(addr) ? unix_listen(addr) : tcp_listen(addr);
}

void
env_stream_unlisten(int fd, const char *addr)
{
	char lock_path[sizeof(((struct sockaddr_un *)0)->sun_path) + sizeof(".lock")];
	struct listener *l;

	pthread_mutex_lock(&g_streams.lock);
	TAILQ_FOREACH(l, &g_streams.listeners, link) {
		if (l->fd == fd) {
			TAILQ_REMOVE(&g_streams.listeners, l, link);
			break;
		}
	}
	pthread_mutex_unlock(&g_streams.lock);
	close(fd);
	if (l != NULL) {
		snprintf(lock_path, sizeof(lock_path), "%s.lock", addr);
		unlink(addr);
		unlink(lock_path);
		close(l->lock_fd);
		free(l);
	}
}

int
env_stream_accept(int listen_fd, struct env_peer *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int domain = 0;
	socklen_t domain_len = sizeof(domain);
	int fd;

	if (env_fault(ENV_FAULT_STREAM)) {
		return -EMFILE;
	}
	do {
		fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		/* ECONNABORTED: it left the queue again. */
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd < 0) {
		return -errno;
	}
	if (peer != NULL) {
		peer->pid = -1;
		peer->uid = -1;
		peer->gid = -1;
		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_len) == 0 &&
		    domain == AF_UNIX &&
		    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0) {
			peer->pid = cred.pid;
			peer->uid = cred.uid;
			peer->gid = cred.gid;
		}
	}
	return fd;
}

bool
env_stream_peer_in_group(int fd, int64_t gid)
{
	gid_t groups[256], *list = groups;
	socklen_t len = sizeof(groups);
	bool found = false;
	size_t i;
	int rc;

	rc = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, list, &len);
	if (rc != 0 && errno == ERANGE) {
		/* `len` says how much there is. */
		list = malloc(len);
		rc = list != NULL ? getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, list, &len) : -1;
	}
	for (i = 0; rc == 0 && i < len / sizeof(*list); i++) {
		found |= (int64_t)list[i] == gid;
	}
	if (list != groups) {
		free(list);
	}
	return found;
}

int
env_stream_open_to_all(const char *addr)
{
	return !addr_is_path(addr) || chmod(addr, 0666) == 0 ? 0 : -errno;
}

static int
tcp_connect(const char *addr)
{
	struct addrinfo *list, *ai;
	int fd = -1;
	int rc = resolve(addr, 0, &list);

	if (rc != 0) {
		return rc;
	}
	rc = -EADDRNOTAVAIL;
	for (ai = list; ai != NULL; ai = ai->ai_next) {
		fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd >= 0 &&
		    (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0 || errno == EINPROGRESS)) {
			rc = fd;
			break;
		}
		rc = fail_close(fd);
	}
	freeaddrinfo(list);
	return rc;
}

int
env_stream_connect(const char *addr)
{
	struct sockaddr_un sun;
	int fd, rc;

	if (addr == NULL || addr[0] == '\0') {
		return -EINVAL;
	}
	if (env_fault(ENV_FAULT_STREAM)) {
		return -EMFILE;
	}
	if (!addr_is_path(addr)) {
		return tcp_connect(addr);
	}
	rc = unix_addr(addr, &sun);
	if (rc != 0) {
		return rc;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) != 0) {
		return fail_close(fd);
	}
	return fd;
}

ssize_t
env_stream_recv(int fd, void *buf, size_t len_bytes)
{
	ssize_t num;

	do {
		num = recv(fd, buf, len_bytes, MSG_DONTWAIT);
	} while (num < 0 && errno == EINTR);
	return num >= 0 ? num : -errno;
}

ssize_t
env_stream_send(int fd, const void *buf, size_t len_bytes)
{
	ssize_t num;

	do {
		num = send(fd, buf, len_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (num < 0 && errno == EINTR);
	return num >= 0 ? num : -errno;
}

void
env_stream_close(int fd)
{
	close(fd);
}

void
native_stream_fini(void)
{
	struct listener *l;

	/* What nobody stopped: the descriptors go, and with them the locks; the names stay, for the
	 * next owner to replace. */
	while ((l = TAILQ_FIRST(&g_streams.listeners)) != NULL) {
		TAILQ_REMOVE(&g_streams.listeners, l, link);
		close(l->fd);
		close(l->lock_fd);
		free(l);
	}
}
