/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/show-volume.c - volumes and where they are.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "cli/table.h"
#include "cli/verbs.h"

static const char *owner_of(const struct view_volume *v)
{
	return v->owner[0] ? v->owner : "any guest";
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct view_volume *const *)a)->name,
		      (*(const struct view_volume *const *)b)->name);
}

static void volume_row(struct table *t, const struct view_volume *v)
{
	char text[NV_SIZE_TEXT], domain[VIEW_TEXT];

	table_row(t);
	table_set(t, 0, TERM_BOLD, "%s", v->name);
	table_set(t, 1, TERM_PLAIN, "%s", v->pool);
	table_set(t, 2, TERM_PLAIN, "%s", nv_size_print(v->size, text));
	table_set(t, 3, v->bad ? TERM_BAD : TERM_PLAIN, "%s",
		  v->bad ? nv_size_print(v->bad, text) : "-");
	table_set(t, 4, TERM_PLAIN, "%s", owner_of(v));
	table_set(t, 5, v->has_mapping ? TERM_GOOD : TERM_DIM, "%s",
		  v->has_mapping ? show_domain(v->mapping.domain,
					       v->mapping.domid, domain) :
				   "-");
	table_set(t, 6, v->state == VIEW_VOLUME_READY ? TERM_PLAIN : TERM_BAD,
		  "%s", view_volume_state_word(v->state));
}

void show_volumes(struct ctl *x, FILE *f, const void *reply)
{
	static const struct table_column columns[] = {
		{ "VOLUME", TABLE_LEFT, 8 },    { "POOL", TABLE_LEFT, 8 },
		{ "SIZE", TABLE_RIGHT, 0 },     { "BAD", TABLE_RIGHT, 0 },
		{ "OWNER", TABLE_LEFT, 12 },    { "MAPPED IN", TABLE_LEFT, 8 },
		{ "STATE", TABLE_LEFT, 0 },
	};
	const struct view_volumes *v = &((const struct wire_volumes *)reply)->volumes;
	nv_cleanup(nv_freep) const struct view_volume **sorted = NULL;
	struct table t;
	size_t i;

	if (!v->n) {
		fprintf(f, "No volumes. Make one with 'nvctl volume create NAME SIZE'.\n");
		return;
	}
	sorted = calloc(v->n, sizeof(struct view_volume *));
	table_init(&t, &x->term, columns, NV_ARRAY_SIZE(columns));
	for (i = 0; sorted && i < v->n; i++)
		sorted[i] = &v->v[i];
	if (sorted)
		qsort(sorted, v->n, sizeof(sorted[0]), by_name);
	for (i = 0; i < v->n; i++)
		volume_row(&t, sorted ? sorted[i] : &v->v[i]);
	table_print(&t, f);
	table_deinit(&t);
}

/* Every piece with all of its addresses. */
static void show_extents(struct ctl *x, FILE *f, const struct view_volume *v)
{
	static const struct table_column columns[] = {
		{ "IN VOLUME", TABLE_RIGHT, 0 }, { "SIZE", TABLE_RIGHT, 0 },
		{ "IN POOL", TABLE_RIGHT, 0 },   { "SPA", TABLE_RIGHT, 0 },
		{ "GPA", TABLE_RIGHT, 0 },       { "BAD", TABLE_RIGHT, 0 },
	};
	char text[NV_SIZE_TEXT];
	uint64_t offset = 0;
	struct table t;
	size_t i;

	table_init(&t, &x->term, columns, NV_ARRAY_SIZE(columns));
	for (i = 0; i < v->n_extents; i++) {
		const struct view_extent *e = &v->extents[i];

		table_row(&t);
		table_set(&t, 0, TERM_PLAIN, "%#" PRIx64, offset);
		table_set(&t, 1, TERM_PLAIN, "%s", nv_size_print(e->size, text));
		table_set(&t, 2, TERM_PLAIN, "%#" PRIx64, e->pool_offset);
		table_set(&t, 3, TERM_PLAIN, "%#" PRIx64, e->spa);
		if (v->has_mapping)
			table_set(&t, 4, TERM_PLAIN, "%#" PRIx64,
				  v->mapping.gpa + offset);
		else
			table_set(&t, 4, TERM_PLAIN, "-");
		table_set(&t, 5, e->bad ? TERM_BAD : TERM_PLAIN, "%s",
			  e->bad ? nv_size_print(e->bad, text) : "-");
		offset += e->size;
	}
	table_print(&t, f);
	table_deinit(&t);
}

