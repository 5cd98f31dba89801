/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-conf.c - any bytes as a configuration file: settings within limits, or a sentence.
 */
#include <string.h>

#include "codec/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings s;
	struct nv_why why = { "" };
	int r;

	r = conf_parse("fuzz", (const char *)data, size, &s, &why);
	if (r == NV_E_BAD_CONFIG) {
		if (!why.text[0])
			abort();
		return 0;
	}
	if (r || s.deadline_ms < 1000 || s.deadline_ms > 60000 || s.alignment < 4096 ||
	    (s.alignment & (s.alignment - 1)) || s.large_alignment < s.alignment || s.address_bits > 52 ||
	    !s.page_limit.burst || !s.page_limit.per_s || !memchr(s.state_dir, 0, sizeof(s.state_dir)))
		abort();
	return 0;
}
