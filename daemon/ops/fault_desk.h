/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/fault_desk.h - what is decided about events, each once.
 *
 * An event is decided when it is first seen and the verdict kept until the
 * event is acknowledged: it may come again, because the book could not be
 * written or the hypervisor not be reached, and then means nothing new.
 */
#ifndef NV_OPS_FAULT_DESK_H
#define NV_OPS_FAULT_DESK_H

#include "core/policy.h"
#include "ops/nvd.h"

/* What was decided about an event that is not acknowledged yet. */
struct verdict_note {
	uint64_t seq;
	struct policy_verdict v;
};

/* Frames under repair: what is reported of them from the beginning on is newer. */
struct fault_watch {
	struct frames frames;
	bool hit; /* it was, or may have been among events that are lost */
	struct fault_watch *next;
};

struct fault_desk {
	struct policy *policy;
	/*
	 * From the clock that never goes back to the time of day as it was at start:
	 * setting the clock fills and empties no limit.
	 */
	uint64_t wall_less_mono_ns;
	uint64_t done_seq; /* all up to it may be acknowledged */
	bool lost; /* events: what the ledger knows may not be all */
	bool held; /* guests may be, for events that nobody has any more */
	bool caught_up; /* all events that waited at this life's start are written */
	bool learned;   /* some of those were news for the bad list */
	unsigned int turns; /* with events, since then */
	/* Rising seq. */
	struct verdict_note *notes;
	size_t nr_notes, room;
	struct fault_watch *watches;
	struct hv_batch batch;
};

int fault_desk_new(const struct settings *set, struct fault_desk **ret);
struct fault_desk *fault_desk_free(struct fault_desk *d);

/** fault_recall() - what the book knows of this boot, and of earlier ones for the limits, at start */
int fault_recall(struct nvd *nvd, struct nv_why *why);

/** fault_frames() - of an event; nr 0 if it does not say */
struct frames fault_frames(const struct hv_event *ev);

/**
 * fault_part() - cut the next part off @left: one owner, bad before or not
 * was_bad of @ret is the first frame's.
 * Return: false if nothing was left.
 */
bool fault_part(struct nvd *nvd, struct frames *left, struct blow *ret);

/**
 * fault_decide() - the verdict on any event, counted and noted at the first time
 * Return: 0 and *@ret, which stays until fault_forget(); or -ENOMEM.
 */
int fault_decide(struct nvd *nvd, const struct hv_event *ev, const struct policy_verdict **ret);

/** fault_verdict() - what was decided about it, or NULL */
const struct policy_verdict *fault_verdict(const struct fault_desk *d, uint64_t seq);

/** fault_forget() - those up to @seq are acknowledged */
void fault_forget(struct fault_desk *d, uint64_t seq);

/** fault_watch_begin() - @w stays where it is until fault_watch_end() */
void fault_watch_begin(struct fault_desk *d, struct fault_watch *w, const struct frames *frames);

/** fault_watch_end() - nothing to do if it is not watched */
void fault_watch_end(struct fault_desk *d, struct fault_watch *w);

/** fault_watch_hit() - these are bad as of now; NULL: any may be */
void fault_watch_hit(struct fault_desk *d, const struct frames *frames);

#endif
