# SPDX-License-Identifier: MIT
"""What opgen.py prints, and that it refuses an op.xml that contradicts itself."""

import pathlib
import subprocess
import sys

import pytest

PROTOCOLS = pathlib.Path(__file__).resolve().parents[2] / 'protocols'
TEXT = (PROTOCOLS / 'op.xml').read_text(encoding='utf-8')


def opgen(mode, path, *more):
    return subprocess.run([sys.executable, '-B', PROTOCOLS / 'opgen.py', mode, path, *more],
                          capture_output=True, text=True, check=False)


@pytest.mark.parametrize('mode, part', [
    ('tables', '#define OP_MAX_HEAD 16384'),
    ('tables', '\tOP_F_IF_VERSION,'),
    ('data', '[OP_F_ARG] = {"arg", FIELD_TEXT, true}'),
    ('man', '*if-version (text)*'),
    ('dict', '"if-version "'),
])
def test_prints(mode, part):
    done = opgen(mode, PROTOCOLS / 'op.xml')
    assert done.returncode == 0 and part in done.stdout and not done.stderr


@pytest.mark.parametrize('old, new, words', [
    ('<field name="want"', '<field name="name"', "field 'name': declared twice"),
    ('<verb name="copy"', '<verb name="kind"', "verb 'kind': declared twice"),
    ('<limit name="name"', '<limit name="head"', "limit 'head': declared twice"),
    ('<error name="EIO"', '<error name="io"', "error 'io': not a word"),
    ('<field name="ttl"', '<field name="Ttl"', "field 'Ttl': not a word"),
    ('name="ttl" type="number"', 'name="ttl" type="float"', 'field ttl: unknown type float'),
    ('name="acl" type="text" list="yes"', 'name="acl" type="text" list="maybe"',
     'field acl: list must be yes or no'),
    ('<takes>name! if-version grant as ns</takes>', '<takes>name! colour as ns</takes>',
     'verb delete: takes an unknown field colour'),
    ('<takes>name! if-version grant as ns</takes>', '<takes>name! grant as ns as</takes>',
     'verb delete: takes as twice'),
    ('<takes>name! if-version grant as ns</takes>', '', 'verb delete: has no <takes>'),
    ('name="delete" letter="d"', 'name="delete" letter="del"', 'verb delete: its letter'),
    ('name="head" value="16384"', 'name="head" value="some"', 'limit head: its value'),
    ('name="data" value="8"', 'name="data" value="9"', 'the values of the kinds'),
    ('<kinds>', '<knds>', 'not XML'),
])
def test_refuses(tmp_path, old, new, words):
    assert old in TEXT
    path = tmp_path / 'op.xml'
    path.write_text(TEXT.replace(old, new, 1), encoding='utf-8')
    done = opgen('tables', path)
    assert done.returncode == 1 and words in done.stderr and not done.stdout
    assert str(path) in done.stderr


def test_texts_stand_at_the_end_of_the_page_and_nowhere_else(tmp_path):
    text, out = tmp_path / 'text', tmp_path / 'out'
    text.write_text('# MORE\n', encoding='utf-8')
    for mode, code in (('man', 0), ('data', 2)):
        done = opgen(mode, PROTOCOLS / 'op.xml', out, text)
        assert done.returncode == code, done.stderr
    assert out.read_text(encoding='utf-8').endswith('\n\n# MORE\n')


def test_usage():
    assert opgen('poem', PROTOCOLS / 'op.xml').returncode == 2
