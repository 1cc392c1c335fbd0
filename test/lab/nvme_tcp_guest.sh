#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# nvme_tcp_guest.sh ADDR PORT NQN [SECTIONS]: the guest's side of the NVMe/TCP lab. Prints one "ok"
# or "not ok" a check; what only the machine outside can do it asks for by files in /lab-out (see
# nvme_tcp.py). README.md lists the checks and what each of them notices.
set -u

addr=$1 port=$2 nqn=$3 sections=${4:-}
mnt=/mnt
asked=0
dev=

check() { # NAME COMMAND...
	local name=$1
	shift
	if "$@" > /run/check.log 2>&1; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		tail -25 /run/check.log | sed 's/^/# /'
		return 1
	fi
}

# Is this part of the lab wanted? All are when none is named.
section() { # NAME
	[ -z "$sections" ] && return 0
	case ,$sections, in *",$1,"*) return 0 ;; esac
	return 1
}

# How slow this machine is: booting takes 5 s where the limits below were chosen.
read -r uptime _ < /proc/uptime
slow=$((${uptime%.*} / 10 + 1))

# Poll COMMAND until it succeeds, for about SECONDS, on a slow machine longer.
within() { # SECONDS COMMAND...
	local until=$(($(date +%s) + $1 * slow))
	shift
	while ! "$@"; do
		[ "$(date +%s)" -lt "$until" ] || return 1
		read -rt 0.1 <> /run/never || true
	done
}
[ -p /run/never ] || mkfifo /run/never

# Ask the machine outside, and wait for its answer: "0" or the reason.
ask() { # WHAT
	asked=$((asked + 1))
	echo "$1" > /lab-out/.ask.tmp
	mv /lab-out/.ask.tmp "/lab-out/ask.$asked"
	within "${2:-60}" test -e "/lab-out/answer.$asked" || {
		echo "the machine outside did not answer to \"$1\" within $((${2:-60} * slow)) s"
		return 1
	}
	cat "/lab-out/answer.$asked"
	[ "$(head -1 "/lab-out/answer.$asked")" = 0 ]
}

ctrl_of() { # NQN: the controller's folder in sysfs
	local c
	for c in /sys/class/nvme/nvme*; do
		[ "$(cat "$c/subsysnqn" 2>/dev/null)" = "$1" ] && echo "$c" && return 0
	done
	return 1
}

