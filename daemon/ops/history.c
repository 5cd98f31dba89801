/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/history.c - what happened, in words, into the book and to who listens.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ops/nvd.h"

struct event_fact history_event(enum event_severity severity, const char *kind, const char *fmt, ...)
{
	struct event_fact e = {
		.severity = severity,
		.domid = NV_NO_DOMID,
		.gfn = NV_NO_FRAME,
	};
	va_list ap;

	view_text_set(e.kind, sizeof(e.kind), kind);
	va_start(ap, fmt);
	vsnprintf(e.text, sizeof(e.text), fmt, ap);
	va_end(ap);
	return e;
}

void history_next(struct event_fact *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->next, sizeof(e->next), fmt, ap);
	va_end(ap);
}

static void history_at_extent(struct event_fact *e, const struct extent *x)
{
	if (!x || !x->pool)
		return;
	e->pool = x->pool->fact.uuid;
	e->off = x->fact.off;
	e->nr = x->fact.nr;
	e->mfn = x->pool->site.nr ? ledger_extent_mfn(x) : NV_NO_FRAME;
}

void history_at_volume(struct event_fact *e, const struct volume *v)
{
	history_at_extent(e, v->extents);
	view_text_set(e->volume, sizeof(e->volume), v->fact.name);
}

void history_at_mapping(struct event_fact *e, const struct mapping *m)
{
	if (m->fact.state == MAPPING_UNKNOWN) {
		e->mfn = m->mfn;
		e->nr = m->fact.nr;
	} else {
		history_at_extent(e, m->extents);
	}
	if (m->volume)
		view_text_set(e->volume, sizeof(e->volume), m->volume->fact.name);
	view_text_set(e->domain, sizeof(e->domain), m->fact.domain);
	e->domid = m->fact.domid;
	e->gfn = m->fact.gfn;
}

void history_at_pool(struct event_fact *e, const struct pool *p)
{
	e->pool = p->fact.uuid;
	e->off = 0;
	e->nr = p->fact.nr;
	e->mfn = p->site.nr ? p->site.mfn : NV_NO_FRAME;
}

int history_write(struct nvd *nvd, struct event_fact *e)
{
	e->time_us = (int64_t)clock_wall_us(nvd->clock);
	return store_event_add(nvd->store, e, &e->id);
}

void history_tell(struct nvd *nvd, const struct event_fact *e)
{
	if (nvd->on_event)
		nvd->on_event(nvd->userdata, e);
}

static int on_told(void *ctx, const struct event_fact *e)
{
	history_tell(ctx, e);
	return 0;
}

void history_tell_since(struct nvd *nvd, uint64_t id)
{
	struct store_events q = { .after = id, .limit = UINT32_MAX };

	if (nvd->on_event)
		store_events(nvd->store, &q, on_told, nvd);
}

void history_note(struct nvd *nvd, struct event_fact *e)
{
	nvd_book(nvd, history_write(nvd, e), NULL);
	history_tell(nvd, e);
}
