# SPDX-License-Identifier: MIT
"""The demo: it shows what it says, it can be watched, and it leaves nothing behind however it ends.

What ./dev adds around it, a Debian root and walls, is tests/dev's.
"""

import contextlib
import os
import pathlib
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import time

import numpy
import pytest
from PIL import Image

from demo.pixels import difference
from evidence import BUILD, ROOT
from net.place import wait_for

DEMO = ROOT / "tests/demo/demo.py"
WHOLE_S = 240
END_S = 20
STEPS = ("machines", "pairing", "game", "window", "play", "keyboard", "processor", "farewell")
GAME = (20, 136, 660, 616)  # where ibiza shows it: left, top, right, bottom
PARTS = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")


def traces():
    """Everything here that a demo could leave: processes, namespaces, mounts, files."""
    processes, namespaces = set(), set()
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                processes.add((entry.name, (entry / "cmdline").read_bytes()))
                namespaces |= {os.readlink(entry / "ns" / part) for part in PARTS}
    files = {path for top in ("/dev/shm", "/tmp", "/var/tmp", "/run/user") for path in below(top)}
    mounts = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    interfaces = set(os.listdir("/sys/class/net")) if os.path.isdir("/sys/class/net") else set()
    return processes, namespaces, files, mounts, interfaces


def below(top):
    """All that is in a folder, but for the checkout and the build, which may be there as well."""
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders
                      if pathlib.Path(folder, name) not in (ROOT, BUILD)]
        yield from (os.path.join(folder, name) for name in folders + files)


class Demo:
    """A demo that runs, in a session of its own; its output goes to a file."""

    def __init__(self, out, *words, env=None):
        self.out, self.log = out, out / "demo.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-B", DEMO, "--out", self.out, *words], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, "BOXLAND_BUILD": str(BUILD), **(env or {})})

    def said(self):
        return self.log.read_text(encoding="utf-8")

    def wait_said(self, text, timeout=60):
        """Waits for a text; its end without it is an error."""
        def told():
            ended = self.process.poll() is not None
            if text in self.said():
                return True
            assert not ended, f"it never said {text!r}:\n{self.said()}"
            return False

        wait_for(told, timeout, f"{text!r} from the demo")

    def interrupt(self):
        """What a Ctrl-C does to it and all it has started; its exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(END_S)

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(END_S)


@pytest.fixture
def demo(artefacts):
    """demo("--vnc") starts one. Afterwards nothing of any is left."""
    before, started = traces(), []

    def start(*words, **options):
        started.append(Demo(artefacts, *words, **options))
        return started[-1]

    yield start
    for each in started:
        each.kill()
    wait_gone(before)


def wait_gone(before):
    """Waits until all that is here is what was here before."""
    try:
        wait_for(lambda: traces() == before, END_S)
    except TimeoutError:
        left = [set(now) ^ set(then) for now, then in zip(traces()[:3], before[:3], strict=True)]
        pytest.fail(f"left behind, or gone: {left}")


def picture(demo, name):
    return Image.open(demo.out / f"{name}.png").convert("RGB")


def film_frames(path, rate):
    """The game's part of the film, so many frames a second, as an array."""
    left, top, right, bottom = GAME
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-vf",
         f"fps={rate},crop={right - left}:{bottom - top}:{left}:{top},scale=160:120",
         "-f", "rawvideo", "-pix_fmt", "gray", "-"], check=True, stdout=subprocess.PIPE).stdout
    return numpy.frombuffer(raw, numpy.uint8).reshape(-1, 120, 160).astype(int)


def test_shows_what_it_says(demo):
    begin = time.monotonic()
    it = demo()
    assert it.process.wait(WHOLE_S) == 0, it.said()
    took = time.monotonic() - begin
    for number, step in enumerate(STEPS, 1):
        assert f"\n{number}  " in it.said()
        for machine in ("den", "ibiza", "friend"):
            assert picture(it, f"{number}-{step}-{machine}").width >= 800
    assert "\033" not in it.said(), "colour is for terminals"

    bare, shown, played, gone = (picture(it, f"{name}-ibiza").crop(GAME)
                                 for name in ("1-machines", "4-window", "5-play", "8-farewell"))
    assert difference(bare, shown) > 20
    assert difference(shown, played) > 6
    assert difference(bare, gone) < 3
    lent, back = picture(it, "6-keyboard-lent-friend"), picture(it, "6-keyboard-friend")
    assert difference(lent.crop((0, 0, 800, 80)), back.crop((0, 0, 800, 80))) > 2

    frames = film_frames(it.out / "demo.mp4", 5)
    assert 10 < len(frames) / 5 < took
    moved = numpy.abs(numpy.diff(frames, axis=0)).mean(axis=(1, 2)) > 1
    assert moved.sum() >= 15, "a few seconds of play are three seconds of moving pictures at least"
    assert not (it.out / "logs").exists()


