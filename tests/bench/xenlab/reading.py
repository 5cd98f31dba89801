# SPDX-License-Identifier: LGPL-2.1-or-later
"""reading - a Linux guest reads the same bytes mapped, and through blkfront and blkback.

The guest has the first DIMM mapped by nvdimm_op and, from Dom0's /dev/pmem0, as
the disk xvda. Its only process (reader.c) reads both, taking turns.
"""
import glob
import lzma
import os
import subprocess
import tempfile

from driver.dom0 import check, equal
from driver.lab import CACHE, run
from driver.machine import patient

from . import GFN, heading, quiet, row, tool

HERE = os.path.dirname(os.path.realpath(__file__))
DIMM = (0x140000, 0x10000)
READS = 4096

# An AMD vendor: an Intel one has MSRs that this host's SVM guests have not.
CONFIG = """\
name = "reader"
type = "pvh"
memory = 192
vcpus = 1
kernel = "/lab/vmlinuz"
ramdisk = "/lab/reader.img"
extra = "console=hvc0 loglevel=6 mitigations=off tsc=reliable reader={gpa:#x},{size},{reads}"
on_poweroff = "destroy"
on_reboot = "destroy"
on_crash = "preserve"
cpuid = [ "0:ebx=01101000011101000111010101000001,ecx=01000100010011010100000101100011,edx=01101001011101000110111001100101" ]
disk = [ "format=raw,vdev=xvda,access=ro,script=/lab/vbd,target=/dev/pmem0" ]
"""

# What /etc/xen/scripts/block ends with; the rest of it is about sharing and loops.
SCRIPT = """\
#!/bin/sh
[ "$1" = add ] || exit 0
xenstore-write "$XENBUS_PATH/physical-device" "$(stat -L -c %t:%T /dev/pmem0)"
xenstore-write "$XENBUS_PATH/hotplug-status" connected
"""


def image(kernel):
    """An initramfs with the reader and the block device's driver."""
    module = glob.glob(f"{kernel}/**/xen-blkfront.ko*", recursive=True)[0]
    with open(module, "rb") as f:
        driver = f.read()
    with tempfile.TemporaryDirectory() as stage:
        for folder in ("dev", "proc"):
            os.mkdir(f"{stage}/{folder}")
        with open(f"{stage}/blkfront.ko", "wb") as f:
            f.write(lzma.decompress(driver) if module.endswith(".xz") else driver)
        run("gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-static",
            "-o", f"{stage}/init", f"{HERE}/reader.c")
        # The kernel opens it for init before anything is mounted.
        os.mknod(f"{stage}/dev/console", 0o600 | 0o020000, os.makedev(5, 1))
        return subprocess.run(f"cd {stage} && find . | cpio -o -H newc --quiet", shell=True,
                              check=True, stdout=subprocess.PIPE).stdout


def start(dom0):
    kernel = os.path.join(CACHE, "lab", dom0.xen, "kernel")
    with open(glob.glob(f"{kernel}/boot/vmlinuz-*")[0], "rb") as f:
        dom0.put(f.read(), "/lab/vmlinuz")
    dom0.put(image(kernel), "/lab/reader.img")
    dom0.put(SCRIPT, "/lab/vbd", 0o755)
    dom0.put(CONFIG.format(gpa=GFN << 12, size=DIMM[1] << 12, reads=READS), "/lab/reader.cfg")
    dom0.ok(f"labtool fill /dev/pmem0 0 {DIMM[1] << 12} 7", 300)
    dom0.ok("labtool register {0:#x} {1} && labtool arm {0:#x} {1}".format(*DIMM))
    dom0.ok("xl create -p /lab/reader.cfg", 180)
    domid = int(dom0.ok("xl domid reader"))
    uuid = dom0.ok(f"xenstore-read /local/domain/{domid}/vm").rsplit("/", 1)[1]
    done = tool(dom0, f"map {domid} {uuid} {DIMM[0]:#x} {GFN:#x} {DIMM[1]} 0")
    equal(done["done"], DIMM[1], "frames mapped")
    equal(tool(dom0, f"query {domid} {GFN:#x}")["cache"], 1, "the mapping is write-back")
    dom0.ok("xl unpause reader")


def bench(dom0):
    quiet(dom0)
    start(dom0)
    log, seconds = "/var/log/xen/console/guest-reader.log", patient(300)
    dom0.run(f"labtool await {log} {seconds} 'NVGUEST '", seconds + 30)
    text = dom0.ok(f"tail -n 40 {log}")
    lines = [line for line in text.splitlines() if "NVGUEST done" in line]
    check(lines, f"the reader is done: {text}")
    got = {k: int(v) for k, _, v in (word.partition("=") for word in lines[-1].split()) if v}
    equal(got["different"], 0, "pages that differ between mapping and disk")
    heading(f"Random 4 KiB reads of a Linux guest, {got['reads']} places, mapping against blkfront")
    for name, mapped, disk in (("p50", "map50", "disk50"), ("p99", "map99", "disk99")):
        row(f"{name} of one read, disk / mapping", f"{got[disk] / got[mapped]:.1f}")
        row("  us in this emulation, disk and mapping",
            f"{got[disk] / 1000:.1f} and {got[mapped] / 1000:.1f}")
    row("  us in this emulation, of which reading the clock", f"{got['clock50'] / 1000:.1f}")
    row("throughput, mapping / disk with 32 requests in flight",
        f"{got['disk_all'] / got['map_all']:.1f}")
    dom0.ok("xl destroy reader")
    dom0.until("! labtool list extents | grep -q .")
    dom0.ok("labtool unregister {0:#x} {1}".format(*DIMM))
