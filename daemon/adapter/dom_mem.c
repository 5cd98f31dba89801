/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/dom_mem.c - domains in memory, for tests.
 */
#include "adapter/dom_mem.h"

#define DOMIDS 64

struct dom_mem {
	struct dom dom;
	struct dom_info info[DOMIDS]; /* by domid */
	bool there[DOMIDS];
};

static struct dom_mem *dom_mem(struct dom *dom)
{
	return nv_container_of(dom, struct dom_mem, dom);
}

static int mem_next(struct dom *dom, uint32_t from, struct dom_info *ret)
{
	struct dom_mem *m = dom_mem(dom);

	for (; from < DOMIDS; from++) {
		if (!m->there[from])
			continue;
		*ret = m->info[from];
		return 0;
	}
	return -ESRCH;
}

static int mem_get(struct dom *dom, uint32_t domid, struct dom_info *ret)
{
	if (domid >= DOMIDS || !dom_mem(dom)->there[domid])
		return -ESRCH;
	*ret = dom_mem(dom)->info[domid];
	return 0;
}

static void mem_free(struct dom *dom)
{
	free(dom_mem(dom));
}

static const struct dom_ops mem_ops = { .get = mem_get, .next = mem_next, .free = mem_free };

int dom_mem_new(struct dom **ret)
{
	struct dom_mem *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->dom.ops = &mem_ops;
	*ret = &m->dom;
	return 0;
}

void dom_mem_put(struct dom *dom, const struct dom_info *d)
{
	if (d->domid >= DOMIDS)
		abort();
	dom_mem(dom)->info[d->domid] = *d;
	dom_mem(dom)->there[d->domid] = true;
}

void dom_mem_del(struct dom *dom, uint32_t domid)
{
	dom_mem(dom)->there[domid] = false;
}
