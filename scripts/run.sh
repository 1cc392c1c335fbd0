#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# run.sh BUILD FILE: serve FILE on NVMe/TCP at 127.0.0.1:4420 until Ctrl-C. Made on first use, 1 GiB.
set -u
build=${1:?the build folder}
data=$(realpath -m "${2:?the volume file}")
addr=${ADDR:-127.0.0.1}
port=${PORT:-4420}
sock=${SOCK:-/var/tmp/spdk.sock}
nqn=nqn.2016-06.io.spdk:basalt

if [ ! -e "$data" ]; then
	truncate -s 1G "$data" || { echo "run.sh: can't make $data; choose a place with DATA=..." >&2; exit 1; }
	echo "made $data, 1 GiB, sparse"
fi
conf=$(mktemp) || exit 1
tgt=
cleanup() { rm -f "$conf"; }
trap cleanup EXIT

cat >"$conf" <<JSON
{
  "subsystems": [
    { "subsystem": "bdev", "config": [
      { "method": "bdev_uring_create",
        "params": { "name": "volume", "filename": "$data", "block_size": 4096 } } ] },
    { "subsystem": "nvmf", "config": [
      { "method": "nvmf_create_transport", "params": { "trtype": "TCP" } },
      { "method": "nvmf_create_subsystem",
        "params": { "nqn": "$nqn", "allow_any_host": true, "serial_number": "BASALT00000001",
                    "model_number": "Basalt volume" } },
      { "method": "nvmf_subsystem_add_ns",
        "params": { "nqn": "$nqn", "namespace": { "bdev_name": "volume" } } },
      { "method": "nvmf_subsystem_add_listener",
        "params": { "nqn": "$nqn", "listen_address":
          { "trtype": "TCP", "adrfam": "IPv4", "traddr": "$addr", "trsvcid": "$port" } } } ] }
  ]
}
JSON

"$build/bin/spdk_tgt" -r "$sock" -c "$conf" &
tgt=$!
stopped=
stop() {
	stopped=1
	kill -INT "$tgt" 2>/dev/null
}
trap stop INT TERM
for _ in $(seq 100); do
	kill -0 "$tgt" 2>/dev/null || break
	scripts/rpc.py -s "$sock" framework_wait_init >/dev/null 2>&1 && break
	sleep 0.05
done
if kill -0 "$tgt" 2>/dev/null; then
	cat <<TXT

Serving $data
  NQN             $nqn
  connect         sudo nvme connect -t tcp -a $addr -s $port -n $nqn
  control socket  $sock   (scripts/rpc.py -s $sock bdev_get_bdevs)
  stop            Ctrl-C
TXT
	hints=
	[ "$(cat /proc/sys/vm/nr_hugepages 2>/dev/null || echo 0)" -gt 0 ] ||
		hints="$hints
  hugepages: sudo sysctl vm.nr_hugepages=64   (fewer TLB misses under load)"
	[ "$(nproc)" -gt 1 ] && hints="$hints
  more cores: build/bin/spdk_tgt -m 0x3       (a pinned reactor on each core of the mask)"
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
