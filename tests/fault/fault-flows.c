/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fault-flows.c - a working day, while everything goes wrong as tests/fault/days.h has it.
 *
 * The day: two pools, volumes created, resized, mapped, hit by machine checks,
 * unmapped, repaired, deleted; a bare range; a domain that dies; free memory that
 * breaks and is repaired. Each step is a request;
 * one that fails, or meets the daemon's death, is not repeated: what was
 * promised is written down, and held against what is there in the end.
 */
#include <string.h>

#include "tests/fault/flows.h"
#include "tests/lib/requests.h"

#define MIB (1ull << 20)

/* The end of a request: what does whoever asked know? */
static enum sure told(struct flows_day *f, const char *what, int r, enum sure before, enum sure wanted)
{
	enum told told = day_told(&f->day, what, r);

	if (f->day.w.faulty.dead)
		day_revive(&f->day);
	switch (told) {
	case TOLD_DONE:
		return wanted;
	case TOLD_REFUSED:
		return before;
	case TOLD_NOTHING:
		break;
	}
	return SURE_UNKNOWN;
}

static struct extent *first_extent(struct flows_day *f, const char *name)
{
	struct volume *v;

	return ledger_volume_find(f->day.w.nvd.ledger, name, NULL, &v) ? NULL : v->extents;
}

static void hit(struct flows_day *f, uint64_t off)
{
	struct extent *e = first_extent(f, "a");

	if (!e || !e->pool->site.nr)
		return;
	hv_mem_mce(f->day.w.hv, ledger_extent_mfn(e) + off, 1, 0xbd000000000000c0);
	f->hits++;
	told(f, "mce", world_faults(&f->day.w), SURE_NO, SURE_YES);
}

/* The guest of b is told of a page, and touches it again: its end. */
static void last_touch(struct flows_day *f)
{
	struct extent *e = first_extent(f, "b");

	if (!e || !e->pool->site.nr)
		return;
	hv_mem_mce(f->day.w.hv, ledger_extent_mfn(e) + 3, 1, 0xbd000000000000c0);
	f->hits++;
	told(f, "mce-b", world_faults(&f->day.w), SURE_NO, SURE_YES);
	e = first_extent(f, "b");
	if (!e || !e->pool->site.nr || !hv_mem_touch(f->day.w.hv, ledger_extent_mfn(e) + 3))
		return;
	f->touches++;
	told(f, "touch-b", world_faults(&f->day.w), SURE_NO, SURE_YES);
}

/* Where nobody has anything in the evening. */
static enum sure hit_free(struct flows_day *f)
{
	struct pool *p = ledger_pool_at(f->day.w.nvd.ledger, DAY_FREE);

	if (!p || p->state != POOL_ONLINE)
		return SURE_NO;
	hv_mem_mce(f->day.w.hv, DAY_FREE, 2, 0xbd000000000000c0);
	f->hits++;
	return told(f, "free-mce", world_faults(&f->day.w), SURE_NO, SURE_YES);
}

static void guest_writes(struct flows_day *f, const char *name)
{
	struct extent *e;

	for (e = first_extent(f, name); e && e->mapping; e = e->next)
		hv_mem_write(f->day.w.hv, ledger_extent_mfn(e), e->fact.nr);
}

static void morning(struct flows_day *f)
{
	struct promise *a = &f->a, *b = &f->b;
	struct world *w = &f->day.w;

	told(f, "pool1", request_pool(w, "namespace0.0", "p1"), SURE_NO, SURE_YES);
	told(f, "pool2", request_pool(w, "namespace0.1", "p2"), SURE_NO, SURE_YES);
	a->exists = told(f, "create-a", request_volume(w, "a", 4 * MIB), a->exists, SURE_YES);
	a->mapped = told(f, "map-a", request_map(w, "a", 1), a->mapped, SURE_YES);
	guest_writes(f, "a");
	hit(f, 5);
	b->exists = told(f, "create-b", request_volume(w, "b", 2 * MIB), b->exists, SURE_YES);
	told(f, "grow-b", request_resize(w, "b", 6 * MIB), SURE_NO, SURE_YES);
	b->mapped = told(f, "map-b", request_map(w, "b", 2), b->mapped, SURE_YES);
	guest_writes(f, "b");
	f->bare.mapped =
		told(f, "map-bare", request_map_range(w, "p1", 12 * MIB, 4 * MIB, 2), f->bare.mapped, SURE_YES);
	hit(f, 9);
	last_touch(f);
}

static void evening(struct flows_day *f)
{
	struct promise *a = &f->a, *b = &f->b;
	struct world *w = &f->day.w;

	world_domain(w, 2, false);
	b->mapped = f->bare.mapped = SURE_NO;
	told(f, "released", world_faults(w), SURE_NO, SURE_YES);
	told(f, "shrink-b", request_resize(w, "b", 2 * MIB), SURE_NO, SURE_YES);
	told(f, "rename-b", request_rename(w, "b", "c"), SURE_NO, SURE_YES);
	a->mapped = told(f, "unmap-a", request_unmap(w, "a"), a->mapped, SURE_NO);
	told(f, "repair-a", request_repair(w, "a"), SURE_NO, SURE_YES);
	a->exists = told(f, "delete-a", request_delete(w, "a"), a->exists, SURE_NO);
	f->repaired = hit_free(f);
	/* What nobody has learned of yet nobody can repair. */
	if (told(f, "repair-p1", request_pool_repair(w, "p1"), SURE_NO, SURE_YES) != SURE_YES)
		f->repaired = SURE_UNKNOWN;
}

static struct day *day_dawn(void)
{
	static struct flows_day f;

	memset(&f, 0, sizeof(f));
	world_init(&f.day.w);
	world_domain(&f.day.w, 1, true);
	world_domain(&f.day.w, 2, true);
	return &f.day;
}

static void day_pass(struct day *d)
{
	struct flows_day *f = flows_day(d);

	morning(f);
	if (!day_failed(d))
		evening(f);
}

int main(int argc, char **argv)
{
	static const struct days days = {
		.dawn = day_dawn,
		.pass = day_pass,
		.check = flows_check,
		.requests_ok = 15,
		.ops_a_pair = 50,
	};

	return days_main(&days, argc, argv);
}
