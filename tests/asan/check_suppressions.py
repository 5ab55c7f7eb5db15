#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_suppressions.py FILE SOURCES - sees that lsan.supp excuses libraries only, one by one.

Each line names one exported function of one library, with the reason in the comment above it; a
function that our own code defines, a pattern or a whole library is refused.
"""

import ctypes
import pathlib
import re
import sys

REASON = re.compile(r"# (lib[\w.+-]+\.so[\w.]*): \S.{9,}")
LINE = re.compile(r"leak:([A-Za-z_]\w*)\$?")


def faults(supp, ours):
    """The sentences for what is wrong, one a line of the file."""
    above = ""
    for number, line in enumerate(supp.splitlines(), 1):
        if line and not line.startswith("#"):
            where = f"line {number}, {line!r}"
            reason, named = REASON.fullmatch(above), LINE.fullmatch(line)
            if not named:
                yield f"{where}: it must be leak: and the name of one function"
            elif not reason:
                yield f"{where}: the line above must be '# LIBRARY.so.N: why'"
            elif re.search(rf"^\w[^\n;]*\b{named[1]}\(", ours, re.MULTILINE):
                yield f"{where}: {named[1]} is a function of ours"
            elif not exported(reason[1], named[1]):
                yield f"{where}: {reason[1]} has no function {named[1]}"
        above = line


def exported(library, function):
    """Whether the library has such a function."""
    try:
        return hasattr(ctypes.CDLL(library), function)
    except OSError:
        return False


def main():
    """Checks the file, after seeing that the check itself refuses what it should."""
    supp, root = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    ours = "\n".join(path.read_text() for folder in ("protocols", "boxd", "compositor", "clients")
                     for path in (root / folder).rglob("*.c"))
    good = "# libc.so.6: keeps this for its own use\nleak:malloc\n"
    bad = ["leak:libc.so.6\n", "leak:malloc\n", good.replace("malloc", "mal*"),
           good.replace("malloc", "no_such_function"), good.replace("libc.so.6", "libnone.so.1"),
           good.replace("malloc", "exported_by_us")]
    ours_too = ours + "\nvoid exported_by_us(void) {\n"
    if list(faults(good, ours_too)) or not all(list(faults(text, ours_too)) for text in bad):
        sys.exit("the check itself does not tell good from bad")
    sys.exit("\n".join(faults(supp.read_text(), ours)) or 0)


main()
