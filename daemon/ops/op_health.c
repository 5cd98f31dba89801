/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_health.c - what the platform says about its DIMMs, and what it does
 * not say, told once and kept as alarms while it stands.
 */
#include "core/topo_diff.h"
#include "ops/op_pool.h"

/* What may be lost, or is: everything but a hint that maintenance is due. */
#define GRAVE (~(uint32_t)(TOPO_HEALTH_SMART_EVENT | TOPO_HEALTH_NON_CRITICAL))

static void on_news(void *ctx, const struct topo_dimm_news *n)
{
	struct nvd *nvd = ctx;
	struct event_fact e;
	char text[160];

	if (n->worse) {
		e = history_event(n->worse & GRAVE ? EVENT_ERROR : EVENT_WARNING, "dimm-health", "%s (%s), of %s: %s",
				  n->dimm->name, n->dimm->id, n->region->name,
				  topo_health_print(n->worse, text, sizeof(text)));
		history_next(&e, "ndctl list -DH -d %s", n->dimm->name);
		history_note(nvd, &e);
	}
	if (n->better) {
		e = history_event(EVENT_NOTICE, "dimm-health", "%s (%s), of %s: no longer %s", n->dimm->name,
				  n->dimm->id, n->region->name, topo_health_print(n->better, text, sizeof(text)));
		history_note(nvd, &e);
	}
}

static void alarm_health(struct nvd *nvd, const struct topo *now)
{
	const struct topo_dimm *worst = NULL;
	char text[160];
	size_t i, j, nr = 0;

	for (i = 0; i < now->nr_regions; i++) {
		for (j = 0; j < now->regions[i].nr_dimms; j++) {
			const struct topo_dimm *d = &now->regions[i].dimms[j];

			if (!(d->health & GRAVE))
				continue;
			nr++;
			if (!worst || d->health > worst->health)
				worst = d;
		}
	}
	if (!worst)
		nvd_alarm(nvd, ALARM_HEALTH, NULL);
	else
		nvd_alarm(nvd, ALARM_HEALTH, "%zu DIMM%s ill: %s is %s; see 'ndctl list -DH'", nr,
			  nr == 1 ? " is" : "s are", worst->name,
			  topo_health_print(worst->health & GRAVE, text, sizeof(text)));
}

static void alarm_problems(struct nvd *nvd, const struct topo *now)
{
	if (!now->nr_problems)
		nvd_alarm(nvd, ALARM_TOPOLOGY, NULL);
	else if (now->nr_problems == 1)
		nvd_alarm(nvd, ALARM_TOPOLOGY, "%s", now->problems[0]);
	else
		nvd_alarm(nvd, ALARM_TOPOLOGY, "%s (and %zu more like it)", now->problems[0], now->nr_problems - 1);
}

void health_tell(struct nvd *nvd, const struct topo *old, const struct topo *now)
{
	topo_diff_dimms(old, now, on_news, nvd);
	alarm_health(nvd, now);
	alarm_problems(nvd, now);
}
