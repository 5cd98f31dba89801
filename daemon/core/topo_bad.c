/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/topo_bad.c - take bad ranges out of a finished topology again.
 */
#include <string.h>

#include "core/topo.h"

static uint64_t bad_end(const struct topo_bad *b)
{
	return b->offset + b->nr * TOPO_FRAME;
}

int topo_remove_bad(struct topo_region *r, uint64_t offset, uint64_t nr)
{
	const uint64_t end = offset + nr * TOPO_FRAME;
	struct topo_bad *left;
	size_t i, n = 0;

	if (!r->nr_bad || !nr)
		return 0;
	/* Each range leaves at most a head and a tail; only one leaves both. */
	left = calloc(r->nr_bad + 1, sizeof(*left));
	if (!left)
		return -ENOMEM;
	for (i = 0; i < r->nr_bad; i++) {
		const struct topo_bad b = r->bad[i];

		if (b.offset < offset)
			left[n++] = (struct topo_bad){
				b.offset, (NV_MIN(bad_end(&b), offset) -
				           b.offset) / TOPO_FRAME };
		if (bad_end(&b) > end) {
			uint64_t from = NV_MAX(b.offset, end);

			left[n++] = (struct topo_bad){
				from, (bad_end(&b) - from) / TOPO_FRAME };
		}
	}
	free(r->bad);
	r->bad = left;
	r->nr_bad = n;
	return 0;
}
