# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machine checks wherever they hit, and however many."""
import signal
import sys
import time

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import GiB, MiB, PAGE, run
from hosts import MceHost


# --- where it hits


def test_on_the_first_and_the_last_frame_of_a_volume_and_of_the_pool():
    with MceHost() as host:
        m = host.guest("v", 4 * MiB)
        for spa in (m["spa"], m["spa"] + 4 * MiB - PAGE):
            host.mce(spa)
        host.wait_bad("v", 2 * PAGE)
        got = [t["gpa"] for t in host.told("v")["machine_checks"]]
        assert [g & ~(PAGE - 1) for g in got] == [m["gpa"], m["gpa"] + 4 * MiB - PAGE], got
        assert host.mapped_in_hypervisor("v") == 4 * MiB - 2 * PAGE
        host.mce(host.SPA)
        host.mce(host.SPA + 2 * GiB - PAGE)
        host.wait_for(lambda: host.pool()["bad"] == (4 if m["spa"] != host.SPA else 3) * PAGE)
        assert host.pool("slow")["bad"] == 0


def test_the_owner_is_told_where_how_much_and_what_and_others_nothing():
    """The platform says 2 MiB, somewhere in the middle: aligned down, in the guest's addresses."""
    with MceHost() as host:
        m = host.guest("v", 8 * MiB)
        host.guest("other", 2 * MiB)
        host.mce(m["spa"] + 2 * MiB + 5 * PAGE, kind="srar", lsb=21, in_guest=True)
        host.wait_bad("v", 2 * MiB)
        got = host.told("v")["machine_checks"]
        assert len(got) == 1 and got[0]["gpa"] == m["gpa"] + 2 * MiB, got
        assert int(got[0]["misc"], 0) & 0x3f == 21 and got[0]["status"] == "0xbd80000000000134", got
        assert int(got[0]["mcg"], 0) == 7, got
        # What is beside it is as it was, in large pages.
        assert host.orders("v") == {9} and host.mapped_in_hypervisor("v") == 6 * MiB
        e = host.faults()[0]
        assert (e["place"]["gpa"], e["place"]["size"]) == (m["gpa"] + 2 * MiB, 2 * MiB), e
        assert e["status"] == "0xbd80000000000134" and e["action"] == "vmce" and "(SRAR)" in e["text"], e
        assert host.runs("other") and host.told("other")["count"] == 0


def test_an_extent_over_two_volumes_tells_both_guests_their_own_part():
    with MceHost() as host:
        a, b = host.guest("a", 2 * MiB), host.guest("b", 2 * MiB)
        low, high = sorted((("a", a), ("b", b)), key=lambda x: x[1]["spa"])
        assert low[1]["spa"] + 2 * MiB == high[1]["spa"]
        # 64 KiB around the border: the platform says where it begins, aligned down.
        base = high[1]["spa"] & ~((1 << 22) - 1)
        host.mce(high[1]["spa"], lsb=22)
        for name, m in (low, high):
            inside = max(0, min(base + 4 * MiB, m["spa"] + 2 * MiB) - max(base, m["spa"]))
            assert inside
            host.wait_bad(name, inside)
            assert host.told(name)["count"] == 1
            assert host.mapped_in_hypervisor(name) == 2 * MiB - inside
        assert len(host.faults()) == 2


def test_an_extent_ends_where_its_region_does():
    with MceHost() as host:
        host.mce(host.SPA + 2 * GiB - PAGE, lsb=30)
        host.wait_for(lambda: host.pool()["bad"] == GiB)
        assert host.pool("slow")["bad"] == 0
        host.mce(host.SLOW + 511 * MiB, lsb=30)
        host.wait_for(lambda: host.pool("slow")["bad"] == 512 * MiB)
        host.sim("check")


def test_without_an_address_it_is_an_alarm_and_nobody_is_hurt():
    with MceHost() as host:
        m = host.guest("v", 2 * MiB)
        host.mce(m["spa"], no_addr=True)
        host.wait_for(lambda: len(host.faults()) == 1)
        e = host.faults()[0]
        assert "without an address" in e["text"] and e["severity"] == "alarm" and "place" not in e, e
        assert host.volume("v")["bad"] == 0 and host.runs("v") and host.told("v")["count"] == 0


