# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real xenstored on a machine without Xen, and a client for it.

    with Xenstored() as store:
        xs = store.connect()
        store.domain(5, name="g1")
        xs.write("/local/domain/5/device/vnvdimm/0/state", "1")

What xenstored asks of Xen is answered by tests/lib/fakestore.c, preloaded. The
program is Debian's: installed, or unpacked below $NVDIMMD_CACHE.
"""
import glob
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("NVDIMMD_CACHE", pathlib.Path.home() / ".cache/nvdimmd"))

# xen/include/public/io/xs_wire.h
(DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH, TRANSACTION_START, TRANSACTION_END, INTRODUCE, RELEASE, GET_DOMAIN_PATH,
 WRITE, MKDIR, RM, SET_PERMS, WATCH_EVENT, ERROR) = range(1, 17)
HEAD = struct.Struct("=IIII")


class XsError(Exception):
    def __init__(self, name, what):
        self.name = name
        super().__init__(f"{name}: {what}")


class Xs:
    """One connection, as Dom0 has them."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(str(path))
        self.events = []
        self.tx = 0

    def close(self):
        self.sock.close()

    def _receive(self, size):
        data = b""
        while len(data) < size:
            part = self.sock.recv(size - len(data))
            if not part:
                raise ConnectionError("xenstored closed the connection")
            data += part
        return data

    def _message(self):
        kind, _, _, size = HEAD.unpack(self._receive(HEAD.size))
        return kind, self._receive(size)

    def call(self, kind, *parts, raw=b""):
        body = b"".join((p if isinstance(p, bytes) else str(p).encode()) + b"\0" for p in parts) + raw
        self.sock.sendall(HEAD.pack(kind, 0, self.tx, len(body)) + body)
        while True:
            got, answer = self._message()
            if got == WATCH_EVENT:
                self.events.append(answer)
                continue
            if got == ERROR:
                raise XsError(answer.rstrip(b"\0").decode(), parts)
            return answer

    def read(self, path):
        """The node's text, or None."""
        try:
            return self.call(READ, path).decode(errors="surrogateescape")
        except XsError as e:
            if e.name == "ENOENT":
                return None
            raise

    def write(self, path, value):
        self.call(WRITE, path, raw=value if isinstance(value, bytes) else str(value).encode())

    def rm(self, path):
        try:
            self.call(RM, path)
        except XsError as e:
            if e.name != "ENOENT":
                raise

    def ls(self, path):
        try:
            return [p for p in self.call(DIRECTORY, path).decode().split("\0") if p]
        except XsError as e:
            if e.name == "ENOENT":
                return []
            raise

    def perms(self, path):
        return [p for p in self.call(GET_PERMS, path).decode().split("\0") if p]

    def set_perms(self, path, *perms):
        self.call(SET_PERMS, path, *perms)

    def watch(self, path, token="t"):
        self.call(WATCH, path, token)

    def wait_event(self):
        while not self.events:
            kind, answer = self._message()
            if kind == WATCH_EVENT:
                self.events.append(answer)
        path, token, _ = self.events.pop(0).decode().split("\0")
        return path, token

    def write_all(self, folder, nodes):
        """All of them in one transaction, in their order; again if somebody wrote meanwhile."""
        while True:
            self.tx = int(self.call(TRANSACTION_START, "").rstrip(b"\0"))
            try:
                for name, value in nodes.items():
                    self.write(f"{folder}/{name}", value)
                self.call(TRANSACTION_END, "T")
                return
            except XsError as e:
                if e.name != "EAGAIN":
                    raise
            finally:
                self.tx = 0


def find_xenstored():
    """The program; None if it is not to be had."""
    found = glob.glob("/usr/lib/xen-4.17/bin/xenstored") + glob.glob(str(CACHE / "xenstored/usr/lib/xen-*/bin/xenstored"))
    if found:
        return found[0]
    libraries = subprocess.run(["dpkg-query", "-W", "-f", "${Package}\n", "libxenmisc*"], capture_output=True, text=True)
    # fakestore.c knows what this version asks for; later ones ask for other things.
    versions = [p.removeprefix("libxenmisc") for p in libraries.stdout.split()]
    if versions != ["4.17"]:
        return None
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        if subprocess.run(["apt-get", "download", "-q", f"xen-utils-{versions[0]}"], cwd=folder).returncode:
            return None
        for deb in pathlib.Path(folder).glob("*.deb"):
            subprocess.run(["dpkg", "-x", deb, CACHE / "xenstored"], check=True)
    found = glob.glob(str(CACHE / "xenstored/usr/lib/xen-*/bin/xenstored"))
    return found[0] if found else None


class Xenstored:
    def __init__(self):
        self.program = find_xenstored()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="nvdimmd-xs."))
        self.socket = self.dir / "socket"
        self.domains = self.dir / "domains"
        self.domains.mkdir()
        self.preload = self.dir / "fakestore.so"
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-o", self.preload,
                        HERE / "fakestore.c", "-ldl"], check=True)
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def start(self):
        env = dict(os.environ, XENSTORED_RUNDIR=str(self.dir), FAKESTORE_DOMAINS=str(self.domains),
                   LD_PRELOAD=str(self.preload))
        self.process = subprocess.Popen([self.program, "-N", "--pid-file", self.dir / "pid"], env=env,
                                        stdout=(self.dir / "log").open("ab"), stderr=subprocess.STDOUT)
        end = time.monotonic() + 20
        while True:
            try:
                self.connect().close()
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < end, (self.dir / "log").read_text()
                time.sleep(0.02)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None
        # It locks the file, and leaves it behind.
        (self.dir / "pid").unlink(missing_ok=True)

    def signal(self, how):
        self.process.send_signal(how)

    def connect(self):
        return Xs(self.socket)

    # --- what a toolstack does

    def domain(self, xs, domid, name):
        """Make a domain's home and introduce it, as libxl does."""
        self.home(xs, domid, name)
        self.introduce(xs, domid)

    def introduce(self, xs, domid):
        xs.call(INTRODUCE, domid, 1, 1)

    def home(self, xs, domid, name):
        home = f"/local/domain/{domid}"
        (self.domains / str(domid)).touch()
        for path in (home, f"{home}/device"):
            xs.call(MKDIR, path)
            xs.set_perms(path, "n0", f"r{domid}")
        xs.write(f"{home}/name", name)

    def release(self, xs, domid):
        (self.domains / str(domid)).unlink(missing_ok=True)
        xs.rm(f"/local/domain/{domid}")
        xs.call(RELEASE, domid)
