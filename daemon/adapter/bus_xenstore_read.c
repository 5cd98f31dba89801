/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/bus_xenstore_read.c - the thread's reading: watch events say what is
 * stale, and what is stale is read once, however often it changed.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <xenstore.h>

#include "adapter/bus_xenstore_int.h"

/* Devices read between two looks at everything else. */
#define TURN 64
#define TREE "backend/" XENBUS_CLASS

static void slot_stale(struct bus_xenstore *b, struct device_key key, bool whole)
{
	struct slot *s;

	pthread_mutex_lock(&b->lock);
	s = bus_slot(b, key, true);
	pthread_mutex_unlock(&b->lock);
	if (!s)
		return;
	s->whole = s->whole || whole;
	list_put(&b->slot_stale, &s->stale);
}

/* ---- watch events ---- */

/* Nodes that only we write: their change is no news. */
static bool is_ours(const char *name)
{
	static const struct device_report none;
	struct xenbus_node nodes[XENBUS_REPORT_NODES];
	size_t i;

	xenbus_report(&none, nodes);
	for (i = 0; i < XENBUS_REPORT_NODES; i++)
		if (!strcmp(nodes[i].name, name))
			return strcmp(name, "state");
	return false;
}

static void on_back(struct bus_xenstore *b, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	struct device_key key;

	switch (xenbus_parse_path(path, &key)) {
	case XENBUS_NOWHERE:
		break;
	case XENBUS_TREE:
		b->tree_stale = true;
		break;
	case XENBUS_DOMAIN:
		if (b->nr_domain_stale < BUS_STALE)
			b->domain_stale[b->nr_domain_stale++] = key.domid;
		else
			b->tree_stale = true;
		break;
	case XENBUS_DEVICE:
		if (!is_ours(name))
			slot_stale(b, key, strcmp(name, "state"));
		break;
	}
}

static void on_front(struct bus_xenstore *b, const char *path)
{
	struct device_key key;

	if (sscanf(path, "/local/domain/%u/device/" XENBUS_CLASS "/%u", &key.domid, &key.devid) == 2)
		slot_stale(b, key, true);
}

static void on_name(struct bus_xenstore *b, const char *path)
{
	struct home *h = NULL;
	uint32_t domid;

	if (sscanf(path, "/local/domain/%u/", &domid) != 1)
		return;
	pthread_mutex_lock(&b->lock);
	h = bus_home(b, domid, false);
	pthread_mutex_unlock(&b->lock);
	if (h)
		list_put(&b->home_stale, &h->stale);
}

int sync_watches(struct bus_xenstore *b)
{
	char **event;

	while ((event = xs_check_watch(b->io.xs))) {
		switch (event[XS_WATCH_TOKEN][0]) {
		case 'b':
			on_back(b, event[XS_WATCH_PATH]);
			break;
		case 'f':
			on_front(b, event[XS_WATCH_PATH]);
			break;
		case 'n':
			on_name(b, event[XS_WATCH_PATH]);
			break;
		case 'i':
			b->came = true;
			break;
		case 'r':
			b->went = true;
			break;
		}
		free(event);
	}
	return errno == EAGAIN ? 0 : -ENOTCONN;
}

/* ---- devices ---- */

/* The slots of @domid, or of all, that were not in the listing and should be. */
static void stale_unseen(struct bus_xenstore *b, uint32_t domid, bool all)
{
	struct hash_node *n = NULL;
	struct slot *s;

	pthread_mutex_lock(&b->lock);
	while ((n = hash_each(&b->slots, n))) {
		s = nv_container_of(n, struct slot, node);
		if (!s->seen && s->here && (all || s->key.domid == domid))
			list_put(&b->slot_stale, &s->stale);
		s->seen = false;
	}
	pthread_mutex_unlock(&b->lock);
}

static int list_domain(struct bus_xenstore *b, uint32_t domid)
{
	nv_cleanup(nv_freep) uint32_t *ids = NULL;
	struct device_key key = { .domid = domid };
	char path[XENBUS_PATH];
	struct slot *s;
	size_t nr = 0, i;
	int r;

	snprintf(path, sizeof(path), TREE "/%u", domid);
	r = xsio_list(&b->io, path, &ids, &nr);
	for (i = 0; !r && i < nr; i++) {
		key.devid = ids[i];
		pthread_mutex_lock(&b->lock);
		s = bus_slot(b, key, true);
		pthread_mutex_unlock(&b->lock);
		if (!s)
			continue;
		s->seen = s->whole = true;
		list_put(&b->slot_stale, &s->stale);
	}
	return r;
}

