/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/fault/flows.h - a working day of the daemon, and what was promised in it.
 */
#ifndef NV_TESTS_FLOWS_H
#define NV_TESTS_FLOWS_H

#include "tests/fault/days.h"

/* Frames that nobody has, all day. */
#define DAY_FREE (WORLD_MFN + 2700u)

enum sure {
	SURE_NO,
	SURE_YES,
	SURE_UNKNOWN, /* it was tried, and nobody was told how it ended */
};

/* What was promised to whoever asked. */
struct promise {
	enum sure exists, mapped;
};

struct flows_day {
	struct day day;
	struct promise a, b, bare;
	enum sure repaired;	/* all that was bad and free in the evening */
	uint32_t hits, touches; /* machine checks, and bad pages touched */
};

static inline struct flows_day *flows_day(struct day *d)
{
	return nv_container_of(d, struct flows_day, day);
}

/** flows_check() - what must be true in the end, once nothing is left to do */
void flows_check(struct day *d);

#endif
