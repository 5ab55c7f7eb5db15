# SPDX-License-Identifier: MIT
"""Manual pages and samples say what the programs do: each verb, option and field.

That a page is well formed is seen by scdoc, which makes it in the build.
"""

import os
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BOXLAND_BUILD", TOP / "build"))
PAGES = {path.name.removesuffix(".scd"): path for path in TOP.glob("*/data/*.scd")}
GENERATED = {"op.7"}


def box(*words):
    return subprocess.run([BUILD / "out/bin/box", *words], check=True, capture_output=True,
                          text=True).stdout


def sections(text, mark):
    """{heading: text below it} of one level of headings."""
    parts = re.split(rf"^{mark} (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def plain(text):
    """Without scdoc's emphasis."""
    return re.sub(r"[*_\\]", "", text)


def test_every_verb_has_a_section_with_its_options_and_an_example():
    usages = dict(re.findall(r"^  box (\w+) (.*?)(?:  .*)?$", box("--help"), re.MULTILINE))
    assert len(usages) >= 11 and "run" in usages
    told = sections(PAGES["box.1"].read_text(), "##")
    assert set(told) == {f"box {verb}" for verb in usages}
    for verb, usage in usages.items():
        section = told[f"box {verb}"]
        for option in re.findall(r"--?[A-Za-z][\w-]*", usage):
            for letter in [option] if option.startswith("--") else [f"-{c}" for c in option[1:]]:
                assert re.search(rf"(?<!\w){letter}|-\w*{letter[1:]}", plain(section)), (verb, letter)
        assert "```" in section or verb == "doctor", verb


def test_every_code_is_told():
    codes = set(re.findall(r'<error name="(\w+)"', (TOP / "protocols/op.xml").read_text()))
    assert len(codes) > 10
    told = PAGES["box.1"].read_text()
    assert not {code for code in codes if f"*{code}*" not in told}


@pytest.mark.parametrize("page, source, pattern", [
    ("boxd.conf.5", "boxd/config.c", r'strcmp\(field, "([\w-]+)"\)'),
    ("boxland.conf.5", "compositor/config_field.c", r'^\t\{"([\w-]+)", field_\w+\},'),
])
def test_every_field_of_a_configuration_is_told(page, source, pattern):
    fields = set(re.findall(pattern, (TOP / source).read_text(), re.MULTILINE))
    assert len(fields) > 5
    told = PAGES[page].read_text()
    assert not {field for field in fields if not re.search(rf"^\*{field}[ *]", told, re.MULTILINE)}


@pytest.mark.parametrize("sample, page", [("boxd/data/boxd.conf", "boxd.conf.5"),
                                          ("compositor/data/boxland.conf", "boxland.conf.5")])
def test_a_sample_has_no_other_fields(sample, page):
    told = PAGES[page].read_text()
    fields = set(re.findall(r"^#?([a-z][\w-]*) \S", (TOP / sample).read_text(), re.MULTILINE))
    assert fields
    assert not {field for field in fields if not re.search(rf"^\*{field}[ *]", told, re.MULTILINE)}


@pytest.mark.parametrize("program, page", [("bin/boxd", "boxd.8"), ("bin/boxland", "boxland.1"),
                                           ("libexec/boxland/boxcast", "boxcast.1"),
                                           ("libexec/boxland/boxview", "boxview.1")])
def test_every_option_is_told(program, page):
    done = subprocess.run([BUILD / "out" / program, "--help"], capture_output=True, text=True,
                          check=False)
    options = set(re.findall(r"--[a-z][a-z-]*", done.stdout + done.stderr)) - {"--help"}
    told = plain(PAGES[page].read_text())
    assert options
    assert not {option for option in options if option not in told}


def test_pages_lead_to_pages_that_are_there():
    ours = re.compile(r"\b(box\w*(?:\.conf)?|op)\((\d)\)")
    for path in PAGES.values():
        for name, number in ours.findall(path.read_text()):
            assert f"{name}.{number}" in {*PAGES, *GENERATED}, (path.name, name, number)


def test_commands_in_refusals_can_be_typed():
    """What a sentence tells to type is a verb that there is, with options that it takes."""
    usages = dict(re.findall(r"^  box (\w+) (.*?)(?:  .*)?$", box("--help"), re.MULTILINE))
    seen = 0
    for room in ("protocols", "boxd", "compositor", "clients"):
        for path in (TOP / room).rglob("*.c"):
            text = re.sub(r'"\s*\n\s*"', "", path.read_text())
            for literal in re.findall(r'"((?:[^"\\\n]|\\.)*)"', text):
                for verb, rest in re.findall(r"[`(]box (\w+)((?: [^`),;]*)?)", literal):
                    assert verb in usages, (path, literal)
                    for option in re.findall(r"(?<!\S)--?[a-zA-Z][\w-]*", rest.split(" -- ")[0]):
                        assert re.search(rf"{option}\b|-\w*{option[1:]}\b", usages[verb]), literal
                    seen += 1
    assert seen > 15
