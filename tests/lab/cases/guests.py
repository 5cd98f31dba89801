# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that get what is on their lists: through xenstore, with xl."""
import random
import re
import statistics

from driver.cases import case
from driver.dom0 import check, equal

from ._daemon import MIB, UUID, nothing_left, with_pool

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


def domid_of(dom0, name):
    return int(dom0.ok(f"xl domid {name}"))


def began_well(guest):
    """Nothing that it did at first failed."""
    said = guest.lines()
    check(not [x for x in said if x[""][:1] == ["error"]], f"{guest.name} says {said}")
    check([x for x in said if x[""][:1] == ["done"]], f"{guest.name} did nothing: {said}")


def ends_and_is_back(guest, how):
    """It reboots or crashes by itself, and xl starts it again."""
    guest.tty
    guest.dom0.ok(f": >{guest.log}")
    guest.type(how)
    guest.dom0.until(f"test \"$(xl domid {guest.name})\" != {guest.domid} && xl domid {guest.name}", 60)
    guest.domid, guest._tty = domid_of(guest.dom0, guest.name), None
    guest.await_idle()


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


@case("xenstore-list-reboot")
def _(dom0):
    """A guest that reboots is a new domain and finds its bytes before its first instruction."""
    d = with_lists(dom0)
    guest = dom0.guest("g1", on_reboot="restart", commands=FIRST)
    gpa = node(dom0, guest.domid, "mapped-gpa")
    for how in ("guest", "xl", "guest"):
        old = guest.domid
        if how == "guest":
            ends_and_is_back(guest, "reboot")
        else:
            # From now on it only reads at first, also when it reboots.
            dom0.ok(f"xl destroy g1; sed -i 's/^extra = .*/extra = \"verify {V:#x} 16m 7\"/' {guest.config}; "
                    f"rm -f {guest.log}; xl create {guest.config}", 120)
            guest.domid, guest._tty = domid_of(dom0, "g1"), None
            guest.await_idle()
        check(guest.domid != old, "it is another domain")
        await_states(d, "g1", "mapped")
        began_well(guest)
        equal(node(dom0, guest.domid, "mapped-gpa"), gpa, "the address")
        guest.do(f"verify {V:#x} 16m 7")
        dom0.until(f"! xenstore-read {BACK}/{old}/0/state")
    guest.destroy()
    gone(dom0, d)


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


@case("xenstore-list-crash-restart")
def _(dom0):
    """Crashed with on_crash=restart a guest gets its volume again; preserved it keeps it."""
    d = with_lists(dom0)
    guest = dom0.guest("g1", on_crash="restart", commands=FIRST)
    ends_and_is_back(guest, "crash")
    began_well(guest)
    await_states(d, "g1", "mapped")
    guest.destroy()
    gone(dom0, d)
    guest = dom0.guest("g1", on_crash="preserve", commands=FIRST)
    guest.type("crash")
    dom0.until("xl list | grep -qE '^g1 .*c'", 30)
    equal(states(d), ["mapped"], "the preserved guest's device")
    d.restart()
    equal(states(d), ["mapped"], "after nvdimmd's restart")
    equal(dom0.tool("list holds"), [], "holds")
    dom0.ok("xl destroy g1")
    gone(dom0, d)


@case("xenstore-list-pause-rename")
def _(dom0):
    """Pausing and renaming change nothing; the next start goes by the new name."""
    d = with_lists(dom0)
    d.ok(f"guest add g2 w --gpa {W:#x}")
    guest = dom0.guest("g1", commands=FIRST)
    dom0.ok("xl pause g1")
    d.restart()
    equal(states(d), ["mapped"], "paused, after nvdimmd's restart")
    dom0.ok("xl unpause g1")
    guest.do(f"verify {V:#x} 16m 7")
    dom0.ok("xl rename g1 g2")
    equal(d.volume("v")["mapping"]["domid"], guest.domid, "who has v")
    guest.do(f"verify {V:#x} 16m 7")
    dom0.ok("xl destroy g2")
    gone(dom0, d)


@case("xenstore-list-save-refused")
def _(dom0):
    """A guest with its volume is not saved: xl says why before it is suspended, and it goes on."""
    d = with_lists(dom0)
    guest = dom0.guest("g1", commands=FIRST)
    dom0.refused("xl save g1 /lab/save", "p2m size.*not supported", 120)
    equal(states(d), ["mapped"], "its device")
    equal(domid_of(dom0, "g1"), guest.domid, "its domain")
    guest.do(f"verify {V:#x} 16m 7")


