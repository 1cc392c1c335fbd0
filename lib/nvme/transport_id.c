/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * Transport ids: text to struct and back, and their order. Pure functions; any thread.
 *
 * The text is a list of `key:value` or `key=value`, separated by blanks.
 */

#include "spdk_internal/nvme.h"

#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/string.h"
#include "spdk/util.h"

struct name_value {
	const char *name;
	int value;
};

static const struct name_value g_trtypes[] = {
	{ SPDK_NVME_TRANSPORT_NAME_PCIE, SPDK_NVME_TRANSPORT_PCIE },
	{ SPDK_NVME_TRANSPORT_NAME_RDMA, SPDK_NVME_TRANSPORT_RDMA },
	{ SPDK_NVME_TRANSPORT_NAME_FC, SPDK_NVME_TRANSPORT_FC },
	{ SPDK_NVME_TRANSPORT_NAME_TCP, SPDK_NVME_TRANSPORT_TCP },
	{ SPDK_NVME_TRANSPORT_NAME_VFIOUSER, SPDK_NVME_TRANSPORT_VFIOUSER },
	{ SPDK_NVME_TRANSPORT_NAME_CUSTOM, SPDK_NVME_TRANSPORT_CUSTOM },
};

static const struct name_value g_adrfams[] = {
	{ "IPv4", SPDK_NVMF_ADRFAM_IPV4 },
	{ "IPv6", SPDK_NVMF_ADRFAM_IPV6 },
	{ "IB", SPDK_NVMF_ADRFAM_IB },
	{ "FC", SPDK_NVMF_ADRFAM_FC },
};

static const struct name_value *
find_name(const struct name_value *table, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (strcasecmp(table[i].name, name) == 0) {
			return &table[i];
		}
	}
	return NULL;
}

static const char *
find_value(const struct name_value *table, size_t count, int value)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (table[i].value == value) {
			return table[i].name;
		}
	}
	return NULL;
}

int
spdk_nvme_transport_id_parse_trtype(enum spdk_nvme_transport_type *trtype, const char *str)
{
	const struct name_value *nv;

	if (trtype == NULL || str == NULL) {
		return -EINVAL;
	}
	nv = find_name(g_trtypes, SPDK_COUNTOF(g_trtypes), str);
	/* Any other name may belong to a transport that a program registered. */
	*trtype =
	        nv != NULL ? (enum spdk_nvme_transport_type)nv->value : SPDK_NVME_TRANSPORT_CUSTOM;
	return 0;
}

const char *
spdk_nvme_transport_id_trtype_str(enum spdk_nvme_transport_type trtype)
{
	if (trtype == SPDK_NVME_TRANSPORT_PCIE) {
		return "PCIe";
	}
	return find_value(g_trtypes, SPDK_COUNTOF(g_trtypes), (int)trtype);
}

int
spdk_nvme_transport_id_parse_adrfam(enum spdk_nvmf_adrfam *adrfam, const char *str)
{
	const struct name_value *nv;

	if (adrfam == NULL || str == NULL) {
		return -EINVAL;
	}
	nv = find_name(g_adrfams, SPDK_COUNTOF(g_adrfams), str);
	if (nv == NULL) {
		return -ENOENT;
	}
	*adrfam = (enum spdk_nvmf_adrfam)nv->value;
	return 0;
}

const char *
spdk_nvme_transport_id_adrfam_str(enum spdk_nvmf_adrfam adrfam)
{
	return find_value(g_adrfams, SPDK_COUNTOF(g_adrfams), (int)adrfam);
}

int
spdk_nvme_transport_id_populate_trstring(struct spdk_nvme_transport_id *trid, const char *trstring)
{
	size_t len, i;

	if (trstring == NULL) {
		return -EINVAL;
	}
	len = strnlen(trstring, SPDK_NVMF_TRSTRING_MAX_LEN + 1);
	if (len > SPDK_NVMF_TRSTRING_MAX_LEN) {
		return -EINVAL;
	}
	for (i = 0; i < len; i++) {
		trid->trstring[i] = (char)toupper((unsigned char)trstring[i]);
	}
	trid->trstring[len] = '\0';
	return 0;
}

