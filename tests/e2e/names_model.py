# SPDX-License-Identifier: MIT
"""Name spaces in memory, beside those of a real boxd that is killed at any moment.

    Trial(*two_nodes(lab), seed).run(kills=3, steps=60)

ibiza's programs bind, forget, copy and delete name spaces, and use boxes of ibiza and den by names of
them. Each answer is what the model says, written from the manuals; and after each kill the default name
space is what its file says, all others are gone, and the storages are as they were.
"""

import random

from e2e.model import DIR, GONE, Delete, Make, Put, expected, may_be
from net.household import Household, pair
from net.place import wait_for
from peer.op import Cnstr, Refused

HOME = "/home/ann"
FILE = "bind /any / any\nbind /f /fs/desk\ncast text upper tr a-z A-Z\n"
PREFIXES = "/f", "/g", "/f/d", "/h", "/any"
TAILS = "", "/a", "/b", "/d", "/d/a", "/d/c", "/e", "/e/b", "/desk/d", "/fs/desk/b"
WANTS = None, None, None, "dir", "file", "*!*!*!colour=red"
ORDERS = None, "above", "below", "only"
SPACES = "default", "one", "two", "three"
TYPES = "text", "upper", "image", "sound"
FIRST = {  # what the storages have at first
    ("ibiza", "desk"): {"/d": DIR, "/d/a": b"ibiza d a", "/b": b"ibiza b"},
    ("ibiza", "shelf"): {"/d": DIR, "/d/c": b"shelf d c", "/a": b"shelf a"},
    ("den", "desk"): {"/d": DIR, "/d/a": b"den d a", "/e": DIR, "/e/b": b"den e b", "/b": b"den b"},
}
RED = {(("ibiza", "desk"), "/d/a"), (("den", "desk"), "/b"), (("den", "desk"), "/e/b")}
CONF = f"store desk {HOME}/desk\nexport shelf {HOME}/shelf\n"
READ_ONLY = "shelf"


class Space:
    """Bindings in search order, casts the oldest first, and the current box."""

    def __init__(self, bindings=(), casts=(), dot="/"):
        self.bindings, self.casts, self.dot = list(bindings), list(casts), dot

    def copy(self):
        return Space(self.bindings, self.casts, self.dot)

    def lines(self):
        out = [f"bind {prefix} {to}" + (" any" if everywhere else "") + (f" want {want}" if want else "")
               for _, prefix, to, everywhere, want in self.bindings]
        out += [" ".join(["cast", *pair, *words]) for pair, words in self.casts]
        return "".join(line + "\n" for line in out + ([] if self.dot == "/" else [f"dot {self.dot}"]))

    def bind(self, prefix, to, everywhere, want, order):
        if order == "only":
            self.bindings = [one for one in self.bindings if one[1] != prefix]
        number = next(n for n in range(1000) if n not in [one[0] for one in self.bindings])
        made = number, prefix, to, everywhere, want
        self.bindings.insert(0 if order == "above" else len(self.bindings), made)
        return number

    def mean(self, name, want=None, rest="", used=()):
        """What a name may mean: (name, on any node, want, the box that the want is for)."""
        matching = [one for one in self.bindings if name == one[1] or name.startswith(one[1] + "/")]
        longest = max((len(one[1]) for one in matching), default=0)
        out = []
        for one in matching:
            _, prefix, to, everywhere, wanted = one
            if len(prefix) != longest or one in used:
                continue
            below = name[len(prefix):]
            under = below if wanted or len(below) < len(rest) else rest
            whole = (to.rstrip("/") + below) or "/"
            if everywhere or not to.startswith("/"):
                out.append((whole, everywhere, wanted or want, whole[:len(whole) - len(under)]))
            else:
                out += self.mean(whole, wanted or want, under, (*used, one))
        return out or [(name, False, want, name[:len(name) - len(rest)])]


def read(text):
    """The name space of a file."""
    space = Space()
    for line in text.splitlines():
        word, *words = line.split()
        if word == "bind":
            space.bind(words[0], words[1], "any" in words, None, "below")
        else:
            space.casts.append(((words[0], words[1]), words[2:]))
    return space


