#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""embed.py - prints one C header with the text of each shader given: shader_NAME_KIND."""
import pathlib
import sys


def main():
    out, sources = pathlib.Path(sys.argv[1]), [pathlib.Path(p) for p in sys.argv[2:]]
    lines = ["/* Made by shaders/embed.py. */", "#pragma once", ""]
    for source in sources:
        name = "shader_" + source.name.replace(".", "_")
        lines.append(f"static const char {name}[] =")
        for line in source.read_text(encoding="utf-8").splitlines():
            quoted = line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
            lines.append(f'\t"{quoted}\\n"')
        lines[-1] += ";"
        lines.append("")
    out.write_text("\n".join(lines), encoding="utf-8")


main()
