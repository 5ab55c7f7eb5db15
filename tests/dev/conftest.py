# SPDX-License-Identifier: MIT
"""What tests of the script dev stand on: a small project with a copy of it, and a faked machine.

The project builds in a second and has every suite and folder that dev's table of tiers names. A
faked machine is a file in place of /etc/os-release and stand-ins for the programs that would change
the real one; bwrap, meson and the rest are the real ones. Tests run within the walls that dev
itself makes, on Debian 13, so what dev does here it does nested.
"""

import os
import pathlib
import pty
import re
import shutil
import subprocess

import pytest

DEV = pathlib.Path(__file__).resolve().parents[2] / "dev"
DEADLINE_S = 120

DEBIAN_12 = 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian 12"\n'
DEBIAN_13 = 'ID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\nPRETTY_NAME="Debian 13"\n'

MESON = """
project('mini', 'c')
python = find_program('python3')
install_data('boxland', install_dir: get_option('bindir'), install_mode: 'rwxr-xr-x')
install_data('words', install_dir: get_option('datadir') / 'boxland')
executable('hello', 'hello.c', install: true)
foreach suite : ['unit', 'conform']
    foreach name, code : {'good': 0, 'bad': run_command('cat', 'bad', check: true).stdout().to_int(),
            'left-out': 77}
        test(suite + '-' + name, python, args: ['-c', 'raise SystemExit(@0@)'.format(code)],
            suite: suite)
    endforeach
endforeach
"""

TEST = """
import pytest
def test_good(): pass
def test_bad(): assert open("bad").read().strip() == "0"
@pytest.mark.skip
def test_left_out(): pass
@pytest.mark.two_nodes
def test_two_nodes(): pass
"""


def tiers():
    """The rows of dev's table: tier, build, by whom, what, further words."""
    table = re.search(r"^tiers='\n(.*?)'$", DEV.read_text(), re.MULTILINE | re.DOTALL)[1]
    return [line.split(maxsplit=4) for line in table.splitlines()]


class Project:
    """A checkout of a small project, and a machine to try its dev on."""

    def __init__(self, tmp):
        self.top = tmp / "a checkout"
        self.bin = tmp / "bin"
        self.calls = tmp / "calls"
        self.cache = tmp / "cache"
        self.os_release = tmp / "os-release"
        self.env = {**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}",
                    "OS_RELEASE": str(self.os_release), "XDG_CACHE_HOME": str(self.cache),
                    "HOME": str(tmp / "home"), "CI": ""}
        for folder in (self.top, self.bin, tmp / "home"):
            folder.mkdir()
        self.calls.touch()
        self.is_a(DEBIAN_13)
        shutil.copy(DEV, self.top)

    def fill(self):
        """What there is to build and to test."""
        self.write("meson.build", MESON)
        self.write("hello.c", "int main(void) {\n\treturn 0;\n}\n")
        self.write("boxland", '#!/bin/sh\necho "$(id -u) $(id -un) $HOME $*"\n', 0o755)
        self.write("words", "words\n")
        self.write("bad", "0\n")
        self.write("pytest.ini", "[pytest]\nmarkers = two_nodes\n")
        for _, _, by_whom, what, *_ in tiers():
            if by_whom == "pytest":
                self.write(f"{what}/test_it.py", TEST)
        return self

    def write(self, name, text, mode=0o644):
        """Makes a file of the checkout."""
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def is_a(self, os_release):
        """What system the machine has."""
        self.os_release.write_text(os_release)

    def stand_in(self, name, script="exit 0"):
        """Puts a program in the real one's place; called() tells its command lines."""
        path = self.bin / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self.calls}"\n{script}\n')
        path.chmod(0o755)

    def called(self, name):
        """The command lines with which the stand-in was called."""
        return [line for line in self.calls.read_text().splitlines() if line.split()[0] == name]

    def dev(self, *words, **env):
        """Runs dev to its end, with nobody there; stdout and stderr are one."""
        with self.start(*words, **env) as process:
            try:
                said = process.communicate(timeout=DEADLINE_S)[0]
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(words, process.returncode, said)

    def start(self, *words, **env):
        """Starts dev. Its input is a pipe that stays open: who reads it waits for ever."""
        return subprocess.Popen([self.top / "dev", *words], env={**self.env, **env}, text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, cwd="/")

    def on_terminal(self, *words, answers=()):
        """Runs dev on a terminal. answers are (what is waited for, what is typed or done then)."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(self.top / "dev", ["dev", *words], self.env)
        said, typed = "", 0
        while True:
            try:
                data = os.read(terminal, 4096)
            except OSError:  # how a terminal ends
                break
            said += data.decode(errors="replace")
            if typed < len(answers) and answers[typed][0] in said:
                then = answers[typed][1]
                if callable(then):
                    then()
                else:
                    os.write(terminal, then.encode())
                typed += 1
        os.close(terminal)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return subprocess.CompletedProcess(words, code, said.replace("\r\n", "\n"))


@pytest.fixture
def project(tmp_path):
    """A checkout with nothing but dev, on a Debian 13."""
    return Project(tmp_path)


@pytest.fixture
def full_project(project):
    """A checkout with something to build and to test."""
    return project.fill()
