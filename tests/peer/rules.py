# SPDX-License-Identifier: MIT
"""
rules.py - what a server of Op must do, whatever it serves: a list made from op.xml.

Each rule is a name and a function of a Server; it returns, or raises Broken. What a head means is
decided by op.py, which was written from the page: a head that it refuses must be refused with the
same code, and one that it takes must not be called malformed. What a box may is asked of the box.
"""

import functools
import os
import struct

from peer import op
from peer.op import WORDS

LETTERS = {'kind': 'k', 'selectors': 's', 'getmem': 'g', 'putmem': 'p', 'copy': 'g', 'link': 'l',
           'make': 'm', 'delete': 'd', 'chinfo': 'i'}
FAR_NAME = '/no-such-box'  # of which no server has one
BAD = {
    'number': ['', 'x', '-1', '+1', '0x10', '1 ', str(1 << 63), '9' * 20],
    'flag': ['yes'],
    'name': ['', 'null', '//', '/.', '/..', '/a//b', '/a/', '/a/../b', '/a/./b', r'/a\x01b', r'/a\x7fb',
             r'/a\xffb', '/' + 'x' * 256, '/x' * 65, '/' + '/'.join(['x' * 250] * 17)],
    'where': ['null', '0' * 64, '0' * 63 + '/x', 'X' * 64 + '/x', '0' * 64 + '/..'],
    'cnstr': ['a b', '!' * 2000, 'a!b!c!=x', 'a!b!c!X=1', 'a!b!c!x<many', 'a!b!c!x=1!x=2', 'x=1'],
    'body': ['', 'all', '1x', '-1', str(1 << 63)],
}
GOOD = {
    'number': ['0', '1', '007', str((1 << 63) - 1)],
    'name': ['/', FAR_NAME, '/' + 'x' * 255, '/x' * 64, r'/a\x20b', r'/a\\b', '/ä'],
    'cnstr': ['*', 'no-such-type', 'a!b!c!x=1!x<2!x>0'],
    'text': ['', r'\x41\n\t\\', 'x' * 8000],
}
LOST = 'broken off'
NO_ESCAPE = [r'\q', '\\', r'\x4', r'\xgg', r'\x00']


class Broken(Exception):
    """A rule that does not hold."""


class Server:
    """Whoever is asked. connect gives a socket for one exchange."""

    def __init__(self, connect):
        self.connect = connect
        self.op = op.Op(connect)

    def told(self, data):
        """The head that comes back for these bytes."""
        call = op.Call(self.connect, Bytes(data))
        with call:
            return call.head

    def code(self, verb, name, **fields):
        """How a request of no consequence is answered: 'ok', or a code. The answer is not read."""
        with self.op.call(verb, name, **fields) as call:
            return call.head.code

    @functools.cached_property
    def boxes(self):
        """{name: letters} of what is to be seen at the top."""
        return {name: entry.text('letters', '') for name, entry in self.op.list('/')}


class Bytes:
    """A request that may be wrong, for a Call."""

    def __init__(self, data):
        self.data = data

    def encode(self):
        return self.data

    def body(self):
        return 'none'

    def __repr__(self):
        return repr(self.data[:200])


def expect(what, came, wanted):
    if came not in wanted:
        raise Broken(f'{what!r}: {came}, not {" or ".join(sorted(wanted))}')


# Heads

def judged_as_here(data, server):
    """The other side finds the same wrong with a head as op.py does."""
    try:
        op.decode('request', data)
    except op.Refused as refused:
        wanted = {refused.code}
    else:
        wanted = {'ok', *WORDS.codes} - {'EARG', 'E2BIG'}
    head = server.told(data)
    expect(data[:120], head.code, wanted)
    if head.code != 'ok' and len(head.sentence.split()) < 3:
        raise Broken(f'{data[:120]!r}: told no sentence but {head.sentence!r}')


def lines(*words):
    return b''.join(word.encode('utf-8', 'surrogateescape') + b'\n' for word in (*words, ''))


def example(field, kind):
    """A value that says nothing wrong and asks for nothing that is there."""
    return {'name': FAR_NAME, 'where': FAR_NAME, 'cnstr': '*', 'number': '0', 'body': 'none'}.get(
        kind, '' if kind == 'flag' else 'x')


