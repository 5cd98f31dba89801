/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/topo_diff.c - which DIMM is worse or better than it was?
 */
#include <stdio.h>
#include <string.h>

#include "core/topo_diff.h"

static bool same_dimm(const struct topo_dimm *a, const struct topo_dimm *b)
{
	/* Not every platform gives ids. */
	if (!a->id[0] && !b->id[0])
		return !strcmp(a->name, b->name);
	return !strcmp(a->id, b->id);
}

/* The first mention of @dimm in @t; NULL if there is none. */
static const struct topo_dimm *find(const struct topo *t,
                                    const struct topo_dimm *dimm)
{
	size_t i, j;

	for (i = 0; t && i < t->nr_regions; i++)
		for (j = 0; j < t->regions[i].nr_dimms; j++)
			if (same_dimm(&t->regions[i].dimms[j], dimm))
				return &t->regions[i].dimms[j];
	return NULL;
}

void topo_diff_dimms(const struct topo *old, const struct topo *now,
                     topo_dimm_news_fn fn, void *ctx)
{
	size_t i, j;

	for (i = 0; i < now->nr_regions; i++) {
		const struct topo_region *r = &now->regions[i];

		for (j = 0; j < r->nr_dimms; j++) {
			const struct topo_dimm *d = &r->dimms[j];
			const struct topo_dimm *was = find(old, d);
			const uint32_t before = was ? was->health : 0;
			const struct topo_dimm_news news = {
				.region = r,
				.dimm = d,
				.worse = d->health & ~before,
				.better = before & ~d->health,
			};

			if (find(now, d) == d && (news.worse || news.better))
				fn(ctx, &news);
		}
	}
}

const char *topo_health_print(uint32_t health, char *buf, size_t len)
{
	size_t at = 0;
	uint32_t bit;
	int n;

	buf[0] = '\0';
	for (bit = 1; topo_health_name(bit); bit <<= 1) {
		if (!(health & bit))
			continue;
		n = snprintf(buf + at, len - at, "%s%s", at ? ", " : "",
		             topo_health_name(bit));
		if (n < 0 || at + (size_t)n >= len)
			break;
		at += (size_t)n;
	}
	return buf;
}