find_dev() { # NQN: sets dev to its first namespace's block device
	local b
	for b in /sys/block/nvme*n*; do
		case ${b##*/} in *c*n*) continue ;; esac
		if [ "$(cat "$b/device/subsysnqn" 2>/dev/null)" = "$1" ] && [ -b "/dev/${b##*/}" ]; then
			dev=/dev/${b##*/}
			return 0
		fi
	done
	return 1
}

is_live() { [ "$(cat "$(ctrl_of "$nqn")/state" 2>/dev/null)" = live ]; }

connect() { # NVME-CLI OPTIONS...
	nvme connect -t tcp -a "$addr" -s "$port" -n "$nqn" --reconnect-delay=1 --ctrl-loss-tmo=60 "$@" &&
		within 20 is_live && within 20 find_dev "$nqn"
}

disconnect() {
	nvme disconnect -n "$nqn" && ! ctrl_of "$nqn"
}

queue_count_is() { [ "$(cat "$(ctrl_of "$nqn")/queue_count")" = "$1" ]; }

discover() {
	nvme discover -t tcp -a "$addr" -s "$port" > /run/discover && cat /run/discover &&
		grep -q "subnqn: *$nqn\$" /run/discover && grep -q "trsvcid: *$port\$" /run/discover
}

make_fs() { mkfs.ext4 -q -F "$dev" && mount "$dev" $mnt; }

write_file() { # NAME: 8 MiB that are nowhere else, durable when it returns
	dd if=/dev/urandom of=$mnt/"$1" bs=1M count=8 conv=fsync status=none &&
		(cd $mnt && sha256sum "$1" > "/run/$1.sum") && cp "/run/$1.sum" $mnt && sync -f $mnt
}

compare_file() { (cd $mnt && sha256sum -c "/run/$1.sum" && cmp "/run/$1.sum" "$1.sum"); }

# One pass: connect with the options, make a file system, write, reconnect, check and compare.
pass() { # NAME QUEUES OPTIONS...
	local name=$1 queues=$2
	shift 2
	check "$name: connect" connect --nr-io-queues="$queues" "$@" || return
	check "$name: $queues I/O queues" queue_count_is $((queues + 1))
	check "$name: mkfs.ext4 and mount" make_fs || return
	check "$name: write and fsync" write_file data
	check "$name: umount" umount $mnt
	check "$name: disconnect" disconnect
	check "$name: reconnect" connect --nr-io-queues="$queues" "$@" || return
	check "$name: fsck finds nothing" e2fsck -fn "$dev"
	check "$name: mount again" mount "$dev" $mnt
	check "$name: every byte is there" compare_file data
	umount $mnt
	check "$name: disconnect again" disconnect
}

# Sectors written so far. With multipath the device that one sees counts nothing, its paths do.
sectors_written() {
	cat /sys/block/nvme*/stat | awk '{ sum += $7 } END { print sum + 0 }'
}
reached() { [ "$(sectors_written)" -ge "$1" ]; }

kill_under_load() {
	local load rc=0 start
	start=$(sectors_written)
	fio --name=load --filename="$dev" --ioengine=libaio --direct=1 --rw=randwrite --bs=4k \
		--iodepth=16 --size=24m --rate=,6m --verify=crc32c --do_verify=1 --verify_fatal=1 --randseed=7 \
		> /run/fio.log 2>&1 &
	load=$!
	within 60 reached $((start + 10000)) && ! reached $((start + 49152)) || rc=1
	ask kill && ask start || rc=1
	wait $load || rc=1
	cat /run/fio.log
	return $rc
}

# More data in flight than the target has buffers for: it must wait for one, and lose nothing.
wait_for_buffers() {
	local image=/dev/shm/image
	dd if=/dev/urandom of=$image bs=1M count=16 status=none &&
		dd if=$image of="$dev" bs=1M oflag=direct status=none &&
		dd if="$dev" bs=1M count=16 iflag=direct status=none | cmp - $image || return
	rm $image
	fio --name=small --filename="$dev" --ioengine=libaio --direct=1 --rw=randwrite --bs=8k \
		--offset=32m --size=4m --iodepth=32 --iodepth_batch=16 --verify=crc32c \
		--do_verify=1 --verify_fatal=1 --randseed=7
}

# Live, and never away: the kernel says so when it has to reconnect.
kept_alive() { is_live && ! dmesg | grep -i "$(basename "$(ctrl_of "$nqn")").*reconnect"; }

power_cut() {
	make_fs && write_file durable && ask keep-copy && umount $mnt && disconnect && ask power-cut
}

after_power_cut() {
	connect --nr-io-queues=1 && { e2fsck -p "$dev" || [ $? = 1 ]; } && e2fsck -fn "$dev" &&
		mount "$dev" $mnt && compare_file durable && umount $mnt
}

flush_is_traced() {
	ask trace && connect --nr-io-queues=1 && nvme flush "$dev" -n 1 && disconnect && ask traced
}

# The kernel's own target, on a file in memory.
kernel_target() { # NQN
	local t=/sys/kernel/config/nvmet s
	s=$t/subsystems/$1
	truncate -s 64M /dev/shm/nvmet.img
	mkdir -p "$s/namespaces/1" $t/ports/1 || return
	echo 1 > "$s/attr_allow_any_host"
	echo /dev/shm/nvmet.img > "$s/namespaces/1/device_path"
	echo 1 > "$s/namespaces/1/buffered_io"
	echo 1 > "$s/namespaces/1/enable"
	echo tcp > $t/ports/1/addr_trtype
	echo ipv4 > $t/ports/1/addr_adrfam
	echo 0.0.0.0 > $t/ports/1/addr_traddr
	echo 4420 > $t/ports/1/addr_trsvcid
	ln -s "$s" $t/ports/1/subsystems/
}

nvme_host_files() {
	mkdir -p /etc/nvme
	echo "nqn.2014-08.org.nvmexpress:uuid:b0a5a175-0000-4000-8000-00000000001a" > /etc/nvme/hostnqn
	echo "b0a5a175-0000-4000-8000-00000000001a" > /etc/nvme/hostid
}

nvme_host_files
echo "# guest up after $uptime s, Linux $(uname -r)$([ $slow = 1 ] || echo "; limits x $slow")"
if [ "$addr" = 127.0.0.1 ]; then
	kernel_target "$nqn" # the lab without our programs: does the lab itself work?
fi
if section discover; then
	check "discover" discover
fi
if section pass; then
	pass "1 queue" 1
	pass "2 queues" 2
fi
if section digest; then
	pass "header digest" 2 --hdr-digest
	pass "both digests" 2 --hdr-digest --data-digest
fi
if [ "$addr" != 127.0.0.1 ]; then
	if section idle && check "idle: connect" connect --nr-io-queues=2 --keep-alive-tmo=5; then
		check "idle: at most 1 % of a core in 30 s" ask idle 100
		check "idle: kept alive meanwhile" kept_alive
		check "idle: disconnect" disconnect
	fi
	if section buffers && check "few buffers: restart" ask small-pools &&
		check "few buffers: connect" connect --nr-io-queues=2; then
		check "few buffers: 1 MiB and 8 KiB I/O, every byte is there" wait_for_buffers
		check "few buffers: disconnect" disconnect
		check "few buffers: commands had to wait for one" ask waited
	fi
	if section kill && check "kill: connect" connect --nr-io-queues=2 --keep-alive-tmo=5; then
		check "kill: SIGKILL under load, restart, all writes verify" kill_under_load
		check "kill: disconnect" disconnect
	fi
	if section power && check "power cut: connect" connect --nr-io-queues=1; then
		check "power cut: fsync, then the power goes" power_cut &&
			check "power cut: what fsync acknowledged is there" after_power_cut
		ctrl_of "$nqn" > /dev/null && disconnect > /dev/null 2>&1
	fi
	if section flush; then
		check "flush: fdatasync between the command and its completion" flush_is_traced
	fi
	if section host && check "our host: kernel nvmet-tcp is up" kernel_target "$nqn-kernel"; then
		check "our host: spdk_nvme_discover" ask discover 120
		check "our host: spdk_nvme_identify" ask identify 120
		check "our host: spdk_nvme_perf" ask perf 120
		check "our host: spdk_nvme_perf, both digests" ask perf-digests 120
		check "our host: every block is what was written" ask verify 120
		check "our host: every block is what was written, both digests" ask verify-digests 120
	fi
fi
dmesg -l err,crit,alert,emerg | grep -v -e 'failed to connect' | tail -20 | sed 's/^/# dmesg: /'
echo "# guest done after $(cut -d' ' -f1 /proc/uptime) s"
