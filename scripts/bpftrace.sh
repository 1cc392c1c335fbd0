#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# bpftrace.sh PID SCRIPT [OPTION...]: run a bpftrace script against a running program. In it
# __EXE__ stands for the program's file, or the library libspdk.so where the probes are in that, and
# __PID__ for the process. Options go to bpftrace. Needs root.
set -eu

if [ $# -lt 2 ] || [ "$1" = -h ]; then
	sed -n '3,5s/^# //p' "$0" >&2
	exit 2
fi
pid=$1 script=$2
shift 2
if [ ! -e "/proc/$pid/exe" ]; then
	echo "bpftrace.sh: there is no process $pid (or it is not yours)" >&2
	exit 1
fi
if [ ! -r "$script" ]; then
	echo "bpftrace.sh: $script can't be read" >&2
	exit 1
fi
if ! command -v "${BPFTRACE:-bpftrace}" > /dev/null; then
	echo "bpftrace.sh: bpftrace is not installed: apt-get install bpftrace" >&2
	exit 1
fi

exe=$(readlink "/proc/$pid/exe")
library=$(sed -n 's|^.* \(/.*/libspdk\.so[.0-9]*\)$|\1|p' "/proc/$pid/maps" | head -n 1)
exe=${library:-$exe}
file=$(mktemp "${TMPDIR:-/tmp}/bpftrace.XXXXXX")
trap 'rm -f "$file"' EXIT
sed -e "s|__EXE__|$exe|g" -e "s|__PID__|$pid|g" "$script" > "$file"
"${BPFTRACE:-bpftrace}" -p "$pid" "$@" "$file"
