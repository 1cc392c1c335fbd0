/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* Who may call what. Each method's table names a role: observe (reads only), operate (changes what
 * runs) or admin (changes what is configured); a role may do what those before it may. Who connects
 * by a path is known by the kernel: root and the user that this process runs as are admin, others
 * are what the rules say, the best of those that fit, and without one they are turned away. TCP
 * knows no user: all who reach it have one role, admin unless a rule says less.
 *
 * Rules come from --rpc-role, before the start; they stay until the program's end. */

#include "rpc_internal.h"
#include "spdk_internal/env.h"
#include "spdk_internal/system_state.h"

#define RULES_MAX 256

enum rule_kind {
	RULE_USER,
	RULE_GROUP,
	RULE_TCP,
};

struct rule {
	enum rule_kind kind;
	int64_t id;
	enum rpc_role role;
};

static SYSTEM_STATE struct {
	struct rule *rules;
	size_t num_rules;
} g_roles;

static const char *const g_names[] = {
	[RPC_ROLE_OBSERVE] = "observe",
	[RPC_ROLE_OPERATE] = "operate",
	[RPC_ROLE_ADMIN] = "admin",
};

const char *
rpc_role_name(enum rpc_role role)
{
	return g_names[role];
}

static bool
parse_role(const char *text, enum rpc_role *role)
{
	size_t i;

	for (i = 0; i < SPDK_COUNTOF(g_names); i++) {
		if (strcmp(text, g_names[i]) == 0) {
			*role = (enum rpc_role)i;
			return true;
		}
	}
	return false;
}

/* A number, or a name that the machine knows. */
static int
parse_id(enum rule_kind kind, const char *text, int64_t *id)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0') {
		*id = n;
		return errno == 0 && n < UINT32_MAX ? 0 : -EINVAL;
	}
	return kind == RULE_USER ? env_find_user(text, id) : env_find_group(text, id);
}

static int
parse_rule(char *who, const char *role, struct rule *rule)
{
	if (!parse_role(role, &rule->role)) {
		return -EINVAL;
	}
	rule->id = -1;
	if (strcmp(who, "tcp") == 0) {
		rule->kind = RULE_TCP;
		return 0;
	}
	if (strncmp(who, "user:", 5) == 0 && who[5] != '\0') {
		rule->kind = RULE_USER;
		return parse_id(RULE_USER, who + 5, &rule->id);
	}
	if (strncmp(who, "group:", 6) == 0 && who[6] != '\0') {
		rule->kind = RULE_GROUP;
		return parse_id(RULE_GROUP, who + 6, &rule->id);
	}
	return -EINVAL;
}

int
rpc_role_add(const char *spec)
{
	char *copy = strdup(spec), *equals;
	struct rule rule, *rules;
	int rc = -ENOMEM;

	if (copy == NULL) {
		return rc;
	}
	equals = strrchr(copy, '=');
	if (equals == NULL || g_roles.num_rules == RULES_MAX) {
		free(copy);
		return equals == NULL ? -EINVAL : -ENOSPC;
	}
	*equals = '\0';
	rc = parse_rule(copy, equals + 1, &rule);
	free(copy);
	if (rc != 0) {
		return rc;
	}
	rules = realloc(g_roles.rules, (g_roles.num_rules + 1) * sizeof(*rules));
	if (rules == NULL) {
		return -ENOMEM;
	}
	rules[g_roles.num_rules++] = rule;
	g_roles.rules = rules;
	return 0;
}

void
rpc_roles_clear(void)
{
	free(g_roles.rules);
	memset(&g_roles, 0, sizeof(g_roles));
}

bool
rpc_roles_have_others(void)
{
	size_t i;

	for (i = 0; i < g_roles.num_rules; i++) {
		if (g_roles.rules[i].kind != RULE_TCP) {
			return true;
		}
	}
	return false;
}

static bool
rule_fits(const struct rule *rule, int fd, const struct env_peer *peer)
{
	switch (rule->kind) {
	case RULE_USER:
		return rule->id == peer->uid;
	case RULE_GROUP:
		return rule->id == peer->gid || env_stream_peer_in_group(fd, rule->id);
	case RULE_TCP:
		break;
	}
	return false;
}

/* The least of the rules for TCP: who says less means it. */
static int
role_of_tcp(void)
{
	int role = RPC_ROLE_ADMIN;
	size_t i;

	for (i = 0; i < g_roles.num_rules; i++) {
		if (g_roles.rules[i].kind == RULE_TCP && (int)g_roles.rules[i].role < role) {
			role = (int)g_roles.rules[i].role;
		}
	}
	return role;
}

int
rpc_role_of(int fd, const struct env_peer *peer)
{
	int role = -EACCES;
	size_t i;

	if (peer->uid == -1) {
		return role_of_tcp();
	}
	if (peer->uid == 0 || peer->uid == (int64_t)env_get_uid()) {
		return RPC_ROLE_ADMIN;
	}
	for (i = 0; i < g_roles.num_rules; i++) {
		if ((int)g_roles.rules[i].role > role && rule_fits(&g_roles.rules[i], fd, peer)) {
			role = (int)g_roles.rules[i].role;
		}
	}
	return role;
}
