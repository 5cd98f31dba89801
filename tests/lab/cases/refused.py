# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may not have persistent memory, and what may not be done to who has."""
from driver.cases import case
from driver.dom0 import check, equal

from ._daemon import Daemon, nothing_left, with_pool, with_volume


@case("map-log-dirty-refused", seconds=300)
def _(dom0):
    """A guest that holds pmem is not saved or migrated, and is none the worse for the attempt."""
    d, guest, mapping = with_volume(dom0)
    guest.do(f"fill {mapping['gpa']:#x} 16m 31")
    for attempt in ("save -c g1 /lab/save", "save g1 /lab/save",
                    "migrate -s '' g1 'xl migrate-receive'"):
        dom0.refused(f"xl {attempt}", "", 120)
        equal(int(dom0.ok("xl domid g1")), guest.domid, f"the domain after xl {attempt}")
        guest.do(f"verify {mapping['gpa']:#x} 16m 31")
    equal(d.volume("v")["mapping"], mapping, "the mapping")
    d.ok("unmap v")
    nothing_left(d)


@case("map-pv-refused")
def _(dom0):
    """A PV guest is refused, by nvdimmd in words and by the hypervisor itself."""
    d = with_pool(dom0)
    d.ok("volume create v 8M")
    dom0.put('name = "pv1"\ntype = "pv"\nmemory = 32\nkernel = "/lab/nvguest-pv"\n', "/lab/pv1.cfg")
    dom0.ok("xl create -p /lab/pv1.cfg", 120)
    domid = dom0.ok("xl domid pv1")
    uuid = dom0.ok(f"xenstore-read /local/domain/{domid}/vm").rsplit("/", 1)[1]
    d.refused("map v pv1", "PV guest")
    mfn = d.volume("v")["extents"][0]["spa"] >> 12
    dom0.refused(f"labtool map {domid} {uuid} {mfn:#x} 0x4000000 0x200 0", "EOPNOTSUPP|EPERM")
    nothing_left(d)


@case("map-dying-refused")
def _(dom0):
    """A domain that is dying but not gone is refused, and its mapping is gone with its life."""
    d, guest, mapping = with_volume(dom0)
    dom0.ok(f"labtool pin {guest.domid} 0x200 100 >/run/pin 2>&1 & echo $! >/run/pin.pid")
    dom0.until("grep -q pinned /run/pin")
    guest.destroy()
    check("d" in dom0.ok(f"xl list {guest.domid} | tail -n 1 | grep -o ' [-rbpscd]*d '"),
          "it is dying")
    d.await_event("released")
    nothing_left(d)
    d.refused(f"map v {guest.domid}", "dying|no domain")
    mfn = mapping["spa"] >> 12
    dom0.refused(f"labtool map {guest.domid} {guest.uuid} {mfn:#x} 0x4000000 0x200 0", "ESRCH")
    dom0.ok("kill $(cat /run/pin.pid)")
    dom0.until(f"! xl list {guest.domid}")
    guest.create()
    d.map("v", guest)


@case("map-reused-domid")
def _(dom0):
    """A domid names a domain only together with its UUID: a later one with the number is refused."""
    d = with_pool(dom0)
    d.ok("volume create v 8M")
    mfn = d.volume("v")["extents"][0]["spa"] >> 12
    gone, guest = dom0.guest("g1"), dom0.guest("g2")
    gone.destroy()
    for domid, uuid in ((guest.domid, gone.uuid), (gone.domid, gone.uuid), (gone.domid, guest.uuid)):
        dom0.refused(f"labtool map {domid} {uuid} {mfn:#x} 0x4000000 0x200 0", "ESRCH")
        dom0.refused(f"labtool hold {domid} {uuid} 1", "ESRCH")
    nothing_left(d)
    dom0.ok(f"labtool map {guest.domid} {guest.uuid} {mfn:#x} 0x4000000 0x200 0")


@case("daemon-vbd-refused")
def _(dom0):
    """A namespace that is another guest's disk is refused, and by what is said."""
    d = Daemon(dom0)
    d.label()
    d.start()
    guest = dom0.guest("g1", more='disk = [ "phy:/dev/pmem0,xvda,w" ]\n')
    dom0.ok("grep . /sys/bus/xen-backend/devices/vbd-*/physical_device")
    d.refused("pool add namespace0.0", f"vbd-{guest.domid}")
    dom0.ok("test -b /dev/pmem0")
    guest.destroy()
    dom0.until("! ls /sys/bus/xen-backend/devices/vbd-*")
    d.ok("pool add namespace0.0")
