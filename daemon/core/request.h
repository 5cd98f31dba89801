/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/request.h - what a client asks for, as plain structs.
 *
 * One struct per method of the interface description that takes parameters,
 * with the same field names. The codec has checked form, never meaning: texts
 * fit and hold no control characters, numbers are in 0 .. 2^63-1. Whether a
 * name may be used or a size can be had is for core to refuse.
 *
 * Units: bytes; times are microseconds since 1970-01-01 UTC. An empty text
 * means that the field was absent; a number that may be absent has a has_
 * flag. Nothing to free.
 */
#ifndef NV_CORE_REQUEST_H
#define NV_CORE_REQUEST_H

#include "core/view.h"

/* Longer than any name, so that it is core that refuses a name, by the rule. */
#define REQ_NAME 256

struct req_add_pool {
	char device[VIEW_DEVICE];
	char name[REQ_NAME];
};

struct req_pool {
	char pool[REQ_NAME];
};

/* A volume's name or UUID. */
struct req_volume {
	char volume[REQ_NAME];
};

struct req_create_volume {
	char name[REQ_NAME];
	uint64_t size;
	char pool[REQ_NAME];
	char owner[REQ_NAME];
	bool has_align, has_at;
	uint64_t align, at;
	bool keep;
};

struct req_rename_volume {
	char volume[REQ_NAME];
	char name[REQ_NAME];
};

/* owner empty: from now on nobody's. */
struct req_set_owner {
	char volume[REQ_NAME];
	char owner[REQ_NAME];
};

struct req_resize_volume {
	char volume[REQ_NAME];
	uint64_t size;
};

struct req_delete_volume {
	char volume[REQ_NAME];
	bool no_scrub;
};

/* volume, or pool with offset and size: never both, never neither. */
struct req_map {
	char domain[VIEW_DOMAIN];
	char volume[REQ_NAME];
	char pool[REQ_NAME];
	bool has_offset, has_size;
	uint64_t offset, size;
	bool has_gpa;
	uint64_t gpa;
	bool force_owner;
};

/* Exactly one of: volume; map_id, which is never 0; domain with gpa. */
struct req_unmap {
	char volume[REQ_NAME];
	uint64_t map_id;
	char domain[VIEW_DOMAIN];
	bool has_gpa;
	uint64_t gpa;
};

struct req_list_guests {
	char guest[REQ_NAME]; /* "": all */
};

struct req_add_guest_device {
	char guest[REQ_NAME];
	char volume[REQ_NAME];
	bool has_device;
	uint32_t device;
	bool has_gpa;
	uint64_t gpa;
	bool run_without;
};

/* Exactly one of volume and device. */
struct req_remove_guest_device {
	char guest[REQ_NAME];
	char volume[REQ_NAME];
	bool has_device;
	uint32_t device;
};

/* A new device of a running guest. */
struct req_attach {
	char domain[VIEW_DOMAIN];
	char volume[REQ_NAME];
	bool has_device, has_gpa;
	uint32_t device;
	uint64_t gpa;
};

/* One of: volume; domain with device. */
struct req_detach {
	char volume[REQ_NAME];
	char domain[VIEW_DOMAIN];
	bool has_device;
	uint32_t device;
	bool force;
};

/* since or after, never both; limit is set even if !has_limit, and not 0. */
struct req_events {
	bool has_since, has_after, has_limit;
	uint64_t since, after;
	uint32_t limit;
};

/* One of: spa; volume, with or without offset; domain with gpa. */
struct req_why {
	bool has_spa;
	uint64_t spa;
	char volume[REQ_NAME];
	bool has_offset;
	uint64_t offset;
	char domain[VIEW_DOMAIN];
	bool has_gpa;
	uint64_t gpa;
	bool has_size;
	uint64_t size;
};

#endif
