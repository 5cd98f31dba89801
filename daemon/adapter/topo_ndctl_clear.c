/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_ndctl_clear.c - repair poison with the platform's clear-error
 * command.
 */
#include <inttypes.h>
#include <string.h>

#include <linux/ndctl.h>

#include "adapter/topo_ndctl_int.h"

static void cmd_unrefp(struct ndctl_cmd **cmd)
{
	if (*cmd)
		ndctl_cmd_unref(*cmd);
	*cmd = NULL;
}

/* One command: @ret_cleared may be less than @size, and 0. */
static int clear_some(struct ndctl_bus *bus, uint64_t spa, uint64_t size,
                      uint64_t *ret_cleared)
{
	nv_cleanup(cmd_unrefp) struct ndctl_cmd *cap = NULL, *clear = NULL;
	int r;

	/* What the platform says it can do there; the next command needs it. */
	cap = ndctl_bus_cmd_new_ars_cap(bus, spa, size);
	if (!cap)
		return -EOPNOTSUPP;
	r = ndctl_cmd_submit(cap);
	if (r < 0)
		return r;
	clear = ndctl_bus_cmd_new_clear_error(spa, size, cap);
	if (!clear)
		return -EOPNOTSUPP;
	r = ndctl_cmd_submit(clear);
	if (r < 0)
		return r;
	*ret_cleared = ndctl_cmd_get_firmware_status(clear)
	                       ? 0
	                       : ndctl_cmd_clear_error_get_cleared(clear);
	return 0;
}

/* How many frames of [offset, offset + nr) are bad still; UINT64_MAX if nobody
 * knows. */
static uint64_t still_bad(const struct topo_region *r, uint64_t offset,
                          uint64_t nr)
{
	const uint64_t end = offset + nr * TOPO_FRAME;
	uint64_t left = 0;
	size_t i;

	if (r->bad_unknown)
		return UINT64_MAX;
	for (i = 0; i < r->nr_bad; i++) {
		uint64_t first = NV_MAX(r->bad[i].offset, offset);
		uint64_t last = NV_MIN(
			r->bad[i].offset + r->bad[i].nr * TOPO_FRAME, end);

		if (first < last)
			left += (last - first) / TOPO_FRAME;
	}
	return left;
}

static int verify(const struct topo_place *was, uint64_t offset, uint64_t nr,
                  struct nv_why *why)
{
	nv_cleanup(topo_ndctl_closep) struct ndctl_ctx *ctx = NULL;
	nv_cleanup(topo_freep) struct topo *t = NULL;
	struct topo_place now;
	uint64_t left;
	int r;

	r = topo_ndctl_read(&ctx, &t);
	if (r)
		return r;
	if (!topo_find_id(t, &was->ns->id, &now))
		return nv_refuse(why, NV_E_BROKEN,
		                 "%s is gone since the repair", was->ns->name);
	left = still_bad(now.region, offset, nr);
	if (left == UINT64_MAX)
		return nv_refuse(why, NV_E_BROKEN,
		                 "the repair in %s cannot be verified: the "
		                 "kernel does not tell all "
		                 "bad blocks of %s",
		                 now.ns->name, now.region->name);
	if (left)
		return nv_refuse(why, NV_E_BROKEN,
		                 "the platform says that it repaired %" PRIu64
		                 " frames of %s, but the kernel still "
		                 "lists %" PRIu64 " of them as bad",
		                 nr, now.ns->name, left);
	return 0;
}

int topo_ndctl_clear(struct ndctl_ctx *ctx, const struct topo_place *place,
                     uint64_t offset, uint64_t nr, struct nv_why *why)
{
	struct ndctl_namespace *ndns = topo_ndctl_find(ctx, place->ns);
	uint64_t spa = place->ns->spa + offset, size = nr * TOPO_FRAME, cleared;
	struct ndctl_bus *bus;
	int r;

	if (!ndns)
		return -ENODEV;
	bus = ndctl_namespace_get_bus(ndns);
	if (!ndctl_bus_is_cmd_supported(bus, ND_CMD_CLEAR_ERROR))
		return nv_refuse(why, NV_E_UNSUPPORTED,
		                 "the platform offers no command that clears "
		                 "errors (%s of %s); a module that keeps "
		                 "failing must be replaced",
		                 ndctl_bus_get_devname(bus),
		                 ndctl_bus_get_provider(bus));
	while (size) {
		r = clear_some(bus, spa, size, &cleared);
		if (r < 0)
			return nv_refuse(why, r,
			                 "clearing errors at SPA 0x%" PRIx64
			                 " failed: %s",
			                 spa, strerror(-r));
		if (!cleared || cleared > size)
			return nv_refuse(
				why, NV_E_BROKEN,
				"the platform repaired %" PRIu64 " of %" PRIu64
				" bytes and stopped at SPA 0x%" PRIx64,
				nr * TOPO_FRAME - size, nr * TOPO_FRAME, spa);
		spa += cleared;
		size -= cleared;
	}
	return verify(place, place->ns->spa - place->region->spa + offset, nr,
	              why);
}
