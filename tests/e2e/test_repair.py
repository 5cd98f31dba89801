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


if __name__ == "__main__":
    run(globals())
