#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""./dev bench [WHAT] [ARGS]: picture (unless told), how a remote window is seen; op, what a request,
a copy and a program on another machine cost; ads, what it takes to know many nodes. WHAT --help says
more."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from bench import ads, op, picture  # noqa: E402  (the path comes first)

BENCHES = {"picture": picture, "op": op, "ads": ads}


def main(argv):
    """Hands on to the bench that is named first."""
    what = argv[0] if argv and argv[0] in BENCHES else None
    return BENCHES[what or "picture"].main(argv[1:] if what else argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
