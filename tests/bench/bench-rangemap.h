/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench-rangemap.h - what is asked of each of the maps that are compared.
 *
 * All of them are total maps keyed by start: a lookup is upper_bound - 1, a
 * paint splits and merges. Each runs its own loops, so that what can be inlined
 * is inlined. What returns a number returns a sum over all it has seen, and
 * the sums of all maps must be equal.
 */
#ifndef NV_BENCH_RANGEMAP_H
#define NV_BENCH_RANGEMAP_H

#include <stddef.h>
#include <stdint.h>

#define BENCH_END    (UINT64_C(1) << 52)
#define BENCH_WINDOW 100

#ifdef __cplusplus
extern "C" {
#endif

struct bench_piece {
	uint64_t start;
	uint64_t end;
	uint32_t tag;
};

struct bench_map {
	const char *name;
	void *(*make)(void); /* all of it has the tag 0 */
	void (*destroy)(void *map);
	void (*paint)(void *map, const struct bench_piece *p, size_t nr);
	/* the tags of @nr frames; @zero is 0, which nobody knows beforehand */
	uint64_t (*lookup)(void *map, const uint64_t *frame, size_t nr);
	uint64_t (*chain)(void *map, const uint64_t *frame, size_t nr,
			  uint64_t zero);
	uint64_t (*iterate)(void *map);
	/* BENCH_WINDOW ranges from each of @nr starts on, or to the end */
	uint64_t (*windows)(void *map, const uint64_t *start, size_t nr);
	size_t (*bytes)(void *map);
};

extern const struct bench_map bench_ours, bench_absl, bench_gtree;

#ifdef __cplusplus
}
#endif

/* Each range adds this to the sum. */
static inline uint64_t bench_seen(uint64_t start, uint64_t end, uint32_t tag)
{
	return (end - start) ^ tag;
}

#endif
