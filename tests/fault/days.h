/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/fault/days.h - a working day of the daemon, lived again and again, each
 * time with something else going wrong: every outside call in every way, every
 * allocation, and outside calls in pairs. After the next start, on which nothing
 * goes wrong, what must be true is true.
 *
 *	PROGRAM [PAIRS [SEED]]
 *	PROGRAM CALL KIND CALL KIND		one day again; CALL 0 is none
 *
 * A program says what its day is (struct days) and embeds struct day in what it
 * keeps of one.
 */
#ifndef NV_TESTS_DAYS_H
#define NV_TESTS_DAYS_H

#include "tests/lib/world.h"

/* What goes wrong in a day. All zero: nothing. */
struct trouble {
	struct faulty_point calls[2];
	unsigned long allocation; /* which of the day's fails, from 1; 0: none */
};

struct day {
	struct world w;
	struct trouble trouble;
	uint32_t requests_ok; /* whoever asked was told that it is done */
	char trail[4096];     /* what was asked, and what was told */
	char failure[600];    /* what is not so and must be; "" */
};

struct days {
	/* The host before the first start, and a new day; never fails. */
	struct day *(*dawn)(void);
	/* What people ask for and what happens, until evening. */
	void (*pass)(struct day *d);
	/* After the next start: what is to be done still is done, and then all that must be true is looked at. */
	void (*check)(struct day *d);

	uint32_t requests_ok; /* so many at the least, when nothing goes wrong */
	uint32_t ops_a_pair;  /* as many operations of a property is a day worth (tests/lib/prop.h) */
};

/** days_main() - all days of a program. Return: what main() does. */
int days_main(const struct days *days, int argc, char **argv);

/** day_wrong() - something is not so and must be, the first of which counts */
void day_wrong(struct day *d, const char *what, const char *fmt, ...) nv_printf(3, 4);

static inline bool day_failed(const struct day *d)
{
	return d->failure[0];
}

/* To be used in a function without result. */
#define day_must(d, cond, ...)                              \
	do {                                                \
		if (!(cond)) {                              \
			day_wrong((d), #cond, __VA_ARGS__); \
			return;                             \
		}                                           \
	} while (0)

/* What does whoever asked know? */
enum told {
	TOLD_DONE,
	TOLD_REFUSED, /* "will not": nothing has changed */
	TOLD_NOTHING, /* "could not" leaves open how far it came; the dead do not answer */
};

/** day_told() - a request ended with @r, or with the daemon's death */
enum told day_told(struct day *d, const char *what, int r);

/** day_revive() - a daemon that died or could not start is started again, as systemd does */
void day_revive(struct day *d);

/** day_is_quiet() - nothing goes wrong in it */
static inline bool day_is_quiet(const struct day *d)
{
	return !d->trouble.calls[0].call && !d->trouble.calls[1].call && !d->trouble.allocation;
}

#endif
