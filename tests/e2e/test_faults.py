# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machine checks: contained, decided, written down, told; with the daemon well, slow, dead or without a disk."""
import os
import signal
import sys
import time

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import MiB, PAGE, POOL_SPA, Host, SimRefused, run
from hosts import PoolHost


class GuestHost(PoolHost):
    """The guest g has the volume v (.m is the mapping)."""

    def __init__(self, size=8 * MiB, **kw):
        super().__init__(**kw)
        self.size = size

    def prepare(self):
        super().prepare()
        self.call("CreateVolume", name="v", size=self.size)
        self.sim("domain create", name="g")
        self.m = self.call("Map", domain="g", volume="v")["mapping"]

    def checks(self, name="g"):
        return self.told(name)["machine_checks"]


def test_an_error_on_a_free_frame_is_only_noted():
    with GuestHost() as host:
        host.sim("mce", spa=POOL_SPA + 100 * MiB, kind="srao")
        host.wait_for(lambda: host.pool()["bad"] == PAGE)
        e = host.events()[-1]
        assert e["kind"] == "fault" and e["severity"] == "warning" and e["action"] == "note", e
        assert host.checks() == []


def test_an_error_outside_of_every_pool_is_kept_in_the_history():
    with GuestHost() as host:
        try:
            host.sim("mce", spa=POOL_SPA + 200 * MiB, kind="srao")
        except SimRefused:
            return  # not registered, so not ours at all
        assert host.pool()["bad"] == 0 and host.checks() == []


def test_an_error_without_an_address_is_an_alarm_in_the_history():
    with GuestHost() as host:
        host.sim("mce", spa=host.m["spa"], kind="srao", no_addr=True)
        time.sleep(0.3)
        assert host.pool()["bad"] == 0
        assert all(d["state"] != "dying" for d in host.sim("domain list")["domains"])


def test_the_guest_is_told_the_right_address():
    with GuestHost() as host:
        host.sim("mce", dom="g", gpa=host.m["gpa"] + 6 * PAGE, kind="srar", in_guest=True)
        got = host.wait_for(lambda: host.checks())
        assert got[0]["gpa"] & ~(PAGE - 1) == host.m["gpa"] + 6 * PAGE and got[0]["kind"] == "srar", got
        assert not host.domain("g")["held"]
        # Its neighbours are as they were.
        assert host.sim("guest read", dom="g", gpa=host.m["gpa"] + 5 * PAGE, len=8)["end"] == "ok"
        assert host.sim("guest read", dom="g", gpa=host.m["gpa"] + 7 * PAGE, len=8)["end"] == "ok"


def test_the_same_frame_within_the_grace_window_does_not_kill():
    with GuestHost(config="grace = 60s\n") as host:
        host.sim("mce", spa=host.m["spa"], kind="srao")
        host.wait_for(lambda: len(host.checks()) == 1)
        host.sim("guest read", dom="g", gpa=host.m["gpa"], len=8)
        host.wait_for(lambda: len(host.checks()) == 2)
        assert host.domain("g")["state"] == "running"


def test_a_new_life_of_the_guest_is_told_before_it_is_killed():
    with GuestHost(config="grace = 0s\n") as host:
        host.sim("mce", spa=host.m["spa"], kind="srao")
        host.wait_for(lambda: len(host.checks()) == 1)
        host.sim("domain destroy", dom="g")
        host.wait_for(lambda: "mapping" not in host.volume("v"))
        host.sim("domain create", name="g")
        m = host.call("Map", domain="g", volume="v")["mapping"]
        host.sim("guest read", dom="g", gpa=m["gpa"], len=8)
        host.wait_for(lambda: len(host.checks()) == 1)
        assert host.domain("g")["state"] == "running"
        host.sim("guest read", dom="g", gpa=m["gpa"], len=8)
        host.wait_for(lambda: not host.domain("g"))


def test_an_avalanche_alarms_instead_of_killing_everybody():
    with GuestHost(config="grace = 0s\navalanche = 1\nfirst_touch = kill\n") as host:
        for name in ("g2", "g3"):
            host.call("CreateVolume", name=name, size=2 * MiB)
            host.sim("domain create", name=name)
            host.call("Map", domain=name, volume=name)
        for name in ("v", "g2", "g3"):
            host.sim("mce", spa=host.volume(name)["extents"][0]["spa"], kind="srao")
            host.sim("guest read", dom="g" if name == "v" else name, gpa=host.volume(name)["mapping"]["gpa"], len=8) \
                if host.volume(name).get("mapping") else None
        time.sleep(0.5)
        alive = [d["name"] for d in host.sim("domain list")["domains"] if d["name"] in ("g", "g2", "g3")]
        assert len(alive) >= 2, alive
        assert any("guests are told instead of killed" in a for a in host.status()["alarms"]), host.status()["alarms"]
        assert host.status()["state"] == "degraded"
        host.daemon.send_signal(signal.SIGHUP)
        host.wait_for(lambda: host.status()["state"] == "running" and not host.status().get("alarms"))


