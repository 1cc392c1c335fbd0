/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/*
 * spdk_nvme_discover: prints the log of a discovery service, and prints it again whenever the
 * service tells that it changed, until SIGINT or SIGTERM. When the service does not tell, it ends
 * after the first print. One thread, no framework.
 */

#include "spdk/env.h"
#include "spdk/log.h"
#include "spdk/nvme.h"
#include "spdk/string.h"
#include "spdk/util.h"
#include "spdk_internal/env.h"

#define POLL_PERIOD_US 1000

static struct {
	struct spdk_nvme_transport_id trid;
	char hostnqn[SPDK_NVMF_NQN_MAX_LEN + 1];
	struct spdk_nvme_host_id host;
	bool trid_given;
	bool reading; /* a log page is being read, until this time: */
	uint64_t read_deadline_ticks;
	bool changed; /* it changed meanwhile */
	int status;
} g_app;

static volatile sig_atomic_t g_stop;

static void
usage(FILE *f, const char *program)
{
	fprintf(f,
	        "%s [options]\n"
	        "  -r, --transport <id>    the discovery service: 'trtype:TCP adrfam:IPv4\n"
	        "                          traddr:127.0.0.1 trsvcid:4420'\n"
	        "  -H, --hostnqn <NQN>     the host to be\n"
	        "  -G, --enable-debug      debug messages\n"
	        "  -T, --logflag <name>    switch a log flag on\n",
	        program);
	spdk_log_usage(f, "-T");
}

static void
on_signal(int signo)
{
	g_stop = 1;
}

/* ---- Printing ---- */

/* Fixed-size text of a peer: printable characters only, without the padding. */
static void
print_text(const char *name, const uint8_t *text, size_t size)
{
	size_t len = 0;
	size_t i;

	for (i = 0; i < size && text[i] != '\0'; i++) {
		if (text[i] != ' ') {
			len = i + 1;
		}
	}
	printf("%s", name);
	for (i = 0; i < len; i++) {
		putchar(isprint(text[i]) ? text[i] : '?');
	}
	putchar('\n');
}

static const char *
subtype_name(uint8_t subtype)
{
	switch (subtype) {
	case SPDK_NVMF_SUBTYPE_DISCOVERY:
		return "discovery subsystem";
	case SPDK_NVMF_SUBTYPE_NVME:
		return "nvme subsystem";
	case SPDK_NVMF_SUBTYPE_DISCOVERY_CURRENT:
		return "current discovery subsystem";
	default:
		return "unknown";
	}
}

static const char *
treq_name(uint8_t secure_channel)
{
	switch (secure_channel) {
	case SPDK_NVMF_TREQ_SECURE_CHANNEL_REQUIRED:
		return "required";
	case SPDK_NVMF_TREQ_SECURE_CHANNEL_NOT_REQUIRED:
		return "not required";
	default:
		return "not specified";
	}
}

static void
print_entry(uint64_t index, const struct spdk_nvmf_discovery_log_page_entry *entry)
{
	const char *trtype =
	        spdk_nvme_transport_id_trtype_str((enum spdk_nvme_transport_type)entry->trtype);
	const char *adrfam =
	        spdk_nvme_transport_id_adrfam_str((enum spdk_nvmf_adrfam)entry->adrfam);

	printf("=====Discovery Log Entry %" PRIu64 "======\n", index);
	printf("trtype:  %s\n", trtype != NULL ? trtype : "unknown");
	printf("adrfam:  %s\n", adrfam != NULL ? adrfam : "unknown");
	printf("subtype: %s\n", subtype_name(entry->subtype));
	printf("treq:    %s\n", treq_name(entry->treq.secure_channel));
	printf("portid:  %u\n", entry->portid);
	print_text("trsvcid: ", entry->trsvcid, sizeof(entry->trsvcid));
	print_text("subnqn:  ", entry->subnqn, sizeof(entry->subnqn));
	print_text("traddr:  ", entry->traddr, sizeof(entry->traddr));
	printf("eflags:  0x%04x\n", entry->eflags);
	if (entry->trtype == SPDK_NVMF_TRTYPE_TCP) {
		printf("sectype: %s\n",
		       entry->tsas.tcp.sectype == SPDK_NVME_TCP_SECURITY_NONE ? "none" : "TLS");
	}
}

static void read_log(struct spdk_nvme_ctrlr *ctrlr);

static void
log_done(void *arg, int rc, const struct spdk_nvme_cpl *cpl,
         struct spdk_nvmf_discovery_log_page *page)
{
	struct spdk_nvme_ctrlr *ctrlr = arg;
	uint64_t i;

	g_app.reading = false;
	if (rc != 0 || page == NULL) {
		if (!g_stop) {
			fprintf(stderr, "the discovery log can't be read: %s\n",
			        spdk_strerror(-rc));
			g_app.status = 1;
			g_stop = 1;
		}
		return;
	}
	printf("Discovery Log Number of Records %" PRIu64 ", Generation counter %" PRIu64 "\n",
	       page->numrec, page->genctr);
	for (i = 0; i < page->numrec; i++) {
		print_entry(i, &page->entries[i]);
	}
	fflush(stdout);
	free(page);
	if (g_app.changed) {
		g_app.changed = false;
		read_log(ctrlr);
	}
}

static void
read_log(struct spdk_nvme_ctrlr *ctrlr)
{
	uint32_t timeout_ms = spdk_nvme_ctrlr_get_opts(ctrlr)->admin_timeout_ms;
	int rc = spdk_nvme_ctrlr_get_discovery_log_page(ctrlr, log_done, ctrlr);

	g_app.read_deadline_ticks =
	        spdk_get_ticks() + timeout_ms * (spdk_get_ticks_hz() / SPDK_SEC_TO_MSEC);
	if (rc != 0) {
		log_done(ctrlr, rc, NULL, NULL);
	} else {
		g_app.reading = true;
	}
}

