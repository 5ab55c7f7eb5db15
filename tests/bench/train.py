# SPDX-License-Identifier: MIT
"""A link by itself: what a frame's bytes take over it as bare UDP, with no protocol at all.

    train.py receive                             says "ready PORT", then the delays, a line each
    train.py send ADDRESS PORT BYTES SECONDS

A train of packets leaves at once every 60th of a second, as a frame does; its delay is the time until
the last of it is there, in ns, and one that lost a packet has none. Both ends have one clock.
"""

import socket
import struct
import sys
import time

PACKET = 1200       # bytes, about what QUIC puts into one
PERIOD_NS = 1_000_000_000 // 60
FIRST_S, LAST_S = 20, 0.5 # patience for the first of them, for another
HEAD = struct.Struct("!qII") # sent at, number of the packet, of so many


def send(address, port, size, seconds):
    """Trains, for so long."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        begin = time.monotonic_ns()
        count = -(-size // PACKET)
        for number in range(int(seconds * 60)):
            time.sleep(max(0, begin + number * PERIOD_NS - time.monotonic_ns()) / 1e9)
            sent, left = time.monotonic_ns(), size
            for packet in range(count):
                head = HEAD.pack(sent, packet, count)
                out.sendto(head.ljust(max(len(head), min(PACKET, left)), b"\0"), (address, port))
                left -= PACKET


def receive():
    """Tells the delays of those that come whole."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as into:
        into.bind(("", 0))
        print("ready", into.getsockname()[1], flush=True)
        into.settimeout(FIRST_S)
        came, delays = {}, []
        try:
            while True:
                data = into.recv(2 * PACKET)
                now = time.monotonic_ns()
                into.settimeout(LAST_S)
                sent, _, count = HEAD.unpack_from(data)
                came[sent] = came.get(sent, 0) + 1
                if came[sent] == count:
                    delays.append(now - sent)
        except TimeoutError:
            print("\n".join(map(str, delays)), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], *map(int, sys.argv[3:]))
    else:
        receive()
