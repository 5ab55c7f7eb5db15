# SPDX-License-Identifier: MIT
"""
op.py - Op, spoken by somebody else: heads, bodies, frames, names and constraints, written from
op.xml and op(7), and a small client for unix sockets.

It reads op.xml when it is loaded and shares nothing with what opgen.py prints or with the C code,
so that what both agree on is what the page says.

    op = Op('/run/user/1000/boxland/op')
    print(op.kind('/win/7').text('title'))
    for name, entry in op.list('/win'):
        ...
    with op.call('getmem', '/kbd/0', live=True) as feed:
        for frame in feed.frames():
            ...
"""

import os
import pathlib
import re
import select
import socket
import struct
import time
import xml.etree.ElementTree as ET

OP_XML = pathlib.Path(__file__).resolve().parents[2] / 'protocols' / 'op.xml'
PATIENCE = 20.0  # seconds that the other side may let us wait


class Words:
    """What op.xml declares."""

    def __init__(self, path=OP_XML):
        root = ET.parse(path).getroot()
        self.level = int(root.get('level'))
        self.limits = {limit.get('name'): int(limit.get('value')) for limit in root.find('limits')}
        self.codes = [error.get('name') for error in root.find('errors')]
        self.types = {field.get('name'): field.get('type') for field in root.find('fields')}
        self.lists = {field.get('name') for field in root.find('fields')
                      if field.get('list') == 'yes'}
        self.takes = {verb.get('name'): verb.find('takes').text.split()
                      for verb in root.find('verbs')}
        self.kinds = {int(kind.get('value')): kind.get('name') for kind in root.find('kinds')}
        self.lanes = {kind.get('name') for kind in root.find('kinds') if kind.get('lane') == 'own'}
        self.controls = [control.get('name') for control in root.find('controls')]


WORDS = Words()


class Refused(Exception):
    """A code and a sentence: what the other side answered, or what is wrong with what it said."""

    def __init__(self, code, sentence, head=None):
        super().__init__(f'{code} {sentence}')
        self.code, self.sentence, self.head = code, sentence, head


class Lost(Exception):
    """The other side went away before its message was whole."""


# Text

def is_plain(data):
    """UTF-8 without control characters."""
    try:
        data.decode('utf-8')
    except UnicodeDecodeError:
        return False
    return not re.search(rb'[\x00-\x1f\x7f]', data)


def unescape(data):
    def one(match):
        what = match.group(1)
        if what[:1] == b'x':
            byte = bytes([int(what[1:], 16)])
            if byte == b'\0':
                raise Refused('EARG', 'byte 0 is in no value')
            return byte
        return {b'n': b'\n', b't': b'\t', b'\\': b'\\'}[what]

    if re.search(rb'\\', re.sub(rb'\\([nt\\]|x[0-9a-fA-F]{2})', b'', data)):
        raise Refused('EARG', 'a wrong escape')
    return re.sub(rb'\\([nt\\]|x[0-9a-fA-F]{2})', one, data)


def escape(data):
    out = []
    # surrogateescape marks what is not UTF-8, byte by byte
    for char in data.decode('utf-8', 'surrogateescape'):
        named = {'\\': '\\\\', '\n': '\\n', '\t': '\\t'}.get(char)
        code = ord(char)
        if named:
            out.append(named)
        elif 0xdc80 <= code <= 0xdcff:
            out.append(f'\\x{code - 0xdc00:02x}')
        elif code < 0x20 or code == 0x7f:
            out.append(f'\\x{code:02x}')
        else:
            out.append(char)
    return ''.join(out).encode('utf-8')


def to_bytes(value):
    if isinstance(value, bytes):
        return value
    if isinstance(value, os.PathLike):
        return os.fsencode(value)
    return str(value).encode('utf-8', 'surrogateescape')


# Values

def check_name(data):
    if data[:1] != b'/':
        raise Refused('EARG', 'a name begins with /')
    if len(data) > WORDS.limits['name']:
        raise Refused('E2BIG', 'a name is that long at most')
    if data == b'/':
        return
    parts = data[1:].split(b'/')
    for part in parts:
        if len(part) > WORDS.limits['component']:
            raise Refused('E2BIG', 'a component is that long at most')
        if part in (b'', b'.', b'..') or not is_plain(part):
            raise Refused('EARG', f'no component of a name: {part!r}')
    if len(parts) > WORDS.limits['components']:
        raise Refused('E2BIG', 'too many components')


def check_where(data):
    if data[:1] == b'/':
        check_name(data)
        return
    match = re.fullmatch(rb'[0-9a-f]{64}(/.*)', data, re.DOTALL)
    if not match:
        raise Refused('EARG', 'neither a name nor a key and a name')
    check_name(match.group(1))


