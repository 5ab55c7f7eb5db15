/* SPDX-License-Identifier: MIT */
/*
 * elf_file.c - the few words of an ELF file that say what it runs with.
 *
 * Nothing is looked for here: whether that is there is needs.c's. Offsets and sizes are whoever made
 * the file's; each is checked where it is used, and pread says where the file ends.
 */
#include "elf_file.h"

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SEGMENTS_MAX 64
#define DYNAMIC_MAX 1024 // entries

struct segment {
	uint64_t offset, address, size;
};

struct reading {
	int fd;
	struct elf *elf;
	bool big; // bytes of a number, the first is the highest
	struct segment loads[SEGMENTS_MAX];
	int loads_size;
	struct segment dynamic;
	uint64_t strings, strings_size; // an address
};

static bool read_at(int fd, uint64_t at, void *to, size_t size) {
	return at <= INT64_MAX - size && pread(fd, to, size, (off_t)at) == (ssize_t)size;
}

static uint64_t number(const struct reading *reading, const uint8_t *at, size_t size) {
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++) {
		value = value << 8 | at[reading->big ? i : size - 1 - i];
	}
	return value;
}

// A text that ends within its bytes; false: it does not, or is longer than what it is for.
static bool read_text(int fd, uint64_t at, uint64_t room, char *to, size_t size) {
	size_t most = room < size ? (size_t)room : size;
	if (at > INT64_MAX - size) {
		return false;
	}
	ssize_t got = pread(fd, to, most, (off_t)at);
	return got > 0 && memchr(to, '\0', (size_t)got);
}

static void take_segment(struct reading *reading, const uint8_t *bytes) {
	bool wide = reading->elf->bits == 64;
	struct segment segment = {
		.offset = number(reading, bytes + (wide ? 8 : 4), wide ? 8 : 4),
		.address = number(reading, bytes + (wide ? 16 : 8), wide ? 8 : 4),
		.size = number(reading, bytes + (wide ? 32 : 16), wide ? 8 : 4),
	};
	uint64_t type = number(reading, bytes, 4);
	if (type == PT_LOAD) {
		reading->loads[reading->loads_size++] = segment;
	} else if (type == PT_DYNAMIC) {
		reading->dynamic = segment;
	} else if (type == PT_INTERP && !read_text(reading->fd, segment.offset, segment.size,
			reading->elf->interpreter, sizeof(reading->elf->interpreter))) {
		reading->elf->interpreter[0] = '\0';
	}
}

static bool read_segments(struct reading *reading) {
	bool wide = reading->elf->bits == 64;
	uint8_t header[64], segment[56];
	if (!read_at(reading->fd, 0, header, wide ? 64 : 52)) {
		return false;
	}
	uint64_t at = number(reading, header + (wide ? 32 : 28), wide ? 8 : 4);
	uint64_t size = number(reading, header + (wide ? 54 : 42), 2);
	uint64_t count = number(reading, header + (wide ? 56 : 44), 2);
	reading->elf->machine = (unsigned int)number(reading, header + 18, 2);
	if (size != (wide ? 56 : 32) || count > SEGMENTS_MAX) {
		return false;
	}
	for (uint64_t i = 0; i < count; i++) {
		if (at > INT64_MAX - i * size || !read_at(reading->fd, at + i * size, segment, size)) {
			return false;
		}
		take_segment(reading, segment);
	}
	return true;
}

// Where the bytes of an address are in the file, and how many from there; false: nowhere.
static bool find_address(const struct reading *reading, uint64_t address, uint64_t *at,
		uint64_t *room) {
	for (int i = 0; i < reading->loads_size; i++) {
		const struct segment *load = &reading->loads[i];
		uint64_t below = address - load->address;
		if (address >= load->address && below < load->size && load->offset <= INT64_MAX - below) {
			*at = load->offset + below;
			*room = load->size - below;
			return true;
		}
	}
	return false;
}

static void take_text(struct reading *reading, uint64_t at, uint64_t room, uint64_t offset,
		struct strings *to) {
	char text[ELF_TEXT_MAX];
	if (to->count < ELF_NEEDED_MAX && offset < reading->strings_size && offset < room &&
			at <= INT64_MAX - offset &&
			read_text(reading->fd, at + offset, room - offset, text, sizeof(text)) && *text) {
		strings_add(to, "%s", text);
	}
}

static bool read_entry(const struct reading *reading, uint64_t i, uint64_t *tag, uint64_t *value) {
	size_t word = reading->elf->bits == 64 ? 8 : 4;
	uint8_t bytes[16];
	uint64_t at = i * 2 * word;
	if (i >= DYNAMIC_MAX || reading->dynamic.size < 2 * word ||
			at > reading->dynamic.size - 2 * word || reading->dynamic.offset > INT64_MAX - at ||
			!read_at(reading->fd, reading->dynamic.offset + at, bytes, 2 * word)) {
		return false;
	}
	*tag = number(reading, bytes, word);
	*value = number(reading, bytes + word, word);
	return *tag != DT_NULL;
}

// Twice over its entries: where the strings are may come behind those that need them.
static void read_dynamic(struct reading *reading) {
	uint64_t tag, value, at, room;
	for (uint64_t i = 0; read_entry(reading, i, &tag, &value); i++) {
		if (tag == DT_STRTAB) {
			reading->strings = value;
		} else if (tag == DT_STRSZ) {
			reading->strings_size = value;
		}
	}
	if (!find_address(reading, reading->strings, &at, &room)) {
		return;
	}
	for (uint64_t i = 0; read_entry(reading, i, &tag, &value); i++) {
		if (tag == DT_NEEDED) {
			take_text(reading, at, room, value, &reading->elf->needed);
		} else if (tag == DT_RPATH || tag == DT_RUNPATH) {
			take_text(reading, at, room, value, &reading->elf->paths);
		}
	}
}

bool elf_read(struct elf *elf, int fd) {
	uint8_t ident[EI_NIDENT];
	struct reading reading = {.fd = fd, .elf = elf};
	*elf = (struct elf){0};
	if (!read_at(fd, 0, ident, sizeof(ident)) || memcmp(ident, ELFMAG, SELFMAG) != 0 ||
			(ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64) ||
			(ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB)) {
		return false;
	}
	elf->bits = ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
	reading.big = ident[EI_DATA] == ELFDATA2MSB;
	if (!read_segments(&reading)) {
		return false;
	}
	read_dynamic(&reading);
	if (elf->needed.no_memory || elf->paths.no_memory) {
		elf_finish(elf);
		return false;
	}
	return true;
}

void elf_finish(struct elf *elf) {
	strings_finish(&elf->needed);
	strings_finish(&elf->paths);
}

const char *elf_arch(const struct elf *elf, char out[static ELF_ARCH]) {
	static const struct {
		unsigned int machine;
		const char *arch;
	} known[] = {
		{EM_386, "i386"}, {EM_ARM, "armhf"}, {EM_X86_64, "amd64"}, {EM_PPC64, "ppc64el"},
		{EM_S390, "s390x"}, {EM_AARCH64, "arm64"}, {EM_RISCV, "riscv64"}, {EM_LOONGARCH, "loong64"},
	};
	snprintf(out, ELF_ARCH, "machine %u", elf->machine);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].machine == elf->machine) {
			strcpy(out, known[i].arch);
		}
	}
	return out;
}
