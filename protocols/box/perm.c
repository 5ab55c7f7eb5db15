/* SPDX-License-Identifier: MIT */
/*
 * perm.c - may they? Access lists and whom they speak of. Asked once, in the process that holds the
 * box (box.c); who somebody is was settled before, where the request came in.
 */
#include "box/perm.h"

#include <stdio.h>
#include <string.h>

#include "box/utf8.h"

// In the order in which they are shown.
static const char all_letters[] = "ksgplmdi";
// What the owner keeps whatever a line says: to see the box, and to change the list.
static const char owner_keeps[] = "ki";
// And of all that others own in what is his.
static const char top_owner_keeps[] = "kid";

static char capital(char letter) {
	return (char)(letter - 'a' + 'A');
}

static bool is_word(const char *text, size_t size, const char *word) {
	return size == strlen(word) && memcmp(text, word, size) == 0;
}

static enum op_code check_part(const char *text, size_t size, struct op_refusal *refusal) {
	int shown = size > 40 ? 40 : (int)size;
	if (size > OP_MAX_SUBJECT) {
		return op_refuse(refusal, OP_E2BIG,
			"the name of a person or a machine has at most %d bytes, not %zu",
			OP_MAX_SUBJECT, size);
	}
	if (size == 0 || !utf8_plain(text, size) || memchr(text, ' ', size) ||
			memchr(text, '/', size) || (size == 1 && strchr("*-", *text)) ||
			is_word(text, size, "owner")) {
		return op_refuse(refusal, OP_EARG, "\"%.*s\" cannot be the name of a person or a "
			"machine", shown, text);
	}
	return OP_OK;
}

enum op_code subject_check_part(const char *text, struct op_refusal *refusal) {
	return check_part(text, strlen(text), refusal);
}

enum op_code subject_parse(struct subject *subject, const char *text, struct op_refusal *refusal) {
	const char *slash = strchr(text, '/');
	if (!slash) {
		return op_refuse(refusal, OP_EARG, "a subject is PERSON/MACHINE, not \"%.40s\"",
			text);
	}
	enum op_code code = check_part(text, (size_t)(slash - text), refusal);
	if (code == OP_OK) {
		code = check_part(slash + 1, strlen(slash + 1), refusal);
	}
	if (code != OP_OK) {
		return code;
	}
	*subject = (struct subject){0};
	memcpy(subject->person, text, (size_t)(slash - text));
	strcpy(subject->machine, slash + 1);
	return OP_OK;
}

const char *subject_print(const struct subject *subject, char out[static SUBJECT_SIZE]) {
	char *end = stpcpy(out, subject->person);
	*end++ = '/';
	strcpy(end, subject->machine);
	return out;
}

enum op_code subject_parse_as(struct subject *subject, const char *text,
		struct op_refusal *refusal) {
	char who[SUBJECT_SIZE];
	size_t size = strcspn(text, " ");
	snprintf(who, sizeof(who), "%.*s", (int)size, text);
	enum op_code code = size < sizeof(who) ? subject_parse(subject, who, refusal) :
		subject_parse(subject, text, refusal);
	for (const char *at = text + size; code == OP_OK && *at == ' '; at += size) {
		size = strcspn(++at, " ");
		if (subject->groups_size == SUBJECT_GROUPS) {
			return op_refuse(refusal, OP_E2BIG, "a person is in at most %d groups", SUBJECT_GROUPS);
		}
		code = check_part(at, size, refusal);
		if (code == OP_OK) {
			memcpy(subject->groups[subject->groups_size++], at, size);
		}
	}
	return code;
}

const char *subject_print_as(const struct subject *subject, char out[static SUBJECT_AS_SIZE]) {
	size_t size = strlen(subject_print(subject, out));
	for (int i = 0; i < subject->groups_size; i++) {
		size += (size_t)snprintf(out + size, SUBJECT_AS_SIZE - size, " %s", subject->groups[i]);
	}
	return out;
}

