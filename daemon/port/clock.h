/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port/clock.h - the time.
 */
#ifndef NV_PORT_CLOCK_H
#define NV_PORT_CLOCK_H

#include "base/macros.h"
#include "base/uuid.h"

struct clock;

struct clock_ops {
	uint64_t (*mono_ns)(struct clock *clock);
	uint64_t (*wall_us)(struct clock *clock);
	void (*uuid)(struct clock *clock, struct nv_uuid *ret);
};

/* The adapter embeds it. */
struct clock {
	const struct clock_ops *ops;
};

/** clock_mono_ns() - CLOCK_BOOTTIME: never goes back, counts while asleep */
static inline uint64_t clock_mono_ns(struct clock *clock)
{
	return clock->ops->mono_ns(clock);
}

/** clock_wall_us() - microseconds since 1970-01-01 UTC */
static inline uint64_t clock_wall_us(struct clock *clock)
{
	return clock->ops->wall_us(clock);
}

/** clock_uuid() - an identity that nobody had before (RFC 4122, version 4) */
static inline void clock_uuid(struct clock *clock, struct nv_uuid *ret)
{
	clock->ops->uuid(clock, ret);
}

#endif
