# SPDX-License-Identifier: MIT
"""The demo: three machines on this one, a remote game, a lent keyboard, a remote processor.

    ./dev demo [--keep] [--vnc]

This is the table of contents. What each step does, and how it knows that it has been seen, is in
steps/, a file each; what they stand on is in stage.py. The machines themselves are tests/net's.
"""

import argparse
import os
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[0] = os.path.dirname(HERE)

from demo.stage import Stage  # noqa: E402  (the path comes first)
from demo.steps import farewell, game, keyboard, machines, pairing, play, processor, window  # noqa: E402
from demo.tell import Teller  # noqa: E402

STEPS = (machines, pairing, game, window, play, keyboard, processor, farewell)
INTERRUPTED = 128 + signal.SIGINT


def main():
    options = parse()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    tell, begin = Teller(sys.stdout), time.monotonic()
    step = None
    try:
        with Stage(tell, options) as stage:
            tell.title("Boxland: three machines, played on this one.")
            steps = [each for each in STEPS if not (options.keep and each is farewell)]
            for number, step in enumerate(steps, 1):
                tell.step(number, step.SENTENCE)
                step.show(stage)
                stage.picture_all(f"{number}-{step.__name__.rpartition('.')[2]}")
            step = None
            stage.finish_film()
            tell.found(stage.pictures, stage.film_path, time.monotonic() - begin)
            if options.keep:
                stage.keep()
    except KeyboardInterrupt:
        tell.note("Stopped. Nothing is left running.")
        return INTERRUPTED
    except Exception as error:  # whatever it is, a person wants to know which step it was
        if os.environ.get("BOXLAND_TRACE"):
            raise
        tell.failure(step and step.SENTENCE, error, stage_logs(options))
        return 1
    return 0


def stage_logs(options):
    return os.path.join(options.out, "logs")


def parse():
    parser = argparse.ArgumentParser(
        prog="./dev demo", description="Three machines on this one: a remote game, a lent keyboard,"
        " a remote processor. Pictures and a film are left in demo-pictures/.")
    parser.add_argument("--keep", action="store_true", help="leave it running until Ctrl-C")
    parser.add_argument("--vnc", action="store_true",
                        help="let a VNC viewer on this machine watch ibiza's desktop")
    parser.add_argument("--out", metavar="DIR", help="where pictures go (demo-pictures/)",
                        default=os.path.join(os.path.dirname(os.path.dirname(HERE)), "demo-pictures"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
