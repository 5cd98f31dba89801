#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests' devices in a real xenstored: wanted, refused, detached, gone."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from e2e import MiB, refused  # noqa: E402
from hosts import BACK, XenstoreHost, run_with_xenstore  # noqa: E402


def test_a_device_that_is_wanted_is_mapped_and_told():
    with XenstoreHost() as host:
        g = host.guest("g1")
        host.give(g, 0)
        m, = host.status()["mappings"]
        assert (m["volume"], m["domid"], m["state"]) == ("v0", g, "mapped")
        assert host.node(g, 0, "hotplug-status") == "connected"
        assert int(host.node(g, 0, "mapped-gpa"), 16) == m["gpa"]
        assert int(host.node(g, 0, "mapped-size")) == m["size"] == 2 * MiB
        assert host.node(g, 0, "volume-uuid") == host.volume("v0")["uuid"]
        assert host.node(g, 0, "feature-unmap") == "1"
        assert host.mapped_in_hypervisor("g1") == 2 * MiB
        host.give(g, 7, volume=host.volume("v1")["uuid"], gpa="0x200000000")
        assert int(host.node(g, 7, "mapped-gpa"), 16) == 0x200000000


def test_a_refusal_says_the_same_in_every_place():
    cases = [
        ("v9", {}, lambda h, g: h.call("Map", domain=str(g), volume="v9")),
        ("v0", {"gpa": "0x1000"}, lambda h, g: h.call("Map", domain=str(g), volume="v0", gpa=0x1000)),
        ("v0", {"gpa": str(1 << 60)}, lambda h, g: h.call("Map", domain=str(g), volume="v0", gpa=1 << 60)),
    ]
    with XenstoreHost() as host:
        g = host.guest("g1")
        for i, (volume, more, by_person) in enumerate(cases):
            host.want(g, i, volume=volume, **more)
            host.reaches(g, i, 6)
            error = host.node(g, i, "hotplug-error")
            try:
                by_person(host, g)
                raise AssertionError("not refused")
            except Exception as e:  # noqa: BLE001
                assert getattr(e, "message", None) == error, f"{e} is not {error}"
            assert host.node(g, i, "hotplug-status") == "error"
            assert any(error in a for a in host.status()["alarms"]), host.status()["alarms"]
            assert error in host.daemon_log.read_text()
            assert any(error in e["text"] and e["kind"] == "device-refused" for e in host.events())
        assert not host.status()["mappings"]
        before = sorted(host.status()["alarms"])
        host.restart_daemon()
        host.wait_for(lambda: sorted(host.status()["alarms"]) == before)
        # whoever corrects the wish and writes state 1 again gets it
        host.xs.write(f"{BACK}/{g}/0/volume", "v0")
        host.xs.write(f"{BACK}/{g}/0/state", 1)
        host.reaches(g, 0, 4)
        assert host.node(g, 0, "hotplug-error") is None


def test_who_may_not_have_it_does_not_get_it():
    with XenstoreHost() as host:
        pv, g1, g2 = host.guest("pv", type="pv"), host.guest("g1"), host.guest("g2")
        host.want(pv, 0)
        host.reaches(pv, 0, 6)
        assert "is a PV guest" in host.node(pv, 0, "hotplug-error")
        host.call("SetVolumeOwner", volume="v1", owner="name:g2")
        host.want(g1, 0, volume="v1")
        host.reaches(g1, 0, 6)
        assert "g2" in host.node(g1, 0, "hotplug-error")
        host.give(g2, 0, volume="v1")
        host.want(g1, 1, volume="v1")
        host.reaches(g1, 1, 6)


def test_nodes_that_cannot_be_understood_are_refused_by_name():
    bad = [({"volume": ""}, "volume"), ({"volume": "a\x01b"}, "volume"), ({"volume": "x" * 4000}, "volume"),
           ({"gpa": "12monkeys"}, "gpa"), ({"gpa": "-1"}, "gpa"), ({"gpa": "4097"}, "gpa"), ({"gpa": ""}, "gpa"),
           ({"gpa": "0x10000000000000000"}, "gpa")]
    with XenstoreHost() as host:
        g = host.guest("g1")
        for i, (nodes, name) in enumerate(bad):
            host.want(g, i, **nodes)
            host.reaches(g, i, 6)
            assert f"the node {name} " in host.node(g, i, "hotplug-error"), host.node(g, i, "hotplug-error")
        host.give(g, 99)


def test_a_toolstack_detaches_and_the_guest_agrees():
    with XenstoreHost() as host:
        g = host.guest("g1")
        host.want(g, 0)
        host.front(g, 0, "feature-unmap", 1)
        host.reaches(g, 0, 4)
        host.xs.write_all(f"{BACK}/{g}/0", {"online": 0, "state": 5})
        host.agree(g, 0)
        host.gone(g, 0)
        assert not host.xs.ls(f"/local/domain/{g}/device/vnvdimm/0")
        assert not host.status()["mappings"] and not host.mapped_in_hypervisor("g1")


def test_a_guest_that_cannot_answer_keeps_it_unless_forced():
    with XenstoreHost() as host:
        g = host.guest("g1")
        host.give(g, 0)
        r = refused("GuestKeepsIt", host.call, "Detach", volume="v0")
        assert "feature-unmap" in r.message
        host.xs.write_all(f"{BACK}/{g}/0", {"online": 0, "state": 5})
        host.reaches(g, 0, 4)
        host.wait_for(lambda: host.node(g, 0, "hotplug-status") == "error")
        assert host.node(g, 0, "hotplug-error") == r.message
        assert host.mapped_in_hypervisor("g1") == 2 * MiB
        assert host.node(g, 0, "unmap-request") is None
        # asked once: the log does not fill up
        time.sleep(0.5)
        assert len([e for e in host.events() if e["kind"] == "device-stays"]) == 2
        host.call("Detach", volume="v0", force=True)
        assert not host.mapped_in_hypervisor("g1")
        host.gone(g, 0)


