#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# setup.sh [config|status|reset|help]: huge pages for programs, as SPDK's script of that name takes them.
# Basalt needs none to start: it takes them where there are any.
#
#   HUGEMEM=MIB          how much, 2048 unless said        NRHUGE=N        how many pages, instead
#   HUGEPGSZ=KIB         of which size, else the system's  CLEAR_HUGE=yes  give all back first
#   HUGENODE=N[,N]       from these NUMA nodes only        SHRINK_HUGE=yes there may become fewer
#   HUGE_EVEN_ALLOC=yes  as many from each NUMA node; without it the kernel chooses
#
# config reserves (root), status shows, reset gives all back (root). What there is already counts, and is
# not taken away but by CLEAR_HUGE and SHRINK_HUGE. Drivers of PCI devices are not touched.
# Ends with 1 and a line when the system gives fewer than asked for; what it gave stays.
set -u

root=${SETUP_ROOT:-} # a made-up system, for the test
sizes=$root/sys/kernel/mm/hugepages
nodes=$root/sys/devices/system/node

fail() {
	echo "setup.sh: $*" >&2
	exit 1
}

is_number() {
	[[ $1 =~ ^[0-9]{1,12}$ ]]
}

node_ids() {
	local dir
	for dir in "$nodes"/node[0-9]*; do
		[ -d "$dir" ] && echo "${dir##*/node}"
	done | sort -n
}

default_kib() {
	awk '$1 == "Hugepagesize:" {print $2}' "$root/proc/meminfo"
}

# FOLDER COUNT: have so many pages there, whose sum with other folders is `got`.
reserve() {
	local file=$1/nr_hugepages have
	have=$(cat "$file") || fail "$file can't be read"
	if [ "$have" -lt "$2" ] || { [ "$have" -gt "$2" ] && [ "${SHRINK_HUGE:-}" = yes ]; }; then
		{ echo "$2" >"$file"; } 2>/dev/null || fail "$file can't be written: run it as root"
		have=$(cat "$file")
	fi
	got=$((got + (have < $2 ? have : $2)))
}

give_back() {
	local file
	for file in "$sizes"/hugepages-*kB/nr_hugepages; do
		[ "$(cat "$file")" = 0 ] && continue
		{ echo 0 >"$file"; } 2>/dev/null || fail "$file can't be written: run it as root"
	done
}

config() {
	local kib count id ids number got=0 num
	kib=${HUGEPGSZ:-$(default_kib)}
	is_number "$kib" && [ -d "$sizes/hugepages-${kib}kB" ] ||
		fail "HUGEPGSZ: there are no huge pages of ${kib:-unknown} KiB, but of:" \
			"$(cd "$sizes" 2>/dev/null && echo *)"
	is_number "${HUGEMEM:-2048}" || fail "HUGEMEM=$HUGEMEM is no number of MiB"
	count=${NRHUGE:-$(((${HUGEMEM:-2048} * 1024 + kib - 1) / kib))}
	is_number "$count" || fail "NRHUGE=$count is no number of pages"
	[ "${CLEAR_HUGE:-}" = yes ] && give_back

	ids=
	if [ -n "${HUGENODE:-}" ]; then
		ids=${HUGENODE//,/ }
	elif [ "${HUGE_EVEN_ALLOC:-}" = yes ]; then
		ids=$(node_ids)
	fi
	if [ -z "$ids" ]; then
		reserve "$sizes/hugepages-${kib}kB" "$count"
	else
		for id in $ids; do
			is_number "$id" && [ -d "$nodes/node$id" ] ||
				fail "HUGENODE: there is no NUMA node $id, but:" $(node_ids)
		done
		num=$(echo $ids | wc -w)
		number=0
		for id in $ids; do # the first nodes have what is left over
			reserve "$nodes/node$id/hugepages/hugepages-${kib}kB" \
				$((count / num + (number < count % num)))
			number=$((number + 1))
		done
	fi
	[ "$got" -ge "$count" ] ||
		fail "$got of $count huge pages of $kib KiB: memory is too small or in too many pieces." \
			"Ask for less (HUGEMEM), or soon after the start of the machine"
}

status() {
	local id dir kib
	echo "Hugepages"
	echo "node     hugesize     free /  total"
	for id in $(node_ids); do
		for dir in "$nodes/node$id"/hugepages/hugepages-*kB; do
			[ -d "$dir" ] || continue
			kib=${dir##*hugepages-}
			printf '%-6s %10s %8s / %6s\n' "node$id" "$kib" "$(cat "$dir/free_hugepages")" \
				"$(cat "$dir/nr_hugepages")"
		done
	done
}

case ${1:-config} in
config) config ;;
status) status ;;
reset) give_back ;;
help | -h | --help) sed -n '3,/^set -u/{/^set -u/d;s/^# \{0,1\}//;p}' "$0" ;;
*)
	echo "setup.sh: there is no command '$1': config, status, reset, help" >&2
	exit 2
	;;
esac
