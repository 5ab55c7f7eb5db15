# SPDX-License-Identifier: MIT
"""op(7) shows what a person may type to a boxd, and what comes back: just that comes back."""

import re
import xml.etree.ElementTree as ET

from evidence import ROOT
from net.household import Household
from op_page import examples

COMMON_CODES = {"EARG", "ENOENT", "EEXIST", "EUNSUPP", "EMATCH", "E2BIG", "ESTALE", "EIO"}


def test_every_example_of_the_page(lab):
    """Sent as printed, one after the other; what varies is … in the page."""
    den = Household(lab.node("den"), boxd_conf="store notes /home/ann/notes\n")
    den.node.run(["mkdir", "notes"])
    den.node.write_file("/home/ann/notes/letter", "Dear Ann")
    den.start()
    den.box("init", "--person", "ann")
    words, wrong = "", []
    for example in examples():
        if not example.answer:
            words += example.typed
            continue
        done = den.node.run(["sh", "-c", words + example.typed], check=False)
        came = done.stdout.decode()
        if not re.fullmatch(example.pattern(), came):
            wrong.append(f"$ {example.typed}the page says:\n{example.answer}\n\nthere came:\n{came}")
    assert not wrong, "\n\n".join(wrong)


def test_every_verb_has_an_example():
    shown = examples()
    verbs = [verb.get("name") for verb in ET.parse(ROOT / "protocols/op.xml").find("verbs")]
    typed = "\n".join(example.typed for example in shown)
    assert not [verb for verb in verbs if f"op/1 {verb}" not in typed]
    assert COMMON_CODES <= set(re.findall(r"^no (\w+)", "\n".join(
        example.answer for example in shown), re.MULTILINE))
