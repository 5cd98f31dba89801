/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/requests.c - what people ask of the daemon in a world, each to its end.
 */
#include "tests/lib/requests.h"

#include <stdio.h>

/* A name of a request, which is an array; one that is too long is the request's own affair. */
#define NAMED(field, name) snprintf((field), sizeof(field), "%s", (name))

/* The end of a request whose beginning returned @r. */
static int to_its_end(struct world *w, int r, struct op *op)
{
	return r ? r : world_run(w, op);
}

int request_pool(struct world *w, const char *device, const char *name)
{
	struct req_add_pool rq = { 0 };
	struct op *op = NULL;
	int r;

	NAMED(rq.device, device);
	NAMED(rq.name, name);
	r = op_pool_add_begin(&w->nvd, &rq, &w->why, &op);
	return to_its_end(w, r, op);
}

int request_pool_repair(struct world *w, const char *name)
{
	struct req_pool rq = { 0 };
	struct op *op = NULL;
	int r;

	NAMED(rq.pool, name);
	r = op_pool_repair_begin(&w->nvd, &rq, &w->why, &op);
	return to_its_end(w, r, op);
}

int request_volume(struct world *w, const char *name, uint64_t size)
{
	struct req_create_volume rq = { .size = size };
	struct op *op = NULL;
	int r;

	NAMED(rq.name, name);
	r = op_volume_create_begin(&w->nvd, &rq, &w->why, &op);
	return to_its_end(w, r, op);
}

int request_resize(struct world *w, const char *name, uint64_t size)
{
	struct req_resize_volume rq = { .size = size };
	struct op *op = NULL;
	int r;

	NAMED(rq.volume, name);
	r = op_volume_resize_begin(&w->nvd, &rq, &w->why, &op);
	return to_its_end(w, r, op);
}

int request_rename(struct world *w, const char *name, const char *to)
{
	struct req_rename_volume rq = { 0 };

	NAMED(rq.volume, name);
	NAMED(rq.name, to);
	return op_volume_rename(&w->nvd, &rq, &w->why);
}

int request_repair(struct world *w, const char *name)
{
	struct req_volume rq = { 0 };
	struct op *op = NULL;
	int r;

	NAMED(rq.volume, name);
	r = op_volume_repair_begin(&w->nvd, &rq, &w->why, &op);
	return to_its_end(w, r, op);
}

int request_delete(struct world *w, const char *name)
{
	struct req_delete_volume rq = { 0 };
	struct op *op = NULL;
	int r;

	NAMED(rq.volume, name);
	r = op_volume_delete_begin(&w->nvd, &rq, &w->why, &op);
	return to_its_end(w, r, op);
}

static int map(struct world *w, struct req_map *rq, uint32_t domid)
{
	struct op *op = NULL;
	int r;

	snprintf(rq->domain, sizeof(rq->domain), "g%u", domid);
	r = op_map_begin(&w->nvd, rq, &w->why, &op);
	return to_its_end(w, r, op);
}

int request_map(struct world *w, const char *volume, uint32_t domid)
{
	struct req_map rq = { 0 };

	NAMED(rq.volume, volume);
	return map(w, &rq, domid);
}

int request_map_range(struct world *w, const char *pool, uint64_t offset, uint64_t size, uint32_t domid)
{
	struct req_map rq = { .offset = offset, .size = size };

	NAMED(rq.pool, pool);
	return map(w, &rq, domid);
}

int request_unmap(struct world *w, const char *volume)
{
	struct req_unmap rq = { 0 };
	struct op *op = NULL;
	int r;

	NAMED(rq.volume, volume);
	r = op_unmap_begin(&w->nvd, &rq, &w->why, &op);
	return to_its_end(w, r, op);
}

int request_list(struct world *w, const char *guest, const char *volume, bool run_without)
{
	struct req_add_guest_device rq = { .run_without = run_without };
	struct view_guest_device v;

	NAMED(rq.guest, guest);
	NAMED(rq.volume, volume);
	return op_guest_add(&w->nvd, &rq, &w->why, &v);
}

int request_unlist(struct world *w, const char *guest, const char *volume)
{
	struct req_remove_guest_device rq = { .has_device = false };
	struct view_guest_device v;

	NAMED(rq.guest, guest);
	NAMED(rq.volume, volume);
	return op_guest_remove(&w->nvd, &rq, &w->why, &v);
}
