/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/requests.h - what people ask of the daemon in a world (tests/lib/world.h),
 * each to its end.
 *
 * Sizes and offsets are bytes. Everyone returns as the flow does: 0; or what
 * refused or failed it, with the sentence in @w->why.
 */
#ifndef NV_TESTS_REQUESTS_H
#define NV_TESTS_REQUESTS_H

#include "tests/lib/world.h"

int request_pool(struct world *w, const char *device, const char *name);
int request_pool_repair(struct world *w, const char *name);

/* Volumes: @w->why and the ledger know the rest. */
int request_volume(struct world *w, const char *name, uint64_t size);
int request_resize(struct world *w, const char *name, uint64_t size);
int request_rename(struct world *w, const char *name, const char *to);
int request_repair(struct world *w, const char *name);
int request_delete(struct world *w, const char *name);

/** request_map() - the volume into the guest that world_domain() made of @domid */
int request_map(struct world *w, const char *volume, uint32_t domid);

/** request_map_range() - as request_map(), of a range of @pool that is no volume's */
int request_map_range(struct world *w, const char *pool, uint64_t offset, uint64_t size, uint32_t domid);
int request_unmap(struct world *w, const char *volume);

/** request_list() - put @volume on the list of @guest, which may run without it or not */
int request_list(struct world *w, const char *guest, const char *volume, bool run_without);
int request_unlist(struct world *w, const char *guest, const char *volume);

#endif
