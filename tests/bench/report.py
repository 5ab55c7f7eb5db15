# SPDX-License-Identifier: MIT
"""What every bench prints with, and where it runs."""

import os
import pathlib
import statistics

from net.lab import Lab

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BOXLAND_BUILD", ROOT / "build")).absolute()
PATH = ":".join(map(str, [BUILD / "out/bin", BUILD / "tests/bench", "/usr/local/bin", "/usr/bin",
                          "/bin"]))
BUSY = 0.3  # cores that others may take before the figures are not to be trusted


def lab(out):
    """A laboratory whose nodes have our programs."""
    return Lab(out, wire=BUILD / "tests/net/wire", share=[ROOT, BUILD],
               env={"PATH": PATH})


def spread(values, form="{:.1f}"):
    """The median and, of several, the range."""
    values = [value for value in values if value is not None]
    if not values:
        return "–"
    told = form.format(statistics.median(values))
    if len(values) == 1:
        return told
    return f"{told} ({form.format(min(values))}–{form.format(max(values))})"


def table(head, rows):
    """Markdown."""
    lines = ["| " + " | ".join(row) + " |" for row in [head, *rows]]
    lines.insert(1, "|" + "---|" * len(head))
    return "\n".join(lines)
