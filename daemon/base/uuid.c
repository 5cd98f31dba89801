/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/uuid.c - UUIDs between text and bytes.
 */
#include "base/uuid.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"

/* Where the dashes stand in 8-4-4-4-12. */
static bool is_dash_at(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

int nv_uuid_parse(const char *text, struct nv_uuid *ret)
{
	struct nv_uuid u = { { 0 } };
	size_t i, nibble = 0;
	int hex;

	for (i = 0; i < NV_UUID_TEXT - 1; i++) {
		if (is_dash_at(i)) {
			if (text[i] != '-')
				return -EINVAL;
			continue;
		}
		hex = nv_hex_digit(text[i]);
		if (hex < 0)
			return -EINVAL;
		u.b[nibble / 2] = (uint8_t)(u.b[nibble / 2] << 4 | hex);
		nibble++;
	}
	if (text[i] != '\0')
		return -EINVAL;

	*ret = u;
	return 0;
}

const char *nv_uuid_print(const struct nv_uuid *u, char *buf)
{
	static const char digits[] = "0123456789abcdef";
	size_t i, nibble = 0;

	for (i = 0; i < NV_UUID_TEXT - 1; i++) {
		if (is_dash_at(i)) {
			buf[i] = '-';
			continue;
		}
		buf[i] = digits[nibble % 2 ? u->b[nibble / 2] & 15
					   : u->b[nibble / 2] >> 4];
		nibble++;
	}
	buf[i] = '\0';
	return buf;
}

bool nv_uuid_equal(const struct nv_uuid *a, const struct nv_uuid *b)
{
	return !memcmp(a->b, b->b, sizeof(a->b));
}

bool nv_uuid_is_zero(const struct nv_uuid *u)
{
	static const struct nv_uuid zero;

	return nv_uuid_equal(u, &zero);
}
