# SPDX-License-Identifier: MIT
"""What the guest of test_guest_kills.py stores: streams of actions that guest and host both know.

Each stream has a folder of its own and goes on by itself. What comes next follows from the seed, the
boot and what was there at its begin, so the host knows from a number of acknowledged actions what has
to be there. The actions are the model test's (e2e/model.py); some are done by the box command, as a
person does them.
"""

import hashlib
import io
import random
import subprocess
import tarfile
import tempfile

from e2e import model
from e2e.model import DIR, Delete, Make, Put, Tree, differences, may_be  # noqa: F401

FILES_KEPT = 24


class CommandPut(Put):
    """Through a pipe, by box."""

    def do(self, op, top):
        subprocess.run(["box", "cp", "-", top + self.path], input=self.data, check=True)


class CommandTree(Tree):
    """A folder copied by box."""

    def do(self, op, top):
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(fileobj=io.BytesIO(model.make_tar(self.tree))) as tar:
                tar.extractall(f"{folder}/tree", filter="data")
            subprocess.run(["box", "cp", "-r", "tree", top + self.path], check=True, cwd=folder)


class Inner(Make):
    """An inner box of a file, which is a box with both from then on."""

    def after(self, state):
        return {**state, self.path: b""}

    def do(self, op, top):
        op.make(top + self.path, type="file")


def _bytes(rng, *sizes):
    return rng.randbytes(rng.choice(sizes))


def _first(state):
    """The number to go on with: one more than any that is there."""
    return 1 + max((int(path[1:].partition("/")[0]) for path in state), default=0)


def anything(rng, state):
    """Files, folders and trees that come, are replaced and go, and requests that are refused."""
    trial = model.Trial(None, None, 0)
    trial.random = rng
    while True:
        yield trial.action()


def numbered(rng, state):
    """New files, one after another; old ones go."""
    number, there = _first(state), set(state)
    while True:
        yield CommandPut(f"/{number:05}", _bytes(rng, 20, 40_000, 1_500_000))
        there.add(f"/{number:05}")
        if len(there) > FILES_KEPT:
            oldest = min(there)
            there.remove(oldest)
            yield Delete(oldest)
        number += 1


def replaced(rng, state):
    """The same three files again and again."""
    while True:
        yield Put(f"/{rng.randrange(3)}", _bytes(rng, 10, 5000, 200_000))


def both(rng, state):
    """Files that get inner boxes, whose bytes and inner boxes are then replaced."""
    number = _first(state)
    while True:
        yield Put(f"/{number}", _bytes(rng, 100, 9000))
        yield Inner(f"/{number}/in")
        yield Put(f"/{number}/in", _bytes(rng, 100, 9000))
        yield Put(f"/{number}", _bytes(rng, 100, 9000))
        number += 1


def trees(rng, state):
    """Folders of small files, by box; every other one goes over the one before."""
    number = _first(state)
    while True:
        for _ in range(2):
            names = [f"{rng.choice('abc')}/{each}" for each in range(12)]
            yield CommandTree(f"/{number}", {name: _bytes(rng, 0, 300, 4096) for name in names})
        number += 1


STREAMS = {make.__name__: make for make in (anything, numbered, replaced, both, trees)}


def actions(name, seed, boot, state):
    """The stream from a boot on, where state was found."""
    return STREAMS[name](random.Random(f"{seed} {boot} {name}"), state)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def outcome(name, action, state):
    """What is there behind an action, with digests for contents; the code that it is answered with."""
    if name == "anything":
        code, after = model.expected(action, state)
    else:
        code, after = "ok", action.after(state)
    return code, {path: digest(data) if isinstance(data, bytes) else data
                  for path, data in after.items()}


def look(name, op, top, path=""):
    """{path: digest, or DIR} of all that is listed below a stream's folder."""
    seen = {}
    for inner, entry in op.list(top + path):
        below = path + inner
        folder = entry.text("type") == "dir"
        # A box with both is listed as the folder that it is too.
        has_bytes = not folder or name == "both"
        seen[below] = digest(op.get(top + below)) if has_bytes else DIR
        if folder:
            seen |= look(name, op, top, below)
    return seen
