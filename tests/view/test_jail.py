# SPDX-License-Identifier: MIT
"""What boxcast and boxview cannot do any more once they are set up: behind the same walls a test
program tries (breakout.c), and in the running programs a debugger does."""

import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest

from view.rig import ACK, WAIT

ENDED = signal.Signals.SIGSYS  # seccomp's

# act, on what, what comes of it; and of the same without a jail, unless a right may be in its way
ACTS = [
    # the person's files
    ("read", "secret", "EACCES", "done"),
    ("thread", "secret", "EACCES", "done"),
    ("list", ".", "EACCES", "done"),
    ("write", "secret", "EACCES", "done"),
    ("create", "new", "EACCES", "done"),
    ("nameless", ".", "EACCES", None),
    ("truncate", "secret", "EPERM", "done"),
    ("unlink", "secret", "EPERM", "done"),
    ("mkdir", "folder", "EPERM", "done"),
    ("chmod", "secret", "EPERM", "done"),
    # other programs
    ("program", "/bin/true", ENDED, ""),
    ("early", "/bin/true", ENDED, None),
    ("fork", None, "EPERM", "done"),
    ("signal", None, "EPERM", "done"),
    ("tell", None, "EACCES", "done"),
    ("tell-exactly", None, "EACCES", "done"),
    ("tell-socket", None, "EACCES", "done"),
    ("tell-by-kill", None, "EACCES", "done"),
    ("limit", None, "EPERM", "done"),
    ("pin", None, "EPERM", "done"),
    ("attach", None, ENDED, "done"),
    ("look", None, ENDED, "done"),
    ("environment", None, "EACCES", "done"),
    ("type", None, "EACCES", None),
    # others
    ("internet", None, ENDED, "done"),
    ("datagram", None, ENDED, "done"),
    ("listen", None, ENDED, "done"),
    ("unix", None, "EACCES", "done"),
    ("meet", "socket", ENDED, "done"),
    ("pair", None, "ENOSYS", "done"),
    ("sysv", None, "ENOSYS", "done"),
    # the kernel
    ("mount", ".", ENDED, None),
    ("space", None, ENDED, None),
    ("ring", None, ENDED, None),
    ("faults", None, ENDED, None),
    ("bpf", None, ENDED, None),
    # the machine's memory
    ("memory", None, "ENOMEM", "done"),
    ("shared", None, "EFBIG", "done"),
    # what they do need
    ("picture", None, "done", "done"),
    ("own", None, "done", "done"),
    ("read", "/usr/share/X11/xkb/rules/evdev", "done", "done"),
    ("read", "/etc/passwd", "EACCES", "done"),
]


@pytest.fixture
def place(tmp_path):
    """A home with a secret, and somebody who listens."""
    (tmp_path / "secret").write_text("the key")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        listener.listen()
        yield tmp_path


def is_sanitized(program):
    return b"__asan_init" in program.read_bytes()


@pytest.mark.parametrize(("act", "target", "inside", "outside"), ACTS,
                         ids=[f"{act}-{target}" for act, target, *_ in ACTS])
def test_behind_the_walls(program, place, act, target, inside, outside):
    breakout = program("breakout")
    if is_sanitized(breakout):
        pytest.skip("a sanitizer needs what the jail takes away, and has none")

    def come_of(where):
        # a path that begins at the root stays as it is
        argv = [breakout, where, act, *([str(place / target)] if target else [])]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=WAIT, check=False)
        assert done.returncode in (0, -ENDED), done.stderr
        return ENDED if done.returncode else done.stdout.strip()

    assert come_of("jail") == inside
    if inside != "done" and target == "secret":
        assert (place / target).read_text() == "the key"
    if outside is not None:
        assert come_of("free") == outside


def statuses(pid):
    """Of each thread: what /proc says of its walls."""
    for task in os.listdir(f"/proc/{pid}/task"):
        text = pathlib.Path(f"/proc/{pid}/task/{task}/status").read_text(encoding="ascii")
        yield dict(re.findall(r"^(NoNewPrivs|Seccomp\w*):\s+(\d+)$", text, re.MULTILINE))


def inject(rig, name, *calls):
    """What each call gives in the running program; the last may be its end."""
    argv = ["gdb", "-batch", "-nx", "-p", str(rig.programs[name].pid), "-ex", "set confirm off",
            "-ex", "set debuginfod enabled off", "-ex", "set scheduler-locking on"]
    for call in calls:
        argv += ["-ex", f"print {call}"]
    said = subprocess.run(argv, capture_output=True, text=True, timeout=3 * WAIT, check=False)
    return re.findall(r"^\$\d+ = (-?\d+)$", said.stdout, re.MULTILINE), said.stdout + said.stderr


@pytest.mark.parametrize("name", ["boxcast", "boxview"])
def test_the_running_program(rig, place, name):
    if is_sanitized(rig.program(name)):
        pytest.skip("a sanitizer needs what the jail takes away, and has none")
    relay = rig.both(present="gles", fps=20)
    relay.wait(lambda r: len(r.kind("up", ACK)) > 5)
    program = rig.programs[name]
    walls = {"NoNewPrivs": "1", "Seccomp": "2", "Seccomp_filters": "2"}
    assert all(status == walls for status in statuses(program.pid))
    assert pathlib.Path(f"/proc/{program.pid}/oom_score_adj").read_text().strip() == "500"
    given, said = inject(
        rig, name,
        f'(int)open("{place}/secret", 0)', "*(int *)__errno_location()",
        f'(int)open("{place}/new", 0101, 0600)',
        '(int)open("/usr/share/X11/xkb/rules/evdev", 0) > 2')
    assert given == ["-1", "13", "-1", "1"], said
    assert not (place / "new").exists()
    frames = len(relay.kind("up", ACK))
    relay.wait(lambda r: len(r.kind("up", ACK)) > frames + 5)  # it goes on as if nothing had been
    _, said = inject(rig, name, "(int)socket(2, 1, 0)")
    assert rig.ended(name) == -ENDED, said
