/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/hv_mem.c - a hypervisor in memory, for tests.
 */
#include "adapter/hv_mem_int.h"

#include <string.h>
#include <sys/eventfd.h>

static int mem_region(struct hv_mem *m, uint64_t mfn, uint64_t nr, bool exact)
{
	uint32_t i;

	for (i = 0; i < m->nr_regions; i++) {
		if (exact ? m->region[i].mfn == mfn && m->region[i].nr == nr :
			    mfn >= m->region[i].mfn && mfn + nr <= m->region[i].mfn + m->region[i].nr)
			return (int)i;
	}
	return -1;
}

struct hv_record *hv_mem_extent(struct hv_mem *m, uint64_t mfn, uint64_t nr)
{
	uint32_t i;

	for (i = 0; i < m->nr_extents; i++)
		if (mfn < m->extent[i].mfn + m->extent[i].nr && m->extent[i].mfn < mfn + nr)
			return &m->extent[i];
	return NULL;
}

static struct hv_record *mem_by_id(struct hv_mem *m, uint64_t map_id)
{
	uint32_t i;

	for (i = 0; i < m->nr_extents; i++)
		if (m->extent[i].map_id == map_id)
			return &m->extent[i];
	return NULL;
}

void hv_mem_drop(struct hv_mem *m, struct hv_record *e)
{
	*e = m->extent[--m->nr_extents];
}

bool hv_mem_alive(const struct hv_mem *m, uint32_t domid, const struct nv_uuid *uuid)
{
	uint32_t i;

	for (i = 0; i < m->nr_domains; i++)
		if (m->domain[i].domid == domid && nv_uuid_equal(&m->domain[i].uuid, uuid))
			return true;
	return false;
}

static int mem_info(struct hv *hv, struct hv_info *ret)
{
	*ret = (struct hv_info){
		.boot_id = hv_mem(hv)->boot_id,
		.version = 1,
		.max_order = 18,
		.deadline_ms = 10000,
		.max_regions = HV_MEM_REGIONS,
		.max_extents = HV_MEM_EXTENTS,
		.ring = HV_MEM_EVENTS,
		.vmce = true,
		.simulated = true,
	};
	return 0;
}

static int mem_enrol(struct hv *hv, uint64_t mfn, uint64_t nr)
{
	struct hv_mem *m = hv_mem(hv);
	uint32_t i;

	if (mem_region(m, mfn, nr, true) >= 0)
		return 0;
	if (!nr || mfn + nr > HV_MEM_FRAMES)
		return -EINVAL;
	for (i = 0; i < m->nr_regions; i++)
		if (mfn < m->region[i].mfn + m->region[i].nr && m->region[i].mfn < mfn + nr)
			return -EEXIST;
	if (m->nr_regions == HV_MEM_REGIONS)
		return -ENOSPC;
	m->region[m->nr_regions].mfn = mfn;
	m->region[m->nr_regions].nr = nr;
	m->region[m->nr_regions++].armed = false;
	return 0;
}

static int mem_dismiss(struct hv *hv, uint64_t mfn, uint64_t nr)
{
	struct hv_mem *m = hv_mem(hv);
	int i = mem_region(m, mfn, nr, true);

	if (i < 0)
		return -ENOENT;
	if (hv_mem_extent(m, mfn, nr))
		return -EBUSY;
	memset(m->broken + mfn, 0, nr * sizeof(*m->broken));
	m->region[i] = m->region[--m->nr_regions];
	return 0;
}

static int mem_arm(struct hv *hv, uint64_t mfn, uint64_t nr)
{
	int i = mem_region(hv_mem(hv), mfn, nr, true);

	if (i < 0)
		return -ENOENT;
	hv_mem(hv)->region[i].armed = true;
	return 0;
}

static int mem_map_begin(struct hv_mem *m, struct hv_map *a)
{
	int i = mem_region(m, a->mfn, a->nr, false);
	uint64_t f;

	if (!hv_mem_alive(m, a->domid, &a->uuid))
		return -ESRCH;
	if (i < 0)
		return -ENXIO;
	if (!m->region[i].armed)
		return -EAGAIN;
	if (hv_mem_extent(m, a->mfn, a->nr))
		return -EBUSY;
	for (f = a->mfn; f < a->mfn + a->nr && !a->skip_broken; f++)
		if (m->broken[f])
			return -EIO;
	if (m->occupied >= a->gfn && m->occupied < a->gfn + a->nr) {
		a->gfn = m->occupied;
		return -EEXIST;
	}
	if (m->nr_extents == HV_MEM_EXTENTS)
		return -ENOSPC;
	a->map_id = m->next_map_id++;
	m->extent[m->nr_extents++] = (struct hv_record){
		.mfn = a->mfn,
		.nr = a->nr,
		.gfn = a->gfn,
		.map_id = a->map_id,
		.domid = a->domid,
		.state = HV_EXTENT_MAPPING,
		.uuid = a->uuid,
	};
	return 0;
}

