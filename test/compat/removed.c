/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* What SPDK has dropped and we keep still does what it did: a program that uses all of it, and that
 * compiles without a warning unless BASALT_WARN_DEPRECATED asks for them. Prints TAP. */

#include "spdk/bdev.h"
#include "spdk/bdev_module.h"
#include "spdk/env.h"
#include "spdk/event.h"
#include "spdk/init.h"
#include "spdk/log.h"
#include "spdk/nvme.h"
#include "spdk/nvmf.h"
#include "spdk/nvmf_cmd.h"
#include "spdk/nvmf_transport.h"
#include "spdk/rpc.h"
#include "spdk/util.h"
#include "spdk_internal/nvme.h"

#include <sys/socket.h>
#include <sys/un.h>

#define NQN "nqn.2026-11.io.basalt:removed"

static int g_num;
static int g_failed;
static char g_logged[512];
static char g_dir[] = "/tmp/basalt_removed_XXXXXX";
static struct spdk_nvmf_tgt *g_tgt;

#define CHECK(condition) report(condition, #condition)

static void
report(bool ok, const char *what)
{
	printf("%s %d - %s\n", ok ? "ok" : "not ok", ++g_num, what);
	g_failed += !ok;
}

static void
keep_log(int level, const char *file, const int line, const char *func, const char *format,
         va_list args)
{
	vsnprintf(g_logged, sizeof(g_logged), format, args);
}

/* ---- A module that says later that it is done ---- */

static void
finish_later(void *arg)
{
	spdk_bdev_module_finish_done();
}

static void
module_fini(void)
{
	spdk_thread_send_msg(spdk_get_thread(), finish_later, NULL);
}

static int
module_init(void)
{
	return 0;
}

static struct spdk_bdev_module g_module = {
	.name = "removed",
	.module_init = module_init,
	.module_fini = module_fini,
	.async_fini = true, /* the program never ends without finish_later() */
};
SPDK_BDEV_MODULE_REGISTER(removed, &g_module)

/* ---- Small ones ---- */

static void
check_small(void)
{
	struct spdk_nvmf_request req = { .length = 77, .iovcnt = 1, .iov = { { &req, 77 } } };
	struct iovec iov = { NULL, 0 };
	uint32_t length = 0;
	void *data = NULL;
	int iovcnt = 0;

	spdk_iov_one(&iov, &iovcnt, &req, 5);
	CHECK(iov.iov_base == &req && iov.iov_len == 5 && iovcnt == 1);
	spdk_nvmf_request_get_data(&req, &data, &length);
	CHECK(data == &req && length == 77);
	req.iovcnt = 0;
	spdk_nvmf_request_get_data(&req, &data, &length);
	CHECK(data == NULL);
	CHECK(spdk_env_get_socket_id(spdk_env_get_current_core()) ==
	      (uint32_t)spdk_env_get_numa_id(spdk_env_get_current_core()));
	CHECK(spdk_env_get_socket_id(4095) == (uint32_t)SPDK_ENV_NUMA_ID_ANY);
}

static void
check_nvme(void)
{
	struct spdk_nvme_cpl cpl = { .cid = 4711 };
	struct spdk_nvme_qpair qpair = { .id = 42 };

	CHECK(strcmp(spdk_nvme_cpl_get_status_string(&cpl.status),
	             spdk_nvme_cpl_get_status_string_ext(&cpl.status, 0)) == 0);
	spdk_nvme_print_completion(17, &cpl);
	CHECK(strstr(g_logged, "qid:17 cid:4711") != NULL);
	spdk_nvme_qpair_print_completion(&qpair, &cpl);
	CHECK(strstr(g_logged, "qid:42 cid:4711") != NULL);
}

/* ---- A target ---- */

static void
check_names(struct spdk_nvmf_subsystem *subsystem)
{
	char text[42];

	memset(text, 'x', sizeof(text));
	text[41] = '\0';
	CHECK(spdk_nvmf_subsystem_set_sn(subsystem, "SN1") == 0);
	CHECK(strcmp(spdk_nvmf_subsystem_get_sn(subsystem), "SN1") == 0);
	CHECK(spdk_nvmf_subsystem_set_sn(subsystem, &text[20]) == -EINVAL); /* 21 characters */
	CHECK(spdk_nvmf_subsystem_set_sn(subsystem, &text[21]) == 0);
	CHECK(spdk_nvmf_subsystem_set_sn(subsystem, "a\n") == -EINVAL);
	CHECK(spdk_nvmf_subsystem_set_sn(subsystem, NULL) == -EINVAL);
	CHECK(strlen(spdk_nvmf_subsystem_get_sn(subsystem)) == 20);
	CHECK(spdk_nvmf_subsystem_set_mn(subsystem, text) == -EINVAL);
	CHECK(spdk_nvmf_subsystem_set_mn(subsystem, &text[1]) == 0);
	CHECK(strcmp(spdk_nvmf_subsystem_get_mn(subsystem), &text[1]) == 0);
}

