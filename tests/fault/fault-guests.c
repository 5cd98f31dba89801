/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fault-guests.c - guests that start, while everything goes wrong as tests/fault/days.h
 * has it; after the next start each has what is on its list, or is held for it, and
 * nobody else is held.
 *
 * The day: g1 is to get a and b; g2 waits for a, which g1 has; g3 runs without it.
 * g1 reboots as another domain, and dies; then it is g2's turn.
 */
#include <stdio.h>
#include <string.h>

#include "ops/guest_desk.h"
#include "ops/op_device.h"
#include "tests/fault/days.h"
#include "tests/lib/requests.h"

#define MIB   (1ull << 20)
#define TURNS 2000

struct guests_day {
	struct day day;
	bool listed[3], unsure[3]; /* g1 a, g2 a, g3 a */
};

static struct guests_day *guests_day(struct day *d)
{
	return nv_container_of(d, struct guests_day, day);
}

/* ---- a life ---- */

/* The event loop until nothing moves. */
static void pump(struct day *d)
{
	struct nvd *nvd = &d->w.nvd;
	struct bus_event ev;
	struct op *op;
	int i;

	for (i = 0; i < TURNS; i++) {
		if (d->w.faulty.dead) {
			day_revive(d);
			if (day_failed(d))
				return;
		}
		(void)world_faults(&d->w);
		while (!bus_next(nvd->bus, &ev)) {
			device_event(nvd, &ev);
			guest_event(nvd, &ev);
		}
		if (!guest_waits(nvd) && !device_waits(nvd))
			return;
		guest_step(nvd);
		if (!op_device_begin(nvd, &d->w.why, &op) && op)
			(void)world_run(&d->w, op);
	}
	day_wrong(d, "rest", "it does not come to rest");
}

/* Two seconds later, a few times. */
static void later(struct day *d)
{
	int i;

	for (i = 0; i < 3 && !day_failed(d); i++) {
		(void)world_settle(&d->w);
		if (!d->w.faulty.dead)
			guest_tick(&d->w.nvd);
		pump(d);
	}
}

static void comes(struct day *d, uint32_t domid, const char *name)
{
	struct dom_info info = {
		.domid = domid,
		.uuid = world_uuid(domid),
		.type = DOM_PVH,
		.hap = true,
		.address_bits = 46,
	};

	world_domain(&d->w, domid, true);
	snprintf(info.name, sizeof(info.name), "%s", name);
	dom_mem_put(d->w.dom, &info);
	bus_mem_domain(d->w.bus, domid, true);
	pump(d);
}

static void goes(struct day *d, uint32_t domid)
{
	world_domain(&d->w, domid, false);
	bus_mem_domain(d->w.bus, domid, false);
	pump(d);
}

/* ---- what must be true in the end ---- */

static void check_lists(struct day *d)
{
	static const char *const guests[] = { "g1", "g2", "g3" };
	struct guests_day *g = guests_day(d);
	struct guest_device *row;
	bool there;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(guests); i++) {
		there = !ledger_guest_find(d->w.nvd.ledger, guests[i], "a", 0, NULL, &row);
		day_must(d, g->unsure[i] || there == g->listed[i], "the list of %s %s", guests[i],
			 there ? "has a" : "has lost a");
	}
}

static void check_guests(struct day *d)
{
	struct nvd *nvd = &d->w.nvd;
	struct guest_device *row;
	struct dom_info info;
	struct nv_why why;
	uint32_t domid;
	bool has;

	day_must(d, !ledger_check(nvd->ledger, &why), "%s", why.text);
	for (domid = 1; domid < 5; domid++) {
		if (dom_get(d->w.dom, domid, &info)) {
			day_must(d, !world_is_held(&d->w, domid), "domain %u is gone and held", domid);
			continue;
		}
		row = NULL;
		has = true;
		while ((row = ledger_guest_of(nvd->ledger, &info.uuid, info.name, row)))
			has &= row->fact.if_missing == GUEST_RUN ||
			       (row->volume->mapping && row->volume->mapping->fact.domid == domid &&
				row->volume->mapping->fact.state == MAPPING_MAPPED);
		day_must(d, world_is_held(&d->w, domid) == !has, "domain %u, %s, %s what it needs", domid, info.name,
			 has ? "has" : "has not");
	}
}

/* Whoever waits for a volume that nobody has was forgotten. */
static void check_volumes(struct day *d)
{
	struct guest_device *row = NULL;
	struct volume *v;

	while ((row = ledger_guest_next(d->w.nvd.ledger, row))) {
		v = row->volume;
		day_must(d, strcmp(row->fact.guest, "name:g2") || v->mapping, "g2 waits for %s, which nobody has",
			 v->fact.name);
	}
}

static void check_all(struct day *d)
{
	check_lists(d);
	if (!day_failed(d))
		check_guests(d);
	if (!day_failed(d))
		check_volumes(d);
}

/* ---- the day ---- */

static enum told told(struct day *d, const char *what, int r)
{
	enum told told = day_told(d, what, r);

	pump(d);
	return told;
}

static void list(struct day *d, int i, const char *what, int r, bool wanted)
{
	struct guests_day *g = guests_day(d);

	switch (told(d, what, r)) {
	case TOLD_DONE:
		g->listed[i] = wanted;
		break;
	case TOLD_NOTHING:
		g->unsure[i] = true;
		break;
	case TOLD_REFUSED:
		break;
	}
}

static void day_pass(struct day *d)
{
	struct world *w = &d->w;

	told(d, "pool", request_pool(w, "namespace0.0", "p1"));
	told(d, "create-a", request_volume(w, "a", 2 * MIB));
	told(d, "create-b", request_volume(w, "b", 2 * MIB));
	list(d, 0, "list-g1-a", request_list(w, "g1", "a", false), true);
	told(d, "list-g1-b", request_list(w, "g1", "b", true));
	list(d, 1, "list-g2-a", request_list(w, "g2", "a", false), true);
	list(d, 2, "list-g3-a", request_list(w, "g3", "a", true), true);
	comes(d, 1, "g1");
	comes(d, 2, "g2");
	comes(d, 3, "g3");
	later(d);
	goes(d, 1);
	comes(d, 4, "g1");
	later(d);
	list(d, 2, "unlist-g3-a", request_unlist(w, "g3", "a"), false);
	goes(d, 4);
	later(d);
	/* When nothing goes wrong, no start is needed. */
	if (!day_failed(d) && day_is_quiet(d))
		check_all(d);
}

static struct day *day_dawn(void)
{
	static struct guests_day g;

	memset(&g, 0, sizeof(g));
	world_init(&g.day.w);
	world_with_bus(&g.day.w);
	return &g.day;
}

static void day_check(struct day *d)
{
	pump(d);
	later(d);
	if (!day_failed(d))
		check_all(d);
}

int main(int argc, char **argv)
{
	static const struct days days = {
		.dawn = day_dawn,
		.pass = day_pass,
		.check = day_check,
		.requests_ok = 8,
		.ops_a_pair = 200,
	};

	return days_main(&days, argc, argv);
}