void
spdk_nvme_trid_populate_transport(struct spdk_nvme_transport_id *trid,
                                  enum spdk_nvme_transport_type trtype)
{
	const char *name = find_value(g_trtypes, SPDK_COUNTOF(g_trtypes), (int)trtype);

	trid->trtype = trtype;
	snprintf(trid->trstring, sizeof(trid->trstring), "%s", name != NULL ? name : "");
}

/* ---- Text ---- */

struct pair {
	char key[32];
	char value[1024];
};

/* The next pair, and *str behind it. 1: there is one; 0: the end; -EINVAL. */
static int
next_pair(const char **str, struct pair *pair)
{
	static const char blanks[] = " \t\n";
	size_t key_len, value_len;
	const char *p = *str + strspn(*str, blanks);

	if (*p == '\0') {
		*str = p;
		return 0;
	}
	key_len = strcspn(p, ":=");
	if (p[key_len] == '\0') {
		SPDK_ERRLOG("transport id: '%s' has no ':' or '='\n", p);
		return -EINVAL;
	}
	if (key_len == 0 || key_len >= sizeof(pair->key)) {
		SPDK_ERRLOG(
		        "transport id: the key in '%s' has %zu characters; 1 to %zu are legal\n", p,
		        key_len, sizeof(pair->key) - 1);
		return -EINVAL;
	}
	memcpy(pair->key, p, key_len);
	pair->key[key_len] = '\0';
	p += key_len + 1;
	value_len = strcspn(p, blanks);
	if (value_len == 0 || value_len >= sizeof(pair->value)) {
		SPDK_ERRLOG(
		        "transport id: the value of '%s' has %zu characters; 1 to %zu are legal\n",
		        pair->key, value_len, sizeof(pair->value) - 1);
		return -EINVAL;
	}
	memcpy(pair->value, p, value_len);
	pair->value[value_len] = '\0';
	*str = p + value_len;
	return 1;
}

static int
copy_value(char *dst, size_t dst_size, const struct pair *pair)
{
	size_t len = strlen(pair->value);

	if (len >= dst_size) {
		SPDK_ERRLOG("transport id: %s has %zu characters; at most %zu are legal\n",
		            pair->key, len, dst_size - 1);
		return -EINVAL;
	}
	memcpy(dst, pair->value, len + 1);
	return 0;
}

static bool
key_is(const struct pair *pair, const char *key)
{
	return strcasecmp(pair->key, key) == 0;
}

static int
trid_set_trtype(struct spdk_nvme_transport_id *trid, const struct pair *pair)
{
	int rc = spdk_nvme_transport_id_populate_trstring(trid, pair->value);

	if (rc != 0) {
		SPDK_ERRLOG("transport id: trtype '%s' is too long\n", pair->value);
		return rc;
	}
	return spdk_nvme_transport_id_parse_trtype(&trid->trtype, pair->value);
}

static int
trid_set_priority(struct spdk_nvme_transport_id *trid, const struct pair *pair)
{
	long priority;

	if (strlen(pair->value) > SPDK_NVMF_PRIORITY_MAX_LEN) {
		SPDK_ERRLOG("transport id: priority has at most %d digits\n",
		            SPDK_NVMF_PRIORITY_MAX_LEN);
		return -EINVAL;
	}
	priority = spdk_strtol(pair->value, 10);
	if (priority < 0) {
		SPDK_ERRLOG("transport id: priority '%s' is not a number\n", pair->value);
		return -EINVAL;
	}
	trid->priority = (int)priority;
	return 0;
}

static int
trid_set(struct spdk_nvme_transport_id *trid, const struct pair *pair)
{
	/* Keys that belong to the program which reads the same text. */
	static const char *const other[] = {
		"hostaddr", "hostsvcid", "hostnqn", "ns", "alt_traddr",
	};
	size_t i;

	if (key_is(pair, "trtype")) {
		return trid_set_trtype(trid, pair);
	}
	if (key_is(pair, "adrfam")) {
		if (spdk_nvme_transport_id_parse_adrfam(&trid->adrfam, pair->value) != 0) {
			SPDK_ERRLOG("transport id: adrfam '%s' is none of IPv4, IPv6, IB, FC\n",
			            pair->value);
			return -EINVAL;
		}
		return 0;
	}
	if (key_is(pair, "traddr")) {
		return copy_value(trid->traddr, sizeof(trid->traddr), pair);
	}
	if (key_is(pair, "trsvcid")) {
		return copy_value(trid->trsvcid, sizeof(trid->trsvcid), pair);
	}
	if (key_is(pair, "subnqn")) {
		return copy_value(trid->subnqn, sizeof(trid->subnqn), pair);
	}
	if (key_is(pair, "priority")) {
		return trid_set_priority(trid, pair);
	}
	for (i = 0; i < SPDK_COUNTOF(other); i++) {
		if (key_is(pair, other[i])) {
			return 0;
		}
	}
	SPDK_ERRLOG("transport id: nobody knows the key '%s'\n", pair->key);
	return 0;
}

