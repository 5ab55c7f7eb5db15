# SPDX-License-Identifier: MIT
"""A terminal of ibiza's, as a person uses it: typed into, read from the screen.

What it was sent is kept by script(1), which is how answers are waited for. That they are really on
the screen is another question, answered from pixels: see on_screen().
"""

import re

from demo.tell import Unseen
from net.place import wait_for
from wayland.pixels import bounds

PAD = (12, 9)
CURSOR = (0xff, 0xb0, 0x30)  # of a colour that nothing else there has
FOOT = """term=xterm-256color
font=DejaVu Sans Mono:pixelsize=17
pad=%dx%d
[colors]
background=131c26
foreground=dfe7ee
[cursor]
color=131c26 %02x%02x%02x
""" % (*PAD, *CURSOR)
BASH = r"""PS1='\[\e[1;36m\]\h$\[\e[0m\] '
HISTFILE=
bind 'set enable-bracketed-paste off'
"""
SIZE = "586x480"
PAUSE_S = 0.028  # after each key, as a quick typist takes it
ANSWER_S = 20


class Terminal:
    def __init__(self, home):
        self.home, self.prompt = home, f"{home.name}$ "
        self.record = f"{home.node.home}/.typescript"
        node = home.node
        node.run(["mkdir", "-p", f"{node.home}/.config/foot"])
        node.write_file(f"{node.home}/.config/foot/foot.ini", FOOT)
        node.write_file(f"{node.home}/.bashrc", BASH)
        home.client("foot", f"--window-size-pixels={SIZE}", "script", "--quiet", "--flush",
                    "--command", "bash", self.record)
        self.window = home.window("foot")
        wait_for(lambda: self._at_prompt(0), ANSWER_S, "a prompt in the terminal")

    # --- what it was sent ---

    def text(self):
        """Everything it was sent, without escape sequences, from the first prompt on."""
        if not self.home.node.exists(self.record):
            return ""
        raw = self.home.node.read_file(self.record).decode(errors="replace")
        plain = re.sub(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[=>])", "", raw)
        lines = plain.replace("\r\n", "\n").split("\n")[1:]
        return "\n".join(line.rpartition("\r")[2] for line in lines)  # a redrawn prompt counts once

    def _at_prompt(self, start):
        text = self.text()[start:]
        return text == self.prompt or text.endswith("\n" + self.prompt)

    # --- what is typed ---

    def type(self, line, hand=None):
        """Types a line with a hand, ibiza's unless told, and waits for its end; the answer."""
        start = len(self.text())
        (hand or self.home.hand).type(line, PAUSE_S)
        wait_for(lambda: self.text()[start:] == line, ANSWER_S,
                 f"{line!r} typed, to come up in the terminal")
        (hand or self.home.hand).type("\n")
        start += len(line)
        wait_for(lambda: self._at_prompt(start), ANSWER_S, f"the end of {line!r} in the terminal")
        return self.text()[start + 1:-len(self.prompt)].rstrip("\n")

    def says(self, line):
        """Types a command there aloud; its answer, which must be on the screen."""
        self.home.tell.command(self.home.name, line)
        self.home.take_by_titlebar(self.window)
        answer = self.type(line)
        self.home.tell.answer(answer)
        wait_for(self.on_screen, 10, f"{line!r} and its answer on the screen")
        return answer

    # --- what it shows ---

    def on_screen(self):
        """Whether the window shows what the terminal was sent.

        No font is known here. But every character must look the same wherever it is, and no two the
        same: only the right text, each character in its place, has that.
        """
        image = self.home.seen(self.window)
        cursor = bounds(image, CURSOR)
        if cursor is None:
            return False
        x, y, width, height = cursor
        columns = (image.width - 2 * PAD[0]) // width
        lines = [line[at:at + columns] for line in self.text().split("\n")
                 for at in range(0, len(line) or 1, columns)]
        looks, means = {}, {}
        for up, line in enumerate(reversed(lines)):
            top = y - up * height
            if top < 0:
                break
            for column, char in enumerate(line):
                if column < len(self.prompt) and line.startswith(self.prompt):
                    continue  # it is of another colour
                left = PAD[0] + column * width  # its neighbours may reach into the outer pixels
                look = image.crop((left + 1, top, left + width - 1, top + height)).tobytes()
                if looks.setdefault(char, look) != look or means.setdefault(look, char) != char:
                    return False
        return bool(looks)

    def require_answer(self, line, wanted):
        """Types a command there aloud, whose answer must be this."""
        answer = self.says(line)
        if answer != wanted:
            raise Unseen(f"{line} answered {answer!r}, not {wanted!r}")
