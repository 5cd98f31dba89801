# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests' devices in xenstore, with real xl and a real xenstored."""
import re
import time

from driver.cases import case
from driver.dom0 import check, equal

from ._daemon import MIB, inject, nothing_left, told, with_pool

BACK = "/local/domain/0/backend/vnvdimm"


def want(dom0, guest, devid=0, volume="v", **more):
    """As a toolstack that knows the class writes a new device."""
    back = f"{BACK}/{guest.domid}/{devid}"
    front = f"/local/domain/{guest.domid}/device/vnvdimm/{devid}"
    nodes = {"frontend": front, "frontend-id": guest.domid, "volume": volume, **more, "online": 1, "state": 1}
    dom0.ok("xenstore-write " + " ".join(f"{back}/{k} '{v}'" for k, v in nodes.items()) +
            f" && xenstore-chmod -r {back} n0 r{guest.domid} && "
            f"xenstore-write {front}/backend {back} {front}/backend-id 0 {front}/state 1 && "
            f"xenstore-chmod -r {front} n{guest.domid} r0")


def node(dom0, guest, name, devid=0):
    """A node of the backend's directory, or None."""
    status, output = dom0.run(f"xenstore-read {BACK}/{guest.domid}/{devid}/{name}")
    return output.strip() if status == 0 else None


def reaches(dom0, guest, state, devid=0, seconds=20):
    dom0.until(f"test \"$(xenstore-read {BACK}/{guest.domid}/{devid}/state)\" = {state}", seconds)


def front(dom0, guest, name, value, devid=0):
    dom0.ok(f"xenstore-write /local/domain/{guest.domid}/device/vnvdimm/{devid}/{name} '{value}'")


def gone(dom0, domid, seconds=30):
    """No node of the class is left of that domain."""
    dom0.until(f"! xenstore-ls {BACK}/{domid}", seconds)
    dom0.until(f"! xenstore-ls /local/domain/{domid}", seconds)


def with_volumes(dom0, *names, conf=""):
    d = with_pool(dom0, conf)
    for name in names or ("v",):
        d.ok(f"volume create {name} 16M")
    return d


@case("xenstore-create-p", fast=True)
def _(dom0):
    """Attached while it is paused, the guest finds its memory at its first instruction, and after its reboot."""
    d = with_volumes(dom0, "v", "w")
    guest = dom0.guest("g1", paused=True)
    want(dom0, guest)
    want(dom0, guest, 3, "w", gpa="0x3000000000")
    reaches(dom0, guest, 4)
    reaches(dom0, guest, 4, 3)
    equal(node(dom0, guest, "hotplug-status"), "connected", "hotplug-status")
    equal(node(dom0, guest, "late"), None, "late")
    equal(node(dom0, guest, "mapped-gpa", 3), "0x3000000000", "where the second one is")
    gpa = node(dom0, guest, "mapped-gpa")
    guest.unpause()
    guest.do(f"fill {gpa} 16m 7")
    guest.do("fill 0x3000000000 16m 8")
    first = guest.domid
    guest.destroy()
    gone(dom0, first)
    nothing_left(d)
    guest.create(paused=True)
    want(dom0, guest)
    reaches(dom0, guest, 4)
    equal(node(dom0, guest, "mapped-gpa"), gpa, "the address, next time")
    guest.unpause()
    guest.do(f"verify {gpa} 16m 7")


