/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/show-event.c - what happened, where, and what to type next.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/verbs.h"

static enum term_style severity_style(enum view_severity s)
{
	static const enum term_style styles[] = {
		[VIEW_SEVERITY_INFO] = TERM_DIM,
		[VIEW_SEVERITY_NOTICE] = TERM_PLAIN,
		[VIEW_SEVERITY_WARNING] = TERM_NOTE,
		[VIEW_SEVERITY_ERROR] = TERM_BAD,
		[VIEW_SEVERITY_ALARM] = TERM_BAD,
	};

	return styles[s];
}

/* All the ways to say where it is, in one line. */
static void show_place(FILE *f, const struct view_place *p)
{
	char text[VIEW_TEXT], size[VIEW_NAME];

	fprintf(f, "    at SPA %#" PRIx64 ", %s", p->spa,
		show_size(p->size, size));
	if (p->region[0])
		fprintf(f, "; %s+%#" PRIx64,
			p->region,
			p->region_offset);
	if (p->volume[0])
		fprintf(f, "; volume %s+%#" PRIx64,
			p->volume,
			p->volume_offset);
	else if (p->pool[0])
		fprintf(f, "; pool %s",
			p->pool);
	if (p->in_domain)
		fprintf(f, "; %s GPA %#" PRIx64,
			show_domain(p->domain, p->domid, text), p->gpa);
	fputc('\n', f);
}

static void show_one(struct ctl *x, FILE *f, const struct view_event *e)
{
	enum term_style style = severity_style(e->severity);
	char when[VIEW_NAME];

	fprintf(f, "%s%" PRIu64 "%s  %s  %s%-7s%s  %s\n",
		term_on(&x->term, TERM_DIM), e->id, term_off(&x->term, TERM_DIM),
		show_time(e->time, when), term_on(&x->term, style),
		view_severity_word(e->severity), term_off(&x->term, style),
		e->text);
	if (e->has_place)
		show_place(f, &e->place);
	if (e->status[0] || e->action[0])
		fprintf(f, "    %s%s%s%s%s\n", e->status[0] ? "status " : "",
			e->status, e->status[0] && e->action[0] ? ", " : "",
			e->action[0] ? "action " : "",
			e->action);
	if (e->next[0])
		fprintf(f, "    next: %s\n",
			e->next);
}

void show_events(struct ctl *x, FILE *f, const void *reply)
{
	const struct view_events *e = &((const struct wire_events *)reply)->events;
	size_t i;

	for (i = 0; i < e->n; i++)
		show_one(x, f, &e->v[i]);
	if (!e->n)
		fprintf(f, "No events.\n");
	else if (e->more)
		fprintf(f, "There are more: 'nvctl events --after %" PRIu64 "'.\n",
			e->v[e->n - 1].id);
}

void show_event(struct ctl *x, FILE *f, const void *reply)
{
	show_one(x, f, &((const struct wire_event *)reply)->event);
}
