/* SPDX-License-Identifier: MIT */
/*
 * cnstr.c - types with constraints: what splits on "!". Says whether one meets another; choosing
 * among several boxes is for whoever has them.
 */
#include "box/cnstr.h"

#include <string.h>

#include "box/utf8.h"

static const char any[] = "*";
static const char name_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-"; // of an attribute

static bool is_any(const char *element) {
	return strcmp(element, any) == 0;
}

// A decimal number without sign or exponent; strtod(3) would ask the locale.
static bool parse_decimal(const char *text, double *number) {
	double value = 0, unit = 1;
	bool digits = false, point = false;
	for (; *text; text++) {
		if (*text == '.' && !point) {
			point = true;
		} else if (*text >= '0' && *text <= '9') {
			digits = true;
			unit = point ? unit / 10 : unit;
			value = point ? value + unit * (*text - '0') : value * 10 + (*text - '0');
		} else {
			return false;
		}
	}
	*number = value;
	return digits;
}

static enum op_code parse_attr(struct cnstr *cnstr, char *text, struct op_refusal *refusal) {
	size_t size = strcspn(text, "=<>");
	char relation = text[size];
	if (relation == '\0' || size == 0 ||
			strspn(text, name_letters) != size) {
		return op_refuse(refusal, OP_EARG,
			"behind type!arch!net come attributes like gpu=v3d, not \"%.40s\"", text);
	}
	if (cnstr->attrs_size == OP_MAX_ATTRS) {
		return op_refuse(refusal, OP_E2BIG, "a constraint has at most %d attributes",
			OP_MAX_ATTRS);
	}
	text[size] = '\0';
	const char *value = text + size + 1;
	double number;
	if (relation != '=' && !parse_decimal(value, &number)) {
		return op_refuse(refusal, OP_EARG, "%.40s%c wants a number, not \"%.40s\"", text,
			relation, value);
	}
	if (*value == '\0') {
		return op_refuse(refusal, OP_EARG, "the attribute %.40s has no value", text);
	}
	for (int i = 0; i < cnstr->attrs_size; i++) {
		if (strcmp(cnstr->attrs[i].name, text) == 0 &&
				cnstr->attrs[i].relation == relation) {
			return op_refuse(refusal, OP_EARG, "the attribute %.40s is there twice",
				text);
		}
	}
	cnstr->attrs[cnstr->attrs_size++] = (struct cnstr_attr){
		.name = text,
		.value = value,
		.relation = relation,
	};
	return OP_OK;
}

static enum op_code parse_element(struct cnstr *cnstr, int position, char *text,
		struct op_refusal *refusal) {
	static const char *const names[] = {"type", "architecture", "network"};
	const char **elements[] = {&cnstr->type, &cnstr->arch, &cnstr->net};
	if (position >= 3) {
		return parse_attr(cnstr, text, refusal);
	}
	if (strpbrk(text, "=<>")) {
		return op_refuse(refusal, OP_EARG,
			"\"%.40s\" stands where the %s belongs; attributes come behind "
			"type!arch!net, * is any", text, names[position]);
	}
	*elements[position] = *text ? text : any;
	return OP_OK;
}

static enum op_code refuse_long(struct op_refusal *refusal) {
	return op_refuse(refusal, OP_E2BIG, "a type with its constraints has at most %d bytes",
		OP_MAX_CNSTR);
}

enum op_code cnstr_parse(struct cnstr *cnstr, const char *text, struct op_refusal *refusal) {
	size_t size = strlen(text);
	cnstr->type = cnstr->arch = cnstr->net = any;
	cnstr->attrs_size = 0;
	if (size > OP_MAX_CNSTR) {
		return refuse_long(refusal);
	}
	if (!utf8_plain(text, size) || strchr(text, ' ')) {
		return op_refuse(refusal, OP_EARG,
			"a type with its constraints is UTF-8 without blanks, so not \"%.40s\"",
			text);
	}
	memcpy(cnstr->text, text, size + 1);
	char *at = cnstr->text;
	for (int position = 0; at; position++) {
		char *element = strsep(&at, "!");
		// A missing element is printed as "*".
		size += *element == '\0';
		enum op_code code = parse_element(cnstr, position, element, refusal);
		if (code != OP_OK) {
			return code;
		}
	}
	return size > OP_MAX_CNSTR ? refuse_long(refusal) : OP_OK;
}

const char *cnstr_print(const struct cnstr *cnstr, char out[static OP_MAX_CNSTR + 1]) {
	const char *elements[] = {cnstr->type, cnstr->arch, cnstr->net};
	int count = cnstr->attrs_size > 0 || !is_any(cnstr->net) ? 3 : !is_any(cnstr->arch) ? 2 : 1;
	char *at = out; // cnstr_parse has seen to it that all fits
	for (int i = 0; i < count; i++) {
		at = i > 0 ? stpcpy(at, "!") : at;
		at = stpcpy(at, elements[i]);
	}
	for (int i = 0; i < cnstr->attrs_size; i++) {
		const struct cnstr_attr *attr = &cnstr->attrs[i];
		*at++ = '!';
		at = stpcpy(at, attr->name);
		*at++ = attr->relation;
		at = stpcpy(at, attr->value);
	}
	return out;
}

static size_t printed_size(const struct cnstr *cnstr) {
	size_t size = strlen(cnstr->type) + strlen(cnstr->arch) + strlen(cnstr->net) + 2;
	for (int i = 0; i < cnstr->attrs_size; i++) {
		size += 2 + strlen(cnstr->attrs[i].name) + strlen(cnstr->attrs[i].value);
	}
	return size;
}

