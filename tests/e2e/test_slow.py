# SPDX-License-Identifier: LGPL-2.1-or-later
"""A kernel that takes its time: nobody but who asked waits for it."""
import os
import socket
import sys
import threading
import time

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import MiB, PAGE, Host, refused, run

SLOW_MS = 5000


def slow(h, ms=SLOW_MS):
    """From now on the kernel needs so long to hand over a namespace."""
    (h.topology.parent / (h.topology.name + ".slow")).write_text(str(ms))


class Background:
    """A call in a thread of its own; end() gives its result, or raises what it raised."""

    def __init__(self, call, *args, **kwargs):
        self.result = self.error = None

        def work():
            try:
                self.result = call(*args, **kwargs)
            except Exception as e:
                self.error = e
        self.thread = threading.Thread(target=work)
        self.thread.start()

    def end(self):
        self.thread.join()
        if self.error:
            raise self.error
        return self.result

    def running(self):
        return self.thread.is_alive()


class Systemd:
    """What nvdimmd tells systemd, with the time of each; set up before it starts."""

    def __init__(self, h, watchdog_ms=1500):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(h.dir / "notify"))
        os.environ.update(NOTIFY_SOCKET=str(h.dir / "notify"), WATCHDOG_USEC=str(watchdog_ms * 1000))
        self.told = []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            text = self.socket.recv(4096).decode()
            self.told.append((time.monotonic(), text))

    def times(self, word):
        return [t for t, text in self.told if word in text]

    def end(self):
        for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC"):
            os.environ.pop(name, None)


def longest_gap(times, begin, end):
    marks = [begin, *(t for t in times if begin < t < end), end]
    return max(b - a for a, b in zip(marks, marks[1:]))


def with_guest(h):
    h.start()
    h.call("AddPool", device="namespace0.0", name="fast")
    h.call("CreateVolume", name="v", size=8 * MiB)
    h.sim("domain create", name="g")
    return h.call("Map", domain="g", volume="v")["mapping"]


def apart(h, method, **parameters):
    """The call on a connection of its own, in the background."""
    return Background(h.connect().call, method, **parameters)


def a_fault_is_decided(h, spa):
    """Seconds from a machine check to the guest's being told of it."""
    before = len(h.sim("guest mce", dom="g")["machine_checks"])
    began = time.monotonic()
    h.sim("mce", spa=spa, kind="srao")
    h.wait_for(lambda: len(h.sim("guest mce", dom="g")["machine_checks"]) > before)
    return time.monotonic() - began


def test_faults_are_decided_while_the_kernel_takes_a_namespace_back():
    with Host() as h:
        systemd = Systemd(h)
        try:
            m = with_guest(h)
            h.call("AddPool", device="namespace0.1", name="slow")
            slow(h)
            began = time.monotonic()
            release = apart(h, "ReleasePool", pool="slow")
            time.sleep(0.2)
            took = a_fault_is_decided(h, m["spa"])
            assert took < 1, f"the fault took {took} s"
            refused("Busy", h.call, "ReleasePool", pool="slow")
            refused("Busy", h.call, "CreateVolume", name="w", size=2 * MiB, pool="slow")
            h.call("CreateVolume", name="w", size=2 * MiB, pool="fast")
            assert h.pool("slow") and release.running()
            release.end()
            ended = time.monotonic()
            assert ended - began >= SLOW_MS / 1000, "the kernel was not slow"
            gap = longest_gap(systemd.times("WATCHDOG=1"), began, ended)
            assert gap < 1.5, f"the watchdog was not fed for {gap} s"
            assert [p["name"] for p in h.call("ListPools")["pools"]] == ["fast"]
            h.wait_for(lambda: "namespace0.1" in str(h.call("ListPools")["candidates"]))
        finally:
            systemd.end()


def test_faults_are_decided_while_the_kernel_gives_a_namespace():
    with Host() as h:
        m = with_guest(h)
        slow(h)
        began = time.monotonic()
        adding = apart(h, "AddPool", device="namespace0.1", name="slow")
        other = apart(h, "AddPool", device="namespace0.1", name="again")
        time.sleep(0.2)
        took = a_fault_is_decided(h, m["spa"])
        assert took < 1 and adding.running(), f"the fault took {took} s"
        try:
            h.call("CreateVolume", name="w", size=2 * MiB, pool="slow")
            raise AssertionError("a volume in a pool that is not there yet")
        except AssertionError:
            raise
        except Exception:
            pass
        assert adding.end()["pool"]["state"] == "online"
        refused("AlreadyExists", other.end)
        assert time.monotonic() - began >= SLOW_MS / 1000, "the kernel was not slow"
        h.call("CreateVolume", name="w", size=2 * MiB, pool="slow")


def test_a_page_that_breaks_while_it_is_repaired_stays_bad():
    with Host() as h:
        h.start()
        h.call("AddPool", device="namespace0.0", name="fast")
        h.call("CreateVolume", name="v", size=8 * MiB)
        spa = h.volume("v")["extents"][0]["spa"] + 5 * PAGE
        h.sim("mce", spa=spa, kind="srao")
        h.wait_for(lambda: h.volume("v")["bad"] == PAGE)
        slow(h, 3000)
        repair = apart(h, "RepairVolume", volume="v")
        time.sleep(1)
        h.sim("mce", spa=spa, kind="srao")
        h.wait_for(lambda: [e["kind"] for e in h.events()].count("fault") == 2)
        assert repair.running()
        r = refused("BrokenRange", repair.end)
        assert "errors were reported while it was repaired" in r.message, r.message
        # The book, the hypervisor and the ledger agree, in this life and the next.
        h.sim("domain create", name="g")
        for life in range(2):
            assert h.volume("v")["bad"] == PAGE
            h.call("Map", domain="g", volume="v")
            assert h.mapped_in_hypervisor("g") == 8 * MiB - PAGE
            h.call("Unmap", volume="v")
            slow(h, 0)
            h.restart_daemon()
        h.call("RepairVolume", volume="v")
        assert h.volume("v")["bad"] == 0


def test_who_dies_meanwhile_has_the_pool_at_the_next_start():
    with Host() as h:
        with_guest(h)
        h.call("AddPool", device="namespace0.1", name="slow")
        slow(h)
        release = apart(h, "ReleasePool", pool="slow")
        time.sleep(0.5)
        slow(h, 0)
        h.restart_daemon()
        try:
            release.end()
            raise AssertionError("the release was answered by nobody")
        except AssertionError:
            raise
        except Exception:
            pass
        assert h.pool("slow")["state"] == "online"
        h.call("ReleasePool", pool="slow")


def test_a_start_that_waits_for_the_kernel_asks_systemd_to_wait():
    with Host() as h:
        with_guest(h)
        slow(h, 3000)
        systemd = Systemd(h)
        try:
            h.restart_daemon()
            assert systemd.times("READY=1")
            ready = systemd.times("READY=1")[0]
            asked = [t for t in systemd.times("EXTEND_TIMEOUT_USEC=30000000") if t < ready]
            assert 2 <= len(asked) <= 5, systemd.told
            assert h.status()["mappings"], "the mapping is known"
        finally:
            systemd.end()


def test_a_daemon_that_is_asked_to_end_does_not_wait_for_the_kernel():
    with Host() as h:
        with_guest(h)
        h.call("AddPool", device="namespace0.1", name="slow")
        slow(h, 60000)
        apart(h, "ReleasePool", pool="slow")
        time.sleep(0.3)
        began = time.monotonic()
        h.stop_daemon()
        assert time.monotonic() - began < 5


run(globals())