def furnish(home):
    """Puts into a household what its storages have at first."""
    home.node.run(["mkdir", "-p", "desk", "shelf"])
    for (node, store), tree in FIRST.items():
        for path, what in tree.items() if node == home.name else ():
            if what is DIR:
                home.node.run(["mkdir", f"{HOME}/{store}{path}"])
            else:
                home.node.write_file(f"{HOME}/{store}{path}", what)
    home.node.write_file(f"{HOME}/.config/boxland/ns", FILE if home.name == "ibiza" else "")


def two_nodes(lab):
    """ibiza and den, one person's, as a trial begins."""
    homes = [Household(lab.node(name), boxd_conf=CONF) for name in ("ibiza", "den")]
    for home in homes:
        furnish(home)
        home.start()
    homes[0].box("init", "--person", "ann")
    pair(*homes, mine=True)
    return homes


class Trial:
    def __init__(self, ibiza, den, seed):
        self.homes = {"ibiza": ibiza, "den": den}
        self.home, self.random = ibiza, random.Random(seed)
        self.keys = {name: home.box("pair", "--fingerprint") for name, home in self.homes.items()}
        self.targets = ["/fs/desk", "/fs/desk/d", "/fs/shelf", "/n/den/fs/desk", "/n/den/fs/desk/e",
                        "/f", "/g/d", "/h", "/n/mars/fs", "/fs/desk/b", "/n/den/fs/desk/b", self.keys["den"] + "/fs/desk",
                        self.keys["ibiza"] + "/fs/shelf/d", "/n/ibiza/fs/desk"]
        self.spaces, self.acknowledged, self.log = {"default": read(FILE)}, 0, []
        self.under_way = None  # action, where, and what is there behind it
        self.red = set(RED)
        self.state = {place: dict(tree) for place, tree in FIRST.items()}
        for (node, store), path in RED:
            self.homes[node].op.chinfo(f"/fs/{store}{path}", type="text!*!*!colour=red", ns="-")

    # --- which box a name means ---

    def place(self, name):
        """(node, store, path) of a name that is not bound; None: it is no box of a storage."""
        node = "ibiza"
        key, slash, rest = name.partition("/")
        if key:
            node, name = next((n for n, k in self.keys.items() if k == key), None), slash + rest
        elif name.startswith("/n/"):
            said, slash, rest = name.removeprefix("/n/").partition("/")
            node, name = said if said in self.homes else None, slash + rest
        words = name.split("/")
        if node and len(words) > 2 and words[1] == "fs" and (node, words[2]) in self.state:
            return node, words[2], "".join("/" + word for word in words[3:])
        return None

    def there(self, place):
        return bool(place) and (place[2] == "" or place[2] in self.state[place[:2]])

    def meets(self, place, want):
        own = "dir" if self.state[place[:2]].get(place[2], DIR) is DIR else "file"
        if (place[:2], place[2]) in self.red:
            own = "text!*!*!colour=red"
        return not want or Cnstr(own).meets(Cnstr(want))

    def candidates(self, space, name):
        """Boxes in search order, and whether what the binding's want is for meets it."""
        for whole, everywhere, want, bound in self.spaces[space].mean(name):
            for node in ("", "/n/den") if everywhere else ("",):
                place, of = self.place(node + whole), self.place(node + bound)
                yield place, not want or (self.there(of) and self.meets(of, want))

    def meant(self, space, name, want=None):
        """The box that is meant when one is used."""
        for place, good in self.candidates(space, name):
            if good and self.there(place) and self.meets(place, want):
                return place
        return None

    def maker(self, space, name):
        """Where a box of that name comes into being; the first that is read-only if none is not."""
        closed = None
        for place, good in self.candidates(space, name):
            parent = (*place[:2], place[2].rpartition("/")[0]) if place and place[2] else None
            if not good or not self.there(parent):
                continue
            if place[1] != READ_ONLY:
                return place
            closed = closed or place
        return closed

    # --- actions: each returns what it did, checked ---

    def ask(self, wanted, act):
        """Does something that must be answered with that code, or one of several."""
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
        try:
            answer, code = act(), "ok"
        except Refused as refused:
            answer, code = refused, refused.code
        assert code in wanted, f"{answer}, not {wanted}"
        self.acknowledged += 1
        return answer if code == "ok" else None

    def pick(self, *choices):
        return self.random.choice(choices)

    def space(self):
        return self.pick(*self.spaces)

    def name(self, space, tails=TAILS):
        """A name, more often than not one that means something."""
        names = [self.pick(*PREFIXES, "/fs", "/n/den/fs") + self.pick(*tails) for _ in range(6)]
        return next((name for name in names if self.meant(space, name)), names[0])

    def bind(self, op):
        space, prefix = self.space(), self.pick(*PREFIXES)
        to, everywhere = self.pick(*self.targets), self.pick(False, False, True)
        want, order = self.pick(*WANTS), self.pick(*ORDERS)
        self.note("bind", space, prefix, to, everywhere, want, order)
        kept = self.kept(to)
        code = "ENOENT" if not kept else "EARG" if everywhere and kept[0] != "/" else "ok"
        made = self.ask(code, lambda: op.make(f"/ns/{space}/bind", prefix=prefix, to=to, type=want,
                                              any=everywhere, order=order, ns="-"))
        if made:
            number = self.spaces[space].bind(prefix, kept, everywhere, want, order)
            assert made.text("name") == f"/ns/{space}/bind/{number}"

    def kept(self, to):
        """A target as a name space keeps it: a node by its key, and none for this one."""
        key, name = to.partition("/")[0], "/" + to.partition("/")[2]
        if name.startswith("/n/"):
            node, _, name = name.removeprefix("/n/").partition("/")
            key, name = self.keys.get(node), "/" + name
        return None if key is None else ("" if key == self.keys["ibiza"] else key) + name

    def unbind(self, op):
        space = self.space()
        number = self.pick(*range(6), *[one[0] for one in self.spaces[space].bindings])
        self.note("unbind", space, number)
        bindings = self.spaces[space].bindings
        known = number in [one[0] for one in bindings]
        self.ask("ok" if known else "ENOENT", lambda: op.delete(f"/ns/{space}/bind/{number}", ns="-"))
        self.spaces[space].bindings = [one for one in bindings if one[0] != number]

    def cast(self, op):
        space, pair = self.space(), (self.pick(*TYPES), self.pick(*TYPES))
        words = self.pick([], ["tr", "a-z", "A-Z"], ["cat"])
        name, casts = f"/ns/{space}/cast/{':'.join(pair)}", self.spaces[space].casts
        known = [one for one in casts if one[0] == pair]
        self.note("cast", space, pair, words)
        if self.pick(True, False):
            self.ask("ok" if known else "ENOENT", lambda: op.delete(name, ns="-"))
            self.spaces[space].casts = [one for one in casts if one not in known]
        elif pair[0] != pair[1]:
            self.ask("EEXIST" if known else "ok",
                     lambda: op.make(name, prog=words[0] if words else None, arg=words or None, ns="-"))
            if not known:
                casts.append((pair, words))

    def dot(self, op):
        space, name = self.space(), self.pick("/", "/f/d", "/n/den", "f", "/f/")
        self.note("dot", space, name)
        good = name in ("/", "/f/d", "/n/den")
        if self.ask("ok" if good else "EARG", lambda: op.put(f"/ns/{space}/dot", name, ns="-")):
            self.spaces[space].dot = name
        assert op.get(f"/ns/{space}/dot", ns="-").decode() == self.spaces[space].dot

    def copy_space(self, op):
        space, origin = self.pick(*SPACES), self.pick(*SPACES)
        self.note("copy space", space, origin)
        code = "EEXIST" if space in self.spaces else "ok" if origin in self.spaces else "ENOENT"
        if self.ask(code, lambda: op.make(f"/ns/{space}", from_=origin, ns="-")):
            self.spaces[space] = self.spaces[origin].copy()

    def delete_space(self, op):
        space = self.pick(*SPACES)
        self.note("delete space", space)
        code = "EUNSUPP" if space == "default" else "ok" if space in self.spaces else "ENOENT"
        if self.ask(code, lambda: op.delete(f"/ns/{space}", ns="-")):
            del self.spaces[space]
            self.ask("ENOENT", lambda: op.kind("/fs", ns=space))

    def tell(self, op):
        space = self.space()
        self.note("tell", space)
        assert op.get(f"/ns/{space}", ns="-").decode() == self.spaces[space].lines()
        shown = {name for name, _ in op.list(f"/ns/{space}/bind", ns="-")}
        assert shown == {f"/{one[0]}" for one in self.spaces[space].bindings}

    def show(self, _op):
        """box ns: a star at what a name means, where it means something."""
        space = self.space()
        self.note("show", space)
        shown, stars, prefix = self.home.box("ns", env={"BOX_NS": space}), {}, None
        for line in shown.splitlines():
            if line.startswith("/"):
                assert line not in stars, f"{line} is shown twice"
                prefix = line
            if line.startswith(("/", "  ")):
                stars[prefix] = stars.get(prefix, 0) + line.startswith("  *")
        for prefix in {one[1] for one in self.spaces[space].bindings}:
            in_turn = [one for one in self.spaces[space].bindings if one[1] == prefix and not one[3]
                       and any((one[2] + "/").startswith(each + "/") for each in PREFIXES)]
            if not in_turn and self.place_known(space, prefix):
                assert stars[prefix] == bool(self.meant(space, prefix)), f"{prefix} in\n{shown}"
        self.acknowledged += 1

    def command(self, _op):
        """As a person does it: a relative name, in a shell whose BOX_NS says where."""
        space = self.space()
        name = self.name(space)
        dot = self.spaces[space].dot.rstrip("/")
        place = self.meant(space, dot + name)
        self.note("command", space, name)
        if not self.place_known(space, dot + name):
            return
        told = self.home.run("info", "." + name, env={"BOX_NS": space})
        assert (told.returncode == 0) == bool(place), f"{place}: {told.stdout} {told.stderr}"
        self.acknowledged += 1

    def place_known(self, space, name):
        """What is above the storages is not in the model."""
        for whole, *_ in self.spaces[space].mean(name):
            local = "/" + whole.partition("/")[2]
            if local.startswith("/n/"):
                local = "/" + local.split("/", 3)[3] if local.count("/") > 2 else "/"
            if local in ("/", "/n", "/fs"):
                return False
        return True

    def look(self, op):
        space, want = self.space(), self.pick(*WANTS)
        name = self.name(space)
        if not self.place_known(space, name):
            return
        place = self.meant(space, name, want)
        self.note("look", space, name, want, place)
        kind = self.ask("ok" if place else ("ENOENT", "EMATCH"),
                        lambda: op.kind(name, ns=space, want=want))
        if not kind or want:
            return
        node, store, path = place
        there = f"/n/{node}/fs/{store}{path}"
        assert (kind.text("name") == there) == (node != "ibiza"), f"{kind!r}, of {there}"
        data = self.state[node, store].get(path, DIR)
        if data is not DIR:
            assert op.get(name, ns=space) == data
            return
        inner = [each for each in self.state[node, store] if each.rpartition("/")[0] == path]
        names = [each for each, _ in op.list(name, ns=space)]
        assert names == [each[len(path):] for each in sorted(inner)]

    def change(self, op, quiet):
        space, kind = self.space(), self.pick(Put, Put, Make, Delete)
        tails = "/a", "/b", "/c", "/d/a", "/d/new", "/e/b", "/desk/b"
        name = self.name(space, tails) if self.pick(True, False) else self.pick(*PREFIXES) + self.pick(*tails)
        if not self.place_known(space, name):
            return None
        if any(self.in_file(one) for one, _ in self.candidates(space, name)):
            return None
        place = self.meant(space, name) if kind is not Make else None
        if kind is Make or (kind is Put and not place):
            # Where some have the box, but not as it is wanted, it is nowhere else made.
            if kind is Put and any(self.there(one) for one, _ in self.candidates(space, name)):
                return None
            place = self.maker(space, name)
        if quiet and place and place[0] != "ibiza":
            return None
        args = (self.random.randbytes(self.pick(0, 10, 5000)),) if kind is Put else ()
        self.note("change", kind.__name__, space, name, place)
        action = kind(place[2] if place else "", *args)
        code, after = "", None
        if place and place[1] == READ_ONLY:
            code = "EEXIST", "EPERM", "EUNSUPP"
        elif place:
            code, after = expected(action, self.state[place[:2]])
        else:
            code = "ENOENT", "EMATCH", "EUNSUPP"  # the last of what is only read
        self.under_way = action, place, after
        fields = {"ns": space, **({"type": "dir"} if kind is Make else {})}
        verb = {Put: "putmem", Make: "make", Delete: "delete"}[kind]
        if self.ask(code, lambda: op.ask(verb, name, *args, **fields)) and after is not None:
            self.state[place[:2]] = after
            self.red = {one for one in self.red if one[1] in self.state[one[0]]}
        self.under_way = None
        return None

    def in_file(self, place):
        """Boxes in a file are not in the model."""
        parent = place[2].rpartition("/")[0] if place else ""
        return parent != "" and self.state[place[:2]].get(parent, DIR) is not DIR

    def carry(self, op):
        """A copy of a file, by two names."""
        space = self.space()
        source, to = self.name(space), self.name(space, ("/d/a", "/a", "/b", "/c"))
        one, other = self.meant(space, source), self.meant(space, to)
        if not (self.place_known(space, source) and self.place_known(space, to) and one and other):
            return
        data, old = (self.state[place[:2]].get(place[2], DIR) for place in (one, other))
        red = {(place[:2], place[2]) for place in (one, other)} & self.red
        if data is DIR or old is DIR or one == other or other[1] == READ_ONLY or red:
            return
        self.note("carry", space, source, to, one, other)
        with op.call("copy", source, to=to, ns=space) as call:
            call.read()
        self.state[other[:2]] = {**self.state[other[:2]], other[2]: data}
        self.acknowledged += 1

    # --- a trial ---

    def note(self, *words):
        self.log.append(words)

    def step(self, quiet=False):
        act = self.pick(self.bind, self.bind, self.unbind, self.cast, self.dot, self.copy_space,
                        self.delete_space, self.tell, self.look, self.look, self.look, self.look,
                        self.change, self.change, self.carry, self.carry, self.command, self.show)
        op = self.home.op
        if act == self.change:
            act(op, quiet)
        elif not quiet or act not in (self.carry, self.command, self.show):
            act(op)

    def seen(self, place, path=""):
        """What a storage of ibiza has."""
        out = {}
        for inner, _ in self.home.op.list(f"/fs/{place[1]}{path}", ns="-"):
            name, data = path + inner, self.state[place].get(path + inner, b"")
            if data is DIR or self.is_dir(place, name):
                out |= {name: DIR, **self.seen(place, name)}
            else:
                out[name] = self.home.op.get(f"/fs/{place[1]}{name}", ns="-")
        return out

    def is_dir(self, place, name):
        return self.home.op.kind(f"/fs/{place[1]}{name}", ns="-").text("type").startswith("dir")

    def kill(self):
        """Kills boxd, between two steps or in the middle of one, and looks at what is left."""
        boxd, self.under_way = self.home.boxd, None
        if self.pick(True, False):
            boxd.kill()
        else:
            wait = self.random.uniform(0, 0.1)
            self.home.node.spawn(["sh", "-c", f"sleep {wait:.3f}; kill -9 {boxd.pid}"])
            try:
                while boxd.poll() is None:
                    self.step(quiet=True)
            except GONE:
                pass
        boxd.wait()
        self.home.start_boxd()
        self.note("killed", self.under_way and type(self.under_way[0]).__name__)
        self.spaces = {"default": read(FILE)}
        for place, before in self.state.items():
            if place[0] == "ibiza":
                action, of, after = self.under_way or (None, None, None)
                done = after if of and of[:2] == place and after is not None else before
                seen = self.seen(place)
                assert may_be(action, seen, before, done), f"{place}: {seen}, not {before} or {done}"
                self.state[place] = seen
        self.red = {one for one in self.red if one[1] in self.state[one[0]]}
        assert [name for name, _ in self.home.op.list("/ns", ns="-")] == ["/default"]
        assert self.home.op.get("/ns/default", ns="-").decode() == FILE
        wait_for(lambda: self.home.has_box("/n/den/fs/desk"), 30, "den to be met again")

    def run(self, kills, steps):
        try:
            for _ in range(kills):
                for _ in range(steps):
                    self.step()
                self.kill()
        except Exception as error:
            raise AssertionError(f"{error}\nbehind\n" + "\n".join(
                " ".join(str(word) for word in words) for words in self.log[-25:])) from error
