# SPDX-License-Identifier: MIT
"""Servers that mounted the same prefix: their boxes are one folder, the first server's first."""

import select
import signal

import pytest

from evidence import ROOT
from net.household import Household
from net.place import wait_for
from peer.op import Refused


@pytest.fixture(scope="module")
def den(lab):
    return Household(lab.node("den")).start(desktop="400x300")


@pytest.fixture
def shop(den):
    """shop("one", "/toys", "ball=red") mounts a server; all are gone afterwards."""
    opened = []

    def mount(*words):
        process = den.node.spawn(["python3", "-B", f"{ROOT}/tests/peer/serve.py", *words])
        opened.append((process, words[0]))
        process.wait_output(f"/mount/{words[0]} is open", timeout=30)
        return process

    yield mount
    for process, name in opened:
        if process.poll() is None:
            process.kill(signal.SIGKILL)
        den.wait_no_box(f"/mount/{name}")


def names(den, prefix, **fields):
    return [name for name, _ in den.op.list(prefix, **fields)]


def test_union(den, shop):
    one = shop("one", "/toys", "ball=red", "car=blue", "-make")
    shop("two", "/toys", "ball=green", "doll=white", "egg=brown")
    op = den.op
    assert names(den, "/toys") == ["/ball", "/car", "/doll", "/egg"]
    assert "ball" in den.box("ls", "/toys") and den.box("ls", "/").count("toys") == 1
    # The first that has it; who has it says so to the kind as well.
    assert [op.get(f"/toys/{name}") for name in ("ball", "car", "doll")] == [b"red", b"blue", b"white"]
    assert op.kind("/toys/ball").text("version").startswith("one.")
    assert op.kind("/toys/doll").text("version").startswith("two.")
    with pytest.raises(Refused, match="ENOENT .*/toys/gone"):
        op.get("/toys/gone")
    # Pages, of the list of both.
    pages, after = [], None
    while page := names(den, "/toys", after=after, count=3):
        pages.append(page)
        after = page[-1]
    assert pages == [["/ball", "/car", "/doll"], ["/egg"]]
    assert names(den, "/toys", want="dir") == [] and len(names(den, "/toys", want="text", count=2)) == 2
    # Creations go to the first that allows them, and not past a box of that name.
    op.make("/toys/frog")
    assert op.kind("/toys/frog").text("version").startswith("two.")
    op.put("/toys/frog", b"leaps")
    assert op.get("/toys/frog") == b"leaps"
    with pytest.raises(Refused, match="EUNSUPP one's"):
        op.make("/toys/car")  # it is the first's, who makes none
    with pytest.raises(Refused, match="EEXIST .*two's"):
        op.make("/toys/egg")
    op.delete("/toys/ball")
    assert op.get("/toys/ball") == b"green", "behind it is the second's"
    # One goes, the other stays.
    one.kill(signal.SIGKILL)
    den.wait_no_box("/mount/one")
    assert names(den, "/toys") == ["/ball", "/doll", "/egg", "/frog"]


def test_waiting_for_a_change(den, shop):
    """In any of them, and for servers that come and go."""
    op = den.op
    shop("one", "/toys", "ball=red")

    def waiting(change):
        """What is listed after a change that somebody waited for."""
        with op.call("selectors", "/toys") as call:
            call.read()
            version = call.reply.text("version")
        with op.call("selectors", "/toys", since=version) as call:
            assert not select.select([call], [], [], 0.2)[0], "it did not wait"
            change()
            call.read()
            assert call.reply.text("version") != version
        return names(den, "/toys")

    assert waiting(lambda: op.put("/toys/ball", b"blue")) == ["/ball"]
    assert waiting(lambda: shop("two", "/toys", "doll=white")) == ["/ball", "/doll"]
    assert "/doll" not in waiting(lambda: op.delete("/toys/doll"))
    assert "/ball" not in waiting(lambda: op.delete("/toys/ball"))
    assert waiting(lambda: shop("three", "/toys", "kite=yellow")) == ["/kite"]
    with op.call("kind", "/toys/kite", since=op.kind("/toys/kite").text("version")) as call:
        shop("four", "/toys", "kite=grey")
        den.op.put("/toys/kite", b"torn")
        assert call.reply.text("version").startswith("three."), "it stays with its server"


def test_hung_server_hides_only_its_own(den, shop):
    one = shop("one", "/toys", "ball=red")
    shop("two", "/toys", "doll=white")
    op = den.op
    one.kill(signal.SIGSTOP)
    assert op.get("/toys/doll") == b"white"
    assert names(den, "/toys") == ["/doll"]
    with pytest.raises(Refused, match="EUNREACH .*box ls /mount"):
        op.get("/toys/ball")
    with op.call("selectors", "/toys") as call:
        call.read()
        version = call.reply.text("version")
    with op.call("selectors", "/toys", since=version) as call:
        one.kill(signal.SIGCONT)
        call.read()  # that it answers again is a change
    wait_for(lambda: names(den, "/toys") == ["/ball", "/doll"], what="the boxes of both")
    assert op.get("/toys/ball") == b"red"


def test_beside_a_desktop(den, shop):
    """A box of somebody else's among those of boxland."""
    shop("organ", "/kbd", "pedals=low", "0=shadowed")
    assert names(den, "/kbd") == ["/0", "/pedals"]
    assert den.op.get("/kbd/pedals") == b"low"
    assert den.op.kind("/kbd/0").text("type").startswith("kbd")
