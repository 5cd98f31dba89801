/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prop-p2m.c - the simulator's page tables against one entry per frame.
 *
 * The model covers a window of guest frames around a 1 GiB boundary, small
 * enough for an array; pages of 1 GiB that touch it are modelled in part.
 */
#include "shim-hypercall/sim/p2m.h"

#include "tests/lib/prop.h"

#define WINDOW	(UINT64_C(1) << 14) /* frames: 32 pages of 2 MiB */
#define BASE	((UINT64_C(3) << 18) - WINDOW / 2)
#define CHECK_EVERY 512

struct model {
	uint64_t mfn[WINDOW]; /* ~0: a hole */
	bool uncached[WINDOW];
};

static void fail(const char *what, uint64_t gfn)
{
	printf("%s at gfn %#" PRIx64 "\n", what, gfn);
	abort();
}

static void model_set(struct model *m, uint64_t gfn, uint64_t mfn, uint64_t nr,
		      bool uncached)
{
	uint64_t i, at;

	for (i = 0; i < nr; i++) {
		at = gfn + i - BASE;
		if (at >= WINDOW)
			continue;
		m->mfn[at] = mfn == ~0ull ? mfn : mfn + i;
		m->uncached[at] = uncached;
	}
}

static void compare(const struct p2m *p, const struct model *m, uint64_t gfn)
{
	struct p2m_entry e = p2m_get(p, gfn);
	uint64_t at = gfn - BASE;

	if (e.mfn != m->mfn[at] ||
	    (e.mfn != ~0ull && !(e.raw & P2M_ENTRY_PCD) == m->uncached[at]))
		fail("not what was written", gfn);
}

/* The runs say the same as the entries, one after the other, without overlap. */
static void compare_runs(const struct p2m *p, const struct model *m,
			 uint64_t gfn)
{
	uint64_t i;
	struct p2m_run run;

	while (gfn < BASE + WINDOW) {
		if (!p2m_next(p, gfn, &run))
			run.gfn = BASE + WINDOW;
		for (; gfn < run.gfn && gfn < BASE + WINDOW; gfn++)
			if (m->mfn[gfn - BASE] != ~0ull)
				fail("a run is missing", gfn);
		if (gfn >= BASE + WINDOW)
			break;
		for (i = 0; i < run.nr && gfn < BASE + WINDOW; i++, gfn++)
			if (m->mfn[gfn - BASE] != run.mfn + i ||
			    m->uncached[gfn - BASE] != run.uncached ||
			    p2m_get(p, gfn).order != run.order)
				fail("a run is wrong", gfn);
	}
}

static void one(struct prop *r, struct p2m *p, struct model *m)
{
	static const unsigned int orders[] = { 0, 0, 0, 9, 9, 9, 18 };
	unsigned int order = orders[prop_below(r, 7)];
	uint64_t size = UINT64_C(1) << order;
	uint64_t gfn = BASE + prop_below(r, WINDOW);
	uint64_t mfn = prop_below(r, UINT64_C(1) << 30);
	bool hole = prop_below(r, 3) == 0, uncached = prop_below(r, 4) == 0;
	uint64_t nr;
	int e;

	/* 1 GiB pages would wipe the whole window: now and then is enough. */
	if (order == 18 && prop_below(r, 64))
		order = 9, size = 512;
	if (prop_below(r, 16) == 0)
		p2m_fail_table(p, 1 + prop_below(r, 3));
	if (prop_below(r, 8) == 0) {
		nr = 1 + prop_below(r, 2048);
		p2m_fail_table(p, 0);
		e = p2m_set_range(p, gfn, mfn, nr, order,
				  hole ? P2M_MMIO_DM : P2M_MMIO_DIRECT,
				  uncached);
		if (e)
			fail("a range could not be written", gfn);
		model_set(m, gfn, hole ? ~0ull : mfn, nr, uncached);
		return;
	}
	gfn = nv_align_down(gfn, size);
	mfn = nv_align_down(mfn, size);
	e = p2m_set(p, gfn, mfn, order, hole ? P2M_MMIO_DM : P2M_MMIO_DIRECT,
		    uncached);
	p2m_fail_table(p, 0);
	if (!e)
		model_set(m, gfn, hole ? ~0ull : mfn, size, uncached);
	else if (e != -ENOMEM)
		fail("refused", gfn);
}

int main(int argc, char **argv)
{
	struct prop r = prop_begin(argc, argv);
	struct model *m = malloc(sizeof(*m));
	struct p2m *p;
	uint64_t i;

	if (!m || p2m_new(&p))
		abort();
	model_set(m, BASE, ~0ull, WINDOW, false);
	for (i = 0; i < r.ops; i++) {
		one(&r, p, m);
		compare(p, m, BASE + prop_below(&r, WINDOW));
		if (i % CHECK_EVERY)
			continue;
		if (!p2m_check(p))
			fail("the tables are not well formed", 0);
		compare_runs(p, m, BASE);
		compare_runs(p, m, BASE + prop_below(&r, WINDOW));
	}
	/* When all is taken out, all tables but the top are given back. */
	if (p2m_set_range(p, 0, 0, UINT64_C(8) << 18, 18, P2M_MMIO_DM, false) ||
	    p2m_tables(p) != 1)
		fail("tables are left over", p2m_tables(p));
	p2m_free(p);
	free(m);
	printf("%" PRIu64 " operations\n", r.ops);
	return 0;
}
