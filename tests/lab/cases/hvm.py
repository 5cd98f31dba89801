# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's own kernel in an HVM guest, told of its pmem by ACPI alone."""
from driver.cases import case
from driver.dom0 import check, equal
from driver.linux import LinuxGuest

from ._daemon import MIB, UUID, nothing_left, with_pool

GUEST = f"uuid:{UUID.format(1)}"
SIZE = 64 * MIB
# Files of several sizes in a tree, and their sums beside them; no quotes, for it is typed.
TREE = ("mkdir -p /mnt/a/b /mnt/c && for n in 1 2 3 4 5; do "
        "dd if=/dev/urandom of=/mnt/a/b/$n bs=4096 count=$((n * 40)) 2>/dev/null; "
        "echo file $n > /mnt/c/$n; done; cd /mnt && "
        "find a c -type f | sort | xargs sha256sum > sums && sync")


def listed(dom0):
    """nvdimmd with a volume on the guest's list; the path of the guest's tables."""
    d = with_pool(dom0)
    d.ok(f"volume create db 64M --owner {GUEST}")
    d.ok(f"guest add {GUEST} db")
    return d, d.json(f"guest show {GUEST}")["guest"]["acpi_firmware"]


def start(dom0, tables, **options):
    """The guest, up, with its volume."""
    return LinuxGuest(dom0, "h1", tables, uuid=UUID.format(1), **options)


def verify(guest):
    """The tree that TREE made is there, every byte of it."""
    guest.sh("mount -t ext4 -o dax /dev/pmem0 /mnt")
    said = guest.sh("cd /mnt && sha256sum -c sums")
    equal(said.count(": OK"), 10, f"files that verify in\n{said}\n")


def leave(guest):
    guest.sh("cd / && umount /mnt")


@case("hvm-finds-pmem", linux=True, seconds=600)
def _(dom0):
    """A stock kernel finds region0, namespace0.0 and /dev/pmem0, and what ndctl shows there is true."""
    d, tables = listed(dom0)
    guest = start(dom0, tables)
    gpa = d.volume("db")["mapping"]["gpa"]
    equal(int(guest.sh("cat /sys/bus/nd/devices/region0/size")), SIZE, "size of region0")
    equal(int(guest.sh("cat /sys/bus/nd/devices/namespace0.0/size")), SIZE, "size of namespace0.0")
    equal(int(guest.sh("cat /sys/bus/nd/devices/region0/resource"), 0), gpa, "address of region0")
    equal(int(guest.sh("cat /sys/block/pmem0/size")) * 512, SIZE, "size of /dev/pmem0")
    serial = d.volume("db")["uuid"][:8]
    equal(guest.sh("cat /sys/bus/nd/devices/nmem0/nfit/serial"), f"0x{serial}", "serial number")
    said = guest.sh("ndctl list -RNDi")
    for word in ("region0", "namespace0.0", "pmem0", f"5853-{serial}", str(SIZE)):
        check(word in said, f"ndctl does not say {word}: {said}")
    said = guest.sh("dmesg | grep -iE \"nfit|nd_|pmem|ACPI (Error|Warning)\" || true")
    check("rror" not in said and "arning" not in said, f"the kernel complains: {said}")


@case("hvm-tree", linux=True, seconds=3600)
def _(dom0, reset):
    """A tree on ext4 with DAX verifies after xl reboot, destroy and create, kill -9 of nvdimmd, and a reset."""
    d, tables = listed(dom0)
    guest = start(dom0, tables, on_reboot="restart")
    guest.sh("ndctl create-namespace -f -e namespace0.0 -m fsdax --map=dev >/dev/null")
    guest.sh("mkfs.ext4 -q -b 4096 /dev/pmem0")
    guest.sh("mount -t ext4 -o dax /dev/pmem0 /mnt")
    check(" dax" in guest.sh("grep /mnt /proc/mounts").replace(",", " "), "mounted with DAX")
    guest.sh(TREE)
    d.restart()
    guest.sh("echo 3 > /proc/sys/vm/drop_caches && cd /mnt && sha256sum -c sums")
    leave(guest)
    guest.reboot()
    verify(guest)
    leave(guest)
    guest.destroy()
    nothing_left_soon(d)
    guest.create()
    verify(guest)
    leave(guest)
    reset()
    d.start()
    guest.create()
    verify(guest)


def nothing_left_soon(d):
    d.dom0.until("! labtool list extents | grep -q mfn")
    d.await_event("released")
    nothing_left(d)