static int mem_map(struct hv *hv, struct hv_map *a)
{
	struct hv_mem *m = hv_mem(hv);
	struct hv_record *e;
	int r;

	if (!a->map_id) {
		r = mem_map_begin(m, a);
		if (r)
			return r;
	}
	e = mem_by_id(m, a->map_id);
	if (!e)
		return -ECANCELED;
	e->done = NV_MIN(e->done + HV_MEM_STEP, e->nr);
	a->done = e->done;
	if (e->done < e->nr)
		return HV_MORE;
	e->state = HV_EXTENT_MAPPED;
	return 0;
}

static int mem_unmap(struct hv *hv, uint64_t map_id, uint64_t *done)
{
	struct hv_record *e = mem_by_id(hv_mem(hv), map_id);

	if (!e)
		return -ENOENT;
	e->state = HV_EXTENT_UNMAPPING;
	e->done -= NV_MIN(e->done, (uint64_t)HV_MEM_STEP);
	*done = e->nr - e->done;
	if (e->done)
		return HV_MORE;
	hv_mem_drop(hv_mem(hv), e);
	return 0;
}

static void list_broken(const struct hv_mem *m, struct hv_record *rec, uint32_t room, uint32_t *nr, uint64_t *cursor)
{
	uint64_t f = *cursor, g;

	while (f < HV_MEM_FRAMES && *nr < room) {
		for (; f < HV_MEM_FRAMES && !m->broken[f]; f++)
			;
		for (g = f; g < HV_MEM_FRAMES && m->broken[g]; g++)
			;
		if (g > f)
			rec[(*nr)++] = (struct hv_record){ .mfn = f, .nr = g - f };
		f = g;
	}
	*cursor = f < HV_MEM_FRAMES ? f : HV_LIST_END;
}

static int by_mfn(const void *a, const void *b)
{
	const struct hv_record *x = a, *y = b;

	return x->mfn < y->mfn ? -1 : x->mfn > y->mfn;
}

static int mem_list(struct hv *hv, enum hv_list kind, uint64_t *cursor, struct hv_record *rec, uint32_t *nr)
{
	struct hv_mem *m = hv_mem(hv);
	uint32_t i, room = *nr;

	*nr = 0;
	if (kind == HV_LIST_BROKEN) {
		list_broken(m, rec, room, nr, cursor);
		return 0;
	}
	if (kind == HV_LIST_REGIONS) {
		for (i = 0; i < m->nr_regions; i++)
			rec[(*nr)++] = (struct hv_record){
				.mfn = m->region[i].mfn,
				.nr = m->region[i].nr,
				.state = m->region[i].armed,
			};
	} else if (kind == HV_LIST_EXTENTS) {
		memcpy(rec, m->extent, m->nr_extents * sizeof(*rec));
		*nr = m->nr_extents;
	} else if (kind == HV_LIST_HOLDS) {
		for (i = 0; i < m->nr_domains; i++)
			if (m->domain[i].held)
				rec[(*nr)++] = (struct hv_record){
					.domid = m->domain[i].domid,
					.uuid = m->domain[i].uuid,
					.state = HV_HOLD_SETUP,
				};
	}
	qsort(rec, *nr, sizeof(*rec), by_mfn);
	*cursor = HV_LIST_END;
	return 0;
}

/* Frames in one call: as the hypervisor, it does not do a long range at once. */
#define BROKEN_STEP 512

static int mem_set_broken(struct hv *hv, struct hv_range *range, uint32_t nr, uint64_t *done)
{
	struct hv_mem *m = hv_mem(hv);
	uint64_t n;

	if (*done >= nr)
		return 0;
	range += *done;
	if (mem_region(m, range->mfn, range->nr, false) < 0)
		return -ENXIO;
	n = NV_MIN(range->nr, (uint64_t)BROKEN_STEP);
	memset(m->broken + range->mfn, 1, n * sizeof(*m->broken));
	range->mfn += n;
	range->nr -= n;
	*done += !range->nr;
	return *done < nr ? HV_MORE : 0;
}

