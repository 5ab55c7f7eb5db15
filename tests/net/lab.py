# SPDX-License-Identifier: MIT
"""A network of nodes on this machine: a switch, a port for each node, cables that are not perfect.

    with Lab(out, wire=WIRE, share=[BUILD]) as lab:
        den, ibiza = lab.node("den", person="ann"), lab.node("ibiza", person="ann", link="WAN40")
        den.run(["ping", "-c1", ibiza.ip])

All of it lives in namespaces whose process 1 ends with the channel to this process: a test may end
in any way, and nothing is left on the machine but the logs in out. What a node is made of is said
in node.py and rootfs.py, what one can do with it in place.py.
"""

import contextlib
import json
import os
import re
import signal
import subprocess

from net import channel, nat, pcap
from net.place import LAUNCHER, Place, Process, launcher_argv, wait_for

__all__ = ["LAUNCHER", "Capture", "Lab", "Node", "Place", "Process", "Switch", "wait_for"]

PORTS_MAX = 200
CLOSE_S = 10
# Outside, where there is more than one uid to choose from, each node's person is one of Debian's
# reserved uids (policy 9.2.2), which no account has.
FIRST_UID = 65100
# What a sanitizer is told outside holds inside as well.
PASSED_ON = ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS")
LAN_SHAPE = "tbf rate 1gbit burst 256kb latency 20ms"
BRIDGE_DISABLED, BRIDGE_FORWARDING = 0, 3


