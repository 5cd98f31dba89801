/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench-rangemap.c - the range map against abseil's btree_map and GLib's GTree.
 *
 *	bench-rangemap [SIZE...]		sizes in ranges; 1e3 to 1e7 if none
 *
 * All maps do the same work in turns, repetition by repetition, and the ratio
 * is taken within a repetition. The table shows the median, and the worst
 * repetition in brackets: above 1.00 there, and noise is no explanation. Time
 * is the thread's, so that a busy machine disturbs less.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/bench-rangemap.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define REPS_MAX      11
#define SLOT	      16 /* frames in which one piece lies */

static const struct bench_map *const maps[] = { &bench_ours, &bench_absl,
						&bench_gtree };
enum { OURS, ABSL, GTREE, MAPS };

enum column {
	LOOKUP,
	CHAIN,
	PAINT,
	BUILD_RANDOM,
	BUILD_ORDER,
	ITERATE,
	WINDOW,
	BYTES_RANDOM,
	BYTES_ORDER,
	COLUMNS
};

static const struct {
	const char *name;
	const char *unit;
} columns[COLUMNS] = {
	[LOOKUP] = { "lookup, random", "ns" },
	[CHAIN] = { "lookup, each needs the last", "ns" },
	[PAINT] = { "paint, split and merge", "ns" },
	[BUILD_RANDOM] = { "build at random, per range", "ns" },
	[BUILD_ORDER] = { "build in order, per range", "ns" },
	[ITERATE] = { "iterate over all, per range", "ns" },
	[WINDOW] = { "iterate over 100 ranges", "ns" },
	[BYTES_RANDOM] = { "bytes per range, random", "B" },
	[BYTES_ORDER] = { "bytes per range, in order", "B" },
};

/* What is done to all maps of one size, and what came out. */
struct bench {
	size_t ranges; /* all but one of them in pairs, a piece and a gap */
	size_t pieces;
	size_t ops; /* in each of lookup and paint */
	size_t windows;
	unsigned int reps;
	struct bench_piece *in_order, *at_random, *split, *merge;
	uint64_t *frame, *start;
	double result[COLUMNS][MAPS][REPS_MAX];
};

static uint64_t random_state = 20160707;

static uint64_t random_below(uint64_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % n;
}

