# SPDX-License-Identifier: MIT
"""Reads tests/golden with the Python peer; the format is told in golden/README.md."""

import pathlib
import re

import pytest

import op

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / 'golden'
CASES = sorted(path.stem for path in GOLDEN.glob('*.op'))


def value(data):
    if op.is_plain(data):
        return '= ' + data.decode('utf-8') if data else '='
    return ': ' + data.hex()


def say_fields(head):
    for word, data, known in head.fields:
        yield f'{"field" if known else "unknown"} {word} {value(data)}'


def say_result(head):
    if head.code == 'ok':
        return ['ok']
    return [f'no {head.code}', f'sentence {value(head.sentence.encode())}']


class Source:
    def __init__(self, data):
        self.data = data

    def take(self, size):
        if len(self.data) < size:
            raise op.Lost()
        taken, self.data = self.data[:size], self.data[size:]
        return taken


def say_body(head, data):
    kind = head.body()
    if isinstance(kind, int):
        yield f'body bytes {kind}'
        if data:
            yield f'bytes {value(data)}'
        if len(data) < kind:
            yield 'cut'
        assert len(data) <= kind
        return
    if 'body' in head:
        yield f'body {kind}'
    source = Source(data)
    try:
        for what, part in op.read_body(head, source.take):
            if what == 'chunk':
                yield f'chunk {value(part)}'
            elif what == 'frame':
                yield (f'frame {part.kind} {part.flags} {part.sub} {part.sequence} {part.base} '
                       f'{part.capture_ns} {value(part.payload)}')
            else:
                result = say_result(part)
                yield f'trailer {result[0]}'
                yield from result[1:]
                yield from say_fields(part)
    except op.Lost:
        yield 'cut'
        return
    except op.Refused as refused:
        yield f'broken {refused.code}'
        return
    assert not source.data


def say_message(role, data):
    try:
        size = op.head_size(data)
        if not size:
            yield 'cut'
            return
        head = op.decode(role, data[:size])
    except op.Refused as refused:
        yield f'refused {refused.code}'
        return
    if role == 'request':
        yield f'verb {head.verb}'
    elif role == 'reply':
        yield from say_result(head)
    yield from say_fields(head)
    yield from say_body(head, data[size:])
    if head.encode() == data[:size]:
        yield 'canonical'


def check_number(line, role, data):
    _, word, number = line.split()
    assert op.decode(role, data[:op.head_size(data)]).number(word) == int(number)


@pytest.mark.parametrize('case', CASES)
def test_message(case):
    data = (GOLDEN / f'{case}.op').read_bytes()
    text = (GOLDEN / f'{case}.txt').read_text(encoding='utf-8')
    lines = [line for line in text.split('\n')[:-1] if not line.startswith('#')]
    role = re.fullmatch('role (request|reply|entry)', lines[0]).group(1)
    for line in lines:
        if line.startswith('number '):
            check_number(line, role, data)
    expected = [line for line in lines[1:] if not line.startswith('number ')]
    seen = list(say_message(role, data))
    if 'canonical' not in expected and seen[-1] == 'canonical':
        seen.pop()  # it was not the point
    assert seen == expected


def test_there_are_cases():
    assert len(CASES) >= 100


@pytest.mark.parametrize('own, want, meets', [
    ('bin!amd64!lan', 'bin', True),
    ('bin!amd64!lan', 'bin!arm64', False),
    ('bin', 'bin!arm64!wan', True),
    ('*', 'image!*!*!format=png', False),
    ('image!*!*!format=*', 'image!*!*!format=jpeg', True),
    ('image', 'image!*!*!format=*', True),
    ('proc!*!*!rtt=20.5', 'proc!*!*!rtt>20!rtt<21', True),
    ('proc!*!*!rtt=22', 'proc!*!*!rtt>20!rtt<21', False),
    ('proc!*!*!rtt=soon', 'proc!*!*!rtt<1', False),
    ('proc', 'proc!*!*!rtt<1', False),
])
def test_constraints(own, want, meets):
    assert op.Cnstr(own).meets(op.Cnstr(want)) == meets


def test_every_byte_comes_back():
    data = bytes(range(1, 256)) + ' grüß '.encode()
    head = op.decode('request', op.build('request', 'make', name='/proc/x', env=[data]).encode())
    assert head.get('env') == data
