# SPDX-License-Identifier: LGPL-2.1-or-later
"""cases - the register of cases, and what each needs of its host.

    @case("map-something", fast=True)
    def _(dom0):
        \"\"\"A truth, in one sentence.\"\"\"
"""
import importlib
import os
from fnmatch import fnmatch

CASES = {}


class Case:
    def __init__(self, name, function, options):
        self.name = name
        self.function = function
        self.truth = (function.__doc__ or "").strip().split("\n")[0]
        self.fast = options.pop("fast", False)         # in ./check; "both": on 4.20, too
        self.stock = options.pop("stock", False)       # the unpatched hypervisor
        self.large = options.pop("large", False)       # a DIMM with 1 GiB pages
        self.amd = options.pop("amd", False)           # an AMD CPU
        self.linux = options.pop("linux", False)       # boots a LinuxGuest
        self.xen = options.pop("xen", None)            # only this version
        self.needs_patch = options.pop("patch", not self.stock)
        self.needs_daemon = options.pop("daemon", not self.stock)
        self.seconds = options.pop("seconds", 120)     # at most
        assert not options, f"{name}: unknown options {options}"


def case(name, **options):
    """Register the decorated function as the case @name."""
    def register(function):
        assert name not in CASES, f"two cases are named {name}"
        CASES[name] = Case(name, function, dict(options))
        return function
    return register


def load():
    folder = os.path.join(os.path.dirname(os.path.dirname(__file__)), "cases")
    for file in sorted(os.listdir(folder)):
        if file.endswith(".py") and not file.startswith("_"):
            importlib.import_module("cases." + file[:-3])
    return list(CASES.values())


def choose(cases, patterns, everything, fast, xen):
    """The cases that the command line means, hosts of a kind together."""
    if patterns:
        cases = [c for c in cases if any(fnmatch(c.name, p) for p in patterns)]
    elif fast and not everything:
        cases = [c for c in cases if c.fast and c.xen in (None, xen)
                 and (xen == "4.17" or c.fast == "both")]
    return sorted(cases, key=lambda c: (c.linux, c.stock, c.amd, c.large))
