#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# check.sh [BUILD]: cross-build for arm64 and run the unit tests under qemu-user.
# JOBS: how many compilers at once. Needs gcc-aarch64-linux-gnu and qemu-user; the arm64 libraries are downloaded as Debian packages
# into BUILD.sysroot, with apt's own keys and without touching the system's package state.
set -u -o pipefail
cd "$(dirname "$0")/../.." || exit 1
build=${1:-build-arm64}
root=$PWD/$build.sysroot
mkdir -p "$root"
packages="libssl-dev libssl3 liburing-dev liburing2 libisal-dev libisal2 uuid-dev libuuid1
libcmocka-dev libcmocka0 libuv1-dev libuv1"
# What can't run under qemu-user, and why. Patterns of whole names.
left_out="unit_env_shm_step_native" # ptrace() is not emulated
left_out="$left_out unit_env_shm_kill_native" # nor robust futexes: a dead owner's lock stays locked
left_out="$left_out unit_keyring_kernel"      # nor the kernel's keyrings
left_out="$left_out unit_env_native_native"   # the resident memory that it counts is qemu's too
left_out="$left_out unit_sock_zcopy"          # nor sends without a copy
left_out="$left_out unit_sock_.*uring.*"      # nor io_uring: system call 425 is unknown to it

fail() {
	echo "check-arm64: $*" >&2
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
}

for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
	command -v $tool >/dev/null ||
		fail "no $tool: apt-get install --no-install-recommends gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
done

make_sysroot() {
	local apt=$root.apt
	mkdir -p "$apt"/{state/lists/partial,cache/archives/partial,debs} "$root"
	: >"$apt/state/status"
	cat >"$apt/apt.conf" <<-EOC
		APT::Architecture "arm64";
		APT::Architectures "arm64";
		APT::Sandbox::User "$(id -un)";
		Dir::State "$apt/state";
		Dir::State::status "$apt/state/status";
		Dir::Cache "$apt/cache";
	EOC
	apt-get -q -c "$apt/apt.conf" update || return 1
	# shellcheck disable=SC2086,SC2046
	(cd "$apt/debs" && apt-get -q -c "$apt/apt.conf" download $(printf '%s:arm64 ' $packages)) || return 1
	for deb in "$apt"/debs/*.deb; do
		dpkg-deb -x "$deb" "$root" || return 1
	done
	# Some put the library itself where Debian's merged /usr would.
	[ ! -d "$root/lib/aarch64-linux-gnu" ] ||
		cp -a "$root"/lib/aarch64-linux-gnu/. "$root/usr/lib/aarch64-linux-gnu/"
	rm -rf "$apt"
	touch "$root/complete"
}

if [ ! -e "$root/complete" ]; then
	make_sysroot >"$root/check.log" 2>&1 || { tail -20 "$root/check.log"; fail "no arm64 libraries"; }
fi
printf "[constants]\nsysroot = '%s'\n" "$root" >"$root/sysroot.txt"
[ -d "$build" ] || meson setup "$build" --cross-file "$root/sysroot.txt" --cross-file meson/cross/aarch64.txt \
	>"$root/check.log" 2>&1 || { tail -40 "$root/check.log"; fail "meson setup failed"; }
ninja -C "$build" -j "${JOBS:-$(nproc)}" -k 0 >"$root/check.log" 2>&1 || { grep -E 'error|FAILED|undefined' "$root/check.log" | head -20; fail "the build failed"; }
names=$(meson test -C "$build" --no-rebuild --list --suite unit 2>/dev/null | sed 's|.* / ||')
for name in $left_out; do
	names=$(grep -vx "$name" <<<"$names")
done
# shellcheck disable=SC2086
meson test -C "$build" --no-rebuild --timeout-multiplier 20 $names >"$root/check.log" 2>&1
ok=$(sed -n 's/^Ok: *//p' "$root/check.log") bad=$(sed -nE 's/^(Fail|Timeout): *//p' "$root/check.log" | paste -sd+)
grep -E ' (FAIL|ERROR|TIMEOUT) ' "$root/check.log"
bad=$((${bad:-1}))
echo "${ok:-0} passed, $bad failed, 0 skipped"
[ $bad = 0 ] && [ "${ok:-0}" -gt 0 ]