int
spdk_nvme_transport_id_parse(struct spdk_nvme_transport_id *trid, const char *str)
{
	struct pair pair;
	int rc;

	if (trid == NULL || str == NULL) {
		return -EINVAL;
	}
	while ((rc = next_pair(&str, &pair)) > 0) {
		rc = trid_set(trid, &pair);
		if (rc != 0) {
			return rc;
		}
	}
	return rc;
}

int
spdk_nvme_host_id_parse(struct spdk_nvme_host_id *hostid, const char *str)
{
	struct pair pair;
	int rc;

	if (hostid == NULL || str == NULL) {
		return -EINVAL;
	}
	while ((rc = next_pair(&str, &pair)) > 0) {
		if (key_is(&pair, "hostaddr")) {
			rc = copy_value(hostid->hostaddr, sizeof(hostid->hostaddr), &pair);
		} else if (key_is(&pair, "hostsvcid")) {
			rc = copy_value(hostid->hostsvcid, sizeof(hostid->hostsvcid), &pair);
		} else {
			continue;
		}
		if (rc != 0) {
			return rc;
		}
	}
	return rc;
}

int
spdk_nvme_transport_id_compare(const struct spdk_nvme_transport_id *trid1,
                               const struct spdk_nvme_transport_id *trid2)
{
	int rc;

	if (trid1->trtype != trid2->trtype) {
		return trid1->trtype < trid2->trtype ? -1 : 1;
	}
	if (trid1->trtype == SPDK_NVME_TRANSPORT_CUSTOM) {
		rc = strcasecmp(trid1->trstring, trid2->trstring);
		if (rc != 0) {
			return rc;
		}
	}
	rc = strcasecmp(trid1->traddr, trid2->traddr);
	/* A PCIe address says it all. */
	if (rc != 0 || trid1->trtype == SPDK_NVME_TRANSPORT_PCIE) {
		return rc;
	}
	if (trid1->adrfam != trid2->adrfam) {
		return trid1->adrfam < trid2->adrfam ? -1 : 1;
	}
	rc = strcasecmp(trid1->trsvcid, trid2->trsvcid);
	if (rc != 0) {
		return rc;
	}
	return strcmp(trid1->subnqn, trid2->subnqn);
}

/* ---- Protection flags ---- */

int
spdk_nvme_prchk_flags_parse(uint32_t *prchk_flags, const char *str)
{
	struct pair pair;
	int rc;

	if (prchk_flags == NULL || str == NULL) {
		return -EINVAL;
	}
	while ((rc = next_pair(&str, &pair)) > 0) {
		if (!key_is(&pair, "prchk")) {
			SPDK_ERRLOG("protection flags: nobody knows the key '%s'\n", pair.key);
			return -EINVAL;
		}
		if (strcasestr(pair.value, "reftag") != NULL) {
			*prchk_flags |= SPDK_NVME_IO_FLAGS_PRCHK_REFTAG;
		}
		if (strcasestr(pair.value, "guard") != NULL) {
			*prchk_flags |= SPDK_NVME_IO_FLAGS_PRCHK_GUARD;
		}
	}
	return rc;
}

const char *
spdk_nvme_prchk_flags_str(uint32_t prchk_flags)
{
	bool reftag = (prchk_flags & SPDK_NVME_IO_FLAGS_PRCHK_REFTAG) != 0;
	bool guard = (prchk_flags & SPDK_NVME_IO_FLAGS_PRCHK_GUARD) != 0;

	if (reftag) {
		return guard ? "prchk:reftag|guard" : "prchk:reftag";
	}
	return guard ? "prchk:guard" : NULL;
}
