/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fault-flows.c - every outside call of a working day goes wrong, in every way,
 * alone and in pairs, and every allocation fails; after the next start the
 * invariants hold.
 *
 *	fault-flows [PAIRS [SEED]]
 *	fault-flows CALL KIND CALL KIND		one day again; CALL 0 is none
 *
 * The day: two pools, volumes created, resized, mapped, hit by machine checks,
 * unmapped, repaired, deleted; a bare range; a domain that dies; free memory that
 * breaks and is repaired. Each step is a request;
 * one that fails, or meets the daemon's death, is not repeated: what was
 * promised is written down, and held against what is there in the end.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/fault/flows.h"
#include "tests/lib/prop.h"
#include "tests/lib/wrap-alloc.h"

#define MIB (1ull << 20)

static const char *failure; /* of the day that is being looked at */

/* ---- the requests ---- */

static int do_pool(struct day *d, const char *device, const char *name)
{
	struct req_add_pool rq = { 0 };
	struct op *op;
	int r;

	snprintf(rq.device, sizeof(rq.device), "%s", device);
	snprintf(rq.name, sizeof(rq.name), "%s", name);
	r = op_pool_add_begin(&d->w.nvd, &rq, &d->w.why, &op);
	return r ? r : world_run(&d->w, op);
}

static int do_create(struct day *d, const char *name, uint64_t size)
{
	struct req_create_volume rq = { .size = size };
	struct op *op;
	int r;

	snprintf(rq.name, sizeof(rq.name), "%s", name);
	r = op_volume_create_begin(&d->w.nvd, &rq, &d->w.why, &op);
	return r ? r : world_run(&d->w, op);
}

static int do_delete(struct day *d, const char *name)
{
	struct req_delete_volume rq = { 0 };
	struct op *op;
	int r;

	snprintf(rq.volume, sizeof(rq.volume), "%s", name);
	r = op_volume_delete_begin(&d->w.nvd, &rq, &d->w.why, &op);
	return r ? r : world_run(&d->w, op);
}

static int do_resize(struct day *d, const char *name, uint64_t size)
{
	struct req_resize_volume rq = { .size = size };
	struct op *op;
	int r;

	snprintf(rq.volume, sizeof(rq.volume), "%s", name);
	r = op_volume_resize_begin(&d->w.nvd, &rq, &d->w.why, &op);
	return r ? r : world_run(&d->w, op);
}

static int do_rename(struct day *d, const char *name, const char *to)
{
	struct req_rename_volume rq = { 0 };

	snprintf(rq.volume, sizeof(rq.volume), "%s", name);
	snprintf(rq.name, sizeof(rq.name), "%s", to);
	return op_volume_rename(&d->w.nvd, &rq, &d->w.why);
}

static int do_map(struct day *d, const char *volume, uint32_t domid)
{
	struct req_map rq = { 0 };
	struct op *op;
	int r;

	snprintf(rq.domain, sizeof(rq.domain), "g%u", domid);
	if (volume) {
		snprintf(rq.volume, sizeof(rq.volume), "%s", volume);
	} else {
		snprintf(rq.pool, sizeof(rq.pool), "p1");
		rq.offset = 12 * MIB;
		rq.size = 4 * MIB;
	}
	r = op_map_begin(&d->w.nvd, &rq, &d->w.why, &op);
	return r ? r : world_run(&d->w, op);
}

static int do_repair(struct day *d, const char *volume, const char *pool)
{
	struct req_volume rv = { 0 };
	struct req_pool rp = { 0 };
	struct op *op;
	int r;

	if (volume) {
		snprintf(rv.volume, sizeof(rv.volume), "%s", volume);
		r = op_volume_repair_begin(&d->w.nvd, &rv, &d->w.why, &op);
	} else {
		snprintf(rp.pool, sizeof(rp.pool), "%s", pool);
		r = op_pool_repair_begin(&d->w.nvd, &rp, &d->w.why, &op);
	}
	return r ? r : world_run(&d->w, op);
}

static int do_unmap(struct day *d, const char *volume)
{
	struct req_unmap rq = { 0 };
	struct op *op;
	int r;

	snprintf(rq.volume, sizeof(rq.volume), "%s", volume);
	r = op_unmap_begin(&d->w.nvd, &rq, &d->w.why, &op);
	return r ? r : world_run(&d->w, op);
}

/* ---- the day ---- */

