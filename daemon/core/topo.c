/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/topo.c - build a topology and leave out what cannot be true.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/topo.h"

/* One more zeroed element at the end of an array that is grown by doubling. */
static void *append(void *array, size_t *nr, size_t elem)
{
	void *grown = *(void **)array;

	if ((*nr & (*nr - 1)) == 0) {
		grown = reallocarray(grown, *nr ? *nr * 2 : 1, elem);
		if (!grown)
			return NULL;
		*(void **)array = grown;
	}
	return memset((char *)grown + (*nr)++ * elem, 0, elem);
}

struct topo *topo_new(void)
{
	return calloc(1, sizeof(struct topo));
}

static void ns_deinit(struct topo_ns *ns)
{
	size_t i;

	for (i = 0; i < ns->nr_users; i++)
		free(ns->users[i].name);
	free(ns->users);
}

static void region_deinit(struct topo_region *r)
{
	size_t i;

	for (i = 0; i < r->nr_namespaces; i++)
		ns_deinit(&r->namespaces[i]);
	free(r->namespaces);
	free(r->dimms);
	free(r->bad);
}

struct topo *topo_free(struct topo *t)
{
	size_t i;

	if (!t)
		return NULL;
	for (i = 0; i < t->nr_regions; i++)
		region_deinit(&t->regions[i]);
	for (i = 0; i < t->nr_problems; i++)
		free(t->problems[i]);
	free(t->regions);
	free(t->problems);
	free(t);
	return NULL;
}

void topo_freep(struct topo **t)
{
	*t = topo_free(*t);
}

struct topo_region *topo_add_region(struct topo *t)
{
	struct topo_region *r;

	r = append(&t->regions, &t->nr_regions, sizeof(*r));
	if (r)
		r->numa_node = -1;
	return r;
}

struct topo_dimm *topo_add_dimm(struct topo_region *r)
{
	return append(&r->dimms, &r->nr_dimms, sizeof(*r->dimms));
}

struct topo_ns *topo_add_ns(struct topo_region *r)
{
	return append(&r->namespaces, &r->nr_namespaces,
	              sizeof(*r->namespaces));
}

int topo_add_user(struct topo_ns *ns, enum topo_use use, const char *name,
                  int pid)
{
	nv_cleanup(nv_freep) char *copy = strdup(name);
	struct topo_user *u;

	if (!copy)
		return -ENOMEM;
	u = append(&ns->users, &ns->nr_users, sizeof(*u));
	if (!u)
		return -ENOMEM;
	u->use = use;
	u->pid = pid;
	u->name = nv_steal(&copy);
	return 0;
}

