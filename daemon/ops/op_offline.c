/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_offline.c - a person takes a place out of use before it fails.
 *
 *	hv      SET_BROKEN: from here on nobody gets it
 *	mapped: the hypervisor raises a fault, and op_fault does all the rest
 *	else:   ledger and book, here
 *
 * Dying in between loses nothing: the next start learns from the hypervisor
 * what is broken, or finds the fault still waiting.
 */
#include <string.h>

#include "base/size.h"
#include "ops/fault_desk.h"
#include "ops/op_show.h"

/* More at once is no bad memory but a mistyped size. */
#define OFFLINE_MAX (1ull << 30)

static int offline_check(struct nvd *nvd, const struct req_why *rq, const struct place *p,
			 const struct frames *range, struct nv_why *why)
{
	char size[NV_SIZE_TEXT];

	if (!p->pool)
		return nv_refuse(why, NV_E_NO_REGION, "0x%llx is in no pool", (unsigned long long)p->spa);
	if (rq->has_size && (!rq->size || rq->size > OFFLINE_MAX))
		return nv_refuse(why, NV_E_BAD_SIZE, "a size from 1 byte to %s is taken offline at once",
				 nv_size_print(OFFLINE_MAX, size));
	if (rq->has_size && p->size < rq->size)
		return nv_refuse(why, NV_E_BAD_SIZE, "only %s from there on belong together: take them first",
				 nv_size_print_exact(p->size, size));
	if (ledger_bad_count(nvd->ledger, range->mfn, range->nr) == range->nr)
		return nv_refuse(why, NV_E_BROKEN, "all of it is offline already");
	return 0;
}

/* Nobody is to be told: write it down. */
static int offline_book(struct nvd *nvd, const struct place *p, const struct frames *range,
			struct event_fact *e, struct nv_why *why)
{
	const struct bad_fact b = {
		.pool = p->pool->fact.uuid,
		.off = range->mfn - p->pool->site.mfn,
		.nr = range->nr,
		.time_us = (int64_t)clock_wall_us(nvd->clock),
		.source = BAD_PERSON,
	};
	int r;

	r = ledger_mark_bad(nvd->ledger, range->mfn, range->nr);
	if (r)
		return nv_refuse(why, r, "no memory");
	r = store_begin(nvd->store, STORE_DURABLE);
	if (r)
		return nvd_book(nvd, r, why);
	r = store_bad_add(nvd->store, &b);
	if (!r)
		r = history_write(nvd, e);
	if (!r)
		r = store_commit(nvd->store);
	else
		store_rollback(nvd->store);
	if (nvd_book(nvd, r, why))
		return r;
	history_tell(nvd, e);
	return 0;
}

static struct event_fact offline_event(const struct place *p, const struct frames *range)
{
	struct event_fact e;

	e = history_event(EVENT_WARNING, "offline", "%llu page%s at 0x%llx %s taken offline by hand",
			  (unsigned long long)range->nr, range->nr == 1 ? "" : "s",
			  (unsigned long long)frames_to_bytes(range->mfn), range->nr == 1 ? "was" : "were");
	history_at_pool(&e, p->pool);
	e.off = range->mfn - p->pool->site.mfn;
	e.nr = range->nr;
	e.mfn = range->mfn;
	if (p->volume) {
		view_text_set(e.volume, sizeof(e.volume), p->volume->fact.name);
		e.volume_off = frames_from_bytes(p->volume_offset);
	}
	history_next(&e, "nvctl why 0x%llx", (unsigned long long)frames_to_bytes(range->mfn));
	return e;
}

int op_offline(struct nvd *nvd, const struct req_why *rq, struct nv_why *why, struct view_why *ret)
{
	struct frames range;
	struct hv_range broken;
	struct event_fact e;
	uint64_t done = 0;
	struct place p;
	int r;

	memset(ret, 0, sizeof(*ret));
	if (rq->volume[0] && !rq->has_offset)
		return nv_refuse(why, NV_E_BAD_REQUEST, "say which part of volume %s: an offset is missing",
				 rq->volume);
	r = show_find_place(nvd, rq, why, &p);
	if (r)
		return r;
	range.mfn = frames_from_bytes(p.spa);
	range.nr = frames_from_bytes(p.spa + NV_MAX(p.size, (uint64_t)1) - 1) - range.mfn + 1;
	r = offline_check(nvd, rq, &p, &range, why);
	if (r)
		return r;
	fault_watch_hit(nvd->desk, &range);
	broken = (struct hv_range){ range.mfn, range.nr };
	do
		r = hv_set_broken(nvd->hv, &broken, 1, &done);
	while (r == HV_MORE);
	r = nvd_hv(nvd, r, "take the pages offline", why);
	if (r)
		return r;
	e = offline_event(&p, &range);
	if (p.mapping)
		history_note(nvd, &e);
	else
		r = offline_book(nvd, &p, &range, &e, why);
	return r ? r : op_why(nvd, rq, why, ret);
}
