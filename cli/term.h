/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/term.h - what the terminal can show, and text that cannot hurt it.
 */
#ifndef NV_CLI_TERM_H
#define NV_CLI_TERM_H

#include <stdio.h>

#include "base/macros.h"

struct term {
	unsigned int columns; /* 0: as many as it takes */
	bool utf8;	      /* other letters than ASCII may be printed */
	bool glyphs;	      /* so may blocks and lines */
	bool colour;
};

/** term_detect() - of the stream @f: terminal, locale, COLUMNS, NO_COLOR, TERM */
struct term term_detect(FILE *f);

enum term_style {
	TERM_PLAIN,
	TERM_BOLD,
	TERM_DIM,
	TERM_GOOD,
	TERM_NOTE,
	TERM_BAD,
};

/** term_on(), term_off() - the escape sequence, or "" without colours */
const char *term_on(const struct term *t, enum term_style style);
const char *term_off(const struct term *t, enum term_style style);

/**
 * term_text() - @text as it may be printed
 * Control characters, what reorders text, bytes that are not UTF-8, and on an
 * ASCII terminal every other letter are written as \x1b or \u202e. Cut at the
 * buffer's end. Return: @buf.
 */
const char *term_text(const struct term *t, const char *text, char *buf,
		      size_t size);

/** term_width() - columns that @text, which term_text() made, takes */
unsigned int term_width(const struct term *t, const char *text);

/**
 * term_cut() - shorten @text, in place, to @width columns
 * What was cut shows as "..." or one character for it.
 */
void term_cut(const struct term *t, char *text, size_t size,
	      unsigned int width);

#endif
