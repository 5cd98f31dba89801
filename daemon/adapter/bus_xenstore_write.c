/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/bus_xenstore_write.c - the thread's writing: the newest of what
 * nvdimmd wants, device by device.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <xenstore.h>

#include "adapter/bus_xenstore_int.h"

/* Devices written between two looks at everything else. */
#define TURN 64

/* What is to be done for a device, as it was when it was taken up. */
struct order {
	bool remove, attach, report;
	struct device_wish wish;
	struct device_report what;
};

/* The same may work in a while: others are at it, or there is no room. */
static bool worth_again(int r)
{
	return r == -EAGAIN || r == -ENOSPC || r == -ENOMEM || r == -EBUSY || r == -EIO || r == -E2BIG;
}

static void order_take(struct slot *s, struct order *o)
{
	o->remove = s->remove;
	o->attach = s->attach;
	o->report = s->has_report && (s->here || s->attach);
	o->wish = s->attach_wish;
	o->what = s->report;
	s->remove = s->attach = false;
}

/* With the lock: what came in between is newer, and wins. */
static void order_put_back(struct slot *s, const struct order *o)
{
	s->remove = s->remove || o->remove;
	if (o->attach && !s->attach && !s->remove) {
		s->attach = true;
		s->attach_wish = o->wish;
	}
}

/* The guest is asked, or not any more: listen to its answer while it is. */
static int front_follow(struct bus_xenstore *b, struct slot *s, uint64_t ask)
{
	char path[XENBUS_PATH];
	bool r = true;

	if (ask == s->asked)
		return 0;
	xenbus_front_path(s->key, "", path);
	if (ask && !s->asked)
		r = xs_watch(xsio_ask(&b->io), path, "f");
	else if (!ask)
		r = xs_unwatch(xsio_ask(&b->io), path, "f");
	s->asked = ask;
	list_put(&b->slot_stale, &s->stale);
	b->more = true;
	return r ? 0 : xsio_error();
}

static int order_run(struct bus_xenstore *b, struct slot *s, struct order *o)
{
	int r = 0;

	if (o->remove) {
		r = front_follow(b, s, 0);
		if (!r)
			r = xsio_remove(&b->io, s->key);
		if (r)
			return r;
		o->remove = false;
		list_put(&b->slot_stale, &s->stale);
		b->more = true;
	}
	if (o->attach) {
		r = xsio_attach(&b->io, s->key, &o->wish);
		if (r)
			return r;
		o->attach = false;
	}
	if (o->report) {
		r = xsio_report(&b->io, s->key, &o->what);
		if (!r)
			r = front_follow(b, s, o->what.ask);
	}
	return r;
}

static int slot_work(struct bus_xenstore *b, struct slot *s, struct list *again)
{
	struct order o;
	bool removes;
	int r;

	pthread_mutex_lock(&b->lock);
	order_take(s, &o);
	removes = o.remove;
	pthread_mutex_unlock(&b->lock);
	r = order_run(b, s, &o);
	pthread_mutex_lock(&b->lock);
	if (removes && !o.remove)
		s->here = false;
	s->removing = s->remove || (o.remove && (r == -ENOTCONN || worth_again(r)));
	if (r == -ENOTCONN || worth_again(r)) {
		order_put_back(s, &o);
		if (!s->work.at)
			list_put(again, &s->work);
	}
	bus_slot_tidy(b, s);
	pthread_mutex_unlock(&b->lock);
	return r == -ENOTCONN ? r : 0;
}

static int home_work(struct bus_xenstore *b, struct home *h, struct list *again)
{
	struct xsio_faults f;
	int r = 0;

	pthread_mutex_lock(&b->lock);
	f = h->faults;
	h->faults.nr = 0;
	pthread_mutex_unlock(&b->lock);
	if (f.nr)
		r = xsio_faults(&b->io, h->domid, &f);
	pthread_mutex_lock(&b->lock);
	if (r == -ENOTCONN || worth_again(r)) {
		if (!h->faults.nr)
			h->faults = f;
		else
			h->faults.nr += f.nr;
		if (!h->work.at)
			list_put(again, &h->work);
	}
	bus_home_tidy(b, h);
	pthread_mutex_unlock(&b->lock);
	return r == -ENOTCONN ? r : 0;
}

static struct link *take(struct bus_xenstore *b, struct list *l)
{
	struct link *n;

	pthread_mutex_lock(&b->lock);
	n = list_take(l);
	pthread_mutex_unlock(&b->lock);
	return n;
}

/* Those that did not work wait at the end. */
static void put_back(struct bus_xenstore *b, struct list *l, struct list *again)
{
	struct link *n;

	pthread_mutex_lock(&b->lock);
	while ((n = list_take(again))) {
		list_put(l, n);
		b->retry = true;
	}
	pthread_mutex_unlock(&b->lock);
}

int sync_write(struct bus_xenstore *b)
{
	struct list again_slots, again_homes;
	struct link *n;
	int i, r = 0;

	list_init(&again_slots);
	list_init(&again_homes);
	for (i = 0; !r && i < TURN && (n = take(b, &b->home_work)); i++)
		r = home_work(b, nv_container_of(n, struct home, work), &again_homes);
	b->more = b->more || i == TURN;
	for (i = 0; !r && i < TURN && (n = take(b, &b->slot_work)); i++)
		r = slot_work(b, nv_container_of(n, struct slot, work), &again_slots);
	b->more = b->more || i == TURN;
	put_back(b, &b->home_work, &again_homes);
	put_back(b, &b->slot_work, &again_slots);
	return r;
}
