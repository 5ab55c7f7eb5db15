# SPDX-License-Identifier: MIT
"""A compositor for one client, in Python, which takes linux-dmabuf and maps what it is given: what a
desktop with a graphics processor does with boxview's buffers, as far as pixels in memory can tell. It
speaks from the protocols' XML and answers what boxview needs; nothing is composed."""

import array
import contextlib
import mmap
import os
import pathlib
import socket
import struct
import threading
import time
import xml.etree.ElementTree as ElementTree

import numpy

PROTOCOLS = pathlib.Path("/usr/share/wayland-protocols")
FILES = [pathlib.Path("/usr/share/wayland/wayland.xml"), *(PROTOCOLS / path for path in (
    "stable/linux-dmabuf/linux-dmabuf-v1.xml", "stable/viewporter/viewporter.xml",
    "stable/xdg-shell/xdg-shell.xml"))]
GLOBALS = {"wl_compositor": 5, "wl_subcompositor": 1, "wl_shm": 1, "wp_viewporter": 1,
           "xdg_wm_base": 3, "zwp_linux_dmabuf_v1": 4}
NV12, LINEAR = 0x3231564E, 0


def read_protocols():
    found = {}
    for path in FILES:
        for interface in ElementTree.parse(path).iter("interface"):
            found[interface.get("name")] = tuple(
                [(m.get("name"), [(a.get("type"), a.get("interface")) for a in m.findall("arg")])
                 for m in interface.findall(kind)] for kind in ("request", "event"))
    return found


def from_nv12(y, uv):
    """BT.601, limited; one sample of chroma for four pixels."""
    luma = (y.astype(float) - 16) * 255 / 219
    cb, cr = (numpy.repeat(numpy.repeat(uv[..., i].astype(float) - 128, 2, 0), 2, 1) * 255 / 112
              for i in (0, 1))
    rgb = numpy.stack([luma + 0.701 * cr, luma - 0.114 * 0.886 / 0.587 * cb - 0.299 * 0.701 / 0.587 * cr,
                       luma + 0.886 * cb], axis=-1)
    return rgb.clip(0, 255)


