# SPDX-License-Identifier: MIT
"""What the person in front of the demo reads: sentences, commands as they are run, their answers.

In colour on a terminal only. Nothing is run here.
"""

import os
import shlex
import textwrap

WIDTH = 88
MARGIN = "   "
BOLD, DIM, GREEN, RED, BLUE = "1", "2", "32", "31", "1;34"


class Unseen(Exception):
    """A step did not show what it says. The text says what was looked for, and what was there."""


class Teller:
    def __init__(self, out):
        self.out = out
        self.colour = (out.isatty() and "NO_COLOR" not in os.environ
                       and os.environ.get("TERM", "dumb") != "dumb")

    def _paint(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def _line(self, text=""):
        print(text, file=self.out, flush=True)

    def _wrapped(self, text, code=None):
        for line in textwrap.wrap(text, WIDTH - len(MARGIN), break_long_words=False,
                                  break_on_hyphens=False):
            self._line(MARGIN + (self._paint(code, line) if code else line))

    def title(self, text):
        """What this is."""
        self._line(self._paint(BOLD, text))

    def step(self, number, sentence):
        """A step begins."""
        self._line()
        head, *rest = textwrap.wrap(sentence, WIDTH - len(MARGIN))
        self._line(self._paint(BLUE, f"{number}  ") + self._paint(BOLD, head))
        for line in rest:
            self._line(MARGIN + self._paint(BOLD, line))

    def note(self, text):
        """A sentence between commands."""
        self._wrapped(text)

    def command(self, machine, command):
        """What is typed on a machine: words, or the line itself."""
        line = command if isinstance(command, str) else shlex.join(command)
        self._line(MARGIN + self._paint(GREEN, f"{machine}$ ") + line)

    def answer(self, text):
        """What a command said."""
        for line in text.splitlines():
            self._line(MARGIN + self._paint(DIM, line.rstrip()))

    def found(self, pictures, film, seconds):
        """The end: where to look."""
        self._line()
        self._line(self._paint(BOLD, f"All of it was seen, in {seconds:.0f} s."))
        self._line(f"{MARGIN}film      {os.path.relpath(film)}")
        folder = os.path.relpath(os.path.dirname(film))
        self._line(f"{MARGIN}pictures  {folder}/*.png, {len(pictures)} of them")

    def failure(self, sentence, error, logs):
        """It went wrong, at a step or between them."""
        self._line()
        where = f"This step failed: {sentence}" if sentence else "The demo failed."
        self._line(self._paint(RED, where))
        for line in (str(error) or repr(error)).splitlines():
            self._line(MARGIN + line)
        self._line(f"{MARGIN}What each program said is in {os.path.relpath(logs)}/.")
