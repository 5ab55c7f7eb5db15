# SPDX-License-Identifier: MIT
"""The other protocols: offered, and kept."""

import os
import socket

import pytest

from wayland import wl
from wayland.clients import US, Client, Hand
from wayland.pixels import GREEN, RED, bounds

OFFERED = """
box_view_v1 ext_foreign_toplevel_list_v1 ext_idle_notifier_v1 org_kde_kwin_server_decoration_manager
wl_compositor wl_data_device_manager wl_output wl_seat wl_shm wl_subcompositor
wp_alpha_modifier_v1 wp_content_type_manager_v1 wp_cursor_shape_manager_v1
wp_fractional_scale_manager_v1 wp_presentation wp_security_context_manager_v1
wp_single_pixel_buffer_manager_v1 wp_viewporter xdg_activation_v1 xdg_wm_base
zwlr_data_control_manager_v1 zwlr_foreign_toplevel_manager_v1 zwlr_gamma_control_manager_v1
zwlr_layer_shell_v1 zwlr_output_manager_v1 zwlr_output_power_manager_v1
zwlr_screencopy_manager_v1 zwlr_virtual_pointer_manager_v1 zwp_idle_inhibit_manager_v1
zwp_keyboard_shortcuts_inhibit_manager_v1 zwp_pointer_constraints_v1 zwp_pointer_gestures_v1
zwp_primary_selection_device_manager_v1 zwp_relative_pointer_manager_v1
zwp_virtual_keyboard_manager_v1 zxdg_decoration_manager_v1 zxdg_exporter_v1 zxdg_exporter_v2
zxdg_importer_v1 zxdg_importer_v2 zxdg_output_manager_v1
""".split()


@pytest.fixture
def client(desktop):
    with Client(desktop) as made:
        yield made


def test_what_is_offered(client):
    assert sorted(client.display.globals) == OFFERED


def test_sandboxed_clients_see_less(desktop, client):
    manager = client.display.bind("wp_security_context_manager_v1")
    path = desktop.runtime / "sandboxed"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    ours, theirs = socket.socketpair()
    context = manager.create_listener(listener.fileno(), theirs.fileno())
    context.set_sandbox_engine("org.boxland.test")
    context.commit()
    client.display.roundtrip()
    with wl.Display(wl.connect(path)) as inside:
        assert "xdg_wm_base" in inside.globals
        hidden = set(client.display.globals) - set(inside.globals)
        assert hidden == {
            "ext_foreign_toplevel_list_v1", "wp_security_context_manager_v1",
            "zwlr_data_control_manager_v1", "zwlr_foreign_toplevel_manager_v1",
            "zwlr_gamma_control_manager_v1", "zwlr_layer_shell_v1", "zwlr_output_manager_v1",
            "zwlr_output_power_manager_v1", "zwlr_screencopy_manager_v1",
            "zwlr_virtual_pointer_manager_v1", "zwp_virtual_keyboard_manager_v1"}
        name = client.display.globals["zwlr_screencopy_manager_v1"][0][0]
        inside.registry.bind(name, "zwlr_screencopy_manager_v1", 1)
        with pytest.raises(wl.ProtocolError):
            inside.roundtrip()
    ours.close()


class Handles:
    """The windows as a task bar sees them."""

    def __init__(self, client, interface):
        self.manager = client.display.bind(interface)
        client.display.roundtrip()
        client.display.roundtrip()

    def all(self):
        return [args[0] for args in self.manager.all("toplevel")]


def test_so_many_surfaces_at_once_and_no_more(desktop, client):
    """Those that were destroyed do not count; one too many ends its client, and nobody else's."""
    with Client(desktop, seat=False) as other:
        surfaces = [client.compositor.create_surface() for _ in range(1000)]
        client.display.roundtrip()
        surfaces.pop().destroy()
        client.compositor.create_surface()
        client.display.roundtrip()
        client.compositor.create_surface()
        with pytest.raises(wl.ProtocolError, match="more than 1000 surfaces at once"):
            client.display.roundtrip()
        other.compositor.create_surface()
        other.display.roundtrip()


