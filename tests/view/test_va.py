# SPDX-License-Identifier: MIT
"""GStreamer's VA elements, driven by tests/va in place of a graphics processor: they encode and decode,
nothing of it is done by software beside, and where they are not or fail, software takes over, and says so."""

import pathlib
import re
import sysconfig

import pytest

from evidence import BUILD
from view.rig import ACK, LIKE, SMALLER, VIDEO

DRIVER = BUILD / "tests/va"
SYSTEM_PLUGINS = pathlib.Path(f"/usr/lib/{sysconfig.get_config_var('MULTIARCH')}/gstreamer-1.0")
LOGGED = {"GST_DEBUG": "GST_ELEMENT_FACTORY:4"}  # every element that is made
GPU = {
    "LIBVA_DRIVERS_PATH": str(DRIVER),
    "LD_PRELOAD": str(DRIVER / "render-node.so"),
    "GST_VA_ALL_DRIVERS": "1",  # of vendors that GStreamer does not know, too
    **LOGGED,
}
SOFTWARE = {"x264enc", "openh264enc", "x265enc", "videoconvert", "videoscale", "videoconvertscale"}


def elements(rig, name="boxcast"):
    return set(re.findall(r'creating element "(\w+)"', rig.log(name)))


def pictures(rig, relay, count=30):
    """Until so many more of them were shown; the last of them, how much it is like the source's."""
    before = len(relay.kind("up", ACK))
    relay.wait(lambda r: len(r.kind("up", ACK)) > before + count)
    return rig.seen("picture", above=5)[2]


@pytest.mark.parametrize(("memory", "size"), [
    ("shared", (641, 479)), ("dmabuf", (640, 480))])
def test_the_graphics_processor_encodes(rig, memory, size):
    relay = rig.cast(size=size, fps=20, env=GPU)
    if memory == "dmabuf":
        rig.tell("dmabuf 1")
    rig.view(relay)
    rig.window()
    path = "vah264lpenc-dmabuf" if memory == "dmabuf" else "vah264lpenc"
    rig.until(lambda: rig.stats()["path"] == path, lambda: None)
    assert pictures(rig, relay) >= LIKE
    made = elements(rig)
    assert "vah264lpenc" in made and not made & SOFTWARE, made
    assert ("vapostproc" in made) == (memory == "dmabuf")
    assert "path-why" not in rig.stats()


def test_the_graphics_processor_scales(rig):
    """Video has even sides; and of few bits it has fewer pixels, as where the CPU makes it."""
    relay = rig.cast(size=(641, 479), fps=60, env=GPU)
    rig.tell("dmabuf 1")
    rig.view(relay)
    window = rig.window()["rect"]
    assert (window["width"], window["height"]) == (641, 479)
    relay.wait(lambda r: "video codec=h264 size=641x479 coded=640x478 colour=bt601-limited"
               in r.lines("down"))
    assert pictures(rig, relay) >= LIKE
    rig.say(relay, "rate 500000\n")
    relay.wait(lambda r: "coded=480x360 " in r.lines("down")[-1])
    assert pictures(rig, relay) >= SMALLER
    assert rig.stats()["path"] == "vah264lpenc-dmabuf" and not elements(rig) & SOFTWARE
    assert rig.window()["rect"] == window


def test_the_graphics_processor_follows_a_size(rig):
    """Of memory, too, for which GStreamer's element keeps buffers of one size."""
    relay = rig.cast(size=(640, 480), fps=20, env=GPU)
    rig.view(relay)
    for size in ((300, 200), (640, 480)):
        rig.tell(f"size {size[0]} {size[1]}")
        rig.window(check=lambda w, size=size: (w["rect"]["width"], w["rect"]["height"]) == size)
        assert pictures(rig, relay) >= LIKE
    assert rig.stats()["path"] == "vah264lpenc" and "path-why" not in rig.stats()


def test_a_window_too_small_to_import(rig):
    """Its picture is padded, which the graphics processor does not do; nothing has failed."""
    relay = rig.cast(fps=20, env=GPU)
    rig.tell("dmabuf 1")
    rig.view(relay)
    rig.until(lambda: rig.stats()["path"] == "vah264lpenc-dmabuf", lambda: None)
    rig.tell("size 200 14")
    relay.wait(lambda r: any(" size=200x14 " in line for line in r.lines("down")))
    rig.tell("size 640 480")
    rig.window(check=lambda w: w["rect"]["width"] == 640)
    assert pictures(rig, relay) >= LIKE
    assert "dmabuf failed" not in rig.log("boxcast")