@case("xenstore-list-nvdimmd-restart")
def _(dom0):
    """Created while nvdimmd is dead, paused, a guest has its volume before it runs."""
    d = with_lists(dom0)
    d.kill()
    guest = dom0.guest("g1", paused=True, commands=FIRST)
    d.start()
    await_states(d, "g1", "mapped")
    equal(dom0.tool("list holds"), [], "holds")
    guest.unpause()
    began_well(guest)
    equal(texts(d, "device-late"), [], "late devices")
    for _ in range(3):
        d.restart()
        equal(states(d), ["mapped"], "after another restart")
        equal(dom0.tool("list holds"), [], "holds")
        guest.do(f"verify {V:#x} 16m 7")
    # And one that ran meanwhile is given its volume late.
    guest.destroy()
    gone(dom0, d)
    d.kill()
    guest = dom0.guest("g1")
    d.start()
    await_states(d, "g1", "mapped")
    await_node(dom0, guest.domid, "late", 1)
    equal(len(texts(d, "device-late")), 1, "late devices")
    guest.do(f"verify {V:#x} 16m 7")


@case("xenstore-list-node-removed")
def _(dom0):
    """A backend directory removed underneath is written again; the bytes stay."""
    d = with_lists(dom0)
    guest = dom0.guest("g1", commands=FIRST)
    dom0.ok(f"xenstore-rm {BACK}/{guest.domid}/0")
    await_node(dom0, guest.domid, "state", 4)
    guest.do(f"verify {V:#x} 16m 7")
    dom0.ok(f"xenstore-rm {BACK}")
    await_node(dom0, guest.domid, "state", 4)
    equal(states(d), ["mapped"], "its device")
    guest.destroy()
    gone(dom0, d)


def same_words(dom0, d, name, domid, words):
    """The guest is held, and why stands everywhere in the same words."""
    await_states(d, name, "refused")
    why = listed(d, name)[0]["reason"]
    check(words in why, f"'{why}' does not say '{words}'")
    await_node(dom0, domid, "hotplug-status", "error")
    equal(node(dom0, domid, "hotplug-error"), why, "hotplug-error")
    check(any(why in a for a in d.status()["alarms"]), f"status has alarms {d.status()['alarms']}")
    check([t for t in texts(d, "device-refused") if why in t], "the history tells of the device")
    dom0.until("nvctl --json events -n 1000 | grep -q guest-waits")
    check([t for t in texts(d, "guest-waits") if why in t], "the history tells of the guest")
    log = "journalctl -b --no-pager -t nvdimmd" if d.systemd else "cat /var/log/nvdimmd.log"
    check(why in dom0.ok(log), "the journal has the words")
    check(str(domid) in [h["domid"] for h in dom0.tool("list holds")], f"domain {domid} is held")
    return why


@case("xenstore-list-refusals")
def _(dom0):
    """Whom the list cannot serve waits, or runs without, and why stands everywhere in the same words."""
    d = with_lists(dom0)
    for name in ("a", "b", "c", "e"):
        d.ok(f"volume create {name} 2M")
    d.refused("guest add g1 nosuch", "there is no volume 'nosuch'")
    # In use: held, until it is free.
    user = dom0.guest("user")
    d.ok("map v user")
    guest = dom0.guest("g1", paused=True, commands=FIRST)
    dom0.ok("xl unpause g1")
    same_words(dom0, d, "g1", guest.domid, f"the volume v is in domain {user.domid}, user already")
    d.ok("unmap v")
    guest.await_idle()
    began_well(guest)
    await_states(d, "g1", "mapped")
    # Somebody else's.
    d.ok("guest add g2 a")
    d.ok("volume owner a name:somebody")
    g2 = dom0.guest("g2", paused=True)
    same_words(dom0, d, "g2", g2.domid, "the volume a belongs to name:somebody")
    d.ok("volume owner a --none")
    await_states(d, "g2", "mapped")
    # Where its memory is: said by the hypervisor.
    d.ok("guest add g3 b --gpa 16M")
    g3 = dom0.guest("g3", paused=True)
    same_words(dom0, d, "g3", g3.domid, "has something at guest address 0x1000000 already")
    d.ok("guest remove g3 b")
    dom0.until(f"! labtool list holds | grep -q domid={g3.domid}")
    # The list says run.
    d.ok("map c user")
    d.ok("guest add g4 c --if-missing run")
    g4 = dom0.guest("g4")
    equal(states(d, "g4"), ["refused"], "its device")
    g4.do("echo 1")
    check(texts(d, "guest-without"), "the history tells that it runs without")
    # PV.
    d.ok("guest add pv e")
    dom0.put('name = "pv"\ntype = "pv"\nmemory = 32\nkernel = "/lab/nvguest-pv"\n', "/lab/pv.cfg")
    dom0.ok("xl create -p /lab/pv.cfg", 120)
    same_words(dom0, d, "pv", domid_of(dom0, "pv"), "is a PV guest")
    for name in ("pv", "g4", "g3", "g2", "g1", "user"):
        dom0.ok(f"xl destroy {name}")
    gone(dom0, d)