class Cnstr:
    """type!arch!net!attr=value… with "*" for what is missing."""

    def __init__(self, text):
        data = to_bytes(text)
        if len(data) > WORDS.limits['cnstr']:
            raise Refused('E2BIG', 'a constraint is that long at most')
        if not is_plain(data) or b' ' in data:
            raise Refused('EARG', 'a constraint is text without blanks')
        elements = data.decode('utf-8').split('!')
        if any(set('=<>') & set(element) for element in elements[:3]):
            raise Refused('EARG', 'an attribute stands too early')
        if len(data) + elements.count('') > WORDS.limits['cnstr']:
            raise Refused('E2BIG', 'with its * it is too long')
        fixed = [element or '*' for element in elements[:3]] + ['*'] * 3
        self.type, self.arch, self.net = fixed[:3]
        self.attrs = []  # (name, relation, value)
        for element in elements[3:]:
            self._add(element)

    def _add(self, element):
        match = re.fullmatch(r'([a-z0-9-]+)([=<>])(.+)', element)
        if not match:
            raise Refused('EARG', f'no attribute: {element}')
        name, relation, value = match.groups()
        if len(self.attrs) == WORDS.limits['attrs']:
            raise Refused('E2BIG', 'too many attributes')
        if relation != '=' and not re.fullmatch(r'(?=.*[0-9])[0-9]*(\.[0-9]*)?', value):
            raise Refused('EARG', f'{name} wants a number')
        if (name, relation) in [attr[:2] for attr in self.attrs]:
            raise Refused('EARG', f'{name} is there twice')
        self.attrs.append((name, relation, value))

    def __str__(self):
        elements = [self.type, self.arch, self.net]
        if not self.attrs:
            while len(elements) > 1 and elements[-1] == '*':
                elements.pop()
        return '!'.join(elements + [''.join(attr) for attr in self.attrs])

    def attr(self, name):
        return next((value for key, relation, value in self.attrs
                     if key == name and relation == '='), None)

    def meets(self, want):
        own = (self.type, self.arch, self.net)
        for mine, wanted in zip(own, (want.type, want.arch, want.net)):
            if '*' not in (mine, wanted) and mine != wanted:
                return False
        return all(self._attr_meets(*attr) for attr in want.attrs)

    def _attr_meets(self, name, relation, wanted):
        value = self.attr(name)
        if relation == '=':
            return wanted == '*' or value in ('*', wanted)
        if value in (None, '*'):
            return value == '*'
        try:
            number = float(value)
        except ValueError:
            return False
        return number < float(wanted) if relation == '<' else number > float(wanted)


def number_of(data):
    if not re.fullmatch(rb'[0-9]{1,19}', data) or int(data) >= 1 << 63:
        raise Refused('EARG', f'no number: {data!r}')
    return int(data)


def check_body(data):
    if data not in (b'none', b'chunks', b'frames'):
        number_of(data)


def check_flag(data):
    if data:
        raise Refused('EARG', 'a flag has no value')


CHECKS = {
    'text': lambda data: None,
    'flag': check_flag,
    'number': number_of,
    'name': check_name,
    'where': check_where,
    'cnstr': Cnstr,
    'body': check_body,
}


# Heads

class Head:
    """A request (verb), a reply or trailer (code 'ok' or a word of <errors>), or an entry."""

    def __init__(self, role, verb=None, code='ok', sentence='', fields=()):
        self.role, self.verb, self.code, self.sentence = role, verb, code, sentence
        self.fields = list(fields)  # (word, bytes, known)

    def all(self, word):
        return [data for key, data, known in self.fields if key == word and known]

    def get(self, word, otherwise=None):
        values = self.all(word)
        return values[0] if values else otherwise

    def text(self, word, otherwise=None):
        data = self.get(word)
        return otherwise if data is None else data.decode('utf-8', 'surrogateescape')

    def number(self, word, otherwise=None):
        data = self.get(word)
        return otherwise if data is None else number_of(data)

    def __contains__(self, word):
        return bool(self.all(word))

    def body(self):
        """'none', 'chunks', 'frames', or so many bytes."""
        data = self.get('body', b'none')
        return int(data) if data.isdigit() else data.decode()

    def encode(self):
        lines = []
        if self.role == 'request':
            lines.append(f'op/{WORDS.level} {self.verb}'.encode())
        elif self.role == 'reply' and self.code == 'ok':
            lines.append(b'ok')
        elif self.role == 'reply':
            lines.append(f'no {self.code} '.encode() + escape(to_bytes(self.sentence)))
        for word, data, _ in self.fields:
            lines.append(word.encode() + (b' ' + escape(data) if data else b''))
        data = b''.join(line + b'\n' for line in lines + [b''])
        if len(data) > WORDS.limits['head']:
            raise Refused('E2BIG', 'the head is too long')
        return data

    def __repr__(self):
        return repr(self.encode())


