# SPDX-License-Identifier: MIT
"""Each fuzz target for a minute, by libFuzzer under the sanitizers. What they share with every build,
the corpora and their replay, is in tests/fuzz. BOXLAND_FUZZ_S is another time than 60 s.
"""

import os
import re
import subprocess

import pytest

from evidence import BUILD, ROOT

THERE = BUILD / "fuzz"
TARGETS = re.findall(r"^\t'(\w+)': \[", (ROOT / "tests/fuzz/meson.build").read_text(), re.MULTILINE)
SECONDS = int(os.environ.get("BOXLAND_FUZZ_S", "60"))
OPTIONS = ["-Dfuzz=true", "-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dwerror=false"]


@pytest.fixture(scope="module")
def built():
    """The targets, made by clang."""
    env = {**os.environ, "CC": "clang", "CFLAGS": "-fsanitize=fuzzer-no-link"}
    names = [f"tests/fuzz/fuzz-{name}" for name in TARGETS] + ["tests/fuzz/op.dict"]
    setup = [] if (THERE / "build.ninja").exists() else [["meson", "setup", THERE, ROOT, *OPTIONS]]
    for command in (*setup, ["ninja", "-C", THERE, *names]):
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return THERE / "tests/fuzz"


@pytest.mark.parametrize("name", TARGETS)
def test_fuzz(built, artefacts, name):
    """Nothing is found, and something was tried."""
    new = artefacts / "new"
    new.mkdir()
    done = subprocess.run(
        [built / f"fuzz-{name}", f"-max_total_time={SECONDS}", f"-dict={built}/op.dict",
         "-timeout=20", f"-artifact_prefix={artefacts}/", new, ROOT / "tests/fuzz/corpus" / name],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert int(re.search(r"^Done (\d+) runs", done.stderr, re.MULTILINE)[1]) > 1000


def test_every_target_has_a_corpus():
    assert len(TARGETS) >= 8
    assert {path.name for path in (ROOT / "tests/fuzz/corpus").iterdir()} == set(TARGETS)
