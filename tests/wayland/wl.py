# SPDX-License-Identifier: MIT
"""A Wayland client in plain Python: the wire, with messages read from the protocols' XML.

It knows no policy. Requests are methods of a Proxy, named as in the XML; every event is kept in the
order it came (Display.log), so that a test can say what must have come before what. It shares no
code with libwayland.
"""

import array
import glob
import mmap
import os
import select
import socket
import struct
import time
import xml.etree.ElementTree as xml

XML = [
    "/usr/share/wayland/wayland.xml",
    "/usr/share/wayland-protocols/stable/xdg-shell/xdg-shell.xml",
    "/usr/share/wayland-protocols/stable/viewporter/viewporter.xml",
    "/usr/share/wayland-protocols/stable/linux-dmabuf/linux-dmabuf-v1.xml",
    "/usr/share/wayland-protocols/unstable/xdg-decoration/xdg-decoration-unstable-v1.xml",
    "/usr/share/wayland-protocols/unstable/pointer-constraints/"
    "pointer-constraints-unstable-v1.xml",
    "/usr/share/wayland-protocols/unstable/relative-pointer/relative-pointer-unstable-v1.xml",
    "/usr/share/wayland-protocols/unstable/idle-inhibit/idle-inhibit-unstable-v1.xml",
    "/usr/share/wayland-protocols/unstable/keyboard-shortcuts-inhibit/"
    "keyboard-shortcuts-inhibit-unstable-v1.xml",
    "/usr/share/wayland-protocols/staging/ext-foreign-toplevel-list/"
    "ext-foreign-toplevel-list-v1.xml",
    "/usr/share/wayland-protocols/staging/ext-idle-notify/ext-idle-notify-v1.xml",
    "/usr/share/wayland-protocols/staging/security-context/security-context-v1.xml",
    "/usr/share/wayland-protocols/staging/xdg-activation/xdg-activation-v1.xml",
    "/usr/share/wayland-protocols/staging/fractional-scale/fractional-scale-v1.xml",
    "/usr/share/wayland-protocols/staging/alpha-modifier/alpha-modifier-v1.xml",
    *sorted(glob.glob("/usr/share/cargo/registry/wayland-protocols-wlr-*/wlr-protocols/unstable/*.xml")),
    *sorted(glob.glob("/usr/share/wlr-protocols/unstable/*.xml")),
    *sorted(glob.glob("/usr/share/cargo/registry/wayland-protocols-misc-*/protocols/"
                      "virtual-keyboard-unstable-v1.xml")),
    *sorted(glob.glob("/usr/share/cargo/registry/wayland-protocols-misc-*/protocols/"
                      "server-decoration.xml")),
]


class ProtocolError(Exception):
    """The compositor said wl_display.error, or hung up."""


class Interface:
    def __init__(self, node):
        self.name = node.get("name")
        self.version = int(node.get("version"))
        self.requests = [Message(child) for child in node.iter("request")]
        self.events = [Message(child) for child in node.iter("event")]
        self.by_name = {message.name: code for code, message in enumerate(self.requests)}


class Message:
    def __init__(self, node):
        self.name = node.get("name")
        self.args = [(arg.get("type"), arg.get("interface")) for arg in node.iter("arg")]
        self.destructor = node.get("type") == "destructor"


def load():
    interfaces = {}
    for path in XML:
        if os.path.exists(path):
            for node in xml.parse(path).getroot().iter("interface"):
                interfaces.setdefault(node.get("name"), Interface(node))
    return interfaces


INTERFACES = load()


class Proxy:
    """An object of the connection. Requests are methods; events are in .events as (name, args)."""

    def __init__(self, display, ident, interface, version):
        self.display, self.id, self.version = display, ident, version
        self.interface = INTERFACES[interface]
        self.destroyed = False  # by us; events of it may still be on their way
        self.events = []
        self.on = {}  # name -> function(*args), called as the event is read

    def __repr__(self):
        return f"{self.interface.name}#{self.id}"

    def __getattr__(self, name):
        if name.startswith("_") or name not in self.interface.by_name:
            raise AttributeError(name)
        return lambda *args: self.display.send(self, self.interface.by_name[name], args)

    def last(self, name):
        """The arguments of the last event of that name; None if there was none."""
        for event, args in reversed(self.events):
            if event == name:
                return args
        return None

    def all(self, name):
        return [args for event, args in self.events if event == name]


