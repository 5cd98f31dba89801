/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/bucket.h - a leaky bucket: too many, too fast?
 *
 * What is poured in leaks out at a steady rate, so "10 / 24h" forgives one
 * every 144 minutes and runs over at the eleventh in a row.
 *
 * Units: @now_ns is a clock that never goes back, in nanoseconds; should it go
 * back all the same, nothing leaks. Nobody allocates; embed it.
 */
#ifndef NV_CORE_BUCKET_H
#define NV_CORE_BUCKET_H

#include "base/macros.h"

struct bucket_conf {
	uint32_t burst;    /* how much it holds; 0: it never runs over */
	uint64_t drain_ns; /* how long one takes to leak out; 0: at once */
};

struct bucket {
	uint32_t level;
	uint64_t since_ns; /* leaked up to here */
};

/** bucket_conf_per() - room for @burst in @per_s seconds */
struct bucket_conf bucket_conf_per(uint32_t burst, uint32_t per_s);

/**
 * bucket_add() - pour @n in at @now_ns
 * Return: true if it ran over; it is then empty again.
 */
bool bucket_add(struct bucket *b, const struct bucket_conf *c, uint32_t n,
		uint64_t now_ns);

/** bucket_has_room() - would @n more fit now? */
bool bucket_has_room(struct bucket *b, const struct bucket_conf *c, uint32_t n,
		     uint64_t now_ns);

#endif
