# SPDX-License-Identifier: MIT
"""A machine of its own in QEMU: boots the Debian that the tests run in, is typed at, is looked at.

The guest's screen is a virtio-gpu whose scan-out is read by QMP's screendump, its keyboard a
virtio-input device that gets key events by QMP: everything between the two is the guest's kernel
and programs. Nothing is emulated that the test does not use. The guest runs in a place of the
laboratory (net/place.py), so it ends with the test however that ends.

What runs inside is in the scripts init, start and session; what the screen says is read by
screen.py.
"""

import ctypes
import json
import os
import pathlib
import re
import secrets
import shutil
import socket
import time

from net.place import wait_for
from vm import initramfs
from vm.screen import Picture

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = ("start", "session", "font.py")
SIZE = (1024, 768)
MEMORY_MIB = 1024
CPUS = 2
ROOT_UP_S = 60
MARK_S = 60
LOOK_S = 0.2  # between two looks at the screen
KEY_S = 0.02  # a quick typist; the emulated keyboard drops what nobody has taken
QMP_S = 20

SHIFTED = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./", strict=True))
QCODES = {"`": "grave_accent", "-": "minus", "=": "equal", "[": "bracket_left",
          "]": "bracket_right", "\\": "backslash", ";": "semicolon", "'": "apostrophe",
          ",": "comma", ".": "dot", "/": "slash", " ": "spc", "\n": "ret", "\t": "tab"}


class NeverUp(Exception):
    """The guest did not say that its root is up."""


def debian_root():
    """The Debian to boot: what ./dev hands in untouched, else the one we are in."""
    return pathlib.Path(os.environ.get("BOXLAND_ROOT", "/"))


def password_hash(password):
    """As it stands in /etc/shadow, by the C library's crypt (Python has none any more)."""
    crypt = ctypes.CDLL("libcrypt.so.1").crypt
    crypt.restype = ctypes.c_char_p
    return crypt(password.encode(), b"$6$" + secrets.token_hex(8).encode()).decode()