void show_volume(struct ctl *x, FILE *f, const void *reply)
{
	const struct view_volume *v = &((const struct wire_volume *)reply)->volume;
	char text[VIEW_TEXT];

	fprintf(f, "%s%s%s  %s\n", term_on(&x->term, TERM_BOLD), v->name,
		term_off(&x->term, TERM_BOLD), show_size(v->size, text));
	fprintf(f, "  uuid       %s\n", v->uuid);
	fprintf(f, "  pool       %s\n", v->pool);
	fprintf(f, "  owner      %s\n",
		owner_of(v));
	fprintf(f, "  state      %s\n", view_volume_state_word(v->state));
	fprintf(f, "  alignment  %s\n", nv_size_print(v->align, text));
	fprintf(f, "  created    %s\n", show_time(v->created, text));
	if (v->bad)
		fprintf(f, "  bad        %s%s%s: it maps without them\n",
			term_on(&x->term, TERM_BAD),
			nv_size_print(v->bad, text),
			term_off(&x->term, TERM_BAD));
	if (v->has_mapping) {
		fprintf(f, "  mapped     in %s at GPA %#" PRIx64 " (%s)\n",
			show_domain(v->mapping.domain, v->mapping.domid,
				    text),
			v->mapping.gpa,
			view_mapping_state_word(v->mapping.state));
	} else {
		fprintf(f, "  mapped     nowhere\n");
	}
	fputc('\n', f);
	show_extents(x, f, v);
}

static void show_line(FILE *f, const struct view_volume *v)
{
	char size[VIEW_NAME];

	fprintf(f, "Volume %s has %s in pool %s; %s may map it.\n", v->name,
		show_size(v->size, size), v->pool,
		owner_of(v));
}

void show_volume_done(struct ctl *x, FILE *f, const void *reply)
{
	show_line(f, &((const struct wire_volume_done *)reply)->volume);
}

void show_volume_changed(struct ctl *x, FILE *f, const void *reply)
{
	show_line(f, &((const struct wire_volume *)reply)->volume);
}

void show_mapped(struct ctl *x, FILE *f, const void *reply)
{
	const struct view_mapping *m = &((const struct wire_mapping_done *)reply)->mapping;
	char size[VIEW_NAME], domain[VIEW_TEXT];

	fprintf(f, "%s %s, %s, is in %s at GPA %#" PRIx64 " (SPA %#" PRIx64 ").\n",
		m->volume[0] ? "Volume" : "A range of pool",
		m->volume[0] ? m->volume : m->pool, show_size(m->size, size),
		show_domain(m->domain, m->domid, domain), m->gpa, m->spa);
	if (m->bad)
		fprintf(f, "%s of it are bad and left out: the guest gets a machine check there.\n",
			nv_size_print(m->bad, size));
}

/* For what leaves nothing to look at: say what was done. */
void show_done(struct ctl *x, FILE *f, const void *reply)
{
	if (x->verb->method == WIRE_RELEASE_POOL)
		fprintf(f, "The kernel has the namespace of pool %s again.\n",
			x->arg[0]);
	else if (x->verb->method == WIRE_DELETE_VOLUME)
		fprintf(f, "Volume %s is deleted%s.\n",
			x->arg[0],
			ctl_option(x, "no-scrub") ? ", its bytes were left" :
						    " and zeroed");
	else if (x->verb->method == WIRE_REPAIR_VOLUME)
		fprintf(f, "Volume %s has no bad pages any more; those it had are zero.\n",
			x->arg[0]);
	else if (x->verb->method == WIRE_REPAIR_POOL)
		fprintf(f, "Pool %s has no bad pages outside its volumes any more; those it had are zero.\n",
			x->arg[0]);
	else
		fprintf(f, "Unmapped.\n");
}