def test_an_invalid_misc_means_one_page():
    """MISCV clear, or an address that is not physical: what MISC says about the length is nothing."""
    with MceHost() as host:
        m = host.guest("v", 2 * MiB)
        host.mce(m["spa"], status=hex(0xbd000000000000c0 & ~(1 << 59)), lsb=21)
        host.wait_bad("v", PAGE)
        host.mce(m["spa"] + 3 * PAGE, misc=21)
        host.wait_bad("v", 2 * PAGE)
        # Finer than a page, and coarser than anything there is.
        host.mce(m["spa"] + 5 * PAGE, misc=2 << 6 | 6)
        host.wait_bad("v", 3 * PAGE)


def test_memory_that_is_dom0_s_is_none_of_ours():
    with MceHost() as host:
        host.mce(host.DOM0 + 5 * PAGE)
        host.mce(host.DOM0 + 6 * PAGE, kind="srar")
        time.sleep(0.3)
        assert host.pool()["bad"] == host.pool("slow")["bad"] == 0 and host.faults() == []


def test_on_free_memory_it_is_remembered_and_gone_round():
    with MceHost() as host:
        host.mce(host.SLOW + 3 * PAGE)
        host.wait_for(lambda: host.pool("slow")["bad"] == PAGE)
        host.call("CreateVolume", name="all", size=512 * MiB - 2 * MiB, pool="slow")
        assert host.volume("all")["bad"] == 0
        assert [host.faults()[0][k] for k in ("action", "severity")] == ["note", "warning"]


def test_while_it_is_being_unmapped_nobody_is_told_or_held():
    with MceHost() as host:
        m = host.guest("v", 64 * MiB)
        host.sim("fault add", op="unmap", what="fail", error=16, times=1)
        try:
            host.call("Unmap", volume="v")
        except Exception:  # noqa: BLE001 - it is tried again by itself, or was done
            pass
        for i in range(0, 64):
            host.mce(m["spa"] + i * MiB)
        host.wait_for(lambda: host.volume("v")["bad"] == 64 * PAGE)
        host.wait_for(lambda: "mapping" not in host.volume("v"))
        host.wait_for(lambda: host.runs("v"))
        assert len(host.faults()) == 64
        host.nothing_left()


def test_large_pages_are_split_no_further_than_they_must():
    with MceHost() as host:
        m = host.guest("v", GiB)
        assert host.orders("v") == {18}, host.orders("v")
        host.mce(m["spa"] + 5 * MiB)
        host.wait_bad("v", PAGE)
        pages = [p for p in host.sim("p2m", dom="v")["pages"] if p["type"] not in ("ram", "ram_rw")]
        small = sum(p["size"] for p in pages if p["order"] == 0)
        assert small == 2 * MiB - PAGE and host.orders("v") == {0, 9}, pages
        assert host.mapped_in_hypervisor("v") == GiB - PAGE


def test_no_memory_to_split_a_page_costs_the_guest_and_says_so():
    with MceHost() as host:
        m = host.guest("v", GiB)
        host.guest("other", 2 * MiB)
        host.sim("fault add", where="table", times=1)
        host.mce(m["spa"] + 5 * MiB)
        host.wait_for(lambda: not host.domain("v"))
        host.wait_for(lambda: host.volume("v")["bad"] == PAGE)
        e = host.faults()[0]
        assert "could not be contained and v (domain 1) was crashed" in e["text"] and e["severity"] == "error", e
        assert host.runs("other") and host.counter("vmces") == 0
        host.wait_for(lambda: "mapping" not in host.volume("v"))
        host.nothing_left()


def test_each_class_of_error_is_counted_apart():
    with MceHost() as host:
        m = host.guest("v", 4 * MiB)
        for i, kind in enumerate(("srao", "srar", "srar", "ucna", "ucna", "ucna", "cmci")):
            host.mce(m["spa"] + i * PAGE, kind=kind)
        # The processor's state is lost (PCC), says the bank; the page is as bad as the others.
        host.mce(m["spa"] + 9 * PAGE, status=hex(0xbd80000000000134 | 1 << 57))
        host.wait_bad("v", 7 * PAGE)
        assert [host.counter("faults" + c) for c in ("", "_srao", "_srar", "_ucna", "_fatal")] == [7, 1, 2, 3, 1]
        assert host.told("v")["count"] == 7
        assert [t["kind"] for t in host.told("v")["machine_checks"]].count("srar") == 2
        host.restart_daemon()
        assert host.counter("faults") == 0 and len(host.faults()) == 7


def test_on_amd_deferred_and_consumed_errors_are_told_apart():
    with MceHost(cpu="amd") as host:
        m = host.guest("v", 2 * MiB)
        host.mce(m["spa"])
        host.mce(m["spa"] + PAGE, kind="srar", in_guest=True)
        host.mce(m["spa"] + 2 * PAGE, kind="cmci")
        host.wait_bad("v", 2 * PAGE)
        got = host.told("v")["machine_checks"]
        assert [(t["kind"], t["status"]) for t in got] == \
            [("srao", "0x9c00180000000000"), ("srar", "0xbc00080000000000")], got
        assert ["SRAO" in e["text"] or "SRAR" in e["text"] for e in host.faults()] == [True, True]


