# SPDX-License-Identifier: MIT
"""What is done on the view arrives at the window, and nothing stays held."""

EV_KEY, EV_REL, EV_ABS = 1, 2, 3
KEY_A, KEY_C, KEY_LEFTCTRL = 30, 46, 29
BTN_LEFT, BTN_TOOL_MOUSE = 0x110, 0x146
REL_X, REL_WHEEL_HI_RES, ABS_X = 0, 11, 0
DESKTOP = "1280 800"


def record(kind, code, value, x=r"-?\d+", y=r"-?\d+"):
    return rf"input {kind} {code} {value} {x} {y}"


def point(rig, x, y):
    """The place of the desktop that is x, y of the view."""
    rect = rig.window()["rect"]
    return f"at {rect['x'] + x} {rect['y'] + y} {DESKTOP}"


def test_keys_come_with_their_keymap_first(rig):
    rig.both(fps=10)
    person = rig.person()
    rig.said.wait("focus 1")
    person(f"key {KEY_A} 1", f"key {KEY_A} 0", f"key {KEY_C} 1", f"key {KEY_C} 0")
    for code, value in ((KEY_A, 1), (KEY_A, 0), (KEY_C, 1), (KEY_C, 0)):
        rig.said.wait(record(EV_KEY, code, value))
    lines = rig.said.lines
    keymap = next(i for i, line in enumerate(lines) if line.startswith("keymap"))
    repeat = next(i for i, line in enumerate(lines) if line.startswith("repeat 30 "))
    focus = lines.index("focus 1")
    assert keymap < focus and repeat < focus
    assert lines[keymap].endswith("whole")
    assert focus < next(i for i, line in enumerate(lines)
                        if line.startswith(f"input {EV_KEY} {KEY_A} "))


def test_another_layout_comes_before_its_keys(rig):
    rig.both(fps=10)
    person = rig.person()
    rig.said.wait("focus 1")
    for i in range(20):
        person("keymap " + ("de", "us")[i % 2], f"key {KEY_A} 1", f"key {KEY_A} 0")
        rig.said.wait(r"keymap \d+ whole")
        rig.said.wait(record(EV_KEY, KEY_A, 1))
        rig.said.wait(record(EV_KEY, KEY_A, 0))


def test_modifiers_follow_their_keys(rig):
    rig.both(fps=10)
    person = rig.person()
    rig.said.wait("focus 1")
    person(f"key {KEY_LEFTCTRL} 1", "modifiers 4 0 0 0", f"key {KEY_C} 1")
    rig.said.wait(record(EV_KEY, KEY_LEFTCTRL, 1))
    rig.said.wait(r"modifiers 4 0 0 0")
    rig.said.wait(record(EV_KEY, KEY_C, 1))
    person(f"key {KEY_C} 0", f"key {KEY_LEFTCTRL} 0", "modifiers 0 0 0 0")
    rig.said.wait(record(EV_KEY, KEY_LEFTCTRL, 0))
    rig.said.wait(r"modifiers 0 0 0 0")


def test_the_pointer_is_where_it_is_seen(rig):
    rig.both(fps=10)
    person = rig.person()
    person(point(rig, 100, 50))
    found = rig.said.wait(record(EV_KEY, BTN_TOOL_MOUSE, 1, r"(\d+)", r"(\d+)"))
    assert abs(int(found[1]) / 65536 - 100) < 1 and abs(int(found[2]) / 65536 - 50) < 1
    rig.said.wait("group")
    person(point(rig, 120, 50))
    found = rig.said.wait(record(EV_ABS, ABS_X, 0, r"(\d+)", r"(\d+)"))
    assert abs(int(found[1]) / 65536 - 120) < 1 and abs(int(found[2]) / 65536 - 50) < 1
    person(f"button {BTN_LEFT} 1")
    rig.said.wait(record(EV_KEY, BTN_LEFT, 1))
    person(f"button {BTN_LEFT} 0")
    rig.said.wait(record(EV_KEY, BTN_LEFT, 0))
    person("wheel 1")  # towards the person: down
    rig.said.wait(record(EV_REL, REL_WHEEL_HI_RES, -120, 0, 15 << 16))
    person("slide 7.5")
    rig.said.wait(record(EV_REL, REL_WHEEL_HI_RES, 0, 0, 15 << 15))
    person("slide 0")
    rig.said.wait(record(EV_REL, REL_WHEEL_HI_RES, 0, 0, 0))
    person(f"at 1 1 {DESKTOP}")
    rig.said.wait(record(EV_KEY, BTN_TOOL_MOUSE, 0))


