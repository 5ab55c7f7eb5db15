# SPDX-License-Identifier: MIT
"""
conform.py - asks a server of Op whether the rules of rules.py hold for it.

    conform.py unix SOCKET
    conform.py quic HOST PORT CHAIN KEY FINGERPRINT

Prints each rule that does not hold, with what came instead, and last "N of M rules hold". Ends with
1 unless all do.
"""

import contextlib
import pathlib
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from peer.op import Lost, Refused  # noqa: E402  (the path comes first)
from peer.rules import Broken, Server, rules  # noqa: E402


AT_A_TIME = 16  # exchanges


@contextlib.contextmanager
def unix(path):
    def connect():
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(path)
        return sock

    yield connect


@contextlib.contextmanager
def quic(host, port, chain, key, fingerprint):
    from peer.quic import Carrier

    with Carrier(host, int(port), chain, key, fingerprint) as carrier:
        yield carrier.connect


def holds(server, name, rule):
    try:
        rule(server)
    except (Broken, Refused, Lost, OSError) as error:
        print(f'{name}: {type(error).__name__} {error}')
        return False
    return True


def main(how, *where):
    listed = rules()
    with {'unix': unix, 'quic': quic}[how](*where) as connect, ThreadPoolExecutor(AT_A_TIME) as pool:
        server = Server(connect)
        held = sum(pool.map(lambda one: holds(server, *one), listed))
    print(f'{held} of {len(listed)} rules hold')
    return 0 if held == len(listed) else 1


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
