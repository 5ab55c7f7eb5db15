# SPDX-License-Identifier: MIT
"""Debian's avahi-daemon on a node, and the bus by which it is reached.

    den = lab.node("den", env=avahi.ENV)
    there = avahi.Avahi(den)
    …
    there.stop()

An ordinary person runs both here, so what the system's services have in /run is put there for them.
"""

SOCKET = "/run/user/1000/system_bus"
ENV = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={SOCKET}"}
CONFIG = "[server]\nuse-ipv4=yes\nuse-ipv6={ipv6}\n[publish]\npublish-workstation=no\n"


class Bus:
    """dbus-daemon, in place of the system's bus."""

    def __init__(self, node):
        # What the session's rules allow: everything, to the one person who is there.
        self.process = node.spawn(["dbus-daemon", "--session", "--nofork", "--nopidfile",
                                   f"--address=unix:path={SOCKET}"])
        node.wait_file(SOCKET)


class Avahi:
    """avahi-daemon; the bus must be there."""

    def __init__(self, node, ipv6=False):
        self.node = node
        node.write_file(f"{node.home}/avahi.conf", CONFIG.format(ipv6="yes" if ipv6 else "no"))
        # It looks for its own user, who is this person here.
        for name, line in (("passwd", "avahi:x:1000:1000::/:/usr/sbin/nologin"),
                           ("group", "avahi:x:1000:")):
            there = node.read_file(f"/etc/{name}").decode()
            node.write_file(f"{node.home}/avahi.{name}", f"{there}{line}\n")
        self.start()

    def start(self):
        """Starts it and waits until it can be asked."""
        self.process = self.node.spawn(
            ["bwrap", "--dev-bind", "/", "/", "--tmpfs", "/run", "--dir", "/run/avahi-daemon",
             "--bind", self.node.runtime, self.node.runtime,
             "--ro-bind", f"{self.node.home}/avahi.passwd", "/etc/passwd",
             "--ro-bind", f"{self.node.home}/avahi.group", "/etc/group", "--die-with-parent",
             "/usr/sbin/avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits", "--debug",
             "-f", f"{self.node.home}/avahi.conf"])
        self.process.wait_output("Server startup complete", 30)

    def stop(self):
        """Ends it, as a package's update does."""
        self.process.stop()