static void
check_nvmf(void)
{
	struct spdk_nvmf_target_opts opts = { .size = sizeof(opts), .name = "removed" };
	struct spdk_nvmf_poll_group_stat stat;
	struct spdk_nvmf_subsystem *subsystem;

	g_tgt = spdk_nvmf_tgt_create(&opts);
	subsystem = spdk_nvmf_subsystem_create(g_tgt, NQN, SPDK_NVMF_SUBTYPE_NVME, 7);
	CHECK(subsystem != NULL);
	CHECK(spdk_nvmf_subsystem_get_type(subsystem) == SPDK_NVMF_SUBTYPE_NVME);
	CHECK(spdk_nvmf_subsystem_get_max_nsid(subsystem) == 7);
	CHECK(spdk_nvmf_subsystem_get_max_namespaces(subsystem) == 7);
	check_names(subsystem);
	CHECK(!spdk_nvmf_subsystem_get_ana_reporting(subsystem));
	CHECK(spdk_nvmf_subsystem_set_ana_reporting(subsystem, false) == 0);
	CHECK(spdk_nvmf_subsystem_set_ana_reporting(subsystem, true) == -ENOTSUP);
	CHECK(!spdk_nvmf_subsytem_any_listener_allowed(subsystem));
	spdk_nvmf_subsystem_allow_any_listener(subsystem, true);
	CHECK(spdk_nvmf_subsytem_any_listener_allowed(subsystem));
	memset(&stat, 0xa5, sizeof(stat));
	CHECK(spdk_nvmf_poll_group_get_stat(g_tgt, &stat) == 0);
	CHECK(stat.io_qpairs == 0 && stat.completed_nvme_io == 0);
	CHECK(spdk_nvmf_poll_group_get_stat(g_tgt, NULL) == -EINVAL);
	CHECK(spdk_nvmf_poll_group_get_stat(NULL, &stat) == -EINVAL);
	CHECK(spdk_nvmf_subsystem_destroy(subsystem, NULL, NULL) == 0);
}

/* ---- The one RPC server ---- */

static void
check_rpc(void)
{
	static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"log_get_level\"}";
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), i;
	char answer[256] = "";
	ssize_t num = -1;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/rpc", g_dir);
	CHECK(spdk_rpc_listen("/no/such/folder/rpc") == -1);
	CHECK(spdk_rpc_listen(addr.sun_path) == 0);
	CHECK(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	CHECK(send(fd, request, strlen(request), 0) == (ssize_t)strlen(request));
	for (i = 0; i < 1000 && num < 0; i++) {
		spdk_rpc_accept();
		num = recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT);
	}
	CHECK(strstr(answer, "\"result\":") != NULL);
	spdk_rpc_close();
	CHECK(recv(fd, answer, sizeof(answer), 0) == 0);
	close(fd);
	CHECK(access(addr.sun_path, F_OK) != 0);
	spdk_rpc_accept(); /* nothing */
	spdk_rpc_close();
}

/* ---- A configuration ---- */

static int g_bad_rc;

static void
bad_loaded(int rc, void *arg)
{
	g_bad_rc = rc;
}

static void
tgt_destroyed(void *arg, int status)
{
	spdk_app_stop(0);
}

static void
loaded(int rc, void *arg)
{
	CHECK(rc == 0);
	CHECK(spdk_bdev_get_by_name("n1") != NULL);
	spdk_nvmf_tgt_destroy(g_tgt, tgt_destroyed, NULL);
}

static void
check_config(void)
{
	static const char config[] = "{\"subsystems\":[{\"subsystem\":\"bdev\",\"config\":[{"
	                             "\"method\":\"bdev_null_create\",\"params\":{\"name\":\"n1\","
	                             "\"num_blocks\":8,\"block_size\":512}}]}]}";
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/config", g_dir);
	spdk_subsystem_init_from_json_config(path, NULL, bad_loaded, NULL, true);
	CHECK(g_bad_rc == -ENOENT);
	spdk_subsystem_init_from_json_config(NULL, NULL, bad_loaded, NULL, true);
	CHECK(g_bad_rc == -EINVAL);
	file = fopen(path, "w");
	CHECK(file != NULL && fputs(config, file) >= 0 && fclose(file) == 0);
	spdk_subsystem_init_from_json_config(path, NULL, loaded, NULL, true);
	unlink(path);
}

static void
started(void *arg)
{
	check_small();
	check_nvme();
	check_nvmf();
	check_rpc();
	check_config();
}

int
main(void)
{
	struct spdk_app_opts opts;
	int rc;

	if (mkdtemp(g_dir) == NULL) {
		return 1;
	}
	spdk_app_opts_init(&opts, sizeof(opts));
	opts.name = "removed";
	opts.rpc_addr = NULL;
	opts.log = keep_log;
	rc = spdk_app_start(&opts, started, NULL);
	spdk_app_fini();
	CHECK(rc == 0);
	CHECK(rmdir(g_dir) == 0);
	printf("1..%d\n", g_num);
	return g_failed != 0;
}
