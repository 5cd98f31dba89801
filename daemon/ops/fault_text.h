/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/fault_text.h - faults in words: for the history, the counters, the guest.
 */
#ifndef NV_OPS_FAULT_TEXT_H
#define NV_OPS_FAULT_TEXT_H

#include "core/policy.h"
#include "ops/nvd.h"

/** fault_text() - a machine check or touch; @b is the part to tell of, NULL if it is nowhere */
void fault_text(struct nvd *nvd, const struct hv_event *ev, const struct blow *b, const struct policy_verdict *v,
		struct event_fact *ret);

/** timeout_text() - nobody decided in time */
void timeout_text(struct nvd *nvd, const struct hv_event *ev, struct event_fact *ret);

/** untold_text() - it was to be told, and that could not be done */
void untold_text(struct nvd *nvd, const struct hv_event *ev, struct event_fact *ret);

/** lost_text() - the ring was full */
void lost_text(struct event_fact *ret);

/** fault_count() - counters and alarms */
void fault_count(struct nvd *nvd, const struct hv_event *ev, const struct policy_verdict *v);

/** fault_publish() - tell the guest's health node */
void fault_publish(struct nvd *nvd, const struct hv_event *ev);

#endif
