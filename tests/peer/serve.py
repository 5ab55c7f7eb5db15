# SPDX-License-Identifier: MIT
"""
serve.py - a small server of boxes that mounts itself into boxd, sharing no code with it: what stands
on op(7) alone can be served by anybody.

    python3 serve.py shop /toys ball=red doll=blue

mounts itself as /mount/shop: /toys has two texts inside; ball=@FILE is what stands in a file. A box may be
read, written, made and deleted;
words behind the prefix that begin with "-" take verbs away ("-make"). Who reads one live is told it once,
and then nothing more. It ends with its boxd.
"""

import os
import select
import socket
import sys
import threading

import op

CHUNK = 1 << 20  # a chunk's most


def text_of(word):
    """What stands behind a box's name on the command line."""
    if not word.startswith("@"):
        return word.encode()
    with open(word[1:], "rb") as file:
        return file.read()


class Shop:
    """Texts below a prefix, and a version that grows with every change."""

    def __init__(self, name, prefix, texts, without):
        self.name, self.prefix, self.without = name, prefix, without
        self.texts = {f"{prefix}/{key}": text_of(text) for key, text in texts}
        self.version = 1
        self.changed = threading.Condition()

    def entry(self, name):
        known = name == self.prefix or name in self.texts
        if not known:
            raise op.Refused("ENOENT", f"no such box {name} in {self.name}'s shop")
        return {"type": "dir" if name == self.prefix else "text", "letters": "ksgpmd",
                "version": f"{self.name}.{self.version}"}

    def change(self, name, data):
        with self.changed:
            if data is None:
                del self.texts[name]
            else:
                self.texts[name] = data
            self.version += 1
            self.changed.notify_all()

    def wait(self, request, hung_up):
        """Until there is another version than the one the asker knows."""
        with self.changed:
            while request.text("since") == f"{self.name}.{self.version}" and not hung_up():
                self.changed.wait(0.2)

    def kind(self, request, _body):
        return self.entry(request.text("name")), None

    def selectors(self, request, _body):
        fields = self.entry(request.text("name"))
        names = sorted(self.texts) if request.text("name") == self.prefix else []
        after = request.text("after")
        listed = [name[len(self.prefix):] for name in names]
        listed = [name for name in listed if not after or name > after]
        data = b"".join(op.build("entry", name=name, **self.entry(self.prefix + name)).encode()
                        for name in listed[:request.number("count", len(listed))])
        return fields, data

    def getmem(self, request, _body):
        self.entry(request.text("name"))
        more = {"body": "chunks"} if "live" in request else {}
        return {"type": "text", **more}, self.texts.get(request.text("name"), b"")

    def putmem(self, request, body):
        self.entry(request.text("name"))
        self.change(request.text("name"), body)
        return {}, None

    def make(self, request, _body):
        name = request.text("name")
        if name in self.texts:
            raise op.Refused("EEXIST", f"there is a {name} in {self.name}'s shop")
        self.change(name, b"")
        return {"name": name}, None

    def delete(self, request, _body):
        self.entry(request.text("name"))
        self.change(request.text("name"), None)
        return {}, None

    def answer(self, request, body):
        act = getattr(self, request.verb, None)
        if not act or request.verb in self.without:
            raise op.Refused("EUNSUPP", f"{self.name}'s shop knows no {request.verb}")
        return act(request, body)

    def serve(self, sock):
        take = op.taker(sock)
        hang_up = select.poll()
        hang_up.register(sock, 0)  # POLLHUP comes all the same; end of file alone means nothing

        with sock:
            try:
                request = op.read_head("request", take)
                body = b"".join(part for what, part in op.read_body(request, take) if what == "chunk")
                self.wait(request, lambda: hang_up.poll(0))
                fields, data = self.answer(request, body)
                if data is not None:
                    fields.setdefault("body", str(len(data)))
                sock.sendall(op.build("reply", **fields).encode())
                if fields.get("body") == "chunks":
                    for at in range(0, len(data), CHUNK):
                        chunk = data[at:at + CHUNK]
                        sock.sendall(len(chunk).to_bytes(4, "big") + chunk)
                    hang_up.poll()
                elif data:
                    sock.sendall(data)
            except op.Refused as refused:
                no = op.build("reply")
                no.code, no.sentence = refused.code, refused.sentence
                sock.sendall(no.encode())
            except (op.Lost, OSError):
                pass


def main(kind=Shop):
    name, prefix, *words = sys.argv[1:]
    texts = [word.split("=", 1) for word in words if "=" in word]
    shop = kind(name, prefix, texts, {word[1:] for word in words if word.startswith("-")})
    path = f"{os.environ['XDG_RUNTIME_DIR']}/shop-{os.getpid()}"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(64)

    def accept():
        while True:
            threading.Thread(target=shop.serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with op.Op(patience=1e6).call("make", f"/mount/{name}", prefix=prefix, at=path) as mounted:
        print(f"{mounted.reply.text('name')} is open", flush=True)
        try:
            mounted.read()
        except op.Lost:
            pass


if __name__ == "__main__":
    main()
