/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/show.c - sizes, times, names: small things in words.
 */
#include "config.h"

#include <stdio.h>
#include <time.h>

#include "base/size.h"
#include "cli/verbs.h"

/* As ndctl prints them for people: powers of 1024, then of 1000. */
const char *show_size(uint64_t bytes, char *buf)
{
	static const char units[] = "kMGTPE";
	char binary[NV_SIZE_TEXT];
	uint64_t unit = 1000;
	size_t i = 0;

	nv_size_print(bytes, binary);
	if (bytes < 1000) {
		snprintf(buf, VIEW_NAME, "%s", binary);
		return buf;
	}
	while (bytes / unit >= 1000) {
		unit *= 1000;
		i++;
	}
	snprintf(buf, VIEW_NAME, "%s (%llu.%02llu %cB)", binary,
		 (unsigned long long)(bytes / unit),
		 (unsigned long long)(bytes % unit * 100 / unit), units[i]);
	return buf;
}

const char *show_time(uint64_t usec, char *buf)
{
	time_t t = (time_t)(usec / 1000000);
	struct tm tm;

	if (!localtime_r(&t, &tm) ||
	    !strftime(buf, VIEW_NAME, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(buf, VIEW_NAME, "@%llu", (unsigned long long)t);
	return buf;
}

const char *show_domain(const char *name, uint32_t domid, char *buf)
{
	if (name[0])
		snprintf(buf, VIEW_TEXT, "%s (%u)", name, domid);
	else
		snprintf(buf, VIEW_TEXT, "domain %u", domid);
	return buf;
}
