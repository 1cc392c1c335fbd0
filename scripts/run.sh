#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# run.sh BUILD FILE: serve FILE on NVMe/TCP at 127.0.0.1:4420 until Ctrl-C. Made on first use, 1 GiB.
# In the environment: ADDR and PORT to listen on, SOCK the control socket, TGT_ARGS more options.
set -u
top=$(dirname "$(dirname "$(realpath "$0")")")
build=${1:?the build folder}
data=$(realpath -m "${2:?the volume file}")
addr=${ADDR:-127.0.0.1}
port=${PORT:-4420}
sock=${SOCK:-/var/tmp/spdk.sock}
nqn=nqn.2016-06.io.spdk:basalt
case $addr in *:*) family=IPv6 ;; *) family=IPv4 ;; esac

quoted() { # TEXT: as a JSON string
	printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')"
}

if [ ! -e "$data" ]; then
	truncate -s 1G "$data" || { echo "run.sh: can't make $data; choose a place with DATA=..." >&2; exit 1; }
	echo "made $data, 1 GiB, sparse"
fi
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

address="{ \"trtype\": \"TCP\", \"adrfam\": \"$family\", \"traddr\": $(quoted "$addr"), \"trsvcid\": $(quoted "$port") }"
cat >"$tmp/config.json" <<JSON
{
  "subsystems": [
    { "subsystem": "bdev", "config": [
      { "method": "bdev_uring_create",
        "params": { "name": "volume", "filename": $(quoted "$data"), "block_size": 4096 } } ] },
    { "subsystem": "nvmf", "config": [
      { "method": "nvmf_create_transport", "params": { "trtype": "TCP" } },
      { "method": "nvmf_create_subsystem",
        "params": { "nqn": "$nqn", "allow_any_host": true, "serial_number": "BASALT00000001",
                    "model_number": "Basalt volume" } },
      { "method": "nvmf_subsystem_add_ns",
        "params": { "nqn": "$nqn", "namespace": { "bdev_name": "volume" } } },
      { "method": "nvmf_subsystem_add_listener",
        "params": { "nqn": "nqn.2014-08.org.nvmexpress.discovery", "listen_address": $address } },
      { "method": "nvmf_subsystem_add_listener",
        "params": { "nqn": "$nqn", "listen_address": $address } } ] }
  ]
}
JSON

# shellcheck disable=SC2086
"$build/bin/spdk_tgt" -r "$sock" -c "$tmp/config.json" -f "$tmp/pid" ${TGT_ARGS:-} &
tgt=$!
stopped=
stop() {
	stopped=1
	kill -INT "$tgt" 2>/dev/null
}
trap stop INT TERM
# It writes its process id when all of the configuration is there.
while [ ! -s "$tmp/pid" ] && kill -0 "$tgt" 2>/dev/null && [ -z "$stopped" ]; do
	sleep 0.02
done
if [ -s "$tmp/pid" ] && [ -z "$stopped" ]; then
	cat <<TXT

Serving $data
  NQN             $nqn
  connect         sudo nvme connect -t tcp -a $addr -s $port -n $nqn
  control socket  $sock   ($top/scripts/rpc.py -s $sock bdev_get_bdevs)
  stop            Ctrl-C
TXT
	hints= pages=0
	read -r pages 2>/dev/null </proc/sys/vm/nr_hugepages
	[ "$pages" != 0 ] || hints="
  hugepages: sudo sysctl vm.nr_hugepages=64   (fewer TLB misses under load)"
	[ "$(nproc)" -gt 1 ] && hints="$hints
  more cores: TGT_ARGS='-m 0x3' make run      (a pinned reactor on each core of the mask)"
	[ -n "$hints" ] && echo "What would run faster with more rights or cores:$hints"
	echo
fi
# A signal ends a wait early, with a status above 128; the next one gets the target's own.
wait "$tgt"
rc=$?
while [ -n "$stopped" ] && [ $rc -gt 128 ]; do
	stopped=
	wait "$tgt"
	rc=$?
done
exit $rc
