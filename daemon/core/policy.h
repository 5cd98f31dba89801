/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/policy.h - a guest's memory broke: what becomes of the guest?
 *
 * The rule of 2016, which is the default: the first time a domain meets a
 * broken frame it is told (a virtual machine check); touching it again is its
 * end. Softened twice. Within the grace window further touches are the guest
 * still recovering from the first. And a domain that was started anew knows
 * nothing: its first touch is a first hit.
 *
 * The avalanche cap: when a DIMM dies, killing every guest on it helps nobody.
 * Beyond the cap guests are told, a person is alarmed, and nobody is killed.
 *
 * Times are the hypervisor's (struct hv_event, time_ns), but for the limits:
 * a day is longer than many a boot of a host. A life is a domid and handle
 * together, within one host boot: domids are used again, and a guest that
 * reboots keeps its handle. The policy remembers in memory only; after a
 * restart it is told again by policy_recall() from the book's faults, those of
 * earlier boots first, with policy_reboot() after each of these.
 */
#ifndef NV_CORE_POLICY_H
#define NV_CORE_POLICY_H

#include "core/facts.h"
#include "core/hvrec.h"
#include "core/settings.h"

struct policy;

/* Stands in the book (struct fault_fact): append only. */
enum policy_action {
	POLICY_NOTE = 1, /* nobody is to be told */
	POLICY_VMCE = 2,
	POLICY_KILL = 3,
};

/* What kind of error a machine check was. */
enum policy_class {
	POLICY_UCNA, /* uncorrected, nobody needs to act */
	POLICY_SRAO, /* action optional: found by a scrubber, say */
	POLICY_SRAR, /* action required: it was consumed */
	POLICY_CE,   /* corrected */
	POLICY_FATAL, /* the processor's context is corrupt */
};

/**
 * policy_class() - of MCi_STATUS and MCG_STATUS; @flags: HV_EVENTF_*
 *
 * Intel, SDM volume 3B, 16.6.3, table "MC Error Classifications": UC 61,
 * PCC 57, S 56, AR 55.
 *
 * AMD (HV_EVENTF_AMD), APM volume 2, 9.3.2: no S and no AR, those bits mean
 * other things. Deferred 44: nobody consumed it yet. UC: it was consumed if an
 * exception told of it (MCG_STATUS.MCIP), else a poller found it. As Linux's
 * mce_severity_amd().
 */
enum policy_class policy_class(uint64_t status, uint64_t mcg, uint32_t flags);
const char *policy_class_name(enum policy_class c);
const char *policy_action_name(enum policy_action a);

/* A fault or a touch, on the frames of one mapping. */
struct policy_hit {
	uint64_t now_ns;
	uint64_t wall_ns; /* since 1970, by a clock that goes on while the host reboots: for the limits */
	uint64_t mfn;
	uint64_t nr;
	struct nv_uuid handle;
	struct nv_uuid volume; /* zero: none, and no limit is kept */
	uint64_t status, mcg;  /* of a machine check */
	uint32_t flags;        /* HV_EVENTF_* */
	uint32_t domid;
	bool owned;            /* a domain has the frames: else only noted */
	bool touch;            /* a TOUCH event, not a machine check */
};

struct policy_verdict {
	enum policy_action action;
	enum hv_kind kind;  /* with POLICY_VMCE */
	bool again;         /* this life was told of these frames before */
	bool avalanche;     /* it would have been killed but for the cap */
	bool over_limit;    /* the volume has too many faults in its time */
	char reason[160];   /* one sentence */
};

/** policy_kind() - what the guest would be told */
enum hv_kind policy_kind(const struct policy_hit *hit);

/** policy_new() - Return: 0 and *@ret, or -ENOMEM. */
int policy_new(const struct settings *settings, struct policy **ret) nv_must_check;
struct policy *policy_free(struct policy *p);

/** policy_configure() - other settings from now on; memory stays */
void policy_configure(struct policy *p, const struct settings *settings);

/**
 * policy_decide() - and remember
 * Never fails: what cannot be remembered for want of memory counts as a first
 * hit again.
 */
void policy_decide(struct policy *p, const struct policy_hit *hit,
		   struct policy_verdict *ret);

/** policy_recall() - a hit that was decided before the restart */
void policy_recall(struct policy *p, const struct policy_hit *hit,
		   enum policy_action action);

/** policy_reboot() - all lives are over; the limits are kept */
void policy_reboot(struct policy *p);

/** policy_forget() - this life is over */
void policy_forget(struct policy *p, uint32_t domid,
		   const struct nv_uuid *handle);

#endif
