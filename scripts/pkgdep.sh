#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# pkgdep.sh [--hint] GROUP...: install the Debian packages that building or testing needs.
# As root it installs what is missing; as a user it prints the one command and ends with status 2.
set -u
build="gcc make meson ninja-build pkg-config python3 libssl-dev liburing-dev libisal-dev uuid-dev"
test="g++ clang libclang-rt-14-dev libcmocka-dev valgrind gdb strace binutils iproute2 procps
libuv1-dev qemu-system-x86 busybox-static kmod cpio xz-utils nvme-cli e2fsprogs fio clang-format
groff-base dpkg-dev bpftrace"

hint=0
[ "${1:-}" = --hint ] && { hint=1; shift; }
want=
for group in "$@"; do
	case $group in
	build) want="$want $build" ;;
	test) want="$want $test" ;;
	*) echo "pkgdep.sh: no group '$group': build, test" >&2; exit 2 ;;
	esac
done
command -v dpkg-query >/dev/null || {
	echo "pkgdep.sh: this is not Debian; install the like of: $want" >&2
	exit 2
}
missing=
for p in $want; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing="$missing $p"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ] || [ $hint = 1 ]; then
	echo "Packages are missing. Install them with this command, then try again:" >&2
	echo "  sudo apt-get install -y --no-install-recommends$missing" >&2
	exit 2
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing:$missing"
log=$(mktemp)
{ apt-get update && apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1 || {
	tail -20 "$log" >&2
	echo "pkgdep.sh: apt-get failed; the whole output is in $log" >&2
	exit 1
}
rm -f "$log"
