/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-repair.c - back from broken, and what breaks again meanwhile: book,
 * ledger and hypervisor agree, whatever happens between any two calls.
 */
#include "tests/lib/cm.h"

#include "tests/lib/requests.h"

#define MIB (1ull << 20)
#define SRAO 0xbd000000000000c0ull

/* More outside calls than any repair here makes. */
#define CALLS_MAX 40

static struct world w;

/* A bad run of two frames of a volume, or of the free ones of a pool. */
static const struct scene {
	const char *name;
	bool pool;
	uint64_t mfn;
} scenes[] = { { "v", false, WORLD_MFN + 10 }, { "p1", true, WORLD_MFN + 2048 + 10 } };

static int repair(const struct scene *s)
{
	return s->pool ? request_pool_repair(&w, s->name) : request_repair(&w, s->name);
}

/* An error of real memory: reported, and there until it is cleared. */
static void breaks(uint64_t mfn, uint64_t nr)
{
	topo_mem_bad(w.topo, mfn - WORLD_MFN, nr);
	hv_mem_mce(w.hv, mfn, nr, SRAO);
}

static void begin(const struct scene *s)
{
	world_init(&w);
	assert_int_equal(world_boot(&w), 0);
	assert_int_equal(request_pool(&w, "namespace0.0", "p1"), 0);
	assert_int_equal(request_volume(&w, "v", 4 * MIB), 0);
	breaks(s->mfn, 2);
	assert_int_equal(world_faults(&w), 0);
}

/* ---- who says that a frame is bad ---- */

struct asked {
	uint64_t off;
	bool bad;
};

static int on_bad(void *ctx, const struct bad_fact *b)
{
	struct asked *a = ctx;

	a->bad |= a->off >= b->off && a->off < b->off + b->nr;
	return 0;
}

static bool bad_in_book(uint64_t mfn)
{
	struct asked a = { .off = mfn - WORLD_MFN };

	assert_int_equal(store_load_bad(w.store, NULL, on_bad, &a), 0);
	return a.bad;
}

static bool bad_in_hypervisor(uint64_t mfn)
{
	struct hv_record rec[HV_LIST_MAX];
	uint32_t nr = HV_LIST_MAX, i;
	uint64_t cursor = 0;

	assert_int_equal(hv_list(w.hv, HV_LIST_BROKEN, &cursor, rec, &nr), 0);
	for (i = 0; i < nr; i++)
		if (mfn >= rec[i].mfn && mfn < rec[i].mfn + rec[i].nr)
			return true;
	return false;
}

static bool is_poisoned(uint64_t mfn)
{
	uint64_t at = frames_to_bytes(mfn - WORLD_MFN);
	const struct topo_bad *b;
	bool bad = false;
	struct topo *t;
	size_t i;

	assert_int_equal(topo_port_load(w.topo, &t), 0);
	for (i = 0; i < t->regions[0].nr_bad; i++) {
		b = &t->regions[0].bad[i];
		bad |= at >= b->offset && at - b->offset < frames_to_bytes(b->nr);
	}
	topo_free(t);
	return bad;
}

/* Return: NULL, or what is not true of the frame. */
static const char *disagree(uint64_t mfn)
{
	bool ledger = ledger_is_bad(w.nvd.ledger, mfn, 1);

	if (bad_in_book(mfn) != ledger)
		return ledger ? "bad in the ledger, good in the book" : "good in the ledger, bad in the book";
	if (bad_in_hypervisor(mfn) != ledger)
		return ledger ? "bad in the ledger, good in the hypervisor" :
				"good in the ledger, bad in the hypervisor";
	return is_poisoned(mfn) && !ledger ? "poisoned, and nobody knows" : NULL;
}

static void must_agree(const struct scene *s, uint64_t call, const char *when)
{
	const char *what;
	uint64_t i;

	for (i = 0; i < 2; i++) {
		what = disagree(s->mfn + i);
		if (what)
			fail_msg("%s, call %u: frame %u, %s: %s", s->name, (unsigned int)call, (unsigned int)i, when,
				 what);
	}
}

/* ---- errors that come while it is repaired ---- */

static void again(void *ctx)
{
	breaks(((const struct scene *)ctx)->mfn + 1, 1);
}