class Display:
    def __init__(self, sock):
        """sock is connected; it is the display's from now on."""
        self.socket = sock
        self.inbound, self.fds = b"", []
        self.log = []  # (proxy, event, args) in order
        self.next_id, self.free = 2, []
        self.objects = {}
        self.display = Proxy(self, 1, "wl_display", 1)
        self.objects[1] = self.display
        self.globals = {}  # interface -> [(name, version)]
        self.registry = self.display.get_registry()
        self.registry.on["global"] = self.handle_global
        self.roundtrip()

    def close(self):
        self.socket.close()
        for fd in self.fds:
            os.close(fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def handle_global(self, name, interface, version):
        self.globals.setdefault(interface, []).append((name, version))

    def bind(self, interface, index=0):
        """A global, at the highest version both sides know."""
        name, version = self.globals[interface][index]
        version = min(version, INTERFACES[interface].version)
        return self.registry.bind(name, interface, version)

    def new(self, interface, version):
        ident = self.free.pop() if self.free else self.next_id
        if ident == self.next_id:
            self.next_id += 1
        proxy = Proxy(self, ident, interface, version)
        self.objects[ident] = proxy
        return proxy

    def send(self, proxy, code, args):
        message = proxy.interface.requests[code]
        args, body, fds, made = list(args), b"", [], None
        for kind, interface in message.args:
            if kind == "new_id":
                if interface:
                    made = self.new(interface, proxy.version)
                else:  # wl_registry.bind names it itself
                    name, version = args.pop(0), args.pop(0)
                    made = self.new(name, version)
                    body += pack_string(name) + struct.pack("=I", version)
                body += struct.pack("=I", made.id)
                continue
            value = args.pop(0)
            if kind == "fd":
                fds.append(value)
            else:
                body += pack(kind, value)
        proxy.destroyed = message.destructor
        assert not args, f"too many arguments for {proxy}.{message.name}"
        head = struct.pack("=II", proxy.id, (8 + len(body)) << 16 | code)
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            self.socket.sendmsg([head + body], control)
        except (BrokenPipeError, ConnectionResetError) as gone:
            self.read_rest()
            raise ProtocolError("the compositor hung up") from gone
        return made

    def read_rest(self):
        """What it said before it hung up: perhaps why."""
        while self.receive(0):
            pass

    def receive(self, timeout):
        """Reads what there is, waiting so many seconds for it. False: nothing came."""
        if not select.select([self.socket], [], [], timeout)[0]:
            return False
        try:
            data, control, _, _ = self.socket.recvmsg(65536, socket.CMSG_SPACE(64 * 4))
        except ConnectionResetError as gone:
            raise ProtocolError("the compositor hung up") from gone
        for level, kind, payload in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds = array.array("i")
                fds.frombytes(payload[:len(payload) - len(payload) % fds.itemsize])
                self.fds += fds
        if not data:
            raise ProtocolError("the compositor hung up")
        self.inbound += data
        while len(self.inbound) >= 8:
            ident, word = struct.unpack("=II", self.inbound[:8])
            size = word >> 16
            if len(self.inbound) < size:
                break
            body, self.inbound = self.inbound[8:size], self.inbound[size:]
            self.handle(ident, word & 0xffff, body)
        return True

    def handle(self, ident, code, body):
        proxy = self.objects.get(ident)
        if proxy is None:
            return  # destroyed by us, the event was on its way
        message = proxy.interface.events[code]
        args = []
        for kind, interface in message.args:
            value, body = self.unpack(kind, interface, body, proxy.version)
            args.append(value)
        args = tuple(args)
        if ident == 1 and message.name == "error":
            raise ProtocolError(f"{args[0]}: {args[2]} (code {args[1]})")
        if ident == 1 and message.name == "delete_id":
            self.objects.pop(args[0], None)
            if args[0] < 0xff000000:
                self.free.append(args[0])
            return
        if (proxy.interface.name, message.name) == ("xdg_wm_base", "ping"):
            proxy.pong(*args)
        proxy.events.append((message.name, args))
        self.log.append((proxy, message.name, args))
        if message.name in proxy.on and not proxy.destroyed:
            proxy.on[message.name](*args)

    def unpack(self, kind, interface, body, version):
        if kind == "fd":
            return self.fds.pop(0), body
        if kind in ("string", "array"):
            (size,), body = struct.unpack("=I", body[:4]), body[4:]
            raw, body = body[:size], body[(size + 3) // 4 * 4:]
            return (raw[:-1].decode() if size else None) if kind == "string" else raw, body
        (word,), body = struct.unpack("=i" if kind in ("int", "fixed") else "=I", body[:4]), body[4:]
        if kind == "fixed":
            return word / 256, body
        if kind == "object":
            return self.objects.get(word), body
        if kind == "new_id":
            self.objects[word] = Proxy(self, word, interface, version)
            return self.objects[word], body
        return word, body

    def roundtrip(self):
        callback = self.display.sync()
        self.until(lambda: callback.last("done"), "an answer to sync")

    def until(self, condition, what="it", timeout=20):
        """Handles events until the condition holds; its value."""
        end = time.monotonic() + timeout
        while not (value := condition()):
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"waited {timeout} s for {what}; last: {self.log[-12:]}")
            self.receive(left)
        return value


def connect(path):
    """A connected socket for a Display."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(str(path))
    return sock


def pack_string(value):
    if value is None:
        return struct.pack("=I", 0)
    raw = value.encode() + b"\0"
    return struct.pack("=I", len(raw)) + raw + b"\0" * (-len(raw) % 4)


def pack(kind, value):
    if kind == "string":
        return pack_string(value)
    if kind == "array":
        return struct.pack("=I", len(value)) + value + b"\0" * (-len(value) % 4)
    if kind == "object":
        return struct.pack("=I", value.id if value else 0)
    if kind == "fixed":
        return struct.pack("=i", round(value * 256))
    return struct.pack("=i" if value < 0 else "=I", value)


def buffer(shm, width, height, argb):
    """A wl_buffer of one colour."""
    return picture(shm, width, height, struct.pack("=I", argb) * (width * height))


def picture(shm, width, height, pixels):
    """A wl_buffer of these pixels, argb8888."""
    size = width * height * 4
    fd = os.memfd_create("buffer", os.MFD_CLOEXEC)
    os.ftruncate(fd, size)
    with mmap.mmap(fd, size) as memory:
        memory.write(pixels)
    pool = shm.create_pool(fd, size)
    made = pool.create_buffer(0, width, height, width * 4, 0)
    pool.destroy()
    os.close(fd)
    return made


def memfd(data):
    fd = os.memfd_create("data", os.MFD_CLOEXEC)
    os.write(fd, data)
    return fd
