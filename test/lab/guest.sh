#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# guest.sh [options] SCRIPT [ARG...]: run SCRIPT on a Debian kernel in QEMU, by emulation.
#
# The machine's root is the guest's, read-only under a tmpfs, so every program here runs there. What
# SCRIPT prints comes out here; its exit status is this script's (125: the guest never said, 124: it
# ran out of time). In the guest 10.0.2.2 is this machine's loopback.
#
#	-k DIR   kernel, as kernel.sh prints it (required)
#	-o DIR   folder shared read-write as /lab-out (required)
#	-m A,B   modules to load first
#	-f SPEC  forward a port of this machine: tcp:127.0.0.1:PORT-:PORT
#	-c N     CPUs (2)
#	-r MB    memory (1024)
#	-t SECS  time limit (120)
set -eu

here=$(dirname "$(realpath "$0")")
kernel= out= modules= forward= cpus=2 memory=1024 limit=120
while getopts k:o:m:f:c:r:t: opt; do
	case $opt in
	k) kernel=$OPTARG ;;
	o) out=$(realpath "$OPTARG") ;;
	m) modules=${OPTARG//,/ } ;;
	f) forward=,hostfwd=$OPTARG ;;
	c) cpus=$OPTARG ;;
	r) memory=$OPTARG ;;
	t) limit=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
script=$(realpath "$1")
shift

version=$(ls "$kernel/lib/modules")
initramfs=$kernel/initramfs.gz
if [ ! -e "$initramfs" ] || [ "$here/initramfs.sh" -nt "$initramfs" ]; then
	"$here/initramfs.sh" "$kernel" "$initramfs"
fi

rm -f "$out/.rc"
{
	printf 'kernel=%q version=%q\n' "$kernel" "$version"
	cat <<'STAGE2'
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
ln -sf /proc/self/fd /dev/fd
mkdir -p /lib/modules
ln -sfn "$kernel/lib/modules/$version" "/lib/modules/$version"
ip link set lo up
ip link set eth0 up && ip addr add 10.0.2.15/24 dev eth0 && ip route add default via 10.0.2.2
modprobe configfs && mount -t configfs configfs /sys/kernel/config
STAGE2
	for module in $modules; do
		printf 'modprobe %q || echo "guest: no module %q"\n' "$module" "$module"
	done
	printf 'cd /lab-out\nbash %q' "$script"
	[ $# = 0 ] || printf ' %q' "$@"
	cat <<'STAGE2'

echo $? > /lab-out/.rc
sync
exec busybox poweroff -f
STAGE2
} > "$out/.stage2"

rc=0
timeout -k 5 "$limit" qemu-system-x86_64 -accel tcg,thread=multi -M q35 -cpu max \
	-smp "$cpus" -m "$memory" -nodefaults -no-user-config -display none -no-reboot -serial stdio \
	-kernel "$(ls "$kernel"/boot/vmlinuz-*)" -initrd "$initramfs" \
	-append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr random.trust_cpu=on net.ifnames=0" \
	-virtfs local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap \
	-virtfs "local,path=$out,mount_tag=out,security_model=none" \
	-netdev "user,id=n0$forward" -device virtio-net-pci,netdev=n0,romfile= </dev/null || rc=$?
if [ -e "$out/.rc" ]; then
	exit "$(cat "$out/.rc")"
fi
[ "$rc" = 124 ] && exit 124
echo "guest.sh: QEMU ended with status $rc, and nothing came from the guest" >&2
exit 125