def test_a_scaled_view_maps_its_points(rig):
    rig.both(fps=10, size=(320, 240))
    person = rig.person()
    rig.command('[app_id="net.minecraft"]', "fullscreen", "enable")  # 1066x800 of 1280x800
    rig.said.wait("size 1280 800")
    window = rig.window(check=lambda w: w["rect"]["width"] == 1280)
    assert window["rect"]["height"] == 800

    def is_large():  # once no picture of that size is awaited any more
        pixels = rig.shot("fullscreen")
        return pixels[400, 50].max() < 8 and pixels[400, 150:170].max() > 30
    rig.until(is_large, lambda: None)
    person(f"at 600 400 {DESKTOP}")
    rig.said.wait(record(EV_KEY, BTN_TOOL_MOUSE, 1))
    person(f"at 640 400 {DESKTOP}")
    x = y = 0
    while abs(x - 160) >= 1:
        found = rig.said.wait(record(EV_ABS, ABS_X, 0, r"(\d+)", r"(\d+)"))
        x, y = int(found[1]) / 65536, int(found[2]) / 65536
    assert abs(y - 120) < 1
    person(f"at 5 5 {DESKTOP}")  # beside the picture: its nearest edge
    rig.said.wait(record(EV_ABS, ABS_X, 0, 0, r"\d+"))


def test_a_locked_pointer_moves_and_is_nowhere(rig):
    rig.both(fps=10)
    person = rig.person()
    person(point(rig, 100, 50), f"button {BTN_LEFT} 1", f"button {BTN_LEFT} 0")
    rig.said.wait(record(EV_KEY, BTN_LEFT, 0))
    rig.tell("lock 1")
    rig.until(lambda: rig.said.all(record(EV_REL, REL_X, 0, 7 << 16, -3 << 16)),
              lambda: person("by 7 -3"))
    places = len(rig.said.all(record(EV_ABS, ABS_X, 0)))
    rig.tell("lock 0")
    rig.until(lambda: len(rig.said.all(record(EV_ABS, ABS_X, 0))) > places,
              lambda: person("by 1 1"))


def test_what_is_held_is_released_when_the_view_loses_focus(rig):
    relay = rig.both(fps=10)
    person = rig.person()
    rig.said.wait("focus 1")
    person(f"key {KEY_A} 1")
    rig.said.wait(record(EV_KEY, KEY_A, 1))
    relay.wait(lambda r: f"held {KEY_A}" in r.lines("up"))
    rig.command("workspace", "9")
    rig.said.wait(record(EV_KEY, KEY_A, 0))
    rig.said.wait("focus 0")
    person(f"key {KEY_A} 0")


def test_what_is_held_is_released_when_the_view_falls_silent(rig):
    relay = rig.both(fps=10)
    person = rig.person()
    rig.said.wait("focus 1")
    person(f"key {KEY_A} 1")
    rig.said.wait(record(EV_KEY, KEY_A, 1))
    relay.hold("up")
    rig.said.wait(record(EV_KEY, KEY_A, 0))
    relay.hold("up", False)


def test_what_is_held_is_released_when_the_view_is_killed(rig):
    rig.both(fps=10)
    person = rig.person()
    rig.said.wait("focus 1")
    person(f"key {KEY_A} 1")
    rig.said.wait(record(EV_KEY, KEY_A, 1))
    rig.kill("boxview")
    # boxcast releases it and ends; of a client that ended, what it said last may be lost, and the
    # desktop releases all (box-cast-v1.xml)
    rig.said.wait(record(EV_KEY, KEY_A, 0) + "|unbound")


def test_a_key_held_for_long_stays_down(rig):
    relay = rig.both(fps=10)
    person = rig.person()
    rig.said.wait("focus 1")
    person(f"key {KEY_A} 1")
    relay.wait(lambda r: r.lines("up").count(f"held {KEY_A}") > 8)
    assert not rig.said.all(record(EV_KEY, KEY_A, 0))
    person(f"key {KEY_A} 0")
    rig.said.wait(record(EV_KEY, KEY_A, 0))
