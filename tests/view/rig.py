# SPDX-License-Identifier: MIT
"""One view, end to end, without boxland and boxd: castland -> boxcast -> relay -> boxview -> sway."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import numpy
from PIL import Image

WAIT = 20  # seconds for an event; longer is a failure
END, CONTROL, VIDEO, TILES, INPUT, ACK = 0, 1, 2, 3, 6, 7
HEADER = struct.Struct(">IBBHIIQ")
SQUARE, BITS = 16, 16
LIKE = 26  # dB of luma at least, of all pixels of a frame that moves; 35 where there is time for it
SMALLER = 20  # and where fewer pixels are coded, for want of bits or of time: that loses the grain

SWAY = """
xwayland disable
output HEADLESS-1 mode 1280x800@60Hz position 0 0 bg #203040 solid_color
default_border none
default_floating_border none
focus_follows_mouse no
for_window [app_id=".*"] floating enable
seat seat0 hide_cursor 1
seat seat0 fallback true
input * repeat_rate 30
"""


class Lines:
    """The lines a program prints, waited for."""

    def __init__(self, stream, log):
        self.lines, self.taken = [], 0
        self.more = threading.Condition()
        self.over = False
        self.thread = threading.Thread(target=self.read, args=(stream, log), daemon=True)
        self.thread.start()

    def read(self, stream, log):
        with open(log, "w", encoding="utf-8") as out:
            for line in stream:
                out.write(f"{time.monotonic_ns()} {line}")
                out.flush()
                with self.more:
                    self.lines.append(line.rstrip("\n"))
                    self.more.notify_all()
        with self.more:
            self.over = True
            self.more.notify_all()

    def wait(self, pattern, timeout=WAIT):
        """The match of the first line not taken yet that fits; lines before it are passed over."""
        end = time.monotonic() + timeout
        with self.more:
            while True:
                while self.taken < len(self.lines):
                    found = re.fullmatch(pattern, self.lines[self.taken])
                    self.taken += 1
                    if found:
                        return found
                left = end - time.monotonic()
                if left <= 0 or self.over:
                    raise AssertionError(f"no line {pattern!r}; the last were {self.lines[-8:]}")
                self.more.wait(left)

    def all(self, pattern):
        with self.more:
            return [m for m in (re.fullmatch(pattern, line) for line in self.lines) if m]


class Relay:
    """Carries frames between two sockets, counts them, and can hold either way up."""

    def __init__(self):
        self.source_end, self.source = socket.socketpair()
        self.view_end, self.view = socket.socketpair()
        self.frames = {"down": [], "up": []}  # (time, kind, flags, sequence, base, size, payload)
        self.raw = {"down": 0, "up": 0}
        self.trailers, self.tail = {}, {"down": b"", "up": b""}
        self.more = threading.Condition()
        self.lock = {"down": threading.Lock(), "up": threading.Lock()}  # held within a frame
        self.open = {"down": threading.Event(), "up": threading.Event()}
        for event in self.open.values():
            event.set()
        for way, a, b in (("down", self.source, self.view), ("up", self.view, self.source)):
            threading.Thread(target=self.carry, args=(way, a, b), daemon=True).start()

    def carry(self, way, a, b):
        held = b""
        while True:
            try:
                data = a.recv(1 << 20)
            except OSError:
                data = b""
            if not data:
                break
            self.open[way].wait()
            with self.more:
                self.raw[way] += len(data)
                whole = held + data
                held = self.parse(way, whole)
                self.more.notify_all()
            # whole frames only, so that others may be put in between
            send = whole[:len(whole) - len(held)] if not self.ending(way) else whole
            held = held if not self.ending(way) else b""
            self.tail[way] += whole if self.ending(way) else b""
            try:
                with self.lock[way]:
                    b.sendall(send)
            except OSError:
                break
        with contextlib.suppress(OSError):
            b.shutdown(socket.SHUT_WR)
        with self.more:
            tail = self.tail[way]
            at = tail.find(b"ok\n") if b"ok\n" in tail[-8:] else tail.rfind(b"no E")
            self.trailers.setdefault(way, tail[at:].decode(errors="replace") if at >= 0 else "")
            self.more.notify_all()

    def ending(self, way):
        return self.frames[way] and self.frames[way][-1][1] == END

    def parse(self, way, data):
        frames = self.frames[way]
        if frames and frames[-1][1] == END:
            return data
        while len(data) >= HEADER.size:
            size, kind, flags, _, sequence, base, capture = HEADER.unpack_from(data)
            if len(data) < HEADER.size + size:
                break
            payload = data[HEADER.size:HEADER.size + size]
            frames.append((time.monotonic(), kind, flags, sequence, base, size,
                           payload if kind not in (VIDEO, TILES) else b"", capture))
            data = data[HEADER.size + size:]
            if kind == END:
                break
        return data

    def wait(self, check, timeout=WAIT):
        end = time.monotonic() + timeout
        with self.more:
            while not check(self):
                left = end - time.monotonic()
                assert left > 0, "the relay did not see it in time"
                self.more.wait(left)

    def kind(self, way, kind):
        with self.more:
            return [f for f in self.frames[way] if f[1] == kind]

    def pictures(self):
        """Frames of both lanes."""
        with self.more:
            return [f for f in self.frames["down"] if f[1] in (VIDEO, TILES)]

    def lines(self, way):
        return [line for f in self.kind(way, CONTROL)
                for line in f[6].decode(errors="replace").splitlines()]

    def hold(self, way, held=True):
        (self.open[way].clear if held else self.open[way].set)()

    def cut(self):
        """The network is gone, all at once."""
        for event in self.open.values():
            event.set()
        for end in (self.source, self.view):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Rig:
    def __init__(self, out, program):
        self.out, self.program = out, program
        self.programs, self.relays = {}, []
        self.runtime = tempfile.mkdtemp(prefix="view-")
        self.env = dict(os.environ, XDG_RUNTIME_DIR=self.runtime, GST_DEBUG_NO_COLOR="1")
        self.env.setdefault("GST_REGISTRY", str(out.parent / "gst.bin"))
        self.env.pop("WAYLAND_DISPLAY", None)
        self.env.pop("DISPLAY", None)

    def __enter__(self):
        try:
            self.start_sway()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for relay in self.relays:
            relay.cut()
        for name in reversed(list(self.programs)):
            process = self.programs[name]
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        shutil.rmtree(self.runtime, ignore_errors=True)

    # programs

    def run(self, name, argv, env=None, three=None, keep=(), **more):
        """Starts a program; three is its descriptor 3, keep are others that it keeps."""
        if three is not None:
            keep = (*keep, three.fileno())
            argv = ["bash", "-c", f'exec "$@" 3<&{three.fileno()}', "bash", *argv]
        log = open(self.out / f"{name}.log", "a", encoding="utf-8")  # the child's too
        more.setdefault("stdout", log)
        process = subprocess.Popen([str(a) for a in argv], env=dict(self.env, **(env or {})),
                                   stderr=log, cwd=self.out, pass_fds=keep, **more)
        log.close()
        self.programs[name] = process
        return process

    def log(self, name):
        return (self.out / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def start_sway(self):
        config = self.out / "sway.conf"
        config.write_text(SWAY, encoding="utf-8")
        self.env["SWAYSOCK"] = f"{self.runtime}/sway"
        self.run("sway", ["sway", "-c", config, "--unsupported-gpu"], env={
            "WLR_BACKENDS": "headless", "WLR_RENDERER": "pixman", "WLR_LIBINPUT_NO_DEVICES": "1"})
        end = time.monotonic() + WAIT
        while True:
            sockets = [n for n in os.listdir(self.runtime) if re.fullmatch(r"wayland-\d+", n)]
            if sockets and self.sway("get_outputs", check=False):
                break
            assert time.monotonic() < end, "sway did not start"
            time.sleep(0.02)  # between two looks at what has no event
        self.env["WAYLAND_DISPLAY"] = sockets[0]

    def sway(self, kind, check=True):
        done = subprocess.run(["swaymsg", "-t", kind], env=self.env, capture_output=True, text=True)
        if done.returncode != 0:
            assert not check, done.stderr
            return None
        return json.loads(done.stdout)

    def command(self, *words):
        done = subprocess.run(["swaymsg", *words], env=self.env, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    # the parts of a view

    def cast(self, content="game", size=(640, 480), fps=30, refresh=None, start=True, argv=(),
             env=None):
        """castland and boxcast; the relay in between is the answer."""
        ours, theirs = socket.socketpair()
        relay = Relay()
        self.relays.append(relay)
        self.land = self.run("castland", [self.program("castland")], three=ours,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said = Lines(self.land.stdout, self.out / "castland.out")
        self.tell(f"content {content}", f"size {size[0]} {size[1]}", f"fps {fps}")
        self.boxcast = self.run(
            "boxcast", [self.program("boxcast"), "--debug", *argv], three=relay.source_end,
            keep=(theirs.fileno(),), env={"WAYLAND_SOCKET": str(theirs.fileno()), **(env or {})})
        relay.source_end.close()
        ours.close()
        theirs.close()
        self.said.wait("bound")
        self.tell("title Minecraft", "app-id net.minecraft")
        if start:
            self.tell("start")
        return relay

    def view(self, relay, present="shm", argv=(), env=None):
        """present None: as boxview finds best."""
        self.control, theirs = socket.socketpair()
        process = self.run(
            "boxview", [self.program("boxview"), "--debug", "--from", "den/win/3",
                        *(["--present", present] if present else []),
                        "--control-fd", theirs.fileno(), *argv],
            three=relay.view_end, keep=(theirs.fileno(),), env=env)
        relay.view_end.close()
        theirs.close()
        self.boxview = process
        return process

    def person(self):
        """Somebody at the desktop: person("key 30 1") and so on, see fingers.c."""
        process = self.run("fingers", [self.program("fingers")], stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, text=True)

        def do(*lines):
            for line in lines:
                process.stdin.write(line + "\n")
                process.stdin.flush()
                assert process.stdout.readline() == "done\n", self.log("fingers")
        assert process.stdout.readline() == "done\n", self.log("fingers")
        return do

    def both(self, present="shm", **more):
        relay = self.cast(**more)
        self.view(relay, present)
        self.window()
        return relay

    def tell(self, *lines):
        for line in lines:
            self.land.stdin.write(line + "\n")
        self.land.stdin.flush()

    def give(self, relay):
        """A new exchange for the living boxview."""
        socket.send_fds(self.control, [b"x"], [relay.view_end.fileno()])
        relay.view_end.close()

    def ended(self, name, timeout=WAIT):
        return self.programs[name].wait(timeout)

    # what is to be seen

    def window(self, timeout=WAIT, check=lambda w: True):
        """sway's node of the view's window, once it is there and fits."""
        end = time.monotonic() + timeout

        def find(node):
            if node.get("pid") == self.boxview.pid and node.get("app_id") is not None or \
                    node.get("pid") == self.boxview.pid and node.get("name"):
                return node
            for inner in node.get("nodes", []) + node.get("floating_nodes", []):
                found = find(inner)
                if found:
                    return found
            return None
        while True:
            found = find(self.sway("get_tree"))
            if found and found["rect"]["width"] > 0 and check(found):
                return found
            assert time.monotonic() < end, f"no such window; there is {found}"
            assert self.boxview.poll() is None, "boxview has ended"
            time.sleep(0.02)

    def shot(self, name, crop=True):
        path = self.out / f"{name}.png"
        rect = self.window()["rect"] if crop else None
        area = ["-g", f"{rect['x']},{rect['y']} {rect['width']}x{rect['height']}"] if crop else []
        done = subprocess.run(["grim", *area, str(path)], env=self.env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        with Image.open(path) as image:
            return numpy.asarray(image.convert("RGB")).astype(int)

    def number(self, pixels):
        """The number of the frame that is seen, of a view that is not scaled; None: not one."""
        n = 0
        for bit in range(BITS):
            square = pixels[3:SQUARE - 3, bit * SQUARE + 3:(bit + 1) * SQUARE - 3]
            mean = square.mean()
            if 60 < mean < 195:
                return None
            n |= (mean > 128) << bit
        return n

    def original(self, number):
        path = self.out / f"frame-{number}.ppm"
        self.tell(f"dump {number} {path}")
        assert self.said.wait(rf"dumped {number} (yes|no)")[1] == "yes", "the frame is too old"
        with Image.open(path) as image:
            pixels = numpy.asarray(image.convert("RGB")).astype(int)
        path.unlink()
        return pixels

    def seen(self, name, above=0):
        """A shot, its number and its PSNR of luma against the frame with that number."""
        end = time.monotonic() + WAIT
        while True:
            pixels = self.shot(name)
            number = self.number(pixels)
            if number is not None and number > above:
                return pixels, number, psnr(pixels, self.original(number))
            assert time.monotonic() < end, f"no frame above {above}, but {number}"

    def like(self, name, above=0):
        """Sees to it that what is seen is the frame that it says it is; its number."""
        pixels, number, quality = self.seen(name, max(above, 1))
        smaller = any(" coded=" in line for line in self.relays[-1].lines("down"))
        least = SMALLER if smaller else LIKE
        assert quality >= least, f"frame {number}: {quality:.1f} dB"
        before = self.original(number - 1)
        other = psnr(pixels, before) if before.shape == pixels.shape else 0
        assert quality > other, f"{quality:.1f} dB of frame {number}, {other:.1f} of the one before"
        return number

    def stats(self):
        """The last stats that boxcast told, once it told new ones."""
        line = self.said.wait("stats .*")[0]
        return {field: value for field, _, value in
                (part.partition(" ") for part in line[6:].split(";") if part)}

    def until(self, check, act, seconds=WAIT):
        """Does it again and again, until it has the effect."""
        end = time.monotonic() + seconds
        while not check():
            assert time.monotonic() < end, "it has no effect"
            act()

    def memory(self, name):
        """Resident bytes; 0 in a build whose allocator keeps what is freed."""
        if b"__asan_init" in self.program(name).read_bytes():
            return 0
        statm = pathlib.Path(f"/proc/{self.programs[name].pid}/statm")
        return int(statm.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE")

    def inject(self, relay, way, data):
        """Bytes of ours between two frames of theirs."""
        with relay.lock[way]:
            (relay.view if way == "down" else relay.source).sendall(data)

    def say(self, relay, lines):
        """A control frame to the source."""
        payload = lines.encode()
        self.inject(relay, "up", HEADER.pack(len(payload), CONTROL, 0, 0, 1, 0, 0) + payload)

    def quiet(self, relay, seconds):
        """Watches the relay for so long: what happens is counted there, nothing is awaited."""
        end = time.monotonic() + seconds
        with relay.more:
            while time.monotonic() < end:
                relay.more.wait(end - time.monotonic())

    def settle(self, relay, seconds=0.7):
        """Until no byte has gone either way for so long."""
        before, end = None, time.monotonic() + WAIT
        while before != dict(relay.raw):
            assert time.monotonic() < end, "it does not come to rest"
            before = dict(relay.raw)
            self.quiet(relay, seconds)

    def switches(self, name):
        """How often the threads of a program went to sleep: as often as they were awake."""
        pid = self.programs[name].pid
        return sum(int(re.search(r"voluntary_ctxt_switches:\s+(\d+)", (pathlib.Path(
            f"/proc/{pid}/task/{task}/status").read_text(encoding="ascii")))[1])
            for task in os.listdir(f"/proc/{pid}/task"))

    def kill(self, name):
        self.programs[name].send_signal(signal.SIGKILL)
        self.programs[name].wait()


def psnr(a, b):
    """Of luma, in dB."""
    assert a.shape == b.shape, (a.shape, b.shape)
    weights = numpy.array([0.299, 0.587, 0.114])
    error = (((a - b) @ weights) ** 2).mean()
    return 99.0 if error == 0 else 10 * numpy.log10(255 ** 2 / error)
