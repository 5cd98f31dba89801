#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests' devices when nvdimmd or xenstored dies or hangs, and when a guest is hostile."""
import os
import pathlib
import random
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from e2e import Host, MiB  # noqa: E402
from hosts import BACK, XenstoreHost, run_with_xenstore  # noqa: E402
from xenstore import XsError  # noqa: E402


def test_a_killed_daemon_comes_to_the_same_conclusions():
    with XenstoreHost() as host:
        g1, g2 = host.guest("g1"), host.guest("g2")
        host.give(g1, 0)
        host.give(g2, 0, volume="v1")
        gpa = host.node(g1, 0, "mapped-gpa")
        host.kill_daemon()
        # meanwhile: one guest dies, one volume is wanted, one renamed by nobody
        host.destroy(g2)
        host.want(g1, 1, volume="v1")
        host.start_daemon()
        host.reaches(g1, 1, 4)
        host.gone(g2, 0)
        assert host.node(g1, 0, "state") == "4" and host.node(g1, 0, "mapped-gpa") == gpa
        assert len(host.status()["mappings"]) == 2


def test_a_directory_that_was_removed_between_two_lives_is_written_again():
    with XenstoreHost() as host:
        g = host.guest("g1")
        host.want(g, 0)
        host.reaches(g, 0, 4)
        host.call("Map", domain="g1", volume="v1")
        host.kill_daemon()
        host.xs.rm(f"{BACK}/{g}")
        host.xs.rm(f"/local/domain/{g}/device/vnvdimm")
        host.start_daemon()
        host.reaches(g, 0, 4)
        assert host.node(g, 0, "volume") == "v0" and host.node(g, 0, "hotplug-status") == "connected"
        assert host.xs.read(f"/local/domain/{g}/device/vnvdimm/0/backend") == f"{BACK}/{g}/0"
        assert any(e["kind"] == "device-removed" for e in host.events())
        # What a person mapped is no device, and does not become one.
        assert host.xs.ls(f"{BACK}/{g}") == ["0"]
        assert len(host.status()["mappings"]) == 2
        # Now that its nodes are there it can go as any other.
        host.call("Detach", domain="g1", device=0, force=True)
        host.gone(g, 0)
        assert len(host.status()["mappings"]) == 1


def test_a_xenstored_that_restarts_is_told_everything_again():
    with XenstoreHost() as host:
        g = host.guest("g1")
        host.give(g, 0)
        host.store.kill()
        host.wait_for(lambda: any("xenstored" in a for a in host.status()["alarms"]))
        host.store.start()
        host.xs = host.store.connect()
        host.store.domain(host.xs, g, "g1")
        host.wait_for(lambda: not host.status()["alarms"])
        assert host.mapped_in_hypervisor("g1") == 2 * MiB
        host.give(g, 0)
        host.give(g, 1, volume="v1")


def test_a_second_daemon_does_not_serve_the_same_xenstore():
    with XenstoreHost() as host, Host(config=host.config.read_text()) as other:
        other.start()
        other.wait_for(lambda: any("serves this xenstore" in a for a in other.status()["alarms"]))
        g = host.guest("g1")
        host.give(g, 0)
        assert not other.status()["mappings"]


