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
 * unmapped, deleted; a bare range; a domain that dies. Each step is a request;
 * one that fails, or meets the daemon's death, is not repeated: what was
 * promised is written down, and held against what is there in the end.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/prop.h"
#include "tests/lib/world.h"
#include "tests/lib/wrap-alloc.h"

#define MIB (1ull << 20)

enum sure {
	SURE_NO,
	SURE_YES,
	SURE_UNKNOWN, /* it was tried, and nobody was told how it ended */
};

/* What was promised to whoever asked. */
struct promise {
	enum sure exists, mapped;
};

struct day {
	struct world w;
	struct promise a, b, bare;
	uint32_t hits; /* machine checks in mapped frames */
	uint32_t steps_ok;
	char trail[4096];
};

static const char *failure; /* of the day that is being looked at */

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

/* ---- the requests ---- */

static int do_pool(struct day *d, const char *device, const char *name)
{
	struct req_add_pool rq = { 0 };
	struct nv_uuid id;

	snprintf(rq.device, sizeof(rq.device), "%s", device);
	snprintf(rq.name, sizeof(rq.name), "%s", name);
	return op_pool_add(&d->w.nvd, &rq, &d->w.why, &id);
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
	a->exists = told(d, "delete-a", do_delete(d, "a"), a->exists, SURE_NO);
}

/* ---- what must be true in the end ---- */

static void check_hypervisor(struct day *d)
{
	struct hv_record rec[HV_LIST_MAX];
	uint32_t nr = HV_LIST_MAX, i;
	uint64_t cursor = 0;
	struct extent *e;

	hv_list(d->w.hv, HV_LIST_EXTENTS, &cursor, rec, &nr);
	for (i = 0; i < nr; i++) {
		e = ledger_extent_by_map_id(d->w.nvd.ledger, rec[i].map_id);
		CHECK(e && e->mapping, "extent %" PRIu64 " of the hypervisor has no record", rec[i].map_id);
		CHECK(e->mapping->fact.state == MAPPING_MAPPED, "state %u", e->mapping->fact.state);
		CHECK(ledger_extent_mfn(e) == rec[i].mfn && e->fact.nr == rec[i].nr && e->fact.gfn == rec[i].gfn,
		      "extent %" PRIu64 " is elsewhere", rec[i].map_id);
		CHECK(rec[i].state == HV_EXTENT_MAPPED, "extent %" PRIu64 " is half mapped", rec[i].map_id);
	}
	nr = HV_LIST_MAX;
	cursor = 0;
	hv_list(d->w.hv, HV_LIST_BROKEN, &cursor, rec, &nr);
	for (i = 0; i < nr; i++)
		CHECK(ledger_bad_count(d->w.nvd.ledger, rec[i].mfn, rec[i].nr) == rec[i].nr,
		      "0x%" PRIx64 " is broken and nobody knows", rec[i].mfn);
}

static void check_ledger(struct day *d)
{
	struct ledger *l = d->w.nvd.ledger;
	struct mapping *m;
	struct volume *v;
	struct extent *e;
	struct nv_why why = { "" };

	CHECK(!ledger_check(l, &why), "%s", why.text);
	for (m = ledger_mapping_next(l, NULL); m; m = ledger_mapping_next(l, m)) {
		CHECK(!m->busy && m->fact.state == MAPPING_MAPPED, "mapping %" PRIu64 ", state %u", m->fact.id,
		      m->fact.state);
		for (e = m->extents; e; e = e->next)
			CHECK(e->fact.map_id, "an extent of a mapping that is none");
	}
	for (v = ledger_volume_next(l, NULL); v; v = ledger_volume_next(l, v))
		CHECK(!v->busy && v->fact.state == VOLUME_READY && v->fact.name[0], "volume '%s', state %u",
		      v->fact.name, v->fact.state);
}

static void check_volume(struct day *d, const char *name, const struct promise *p)
{
	struct volume *v = NULL;
	bool there = !ledger_volume_find(d->w.nvd.ledger, name, NULL, &v);

	CHECK(p->exists == SURE_UNKNOWN || there == (p->exists == SURE_YES), "volume %s %s", name,
	      there ? "is there" : "is lost");
	if (there && p->exists == SURE_YES)
		CHECK(p->mapped == SURE_UNKNOWN || !!v->mapping == (p->mapped == SURE_YES), "volume %s %s", name,
		      v->mapping ? "is mapped" : "is not mapped");
}

/* Free again means zero, once it was a volume's. */
static void check_zero(struct day *d)
{
	struct pool *p;
	uint64_t mfn;
	struct place at;

	for (p = ledger_pool_next(d->w.nvd.ledger, NULL); p; p = ledger_pool_next(d->w.nvd.ledger, p))
		for (mfn = p->site.mfn; p->site.nr && mfn < p->site.mfn + p->site.nr; mfn += 512) {
			ledger_place(d->w.nvd.ledger, frames_to_bytes(mfn), 4096, &at);
			if (at.volume || at.mapping || d->bare.exists)
				continue;
			CHECK(!hv_mem_is_secret(d->w.hv, mfn, 512), "0x%" PRIx64 " is free and holds a volume's bytes",
			      mfn);
		}
}

static void check_faults(struct day *d)
{
	struct hv_mem_actions done = hv_mem_actions(d->w.hv);

	CHECK(!hv_mem_unresolved(d->w.hv), "a guest is held for ever");
	CHECK(done.vmce + done.crash + done.resume <= d->hits, "told %u times of %u", done.vmce + done.crash, d->hits);
	CHECK(!done.crash, "a guest was killed at its first hit");
}

static void day_check(struct day *d)
{
	static void (*const checks[])(struct day *) = { check_ledger, check_hypervisor, check_faults, check_zero };
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(checks) && !failure; i++)
		checks[i](d);
	if (!failure)
		check_volume(d, "a", &d->a);
}

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
		day_check(&d);
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
