/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/firmware.h - what the firmware of an HVM guest tells it of its pmem.
 *
 * Units: bytes. Plain values, nothing to free.
 */
#ifndef NV_CORE_FIRMWARE_H
#define NV_CORE_FIRMWARE_H

#include "core/topo.h"

/* Devices of one guest; as many as a guest's list has (core/guests.h). */
#define FIRMWARE_DEVICES 64

struct firmware_device {
	uint32_t devid;        /* its number in the guest; not twice in a list */
	uint64_t gpa;
	uint64_t size;
	struct nv_uuid volume;
};

/* All that one guest is told. */
struct firmware {
	struct firmware_device dev[FIRMWARE_DEVICES];
	size_t nr;
	/* When the host loses power: that of the device that keeps the least. */
	enum topo_persistence persistence;
};

#endif
