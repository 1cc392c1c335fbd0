#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# initramfs.sh KERNEL OUT: the first stage of a guest: busybox, and the modules that mount the
# machine's own root over 9p, read-only, with a tmpfs on top.
set -eu

kernel=$1
out=$2
version=$(ls "$kernel/lib/modules")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir"/{bin,dev,proc,sys,host,rw,newroot,modules}
cp "$(command -v busybox)" "$dir/bin/busybox"

for module in virtio_pci 9pnet_virtio 9p overlay virtio_net af_packet; do
	modprobe -d "$kernel" -S "$version" --show-depends "$module" 2>/dev/null
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r path; do
	cp "$path" "$dir/modules/"
	basename "$path" >> "$dir/modules/order"
done

cat > "$dir/init" <<'INIT'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc none /proc
$b mount -t sysfs none /sys
$b mount -t devtmpfs none /dev
while read -r m; do $b insmod /modules/$m; done < /modules/order
fail() { echo "guest: can't mount $1"; $b poweroff -f; }
p9=trans=virtio,version=9p2000.L,msize=524288
$b mount -t 9p -o ro,$p9,cache=loose root /host || fail root
$b mount -t tmpfs -o size=80% rw /rw
$b mkdir /rw/upper /rw/work
dirs=lowerdir=/host,upperdir=/rw/upper,workdir=/rw/work
$b mount -t overlay -o $dirs overlay /newroot || fail overlay
for d in proc sys dev; do $b mount --move /$d /newroot/$d; done
$b mkdir -p /newroot/lab-out
$b mount -t 9p -o $p9,access=any out /newroot/lab-out || fail out
$b mount -t tmpfs run /newroot/run
exec $b switch_root /newroot /bin/bash /lab-out/.stage2
INIT
chmod +x "$dir/init"
(cd "$dir" && find . | cpio -o -H newc --quiet | gzip -1) > "$out.tmp.$$"
mv "$out.tmp.$$" "$out"
