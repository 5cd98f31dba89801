# SPDX-License-Identifier: LGPL-2.1-or-later
"""nvdimm-sim and its control verbs: options, exit statuses, text and JSON."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import BUILD, MiB, POOL_SPA, TOPOLOGY, run

SIM = BUILD / "nvdimm-sim"


class Sim:
    """A simulator that was started as a person starts it: in the background."""

    def __enter__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="nvdimm-sim-e2e."))
        (self.dir / "topology").write_text(TOPOLOGY)
        self.socket = self.dir / "socket"
        self.start()
        return self

    def start(self):
        p = sim("--topology", self.dir / "topology", "--socket", self.socket, "--state", self.dir / "dimms")
        assert p.returncode == 0, p.stderr
        assert p.stdout.startswith("ready"), p.stdout

    def __exit__(self, *_):
        sim("ctl", "--socket", self.socket, "stop")
        shutil.rmtree(self.dir)

    def text(self, *words, code=0):
        p = sim("ctl", *words, env={"NVDIMM_SIM_SOCKET": str(self.socket)})
        assert p.returncode == code, f"{words}: {p.returncode}, not {code}: {p.stdout}{p.stderr}"
        assert bool(p.stderr) == (code in (1, 2)), p.stderr
        return p.stdout + p.stderr

    def json(self, *words, code=0):
        return json.loads(self.text("--json", *words, code=code))


def sim(*words, env=None):
    return subprocess.run([SIM, *map(str, words)], env={"PATH": os.environ["PATH"], **(env or {})},
                          capture_output=True, timeout=60, text=True)


def test_it_is_ready_when_the_command_returns_and_gone_after_stop():
    with Sim() as s:
        s.text("stat")
        s.text("stop")
        for _ in range(100):
            if not s.socket.exists():
                break
            time.sleep(0.05)
        assert "no simulator answers" in s.text("stat", code=1)
        s.start()


def test_a_second_simulator_does_not_take_the_place_of_the_first():
    with Sim() as s:
        p = sim("--topology", s.dir / "topology", "--socket", s.socket)
        assert p.returncode == 1 and "Address already in use" in p.stderr, p
        s.text("stat")


def test_what_cannot_start_says_why():
    with tempfile.TemporaryDirectory() as d:
        d = pathlib.Path(d)
        (d / "bad").write_text('region "r" {\n\tspa = "0"\n\tsize = "much"\n}\n')
        p = sim("--topology", d / "bad", "--socket", d / "s")
        assert p.returncode == 1 and f'{d}/bad:3: size is "much"' in p.stderr, p
        p = sim("--topology", d / "bad", "--check")
        assert p.returncode == 1 and "bad:3:" in p.stderr, p
        p = sim("--topology", d / "none", "--socket", d / "s")
        assert p.returncode == 1 and "No such file" in p.stderr, p
        p = sim("--topology", d, "--check")
        assert p.returncode == 1, p
        (d / "good").write_text(TOPOLOGY)
        assert sim("--topology", d / "good", "--check").returncode == 0
        p = sim("--topology", d / "good", "--socket", d / "no" / "s")
        assert p.returncode == 1 and "cannot listen" in p.stderr, p
        p = sim("--topology", d / "good", "--socket", "/" + "x" * 200)
        assert p.returncode == 1, p


def test_wrong_usage_is_2_and_shows_the_right_one():
    with Sim() as s:
        assert "there is no verb 'fly'" in s.text("fly", code=2)
        assert "missing '--name'" in s.text("domain", "create", code=2)
        assert "unknown option '--nam'" in s.text("domain", "create", "--nam", "x", code=2)
        assert "a value must follow" in s.text("domain", "create", "--name", code=2)
        assert "too much" in s.text("domain", "list", "all", code=2)
        assert "verb is missing" in s.text(code=2)
        assert sim().returncode == 2
        assert sim("--fly").returncode == 2


def test_refusals_are_1_and_one_sentence():
    with Sim() as s:
        for words, sentence in [
            (("domain", "show", "g"), "there is no domain 'g'"),
            (("domain", "create", "--name", "a b"), "'a b' is not a name"),
            (("domain", "create", "--name", "a", "--memory", "lots"), "'lots' is not a number"),
            (("domain", "create", "--name", "a", "--type", "kvm"), "none of pvh|hvm|pv"),
            (("domain", "create", "--name", "a", "--uuid", "1"), "not a UUID"),
            (("domain", "create", "--name", "a", "--memory", "2P"), "at most 1 TiB"),
            (("host", "read", "0x1000"), "not persistent memory"),
            (("host", "write", hex(POOL_SPA), "xyz"), "not bytes in hexadecimal"),
            (("mce",), "say where"),
            (("fault", "add", "--op", "fly"), "no operation 'fly'"),
            (("fault", "clear", "7"), "no fault 7"),
            (("domain", "destroy", "0"), "control domain"),
        ]:
            out = s.text(*words, code=1)
            assert sentence in out and out.count("\n") == 1, out


def test_every_verb_explains_itself():
    out = sim("ctl", "--help").stdout
    names = [line.split("[")[0].split("--")[0].strip() for line in out.splitlines() if re.match(r"  [a-z]", line)]
    verbs = {tuple(w for w in n.split() if w.islower()) for n in names}
    assert len(verbs) > 30, verbs
    for v in verbs:
        p = sim("ctl", *v, "--help")
        assert p.returncode == 0 and "usage: nvdimm-sim ctl " + " ".join(v) in p.stdout, (v, p)


def test_a_guest_lives_and_dies():
    with Sim() as s:
        d = s.json("domain", "create", "--name", "g1", "--type", "hvm", "--memory", "5G", "--vcpus", "2")
        assert (d["name"], d["type"], d["memory"], d["state"]) == ("g1", "hvm", 5 << 30, "running")
        assert s.json("domain", "show", d["uuid"])["domid"] == d["domid"]
        assert "paused" in s.text("domain", "pause", "g1")
        assert s.json("guest", "read", "g1", "0", code=3)["end"] == "stopped"
        s.text("domain", "unpause", "g1")
        s.text("guest", "write", "g1", "0x1000", "00ff7a")
        assert s.json("guest", "read", "g1", "0x1000", "3")["data"] == "00ff7a"
        assert "00 ff 7a" in s.text("guest", "read", "g1", "0x1000", "3")
        assert s.json("guest", "read", "g1", "0xf0000000", "8") == {
            "end": "ok", "bytes": 8, "holes": 8, "data": "ff" * 8}
        pages = s.json("p2m", "g1")["pages"]
        assert sum(p["size"] for p in pages) == 5 << 30, pages
        s.text("domain", "reboot", "g1")
        again = s.json("domain", "show", "g1")
        while again["domid"] == d["domid"]:
            again = s.json("domain", "show", "g1")
        assert again["uuid"] == d["uuid"]
        s.text("domain", "rename", "g1", "g2")
        s.text("domain", "destroy", "g2", "--stepwise")
        assert s.json("domain", "show", "g2")["state"] == "dying"
        s.text("domain", "release", "g2")
        assert [x["name"] for x in s.json("domain", "list")["domains"]] == ["Domain-0"]


def test_dimms_keep_what_they_hold_when_the_host_is_reset():
    with Sim() as s:
        s.text("host", "fill", hex(POOL_SPA), "24M", "--seed", "9")
        assert s.json("host", "check", hex(POOL_SPA), "24M", "--seed", "9")["bytes"] == 24 * MiB
        s.text("host", "reboot")
        s.text("host", "check", hex(POOL_SPA), "24M", "--seed", "9")
        s.text("stop")
        time.sleep(0.2)
        s.start()
        s.text("host", "check", hex(POOL_SPA), "24M", "--seed", "9")
        wrong = s.json("host", "check", hex(POOL_SPA), "24M", "--seed", "8", code=3)
        assert wrong["wrong_at"] == POOL_SPA, wrong
        s.text("host", "write", hex(POOL_SPA + 20 * MiB), "00")
        wrong = s.json("host", "check", hex(POOL_SPA), "24M", "--seed", "9", code=3)
        assert wrong["wrong_at"] == POOL_SPA + 20 * MiB, wrong


def test_poison_lasts_until_it_is_cleared():
    with Sim() as s:
        s.text("poison", "set", hex(POOL_SPA + 0x5000), "8K")
        assert "poison" in s.text("host", "read", hex(POOL_SPA + 0x6fff), "1", code=1)
        s.text("host", "read", hex(POOL_SPA + 0x7000), "1")
        s.text("host", "reboot")
        s.text("host", "read", hex(POOL_SPA + 0x5000), "1", code=1)
        s.text("poison", "clear", hex(POOL_SPA + 0x5000), "8K")
        assert s.json("host", "read", hex(POOL_SPA + 0x5000), "2")["data"] == "0000"


def test_time_can_stand_still():
    with Sim() as s:
        a = s.json("clock", "stop")["time_ns"]
        assert s.json("clock", "show") == {"time_ns": a, "stopped": True}
        assert s.json("clock", "advance", "1500")["time_ns"] == a + 1_500_000_000
        assert s.json("clock", "start")["stopped"] is False
        assert s.json("clock", "show")["time_ns"] >= a + 1_500_000_000


def test_the_man_page_lists_every_verb():
    page = BUILD / "shim-hypercall/sim/nvdimm-sim.1"
    text = re.sub(r"\\fR|\\fB|\\fI|\\", "", page.read_text())
    for line in sim("ctl", "--help").stdout.splitlines():
        if re.match(r"  [a-z]", line):
            assert line.strip() in text, line


run(dict(globals()))
