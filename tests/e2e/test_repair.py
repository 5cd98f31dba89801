# SPDX-License-Identifier: LGPL-2.1-or-later
"""Back from broken: bad pages of a volume are repaired, or said not to be."""
import sys

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import PAGE, MiB, Host, refused, run

SPA = 0x140000000
HOST = """
region "region0" {{
	spa = "0x140000000" size = "64 MiB" {bad}
	dimm "nmem0" {{ id = "8680-56341200" {health} }}
	namespace "namespace0.0" {{ uuid = "5f3e1d2c-0b1a-4c5d-8e9f-112233445500" }}
}}
"""


def describe(bad="", health=""):
    return HOST.format(bad=bad and f"bad = {{ {bad} }}", health=health and f"health = {{ {health} }}")


def with_bad_pages(h, health=""):
    """A volume of 16 MiB with three bad pages in two places."""
    h.start()
    h.call("AddPool", device="namespace0.0", name="fast")
    h.call("CreateVolume", name="v", size=16 * MiB)
    first = h.volume("v")["extents"][0]["spa"] - SPA
    h.topology.write_text(describe(f'"{first + 5 * PAGE}+8KiB", "{first + 900 * PAGE}"', health))
    h.wait_for(lambda: h.volume("v")["bad"] == 3 * PAGE)


def kinds(h):
    return [e["kind"] for e in h.events()]


def test_bad_pages_are_repaired_and_stay_so():
    with Host(describe()) as h:
        with_bad_pages(h)
        h.call("RepairVolume", volume="v")
        assert h.volume("v")["bad"] == 0 and h.pool()["bad"] == 0
        told = [e for e in h.events() if e["kind"] == "repaired"]
        assert len(told) == 1 and "3 bad pages" in told[0]["text"], told

        # The hypervisor agrees: the whole volume is in the guest.
        h.sim("domain create", name="g")
        h.call("Map", domain="g", volume="v")
        assert h.mapped_in_hypervisor("g") == 16 * MiB
        assert h.volume("v")["mapping"]["bad"] == 0
        h.call("Unmap", volume="v")

        h.restart_daemon()
        assert h.volume("v")["bad"] == 0 and h.pool()["bad"] == 0
        assert kinds(h).count("bad-blocks") == 1, kinds(h)


def test_a_mapped_volume_is_not_repaired():
    with Host(describe()) as h:
        with_bad_pages(h)
        h.sim("domain create", name="g")
        h.call("Map", domain="g", volume="v")
        refused("VolumeBusy", h.call, "RepairVolume", volume="v")
        assert h.volume("v")["bad"] == 3 * PAGE
        refused("NoSuchVolume", h.call, "RepairVolume", volume="w")


def test_failure_is_reported_as_failure():
    with Host(describe()) as h:
        with_bad_pages(h, health='"fatal"')
        r = refused("BrokenRange", h.call, "RepairVolume", volume="v")
        assert "region0" in r.message, r.message
        assert h.volume("v")["bad"] == 3 * PAGE
        assert "repair-failed" in kinds(h), kinds(h)
        h.sim("domain create", name="g")
        h.call("Map", domain="g", volume="v")
        assert h.mapped_in_hypervisor("g") == 16 * MiB - 3 * PAGE

        h.call("Unmap", volume="v")
        h.restart_daemon()
        assert h.volume("v")["bad"] == 3 * PAGE


def test_a_volume_without_bad_pages_needs_no_repair():
    with Host(describe()) as h:
        h.start()
        h.call("AddPool", device="namespace0.0", name="fast")
        h.call("CreateVolume", name="v", size=4 * MiB)
        h.call("RepairVolume", volume="v")
        assert h.volume("v")["bad"] == 0


