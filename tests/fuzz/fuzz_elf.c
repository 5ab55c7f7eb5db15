/* SPDX-License-Identifier: MIT */
/*
 * fuzz_elf.c - program files, which anybody may carry here: all that is read of one is short, and
 * ends.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf_file.h"
#include "fuzz.h"

static void check_texts(const struct strings *texts) {
	must(texts->count <= ELF_NEEDED_MAX);
	for (size_t i = 0; i < texts->count; i++) {
		must(texts->list[i][0] && strlen(texts->list[i]) < ELF_TEXT_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
	static int fd = -1; // emptied each time: a new one each time is slow
	struct elf elf;
	char arch[ELF_ARCH];
	if (fd < 0) {
		fd = memfd_create("elf", MFD_CLOEXEC);
	}
	must(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size);
	if (!elf_read(&elf, fd)) {
		return 0;
	}
	must(elf.bits == 32 || elf.bits == 64);
	must(memchr(elf.interpreter, '\0', sizeof(elf.interpreter)));
	must(strlen(elf_arch(&elf, arch)) < ELF_ARCH);
	check_texts(&elf.needed);
	check_texts(&elf.paths);
	elf_finish(&elf);
	return 0;
}
