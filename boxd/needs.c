/* SPDX-License-Identifier: MIT */
/*
 * needs.c - what a program needs, looked for where the loader of its system would.
 *
 * The loader has more ways than are known here (hardware capabilities, other C libraries), so only
 * what it surely would not find is refused. What a file says is elf_file.c's.
 */
#include "needs.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box/cnstr.h"
#include "elf_file.h"
#include "launch.h"
#include "walls.h"

#define SCRIPTS_MAX 4     // interpreters that are scripts in turn, as the kernel has it
#define LIBRARIES_MAX 512 // looked at for one program
#define CACHE_MAX (8 * 1024 * 1024)
#define CACHE_FILE "/etc/ld.so.cache"
#define CACHE_MAGIC "glibc-ld.so.cache1.1"

struct cache_header { // of ld.so.cache, in this machine's byte order
	char magic[20];
	uint32_t count, strings_size, unused[5];
};

struct cache_entry { // key and value: offsets of texts from the header
	int32_t flags;
	uint32_t key, value, version;
	uint64_t capabilities;
};

struct search {
	const struct needs *needs;
	const struct elf *program;
	struct strings folders; // to be looked through, in no order: one that has it is enough
	struct strings names;   // libraries that are needed, found or not yet looked for
	char *cache;            // NULL: none that is understood
	size_t cache_size;
};

static bool sees(const struct needs *needs, const char *file) {
	return *file == '/' && (!needs->walled || walls_show(file));
}

