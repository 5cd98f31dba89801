/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/show-status.c - the daemon, its pools and what is mapped, at a glance.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/size.h"
#include "cli/table.h"
#include "cli/verbs.h"

static enum term_style state_style(enum view_pool_state s)
{
	return s == VIEW_POOL_ONLINE ? TERM_GOOD : TERM_BAD;
}

static void pool_row(struct table *t, const struct view_pool *p)
{
	char text[NV_SIZE_TEXT];

	table_row(t);
	table_set(t, 0, TERM_BOLD, "%s", p->name);
	table_set(t, 1, TERM_PLAIN, "%s",
		  p->state == VIEW_POOL_ONLINE ? p->map : "");
	table_set(t, 2, TERM_PLAIN, "%s", nv_size_print(p->size, text));
	table_set(t, 3, TERM_PLAIN, "%s", nv_size_print(p->free, text));
	table_set(t, 4, TERM_PLAIN, "%s", nv_size_print(p->mapped, text));
	table_set(t, 5, p->bad ? TERM_BAD : TERM_PLAIN, "%s",
		  p->bad ? nv_size_print(p->bad, text) : "-");
	table_set(t, 6, state_style(p->state), "%s%s",
		  view_pool_state_word(p->state),
		  p->read_only ? ", read-only" : "");
}

void show_pool_table(struct ctl *x, FILE *f, const struct view_pools *p)
{
	static const struct table_column columns[] = {
		{ "POOL", TABLE_LEFT, 8 },   { "", TABLE_BAR, 0 },
		{ "SIZE", TABLE_RIGHT, 0 },  { "FREE", TABLE_RIGHT, 0 },
		{ "MAPPED", TABLE_RIGHT, 0 }, { "BAD", TABLE_RIGHT, 0 },
		{ "STATE", TABLE_LEFT, 0 },
	};
	struct table t;
	size_t i;

	table_init(&t, &x->term, columns, NV_ARRAY_SIZE(columns));
	for (i = 0; i < p->n; i++)
		pool_row(&t, &p->v[i]);
	table_print(&t, f);
	table_deinit(&t);
	if (p->n)
		bar_legend(&x->term, f);
	for (i = 0; i < p->n; i++)
		if (p->v[i].reason[0])
			fprintf(f, "  %s: %s\n", p->v[i].name,
				p->v[i].reason);
}

static enum term_style mapping_style(enum view_mapping_state s)
{
	return s == VIEW_MAPPING_MAPPED  ? TERM_GOOD :
	       s == VIEW_MAPPING_UNKNOWN ? TERM_BAD :
					   TERM_NOTE;
}

static void mapping_row(struct table *t, const struct view_mapping *m)
{
	char text[NV_SIZE_TEXT], domain[VIEW_TEXT];

	table_row(t);
	if (m->volume[0])
		table_set(t, 0, TERM_BOLD, "%s", m->volume);
	else
		table_set(t, 0, TERM_DIM, "%s%s", m->pool[0] ? m->pool : "?",
			  m->pool[0] ? ", a range" : "");
	table_set(t, 1, TERM_PLAIN, "%s",
		  show_domain(m->domain, m->domid, domain));
	table_set(t, 2, TERM_PLAIN, "%#" PRIx64, m->gpa);
	table_set(t, 3, TERM_PLAIN, "%#" PRIx64, m->spa);
	table_set(t, 4, TERM_PLAIN, "%s", nv_size_print(m->size, text));
	table_set(t, 5, m->bad ? TERM_BAD : TERM_PLAIN, "%s",
		  m->bad ? nv_size_print(m->bad, text) : "-");
	table_set(t, 6, mapping_style(m->state), "%s",
		  view_mapping_state_word(m->state));
}

static void show_mappings(struct ctl *x, FILE *f,
			  const struct view_mappings *m)
{
	static const struct table_column columns[] = {
		{ "VOLUME", TABLE_LEFT, 8 }, { "IN DOMAIN", TABLE_LEFT, 8 },
		{ "GPA", TABLE_RIGHT, 0 },   { "SPA", TABLE_RIGHT, 0 },
		{ "SIZE", TABLE_RIGHT, 0 },  { "BAD", TABLE_RIGHT, 0 },
		{ "STATE", TABLE_LEFT, 0 },
	};
	struct table t;
	size_t i;

	table_init(&t, &x->term, columns, NV_ARRAY_SIZE(columns));
	for (i = 0; i < m->n; i++)
		mapping_row(&t, &m->v[i]);
	table_print(&t, f);
	table_deinit(&t);
}

static void show_head(struct ctl *x, FILE *f, const struct view_status *s)
{
	static const enum term_style styles[] = {
		[VIEW_DAEMON_STARTING] = TERM_NOTE,
		[VIEW_DAEMON_RUNNING] = TERM_GOOD,
		[VIEW_DAEMON_DEGRADED] = TERM_BAD,
	};
	const struct view_hypervisor *h = &s->hypervisor;
	char since[VIEW_NAME];
	size_t i;

	fprintf(f, "nvdimmd %s is %s%s%s (started %s)\n", s->version,
		term_on(&x->term, styles[s->state]),
		view_daemon_state_word(s->state),
		term_off(&x->term, styles[s->state]),
		show_time(s->started, since));
	if (s->text[0])
		fprintf(f, "  %s\n",
			s->text);
	fprintf(f, "  %s, %u of %u extents, a fault is decided within %u s\n",
		h->simulated ? "simulated hypervisor" : "hypervisor",
		h->extents, h->max_extents, h->deadline_ms / 1000);
	if (h->events_lost)
		fprintf(f, "  %" PRIu64 " events were lost on the way from the hypervisor\n",
			h->events_lost);
	for (i = 0; i < s->n_alarms; i++)
		fprintf(f, "%s! %s%s\n", term_on(&x->term, TERM_BAD),
			s->alarms[i].text,
			term_off(&x->term, TERM_BAD));
}

void show_status(struct ctl *x, FILE *f, const void *reply)
{
	const struct view_status *s = &((const struct wire_status *)reply)->status;
	char domain[VIEW_TEXT];
	size_t i;

	show_head(x, f, s);
	fputc('\n', f);
	show_pool_table(x, f, &s->pools);
	if (!s->pools.n)
		fprintf(f, "No pools yet. 'nvctl pool list' shows what could become one.\n");
	if (s->mappings.n)
		fputc('\n', f);
	show_mappings(x, f, &s->mappings);
	if (s->pools.n && !s->mappings.n)
		fprintf(f, "\nNothing is mapped.\n");
	for (i = 0; i < s->n_holds; i++)
		fprintf(f, "%s%s is paused%s%s%s\n",
			i ? "" : "\n",
			show_domain(s->holds[i].domain, s->holds[i].domid,
				    domain),
			s->holds[i].fault ? ": a fault awaits its decision" : "",
			s->holds[i].fault && s->holds[i].setup ? ";" : "",
			s->holds[i].setup ? ": until its memory is mapped" : "");
}
