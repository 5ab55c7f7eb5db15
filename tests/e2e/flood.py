# SPDX-License-Identifier: MIT
"""Runs on a node: sends the same bytes to its boxd very often, and reads what it is told.

    python3 flood.py SOCKET TIMES HALF ANSWER < BYTES

COUNT in BYTES becomes another number each time. HALF is 1 when no more is to be expected behind BYTES. Every answer has to begin with ANSWER; many
are asked before the first is read, so that neither side waits for the other each time.
"""

import socket
import sys

AT_A_TIME = 50
PATIENCE_S = 60


def ask(path, sent, half):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(PATIENCE_S)
    sock.connect(path)
    try:
        sock.sendall(sent)
        if half:
            sock.shutdown(socket.SHUT_WR)
    except (BrokenPipeError, ConnectionResetError):
        pass  # the answer came before all was sent, and is there
    return sock


def read(sock):
    answer = b""
    try:
        while b"\n\n" not in answer:
            more = sock.recv(65536)
            if not more:
                break
            answer += more
    except ConnectionResetError:
        pass  # what came before it counts
    return answer


def main(path, times, half, wanted):
    sent = sys.stdin.buffer.read()
    while times > 0:
        socks = [ask(path, sent.replace(b"COUNT", str(times - i).encode()), half)
                 for i in range(min(times, AT_A_TIME))]
        for sock in socks:
            with sock:
                answer = read(sock)
            if not answer.startswith(wanted):
                sys.exit(f"wanted {wanted!r}, was told {answer!r}")
        times -= len(socks)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3] == "1", sys.argv[4].encode())
