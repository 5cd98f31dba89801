/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/hex.h - hexadecimal digits.
 */
#ifndef NV_BASE_HEX_H
#define NV_BASE_HEX_H

/** nv_hex_digit() - small or capital. Return: 0 to 15; -1, it is none. */
static inline int nv_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

#endif