def test_without_a_driver_software_encodes_and_says_so(rig):
    relay = rig.both(fps=20, env={**GPU, "LIBVA_DRIVERS_PATH": str(rig.out)})
    assert pictures(rig, relay) >= LIKE
    said = rig.stats()
    assert said["path"] == "x264"
    assert said["path-why"] == "no graphics processor that encodes is here"
    assert "x264enc" in elements(rig)


@pytest.mark.parametrize("memory", ["shared", "dmabuf"])
def test_a_driver_that_fails_is_left_for_the_next(rig, memory):
    relay = rig.cast(fps=20, env={**GPU, "BOXLAND_VA_FAILS": "30"})
    if memory == "dmabuf":
        rig.tell("dmabuf 1")
    rig.view(relay)
    window = rig.window()
    rig.until(lambda: rig.stats()["path"] == "x264", lambda: None)
    assert re.match("vah264(lp)?enc.* failed: ", rig.stats()["path-why"])  # whichever was the last
    assert pictures(rig, relay) >= LIKE
    assert rig.window()["id"] == window["id"], "the window is the same"
    log = rig.log("boxcast")
    tried = re.findall(r"encoding by (\S+)", log)
    assert tried[0].startswith("vah264lpenc") and tried[-1] == "x264", tried
    assert relay.trailers == {} and rig.boxview.poll() is None


def test_every_encoder_fails(rig):
    """There is no software, and the graphics processor is reset: the viewer is told, and boxland may try again."""
    plugins = rig.out / "plugins"  # without those of software
    plugins.mkdir()
    for name in ("app", "coreelements", "va"):
        (plugins / f"libgst{name}.so").symlink_to(SYSTEM_PLUGINS / f"libgst{name}.so")
    relay = rig.cast(fps=20, env={**GPU, "GST_PLUGIN_SYSTEM_PATH": str(plugins),
                                  "GST_REGISTRY": str(rig.out / "gst.bin"), "BOXLAND_VA_FAILS": "30"})
    rig.view(relay)
    rig.window()
    assert rig.ended("boxcast") == 5
    relay.wait(lambda r: "down" in r.trailers)
    assert re.match(r"no EIO no encoder works there \(.*vah264.* failed: .+\): see box doctor on that machine",
                    relay.trailers["down"]), relay.trailers
    assert len(relay.kind("down", VIDEO)) > 10, "it was encoded until then"
    rig.until(lambda: "den/win/3 was lost: no encoder works there" in rig.log("boxview"), lambda: None)
    assert rig.boxview.poll() is None, "its last picture and the sentence stay"


def test_the_graphics_processor_decodes(rig):
    """Of what software encodes: only one end has one."""
    relay = rig.cast(size=(641, 479), fps=20)
    rig.view(relay, env=GPU)
    rig.window()
    relay.wait(lambda r: "takes video!*!*!codec=h264" in r.lines("up"))
    assert pictures(rig, relay) >= LIKE
    made = elements(rig, "boxview")
    assert "vah264dec" in made and not made & {"avdec_h264", "openh264dec", *SOFTWARE}, made
    # none waits for the next
    sent = [(f[3], f[0]) for f in relay.kind("down", VIDEO)]
    acked = {}
    for ack in relay.kind("up", ACK):
        acked.setdefault(int.from_bytes(ack[6][:4], "big"), ack[0])
    at_once = sum(acked.get(number, after) < after
                  for (number, _), (_, after) in zip(sent, sent[1:]))
    assert at_once > len(sent) / 2, f"{at_once} of {len(sent)}"


def test_a_decoder_that_fails_is_left_for_the_next(rig):
    relay = rig.cast(fps=20)
    rig.view(relay, env={**GPU, "BOXLAND_VA_FAILS": "30"})
    window = rig.window()
    rig.until(lambda: "avdec_h264" in elements(rig, "boxview"), lambda: rig.quiet(relay, 0.2))
    assert pictures(rig, relay) >= LIKE
    assert "vah264dec" in elements(rig, "boxview")
    assert rig.window()["id"] == window["id"], "the window is the same"
