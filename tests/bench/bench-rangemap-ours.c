/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench-rangemap-ours.c - the range map, as the benchmark sees it.
 */
#include "core/rangemap.h"
#include "tests/bench/bench-rangemap.h"

static void *ours_make(void)
{
	struct rangemap *m;

	if (rangemap_new(0, &m))
		abort();
	return m;
}

static void ours_destroy(void *map)
{
	rangemap_free(map);
}

static void ours_paint(void *map, const struct bench_piece *p, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (rangemap_reserve(map, 1))
			abort();
		rangemap_paint(map, p[i].start, p[i].end, p[i].tag);
	}
}

static uint64_t ours_lookup(void *map, const uint64_t *frame, size_t nr)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < nr; i++)
		sum += rangemap_get(map, frame[i]);
	return sum;
}

static uint64_t ours_chain(void *map, const uint64_t *frame, size_t nr,
			   uint64_t zero)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < nr; i++)
		sum += rangemap_get(map, frame[i] + (sum & zero));
	return sum;
}

static uint64_t ours_iterate(void *map)
{
	struct rangemap_walk w = rangemap_walk(map, 0, RANGEMAP_END);
	struct rangemap_range r;
	uint64_t sum = 0;

	while (rangemap_next(&w, &r))
		sum += bench_seen(r.start, r.end, r.tag);
	return sum;
}

static uint64_t ours_windows(void *map, const uint64_t *start, size_t nr)
{
	struct rangemap_range r;
	uint64_t sum = 0;
	size_t i;
	int left;

	for (i = 0; i < nr; i++) {
		struct rangemap_walk w =
			rangemap_walk(map, start[i], RANGEMAP_END);

		for (left = BENCH_WINDOW; left && rangemap_next(&w, &r); left--)
			sum += bench_seen(r.start, r.end, r.tag);
	}
	return sum;
}

static size_t ours_bytes(void *map)
{
	return rangemap_bytes(map);
}

const struct bench_map bench_ours = {
	.name = "rangemap",
	.make = ours_make,
	.destroy = ours_destroy,
	.paint = ours_paint,
	.lookup = ours_lookup,
	.chain = ours_chain,
	.iterate = ours_iterate,
	.windows = ours_windows,
	.bytes = ours_bytes,
};
