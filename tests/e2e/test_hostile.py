# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that misbehave: each costs itself, nobody else.

Run as root, the worst of them are another user, who may only read; otherwise
they are the daemon's own user, who has no limit of its own.
"""
import array
import os
import pathlib
import resource
import signal
import socket
import sys
import time

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import Gone, Host, MiB, refused, run

NOBODY = 65534
CONNECTIONS = 10_000
PATIENCE = 2.0  # seconds that a well-behaved call may take beside all this; idle it takes a millisecond

_shared = {}


def shared():
    if not _shared:
        host = Host(config=group_line())
        host.start()
        host.dir.chmod(0o755)
        host.call("AddPool", device="namespace0.0", name="fast")
        host.call("CreateVolume", name="v", size=8 * MiB)
        host.sim("domain create", name="g1")
        _shared["host"] = host
    return _shared["host"]


def group_line():
    if os.geteuid():
        return ""
    import grp
    return f'group = "{grp.getgrgid(NOBODY).gr_name}"\n'


def served(host, within=PATIENCE):
    """A new client gets its answer in time."""
    began = time.monotonic()
    link = host.connect()
    link.call("GetStatus")
    link.close()
    took = time.monotonic() - began
    assert took < within, f"a status took {took:.2f} s"
    return took


def descriptors(host):
    return len(os.listdir(f"/proc/{host.daemon.pid}/fd"))


def private_kib(host):
    text = pathlib.Path(f"/proc/{host.daemon.pid}/smaps_rollup").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("Private_Dirty")))


def check_memory(host, before, more_kib):
    """Not under AddressSanitizer, which keeps what was freed; it reserves terabytes."""
    text = pathlib.Path(f"/proc/{host.daemon.pid}/status").read_text()
    if int(next(line.split()[1] for line in text.splitlines() if line.startswith("VmSize"))) < 1 << 30:
        now = private_kib(host)
        assert now < before + more_kib, f"{before} KiB private memory became {now}"


def as_somebody(function):
    """Run it in a child, as nobody if we may; returns the child's pid once it says it is ready."""
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(ready)
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            function(lambda: os.write(tell, b"."))
            code = 0
        except BaseException:  # noqa: BLE001 - it is a child and must not come back
            import traceback
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(tell)
    got = os.read(ready, 1)
    os.close(ready)
    assert got, "the hostile client died"
    return pid


def gone(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    os.waitpid(pid, 0)


def bad(data, says):
    """What is no call is refused with a reason, and hung up on."""
    host = shared()
    link = host.connect()
    try:
        link.send_raw(data)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it hung up before it had heard all of it
    reply = link.receive()
    assert reply["error"] == "io.nvdimmd.BadRequest", reply
    assert says in reply["parameters"]["message"], reply
    try:
        link.receive()
    except Gone:
        pass
    else:
        raise AssertionError("it was not hung up on")
    link.close()
    served(host)


def test_garbage():
    bad(b"GET / HTTP/1.1\r\n\r\n\0", "no valid JSON")
    bad(b"\0", "not a JSON object")
    bad(b"[]\0", "not a JSON object")
    bad(b'{"method":"io.nvdimmd.GetStatus"}}\0', "no valid JSON")


def test_bytes_that_are_not_utf8():
    bad(b'{"method":"io.nvdimmd.GetVolume","parameters":{"volume":"\xff"}}\0', "not UTF-8")
    bad(b'{"method":"io.nvdimmd.GetVolume","parameters":{"volume":"\xc0\xaf"}}\0', "not UTF-8")
    bad(b'{"method":"io.nvdimmd.GetVolume","parameters":{"volume":"\xed\xa0\x80"}}\0', "not UTF-8")


def test_deep_nesting():
    bad(b'{"method":"io.nvdimmd.GetStatus","parameters":{"a":' + b"[" * 10000 + b"]" * 10000 + b"}}\0", "too many levels")
    bad(b"[" * 100000 + b"\0", "too many levels")


def test_a_key_twice():
    bad(b'{"method":"io.nvdimmd.GetStatus","method":"io.nvdimmd.ListPools"}\0', "a key stands twice")


def test_an_oversized_message():
    bad(b'{"method":"io.nvdimmd.GetStatus","parameters":{"a":"' + b"x" * (1 << 20) + b'"}}\0', "longer than")


def test_truncated_messages_leave_nothing_behind():
    host = shared()
    before = descriptors(host)
    call = b'{"method":"io.nvdimmd.CreateVolume","parameters":{"name":"cut","size":2097152}}\0'
    for n in range(len(call)):
        link = host.connect()
        link.send_raw(call[:n])
        link.close()
    served(host)
    host.wait_for(lambda: descriptors(host) <= before)
    refused("NoSuchVolume", host.volume, "cut")


def test_unknown_methods_and_interfaces_keep_the_connection():
    link = shared().connect()
    refused("org.varlink.service.MethodNotFound", _named, link, "io.nvdimmd.Explode")
    refused("org.varlink.service.InterfaceNotFound", _named, link, "com.example.Explode")
    refused("org.varlink.service.ExpectedMore", _named, link, "io.nvdimmd.Monitor")
    info = link.call("org.varlink.service.GetInfo")
    assert "io.nvdimmd" in info["interfaces"]
    text = link.call("org.varlink.service.GetInterfaceDescription", interface="io.nvdimmd")["description"]
    assert "interface io.nvdimmd" in text
    link.call("GetStatus")
    link.close()


def _named(link, method):
    try:
        link.call(method)
    except Exception as e:
        if not getattr(e, "message", None):
            e.message = "the protocol's own errors have no sentence"
        raise


def test_ten_thousand_connections():
    host = shared()
    before = descriptors(host)

    def attack(ready):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, CONNECTIONS + 100), hard))
        held = []
        turned_away = 0
        for _ in range(CONNECTIONS):
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            s.connect(str(host.socket))
            s.setblocking(False)
            held.append(s)
        ready()
        for s in held:
            s.settimeout(20)
            try:
                if b"LimitReached" in s.recv(4096):
                    turned_away += 1
            except (TimeoutError, ConnectionResetError):
                pass
            if turned_away > CONNECTIONS / 2:
                break
        assert turned_away > CONNECTIONS / 2, turned_away
        time.sleep(60)

    pid = as_somebody(attack)
    if os.geteuid() == 0:
        # they are another user: root does not notice
        for _ in range(20):
            served(host)
        host.call("CreateVolume", name="meanwhile", size=2 * MiB)
        host.call("DeleteVolume", volume="meanwhile")
    assert descriptors(host) < before + 300
    gone(pid)
    host.wait_for(lambda: descriptors(host) <= before)
    served(host)


