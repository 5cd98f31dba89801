/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/topo_diff.h - what a person should hear about a topology that was read
 * again: DIMMs whose health changed.
 */
#ifndef NV_CORE_TOPO_DIFF_H
#define NV_CORE_TOPO_DIFF_H

#include "core/topo.h"

struct topo_dimm_news {
	const struct topo_region *region; /* of @now, or of @old if it is gone */
	const struct topo_dimm *dimm;
	uint32_t worse; /* enum topo_health: bits that it did not have */
	uint32_t better; /* bits that it has no more */
};

typedef void (*topo_dimm_news_fn)(void *ctx, const struct topo_dimm_news *news);

/**
 * topo_diff_dimms() - call @fn for each DIMM whose health changed
 * @old: what was known before; NULL, and all that is wrong now is new
 * A DIMM is known by its id, as its name may be another's after a reboot. One
 * that is in several regions is told once. One that is gone is no news here.
 */
void topo_diff_dimms(const struct topo *old, const struct topo *now,
                     topo_dimm_news_fn fn, void *ctx);

/**
 * topo_health_print() - "failed_arm, critical" for or-ed bits
 * Return: @buf, "" for none; cut at its end.
 */
const char *topo_health_print(uint32_t health, char *buf, size_t len);

#endif
