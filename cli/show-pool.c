/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/show-pool.c - pools, and what could become one.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/size.h"
#include "cli/table.h"
#include "cli/verbs.h"

static void show_devices(struct ctl *x, FILE *f, const struct view_pools *p)
{
	static const struct table_column columns[] = {
		{ "POOL", TABLE_LEFT, 8 },    { "DEVICE", TABLE_LEFT, 12 },
		{ "REGION", TABLE_LEFT, 0 },  { "SPA", TABLE_RIGHT, 0 },
		{ "NODE", TABLE_RIGHT, 0 },   { "PERSISTENCE", TABLE_LEFT, 6 },
		{ "VOLUMES", TABLE_RIGHT, 0 }, { "LARGEST", TABLE_RIGHT, 0 },
	};
	const struct view_pool *v;
	char text[NV_SIZE_TEXT];
	struct table t;
	size_t i;

	table_init(&t, &x->term, columns, NV_ARRAY_SIZE(columns));
	for (i = 0; i < p->n; i++) {
		v = &p->v[i];
		table_row(&t);
		table_set(&t, 0, TERM_BOLD, "%s", v->name);
		table_set(&t, 1, TERM_PLAIN, "%s", v->device);
		table_set(&t, 2, TERM_PLAIN, "%s", v->region);
		table_set(&t, 3, TERM_PLAIN, "%#" PRIx64, v->spa);
		if (v->numa_node >= 0)
			table_set(&t, 4, TERM_PLAIN, "%d", v->numa_node);
		else
			table_set(&t, 4, TERM_PLAIN, "-");
		table_set(&t, 5, TERM_PLAIN, "%s", v->persistence_domain);
		table_set(&t, 6, TERM_PLAIN, "%" PRIu64, v->volumes);
		table_set(&t, 7, TERM_PLAIN, "%s",
			  nv_size_print(v->largest_free, text));
	}
	table_print(&t, f);
	table_deinit(&t);
}

static void show_candidates(struct ctl *x, FILE *f,
			    const struct view_candidates *c)
{
	static const struct table_column columns[] = {
		{ "DEVICE", TABLE_LEFT, 8 },  { "MODE", TABLE_LEFT, 0 },
		{ "REGION", TABLE_LEFT, 0 },  { "SPA", TABLE_RIGHT, 0 },
		{ "SIZE", TABLE_RIGHT, 0 },   { "BAD", TABLE_RIGHT, 0 },
		{ "USABLE", TABLE_LEFT, 0 },
	};
	const struct view_candidate *v;
	char text[VIEW_TEXT];
	struct table t;
	size_t i;

	table_init(&t, &x->term, columns, NV_ARRAY_SIZE(columns));
	for (i = 0; i < c->n; i++) {
		v = &c->v[i];
		table_row(&t);
		table_set(&t, 0, TERM_BOLD, "%s", v->device);
		table_set(&t, 1, TERM_PLAIN, "%s", v->mode);
		table_set(&t, 2, TERM_PLAIN, "%s", v->region);
		table_set(&t, 3, TERM_PLAIN, "%#" PRIx64, v->spa);
		table_set(&t, 4, TERM_PLAIN, "%s", nv_size_print(v->size, text));
		table_set(&t, 5, v->bad ? TERM_BAD : TERM_PLAIN, "%s",
			  v->bad ? nv_size_print(v->bad, text) : "-");
		table_set(&t, 6, v->usable ? TERM_GOOD : TERM_NOTE, "%s",
			  v->usable ? "yes" : "no");
	}
	table_print(&t, f);
	table_deinit(&t);
	for (i = 0; i < c->n; i++)
		if (c->v[i].reason[0])
			fprintf(f, "  %s: %s\n", c->v[i].device,
				c->v[i].reason);
}

void show_pools(struct ctl *x, FILE *f, const void *reply)
{
	const struct wire_pools *p = reply;
	size_t i, usable = 0;

	show_pool_table(x, f, &p->pools);
	if (p->pools.n)
		fputc('\n', f);
	show_devices(x, f, &p->pools);
	if (!p->pools.n)
		fprintf(f, "No pools.\n");

	for (i = 0; i < p->candidates.n; i++)
		usable += p->candidates.v[i].usable;
	if (!p->candidates.n)
		return;
	fprintf(f, "\nNot in a pool:\n");
	show_candidates(x, f, &p->candidates);
	if (usable)
		fprintf(f, "Take one with 'nvctl pool add DEVICE'.\n");
}

void show_pool_added(struct ctl *x, FILE *f, const void *reply)
{
	const struct view_pool *p = &((const struct wire_pool *)reply)->pool;
	char size[VIEW_NAME], bad[NV_SIZE_TEXT];

	fprintf(f, "Pool %s has %s on %s (%s) at SPA %#" PRIx64 ".\n", p->name,
		show_size(p->size, size), p->device, p->region, p->spa);
	if (p->bad)
		fprintf(f, "%s of it are bad and stay unused.\n",
			nv_size_print(p->bad, bad));
}
