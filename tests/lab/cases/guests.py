# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that get what is on their lists: through xenstore, with xl."""
from driver.cases import case
from driver.dom0 import check, equal

from ._daemon import nothing_left, with_pool

V, W = 0x4000000000, 0x4100000000
BACK = "/local/domain/0/backend/vnvdimm"
# What a guest does before anybody can type to it.
FIRST = f"fill {V:#x} 16m 7;verify {V:#x} 16m 7"


def with_lists(dom0, conf=""):
    """nvdimmd with the volumes "v" and "w"; "g1" gets the first."""
    d = with_pool(dom0, conf)
    d.ok("volume create v 16M")
    d.ok("volume create w 16M")
    d.ok(f"guest add g1 v --gpa {V:#x}")
    return d


def listed(d, guest="g1"):
    return d.json(f"guest list {guest}")["devices"]


def states(d, guest="g1"):
    return [x["state"] for x in listed(d, guest)]


def await_states(d, guest, *want, seconds=20):
    """Until the devices of @guest's list stand as @want says."""
    pattern = "".join(f".*\"state\":\"{w}\"" for w in want)
    d.dom0.until(f"nvctl --json guest list {guest} | grep -q '{pattern}'", seconds)
    equal(states(d, guest), list(want), f"states of {guest}'s devices")


def node(dom0, domid, name, devid=0):
    return dom0.ok(f"xenstore-read {BACK}/{domid}/{devid}/{name}")


def await_node(dom0, domid, name, value, devid=0):
    dom0.until(f"test \"$(xenstore-read {BACK}/{domid}/{devid}/{name})\" = '{value}'")


def texts(d, kind):
    return [e["text"] for e in d.events(kind)]


def began_well(guest):
    """Nothing that it did at first failed."""
    said = guest.lines()
    check(not [x for x in said if x[""][:1] == ["error"]], f"{guest.name} says {said}")
    check([x for x in said if x[""][:1] == ["done"]], f"{guest.name} did nothing: {said}")


def gone(dom0, d):
    """Nothing of any guest is left: not in the hypervisor, nvdimmd or xenstore."""
    dom0.until("test -z \"$(labtool list holds)$(labtool list extents)\"")
    dom0.until("! nvctl --json status | grep -q domain_uuid")
    nothing_left(d)
    dom0.until(f"test -z \"$(xenstore-ls {BACK} 2>/dev/null)\"")


@case("xenstore-list-two-devices", fast=True)
def _(dom0):
    """Two volumes of its list are there before a guest's first instruction."""
    d = with_lists(dom0)
    d.ok(f"guest add g1 w --gpa {W:#x} --device 5")
    guest = dom0.guest("g1", paused=True, commands=f"{FIRST};fill {W:#x} 16m 8;verify {W:#x} 16m 8")
    await_states(d, "g1", "mapped", "mapped")
    equal(dom0.tool("list holds"), [], "holds")
    await_node(dom0, guest.domid, "state", 4)
    await_node(dom0, guest.domid, "state", 4, 5)
    equal(node(dom0, guest.domid, "volume", 5), "w", "the volume of device 5")
    equal(node(dom0, guest.domid, "hotplug-status"), "connected", "hotplug-status")
    guest.unpause()
    began_well(guest)
    equal(texts(d, "device-late"), [], "late devices")
    guest.destroy()
    gone(dom0, d)


@case("xenstore-list-plain-create", fast=True)
def _(dom0):
    """A plain xl create finds nvdimmd quick enough to be held before it runs."""
    d = with_lists(dom0)
    guest = dom0.guest("g1", commands=FIRST)
    began_well(guest)
    equal(texts(d, "device-late"), [], "late devices")
    guest.do(f"verify {V:#x} 16m 7")


@case("xenstore-list-ends", fast=True)
def _(dom0):
    """After poweroff, xl destroy and a crash with on_crash=destroy nothing is left."""
    d = with_lists(dom0)
    guest = dom0.guest("g1", commands=FIRST)
    for how in ("poweroff", "crash", None):
        if how:
            guest.type(how)
        else:
            guest.destroy()
        dom0.until("! xl domid g1", 30)
        gone(dom0, d)
        if how:
            guest.create()
            began_well(guest)