int topo_add_bad(struct topo_region *r, uint64_t offset, uint64_t size)
{
	struct topo_bad *b;
	uint64_t end;

	if (offset >= r->size || !size)
		return 0;
	end = offset + NV_MIN(size, r->size - offset);
	b = append(&r->bad, &r->nr_bad, sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->offset = nv_align_down(offset, TOPO_FRAME);
	b->nr = (end - b->offset + TOPO_FRAME - 1) / TOPO_FRAME;
	return 0;
}

int topo_add_problem(struct topo *t, const char *fmt, ...)
{
	nv_cleanup(nv_freep) char *copy = NULL;
	char text[512];
	va_list ap;
	char **slot;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	slot = append(&t->problems, &t->nr_problems, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = nv_steal(&copy);
	return 0;
}

static int by_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int bad_cmp(const void *a, const void *b)
{
	return by_u64(((const struct topo_bad *)a)->offset,
	              ((const struct topo_bad *)b)->offset);
}

static int region_cmp(const void *a, const void *b)
{
	return by_u64(((const struct topo_region *)a)->spa,
	              ((const struct topo_region *)b)->spa);
}

static int ns_cmp(const void *a, const void *b)
{
	return by_u64(((const struct topo_ns *)a)->spa,
	              ((const struct topo_ns *)b)->spa);
}

static uint64_t bad_end(const struct topo_bad *b)
{
	return b->offset + b->nr * TOPO_FRAME;
}

static void merge_bad(struct topo_region *r)
{
	size_t i, n = 0;

	if (!r->nr_bad)
		return;
	qsort(r->bad, r->nr_bad, sizeof(*r->bad), bad_cmp);
	for (i = 1; i < r->nr_bad; i++) {
		struct topo_bad *last = &r->bad[n], *b = &r->bad[i];

		if (b->offset > bad_end(last))
			r->bad[++n] = *b;
		else if (bad_end(b) > bad_end(last))
			last->nr = (bad_end(b) - last->offset) / TOPO_FRAME;
	}
	r->nr_bad = n + 1;
}

/* A region or a namespace, for the checks that are the same for both. */
struct span {
	const char *name;
	uint64_t spa;
	uint64_t size;
	const struct span *within; /* NULL for regions */
	bool dropped;
};

/* The last byte: a span that ends with the address space has one, too. */
static uint64_t span_last(const struct span *s)
{
	return s->spa + (s->size - 1);
}

/* Why the span cannot be what it says; NULL if it can. */
static const char *span_fault(const struct span *s)
{
	if (!s->size)
		return "it has no size";
	if (span_last(s) < s->spa)
		return "it reaches past the end of the address space";
	if (!nv_is_aligned(s->spa, TOPO_FRAME) ||
	    !nv_is_aligned(s->size, TOPO_FRAME))
		return "it is not made of whole 4 KiB frames";
	if (s->within &&
	    (s->spa < s->within->spa || span_last(s) > span_last(s->within)))
		return "it is not within its region";
	return NULL;
}

static int drop_impossible(struct topo *t, struct span *spans, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		struct span *s = &spans[i];
		const char *fault = span_fault(s);

		if (!fault)
			continue;
		s->dropped = true;
		if (topo_add_problem(t,
		                     "%s (SPA 0x%" PRIx64 ", size 0x%" PRIx64
		                     ") was left out: %s",
		                     s->name, s->spa, s->size, fault))
			return -ENOMEM;
	}
	return 0;
}

/*
 * @spans are sorted by spa. The furthest end seen so far is what the next one
 * is held against, as a long span may overlap more than its neighbour.
 */
static int drop_overlapping(struct topo *t, struct span *spans, size_t nr)
{
	struct span *widest = NULL;
	size_t i;

	for (i = 0; i < nr; i++) {
		struct span *s = &spans[i];

		if (span_fault(s))
			continue;
		if (widest && s->spa <= span_last(widest)) {
			widest->dropped = s->dropped = true;
			if (topo_add_problem(t,
			                     "%s and %s were left out: they "
			                     "overlap at SPA 0x%" PRIx64,
			                     widest->name, s->name, s->spa))
				return -ENOMEM;
		}
		if (!widest || span_last(s) > span_last(widest))
			widest = s;
	}
	return 0;
}

static int finish_namespaces(struct topo *t, struct topo_region *r)
{
	const struct span within = {
		.name = r->name, .spa = r->spa, .size = r->size};
	nv_cleanup(nv_freep) struct span *spans = NULL;
	size_t i, n = 0;

	if (!r->nr_namespaces)
		return 0;
	spans = calloc(r->nr_namespaces, sizeof(*spans));
	if (!spans)
		return -ENOMEM;
	qsort(r->namespaces, r->nr_namespaces, sizeof(*r->namespaces), ns_cmp);
	for (i = 0; i < r->nr_namespaces; i++) {
		struct topo_ns *ns = &r->namespaces[i];

		spans[i] = (struct span){.name = ns->name,
		                         .spa = ns->spa,
		                         .size = ns->size,
		                         .within = &within};
	}
	if (drop_impossible(t, spans, r->nr_namespaces) ||
	    drop_overlapping(t, spans, r->nr_namespaces))
		return -ENOMEM;
	for (i = 0; i < r->nr_namespaces; i++) {
		if (spans[i].dropped)
			ns_deinit(&r->namespaces[i]);
		else
			r->namespaces[n++] = r->namespaces[i];
	}
	r->nr_namespaces = n;
	return 0;
}

static int finish_regions(struct topo *t)
{
	nv_cleanup(nv_freep) struct span *spans = NULL;
	size_t i, n = 0;

	if (!t->nr_regions)
		return 0;
	spans = calloc(t->nr_regions, sizeof(*spans));
	if (!spans)
		return -ENOMEM;
	qsort(t->regions, t->nr_regions, sizeof(*t->regions), region_cmp);
	for (i = 0; i < t->nr_regions; i++) {
		struct topo_region *r = &t->regions[i];

		spans[i] = (struct span){
			.name = r->name, .spa = r->spa, .size = r->size};
	}
	if (drop_impossible(t, spans, t->nr_regions) ||
	    drop_overlapping(t, spans, t->nr_regions))
		return -ENOMEM;
	for (i = 0; i < t->nr_regions; i++) {
		if (spans[i].dropped)
			region_deinit(&t->regions[i]);
		else
			t->regions[n++] = t->regions[i];
	}
	t->nr_regions = n;
	return 0;
}

struct owned_ns {
	struct topo_region *region;
	struct topo_ns *ns;
};

static int owned_cmp(const void *a, const void *b)
{
	return memcmp(&((const struct owned_ns *)a)->ns->id,
	              &((const struct owned_ns *)b)->ns->id,
	              sizeof(struct nv_uuid));
}

/* Forgets the namespaces that were marked by taking their size. */
static void forget_marked(struct topo_region *r)
{
	size_t i, n = 0;

	for (i = 0; i < r->nr_namespaces; i++) {
		if (r->namespaces[i].size)
			r->namespaces[n++] = r->namespaces[i];
		else
			ns_deinit(&r->namespaces[i]);
	}
	r->nr_namespaces = n;
}

/* A label copied to another DIMM, say: whose bytes would be whose? */
static int drop_same_id(struct topo *t)
{
	nv_cleanup(nv_freep) struct owned_ns *all = NULL;
	size_t i, j, nr = 0;
	char text[NV_UUID_TEXT];

	for (i = 0; i < t->nr_regions; i++)
		nr += t->regions[i].nr_namespaces;
	all = calloc(nr + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	nr = 0;
	for (i = 0; i < t->nr_regions; i++)
		for (j = 0; j < t->regions[i].nr_namespaces; j++)
			all[nr++] = (struct owned_ns){
				&t->regions[i], &t->regions[i].namespaces[j]};
	qsort(all, nr, sizeof(*all), owned_cmp);
	for (i = 0; i + 1 < nr; i++) {
		if (owned_cmp(&all[i], &all[i + 1]))
			continue;
		if (topo_add_problem(t,
		                     "%s of %s and %s of %s were left out: "
		                     "both have the UUID %s",
		                     all[i].ns->name, all[i].region->name,
		                     all[i + 1].ns->name,
		                     all[i + 1].region->name,
		                     nv_uuid_print(&all[i].ns->id, text)))
			return -ENOMEM;
		all[i].ns->size = 0;
		all[i + 1].ns->size = 0;
	}
	for (i = 0; i < t->nr_regions; i++)
		forget_marked(&t->regions[i]);
	return 0;
}

int topo_finish(struct topo *t)
{
	size_t i;

	if (finish_regions(t))
		return -ENOMEM;
	for (i = 0; i < t->nr_regions; i++) {
		merge_bad(&t->regions[i]);
		if (finish_namespaces(t, &t->regions[i]))
			return -ENOMEM;
	}
	return drop_same_id(t);
}
