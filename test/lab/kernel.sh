#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# kernel.sh: print the folder of the lab's kernel (boot/, lib/modules/); fetch it on first use.
#
# The kernel is Debian 12's own, taken from the package mirror that apt knows and kept outside the
# tree, in ${XDG_CACHE_HOME:-$HOME/.cache}/basalt-lab. Nothing is installed.
set -eu

cache=${XDG_CACHE_HOME:-$HOME/.cache}/basalt-lab
package=$(apt-cache depends linux-image-amd64 2>/dev/null |
	awk '$1 == "Depends:" && $2 ~ /^linux-image-[0-9]/ { print $2; exit }')

# A kernel that is there already does, also without a network or package lists.
newest=$(ls -dt "$cache"/linux-image-*/.complete 2>/dev/null | head -1 || true)
if [ -n "$package" ] && [ -e "$cache/$package/.complete" ]; then
	echo "$cache/$package"
	exit 0
elif [ -z "$package" ]; then
	if [ -z "$newest" ]; then
		echo "kernel.sh: apt knows no linux-image-amd64: run apt-get update" >&2
		exit 1
	fi
	dirname "$newest"
	exit 0
fi

mkdir -p "$cache"
tmp=$(mktemp -d "$cache/.fetch.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
if ! (cd "$tmp" && timeout 300 apt-get -qq -o APT::Sandbox::User=root download "$package" >&2); then
	[ -n "$newest" ] || { echo "kernel.sh: $package can't be downloaded" >&2; exit 1; }
	dirname "$newest"
	exit 0
fi
dpkg-deb -x "$tmp"/*.deb "$tmp/k"
[ -d "$tmp/k/lib" ] || ln -s usr/lib "$tmp/k/lib"
find "$tmp/k/lib/modules/" -name '*.ko.xz' -exec xz -d {} +
depmod -b "$tmp/k" "$(ls "$tmp/k/lib/modules")"
touch "$tmp/k/.complete"
# Another run may have been faster: then its result is as good.
mv -T "$tmp/k" "$cache/$package" 2>/dev/null || [ -e "$cache/$package/.complete" ]
echo "$cache/$package"