/* A daemon that died is started again, as systemd does; so is one that could not start. */
static void revive(struct day *d)
{
	int i;

	for (i = 0; i < 8 && (!d->w.alive || d->w.faulty.dead); i++)
		world_boot(&d->w);
	if (!d->w.alive)
		failure = "it did not start in eight tries";
}

/* The end of a request: what does whoever asked know? */
static enum sure told(struct day *d, const char *what, int r, enum sure before, enum sure wanted)
{
	size_t len = strlen(d->trail);

	snprintf(d->trail + len, sizeof(d->trail) - len, "\n  %s: %d%s %s", what, r, d->w.faulty.dead ? " (died)" : "",
		 r ? d->w.why.text : "");
	if (d->w.faulty.dead) {
		revive(d);
		return SURE_UNKNOWN;
	}
	if (!r) {
		d->steps_ok++;
		return wanted;
	}
	/* "Could not" leaves open how far it came; "will not" does not. */
	return r < 0 || r == NV_E_HYPERVISOR ? SURE_UNKNOWN : before;
}

static struct extent *first_extent(struct day *d, const char *name)
{
	struct volume *v;

	return ledger_volume_find(d->w.nvd.ledger, name, NULL, &v) ? NULL : v->extents;
}

static void hit(struct day *d, uint64_t off)
{
	struct extent *e = first_extent(d, "a");

	if (!e || !e->pool->site.nr)
		return;
	hv_mem_mce(d->w.hv, ledger_extent_mfn(e) + off, 1, 0xbd000000000000c0);
	d->hits++;
	told(d, "mce", world_faults(&d->w), SURE_NO, SURE_YES);
}

/* The guest of b is told of a page, and touches it again: its end. */
static void last_touch(struct day *d)
{
	struct extent *e = first_extent(d, "b");

	if (!e || !e->pool->site.nr)
		return;
	hv_mem_mce(d->w.hv, ledger_extent_mfn(e) + 3, 1, 0xbd000000000000c0);
	d->hits++;
	told(d, "mce-b", world_faults(&d->w), SURE_NO, SURE_YES);
	e = first_extent(d, "b");
	if (!e || !e->pool->site.nr || !hv_mem_touch(d->w.hv, ledger_extent_mfn(e) + 3))
		return;
	d->touches++;
	told(d, "touch-b", world_faults(&d->w), SURE_NO, SURE_YES);
}

/* Where nobody has anything in the evening. */
static enum sure hit_free(struct day *d)
{
	struct pool *p = ledger_pool_at(d->w.nvd.ledger, DAY_FREE);

	if (!p || p->state != POOL_ONLINE)
		return SURE_NO;
	hv_mem_mce(d->w.hv, DAY_FREE, 2, 0xbd000000000000c0);
	d->hits++;
	return told(d, "free-mce", world_faults(&d->w), SURE_NO, SURE_YES);
}

static void guest_writes(struct day *d, const char *name)
{
	struct extent *e;

	for (e = first_extent(d, name); e && e->mapping; e = e->next)
		hv_mem_write(d->w.hv, ledger_extent_mfn(e), e->fact.nr);
}

static void day_morning(struct day *d)
{
	struct promise *a = &d->a, *b = &d->b;

	told(d, "pool1", do_pool(d, "namespace0.0", "p1"), SURE_NO, SURE_YES);
	told(d, "pool2", do_pool(d, "namespace0.1", "p2"), SURE_NO, SURE_YES);
	a->exists = told(d, "create-a", do_create(d, "a", 4 * MIB), a->exists, SURE_YES);
	a->mapped = told(d, "map-a", do_map(d, "a", 1), a->mapped, SURE_YES);
	guest_writes(d, "a");
	hit(d, 5);
	b->exists = told(d, "create-b", do_create(d, "b", 2 * MIB), b->exists, SURE_YES);
	told(d, "grow-b", do_resize(d, "b", 6 * MIB), SURE_NO, SURE_YES);
	b->mapped = told(d, "map-b", do_map(d, "b", 2), b->mapped, SURE_YES);
	guest_writes(d, "b");
	d->bare.mapped = told(d, "map-bare", do_map(d, NULL, 2), d->bare.mapped, SURE_YES);
	hit(d, 9);
	last_touch(d);
}

