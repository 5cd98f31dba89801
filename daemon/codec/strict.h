/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/strict.h - JSON from outside: exactly RFC 8259, or refused.
 *
 * json-c's own strict mode still takes single quotes, control characters and
 * broken UTF-8 in strings, a key twice, and numbers that it silently makes
 * smaller. What passes here has one meaning.
 */
#ifndef NV_CODEC_STRICT_H
#define NV_CODEC_STRICT_H

#include "base/macros.h"
#include "base/refuse.h"

struct json_object;

/* Arrays and objects inside each other. */
#define STRICT_DEPTH 16

/**
 * strict_parse() - one JSON object, and nothing after it
 * Integers of more than 19 digits are refused, so none was changed.
 * Return: 0 and *@ret, to be released with json_object_put();
 * NV_E_BAD_REQUEST; -ENOMEM.
 */
int strict_parse(const char *text, size_t len, struct nv_why *why,
		 struct json_object **ret) nv_must_check;

#endif
