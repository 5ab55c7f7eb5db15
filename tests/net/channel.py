# SPDX-License-Identifier: MIT
"""The line between a test and process 1 of a place: one JSON object a packet, with descriptors.

Both ends use it. A packet is whole or not there (SOCK_SEQPACKET), so there is no framing. What the
objects mean is said in init.py, which answers them.
"""

import json
import socket

PACKET_MAX = 192 * 1024
FDS_MAX = 32


def pair():
    """Two connected ends, neither inherited by a program that is started."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(sock, message, fds=()):
    """Sends one object. The descriptors stay the caller's."""
    data = json.dumps(message).encode()
    if len(data) > PACKET_MAX:
        raise ValueError(f"{len(data)} bytes do not fit a packet of {PACKET_MAX}")
    socket.send_fds(sock, [data], list(fds))


def receive(sock):
    """One object and its descriptors, which are the caller's; (None, []) at the end."""
    data, fds, flags, _ = socket.recv_fds(sock, PACKET_MAX, FDS_MAX)
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        raise ValueError("packet cut short")
    if not data:
        return None, []
    return json.loads(data), fds
