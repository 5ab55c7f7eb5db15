# SPDX-License-Identifier: MIT
"""What is inside: a command of its own world, whose end is the end of everything in it."""

import os
import signal
import subprocess

import pytest

DEMO = """
import pathlib, signal, subprocess, sys
# A child that ends with nothing but its world, and holds our output open until then.
subprocess.Popen(["sh", "-c", "trap '' INT TERM HUP; while :; do sleep 100; done"],
                 start_new_session=True)
try:
    print("up", flush=True)
    signal.pause()
except KeyboardInterrupt:
    pathlib.Path("demo-pictures/tidied").touch()
    print("tidied", flush=True)
    sys.exit(5)
"""


def test_exit_code_is_kept(project):
    assert project.dev("shell", "exit 7").returncode == 7
    assert project.dev("shell", "kill -TERM $$").returncode == 128 + signal.SIGTERM
    assert project.dev("shell", "true").returncode == 0


def test_words_arrive_as_they_are(project):
    done = project.dev("shell", "printf", "<%s>", "a b", "", "*", "$HOME")
    assert done.stdout == "<a b><><*><$HOME>"


def test_starts_where_the_checkout_is(project):
    project.write("here", "")
    assert project.dev("shell", "ls; pwd").stdout == f"dev\nhere\n{project.top}\n"


def test_places_of_its_own(project, tmp_path):
    marks = [tmp_path / "mark", *(f"/{place}/mark-{os.getpid()}"
                                  for place in ("tmp", "run", "var/tmp", "dev/shm"))]
    for mark in marks:
        with open(mark, "w", encoding="ascii"):
            pass
    try:
        done = project.dev("shell", f"ls {' '.join(map(str, marks))} 2>/dev/null; "
                           "touch /tmp/made /run/made /var/tmp/made /dev/shm/made made && echo ok")
    finally:
        for mark in marks:
            os.unlink(mark)
    assert done.stdout == "ok\n"
    assert (project.top / "made").exists()
    for place in ("tmp", "run", "var/tmp", "dev/shm"):
        assert not os.path.exists(f"/{place}/made")


def test_the_system_is_read_only(project):
    assert project.dev("shell", "touch /usr/made /etc/made").returncode == 1


def test_processes_are_its_own(project):
    done = project.dev("shell", "ps -e -o args=")
    assert "pytest" not in done.stdout
    assert "ps -e -o args=" in done.stdout


def test_sandboxes_can_be_made_within(project):
    done = project.dev("shell", "bwrap --unshare-all --ro-bind / / --dev /dev --proc /proc "
                       "-- sh -c 'ls -d /proc/[0-9]* | wc -l'")
    assert done.returncode == 0, done.stdout
    assert int(done.stdout) < 6
    done = project.dev("shell", "unshare --user --map-root-user --net ip link add type veth")
    assert done.returncode == 0, done.stdout


def test_nothing_stays_mounted(project):
    with open("/proc/self/mountinfo", encoding="ascii") as mounts:
        before = mounts.read()
    project.dev("shell", "true")
    with open("/proc/self/mountinfo", encoding="ascii") as mounts:
        assert mounts.read() == before


def test_children_end_with_the_command(project):
    # The pipe's end is seen here only when the last one that holds it is gone.
    done = project.dev("shell", "setsid sh -c \"trap '' TERM HUP; exec sleep 1000\" & echo left")
    assert done.stdout == "left\n"


def test_demo_runs_on_the_machines_network(full_project):
    full_project.write("tests/demo/demo.py", "import os, sys\n"
                       "print(sorted(os.listdir('/sys/class/net')), os.readlink('/proc/self/ns/net'),"
                       " sys.argv[1:])\n")
    done = full_project.dev("demo", "--vnc", "--keep")
    assert done.returncode == 0, done.stdout
    assert os.readlink("/proc/self/ns/net") in done.stdout
    assert "['--vnc', '--keep']" in done.stdout


def test_builds_and_runs(full_project):
    done = full_project.dev("run", "--some", "word")
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith(f"0 root {full_project.env['HOME']} --some word\n")


@pytest.fixture
def demo(full_project):
    """A demo that runs until it is told to end, and then tidies."""
    full_project.write("tests/demo/demo.py", DEMO)
    assert full_project.dev("build").returncode == 0
    return full_project


def wait_up(process):
    """Reads what dev says until the demo is up."""
    for line in process.stdout:
        if line == "up\n":
            return
    pytest.fail("the demo never came up")


def test_interrupt_reaches_the_command_once(demo):
    with demo.start("demo") as process:
        wait_up(process)
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "tidied\n"  # to the end: nobody holds it any more
        assert process.wait() == 5
    assert (demo.top / "demo-pictures/tidied").exists()


def test_interrupt_of_one_started_in_the_background(demo):
    # A script's "&" makes its child deaf to interrupts; dev is not to be.
    demo.write("script", '#!/bin/sh\n"$(dirname "$0")/dev" demo & echo $!; wait $!\n', 0o755)
    with subprocess.Popen([demo.top / "script"], env=demo.env, text=True, stdout=subprocess.PIPE) as process:
        pid = int(process.stdout.readline())
        wait_up(process)
        os.kill(pid, signal.SIGINT)
        assert process.stdout.read() == "tidied\n"
        assert process.wait() == 5


def test_interrupt_from_the_keyboard(demo):
    done = demo.on_terminal("demo", answers=[("\nup\r\n", "\x03")])
    assert done.stdout.endswith("up\n^Ctidied\n")
    assert done.returncode == 5


def test_terminate(demo):
    with demo.start("demo") as process:
        wait_up(process)
        process.terminate()
        assert process.stdout.read() == ""
        assert process.wait() == 128 + signal.SIGTERM


def test_kill_leaves_nothing(demo):
    with demo.start("demo") as process:
        wait_up(process)
        process.kill()
        assert process.stdout.read() == ""  # the child that only its world ends is gone


def test_second_signal_ends_a_deaf_command(full_project):
    full_project.write("tests/demo/demo.py", "import signal\n"
                       "signal.signal(signal.SIGINT, lambda *_: print('no', flush=True))\n"
                       "print('up', flush=True)\nwhile True: signal.pause()\n")
    with full_project.start("demo") as process:
        wait_up(process)
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "no\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == ""
        assert process.wait() != 0