@case("xenstore-refused")
def _(dom0):
    """A refusal has the words of nvctl, in hotplug-error and in the status; corrected, it is mapped."""
    d = with_volumes(dom0, "v", "w")
    guest, other = dom0.guest("g1"), dom0.guest("g2")
    d.ok("map w g2")
    for devid, volume, more in ((0, "nope", {}), (1, "w", {}), (2, "v", {"gpa": "0x1000"}), (3, "v", {"gpa": "0x0"})):
        want(dom0, guest, devid, volume, **more)
        reaches(dom0, guest, 6, devid)
        error = node(dom0, guest, "hotplug-error", devid)
        equal(node(dom0, guest, "hotplug-status", devid), "error", "hotplug-status")
        gpa = f"--gpa {more['gpa']}" if more else ""
        d.refused(f"map {volume} g1 {gpa}", re.escape(error))
        check(any(error in a for a in d.status()["alarms"]), f"{error} stands in {d.status()['alarms']}")
    dom0.ok(f"xenstore-write {BACK}/{guest.domid}/0/volume v {BACK}/{guest.domid}/0/state 1")
    reaches(dom0, guest, 4)
    guest.do(f"fill {node(dom0, guest, 'mapped-gpa')} 1m 1")
    other.do("echo 1")


@case("xenstore-late")
def _(dom0):
    """What comes while the guest runs already says so."""
    d = with_volumes(dom0)
    guest = dom0.guest("g1")
    want(dom0, guest)
    reaches(dom0, guest, 4)
    equal(node(dom0, guest, "late"), "1", "late")
    check(d.events("device-late"), "the history says so, too")
    guest.do(f"fill {node(dom0, guest, 'mapped-gpa')} 16m 2")


@case("xenstore-killed")
def _(dom0):
    """nvdimmd is killed: what was wanted meanwhile is mapped at its start, whose guest is gone is forgotten."""
    d = with_volumes(dom0, "v", "w")
    one, two = dom0.guest("g1"), dom0.guest("g2")
    want(dom0, one)
    reaches(dom0, one, 4)
    want(dom0, two, volume="w")
    reaches(dom0, two, 4)
    one.do(f"fill {node(dom0, one, 'mapped-gpa')} 16m 3")
    d.kill()
    two.destroy()
    three = dom0.guest("g3", paused=True)
    want(dom0, three, volume="w")
    d.start()
    reaches(dom0, three, 4, seconds=30)
    gone(dom0, two.domid)
    equal(node(dom0, one, "state"), "4", "the state of the first")
    one.do(f"verify {node(dom0, one, 'mapped-gpa')} 16m 3")
    three.unpause()
    three.do(f"fill {node(dom0, three, 'mapped-gpa')} 16m 4")
    dom0.ok(f"xenstore-rm {BACK}/{one.domid}/0")
    reaches(dom0, one, 4)
    one.do(f"verify {node(dom0, one, 'mapped-gpa')} 16m 3")
    for guest in (one, three):
        guest.destroy()
        gone(dom0, guest.domid)
    nothing_left(d)


@case("xenstore-detach")
def _(dom0):
    """A guest that agrees loses it, one that does not keeps it, --force asks nobody."""
    d = with_volumes(dom0, conf='unmap_timeout = "3s"\n')
    guest = dom0.guest("g1")
    d.ok("attach v g1")
    reaches(dom0, guest, 4)
    gpa = node(dom0, guest, "mapped-gpa")
    guest.do(f"fill {gpa} 16m 5")
    d.refused("detach v", "feature-unmap")
    front(dom0, guest, "feature-unmap", 1)
    d.refused("detach v", "within 3 s")
    guest.do(f"verify {gpa} 16m 5")
    dom0.ok("nvctl detach v >/run/detached 2>&1 & "
            f"while ! n=$(xenstore-read {BACK}/{guest.domid}/0/unmap-request); do sleep 0.05; done; "
            f"xenstore-write /local/domain/{guest.domid}/device/vnvdimm/0/unmap-ack $n; wait")
    dom0.until(f"! xenstore-ls {BACK}/{guest.domid}")
    nothing_left(d)
    d.ok("attach v g1")
    reaches(dom0, guest, 4)
    guest.do(f"verify {node(dom0, guest, 'mapped-gpa')} 16m 5")
    d.ok("detach v --force")
    nothing_left(d)
    guest.do("echo 1")


