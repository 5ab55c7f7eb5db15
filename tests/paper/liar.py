# SPDX-License-Identifier: MIT
"""Stands before a boxd, and answers some requests with ok though nothing was done.

    python3 liar.py REAL FOLDER LIE...

For each LIE there is a socket FOLDER/0, FOLDER/1 … A lie is "VERB" or "VERB GLOB", the glob for the
name that is asked for; "" lies about nothing. All other requests go to REAL, the socket of the
truth, and back, byte by byte. Says "ready" when it listens, and each lie told, as "lie NUMBER".
"""

import fnmatch
import os
import select
import socket
import sys
import threading

# What a handler would say of what it made, had it made it.
NAMED = {"make": "", "link": "/0"}


def read_head(sock):
    """All bytes up to the end of a head, and what came behind it."""
    data = b""
    while b"\n\n" not in data:
        more = sock.recv(65536)
        if not more:
            return None
        data += more
    return data


def asked(data):
    """(verb, name) of a request."""
    lines = data.split(b"\n\n")[0].decode().split("\n")
    fields = dict(line.split(" ", 1) for line in lines[1:] if " " in line)
    return lines[0].removeprefix("op/1 "), fields.get("name", "")


def is_lied(lie, verb, name):
    wanted, _, glob = lie.partition(" ")
    return verb == wanted and (not glob or fnmatch.fnmatchcase(name, glob))


def answer(sock, verb, name):
    made = f"name {name}{NAMED[verb]}\n" if verb in NAMED else ""
    sock.sendall(f"ok\n{made}\n".encode())
    sock.shutdown(socket.SHUT_WR)
    while sock.recv(65536):  # a body that nobody keeps
        pass


def pass_on(sock, real, data):
    """Both ways until both have ended, or the asker has hung up."""
    real.sendall(data)
    poll = select.poll()
    ways = {sock.fileno(): (sock, real), real.fileno(): (real, sock)}
    for number in ways:
        poll.register(number, select.POLLIN)
    while ways:
        for number, mask in poll.poll():
            source, target = ways[number]
            data = source.recv(65536) if mask & select.POLLIN else b""
            if data:
                target.sendall(data)
                continue
            if mask & select.POLLHUP and source is sock:
                return  # gone: so is the request
            poll.unregister(number)
            del ways[number]
            target.shutdown(socket.SHUT_WR)


def serve(sock, real_path, number, lie):
    with sock:
        try:
            data = read_head(sock)
            if data is None:
                return
            verb, name = asked(data)
            if lie and is_lied(lie, verb, name):
                print("lie", number, flush=True)
                answer(sock, verb, name)
                return
            with socket.socket(socket.AF_UNIX) as real:
                real.connect(real_path)
                pass_on(sock, real, data)
        except ConnectionError:
            pass  # one of the two has had enough


def listen(folder, real_path, number, lie):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(folder, str(number)))
    listener.listen(64)

    def accept():
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=serve, args=(sock, real_path, number, lie), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def main(real_path, folder, *lies):
    os.makedirs(folder)
    for number, lie in enumerate(lies):
        listen(folder, real_path, number, lie)
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
