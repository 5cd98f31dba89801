# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machine checks wherever they hit, however many, and whatever becomes of nvdimmd meanwhile."""
import signal
import sys
import time

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import GiB, MiB, PAGE, Host, run

SPA = 0x140000000
TOPOLOGY = """
region "region0" {
	spa = "0x140000000" size = "3 GiB"
	namespace "namespace0.0" { uuid = "5f3e1d2c-0b1a-4c5d-8e9f-112233445566" size = "2 GiB" }
	namespace "namespace0.1" { uuid = "5f3e1d2c-0b1a-4c5d-8e9f-112233445567" size = "512 MiB" }
	namespace "namespace0.2" { uuid = "5f3e1d2c-0b1a-4c5d-8e9f-112233445568" size = "512 MiB" }
}
"""
SECOND, KERNELS = SPA + 2 * GiB, SPA + 2 * GiB + 512 * MiB


class Guests(Host):
    """Pools fast (2 GiB) and slow (512 MiB); namespace0.2 stays Dom0's."""

    def __init__(self, config="", cpu=None):
        super().__init__(TOPOLOGY, config)
        self.cpu = cpu

    def __enter__(self):
        try:
            self.start()
            self.call("AddPool", device="namespace0.0", name="fast")
            self.call("AddPool", device="namespace0.1", name="slow")
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def guest(self, name, size, pool="fast", **kw):
        """A guest that has a volume of its name; the mapping."""
        self.call("CreateVolume", name=name, size=size, pool=pool)
        self.sim("domain create", name=name, **kw)
        return self.call("Map", domain=name, volume=name)["mapping"]

    def domain(self, name):
        return next((d for d in self.sim("domain list")["domains"] if d["name"] == name), None)

    def mce(self, spa, kind="srao", **kw):
        return self.sim("mce", spa=spa, kind=kind, **kw)

    def told(self, name):
        return self.sim("guest mce", dom=name)

    def wait_bad(self, volume, size):
        self.wait_for(lambda: self.volume(volume)["bad"] == size)
        self.wait_for(lambda: not (self.domain(volume) or {}).get("held"))

    def faults(self, kind="fault"):
        found, last = [], 0
        while page := self.events(after=last, limit=1000):
            found += [e for e in page if e["kind"] == kind]
            last = page[-1]["id"]
        return found

    def counter(self, name):
        return next(c["value"] for c in self.status()["counters"] if c["name"] == name)

    def orders(self, name):
        return {p["order"] for p in self.sim("p2m", dom=name)["pages"] if p["type"] not in ("ram", "ram_rw")}

    def runs(self, name):
        d = self.domain(name)
        return d and d["state"] == "running" and not d["held"]

    def nothing_left(self):
        """No domain waits for a decision, and every rule of the hypervisor holds."""
        assert not any(d["held"] for d in self.sim("domain list")["domains"])
        self.sim("check")


# --- where it hits


def test_on_the_first_and_the_last_frame_of_a_volume_and_of_the_pool():
    with Guests() as host:
        m = host.guest("v", 4 * MiB)
        for spa in (m["spa"], m["spa"] + 4 * MiB - PAGE):
            host.mce(spa)
        host.wait_bad("v", 2 * PAGE)
        got = [t["gpa"] for t in host.told("v")["machine_checks"]]
        assert [g & ~(PAGE - 1) for g in got] == [m["gpa"], m["gpa"] + 4 * MiB - PAGE], got
        assert host.mapped_in_hypervisor("v") == 4 * MiB - 2 * PAGE
        host.mce(SPA)
        host.mce(SPA + 2 * GiB - PAGE)
        host.wait_for(lambda: host.pool()["bad"] == (4 if m["spa"] != SPA else 3) * PAGE)
        assert host.pool("slow")["bad"] == 0


