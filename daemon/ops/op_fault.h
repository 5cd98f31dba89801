/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_fault.h - the hypervisor's events: decided, written down, answered, acknowledged.
 */
#ifndef NV_OPS_OP_FAULT_H
#define NV_OPS_OP_FAULT_H

#include "core/policy.h"
#include "ops/nvd.h"

/* What was decided about an event that is not acknowledged yet. */
struct verdict_note {
	uint64_t seq;
	enum policy_action action;
	enum hv_kind kind;
};

struct fault_desk {
	struct policy *policy;
	uint64_t done_seq; /* all up to it may be acknowledged */
	/* Rising seq; so that an event which comes again is not judged again. */
	struct verdict_note *notes;
	size_t nr_notes, room;
	struct hv_batch batch;
};

int fault_desk_new(const struct settings *set, struct fault_desk **ret);
struct fault_desk *fault_desk_free(struct fault_desk *d);

/** fault_recall() - what the book knows of this boot, at start */
int fault_recall(struct nvd *nvd, struct nv_why *why);

/**
 * op_fault_step() - one batch of events
 * Return: OP_MORE, more wait (and these are not acknowledged yet); 0, none is
 * left; NV_E_* or -errno, try again in a while.
 */
int op_fault_step(struct nvd *nvd, struct nv_why *why);

#endif
