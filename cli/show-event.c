/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/show-event.c - what happened, where, and what to type next.
 */
#include <inttypes.h>
#include <stdarg.h>
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

/* A line of pieces that goes on below where the terminal ends. */
struct pieces {
	FILE *f;
	const struct term *term;
	unsigned int used;
};

static void add(struct pieces *p, const char *fmt, ...) nv_printf(2, 3);
static void add(struct pieces *p, const char *fmt, ...)
{
	char text[VIEW_TEXT];
	unsigned int width;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	width = term_width(p->term, text);
	if (!p->used) {
		p->used = (unsigned int)fprintf(p->f, "    at ");
	} else if (p->term->columns && p->used + 2 + width > p->term->columns) {
		fputc(',', p->f);
		p->used = (unsigned int)fprintf(p->f, "\n       ") - 1;
	} else {
		p->used += (unsigned int)fprintf(p->f, ", ");
	}
	fputs(text, p->f);
	p->used += width;
}

/* All the ways to say where it is. */
static void show_place(struct ctl *x, FILE *f, const struct view_place *p)
{
	struct pieces to = { f, &x->term, 0 };
	char text[VIEW_TEXT];

	add(&to, "SPA %#" PRIx64, p->spa);
	add(&to, "%s", show_size(p->size, text));
	if (p->region[0])
		add(&to, "%s+%#" PRIx64, p->region, p->region_offset);
	if (p->volume[0])
		add(&to, "volume %s+%#" PRIx64, p->volume, p->volume_offset);
	else if (p->pool[0])
		add(&to, "pool %s", p->pool);
	if (p->in_domain)
		add(&to, "%s GPA %#" PRIx64,
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
		show_place(x, f, &e->place);
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

void show_why(struct ctl *x, FILE *f, const void *reply)
{
	static const char *const states[] = {
		[VIEW_PLACE_ELSEWHERE] = "in no pool: nvdimmd has nothing to do with it",
		[VIEW_PLACE_FREE] = "free",
		[VIEW_PLACE_KEPT] = "kept by a volume that is mapped nowhere",
		[VIEW_PLACE_MAPPED] = "mapped",
	};
	const struct view_why *w = reply;
	char size[VIEW_NAME];
	size_t i;

	show_place(x, f, &w->place);
	fprintf(f, "    %s", states[w->state]);
	if (w->bad)
		fprintf(f, ", %s%s of it bad%s: what was there is lost", term_on(&x->term, TERM_BAD),
			show_size(w->bad, size), term_off(&x->term, TERM_BAD));
	if (w->next[0])
		fprintf(f, "\n    next: %s%s", w->next,
			w->state == VIEW_PLACE_MAPPED ? " (when it is unmapped)" : "");
	fprintf(f, "\n\n");
	for (i = 0; i < w->events.n; i++)
		show_one(x, f, &w->events.v[i]);
	if (!w->events.n)
		fprintf(f, "Nothing is known to have happened there.\n");
}

void show_offline(struct ctl *x, FILE *f, const void *reply)
{
	const struct view_why *w = reply;

	fprintf(f, "Out of use%s:\n",
		w->state == VIEW_PLACE_MAPPED ? ", and the guest is told" : "");
	show_place(x, f, &w->place);
}

void show_event(struct ctl *x, FILE *f, const void *reply)
{
	show_one(x, f, &((const struct wire_event *)reply)->event);
}
