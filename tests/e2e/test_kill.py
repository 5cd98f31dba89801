# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 at random moments under a workload: what was promised is there, and nobody has what is another's.

NV_KILLS kills (default 100); the seed is printed, NV_SEED sets it.
"""
import os
import random
import sys
import threading
import time

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import Gone, Host, MiB, PAGE, Refused, SimRefused, run

KILLS = int(os.environ.get("NV_KILLS", "100"))
SEED = int(os.environ.get("NV_SEED", str(time.time_ns() % 1000000007)))
NAMES = ["a", "b", "c", "d"]
GUESTS = ["g1", "g2", "g3"]

TOPOLOGY = """
region "region0" {
	spa = "0x140000000"
	size = "64 MiB"
	namespace "namespace0.0" {
		uuid = "5f3e1d2c-0b1a-4c5d-8e9f-112233445566"
		size = "64 MiB"
	}
}
"""


class Workload(threading.Thread):
    """Requests one after the other; knows what it was promised."""

    def __init__(self, host, rng):
        super().__init__(daemon=True)
        self.host, self.rng = host, rng
        self.may_run = threading.Event()
        self.is_idle = threading.Event()
        self.over = False
        self.error = None
        # By volume: True, False, or None when nobody was told.
        self.exists = dict.fromkeys(NAMES, False)
        self.mapped = dict.fromkeys(NAMES, False)
        self.seed = {}  # of the pattern that a guest wrote over all of it
        self.done = self.unknown = self.refused = 0
        self.lives = dict.fromkeys(GUESTS, 0)

    def run(self):
        try:
            while not self.over:
                self.is_idle.set()
                self.may_run.wait()
                self.is_idle.clear()
                self.serve()
        except Exception as e:  # noqa: BLE001 - the main thread reports it
            self.error = e
            self.is_idle.set()

    def serve(self):
        try:
            link = self.host.connect()
        except OSError:
            self.may_run.clear()
            return
        try:
            while self.may_run.is_set():
                self.step(link)
        except (Gone, OSError):
            self.may_run.clear()
        finally:
            link.close()

    def ask(self, link, method, **parameters):
        """True: done. False: refused, nothing changed. Raises Gone when nobody knows."""
        try:
            result = link.call(method, **parameters)
        except Refused as r:
            if r.name in ("Failed", "HypervisorRefused"):
                raise AssertionError(f"{method} {parameters}: {r}") from None
            self.refused += 1
            return None
        self.done += 1
        return result

    def step(self, link):
        name, guest = self.rng.choice(NAMES), self.rng.choice(GUESTS)
        # Mostly what can be done just now, sometimes anything.
        can = ["delete", "map", "map", "map", "resize"] if self.exists[name] else ["create"]
        if self.mapped[name]:
            can = ["unmap", "unmap", "die"]
        if self.rng.random() < 0.1:
            can = ["create", "delete", "map", "unmap", "resize", "mce"]
        what = self.rng.choice(can)
        if what == "create":
            self.change(self.exists, name, True, lambda: self.ask(
                link, "CreateVolume", name=name, size=self.rng.choice([2, 4, 6]) * MiB))
        elif what == "delete":
            if self.change(self.exists, name, False, lambda: self.ask(link, "DeleteVolume", volume=name)):
                self.seed.pop(name, None)
        elif what == "map":
            got = self.change(self.mapped, name, True, lambda: self.ask(link, "Map", domain=guest, volume=name))
            if got:
                self.fill(name, guest, got["mapping"])
        elif what == "unmap":
            self.change(self.mapped, name, False, lambda: self.ask(link, "Unmap", volume=name))
        elif what == "resize":
            self.seed.pop(name, None)
            self.ask(link, "ResizeVolume", volume=name, size=self.rng.choice([2, 4, 6]) * MiB)
        elif what == "die" and self.rng.random() < 0.3:
            self.die(guest)
        elif what == "mce" and self.rng.random() < 0.05:
            self.host.sim("mce", spa=0x140000000 + self.rng.randrange(16384) * PAGE, kind="srao")

    def change(self, facts, name, to, ask):
        before = facts[name]
        facts[name] = None
        try:
            got = ask()
        except (Gone, OSError):
            self.unknown += 1
            raise
        facts[name] = to if got is not None else before
        return got

    def fill(self, name, guest, mapping):
        """The guest writes over all of it, once; from then on that is what must be there."""
        if name in self.seed or mapping["bad"]:
            return
        seed = self.rng.randrange(1, 1 << 30)
        try:
            end = self.host.sim("guest fill", dom=guest, gpa=mapping["gpa"], len=mapping["size"], seed=seed)
        except SimRefused:
            return
        if end.get("end") == "ok":
            self.seed[name] = seed

    def die(self, guest):
        for name in NAMES:
            # Whose it is we do not know; that it may be gone, we do.
            self.mapped[name] = None
        self.host.sim("domain destroy", dom=guest)
        self.lives[guest] += 1
        self.host.sim("domain create", name=guest)


def settled(host):
    """What a daemon that died left over is ended by the next one."""
    def is_settled():
        status = host.status()
        if any(m["state"] != "mapped" for m in status["mappings"]):
            return None
        volumes = host.volumes()
        return None if any(v["state"] != "ready" for v in volumes) else (status, volumes)
    return host.wait_for(is_settled)


def check_promises(work, volumes):
    there = {v["name"]: v for v in volumes}
    for name in NAMES:
        if work.exists[name] is not None:
            assert (name in there) == work.exists[name], f"volume {name}: promised {work.exists[name]}, is {name in there}"
        if name in there and work.mapped[name] is not None and work.exists[name]:
            is_mapped = there[name].get("mapping") is not None
            assert is_mapped == work.mapped[name], f"volume {name}: promised mapped {work.mapped[name]}, is {is_mapped}"
        # From here on what is there is what counts.
        if work.exists[name] is None:
            work.seed.pop(name, None)
        work.exists[name] = name in there
        work.mapped[name] = name in there and there[name].get("mapping") is not None


def check_frames(host, status, volumes):
    """No frame has two owners, and each guest has exactly what the daemon says."""
    taken = {}
    for v in volumes:
        for x in v["extents"]:
            for page in range(x["spa"], x["spa"] + x["size"], 2 * MiB):
                assert page not in taken, f"0x{page:x} is {taken[page]}'s and {v['name']}'s"
                taken[page] = v["name"]
    for d in host.sim("domain list")["domains"]:
        if d["name"] not in GUESTS or d["state"] == "dying":
            continue
        said = sum(m["size"] - m["bad"] for m in status["mappings"] if m["domid"] == d["domid"])
        has = host.mapped_in_hypervisor(str(d["domid"]))
        assert said == has, f"{d['name']} has {has} bytes, the daemon says {said}"


def check_bytes(host, work, volumes):
    for v in volumes:
        if v["name"] not in work.seed or v["bad"]:
            continue
        m = v.get("mapping")
        if m:
            got = host.sim("guest check", dom=str(m["domid"]), gpa=m["gpa"], len=v["size"], seed=work.seed[v["name"]])
            assert "wrong_at" not in got, f"volume {v['name']} has other bytes: {got}"


def test_killed_at_random_under_a_workload():
    rng = random.Random(SEED)
    print(f"again with: NV_SEED={SEED} NV_KILLS={KILLS}")
    with Host(topology=TOPOLOGY) as host:
        host.start()
        host.call("AddPool", device="namespace0.0", name="fast")
        for g in GUESTS:
            host.sim("domain create", name=g)
        work = Workload(host, random.Random(SEED + 1))
        work.start()
        for i in range(KILLS):
            host.disconnect()
            work.may_run.set()
            time.sleep(rng.random() * 0.06)
            host.kill_daemon()
            work.may_run.clear()
            work.is_idle.wait(30)
            if work.error:
                raise work.error
            host.start_daemon()
            status, volumes = settled(host)
            check_promises(work, volumes)
            check_frames(host, status, volumes)
            if i % 10 == 0:
                check_bytes(host, work, volumes)
                host.sim("check")
        work.over = True
        print(f"{KILLS} kills, {work.done} requests done, {work.refused} refused, {work.unknown} cut off, "
              f"{sum(work.lives.values())} guests died")
        # The kills must have hit a workload; how busy it was is up to the machine.
        assert work.unknown > KILLS / 50 and work.done > KILLS / 4


if __name__ == "__main__":
    run(globals())
