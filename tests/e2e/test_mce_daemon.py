# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machine checks while nvdimmd is dead, slow or hung, and guests that do not take theirs."""
import signal
import sys
import time

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import GiB, MiB, PAGE, Host, run
from hosts import MceHost


# --- what becomes of nvdimmd


def test_dead_and_back_in_time_nobody_dies():
    with MceHost(config="deadline = 10s\n") as host:
        m = host.guest("v", 8 * MiB)
        host.sim("clock stop")
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
    with MceHost(config="deadline = 1s\n") as host:
        m = host.guest("v", 8 * MiB)
        host.guest("other", 2 * MiB)
        host.kill_daemon()
        host.mce(m["spa"])
        host.sim("clock advance", ms=1500)
        host.wait_for(lambda: not host.domain("v"))
        for _ in range(2):
            host.start_daemon()
            host.wait_for(lambda: "mapping" not in host.volume("v"))
            assert len(host.faults()) == 1 and len(host.history("timeout")) == 1
            assert "before nvdimmd read of it" in host.faults()[0]["text"], host.faults()
            assert host.volume("v")["bad"] == PAGE and host.runs("other")
            host.kill_daemon()
        host.start_daemon()
        assert host.counter("vmces") == 0
        host.nothing_left()


def test_a_guest_that_does_not_take_its_machine_checks_is_crashed_and_the_reason_is_that():
    with MceHost(config="deadline = 10s\n") as host:
        m = host.guest("v", 8 * MiB, mcip_sticks=True)
        host.mce(m["spa"])
        host.wait_bad("v", PAGE)
        host.mce(m["spa"] + PAGE)
        host.wait_bad("v", 2 * PAGE)
        host.sim("clock advance", ms=15000)
        host.wait_for(lambda: host.history("timeout"))
        e = host.history("timeout")[0]
        assert "crashed v (domain 1): it did not take its machine checks in time" in e["text"], e
        assert e["place"]["volume"] == "v", e
        assert e["id"] in [w["id"] for w in host.call("Why", volume="v")["events"]]
        assert all("is told by a machine check" in f["text"] for f in host.faults())


def test_a_guest_that_cannot_be_told_is_crashed_and_that_is_said():
    with MceHost() as host:
        m = host.guest("v", 8 * MiB)
        host.sim("fault add", where="vmce", error=95)
        host.mce(m["spa"])
        host.wait_for(lambda: not host.domain("v"))
        e = host.wait_for(lambda: host.history("untold"))[0]
        assert "v (domain 1) cannot be told by a machine check, and was crashed instead" in e["text"], e
        assert len(host.faults()) == 1 and host.volume("v")["bad"] == PAGE


def test_bad_pages_go_with_their_pool_to_another_address():
    """Another slot, another boot: the frames have other numbers, and the same ones are bad."""
    with MceHost() as host:
        m = host.guest("v", 4 * MiB)
        host.mce(m["spa"] + 7 * PAGE)
        host.wait_bad("v", PAGE)
        host.mce(host.SPA + GiB)
        host.wait_for(lambda: host.pool()["bad"] == 2 * PAGE)
        host.stop_daemon()
        host.sim_process.kill()
        host.sim_process.wait()
        host.sim_connection = None
        host.topology.write_text(host.TOPOLOGY.replace("0x140000000", "0x340000000"))
        host.start_sim()
        host.start_daemon()
        assert host.pool()["spa"] == 0x340000000 and host.pool()["bad"] == 2 * PAGE
        host.sim("domain create", name="v")
        m = host.call("Map", domain="v", volume="v")["mapping"]
        assert m["spa"] >= 0x340000000 and host.mapped_in_hypervisor("v") == 4 * MiB - PAGE
        # And it is that one that is left out.
        assert host.sim("guest read", dom="v", gpa=m["gpa"] + 6 * PAGE, len=8)["end"] == "ok"
        assert host.sim("guest read", dom="v", gpa=m["gpa"] + 7 * PAGE, len=8)["end"] == "trapped"
        assert host.call("Why", spa=0x340000000 + GiB)["bad"] == PAGE


def test_slow_is_not_dead():
    """The second answer is long in coming, and the first gave the guest its time anew."""
    with MceHost(config="deadline = 10s\n") as host:
        m = host.guest("v", 8 * MiB)
        host.sim("clock stop")
        host.daemon.send_signal(signal.SIGSTOP)
        host.mce(m["spa"])
        host.mce(m["spa"] + PAGE)
        host.sim("fault add", op="resolve", nth=2, times=2, error=12)
        host.sim("clock advance", ms=9000)
        host.daemon.send_signal(signal.SIGCONT)
        host.wait_for(lambda: host.told("v")["count"] == 1)
        host.sim("clock advance", ms=9000)
        assert host.domain("v")["held"]
        host.wait_bad("v", 2 * PAGE)
        assert host.runs("v") and host.told("v")["count"] == 2 and host.history("timeout") == []


def test_hanging_in_a_hypercall_until_killed_loses_nothing():
    for step in ("get_events", "resolve"):
        with MceHost(config="deadline = 60s\n") as host:
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
    with MceHost(config="deadline = 60s\n") as host:
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
    with MceHost() as host:
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
        return MceHost.TOPOLOGY.replace('size = "3 GiB"', 'size = "3 GiB" dimm "nmem0" { id = "8680-56341200" %s }' % health)

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
