/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* The values of options: what each may be, said on stderr when it is not; most go to g_opts. */

#include "options.h"

#include "spdk/log.h"
#include "spdk/sock.h"
#include "spdk/string.h"

/* ---- Numbers, sizes, workloads ---- */

int
perf_parse_u64(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	long long value = spdk_strtoll(text, 10);

	if (value < 0 || (uint64_t)value < min || (uint64_t)value > max) {
		fprintf(stderr, "%s: '%s' is not a number from %" PRIu64 " to %" PRIu64 "\n", name,
		        text, min, max);
		return -EINVAL;
	}
	*out = (uint64_t)value;
	return 0;
}

int
perf_parse_u32(const char *name, const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	uint64_t value;
	int rc = perf_parse_u64(name, text, min, max, &value);

	if (rc == 0) {
		*out = (uint32_t)value;
	}
	return rc;
}

int
perf_parse_size(const char *name, const char *text, uint32_t *out)
{
	uint64_t value = 0;

	if (spdk_parse_capacity(text, &value, NULL) != 0 || value == 0 || value > 1u << 30) {
		fprintf(stderr, "%s: '%s' is not a size from 1 to 1G\n", name, text);
		return -EINVAL;
	}
	*out = (uint32_t)value;
	return 0;
}

int
perf_parse_workload(const char *text)
{
	static const struct {
		const char *name;
		bool is_random;
		int read_percent; /* -1: by -M */
	} workloads[] = {
		{ "read", false, 100 },   { "write", false, 0 }, { "randread", true, 100 },
		{ "randwrite", true, 0 }, { "rw", false, -1 },   { "randrw", true, -1 },
	};
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(workloads); i++) {
		if (strcmp(text, workloads[i].name) == 0) {
			g_opts.is_random = workloads[i].is_random;
			g_opts.workload = workloads[i].name;
			if (workloads[i].read_percent >= 0) {
				g_opts.read_percent = (uint32_t)workloads[i].read_percent;
			}
			return workloads[i].read_percent < 0 ? 1 : 0;
		}
	}
	fprintf(stderr, "-w: '%s' is none of read, write, randread, randwrite, rw, randrw\n", text);
	return -EINVAL;
}

int
perf_parse_number_ios(const char *text)
{
	char copy[24];
	size_t len = strlen(text);
	uint32_t percent;

	if (len == 0 || text[len - 1] != '%') {
		return perf_parse_u64("-d", text, 1, INT64_MAX, &g_opts.num_ios);
	}
	if (len >= sizeof(copy)) {
		return -EINVAL;
	}
	memcpy(copy, text, len - 1);
	copy[len - 1] = '\0';
	if (perf_parse_u32("-d", copy, 1, UINT32_MAX / 100, &percent) != 0) {
		return -EINVAL;
	}
	g_opts.num_ios_percent = percent;
	return 0;
}

/* ---- Transport ids ---- */

static int
parse_extra(const char *text, const char *key, char *out, size_t out_size)
{
	const char *p = text;
	size_t key_len = strlen(key);
	size_t len;

	/* At the start of a word only: "ns:" also ends "subnqn..." texts. */
	while ((p = strcasestr(p, key)) != NULL && p != text && p[-1] != ' ' && p[-1] != '\t') {
		p += key_len;
	}
	if (p == NULL) {
		return 0;
	}
	p += key_len;
	len = strcspn(p, " \t\n");
	if (len == 0 || len >= out_size) {
		fprintf(stderr, "-r: the value of '%s' has %zu characters; 1 to %zu are legal\n",
		        key, len, out_size - 1);
		return -EINVAL;
	}
	memcpy(out, p, len);
	out[len] = '\0';
	return 0;
}

int
perf_parse_trid(const char *text)
{
	struct perf_trid *from;
	char nsid[16] = "";

	if (g_opts.num_trids == PERF_TRIDS_MAX) {
		fprintf(stderr, "-r: at most %d times\n", PERF_TRIDS_MAX);
		return -EINVAL;
	}
	from = &g_opts.trids[g_opts.num_trids];
	spdk_nvme_trid_populate_transport(&from->trid, SPDK_NVME_TRANSPORT_PCIE);
	snprintf(from->trid.subnqn, sizeof(from->trid.subnqn), "%s", SPDK_NVMF_DISCOVERY_NQN);
	if (spdk_nvme_transport_id_parse(&from->trid, text) != 0) {
		fprintf(stderr, "-r: '%s' is not a transport id\n", text);
		return -EINVAL;
	}
	if (spdk_nvme_host_id_parse(&from->host, text) != 0 ||
	    parse_extra(text, "hostnqn:", from->hostnqn, sizeof(from->hostnqn)) != 0 ||
	    parse_extra(text, "ns:", nsid, sizeof(nsid)) != 0) {
		return -EINVAL;
	}
	if (nsid[0] != '\0' &&
	    perf_parse_u32("-r ns:", nsid, 1, UINT32_MAX - 2, &from->nsid) != 0) {
		return -EINVAL;
	}
	g_opts.num_trids++;
	return 0;
}

/* ---- Sockets and logs ---- */

int
perf_set_zcopy(const char *impl, const uint32_t *threshold, bool enable)
{
	struct spdk_sock_impl_opts opts = { 0 };
	size_t size = sizeof(opts);

	if (spdk_sock_impl_get_opts(impl, &opts, &size) != 0) {
		fprintf(stderr, "there is no socket implementation '%s'\n", impl);
		return -EINVAL;
	}
	if (threshold != NULL) {
		opts.zerocopy_threshold = *threshold;
	} else {
		opts.enable_zerocopy_send_client = enable;
	}
	return spdk_sock_impl_set_opts(impl, &opts, size) == 0 ? 0 : -EINVAL;
}

int
perf_set_log_level(const char *text)
{
	static const struct {
		const char *name;
		enum spdk_log_level level;
	} levels[] = {
		{ "error", SPDK_LOG_ERROR },   { "warning", SPDK_LOG_WARN },
		{ "notice", SPDK_LOG_NOTICE }, { "info", SPDK_LOG_INFO },
		{ "debug", SPDK_LOG_DEBUG },
	};
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(levels); i++) {
		if (strcasecmp(text, levels[i].name) == 0) {
			spdk_log_set_print_level(levels[i].level);
			return 0;
		}
	}
	fprintf(stderr, "--log-level: '%s' is none of error, warning, notice, info, debug\n", text);
	return -EINVAL;
}

int
perf_set_srq_size(const char *text)
{
	struct spdk_nvme_transport_opts opts;

	spdk_nvme_transport_get_opts(&opts, sizeof(opts));
	if (perf_parse_u32("--rdma-srq-size", text, 0, UINT16_MAX, &opts.rdma_srq_size) != 0) {
		return -EINVAL;
	}
	return spdk_nvme_transport_set_opts(&opts, sizeof(opts));
}