static int list_tree(struct bus_xenstore *b)
{
	nv_cleanup(nv_freep) uint32_t *ids = NULL;
	size_t nr = 0, i;
	int r;

	r = xsio_list(&b->io, TREE, &ids, &nr);
	for (i = 0; !r && i < nr; i++)
		r = list_domain(b, ids[i]);
	if (!r)
		stale_unseen(b, 0, true);
	return r;
}

static void slot_learn(struct bus_xenstore *b, struct slot *s, bool here, const struct device_wish *w,
		       const struct device_front *f)
{
	pthread_mutex_lock(&b->lock);
	if (!s->removing && (here != s->here || memcmp(w, &s->wish, sizeof(*w)) || memcmp(f, &s->front, sizeof(*f)))) {
		/* What was told before it was there. */
		if (here && !s->here && s->has_report)
			list_put(&b->slot_work, &s->work);
		s->here = here;
		s->wish = *w;
		s->front = *f;
		list_put(&b->slot_news, &s->news);
		bus_news(b);
	}
	bus_slot_tidy(b, s);
	pthread_mutex_unlock(&b->lock);
}

/* Mostly it is our own writing of the state that is announced. */
static bool slot_is_as_told(struct bus_xenstore *b, struct slot *s, int *ret)
{
	enum device_state state, told;
	bool known;

	pthread_mutex_lock(&b->lock);
	known = s->here && s->has_report && !s->asked;
	told = s->report.state;
	pthread_mutex_unlock(&b->lock);
	if (!known)
		return false;
	*ret = xsio_state(&b->io, s->key, &state);
	if (*ret == -ENOTCONN)
		return true;
	if (*ret || state != told)
		return false;
	pthread_mutex_lock(&b->lock);
	s->wish.state = state;
	pthread_mutex_unlock(&b->lock);
	return true;
}

static int slot_read(struct bus_xenstore *b, struct slot *s)
{
	struct device_front front;
	struct device_wish wish;
	bool here = false;
	int r;

	if (!s->whole && slot_is_as_told(b, s, &r))
		return r;
	s->whole = false;
	memset(&wish, 0, sizeof(wish));
	memset(&front, 0, sizeof(front));
	r = xsio_wish(&b->io, s->key, &wish, &here);
	if (!r && s->asked) {
		r = xsio_front(&b->io, s->key, &front);
		front.asked = s->asked;
	}
	if (r == -ENOTCONN)
		return r;
	if (!r)
		slot_learn(b, s, here, &wish, &front);
	return 0;
}

/* ---- domains ---- */

static void home_learn(struct bus_xenstore *b, struct home *h, bool here)
{
	pthread_mutex_lock(&b->lock);
	if (here != h->here) {
		h->here = here;
		list_put(&b->home_news, &h->news);
		bus_news(b);
	}
	bus_home_tidy(b, h);
	pthread_mutex_unlock(&b->lock);
}

