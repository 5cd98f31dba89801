/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fill-book.c - as many bad ranges or volumes as a large host might have in
 * years, written into the book of an nvdimmd that is not running.
 *
 *	fill-book BOOK POOL bad NUMBER		every third frame, from the first
 *	fill-book BOOK POOL volumes NUMBER	2 MiB each, "v0" and on, from the first
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/store_sqlite.h"

#define VOLUME_FRAMES 512u
#define AT_ONCE	      10000u

struct fill {
	const char *pool_name;
	struct pool_fact pool;
	bool found;
};

static int on_pool(void *ctx, const struct pool_fact *p)
{
	struct fill *f = ctx;

	if (!strcmp(p->name, f->pool_name)) {
		f->pool = *p;
		f->found = true;
	}
	return 0;
}

static int on_volume(void *ctx, const struct volume_fact *v,
		     const struct extent_fact *extents)
{
	return 0;
}

static int on_mapping(void *ctx, const struct mapping_fact *m,
		      const struct extent_fact *extents)
{
	return 0;
}

static int add_bad(struct store *s, const struct fill *f, uint64_t i)
{
	struct bad_fact b = {
		.pool = f->pool.uuid,
		.off = 3 * i,
		.nr = 1,
		.time_us = 1,
		.source = BAD_PERSON,
	};

	return store_bad_add(s, &b);
}

static int on_guest(void *ctx, const struct guest_fact *g)
{
	return 0;
}

static int add_volume(struct store *s, const struct fill *f, uint64_t i)
{
	struct volume_fact v = {
		.uuid = f->pool.uuid,
		.pool = f->pool.uuid,
		.align = VOLUME_FRAMES,
		.nr = VOLUME_FRAMES,
		.created_us = 1,
		.state = VOLUME_READY,
		.nr_extents = 1,
	};
	struct extent e = {
		.fact = { .off = i * VOLUME_FRAMES,
			  .nr = VOLUME_FRAMES,
			  .gfn = NV_NO_FRAME },
	};

	/* Another one for each, of which only that matters. */
	memcpy(v.uuid.b, &i, sizeof(i));
	snprintf(v.name, sizeof(v.name), "v%llu", (unsigned long long)i);
	return store_volume_put(s, &v, &e);
}

static int fill(struct store *s, const struct fill *f, bool bad, uint64_t nr)
{
	uint64_t i;
	int r = 0;

	for (i = 0; i < nr && !r; i++) {
		if (i % AT_ONCE == 0)
			r = store_begin(s, STORE_DURABLE);
		if (!r)
			r = bad ? add_bad(s, f, i) : add_volume(s, f, i);
		if (!r && (i % AT_ONCE == AT_ONCE - 1 || i == nr - 1))
			r = store_commit(s);
	}
	return r;
}

int main(int argc, char **argv)
{
	const struct store_reader reader = { on_pool, on_volume, on_mapping, on_guest };
	nv_cleanup(store_freep) struct store *s = NULL;
	struct fill f = { 0 };
	struct nv_why why = { 0 };
	int r;

	if (argc != 5 || (strcmp(argv[3], "bad") && strcmp(argv[3], "volumes"))) {
		fprintf(stderr, "usage: fill-book BOOK POOL bad|volumes NUMBER\n");
		return 2;
	}
	r = store_sqlite_open(argv[1], NULL, &why, &s);
	if (r) {
		fprintf(stderr, "fill-book: %s\n", why.text);
		return 1;
	}
	f.pool_name = argv[2];
	r = store_load(s, &reader, &f);
	if (!r && !f.found) {
		fprintf(stderr, "fill-book: no pool %s\n", argv[2]);
		return 1;
	}
	if (!r)
		r = fill(s, &f, !strcmp(argv[3], "bad"),
			 strtoull(argv[4], NULL, 0));
	while (!r) {
		r = store_idle(s);
		if (r != STORE_MORE)
			break;
		r = 0;
	}
	if (r) {
		fprintf(stderr, "fill-book: %s\n", store_why(s));
		return 1;
	}
	return 0;
}
