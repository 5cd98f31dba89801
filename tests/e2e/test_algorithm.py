# SPDX-License-Identifier: LGPL-2.1-or-later
"""The algorithm of 2016, step by step, through the daemon (ARCHITECTURE: the seed algorithm)."""
import sys

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import MiB, PAGE, POOL_SPA, refused, run
from hosts import PoolHost


class GuestHost(PoolHost):
    def prepare(self):
        super().prepare()
        self.sim("domain create", name="g1", uuid="11111111-2222-3333-4444-000000000001")


def test_step_1_a_region_becomes_a_range():
    with GuestHost() as host:
        pool = host.pool()
        assert pool["state"] == "online" and pool["spa"] == POOL_SPA and pool["size"] == 192 * MiB
        assert pool["free"] == pool["largest_free"] == 192 * MiB
        assert set(pool["map"]) == {"f"}
        assert host.status()["hypervisor"]["regions"] == 1


def test_step_2a_an_occupied_guest_range_is_refused():
    with GuestHost() as host:
        host.call("CreateVolume", name="v", size=4 * MiB)
        r = refused("GuestAddressOccupied", host.call, "Map", domain="g1", volume="v", gpa=0)
        assert "0x0" in r.message
        assert "mapping" not in host.volume("v")
        assert host.status()["hypervisor"]["extents"] == 0


def test_step_2b_a_request_splits_one_range_into_three():
    with GuestHost() as host:
        host.call("Map", domain="g1", pool="fast", offset=64 * MiB, size=32 * MiB)
        pool = host.pool()
        assert pool["free"] == 160 * MiB and pool["largest_free"] == 96 * MiB
        assert pool["mapped"] == 32 * MiB
        m = host.status()["mappings"]
        assert len(m) == 1 and m[0]["spa"] == POOL_SPA + 64 * MiB and m[0]["domid"] == 1


def test_step_2b_a_request_spans_several_ranges():
    with GuestHost() as host:
        for i in range(12):
            host.call("CreateVolume", name=f"v{i}", size=16 * MiB)
        for i in (1, 4, 7):
            host.call("DeleteVolume", volume=f"v{i}")
        assert host.pool()["largest_free"] == 16 * MiB
        host.call("CreateVolume", name="wide", size=48 * MiB)
        v = host.volume("wide")
        assert len(v["extents"]) == 3
        m = host.call("Map", domain="g1", volume="wide")["mapping"]
        assert len(m["map_ids"]) == 3 and m["size"] == 48 * MiB
        # One address range for the guest, whatever it is made of.
        host.sim("guest fill", dom="g1", gpa=m["gpa"], len=48 * MiB, seed=5)
        assert "wrong_at" not in host.sim("guest check", dom="g1", gpa=m["gpa"], len=48 * MiB, seed=5)
        for x in v["extents"]:
            assert host.sim("host read", spa=x["spa"], len=8)["data"] != "0" * 16


def test_step_3_the_death_of_a_domain_merges_everything_back():
    with GuestHost() as host:
        for offset in (0, 40, 120):
            host.call("Map", domain="g1", pool="fast", offset=offset * MiB, size=8 * MiB)
        assert host.pool()["largest_free"] < 192 * MiB
        host.sim("domain destroy", dom="g1")
        host.wait_for(lambda: host.pool()["free"] == 192 * MiB)
        assert host.pool()["largest_free"] == 192 * MiB
        status = host.status()
        assert status["mappings"] == [] and status["hypervisor"]["extents"] == 0
        # The book agrees: what is read from it at a start is the same.
        host.restart_daemon()
        assert host.pool()["largest_free"] == 192 * MiB and host.status()["mappings"] == []
        host.sim("check")


def test_step_4a_the_affected_range_is_found():
    with GuestHost() as host:
        host.call("CreateVolume", name="v", size=8 * MiB)
        m = host.call("Map", domain="g1", volume="v")["mapping"]
        host.sim("mce", spa=m["spa"] + 5 * PAGE + 0x140, kind="srao")
        host.wait_for(lambda: host.volume("v")["bad"])
        assert host.volume("v")["bad"] == PAGE
        e = next(e for e in host.events() if e["kind"] == "fault")
        assert e["place"]["volume"] == "v" and e["place"]["volume_offset"] == 5 * PAGE
        assert e["place"]["gpa"] == m["gpa"] + 5 * PAGE and e["place"]["domid"] == 1


def test_step_4b_touching_it_again_kills():
    with GuestHost(config="grace = 0s\n") as host:
        host.call("CreateVolume", name="v", size=8 * MiB)
        m = host.call("Map", domain="g1", volume="v")["mapping"]
        host.sim("mce", spa=m["spa"], kind="srao")
        host.wait_for(lambda: host.sim("guest mce", dom="g1").get("machine_checks"))
        host.sim("guest read", dom="g1", gpa=m["gpa"], len=8)
        host.wait_for(lambda: not any(d["name"] == "g1" for d in host.sim("domain list")["domains"]))
        kinds = [e["kind"] for e in host.events()]
        assert "touch" in kinds and "released" in kinds
        # Its end costs nothing but the bad page.
        host.sim("domain create", name="g2")
        host.call("Map", domain="g2", volume="v")


def test_step_4c_a_broken_bare_range_is_refused_a_volume_maps_without_it():
    with GuestHost() as host:
        host.call("CreateVolume", name="v", size=8 * MiB)
        v = host.volume("v")
        host.sim("mce", spa=v["extents"][0]["spa"] + 3 * PAGE, kind="srao")
        host.sim("mce", spa=POOL_SPA + 100 * MiB, kind="srao")
        host.wait_for(lambda: host.pool()["bad"] == 2 * PAGE)
        refused("BrokenRange", host.call, "Map", domain="g1", pool="fast", offset=100 * MiB, size=2 * MiB)
        m = host.call("Map", domain="g1", volume="v")["mapping"]
        assert m["bad"] == PAGE
        # And it is remembered, by daemon and host.
        host.restart_daemon()
        assert host.pool()["bad"] == 2 * PAGE
        refused("BrokenRange", host.call, "Map", domain="g1", pool="fast", offset=100 * MiB, size=2 * MiB)


def test_step_4d_the_owner_is_told():
    with GuestHost() as host:
        host.call("CreateVolume", name="v", size=8 * MiB)
        m = host.call("Map", domain="g1", volume="v")["mapping"]
        host.sim("mce", spa=m["spa"] + 7 * PAGE, kind="srar", in_guest=True)
        got = host.wait_for(lambda: host.sim("guest mce", dom="g1").get("machine_checks"))
        assert len(got) == 1, got
        d = next(d for d in host.sim("domain list")["domains"] if d["name"] == "g1")
        assert d["state"] == "running" and not d["held"]


if __name__ == "__main__":
    run(globals())
