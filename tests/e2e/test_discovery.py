# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the host says about its memory, then and now, through the daemon."""
import sys

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import PAGE, MiB, Host, refused, run

HOST = """
region "region0" {{
	spa = "0x140000000" size = "256 MiB" {bad}
	dimm "nmem0" {{ id = "8680-56341200" {health} }}
	namespace "namespace0.0" {{ uuid = "5f3e1d2c-0b1a-4c5d-8e9f-112233445500" size = "64 MiB" }}
	namespace "namespace0.1" {{ uuid = "5f3e1d2c-0b1a-4c5d-8e9f-112233445501" size = "64 MiB" {used} }}
	namespace "namespace0.2" {{ uuid = "5f3e1d2c-0b1a-4c5d-8e9f-112233445502" size = "64 MiB" mode = "fsdax" }}
	namespace "namespace0.3" {{ uuid = "5f3e1d2c-0b1a-4c5d-8e9f-112233445503" size = "64 MiB" enabled = "false" }}
}}
"""
USED = 'used_by = { "mount /srv/fast", "opener dd 4711" }'


def describe(bad="", health="", used=""):
    return HOST.format(bad=bad and f"bad = {{ {bad} }}", health=health and f"health = {{ {health} }}", used=used)


def test_a_namespace_in_use_is_refused_by_name():
    with Host(describe(used=USED)) as h:
        h.start()
        r = refused("PoolBusy", h.call, "AddPool", device="namespace0.1", name="p")
        assert "mounted on /srv/fast" in r.message and "opened by dd (4711)" in r.message, r.message
        assert h.call("ListPools")["pools"] == []
        c = [c for c in h.call("ListPools")["candidates"] if c["device"] == "namespace0.1"][0]
        assert not c["usable"] and "/srv/fast" in c["reason"], c


def test_what_cannot_be_a_pool_says_how_to_make_it_one():
    with Host(describe()) as h:
        h.start()
        r = refused("Unsupported", h.call, "AddPool", device="namespace0.2", name="p")
        assert "--mode=raw" in r.message, r.message
        r = refused("Unsupported", h.call, "AddPool", device="namespace0.3", name="p")
        assert "enabled" in r.message, r.message
        assert h.call("ListPools")["pools"] == []


def test_a_bad_block_found_while_running_is_offlined_and_told():
    with Host(describe()) as h:
        h.start()
        h.call("AddPool", device="namespace0.0", name="fast")
        assert h.pool()["bad"] == 0
        h.topology.write_text(describe(bad='"0x5000+8KiB"'))
        h.wait_for(lambda: h.pool()["bad"] == 2 * PAGE)
        assert h.events()[-1]["kind"] == "bad-blocks", h.events()
        h.call("CreateVolume", name="v", size=64 * MiB - 2 * MiB)
        spas = [(x["spa"], x["size"]) for x in h.volume("v")["extents"]]
        assert not any(spa <= 0x140005000 < spa + size for spa, size in spas), spas


def test_a_dimm_that_falls_ill_is_told_once_and_stands_as_an_alarm():
    with Host(describe()) as h:
        h.start()
        h.call("AddPool", device="namespace0.0", name="fast")
        h.topology.write_text(describe(health='"critical"'))
        h.wait_for(lambda: any("nmem0" in a for a in h.status()["alarms"]))
        told = [e for e in h.events() if e["kind"] == "dimm-health"]
        assert len(told) == 1 and "critical" in told[0]["text"], told
        assert "ndctl list -DH" in told[0]["next"], told

        # The same again is no news; well again is.
        h.topology.write_text(describe(health='"critical"', used=USED))
        h.wait_for(lambda: not [c for c in h.call("ListPools")["candidates"] if c["device"] == "namespace0.1"][0]["usable"])
        assert len([e for e in h.events() if e["kind"] == "dimm-health"]) == 1
        h.topology.write_text(describe())
        h.wait_for(lambda: h.status()["alarms"] == [])
        assert "no longer critical" in h.events()[-1]["text"], h.events()[-1]


if __name__ == "__main__":
    run(globals())
