# SPDX-License-Identifier: MIT
"""Runs on a node: a display that takes windows and never stops asking.

    python3 greedy_viewer.py NAME PREFIX 0=ASKS

mounts PREFIX/0, to be linked to a window. What it is sent it takes and acknowledges; what it asks,
as fast as it is taken, is ASKS: input, key, size, or all of these and nonsense; or little, now and then. It prints a line
when it has begun, and how many bytes of frames it has sent when the other side hung up.
"""

import os
import pathlib
import random
import struct
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "peer"))

import op  # noqa: E402  (the path comes first)
import serve  # noqa: E402

DICE = random.Random(7)


def record(kind, code, value, x=0, y=0):
    return op.INPUT_RECORD.pack(0, kind, code, value, x, y)


def inputs():
    """Keys that go down and up, a pointer that jumps, a wheel that spins."""
    keys = b"".join(record(1, code, down) for code in range(2, 80) for down in (1, 0))
    jumps = b"".join(record(3, 0, 0, DICE.randrange(300 << 16), DICE.randrange(200 << 16)) +
                     record(2, 8, DICE.choice((-15, 15))) for _ in range(200))
    return [op.control("focus", "on"), op.Frame("input", keys), op.Frame("input", jumps)]


def lines(*pairs):
    return [op.Frame("control", b"".join(f"{word} {value}\n".encode() for word, value in pairs))]


def sizes():
    return lines(*(("size", f"{DICE.randrange(1, 2000)}x{DICE.randrange(1, 1500)}")
                   for _ in range(200)))


def nonsense():
    return [op.Frame("control", DICE.randbytes(5000)), op.Frame("input", DICE.randbytes(24 * 100)),
            *lines(("size", "100000x100000"), ("rate", "4294967296"), ("held", "9" * 4000),
                   ("keymap", "x" * 100000)),
            *lines(*(("focus", word) for word in ("on", "off") * 100)),
            *lines(*(("visible", word) for word in ("off", "on") * 100)),
            op.Frame("ack", struct.pack(">IQIIQ", 2 ** 32 - 1, 2 ** 64 - 1, 0, 0, 0))]


ASKS = {
    "input": inputs,
    "key": lambda: lines(*[("key", "please")] * 1000),
    "size": sizes,
    "little": lambda: threading.Event().wait(0.2) or lines(("visible", "on")),
    "all": lambda: inputs() + lines(*[("key", "please")] * 100) + sizes() + nonsense(),
}


class Greedy(serve.Shop):
    """Displays; each has the name of what it asks."""

    def entry(self, name):
        return {**super().entry(name), "type": "video!*!*!codec=h264", "letters": "kp"}

    def serve(self, sock):
        take = op.taker(sock)
        with sock:
            request = op.read_head("request", take)
            if request.verb != "putmem":
                fields, _ = self.answer(request, b"")
                sock.sendall(op.build("reply", **fields).encode())
                return
            sock.sendall(op.build("reply", body="frames").encode())
            lock = threading.Lock()
            threading.Thread(target=self.take_pictures, args=(request, take, sock, lock),
                             daemon=True).start()
            self.ask(sock, lock, self.texts[request.text("name")].decode())

    @staticmethod
    def take_pictures(request, take, sock, lock):
        try:
            for what, frame in op.read_body(request, take):
                if what == "frame" and frame.kind in ("video", "tiles"):
                    with lock:
                        sock.sendall(op.Frame("ack", op.ACK.pack(
                            frame.sequence, frame.capture_ns, 0, 0, 0)).encode())
        except (op.Lost, OSError):
            pass

    @staticmethod
    def ask(sock, lock, what):
        sent = 0
        print("asking", flush=True)
        try:
            while True:
                for frame in ASKS[what]():
                    data = frame.encode()
                    with lock:
                        sock.sendall(data)
                    sent += len(data)
        except OSError:
            print(f"sent {sent}", flush=True)
        os._exit(0)


if __name__ == "__main__":
    serve.main(Greedy)
