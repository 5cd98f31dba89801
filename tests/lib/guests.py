# SPDX-License-Identifier: LGPL-2.1-or-later
"""A simulated host with two pools and guests that have volumes of their names."""
import sys

from e2e import GiB, MiB, Host

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
