# SPDX-License-Identifier: LGPL-2.1-or-later
"""A simulated host with nvdimmd on it, in a folder of its own.

    with Host() as host:
        host.start()
        host.call("AddPool", device="namespace0.0", name="fast")
        dom = host.sim("domain create", name="g1")
        host.call("Map", domain="g1", volume="v")

host.call() speaks Varlink to nvdimmd, host.sim() the control protocol of
nvdimm-sim. A refusal is raised as Refused with .name, .code and .message.
Programs come from $NV_BUILD.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

MiB = 1 << 20
GiB = 1 << 30
PAGE = 4096
BUILD = pathlib.Path(os.environ.get("NV_BUILD", ".")).resolve()
if not os.access(BUILD / "nvdimmd", os.X_OK):
    sys.exit(f"e2e: no nvdimmd in {BUILD}: build first, and set NV_BUILD")

TOPOLOGY = """
region "region0" {
	spa = "0x140000000"
	size = "256 MiB"
	numa_node = "0"
	persistence = "memory_controller"
	namespace "namespace0.0" {
		uuid = "5f3e1d2c-0b1a-4c5d-8e9f-112233445566"
		size = "192 MiB"
	}
	namespace "namespace0.1" {
		uuid = "5f3e1d2c-0b1a-4c5d-8e9f-112233445567"
		size = "64 MiB"
	}
}
"""
POOL_SPA = 0x140000000


class Refused(Exception):
    def __init__(self, error, parameters):
        self.name = error.removeprefix("io.nvdimmd.")
        self.message = parameters.get("message", "")
        self.hint = parameters.get("hint", "")
        self.code = parameters.get("code", 0)
        self.parameters = parameters
        super().__init__(f"{self.name}: {self.message}")


class SimRefused(Exception):
    pass


class Gone(Exception):
    """nvdimmd closed the connection."""


class Varlink:
    """One connection to nvdimmd."""

    def __init__(self, path, timeout=30):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # A full backlog is waited for; with Python's timeout it would be EAGAIN.
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", int(timeout), int(timeout % 1 * 1e6)))
        self.sock.connect(str(path))
        self.sock.settimeout(timeout)
        self.rest = b""

    def close(self):
        self.sock.close()

    def send_raw(self, data):
        self.sock.sendall(data)

    def receive(self):
        while b"\0" not in self.rest:
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                raise Gone()
            self.rest += data
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def send(self, method, parameters, **flags):
        call = {"method": method if "." in method else "io.nvdimmd." + method, "parameters": parameters, **flags}
        try:
            self.send_raw(json.dumps(call).encode() + b"\0")
        except (BrokenPipeError, ConnectionResetError):
            raise Gone() from None

    @staticmethod
    def result(reply):
        if "error" in reply:
            raise Refused(reply["error"], reply.get("parameters", {}))
        return reply.get("parameters", {})

    def call(self, method, **parameters):
        self.send(method, parameters)
        return self.result(self.receive())

    def stream(self, method, **parameters):
        self.send(method, parameters, more=True)
        while True:
            reply = self.receive()
            yield self.result(reply)
            if not reply.get("continues"):
                return


class Sim:
    """nvdimm-sim's socket: one packet is one message."""

    HEAD = struct.Struct("=IIIIq")
    CTL = 2
    MORE = 1

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(60)
        self.sock.connect(str(path))
        self.seq = 0

    def call(self, verb, **args):
        request = json.dumps({"verb": verb, **args}).encode()
        self.seq += 1
        self.sock.send(self.HEAD.pack(self.CTL, self.seq, 0, len(request), 0) + request)
        text = b""
        while True:
            packet = self.sock.recv(1 << 17)
            if not packet:
                raise Gone()
            _, seq, flags, size, result = self.HEAD.unpack(packet[: self.HEAD.size])
            if seq != self.seq:
                continue
            text += packet[self.HEAD.size :][:size]
            if not flags & self.MORE:
                break
        answer = json.loads(text)
        if result:
            raise SimRefused(answer.get("error", str(result)))
        return answer