def test_leaves_nothing_when_interrupted(demo):
    """At moments of its first second, its pairing and its play."""
    seed = int(os.environ.get("BOXLAND_SEED", random.randrange(1 << 32)))
    print(f"BOXLAND_SEED={seed}")
    chance = random.Random(seed)
    for step in (None, "\n2  ", "\n5  "):
        before = traces()
        moment = chance.uniform(0, 1.5)
        it = demo()
        if step:
            it.wait_said(step)
        with contextlib.suppress(subprocess.TimeoutExpired):
            it.process.wait(moment)  # a moment is what is waited for
        code = it.interrupt()
        assert code in (130, -signal.SIGINT), f"{moment:.2f} s after {step!r}: {code}\n{it.said()}"
        assert code == 130 or not step, "its own words are missing"
        wait_gone(before)
        assert not (it.out / "demo.mp4").exists(), "half a film"


def test_cleans_what_a_killed_one_left(demo):
    killed = demo()
    killed.wait_said("\n2  ")
    wait_for((killed.out / "1-machines-den.png").exists, 10, "a picture")
    killed.process.kill()
    killed.process.wait(END_S)
    assert (killed.out / "logs").exists()
    keepsake = killed.out / "mine.txt"
    keepsake.write_text("not the demo's", encoding="ascii")

    again = demo()
    again.wait_said("\n1  ")
    assert not (again.out / "1-machines-den.png").exists()
    assert again.interrupt() == 130
    assert not (again.out / "logs").exists()
    assert keepsake.exists()


def test_can_be_watched_with_vnc(demo):
    it = demo("--vnc")
    it.wait_said("vncviewer")
    host, port = re.search(r"vncviewer (127\.0\.0\.1)::(\d+)", it.said()).groups()
    with socket.create_connection((host, int(port)), 10) as viewer:
        size, raw = watch(viewer)
    assert size == (1280, 720)
    image = Image.frombytes("RGB", size, raw, "raw", "BGRX")
    assert len(image.getcolors(1 << 20)) > 500, "a wallpaper has many colours"
    assert it.interrupt() == 130


def watch(viewer):
    """The first picture that a VNC viewer gets: size and pixels (RFC 6143)."""
    stream = viewer.makefile("rwb")

    def say(data):
        stream.write(data)
        stream.flush()

    assert stream.read(12) == b"RFB 003.008\n"
    say(b"RFB 003.008\n")
    assert 1 in stream.read(stream.read(1)[0]), "no authentication"
    say(b"\1")
    assert stream.read(4) == bytes(4)
    say(b"\1")
    width, height, _, name = struct.unpack(">HH16sI", stream.read(24))
    stream.read(name)
    say(struct.pack(">B3x4B3H3B3x", 0, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0))
    say(struct.pack(">BxHi", 2, 1, 0))
    screen = numpy.zeros((height, width, 4), numpy.uint8)
    # Until wayvnc has a picture of the desktop it shows a grey one of its own.
    for incremental in (0, 1):
        say(struct.pack(">BB4H", 3, incremental, 0, 0, width, height))
        receive(stream, screen)
        if len(numpy.unique(screen[..., :3])) > 1:
            break
    return (width, height), screen.tobytes()


def receive(stream, screen):
    """Takes one FramebufferUpdate in."""
    kind, count = struct.unpack(">BxH", stream.read(4))
    assert kind == 0
    for _ in range(count):
        x, y, wide, high, encoding = struct.unpack(">4Hi", stream.read(12))
        assert encoding == 0
        pixels = numpy.frombuffer(stream.read(wide * high * 4), numpy.uint8)
        screen[y:y + high, x:x + wide] = pixels.reshape(high, wide, 4)
