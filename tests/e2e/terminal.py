# SPDX-License-Identifier: MIT
"""A person at a terminal: reads what a box command shows there, and types."""

import os
import re
import select

from net.place import wait_for

DIGITS = re.compile(r"\n\s+(\d{3}) (\d{3})\r?\n")
QUESTION = "six digits? [yes/no]"


class Terminal:
    """A person at a terminal in which a box command runs."""

    def __init__(self, home, *words):
        self.process = home.node.spawn(["box", *words], tty=(24, 100))
        self.said = ""

    def read(self):
        """What is there, without waiting."""
        while select.select([self.process.terminal], [], [], 0)[0]:
            try:
                more = os.read(self.process.terminal.fileno(), 4096)
            except OSError:  # the other end is closed
                return
            if not more:
                return
            self.said += more.decode(errors="replace")

    def wait(self, text, timeout=30):
        """Until the terminal shows the text."""
        def shown():
            self.read()
            return text in self.said
        try:
            wait_for(shown, timeout, repr(text))
        except TimeoutError as error:
            raise TimeoutError(f"{error} in:\n{self.said}") from None

    def type(self, text):
        self.process.terminal.write(text.encode() + b"\n")

    def end(self, timeout=30):
        """The exit status; all that was said is read."""
        code = self.process.wait(timeout)
        self.read()
        return code


def digits(*terminals):
    """What each screen shows, once each asks."""
    shown = []
    for terminal in terminals:
        terminal.wait(QUESTION)
        shown.append("".join(DIGITS.search(terminal.said).groups()))
    return shown