def test_a_guest_says_no_or_nothing():
    with XenstoreHost(config='unmap_timeout = "1s"\n') as host:
        g = host.guest("g1")
        host.want(g, 0)
        host.front(g, 0, "feature-unmap", 1)
        host.reaches(g, 0, 4)
        r = refused("TimedOut", host.call, "Detach", domain="g1", device=0)
        assert "1 s" in r.message
        host.asks_nothing(g, 0)
        link = host.connect()
        link.send("Detach", {"volume": "v0"})
        host.agree(g, 0, "{} busy")
        assert link.receive()["error"].endswith("GuestKeepsIt")
        host.asks_nothing(g, 0)
        link.send("Detach", {"volume": "v0"})
        host.agree(g, 0)
        assert "error" not in link.receive()
        assert not host.mapped_in_hypervisor("g1")


def test_an_old_answer_is_no_answer():
    with XenstoreHost(config='unmap_timeout = "1s"\n') as host:
        g = host.guest("g1")
        host.want(g, 0)
        host.front(g, 0, "feature-unmap", 1)
        host.reaches(g, 0, 4)
        for answer in ("0", "1", "18446744073709551615", "-1", "0x1", "", "busy", " busy"):
            host.front(g, 0, "unmap-ack", answer)
        refused("TimedOut", host.call, "Detach", volume="v0")
        assert host.mapped_in_hypervisor("g1") == 2 * MiB


def test_attach_and_detach_by_a_person():
    with XenstoreHost() as host:
        g = host.guest("g1")
        m = host.call("Attach", domain="g1", volume="v0")["mapping"]
        assert m["domid"] == g
        host.reaches(g, 0, 4)
        front = f"/local/domain/{g}/device/vnvdimm/0"
        assert host.xs.read(f"{front}/backend") == f"{BACK}/{g}/0"
        assert host.xs.perms(front) == [f"n{g}", "r0"], host.xs.perms(front)
        assert host.xs.perms(f"{BACK}/{g}/0/state") == ["n0", f"r{g}"]
        host.call("Attach", domain=str(g), volume="v1", device=5)
        host.reaches(g, 5, 4)
        refused("DeviceTaken", host.call, "Attach", domain="g1", volume="v1", device=5)
        refused("AlreadyMapped", host.call, "Attach", domain="g1", volume="v1")
        assert sorted(host.xs.ls(f"{BACK}/{g}")) == ["0", "5"]
        host.front(g, 5, "feature-unmap", 1)
        link = host.connect()
        link.send("Detach", {"domain": "g1", "device": 5})
        host.agree(g, 5)
        assert "error" not in link.receive()
        host.gone(g, 5)
        refused("NoSuchDevice", host.call, "Detach", domain="g1", device=5)


def test_attached_and_detached_at_once_nothing_comes_back():
    with XenstoreHost() as host:
        g = host.guest("g1")
        for _ in range(40):
            host.call("Attach", domain="g1", volume="v0")
            host.call("Detach", volume="v0", force=True)
        host.call("Attach", domain="g1", volume="v1")
        host.reaches(g, 0, 4)
        assert host.node(g, 0, "volume") == "v1"
        assert [m["volume"] for m in host.status()["mappings"]] == ["v1"] and not host.status()["alarms"]
        assert not [e for e in host.events() if e["kind"] == "device-removed"]


def test_a_domain_that_dies_leaves_no_node():
    with XenstoreHost() as host:
        g = host.guest("g1")
        host.want(g, 0)
        host.want(g, 1, volume="v1")
        host.reaches(g, 0, 4)
        host.reaches(g, 1, 4)
        host.destroy(g)
        host.wait_for(lambda: not host.xs.ls(f"{BACK}/{g}") and str(g) not in host.xs.ls(BACK))
        assert not host.status()["mappings"]
        # the same volume in the guest's next life
        again = host.guest("g1")
        host.give(again, 0)


def test_a_directory_that_is_removed_is_written_again():
    with XenstoreHost() as host:
        g = host.guest("g1")
        host.give(g, 0)
        host.xs.rm(f"{BACK}/{g}/0")
        host.reaches(g, 0, 4)
        assert host.node(g, 0, "volume") == "v0" and host.node(g, 0, "hotplug-status") == "connected"
        assert host.mapped_in_hypervisor("g1") == 2 * MiB
        assert any(e["kind"] == "device-removed" for e in host.events())


def test_the_health_nodes_count_what_the_guest_lost():
    with XenstoreHost() as host:
        g = host.guest("g1")
        host.give(g, 0)
        spa = host.volume("v0")["extents"][0]["spa"]
        gpa = int(host.node(g, 0, "mapped-gpa"), 16)
        health = f"/local/domain/{g}/vnvdimm"
        host.sim("mce", spa=spa + 0x3000)
        host.wait_for(lambda: host.xs.read(f"{health}/faults") == "1")
        assert int(host.xs.read(f"{health}/last-gpa"), 16) == gpa + 0x3000
        assert host.xs.read(f"{health}/last-size") == "4096"
        assert host.xs.read(f"{health}/last-volume") == "v0"
        assert host.xs.perms(f"{health}/faults") == ["n0", f"r{g}"]
        host.wait_for(lambda: host.node(g, 0, "mapped-bad") == "4096")


if __name__ == "__main__":
    run_with_xenstore(globals())
