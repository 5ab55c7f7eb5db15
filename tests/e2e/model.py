# SPDX-License-Identifier: MIT
"""Storage in memory, beside a real one whose boxd is killed at any moment.

    Trial(den, "/fs/desk", seed).run(kills=10)

What was acknowledged is there after each kill; what was under way is there whole, or not at all; and
boxd answers everything else as the model does.
"""

import io
import random
import tarfile

from peer.op import Lost, Refused

NAMES = "a", "b", "c"
FOLDERS = "", "/d", "/e"  # where things are done; d and e come and go
DIR = None                # as contents: a folder
GONE = (Lost, ConnectionError, FileNotFoundError)  # what a killed boxd looks like


def parent_of(path):
    return path.rpartition("/")[0]


def below(state, path):
    return [name for name in state if name.startswith(path + "/")]


def make_tar(tree):
    """A stream of {path: contents}; the folders on the way are not in it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, data in tree.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


class Put:
    """A file, as a whole."""

    def __init__(self, path, data):
        self.path, self.data = path, data

    def after(self, state):
        if state.get(self.path, b"") is DIR:
            raise Refused("ETYPE", "")
        return {**state, self.path: self.data}

    def do(self, op, top):
        op.put(top + self.path, self.data)


class Make:
    """A folder."""

    def __init__(self, path):
        self.path = path

    def after(self, state):
        if self.path in state:
            raise Refused("EEXIST", "")
        return {**state, self.path: DIR}

    def do(self, op, top):
        op.make(top + self.path, type="dir")


class Delete:
    def __init__(self, path):
        self.path = path

    def after(self, state):
        if self.path not in state:
            raise Refused("ENOENT", "")
        if below(state, self.path):
            raise Refused("EBUSY", "")
        return {name: data for name, data in state.items() if name != self.path}

    def do(self, op, top):
        op.delete(top + self.path)


class Tree:
    """A folder as a tar stream; one that is there already is merged with, file by file."""

    def __init__(self, path, tree):
        self.path, self.tree = path, tree

    def after(self, state):
        state = dict(state)
        if state.setdefault(self.path, DIR) is not DIR:
            raise Refused("EEXIST", "")
        for name, data in self.tree.items():
            *folders, last = name.split("/")
            path = self.path
            for folder in folders:
                path = f"{path}/{folder}"
                if state.setdefault(path, DIR) is not DIR:
                    raise Refused("EARG", "")
            if state.get(f"{path}/{last}", b"") is DIR:
                raise Refused("EARG", "")
            state[f"{path}/{last}"] = data
        return state

    def do(self, op, top):
        op.put(top + self.path, make_tar(self.tree), type="tar")


def expected(action, state):
    """The code of the answer, and the state behind it."""
    parent = parent_of(action.path)
    if parent and state.get(parent, b"") is not DIR:
        return "ENOENT", state
    try:
        return "ok", action.after(state)
    except Refused as refused:
        return refused.code, state


def may_be(action, seen, before, after):
    """Whether a storage that was killed in an action may look like that."""
    if seen in (before, after):
        return True
    if not isinstance(action, Tree) or action.path not in before:
        return False
    names = {*before, *after}
    return seen.keys() <= names and all(
        seen.get(name, "none") in (before.get(name, "none"), after.get(name, "none"))
        for name in names)


class Trial:
    def __init__(self, home, top, seed):
        self.home, self.top, self.random = home, top, random.Random(seed)
        self.state, self.acknowledged = {}, 0

    def data(self):
        return self.random.randbytes(self.random.choice((0, 10, 5000, 300_000)))

    def action(self):
        folder = self.random.choice(FOLDERS)
        path = f"{folder}/{self.random.choice(NAMES)}"
        kind = self.random.choice((Put, Put, Put, Delete, Delete, Make, Tree, "folder"))
        if kind == "folder":
            return self.random.choice((Make, Delete))(self.random.choice(FOLDERS[1:]))
        if kind is Put:
            return Put(path, self.data())
        if kind is Tree:
            names = self.random.sample(("a", "b", "x/a", "x/y/b", "c"), self.random.randint(1, 4))
            return Tree(self.random.choice((path, *FOLDERS[1:])),
                        {name: self.data() for name in names})
        return kind(path)

    def look(self, name=""):
        """All that is there."""
        seen = {}
        for inner, entry in self.home.op.list(self.top + name):
            path = name + inner
            if entry.text("type") == "dir":
                seen |= {path: DIR, **self.look(path)}
            else:
                seen[path] = self.home.op.get(self.top + path)
        return seen

    def step(self, action):
        code, after = expected(action, self.state)
        try:
            action.do(self.home.op, self.top)
            told = "ok"
        except Refused as refused:
            told = refused.code
        assert told == code, f"{type(action).__name__} {action.path}: {told}, not {code}"
        self.state = after
        self.acknowledged += 1

    def until_killed(self):
        """Acts until boxd is gone; what was under way then."""
        while True:
            action = self.action()
            try:
                self.step(action)
            except GONE:
                return action

    def run(self, kills):
        boxd = self.home.boxd
        for kill in range(kills):
            wait = self.random.uniform(0, 0.3)
            killer = self.home.node.spawn(["sh", "-c", f"sleep {wait:.3f}; kill -9 {boxd.pid}"])
            action = self.until_killed()
            boxd.wait()
            killer.wait()
            boxd = self.home.start_boxd()
            seen = self.look()
            _, after = expected(action, self.state)
            assert may_be(action, seen, self.state, after), (
                f"kill {kill}, in {type(action).__name__} {action.path}: "
                f"{differences(seen, self.state)} (as it was), {differences(seen, after)} (done)")
            self.state = seen


def differences(seen, wanted):
    return sorted(name for name in {*seen, *wanted}
                  if seen.get(name, "none") != wanted.get(name, "none"))