def test_a_daemon_that_hangs_past_the_deadline_costs_the_guest_and_nothing_else():
    with GuestHost(config="deadline = 1s\n") as host:
        host.daemon.send_signal(signal.SIGSTOP)
        host.sim("mce", spa=host.m["spa"], kind="srao")
        host.sim("clock advance", ms=1500)
        host.wait_for(lambda: not host.domain("g"))
        host.daemon.send_signal(signal.SIGCONT)
        host.wait_for(lambda: "mapping" not in host.volume("v"))
        kinds = [e["kind"] for e in host.events()]
        assert kinds.count("timeout") == 1 and kinds.count("fault") == 1, kinds
        assert host.volume("v")["bad"] == PAGE
        host.sim("check")


def test_a_daemon_that_is_late_but_not_too_late_kills_nobody():
    with GuestHost(config="deadline = 10s\n") as host:
        host.daemon.send_signal(signal.SIGSTOP)
        host.sim("mce", spa=host.m["spa"], kind="srao")
        host.sim("clock advance", ms=8000)
        assert host.domain("g")["held"]
        host.daemon.send_signal(signal.SIGCONT)
        host.wait_for(lambda: host.checks())
        assert host.domain("g")["state"] == "running" and not host.domain("g")["held"]


def test_two_faults_at_once_are_one_hold_and_two_decisions():
    with GuestHost() as host:
        host.daemon.send_signal(signal.SIGSTOP)
        host.sim("mce", spa=host.m["spa"], kind="srao")
        host.sim("mce", spa=host.m["spa"] + PAGE, kind="srao")
        host.sim("mce", spa=host.m["spa"] + PAGE, kind="srao")
        host.daemon.send_signal(signal.SIGCONT)
        host.wait_for(lambda: host.volume("v")["bad"] == 2 * PAGE)
        host.wait_for(lambda: not host.domain("g")["held"])
        assert host.domain("g")["state"] == "running"
        faults = [e for e in host.events() if e["kind"] == "fault"]
        assert len({e["place"]["volume_offset"] for e in faults}) == 2, faults


def test_a_storm_is_counted_and_the_truth_read_again():
    """More distinct frames than the ring holds: none is forgotten, nobody stays held."""
    with GuestHost(size=160 * MiB) as host:
        host.daemon.send_signal(signal.SIGSTOP)
        host.sim("mce", spa=host.m["spa"], kind="srao", count=30000)
        host.daemon.send_signal(signal.SIGCONT)
        host.wait_for(lambda: host.volume("v")["bad"] == 30000 * PAGE)
        host.wait_for(lambda: not host.domain("g")["held"])
        status = host.status()
        assert status["hypervisor"]["events_lost"] > 0 and status["state"] == "degraded"
        assert any("more events came" in a for a in status["alarms"])
        host.restart_daemon()
        assert host.volume("v")["bad"] == 30000 * PAGE


def test_more_is_taken_offline_than_the_hypervisor_does_at_once():
    with GuestHost(size=32 * MiB) as host:
        host.call("Offline", volume="v", offset=0, size=32 * MiB)
        host.wait_for(lambda: host.volume("v")["bad"] == 32 * MiB)
        host.wait_for(lambda: not host.domain("g")["held"])
        host.restart_daemon()
        assert host.volume("v")["bad"] == 32 * MiB


def test_killed_at_every_moment_of_a_fault_it_is_told_once():
    with GuestHost(size=32 * MiB) as host:
        for i in range(20):
            host.sim("mce", spa=host.m["spa"] + i * PAGE, kind="srao")
            time.sleep(0.0007 * i)
            host.restart_daemon()
        host.wait_for(lambda: host.volume("v")["bad"] == 20 * PAGE)
        host.wait_for(lambda: not host.domain("g")["held"])
        assert [e["kind"] for e in host.events(after=0, limit=1000)].count("fault") == 20
        host.sim("check")


