# SPDX-License-Identifier: MIT
"""What op(7), as it was built, shows in its examples and says in its table of failures.

    for example in examples():
        subprocess.run(["sh", "-c", example.typed])     # must print what example.pattern() matches

The page is read as man(1) gets it, not as it was written, so that what a person copies from it is
what is tried.
"""

import re
from dataclasses import dataclass

from evidence import BUILD

PAGE = BUILD / "protocols/op.7"
ELLIPSIS = "…"


@dataclass
class Example:
    """What is typed, and what the page says comes back: "" where it only defines a word."""

    typed: str
    answer: str

    def pattern(self):
        """The answer as a pattern: … is any piece of a line, alone on a line it is any lines."""
        lines = [r"(?:.*\n)*?" if line == ELLIPSIS else
                 ".*".join(map(re.escape, line.split(ELLIPSIS))) + r"\n"
                 for line in self.answer.splitlines()]
        return "".join(lines).removesuffix(r"\n") + r"\n?" if lines else ""


def plain(roff):
    """Text without the escapes that scdoc writes."""
    return re.sub(r"\\(f[BIRP]|&|.)", lambda match: {"\\": "\\"}.get(match[1], ""), roff)


def section(name):
    """The roff of one section of the page."""
    page = PAGE.read_text(encoding="utf-8")
    return re.search(rf"^\.SH {name}\n(.*?)(?=^\.SH |\Z)", page, re.MULTILINE | re.DOTALL)[1]


def examples():
    """All of them, in the order of the page, which is the order in which they hold."""
    found = []
    for block in re.findall(r"^\.nf\n\.RS 4\n(.*?)^\.fi$", section("EXAMPLES"),
                            re.MULTILINE | re.DOTALL):
        text = plain(block)
        assert text.startswith("$ "), text
        for one in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            here = re.match(r".*<<END.*\n(?:.*\n)*?END\n", one)
            typed = here[0] if here else one.partition("\n")[0] + "\n"
            found.append(Example(typed, one[len(typed):]))
    return found


@dataclass
class Failure:
    """A row of the page's failures: what is said of it, the codes in it, and how soon they come."""

    name: str
    seconds: int
    text: str

    @property
    def codes(self):
        return set(re.findall(r"\bE[A-Z0-9]{2,}\b", self.text))


def failures():
    """{name: Failure}."""
    rows = re.findall(r"^\\fB([^\n]+)\\fR, within (\d+) seconds\n\.RS 4\n(.*?)^\.RE$",
                      section("FAILURES"), re.MULTILINE | re.DOTALL)
    return {name: Failure(name, int(seconds), plain(text)) for name, seconds, text in rows}
