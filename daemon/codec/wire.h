/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/wire.h - the methods of io.nvdimmd: what goes in, what comes out.
 *
 * The tables say which struct each method takes and gives. A test compares
 * them with the interface description, field by field.
 */
#ifndef NV_CODEC_WIRE_H
#define NV_CODEC_WIRE_H

#include "codec/fields.h"
#include "core/request.h"
#include "core/view.h"

#define WIRE_INTERFACE "io.nvdimmd"
#define WIRE_API       1

/* Bytes of a database in one message. */
#define WIRE_CHUNK 49152

/* An event list's length when nothing is said, and at most. */
#define WIRE_EVENTS	100
#define WIRE_EVENTS_MAX 1000

/* Volumes in one reply to a call with more. */
#define WIRE_VOLUMES 256

/* What the methods answer; arrays belong to the struct. */
struct wire_status {
	struct view_status status;
};

struct wire_pools {
	struct view_pools pools;
	struct view_candidates candidates;
};

struct wire_pool {
	struct view_pool pool;
};

struct wire_volumes {
	struct view_volumes volumes;
};

struct wire_volume {
	struct view_volume volume;
};

struct wire_volume_done {
	bool has_progress;
	struct view_progress progress;
	bool finished;
	bool has_volume;
	struct view_volume volume;
};

struct wire_mapping_done {
	bool has_progress;
	struct view_progress progress;
	bool finished;
	bool has_mapping;
	struct view_mapping mapping;
};

struct wire_done {
	bool has_progress;
	struct view_progress progress;
	bool finished;
};

struct wire_events {
	struct view_events events;
};

struct wire_event {
	struct view_event event;
};

struct wire_guests {
	struct view_guests devices;
};

struct wire_guest {
	struct view_guest guest;
};

struct wire_guest_device {
	struct view_guest_device device;
};

struct wire_chunk {
	uint8_t *chunk;
	size_t n_chunk;
	uint64_t offset, total;
};

struct wire_received {
	uint64_t received;
};

/* What goes in beside the requests of core/request.h. */
struct wire_monitor {
	bool has_after;
	uint64_t after;
};

struct wire_restore {
	uint8_t *chunk;
	size_t n_chunk;
	uint64_t offset;
	bool finished;
};

/* Room for the request of any method. */
union wire_request {
	struct req_add_pool add_pool;
	struct req_pool pool;
	struct req_volume volume;
	struct req_create_volume create_volume;
	struct req_rename_volume rename_volume;
	struct req_set_owner set_owner;
	struct req_resize_volume resize_volume;
	struct req_delete_volume delete_volume;
	struct req_map map;
	struct req_unmap unmap;
	struct req_list_guests list_guests;
	struct req_add_guest_device add_guest_device;
	struct req_remove_guest_device remove_guest_device;
	struct req_attach attach;
	struct req_detach detach;
	struct req_events events;
	struct req_why why;
	struct wire_monitor monitor;
	struct wire_restore restore;
};

enum wire_method_id {
	WIRE_GET_STATUS,
	WIRE_LIST_POOLS,
	WIRE_ADD_POOL,
	WIRE_RELEASE_POOL,
	WIRE_LIST_VOLUMES,
	WIRE_GET_VOLUME,
	WIRE_CREATE_VOLUME,
	WIRE_RENAME_VOLUME,
	WIRE_SET_VOLUME_OWNER,
	WIRE_RESIZE_VOLUME,
	WIRE_DELETE_VOLUME,
	WIRE_REPAIR_VOLUME,
	WIRE_REPAIR_POOL,
	WIRE_MAP,
	WIRE_UNMAP,
	WIRE_LIST_GUESTS,
	WIRE_GET_GUEST,
	WIRE_ADD_GUEST_DEVICE,
	WIRE_REMOVE_GUEST_DEVICE,
	WIRE_ATTACH,
	WIRE_DETACH,
	WIRE_LIST_EVENTS,
	WIRE_WHY,
	WIRE_OFFLINE,
	WIRE_MONITOR,
	WIRE_BACKUP,
	WIRE_RESTORE,
	WIRE_METHODS,
};

struct wire_method {
	const struct fields *request; /* its type is the method's name */
	const struct fields *reply;
};

/** wire_method() - the row of @id */
const struct wire_method *wire_method(enum wire_method_id id);

/** wire_find() - the method called @name, without the interface. Return: its id, or WIRE_METHODS. */
enum wire_method_id wire_find(const char *name);

/**
 * wire_request_parse() - the parameters of a call to @id
 * @ret: zeroed, filled; release it with fields_release() and that method's
 * request table, whatever was returned.
 * Checks also what goes together: volume or bare range, one way to unmap.
 * Return: 0; NV_E_BAD_REQUEST; -ENOMEM.
 */
int wire_request_parse(enum wire_method_id id, struct json_object *parameters,
		       struct nv_why *why,
		       union wire_request *ret) nv_must_check;

/* The tables of the interface's types. */
extern const struct fields wire_type_place, wire_type_extent, wire_type_pool,
	wire_type_candidate, wire_type_mapping, wire_type_volume,
	wire_type_guest_device, wire_type_guest, wire_type_event,
	wire_type_counter, wire_type_status, wire_type_progress;

/* wire-guest.c: requests and replies about guests, for the table of methods. */
extern const struct fields wire_list_guests, wire_get_guest,
	wire_add_guest_device, wire_remove_guest_device, wire_guests_reply,
	wire_guest_reply, wire_guest_device_reply, wire_attach, wire_detach;
/** wire_check_remove() - of a guest's device: either way to name it, not both. NV_E_BAD_REQUEST. */
int wire_check_remove(const struct req_remove_guest_device *rq,
		      struct nv_why *why) nv_must_check;

/** wire_check_detach() - of a device: either way to name it, not both. NV_E_BAD_REQUEST. */
int wire_check_detach(const struct req_detach *rq,
		      struct nv_why *why) nv_must_check;

/** wire_description() - the interface description's text */
const char *wire_description(void);

#endif
