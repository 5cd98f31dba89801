/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/bucket.c - a leaky bucket.
 */
#include "core/bucket.h"

struct bucket_conf bucket_conf_per(uint32_t burst, uint32_t per_s)
{
	return (struct bucket_conf){
		.burst = burst,
		.drain_ns = burst ? per_s * UINT64_C(1000000000) / burst : 0,
	};
}

static void bucket_leak(struct bucket *b, const struct bucket_conf *c,
			uint64_t now_ns)
{
	uint64_t leaked;

	if (!b->level || now_ns < b->since_ns) {
		b->since_ns = NV_MAX(now_ns, b->since_ns);
		return;
	}
	leaked = c->drain_ns ? (now_ns - b->since_ns) / c->drain_ns : b->level;
	if (leaked >= b->level) {
		b->level = 0;
		b->since_ns = now_ns;
		return;
	}
	b->level -= (uint32_t)leaked;
	b->since_ns += leaked * c->drain_ns; /* a part of one stays due */
}

bool bucket_has_room(struct bucket *b, const struct bucket_conf *c, uint32_t n,
		     uint64_t now_ns)
{
	if (!c->burst)
		return true;
	bucket_leak(b, c, now_ns);
	return n <= c->burst && b->level <= c->burst - n;
}

bool bucket_add(struct bucket *b, const struct bucket_conf *c, uint32_t n,
		uint64_t now_ns)
{
	if (!bucket_has_room(b, c, n, now_ns)) {
		b->level = 0;
		b->since_ns = now_ns;
		return true;
	}
	if (c->burst)
		b->level += n;
	return false;
}