class Guest:
    """One boot of the machine.

    place is where QEMU runs, out takes its pictures and logs. person and password are who may log
    in, desktop is the shell script that is their session, home holds files for their home
    ({name: text}), share are directories of the host that the guest sees at the same paths. scripts
    are further files for /exchange; one called init becomes process 1 in place of what start does.
    disks are images that QEMU opens past the host's cache: /dev/vda and so on, with virtio_blk.
    """

    def __init__(self, place, out, *, person, password, desktop, home=(), share=(),
                 scripts=(), disks=()):
        self.out = pathlib.Path(out)
        self.exchange = self.out / "exchange"
        self.begin = time.monotonic()
        self._fill_exchange(person, password, desktop, dict(home), scripts)
        shares = [("exchange", "/exchange", self.exchange, "")] + [
            (f"share{number}", str(path), path, ",readonly=on,multidevs=remap")
            for number, path in enumerate(share)]
        root = debian_root()
        kernel = max((root / "boot").glob("vmlinuz-*"), key=_version)
        (self.out / "initramfs").write_bytes(initramfs.build(
            root, kernel.name.removeprefix("vmlinuz-"), [each[:2] for each in shares]))
        shares.append(("root", "/", root, ",readonly=on,multidevs=remap"))
        ours, theirs = socket.socketpair()
        with theirs:
            self.qemu = place.spawn(self._argv(kernel, shares, disks), fds={3: theirs})
        ours.settimeout(QMP_S)
        self._qmp = ours.makefile("rw")
        ours.close()
        self._read_qmp()  # its greeting
        self.qmp("qmp_capabilities")

    def _fill_exchange(self, person, password, desktop, home, scripts):
        shutil.rmtree(self.exchange, ignore_errors=True)
        (self.exchange / "out").mkdir(parents=True)
        (self.exchange / "out").chmod(0o777)
        for path in (*(HERE / name for name in SCRIPTS), *scripts):
            shutil.copy(path, self.exchange / path.name)
        (self.exchange / "guest").write_text(
            f"PERSON={person}\nHASH='{password_hash(password)}'\n")
        (self.exchange / "desktop").write_text(desktop)
        for name, text in home.items():
            path = self.exchange / "home" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def _argv(self, kernel, shares, disks):
        def quoted(path):  # a comma ends a value
            return str(path).replace(",", ",,")

        argv = [
            "qemu-system-x86_64", "-M", "q35,i8042=off", "-nodefaults", "-no-user-config",
            # A host whose KVM works says so; one that only offers the device is common.
            *(["-accel", "kvm"] if os.environ.get("BOXLAND_KVM") else
              ["-accel", "tcg,thread=multi"]),
            "-cpu", "max,la57=off", "-smp", str(CPUS), "-m", str(MEMORY_MIB), "-no-reboot",
            "-kernel", kernel, "-initrd", self.out / "initramfs",
            "-append", "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off nokaslr "
                       "random.trust_cpu=on",
            "-display", "none", "-nic", "none",
            "-serial", f"file:{quoted(self.out / 'serial.log')}",
            "-chardev", "socket,id=qmp,fd=3", "-mon", "chardev=qmp,mode=control",
            "-device", f"virtio-gpu-pci,id=gpu,xres={SIZE[0]},yres={SIZE[1]}",
            "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci",
            "-device", "virtio-rng-pci",
        ]
        for disk in disks:
            argv += ["-drive", f"file={quoted(disk)},format=raw,if=virtio,cache=none"]
        for tag, _, path, options in shares:
            argv += ["-fsdev", f"local,id={tag},path={quoted(path)},security_model=none{options}",
                     "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]
        return argv

    # -- QMP: one JSON object a line

    def _read_qmp(self):
        line = self._qmp.readline()
        if not line:
            raise RuntimeError(f"QEMU has ended:\n{self.qemu.output()}")
        return json.loads(line)

    def qmp(self, command, **arguments):
        """What QEMU answers to a command."""
        self._qmp.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._qmp.flush()
        while True:
            answer = self._read_qmp()
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]  # and not an event

    def quit(self):
        """Ends the machine at once."""
        self._qmp.close()
        self.qemu.stop()

    # -- marks on the serial line

    def serial(self):
        """What the guest has said on its serial line."""
        path = self.out / "serial.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_mark(self, text, timeout=MARK_S):
        """Waits for a line "guest: TEXT". Returns the seconds since power-on."""
        def said():
            serial = self.serial()
            if "guest: failed" in serial or self.qemu.poll() is not None:
                raise RuntimeError(f"the guest gave up:\n{serial[-2000:]}\n{self.qemu.output()}")
            return f"guest: {text}" in serial

        wait_for(said, timeout, f"the guest to say {text!r}")
        return self.seconds()

    def wait_root(self, timeout=None):
        """Waits until the guest has its root; NeverUp when it has none."""
        try:
            return self.wait_mark("root is up", timeout or ROOT_UP_S)
        except (RuntimeError, TimeoutError) as error:
            raise NeverUp(str(error)) from error

    def seconds(self):
        """Since power-on."""
        return time.monotonic() - self.begin

    # -- the screen

    def save(self, name):
        """Writes what the screen shows to a PNG file in out."""
        self.qmp("screendump", filename=str(self.out / name), device="gpu", format="png")

    def look(self):
        """What the screen shows."""
        path = self.out / "look.ppm"
        self.qmp("screendump", filename=str(path), device="gpu", format="ppm")
        return Picture(path.read_bytes())

    def wait_picture(self, predicate, timeout, what):
        """Looks until predicate(picture) is true; returns that value."""
        deadline = time.monotonic() + timeout
        while True:
            value = predicate(self.look())
            if value:
                return value
            if time.monotonic() > deadline:
                raise TimeoutError(f"the screen never showed {what}")
            if self.qemu.ends_within(LOOK_S):
                raise RuntimeError(f"QEMU has ended:\n{self.qemu.output()}")

    # -- the keyboard

    def key(self, *qcodes):
        """Presses keys one after another and lets go of them in reverse."""
        for down, codes in ((True, qcodes), (False, reversed(qcodes))):
            for code in codes:
                self.qmp("input-send-event", events=[
                    {"type": "key", "data": {"down": down, "key": {"type": "qcode",
                                                                    "data": code}}}])
                self.qemu.ends_within(KEY_S)

    def type(self, text):
        """Types text on a keyboard with US legends."""
        for character in text:
            plain = SHIFTED.get(character, character.lower())
            code = QCODES.get(plain, plain)
            self.key(*(["shift", code] if plain != character else [code]))


def _version(path):
    return [int(number) for number in re.findall(r"\d+", path.name)]