/* It broke, and the event of it did not fit into the ring. */
static void again_unheard(void *ctx)
{
	const struct hv_event lost = { .type = HV_EVENT_LOST, .domid = HV_NO_DOMAIN, .gfn = HV_NO_GFN };
	struct hv_range range = { .mfn = ((const struct scene *)ctx)->mfn + 1, .nr = 1 };
	uint64_t done = 0;

	topo_mem_bad(w.topo, range.mfn - WORLD_MFN, 1);
	assert_int_equal(hv_set_broken(w.hv, &range, 1, &done), 0);
	hv_mem_push(w.hv, &lost);
}

static bool broke;

/* @happens just before the @call-th call of a repair. Return: false, it made less calls. */
static bool breaks_at(const struct scene *s, void (*happens)(void *ctx), uint64_t call)
{
	begin(s);
	w.faulty.meanwhile = w.faulty.calls + call;
	w.faulty.happens = happens;
	w.faulty.ctx = (void *)s;
	broke |= repair(s) == NV_E_BROKEN;
	if (w.faulty.calls < w.faulty.meanwhile)
		return false;
	assert_int_equal(world_faults(&w), 0);
	must_agree(s, call, "in the same life");
	assert_int_equal(world_boot(&w), 0);
	assert_int_equal(world_faults(&w), 0);
	must_agree(s, call, "in the next life");
	assert_int_equal(repair(s), 0);
	assert_false(is_poisoned(s->mfn + 1));
	assert_false(ledger_is_bad(w.nvd.ledger, s->mfn, 2));
	must_agree(s, call, "repaired once more");
	return true;
}

static void breaks_at_each(void (*happens)(void *ctx))
{
	uint64_t call;
	size_t i;
	bool more;

	for (i = 0; i < NV_ARRAY_SIZE(scenes); i++) {
		broke = false;
		for (more = true, call = 1; more; call++) {
			assert_true(call < CALLS_MAX);
			more = breaks_at(&scenes[i], happens, call);
			world_deinit(&w);
		}
		assert_true(call > 8);
		/* And whoever asked was told. */
		assert_true(broke);
	}
}

static void test_an_error_newer_than_the_repair_wins_everywhere(void **state)
{
	breaks_at_each(again);
}

static void test_an_error_whose_event_was_lost_wins_too(void **state)
{
	breaks_at_each(again_unheard);
}

/* An error that was reported before somebody typed "repair" is what he wants repaired. */
static void test_an_error_that_nobody_had_read_of_is_older_than_the_repair(void **state)
{
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(scenes); i++) {
		begin(&scenes[i]);
		again((void *)&scenes[i]);
		assert_int_equal(repair(&scenes[i]), 0);
		assert_false(ledger_is_bad(w.nvd.ledger, scenes[i].mfn, 2));
		must_agree(&scenes[i], 0, "in the same life");
		assert_int_equal(world_faults(&w), 0);
		must_agree(&scenes[i], 0, "all events read");
		world_deinit(&w);
	}
}

static void test_a_repair_that_fails_or_dies_anywhere_leaves_no_doubt(void **state)
{
	uint64_t calls, call, at, end;
	const struct scene *s;
	int kind;

	for (s = scenes; s < scenes + NV_ARRAY_SIZE(scenes); s++) {
		begin(s);
		at = w.faulty.calls;
		assert_int_equal(repair(s), 0);
		calls = w.faulty.calls - at;
		world_deinit(&w);
		for (call = 1; call <= calls; call++)
			for (at = 0; at <= calls; at++)
				for (kind = 0; kind < FAULTY_KINDS; kind++) {
					begin(s);
					end = w.faulty.calls;
					w.faulty.plan[0] = (struct faulty_point){ end + call, (enum faulty_kind)kind };
					w.faulty.meanwhile = at ? end + at : 0;
					w.faulty.happens = again;
					w.faulty.ctx = (void *)s;
					repair(s);
					w.faulty.off = true;
					assert_int_equal(world_boot(&w), 0);
					assert_int_equal(world_faults(&w), 0);
					must_agree(s, call, "after the next start");
					world_deinit(&w);
				}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_error_newer_than_the_repair_wins_everywhere),
		cmocka_unit_test(test_an_error_whose_event_was_lost_wins_too),
		cmocka_unit_test(test_an_error_that_nobody_had_read_of_is_older_than_the_repair),
		cmocka_unit_test(test_a_repair_that_fails_or_dies_anywhere_leaves_no_doubt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
