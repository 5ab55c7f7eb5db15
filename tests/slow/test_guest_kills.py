# SPDX-License-Identifier: MIT
"""A machine that stores, on a disk of its own, whose power goes twenty times.

The guest is the login's (tests/vm) with an ext4 disk that QEMU opens with cache=none, so that what
the guest has not flushed is lost with QEMU's SIGKILL. In it a boxd stores for several clients at once
(storing.py); the host notes what was acknowledged. After each boot all of that is there, what was
under way is there whole or not at all, nothing else is listed, and e2fsck finds nothing.

BOXLAND_SEED repeats what is stored and about when the power goes, BOXLAND_KILLS is another number.
"""

import json
import os
import random
import secrets
import shutil
import subprocess

import stored
from evidence import BUILD, PROGRAM_DIRS, ROOT
from net.place import wait_for
from vm.guest import Guest, NeverUp

HERE = ROOT / "tests/slow"
KILLS = int(os.environ.get("BOXLAND_KILLS", "20"))
ACTIONS_MAX = 40  # that are acknowledged before the power goes
DISK_SIZE = 512 << 20
MOMENT_S = 0.5    # and then not just behind an answer
BOOT_S = 150      # one that hangs, as an emulated one may, is started again
LOOKED_S = 600
ACTIONS_S = 600


class Machine:
    """The disk, what is known to be on it, and a guest at a time."""

    def __init__(self, place, out, seed):
        self.place, self.out, self.seed, self.boots = place, out, seed, 0
        self.random = random.Random(seed)
        self.disk = out / "disk"
        with open(self.disk, "wb") as disk:
            disk.truncate(DISK_SIZE)
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", self.disk], check=True)
        self.state = {name: {} for name in stored.STREAMS}
        self.fingerprint, self.acknowledged, self.under_way = None, 0, 0

    def _start(self):
        guest = Guest(self.place, self.out, person="ann", password="", desktop="",
                      share=[ROOT, *([] if BUILD.is_relative_to(ROOT) else [BUILD])],
                      scripts=[HERE / "storing.py", HERE / "stored.py"], disks=[self.disk])
        shutil.copy(HERE / "storing", guest.exchange / "init")
        (guest.exchange / "top").write_text(f"{ROOT}\n")
        (guest.exchange / "path").write_text(":".join(str(BUILD / each) for each in PROGRAM_DIRS))
        (guest.exchange / "seed").write_text(f"{self.seed} {self.boots}\n")
        try:
            guest.wait_root(BOOT_S)
        except NeverUp:
            guest.quit()
            raise
        return guest

    def boot(self):
        """A guest that has looked at its storage, which was as it has to be."""
        try:
            guest = self._start()
        except NeverUp as error:
            print(f"trying once more: {error}")
            guest = self._start()
        guest.wait_mark("it was looked at", LOOKED_S)
        seen = json.loads((guest.exchange / "out/seen").read_text())
        assert seen["names"] == sorted("/" + name for name in stored.STREAMS)
        assert self.fingerprint in (None, seen["fingerprint"]), "the machine has lost its key"
        self.fingerprint = seen["fingerprint"]
        if self.boots > 0:
            for name, was in self.state.items():
                self.check(name, was, seen["streams"][name])
        self.state = seen["streams"]
        self.boots += 1
        return guest

    def told(self, guest, name):
        """How many actions of a stream were acknowledged in this boot."""
        path = guest.exchange / "out" / name
        text = path.read_text() if path.exists() else ""
        return int(text.split("\n")[-2]) if "\n" in text else 0

    def kill(self, guest):
        """Lets the power go; notes what was acknowledged by then."""
        enough = self.random.randint(1, ACTIONS_MAX)
        trouble = guest.exchange / "out/trouble"

        def stored_enough():
            assert not trouble.exists(), trouble.read_text()
            return sum(self.told(guest, name) for name in stored.STREAMS) >= enough

        wait_for(stored_enough, ACTIONS_S, f"{enough} actions")
        assert not guest.qemu.ends_within(self.random.uniform(0, MOMENT_S)), guest.qemu.output()
        guest.qemu.kill()
        guest.qemu.wait()
        self.counts = {name: self.told(guest, name) for name in stored.STREAMS}
        self.acknowledged += sum(self.counts.values())
        guest.quit()

    def check(self, name, was, seen):
        """That a stream's folder is as its acknowledged actions left it, or with the next one done."""
        begun = stored.actions(name, self.seed, self.boots - 1, was)
        state = was
        for _ in range(self.counts[name]):
            _, state = stored.outcome(name, next(begun), state)
        action = next(begun)
        _, after = stored.outcome(name, action, state)
        self.under_way += seen != state
        assert stored.may_be(action, seen, state, after), (
            f"boot {self.boots}, {name}: behind {self.counts[name]} actions, in "
            f"{type(action).__name__} {action.path}: {stored.differences(seen, state)} (as it was), "
            f"{stored.differences(seen, after)} (done)")

    def check_disk(self):
        """On a copy: the journal is played back, and then there is nothing to mend."""
        copy = self.out / "copy"
        subprocess.run(["cp", "--sparse=always", self.disk, copy], check=True)
        played = subprocess.run(["e2fsck", "-p", copy], capture_output=True, text=True, check=False)
        assert played.returncode in (0, 1), played.stdout
        checked = subprocess.run(["e2fsck", "-f", "-n", copy], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout
        copy.unlink()


def test_guest_whose_power_goes(place, artefacts, capsys):
    seed = int(os.environ.get("BOXLAND_SEED") or secrets.randbits(32))
    print(f"BOXLAND_SEED={seed}")
    machine = Machine(place, artefacts, seed)
    for _ in range(KILLS):
        guest = machine.boot()
        machine.kill(guest)
        machine.check_disk()
        with capsys.disabled():
            print(f"\nboot {machine.boots}: {machine.counts}, {guest.seconds():.0f} s", end="")
    machine.boot().quit()
    with capsys.disabled():
        print(f"\nseed {seed}: {KILLS} kills, {machine.acknowledged} actions acknowledged, "
              f"{machine.under_way} of those under way are there")
    assert machine.acknowledged > KILLS
