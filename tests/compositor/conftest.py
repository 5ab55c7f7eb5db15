# SPDX-License-Identifier: MIT
"""What tests of the compositor stand on: a headless desktop of one's own, and its pictures."""

import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from PIL import Image  # noqa: E402

from evidence import artefacts, program, pytest_runtest_makereport  # noqa: E402, F401
from wayland import wl  # noqa: E402

TIMEOUT = 30


def session_processes(runtime):
    """Processes whose XDG_RUNTIME_DIR is that of a desktop, as pid -> name."""
    found = {}
    wanted = f"XDG_RUNTIME_DIR={runtime}".encode()
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "comm").read_text().strip()
        except OSError:
            continue
    return found


class Desktop:
    """A boxland without screens, or with size None on what env says, ready for clients."""

    def __init__(self, binary, out, config="", size=(1280, 720), args=(), env=None):
        self.out, self.size = out, size
        self.runtime = pathlib.Path(tempfile.mkdtemp(prefix="boxland-test-"))
        self.runtime.chmod(0o700)
        self.home = self.runtime / "home"
        (self.home / ".config/boxland").mkdir(parents=True)
        self.config = self.home / ".config/boxland/boxland.conf"
        self.config.write_text(config)
        self.log_path = out / "boxland.log"
        self.env = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/games",
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "LC_ALL": "C.UTF-8",
            "SHELL": "/bin/sh",
            **{name: value for name, value in os.environ.items()
               if name.startswith(("ASAN_", "UBSAN_", "LSAN_"))},
            **(env or {}),
        }
        self.clients = []
        ready, told = os.pipe()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [binary, "-d", *(["--headless", "%dx%d" % size] if size else []),
                 "--ready-fd", str(told), *args],
                env=self.env, pass_fds=[told], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        os.close(told)
        with os.fdopen(ready, "rb", buffering=0) as pipe:
            name = b""
            while not name.endswith(b"\n"):
                if not select.select([pipe], [], [], TIMEOUT)[0]:
                    raise TimeoutError("boxland is not ready: " + self.log())
                data = pipe.read(64)
                if not data:
                    raise RuntimeError("boxland did not start: " + self.log())
                name += data
        self.name = name.decode().strip()
        self.socket = self.runtime / self.name
        self.env["WAYLAND_DISPLAY"] = self.name

    def connect(self):
        """A connection for a client of wayland/wl.py."""
        return wl.connect(self.socket)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def start(self, *argv, **kwargs):
        """A client in the background; its output goes to a log of its own."""
        name = pathlib.Path(argv[0]).name
        with open(self.out / f"{name}-{len(self.clients)}.log", "wb") as log:
            kwargs.setdefault("stdout", log)
            kwargs.setdefault("stderr", log)
            kwargs.setdefault("stdin", subprocess.DEVNULL)
            process = subprocess.Popen(argv, env={**self.env, **kwargs.pop("env", {})}, **kwargs)
        self.clients.append(process)
        return process

    def run(self, *argv, **kwargs):
        """A client that ends by itself, successfully; its output."""
        done = subprocess.run(argv, env=self.env, timeout=TIMEOUT, capture_output=True, text=True,
                              **kwargs)
        assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout

    def picture(self, name, *args):
        """What is on the screen, as an RGB image; kept as evidence."""
        path = self.out / f"{name}.png"
        self.run("grim", *args, str(path))
        with Image.open(path) as image:
            return image.convert("RGB")

    def until(self, condition, what="it", timeout=TIMEOUT):
        """Asks again and again; for what no event tells of. Its value."""
        end = time.monotonic() + timeout
        while not (value := condition()):
            assert self.process.poll() is None, "boxland is gone: " + self.log()
            if time.monotonic() > end:
                raise TimeoutError(f"waited {timeout} s for {what}\n" + self.log()[-3000:])
            time.sleep(0.05)
        return value

    def until_pixel(self, x, y, condition, what):
        """Waits until a pixel of the screen fulfils a condition; the picture."""
        def seen():
            image = self.picture("waiting")
            return image if condition(image.getpixel((x, y))) else None
        image = self.until(seen, what)
        (self.out / "waiting.png").unlink()
        return image

    def until_logged(self, text):
        return self.until(lambda: text in self.log(), f'"{text}" in the log')

    def stop(self, signum=signal.SIGTERM):
        """Ends it; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signum)
        try:
            return self.process.wait(TIMEOUT)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()

    def close(self):
        status = self.stop()
        for client in self.clients:
            try:
                client.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                client.kill()
                client.wait()
        end = time.monotonic() + 5
        while (left := session_processes(self.runtime)) and time.monotonic() < end:
            time.sleep(0.05)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.runtime, ignore_errors=True)
        assert status == 0, f"boxland ended with {status}: " + self.log()[-3000:]
        assert not left, f"processes were left: {left}"
        for trouble in ("AddressSanitizer", "LeakSanitizer", "runtime error:", "Assertion"):
            assert trouble not in self.log(), self.log()[-6000:]


@pytest.fixture
def new_desktop(program, artefacts):
    """new_desktop(config="", size=(1280, 720)) starts a desktop for this test."""
    made = []

    def make(**kwargs):
        out = artefacts / f"desktop{len(made)}" if made else artefacts
        out.mkdir(exist_ok=True)
        desktop = Desktop(program("boxland"), out, **kwargs)
        made.append(desktop)
        return desktop

    yield make
    for desktop in made:
        desktop.close()


@pytest.fixture
def desktop(new_desktop):
    """A desktop without hint, which would be in the way of pixels."""
    return new_desktop(config="hint off\n")
