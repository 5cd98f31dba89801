/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/ask.c - words from the command line into requests.
 */
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "cli/verbs.h"
#include "cli/when.h"

/* @text, if there is any, into the request's array @to of @size bytes. */
static int put(struct ctl *x, const char *what, const char *text, char *to,
	       size_t size)
{
	if (!text)
		return 0;
	if (!text[0])
		return ctl_usage(x, "%s is empty", what);
	if (strlen(text) >= size)
		return ctl_usage(x, "%s is longer than %zu bytes", what,
				 size - 1);
	view_text_set(to, size, text);
	return 0;
}

#define PUT(x, what, text, to) put(x, what, text, to, sizeof(to))

/* The option @name as a number, if it was given. */
static int put_size(struct ctl *x, const char *name, bool *has, uint64_t *to)
{
	const char *text = ctl_option(x, name);
	char what[32];

	if (!text)
		return 0;
	*has = true;
	snprintf(what, sizeof(what), "--%s", name);
	return ctl_size(x, what, text, to);
}

int ask_pool_add(struct ctl *x, union wire_request *rq)
{
	int r = PUT(x, "DEVICE", x->arg[0], rq->add_pool.device);

	return r ? r : PUT(x, "--name", ctl_option(x, "name"), rq->add_pool.name);
}

int ask_pool(struct ctl *x, union wire_request *rq)
{
	return PUT(x, "POOL", x->arg[0], rq->pool.pool);
}

int ask_volume(struct ctl *x, union wire_request *rq)
{
	return PUT(x, "VOLUME", x->arg[0], rq->volume.volume);
}

int ask_create(struct ctl *x, union wire_request *rq)
{
	struct req_create_volume *c = &rq->create_volume;
	int r;

	c->keep = ctl_option(x, "keep");
	if (c->keep && !ctl_option(x, "at"))
		return ctl_usage(x, "--keep needs --at: which bytes are to be kept");
	if (ctl_option(x, "at") && !ctl_option(x, "pool"))
		return ctl_usage(x, "--at needs --pool: of which pool is the offset");
	r = PUT(x, "NAME", x->arg[0], c->name);
	if (!r)
		r = ctl_size(x, "SIZE", x->arg[1], &c->size);
	if (!r)
		r = PUT(x, "--pool", ctl_option(x, "pool"), c->pool);
	if (!r)
		r = PUT(x, "--owner", ctl_option(x, "owner"), c->owner);
	if (!r)
		r = put_size(x, "align", &c->has_align, &c->align);
	if (!r)
		r = put_size(x, "at", &c->has_at, &c->at);
	return r;
}

int ask_rename(struct ctl *x, union wire_request *rq)
{
	int r = PUT(x, "VOLUME", x->arg[0], rq->rename_volume.volume);

	return r ? r : PUT(x, "NAME", x->arg[1], rq->rename_volume.name);
}

int ask_owner(struct ctl *x, union wire_request *rq)
{
	int r;

	if (!x->arg[1] == !ctl_option(x, "none"))
		return ctl_usage(x, "give either an owner, as uuid:UUID or name:NAME, or --none");
	r = PUT(x, "VOLUME", x->arg[0], rq->set_owner.volume);
	return r ? r : PUT(x, "OWNER", x->arg[1], rq->set_owner.owner);
}

int ask_resize(struct ctl *x, union wire_request *rq)
{
	int r = PUT(x, "VOLUME", x->arg[0], rq->resize_volume.volume);

	return r ? r : ctl_size(x, "SIZE", x->arg[1], &rq->resize_volume.size);
}

int ask_delete(struct ctl *x, union wire_request *rq)
{
	rq->delete_volume.no_scrub = ctl_option(x, "no-scrub");
	return PUT(x, "VOLUME", x->arg[0], rq->delete_volume.volume);
}

int ask_map(struct ctl *x, union wire_request *rq)
{
	struct req_map *m = &rq->map;
	unsigned int range = 0;
	int r;

	m->force_owner = ctl_option(x, "force-owner");
	range += !!ctl_option(x, "pool");
	range += !!ctl_option(x, "offset");
	range += !!ctl_option(x, "size");
	if (range && range != 3)
		return ctl_usage(x, "a bare range needs --pool, --offset and --size");
	if (range && x->n_args != 1)
		return ctl_usage(x, "with --pool there is no volume, only DOMAIN");
	if (!range && x->n_args != 2)
		return ctl_usage(x, "DOMAIN is missing");

	r = PUT(x, "DOMAIN", x->arg[x->n_args - 1], m->domain);
	if (!r && !range)
		r = PUT(x, "VOLUME", x->arg[0], m->volume);
	if (!r)
		r = PUT(x, "--pool", ctl_option(x, "pool"), m->pool);
	if (!r)
		r = put_size(x, "offset", &m->has_offset, &m->offset);
	if (!r)
		r = put_size(x, "size", &m->has_size, &m->size);
	if (!r)
		r = put_size(x, "gpa", &m->has_gpa, &m->gpa);
	return r;
}

/* Registers and ids use all 64 bits. */
static int put_id(struct ctl *x, const char *text, uint64_t *to)
{
	char *end = NULL;

	errno = 0;
	*to = strtoull(text, &end, 0);
	if (errno || !end || *end || end == text || text[0] == '-' || !*to)
		return ctl_usage(x, "'%.64s' is no map id: they look like 0x1f and stand in 'nvctl --json status'",
				 text);
	return 0;
}

