# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# vm.sh - a real Debian kernel with NVDIMMs, under QEMU, without Xen.
# Sourced. Everything comes from Debian packages and lands below $VM_DIR.
#
#   vm_packages            what must be installed
#   vm_kernel              fetch and unpack the kernel once
#   vm_image SCRIPT FILE.. build an initramfs that runs SCRIPT as its only job
#   vm_run LOG ARG..       boot it; ARG.. are QEMU's (the NVDIMMs)
#
# What SCRIPT leaves in /out comes back below $VM_DIR/out: the guest writes a
# cpio archive to a second serial port.

VM_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
VM_DIR=${NVDIMMD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nvdimmd}/vm
VM_MODULES="nfit nd_btt nd_pmem dax_pmem device_dax ext4 dm-mod mce-inject"
VM_PROGRAMS="/usr/bin/ndctl /usr/bin/daxctl /usr/bin/udevadm
	/usr/lib/systemd/systemd-udevd /usr/bin/umockdev-record /sbin/mke2fs /sbin/blkid"

VM_RULES=

vm_packages() {
	echo "qemu-system-x86 busybox-static kmod cpio ndctl daxctl udev umockdev e2fsprogs util-linux"
}

# The kernel's package is unpacked, never installed. Its list comes from the
# machine's own sources by way of private-apt: a fresh machine has none.
vm_kernel() {
	local package apt=$VM_SOURCE/shim-hypercall/private-apt

	[ -e "$VM_DIR/kernel/ready" ] && return 0
	PRIVATE_APT_RELEASE=$(. /etc/os-release && echo "$VERSION_CODENAME")
	export PRIVATE_APT_RELEASE
	rm -rf "$VM_DIR/kernel" && mkdir -p "$VM_DIR/kernel" || return 1
	"$apt" update || return 1
	package=$("$apt" cache depends --no-recommends linux-image-amd64 |
		sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
	[ -n "$package" ] || { echo "vm: Debian's list has no linux-image-amd64" >&2; return 1; }
	(cd "$VM_DIR/kernel" && "$apt" get -qq download "$package" >&2 &&
		dpkg-deb -x ./*.deb . && rm -f ./*.deb) || return 1
	mv "$VM_DIR"/kernel/boot/vmlinuz-* "$VM_DIR/kernel/vmlinuz" || return 1
	depmod -b "$VM_DIR/kernel" "$(vm_version)" || return 1
	touch "$VM_DIR/kernel/ready"
}

vm_version() {
	basename "$VM_DIR"/kernel/lib/modules/*
}

# vm_copy ROOT PROGRAM..: programs and the libraries that they need
vm_copy() {
	local root=$1 program lib
	shift
	for program in "$@"; do
		mkdir -p "$root$(dirname "$program")"
		cp -L "$program" "$root$program" || return 1
		ldd "$program" 2>/dev/null | awk '/=>/ { print $3 } /ld-linux/ { print $1 }' | while read -r lib; do
			[ -e "$root$lib" ] || { mkdir -p "$root$(dirname "$lib")" && cp -L "$lib" "$root$lib"; }
		done
	done
}

vm_copy_modules() {
	local root=$1 module path
	mkdir -p "$root/modules"
	for module in $VM_MODULES; do
		# An empty configuration: ndctl's hides libnvdimm behind a command.
		modprobe -C /dev/null -d "$VM_DIR/kernel" -S "$(vm_version)" --show-depends "$module" |
			awk '$1 == "insmod" { print $2 }'
	done | awk '!seen[$0]++' | while read -r path; do
		cp "$path" "$root/modules/" && basename "$path" >>"$root/modules/order"
	done
}

vm_image() {
	local root=$VM_DIR/root script=$1 file
	shift
	rm -rf "$root" && mkdir -p "$root"/{bin,dev,etc,mnt,out,proc,run,sbin,sys,tmp} || return 1
	cp /bin/busybox "$root/bin/" && "$root/bin/busybox" --install -s "$root/bin" 2>/dev/null
	for file in "$root"/bin/*; do
		[ -L "$file" ] && ln -sf busybox "$file"
	done
	# shellcheck disable=SC2086
	vm_copy "$root" $VM_PROGRAMS || return 1
	vm_copy_modules "$root" || return 1
	install -m 755 "$VM_SOURCE/tests/contract/vm/init" "$root/init" || return 1
	install -m 755 "$script" "$root/job" || return 1
	# udev's own rules for disks, and ours, as a host has them.
	mkdir -p "$root/lib/udev/rules.d" "$root/etc/nvdimmd/taken" "$root/usr/lib" || return 1
	ln -s ../../lib/udev "$root/usr/lib/udev"
	cp /lib/udev/rules.d/60-block.rules /lib/udev/rules.d/60-persistent-storage.rules $VM_RULES \
		"$root/lib/udev/rules.d/" || return 1
	for file in "$@"; do
		vm_copy "$root" "$file" && mv "$root$file" "$root/bin/" || return 1
	done
	(cd "$root" && find . -print0 | cpio -0 -o -H newc --quiet) | gzip -1 >"$VM_DIR/initramfs"
}

# The processor is one whose machine checks Linux understands as memory errors.
vm_run() {
	local log=$1
	shift
	rm -rf "$VM_DIR/out" "$VM_DIR/out.cpio"
	timeout 300 qemu-system-x86_64 -accel tcg,thread=multi -cpu Nehalem -smp 2 \
		-nodefaults -no-reboot -display none \
		-serial "file:$log" -serial "file:$VM_DIR/out.cpio" \
		-kernel "$VM_DIR/kernel/vmlinuz" -initrd "$VM_DIR/initramfs" \
		-append "console=ttyS0 mitigations=off panic=-1 quiet ${VM_APPEND:-}" "$@" || return 1
	mkdir -p "$VM_DIR/out" && (cd "$VM_DIR/out" && cpio -idm --quiet <../out.cpio) || return 1
	[ "$(cat "$VM_DIR/out/status" 2>/dev/null)" = 0 ]
}
