/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fault-guests.c - guests that start, while every outside call goes wrong, in every
 * way, alone and in pairs; after the next start each has what is on its list, or
 * is held for it, and nobody else is held.
 *
 *	fault-guests [PAIRS [SEED]]
 *	fault-guests CALL KIND CALL KIND	one day again; CALL 0 is none
 *
 * The day: g1 is to get a and b; g2 waits for a, which g1 has; g3 runs without it.
 * g1 reboots as another domain, and dies; then it is g2's turn.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ops/guest_desk.h"
#include "ops/op_device.h"
#include "tests/lib/prop.h"
#include "tests/lib/world.h"

#define MIB (1ull << 20)
#define TURNS 2000

struct day {
	struct world w;
	struct bus *bus;
	uint32_t ok;
	bool listed[3], unsure[3]; /* g1 a, g2 a, g3 a */
};

static const char *failure;

#define CHECK(cond, ...)                                                          \
	do {                                                                      \
		if (!(cond)) {                                                    \
			static char text_[600];                                   \
			int n_ = snprintf(text_, sizeof(text_), "%s: ", #cond);   \
			snprintf(text_ + n_, sizeof(text_) - (size_t)n_, __VA_ARGS__); \
			failure = text_;                                          \
			return;                                                   \
		}                                                                 \
	} while (0)

/* ---- a life ---- */

static int boot(struct day *d)
{
	return world_boot(&d->w);
}

/* systemd starts what died or could not start. */
static void revive(struct day *d)
{
	int i;

	for (i = 0; i < 8 && (!d->w.alive || d->w.faulty.dead); i++)
		boot(d);
	if (!d->w.alive)
		failure = "it did not start in eight tries";
}

/* The event loop until nothing moves. */
static void pump(struct day *d)
{
	struct nvd *nvd = &d->w.nvd;
	struct bus_event ev;
	struct op *op;
	int i;

	for (i = 0; i < TURNS; i++) {
		if (d->w.faulty.dead) {
			revive(d);
			if (failure)
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
	failure = "it does not come to rest";
}

/* Two seconds later, a few times. */
static void later(struct day *d)
{
	int i;

	for (i = 0; i < 3 && !failure; i++) {
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
	bus_mem_domain(d->bus, domid, true);
	pump(d);
}

static void goes(struct day *d, uint32_t domid)
{
	world_domain(&d->w, domid, false);
	bus_mem_domain(d->bus, domid, false);
	pump(d);
}

/* ---- requests ---- */

static int make_volume(struct day *d, const char *name)
{
	struct req_create_volume rq = { .size = 2 * MIB };
	struct op *op;
	int r;

	snprintf(rq.name, sizeof(rq.name), "%s", name);
	r = op_volume_create_begin(&d->w.nvd, &rq, &d->w.why, &op);
	return r ? r : world_run(&d->w, op);
}

static int add(struct day *d, const char *guest, const char *volume, bool run)
{
	struct req_add_guest_device rq = { .run_without = run };
	struct view_guest_device v;

	snprintf(rq.guest, sizeof(rq.guest), "%s", guest);
	snprintf(rq.volume, sizeof(rq.volume), "%s", volume);
	return op_guest_add(&d->w.nvd, &rq, &d->w.why, &v);
}

static int drop(struct day *d, const char *guest, const char *volume)
{
	struct req_remove_guest_device rq = { .has_device = false };
	struct view_guest_device v;

	snprintf(rq.guest, sizeof(rq.guest), "%s", guest);
	snprintf(rq.volume, sizeof(rq.volume), "%s", volume);
	return op_guest_remove(&d->w.nvd, &rq, &d->w.why, &v);
}

/* Return: was it told to be done? */
static bool told(struct day *d, int r)
{
	bool done = !r && !d->w.faulty.dead;

	d->ok += done;
	pump(d);
	return done;
}

static void list(struct day *d, int i, int r, bool wanted)
{
	bool dead = d->w.faulty.dead;

	if (told(d, r))
		d->listed[i] = wanted;
	else
		d->unsure[i] |= dead || r < 0;
}

static int make_pool(struct day *d)
{
	struct req_add_pool rq = { .device = "namespace0.0", .name = "p1" };
	struct op *op;
	int r;

	r = op_pool_add_begin(&d->w.nvd, &rq, &d->w.why, &op);
	return r ? r : world_run(&d->w, op);
}

static void day_pass(struct day *d)
{
	told(d, make_pool(d));
	told(d, make_volume(d, "a"));
	told(d, make_volume(d, "b"));
	list(d, 0, add(d, "g1", "a", false), true);
	told(d, add(d, "g1", "b", true));
	list(d, 1, add(d, "g2", "a", false), true);
	list(d, 2, add(d, "g3", "a", true), true);
	comes(d, 1, "g1");
	comes(d, 2, "g2");
	comes(d, 3, "g3");
	later(d);
	goes(d, 1);
	comes(d, 4, "g1");
	later(d);
	list(d, 2, drop(d, "g3", "a"), false);
	goes(d, 4);
	later(d);
}

/* ---- what must be true in the end ---- */

static bool is_held(struct day *d, uint32_t domid)
{
	struct hv_record rec[HV_LIST_MAX];
	uint32_t nr = HV_LIST_MAX, i;
	uint64_t cursor = 0;

	hv_list(d->w.hv, HV_LIST_HOLDS, &cursor, rec, &nr);
	for (i = 0; i < nr; i++)
		if (rec[i].domid == domid)
			return true;
	return false;
}

static void check_lists(struct day *d)
{
	static const char *const guests[] = { "g1", "g2", "g3" };
	struct guest_device *g;
	bool there;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(guests); i++) {
		there = !ledger_guest_find(d->w.nvd.ledger, guests[i], "a", 0, NULL, &g);
		CHECK(d->unsure[i] || there == d->listed[i], "the list of %s %s", guests[i],
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

	CHECK(!ledger_check(nvd->ledger, &why), "%s", why.text);
	for (domid = 1; domid < 5; domid++) {
		if (dom_get(d->w.dom, domid, &info)) {
			CHECK(!is_held(d, domid), "domain %u is gone and held", domid);
			continue;
		}
		row = NULL;
		has = true;
		while ((row = ledger_guest_of(nvd->ledger, &info.uuid, info.name, row)))
			has &= row->fact.if_missing == GUEST_RUN ||
			       (row->volume->mapping && row->volume->mapping->fact.domid == domid &&
				row->volume->mapping->fact.state == MAPPING_MAPPED);
		CHECK(is_held(d, domid) == !has, "domain %u, %s, %s what it needs", domid, info.name,
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
		CHECK(strcmp(row->fact.guest, "name:g2") || v->mapping, "g2 waits for %s, which nobody has",
		      v->fact.name);
	}
}

static void check_all(struct day *d)
{
	check_lists(d);
	if (!failure)
		check_guests(d);
	if (!failure)
		check_volumes(d);
}

static uint64_t day_run(const struct faulty_point plan[2], uint32_t *ret_ok)
{
	static struct day d;
	uint64_t calls;

	failure = NULL;
	memset(&d, 0, sizeof(d));
	world_init(&d.w);
	world_with_bus(&d.w);
	d.bus = d.w.bus;
	memcpy(d.w.faulty.plan, plan, sizeof(d.w.faulty.plan));
	revive(&d);
	if (!failure)
		day_pass(&d);
	calls = d.w.faulty.calls;
	/* When nothing goes wrong, no start is needed. */
	if (!failure && !plan[0].call && !plan[1].call)
		check_all(&d);

	/* The next start, on which nothing goes wrong. */
	d.w.faulty.off = true;
	if (!failure && boot(&d))
		failure = d.w.why.text;
	if (!failure)
		pump(&d);
	if (!failure)
		later(&d);
	if (!failure)
		check_all(&d);
	*ret_ok = d.ok;
	world_deinit(&d.w);
	return calls;
}

static bool day_holds(const struct faulty_point plan[2])
{
	uint32_t ok;
	int i;

	day_run(plan, &ok);
	if (!failure)
		return true;
	for (i = 0; i < 2; i++)
		printf("call %" PRIu64 " kind %d; ", plan[i].call, plan[i].kind);
	printf("%s\n", failure);
	return false;
}

int main(int argc, char **argv)
{
	struct prop prop = prop_begin(argc, argv);
	struct faulty_point plan[2] = { { 0 } };
	uint64_t calls, n, pairs = prop.ops < 1000000 ? prop.ops : 5000, bad = 0;
	uint32_t ok;
	int k;

	if (argc == 5) {
		for (k = 0; k < 2; k++)
			plan[k] = (struct faulty_point){ strtoull(argv[1 + 2 * k], NULL, 0),
							 (enum faulty_kind)(argv[2 + 2 * k][0] - '0') };
		return day_holds(plan) ? 0 : 1;
	}
	calls = day_run(plan, &ok);
	printf("the day has %" PRIu64 " outside calls, %u requests succeed\n", calls, ok);
	if (failure || ok < 8) {
		printf("without any fault: %s\n", failure ? failure : "requests were refused");
		return 1;
	}
	for (n = 1; n <= calls; n++)
		for (k = 0; k < FAULTY_KINDS; k++) {
			plan[0] = (struct faulty_point){ n, (enum faulty_kind)k };
			bad += !day_holds(plan);
		}
	printf("alone: %" PRIu64 " days, %" PRIu64 " ended badly\n", calls * FAULTY_KINDS, bad);
	for (n = 0; n < pairs && bad < 20; n++) {
		for (k = 0; k < 2; k++)
			plan[k] = (struct faulty_point){ 1 + prop_below(&prop, calls + 20),
							 (enum faulty_kind)prop_below(&prop, FAULTY_KINDS) };
		bad += !day_holds(plan);
	}
	printf("in pairs: %" PRIu64 " days, %" PRIu64 " ended badly in all\n", n, bad);
	return bad ? 1 : 0;
}
