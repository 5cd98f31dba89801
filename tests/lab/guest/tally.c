/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest/tally.c - how often each page was told, when they are too many to say. */
#include "guest.h"

#define PAGES (192u << 10)

static uint8_t times[PAGES];
static uint64_t first, pages, total, outside;

bool tally_begin(uint64_t gpa, uint64_t size)
{
	if (size >> 12 > PAGES)
		return false;
	pages = 0;
	for (size_t i = 0; i < PAGES; i++)
		times[i] = 0;
	total = outside = 0;
	first = gpa >> 12;
	pages = size >> 12;
	return true;
}

void tally_add(uint64_t gpa)
{
	uint64_t i = (gpa >> 12) - first;

	if (!pages)
		return;
	total++;
	if (i >= pages)
		outside++;
	else if (times[i] < 255)
		times[i]++;
}

void tally_say(void)
{
	uint64_t i, told = 0, more = 0;

	for (i = 0; i < pages; i++) {
		told += times[i] > 0;
		more += times[i] > 1;
	}
	say("done verb=tallied total=%u pages=%u more=%u outside=%u", total, told, more, outside);
}
