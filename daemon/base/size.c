/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/size.c - reading and printing sizes without floating point.
 */
#include "base/size.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"

static const char unit_letters[] = "KMGTPE";

/* The factor that @unit stands for; false if it is no unit. */
static bool unit_factor(const char *unit, uint64_t *ret)
{
	uint64_t base, factor;
	const char *letter;
	size_t i, power;

	if (unit[0] == '\0' || !strcasecmp(unit, "B")) {
		*ret = 1;
		return true;
	}

	letter = strchr(unit_letters, unit[0] >= 'a' ? unit[0] - 32 : unit[0]);
	if (!letter || *letter == '\0')
		return false;
	power = (size_t)(letter - unit_letters) + 1;

	if (unit[1] == '\0' || !strcasecmp(unit + 1, "iB"))
		base = 1024;
	else if (!strcasecmp(unit + 1, "B"))
		base = 1000;
	else
		return false;

	for (factor = 1, i = 0; i < power; i++)
		factor *= base;
	*ret = factor;
	return true;
}

static const char *skip_spaces(const char *s)
{
	while (*s == ' ')
		s++;
	return s;
}

static bool digit_of(char c, unsigned int base, unsigned int *ret)
{
	int digit = nv_hex_digit(c);

	if (digit < 0 || (unsigned int)digit >= base)
		return false;
	*ret = (unsigned int)digit;
	return true;
}

int nv_size_parse(const char *text, uint64_t *ret)
{
	uint64_t whole = 0, fraction = 0, scale = 1, factor, part;
	unsigned int base = 10, digit;
	const char *s = skip_spaces(text), *first;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}

	for (first = s; digit_of(*s, base, &digit); s++)
		if (__builtin_mul_overflow(whole, base, &whole) ||
		    __builtin_add_overflow(whole, digit, &whole))
			return -ERANGE;
	if (s == first)
		return -EINVAL;

	if (*s == '.' && base == 10) {
		for (first = ++s; digit_of(*s, 10, &digit); s++) {
			if (scale > UINT64_MAX / 100)
				return -ERANGE;
			fraction = fraction * 10 + digit;
			scale *= 10;
		}
		if (s == first)
			return -EINVAL;
	}

	if (!unit_factor(skip_spaces(s), &factor))
		return -EINVAL;
	if (__builtin_mul_overflow(whole, factor, &whole))
		return -ERANGE;

	/* fraction / scale of the unit must come out in whole bytes */
	if (fraction) {
		unsigned __int128 bytes = (unsigned __int128)fraction * factor;

		if (bytes % scale)
			return -EINVAL;
		part = (uint64_t)(bytes / scale);
		if (__builtin_add_overflow(whole, part, &whole))
			return -ERANGE;
	}

	*ret = whole;
	return 0;
}

/* The largest power of 1024 that is not above @bytes; 0 for plain bytes. */
static unsigned int unit_of(uint64_t bytes)
{
	unsigned int unit = 0;

	while (unit < sizeof(unit_letters) - 1 && bytes >> (10 * (unit + 1)))
		unit++;
	return unit;
}

const char *nv_size_print(uint64_t bytes, char *buf)
{
	unsigned int unit = unit_of(bytes), shift = 10 * unit;
	uint64_t whole = bytes >> shift;
	uint64_t rest = bytes - (whole << shift);
	uint64_t hundredths;

	if (!unit) {
		snprintf(buf, NV_SIZE_TEXT, "%" PRIu64 " B", bytes);
		return buf;
	}
	if (!rest) {
		snprintf(buf, NV_SIZE_TEXT, "%" PRIu64 " %ciB", whole,
			 unit_letters[unit - 1]);
		return buf;
	}

	/* Cut, never rounded up: free space must not read as more than it is. */
	hundredths = (uint64_t)(((unsigned __int128)rest * 100) >> shift);
	snprintf(buf, NV_SIZE_TEXT, "%" PRIu64 ".%02" PRIu64 " %ciB", whole,
		 hundredths, unit_letters[unit - 1]);
	return buf;
}

const char *nv_size_print_exact(uint64_t bytes, char *buf)
{
	unsigned int unit = unit_of(bytes);

	while (unit && bytes & ((1ull << (10 * unit)) - 1))
		unit--;
	if (unit)
		snprintf(buf, NV_SIZE_TEXT, "%" PRIu64 " %ciB",
			 bytes >> (10 * unit), unit_letters[unit - 1]);
	else
		snprintf(buf, NV_SIZE_TEXT, "%" PRIu64 " B", bytes);
	return buf;
}
