/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/device_desk.h - the devices as their flows see them.
 */
#ifndef NV_OPS_DEVICE_DESK_H
#define NV_OPS_DEVICE_DESK_H

#include "core/hash.h"
#include "ops/op_device.h"

struct device {
	struct hash_node by_key, by_domid;
	struct device_key key;
	struct device *wait_next;   /* of those that wait */
	bool waits;

	/* As the bus told. */
	bool here;                  /* the backend directory is */
	struct device_wish wish;
	struct device_front front;

	struct device_report report; /* as told last; state UNKNOWN: nothing yet */
	bool busy;        /* a flow of it is under way */
	bool stays;       /* the guest did not let it go; until asked anew */
	bool late;        /* the domain had run when mapping began */
	bool blocked;     /* by a mapping that is about to go */
	bool trying;      /* what was refused is tried once more: only another outcome is told */
	uint32_t pause, rest; /* after the last attempts, and what is left of it */
};

struct device_desk {
	struct hash devices, domids;
	struct device *waiting, **last_waiting;
	size_t nr_blocked;
	bool refused;  /* some device may be */
	uint64_t asks; /* the last request to give up */
	bool synced;
	char lost[96]; /* "" while there is a connection */
};

/** device_find() - Return: NULL if it is not known */
struct device *device_find(const struct device_desk *d, struct device_key key);
/** device_of() - those of one domain; begin with NULL */
struct device *device_of(const struct device_desk *d, uint32_t domid, struct device *dev);
/** device_block() - look at it again when any mapping goes */
void device_block(struct device_desk *d, struct device *dev, bool blocked);
/** device_add() - Return: the one that is there, or a new one; NULL without memory */
struct device *device_add(struct device_desk *d, struct device_key key);
/** device_del() - nobody wants to know of it any more; @dev must not be busy */
void device_del(struct device_desk *d, struct device *dev);
/** device_wake() - let op_device_begin() look at it */
void device_wake(struct device_desk *d, struct device *dev);

/** device_tell() - @dev->report goes out, and is what its state node says from now on */
void device_tell(struct nvd *nvd, struct device *dev);

/** device_mapping() - its volume's mapping in its domain @d, or NULL */
struct mapping *device_mapping(struct nvd *nvd, const struct device *dev, const struct dom_info *d);

/** device_print() - "device 0 of db1 (domain 5)". Return: @buf. */
const char *device_print(struct nvd *nvd, const struct device *dev, char *buf, size_t len);
#define DEVICE_PRINT (DOMAIN_PRINT + 32)

/** device_fill() - its report says where @m is in the guest */
void device_fill(struct device *dev, const struct mapping *m);

/** device_refuse() - Closed, with the sentence, in the bus and the history */
void device_refuse(struct nvd *nvd, struct device *dev, const struct nv_why *sentence);

/** device_try_again() - what was refused, or never tried; told is what comes of it, if that is new */
void device_try_again(struct nvd *nvd, struct device *dev);

/** device_is_rested() - asked every few seconds: is it time to try again? After failures in vain, ever more rarely. */
bool device_is_rested(struct device *dev);

/** device_remove() - its nodes go, and it is forgotten */
void device_remove(struct nvd *nvd, struct device *dev);

/**
 * device_map_begin() - map it, and tell how that goes
 * @by_person: if it fails later its nodes go, for the person is told
 * Return: as op_map_begin(); then nothing was told yet.
 */
int device_map_begin(struct nvd *nvd, struct device *dev, bool by_person, struct nv_why *why, struct op **ret);

/**
 * device_leave_begin() - unmap it and take its nodes away
 * Unless @force the guest is asked first. Return: 0; -ENOMEM.
 */
int device_leave_begin(struct nvd *nvd, struct device *dev, bool force, struct nv_why *why, struct op **ret);

#endif
