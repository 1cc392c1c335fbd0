/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * What of spdk/net.h asks the machine: the interfaces, and both ends of a descriptor. No state; any
 * thread.
 */

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>

#include "spdk/net.h"

/* A numeric address as the system keeps it. False when it is none. */
static bool
addr_parse(const char *ip, struct sockaddr_storage *sa)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)sa;

	memset(sa, 0, sizeof(*sa));
	if (inet_pton(AF_INET, ip, &in4->sin_addr) == 1) {
		sa->ss_family = AF_INET;
		return true;
	}
	sa->ss_family = AF_INET6;
	return inet_pton(AF_INET6, ip, &in6->sin6_addr) == 1;
}

static bool
addr_is_same(const struct sockaddr *a, const struct sockaddr_storage *b)
{
	if (a == NULL || a->sa_family != b->ss_family) {
		return false;
	}
	if (a->sa_family == AF_INET) {
		return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)b)->sin_addr.s_addr;
	}
	return a->sa_family == AF_INET6 &&
	       memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
	              &((const struct sockaddr_in6 *)b)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

static const struct ifaddrs *
interface_of(const struct ifaddrs *all, const struct sockaddr_storage *sa)
{
	while (all != NULL && !addr_is_same(all->ifa_addr, sa)) {
		all = all->ifa_next;
	}
	return all;
}

int
spdk_net_get_interface_name(const char *ip, char *ifc, size_t len)
{
	struct sockaddr_storage sa;
	const struct ifaddrs *ifa;
	struct ifaddrs *all;
	int rc = 0;

	if (ip == NULL || ifc == NULL || !addr_parse(ip, &sa)) {
		return -EINVAL;
	}
	if (getifaddrs(&all) != 0) {
		return -errno;
	}
	ifa = interface_of(all, &sa);
	if (ifa == NULL) {
		rc = -ENODEV;
	} else if (strlen(ifa->ifa_name) >= len) {
		rc = -ENOSPC;
	} else {
		strcpy(ifc, ifa->ifa_name);
	}
	freeifaddrs(all);
	return rc;
}

bool
spdk_net_is_loopback(int fd)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa);
	const struct ifaddrs *ifa;
	struct ifaddrs *all;
	bool loopback;

	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0 || getifaddrs(&all) != 0) {
		return false;
	}
	if (sa.ss_family == AF_INET) {
		/* All of 127/8 is, though the interface has but one address of it. */
		loopback = ntohl(((struct sockaddr_in *)&sa)->sin_addr.s_addr) >> 24 == 127;
	} else {
		loopback = sa.ss_family == AF_INET6 &&
		           IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&sa)->sin6_addr);
	}
	ifa = interface_of(all, &sa);
	loopback = loopback || (ifa != NULL && (ifa->ifa_flags & IFF_LOOPBACK) != 0);
	freeifaddrs(all);
	return loopback;
}

/* One end. 0 or -1 with errno. */
static int
end_put(const struct sockaddr_storage *sa, char *text, int len, uint16_t *port)
{
	uint16_t got = 0;
	int rc;

	if (sa->ss_family == AF_UNIX) {
		if (text != NULL && len > 0) {
			text[0] = '\0';
		}
	} else if (sa->ss_family != AF_INET && sa->ss_family != AF_INET6) {
		errno = EAFNOSUPPORT;
		return -1;
	} else {
		got = ntohs(sa->ss_family == AF_INET
		                    ? ((const struct sockaddr_in *)sa)->sin_port
		                    : ((const struct sockaddr_in6 *)sa)->sin6_port);
		rc = text == NULL ? 0
		                  : spdk_net_get_address_string((struct sockaddr *)sa, text,
		                                                len > 0 ? len : 0);
		if (rc != 0) {
			errno = -rc;
			return -1;
		}
	}
	if (port != NULL) {
		*port = got;
	}
	return 0;
}

int
spdk_net_getaddr(int fd, char *laddr, int llen, uint16_t *lport, char *paddr, int plen,
                 uint16_t *pport)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0 ||
	    end_put(&sa, laddr, llen, lport) != 0) {
		return -1;
	}
	if (paddr == NULL && pport == NULL) {
		return 0;
	}
	memset(&sa, 0, sizeof(sa));
	len = sizeof(sa);
	if (getpeername(fd, (struct sockaddr *)&sa, &len) != 0) {
		return -1;
	}
	return end_put(&sa, paddr, plen, pport);
}
