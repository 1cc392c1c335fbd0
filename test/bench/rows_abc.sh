#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Rows a, b, c and f of the bench, exactly: the slope of two bdevperf runs of a given number of I/Os.
# usage: rows_abc.sh BUILD   (a build with -Dc_args=-march=x86-64-v3 -Doptimization=2)
# Prints instructions per I/O; the last row is what a passthru in between adds to row a.
set -e
bdevperf=${1:?usage: rows_abc.sh BUILD}/examples/bdevperf
dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
A=20000
B=120000

config() { # FILE METHOD PARAMS [METHOD PARAMS]
	file=$dir/$1
	entries="{\"method\":\"$2\",\"params\":$3}"
	[ -z "$4" ] || entries="$entries,{\"method\":\"$4\",\"params\":$5}"
	printf '{"subsystems":[{"subsystem":"bdev","config":[%s]}]}\n' "$entries" > "$file"
}

instructions() { # CONFIG DEPTH WORKLOAD COUNT
	GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-ERMS,-FSRM \
		valgrind --tool=callgrind --callgrind-out-file="$dir/out" --quiet \
		"$bdevperf" -m 0x1 -c "$dir/$1" -q "$2" -o 4096 -w "$3" --io-count "$4" \
		> "$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
	awk '/^summary:/ { print $2 }' "$dir/out"
}

slope() { # CONFIG DEPTH WORKLOAD
	low=$(instructions "$1" "$2" "$3" $A)
	high=$(instructions "$1" "$2" "$3" $B)
	echo $(((high - low) / (B - A)))
}

null='{"name":"Null0","num_blocks":2097152,"block_size":512}'
config null bdev_null_create "$null"
config malloc bdev_malloc_create '{"name":"Malloc0","num_blocks":65536,"block_size":4096}'
config passthru bdev_null_create "$null" bdev_passthru_create '{"name":"P0","base_bdev_name":"Null0"}'

a=$(slope null 128 randread)
echo "a null randread q128: $a (gate 500)"
echo "b null randread q1: $(slope null 1 randread) (gate 800)"
echo "c malloc randread q128: $(slope malloc 128 randread) (gate 1250)"
echo "c malloc randwrite q128: $(slope malloc 128 randwrite) (gate 1250)"
echo "f passthru adds: $(($(slope passthru 128 randread) - a)) (gate 400)"
