/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * Questions about network addresses and interfaces. Any thread; all but the comparison and the
 * conversion make system calls: not for the I/O path. No name is ever looked up.
 */

#ifndef SPDK_NET_H
#define SPDK_NET_H

#include "spdk/stdinc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * The name of the network interface that has the address \p ip (numeric, IPv4 or IPv6).
 * \param ifc gets the name and its 0; the caller's, \p len bytes.
 * \return 0, -EINVAL when \p ip is no address or \p ifc is NULL, -ENODEV when no interface has it,
 * -ENOSPC when \p len is too small, -ENOMEM.
 */
int spdk_net_get_interface_name(const char *ip, char *ifc, size_t len);

/**
 * The address in \p sa (IPv4 or IPv6) as text.
 * \param addr gets it and its 0; the caller's, \p len bytes.
 * \return 0, -EINVAL for NULL, -EAFNOSUPPORT for another kind of address, -ENOSPC when \p len is
 * too small.
 */
int spdk_net_get_address_string(struct sockaddr *sa, char *addr, size_t len);

/**
 * Is the own end of the socket \p fd on a loopback interface? False for what is no IP socket.
 */
bool spdk_net_is_loopback(int fd);

/**
 * The addresses of both ends of the socket \p fd as text, and their ports (host order). Each of the
 * pointers may be NULL; with paddr and pport NULL the peer is not asked for. A Unix-domain socket
 * has an empty address and port 0.
 * \param llen, plen sizes of \p laddr and \p paddr in bytes.
 * \return 0, or -1 with errno: EBADF, ENOTSOCK, ENOTCONN, ENOSPC, EAFNOSUPPORT.
 */
int spdk_net_getaddr(int fd, char *laddr, int llen, uint16_t *lport, char *paddr, int plen,
                     uint16_t *pport);

/**
 * Compare two numeric addresses by value, however they are written.
 * \param adrfam AF_INET or AF_INET6.
 * \param cmp gets a number below, equal to or above 0, as memcmp() in network order.
 * \return 0, -EINVAL for NULL or what is no address of that family, -EAFNOSUPPORT for another
 * family.
 */
int spdk_net_compare_address(int adrfam, const char *addr1, const char *addr2, int *cmp);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* SPDK_NET_H */