class Host:
    def __init__(self, topology=TOPOLOGY, config=None):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="nvdimmd-e2e."))
        self.topology = self.dir / "topology"
        self.topology.write_text(topology)
        self.config = self.dir / "nvdimmd.conf"
        self.config.write_text(config or "")
        self.state = self.dir / "state"
        self.socket = self.dir / "nvdimmd.sock"
        self.sim_socket = self.dir / "sim.sock"
        self.daemon_log = self.dir / "nvdimmd.log"
        self.sim_log = self.dir / "sim.log"
        self.daemon = self.sim_process = self.sim_connection = self.connection = None
        self.extra = []
        self.cpu = None  # of the simulated host

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind:
            for log in (self.sim_log, self.daemon_log):
                if log.exists():
                    sys.stderr.write(f"--- {log.name}\n{log.read_text(errors='replace')[-8000:]}")
        self.stop_daemon()
        if self.sim_process:
            self.sim_process.kill()
            self.sim_process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    # --- the simulated host

    def start_sim(self):
        self.sim_process = subprocess.Popen(
            [BUILD / "nvdimm-sim", "--topology", self.topology, "--socket", self.sim_socket,
             "--state", self.dir / "dimms", "--foreground", *(["--cpu", self.cpu] if self.cpu else [])],
            stdout=self.sim_log.open("ab"), stderr=subprocess.STDOUT)
        self._wait(self.sim_process, self.sim_log, lambda: Sim(self.sim_socket))

    def sim(self, verb, **args):
        """One verb; the parts of a long answer are put together."""
        if not self.sim_connection:
            self.sim_connection = Sim(self.sim_socket)
        whole = {}
        while True:
            part = self.sim_connection.call(verb, **args)
            args["from"] = part.pop("next", None)
            for key, value in part.items():
                if key in whole and isinstance(value, (list, int)) and not isinstance(value, bool):
                    whole[key] += value
                else:
                    whole[key] = value
            if args["from"] is None:
                return whole

    # --- nvdimmd

    def daemon_arguments(self):
        return [BUILD / "nvdimmd", "--config", self.config, "--hypervisor", f"sim:{self.sim_socket}",
                "--topology", self.topology, "--state", self.state, "--socket", self.socket, *self.extra]

    def spawn_daemon(self, wrapper=(), log=None):
        """Start it and do not wait until it serves. @log: a descriptor instead of its log."""
        self.daemon = subprocess.Popen([*wrapper, *self.daemon_arguments()],
                                       stdout=log or self.daemon_log.open("ab"), stderr=subprocess.STDOUT)

    def start_daemon(self, wrapper=(), log=None):
        self.disconnect()
        self.spawn_daemon(wrapper, log)
        self._wait(self.daemon, self.daemon_log, lambda: self.call("GetStatus"))

    def start(self):
        self.start_sim()
        self.start_daemon()

    def disconnect(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def kill_daemon(self, how=signal.SIGKILL):
        self.daemon.send_signal(how)
        code = self.daemon.wait(timeout=30)
        self.daemon = None
        self.disconnect()
        return code

    def stop_daemon(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.terminate()
            try:
                self.daemon.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        self.daemon = None
        self.disconnect()

    def restart_daemon(self, how=signal.SIGKILL):
        self.kill_daemon(how)
        self.start_daemon()

    def connect(self):
        return Varlink(self.socket)

    def call(self, method, **parameters):
        if not self.connection:
            self.connection = self.connect()
        try:
            return self.connection.call(method, **parameters)
        except (Gone, OSError):
            self.disconnect()
            raise

    # --- what tests ask again and again

    def status(self):
        return self.call("GetStatus")["status"]

    def pool(self, name="fast"):
        return next(p for p in self.call("ListPools")["pools"] if p["name"] == name)

    def volume(self, name):
        return self.call("GetVolume", volume=name)["volume"]

    def volumes(self):
        """All, whether the reply comes whole or in pieces."""
        link = self.connect()
        try:
            found = []
            for part in link.stream("ListVolumes"):
                found += part["volumes"]
            return found
        finally:
            link.close()

    def events(self, **which):
        return self.call("ListEvents", **which)["events"]

    def mapped_in_hypervisor(self, domain):
        """Bytes of pmem in the domain's p2m, as the hypervisor has it."""
        return sum(p["size"] for p in self.sim("p2m", dom=domain)["pages"] if p["type"] not in ("ram", "ram_rw"))

    def wait_for(self, what, seconds=20):
        """Until what() is true; returns what it returned."""
        end = time.monotonic() + seconds
        while True:
            got = what()
            if got:
                return got
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds} s in vain")
            time.sleep(0.02)

    @staticmethod
    def _wait(process, log, probe, seconds=30):
        end = time.monotonic() + seconds
        while True:
            try:
                probe()
                return
            except (OSError, Gone):
                pass
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"did not start (exit code {process.poll()}):\n" + log.read_text(errors="replace"))
            time.sleep(0.02)


def refused(error, function, /, *args, **kwargs):
    """The call must be refused with that error; returns the refusal."""
    try:
        function(*args, **kwargs)
    except Refused as r:
        assert r.name == error, f"refused with {r}, expected {error}"
        assert r.message, f"{error} came without a sentence"
        return r
    raise AssertionError(f"{args} {kwargs} should have been refused with {error}")


def run(cases):
    """Run functions named test_*; prints a line each and the count; exits."""
    only = sys.argv[1:]
    passed, failed = 0, []
    for name, function in list(cases.items()):
        if not name.startswith("test_") or (only and not any(o in name for o in only)):
            continue
        began = time.monotonic()
        try:
            function()
        except Exception as e:  # noqa: BLE001 - a test may fail in any way
            failed.append(name)
            import traceback
            traceback.print_exc()
            print(f"FAIL {name}: {e}", flush=True)
        else:
            passed += 1
            print(f"ok   {name} ({time.monotonic() - began:.1f} s)", flush=True)
    print(f"{passed} passed, {len(failed)} failed, 0 skipped")
    sys.exit(1 if failed or not passed else 0)
