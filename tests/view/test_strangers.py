# SPDX-License-Identifier: MIT
"""Both programs against a peer that means harm: nothing crashes, nothing grows, the view goes on."""

import contextlib
import random
import struct

import pytest

from view.rig import ACK, CONTROL, HEADER, INPUT, VIDEO, WAIT, Relay

RECORD = struct.Struct(">QHHiii")


def frame(kind, payload=b"", flags=0, sequence=1, base=0, capture=0, sub=0):
    return HEADER.pack(len(payload), kind, flags, sub, sequence, base, capture) + payload


def bad_for_a_source(seed):
    """What a viewer must not be able to hurt boxcast with."""
    dice = random.Random(seed)
    yield frame(CONTROL, b"size 99999x99999\n")
    yield frame(CONTROL, b"size -1x0\nfocus maybe\nrate -5\nmodifiers\nheld ,,\nrepeat x\n")
    yield frame(CONTROL, b"keymap " + b"x" * 100000 + b"\n")
    broken = b"keymap xkb_keymap { xkb_keycodes { " + b"<A> = 38; " * 12800 + b"}; }; }; };\n"
    yield frame(CONTROL, broken) + frame(CONTROL, broken)
    yield frame(CONTROL, b"keymap xkb_keymap { xkb_symbols { include \\\"pc\\\" }; };\n")
    yield frame(CONTROL, b"\xff\xfe\x00\x01\n\n\n")
    yield frame(CONTROL, b"no end of line")
    yield frame(CONTROL, b"size 640x480 \n" * 1000)
    yield frame(CONTROL, b"key please\n" * 1000)
    yield frame(ACK, b"short")
    yield frame(ACK, struct.pack(">IQIIQ", 0xffffffff, 2 ** 64 - 1, 2 ** 32 - 1, 2 ** 32 - 1, 1))
    yield frame(ACK, struct.pack(">IQIIQ", 0, 0, 0, 0, 0))
    yield frame(INPUT, b"x" * 23)
    yield frame(INPUT, b"")
    yield frame(INPUT, RECORD.pack(0, 1, 30, 1, 0, 0) * 5000)
    for _ in range(200):
        yield frame(INPUT, b"".join(
            RECORD.pack(dice.getrandbits(64), dice.randrange(5), dice.getrandbits(16),
                        dice.randrange(-2 ** 31, 2 ** 31), dice.randrange(-2 ** 31, 2 ** 31),
                        dice.randrange(-2 ** 31, 2 ** 31)) for _ in range(dice.randrange(40))))
    yield frame(VIDEO, b"\0\0\0\1\x67rubbish")
    yield frame(3, b"tiles") + frame(4, b"audio") + frame(8, b"data")


def test_boxcast_survives_its_viewer(rig):
    relay = rig.both(fps=30)
    relay.wait(lambda r: len(r.kind("up", ACK)) > 20)
    start = None
    for round_ in range(20):
        for bad in bad_for_a_source(round_):
            rig.inject(relay, "up", bad)
        acks = len(relay.kind("up", ACK))
        relay.wait(lambda r: len(r.kind("up", ACK)) > acks + 5)
        start = rig.memory("boxcast") if round_ == 4 else start
    assert rig.memory("boxcast") <= start + 8 * 1024 * 1024
    assert rig.boxcast.poll() is None
    _, number, _ = rig.seen("alive")
    rig.like("alive", above=number)
    keys = {line for line in rig.said.lines if line.startswith("keymap")}
    assert all(line.endswith("whole") for line in keys)


def test_a_viewer_that_acks_what_it_does_not_take_is_lost(rig):
    """Else all that it does not take would be kept for it."""
    relay = rig.cast("noise", size=(1280, 720), fps=60)
    relay.hold("down")
    rig.say(relay, "rate 60000000\n")

    def lie():
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it is gone already
            rig.inject(relay, "up", frame(ACK, struct.pack(">IQIIQ", 2 ** 30, 0, 0, 0, 0)))
        rig.quiet(relay, 0.01)
    # 16 MiB of noise, coded as fast as this machine can
    rig.until(lambda: rig.boxcast.poll() is not None, lie, 3 * WAIT)
    assert rig.boxcast.returncode == 3
    assert "has not taken" in rig.log("boxcast")


