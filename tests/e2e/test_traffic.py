# SPDX-License-Identifier: MIT
"""A picture and a large copy on one connection: the picture overtakes, and the copy gets the rest."""

import pytest

from bench import contents, report, ways

SECONDS = 3
LARGE_MB = 400    # more than the link carries meanwhile
LATER_MS = 60     # at most so much later is a frame for the copy, in the median
LEAST_SHARE = 16  # of the link is left to the copy


@pytest.fixture(scope="module")
def town(module_artefacts):
    """Two machines, on a line of 20 Mbit/s that loses a packet in a hundred."""
    with report.lab(module_artefacts) as lab:
        yield ways.Town(lab, "640x360", "WAN")


def test_a_picture_overtakes_a_copy(town):
    town.den.node.run(["truncate", "-s", f"{LARGE_MB}M", "large"])
    alone = contents.motion(town, "ours", SECONDS, None)
    copy = town.den.node.spawn(["box", "cp", "large", "/n/ibiza/null"])
    beside = contents.motion(town, "ours", SECONDS, None)
    assert copy.poll() is None, f"the copy is over: {copy.output()}"
    copy.stop()
    told = ", ".join(f"{run['shown_per_s']:.1f} a second after {run['p50_ms']:.0f} ms (95 %: "
                     f"{run['p95_ms']:.0f}), {run['wire_bytes_s'] / 1000:.0f} kB/s"
                     for run in (alone, beside))
    print(told)
    assert beside["p50_ms"] < alone["p50_ms"] + LATER_MS, told
    assert beside["wire_bytes_s"] > alone["wire_bytes_s"] + 20e6 / 8 / LEAST_SHARE / 2, told
    assert beside["shown_per_s"] > alone["shown_per_s"] / 2, told