int ask_unmap(struct ctl *x, union wire_request *rq)
{
	const char *id = ctl_option(x, "map-id");
	struct req_unmap *u = &rq->unmap;
	int r;

	if (!x->n_args == !id)
		return ctl_usage(x, "say what to unmap: a volume, --map-id, or a domain and an address");
	if (id)
		return put_id(x, id, &u->map_id);
	if (x->n_args == 1)
		return PUT(x, "VOLUME", x->arg[0], u->volume);
	u->has_gpa = true;
	r = PUT(x, "DOMAIN", x->arg[0], u->domain);
	return r ? r : ctl_size(x, "ADDRESS", x->arg[1], &u->gpa);
}

static int put_number(struct ctl *x, const char *name, bool *has,
		      uint64_t *to, uint64_t max)
{
	const char *text = ctl_option(x, name);
	char *end = NULL;

	if (!text)
		return 0;
	*has = true;
	errno = 0;
	*to = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || *to > max)
		return ctl_usage(x, "--%s '%.64s' is no number from 0 to %llu",
				 name, text, (unsigned long long)max);
	return 0;
}

int ask_guest_list(struct ctl *x, union wire_request *rq)
{
	return PUT(x, "GUEST", x->arg[0], rq->list_guests.guest);
}

static int put_device(struct ctl *x, bool *has, uint32_t *to)
{
	uint64_t n = 0;
	int r = put_number(x, "device", has, &n, UINT32_MAX);

	*to = (uint32_t)n;
	return r;
}

int ask_attach(struct ctl *x, union wire_request *rq)
{
	struct req_attach *a = &rq->attach;
	int r;

	r = PUT(x, "VOLUME", x->arg[0], a->volume);
	if (!r)
		r = PUT(x, "DOMAIN", x->arg[1], a->domain);
	if (!r)
		r = put_device(x, &a->has_device, &a->device);
	if (!r)
		r = put_size(x, "gpa", &a->has_gpa, &a->gpa);
	return r;
}

int ask_detach(struct ctl *x, union wire_request *rq)
{
	struct req_detach *d = &rq->detach;
	int r;

	d->force = ctl_option(x, "force");
	if (!ctl_option(x, "device"))
		return PUT(x, "VOLUME", x->arg[0], d->volume);
	r = PUT(x, "DOMAIN", x->arg[0], d->domain);
	return r ? r : put_device(x, &d->has_device, &d->device);
}

int ask_guest_add(struct ctl *x, union wire_request *rq)
{
	struct req_add_guest_device *g = &rq->add_guest_device;
	const char *what = ctl_option(x, "if-missing");
	int r;

	if (what && strcmp(what, "wait") && strcmp(what, "run"))
		return ctl_usage(x, "--if-missing is wait or run, not '%.64s'", what);
	g->run_without = what && !strcmp(what, "run");
	r = PUT(x, "GUEST", x->arg[0], g->guest);
	if (!r)
		r = PUT(x, "VOLUME", x->arg[1], g->volume);
	if (!r)
		r = put_device(x, &g->has_device, &g->device);
	if (!r)
		r = put_size(x, "gpa", &g->has_gpa, &g->gpa);
	return r;
}

int ask_guest_remove(struct ctl *x, union wire_request *rq)
{
	struct req_remove_guest_device *g = &rq->remove_guest_device;
	int r;

	if (!x->arg[1] == !ctl_option(x, "device"))
		return ctl_usage(x, "give either a volume or --device");
	r = PUT(x, "GUEST", x->arg[0], g->guest);
	if (!r)
		r = PUT(x, "VOLUME", x->arg[1], g->volume);
	return r ? r : put_device(x, &g->has_device, &g->device);
}

int ask_why(struct ctl *x, union wire_request *rq)
{
	const char *place = x->arg[0], *at;
	struct req_why *w = &rq->why;
	char name[REQ_NAME];
	int r;

	r = put_size(x, "size", &w->has_size, &w->size);
	if (r)
		return r;
	if (!nv_size_parse(place, &w->spa)) {
		w->has_spa = true;
		return ctl_size(x, "PLACE", place, &w->spa);
	}
	/* names have no '+', and what follows a domain's last ':' is a number */
	at = strrchr(place, ':');
	at = at ? at : strrchr(place, '+');
	if (!at)
		return PUT(x, "PLACE", place, w->volume);
	if ((size_t)(at - place) >= sizeof(name))
		return ctl_usage(x, "PLACE is longer than %zu bytes",
				 sizeof(name) - 1);
	memcpy(name, place, (size_t)(at - place));
	name[at - place] = '\0';
	if (*at == ':') {
		w->has_gpa = true;
		r = PUT(x, "the domain in PLACE", name, w->domain);
		return r ? r : ctl_size(x, "the address in PLACE", at + 1, &w->gpa);
	}
	w->has_offset = true;
	r = PUT(x, "the volume in PLACE", name, w->volume);
	return r ? r : ctl_size(x, "the offset in PLACE", at + 1, &w->offset);
}

int ask_after(struct ctl *x, union wire_request *rq)
{
	return put_number(x, "after", &rq->monitor.has_after,
			  &rq->monitor.after, INT64_MAX);
}

int ask_events(struct ctl *x, union wire_request *rq)
{
	const char *since = ctl_option(x, "since");
	struct req_events *e = &rq->events;
	uint64_t limit = 0;
	int r;

	if (since && ctl_option(x, "after"))
		return ctl_usage(x, "give --since or --after, not both");
	r = put_number(x, "after", &e->has_after, &e->after, INT64_MAX);
	if (!r)
		r = put_number(x, "limit", &e->has_limit, &limit,
			       WIRE_EVENTS_MAX);
	e->limit = (uint32_t)limit;
	if (r || !since)
		return r;
	e->has_since = true;
	if (when_parse(since, when_now(), &e->since))
		return ctl_usage(x, "--since '%.64s' is no time: write 10m, 3h, 2d, 2026-01-31, \"2026-01-31 10:00\" or @SECONDS",
				 since);
	return 0;
}
