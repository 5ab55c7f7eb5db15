#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
opgen.py - prints what is said about the words of Op, from op.xml.

    opgen.py MODE op.xml [OUTPUT [TEXT...]]

tables  op-tables.h: the words as C enums, the limits as macros
data    op-tables.inc: the tables that box/op.c walks, included there alone
man     op(7) in scdoc; the texts, in scdoc too, stand at its end
dict    the words as a dictionary for libFuzzer

It prints data, never logic, and refuses an op.xml that contradicts itself.
"""

import re
import sys
import textwrap
import xml.etree.ElementTree as ET

FIELD_TYPES = ['text', 'flag', 'number', 'name', 'where', 'cnstr', 'body']
SECTIONS = ['limits', 'errors', 'fields', 'verbs', 'kinds', 'controls']


class Wrong(Exception):
    pass


class Verb:
    def __init__(self, element, fields):
        self.name = element.get('name')
        self.letter = element.get('letter') or ''
        self.text = ' '.join((element.text or '').split())
        takes = element.find('takes')
        self.takes = []  # (field, required)
        if takes is None:
            raise Wrong(f'verb {self.name}: has no <takes>')
        for word in (takes.text or '').split():
            name, required = word.rstrip('!'), word.endswith('!')
            if name not in fields:
                raise Wrong(f'verb {self.name}: takes an unknown field {name}')
            if name in [taken for taken, _ in self.takes]:
                raise Wrong(f'verb {self.name}: takes {name} twice')
            self.takes.append((name, required))
        if len(self.letter) != 1 or not self.letter.islower():
            raise Wrong(f'verb {self.name}: its letter must be one of a to z')


def words(root, section):
    """The elements of a section, each with a name that only one of them has."""
    parent = root.find(section)
    if parent is None or not len(parent):
        raise Wrong(f'there is no <{section}>, or nothing in it')
    seen = set()
    for element in parent:
        name = element.get('name') or ''
        what = f'{element.tag} {name!r}'
        pattern = r'E[A-Z0-9]+' if section == 'errors' else r'[a-z][a-z0-9]*(-[a-z0-9]+)*'
        if not re.fullmatch(pattern, name):
            raise Wrong(f'{what}: not a word of <{section}>')
        if name in seen:
            raise Wrong(f'{what}: declared twice')
        seen.add(name)
    return list(parent)


class Op:
    def __init__(self, path):
        try:
            root = ET.parse(path).getroot()
        except ET.ParseError as error:
            raise Wrong(f'not XML: {error}') from None
        for section in SECTIONS:
            setattr(self, section, words(root, section))
        self.level = int(root.get('level'))
        self.alpn, self.pairing = root.get('alpn'), root.get('pairing-alpn')
        self.port = int(root.get('port'))
        names = [field.get('name') for field in self.fields]
        for field in self.fields:
            if field.get('type') not in FIELD_TYPES:
                raise Wrong(f'field {field.get("name")}: unknown type {field.get("type")}')
            if field.get('list', 'no') not in ('yes', 'no'):
                raise Wrong(f'field {field.get("name")}: list must be yes or no')
        for limit in self.limits:
            if not re.fullmatch('[1-9][0-9]*', limit.get('value') or ''):
                raise Wrong(f'limit {limit.get("name")}: its value must be a number')
        self.verbs = [Verb(verb, names) for verb in self.verbs]
        values = [int(kind.get('value', '-1')) for kind in self.kinds]
        if sorted(values) != list(range(len(values))):
            raise Wrong('the values of the kinds must be 0, 1, 2 … with no hole')
        self.kinds.sort(key=lambda kind: int(kind.get('value')))


def c_word(name):
    return name.upper().replace('-', '_')


def enum(tag, prefix, names, last, first=None):
    lines = [first] if first else []
    lines += [prefix + c_word(name) for name in names] + [last]
    return f'enum {tag} {{\n' + ''.join(f'\t{line},\n' for line in lines) + '};\n'


def named(elements):
    return [element.get('name') for element in elements]


def print_tables(op):
    yield '/* SPDX-License-Identifier: MIT */\n'
    yield '/* Printed by opgen.py from op.xml: the words of Op. */\n'
    yield '#ifndef BOX_OP_TABLES_H\n#define BOX_OP_TABLES_H\n\n'
    yield f'#define OP_LEVEL {op.level}\n#define OP_ALPN "{op.alpn}"\n'
    yield f'#define OP_PAIRING_ALPN "{op.pairing}"\n#define OP_PORT {op.port}\n\n'
    for limit in op.limits:
        text = f'{limit.get("unit")}: {limit.text}'
        yield f'#define OP_MAX_{c_word(limit.get("name"))} {limit.get("value")} // {text}\n'
    yield '\n' + enum('op_verb', 'OP_', [verb.name for verb in op.verbs], 'OP_VERBS')
    yield '\n' + enum('op_field', 'OP_F_', named(op.fields), 'OP_F_UNKNOWN')
    yield '\n' + enum('op_code', 'OP_', named(op.errors), 'OP_CODES', first='OP_OK')
    yield '\n/* Kinds of frames; the verb kind is OP_KIND. */\n'
    yield enum('op_kind', 'FRAME_', named(op.kinds), 'FRAME_KINDS')
    yield '\n/* Words of control frames. */\n'
    yield enum('op_control', 'CONTROL_', named(op.controls), 'CONTROLS')
    yield '\n#endif\n'


def print_data(op):
    def flags(names):
        return ', '.join(f'\n\t\t\t[OP_F_{c_word(name)}] = true' for name in names)

    yield '/* Printed by opgen.py from op.xml: the tables of op.c. */\n\n'
    yield 'static const struct field_entry field_table[OP_F_UNKNOWN] = {\n'
    for field in op.fields:
        many = 'true' if field.get('list') == 'yes' else 'false'
        yield (f'\t[OP_F_{c_word(field.get("name"))}] = '
               f'{{"{field.get("name")}", FIELD_{c_word(field.get("type"))}, {many}}},\n')
    yield '};\n\nstatic const struct verb_entry verb_table[OP_VERBS] = {\n'
    for verb in op.verbs:
        yield f'\t[OP_{c_word(verb.name)}] = {{"{verb.name}", \'{verb.letter}\',\n'
        yield f'\t\t.takes = {{{flags([name for name, _ in verb.takes])}}},\n'
        yield f'\t\t.requires = {{{flags([name for name, needed in verb.takes if needed])}}}}},\n'
    yield '};\n\nstatic const char *const code_table[OP_CODES] = {\n\t[OP_OK] = "ok",\n'
    for error in op.errors:
        yield f'\t[OP_{c_word(error.get("name"))}] = "{error.get("name")}",\n'
    yield '};\n\nstatic const struct kind_entry kind_table[FRAME_KINDS] = {\n'
    for kind in op.kinds:
        own = 'true' if kind.get('lane') == 'own' else 'false'
        yield f'\t[FRAME_{c_word(kind.get("name"))}] = {{"{kind.get("name")}", {own}}},\n'
    yield '};\n\nstatic const char *const control_table[CONTROLS] = {\n'
    for control in op.controls:
        yield f'\t[CONTROL_{c_word(control.get("name"))}] = "{control.get("name")}",\n'
    yield '};\n'


MESSAGES = """
One exchange is one stream: a connection to a unix socket, or one bidirectional QUIC stream. A
request is a head and perhaps a body; so is the reply.

