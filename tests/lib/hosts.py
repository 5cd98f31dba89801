# SPDX-License-Identifier: LGPL-2.1-or-later
"""Simulated hosts on which a test can begin at once: they have their pools and volumes.

    with PoolHost(volumes=2) as host:           a pool "fast"; volumes v0, v1
    with MceHost() as host:                     two pools; guests whose memory breaks
    with XenstoreHost(volumes=2) as host:       the same as the first, beside a real xenstored

Domains are named by what they are called or by their number.
"""
import signal
import sys

import e2e
from e2e import GiB, MiB, TOPOLOGY, Host
from xenstore import Xenstored, find_xenstored


class PoolHost(Host):
    """nvdimmd runs, and has the pool fast and so many volumes of 2 MiB."""

    pools = {"fast": "namespace0.0"}

    def __init__(self, volumes=0, topology=TOPOLOGY, config="", cpu=None):
        super().__init__(topology, config)
        self.cpu = cpu
        self.nr_volumes = volumes

    def __enter__(self):
        try:
            self.start()
            self.prepare()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def prepare(self):
        for name, device in self.pools.items():
            self.call("AddPool", device=device, name=name)
        for i in range(self.nr_volumes):
            self.call("CreateVolume", name=f"v{i}", size=2 * MiB)

    def domain(self, who):
        """As the simulated host has it; None if it is gone."""
        return next((d for d in self.sim("domain list")["domains"] if who in (d["name"], d["domid"])), None)

    def runs(self, who):
        d = self.domain(who)
        return d and d["state"] == "running" and not d["held"]

    def holds(self):
        return [h["domid"] for h in self.status()["holds"]]

    def told(self, who):
        """Machine checks that the guest was given: how many, and the last of them."""
        return self.sim("guest mce", dom=str(who))

    def counter(self, name):
        return next(c["value"] for c in self.status()["counters"] if c["name"] == name)

    def history(self, kind):
        """All entries of one kind, however long the history is."""
        found, last = [], 0
        while page := self.events(after=last, limit=1000):
            found += [e for e in page if e["kind"] == kind]
            last = page[-1]["id"]
        return found

    def texts(self, kind):
        return [e["text"] for e in self.history(kind)]


class MceHost(PoolHost):
    """Pools fast (2 GiB) and slow (512 MiB); namespace0.2 stays Dom0's."""

    SPA = 0x140000000
    SLOW = SPA + 2 * GiB
    DOM0 = SLOW + 512 * MiB
    TOPOLOGY = """
region "region0" {
	spa = "0x140000000" size = "3 GiB"
	namespace "namespace0.0" { uuid = "5f3e1d2c-0b1a-4c5d-8e9f-112233445566" size = "2 GiB" }
	namespace "namespace0.1" { uuid = "5f3e1d2c-0b1a-4c5d-8e9f-112233445567" size = "512 MiB" }
	namespace "namespace0.2" { uuid = "5f3e1d2c-0b1a-4c5d-8e9f-112233445568" size = "512 MiB" }
}
"""
    pools = {"fast": "namespace0.0", "slow": "namespace0.1"}

    def __init__(self, **kw):
        super().__init__(topology=self.TOPOLOGY, **kw)

    def guest(self, name, size, pool="fast", **kw):
        """A guest that has a volume of its name; the mapping."""
        self.call("CreateVolume", name=name, size=size, pool=pool)
        self.sim("domain create", name=name, **kw)
        return self.call("Map", domain=name, volume=name)["mapping"]

    def mce(self, spa, kind="srao", **kw):
        return self.sim("mce", spa=spa, kind=kind, **kw)

    def faults(self):
        return self.history("fault")

    def wait_bad(self, volume, size):
        self.wait_for(lambda: self.volume(volume)["bad"] == size)
        self.wait_for(lambda: not (self.domain(volume) or {}).get("held"))

    def orders(self, name):
        return {p["order"] for p in self.sim("p2m", dom=name)["pages"] if p["type"] not in ("ram", "ram_rw")}

    def nothing_left(self):
        """No domain waits for a decision, and every rule of the hypervisor holds."""
        assert not any(d["held"] for d in self.sim("domain list")["domains"])
        self.sim("check")


