/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_guest.c - guests that start: held, given what is on their lists, let go.
 *
 * The desk knows the guests whose start is not over. What they are to get is the
 * ledger's to know, how far it is the device desk's and again the ledger's, and
 * who is held the hypervisor's; so looking again at a guest is always right.
 */
#include "ops/op_guest.h"

#include <string.h>

#include "ops/device_desk.h"
#include "ops/guest_desk.h"
#include "ops/listing.h"

/* ---- how its devices stand ---- */

enum standing {
	STANDS_MAPPED,
	STANDS_COMING,  /* it will be heard of */
	STANDS_REFUSED,
	STANDS_LEFT,    /* the guest, or a person, gave it up */
};

static bool is_in(const struct mapping *m, const struct dom_info *d)
{
	return m && m->fact.domid == d->domid && nv_uuid_equal(&m->fact.handle, &d->uuid);
}

static struct device *row_device(struct nvd *nvd, const struct guest_device *row, uint32_t domid)
{
	return nvd->devices ? device_find(nvd->devices, (struct device_key){ domid, row->fact.device }) : NULL;
}

/* A name that nobody has was the volume's before it was renamed. */
static bool is_rows(struct nvd *nvd, const struct device *dev, const struct guest_device *row)
{
	struct volume *v = NULL;

	return ledger_volume_find(nvd->ledger, dev->wish.volume, NULL, &v) || v == row->volume;
}

bool guest_refusal(struct nvd *nvd, const struct guest_device *row, uint32_t domid, struct nv_why *why)
{
	const struct device *dev = row_device(nvd, row, domid);

	if (!dev)
		return false;
	if (!is_rows(nvd, dev, row)) {
		nv_refuse(why, NV_E_DEVICE_TAKEN, "device %u of the domain is the volume %.64s", row->fact.device,
			  dev->wish.volume);
		return true;
	}
	nv_refuse(why, NV_E_BUSY, "%s", dev->report.error);
	return dev->report.error[0];
}

static enum standing want(struct nvd *nvd, const struct guest_device *row, uint32_t domid, struct nv_why *why)
{
	struct device_wish wish = {
		.has_gpa = row->fact.gfn != NV_NO_FRAME,
		.gpa = frames_to_bytes(row->fact.gfn != NV_NO_FRAME ? row->fact.gfn : 0),
	};
	int r;

	view_text_set(wish.volume, sizeof(wish.volume), row->volume->fact.name);
	r = nvd->devices ? device_want(nvd, (struct device_key){ domid, row->fact.device }, &wish) : -ENOTCONN;
	if (!r)
		return STANDS_COMING;
	nv_refuse(why, r, "%s", r == -ENOTCONN ? "nvdimmd is configured without xenstore" : strerror(-r));
	return STANDS_REFUSED;
}

static enum standing row_standing(struct nvd *nvd, const struct guest *g, const struct dom_info *d,
				  const struct guest_device *row, struct nv_why *why)
{
	const struct mapping *m = row->volume->mapping;
	const struct device *dev;

	if (is_in(m, d))
		return m->fact.state == MAPPING_MAPPED ? STANDS_MAPPED : STANDS_COMING;
	dev = row_device(nvd, row, g->domid);
	if (!dev)
		return want(nvd, row, g->domid, why);
	if (guest_refusal(nvd, row, g->domid, why))
		return STANDS_REFUSED;
	return dev->busy || dev->waits || dev->blocked ? STANDS_COMING : STANDS_LEFT;
}

/* ---- looking ---- */

struct outlook {
	uint32_t mapped, coming, refused, must_wait;
	const struct guest_device *row; /* the first to wait for, or that is refused */
	struct nv_why why;              /* why it is */
};

/* What was refused, or has no error to show and was never tried by this life. */
static void try_again(struct nvd *nvd, const struct guest *g, const struct guest_device *row)
{
	struct device *dev = row_device(nvd, row, g->domid);

	if (!dev || !is_rows(nvd, dev, row) || !device_is_rested(dev))
		return;
	view_text_set(dev->wish.volume, sizeof(dev->wish.volume), row->volume->fact.name);
	device_try_again(nvd, dev);
}

static struct outlook look_out(struct nvd *nvd, const struct guest *g, const struct dom_info *d, bool retry)
{
	struct guest_device *row = NULL;
	struct outlook o = { 0 };
	struct nv_why why;
	bool waits;

	while ((row = ledger_guest_of(nvd->ledger, &d->uuid, d->name, row))) {
		switch (row_standing(nvd, g, d, row, &why)) {
		case STANDS_MAPPED:
			o.mapped++;
			break;
		case STANDS_COMING:
			o.coming++;
			break;
		case STANDS_LEFT:
			if (!g->held && d->has_run)
				break;
			o.coming++;
			try_again(nvd, g, row);
			break;
		case STANDS_REFUSED:
			waits = row->fact.if_missing == GUEST_WAIT;
			if (waits && retry)
				try_again(nvd, g, row);
			if (!o.row || (waits && !o.must_wait)) {
				o.row = row;
				o.why = why;
			}
			o.refused++;
			o.must_wait += waits;
			break;
		}
	}
	return o;
}

/*
 * Before all devices were told of, one that is there could be taken for one that
 * is not; until then only who needs nothing is let go.
 */
static bool is_informed(const struct nvd *nvd)
{
	return !nvd->devices || nvd->devices->synced;
}

static bool needs_nothing(struct nvd *nvd, const struct dom_info *d)
{
	struct guest_device *row = NULL;

	while ((row = ledger_guest_of(nvd->ledger, &d->uuid, d->name, row)))
		if (!is_in(row->volume->mapping, d) || row->volume->mapping->fact.state != MAPPING_MAPPED)
			return false;
	return true;
}

