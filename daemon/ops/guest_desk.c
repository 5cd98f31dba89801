/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/guest_desk.c - the guests whose start is not over: found, woken, held, told
 * of.
 */
#include "ops/guest_desk.h"

#include <stdio.h>
#include <string.h>

int guest_desk_new(struct guest_desk **ret)
{
	struct guest_desk *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	hash_init(&d->guests);
	d->last_waiting = &d->waiting;
	*ret = d;
	return 0;
}

struct guest_desk *guest_desk_free(struct guest_desk *d)
{
	struct hash_node *n;

	if (!d)
		return NULL;
	while ((n = hash_each(&d->guests, NULL))) {
		hash_del(&d->guests, n);
		free(nv_container_of(n, struct guest, by_domid));
	}
	hash_deinit(&d->guests);
	free(d);
	return NULL;
}

struct guest *guest_find(const struct guest_desk *d, uint32_t domid)
{
	struct hash_node *n;
	struct guest *g;

	for (n = hash_first(&d->guests, hash_u64(domid)); n; n = hash_next(n)) {
		g = nv_container_of(n, struct guest, by_domid);
		if (g->domid == domid)
			return g;
	}
	return NULL;
}

void guest_wake(struct guest_desk *d, struct guest *g)
{
	if (g->waits)
		return;
	g->waits = true;
	g->wait_next = NULL;
	*d->last_waiting = g;
	d->last_waiting = &g->wait_next;
}

struct guest *guest_pop(struct guest_desk *d)
{
	struct guest *g = d->waiting;

	if (!g)
		return NULL;
	d->waiting = g->wait_next;
	if (!d->waiting)
		d->last_waiting = &d->waiting;
	g->waits = false;
	return g;
}

void guest_del(struct guest_desk *d, struct guest *g)
{
	hash_del(&d->guests, &g->by_domid);
	free(g);
}

struct guest *guest_get(struct nvd *nvd, uint32_t domid, const struct nv_uuid *uuid)
{
	struct guest_desk *d = nvd->guests;
	struct guest *g = guest_find(d, domid);

	if (!g) {
		g = calloc(1, sizeof(*g));
		if (!g)
			return NULL;
		g->domid = domid;
		hash_add(&d->guests, &g->by_domid, hash_u64(domid));
	} else if (nv_uuid_equal(&g->uuid, uuid)) {
		return g;
	}
	g->uuid = *uuid;
	g->held = g->told = false;
	g->came_ns = clock_mono_ns(nvd->clock);
	return g;
}

static void guest_history(struct nvd *nvd, const struct dom_info *d, const struct guest_device *about,
			  struct event_fact *e)
{
	if (about) {
		history_at_volume(e, about->volume);
		history_next(e, "nvctl guest list %s", about->fact.guest);
	}
	e->domid = d->domid;
	view_text_set(e->domain, sizeof(e->domain), d->name);
	history_note(nvd, e);
}

void guest_tell_ready(struct nvd *nvd, const struct guest *g, const struct dom_info *d, uint32_t has)
{
	uint64_t us = (clock_mono_ns(nvd->clock) - g->came_ns) / 1000;
	char dom[DOMAIN_PRINT];
	struct event_fact e;

	e = history_event(EVENT_INFO, "guest-ready", "%s has the %u volume%s of its list, %llu.%03llu ms after it came",
			  domain_print(d->domid, d->name, dom, sizeof(dom)), has, has == 1 ? "" : "s",
			  (unsigned long long)us / 1000, (unsigned long long)us % 1000);
	guest_history(nvd, d, NULL, &e);
}

void guest_tell_refused(struct nvd *nvd, const struct guest *g, const struct dom_info *d,
			const struct guest_device *row, const char *why)
{
	char dom[DOMAIN_PRINT];
	struct event_fact e;

	e = history_event(EVENT_WARNING, g->held ? "guest-waits" : "guest-without", "%s %s the volume %s: %s",
			  domain_print(d->domid, d->name, dom, sizeof(dom)),
			  g->held ? "is held until it can have" : "runs without", row->volume->fact.name, why);
	guest_history(nvd, d, row, &e);
}

void guest_hold(struct nvd *nvd, struct guest *g, const struct dom_info *d, bool on)
{
	char dom[DOMAIN_PRINT];
	struct event_fact e;
	int r;

	r = hv_hold(nvd->hv, g->domid, &g->uuid, on);
	if (on && !r)
		g->held = true;
	else if (!on && (!r || r == -ESRCH))
		g->held = false;
	if (!r || r == -ESRCH)
		return;
	e = history_event(EVENT_WARNING, "hold-failed", "%s could not be %s: %s",
			  domain_print(d->domid, d->name, dom, sizeof(dom)), on ? "held" : "let go", strerror(-r));
	guest_history(nvd, d, NULL, &e);
}