def test_an_extent_over_two_volumes_tells_both_guests_their_own_part():
    with Guests() as host:
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
    with Guests() as host:
        host.mce(SPA + 2 * GiB - PAGE, lsb=30)
        host.wait_for(lambda: host.pool()["bad"] == GiB)
        assert host.pool("slow")["bad"] == 0
        host.mce(SECOND + 511 * MiB, lsb=30)
        host.wait_for(lambda: host.pool("slow")["bad"] == 512 * MiB)
        host.sim("check")


def test_without_an_address_it_is_an_alarm_and_nobody_is_hurt():
    with Guests() as host:
        m = host.guest("v", 2 * MiB)
        host.mce(m["spa"], no_addr=True)
        host.wait_for(lambda: len(host.faults()) == 1)
        e = host.faults()[0]
        assert "without an address" in e["text"] and e["severity"] == "alarm" and "place" not in e, e
        assert host.volume("v")["bad"] == 0 and host.runs("v") and host.told("v")["count"] == 0


def test_an_invalid_misc_means_one_page():
    """MISCV clear, or an address that is not physical: what MISC says about the length is nothing."""
    with Guests() as host:
        m = host.guest("v", 2 * MiB)
        host.mce(m["spa"], status=hex(0xbd000000000000c0 & ~(1 << 59)), lsb=21)
        host.wait_bad("v", PAGE)
        host.mce(m["spa"] + 3 * PAGE, misc=21)
        host.wait_bad("v", 2 * PAGE)
        # Finer than a page, and coarser than anything there is.
        host.mce(m["spa"] + 5 * PAGE, misc=2 << 6 | 6)
        host.wait_bad("v", 3 * PAGE)


def test_memory_that_is_dom0_s_is_none_of_ours():
    with Guests() as host:
        host.mce(KERNELS + 5 * PAGE)
        host.mce(KERNELS + 6 * PAGE, kind="srar")
        time.sleep(0.3)
        assert host.pool()["bad"] == host.pool("slow")["bad"] == 0 and host.faults() == []


def test_on_free_memory_it_is_remembered_and_gone_round():
    with Guests() as host:
        host.mce(SECOND + 3 * PAGE)
        host.wait_for(lambda: host.pool("slow")["bad"] == PAGE)
        host.call("CreateVolume", name="all", size=512 * MiB - 2 * MiB, pool="slow")
        assert host.volume("all")["bad"] == 0
        assert [host.faults()[0][k] for k in ("action", "severity")] == ["note", "warning"]


def test_while_it_is_being_unmapped_nobody_is_told_or_held():
    with Guests() as host:
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
    with Guests() as host:
        m = host.guest("v", GiB)
        assert host.orders("v") == {18}, host.orders("v")
        host.mce(m["spa"] + 5 * MiB)
        host.wait_bad("v", PAGE)
        pages = [p for p in host.sim("p2m", dom="v")["pages"] if p["type"] not in ("ram", "ram_rw")]
        small = sum(p["size"] for p in pages if p["order"] == 0)
        assert small == 2 * MiB - PAGE and host.orders("v") == {0, 9}, pages
        assert host.mapped_in_hypervisor("v") == GiB - PAGE


def test_no_memory_to_split_a_page_costs_the_guest_and_says_so():
    with Guests() as host:
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


def test_on_amd_deferred_and_consumed_errors_are_told_apart():
    with Guests(cpu="amd") as host:
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
    with Guests() as host:
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
    with Guests() as host:
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
    with Guests() as host:
        m = host.guest("v", GiB)
        host.guest("other", 2 * MiB)
        n = 100000
        storm(host, m["spa"], n, PAGE)
        host.wait_bad("v", n * PAGE)
        lost = host.status()["hypervisor"]["events_lost"]
        assert lost > 0.9 * n, lost
        assert host.mapped_in_hypervisor("v") == GiB - n * PAGE
        assert host.runs("v") and host.runs("other")
        assert len(host.faults("events-lost")) == 1
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
    with Guests() as host:
        m = host.guest("v", GiB)
        n = 20000
        host.mce(m["spa"], count=n)
        host.wait_for(lambda: host.counter("faults") + host.status()["hypervisor"]["events_lost"] == n)
        host.wait_bad("v", n * PAGE)
        # Who is told of what was lost is told at least once, and never more often than it happened.
        assert host.counter("vmces") <= host.told("v")["count"] <= n


