/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * p2m.c - nested page tables: look up, write, split, fold.
 */
#include "p2m.h"

#include <string.h>

#define LEVELS	     4u
#define LEVEL_BITS   9u
#define LEVEL_NR     (1u << LEVEL_BITS)
#define TOP	     (LEVELS - 1)
#define GFN_END	     (UINT64_C(1) << P2M_GFN_BITS)
#define ENTRY_MFN    (((UINT64_C(1) << 40) - 1) << 12)

/*
 * An entry that is present but not a page holds the address of the next
 * table, whose alignment keeps it clear of the PSE flag.
 */
struct table {
	uint64_t e[LEVEL_NR];
	unsigned int used; /* entries that are not 0 */
} __attribute__((aligned(256)));

struct p2m {
	struct table *top;
	uint64_t tables;
	uint64_t writes;
	uint64_t fail_in; /* 0: never */
};

static unsigned int order_of(unsigned int level)
{
	return level * LEVEL_BITS;
}

static unsigned int index_of(uint64_t gfn, unsigned int level)
{
	return (unsigned int)(gfn >> order_of(level)) & (LEVEL_NR - 1);
}

static bool is_page(uint64_t e, unsigned int level)
{
	return (e & P2M_ENTRY_PRESENT) && (!level || (e & P2M_ENTRY_PSE));
}

static struct table *table_of(uint64_t e)
{
	return (struct table *)(uintptr_t)(e & ~P2M_ENTRY_PRESENT);
}

static struct table *table_new(struct p2m *p)
{
	struct table *t;

	if (p->fail_in && !--p->fail_in)
		return NULL;
	t = aligned_alloc(256, sizeof(*t));
	if (!t)
		return NULL;
	memset(t, 0, sizeof(*t));
	p->tables++;
	return t;
}

/* The tables below @t too. Deepest first, without recursion: four levels. */
static void table_free(struct p2m *p, struct table *t, unsigned int level)
{
	struct table *path[LEVELS];
	unsigned int at[LEVELS];
	uint64_t e;

	path[level] = t;
	at[level] = 0;
	for (unsigned int l = level; l <= level;) {
		if (!l || at[l] == LEVEL_NR) {
			free(path[l]);
			p->tables--;
			l++;
			continue;
		}
		e = path[l]->e[at[l]++];
		if (!e || is_page(e, l))
			continue;
		l--;
		path[l] = table_of(e);
		at[l] = 0;
	}
}

int p2m_new(struct p2m **ret)
{
	struct p2m *p;

	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->top = table_new(p);
	if (!p->top) {
		free(p);
		return -ENOMEM;
	}
	*ret = p;
	return 0;
}

struct p2m *p2m_free(struct p2m *p)
{
	if (p)
		table_free(p, p->top, TOP);
	free(p);
	return NULL;
}

struct p2m_entry p2m_get(const struct p2m *p, uint64_t gfn)
{
	struct p2m_entry r = { .type = P2M_MMIO_DM, .mfn = ~0ull };
	const struct table *t = p->top;
	unsigned int level;
	uint64_t e;

	if (gfn >= GFN_END) {
		r.order = order_of(TOP);
		return r;
	}
	for (level = TOP;; level--) {
		e = t->e[index_of(gfn, level)];
		r.order = order_of(level);
		if (!e)
			return r;
		if (is_page(e, level))
			break;
		t = table_of(e);
	}
	r.type = (enum p2m_type)((e >> P2M_ENTRY_TYPE_SHIFT) & 0x7f);
	r.mfn = ((e & ENTRY_MFN) >> 12) +
		(gfn & ((UINT64_C(1) << r.order) - 1));
	r.raw = e;
	return r;
}

static uint64_t entry_make(uint64_t mfn, unsigned int level,
			   enum p2m_type type, bool uncached)
{
	uint64_t e = P2M_ENTRY_PRESENT | P2M_ENTRY_WRITE | P2M_ENTRY_USER |
		     (mfn << 12) | ((uint64_t)type << P2M_ENTRY_TYPE_SHIFT);

	if (level)
		e |= P2M_ENTRY_PSE;
	if (uncached)
		e |= P2M_ENTRY_PCD;
	return e;
}

static void entry_write(struct p2m *p, struct table *t, unsigned int i,
			uint64_t e)
{
	t->used += (e != 0) - (t->e[i] != 0);
	t->e[i] = e;
	p->writes++;
}

/* The table below entry @i, made from the page or the hole that is there. */
static struct table *table_below(struct p2m *p, struct table *t,
				 unsigned int i, unsigned int level)
{
	uint64_t e = t->e[i], child;
	struct table *n;
	unsigned int k;

	if (e && !is_page(e, level))
		return table_of(e);
	n = table_new(p);
	if (!n)
		return NULL;
	if (e) {
		child = level == 1 ? e & ~P2M_ENTRY_PSE : e;
		for (k = 0; k < LEVEL_NR; k++)
			n->e[k] = child + ((uint64_t)k
					   << (12 + order_of(level - 1)));
		n->used = LEVEL_NR;
	}
	entry_write(p, t, i, (uint64_t)(uintptr_t)n | P2M_ENTRY_PRESENT);
	return n;
}

