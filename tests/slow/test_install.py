# SPDX-License-Identifier: MIT
"""A machine with systemd: ./dev install, a log-in with all that came of it, ./dev uninstall.

The guest is the login's (tests/vm), with systemd, logind and D-Bus in place of a handful of
daemons. What is exercised: ./dev install and uninstall themselves, run by root in the guest's own
Debian 13; the session entry by which greetd's greeter finds Boxland; PAM and logind, which give the
person a manager of units and a seat; boxd.service, also when boxd is killed; boxland on DRM/KMS with
logind's seat. What is not: compiling in the guest, where the processor is emulated. The build that
./dev install would make is made here beforehand, at the same place, and there found complete.
"""

import re
import secrets
import shutil
import string
import subprocess

from evidence import ROOT
from net.place import wait_for
from vm.guest import Guest, NeverUp
from vm.test_login import PERSON, Visit

# By name, and not in CI: it may take its time on a busy machine.
ROOT_S = 300
INSTALL_S = 900
LOOK_S = 600
UNINSTALL_S = 300
SCRIPTS = [ROOT / "tests/slow" / name for name in ("init", "install", "uninstall", "files", "look")]
OPTIONS = ["--prefix=/usr/local", "--buildtype=release"]
HOME = {
    ".config/boxland/boxland.conf": "autostart sh /exchange/look\n",
    # Read by greetd for the session. What would paint in the emulated processor's place takes half
    # a minute a picture.
    ".profile": "export WLR_RENDERER=pixman\n{ id; tty; env; } >/exchange/out/session.txt\n",
}


def build():
    """As dev's compile does it, and marked so that it is taken for that."""
    there = ROOT / "build-install"
    mark = "/ " + " ".join(OPTIONS) + "\n"
    if not (there / ".root").exists() or (there / ".root").read_text() != mark:
        shutil.rmtree(there, ignore_errors=True)
        subprocess.run(["meson", "setup", there, *OPTIONS], cwd=ROOT, check=True)
        (there / ".root").write_text(mark)
    subprocess.run(["ninja", "-C", there], check=True)


def boot(place, out, password):
    """A guest whose root is up; one that never gets there is tried once more."""
    for attempt in (1, 2):
        guest = Guest(place, out, person=PERSON, password=password, desktop="", home=HOME,
                      share=[ROOT], scripts=SCRIPTS)
        (guest.exchange / "top").write_text(f"{ROOT}\n")
        try:
            guest.wait_root(ROOT_S)
            return guest
        except NeverUp:
            guest.quit()
            if attempt == 2:
                raise
    return None


def told(text):
    """{heading: lines} of what look has written."""
    parts = re.split(r"^## (\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def check_looked(text):
    looked = told(text)
    assert "ActiveState=active" in looked["unit"]
    assert "FragmentPath=/usr/local/lib/systemd/user/boxd.service" in looked["unit"]
    for fact in ("Type=wayland", "Class=user", "Seat=seat0", "Active=yes", "Service=greetd"):
        assert fact in looked["session"].splitlines()
    assert looked["box"].startswith("guest, nobody's machine yet")
    assert f"box init --person {PERSON}" in looked["box"]
    assert looked["run"] == "guest\n"
    assert re.search(r"^ok +seat +logind$", looked["doctor"], re.MULTILINE)
    assert re.search(r"^ok +desktop ", looked["doctor"], re.MULTILINE)
    assert "does not answer" not in text
    assert "NRestarts=1" in looked["killed"] and "ActiveState=active" in looked["killed"]


def test_install_log_in_uninstall(place, artefacts, capsys):
    build()
    password = "".join(secrets.choice(string.ascii_lowercase) for _ in range(10))
    visit = Visit(boot(place, artefacts, password))
    guest = visit.guest
    visit.step("the root is up")
    try:
        guest.wait_mark("starting greetd", INSTALL_S)
        assert "it ended with 0" in visit.out("install.log"), visit.out("install.log")
        visit.log_in(password)
        wait_for(lambda: "## looked" in visit.out("looked.txt"), LOOK_S, "the look around")
        visit.step("the person has looked around")
        guest.save("3-desktop.png")
        check_looked(visit.out("looked.txt") + "\n")
        (guest.exchange / "uninstall-now").touch()
        wait_for(lambda: visit.out("after"), UNINSTALL_S, "the uninstalling")
        visit.step("it is uninstalled")
    finally:
        guest.save("4-end.png")
        guest.quit()
        with capsys.disabled():
            print("", *visit.timings, sep="\n")
    before, there, after = (set(visit.out(name).splitlines())
                            for name in ("before", "installed", "after"))
    new = there - before
    assert {"/usr/local/bin/box", "/usr/local/bin/boxd", "/usr/local/bin/boxland",
            "/usr/local/libexec/boxland/session", "/usr/local/share/man/man1/box.1",
            "/usr/local/lib/systemd/user/boxd.service",
            "/usr/local/share/wayland-sessions/boxland.desktop"} <= new
    assert all(path.startswith("/usr/local/") for path in new)
    printed = set(visit.out("install.log").splitlines())
    assert {path for path in new if path not in printed} == set(), "all that was written is printed"
    assert after == before, after ^ before
    assert "it ended with 0" in visit.out("uninstall.log")
