# SPDX-License-Identifier: MIT
"""Runs on a node: what a NAT does to the UDP of those behind it, towards one place outside.

    python3 nat.py PORT HOST PORT

Passes on what comes to PORT, from a port of its own for each that sends; at SIGUSR1 it forgets them
all, as a NAT does that was started anew: whoever goes on sending then comes from another port.
"""

import select
import signal
import socket
import sys


def main(port, host, far_port):
    front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    front.bind(("", port))
    backs = {}  # who sends: the socket that it seems to send from
    forgotten = []  # kept open, so that its port is not given again

    def forget(*_):
        forgotten.extend(backs.values())
        backs.clear()
        print("forgot", flush=True)

    signal.signal(signal.SIGUSR1, forget)
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select([front, *backs.values()], [], [], 0.05)
        for sock in readable:
            data, sender = sock.recvfrom(65536)
            if sock is front:
                if sender not in backs:
                    backs[sender] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    backs[sender].connect((host, far_port))
                backs[sender].send(data)
            else:
                near = next((near for near, back in backs.items() if back is sock), None)
                if near:
                    front.sendto(data, near)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
