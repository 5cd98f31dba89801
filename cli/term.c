/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/term.c - capabilities, escaping, widths.
 */
#include "config.h"

#include "cli/term.h"

#include <langinfo.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

#include "base/utf8.h"

#define COLUMNS_MIN 40
#define COLUMNS_MAX 500

static unsigned int columns_of(int fd, bool tty)
{
	const char *env = getenv("COLUMNS");
	struct winsize w;
	long n = env ? strtol(env, NULL, 10) : 0;

	if (n <= 0 && tty)
		n = !ioctl(fd, TIOCGWINSZ, &w) && w.ws_col ? w.ws_col : 80;
	if (n <= 0)
		return 0;
	n = NV_MAX(n, (long)COLUMNS_MIN);
	return (unsigned int)NV_MIN(n, (long)COLUMNS_MAX);
}

struct term term_detect(FILE *f)
{
	const char *no_color = getenv("NO_COLOR"), *type = getenv("TERM");
	bool tty = isatty(fileno(f));
	bool dumb = !type || !type[0] || !strcmp(type, "dumb");
	bool utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");

	return (struct term){
		.columns = columns_of(fileno(f), tty),
		.utf8 = utf8,
		.glyphs = utf8 && tty && !dumb,
		.colour = tty && !dumb && !(no_color && no_color[0]),
	};
}

const char *term_on(const struct term *t, enum term_style style)
{
	static const char *const sequence[] = {
		[TERM_PLAIN] = "",
		[TERM_BOLD] = "\033[1m",
		[TERM_DIM] = "\033[2m",
		[TERM_GOOD] = "\033[32m",
		[TERM_NOTE] = "\033[36m",
		[TERM_BAD] = "\033[1;31m",
	};

	return t->colour ? sequence[style] : "";
}

const char *term_off(const struct term *t, enum term_style style)
{
	return t->colour && style != TERM_PLAIN ? "\033[0m" : "";
}

const char *term_text(const struct term *t, const char *text, char *buf,
		      size_t size)
{
	size_t len = strlen(text), at = 0, n, put;
	char piece[16];
	uint32_t c;

	for (; len; text += n, len -= n) {
		n = utf8_next(text, len, &c);
		if (!n) {
			n = 1;
			put = (size_t)snprintf(piece, sizeof(piece), "\\x%02x",
					       (unsigned char)*text);
		} else if (c < 0x80 && utf8_is_control(c)) {
			put = (size_t)snprintf(piece, sizeof(piece), "\\x%02x", c);
		} else if (c >= 0x80 && (!t->utf8 || utf8_is_control(c))) {
			put = (size_t)snprintf(piece, sizeof(piece), "\\u%04x", c);
		} else {
			memcpy(piece, text, n);
			put = n;
		}
		if (at + put >= size)
			break;
		memcpy(buf + at, piece, put);
		at += put;
	}
	buf[at] = '\0';
	return buf;
}

static unsigned int width_of(uint32_t c)
{
	int w = c < 0x80 ? 1 : wcwidth((wchar_t)c);

	return w < 0 ? 1 : (unsigned int)w;
}

unsigned int term_width(const struct term *t, const char *text)
{
	size_t len = strlen(text), n;
	unsigned int width = 0;
	uint32_t c;

	for (; len; text += n, len -= n) {
		n = utf8_next(text, len, &c);
		width += n ? width_of(c) : 1;
		n = n ? n : 1;
	}
	return width;
}

void term_cut(const struct term *t, char *text, size_t size,
	      unsigned int width)
{
	const char *mark = t->glyphs ? "\xe2\x80\xa6" : "...";
	unsigned int mark_width = t->glyphs ? 1 : 3, used = 0;
	size_t len = strlen(text), at = 0, n;
	uint32_t c;

	if (term_width(t, text) <= width || width < mark_width)
		return;
	while (at < len) {
		n = utf8_next(text + at, len - at, &c);
		if (!n || used + width_of(c) + mark_width > width)
			break;
		used += width_of(c);
		at += n;
	}
	snprintf(text + at, size - at, "%s", mark);
}