# --- how many


def test_two_faults_at_once_are_one_hold_and_each_is_decided_once():
    with MceHost() as host:
        m = host.guest("v", 8 * MiB, vcpus=2)
        host.daemon.send_signal(signal.SIGSTOP)
        host.mce(m["spa"], kind="srar", in_guest=True)
        host.mce(m["spa"] + PAGE, kind="srar", in_guest=True)
        host.mce(m["spa"] + PAGE, kind="srar", in_guest=True)
        assert host.domain("v")["held"]
        host.daemon.send_signal(signal.SIGCONT)
        host.wait_bad("v", 2 * PAGE)
        assert host.runs("v")
        got = host.told("v")
        assert got["count"] == 2 and len({t["gpa"] for t in got["machine_checks"]}) == 2, got
        texts = [e["text"] for e in host.faults()]
        assert len(texts) == 3 and "out of its reach already" in texts[2], texts
        assert host.counter("vmces") == 2 and host.counter("kills") == 0


def test_nobody_goes_on_before_the_last_of_its_faults_is_decided():
    """The second answer does not come through at first: so long the guest stands still."""
    with MceHost() as host:
        m = host.guest("v", 8 * MiB)
        host.daemon.send_signal(signal.SIGSTOP)
        host.mce(m["spa"])
        host.mce(m["spa"] + PAGE)
        host.sim("fault add", op="resolve", nth=2, times=3, error=12)
        host.daemon.send_signal(signal.SIGCONT)
        host.wait_for(lambda: host.told("v")["count"] == 1)
        assert host.domain("v")["held"]
        host.wait_bad("v", 2 * PAGE)
        assert host.told("v")["count"] == 2 and len(host.faults()) == 2


def storm(host, spa, count, stride):
    """All of them at once, while nvdimmd looks away."""
    seen = host.counter("faults") + host.status()["hypervisor"]["events_lost"]
    host.daemon.send_signal(signal.SIGSTOP)
    host.mce(spa, count=count, stride=stride)
    host.daemon.send_signal(signal.SIGCONT)
    host.wait_for(lambda: host.counter("faults") + host.status()["hypervisor"]["events_lost"] == seen + count)


def test_a_storm_of_100000_frames_and_then_100000_times_one():
    with MceHost() as host:
        m = host.guest("v", GiB)
        host.guest("other", 2 * MiB)
        n = 100000
        storm(host, m["spa"], n, PAGE)
        host.wait_bad("v", n * PAGE)
        lost = host.status()["hypervisor"]["events_lost"]
        assert lost > 0.9 * n, lost
        assert host.mapped_in_hypervisor("v") == GiB - n * PAGE
        assert host.runs("v") and host.runs("other")
        assert len(host.history("events-lost")) == 1
        # Whoever asks about one whose own event was lost learns where it is known from.
        why = host.call("Why", volume="v", offset=(n - 7) * PAGE)
        assert why["bad"] == PAGE and why["events"][-1]["kind"] == "bad-learned", why
        assert f"{lost} more broken pages of pool fast, in 1 range" in why["events"][-1]["text"], why
        storm(host, m["spa"], n, 0)
        assert host.status()["hypervisor"]["events_lost"] > lost
        host.wait_bad("v", n * PAGE)
        assert host.runs("v") and host.runs("other") and host.told("other")["count"] == 0
        assert host.counter("kills") == 0
        host.nothing_left()
        # It is in the book, all of it.
        host.call("Unmap", volume="v")
        host.restart_daemon()
        assert host.volume("v")["bad"] == n * PAGE
        host.call("Map", domain="v", volume="v")
        assert host.mapped_in_hypervisor("v") == GiB - n * PAGE


def test_in_a_storm_that_nvdimmd_sees_each_fault_is_counted_once():
    with MceHost() as host:
        m = host.guest("v", GiB)
        n = 20000
        host.mce(m["spa"], count=n)
        host.wait_for(lambda: host.counter("faults") + host.status()["hypervisor"]["events_lost"] == n)
        host.wait_bad("v", n * PAGE)
        # Who is told of what was lost is told at least once, and never more often than it happened.
        assert host.counter("vmces") <= host.told("v")["count"] <= n


if __name__ == "__main__":
    run(globals())
