/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/pool_frames.c - a pool's frames: which are bad, and to the hypervisor.
 */
#include <string.h>

#include "base/size.h"
#include "ops/op_pool.h"

struct bad_load {
	struct nvd *nvd;
	struct pool *pool;
};

static int on_bad(void *ctx, const struct bad_fact *b)
{
	struct bad_load *l = ctx;
	const struct pool_site *site = &l->pool->site;

	/* Beyond its end when the namespace became smaller: true, but not here. */
	if (b->off >= site->nr)
		return 0;
	return ledger_mark_bad(l->nvd->ledger, site->mfn + b->off, NV_MIN(b->nr, site->nr - b->off));
}

/* One of the kernel's bad ranges, as far as the book does not know it. */
static int bad_from_kernel(struct nvd *nvd, struct pool *p, uint64_t mfn, uint64_t nr, uint64_t *ret_new)
{
	struct bad_fact b = {
		.pool = p->fact.uuid,
		.off = mfn - p->site.mfn,
		.nr = nr,
		.time_us = (int64_t)clock_wall_us(nvd->clock),
		.source = BAD_KERNEL,
	};
	uint64_t known = ledger_bad_count(nvd->ledger, mfn, nr);
	int r = 0;

	if (known == nr)
		return 0;
	/* One transaction for all of them, and none if there is nothing new. */
	if (!*ret_new)
		r = store_begin(nvd->store, STORE_DURABLE);
	if (!r)
		r = store_bad_add(nvd->store, &b);
	if (!r)
		r = ledger_mark_bad(nvd->ledger, mfn, nr);
	if (!r)
		*ret_new += nr - known;
	return r;
}

static int bad_of_region(struct nvd *nvd, struct pool *p, const struct topo_region *region, uint64_t *ret_new)
{
	struct frames common;
	size_t i;
	int r = 0;

	for (i = 0; i < region->nr_bad && !r; i++) {
		common = frames_common(p->site.mfn, p->site.nr,
				       frames_from_bytes(region->spa + region->bad[i].offset), region->bad[i].nr);
		if (common.nr)
			r = bad_from_kernel(nvd, p, common.mfn, common.nr, ret_new);
	}
	return r;
}

int pool_learn_bad(struct nvd *nvd, struct pool *p, struct nv_why *why)
{
	struct bad_load load = { .nvd = nvd, .pool = p };
	struct topo_place place;
	struct event_fact e;
	uint64_t fresh = 0;
	int r;

	r = store_load_bad(nvd->store, &p->fact.uuid, on_bad, &load);
	if (r)
		return nv_refuse(why, r, "cannot read the bad list of pool %s: %s", p->fact.name,
				 r == -ENOMEM ? "no memory" : store_why(nvd->store));
	if (!nvd->topology || !topo_find_id(nvd->topology, &p->fact.uuid, &place))
		return 0;
	r = bad_of_region(nvd, p, place.region, &fresh);
	if (!r && fresh)
		r = store_commit(nvd->store);
	else if (r)
		store_rollback(nvd->store);
	if (nvd_book(nvd, r, NULL))
		return nv_refuse(why, r, "cannot take over the kernel's bad blocks of pool %s", p->fact.name);
	if (fresh) {
		e = history_event(EVENT_WARNING, "bad-blocks",
				  "the kernel reports %llu bad pages in pool %s that were not known",
				  (unsigned long long)fresh, p->fact.name);
		history_at_pool(&e, p);
		history_next(&e, "nvctl status");
		history_note(nvd, &e);
	}
	return 0;
}

int pool_enrol(struct nvd *nvd, struct pool *p, struct nv_why *why)
{
	int r = hv_enrol(nvd->hv, p->site.mfn, p->site.nr);
	char size[NV_SIZE_TEXT];

	switch (r) {
	case -EINVAL:
		return nv_refuse(why, NV_E_HYPERVISOR,
				 "the hypervisor does not take 0x%llx (%s) for persistent memory: it is RAM or device memory to it",
				 (unsigned long long)frames_to_bytes(p->site.mfn),
				 nv_size_print(frames_to_bytes(p->site.nr), size));
	case -EEXIST:
		return nv_refuse(why, NV_E_HYPERVISOR,
				 "the hypervisor has a region already that overlaps 0x%llx (%s) but is not the same",
				 (unsigned long long)frames_to_bytes(p->site.mfn),
				 nv_size_print(frames_to_bytes(p->site.nr), size));
	case -ENOSPC:
		return nv_refuse(why, NV_E_LIMIT, "the hypervisor has room for %u regions and no more",
				 nvd->host.max_regions);
	default:
		return nvd_hv(nvd, r, "register the pool's frames", why);
	}
}

static int pool_replay(struct nvd *nvd, struct hv_range *range, uint32_t nr)
{
	uint64_t done = 0;
	int r;

	do
		r = hv_set_broken(nvd->hv, range, nr, &done);
	while (r == HV_MORE);
	return r;
}

int pool_arm(struct nvd *nvd, struct pool *p, struct nv_why *why)
{
	uint64_t mfn = p->site.mfn, end = mfn + p->site.nr;
	nv_cleanup(nv_freep) struct hv_range *range = calloc(HV_BROKEN_MAX, sizeof(*range));
	struct frames bad;
	uint32_t nr = 0;
	int r = 0;

	if (!range)
		return nv_refuse(why, -ENOMEM, "no memory");
	while (!r && ledger_bad_next(nvd->ledger, mfn, end, &bad)) {
		range[nr++] = (struct hv_range){ .mfn = bad.mfn, .nr = bad.nr };
		mfn = frames_end(&bad);
		if (nr == HV_BROKEN_MAX) {
			r = pool_replay(nvd, range, nr);
			nr = 0;
		}
	}
	if (!r && nr)
		r = pool_replay(nvd, range, nr);
	if (r)
		return nvd_hv(nvd, r, "take over the pool's bad list", why);
	r = nvd_hv(nvd, hv_arm(nvd->hv, p->site.mfn, p->site.nr), "arm the pool", why);
	if (!r)
		ledger_pool_armed(nvd->ledger, p);
	return r;
}

int pool_reload(struct nvd *nvd, struct nv_why *why)
{
	struct topo *t;
	int r;

	r = topo_port_load(nvd->topo, &t);
	if (r == -EAGAIN)
		return OP_MORE;
	if (r) {
		nvd_alarm(nvd, ALARM_TOPOLOGY, "the host's persistent memory could not be read: %s", strerror(-r));
		return nv_refuse(why, r, "the host's persistent memory could not be read: %s", strerror(-r));
	}
	health_tell(nvd, nvd->topology, t);
	topo_free(nvd->topology);
	nvd->topology = t;
	return 0;
}