# --- what becomes of nvdimmd


def test_dead_and_back_in_time_nobody_dies():
    with Guests(config="deadline = 10s\n") as host:
        m = host.guest("v", 8 * MiB)
        host.kill_daemon()
        host.mce(m["spa"])
        host.sim("clock advance", ms=9000)
        assert host.domain("v")["held"]
        host.start_daemon()
        host.wait_bad("v", PAGE)
        assert host.runs("v") and host.told("v")["count"] == 1 and len(host.faults()) == 1
        host.restart_daemon()
        assert host.told("v")["count"] == 1 and len(host.faults()) == 1
        host.nothing_left()


def test_dead_and_back_too_late_costs_the_owner_and_the_fault_is_in_the_book_once():
    with Guests(config="deadline = 1s\n") as host:
        m = host.guest("v", 8 * MiB)
        host.guest("other", 2 * MiB)
        host.kill_daemon()
        host.mce(m["spa"])
        host.sim("clock advance", ms=1500)
        host.wait_for(lambda: not host.domain("v"))
        for _ in range(2):
            host.start_daemon()
            host.wait_for(lambda: "mapping" not in host.volume("v"))
            assert len(host.faults()) == 1 and len(host.faults("timeout")) == 1
            assert "before nvdimmd read of it" in host.faults()[0]["text"], host.faults()
            assert host.volume("v")["bad"] == PAGE and host.runs("other")
            host.kill_daemon()
        host.start_daemon()
        assert host.counter("vmces") == 0
        host.nothing_left()


def test_a_guest_that_does_not_take_its_machine_checks_is_crashed_and_the_reason_is_that():
    with Guests(config="deadline = 1s\n") as host:
        m = host.guest("v", 8 * MiB, mcip_sticks=True)
        host.mce(m["spa"])
        host.wait_bad("v", PAGE)
        host.mce(m["spa"] + PAGE)
        host.wait_bad("v", 2 * PAGE)
        host.sim("clock advance", ms=1500)
        host.wait_for(lambda: host.faults("timeout"))
        e = host.faults("timeout")[0]
        assert "crashed v (domain 1): it did not take its machine checks in time" in e["text"], e
        assert e["place"]["volume"] == "v", e
        assert e["id"] in [w["id"] for w in host.call("Why", volume="v")["events"]]
        assert all("is told by a machine check" in f["text"] for f in host.faults())


def test_a_guest_that_cannot_be_told_is_crashed_and_that_is_said():
    with Guests() as host:
        m = host.guest("v", 8 * MiB)
        host.sim("fault add", where="vmce", error=95)
        host.mce(m["spa"])
        host.wait_for(lambda: not host.domain("v"))
        e = host.wait_for(lambda: host.faults("untold"))[0]
        assert "v (domain 1) cannot be told by a machine check, and was crashed instead" in e["text"], e
        assert len(host.faults()) == 1 and host.volume("v")["bad"] == PAGE


def test_slow_is_not_dead():
    """Each answer takes a while, and each gives the guest its time anew."""
    with Guests(config="deadline = 1s\n") as host:
        m = host.guest("v", 8 * MiB)
        host.daemon.send_signal(signal.SIGSTOP)
        for i in range(40):
            host.mce(m["spa"] + i * PAGE)
        host.sim("clock advance", ms=900)
        host.daemon.send_signal(signal.SIGCONT)
        for _ in range(20):
            host.sim("clock advance", ms=90)
            time.sleep(0.01)
        host.wait_bad("v", 40 * PAGE)
        assert host.runs("v") and len(host.faults()) == 40 and host.faults("timeout") == []