def request(verb, *more, without=None, name=FAR_NAME):
    """The lines of a request for no box, with what the verb needs."""
    needed = [field.rstrip('!') for field in WORDS.takes[verb] if field.endswith('!')]
    if verb == 'copy' and without != 'source' and not any(line.startswith('to ') for line in more):
        needed.append('to')  # one of the two is needed
    return lines(f'op/{WORDS.level} {verb}', *(
        f'{field} {name if field == "name" else example(field, WORDS.types[field])}'
        for field in needed if field != without), *more)


def heads():
    """(name, bytes) of all that is tried of heads."""
    for verb, takes in WORDS.takes.items():
        taken = [field.rstrip('!') for field in takes]
        for field in takes:
            if field.endswith('!'):
                yield f'{verb} without {field[:-1]}', request(verb, without=field[:-1])
        yield f'{verb} with an unknown field', request(verb, 'tomorrow x')
        yield f'{verb} with an unknown field that must be known', request(verb, 'tomorrow! x')
        foreign = {kind: field for field, kind in WORDS.types.items() if field not in taken}
        for field, kind in WORDS.types.items():
            value = example(field, kind)
            line = f'{field} {value}' if value else field
            if field not in taken and foreign[kind] != field:
                continue  # one of each type will do
            if field not in taken:
                yield f'{verb} with {field}, not its own', request(verb, line)
                yield f'{verb} with {field}!, not its own', request(verb, line.replace(field, field + '!', 1))
                continue
            if field not in WORDS.lists:
                yield f'{verb} with {field} twice', request(verb, line, line, without=field)
            for number, value in enumerate(BAD.get(kind, [])):
                yield (f'{verb} with wrong {field}, {number}',
                       request(verb, f'{field} {value}', without=field))
    for kind, values in GOOD.items():
        for number, value in enumerate(values):
            field = {'number': 'ttl', 'name': 'name', 'cnstr': 'want', 'text': 'since'}[kind]
            field = 'count' if field == 'ttl' else field
            yield f'right {kind}, {number}', request('selectors', f'{field} {value}', without=field)
    for value in NO_ESCAPE:
        yield f'no escape: {value}', request('kind', f'since {value}')
    yield from odd_heads()


def odd_heads():
    level = WORDS.level
    for number, first in enumerate(['', 'kind', f'op/{level}', f'op/{level} ', f'op/{level} fly',
                                    f'op/{level + 1} kind', 'op/x kind', f'op/{level}  kind', 'ok',
                                    f' op/{level} kind', f'op/{level} kind ']):
        yield f'first line, {number}', lines(first, f'name {FAR_NAME}') if first else b'\n'
    for number, line in enumerate(['\x01', 'Name x', ' name /x', 'name\t/x', '1x y', 'since \x7f',
                                   'since \udcff', '!', 'x!! y', '-x y']):
        yield f'line, {number}', request('kind', line)
    room = WORDS.limits['head'] - len(request('kind', 'since '))
    yield 'head at the limit', request('kind', 'since ' + 'x' * room)
    yield 'head above the limit', request('kind', 'since ' + 'x' * (room + 1))


# Bodies

def framing():
    """(name, bytes, codes): bodies that break their own form, on a box that takes any."""
    head = request('putmem', name='/null')
    chunks, frames = (head[:-1] + f'body {kind}\n\n'.encode() for kind in ('chunks', 'frames'))
    chunk, frame = WORDS.limits['chunk'], WORDS.limits['frame']
    header = op.FRAME_HEADER.pack
    end = struct.pack('>I', 0)
    yield 'a whole body of bytes', head[:-1] + b'body 4\n\nfour', {'ok'}
    yield 'no bytes', head[:-1] + b'body 0\n\n', {'ok'}
    yield 'whole chunks', chunks + struct.pack('>I', 4) + b'four' + end + b'ok\n\n', {'ok'}
    yield 'no chunk', chunks + end + b'ok\n\n', {'ok'}
    yield 'chunks broken off', chunks + end + b'no EIO enough\n\n', {'EIO'}
    yield 'a chunk at the limit', chunks + struct.pack('>I', chunk) + bytes(chunk) + end + b'ok\n\n', {'ok'}
    yield 'a chunk above the limit', chunks + struct.pack('>I', chunk + 1), {'E2BIG'}
    yield 'no trailer', chunks + end + b'well\n\n', {'EARG'}
    # Such a putmem may have been answered by then: there is nothing left but to break it off.
    yield 'a frame of no kind', frames + header(0, len(WORDS.kinds), 0, 0, 0, 0, 0), {'EARG', LOST}
    yield 'a frame above the limit', frames + header(frame + 1, 8, 0, 0, 0, 0, 0), {'E2BIG', LOST}