static enum op_code check_who(const char *who, size_t size, struct op_refusal *refusal) {
	if (is_word(who, size, "*") || is_word(who, size, "owner")) {
		return OP_OK;
	}
	const char *slash = memchr(who, '/', size);
	enum op_code code = check_part(who, slash ? (size_t)(slash - who) : size, refusal);
	if (code == OP_OK && slash) {
		code = check_part(slash + 1, size - (size_t)(slash + 1 - who), refusal);
	}
	return code;
}

// Puts letters into their order; "" of "-". EARG of a letter that is none, or is there twice.
static enum op_code sort_letters(const char *text, char out[static PERM_LETTERS_SIZE],
		struct op_refusal *refusal) {
	size_t size = 0;
	out[0] = '\0';
	if (strcmp(text, "-") == 0) {
		return OP_OK;
	}
	for (const char *letter = all_letters; *letter; letter++) {
		if (strchr(text, *letter)) {
			out[size++] = *letter;
		} else if (strchr(text, capital(*letter))) {
			out[size++] = capital(*letter);
		}
	}
	out[size] = '\0';
	if (size == 0 || size != strlen(text)) {
		return op_refuse(refusal, OP_EARG,
			"rights are letters of %s, each once, capital to be asked, or - for no "
			"line; not \"%.40s\"", all_letters, text);
	}
	return OP_OK;
}

static struct acl_line *find_line(const struct acl *acl, const char *who) {
	for (int i = 0; acl && i < acl->size; i++) {
		if (strcmp(acl->lines[i].who, who) == 0) {
			return (struct acl_line *)&acl->lines[i];
		}
	}
	return NULL;
}

enum op_code acl_set(struct acl *acl, const char *text, struct op_refusal *refusal) {
	const char *blank = strchr(text, ' ');
	char letters[PERM_LETTERS_SIZE], who[SUBJECT_SIZE] = "";
	if (!blank) {
		return op_refuse(refusal, OP_EARG,
			"a line of an access list is SUBJECT LETTERS, like \"ann kg\", not "
			"\"%.40s\"", text);
	}
	enum op_code code = check_who(text, (size_t)(blank - text), refusal);
	if (code == OP_OK) {
		code = sort_letters(blank + 1, letters, refusal);
	}
	if (code != OP_OK) {
		return code;
	}
	memcpy(who, text, (size_t)(blank - text));
	struct acl_line *line = find_line(acl, who);
	if (letters[0] == '\0') {
		if (line) {
			acl->size--;
			memmove(line, line + 1,
				(size_t)(&acl->lines[acl->size] - line) * sizeof(*line));
		}
		return OP_OK;
	}
	if (!line) {
		if (acl->size == OP_MAX_ACL) {
			return op_refuse(refusal, OP_E2BIG,
				"an access list has at most %d lines; take one away with \"SUBJECT "
				"-\"", OP_MAX_ACL);
		}
		line = &acl->lines[acl->size++];
		strcpy(line->who, who);
	}
	strcpy(line->letters, letters);
	return OP_OK;
}

// In their order, small where either says so.
static void add_letters(char letters[static PERM_LETTERS_SIZE], const char *more) {
	char before[PERM_LETTERS_SIZE];
	size_t size = 0;
	strcpy(before, letters);
	for (const char *letter = all_letters; *letter; letter++) {
		if (strchr(before, *letter) || strchr(more, *letter)) {
			letters[size++] = *letter;
		} else if (strchr(before, capital(*letter)) || strchr(more, capital(*letter))) {
			letters[size++] = capital(*letter);
		}
	}
	letters[size] = '\0';
}

// What the most exact lines that speak of the subject say. false: none does.
static bool find_letters(const struct acl *acl, bool is_owner, const struct subject *subject,
		char letters[static PERM_LETTERS_SIZE]) {
	char exact[SUBJECT_SIZE];
	const struct acl_line *line = find_line(acl, subject_print(subject, exact));
	line = line ? line : find_line(acl, subject->person);
	letters[0] = '\0';
	for (int i = 0; acl && !line && i < subject->groups_size; i++) {
		const struct acl_line *of_group = find_line(acl, subject->groups[i]);
		add_letters(letters, of_group ? of_group->letters : "");
	}
	if (!line && !letters[0]) { // a line has letters, or it is none
		line = find_line(acl, is_owner ? "owner" : "*");
	}
	if (line) {
		strcpy(letters, line->letters);
	}
	return letters[0];
}

