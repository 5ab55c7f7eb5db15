# SPDX-License-Identifier: MIT
"""Runs on a node, for test_lab.py: leaves one thing of each kind, or says which are in its reach.

    probe.py leave TOKEN   holds all of them until its input ends; prints "left"
    probe.py find TOKEN    prints the kinds it reached, a line each

That find reaches everything where it was left is what makes it mean something that it reaches
nothing elsewhere.
"""

import contextlib
import ctypes
import os
import socket
import stat
import subprocess
import sys
import zlib

IPC_CREAT = 0o1000
SHM_SIZE = 4096
KINDS = ("abstract socket", "socket file", "memfd", "file", "shared memory", "System V memory",
         "process", "loopback port")

libc = ctypes.CDLL(None, use_errno=True)


def key(token):
    """The System V key and the port that belong to a token."""
    return zlib.crc32(token.encode()) & 0x7fffffff, 20000 + zlib.crc32(token.encode()) % 20000


def writable_directories():
    """Every directory in which this person may make files, by walking the whole tree."""
    for directory, names, _ in os.walk("/"):
        # What is read-only is the same everywhere, and large; /proc is searched in its own way.
        names[:] = [name for name in names
                    if os.path.join(directory, name) not in ("/proc", "/usr")]
        if os.access(directory, os.W_OK):
            yield directory


def leave(token):
    """Leaves everything, and keeps it until the input ends."""
    abstract, named, loopback = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX), \
        socket.socket(socket.AF_INET)
    abstract.bind(f"\0{token}")
    named.bind(f"/tmp/{token}.socket")
    number, port = key(token)
    loopback.bind(("", port))
    for sock in (abstract, named, loopback):
        sock.listen()
    memory = os.memfd_create(token)
    os.write(memory, token.encode())
    for directory in writable_directories():
        with open(f"{directory}/{token}", "w", encoding="ascii") as file:
            file.write(token)
    if libc.shmget(number, SHM_SIZE, IPC_CREAT | 0o666) < 0:
        raise OSError(ctypes.get_errno(), "shmget")
    with subprocess.Popen(["sleep", "infinity"], executable="/usr/bin/sleep",
                          env={"TOKEN": token}) as process:
        print("left", flush=True)
        sys.stdin.read()
        process.kill()


def connects(address, family=socket.AF_UNIX):
    """Whether somebody listens there."""
    with socket.socket(family) as sock:
        return sock.connect_ex(address) == 0


def process_files(pattern):
    """What is readable of every process: (path, contents or where it leads)."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if pattern == "fd":
                for name in os.listdir(f"/proc/{pid}/fd"):
                    yield os.readlink(f"/proc/{pid}/fd/{name}")
            else:
                with open(f"/proc/{pid}/{pattern}", encoding="utf-8", errors="replace") as file:
                    yield file.read()


def find(token):
    """Prints what of it is in reach."""
    number, port = key(token)
    reached = {
        "abstract socket": connects(f"\0{token}"),
        "socket file": any(_is_socket(f"{directory}/{token}.socket")
                           and connects(f"{directory}/{token}.socket")
                           for directory in writable_directories()),
        "memfd": any(f"memfd:{token}" in link for link in process_files("fd")),
        "file": any(os.path.exists(f"{directory}/{token}") for directory in writable_directories()),
        "shared memory": os.path.exists(f"/dev/shm/{token}"),
        "System V memory": libc.shmget(number, SHM_SIZE, 0o666) >= 0,
        "process": any(f"TOKEN={token}" in text for text in process_files("environ")),
        "loopback port": connects(("127.0.0.1", port), socket.AF_INET),
    }
    for kind in KINDS:
        if reached[kind]:
            print(kind)


def _is_socket(path):
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


if __name__ == "__main__":
    {"leave": leave, "find": find}[sys.argv[1]](sys.argv[2])
