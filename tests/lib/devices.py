# SPDX-License-Identifier: LGPL-2.1-or-later
"""A simulated host with a real xenstored, and what a toolstack and a guest write there."""
from e2e import MiB, Host
from xenstore import Xenstored

BACK = "/local/domain/0/backend/vnvdimm"


class Guests(Host):
    """A host with a xenstored, a pool, and volumes v0, v1, ..."""

    def __init__(self, volumes=2, config=""):
        self.store = Xenstored()
        super().__init__(config=f'xenstore = "{self.store.socket}"\n{config}')
        self.n_volumes = volumes

    def __enter__(self):
        self.store.start()
        self.start()
        self.xs = self.store.connect()
        self.call("AddPool", device="namespace0.0", name="fast")
        for i in range(self.n_volumes):
            self.call("CreateVolume", name=f"v{i}", size=2 * MiB)
        return self

    def __exit__(self, kind, value, trace):
        super().__exit__(kind, value, trace)
        self.store.__exit__(kind, value, trace)

    def guest(self, name, **args):
        domid = self.sim("domain create", name=name, **args)["domid"]
        self.store.domain(self.xs, domid, name)
        return domid

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

    def front(self, domid, devid, name, value):
        self.xs.write(f"/local/domain/{domid}/device/vnvdimm/{devid}/{name}", value)

    def gone(self, domid, devid, seconds=20):
        self.wait_for(lambda: not self.xs.ls(f"{BACK}/{domid}/{devid}"), seconds)

    def asks_nothing(self, domid, devid):
        """Refusals are told to people before they stand in xenstore."""
        self.wait_for(lambda: self.node(domid, devid, "unmap-request") is None)

    def agree(self, domid, devid, answer="{}"):
        """The guest's frontend: waits to be asked, and answers."""
        ask = self.wait_for(lambda: self.node(domid, devid, "unmap-request"))
        self.front(domid, devid, "unmap-ack", answer.format(ask))
        return ask
