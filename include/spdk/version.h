/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

/** \file
 * The SPDK version whose interfaces this library keeps.
 */

#ifndef SPDK_VERSION_H
#define SPDK_VERSION_H

#define SPDK_VERSION_MAJOR 26
#define SPDK_VERSION_MINOR 9
#define SPDK_VERSION_PATCH 0
#define SPDK_VERSION_SUFFIX "-pre"

/** A version as one number that grows with it, for comparison in the preprocessor. */
#define SPDK_VERSION_NUM(major, minor, patch) (((major)*100 + (minor)) * 100 + (patch))
#define SPDK_VERSION SPDK_VERSION_NUM(SPDK_VERSION_MAJOR, SPDK_VERSION_MINOR, SPDK_VERSION_PATCH)

#define SPDK_VERSION_STRINGIFY_x(x) #x
#define SPDK_VERSION_STRINGIFY(x) SPDK_VERSION_STRINGIFY_x(x)

#define SPDK_VERSION_MAJOR_STRING SPDK_VERSION_STRINGIFY(SPDK_VERSION_MAJOR)
/* Two digits, as releases are named by year and month. */
#define SPDK_VERSION_MINOR_STRING ".09"
#define SPDK_VERSION_PATCH_STRING ""

#define SPDK_GIT_COMMIT_STRING ""
#define SPDK_GIT_COMMIT_STRING_SHA1 ""

#define SPDK_VERSION_STRING \
	"SPDK v" SPDK_VERSION_MAJOR_STRING SPDK_VERSION_MINOR_STRING SPDK_VERSION_PATCH_STRING \
	        SPDK_VERSION_SUFFIX SPDK_GIT_COMMIT_STRING

#endif /* SPDK_VERSION_H */
