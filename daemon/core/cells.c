/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/cells.c - a pool at a glance: up to 64 letters.
 */
#include "core/ledger-int.h"

/* How many frames of [from, from + nr) are mapped, in volumes, free. */
static char cell_of(struct ledger *l, uint64_t from, uint64_t nr)
{
	struct rangemap_walk w = rangemap_walk(l->own, from, from + nr);
	uint64_t mapped = 0, in_volume = 0, rest = 0;
	struct rangemap_range r;
	struct owner o;

	if (ledger_is_bad(l, from, nr))
		return 'b';
	while (rangemap_next(&w, &r)) {
		o = ledger_tag_owner(l, r.tag);
		if (o.extent && (o.extent->mapping || !o.extent->volume))
			mapped += r.end - r.start;
		else if (o.extent)
			in_volume += r.end - r.start;
		else
			rest += r.end - r.start;
	}
	if (mapped && mapped >= in_volume && mapped >= rest)
		return 'm';
	return in_volume && in_volume >= rest ? 'v' : 'f';
}

void ledger_pool_cells(struct ledger *l, const struct pool *p,
		       char cells[LEDGER_CELLS + 1])
{
	uint64_t nr = pool_placed(p) ? p->site.nr : 0, n, i, from, to;

	n = NV_MIN(nr, (uint64_t)LEDGER_CELLS);
	for (i = 0; i < n; i++) {
		/* Exact without overflow: nr is below 2^52, i below 2^7. */
		from = nr * i / n;
		to = nr * (i + 1) / n;
		cells[i] = cell_of(l, p->site.mfn + from, to - from);
	}
	cells[n] = '\0';
}