def keeps_its_form(data, codes, server):
    code = 'ok'
    try:
        with op.Call(server.connect, Bytes(data)) as call:
            call.read()
    except op.Refused as refused:
        code = refused.code
    except op.Lost:
        code = LOST
    expect(data[:80], code, codes)


# Names

def listed_in_order(server):
    entries = [name for name, _ in server.op.list('/')]
    if entries != sorted(entries, key=os.fsencode) or len(set(entries)) != len(entries) or not entries:
        raise Broken(f'the list of /: {entries}')


def listed_in_pages(server):
    whole, pages, after = [name for name, _ in server.op.list('/')], [], None
    while True:
        page = [name for name, _ in server.op.list('/', count=2, after=after)]
        if not page:
            break
        if len(page) > 2:
            raise Broken(f'a page of {len(page)}')
        pages += page
        after = page[-1]
    if pages != whole:
        raise Broken(f'pages: {pages}, whole: {whole}')


def listed_by_glob(server):
    listed = [name for name, _ in server.op.list('/', match='[n-z]*')]
    wanted = [name for name in server.boxes if 'n' <= name[1] <= 'z']
    if listed != wanted:
        raise Broken(f'matched: {listed}, not {wanted}')


def listed_as_kind_says(server):
    for name, entry in server.op.list('/'):
        kind = server.op.kind(name)
        for field in ('type', 'owner', 'letters'):
            if kind.text(field) != entry.text(field):
                raise Broken(f'{field} of {name}: {entry.text(field)} and {kind.text(field)}')


def want_is_met_or_refused(server):
    expect('/null as another', server.code('kind', '/null', want='*!*!*!no-such=1'), {'EMATCH'})
    expect('/null as any', server.code('kind', '/null', want='*'), {'ok'})


NAMES = [listed_in_order, listed_in_pages, listed_by_glob, listed_as_kind_says, want_is_met_or_refused]


# Rights

SAFE = {  # fields with which a verb that is served does nothing
    'copy': {'to': FAR_NAME}, 'link': {'device': FAR_NAME}, 'delete': {'if_version': 'no-such'},
    'putmem': {'if_version': 'no-such', 'body': b''}, 'chinfo': {'if_version': 'no-such'},
    'make': {'type': 'no-such-type'}, 'kind': {}, 'selectors': {}, 'getmem': {'length': '0'},
}


OWN_PROGRAMS_ONLY = {('make', '/ask')}  # whatever letters one has


def may_as_letters_say(verb, server):
    """With the letter a verb is not forbidden; without it, it is; who may not see a box sees none."""
    for name, letters in server.boxes.items():
        fields = dict(SAFE[verb])
        code = server.code(verb, name, body=fields.pop('body', None), **fields)
        if LETTERS[verb] not in letters:
            expect(f'{verb} {name} with {letters}', code, 
                   {'EPERM', 'ENOENT', 'EUNSUPP', *(['EEXIST'] if verb == 'make' else [])})
        elif code == 'EPERM' and (verb, name) not in OWN_PROGRAMS_ONLY:
            raise Broken(f'{verb} {name} with {letters}: EPERM')


def nothing_where_nothing_is(verb, server):
    fields = dict(SAFE[verb])
    code = server.code(verb, FAR_NAME, body=fields.pop('body', None), **fields)
    # What may be made at the top, the top says.
    expect(f'{verb} {FAR_NAME}', code, {'ENOENT', 'EPERM', *(['EUNSUPP'] if verb == 'make' else [])})


def rules():
    """All of them: (name, function of a Server)."""
    found = [(name, functools.partial(judged_as_here, data)) for name, data in heads()]
    for name, data, codes in framing():
        found.append((name, functools.partial(keeps_its_form, data, codes)))
    found += [(rule.__name__.replace('_', ' '), rule) for rule in NAMES]
    for verb in WORDS.takes:
        found.append((f'{verb} as the letters say', functools.partial(may_as_letters_say, verb)))
        found.append((f'{verb} where nothing is', functools.partial(nothing_where_nothing_is, verb)))
    return found