class Switch(Place):
    """The place that holds the switch, the wires and the launchers of the nodes."""

    def __init__(self, out):
        super().__init__("switch", dict(os.environ), os.path.join(out, "switch"))
        inner = self._inner.fileno()
        self.launcher = subprocess.Popen(launcher_argv(inner), pass_fds=[inner],
                                         stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            self._begin({"kind": "switch"})
        except BaseException:
            self.close()
            raise

    def close(self):
        """Ends the switch and with it every node. Afterwards no process of theirs is left."""
        super().close()
        try:
            self.launcher.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self.launcher.kill()  # process 1 is killed with its launcher
            self.launcher.wait()


class Node(Place):
    """A machine with an ordinary person on it."""

    def __init__(self, lab, name, person, number, devices, sockets, disks, env):
        home = f"/home/{person}"
        own = {
            "HOME": home, "USER": person, "LOGNAME": person, "SHELL": "/bin/bash",
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/games", "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": "/run/user/1000", "TERM": "xterm-256color",
            **{key: os.environ[key] for key in PASSED_ON if key in os.environ},
            **lab.env, **(env or {}),
        }
        super().__init__(name, own, os.path.join(lab.out, name), cwd=home)
        self.lab, self.person, self.number, self.home = lab, person, number, home
        self.runtime = "/run/user/1000"
        self.ip = f"10.77.0.{number}"
        self.mac = f"02:0b:0c:0a:4d:{number:02x}"
        # The link-local address that follows from the MAC (RFC 4291, appendix A).
        self.ip6 = f"fe80::b:cff:fe0a:4d{number:02x}"
        self.wire = None  # the process of an emulated cable
        self.port = None  # the switch's interface, when the node has a cable to it
        self.guests = 0  # of a router: machines that were moved behind it
        self.launcher = lab.switch.spawn(launcher_argv(3), fds={3: self._inner}, log="launcher")
        try:
            self._begin({"kind": "node", "name": name, "person": person,
                         "uid": FIRST_UID + number, "share": lab.share, "devices": list(devices),
                         "sockets": list(sockets), "disks": dict(disks)})
        except BaseException:
            self.close()
            raise

    @property
    def net(self):
        """The node's network namespace as a path, for the switch and its programs."""
        return f"/proc/{self.launcher.pid}/ns/net"

    def close(self):
        """Ends the node. Afterwards no process of it is left."""
        super().close()
        with contextlib.suppress(ConnectionError):  # the switch went first
            try:
                self.launcher.wait(CLOSE_S)
            except TimeoutError:
                self.launcher.kill()
                self.launcher.wait()


class Capture:
    """Everything that passes the switch, from now on, in a file."""

    def __init__(self, switch, path):
        self.path = path
        # -Z root: there may be no other user to change to.
        with open(path, "wb") as file:
            self._tcpdump = switch.spawn(
                ["tcpdump", "-i", "sw0", "-U", "--immediate-mode", "-Z", "root", "-w", "-"],
                stdout=file, log="tcpdump")
        self._tcpdump.wait_output("listening on")

    def frames(self):
        """The frames so far, as pcap.Frame."""
        with open(self.path, "rb") as file:
            return list(pcap.frames(file.read()))

    def stop(self):
        """Ends the capture; returns its frames."""
        self._tcpdump.kill(signal.SIGINT)
        self._tcpdump.wait()
        return self.frames()


class Lab:
    """The switch and its nodes.

    out takes the logs, a directory each. wire is the program of that name, needed for links other
    than LAN. share is what nodes see of this machine besides /usr and /etc, read-only, at the same
    paths. env is added to the environment of every program on a node.
    """

    def __init__(self, out, *, wire=None, share=(), env=None):
        self.out, self.wire, self.env = os.path.abspath(out), wire, env or {}
        self.share = [os.path.abspath(path) for path in share]
        self.nodes = {}
        self._count = 0
        self.switch = Switch(self.out)
        try:
            self._ip("link add sw0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
                     "link set sw0 up")
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends everything. Afterwards no process, mount, namespace or interface is left."""
        for node in self.nodes.values():
            Place.close(node)
        self.nodes.clear()
        self.switch.close()

    def node(self, name, *, person="ann", link="LAN", devices=(), sockets=(), disks=(), env=None):
        """Adds a machine.

        link is LAN, "bare" (as fast as the machine), another profile of wire.c with further
        key=value words after it ("WAN seed=7"), or None for a machine without a cable. devices are files of /dev that it has besides the
        usual ones, sockets such of this machine as it may connect to, at the same paths; nothing
        else is shared. disks are folders that hold so much
        and no more, {"/srv/small": "1m"}, or are folders of this machine, which the node then has,
        {"/srv/real": "/var/tmp/disk"}. env is added to the environment of its programs.
        """
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name) or name in self.nodes:
            raise ValueError(f"not a new host name: {name!r}")
        if self._count == PORTS_MAX:
            raise ValueError("the switch has no port left")
        self._count += 1
        node = Node(self, name, person, self._count, devices, sockets, disks, env)
        self.nodes[name] = node
        self._ip("link set lo up", node=node)
        if link is not None:
            self._plug(node, link)
        return node

    def router(self, name, *, symmetric=False):
        """Adds a machine that stands between the switch and others (see nat.py)."""
        node = self.node(name, person="root")
        self._inside(node, ["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])
        self.firewall(node, nat.rules(symmetric))
        return node

    def put_behind(self, node, router):
        """Takes a node's cable out of the switch and puts it into a router, as when somebody goes
        home with a laptop: its address is another, and nobody reaches it from outside."""
        router.guests += 1
        network, inner = f"192.168.{router.number}", f"guest{node.number}"
        self._ip(f"link del {node.port}",
                 f"link add {inner} type veth "
                 f"peer name eth0 address {node.mac} netns {node.launcher.pid}",
                 f"link set {inner} netns {router.launcher.pid}")
        if router.guests == 1:
            self._ip("link add lan type bridge stp_state 0 forward_delay 0",
                     f"addr add {network}.1/24 dev lan", "link set lan up", node=router)
        self._ip(f"link set {inner} master lan up", node=router)
        node.ip, node.port = f"{network}.{1 + router.guests}", None
        self._ip("link set eth0 up", f"addr add {node.ip}/24 dev eth0",
                 f"route add default via {network}.1", node=node)

    def firewall(self, node, rules):
        """Adds rules of nft(8) to a node's network."""
        self._inside(node, ["nft", "-f", "-"], input=rules.encode())

    def remove(self, node):
        """Ends one node and takes its cable away."""
        del self.nodes[node.name]
        if node.wire:
            node.wire.stop()
            # The node's own cable goes with its namespace; this one has both ends on the switch.
            self._ip(f"link del {node.port}")
        node.close()

    def _plug(self, node, link):
        port = f"port{node.number}"
        # One segment at a time: what the wire delays, drops and counts are frames as on a cable.
        limit = "" if link in ("LAN", "bare") else "gso_max_segs 1"
        self._ip(f"link add {port} type veth "
                 f"peer name eth0 address {node.mac} netns {node.launcher.pid}",
                 f"link set {port} up")
        self._ip(f"link set eth0 {limit} up", f"addr add {node.ip}/24 dev eth0", node=node)
        if link in ("LAN", "bare"):
            node.port = port
            self._ip(f"link set {port} master sw0")
            if link == "bare":
                return
            self.switch.run(["tc", "qdisc", "add", "dev", port, "root", *LAN_SHAPE.split()])
            self._inside(node, ["tc", "qdisc", "add", "dev", "eth0", "root", *LAN_SHAPE.split()])
            return
        if self.wire is None:
            raise ValueError(f"a {link!r} link needs the program wire")
        node.port, back = f"uplink{node.number}", f"back{node.number}"
        self._ip(f"link add {node.port} type veth peer name {back}",
                 f"link set {node.port} {limit} master sw0 up", f"link set {back} up")
        node.wire = self.switch.spawn([self.wire, port, back, *link.split()],
                                      log=f"wire-{node.name}")
        node.wire.wait_output("ready")

    def _inside(self, node, argv, **options):
        return self.switch.run(["nsenter", f"--net={node.net}", *argv], **options)

    def _ip(self, *commands, node=None):
        """Runs commands of ip(8) on the switch, or with its rights in a node's network."""
        argv = ["ip", "-batch", "-"]
        if node is not None:
            argv = ["nsenter", f"--net={node.net}", *argv]
        self.switch.run(argv, input="\n".join(commands).encode())

    def move(self, node):
        """Gives the node another address in place of its own, as another network would."""
        old = node.ip
        node.ip = f"10.77.0.{PORTS_MAX + node.number}"
        self._ip(f"addr del {old}/24 dev eth0", f"addr add {node.ip}/24 dev eth0", node=node)

    def cut(self, node, *, carrier=True):
        """Nothing passes the node's port any more, in either direction.

        The node is not told, as when something fails further away; with carrier=False it sees its
        own plug pulled.
        """
        if not carrier:
            self._ip(f"link set port{node.number} down")
        elif node.wire:
            self._signal_wire(node, signal.SIGUSR1, "cut")
        else:
            self._set_bridge(node, BRIDGE_DISABLED)

    def mend(self, node):
        """Undoes a cut of either kind."""
        self._ip(f"link set port{node.number} up")
        if node.wire:
            self._signal_wire(node, signal.SIGUSR2, "mended")
        else:
            self._set_bridge(node, BRIDGE_FORWARDING)

    def _signal_wire(self, node, number, answer):
        before = node.wire.output().count(answer)
        node.wire.kill(number)
        wait_for(lambda: node.wire.output().count(answer) > before, what=f"the wire to be {answer}")

    def _set_bridge(self, node, state):
        self.switch.run(["bridge", "link", "set", "dev", node.port, "state", str(state)])

    def port_bytes(self, node):
        """What has passed the node's port, both ways."""
        told = json.loads(self.switch.output(["ip", "-j", "-s", "link", "show", "dev", node.port]))
        return sum(told[0]["stats64"][way]["bytes"] for way in ("rx", "tx"))

    def capture(self, path):
        """Starts writing everything that passes the switch to a file, until Capture.stop()."""
        return Capture(self.switch, path)
