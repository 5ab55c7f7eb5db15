# SPDX-License-Identifier: MIT
"""The release before this one beside today's: what both know works between them, both ways.

Its source is put into the build by tests/slow/previous, which ./dev runs before this tier. The row
of op(7) that this is about is checked with the others in tests/e2e/test_failures.py.
"""

import subprocess

import pytest

from evidence import BUILD, PROGRAM_DIRS, ROOT, module_artefacts  # noqa: F401
from net.household import Household, pair
from net.lab import Lab
from peer.op import Refused

PREVIOUS = BUILD / "previous"
PLACES = "/usr/local/bin", "/usr/bin", "/bin"


@pytest.fixture(scope="module")
def older():
    """Where the older release is built."""
    if not (PREVIOUS / "name").exists():
        why = (PREVIOUS / "none").read_text().strip() if (PREVIOUS / "none").exists() else \
            "tests/slow/previous was not run: use ./dev test slow"
        pytest.skip(f"NO OLDER RELEASE TRIED: {why}")
    there = PREVIOUS / "build"
    for command in (["meson", "setup", there, PREVIOUS / "source", f"--prefix={there}/out",
                     "-Dwerror=false"],
                    ["meson", "install", "-C", there]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:]
    return there


@pytest.fixture(scope="module")
def homes(module_artefacts, older):  # noqa: F811
    """den has the older release, ibiza today's."""
    def path(build):
        return {"PATH": ":".join([*(str(build / each) for each in PROGRAM_DIRS), *PLACES])}

    conf = "export files /home/ann/files\n"
    with Lab(module_artefacts, share=[ROOT, BUILD]) as lab:
        den = Household(lab.node("den", env=path(older)), boxd_conf=conf)
        ibiza = Household(lab.node("ibiza", env=path(BUILD)), boxd_conf=conf)
        for home in (den, ibiza):
            home.node.run(["mkdir", "files"])
            home.node.write_file("/home/ann/files/whose", home.name)
            home.start()
        assert str(older) in den.node.output(["readlink", f"/proc/{den.boxd.pid}/exe"])
        den.box("init", "--person", "ann")
        pair(den, ibiza, mine=True)
        yield den, ibiza


def both_ways(homes):
    den, ibiza = homes
    return (den, ibiza), (ibiza, den)


def test_version_skew(homes):
    for here, there in both_ways(homes):
        far = f"/n/{there.name}"
        assert here.text(f"{far}/fs/files/whose") == there.name
        assert "whose" in here.box("ls", f"{far}/fs/files")
        here.box("mk", f"{far}/chan/talk")
        here.run("cp", "-", f"{far}/chan/talk", input=b"hello", check=True)
        assert there.text("/chan/talk") == "hello"
        here.box("rm", f"{far}/chan/talk")
        said = here.run("run", "-c", f"proc!*!*!node={there.name}", "--", "cat", input=b"there and back")
        assert said.returncode == 0 and said.stdout == b"there and back"


def test_words_of_another_release(homes):
    """What one does not know is ignored, unless it must be known."""
    for here, there in both_ways(homes):
        null = f"/n/{there.name}/null"
        assert here.op.ask("kind", null, of_tomorrow="yes")
        with pytest.raises(Refused) as refused:
            with here.op.call("kind", null, **{"of_tomorrow!": "yes"}) as call:
                assert call.reply
        assert refused.value.code == "EUNSUPP"
