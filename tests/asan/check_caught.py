#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_caught.py PLANT FAULT - sees the planted fault caught, in the environment of the tests.

A sanitizer that was not linked, was told to be silent or whose suppressions swallow everything
makes this fail, and so does a program without a fault that does not come to its end.
"""

import os
import subprocess
import sys

# What the report says, and the function of plant.c that it must name.
REPORTS = {
    "leak": ("LeakSanitizer: detected memory leaks", "in leak"),
    "overrun": ("AddressSanitizer: heap-buffer-overflow", "in overrun"),
    "overflow": ("signed integer overflow", "in overflow"),
}
SUPPRESSIONS = "tests/asan/lsan.supp"


def main():
    """Runs the one fault; the reason of a failure is the exit's text."""
    plant, fault = sys.argv[1:]
    if SUPPRESSIONS not in os.environ.get("LSAN_OPTIONS", ""):
        sys.exit(f"LSAN_OPTIONS does not name {SUPPRESSIONS}; run this by ./dev test unit")
    done = subprocess.run([plant, fault], capture_output=True, text=True, timeout=60, check=False)
    said = done.stdout + done.stderr
    if fault == "sound":
        if done.returncode != 0 or done.stderr or "came to its end" not in done.stdout:
            sys.exit(f"the sound run ended with {done.returncode}:\n{said}")
        return
    if done.returncode == 0:
        sys.exit(f"the planted {fault} was not caught:\n{said}")
    for text in REPORTS[fault]:
        if text not in said:
            sys.exit(f"the report of the planted {fault} does not say {text!r}:\n{said}")


main()