bool cnstr_set_net(struct cnstr *cnstr, const char *net) {
	const char *before = cnstr->net;
	cnstr->net = net;
	if (printed_size(cnstr) > OP_MAX_CNSTR) {
		cnstr->net = before;
		return false;
	}
	return true;
}

bool cnstr_set_attr(struct cnstr *cnstr, const char *name, const char *value) {
	int size = cnstr->attrs_size, i = 0;
	while (i < size && strcmp(cnstr->attrs[i].name, name) != 0) {
		i++;
	}
	if (i == OP_MAX_ATTRS) {
		return false;
	}
	struct cnstr_attr before = cnstr->attrs[i];
	cnstr->attrs[i] = (struct cnstr_attr){.name = name, .value = value, .relation = '='};
	cnstr->attrs_size += i == size;
	if (printed_size(cnstr) > OP_MAX_CNSTR) {
		cnstr->attrs[i] = before;
		cnstr->attrs_size = size;
		return false;
	}
	return true;
}

const char *cnstr_attr(const struct cnstr *cnstr, const char *name) {
	for (int i = 0; i < cnstr->attrs_size; i++) {
		if (strcmp(cnstr->attrs[i].name, name) == 0) {
			return cnstr->attrs[i].value;
		}
	}
	return NULL;
}

static bool element_meets(const char *own, const char *want) {
	return is_any(want) || is_any(own) || strcmp(own, want) == 0;
}

static bool attr_meets(const struct cnstr *own, const struct cnstr_attr *want) {
	if (want->relation == '=' && is_any(want->value)) {
		return true;
	}
	for (int i = 0; i < own->attrs_size; i++) {
		const struct cnstr_attr *attr = &own->attrs[i];
		if (strcmp(attr->name, want->name) != 0 || attr->relation != '=') {
			continue;
		}
		if (want->relation == '=' || is_any(attr->value)) {
			return element_meets(attr->value, want->value);
		}
		double has, bound;
		return parse_decimal(attr->value, &has) && parse_decimal(want->value, &bound) &&
			(want->relation == '<' ? has < bound : has > bound);
	}
	return false;
}

bool cnstr_meets(const struct cnstr *own, const struct cnstr *want) {
	if (!element_meets(own->type, want->type) || !element_meets(own->arch, want->arch) ||
			!element_meets(own->net, want->net)) {
		return false;
	}
	for (int i = 0; i < want->attrs_size; i++) {
		if (!attr_meets(own, &want->attrs[i])) {
			return false;
		}
	}
	return true;
}

bool cnstr_text_meets(const char *own, const char *want) {
	struct cnstr a, b;
	return cnstr_parse(&a, own, NULL) == OP_OK && cnstr_parse(&b, want, NULL) == OP_OK &&
		cnstr_meets(&a, &b);
}

static bool same(const char *a, const char *b) {
	return a && b && (is_any(a) || is_any(b) || strcmp(a, b) == 0);
}

enum op_code spec_check(const char *spec, struct op_refusal *refusal) {
	char text[OP_MAX_CNSTR + 1], *at = text;
	if (strlen(spec) > OP_MAX_CNSTR) {
		return refuse_long(refusal);
	}
	strcpy(text, spec);
	for (int position = 0; at;) {
		const char *element = strsep(&at, "!");
		if (element[0] == '%' && element[1] != '\0') {
			if (strspn(element + 1, name_letters) == strlen(element + 1)) {
				continue;
			}
			return op_refuse(refusal, OP_EARG, "the spec \"%.80s\" has \"%.40s\", but an attribute is "
				"called by a to z, 0 to 9 and -, as %%gpu", spec, element);
		}
		if (*element && !is_any(element) && element[0] != '%') {
			return op_refuse(refusal, OP_EARG, "the spec \"%.80s\" has \"%.40s\", and is made of %%, "
				"%%ATTRIBUTE and *: %% is the same architecture, %%!%% the same network too", spec,
				element);
		}
		if (element[0] == '%' && position > 1) {
			return op_refuse(refusal, OP_EARG, "the spec \"%.80s\" has a third bare %%: the first is of "
				"the architecture, the second of the network, attributes have names, as %%gpu", spec);
		}
		position++;
	}
	return OP_OK;
}

bool cnstr_joined(const char *spec, const struct cnstr *a, const struct cnstr *b) {
	char text[OP_MAX_CNSTR + 1];
	if (strlen(spec) > OP_MAX_CNSTR) {
		return false;
	}
	strcpy(text, spec);
	char *at = text;
	// A bare "%" is of an element, in their order; one with a name is of an attribute,
	// anywhere.
	for (int position = 0; at;) {
		char *element = strsep(&at, "!");
		if (element[0] == '%' && element[1] != '\0') {
			if (!same(cnstr_attr(a, element + 1), cnstr_attr(b, element + 1))) {
				return false;
			}
			continue;
		}
		bool joins = element[0] == '%';
		if ((!joins && *element && !is_any(element)) || (joins && position > 1)) {
			return false;
		}
		if (joins && !(position == 0 ? same(a->arch, b->arch) : same(a->net, b->net))) {
			return false;
		}
		position++;
	}
	return true;
}

const char *cnstr_arch_here(void) {
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#elif defined(__arm__) && defined(__ARM_PCS_VFP)
	return "armhf";
#elif defined(__i386__)
	return "i386";
#elif defined(__riscv) && __riscv_xlen == 64
	return "riscv64";
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return "ppc64el";
#elif defined(__s390x__)
	return "s390x";
#else
#error "say what Debian calls this architecture"
#endif
}