@case("xenstore-list-by-uuid")
def _(dom0):
    """A list by UUID finds its guest under any name."""
    d = with_lists(dom0)
    uuid = UUID.format(1)
    d.ok(f"guest add {uuid} w --gpa {W:#x}")
    d.ok(f"volume owner w uuid:{uuid}")
    guest = dom0.guest("another", uuid=uuid, commands=f"fill {W:#x} 16m 3")
    began_well(guest)
    equal(states(d, uuid), ["mapped"], "its device")
    equal([x["domid"] for x in listed(d, uuid)], [guest.domid], "its domain")
    guest.destroy()
    gone(dom0, d)


@case("xenstore-list-random", seconds=1500)
def _(dom0):
    """Twenty guests come and go at random while nvdimmd is restarted: nothing is left over."""
    seed = 20261122
    rnd = random.Random(seed)
    d = with_pool(dom0)
    for i in range(20):
        d.ok(f"volume create r{i} 4M")
        d.ok(f"guest add g{i} r{i}")
        dom0.put(f'name = "g{i}"\ntype = "pvh"\nmemory = 32\nkernel = "/lab/nvguest"\n'
                 'on_poweroff = "destroy"\n', f"/lab/g{i}.cfg")
    alive = set()
    for turn in range(60):
        i = rnd.randrange(20)
        if turn % 8 == 5:
            d.restart()
        if i in alive:
            dom0.ok(f"xl destroy g{i}")
            alive.discard(i)
        else:
            dom0.ok(f"xl create -q {rnd.choice(['', '-p'])} /lab/g{i}.cfg", 120)
            alive.add(i)
    dom0.until("nvctl status", 60)
    for i in sorted(alive):
        await_states(d, f"g{i}", "mapped", seconds=60)
    dom0.until("test -z \"$(labtool list holds)\"", 30)
    equal(len(d.status()["mappings"]), len(alive), "mappings")
    for i in sorted(alive):
        dom0.ok(f"xl destroy g{i}")
    gone(dom0, d)
    equal(d.status()["alarms"], [], "alarms")
    for i in range(20):
        d.ok(f"guest remove g{i} r{i}")
        d.ok(f"volume delete r{i}")
    equal(d.pool()["free"], 192 * MIB, "free space in the end")


@case("xenstore-list-latency", seconds=900)
def _(dom0):
    """From a domain's introduction to its two volumes mapped: less than xl create takes."""
    d = with_lists(dom0)
    d.ok(f"guest add g1 w --gpa {W:#x}")
    dom0.put('name = "g1"\ntype = "pvh"\nmemory = 32\nkernel = "/lab/nvguest"\n', "/lab/g1.cfg")
    create = []
    for _ in range(40):
        create.append(int(dom0.ok("bash -c 's=${EPOCHREALTIME/./}; xl create -q -p /lab/g1.cfg && "
                                  "echo $((${EPOCHREALTIME/./} - s))'", 120)) / 1000)
        await_states(d, "g1", "mapped", "mapped")
        dom0.ok("xl destroy g1")
        dom0.until("! nvctl --json status | grep -q domain_uuid")
    ready = [float(re.search(r"([0-9.]+) ms after", t)[1]) for t in texts(d, "guest-ready")]
    equal(len(ready), 40, "guests that got theirs")
    # Of 40, p99 is the longest.
    p50, p99 = statistics.median(ready), max(ready)
    print(f"    introduced to mapped: p50 {p50:.1f} ms, p99 {p99:.1f} ms; xl create takes "
          f"{statistics.median(create):.1f} ms, at most {max(create):.1f} ms", flush=True)
    check(p50 < statistics.median(create), f"half of them took {p50} ms, xl create {create}")