def test_one_user_cannot_take_every_place():
    if os.geteuid():
        return  # there is only one user to be
    host = shared()

    def attack(ready):
        links = [host.connect() for _ in range(100)]
        answers = 0
        for link in links:
            try:
                link.call("GetStatus")
                answers += 1
            except Gone:
                pass
            except Exception as e:
                assert e.name == "LimitReached", e
        assert 0 < answers <= 40, answers
        refused("PermissionDenied", next(l for l in links[:1]).call, "DeleteVolume", volume="v")
        refused("PermissionDenied", links[0].call, "Map", volume="v", domain="g1")
        ready()
        time.sleep(60)

    pid = as_somebody(attack)
    served(host)
    gone(pid)


def test_whoever_may_not_read_is_told_and_takes_no_place():
    if os.geteuid():
        return  # there is only one user to be
    with Host() as host:
        host.start()
        host.dir.chmod(0o755)
        host.socket.chmod(0o666)  # as systemd's socket is

        def attack(ready):
            links = [host.connect() for _ in range(500)]
            for link in links:
                reply = link.receive()
                assert reply["error"] == "io.nvdimmd.PermissionDenied", reply
                assert "that is for root" in reply["parameters"]["message"], reply
            ready()
            time.sleep(60)

        pid = as_somebody(attack)
        assert descriptors(host) < 40
        served(host)
        gone(pid)


def test_whoever_sends_byte_by_byte_delays_nobody():
    host = shared()

    def attack(ready):
        links = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(30)]
        for link in links:
            link.connect(str(host.socket))
        ready()
        text = b'{"method":"io.nvdimmd.GetStatus","parameters":{}' + b" " * 1000
        for i in range(len(text)):
            for link in links:
                try:
                    link.send(text[i : i + 1])
                except OSError:
                    pass
            time.sleep(0.002)

    pid = as_somebody(attack)
    for _ in range(50):
        served(host, 0.5)
    gone(pid)


def test_whoever_floods_calls_and_reads_nothing_delays_nobody():
    host = shared()
    before = private_kib(host)

    def attack(ready):
        links = []
        for _ in range(20):
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            s.connect(str(host.socket))
            s.setblocking(False)
            links.append(s)
        ready()
        flood = b'{"method":"io.nvdimmd.GetStatus"}\0' * 1000
        while True:
            for s in links:
                try:
                    s.send(flood)
                except OSError:
                    pass
            time.sleep(0.005)

    pid = as_somebody(attack)
    for i in range(20):
        served(host)
        host.call("Map", volume="v", domain="g1")
        host.call("Unmap", volume="v")
    check_memory(host, before, 20 * 1024)
    gone(pid)


def test_monitors_that_do_not_read_cost_no_memory():
    host = shared()

    def attack(ready):
        links = []
        for _ in range(30):
            link = host.connect()
            link.send("Monitor", {"after": 0}, more=True)
            links.append(link)
        ready()
        time.sleep(120)

    pid = as_somebody(attack)
    before = private_kib(host)
    for i in range(300):
        host.call("RenameVolume", volume="v", name="w")
        host.call("RenameVolume", volume="w", name="v")
    served(host)
    check_memory(host, before, 8 * 1024)
    gone(pid)


def test_descriptors_that_are_passed_are_not_kept():
    host = shared()
    before = descriptors(host)
    link = host.connect()
    for _ in range(50):
        fds = array.array("i", [0, 1, 2])
        link.sock.sendmsg([b'{"method":"io.nvdimmd.GetStatus"}\0'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        link.receive()
    assert descriptors(host) <= before + 1
    link.close()


def test_a_client_that_leaves_does_not_stop_its_map():
    host = shared()
    link = host.connect()
    link.send("Map", {"volume": "v", "domain": "g1"}, more=True)
    link.close()
    host.wait_for(lambda: host.volume("v").get("mapping", {}).get("state") == "mapped")
    host.call("Unmap", volume="v")


def test_an_upload_that_is_not_finished_changes_nothing():
    host = shared()
    link = host.connect()
    assert link.call("Restore", chunk="U1FMaXRl", offset=0, finished=False)["received"] == 6
    refused("BadRequest", link.call, "Restore", chunk="AAAA", offset=100, finished=True)
    other = host.connect()
    refused("BadRequest", other.call, "Restore", chunk="AAAA", offset=6, finished=True)
    link.close()
    other.close()
    assert host.volume("v")["size"] == 8 * MiB


try:
    run(dict(globals()))
finally:
    if _shared:
        _shared["host"].__exit__(None, None, None)