A head is lines of UTF-8. The first is *op/{level} VERB* in a request, *ok* or *no CODE SENTENCE* in
a reply; then come lines *FIELD VALUE*, then an empty line. In values \\\\n, \\\\t, \\\\\\\\ and
\\\\xHH stand for bytes; they are decoded once. Bytes below 0x20, 0x7f and what is not UTF-8 are
always written so.

A field may be given once unless it is a list. Fields that are unknown, or that a verb does not
take, are ignored; if such a field's name ends in *!* the request is refused with EUNSUPP.

The field *body* says how the body that follows delimits itself: absent or *none*, there is none;
*N*, exactly so many bytes; *chunks*, each a 32-bit length (big-endian) and so many bytes, length 0
is the end; *frames*, see below, the kind end is the end. Behind the end of chunks and frames stands
a trailer, a head that begins with *ok* or *no*. A body that stops earlier was broken off and does
not count. The reply may come before the request's body has ended. Hanging up cancels.

The body of an answer to *selectors* is a list of heads without a first line, one a box.

For example, a person may ask with socat(1):

```
op/{level} kind
name /

```
"""

TYPES = [
    ('text', 'any bytes but 0'),
    ('flag', 'no value'),
    ('number', 'decimal, 1 to 19 digits, below 2^63'),
    ('name', 'an absolute name of a box: / or /a/b; no component is empty, . or .., or holds a '
             'byte below 0x20 or 0x7f'),
    ('where', 'a name; or KEYHASH/a/b, a box of the node whose key has that hash (64 hex digits)'),
    ('cnstr', 'type!arch!net!attr=value…; * or a missing element matches anything; attr<N and '
              'attr>N want a number'),
    ('body', 'none, N, chunks or frames'),
]

FRAMES = """
A frame has a header of 24 bytes, big-endian: length of the payload (32 bits), kind (8), flags (8;
1: it needs no other), sub-stream (16), sequence (32), base (32: the oldest sequence it needs), capture_ns
(64: the sender's CLOCK_MONOTONIC). Over QUIC the kinds marked so travel each on a unidirectional
stream of its own, behind a varint with the number of the exchange's stream.
"""


def man_text(text):
    """Words that scdoc would take for its own marks."""
    return re.sub(r'([\\*_<>|])', r'\\\1', text)


def entry(term, text):
    body = textwrap.fill(man_text(' '.join((text or '').split())), 92)
    return f'*{man_text(term)}*\n' + textwrap.indent(body, '\t') + '\n\n'


def print_man(op):
    yield 'op(7)\n\n# NAME\n\nop - the protocol that boxes are used by\n\n# MESSAGES\n'
    yield MESSAGES.format(level=op.level)
    yield '\n# VERBS\n\nThe letter is the right that a verb needs. '
    yield 'Fields with *!* must be given.\n\n'
    for verb in op.verbs:
        takes = ' '.join(name + ('!' if needed else '') for name, needed in verb.takes)
        yield entry(f'{verb.name} ({verb.letter})', f'{verb.text}. Takes: {takes}')
    yield '# FIELDS\n\nTypes of values:\n\n'
    for name, text in TYPES:
        yield entry(name, text)
    yield 'The fields:\n\n'
    for field in op.fields:
        many = ', list' if field.get('list') == 'yes' else ''
        yield entry(f'{field.get("name")} ({field.get("type")}{many})', field.text)
    yield '# ERRORS\n\nEach comes with a sentence for a person.\n\n'
    for error in op.errors:
        yield entry(error.get('name'), error.text)
    yield f'# FRAMES\n{FRAMES}\n'
    for kind in op.kinds:
        lane = ' (a stream of its own)' if kind.get('lane') == 'own' else ''
        yield entry(f'{kind.get("value")} {kind.get("name")}', (kind.text or '') + lane)
    yield '# CONTROL LINES\n\nThe payload of a control frame is lines as in a head.\n\n'
    for control in op.controls:
        yield entry(f'{control.get("name")} {control.get("value")}', control.text)
    yield '# LIMITS\n\n'
    for limit in op.limits:
        yield entry(f'{limit.get("name")}: {limit.get("value")} {limit.get("unit")}', limit.text)
    yield f'The UDP port is {op.port}, or the next free one; the ALPN is {op.alpn}, '
    yield f'{op.pairing} for pairing.\n'


def print_dict(op):
    lists = [[f'op/{op.level} ', 'ok\\x0a', 'no ', ' chunks\\x0a', ' frames\\x0a', '\\\\x0a', '!*']]
    lists += [[verb.name for verb in op.verbs]]
    lists += [[word + ' ' for word in named(section)]
              for section in (op.fields, op.errors, op.controls)]
    for word in sum(lists, []):
        yield f'"{word}"\n'


MODES = {'tables': print_tables, 'data': print_data, 'man': print_man, 'dict': print_dict}


def main(args):
    if len(args) < 2 or args[0] not in MODES or (args[3:] and args[0] != 'man'):
        print('usage: opgen.py ' + '|'.join(MODES) + ' op.xml [OUTPUT]\n'
              '       opgen.py man op.xml OUTPUT TEXT...', file=sys.stderr)
        return 2
    try:
        text = ''.join(MODES[args[0]](Op(args[1])))
    except Wrong as wrong:
        print(f'{args[1]}: {wrong}', file=sys.stderr)
        return 1
    for path in args[3:]:
        with open(path, encoding='utf-8') as file:
            text += '\n' + file.read()
    if len(args) > 2:
        with open(args[2], 'w', encoding='utf-8') as file:
            file.write(text)
    else:
        sys.stdout.write(text)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