BACK = "/local/domain/0/backend/vnvdimm"


class XenstoreHost(PoolHost):
    """A host beside a real xenstored (.xs is a client of it), and what a toolstack and guests write there."""

    def __init__(self, volumes=2, config="", **kw):
        self.store = Xenstored()
        super().__init__(volumes, config=f'xenstore = "{self.store.socket}"\n{config}', **kw)

    def __enter__(self):
        self.store.start()
        self.xs = self.store.connect()
        return super().__enter__()

    def __exit__(self, kind, value, trace):
        super().__exit__(kind, value, trace)
        self.store.__exit__(kind, value, trace)

    def stop_store(self):
        """xenstored does not answer, and so nvdimmd is told of nothing."""
        self.store.signal(signal.SIGSTOP)

    def cont_store(self):
        self.store.signal(signal.SIGCONT)

    # --- domains come and go

    def guest(self, name, **kw):
        """Built, introduced, and running; its number."""
        domid = self.sim("domain create", name=name, **kw)["domid"]
        self.store.domain(self.xs, domid, name)
        return domid

    def create(self, name, **kw):
        """xl create -p: built and introduced, and not yet let run; its number."""
        return self.guest(name, paused=True, **kw)

    def unpause(self, domid):
        self.sim("domain unpause", dom=str(domid))

    def destroy(self, domid):
        self.sim("domain destroy", dom=str(domid))
        self.store.release(self.xs, domid)

    # --- devices, in xenstore

    def want(self, domid, devid, volume="v0", **more):
        """As a toolstack writes a new device."""
        front = f"/local/domain/{domid}/device/vnvdimm/{devid}"
        self.xs.write_all(front, {"backend": f"{BACK}/{domid}/{devid}", "backend-id": 0, "state": 1})
        self.xs.write_all(f"{BACK}/{domid}/{devid}", {
            "frontend": front, "frontend-id": domid, "volume": volume, **more, "online": 1, "state": 1})

    def node(self, domid, devid, name):
        return self.xs.read(f"{BACK}/{domid}/{devid}/{name}")

    def reaches(self, domid, devid, state, seconds=20):
        self.wait_for(lambda: self.node(domid, devid, "state") == str(state), seconds)

    def give(self, domid, devid, volume="v0", **more):
        """Wanted, and there."""
        self.want(domid, devid, volume, **more)
        self.reaches(domid, devid, 4)

    def gone(self, domid, devid, seconds=20):
        self.wait_for(lambda: not self.xs.ls(f"{BACK}/{domid}/{devid}"), seconds)

    def front(self, domid, devid, name, value):
        self.xs.write(f"/local/domain/{domid}/device/vnvdimm/{devid}/{name}", value)

    def asks_nothing(self, domid, devid):
        """Refusals are told to people before they stand in xenstore."""
        self.wait_for(lambda: self.node(domid, devid, "unmap-request") is None)

    def agree(self, domid, devid, answer="{}"):
        """The guest's frontend: waits to be asked, and answers."""
        ask = self.wait_for(lambda: self.node(domid, devid, "unmap-request"))
        self.front(domid, devid, "unmap-ack", answer.format(ask))
        return ask

    # --- devices, on a guest's list

    def devices(self, guest):
        return {d["device"]: d for d in self.call("ListGuests", guest=guest)["devices"]}

    def states(self, guest):
        return [d["state"] for _, d in sorted(self.devices(guest).items())]


def run_with_xenstore(cases):
    """As e2e.run(); where no xenstored is to be had, all of it counts as skipped."""
    if not find_xenstored():
        print("no xenstored is to be had here\n0 passed, 0 failed, 1 skipped")
        sys.exit(0)
    e2e.run(cases)
