/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_mem.c - a topology in memory, for tests.
 */
#include "adapter/topo_mem.h"

#include <stdio.h>

#include "core/frames.h"

#define NAMESPACES 2

struct topo_mem {
	struct topo_port port;
	uint64_t mfn, nr;
	bool taken[NAMESPACES];
	enum frame_is { FRAME_GOOD, FRAME_BAD, FRAME_STUCK } *frame; /* from the region's first */
};

static struct topo_mem *topo_mem(struct topo_port *p)
{
	return nv_container_of(p, struct topo_mem, port);
}

struct nv_uuid topo_mem_id(unsigned int i)
{
	return (struct nv_uuid){ { 0x77, 0x01, [6] = 0x40, [8] = 0x80, [15] = (uint8_t)(i + 1) } };
}

static int mem_index(const struct nv_uuid *id)
{
	struct nv_uuid is;
	unsigned int i;

	for (i = 0; i < NAMESPACES; i++) {
		is = topo_mem_id(i);
		if (nv_uuid_equal(&is, id))
			return (int)i;
	}
	return -1;
}

static int mem_fill(struct topo_mem *m, struct topo *t)
{
	struct topo_region *region = topo_add_region(t);
	struct topo_ns *ns;
	unsigned int i;
	uint64_t at;

	if (!region)
		return -ENOMEM;
	snprintf(region->name, sizeof(region->name), "region0");
	region->spa = frames_to_bytes(m->mfn);
	region->size = NAMESPACES * frames_to_bytes(m->nr);
	region->numa_node = 0;
	region->enabled = region->labelled = true;
	region->persistence = TOPO_PERSISTENCE_MEM_CTRL;
	for (at = 0; at < NAMESPACES * m->nr; at++)
		if (m->frame[at] && topo_add_bad(region, frames_to_bytes(at), NV_PAGE_SIZE))
			return -ENOMEM;
	for (i = 0; i < NAMESPACES; i++) {
		ns = topo_add_ns(region);
		if (!ns)
			return -ENOMEM;
		snprintf(ns->name, sizeof(ns->name), "namespace0.%u", i);
		ns->id = topo_mem_id(i);
		ns->mode = TOPO_MODE_RAW;
		ns->enabled = !m->taken[i];
		ns->spa = region->spa + i * frames_to_bytes(m->nr);
		ns->size = frames_to_bytes(m->nr);
	}
	return topo_finish(t);
}

static int mem_load(struct topo_port *p, struct topo **ret)
{
	nv_cleanup(topo_freep) struct topo *t = topo_new();
	int r;

	if (!t)
		return -ENOMEM;
	r = mem_fill(topo_mem(p), t);
	if (r)
		return r;
	*ret = nv_steal(&t);
	return 0;
}

static int mem_take(struct topo_port *p, const struct nv_uuid *id, bool again, struct nv_why *why)
{
	int i = mem_index(id);

	if (i < 0)
		return nv_refuse(why, NV_E_NO_REGION, "there is no such namespace");
	topo_mem(p)->taken[i] = true;
	return 0;
}

static int mem_release(struct topo_port *p, const struct nv_uuid *id, struct nv_why *why)
{
	int i = mem_index(id);

	if (i >= 0)
		topo_mem(p)->taken[i] = false;
	return 0;
}

static int mem_clear(struct topo_port *p, const struct nv_uuid *id, uint64_t offset, uint64_t nr, struct nv_why *why)
{
	struct topo_mem *m = topo_mem(p);
	uint64_t at, first = frames_from_bytes(offset);
	int i = mem_index(id);

	if (i < 0)
		return nv_refuse(why, NV_E_NO_REGION, "there is no such namespace");
	if (!nr || first > m->nr || nr > m->nr - first)
		return -ERANGE;
	first += (uint64_t)i * m->nr;
	for (at = first; at < first + nr; at++)
		if (m->frame[at] == FRAME_STUCK)
			return nv_refuse(why, NV_E_BROKEN, "frame %llu stays bad", (unsigned long long)at);
	for (at = first; at < first + nr; at++)
		m->frame[at] = FRAME_GOOD;
	return 0;
}

static int mem_watch_fd(struct topo_port *p)
{
	return -ENOTSUP;
}

static int mem_drain(struct topo_port *p, uint32_t *ret_changes)
{
	*ret_changes = 0;
	return 0;
}

static void mem_free(struct topo_port *p)
{
	free(topo_mem(p)->frame);
	free(topo_mem(p));
}

static const struct topo_port_ops mem_ops = {
	.load = mem_load,
	.take = mem_take,
	.release = mem_release,
	.clear = mem_clear,
	.watch_fd = mem_watch_fd,
	.drain = mem_drain,
	.free = mem_free,
};

int topo_mem_new(uint64_t mfn, uint64_t nr, struct topo_port **ret)
{
	struct topo_mem *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->frame = calloc(NAMESPACES * nr, sizeof(*m->frame));
	if (!m->frame) {
		free(m);
		return -ENOMEM;
	}
	m->port.ops = &mem_ops;
	m->mfn = mfn;
	m->nr = nr;
	*ret = &m->port;
	return 0;
}

void topo_mem_bad(struct topo_port *p, uint64_t off, uint64_t nr)
{
	for (; nr--; off++)
		topo_mem(p)->frame[off] = FRAME_BAD;
}

void topo_mem_stuck(struct topo_port *p, uint64_t off)
{
	topo_mem(p)->frame[off] = FRAME_STUCK;
}

bool topo_mem_taken(struct topo_port *p, unsigned int i)
{
	return topo_mem(p)->taken[i];
}
