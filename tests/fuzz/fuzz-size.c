/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-size.c - a size from a person: whatever is accepted prints and reads
 * back to itself.
 */
#include "base/size.h"
#include "base/uuid.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char print[NV_SIZE_TEXT], uuid_print[NV_UUID_TEXT], text[256];
	struct nv_uuid uuid, again;
	uint64_t bytes, back;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';

	if (!nv_size_parse(text, &bytes) &&
	    (nv_size_parse(nv_size_print_exact(bytes, print), &back) ||
	     back != bytes))
		abort();
	if (!nv_uuid_parse(text, &uuid) &&
	    (nv_uuid_parse(nv_uuid_print(&uuid, uuid_print), &again) ||
	     !nv_uuid_equal(&uuid, &again)))
		abort();
	return 0;
}
