# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that start get what is on their lists, through a real xenstored: held until they have it."""
import random
import signal
import sys
import time

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import GiB, MiB, SimRefused
from hosts import BACK, XenstoreHost, run_with_xenstore

def add(host, guest, volume, **kwargs):
    host.call("AddGuestDevice", guest=guest, volume=volume, **kwargs)


def test_a_guest_runs_when_it_has_all_of_its_list():
    with XenstoreHost() as host:
        add(host, "g", "v0")
        add(host, "g", "v1", gpa=64 * GiB)
        domid = host.create("g")
        host.wait_for(lambda: host.states("g") == ["mapped", "mapped"])
        host.wait_for(lambda: host.holds() == [])
        assert not host.domain(domid)["held"]
        assert not host.domain(domid)["ran"]
        host.wait_for(lambda: host.node(domid, 0, "state") == host.node(domid, 1, "state") == "4")
        assert (host.node(domid, 0, "state"), host.node(domid, 0, "volume"), host.node(domid, 0, "online")) == ("4", "v0", "1")
        assert host.node(domid, 1, "mapped-gpa") == hex(64 * GiB)
        assert host.node(domid, 1, "hotplug-status") == "connected"
        host.unpause(domid)
        assert host.runs(domid)
        assert host.texts("device-late") == []
        ready = host.texts("guest-ready")
        assert len(ready) == 1 and ready[0].startswith(f"g (domain {domid}) has the 2 volumes of its list, "), ready


def test_a_guest_is_held_while_its_volume_is_anothers_and_runs_when_it_comes_free():
    with XenstoreHost() as host:
        other = host.create("other")
        host.call("Map", domain="other", volume="v0")
        add(host, "g", "v0")
        domid = host.create("g")
        host.wait_for(lambda: host.states("g") == ["refused"])
        host.unpause(domid)
        time.sleep(0.3)
        assert not host.runs(domid) and host.holds() == [domid]
        # The same words everywhere.
        why = host.devices("g")[0]["reason"]
        assert why == f"the volume v0 is in domain {other}, other already", why
        host.wait_for(lambda: host.node(domid, 0, "hotplug-status") == "error")
        assert host.node(domid, 0, "hotplug-error") == why
        assert host.texts("device-refused") == [f"device 0 of g (domain {domid}): {why}"]
        host.wait_for(lambda: host.texts("guest-waits"))
        assert host.texts("guest-waits") == [f"g (domain {domid}) is held until it can have the volume v0: {why}"]
        assert any(why in a for a in host.status()["alarms"]), host.status()["alarms"]
        assert why in host.daemon_log.read_text()
        host.call("Unmap", volume="v0")
        host.wait_for(lambda: host.states("g") == ["mapped"])
        host.wait_for(lambda: host.runs(domid))
        assert host.status()["alarms"] == []
        host.wait_for(lambda: host.node(domid, 0, "hotplug-status") == "connected")
        assert host.node(domid, 0, "hotplug-error") is None


def test_a_guest_whose_list_says_run_runs_without():
    with XenstoreHost() as host:
        host.create("other")
        host.call("Map", domain="other", volume="v0")
        add(host, "g", "v0", run_without=True)
        add(host, "g", "v1")
        domid = host.create("g")
        host.wait_for(lambda: host.states("g") == ["refused", "mapped"])
        host.unpause(domid)
        host.wait_for(lambda: host.runs(domid))
        why = host.devices("g")[0]["reason"]
        assert host.texts("guest-without") == [f"g (domain {domid}) runs without the volume v0: {why}"]


def test_a_guest_taken_off_the_list_is_let_go():
    with XenstoreHost() as host:
        host.create("other")
        host.call("Map", domain="other", volume="v0")
        add(host, "g", "v0")
        domid = host.create("g")
        host.wait_for(lambda: host.states("g") == ["refused"])
        assert host.holds() == [domid]
        assert host.status()["alarms"]
        host.call("RemoveGuestDevice", guest="g", volume="v0")
        host.wait_for(lambda: host.holds() == [])
        host.wait_for(lambda: host.xs.ls(f"{BACK}/{domid}") == [])
        assert host.status()["alarms"] == []


def test_a_volume_renamed_while_its_guest_waits_for_it_is_found():
    with XenstoreHost() as host:
        host.create("other")
        host.call("Map", domain="other", volume="v0")
        add(host, "g", "v0")
        host.create("g")
        host.wait_for(lambda: host.states("g") == ["refused"])
        host.call("RenameVolume", volume="v0", name="w0")
        assert host.states("g") == ["refused"]
        host.call("Unmap", volume="w0")
        host.wait_for(lambda: host.states("g") == ["mapped"])
        host.wait_for(lambda: host.holds() == [])


