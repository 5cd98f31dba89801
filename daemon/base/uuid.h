/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/uuid.h - 128-bit identities: pools, volumes, domain handles, boots.
 *
 * The sixteen bytes stand in the order in which the text shows them
 * (RFC 4122), which is also the order of Xen's domain handle.
 */
#ifndef NV_BASE_UUID_H
#define NV_BASE_UUID_H

#include "base/macros.h"

#define NV_UUID_TEXT 37 /* with the final NUL */

struct nv_uuid {
	uint8_t b[16];
};

/** nv_uuid_parse() - the 36-character form, either case. Return: 0 or -EINVAL. */
int nv_uuid_parse(const char *text, struct nv_uuid *ret) nv_must_check;

/** nv_uuid_print() - lower case. Return: @buf, of at least NV_UUID_TEXT bytes. */
const char *nv_uuid_print(const struct nv_uuid *u, char *buf);

bool nv_uuid_equal(const struct nv_uuid *a, const struct nv_uuid *b);
bool nv_uuid_is_zero(const struct nv_uuid *u);

#endif
