/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/utf8.c - decoding UTF-8 without a locale.
 */
#include "base/utf8.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

size_t utf8_next(const char *text, size_t len, uint32_t *ret)
{
	/* The smallest character that needs so many bytes (RFC 3629, 3). */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)text;
	size_t n, i;
	uint32_t c;

	if (!len)
		return 0;
	if (s[0] < 0x80) {
		*ret = s[0];
		return 1;
	}
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 0;
	c = s[0] & (0x7fu >> n);
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

bool utf8_valid(const char *text, size_t len)
{
	uint32_t c;
	size_t n;

	for (; len; text += n, len -= n) {
		n = utf8_next(text, len, &c);
		if (!n)
			return false;
	}
	return true;
}

bool utf8_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || /* C0, DEL, C1 */
	       c == 0x061c || (c >= 0x200e && c <= 0x200f) || /* directions */
	       (c >= 0x2028 && c <= 0x202e) || /* lines, overrides */
	       (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

void utf8_repair(const char *text, char *to, size_t size)
{
	size_t len = strlen(text), at = 0, n, put;
	const char *from;
	uint32_t c;

	for (; len; text += n, len -= n) {
		n = utf8_next(text, len, &c);
		from = n ? text : REPLACEMENT;
		put = n ? n : strlen(REPLACEMENT);
		n = n ? n : 1;
		if (at + put >= size)
			break;
		memcpy(to + at, from, put);
		at += put;
	}
	to[at] = '\0';
}
