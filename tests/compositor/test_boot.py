# SPDX-License-Identifier: MIT
"""It starts, shows, ends; and says what is wrong when it cannot."""

import signal
import subprocess

import numpy

from wayland.clients import Client


def test_shows_its_wallpaper(desktop):
    image = numpy.asarray(desktop.picture("bare")).astype(int)
    assert image.shape == (720, 1280, 3)
    corner, far = image[:40, :40].mean((0, 1)), image[-40:, -40:].mean((0, 1))
    assert corner.sum() < 110, "the upper left is night"
    assert far[1] > far[0] + 25 and far[2] > far[0] + 25, "the lower right is teal"
    assert len(numpy.unique(image.reshape(-1, 3), axis=0)) > 500


def test_foot_has_a_titlebar(desktop):
    desktop.start("foot", "-o", "colors.background=204060", "-T", "hello", "sh", "-c", "sleep 60")
    middle = (640, 380)
    image = desktop.until_pixel(*middle, lambda pixel: pixel == (0x20, 0x40, 0x60), "foot's ground")
    column = [image.getpixel((middle[0], y)) for y in range(720)]
    top = column.index((0x20, 0x40, 0x60))
    bar = numpy.asarray(image.crop((middle[0] - 300, top - 30, middle[0] + 300, top - 2))).astype(int)
    assert bar.max() > 220, "the title is written in nearly white"
    assert (bar.std((0, 1)) > 5).all()


def test_ends_on_a_signal_and_leaves_nothing(new_desktop):
    for signum in (signal.SIGTERM, signal.SIGINT):
        desktop = new_desktop(config='autostart sleep 1000\nautostart foot sh -c "sleep 1000"\n')
        desktop.until_logged("(foot)")
        assert desktop.stop(signum) == 0
        assert not list(desktop.runtime.glob("wayland-*")), "socket and lock are gone"


def test_clients_are_disconnected_at_the_end(desktop):
    with Client(desktop) as client:
        client.window()
        assert desktop.stop() == 0
        assert client.display.socket.recv(65536) is not None
        while client.display.socket.recv(65536):
            pass  # what was still on its way; then the end


def test_names_its_socket(new_desktop):
    desktop = new_desktop(args=["--socket", "here"])
    assert desktop.name == "here" and desktop.socket.is_socket()


def test_startup_command(new_desktop, artefacts):
    told = artefacts / "told"
    desktop = new_desktop(args=["-s", f'echo "$WAYLAND_DISPLAY $XDG_SESSION_TYPE" > {told}'])
    desktop.until(lambda: told.exists() and told.read_text(), "the command's words")
    assert told.read_text() == f"{desktop.name} wayland\n"


def test_command_that_is_not_there_is_said(new_desktop):
    desktop = new_desktop(config="autostart no-such-program-at-all\n")
    desktop.until_logged("“no-such-program-at-all” cannot be started")


def test_several_outputs(new_desktop):
    desktop = new_desktop(args=["--headless", "800x600"])
    text = desktop.run("wlr-randr")
    assert "HEADLESS-1" in text and "HEADLESS-2" in text
    assert "800x600" in text and "1280x720" in text


def run(program, *args):
    return subprocess.run([program("boxland"), *args], capture_output=True, text=True, timeout=20)


def test_version_and_help(program):
    assert run(program, "--version").stdout.startswith("boxland ")
    text = run(program, "--help").stdout
    assert "--headless" in text and "--ready-fd" in text


def test_wrong_options(program):
    for args, said in ((["--headless", "big"], '"big"'), (["--ready-fd", "x"], '"x"'),
                       (["extra"], '"extra"'), (["--nonsense"], "--help")):
        done = run(program, *args)
        assert done.returncode != 0 and said in done.stderr


def test_no_error_noise(new_desktop):
    desktop = new_desktop()
    desktop.run("wlr-randr")
    assert desktop.stop() == 0
    plain = [line for line in desktop.log().splitlines() if "error" in line.lower()]
    assert not plain