def test_hanging_in_a_hypercall_until_killed_loses_nothing():
    for step in ("get_events", "resolve"):
        with Guests(config="deadline = 60s\n") as host:
            m = host.guest("v", 8 * MiB)
            host.sim("fault add", op=step, what="hang")
            host.mce(m["spa"])
            host.mce(m["spa"] + PAGE)
            time.sleep(0.2)
            host.kill_daemon()
            host.start_daemon()
            host.wait_bad("v", 2 * PAGE)
            assert host.told("v")["count"] == 2, (step, host.told("v"))
            assert len(host.faults()) == 2
            host.nothing_left()


def test_killed_again_and_again_with_pairs_of_faults_each_is_told_once():
    """Killed at every moment; twice in a row, so that the second life dies at it too."""
    with Guests(config="deadline = 60s\n") as host:
        m = host.guest("v", 32 * MiB)
        n = 12
        for i in range(n):
            host.mce(m["spa"] + 2 * i * PAGE)
            time.sleep(0.0008 * i)
            host.kill_daemon()
            host.mce(m["spa"] + (2 * i + 1) * PAGE)
            host.spawn_daemon()
            time.sleep(0.004 * i)
            host.kill_daemon()
            host.start_daemon()
            host.wait_bad("v", 2 * (i + 1) * PAGE)
            assert host.told("v")["count"] == 2 * (i + 1)
        assert len(host.faults()) == 2 * n
        host.nothing_left()


def test_the_hook_may_fail_or_hang_and_the_guest_gets_its_answer():
    with Guests() as host:
        m = host.guest("v", 8 * MiB)
        for i, script in enumerate(("exit 3", "kill -9 $$", "sleep 60", None)):
            hook = host.dir / f"hook{i}"
            if script:
                hook.write_text(f"#!/bin/sh\n{script}\n")
                hook.chmod(0o755)
            host.config.write_text(f"hook = {hook}\n")
            read = host.daemon_log.read_text().count("read again")
            host.daemon.send_signal(signal.SIGHUP)
            host.wait_for(lambda: host.daemon_log.read_text().count("read again") > read)
            host.mce(m["spa"] + i * PAGE)
            host.wait_bad("v", (i + 1) * PAGE)
            assert host.told("v")["count"] == i + 1
        log = host.daemon_log.read_text()
        for said in ("ended with status 3", "ended with signal 9", "hook3 cannot be run"):
            assert said in log, log


def test_a_dimm_that_says_it_is_failing_is_an_alarm_and_the_end_of_it_is_told_too():
    def described(health):
        return TOPOLOGY.replace('size = "3 GiB"', 'size = "3 GiB" dimm "nmem0" { id = "8680-56341200" %s }' % health)

    with Host(described("")) as host:
        host.start()
        assert host.status()["state"] == "running"
        host.topology.write_text(described('health = { "critical", "smart_event" }'))
        host.wait_for(lambda: host.status()["state"] == "degraded")
        alarm = next(a for a in host.status()["alarms"] if "DIMM" in a)
        assert "nmem0 is critical" in alarm and "ndctl list -DH" in alarm, alarm
        e = [e for e in host.events() if e["kind"] == "dimm-health"]
        assert len(e) == 1 and "nmem0 (8680-56341200), of region0" in e[0]["text"], e
        assert e[0]["severity"] == "error" and e[0]["next"] == "ndctl list -DH -d nmem0", e
        # A hint that maintenance is due is no alarm.
        host.topology.write_text(described('health = { "smart_event" }'))
        host.wait_for(lambda: host.status()["state"] == "running")
        e = [e for e in host.events() if e["kind"] == "dimm-health"]
        assert len(e) == 2 and "no longer critical" in e[1]["text"], e
        host.restart_daemon()
        assert host.status()["state"] == "running"


if __name__ == "__main__":
    run(globals())
