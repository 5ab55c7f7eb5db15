# SPDX-License-Identifier: MIT
"""What the programs of a view could do to the desktop if a stranger's bytes took them over: no more
than a program from a sandbox. Their walls towards the system are tests/view/test_jail.py's."""

import re
import shlex

import pytest

from evidence import BUILD, ROOT
from net.household import Household
from net.place import wait_for
from wayland.clients import Client

PRIVILEGED = {
    "ext_foreign_toplevel_list_v1", "wp_security_context_manager_v1", "zwlr_data_control_manager_v1",
    "zwlr_foreign_toplevel_manager_v1", "zwlr_gamma_control_manager_v1", "zwlr_layer_shell_v1",
    "zwlr_output_manager_v1", "zwlr_output_power_manager_v1", "zwlr_screencopy_manager_v1",
    "zwlr_virtual_pointer_manager_v1", "zwp_virtual_keyboard_manager_v1"}


@pytest.fixture
def den(node):
    """A machine whose desktop finds strangers where boxcast and boxview should be."""
    place = node("den")
    bin_, libexec = (f"{place.home}/taken/{folder}" for folder in ("bin", "libexec/boxland"))
    place.run(["mkdir", "-p", bin_, libexec])
    place.run(["cp", f"{BUILD}/out/bin/boxland", bin_])
    place.run(["ln", "-s", f"{BUILD}/out/share", f"{place.home}/taken/share"])
    for name in ("boxcast", "boxview"):
        script = shlex.join(["exec", "python3", "-B", f"{ROOT}/tests/e2e/taken_over.py", name])
        place.write_file(f"{libexec}/{name}", f"#!/bin/sh\n{script}\n", 0o755)
    return Household(place).start("800x600", env={"PATH": f"{bin_}:{place.env['PATH']}"})


def test_what_the_programs_of_a_view_see(den):
    with Client(den) as client:
        client.window(300, 200, app_id="shown")
        everything = set(client.display.globals)
        assert PRIVILEGED < everything
        den.node.spawn(["box", "ln", "/display/0", f"{den.window('shown')}/out"])
        for name, own in (("boxcast", {"box_cast_v1"}), ("boxview", set())):
            said = wait_for(lambda: re.search(rf"{name} sees (.*)\n", den.boxland.output()), 30,
                            f"what {name} sees")
            assert set(said[1].split()) == everything - PRIVILEGED | own, name