def head_size(data):
    """Bytes of the head that data begins with; 0: not whole yet."""
    if data[:1] == b'\n':
        return 1
    end = data.find(b'\n\n', 0, WORDS.limits['head'])
    if end >= 0:
        return end + 2
    if len(data) >= WORDS.limits['head']:
        raise Refused('E2BIG', 'a head is that long at most')
    return 0


def decode_first(head, line):
    if head.role == 'request':
        match = re.fullmatch(rb'op/([^ ]*)( .*)?', line)
        if not match:
            raise Refused('EARG', 'no request')
        if match.group(1) != str(WORDS.level).encode():
            raise Refused('EUNSUPP', 'another level')
        head.verb = (match.group(2) or b' ')[1:].decode('utf-8')
        if head.verb not in WORDS.takes:
            raise Refused('EUNSUPP', f'no verb {head.verb}')
    elif line != b'ok':
        match = re.fullmatch(rb'no ([^ ]*) (.+)', line)
        if not match or match.group(1).decode('utf-8') not in WORDS.codes:
            raise Refused('EARG', 'no reply')
        sentence = unescape(match.group(2))
        if not is_plain(sentence):
            raise Refused('EARG', 'no sentence')
        if len(sentence) > WORDS.limits['sentence']:
            raise Refused('E2BIG', 'a long sentence')
        head.code, head.sentence = match.group(1).decode(), sentence.decode('utf-8')


def decode_field(head, line):
    word, _, value = line.partition(b' ')
    critical = word.endswith(b'!')
    word = word[:-1] if critical else word
    if not re.fullmatch(rb'[a-z][a-z0-9-]*', word):
        raise Refused('EARG', f'no field: {word!r}')
    word, value = word.decode(), unescape(value)
    known = word in WORDS.types
    if head.role == 'request' and word != 'body':
        known = word in [taken.rstrip('!') for taken in WORDS.takes[head.verb]]
    if not known:
        if critical:
            raise Refused('EUNSUPP', f'{word} is not known')
        head.fields.append((word, value, False))
        return
    if word not in WORDS.lists and word in head:
        raise Refused('EARG', f'{word} is there twice')
    CHECKS[WORDS.types[word]](value)
    if word == 'body' and head.role == 'request' and value != b'none' and \
            'body' not in WORDS.takes[head.verb]:
        raise Refused('EARG', f'{head.verb} takes no body')
    head.fields.append((word, value, True))


def decode(role, data):
    """One whole head. Raises Refused."""
    if not data or head_size(data) != len(data):
        raise Refused('EARG', 'not one whole head')
    head = Head(role)
    lines = data[:-1].split(b'\n')[:-1]
    for number, line in enumerate(lines):
        if not is_plain(line):
            raise Refused('EARG', f'line {number + 1} is not plain text')
        if number == 0 and role != 'entry':
            decode_first(head, line)
        else:
            decode_field(head, line)
    if role != 'entry' and not lines:
        raise Refused('EARG', 'no first line')
    if role == 'request':
        for taken in WORDS.takes[head.verb]:
            if taken.endswith('!') and taken[:-1] not in head:
                raise Refused('EARG', f'{taken[:-1]} is missing')
    return head


def build(role, verb=None, **fields):
    """A head from keyword arguments: if_version=…, as_=…, arg=['ls', '-l'], live=True."""
    head = Head(role, verb)
    for key, value in fields.items():
        word = key.rstrip('_').replace('_', '-')
        if value is None or value is False:
            continue
        for one in value if isinstance(value, (list, tuple)) else [value]:
            head.fields.append((word, b'' if one is True else to_bytes(one), True))
    return head


# Bodies

FRAME_HEADER = struct.Struct('>IBBHIIQ')
INPUT_RECORD = struct.Struct('>QHHiii')
ACK = struct.Struct('>IQIIQ')
KEY = 1  # flag of a keyframe


class Frame:
    def __init__(self, kind, payload=b'', flags=0, sub=0, sequence=0, base=0, capture_ns=0):
        self.kind, self.payload, self.flags, self.sub = kind, payload, flags, sub
        self.sequence, self.base, self.capture_ns = sequence, base, capture_ns

    def encode(self):
        kind = next(number for number, name in WORDS.kinds.items() if name == self.kind)
        return FRAME_HEADER.pack(len(self.payload), kind, self.flags, self.sub, self.sequence,
                                 self.base, self.capture_ns) + self.payload

    def __repr__(self):
        return f'<{self.kind} {self.sub} #{self.sequence} {len(self.payload)} bytes>'


