/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/refuse.c - looking up the one table of refusals.
 */
#include "base/refuse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct refusal {
	int code;
	const char *varlink;
	const char *hint;
} refusals[] = {
#define NV_X(code, NAME, varlink, hint) { code, #varlink, hint },
	NV_REFUSALS(NV_X)
#undef NV_X
};

static const struct refusal *refusal_find(int code)
{
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(refusals); i++)
		if (refusals[i].code == code)
			return &refusals[i];
	return NULL;
}

int nv_refuse(struct nv_why *why, int code, const char *fmt, ...)
{
	va_list ap;

	if (why) {
		va_start(ap, fmt);
		vsnprintf(why->text, sizeof(why->text), fmt, ap);
		va_end(ap);
	}
	return code;
}

const char *nv_refusal_varlink(int code)
{
	const struct refusal *r = refusal_find(code);

	return r ? r->varlink : NULL;
}

const char *nv_refusal_hint(int code)
{
	const struct refusal *r = refusal_find(code);

	return r ? r->hint : NULL;
}

int nv_refusal_code(const char *varlink)
{
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(refusals); i++)
		if (!strcmp(refusals[i].varlink, varlink))
			return refusals[i].code;
	return 0;
}
