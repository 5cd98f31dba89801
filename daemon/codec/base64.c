/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/base64.c - three bytes are four letters.
 */
#include "codec/base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "abcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_print(const uint8_t *bytes, size_t n, char *to)
{
	uint32_t group;
	size_t i;

	for (i = 0; i < n; i += 3) {
		group = (uint32_t)bytes[i] << 16;
		group |= i + 1 < n ? (uint32_t)bytes[i + 1] << 8 : 0;
		group |= i + 2 < n ? bytes[i + 2] : 0u;
		*to++ = letters[group >> 18];
		*to++ = letters[group >> 12 & 63];
		*to++ = i + 1 < n ? letters[group >> 6 & 63] : '=';
		*to++ = i + 2 < n ? letters[group & 63] : '=';
	}
	*to = '\0';
}

static int letter_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_parse(const char *text, size_t len, uint8_t *to, size_t *ret)
{
	size_t i, k, pad = 0, n = 0;
	uint32_t group;
	int v;

	if (len % 4)
		return -EINVAL;
	for (i = 0; i < len; i += 4) {
		for (group = 0, k = 0; k < 4; k++) {
			v = letter_value(text[i + k]);
			if (v < 0) {
				/* only at the very end, at most two */
				if (text[i + k] != '=' || i + 4 != len || k < 2)
					return -EINVAL;
				pad++;
				v = 0;
			} else if (pad) {
				return -EINVAL;
			}
			group = group << 6 | (uint32_t)v;
		}
		/* bits that stand for no byte must be 0 */
		if (pad && group & (pad == 2 ? 0xffffu : 0xffu))
			return -EINVAL;
		to[n++] = (uint8_t)(group >> 16);
		if (pad < 2)
			to[n++] = (uint8_t)(group >> 8);
		if (pad < 1)
			to[n++] = (uint8_t)group;
	}
	*ret = n;
	return 0;
}