def decode_frame_header(data):
    """A frame without its payload, and the payload's size."""
    size, kind, flags, sub, sequence, base, capture_ns = FRAME_HEADER.unpack(data)
    if kind not in WORDS.kinds:
        raise Refused('EARG', f'no kind of frames: {kind}')
    if size > WORDS.limits['frame']:
        raise Refused('E2BIG', 'a frame is that large at most')
    if WORDS.kinds[kind] == 'end' and size:
        raise Refused('EARG', 'an end with a payload')
    return Frame(WORDS.kinds[kind], b'', flags, sub, sequence, base, capture_ns), size


def control_lines(payload):
    """The words and values of a control frame."""
    if payload[-1:] != b'\n':
        raise Refused('EARG', 'a control line without an end')
    pairs = []
    for line in payload[:-1].split(b'\n'):
        word, blank, value = line.partition(b' ')
        if not blank or not is_plain(line):
            raise Refused('EARG', f'no control line: {line!r}')
        pairs.append((word.decode('utf-8'), unescape(value)))
    return pairs


def control(word, value):
    return Frame('control', word.encode() + b' ' + escape(to_bytes(value)) + b'\n')


def taker(sock):
    """What takes exactly so many bytes from a socket, for read_head and read_body."""
    def take(size):
        data = b''
        while len(data) < size:
            more = sock.recv(size - len(data))
            if not more:
                raise Lost('hung up')
            data += more
        return data
    return take


def read_body(head, take):
    """
    Reads a body by take(n), which gives exactly n bytes or raises Lost. Yields ('chunk', bytes) and
    ('frame', Frame), the end frame included, and last ('trailer', Head).
    """
    kind = head.body()
    if isinstance(kind, int):
        left = kind
        while left:
            piece = take(min(left, 65536))
            left -= len(piece)
            yield 'chunk', piece
    elif kind == 'chunks':
        while True:
            size, = struct.unpack('>I', take(4))
            if size > WORDS.limits['chunk']:
                raise Refused('E2BIG', 'a chunk is that large at most')
            if not size:
                break
            yield 'chunk', take(size)
        yield 'trailer', read_head('reply', take)
    elif kind == 'frames':
        ended = False
        while not ended:
            frame, size = decode_frame_header(take(FRAME_HEADER.size))
            frame.payload = take(size)
            ended = frame.kind == 'end'
            yield 'frame', frame
        yield 'trailer', read_head('reply', take)


def read_head(role, take):
    data = b''
    while not head_size(data):
        data += take(1)
    return decode(role, data)


# A client

