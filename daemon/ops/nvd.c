/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/nvd.c - alarms, and what a failing port means for people.
 */
#include "ops/nvd.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void nvd_alarm(struct nvd *nvd, enum nvd_alarm which, const char *fmt, ...)
{
	va_list ap;

	if (!fmt) {
		nvd->alarm[which][0] = '\0';
		return;
	}
	va_start(ap, fmt);
	vsnprintf(nvd->alarm[which], sizeof(nvd->alarm[which]), fmt, ap);
	va_end(ap);
}

void nvd_seen(struct nvd *nvd)
{
	nvd_alarm(nvd, ALARM_LOST, NULL);
	nvd_alarm(nvd, ALARM_AVALANCHE, NULL);
	nvd_alarm(nvd, ALARM_PAGES, NULL);
}

bool nvd_is_degraded(const struct nvd *nvd)
{
	size_t i;

	for (i = 0; i < ALARM_NR; i++)
		if (nvd->alarm[i][0])
			return true;
	return false;
}

int nvd_book(struct nvd *nvd, int r, struct nv_why *why)
{
	if (r) {
		nvd_alarm(nvd, ALARM_BOOK, "the database cannot be written: %s", store_why(nvd->store));
		nv_refuse(why, r, "%s", store_why(nvd->store));
	} else {
		nvd_alarm(nvd, ALARM_BOOK, NULL);
	}
	return r;
}

int nvd_hv(struct nvd *nvd, int r, const char *what, struct nv_why *why)
{
	switch (r) {
	case 0:
		nvd_alarm(nvd, ALARM_HYPERVISOR, NULL);
		return 0;
	case -ENOTCONN:
	case -ECONNRESET:
	case -ETIMEDOUT:
	case -EPROTO:
		nvd_alarm(nvd, ALARM_HYPERVISOR, "the hypervisor does not answer as it should: %s", strerror(-r));
		break;
	default:
		break;
	}
	return nv_refuse(why, NV_E_HYPERVISOR, "the hypervisor could not %s: %s", what, strerror(-r));
}
