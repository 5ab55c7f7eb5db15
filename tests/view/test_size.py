# SPDX-License-Identifier: MIT
"""Windows and views change their sizes; the picture is never lost."""

from view.rig import ACK


def test_the_view_asks_and_the_window_follows(rig):
    relay = rig.both(fps=20)
    _, number, _ = rig.seen("before")
    relay.wait(lambda r: len(r.kind("up", ACK)) > 5)
    begun = relay.pictures()[-1][3]
    rig.command('[app_id="net.minecraft"]', "resize", "set", "800", "500")
    rig.said.wait("size 800 500")
    rig.tell("size 800 500")
    relay.wait(lambda r: "video codec=h264 size=800x500 colour=bt601-limited" in r.lines("down"))
    rig.window(check=lambda w: w["rect"]["width"] == 800)
    end = 100
    while end:  # until what is seen has the new size: the old picture is stretched before
        end -= 1
        pixels = rig.shot("after")
        now = rig.number(pixels)
        if now and now > number and pixels.shape == (500, 800, 3):
            break
    rig.like("after", above=number)
    assert any(f[2] & 1 for f in relay.pictures() if f[3] > begun)


def test_a_window_that_takes_no_other_size(rig):
    rig.both(fps=20)
    rig.command('[app_id="net.minecraft"]', "resize", "set", "800", "500")
    rig.said.wait("size 800 500")
    rig.window(check=lambda w: w["rect"]["width"] == 640)  # the view goes back
    rig.like("same")


def test_a_window_that_resizes_itself(rig):
    rig.both(fps=20)
    _, number, _ = rig.seen("before")
    for size in ((400, 300), (401, 299), (1000, 700), (40, 30)):
        rig.tell("size {} {}".format(*size))
        rig.window(check=lambda w: (w["rect"]["width"], w["rect"]["height"]) == size)
    rig.tell("size 640 480")
    rig.window(check=lambda w: w["rect"]["width"] == 640)
    rig.like("after", above=number)


def test_limits_reach_the_desktop(rig):
    relay = rig.cast(fps=20)
    rig.tell("limits 320 200 640 480")
    rig.view(relay, env={"WAYLAND_DEBUG": "client"})  # sway gives floating windows any size
    rig.window()
    assert "set_min_size(320, 200)" in rig.log("boxview")
    assert "set_max_size(640, 480)" in rig.log("boxview")


def test_a_hundred_sizes_in_a_row(rig):
    relay = rig.both(fps=60)
    for i in range(100):
        rig.tell(f"size {300 + i * 3} {200 + i}")
    rig.tell("size 640 480")
    rig.window(check=lambda w: w["rect"]["width"] == 640)
    _, number, _ = rig.seen("before")
    rig.like("after", above=number)
    assert rig.boxcast.poll() is None and relay.trailers == {}


def test_a_hundred_scales_in_a_row(rig):
    """For each the application would draw at another size."""
    relay = rig.cast()
    relay.wait(lambda r: r.pictures())
    rig.say(relay, "".join(f"scale {121 + i}\n" for i in range(100)))
    rig.said.wait("scale 220")
    assert len(rig.said.all("scale .*")) < 10