static void *must_alloc(size_t nr, size_t size)
{
	void *p = calloc(nr, size);

	if (!p) {
		fprintf(stderr, "bench-rangemap: out of memory\n");
		exit(1);
	}
	return p;
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void shuffle(struct bench_piece *p, size_t nr)
{
	struct bench_piece swap;
	size_t i, j;

	for (i = nr; i > 1; i--) {
		j = random_below(i);
		swap = p[i - 1];
		p[i - 1] = p[j];
		p[j] = swap;
	}
}

/*
 * Pieces of various lengths, one per slot, at least six frames and a gap.
 * A split takes two frames out of the middle of a piece, a merge repairs it.
 */
static void bench_begin(struct bench *b, size_t ranges)
{
	struct bench_piece *p;
	size_t i, slot;

	b->ranges = ranges;
	b->pieces = ranges / 2;
	b->ops = 1000000;
	b->windows = 20000;
	b->reps = ranges >= 10000000 ? 3 : ranges >= 1000000 ? 5 : REPS_MAX;
	b->in_order = must_alloc(b->pieces, sizeof(*p));
	b->at_random = must_alloc(b->pieces, sizeof(*p));
	b->split = must_alloc(b->ops, sizeof(*p));
	b->merge = must_alloc(b->ops, sizeof(*p));
	b->frame = must_alloc(b->ops, sizeof(*b->frame));
	b->start = must_alloc(b->windows, sizeof(*b->start));

	for (i = 0; i < b->pieces; i++) {
		p = &b->in_order[i];
		p->start = i * SLOT + 1 + random_below(5);
		p->end = p->start + 6 + random_below(5);
		p->tag = 1 + (uint32_t)random_below(3);
	}
	memcpy(b->at_random, b->in_order, b->pieces * sizeof(*p));
	shuffle(b->at_random, b->pieces);

	for (i = 0; i < b->ops; i++) {
		b->frame[i] = random_below(b->pieces * SLOT);
		slot = random_below(b->pieces);
		b->split[i] = b->merge[i] = b->in_order[slot];
		b->split[i].start += 2;
		b->split[i].end = b->split[i].start + 2;
		b->split[i].tag = 9;
	}
	for (i = 0; i < b->windows; i++)
		b->start[i] = b->in_order[random_below(b->pieces)].start;
}

static void bench_end(struct bench *b)
{
	free(b->in_order);
	free(b->at_random);
	free(b->split);
	free(b->merge);
	free(b->frame);
	free(b->start);
	free(b);
}

/* Fresh maps until about as many paints as there are ops were done. */
static void *timed_build(struct bench *b, const struct bench_map *k,
			 const struct bench_piece *p, double *ret_ns,
			 double *ret_bytes)
{
	size_t times = b->pieces < b->ops / 10 ? b->ops / 10 / b->pieces : 1;
	double ns = 0, t;
	void *map = NULL;
	size_t i;

	for (i = 0; i < times; i++) {
		if (map)
			k->destroy(map);
		map = k->make();
		t = now_ns();
		k->paint(map, p, b->pieces);
		ns += now_ns() - t;
	}
	*ret_ns = ns / (double)(times * b->ranges);
	*ret_bytes = (double)k->bytes(map) / (double)b->ranges;
	return map;
}

/* Splits and merges in runs, so that the map's size hardly changes. */
static double timed_paint(struct bench *b, const struct bench_map *k, void *map)
{
	size_t run = b->pieces / 20 < 1000 ? b->pieces / 20 : 1000, i;
	double t = now_ns();

	for (i = 0; i + run <= b->ops; i += run) {
		k->paint(map, b->split + i, run);
		k->paint(map, b->merge + i, run);
	}
	return (now_ns() - t) / (double)(2 * i);
}

static void same_sum(uint64_t *sum, uint64_t is, int map)
{
	if (map == OURS)
		*sum = is;
	if (*sum == is)
		return;
	fprintf(stderr, "bench-rangemap: %s sees another map\n",
		maps[map]->name);
	exit(1);
}

/* One repetition: each map does one thing, then each does the next. */
static void bench_rep(struct bench *b, unsigned int rep)
{
	volatile uint64_t zero = 0;
	uint64_t sum = 0, is;
	void *map[MAPS];
	double t, ns, bytes;
	size_t times = b->ranges < 1000000 ? 1000000 / b->ranges : 1, n;
	int i;

#define RESULT(column) b->result[column][i][rep]
#define EACH_MAP       for (i = 0; i < MAPS; i++)
	EACH_MAP {
		maps[i]->destroy(timed_build(b, maps[i], b->in_order, &ns,
					     &bytes));
		RESULT(BUILD_ORDER) = ns;
		RESULT(BYTES_ORDER) = bytes;
	}
	EACH_MAP {
		map[i] = timed_build(b, maps[i], b->at_random, &ns, &bytes);
		RESULT(BUILD_RANDOM) = ns;
		RESULT(BYTES_RANDOM) = bytes;
	}
	EACH_MAP {
		t = now_ns();
		is = maps[i]->lookup(map[i], b->frame, b->ops);
		RESULT(LOOKUP) = (now_ns() - t) / (double)b->ops;
		same_sum(&sum, is, i);
	}
	EACH_MAP {
		t = now_ns();
		is = maps[i]->chain(map[i], b->frame, b->ops, zero);
		RESULT(CHAIN) = (now_ns() - t) / (double)b->ops;
		same_sum(&sum, is, i);
	}
	EACH_MAP {
		RESULT(PAINT) = timed_paint(b, maps[i], map[i]);
	}
	EACH_MAP {
		t = now_ns();
		is = 0;
		for (n = 0; n < times; n++)
			is += maps[i]->iterate(map[i]);
		RESULT(ITERATE) = (now_ns() - t) / (double)(times * b->ranges);
		same_sum(&sum, is, i);
	}
	EACH_MAP {
		t = now_ns();
		is = maps[i]->windows(map[i], b->start, b->windows);
		RESULT(WINDOW) = (now_ns() - t) / (double)b->windows;
		same_sum(&sum, is, i);
		maps[i]->destroy(map[i]);
	}
#undef RESULT
#undef EACH_MAP
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, unsigned int nr)
{
	qsort(v, nr, sizeof(*v), by_value);
	return v[nr / 2];
}

/* Return: whether ours was ahead of both in each repetition. */
static int bench_print(struct bench *b, enum column c)
{
	double ratio[REPS_MAX], mid[MAPS], worst[MAPS] = { 0 };
	unsigned int rep;
	int i, ahead;

	for (i = ABSL; i < MAPS; i++) {
		for (rep = 0; rep < b->reps; rep++)
			ratio[rep] = b->result[c][i][rep] /
				     b->result[c][OURS][rep];
		mid[i] = median(ratio, b->reps);
		worst[i] = ratio[0];
	}
	ahead = worst[ABSL] > 1 && worst[GTREE] > 1;
	printf("%-28s %9.1f %-2s %7.2f (%5.2f) %7.2f (%5.2f)%s\n",
	       columns[c].name, median(b->result[c][OURS], b->reps),
	       columns[c].unit, mid[ABSL], worst[ABSL], mid[GTREE],
	       worst[GTREE], ahead ? "" : "  not ahead");
	return ahead;
}

static int bench_size(size_t ranges)
{
	struct bench *b = must_alloc(1, sizeof(*b));
	int c, ahead = 1;
	unsigned int rep;

	bench_begin(b, ranges);
	for (rep = 0; rep < b->reps; rep++)
		bench_rep(b, rep);

	printf("\n%-28s %12s %15s %15s\n", "", bench_ours.name,
	       bench_absl.name, bench_gtree.name);
	printf("%-11zu ranges %28s %15s %15s\n", ranges, "", "times ours",
	       "times ours");
	for (c = 0; c < COLUMNS; c++)
		ahead &= bench_print(b, c);
	fflush(stdout);
	bench_end(b);
	return ahead;
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = { 1000, 10000, 100000, 1000000,
					10000000 };
	int i, ahead = 1;

	printf("Range maps: median of the ratios (worst repetition), in one "
	       "run, in turns.\n");
	if (argc > 1)
		for (i = 1; i < argc; i++)
			ahead &= bench_size((size_t)strtod(argv[i], NULL));
	else
		for (i = 0; i < (int)ARRAY_SIZE(sizes); i++)
			ahead &= bench_size(sizes[i]);
	printf("\n%s\n", ahead ? "Ahead of both in every row." :
				 "Not ahead in every row.");
	return 0;
}
