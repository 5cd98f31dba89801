/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port/hv.h - what nvdimmd needs from the hypervisor.
 *
 * Units: mfn, gfn and nr are 4 KiB frames; spa is bytes. Ranges are half open.
 * Every call is synchronous and bounded. Those that may have to go on say
 * HV_MORE: call again with the arguments as they came back. The errors are
 * those of public/nvdimm.h unless a function says otherwise.
 */
#ifndef NV_PORT_HV_H
#define NV_PORT_HV_H

#include "base/macros.h"
#include "core/hvrec.h"

/* Less than any NV_E_*: a bounded part is done, call again. */
#define HV_MORE 1

struct hv;

struct hv_ops {
	int (*info)(struct hv *hv, struct hv_info *ret);
	int (*enrol)(struct hv *hv, uint64_t mfn, uint64_t nr);
	int (*dismiss)(struct hv *hv, uint64_t mfn, uint64_t nr);
	int (*arm)(struct hv *hv, uint64_t mfn, uint64_t nr);
	int (*map)(struct hv *hv, struct hv_map *m);
	int (*unmap)(struct hv *hv, uint64_t map_id, uint64_t *done);
	int (*list)(struct hv *hv, enum hv_list kind, uint64_t *cursor,
		    struct hv_record *rec, uint32_t *nr);
	int (*set_broken)(struct hv *hv, struct hv_range *range,
			  uint32_t nr, uint64_t *done);
	int (*clear_broken)(struct hv *hv, struct hv_range *range,
			    uint32_t nr, uint64_t *done);
	int (*events)(struct hv *hv, uint64_t ack_seq, struct hv_batch *ret);
	int (*resolve)(struct hv *hv, const struct hv_resolve *r);
	int (*set_deadline)(struct hv *hv, uint32_t *ms);
	int (*hold)(struct hv *hv, uint32_t domid, const struct nv_uuid *uuid,
		    bool on);
	int (*scrub)(struct hv *hv, uint64_t mfn, uint64_t nr, uint64_t *done);
	int (*fd)(struct hv *hv);
	int (*drain)(struct hv *hv);
	void (*free)(struct hv *hv);
};

/* The adapter embeds it. */
struct hv {
	const struct hv_ops *ops;
};

/** hv_info() - Return: 0; NV_E_NO_HYPERVISOR if it has no nvdimm_op that we speak; -errno */
static inline int hv_info(struct hv *hv, struct hv_info *ret)
{
	return hv->ops->info(hv, ret);
}

/** hv_enrol() - these frames are persistent memory (REGISTER); again is done already */
static inline int hv_enrol(struct hv *hv, uint64_t mfn, uint64_t nr)
{
	return hv->ops->enrol(hv, mfn, nr);
}

/** hv_dismiss() - and now they are not any more (UNREGISTER) */
static inline int hv_dismiss(struct hv *hv, uint64_t mfn, uint64_t nr)
{
	return hv->ops->dismiss(hv, mfn, nr);
}

/** hv_arm() - the bad list has been replayed, mapping may begin */
static inline int hv_arm(struct hv *hv, uint64_t mfn, uint64_t nr)
{
	return hv->ops->arm(hv, mfn, nr);
}

/** hv_map() - one chunk. Return: HV_MORE; 0, m->map_id is mapped; -errno, nothing of it is left */
static inline int hv_map(struct hv *hv, struct hv_map *m)
{
	return hv->ops->map(hv, m);
}

/** hv_unmap() - one chunk. Return: HV_MORE; 0, nobody can reach the frames; -ENOENT; -errno */
static inline int hv_unmap(struct hv *hv, uint64_t map_id, uint64_t *done)
{
	return hv->ops->unmap(hv, map_id, done);
}

/**
 * hv_list() - read the hypervisor's state, a page at a time
 * @cursor: 0 to begin; HV_LIST_END when all was read
 * @nr: in: room in @rec; out: filled
 */
static inline int hv_list(struct hv *hv, enum hv_list kind, uint64_t *cursor,
			  struct hv_record *rec, uint32_t *nr)
{
	return hv->ops->list(hv, kind, cursor, rec, nr);
}

/**
 * hv_set_broken() - mark as broken
 * @nr: at most HV_BROKEN_MAX
 * @done: counts ranges, 0 to begin
 * Return: 0; -ENXIO not within a region; HV_MORE, and what is done of
 * @range[*done] has been cut off it: call again with both as they are.
 */
static inline int hv_set_broken(struct hv *hv, struct hv_range *range,
				uint32_t nr, uint64_t *done)
{
	return hv->ops->set_broken(hv, range, nr, done);
}

/** hv_clear_broken() - they were repaired; as hv_set_broken() */
static inline int hv_clear_broken(struct hv *hv, struct hv_range *range,
				  uint32_t nr, uint64_t *done)
{
	return hv->ops->clear_broken(hv, range, nr, done);
}

/** hv_events() - forget those up to @ack_seq, then fetch up to HV_BATCH. Forgets nothing unless 0 is returned */
static inline int hv_events(struct hv *hv, uint64_t ack_seq,
			    struct hv_batch *ret)
{
	return hv->ops->events(hv, ack_seq, ret);
}

/** hv_resolve() - Return: 0; -EALREADY (a repeat), -ESRCH, -ESTALE, -EOPNOTSUPP */
static inline int hv_resolve(struct hv *hv, const struct hv_resolve *r)
{
	return hv->ops->resolve(hv, r);
}

/** hv_set_deadline() - @ms comes back as the value in force */
static inline int hv_set_deadline(struct hv *hv, uint32_t *ms)
{
	return hv->ops->set_deadline(hv, ms);
}

/** hv_hold() - keep a domain from running, or let it go */
static inline int hv_hold(struct hv *hv, uint32_t domid,
			  const struct nv_uuid *uuid, bool on)
{
	return hv->ops->hold(hv, domid, uuid, on);
}

/** hv_scrub() - zero free frames, a chunk at a time. Return: HV_MORE; 0; -errno */
static inline int hv_scrub(struct hv *hv, uint64_t mfn, uint64_t nr,
			   uint64_t *done)
{
	return hv->ops->scrub(hv, mfn, nr, done);
}

/** hv_fd() - readable when events wait; the adapter's, do not close */
static inline int hv_fd(struct hv *hv)
{
	return hv->ops->fd(hv);
}

/** hv_drain() - call when hv_fd() is readable, before hv_events(). Return: 0; -errno, the hypervisor is gone */
static inline int hv_drain(struct hv *hv)
{
	return hv->ops->drain(hv);
}

static inline void hv_freep(struct hv **hv)
{
	if (*hv)
		(*hv)->ops->free(*hv);
	*hv = NULL;
}

#endif