/* Give back the tables on the way to @gfn that hold nothing any more. */
static void fold(struct p2m *p, struct table *const *path, unsigned int level,
		 uint64_t gfn)
{
	for (; level < TOP && !path[level]->used; level++) {
		entry_write(p, path[level + 1], index_of(gfn, level + 1), 0);
		free(path[level]);
		p->tables--;
	}
}

int p2m_set(struct p2m *p, uint64_t gfn, uint64_t mfn, unsigned int order,
	    enum p2m_type type, bool uncached)
{
	unsigned int target = order / LEVEL_BITS, level, i;
	struct table *path[LEVELS] = { [TOP] = p->top };
	bool hole = type == P2M_MMIO_DM;
	uint64_t old;

	if (order % LEVEL_BITS || target >= TOP ||
	    !nv_is_aligned(gfn, UINT64_C(1) << order) || gfn >= GFN_END)
		return -EINVAL;
	if (!hole && (!nv_is_aligned(mfn, UINT64_C(1) << order) ||
		      mfn >= UINT64_C(1) << 40))
		return -EINVAL;

	for (level = TOP; level > target; level--) {
		i = index_of(gfn, level);
		if (hole && !path[level]->e[i])
			return 0;
		path[level - 1] = table_below(p, path[level], i, level);
		if (!path[level - 1]) {
			fold(p, path, level, gfn);
			return -ENOMEM;
		}
	}

	i = index_of(gfn, level);
	old = path[level]->e[i];
	entry_write(p, path[level], i,
		    hole ? 0 : entry_make(mfn, level, type, uncached));
	if (old && !is_page(old, level))
		table_free(p, table_of(old), level - 1);
	fold(p, path, level, gfn);
	return 0;
}

int p2m_set_range(struct p2m *p, uint64_t gfn, uint64_t mfn, uint64_t nr,
		  unsigned int max_order, enum p2m_type type, bool uncached)
{
	uint64_t align, size;
	unsigned int order;
	int r;

	for (; nr; gfn += size, mfn += size, nr -= size) {
		align = type == P2M_MMIO_DM ? gfn : gfn | mfn;
		order = max_order - max_order % LEVEL_BITS;
		while (order && (!nv_is_aligned(align, UINT64_C(1) << order) ||
				 UINT64_C(1) << order > nr))
			order -= LEVEL_BITS;
		size = UINT64_C(1) << order;
		r = p2m_set(p, gfn, mfn, order, type, uncached);
		if (r)
			return r;
	}
	return 0;
}

/* The first page at or after @gfn. */
static bool page_next(const struct p2m *p, uint64_t gfn, uint64_t *ret_gfn,
		      struct p2m_entry *ret)
{
	struct p2m_entry e;
	uint64_t size;

	while (gfn < GFN_END) {
		e = p2m_get(p, gfn);
		if (e.type != P2M_MMIO_DM) {
			*ret_gfn = gfn;
			*ret = e;
			return true;
		}
		/* A hole is as large as the entry that is missing. */
		size = UINT64_C(1) << e.order;
		gfn = nv_align_down(gfn, size) + size;
	}
	return false;
}

bool p2m_next(const struct p2m *p, uint64_t gfn, struct p2m_run *ret)
{
	struct p2m_entry e;
	struct p2m_run run;
	uint64_t at, size;

	if (!page_next(p, gfn, &at, &e))
		return false;
	size = UINT64_C(1) << e.order;
	run = (struct p2m_run){
		.gfn = at,
		.mfn = e.mfn,
		.nr = nv_align_down(at, size) + size - at,
		.type = e.type,
		.order = e.order,
		.uncached = e.raw & P2M_ENTRY_PCD,
	};
	while (run.gfn + run.nr < GFN_END) {
		e = p2m_get(p, run.gfn + run.nr);
		if (e.type == P2M_MMIO_DM || e.type != run.type ||
		    e.order != run.order || e.mfn != run.mfn + run.nr ||
		    !(e.raw & P2M_ENTRY_PCD) != !run.uncached)
			break;
		run.nr += UINT64_C(1) << e.order;
	}
	*ret = run;
	return true;
}

void p2m_fail_table(struct p2m *p, uint64_t nth)
{
	p->fail_in = nth;
}

uint64_t p2m_tables(const struct p2m *p)
{
	return p->tables;
}

uint64_t p2m_writes(const struct p2m *p)
{
	return p->writes;
}

static bool table_check(const struct table *t, unsigned int level,
			uint64_t *nr)
{
	unsigned int i, used = 0;

	++*nr;
	for (i = 0; i < LEVEL_NR; i++) {
		uint64_t e = t->e[i];

		used += e != 0;
		if (!e)
			continue;
		if (!(e & P2M_ENTRY_PRESENT) || (level == TOP && is_page(e, level)))
			return false;
		if (!is_page(e, level)) {
			/* At most three deep, so recursion is bounded. */
			if (!table_check(table_of(e), level - 1, nr))
				return false;
			continue;
		}
		if (!nv_is_aligned((e & ENTRY_MFN) >> 12,
				   UINT64_C(1) << order_of(level)))
			return false;
		if (!level && (e & P2M_ENTRY_PSE))
			return false;
	}
	return used == t->used && (used || level == TOP);
}

bool p2m_check(const struct p2m *p)
{
	uint64_t nr = 0;

	return table_check(p->top, TOP, &nr) && nr == p->tables;
}
