# SPDX-License-Identifier: LGPL-2.1-or-later
"""install - the project's programs as a tar file to unpack in Dom0."""
import os
import subprocess
import sys

RELEASES = {"4.17": "bookworm", "4.20": "trixie"}
IMAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "image")


def this_release():
    with open("/etc/os-release", encoding="utf-8") as f:
        for line in f:
            if line.startswith("VERSION_CODENAME="):
                return line.split("=")[1].strip().strip('"')
    return ""


def _stage(xen, build, image):
    """What "make install" makes for the Dom0 of @xen, as a directory."""
    if RELEASES[xen] != this_release():
        r = subprocess.run([os.path.join(IMAGE, "build-project"), RELEASES[xen]],
                           stdout=subprocess.PIPE, text=True, check=False)
        return r.stdout.strip() if r.returncode == 0 else None
    stage = os.path.join(image, "project")
    subprocess.run(["rm", "-rf", stage], check=True)
    r = subprocess.run(["make", "-s", "-C", build, "install", f"DESTDIR={stage}"],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if r.returncode:
        print(r.stdout[-2000:], file=sys.stderr)
        return None
    return stage


def program(build, name):
    """A test program of the build tree, built if it is not, with the library that no Dom0 has.

    Return: the paths of files to put into one directory, the program first.
    """
    subprocess.run(["make", "-s", "-C", build, name], check=True, stdout=sys.stderr)
    path = os.path.join(build, os.path.dirname(name), ".libs", os.path.basename(name))
    if not os.path.exists(path):
        path = os.path.join(build, name)
    used = subprocess.run(["ldd", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [path, *(line.split()[2] for line in used.splitlines() if "libcmocka" in line)]


def project(xen, build, image):
    """Build and install the project for the Dom0 of @xen.

    @build is a build tree for this machine's own release, used where that is
    what Dom0 runs; None means to do without the project.
    Return: the path of a tar file, or None.
    """
    stage = build and _stage(xen, build, image)
    if not stage:
        return None
    tar = os.path.join(image, "project.tar")
    subprocess.run(["tar", "-C", stage, "--exclude=./usr/share/man", "--exclude=./usr/include",
                    "-cf", tar, "."], check=True)
    return tar
