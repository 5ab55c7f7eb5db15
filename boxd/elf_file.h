/* SPDX-License-Identifier: MIT */
#ifndef BOXD_ELF_FILE_H
#define BOXD_ELF_FILE_H

#include <stdbool.h>

#include "strings.h"

/*
 * What a program's file says it needs. Reads a bounded number of bytes, with pread, whatever the file
 * claims: anybody may have written it.
 */

#define ELF_ARCH 16
#define ELF_NEEDED_MAX 128 // of one file
#define ELF_TEXT_MAX 1024  // bytes of a library's name or of a search path

struct elf {
	unsigned int machine;  // EM_X86_64 …
	int bits;              // 32 or 64
	char interpreter[256]; // "": none, it is static or a library
	struct strings needed; // DT_NEEDED, in order
	struct strings paths;  // DT_RPATH and DT_RUNPATH, as they are
};

/* false: no ELF file, or none that makes sense; elf needs no elf_finish then. */
bool elf_read(struct elf *elf, int fd);
void elf_finish(struct elf *elf);

/* Debian's name of a machine, "amd64", or "machine 9999"; returns out. */
const char *elf_arch(const struct elf *elf, char out[static ELF_ARCH]);

#endif
