/* SPDX-License-Identifier: MIT */
#ifndef BOX_PRINTER_FORMAT_H
#define BOX_PRINTER_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cnstr;

/* Formats of what is printed, by the words that constraints and casts have for them. */
enum printer_format {
	PRINTER_PDF,
	PRINTER_POSTSCRIPT,
	PRINTER_JPEG,
	PRINTER_PNG,
	PRINTER_GIF,
	PRINTER_TIFF,
	PRINTER_PWG,
	PRINTER_URF,
	PRINTER_TEXT,
	PRINTER_FORMATS,
	PRINTER_UNSAID = PRINTER_FORMATS, // the type says nothing of the bytes
	PRINTER_OTHER, // none of these
};

#define PRINTER_HEAD 512 // bytes that are enough to know a format by
#define PRINTER_WORDS 80 // room for all of their words

/* "pdf", as in printer!*!*!pdf=yes; and "application/pdf". Not of PRINTER_UNSAID or OTHER. */
const char *printer_format_word(enum printer_format format);
const char *printer_format_mime(enum printer_format format);
/* By its MIME type, as CUPS says it; PRINTER_OTHER. */
enum printer_format printer_format_by_mime(const char *mime);
/*
 * What a box's type says of its bytes: text, image!*!*!format=png, pdf, application/pdf. NULL, file and
 * such words say nothing; video does: PRINTER_OTHER.
 */
enum printer_format printer_format_by_type(const char *type);
/* By the first bytes: all there are, or at least PRINTER_HEAD. */
enum printer_format printer_format_detect(const uint8_t *bytes, size_t size);
/*
 * Whether a box that is such takes bytes that are said to be of a type: a printer says so by attributes
 * WORD=yes; type may be NULL. What nothing is known of, and whatever is no printer, does.
 */
bool printer_format_taken(const struct cnstr *printer, const char *type);
/* The words of bits 1 << format: "pdf, jpeg"; "nothing that is known here". Returns out. */
const char *printer_format_list(uint32_t formats, char out[static PRINTER_WORDS]);

#endif