enum perm letters_allow(const char *letters, char letter) {
	return strchr(letters, letter) ? PERM_YES :
		strchr(letters, capital(letter)) ? PERM_ASK : PERM_NO;
}

// What a list says of a subject: found once, for all letters.
struct said {
	bool is_owner;
	bool any;     // a line speaks of him
	bool by_machine; // one is for this very machine
	char letters[PERM_LETTERS_SIZE]; // that line's
};

static void find_said(const struct acl *acl, const char *owner, const struct subject *subject,
		struct said *said) {
	char exact[SUBJECT_SIZE];
	said->is_owner = strcmp(subject->person, owner) == 0;
	said->any = find_letters(acl, said->is_owner, subject, said->letters);
	said->by_machine = find_line(acl, subject_print(subject, exact));
}

static enum perm says(const struct said *said, char letter) {
	if (said->is_owner && (!said->any || (!said->by_machine && strchr(owner_keeps, letter)))) {
		return PERM_YES;
	}
	return said->any ? letters_allow(said->letters, letter) : PERM_NO;
}

enum perm acl_allows(const struct acl *acl, const char *owner, const struct subject *subject,
		char letter) {
	struct said said;
	find_said(acl, owner, subject, &said);
	return says(&said, letter);
}

const char *acl_letters(const struct acl *acl, const char *owner, const struct subject *subject,
		char out[static PERM_LETTERS_SIZE]) {
	struct said said;
	size_t size = 0;
	find_said(acl, owner, subject, &said);
	for (const char *letter = all_letters; *letter; letter++) {
		enum perm perm = says(&said, *letter);
		if (perm != PERM_NO) {
			out[size++] = perm == PERM_YES ? *letter : capital(*letter);
		}
	}
	out[size] = '\0';
	return out;
}

void perm_path_begin(struct perm_path *path, const struct acl *acl, const char *owner,
		const struct subject *subject) {
	char exact[SUBJECT_SIZE];
	*path = (struct perm_path){
		.subject = subject,
		.top_owner = owner,
		.by_machine = find_line(acl, subject_print(subject, exact)),
	};
	snprintf(path->owner, sizeof(path->owner), "%s", owner);
	acl_letters(acl, owner, subject, path->letters);
}

bool perm_path_step(struct perm_path *path, const struct perm_step *step) {
	const char *person = path->subject->person;
	char letters[PERM_LETTERS_SIZE];
	if (step->owner[0]) {
		strcpy(path->owner, step->owner);
	}
	bool is_owner = strcmp(person, path->owner) == 0 && !path->by_machine;
	bool is_top_owner = strcmp(person, path->top_owner) == 0;
	bool decided = !step->broken &&
		find_letters(&step->acl, strcmp(person, path->owner) == 0, path->subject, letters);
	if (decided) {
		acl_letters(&step->acl, path->owner, path->subject, path->letters);
	} else if (step->broken && !is_owner && !is_top_owner) {
		path->letters[0] = '\0';
	} else if (step->owner[0] && is_owner) {
		strcpy(path->letters, all_letters);
	}
	if (is_top_owner && !path->by_machine) {
		add_letters(path->letters, top_owner_keeps);
	}
	return decided;
}

const char *perm_line_with(const char *who, const char *letters, char letter,
		char out[static ACL_LINE_SIZE]) {
	char all[PERM_LETTERS_SIZE], more[] = {letter, '\0'};
	snprintf(all, sizeof(all), "%s", letters);
	add_letters(all, more);
	snprintf(out, ACL_LINE_SIZE, "%s %s", who, all);
	return out;
}

const char *acl_line_with(const struct acl *acl, const char *owner, const struct subject *subject,
		char letter, char out[static ACL_LINE_SIZE]) {
	char exact[SUBJECT_SIZE], letters[PERM_LETTERS_SIZE];
	subject_print(subject, exact);
	acl_letters(acl, owner, subject, letters);
	return perm_line_with(find_line(acl, exact) ? exact : subject->person, letters, letter, out);
}
