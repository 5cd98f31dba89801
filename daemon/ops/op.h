/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op.h - what nvdimmd can do, and the context that it does it in.
 *
 * A short flow is a plain function. A long one (map, unmap, create, resize,
 * delete, pools) is a struct op: op_x_begin() decides, writes the promise down and
 * may refuse; op_step() then does one bounded piece per turn of the loop, so
 * that a fault never waits for a terabyte. A client that goes away does not
 * end an op. Dying at any instant is fine: the next start goes on from what
 * was written down.
 *
 * Return, everywhere: 0; NV_E_* with the sentence in @why; -errno (could not,
 * @why tells what was tried).
 */
#ifndef NV_OPS_OP_H
#define NV_OPS_OP_H

#include "base/macros.h"
#include "base/refuse.h"
#include "base/uuid.h"
#include "core/request.h"
#include "core/settings.h"
#include "core/view.h"

struct bus;
struct clock;
struct dom;
struct hv;
struct hv_info;
struct ledger;
struct nvd;
struct op;
struct store;
struct topo;
struct topo_port;

/* Less than any NV_E_*: a bounded piece is done, step again. */
#define OP_MORE 1

struct op_ops {
	const char *name; /* of the flow: "map" */
	int (*step)(struct op *op, struct nv_why *why);
	void (*free)(struct op *op);
};

/* A flow under way. Each flow embeds it. */
struct op {
	const struct op_ops *ops;
	struct nvd *nvd;
	struct view_progress progress;
	/* Set by a step that has nothing to do until others did something. */
	bool waits;
	/* What it made or changed, valid once op_step() returned 0: */
	uint64_t mapping;   /* map: for op_show_mapping() */
	struct nv_uuid volume; /* create, resize: for op_show_volume() */
	struct nv_uuid pool;   /* pool add: for op_show_pool() */
};

/**
 * op_step() - one bounded piece
 * Return: OP_MORE; 0, done; NV_E_* or -errno, it failed and was undone.
 * After anything but OP_MORE only op_free() may follow.
 */
static inline int op_step(struct op *op, struct nv_why *why)
{
	return op->ops->step(op, why);
}

/** op_free() - end of its life; not a way to cancel: step it to its end first */
static inline struct op *op_free(struct op *op)
{
	if (op)
		op->ops->free(op);
	return NULL;
}

static inline void op_freep(struct op **op)
{
	*op = op_free(*op);
}

/* Long flows. @rq is not kept. *ret is untouched unless 0. */
int op_map_begin(struct nvd *nvd, const struct req_map *rq, struct nv_why *why, struct op **ret);

/** op_map_known() - @op, a map, was tried before; failing for the same @reason it leaves no line in the history */
void op_map_known(struct op *op, const char *reason);
int op_unmap_begin(struct nvd *nvd, const struct req_unmap *rq, struct nv_why *why, struct op **ret);
int op_volume_create_begin(struct nvd *nvd, const struct req_create_volume *rq, struct nv_why *why, struct op **ret);
int op_volume_resize_begin(struct nvd *nvd, const struct req_resize_volume *rq, struct nv_why *why, struct op **ret);
int op_volume_delete_begin(struct nvd *nvd, const struct req_delete_volume *rq, struct nv_why *why, struct op **ret);
int op_volume_repair_begin(struct nvd *nvd, const struct req_volume *rq, struct nv_why *why, struct op **ret);
int op_pool_repair_begin(struct nvd *nvd, const struct req_pool *rq, struct nv_why *why, struct op **ret);
int op_pool_add_begin(struct nvd *nvd, const struct req_add_pool *rq, struct nv_why *why, struct op **ret);
int op_pool_release_begin(struct nvd *nvd, const struct req_pool *rq, struct nv_why *why, struct op **ret);

/* Short flows. */
int op_volume_rename(struct nvd *nvd, const struct req_rename_volume *rq, struct nv_why *why);
int op_volume_set_owner(struct nvd *nvd, const struct req_set_owner *rq, struct nv_why *why);

/* What guests are to get; the device as it is then, or was. */
int op_guest_add(struct nvd *nvd, const struct req_add_guest_device *rq, struct nv_why *why, struct view_guest_device *ret);
int op_guest_remove(struct nvd *nvd, const struct req_remove_guest_device *rq, struct nv_why *why,
		    struct view_guest_device *ret);
/* @ret: as of all op_show_*() */
int op_show_guests(struct nvd *nvd, const struct req_list_guests *rq, struct nv_why *why, struct view_guests *ret);
/** op_show_guest() - one list, and the file that tells an HVM guest of it. NV_E_BAD_NAME; NV_E_NO_DEVICE (it is empty). */
int op_show_guest(struct nvd *nvd, const struct req_list_guests *rq, struct nv_why *why, struct view_guest *ret);

/*
 * What there is to see. The result is zeroed first, filled, and belongs to the
 * caller, who calls view_*_deinit() whatever was returned.
 */
int op_show_status(struct nvd *nvd, struct nv_why *why, struct view_status *ret);
int op_show_pools(struct nvd *nvd, struct nv_why *why, struct view_pools *ret, struct view_candidates *ret_candidates);
int op_show_pool(struct nvd *nvd, const struct nv_uuid *pool, struct nv_why *why, struct view_pool *ret);
int op_show_volumes(struct nvd *nvd, struct nv_why *why, struct view_volumes *ret);
/* @volume: a name or a UUID */
int op_show_volume(struct nvd *nvd, const char *volume, struct nv_why *why, struct view_volume *ret);
/* @mapping: op->mapping of a map that is done */
int op_show_mapping(struct nvd *nvd, uint64_t mapping, struct nv_why *why, struct view_mapping *ret);
int op_show_events(struct nvd *nvd, const struct req_events *rq, struct nv_why *why, struct view_events *ret);
/**
 * op_why() - what is at a place and what happened there
 * NV_E_NO_VOLUME, NV_E_NO_DOMAIN, NV_E_NO_MAPPING, NV_E_BAD_SIZE (beyond the
 * volume's end), NV_E_NO_REGION (its pool is missing).
 */
int op_why(struct nvd *nvd, const struct req_why *rq, struct nv_why *why, struct view_why *ret);
/**
 * op_offline() - take a place out of use, as if it had failed
 * Who has it is told as of any fault. Returns what is known of it afterwards.
 * As op_why(); NV_E_NO_REGION (in no pool), NV_E_BAD_SIZE (reaches into what
 * somebody else has, or too much at once), NV_E_BROKEN (is so already).
 */
int op_offline(struct nvd *nvd, const struct req_why *rq, struct nv_why *why, struct view_why *ret);

/** op_status_line() - the state in one line, for systemctl status */
void op_status_line(struct nvd *nvd, char *buf, size_t len);

/* The newest event's id, 0 if there is none. A monitor asks after each turn. */
uint64_t op_last_event(const struct nvd *nvd);

/**
 * op_backup_begin() - a consistent snapshot of the book into the new file @path
 * op_restore() - check the snapshot in the file @path and take it as the book
 * Restoring is refused while anything is mapped or under way, and changes
 * nothing unless the file is whole and valid. The files are the caller's.
 */
int op_backup_begin(struct nvd *nvd, const char *path, struct nv_why *why, struct op **ret);
int op_restore(struct nvd *nvd, const char *path, struct nv_why *why);

#endif