def test_task_bars(desktop, client):
    one = client.window(300, 200, title="one", app_id="app.one")
    handles = Handles(client, "zwlr_foreign_toplevel_manager_v1")
    two = client.window(300, 200, title="two", app_id="app.two", argb=0xff20cc20)
    client.display.roundtrip()
    first, second = handles.all()
    assert (first.last("title"), first.last("app_id")) == (("one",), ("app.one",))
    assert second.last("title") == ("two",)

    def states(handle):
        raw = handle.last("state")[0]
        return {raw[i] for i in range(0, len(raw), 4)}
    assert 2 in states(second) and 2 not in states(first), "the newer is active"
    one.toplevel.set_title("uno")
    client.display.until(lambda: first.last("title") == ("uno",), "the new title")
    first.activate(client.seat)
    client.display.until(lambda: 2 in states(first), "the other active")
    first.set_maximized()
    client.display.until(lambda: one.width == 1280 and 0 in states(first), "its size")
    first.unset_maximized()
    client.display.until(lambda: one.width == 300, "its size")
    first.set_minimized()
    client.display.until(lambda: 1 in states(first), "its going")
    assert bounds(desktop.picture("minimised"), RED) is None
    first.unset_minimized()
    client.display.until(lambda: 1 not in states(first), "its return")
    first.set_fullscreen(None)
    client.display.until(lambda: one.height == 720, "its size")
    first.close()
    client.display.until(lambda: one.closed, "the request to close")
    two.destroy()
    client.display.until(lambda: second.last("closed") is not None, "its end")


def test_toplevel_list(client):
    handles = Handles(client, "ext_foreign_toplevel_list_v1")
    window = client.window(title="one", app_id="app.one")
    client.display.roundtrip()
    (handle,) = handles.all()
    assert handle.last("title") == ("one",) and handle.last("app_id") == ("app.one",)
    assert handle.last("identifier")[0]
    window.destroy()
    client.display.until(lambda: handle.last("closed") is not None, "its end")


def test_pointer_locked_by_a_game(desktop, client):
    window = client.window(300, 200)
    constraints = client.display.bind("zwp_pointer_constraints_v1")
    relative = client.display.bind("zwp_relative_pointer_manager_v1").get_relative_pointer(
        client.pointer)
    with Hand(desktop) as hand:
        hand.to(640, 360)
        client.display.until(lambda: client.pointer.last("enter"), "the pointer")
        locked = constraints.lock_pointer(window.surface, client.pointer, None, 2)
        client.display.until(lambda: locked.last("locked") is not None, "the lock")
        before = client.pointer.last("motion")
        hand.by(100, 50)
        client.display.until(lambda: relative.last("relative_motion"), "the motion")
        assert relative.last("relative_motion")[2:4] == (100, 50)
        assert client.pointer.last("motion") == before, "it stays where it is"
        # Another window takes the keyboard, and the lock is off; back, and it is on again.
        other = client.window(100, 100, title="other")
        client.display.until(lambda: locked.last("unlocked") is not None, "the lock's end")
        other.destroy()
        client.display.until(lambda: len(locked.all("locked")) == 2, "the lock again")
        locked.set_cursor_position_hint(10, 20)
        window.surface.commit()
        locked.destroy()
        client.display.roundtrip()
        hand.by(1, 0)
        client.display.until(lambda: client.pointer.last("motion"), "the motion")
        assert client.pointer.last("motion")[1:] == (11, 20), "from the hint on"


def test_pointer_confined(desktop, client):
    window = client.window(300, 200)
    constraints = client.display.bind("zwp_pointer_constraints_v1")
    with Hand(desktop) as hand:
        hand.to(640, 360)
        client.display.until(lambda: client.pointer.last("enter"), "the pointer")
        confined = constraints.confine_pointer(window.surface, client.pointer, None, 2)
        client.display.until(lambda: confined.last("confined") is not None, "it")
        for _ in range(20):
            hand.by(50, 0)
        client.display.roundtrip()
        assert 295 < client.pointer.last("motion")[1] < 300
        assert not client.pointer.all("leave")


def test_activation_with_a_token_of_a_click(desktop, client):
    windows = [client.window(300, 200, title=str(i)) for i in range(2)]
    activation = client.display.bind("xdg_activation_v1")
    with Hand(desktop, US) as hand:
        hand.click(660, 380)
        client.display.until(lambda: client.pointer.last("button"), "the click")
        token = activation.get_activation_token()
        token.set_serial(client.pointer.all("button")[0][0], client.seat)
        token.set_surface(windows[1].surface)
        token.commit()
        client.display.until(lambda: token.last("done"), "the token")
        activation.activate(token.last("done")[0], windows[0].surface)
        client.display.until(lambda: client.keyboard.last("enter")[1] is windows[0].surface,
                             "the focus")


