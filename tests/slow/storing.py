# SPDX-License-Identifier: MIT
"""In the guest of test_guest_kills.py: a boxd on the disk, and clients that store until the power goes.

What is there at first goes to /exchange/out/seen; then one thread a stream (stored.py) stores, and
writes a line to /exchange/out/NAME when an action was answered. That is a file of the host's, written
through a virtio channel before the next action begins.
"""

import json
import os
import pathlib
import subprocess
import threading
import traceback

import stored
from peer.op import Op, Refused

OUT = pathlib.Path("/exchange/out")
HOME = pathlib.Path(os.environ["HOME"])
STORE = "/fs/disk"
PATIENCE_S = 300


def say(text):
    print(f"guest: {text}", flush=True)


def start_boxd():
    conf = HOME / ".config/boxland/boxd.conf"
    conf.parent.mkdir(parents=True, exist_ok=True)
    conf.write_text("store disk /disk/store\n")
    read, write = os.pipe()
    with open(OUT / "boxd.log", "ab") as log:
        subprocess.Popen(["boxd", "--ready-fd", str(write)], pass_fds=[write], stdout=log, stderr=log)
    os.close(write)
    if not os.read(read, 256):
        raise RuntimeError("boxd did not start: see boxd.log")


def fingerprint():
    """Of the machine's key, which is on the disk too."""
    return subprocess.run(["box", "pair", "--fingerprint"], check=True, capture_output=True,
                          text=True).stdout.strip()


def store(name, op, seed, boot, state):
    """Goes on with a stream for ever."""
    top = f"{STORE}/{name}"
    with open(OUT / name, "ab", buffering=0) as told:
        for number, action in enumerate(stored.actions(name, seed, boot, state), 1):
            code, state = stored.outcome(name, action, state)
            try:
                action.do(op, top)
                answered = "ok"
            except Refused as refused:
                answered = refused.code
            if answered != code:
                raise RuntimeError(f"{type(action).__name__} {action.path}: {answered}, not {code}")
            told.write(b"%d\n" % number)


def store_or_say(name, *rest):
    try:
        store(name, *rest)
    except BaseException:
        (OUT / "trouble").write_text(f"{name}: {traceback.format_exc()}")
        say("failed: a stream has ended")
        raise


def main():
    seed, boot = (int(word) for word in pathlib.Path("/exchange/seed").read_text().split())
    start_boxd()
    op = Op(patience=PATIENCE_S)
    if boot == 0:
        subprocess.run(["box", "init", "--person", "ann"], check=True, stdout=subprocess.DEVNULL)
        for name in stored.STREAMS:
            op.make(f"{STORE}/{name}", type="dir")
    seen = {name: stored.look(name, op, f"{STORE}/{name}") for name in stored.STREAMS}
    names = sorted(name for name, _ in op.list(STORE))
    (OUT / "seen").write_text(json.dumps(
        {"names": names, "fingerprint": fingerprint(), "streams": seen}) + "\n")
    say("it was looked at")
    threads = [threading.Thread(target=store_or_say, args=(name, op, seed, boot, state))
               for name, state in seen.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


main()
