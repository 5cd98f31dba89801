# SPDX-License-Identifier: LGPL-2.1-or-later
"""install - the project's programs as a tar file to unpack in Dom0."""
import os
import subprocess


def project(xen, build, image):
    """Install the build tree @build for the Dom0 of @xen; None without one.

    Return: the path of a tar file.
    """
    if not build:
        return None
    stage = os.path.join(image, "project")
    subprocess.run(["rm", "-rf", stage], check=True)
    subprocess.run(["make", "-s", "-C", build, "install", f"DESTDIR={stage}"], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run(["tar", "-C", stage, "-cf", stage + ".tar", "."], check=True)
    return stage + ".tar"