static void day_evening(struct day *d)
{
	struct promise *a = &d->a, *b = &d->b;

	world_domain(&d->w, 2, false);
	b->mapped = d->bare.mapped = SURE_NO;
	told(d, "released", world_faults(&d->w), SURE_NO, SURE_YES);
	told(d, "shrink-b", do_resize(d, "b", 2 * MIB), SURE_NO, SURE_YES);
	told(d, "rename-b", do_rename(d, "b", "c"), SURE_NO, SURE_YES);
	a->mapped = told(d, "unmap-a", do_unmap(d, "a"), a->mapped, SURE_NO);
	told(d, "repair-a", do_repair(d, "a", NULL), SURE_NO, SURE_YES);
	a->exists = told(d, "delete-a", do_delete(d, "a"), a->exists, SURE_NO);
	d->repaired = hit_free(d);
	/* What nobody has learned of yet nobody can repair. */
	if (told(d, "repair-p1", do_repair(d, NULL, "p1"), SURE_NO, SURE_YES) != SURE_YES)
		d->repaired = SURE_UNKNOWN;
}

/* ---- the days ---- */

static bool memory_out;           /* did it fail? */
static unsigned long memory_ends; /* at that allocation of the day; 0: never */

/* Return: how many outside calls there were. */
static uint64_t day_run(const struct faulty_point plan[2], uint32_t *ret_ok)
{
	static struct day d;
	uint64_t calls;
	int r;

	failure = NULL;
	memset(&d, 0, sizeof(d));
	world_init(&d.w);
	world_domain(&d.w, 1, true);
	world_domain(&d.w, 2, true);
	memcpy(d.w.faulty.plan, plan, sizeof(d.w.faulty.plan));
	revive(&d);
	d.forgetful = memory_ends;
	wrap_alloc_fail_at(memory_ends);
	if (!failure)
		day_morning(&d);
	if (!failure)
		day_evening(&d);
	calls = d.w.faulty.calls;

	/* The next start, on which nothing goes wrong. */
	d.w.faulty.off = true;
	memory_out = wrap_alloc_failed();
	wrap_alloc_fail_at(0);
	r = failure ? 0 : world_boot(&d.w);
	if (!r && !failure)
		r = world_settle(&d.w);
	if (r && !failure)
		failure = d.w.why.text;
	if (!failure)
		failure = flows_check(&d);
	if (failure || (!plan[0].call && !memory_ends))
		printf("the day:%s\n", d.trail);
	*ret_ok = d.steps_ok;
	world_deinit(&d.w);
	return calls;
}

static const char *const kind_names[] = { "fails", "lies", "dies before", "dies after" };

static bool day_holds(const struct faulty_point plan[2])
{
	uint32_t ok;
	int i;

	day_run(plan, &ok);
	if (!failure)
		return true;
	for (i = 0; i < 2; i++)
		if (plan[i].call)
			printf("call %" PRIu64 " %s (%d); ", plan[i].call, kind_names[plan[i].kind],
			       plan[i].kind);
	printf("\n  %s\n", failure);
	return false;
}

int main(int argc, char **argv)
{
	struct prop prop = prop_begin(argc, argv);
	struct faulty_point plan[2] = { { 0 } };
	uint64_t calls, n, pairs, bad = 0;
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
	if (failure || ok < 15) {
		printf("without any fault: %s\n", failure ? failure : "requests were refused");
		return 1;
	}
	for (n = 1; n <= calls; n++)
		for (k = 0; k < FAULTY_KINDS; k++) {
			plan[0] = (struct faulty_point){ n, (enum faulty_kind)k };
			bad += !day_holds(plan);
		}
	printf("alone: %" PRIu64 " days, %" PRIu64 " ended badly\n", calls * FAULTY_KINDS, bad);

	plan[0] = (struct faulty_point){ 0 };
	do {
		memory_ends++;
		day_run(plan, &ok);
		if (failure) {
			printf("allocation %lu fails: %s\n", memory_ends, failure);
			bad++;
		}
	} while (memory_out && bad < 20);
	printf("%lu allocations fail, one a day; %" PRIu64 " ended badly so far\n", memory_ends - 1, bad);
	memory_ends = 0;

	pairs = argc > 1 ? prop.ops : prop.ops / 50;
	for (n = 0; n < pairs && bad < 20; n++) {
		for (k = 0; k < 2; k++)
			plan[k] = (struct faulty_point){ 1 + prop_below(&prop, calls + 40),
							 (enum faulty_kind)prop_below(&prop, FAULTY_KINDS) };
		bad += !day_holds(plan);
	}
	printf("in pairs: %" PRIu64 " days; %" PRIu64 " ended badly in all\n", n, bad);
	return bad ? 1 : 0;
}
