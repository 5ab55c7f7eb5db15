# SPDX-License-Identifier: MIT
"""What it takes to know what many nodes offer: memory and time, from 10 to 10 000 synthetic nodes that
come and go without traffic.

    ./dev bench ads [NODES ...]
"""

import subprocess

from bench.report import BUILD


def main(argv):
    """Prints the table of ads.c."""
    return subprocess.run([BUILD / "tests/bench/bench-ads", *argv], check=False).returncode