def test_a_viewer_that_breaks_the_framing_is_lost(rig):
    relay = rig.both(fps=30)
    rig.inject(relay, "up", HEADER.pack(2 ** 32 - 1, 99, 0, 0, 0, 0, 0))
    assert rig.ended("boxcast") == 3


def bad_for_a_view(seed):
    dice = random.Random(seed)
    yield frame(CONTROL, b"video codec=h264 size=0x0 colour=bt601-limited\n")
    yield frame(CONTROL, b"video codec=h264 size=8192x8192 colour=bt709-full\n")
    yield frame(CONTROL, b"video rubbish\nlimits 9x9 1x1\nlimits a b\nlock perhaps\nsize 1x1\n")
    yield frame(CONTROL, b"title " + bytes(range(0x20, 0x5c)) * 100 + b"\n")
    yield frame(CONTROL, b"title \xff\xfe\xc0\x80\xed\xa0\x80\napp-id \xff\xff\n")
    yield frame(CONTROL, b"title \\n\\t\\x01\\xff\n" * 50)
    yield frame(CONTROL, b"limits 8192x8192 8192x8192\nlimits 0x0 0x0\n")
    yield frame(CONTROL, b"x" * 200000)
    yield frame(INPUT, b"x" * 24) + frame(ACK, b"y" * 28) + frame(8, b"z" * 1000)
    sequence = 10 ** 6 * (seed + 1)
    for i in range(40):
        noise = dice.randbytes(dice.randrange(1, 3000))
        start = dice.choice([b"", b"\0\0\0\1\x65", b"\0\0\0\1\x67", b"\0\0\0\1\x41", b"\0\0\1\x68"])
        yield frame(VIDEO, start + noise, flags=dice.randrange(2), sequence=sequence + i,
                    base=sequence + dice.randrange(-3, 40), capture=dice.getrandbits(64))
    yield frame(VIDEO, b"", flags=1, sequence=sequence + 50, base=sequence + 50)
    # SPS: 16384x16384
    yield frame(VIDEO, bytes.fromhex("0000000167 42c03ef400800000400002 60 0000000168ce3c80"
                                     "0000000165888421a000000301"), 1, sequence + 60, sequence + 60)
    for i in range(30):  # one never comes
        yield frame(VIDEO, b"\0\0\0\1\x41" + b"p" * 100000, 0, sequence + 70 + i, sequence + 60)


@pytest.mark.parametrize("present", ["shm", "gles"])
def test_boxview_survives_its_source(rig, present):
    relay = rig.both(present, fps=30)
    rig.seen("before")
    sizes = []
    for round_ in range(8):
        for bad in bad_for_a_view(round_):
            rig.inject(relay, "down", bad)
        rig.quiet(relay, 1)
        assert rig.boxview.poll() is None, rig.log("boxview")
        sizes.append(rig.memory("boxview"))
    assert sizes[-1] <= sizes[2] + 48 * 1024 * 1024, sizes
    # keyframes were asked for, and not in a storm: at most one a second and one for each that came
    asked = sum(line == "key please" for line in relay.lines("up"))
    assert 1 <= asked <= 8 * 45
    rig.boxview.terminate()
    assert rig.ended("boxview") == 0


def test_a_source_that_only_talks(rig):
    """No picture ever: the view waits, and costs nothing."""
    relay = Relay()
    rig.relays.append(relay)
    rig.view(relay)
    source = relay.source_end
    for i in range(2000):
        source.sendall(frame(CONTROL, f"title {i}\n".encode(), sequence=i + 1))
    source.sendall(frame(CONTROL, b"size 1x1\n"))
    source.sendall(frame(VIDEO, b"\0\0\0\1\x41x", 0, 7, 3))
    relay.wait(lambda r: "key please" in r.lines("up"))
    assert rig.boxview.poll() is None
    rig.boxview.terminate()
    assert rig.ended("boxview") == 0


def test_a_capture_that_lies_about_its_size(rig):
    relay = rig.both(fps=30)
    _, number, _ = rig.seen("before")
    for _ in range(5):
        rig.tell("poison")
        frames = len(relay.kind("down", VIDEO))
        relay.wait(lambda r: len(r.kind("down", VIDEO)) > frames + 3)
    rig.like("after", above=number)