/* What is no printable name is none: guests cannot write it, but people can. */
static bool name_is_sane(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

static int home_read(struct bus_xenstore *b, struct home *h)
{
	char path[XENBUS_PATH], name[BUS_NAME] = "";
	bool nameless;
	int r = 0;

	snprintf(path, sizeof(path), "/local/domain/%u/name", h->domid);
	if (h->gone) {
		if (h->watched)
			xs_unwatch(xsio_ask(&b->io), path, "n");
		h->watched = false;
	} else {
		r = xsio_read(&b->io, path, name, sizeof(name));
	}
	if (r == -ENOTCONN)
		return r;
	pthread_mutex_lock(&b->lock);
	nameless = h->here && !h->name[0];
	strcpy(h->name, name_is_sane(name) ? name : "");
	/* Who goes by names could do nothing with it until now. */
	if (nameless && h->name[0]) {
		list_put(&b->home_news, &h->news);
		bus_news(b);
	}
	pthread_mutex_unlock(&b->lock);
	if (h->gone)
		home_learn(b, h, false);
	return 0;
}

/* The first time: follow its name. */
static struct home *home_watch(struct bus_xenstore *b, uint32_t domid)
{
	char path[XENBUS_PATH];
	struct home *h;

	pthread_mutex_lock(&b->lock);
	h = bus_home(b, domid, true);
	pthread_mutex_unlock(&b->lock);
	if (!h)
		return NULL;
	h->seen = true;
	if (h->watched)
		return h;
	snprintf(path, sizeof(path), "/local/domain/%u/name", domid);
	/* Its first event has the name read. */
	h->watched = xs_watch(xsio_ask(&b->io), path, "n");
	return h;
}

/* Those that have no directory any more. */
static void homes_unseen(struct bus_xenstore *b)
{
	struct hash_node *n = NULL;
	struct home *h;

	pthread_mutex_lock(&b->lock);
	while ((n = hash_each(&b->homes, n))) {
		h = nv_container_of(n, struct home, node);
		h->gone = !h->seen;
		h->seen = false;
		if (h->gone)
			list_put(&b->home_stale, &h->stale);
	}
	pthread_mutex_unlock(&b->lock);
}

static int list_homes(struct bus_xenstore *b, bool went)
{
	nv_cleanup(nv_freep) uint32_t *ids = NULL;
	struct home *h;
	size_t nr = 0, i;
	int r;

	r = xsio_list(&b->io, "/local/domain", &ids, &nr);
	if (r)
		return r;
	for (i = 0; i < nr; i++) {
		/* The control domain is no guest: only what it is called is followed. */
		h = home_watch(b, ids[i]);
		if (!h || !ids[i] || (!went && h->here))
			continue;
		/* Who it is comes before that it is there: libxl writes its name before it introduces it. */
		r = h->here ? 0 : home_read(b, h);
		if (r)
			return r;
		home_learn(b, h, xs_is_domain_introduced(xsio_ask(&b->io), h->domid));
	}
	homes_unseen(b);
	return 0;
}

/* ---- turns ---- */

static int read_lists(struct bus_xenstore *b)
{
	bool went = b->went;
	int r = 0;

	if (b->came || b->went) {
		b->came = b->went = false;
		r = list_homes(b, went);
	}
	if (!r && b->tree_stale) {
		b->tree_stale = false;
		b->nr_domain_stale = 0;
		r = list_tree(b);
	}
	while (!r && b->nr_domain_stale) {
		r = list_domain(b, b->domain_stale[--b->nr_domain_stale]);
		if (!r)
			stale_unseen(b, b->domain_stale[b->nr_domain_stale], false);
	}
	return r == -ENOTCONN ? r : 0;
}

int sync_read(struct bus_xenstore *b)
{
	struct link *n;
	int i, r;

	r = read_lists(b);
	while (!r && (n = list_take(&b->home_stale)))
		r = home_read(b, nv_container_of(n, struct home, stale));
	for (i = 0; !r && i < TURN && (n = list_take(&b->slot_stale)); i++)
		r = slot_read(b, nv_container_of(n, struct slot, stale));
	if (r)
		return r;
	if (b->slot_stale.first) {
		b->more = true;
	} else if (b->syncing) {
		b->syncing = false;
		pthread_mutex_lock(&b->lock);
		b->synced = true;
		bus_news(b);
		pthread_mutex_unlock(&b->lock);
	}
	return 0;
}

/* Nothing that the old connection had is worth anything in the new one. */
static void forget_connection(struct bus_xenstore *b)
{
	struct hash_node *n = NULL;
	struct slot *s;
	struct home *h;

	pthread_mutex_lock(&b->lock);
	while ((n = hash_each(&b->slots, n))) {
		s = nv_container_of(n, struct slot, node);
		s->asked = 0;
		s->seen = false;
		if (s->attach || s->remove || s->has_report)
			list_put(&b->slot_work, &s->work);
	}
	while ((n = hash_each(&b->homes, n))) {
		h = nv_container_of(n, struct home, node);
		h->watched = h->seen = false;
	}
	b->reason[0] = '\0';
	pthread_mutex_unlock(&b->lock);
}

int sync_begin(struct bus_xenstore *b)
{
	uint32_t pid;
	int r;

	r = xsio_serve(&b->io, &pid);
	if (r == -EBUSY) {
		pthread_mutex_lock(&b->lock);
		bus_lost(b, "process %u serves this xenstore", pid);
		pthread_mutex_unlock(&b->lock);
	}
	if (r)
		return r;
	forget_connection(b);
	if (!xs_watch(xsio_ask(&b->io), "@introduceDomain", "i") || !xs_watch(xsio_ask(&b->io), "@releaseDomain", "r") ||
	    !xs_watch(xsio_ask(&b->io), TREE, "b"))
		return xsio_error();
	b->tree_stale = b->came = b->went = b->syncing = true;
	return 0;
}
