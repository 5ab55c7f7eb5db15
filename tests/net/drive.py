# SPDX-License-Identifier: MIT
"""A small driver of a laboratory, for test_lab.py to end at any moment.

    drive.py OUT WIRE [once]

Starts two nodes with things that would outlive them if they could: daemons, files, sockets, traffic
and a capture. Prints "up" and waits; with "once" it leaves in good order instead.
"""

import os
import signal
import sys

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from net.lab import Lab  # noqa: E402  (the path comes first)

# Left alone on purpose: another session, no parent, deaf to polite signals.
DAEMON = """
trap '' HUP INT TERM
setsid sh -c 'trap "" HUP INT TERM; echo x >/dev/shm/left; echo x >/tmp/left; sleep infinity' &
setsid bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev sleep infinity &
"""


def main(out, wire, *words):
    with Lab(out, wire=wire) as lab:
        lab.capture(os.path.join(out, "capture.pcap"))
        den, ibiza = lab.node("den"), lab.node("ibiza", person="bob", link="WAN40")
        for node in (den, ibiza):
            node.run(["sh", "-c", DAEMON])
        den.spawn(["ping", "-i", "0.01", ibiza.ip])
        print("up", flush=True)
        if "once" not in words:
            signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
