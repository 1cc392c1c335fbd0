/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Addresses as text and as numbers. What of spdk/net.h asks the machine is in lib/env.
 */

#include "spdk/net.h"

int
spdk_net_get_address_string(struct sockaddr *sa, char *addr, size_t len)
{
	const void *from;

	if (sa == NULL || addr == NULL) {
		return -EINVAL;
	}
	switch (sa->sa_family) {
	case AF_INET:
		from = &((struct sockaddr_in *)sa)->sin_addr;
		break;
	case AF_INET6:
		from = &((struct sockaddr_in6 *)sa)->sin6_addr;
		break;
	default:
		return -EAFNOSUPPORT;
	}
	return inet_ntop(sa->sa_family, from, addr, (socklen_t)len) != NULL ? 0 : -ENOSPC;
}

int
spdk_net_compare_address(int adrfam, const char *addr1, const char *addr2, int *cmp)
{
	struct in6_addr a, b; /* the larger of both kinds */
	size_t len = adrfam == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	if (addr1 == NULL || addr2 == NULL || cmp == NULL) {
		return -EINVAL;
	}
	if (adrfam != AF_INET && adrfam != AF_INET6) {
		return -EAFNOSUPPORT;
	}
	if (inet_pton(adrfam, addr1, &a) != 1 || inet_pton(adrfam, addr2, &b) != 1) {
		return -EINVAL;
	}
	*cmp = memcmp(&a, &b, len);
	return 0;
}