def test_refusals_of_every_kind_are_the_guests_fate():
    with XenstoreHost(volumes=4) as host:
        host.call("CreateVolume", name="owned", size=2 * MiB)
        add(host, "owned", "owned")
        host.call("SetVolumeOwner", volume="owned", owner="name:somebody")
        add(host, "low", "v0", gpa=2 * MiB)
        add(host, "pv", "v1")
        add(host, "high", "v2", gpa=1 << 51)
        for guest, words in (("owned", "the volume owned belongs to name:somebody"),
                             ("low", "has something at guest address 0x200000 already"),
                             ("pv", "is a PV guest"), ("high", "reach beyond the guest's limit")):
            domid = host.create(guest, type="pv" if guest == "pv" else "pvh")
            host.wait_for(lambda: host.states(guest) == ["refused"])
            why = host.devices(guest)[0]["reason"]
            assert words in why, why
            host.wait_for(lambda: host.node(domid, 0, "hotplug-error") == why)
            host.wait_for(lambda: any(why in t for t in host.texts("guest-waits")))
            assert domid in host.holds()
        assert len(host.holds()) == 4


def test_a_reboot_is_a_new_domain_with_the_same_volume():
    with XenstoreHost() as host:
        add(host, "g", "v0")
        old = host.create("g")
        host.wait_for(lambda: host.states("g") == ["mapped"])
        gpa = host.wait_for(lambda: host.node(old, 0, "mapped-gpa"))
        host.unpause(old)
        # The old one is dying still, with all it has, when the new one comes.
        host.sim("domain destroy", dom=str(old), stepwise=True)
        new = host.create("g")
        host.wait_for(lambda: host.states("g") == ["waiting"] and host.domain(new)["held"])
        time.sleep(0.2)
        assert host.domain(new)["held"] and host.states("g") == ["waiting"], host.states("g")
        host.sim("domain release", dom=str(old))
        host.store.release(host.xs, old)
        host.wait_for(lambda: host.states("g") == ["mapped"])
        host.wait_for(lambda: not host.domain(new)["held"])
        host.wait_for(lambda: host.node(new, 0, "mapped-gpa") == gpa)
        host.wait_for(lambda: host.xs.ls(f"{BACK}/{old}") == [])


def test_a_guest_that_ran_already_is_given_its_volume_late_and_that_is_recorded():
    with XenstoreHost() as host:
        add(host, "g", "v0")
        domid = host.sim("domain create", name="g")["domid"]
        assert host.domain(domid)["ran"]
        host.store.domain(host.xs, domid, "g")
        host.wait_for(lambda: host.states("g") == ["mapped"])
        host.wait_for(lambda: host.holds() == [])
        host.wait_for(lambda: host.node(domid, 0, "late") == "1")
        assert len(host.texts("device-late")) == 1
        # One that runs gets at once what is put on its list.
        add(host, "g", "v1")
        host.wait_for(lambda: host.states("g") == ["mapped", "mapped"])
        assert host.runs(domid)


def test_a_guest_that_comes_while_nvdimmd_is_away_is_caught_up_with():
    with XenstoreHost() as host:
        add(host, "g", "v0")
        add(host, "late", "v1")
        host.kill_daemon()
        early = host.create("g")
        late = host.create("late")
        host.unpause(late)
        host.start_daemon()
        host.wait_for(lambda: host.states("g") == ["mapped"] and host.states("late") == ["mapped"])
        host.wait_for(lambda: host.holds() == [])
        host.wait_for(lambda: host.node(early, 0, "state") == "4" and host.node(late, 0, "state") == "4")
        assert host.node(early, 0, "late") in (None, "0") and host.node(late, 0, "late") == "1"
        assert host.runs(late)


def test_holds_of_a_dead_nvdimmd_are_dropped_by_the_next():
    with XenstoreHost() as host:
        other = host.create("other")
        host.call("Map", domain="other", volume="v0")
        add(host, "waits", "v0")
        add(host, "goes", "v0")
        waits, goes = host.create("waits"), host.create("goes")
        host.wait_for(lambda: host.states("waits") == host.states("goes") == ["refused"])
        assert sorted(host.holds()) == [waits, goes]
        host.call("RemoveGuestDevice", guest="goes", volume="v0")
        host.restart_daemon()
        host.wait_for(lambda: host.holds() == [waits])
        host.wait_for(lambda: host.states("waits") == ["refused"])
        host.kill_daemon()
        host.destroy(other)
        host.start_daemon()
        host.wait_for(lambda: host.states("waits") == ["mapped"])
        host.wait_for(lambda: host.holds() == [])