class Call:
    """One exchange, from the asking side. Close it to hang up; `with` does."""

    def __init__(self, path, head, patience=PATIENCE):
        self.sock = path() if callable(path) else socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.patience = patience
        self.request = head
        self.trailer = None
        self._reply = None
        self._in = bytearray()
        self._eof = False
        try:
            if not callable(path):
                self.sock.connect(str(path))
            self.sock.setblocking(False)
            self._send(head.encode())
        except BaseException:
            self.sock.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def fileno(self):
        return self.sock.fileno()

    def _wait(self, write, deadline):
        """Reads what is there. True: something can be written; Lost: nothing ever can."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f'no progress in {self.patience} s: {self.request!r}')
        poll = select.poll()
        poll.register(self.sock, (0 if self._eof else select.POLLIN) |
                      (select.POLLOUT if write else 0))
        events = sum(mask for _, mask in poll.poll(left * 1000))
        if not self._eof and events & (select.POLLIN | select.POLLHUP):
            try:
                data = self.sock.recv(1 << 16)
            except ConnectionError:
                data = b''
            self._in += data
            self._eof = not data
        elif write and events & (select.POLLHUP | select.POLLERR):
            raise Lost('the other side has hung up')
        return bool(events & select.POLLOUT)

    def _send(self, data):
        """All of it, reading meanwhile: the other side may have to be heard before it goes on."""
        view = memoryview(data)
        deadline = time.monotonic() + self.patience
        while view:
            if not self._wait(True, deadline):
                continue
            try:
                view = view[self.sock.send(view):]
            except BlockingIOError:
                continue
            except ConnectionError as error:
                raise Lost(f'cannot send: {error}') from None
            deadline = time.monotonic() + self.patience

    def _take(self, size):
        deadline = time.monotonic() + self.patience
        while len(self._in) < size:
            if self._eof:
                raise Lost(f'{len(self._in)} of {size} bytes came')
            before = len(self._in)
            self._wait(False, deadline)
            if len(self._in) > before:
                deadline = time.monotonic() + self.patience
        data = bytes(self._in[:size])
        del self._in[:size]
        return data

    # our half

    def send(self, data):
        """Bytes of a body of N bytes, or one chunk (more, if it is large)."""
        data = to_bytes(data)
        if self.request.body() != 'chunks':
            self._send(data)
            return
        limit = WORDS.limits['chunk']
        for at in range(0, len(data), limit):
            piece = data[at:at + limit]
            self._send(struct.pack('>I', len(piece)) + piece)

    def send_frame(self, kind, payload=b'', **header):
        frame = kind if isinstance(kind, Frame) else Frame(kind, to_bytes(payload), **header)
        self._send(frame.encode())

    def end(self, code='ok', sentence='', **fields):
        """The end of our chunks or frames, and its trailer."""
        trailer = build('reply', **fields)
        trailer.code, trailer.sentence = code, sentence
        mark = Frame('end').encode() if self.request.body() == 'frames' else struct.pack('>I', 0)
        self._send(mark + trailer.encode())

    # the other half

    @property
    def head(self):
        """The answer, ok or not."""
        if self._reply is None:
            self._reply = read_head('reply', self._take)
        return self._reply

    @property
    def reply(self):
        """The answer; raises Refused if it is no."""
        if self.head.code != 'ok':
            raise Refused(self.head.code, self.head.sentence, self.head)
        return self.head

    def parts(self):
        """Of the body, as they come. A trailer that says no raises Refused."""
        for what, part in read_body(self.reply, self._take):
            if what != 'trailer':
                yield part
                continue
            self.trailer = part
            if part.code != 'ok':
                raise Refused(part.code, part.sentence, part)

    def chunks(self):
        return self.parts()

    def frames(self):
        """All but the end."""
        return (frame for frame in self.parts() if frame.kind != 'end')

    def read(self):
        """The whole body as bytes."""
        return b''.join(part if isinstance(part, bytes) else part.payload for part in self.parts())


class Op:
    """
    A server on a unix socket; by default this user's boxd. Instead of its path there may be a
    function that gives a socket connected to it.
    """

    def __init__(self, path=None, patience=PATIENCE):
        runtime = os.environ.get('XDG_RUNTIME_DIR', '')
        self.path = path or os.environ.get('BOX_OP') or os.path.join(runtime, 'boxland', 'op')
        self.patience = patience

    def call(self, verb, name, body=None, **fields):
        """
        Begins an exchange. body: None; bytes, sent whole; 'chunks' or 'frames', to be sent by the
        caller; or something that yields bytes, sent as chunks.
        """
        stream = body if isinstance(body, str) else None
        whole = body if isinstance(body, (bytes, bytearray)) else None
        pieces = None if body is None or stream or whole is not None else body
        kind = stream or (len(whole) if whole is not None else 'chunks' if pieces else None)
        head = build('request', verb, name=name, body=None if kind is None else str(kind), **fields)
        call = Call(self.path, head, self.patience)
        try:
            if whole:
                call.send(bytes(whole))
            if pieces:
                for piece in pieces:
                    call.send(piece)
                call.end()
        except Lost:
            pass  # the answer tells why
        except BaseException:
            call.close()
            raise
        return call

    def ask(self, verb, name, body=None, **fields):
        """An exchange without a body in its answer; the answer's head."""
        with self.call(verb, name, body, **fields) as call:
            return call.reply

    def kind(self, name, **fields):
        return self.ask('kind', name, **fields)

    def get(self, name, **fields):
        with self.call('getmem', name, **fields) as call:
            return call.read()

    def put(self, name, data, **fields):
        return self.ask('putmem', name, data if isinstance(data, bytes) else to_bytes(data),
                        **fields)

    def list(self, name, **fields):
        """[(name below the box, entry)] of selectors."""
        with self.call('selectors', name, **fields) as call:
            data = call.read()
        entries = []
        while data:
            size = head_size(data)
            if not size:
                raise Lost('the list stops in the middle of an entry')
            entry = decode('entry', data[:size])
            entries.append((entry.text('name'), entry))
            data = data[size:]
        return entries

    def make(self, name, body=None, **fields):
        return self.ask('make', name, body, **fields)

    def link(self, name, device, **fields):
        return self.ask('link', name, device=device, **fields)

    def delete(self, name, **fields):
        return self.ask('delete', name, **fields)

    def chinfo(self, name, **fields):
        return self.ask('chinfo', name, **fields)
