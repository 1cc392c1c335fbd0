/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/* module/keyring/linux/kernel.c on the kernel that runs this test, with a session keyring of its
 * own, which goes with the process. */

#include "keyring_linux.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>

#include <setjmp.h>
#include <cmocka.h>

#define NAME ":basalt:unit"

static int32_t
key_add(const char *secret)
{
	return (int32_t)syscall(SYS_add_key, "user", NAME, secret, strlen(secret),
	                        KEY_SPEC_SESSION_KEYRING);
}

static void
test_kernel(void **state)
{
	char buf[16] = "";
	int32_t serial;

	assert_int_equal(kernel_key_find(NAME), -ENOKEY);
	serial = key_add("secret");
	assert_true(serial > 0);
	assert_int_equal(kernel_key_find(NAME), serial);
	assert_int_equal(kernel_key_find("absent"), -ENOKEY);
	assert_int_equal(kernel_key_permissions(serial), 0x3f010000);
	assert_int_equal(kernel_key_read(serial, buf, sizeof(buf)), 6);
	assert_string_equal(buf, "secret");
	assert_int_equal(kernel_key_read(serial, buf, 5), 6); /* and not in the buffer */
	assert_int_equal(syscall(SYS_keyctl, KEYCTL_SETPERM, serial, 0x3f3f0202), 0);
	assert_int_equal(kernel_key_permissions(serial), 0x3f3f0202);
	assert_int_equal(syscall(SYS_keyctl, KEYCTL_REVOKE, serial), 0);
	assert_int_equal(kernel_key_read(serial, buf, sizeof(buf)), -EKEYREVOKED);
	assert_int_equal(kernel_key_permissions(serial), -EKEYREVOKED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_kernel) };

	/* Containers may be forbidden to; the other test is without the kernel. */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0) {
		printf("1..0 # SKIP the kernel lets this process have no keyring\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
