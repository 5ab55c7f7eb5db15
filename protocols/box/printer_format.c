/* SPDX-License-Identifier: MIT */
/*
 * printer_format.c - what is to be printed: which format that is, by what is said of it or by its first
 * bytes. Converts nothing; which printer takes which is CUPS's word.
 */
#include "box/printer_format.h"

#include <stdio.h>
#include <string.h>

#include "box/cast.h"
#include "box/cnstr.h"
#include "box/utf8.h"

static const struct {
	const char *word, *mime, *magic;
	size_t magic_size;
} formats[PRINTER_FORMATS] = {
	[PRINTER_PDF] = {"pdf", "application/pdf", "%PDF", 4},
	[PRINTER_POSTSCRIPT] = {"postscript", "application/postscript", "%!", 2},
	[PRINTER_JPEG] = {"jpeg", "image/jpeg", "\xff\xd8\xff", 3},
	[PRINTER_PNG] = {"png", "image/png", "\x89PNG\r\n\x1a\n", 8},
	[PRINTER_GIF] = {"gif", "image/gif", "GIF8", 4},
	[PRINTER_TIFF] = {"tiff", "image/tiff", "II*\0", 4},
	[PRINTER_PWG] = {"pwg", "image/pwg-raster", "RaS2", 4},
	[PRINTER_URF] = {"urf", "image/urf", "UNIRAST", 8},
	[PRINTER_TEXT] = {"text", "text/plain", "", 0},
};

const char *printer_format_word(enum printer_format format) {
	return formats[format].word;
}

const char *printer_format_mime(enum printer_format format) {
	return formats[format].mime;
}

enum printer_format printer_format_by_mime(const char *mime) {
	int i = 0;
	while (i < PRINTER_FORMATS && strcmp(formats[i].mime, mime) != 0) {
		i++;
	}
	return i < PRINTER_FORMATS ? (enum printer_format)i : PRINTER_OTHER;
}

static enum printer_format by_word(const char *word) {
	int i = 0;
	word = strcmp(word, "jpg") == 0 ? "jpeg" : word;
	while (i < PRINTER_FORMATS && strcmp(formats[i].word, word) != 0) {
		i++;
	}
	return i < PRINTER_FORMATS ? (enum printer_format)i : printer_format_by_mime(word);
}

enum printer_format printer_format_by_type(const char *type) {
	struct cnstr cnstr;
	if (!type || cnstr_parse(&cnstr, type, NULL) != OP_OK || cast_is_free(cnstr.type, "printer")) {
		return PRINTER_UNSAID;
	}
	const char *format = cnstr_attr(&cnstr, "format");
	if (strcmp(cnstr.type, "image") == 0) {
		return format ? by_word(format) : PRINTER_UNSAID;
	}
	return by_word(cnstr.type);
}

// What may be the beginning of a text: the last character may be cut.
static bool is_text(const char *text, size_t size) {
	size_t at = 0;
	for (size_t step; at < size && (step = utf8_next(text + at, size - at)) > 0; at += step) {
		unsigned char byte = (unsigned char)text[at];
		if (byte == 0x7f || (byte < 0x20 && !strchr("\t\n\f\r\b", byte)) || byte == 0) {
			return false;
		}
	}
	return size - at < 4 && (at == size || size == PRINTER_HEAD);
}

enum printer_format printer_format_detect(const uint8_t *bytes, size_t size) {
	size = size < PRINTER_HEAD ? size : PRINTER_HEAD;
	for (int i = 0; i < PRINTER_TEXT; i++) {
		if (size >= formats[i].magic_size &&
				memcmp(bytes, formats[i].magic, formats[i].magic_size) == 0) {
			return (enum printer_format)i;
		}
	}
	if (size >= 4 && memcmp(bytes, "MM\0*", 4) == 0) {
		return PRINTER_TIFF;
	}
	return size > 0 && is_text((const char *)bytes, size) ? PRINTER_TEXT : PRINTER_OTHER;
}

bool printer_format_taken(const struct cnstr *printer, const char *type) {
	enum printer_format format = printer_format_by_type(type);
	if (format == PRINTER_UNSAID || strcmp(printer->type, "printer") != 0) {
		return true;
	}
	const char *takes = format < PRINTER_FORMATS ? cnstr_attr(printer, formats[format].word) : NULL;
	return takes && strcmp(takes, "yes") == 0;
}

const char *printer_format_list(uint32_t list, char out[static PRINTER_WORDS]) {
	size_t size = 0;
	for (int i = 0; i < PRINTER_FORMATS; i++) {
		if (list & 1u << i) {
			size += (size_t)snprintf(out + size, PRINTER_WORDS - size, "%s%s", size > 0 ? ", " : "",
				formats[i].word);
		}
	}
	if (size == 0) {
		snprintf(out, PRINTER_WORDS, "nothing that is known here");
	}
	return out;
}
