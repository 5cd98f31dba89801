# SPDX-License-Identifier: LGPL-2.1-or-later
"""agent - the driver's end of the port to dom0/labagent.c (protocol there)."""
import socket
import time

from .machine import patient


class Agent:
    """Requests to Dom0, one at a time. Survives loading a snapshot."""

    def __init__(self, machine):
        self.machine = machine
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(machine.socket("agent"))
        self.socket.settimeout(0.2)
        self.buffer = b""
        self.number = int(time.time()) % 1000000 * 1000

    def close(self):
        self.socket.close()

    def _fill(self, end):
        """Read something more, or raise."""
        while True:
            self.machine.check()
            try:
                chunk = self.socket.recv(1 << 20)
            except TimeoutError:
                if time.monotonic() > end:
                    raise TimeoutError("Dom0 does not answer") from None
                continue
            if not chunk:
                raise TimeoutError("Dom0's port is closed")
            self.buffer += chunk
            return

    def _line(self, end):
        while b"\n" not in self.buffer:
            self._fill(end)
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode("utf-8", "replace")

    def _bytes(self, n, end):
        while len(self.buffer) < n:
            self._fill(end)
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def hello(self, seconds):
        """Wait for the agent's first word after a boot."""
        end = time.monotonic() + patient(seconds)
        while self._line(end) != "0 hello":
            pass

    def forget(self):
        """Drop what came before a snapshot was loaded."""
        self.buffer = b""
        self.socket.setblocking(False)
        try:
            while self.socket.recv(1 << 20):
                pass
        except BlockingIOError:
            pass
        self.socket.settimeout(0.2)

    def request(self, verb, body, seconds):
        """Return (status, output) of "verb" with @body, within @seconds."""
        self.number += 1
        name = str(self.number)
        self.socket.settimeout(30)
        self.socket.sendall(f"{name} {verb}\n".encode() + body)
        self.socket.settimeout(0.2)
        end = time.monotonic() + seconds
        output = []
        while True:
            word = self._line(end).split()
            if len(word) == 3 and word[1] == "out":
                data = self._bytes(int(word[2]), end)
                if word[0] == name:
                    output.append(data)
            elif len(word) == 3 and word[:2] == [name, "exit"]:
                return int(word[2]), b"".join(output)

    def run(self, script, seconds, patience=None):
        """Run @script for at most @seconds; wait @patience for the answer."""
        body = script.encode()
        seconds = patient(seconds)
        return self.request(f"run {seconds} {len(body)}", body,
                            patient(patience) if patience else seconds + 30)

    def put(self, data, path, mode):
        status, _ = self.request(f"put {mode:o} {path} {len(data)}", data, 120)
        if status:
            raise OSError(status, f"cannot write {path} in Dom0")

    def get(self, path):
        status, data = self.request(f"get {path} 0", b"", 120)
        if status:
            raise OSError(status, f"cannot read {path} in Dom0")
        return data