def test_activation_without_the_person_is_only_urgent(desktop, client):
    first = client.window(300, 200, decorated=True, title="look here")
    second = client.window(300, 200)
    x, y, *_ = bounds(desktop.picture("quiet"), RED)
    quiet = desktop.picture("quiet").crop((x, y - 30, x + 200, y))
    activation = client.display.bind("xdg_activation_v1")
    token = activation.get_activation_token()
    token.commit()
    client.display.until(lambda: token.last("done"), "the token")
    activation.activate(token.last("done")[0], first.surface)
    client.display.roundtrip()
    assert client.keyboard.last("enter")[1] is second.surface
    assert desktop.picture("urgent").crop((x, y - 30, x + 200, y)).tobytes() != quiet.tobytes()


def test_idle_and_inhibitors(desktop, client):
    window = client.window(300, 200)
    notifier = client.display.bind("ext_idle_notifier_v1")
    idle = notifier.get_idle_notification(200, client.seat)
    client.display.until(lambda: idle.last("idled") is not None, "idleness")
    with Hand(desktop) as hand:
        hand.to(10, 10)
        client.display.until(lambda: idle.last("resumed") is not None, "its end")
        inhibitor = client.display.bind("zwp_idle_inhibit_manager_v1").create_inhibitor(
            window.surface)
        client.display.roundtrip()
        told = len(idle.all("idled"))
        other = notifier.get_idle_notification(100, client.seat)
        with pytest.raises(TimeoutError):
            client.display.until(lambda: other.last("idled") is not None, "idleness", timeout=0.5)
        assert len(idle.all("idled")) == told
        inhibitor.destroy()
        client.display.until(lambda: other.last("idled") is not None, "idleness")


def test_kde_decoration(desktop, client):
    manager = client.display.bind("org_kde_kwin_server_decoration_manager")
    client.display.roundtrip()
    assert manager.last("default_mode") == (2,)
    bare = client.window(300, 200)
    y = bounds(desktop.picture("bare"), RED)[1]
    bare.destroy()
    client.window(300, 200, setup=lambda window: manager.create(window.surface))
    assert bounds(desktop.picture("framed"), RED)[1] == y + 16, "lower by half a titlebar"


def test_gamma_is_refused_where_there_is_none(desktop, client):
    manager = client.display.bind("zwlr_gamma_control_manager_v1")
    control = manager.get_gamma_control(client.display.bind("wl_output"))
    client.display.until(lambda: control.last("failed") is not None, "the refusal")


def test_dragging_data_with_an_icon(desktop, client):
    window = client.window(300, 200)
    target = Client(desktop)
    manager = client.display.bind("wl_data_device_manager")
    device = manager.get_data_device(client.seat)
    their_device = target.display.bind("wl_data_device_manager").get_data_device(target.seat)
    target.window(300, 200, argb=0xff2020cc)
    with Hand(desktop) as hand:
        red = bounds(desktop.picture("before"), RED)
        hand.to(red[0] + 5, red[1] + 5)
        hand.button(True)
        client.display.until(lambda: client.pointer.last("button"), "the press")
        source = manager.create_data_source()
        source.offer("text/plain")
        source.set_actions(1)
        icon = client.compositor.create_surface()
        device.start_drag(source, window.surface, icon, client.pointer.last("button")[0])
        icon.attach(wl.buffer(client.shm, 20, 20, 0xff20cc20), 0, 0)
        icon.commit()
        client.display.roundtrip()
        hand.to(red[0] + 320, red[1] + 220)  # where only the other one is
        x, y, width, height = bounds(desktop.picture("dragging"), GREEN)
        assert (x + width, y + height) == (red[0] + 340, red[1] + 240), "the pointer covers a bit"
        target.display.until(lambda: their_device.last("enter"), "the offer")
        offer = their_device.last("data_offer")[0]
        offer.accept(their_device.last("enter")[0], "text/plain")
        offer.set_actions(1, 1)
        target.display.roundtrip()
        hand.button(False)
        target.display.until(lambda: their_device.last("drop") is not None, "the drop")
        reader, writer = os.pipe()
        offer.receive("text/plain", writer)
        os.close(writer)
        target.display.roundtrip()
        client.display.until(lambda: source.last("send"), "the request")
        os.write(source.last("send")[1], b"dragged")
        os.close(source.last("send")[1])
        assert os.read(reader, 100) == b"dragged"
        os.close(reader)
    target.close()