def test_without_a_disk_guests_are_answered_and_nothing_is_acknowledged():
    """The database's directory is full: alarm, the guest goes on, and later the fault is in the book."""
    if os.geteuid() != 0:
        print("skipped: needs root to make a small file system")
        return
    with Host() as host:
        host.state.mkdir()
        small = os.system(f"mount -t tmpfs -o size=400k none {host.state} 2>/dev/null")
        if small:
            print("skipped: no file system can be mounted here")
            return
        try:
            host.start()
            host.call("AddPool", device="namespace0.0", name="fast")
            host.call("CreateVolume", name="v", size=8 * MiB)
            host.sim("domain create", name="g")
            m = host.call("Map", domain="g", volume="v")["mapping"]
            filler = host.state / "filler"
            with filler.open("wb", buffering=0) as f:
                try:
                    while True:
                        f.write(b"x" * 4096)
                except OSError:
                    pass
            # Whatever room is left in the log is used up before it shows.
            for i in range(300):
                host.sim("mce", spa=m["spa"] + i * PAGE, kind="srao")
                if host.status()["state"] == "degraded":
                    break
            host.wait_for(lambda: host.status()["state"] == "degraded")
            assert any("database" in a for a in host.status()["alarms"]), host.status()["alarms"]
            host.wait_for(lambda: not host.sim("domain show", dom="g")["held"])
            assert host.sim("domain show", dom="g")["state"] == "running"
            r = None
            try:
                host.call("CreateVolume", name="w", size=2 * MiB)
            except Exception as e:
                r = e
            assert r is not None, "a promise that cannot be written down was made"
            filler.unlink()
            host.wait_for(lambda: host.volume("v")["bad"] == (i + 1) * PAGE)
            host.wait_for(lambda: not any("database" in a for a in host.status()["alarms"]))
            host.restart_daemon()
            assert host.volume("v")["bad"] == (i + 1) * PAGE
            assert [e["kind"] for e in host.events(after=0, limit=1000)].count("fault") == i + 1
        finally:
            host.stop_daemon()
            os.system(f"umount -l {host.state}")


def test_the_hook_is_told_everything_and_holds_nobody_up():
    with GuestHost() as host:
        hook, out = host.dir / "hook", host.dir / "out"
        hook.write_text(f"#!/bin/sh\nenv | grep ^NVDIMMD_ >{out}.tmp\nmv {out}.tmp {out}\nsleep 20\n")
        hook.chmod(0o755)
        host.config.write_text(f"hook = {hook}\n")
        host.daemon.send_signal(signal.SIGHUP)
        host.wait_for(lambda: "read again" in host.daemon_log.read_text())
        host.sim("mce", spa=host.m["spa"] + 2 * PAGE, kind="srao")
        host.wait_for(out.exists)
        env = dict(line.split("=", 1) for line in out.read_text().splitlines())
        assert env["NVDIMMD_KIND"] == "fault" and env["NVDIMMD_ACTION"] == "vmce" and env["NVDIMMD_VOLUME"] == "v", env
        assert int(env["NVDIMMD_GPA"], 0) == host.m["gpa"] + 2 * PAGE and env["NVDIMMD_DOMAIN"] == "g", env
        assert int(env["NVDIMMD_SPA"], 0) == host.m["spa"] + 2 * PAGE and env["NVDIMMD_SIZE"] == "4096", env
        # It sleeps; guests are answered all the same, however many there are to answer.
        for i in range(20):
            host.sim("mce", spa=host.m["spa"] + (10 + i) * PAGE, kind="srao")
        host.wait_for(lambda: host.volume("v")["bad"] == 21 * PAGE)
        host.wait_for(lambda: not host.domain("g")["held"])
        assert "the hook is not run from event" in host.daemon_log.read_text()
        host.config.write_text("hook = /no/such/program\n")
        host.daemon.send_signal(signal.SIGHUP)


def test_guests_are_answered_though_nobody_reads_the_log():
    with GuestHost() as host:
        host.stop_daemon()
        out, log = os.pipe()
        host.start_daemon(log=log)
        full = os.open(f"/proc/self/fd/{log}", os.O_WRONLY | os.O_NONBLOCK)
        try:
            while True:
                os.write(full, bytes(4096))
        except BlockingIOError:
            pass
        host.sim("mce", spa=host.m["spa"], kind="srao")
        host.wait_for(lambda: len(host.checks()) == 1)
        assert not host.domain("g")["held"]
        for fd in (out, log, full):
            os.close(fd)


def test_a_storm_is_counted_in_the_log_not_repeated():
    """The journal may be slow; the history has every one of them."""
    with GuestHost() as host:
        host.sim("mce", spa=POOL_SPA + 100 * MiB, count=1900)
        host.wait_for(lambda: host.pool()["bad"] == 1900 * PAGE)
        lines = host.daemon_log.read_text().splitlines()
        assert 900 <= len([line for line in lines if "error" in line]) < 1200, len(lines)
        assert host.events()[-1]["id"] >= 1900, host.events()[-1]
        host.wait_for(lambda: "more entries of the history" in host.daemon_log.read_text(), 20)


if __name__ == "__main__":
    run(globals())