static int mem_clear_broken(struct hv *hv, struct hv_range *range, uint32_t nr, uint64_t *done)
{
	struct hv_mem *m = hv_mem(hv);

	for (; *done < nr; ++*done) {
		if (mem_region(m, range[*done].mfn, range[*done].nr, false) < 0)
			return -ENXIO;
		if (hv_mem_extent(m, range[*done].mfn, range[*done].nr))
			return -EBUSY;
		memset(m->broken + range[*done].mfn, 0, range[*done].nr * sizeof(*m->broken));
	}
	return 0;
}

static int mem_set_deadline(struct hv *hv, uint32_t *ms)
{
	*ms = NV_MAX(*ms, 1000u);
	*ms = NV_MIN(*ms, 60000u);
	return 0;
}

static int mem_hold(struct hv *hv, uint32_t domid, const struct nv_uuid *uuid, bool on)
{
	struct hv_mem *m = hv_mem(hv);
	uint32_t i;

	for (i = 0; i < m->nr_domains; i++) {
		if (m->domain[i].domid != domid || !nv_uuid_equal(&m->domain[i].uuid, uuid))
			continue;
		m->domain[i].held = on;
		return 0;
	}
	return -ESRCH;
}

static int mem_scrub(struct hv *hv, uint64_t mfn, uint64_t nr, uint64_t *done)
{
	struct hv_mem *m = hv_mem(hv);
	uint64_t n = NV_MIN((uint64_t)HV_MEM_STEP, nr - *done);

	if (mem_region(m, mfn, nr, false) < 0)
		return -ENXIO;
	if (hv_mem_extent(m, mfn, nr))
		return -EBUSY;
	memset(m->dirty + mfn + *done, 0, n * sizeof(*m->dirty));
	*done += n;
	return *done < nr ? HV_MORE : 0;
}

static int mem_fd(struct hv *hv)
{
	return hv_mem(hv)->fd;
}

static int mem_drain(struct hv *hv)
{
	uint64_t n;

	return read(hv_mem(hv)->fd, &n, sizeof(n)) < 0 && errno != EAGAIN ? -errno : 0;
}

static void mem_free(struct hv *hv)
{
	nv_closep(&hv_mem(hv)->fd);
	free(hv_mem(hv));
}

static const struct hv_ops mem_ops = {
	.info = mem_info,
	.enrol = mem_enrol,
	.dismiss = mem_dismiss,
	.arm = mem_arm,
	.map = mem_map,
	.unmap = mem_unmap,
	.list = mem_list,
	.set_broken = mem_set_broken,
	.clear_broken = mem_clear_broken,
	.events = hv_mem_events,
	.resolve = hv_mem_resolve,
	.set_deadline = mem_set_deadline,
	.hold = mem_hold,
	.scrub = mem_scrub,
	.fd = mem_fd,
	.drain = mem_drain,
	.free = mem_free,
};

int hv_mem_new(struct hv **ret)
{
	struct hv_mem *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->hv.ops = &mem_ops;
	m->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (m->fd < 0) {
		free(m);
		return -errno;
	}
	hv_mem_boot(&m->hv);
	*ret = &m->hv;
	return 0;
}

void hv_mem_boot(struct hv *hv)
{
	struct hv_mem *m = hv_mem(hv);

	m->boot_id++;
	m->next_map_id = m->next_seq = 1;
	m->acked = 0;
	m->nr_regions = m->nr_domains = m->nr_extents = 0;
	m->occupied = HV_NO_GFN;
	memset(m->broken, 0, sizeof(m->broken));
}

void hv_mem_write(struct hv *hv, uint64_t mfn, uint64_t nr)
{
	memset(hv_mem(hv)->dirty + mfn, 1, nr * sizeof(bool));
}

bool hv_mem_is_secret(struct hv *hv, uint64_t mfn, uint64_t nr)
{
	uint64_t f;

	for (f = mfn; f < mfn + nr; f++)
		if (hv_mem(hv)->dirty[f])
			return true;
	return false;
}

void hv_mem_occupy(struct hv *hv, uint64_t gfn)
{
	hv_mem(hv)->occupied = gfn;
}
