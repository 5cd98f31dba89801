/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/names.c - what pools, volumes and owners may be called.
 */
#include <stdio.h>
#include <string.h>

#include "core/ledger-int.h"

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

int ledger_name_check(const char *name, struct nv_why *why)
{
	size_t len = strlen(name), i;

	if (!len)
		return nv_refuse(why, NV_E_BAD_NAME, "the name is empty");
	if (len >= NV_NAME_TEXT)
		return nv_refuse(why, NV_E_BAD_NAME,
				 "the name is %zu bytes long, at most %d fit",
				 len, NV_NAME_TEXT - 1);
	for (i = 0; i < len; i++) {
		if (is_name_char(name[i]))
			continue;
		if (i && strchr("._-", name[i]))
			continue;
		return nv_refuse(why, NV_E_BAD_NAME,
				 "byte %zu of the name is 0x%02x, which may not stand there",
				 i + 1, (unsigned char)name[i]);
	}
	return 0;
}

int ledger_owner_check(const char *owner, struct nv_why *why)
{
	struct nv_uuid uuid;
	const char *c;

	if (!*owner)
		return 0;
	if (strlen(owner) >= NV_OWNER_TEXT)
		return nv_refuse(why, NV_E_BAD_NAME, "the owner is too long");
	if (!strncmp(owner, "uuid:", 5)) {
		if (!nv_uuid_parse(owner + 5, &uuid))
			return 0;
		return nv_refuse(why, NV_E_BAD_NAME,
				 "'%s' is no UUID, as in uuid:00112233-4455-6677-8899-aabbccddeeff",
				 owner + 5);
	}
	if (strncmp(owner, "name:", 5) || !owner[5])
		return nv_refuse(why, NV_E_BAD_NAME,
				 "an owner is uuid:UUID or name:DOMAIN, not '%s'",
				 owner);
	for (c = owner + 5; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return nv_refuse(why, NV_E_BAD_NAME,
					 "the owner's name has a control character in it");
	return 0;
}