@case("xenstore-hostile")
def _(dom0):
    """A guest's own nodes of any size and bytes, changed all the time, change nothing for anybody."""
    d = with_volumes(dom0, "v", "w", conf='unmap_timeout = "2s"\n')
    guest, other = dom0.guest("g1"), dom0.guest("g2", paused=True)
    want(dom0, guest)
    reaches(dom0, guest, 4)
    gpa = node(dom0, guest, "mapped-gpa")
    guest.do(f"fill {gpa} 16m 6")
    path = f"/local/domain/{guest.domid}/device/vnvdimm/0"
    dom0.put(f"""
big=$(head -c 1900 /dev/zero | tr '\\0' 7)
while :; do
	for s in 0 1 2 3 4 5 6 7 8 9 99999999999999999999 -1 x "" "$big"; do
		xenstore-write {path}/state "$s" {path}/feature-unmap 1 {path}/unmap-ack "$s" {path}/$RANDOM "$big"
	done
	xenstore-write {path}/unmap-ack "$(xenstore-read {BACK}/{guest.domid}/0/unmap-request) busy"
	xenstore-rm {path}
done
""", "/lab/hostile", 0o755)
    dom0.ok("sh /lab/hostile >/dev/null 2>&1 & echo $! >/run/hostile; sleep 2")
    want(dom0, other, volume="w")
    reaches(dom0, other, 4)
    status, output = dom0.run("nvctl detach v")
    check(status != 0, f"the guest does not agree: {output}")
    guest.do(f"verify {gpa} 16m 6")
    other.unpause()
    other.do(f"fill {node(dom0, other, 'mapped-gpa')} 16m 1")
    dom0.ok("kill $(cat /run/hostile); pidof nvdimmd")
    equal(node(dom0, guest, "state"), "4", "the state")
    equal(len(d.status()["mappings"]), 2, "mappings")


@case("xenstore-health")
def _(dom0):
    """A machine check that a guest's memory takes is counted in its health nodes, xenstored slow or not."""
    d = with_volumes(dom0)
    guest = dom0.guest("g1")
    want(dom0, guest)
    reaches(dom0, guest, 4)
    gpa = int(node(dom0, guest, "mapped-gpa"), 16)
    spa = d.volume("v")["extents"][0]["spa"]
    health = f"/local/domain/{guest.domid}/vnvdimm"
    inject(dom0, spa + 0x5000)
    dom0.until(f"test \"$(xenstore-read {health}/faults)\" = 1")
    equal(dom0.ok(f"xenstore-read {health}/last-gpa {health}/last-volume").split(), [f"{gpa + 0x5000:#x}", "v"],
          "where")
    dom0.until(f"test \"$(xenstore-read {BACK}/{guest.domid}/0/mapped-bad)\" = 4096")
    guest.do("echo 1")
    guest.tty    # asked while there is somebody to answer
    dom0.ok("kill -STOP $(pidof xenstored oxenstored)")
    began = time.monotonic()
    inject(dom0, spa + 0x9000)
    d.await_faults(2)
    took = time.monotonic() - began
    check(told(guest, gpa + 0x9000), "the guest was told while xenstored hung")
    dom0.ok("kill -CONT $(pidof xenstored oxenstored)")
    dom0.until(f"test \"$(xenstore-read {health}/faults)\" = 2")
    check(took < 15, f"decided after {took:.1f} s")


@case("xenstore-xl-lives", seconds=900)
def _(dom0):
    """xl pause, rename, destroy: the nodes tell the truth, and go with the domain."""
    d = with_volumes(dom0)
    guest = dom0.guest("g1", paused=True)
    want(dom0, guest)
    reaches(dom0, guest, 4)
    guest.unpause()
    gpa = node(dom0, guest, "mapped-gpa")
    guest.do(f"fill {gpa} 16m 9")
    dom0.ok("xl pause g1; xl unpause g1; xl rename g1 other; sleep 1")
    equal(node(dom0, guest, "state"), "4", "the state after a rename")
    dom0.ok("xl rename other g1")
    guest.do(f"verify {gpa} 16m 9")
    domid = guest.domid
    guest.destroy()
    gone(dom0, domid)
    nothing_left(d)
    equal(d.volume("v")["size"], 16 * MIB, "the volume")
