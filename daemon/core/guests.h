/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/guests.h - which guest is to get which volume (see core/ledger.h).
 *
 * A guest's list outlives its domains: it is kept under the UUID or the name
 * that the guest has each time it starts, as a volume's owner is. Adding is
 * one step, since nothing happens between the decision and its record: add,
 * write, and if it cannot be written, delete again.
 */
#ifndef NV_CORE_GUESTS_H
#define NV_CORE_GUESTS_H

#include "core/ledger.h"

/* Numbers are below this. */
#define GUEST_DEVICES 64u

struct guest_device {
	struct guest_fact fact;
	struct volume *volume;
	struct guest_device *next, *prev; /* by guest, then number */
};

struct guest_request {
	const char *guest;  /* as ledger_guest_parse() takes it */
	struct volume *volume;
	uint32_t device;    /* with has_device; else the lowest that is free */
	uint64_t gpa;       /* bytes, with has_gpa */
	bool has_device, has_gpa;
	enum guest_missing if_missing;
};

/**
 * ledger_guest_parse() - "uuid:UUID", "name:NAME", a bare UUID or a bare name
 * @ret: in the form in which it is kept, UUIDs in lower case
 * A bare number is refused: domain ids do not outlive a domain.
 * Return: 0 or NV_E_BAD_NAME.
 */
int ledger_guest_parse(const char *text, struct nv_why *why,
		       char ret[NV_OWNER_TEXT]) nv_must_check;

/**
 * ledger_guest_add() - from now on the guest is to get the volume
 * NV_E_BAD_NAME, NV_E_VOLUME_BUSY (CREATING, DELETING), NV_E_NOT_OWNER (it is
 * kept for another), NV_E_EXISTS (on this list already), NV_E_DEVICE_TAKEN,
 * NV_E_LIMIT (64 devices), NV_E_BAD_ALIGNMENT, NV_E_GPA_LIMIT,
 * NV_E_GFN_OCCUPIED (another device of the list is there), -ENOMEM.
 */
int ledger_guest_add(struct ledger *l, const struct guest_request *req,
		     struct nv_why *why, struct guest_device **ret) nv_must_check;

/**
 * ledger_guest_choose() - an address for @v, for a guest that need not run
 * @guest: as ledger_guest_parse() takes it
 * @limit_bytes: the first address that the guest cannot use
 * Where it was last, if no device of the list is there; else from the top down,
 * 1 GiB aligned, as ledger_gpa_choose().
 * Return: 0 and *@ret in bytes; NV_E_BAD_NAME, NV_E_GPA_LIMIT.
 */
int ledger_guest_choose(struct ledger *l, const char *guest,
			const struct volume *v, uint64_t limit_bytes,
			struct nv_why *why, uint64_t *ret) nv_must_check;

/** ledger_guest_del() - not any more; frees @g. What is mapped stays mapped. */
void ledger_guest_del(struct ledger *l, struct guest_device *g);

/** ledger_guest_load() - from the book, after the volumes. NV_E_BAD_BOOK, -ENOMEM. */
int ledger_guest_load(struct ledger *l, const struct guest_fact *fact,
		      struct nv_why *why) nv_must_check;

/** ledger_guest_next() - all of them, by guest and number; begin with NULL */
struct guest_device *ledger_guest_next(struct ledger *l,
				       struct guest_device *g);

/**
 * ledger_guest_of() - what a domain is to get; begin with NULL
 * @name: "" if not known
 * The lists of its UUID and of its name together. Where both have the same
 * number or the same volume, the UUID's counts.
 */
struct guest_device *ledger_guest_of(struct ledger *l,
				     const struct nv_uuid *uuid,
				     const char *name, struct guest_device *g);

/**
 * ledger_guest_find() - one device of one list, by its volume or its number
 * @volume: a name or a UUID; NULL or "": by @device
 * NV_E_BAD_NAME, NV_E_NO_VOLUME, NV_E_NO_DEVICE.
 */
int ledger_guest_find(struct ledger *l, const char *guest, const char *volume,
		      uint32_t device, struct nv_why *why,
		      struct guest_device **ret) nv_must_check;

/** ledger_guest_size() - frames that it has in the guest */
static inline uint64_t ledger_guest_size(const struct guest_device *g)
{
	return g->volume->fact.nr;
}

#endif