def fault_latency(host, spa, nr, first):
    """Seconds from each of @nr machine checks to its entry in the history."""
    seen, times = host.events()[-1]["id"], []
    for i in range(nr):
        began = time.monotonic()
        host.sim("mce", spa=spa + (first + i) * 4096)
        host.wait_for(lambda: any(e["kind"] == "fault" for e in host.events(after=seen)))
        times.append(time.monotonic() - began)
        seen = host.events()[-1]["id"]
    return sorted(times)[nr // 2]


def test_a_hung_xenstored_delays_no_fault():
    with XenstoreHost() as host:
        g = host.guest("g1")
        host.give(g, 0)
        spa = host.volume("v0")["extents"][0]["spa"]
        normal = fault_latency(host, spa, 20, 0)
        host.stop_store()
        hung = fault_latency(host, spa, 20, 20)
        # all else that a person does works, too
        host.call("Map", domain="g1", volume="v1")
        host.call("Unmap", volume="v1")
        host.cont_store()
        host.wait_for(lambda: host.xs.read(f"/local/domain/{g}/vnvdimm/faults") == "40")
        host.store.kill()
        dead = fault_latency(host, spa, 20, 40)
        print(f"     fault to history, median: {normal * 1000:.1f} ms; xenstored hung {hung * 1000:.1f} ms; "
              f"dead {dead * 1000:.1f} ms")
        assert hung < normal * 3 + 0.02 and dead < normal * 3 + 0.02


def xenstored_alarm(host):
    return next((a for a in host.status()["alarms"] if "does not answer" in a), None)


def test_a_hung_xenstored_is_an_alarm_until_it_answers():
    """One that is asked nothing, too: it is asked now and then."""
    with XenstoreHost() as host:
        g = host.guest("g1")
        host.give(g, 0)
        for busy in (False, True):
            host.stop_store()
            if busy:
                host.sim("mce", spa=host.volume("v0")["extents"][0]["spa"])
            host.wait_for(lambda: xenstored_alarm(host), seconds=30)
            # Nobody waits for it: a fault is decided, and a volume mapped.
            if busy:
                host.call("Map", domain="g1", volume="v1")
            host.cont_store()
            host.wait_for(lambda: not xenstored_alarm(host), seconds=30)
        assert not host.status()["alarms"], host.status()["alarms"]
        host.wait_for(lambda: host.xs.read(f"/local/domain/{g}/vnvdimm/faults") == "1")
        log = host.daemon_log.read_text()
        assert log.count("xenstored does not answer") == 2 and log.count("xenstored answers again") == 2


def test_a_slow_xenstored_is_no_alarm():
    with XenstoreHost() as host:
        g = host.guest("g1")
        for _ in range(4):
            host.stop_store()
            time.sleep(2.5)
            assert not xenstored_alarm(host)
            host.cont_store()
            time.sleep(0.3)
        host.give(g, 0)


def test_a_daemon_stops_although_xenstored_hangs():
    with XenstoreHost() as host:
        g = host.guest("g1")
        host.give(g, 0)
        host.stop_store()
        host.sim("mce", spa=host.volume("v0")["extents"][0]["spa"])
        began = time.monotonic()
        assert host.kill_daemon(signal.SIGTERM) == 0
        assert time.monotonic() - began < 5
        host.cont_store()
        host.start_daemon()
        host.reaches(g, 0, 4)


def flood(host, domid, seconds):
    """A guest writes its own nodes as fast as xenstored lets it."""
    front = f"/local/domain/{domid}/device/vnvdimm/0"
    end, n = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        for name, value in (("state", n % 9), ("feature-unmap", 1), ("unmap-ack", f"{n} busy"), ("state", b"\xff" * 900),
                            (f"x{n % 50}", "y" * 1000), ("state/deep/er", "1")):
            try:
                host.xs.write(f"{front}/{name}", value)
            except XsError:
                pass
        if n % 7 == 0:
            host.xs.rm(front)
        n += 1
    return n


def test_a_guest_that_writes_what_it_likes_changes_nothing():
    with XenstoreHost(config='unmap_timeout = "2s"\n') as host:
        g, other = host.guest("g1"), host.guest("g2")
        host.give(g, 0)
        before = cpu_seconds(host.daemon.pid)
        n = flood(host, g, 2)
        print(f"     {n} rounds of nodes cost nvdimmd {cpu_seconds(host.daemon.pid) - before:.2f} s of CPU")
        assert cpu_seconds(host.daemon.pid) - before < 0.5
        host.front(g, 0, "feature-unmap", 1)
        # while it is asked it is listened to, and others have their turn all the same
        link = host.connect()
        link.send("Detach", {"volume": "v0"})
        host.wait_for(lambda: host.node(g, 0, "unmap-request"))
        began = time.monotonic()
        flood(host, g, 0.3)
        host.want(other, 0, volume="v1")
        flood(host, g, 0.3)
        host.reaches(other, 0, 4)
        assert time.monotonic() - began < 3
        assert "error" in link.receive()
        assert host.mapped_in_hypervisor("g1") == 2 * MiB and host.node(g, 0, "state") == "4"


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_flood_in_the_backends_tree_is_read_once():
    with XenstoreHost() as host:
        g = host.guest("g1")
        host.give(g, 0)
        for i in range(3000):
            host.xs.write(f"{BACK}/{g}/0/online", 1)
        host.give(g, 1, volume="v1")
        assert host.node(g, 0, "state") == "4"


def test_kill_at_any_moment_leaves_nodes_that_are_true():
    seed = int(os.environ.get("NV_SEED", time.time()))
    rng = random.Random(seed)
    with XenstoreHost(volumes=3) as host:
        try:
            guests = [host.guest("g1"), host.guest("g2")]
            for _ in range(12):
                for devid, volume in enumerate(["v0", "v1", "v2"]):
                    g = rng.choice(guests)
                    if rng.random() < 0.6:
                        host.want(g, devid, volume=volume)
                    elif host.xs.ls(f"{BACK}/{g}/{devid}"):
                        host.front(g, devid, "feature-unmap", 1)
                        host.xs.write(f"{BACK}/{g}/{devid}/online", 0)
                time.sleep(rng.random() * 0.03)
                host.restart_daemon()
                time.sleep(rng.random() * 0.1)
            host.wait_for(lambda: nodes_are_true(host, guests))
        except BaseException:
            print(f"seed {seed}")
            raise


def nodes_are_true(host, guests):
    mapped = {(m["domid"], m["volume"]) for m in host.status()["mappings"]}
    told = set()
    for g in guests:
        for devid in host.xs.ls(f"{BACK}/{g}"):
            state = host.node(g, devid, "state")
            if state not in ("4", "6"):
                return False
            if state == "4":
                told.add((g, host.node(g, devid, "volume")))
            elif not host.node(g, devid, "hotplug-error"):
                return False
    return told == mapped


if __name__ == "__main__":
    run_with_xenstore(globals())