class Compositor:
    def __init__(self, path, modifiers=(LINEAR,), takes=True, version=4):
        self.modifiers, self.takes = modifiers, takes
        self.globals = dict(GLOBALS, zwp_linux_dmabuf_v1=version)
        self.protocols = read_protocols()
        self.objects, self.state, self.fds = {1: "wl_display"}, {}, []
        self.shown, self.more = [], threading.Condition()  # ("shm" or "dmabuf", pixels), the last 60
        self.count = 0  # of all that was shown
        self.server_id, self.failure = 0xff000000, None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(1)
        self.socket = None
        threading.Thread(target=self.serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        if self.socket:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)

    def wait(self, check, timeout=20):
        """The newest of what was shown that fits."""
        end, seen = time.monotonic() + timeout, 0
        while True:
            with self.more:
                new, seen = self.shown[max(len(self.shown) - (self.count - seen), 0):], self.count
            for picture in reversed(new):
                if check(*picture):
                    return picture[1]
            with self.more:
                left = end - time.monotonic()
                assert not self.failure, self.failure
                assert left > 0, f"it was not shown; {[kind for kind, _ in self.shown[-20:]]} were"
                self.more.wait_for(lambda: self.count > seen or self.failure, left)

    # the wire

    def serve(self):
        self.socket, _ = self.listener.accept()
        data = b""
        try:
            while True:
                some, ancillary, _, _ = self.socket.recvmsg(1 << 16, socket.CMSG_SPACE(4 * 28))
                for level, kind, payload in ancillary:
                    if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                        fds = array.array("i")
                        fds.frombytes(payload[:len(payload) // 4 * 4])
                        self.fds += fds
                data += some
                if not some:
                    return
                while len(data) >= 8 and len(data) >= struct.unpack_from("=IHH", data)[2]:
                    target, opcode, size = struct.unpack_from("=IHH", data)
                    self.request(target, opcode, data[8:size])
                    data = data[size:]
        except OSError:
            return
        except Exception as trouble:  # the test says it: this thread has no other way to
            with self.more:
                self.failure = repr(trouble)
                self.more.notify_all()
            self.socket.close()

    def request(self, target, opcode, data):
        interface = self.objects[target]
        name, kinds = self.protocols[interface][0][opcode]
        args, at = [], 0
        for kind, of in kinds:
            if kind == "fd":
                args.append(self.fds.pop(0))
                continue
            value = struct.unpack_from("=i" if kind in ("int", "fixed") else "=I", data, at)[0]
            at += 4
            if kind == "string":
                text, value = data[at:at + value - 1].decode(), at + (value + 3) // 4 * 4
                at, value = value, text
            elif kind == "array":
                at, value = at + (value + 3) // 4 * 4, data[at:at + value]
            elif kind == "new_id":
                if not of:  # wl_registry.bind: its interface is said before
                    size = struct.unpack_from("=I", data, at - 4)[0]
                    of = data[at:at + size - 1].decode()
                    at += (size + 3) // 4 * 4 + 4  # and a version
                    value = struct.unpack_from("=I", data, at)[0]
                    at += 4
                self.objects[value] = of
                self.state[value] = {"of": target}
            args.append(value)
        handle = getattr(self, f"{interface}_{name}", None)
        if handle:
            handle(target, *args)
        if name in ("destroy", "release") and interface != "wl_shm_pool":
            self.event(1, "delete_id", target)

    def event(self, target, name, *args):
        events = self.protocols[self.objects[target]][1]
        opcode = [event for event, _ in events].index(name)
        out, fds = b"", []
        for (kind, _), value in zip(events[opcode][1], args):
            if kind == "fd":
                fds.append(value)
            elif kind in ("string", "array"):
                value = value.encode() + b"\0" if kind == "string" else value
                out += struct.pack("=I", len(value)) + value + b"\0" * (-len(value) % 4)
            else:
                out += struct.pack("=i" if kind in ("int", "fixed") else "=I", value)
        socket.send_fds(self.socket, [struct.pack("=IHH", target, opcode, 8 + len(out)) + out], fds)

    # globals

    def wl_display_sync(self, _, callback):
        self.event(callback, "done", 0)
        self.event(1, "delete_id", callback)

    def wl_display_get_registry(self, _, registry):
        for number, (name, version) in enumerate(self.globals.items()):
            self.event(registry, "global", number, name, version)

    def wl_registry_bind(self, _, number, made):
        if self.objects[made] == "zwp_linux_dmabuf_v1" and self.globals["zwp_linux_dmabuf_v1"] == 3:
            for modifier in self.modifiers:
                self.event(made, "modifier", NV12, modifier >> 32, modifier & 0xffffffff)

    # windows

    def xdg_surface_get_toplevel(self, surface, toplevel):
        self.event(toplevel, "configure", 0, 0, b"")
        self.event(surface, "configure", 1)

    def wl_surface_frame(self, surface, callback):
        self.state[surface].setdefault("frames", []).append(callback)

    def wl_surface_attach(self, surface, buffer, *_):
        self.state[surface]["attached"] = buffer

    def wl_surface_commit(self, surface):
        state = self.state[surface]
        buffer = state.pop("attached", None)
        if buffer:
            pixels = self.read(self.state[buffer])
            before, state["held"] = state.get("held"), buffer
            if before and before in self.state and before != buffer:
                self.event(before, "release")  # shown until now, as on a screen
            if pixels.shape[0] > 1:
                with self.more:
                    self.shown.append((self.state[buffer]["kind"], pixels.round().astype(numpy.uint8)))
                    del self.shown[:-60]
                    self.count += 1
                    self.more.notify_all()
        for callback in state.pop("frames", []):
            self.event(callback, "done", 0)
            self.event(1, "delete_id", callback)

    def wl_buffer_destroy(self, buffer):
        for plane in self.state.pop(buffer).get("planes", []):
            os.close(plane["fd"])

    def read(self, buffer):
        width, height = buffer["size"]

        def rows(fd, offset, stride, count, bytes_a_row):
            with mmap.mmap(fd, 0, prot=mmap.PROT_READ) as memory:
                flat = numpy.frombuffer(memory[offset:offset + stride * (count - 1) + bytes_a_row],
                                        numpy.uint8)
            return numpy.lib.stride_tricks.as_strided(flat, (count, bytes_a_row), (stride, 1)).copy()
        if buffer["kind"] == "shm":
            pixels = rows(buffer["fd"], buffer["offset"], buffer["stride"], height, width * 4)
            return pixels.reshape(height, width, 4)[..., 2::-1].astype(float)
        y, uv = (rows(plane["fd"], plane["offset"], plane["stride"], height >> i, width)
                 for i, plane in enumerate(buffer["planes"]))
        return from_nv12(y, uv.reshape(height // 2, width // 2, 2))

    # buffers

    def wl_shm_create_pool(self, _, pool, fd, size):
        self.state[pool].update(fd=fd, size=size)

    def wl_shm_pool_create_buffer(self, pool, buffer, offset, width, height, stride, _):
        self.state[buffer].update(kind="shm", fd=self.state[pool]["fd"], offset=offset, stride=stride,
                                  size=(width, height))

    def zwp_linux_dmabuf_v1_get_surface_feedback(self, _, feedback, surface):
        table = b"".join(struct.pack("=IIQ", NV12, 0, modifier) for modifier in self.modifiers)
        fd = os.memfd_create("table")
        os.write(fd, table)
        self.event(feedback, "format_table", fd, len(table))
        os.close(fd)
        self.event(feedback, "main_device", bytes(8))
        self.event(feedback, "tranche_target_device", bytes(8))
        self.event(feedback, "tranche_flags", 0)
        self.event(feedback, "tranche_formats",
                   struct.pack(f"={len(self.modifiers)}H", *range(len(self.modifiers))))
        self.event(feedback, "tranche_done")
        self.event(feedback, "done")

    def zwp_linux_buffer_params_v1_add(self, params, fd, plane, offset, stride, high, low):
        planes = self.state[params].setdefault("planes", [])
        assert plane == len(planes) and high << 32 | low in self.modifiers
        planes.append({"fd": fd, "offset": offset, "stride": stride})

    def take(self, buffer, params, width, height, kind):
        assert kind == NV12 and len(self.state[params]["planes"]) == 2
        self.state[buffer] = {"kind": "dmabuf", "size": (width, height),
                              "planes": self.state[params]["planes"]}

    def zwp_linux_buffer_params_v1_create(self, params, width, height, kind, _):
        if not self.takes:
            self.event(params, "failed")
            return
        buffer, self.server_id = self.server_id, self.server_id + 1
        self.objects[buffer] = "wl_buffer"
        self.take(buffer, params, width, height, kind)
        self.event(params, "created", buffer)

    def zwp_linux_buffer_params_v1_create_immed(self, params, buffer, width, height, kind, _):
        assert self.takes, "a client that asks for what is refused is ended"
        self.take(buffer, params, width, height, kind)