def test_who_needs_no_hold_is_let_go_even_without_xenstore():
    with XenstoreHost() as host:
        host.create("other")
        host.call("Map", domain="other", volume="v0")
        add(host, "g", "v0")
        domid = host.create("g")
        host.wait_for(lambda: host.holds() == [domid])
        host.stop_store()
        try:
            host.restart_daemon()
            assert host.holds() == [domid]
            host.call("RemoveGuestDevice", guest="g", volume="v0")
            host.wait_for(lambda: host.holds() == [])
        finally:
            host.cont_store()


def test_killed_anywhere_on_the_way_the_guest_has_its_list_in_the_end():
    rnd = random.Random(7)
    with XenstoreHost(volumes=3) as host:
        for i in range(3):
            add(host, "g", f"v{i}")
        for turn in range(25):
            domid = host.create("g")
            time.sleep(rnd.random() * 0.02)
            host.kill_daemon()
            if rnd.random() < 0.3:
                host.unpause(domid)
            host.start_daemon()
            host.wait_for(lambda: host.states("g") == ["mapped"] * 3)
            host.wait_for(lambda: host.holds() == [])
            host.destroy(domid)
            host.wait_for(lambda: host.states("g") == ["absent"] * 3)
        host.wait_for(lambda: host.status()["mappings"] == [] and host.xs.ls(BACK) == [])


def nothing_is_left(host):
    s = host.status()
    return s["mappings"] == [] and s["holds"] == [] and s["hypervisor"]["extents"] == 0 and host.xs.ls(BACK) == []


def test_twenty_guests_at_random_with_restarts_leave_nothing_behind():
    seed = 20261122
    rnd = random.Random(seed)
    with XenstoreHost(volumes=20) as host:
        for i in range(20):
            add(host, f"g{i}", f"v{i}", run_without=rnd.random() < 0.3)
        alive = {}
        for turn in range(600):
            i = rnd.randrange(20)
            what = rnd.random()
            if what < 0.06:
                host.restart_daemon(rnd.choice([signal.SIGKILL, signal.SIGTERM]))
            elif i in alive:
                if what < 0.5:
                    host.destroy(alive.pop(i))
                else:
                    host.unpause(alive[i])
            else:
                alive[i] = host.create(f"g{i}")
        host.wait_for(lambda: all(host.states(f"g{i}") == ["mapped"] for i in alive), 30)
        host.wait_for(lambda: host.holds() == [])
        for i, domid in alive.items():
            host.unpause(domid)
            assert host.runs(domid)
            host.destroy(domid)
        host.wait_for(lambda: nothing_is_left(host), 30)
        assert host.texts("device-refused") == []
        host.restart_daemon()
        assert nothing_is_left(host)


def test_a_removed_directory_is_written_again_and_a_rename_changes_nothing():
    with XenstoreHost() as host:
        add(host, "g", "v0")
        add(host, "other", "v1")
        domid = host.create("g")
        host.wait_for(lambda: host.states("g") == ["mapped"])
        host.xs.rm(f"{BACK}/{domid}/0")
        host.wait_for(lambda: host.node(domid, 0, "state") == "4")
        host.sim("domain rename", dom=str(domid), name="other")
        host.xs.write(f"/local/domain/{domid}/name", "other")
        time.sleep(0.3)
        assert host.volume("v0")["mapping"]["domid"] == domid
        host.restart_daemon()
        host.wait_for(lambda: host.volume("v0").get("mapping", {}).get("domid") == domid)


def test_a_guest_that_is_named_after_it_was_introduced_gets_its_list():
    with XenstoreHost() as host:
        add(host, "g", "v0")
        domid = host.sim("domain create", name="nobody", paused=True)["domid"]
        host.store.domain(host.xs, domid, "")
        time.sleep(0.3)
        assert host.states("g") == ["absent"]
        host.sim("domain rename", dom=str(domid), name="g")
        host.xs.write(f"/local/domain/{domid}/name", "g")
        host.wait_for(lambda: host.states("g") == ["mapped"])
        host.wait_for(lambda: host.holds() == [])


def test_log_dirty_is_refused_to_a_guest_that_has_its_list():
    with XenstoreHost() as host:
        add(host, "g", "v0")
        domid = host.create("g")
        host.wait_for(lambda: host.states("g") == ["mapped"])
        try:
            host.sim("domain log-dirty", dom=str(domid), on_off="on")
        except SimRefused as e:
            assert "persistent memory" in str(e), e
        else:
            raise AssertionError("a guest with persistent memory may be migrated")


run_with_xenstore(dict(globals()))
