# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# deps.sh - the Debian packages that each job needs, in one place.
# Sourced by check and demo.

BUILD_PACKAGES="autoconf automake libtool make pkg-config gcc libc6-dev scdoc
	libsystemd-dev libjson-c-dev libsqlite3-dev libconfuse-dev
	libndctl-dev libdaxctl-dev libudev-dev libkmod-dev libxen-dev"

TEST_PACKAGES="clang libclang-rt-14-dev libcmocka-dev umockdev libumockdev-dev
	libglib2.0-dev libabsl-dev g++ python3 binutils git xz-utils mandoc
	sqlite3 systemd udev procps bash-completion acpica-tools"

# The lab: QEMU, and what makes a Dom0 and a hypervisor to run in it.
LAB_PACKAGES="qemu-system-x86 qemu-utils mmdebstrap e2fsprogs kmod cpio zstd
	xz-utils flex bison patch rsync python3 gcc make libc6-dev libxen-dev"

# Packages of the list on the command line that are not installed.
packages_missing() {
	local p
	for p in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || echo "$p"
	done
}

# Install what is missing, or say what to type. Needs Debian.
packages_need() {
	local missing
	missing=$(packages_missing "$@")
	[ -n "$missing" ] || return 0
	# shellcheck disable=SC2086
	set -- $missing
	if [ "$(id -u)" != 0 ]; then
		echo "These packages are missing; as root, type: apt-get install $*" >&2
		return 1
	fi
	echo "installing: $*"
	export DEBIAN_FRONTEND=noninteractive
	apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 && return 0
	# The package lists may be missing or old.
	apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
