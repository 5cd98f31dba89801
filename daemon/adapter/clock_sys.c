/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/clock_sys.c - the system's clocks and random numbers.
 */
#include "adapter/clock_sys.h"

#include <sys/random.h>
#include <time.h>

static uint64_t sys_mono_ns(struct clock *clock)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t sys_wall_us(struct clock *clock)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000;
}

static void sys_uuid(struct clock *clock, struct nv_uuid *ret)
{
	/* Below 256 bytes it neither fails nor is cut, once the pool is up. */
	while (getrandom(ret->b, sizeof(ret->b), 0) != sizeof(ret->b))
		;
	ret->b[6] = (uint8_t)((ret->b[6] & 0x0f) | 0x40);
	ret->b[8] = (uint8_t)((ret->b[8] & 0x3f) | 0x80);
}

static const struct clock_ops sys_ops = {
	.mono_ns = sys_mono_ns,
	.wall_us = sys_wall_us,
	.uuid = sys_uuid,
};

void clock_sys_init(struct clock *ret)
{
	ret->ops = &sys_ops;
}