/* Return: is its start over? */
static bool look(struct nvd *nvd, struct guest *g, bool retry)
{
	struct outlook o;
	struct dom_info d;
	int r;

	r = dom_get(nvd->dom, g->domid, &d);
	if (r && r != -ESRCH)
		return false;
	/* What is gone, or another domain now, is held no more. */
	if (r || d.dying || !nv_uuid_equal(&d.uuid, &g->uuid))
		return true;
	if (!is_informed(nvd) && !needs_nothing(nvd, &d))
		return false;
	o = look_out(nvd, g, &d, retry);
	if (o.coming)
		return false;
	if (o.must_wait && g->held) {
		if (!g->told)
			guest_tell_refused(nvd, g, &d, o.row, o.why.text);
		g->told = true;
		return false;
	}
	if (g->held)
		guest_hold(nvd, g, &d, false);
	if (g->held)
		return false;
	if (o.refused)
		guest_tell_refused(nvd, g, &d, o.row, o.why.text);
	else if (o.mapped)
		guest_tell_ready(nvd, g, &d, o.mapped);
	return true;
}

static void guest_look(struct nvd *nvd, struct guest *g, bool retry)
{
	if (look(nvd, g, retry))
		guest_del(nvd->guests, g);
}

bool guest_waits(const struct nvd *nvd)
{
	return nvd->guests && nvd->guests->waiting;
}

void guest_step(struct nvd *nvd)
{
	struct guest *g = nvd->guests ? guest_pop(nvd->guests) : NULL;

	if (g)
		guest_look(nvd, g, false);
}

void guest_tick(struct nvd *nvd)
{
	struct hash_node *n, *next;
	struct guest *g;

	for (n = nvd->guests ? hash_each(&nvd->guests->guests, NULL) : NULL; n; n = next) {
		next = hash_each(&nvd->guests->guests, n);
		g = nv_container_of(n, struct guest, by_domid);
		if (!g->waits)
			guest_look(nvd, g, true);
	}
}

void guest_changed(struct nvd *nvd, uint32_t domid)
{
	struct guest *g = nvd->guests ? guest_find(nvd->guests, domid) : NULL;

	if (g)
		guest_wake(nvd->guests, g);
}

/* ---- they come ---- */

/*
 * One that was just introduced is held, even if it ran for a moment; any other
 * only if it did not run yet.
 */
static void guest_came(struct nvd *nvd, uint32_t domid, bool just)
{
	struct dom_info d;
	struct guest *g;

	if (dom_get(nvd->dom, domid, &d) || d.dying || needs_nothing(nvd, &d))
		return;
	g = guest_get(nvd, domid, &d.uuid);
	if (!g)
		return;
	if (!g->held && (just || !d.has_run))
		guest_hold(nvd, g, &d, true);
	guest_wake(nvd->guests, g);
}

static void wake_all(struct nvd *nvd)
{
	struct hash_node *n = NULL;

	while ((n = hash_each(&nvd->guests->guests, n)))
		guest_wake(nvd->guests, nv_container_of(n, struct guest, by_domid));
}

void guest_list_changed(struct nvd *nvd)
{
	struct dom_info d;
	uint32_t from;

	if (!nvd->guests)
		return;
	wake_all(nvd);
	for (from = 0; !dom_next(nvd->dom, from, &d); from = d.domid + 1)
		guest_came(nvd, d.domid, false);
}

void guest_row_goes(struct nvd *nvd, const struct guest_device *row)
{
	struct guest_device *g;
	struct device *dev;
	struct dom_info d;
	uint32_t from;

	for (from = 0; nvd->guests && !dom_next(nvd->dom, from, &d); from = d.domid + 1) {
		for (g = NULL; (g = ledger_guest_of(nvd->ledger, &d.uuid, d.name, g)) && g != row;)
			;
		dev = g ? row_device(nvd, row, d.domid) : NULL;
		if (dev && dev->report.error[0] && !dev->busy && is_rows(nvd, dev, row) && !is_in(row->volume->mapping, &d))
			device_remove(nvd, dev);
	}
}

void guest_event(struct nvd *nvd, const struct bus_event *ev)
{
	if (!nvd->guests)
		return;
	switch (ev->type) {
	case BUS_DOMAIN:
		guest_came(nvd, ev->key.domid, nvd->devices->synced);
		break;
	case BUS_DOMAIN_GONE:
	case BUS_DEVICE:
	case BUS_DEVICE_GONE:
		guest_changed(nvd, ev->key.domid);
		break;
	case BUS_SYNCED:
		wake_all(nvd);
		break;
	case BUS_LOST:
	case BUS_HANGS:
	case BUS_ANSWERS:
		break;
	}
}

int guest_recall(struct nvd *nvd, struct nv_why *why)
{
	nv_cleanup(listing_deinit) struct listing holds = { 0 };
	struct guest *g;
	size_t i;
	int r;

	if (!nvd->guests)
		return 0;
	r = listing_read(nvd, HV_LIST_HOLDS, &holds, why);
	for (i = 0; i < holds.n && !r; i++) {
		if (!(holds.v[i].state & HV_HOLD_SETUP))
			continue;
		g = guest_get(nvd, holds.v[i].domid, &holds.v[i].uuid);
		if (!g)
			return nv_refuse(why, -ENOMEM, "no memory");
		g->held = true;
		guest_wake(nvd->guests, g);
	}
	return r;
}
