# SPDX-License-Identifier: MIT
"""What the steps stand on: the three machines, hands on them, pictures and a film of them.

A Stage ends with everything it started. It decides nothing about what is shown: that is steps/.
"""

import contextlib
import os
import shutil
import signal

from demo import watch
from demo.film import Film
from demo.screen import Screen
from demo.tell import Unseen
from net.household import Household
from net.lab import Lab
from net.place import wait_for
from wayland.clients import US, Hand

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BOXLAND_BUILD", os.path.join(ROOT, "build"))
PROGRAMS = os.path.join(BUILD, "out")
PATH = f"{PROGRAMS}/bin:/usr/local/bin:/usr/bin:/bin:/usr/games"
SIZES = {"den": "1024x768", "ibiza": "1280x720", "friend": "800x600"}
NEAR = 2  # pixels by which a window that was dragged may be beside its place
OURS = (".png", ".mp4")
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Machine(Household):
    """A household whose commands a person can follow, with a hand on its keyboard and mouse."""

    def __init__(self, node, tell, **options):
        super().__init__(node, **options)
        self.tell = tell
        self.hand = self.screen = None
        self._aloud = False

    def sit_down(self):
        """A person is there: a keyboard with a whole keymap and a mouse, and eyes."""
        self.screen = Screen(self)
        self.hand = Hand(self, US)

    @property
    def size(self):
        """The desktop's own size: in a window on another's it may not be the one asked for."""
        return self.picture().size if self.screen else super().size

    def leave(self):
        for each in (self.hand, self.screen):
            if each:
                each.close()

    def picture(self):
        """What the desktop shows."""
        return self.screen.picture()

    @contextlib.contextmanager
    def aloud(self):
        """Within it every box command is told with its answer."""
        self._aloud = True
        try:
            yield self
        finally:
            self._aloud = False

    def run(self, *words, **options):
        if not self._aloud:
            return super().run(*words, **options)
        self.tell.command(self.name, ["box", *words])
        done = super().run(*words, **options)
        said = done.stdout if done.returncode == 0 else done.stdout + done.stderr
        self.tell.answer(said.decode(errors="replace"))
        return done

    def says(self, *words):
        """Runs one box command aloud; what it answered."""
        with self.aloud():
            return self.box(*words)

    def geometry(self, window):
        """Where a window's content is on the desktop: left, top, right, bottom."""
        size, x, y = self.text(f"{window}/geom").split("+")
        width, height = map(int, size.split("x"))
        return int(x), int(y), int(x) + width, int(y) + height

    def is_active(self, window):
        """Whether it has the keyboard."""
        return self.text(f"{window}/state").strip() == "active"

    def seen(self, window):
        """What the desktop shows where the window is: a PIL image."""
        return self.picture().crop(self.geometry(window))

    def take_by_titlebar(self, window, to=None):
        """Clicks a window's titlebar if it has not the keyboard or, with to=(left, top), drags its
        content's corner there."""
        left, top, _, _ = self.geometry(window)
        grip = (left + 60, top - 15)
        if to is None:
            if not self.is_active(window):  # a second click soon after would maximise it
                self.hand.click(*grip)
            wait_for(lambda: self.is_active(window), 10,
                     f"{self.name} to give {window} the keyboard")
            return
        end = (grip[0] + to[0] - left, grip[1] + to[1] - top)
        self.hand.drag(grip, end, steps=24, pause=0.016)
        wait_for(lambda: max(abs(is_at - wanted) for is_at, wanted
                             in zip(self.geometry(window), to)) <= NEAR, 10,
                 f"{window} to be at {to} on {self.name}")


class Stage:
    """The whole of it, from the switch to the film."""

    def __init__(self, tell, options):
        self.tell, self.options = tell, options
        self.out = os.path.abspath(options.out)
        self.logs = os.path.join(self.out, "logs")
        self.film_path = os.path.join(self.out, "demo.mp4")
        self.pictures = []
        self.lab = self.film = self.display = None
        self.den = self.ibiza = self.friend = None
        self.bare_desktop = None  # ibiza's, before anything was on it
        self.terminal = None  # of ibiza
        self.game = self.view = None  # den's window, and its window on ibiza

    # --- beginning and end ---

    def __enter__(self):
        try:
            self._clear()
            self.display = watch.display_at_hand()
            self.lab = Lab(self.logs, share=[PROGRAMS], env={"PATH": PATH})
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, kind, *_):
        # A second Ctrl-C must not keep the first one's tidying from its end.
        before = {number: signal.signal(number, signal.SIG_IGN) for number in ENDINGS}
        failed = kind is not None and not issubclass(kind, KeyboardInterrupt)
        if failed:
            self._keep_evidence()
        self._close()
        if not failed:
            shutil.rmtree(self.logs, ignore_errors=True)
        for number, handler in before.items():
            signal.signal(number, handler)

    def _keep_evidence(self):
        """What there was to see when it failed, as far as it can still be had."""
        for take in (lambda: self.picture_all("failed"), self.finish_film):
            with contextlib.suppress(Exception):
                take()

    def _clear(self):
        """Takes away what an earlier demo left, however it ended; nothing else in the folder."""
        os.makedirs(self.out, exist_ok=True)
        for name in os.listdir(self.out):
            if name.endswith(OURS):
                os.unlink(os.path.join(self.out, name))
        shutil.rmtree(self.logs, ignore_errors=True)

    def _close(self):
        for machine in (self.den, self.ibiza, self.friend):
            if machine:
                machine.leave()
        if self.film:
            self.film.abandon()
        if self.lab:
            self.lab.close()

    def add(self, name, person):
        """A machine, not yet started."""
        config, sockets = "hint off\n", ()
        if name == "ibiza" and self.display:
            config += self.display.config
            sockets = self.display.sockets
        node = self.lab.node(name, person=person, sockets=sockets)
        machine = Machine(node, self.tell, boxland_conf=config)
        setattr(self, name, machine)
        return machine

    def start(self, machine):
        """Its daemon and its desktop, and a person at it."""
        self.tell.command(machine.name, "boxd &")
        machine.start_boxd()
        size = SIZES[machine.name]
        if machine is self.ibiza and self.display:
            self.tell.command(machine.name, "boxland &")
            self.display.start_boxland(machine, size)
        else:
            self.tell.command(machine.name, f"boxland --headless {size} &")
            machine.start_boxland(size)
        machine.sit_down()

    # --- what is kept of it ---

    def start_film(self):
        """From now on ibiza's desktop is filmed."""
        self.film = Film(self.ibiza, self.lab.switch, self.film_path)

    def finish_film(self):
        """Ends the film. It was all there, or Unseen."""
        self.film.finish()

    def picture_all(self, name):
        """A picture of each desktop. The film, once it has begun, must still be running."""
        if self.film:
            self.film.check()
        for machine in (self.den, self.ibiza, self.friend):
            path = os.path.join(self.out, f"{name}-{machine.name}.png")
            machine.picture().save(path, compress_level=3)
            self.pictures.append(path)

    def keep(self):
        """Until Ctrl-C, or until ibiza's window is closed."""
        self.tell.note("It stays until you press Ctrl-C.")
        if not self.display and not self.options.vnc:
            self.tell.note("Nothing shows it here; with --vnc a viewer on this machine can.")
        try:
            while not self.ibiza.boxland.ends_within(3600):
                pass
        except KeyboardInterrupt:
            return
        if self.ibiza.boxland.returncode != 0:
            raise Unseen(f"ibiza's desktop ended with {self.ibiza.boxland.returncode}")