// -1: not there, not to be read, or no file.
static int open_file(const struct needs *needs, const char *file) {
	struct stat st;
	int fd = sees(needs, file) ? open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool is_there(const struct needs *needs, const char *file) {
	return sees(needs, file) && access(file, F_OK) == 0;
}

static enum op_code refuse_missing(const struct needs *needs, const char *what,
		struct op_refusal *refusal) {
	return op_refuse(refusal, OP_EMATCH, "this program needs %s, which %s has not: install it there, or "
		"take another processor (box run -c)", what, needs->node);
}

/* Libraries. */

// false: there is one, of a form that is not known here.
static bool load_cache(struct search *search) {
	struct stat st;
	int fd = open(CACHE_FILE, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return true;
	}
	size_t size = fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size < CACHE_MAX ?
		(size_t)st.st_size : 0;
	search->cache = size > sizeof(struct cache_header) ? malloc(size) : NULL;
	if (search->cache && read(fd, search->cache, size) == (ssize_t)size &&
			memcmp(search->cache, CACHE_MAGIC, strlen(CACHE_MAGIC)) == 0) {
		search->cache_size = size;
	}
	close(fd);
	return search->cache_size > 0;
}

static const char *cache_text(const struct search *search, uint32_t at) {
	return at < search->cache_size && memchr(search->cache + at, '\0', search->cache_size - at) ?
		search->cache + at : "";
}

// Of the same machine as the program: the loader passes by others.
static bool fits(const struct search *search, const char *file) {
	struct elf elf;
	int fd = open_file(search->needs, file);
	bool good = fd >= 0 && elf_read(&elf, fd);
	if (good) {
		good = elf.machine == search->program->machine && elf.bits == search->program->bits;
		elf_finish(&elf);
	}
	if (fd >= 0) {
		close(fd);
	}
	return good;
}

static bool find_cached(const struct search *search, const char *name, char file[static 4096]) {
	struct cache_header header;
	if (search->cache_size < sizeof(header)) {
		return false;
	}
	memcpy(&header, search->cache, sizeof(header));
	size_t room = (search->cache_size - sizeof(header)) / sizeof(struct cache_entry);
	for (size_t i = 0; i < header.count && i < room; i++) {
		struct cache_entry entry;
		memcpy(&entry, search->cache + sizeof(header) + i * sizeof(entry), sizeof(entry));
		if (strcmp(cache_text(search, entry.key), name) == 0) {
			snprintf(file, 4096, "%s", cache_text(search, entry.value));
			if (fits(search, file)) {
				return true;
			}
		}
	}
	return false;
}

static bool find_library(const struct search *search, const char *name, char file[static 4096]) {
	if (strchr(name, '/')) { // from where it starts, unless whole: not known here
		snprintf(file, 4096, "%s", name);
		return *name != '/' || is_there(search->needs, name);
	}
	for (size_t i = 0; i < search->folders.count; i++) {
		if (snprintf(file, 4096, "%s/%s", search->folders.list[i], name) < 4096 &&
				fits(search, file)) {
			return true;
		}
	}
	return find_cached(search, name, file);
}

// FOLDER:FOLDER…; false: one depends on where the program starts, or on words not known here.
static bool add_folders(struct search *search, const char *paths, const char *origin) {
	for (const char *at = paths; *at;) {
		size_t size = strcspn(at, ":");
		size_t word = strncmp(at, "$ORIGIN", 7) == 0 ? 7 : strncmp(at, "${ORIGIN}", 9) == 0 ? 9 : 0;
		if (memchr(at + word, '$', size - word) || (word > 0 ? !origin : *at != '/')) {
			return false;
		}
		if (search->folders.count < LIBRARIES_MAX) {
			strings_add(&search->folders, "%s%.*s", word > 0 ? origin : "", (int)(size - word), at + word);
		}
		at += size + (at[size] == ':');
	}
	return true;
}

static void add_name(struct search *search, const char *name) {
	for (size_t i = 0; i < search->names.count; i++) {
		if (strcmp(search->names.list[i], name) == 0) {
			return;
		}
	}
	if (search->names.count < LIBRARIES_MAX) {
		strings_add(&search->names, "%s", name);
	}
}

// false: it looks for them in a way that is not known here.
static bool add_needs(struct search *search, const struct elf *elf, const char *origin) {
	for (size_t i = 0; i < elf->needed.count; i++) {
		add_name(search, elf->needed.list[i]);
	}
	for (size_t i = 0; i < elf->paths.count; i++) {
		if (!add_folders(search, elf->paths.list[i], origin)) {
			return false;
		}
	}
	return true;
}

// What a library that was found needs in turn.
static bool add_needs_of(struct search *search, const char *file) {
	struct elf elf;
	char origin[4096];
	int fd = open_file(search->needs, file);
	bool known = true;
	if (fd >= 0 && elf_read(&elf, fd)) {
		snprintf(origin, sizeof(origin), "%s", file);
		*strrchr(origin, '/') = '\0';
		known = add_needs(search, &elf, origin);
		elf_finish(&elf);
	}
	if (fd >= 0) {
		close(fd);
	}
	return known;
}

static enum op_code look_through(struct search *search, struct op_refusal *refusal) {
	static const char usual[] = "/lib:/usr/lib:/lib64:/usr/lib64:/usr/local/lib:/lib/"
#if defined(__x86_64__)
		"x86_64-linux-gnu";
#elif defined(__aarch64__)
		"aarch64-linux-gnu";
#elif defined(__arm__)
		"arm-linux-gnueabihf";
#else
		"."; // the cache has them
#endif
	const char *said = search->needs->libraries;
	char file[4096];
	bool known = add_needs(search, search->program, NULL) &&
		add_folders(search, said ? said : "", NULL) && add_folders(search, usual, NULL) &&
		load_cache(search);
	for (size_t i = 0; known && i < search->names.count; i++) {
		if (search->folders.no_memory || search->names.no_memory) {
			return OP_OK;
		}
		if (!find_library(search, search->names.list[i], file)) {
			return refuse_missing(search->needs, search->names.list[i], refusal);
		}
		known = *file != '/' || add_needs_of(search, file);
	}
	return OP_OK;
}

static enum op_code check_libraries(const struct needs *needs, const struct elf *elf,
		struct op_refusal *refusal) {
	struct search search = {.needs = needs, .program = elf};
	enum op_code code = look_through(&search, refusal);
	strings_finish(&search.folders);
	strings_finish(&search.names);
	free(search.cache);
	return code;
}

/* Programs. */

// Another architecture's runs here too where the kernel has an emulator for it, or is its elder.
static bool may_run(const struct elf *elf, const char *arch) {
	static const struct {
		const char *arch, *name; // name is the kernel's
	} emulated[] = {{"arm64", "aarch64"}, {"amd64", "x86_64"}, {"armhf", "arm"}, {"ppc64el", "ppc64le"}};
	const char *here = cnstr_arch_here(), *name = arch;
	char file[128];
	if (strcmp(arch, here) == 0 || (strcmp(arch, "i386") == 0 && strcmp(here, "amd64") == 0) ||
			(strcmp(arch, "armhf") == 0 && strcmp(here, "arm64") == 0)) {
		return true;
	}
	for (size_t i = 0; i < sizeof(emulated) / sizeof(emulated[0]); i++) {
		name = strcmp(emulated[i].arch, arch) == 0 ? emulated[i].name : name;
	}
	snprintf(file, sizeof(file), "/proc/sys/fs/binfmt_misc/qemu-%s", name);
	return access(file, F_OK) == 0;
}

static enum op_code check_elf(const struct needs *needs, const struct elf *elf,
		struct op_refusal *refusal) {
	char arch[ELF_ARCH];
	const char *last = strrchr(elf->interpreter, '/');
	elf_arch(elf, arch);
	if (!may_run(elf, arch)) {
		return op_refuse(refusal, OP_EMATCH, "this program is for %s, %s is %s: take a processor that "
			"fits it (box run -c 'proc!%s')", arch, needs->node, cnstr_arch_here(), arch);
	}
	if (!elf->interpreter[0]) {
		return OP_OK; // static
	}
	if (*elf->interpreter == '/' && !is_there(needs, elf->interpreter)) {
		return refuse_missing(needs, elf->interpreter, refusal);
	}
	bool usual = last && strncmp(last, "/ld-linux", strlen("/ld-linux")) == 0;
	return usual && strcmp(arch, cnstr_arch_here()) == 0 ? check_libraries(needs, elf, refusal) : OP_OK;
}

static enum op_code check_file(const struct needs *needs, int fd, int depth,
	struct op_refusal *refusal);

static enum op_code check_named(const struct needs *needs, const char *file, int depth,
		struct op_refusal *refusal) {
	if (!is_there(needs, file)) {
		return refuse_missing(needs, file, refusal);
	}
	int fd = open_file(needs, file);
	enum op_code code = fd >= 0 ? check_file(needs, fd, depth + 1, refusal) : OP_OK;
	if (fd >= 0) {
		close(fd);
	}
	return code;
}

// As the program would look it up: malloc'd. The word as it was: not found. NULL: no memory.
static char *look_up(const struct needs *needs, const char *word) {
	for (const char *at = needs->path; needs->walled && *at;) {
		char file[4096];
		int size = (int)strcspn(at, ":");
		int whole = snprintf(file, sizeof(file), "%.*s/%s", size, at, word);
		if (whole < (int)sizeof(file) && sees(needs, file) && launch_is_program(file)) {
			return strdup(file);
		}
		at += size + (at[size] == ':');
	}
	return needs->walled ? strdup(word) : launch_look_up(word, needs->path);
}

// The program that env(1) is to find.
static enum op_code check_word(const struct needs *needs, const char *word, int depth,
		struct op_refusal *refusal) {
	char *file = *word && !strpbrk(word, "/=") && *word != '-' ? look_up(needs, word) : NULL;
	enum op_code code = OP_OK;
	if (file && !strchr(file, '/')) { // as it was: not found
		code = refuse_missing(needs, word, refusal);
	} else if (file) {
		code = check_named(needs, file, depth, refusal);
	}
	free(file);
	return code;
}

static enum op_code check_script(const struct needs *needs, char *line, int depth,
		struct op_refusal *refusal) {
	char *file = line + strspn(line, " \t");
	size_t size = strcspn(file, " \t");
	char *word = file + size + strspn(file + size, " \t");
	file[size] = '\0';
	word[strcspn(word, " \t")] = '\0';
	if (*file != '/') { // from where it starts: not known here
		return OP_OK;
	}
	enum op_code code = check_named(needs, file, depth, refusal);
	bool env = strcmp(file, "/usr/bin/env") == 0 || strcmp(file, "/bin/env") == 0;
	return code == OP_OK && env ? check_word(needs, word, depth, refusal) : code;
}

static enum op_code check_file(const struct needs *needs, int fd, int depth,
		struct op_refusal *refusal) {
	char line[256 + 2] = "";
	struct elf elf;
	ssize_t size = pread(fd, line, 256, 0);
	if (size >= 2 && memcmp(line, "#!", 2) == 0) {
		line[strcspn(line, "\n")] = '\0';
		bool whole = strlen(line) < 256; // a longer one is cut by the kernel
		return whole && depth < SCRIPTS_MAX ? check_script(needs, line + 2, depth, refusal) : OP_OK;
	}
	if (!elf_read(&elf, fd)) {
		return OP_OK;
	}
	enum op_code code = check_elf(needs, &elf, refusal);
	elf_finish(&elf);
	return code;
}

enum op_code needs_check(const struct needs *needs, int fd, struct op_refusal *refusal) {
	return check_file(needs, fd, 0, refusal);
}