static void
on_event(void *arg, const struct spdk_nvme_cpl *cpl)
{
	union spdk_nvme_async_event_completion event = { .raw = cpl->cdw0 };

	if (event.bits.async_event_type != SPDK_NVME_ASYNC_EVENT_TYPE_NOTICE ||
	    event.bits.async_event_info != SPDK_NVME_ASYNC_EVENT_DISCOVERY_LOG_CHANGE) {
		return;
	}
	printf("\nThe discovery log has changed.\n");
	if (g_app.reading) {
		g_app.changed = true;
	} else {
		read_log(arg);
	}
}

/* ---- Main ---- */

static int
parse_opt(int opt)
{
	switch (opt) {
	case 'r':
		if (spdk_nvme_transport_id_parse(&g_app.trid, optarg) != 0 ||
		    spdk_nvme_host_id_parse(&g_app.host, optarg) != 0) {
			fprintf(stderr, "-r: '%s' is not a transport id\n", optarg);
			return -EINVAL;
		}
		g_app.trid_given = true;
		return 0;
	case 'G':
		spdk_log_set_print_level(SPDK_LOG_DEBUG);
		return 0;
	case 'H':
		if (strlen(optarg) >= sizeof(g_app.hostnqn)) {
			fprintf(stderr, "-H: an NQN has at most %d characters\n",
			        SPDK_NVMF_NQN_MAX_LEN);
			return -EINVAL;
		}
		snprintf(g_app.hostnqn, sizeof(g_app.hostnqn), "%s", optarg);
		return 0;
	case 'T':
		if (spdk_log_set_flag(optarg) != 0) {
			fprintf(stderr, "-T: there is no log flag '%s'\n", optarg);
			return -EINVAL;
		}
		return 0;
	default:
		return -EINVAL;
	}
}

static int
parse_args(int argc, char **argv)
{
	static const struct option long_opts[] = {
		{ "transport", required_argument, NULL, 'r' },
		{ "enable-debug", no_argument, NULL, 'G' },
		{ "hostnqn", required_argument, NULL, 'H' },
		{ "logflag", required_argument, NULL, 'T' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "r:GH:T:", long_opts, NULL)) != -1) {
		if (parse_opt(opt) != 0) {
			usage(stderr, argv[0]);
			return 1;
		}
	}
	if (!g_app.trid_given) {
		fprintf(stderr, "-r (--transport) is missing\n");
		usage(stderr, argv[0]);
		return 1;
	}
	return 0;
}

static void
run(struct spdk_nvme_ctrlr *ctrlr)
{
	bool tells = spdk_nvme_ctrlr_get_data(ctrlr)->oaes.discovery_log_change_notices;
	struct env_waiter *waiter; /* of nothing: to sleep between polls */
	struct env_wait_event event;

	if (env_waiter_create(&waiter) != 0) {
		fprintf(stderr, "no memory or no file descriptor left\n");
		g_app.status = 1;
		return;
	}
	spdk_nvme_ctrlr_register_aer_callback(ctrlr, on_event, ctrlr);
	read_log(ctrlr);
	while (!g_stop && (tells || g_app.reading)) {
		if (spdk_nvme_ctrlr_process_admin_completions(ctrlr) < 0 && !g_stop) {
			fprintf(stderr, "the connection to the discovery service is lost\n");
			g_app.status = 1;
			break;
		}
		if (g_app.reading && spdk_get_ticks() > g_app.read_deadline_ticks) {
			fprintf(stderr, "the discovery service does not answer\n");
			g_app.status = 1;
			break;
		}
		env_waiter_wait(waiter,
		                spdk_get_ticks() + POLL_PERIOD_US * spdk_get_ticks_hz() / 1000000,
		                &event, 1);
	}
	env_waiter_destroy(waiter);
}

int
main(int argc, char **argv)
{
	struct spdk_env_opts env_opts = { .opts_size = sizeof(env_opts) };
	struct sigaction action = { .sa_handler = on_signal };
	struct spdk_nvme_ctrlr_opts opts;
	struct spdk_nvme_ctrlr *ctrlr;

	spdk_nvme_trid_populate_transport(&g_app.trid, SPDK_NVME_TRANSPORT_TCP);
	snprintf(g_app.trid.subnqn, sizeof(g_app.trid.subnqn), "%s", SPDK_NVMF_DISCOVERY_NQN);
	if (parse_args(argc, argv) != 0) {
		return 1;
	}
	spdk_env_opts_init(&env_opts);
	env_opts.name = "discover";
	env_opts.no_pci = true;
	if (spdk_env_init(&env_opts) < 0) {
		fprintf(stderr, "the environment can't be initialised\n");
		return 1;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	spdk_nvme_ctrlr_get_default_ctrlr_opts(&opts, sizeof(opts));
	memcpy(opts.src_addr, g_app.host.hostaddr, sizeof(opts.src_addr));
	memcpy(opts.src_svcid, g_app.host.hostsvcid, sizeof(opts.src_svcid));
	if (g_app.hostnqn[0] != '\0') {
		memcpy(opts.hostnqn, g_app.hostnqn, sizeof(opts.hostnqn));
	}
	ctrlr = spdk_nvme_connect(&g_app.trid, &opts, sizeof(opts));
	if (ctrlr == NULL) {
		fprintf(stderr, "no connection to %s:%s\n", g_app.trid.traddr, g_app.trid.trsvcid);
		g_app.status = 1;
	} else {
		run(ctrlr);
		g_stop = 1;
		spdk_nvme_detach(ctrlr);
	}
	spdk_env_fini();
	return g_app.status;
}