def test_free_bad_pages_are_repaired_by_pool():
    """A volume's bad pages are not the pool's to repair, nor the other way round."""
    with Host(describe()) as h:
        with_bad_pages(h)
        first = h.volume("v")["extents"][0]["spa"]
        free = next(spa for spa in (SPA, SPA + 32 * MiB) if not first <= spa < first + 16 * MiB)
        for i in (3, 4, 1000):
            h.sim("mce", spa=free + i * PAGE, kind="srao", poison=True)
        h.wait_for(lambda: h.pool()["bad"] == 6 * PAGE)
        before = h.pool()["free"]
        h.call("RepairPool", pool="fast")
        assert h.pool()["bad"] == 3 * PAGE and h.pool()["free"] == before + 3 * PAGE, h.pool()
        assert h.volume("v")["bad"] == 3 * PAGE
        told = [e for e in h.events() if e["kind"] == "repaired"]
        assert len(told) == 1 and "pool fast: 3 bad pages" in told[0]["text"], told
        h.restart_daemon()
        assert h.pool()["bad"] == 3 * PAGE

        # They can be had again, and a guest that reads them consumes no poison.
        h.call("CreateVolume", name="all", size=h.pool()["free"] // (2 * MiB) * 2 * MiB)
        h.sim("domain create", name="g")
        gpa = h.call("Map", domain="g", volume="all")["mapping"]["gpa"]
        assert h.mapped_in_hypervisor("g") == h.volume("all")["size"]
        off = 0
        for e in h.volume("all")["extents"]:
            got = h.sim("guest read", dom="g", gpa=gpa + off, len=64)
            assert got["end"] == "ok", got
            off += e["size"]
        refused("NoSuchPool", h.call, "RepairPool", pool="slow")


def test_a_bare_range_in_a_guest_keeps_its_bad_pages():
    with Host(describe()) as h:
        with_bad_pages(h)
        h.sim("domain create", name="g")
        m = h.call("Map", domain="g", pool="fast", offset=40 * MiB, size=2 * MiB)["mapping"]
        h.sim("mce", spa=m["spa"] + 7 * PAGE, kind="srao")
        h.wait_for(lambda: h.pool()["bad"] == 4 * PAGE)
        h.call("RepairPool", pool="fast")
        assert h.pool()["bad"] == 4 * PAGE
        h.call("Unmap", map_id=m["map_ids"][0])
        h.call("RepairPool", pool="fast")
        assert h.pool()["bad"] == 3 * PAGE


def test_poison_that_the_dimm_was_made_with_is_gone_after_a_repair():
    """The simulated DIMM and nvdimmd agree about what was repaired; so after a reboot of the host."""
    with Host(describe(f'"{5 * PAGE}"')) as h:
        h.start()
        h.call("AddPool", device="namespace0.0", name="fast")
        assert h.pool()["bad"] == PAGE
        h.call("CreateVolume", name="v", size=16 * MiB, pool="fast", at=0, keep=True)
        h.call("RepairVolume", volume="v")
        h.sim("domain create", name="g")
        gpa = h.call("Map", domain="g", volume="v")["mapping"]["gpa"]
        assert h.sim("guest write", dom="g", gpa=gpa + 5 * PAGE, bytes="c0ffee")["end"] == "ok"
        assert h.sim("guest read", dom="g", gpa=gpa + 5 * PAGE, len=3)["data"] == "c0ffee"
        # Poison that comes afterwards is news, not something that was repaired.
        h.call("Unmap", volume="v")
        h.sim("poison set", spa=SPA + 5 * PAGE)
        gpa = h.call("Map", domain="g", volume="v")["mapping"]["gpa"]
        assert h.sim("guest read", dom="g", gpa=gpa + 5 * PAGE, len=3)["end"] != "ok"
        h.wait_for(lambda: h.volume("v")["bad"] == PAGE)
        h.call("Unmap", volume="v")
        h.call("RepairVolume", volume="v")
        assert h.volume("v")["bad"] == 0


def test_a_page_that_the_hypervisor_cannot_zero_stays_bad():
    with Host(describe()) as h:
        with_bad_pages(h)
        h.sim("fault add", op="scrub", error=5)
        refused("HypervisorRefused", h.call, "RepairVolume", volume="v")
        assert h.volume("v")["bad"] == 3 * PAGE
        assert "repair-failed" in kinds(h)
        h.sim("domain create", name="g")
        h.call("Map", domain="g", volume="v")
        assert h.mapped_in_hypervisor("g") == 16 * MiB - 3 * PAGE
        h.call("Unmap", volume="v")
        h.call("RepairVolume", volume="v")
        assert h.volume("v")["bad"] == 0


if __name__ == "__main__":
    run(globals())
