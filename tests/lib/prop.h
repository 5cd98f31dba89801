/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/prop.h - what every property test begins with: a seed that is
 * printed, a count of operations, and random numbers that follow from the seed.
 *
 *	prop-x [OPERATIONS [SEED]]
 *
 * or NV_PROP_OPS and NV_PROP_SEED in the environment.
 */
#ifndef NV_TESTS_PROP_H
#define NV_TESTS_PROP_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct prop {
	uint64_t ops;
	uint64_t seed;
	uint64_t state;
};

static inline struct prop prop_begin(int argc, char **argv)
{
	const char *ops = argc > 1 ? argv[1] : getenv("NV_PROP_OPS");
	const char *seed = argc > 2 ? argv[2] : getenv("NV_PROP_SEED");
	struct prop p = { .ops = 1000000 };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	p.seed = (uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec;
	if (ops)
		p.ops = strtoull(ops, NULL, 0);
	if (seed)
		p.seed = strtoull(seed, NULL, 0);
	p.state = p.seed;

	printf("%s: again with: %s %" PRIu64 " 0x%" PRIx64 "\n", argv[0],
	       argv[0], p.ops, p.seed);
	fflush(stdout);
	return p;
}

/* @op: how many operations it was from the beginning. */
#define prop_must(op, x)                                                \
	do {                                                            \
		if (!(x)) {                                             \
			fprintf(stderr, "%s:%d: op %llu: not so: %s\n", \
				__FILE__, __LINE__,                     \
				(unsigned long long)(op), #x);          \
			abort();                                        \
		}                                                       \
	} while (0)

/* splitmix64, after Steele, Lea and Flood. */
static inline uint64_t prop_random(struct prop *p)
{
	uint64_t z = p->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* A number below @n, which is not 0. */
static inline uint64_t prop_below(struct prop *p, uint64_t n)
{
	return prop_random(p) % n;
}

#endif
