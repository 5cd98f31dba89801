/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/wire-method.c - the interface's methods, field by field.
 */
#include "codec/wire.h"

#include <string.h>

#define TABLE(var, idl, s, list)                                    \
	static const struct fields var = { .type = (idl),           \
					   .size = sizeof(struct s), \
					   .field = (list),         \
					   .n = NV_ARRAY_SIZE(list) }
#define HAS(s, m) .has = offsetof(struct s, has_##m)

/* Requests. */

static const struct fields get_status = { .type = "GetStatus" };
static const struct fields list_pools = { .type = "ListPools" };
static const struct fields list_volumes = { .type = "ListVolumes" };
static const struct fields backup = { .type = "Backup" };

static const struct field add_pool_fields[] = {
	{ "device", FIELD_TEXT, FIELD_OF(req_add_pool, device) },
	{ "name", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(req_add_pool, name) },
};
TABLE(add_pool, "AddPool", req_add_pool, add_pool_fields);

static const struct field release_pool_fields[] = {
	{ "pool", FIELD_TEXT, FIELD_OF(req_pool, pool) },
};
TABLE(release_pool, "ReleasePool", req_pool, release_pool_fields);

static const struct field get_volume_fields[] = {
	{ "volume", FIELD_TEXT, FIELD_OF(req_volume, volume) },
};
TABLE(get_volume, "GetVolume", req_volume, get_volume_fields);

static const struct field create_volume_fields[] = {
	{ "name", FIELD_TEXT, FIELD_OF(req_create_volume, name) },
	{ "size", FIELD_SIZE, FIELD_AT(req_create_volume, size) },
	{ "pool", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(req_create_volume, pool) },
	{ "owner", FIELD_TEXT, FIELD_IF_SET,
	  FIELD_OF(req_create_volume, owner) },
	{ "align", FIELD_SIZE, FIELD_IF_HAS, FIELD_AT(req_create_volume, align),
	  HAS(req_create_volume, align) },
	{ "at", FIELD_SIZE, FIELD_IF_HAS, FIELD_AT(req_create_volume, at),
	  HAS(req_create_volume, at) },
	{ "keep", FIELD_BOOL, FIELD_IF_SET, FIELD_AT(req_create_volume, keep) },
};
TABLE(create_volume, "CreateVolume", req_create_volume, create_volume_fields);

static const struct field rename_volume_fields[] = {
	{ "volume", FIELD_TEXT, FIELD_OF(req_rename_volume, volume) },
	{ "name", FIELD_TEXT, FIELD_OF(req_rename_volume, name) },
};
TABLE(rename_volume, "RenameVolume", req_rename_volume, rename_volume_fields);

static const struct field set_volume_owner_fields[] = {
	{ "volume", FIELD_TEXT, FIELD_OF(req_set_owner, volume) },
	{ "owner", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(req_set_owner, owner) },
};
TABLE(set_volume_owner, "SetVolumeOwner", req_set_owner,
      set_volume_owner_fields);

static const struct field resize_volume_fields[] = {
	{ "volume", FIELD_TEXT, FIELD_OF(req_resize_volume, volume) },
	{ "size", FIELD_SIZE, FIELD_AT(req_resize_volume, size) },
};
TABLE(resize_volume, "ResizeVolume", req_resize_volume, resize_volume_fields);

static const struct field delete_volume_fields[] = {
	{ "volume", FIELD_TEXT, FIELD_OF(req_delete_volume, volume) },
	{ "no_scrub", FIELD_BOOL, FIELD_IF_SET,
	  FIELD_AT(req_delete_volume, no_scrub) },
};
TABLE(delete_volume, "DeleteVolume", req_delete_volume, delete_volume_fields);

static const struct field repair_volume_fields[] = {
	{ "volume", FIELD_TEXT, FIELD_OF(req_volume, volume) },
};
TABLE(repair_volume, "RepairVolume", req_volume, repair_volume_fields);

static const struct field repair_pool_fields[] = {
	{ "pool", FIELD_TEXT, FIELD_OF(req_pool, pool) },
};
TABLE(repair_pool, "RepairPool", req_pool, repair_pool_fields);

static const struct field map_fields[] = {
	{ "domain", FIELD_TEXT, FIELD_OF(req_map, domain) },
	{ "volume", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(req_map, volume) },
	{ "pool", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(req_map, pool) },
	{ "offset", FIELD_SIZE, FIELD_IF_HAS, FIELD_AT(req_map, offset),
	  HAS(req_map, offset) },
	{ "size", FIELD_SIZE, FIELD_IF_HAS, FIELD_AT(req_map, size),
	  HAS(req_map, size) },
	{ "gpa", FIELD_SIZE, FIELD_IF_HAS, FIELD_AT(req_map, gpa),
	  HAS(req_map, gpa) },
	{ "force_owner", FIELD_BOOL, FIELD_IF_SET,
	  FIELD_AT(req_map, force_owner) },
};
TABLE(map, "Map", req_map, map_fields);

static const struct field unmap_fields[] = {
	{ "volume", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(req_unmap, volume) },
	{ "map_id", FIELD_HEX, FIELD_IF_SET, FIELD_AT(req_unmap, map_id) },
	{ "domain", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(req_unmap, domain) },
	{ "gpa", FIELD_SIZE, FIELD_IF_HAS, FIELD_AT(req_unmap, gpa),
	  HAS(req_unmap, gpa) },
};
TABLE(unmap, "Unmap", req_unmap, unmap_fields);

static const struct field list_events_fields[] = {
	{ "since", FIELD_SIZE, FIELD_IF_HAS, FIELD_AT(req_events, since),
	  HAS(req_events, since) },
	{ "after", FIELD_SIZE, FIELD_IF_HAS, FIELD_AT(req_events, after),
	  HAS(req_events, after) },
	{ "limit", FIELD_U32, FIELD_IF_HAS, FIELD_AT(req_events, limit),
	  HAS(req_events, limit) },
};
TABLE(list_events, "ListEvents", req_events, list_events_fields);

static const struct field why_fields[] = {
	{ "spa", FIELD_SIZE, FIELD_IF_HAS, FIELD_AT(req_why, spa),
	  HAS(req_why, spa) },
	{ "volume", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(req_why, volume) },
	{ "offset", FIELD_SIZE, FIELD_IF_HAS, FIELD_AT(req_why, offset),
	  HAS(req_why, offset) },
	{ "domain", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(req_why, domain) },
	{ "gpa", FIELD_SIZE, FIELD_IF_HAS, FIELD_AT(req_why, gpa),
	  HAS(req_why, gpa) },
	{ "size", FIELD_SIZE, FIELD_IF_HAS, FIELD_AT(req_why, size),
	  HAS(req_why, size) },
};
TABLE(why_request, "Why", req_why, why_fields);
TABLE(offline_request, "Offline", req_why, why_fields);

static const struct field monitor_fields[] = {
	{ "after", FIELD_SIZE, FIELD_IF_HAS, FIELD_AT(wire_monitor, after),
	  HAS(wire_monitor, after) },
};
TABLE(monitor, "Monitor", wire_monitor, monitor_fields);

static const struct field restore_fields[] = {
	{ "chunk", FIELD_BYTES, FIELD_AT(wire_restore, chunk),
	  .count_at = offsetof(struct wire_restore, n_chunk) },
	{ "offset", FIELD_SIZE, FIELD_AT(wire_restore, offset) },
	{ "finished", FIELD_BOOL, FIELD_AT(wire_restore, finished) },
};
TABLE(restore, "Restore", wire_restore, restore_fields);

/* Replies. */

static const struct fields nothing = { .type = "the reply" };

static const struct field status_reply_fields[] = {
	{ "status", FIELD_STRUCT, FIELD_AT(wire_status, status),
	  .table = &wire_type_status },
};
TABLE(status_reply, "the reply", wire_status, status_reply_fields);

static const struct field pools_reply_fields[] = {
	{ "pools", FIELD_LIST, FIELD_AT(wire_pools, pools.v),
	  .count_at = offsetof(struct wire_pools, pools.n),
	  .table = &wire_type_pool },
	{ "candidates", FIELD_LIST, FIELD_AT(wire_pools, candidates.v),
	  .count_at = offsetof(struct wire_pools, candidates.n),
	  .table = &wire_type_candidate },
};
TABLE(pools_reply, "the reply", wire_pools, pools_reply_fields);

static const struct field pool_reply_fields[] = {
	{ "pool", FIELD_STRUCT, FIELD_AT(wire_pool, pool),
	  .table = &wire_type_pool },
};
TABLE(pool_reply, "the reply", wire_pool, pool_reply_fields);

static const struct field volumes_reply_fields[] = {
	{ "volumes", FIELD_LIST, FIELD_AT(wire_volumes, volumes.v),
	  .count_at = offsetof(struct wire_volumes, volumes.n),
	  .table = &wire_type_volume },
};
TABLE(volumes_reply, "the reply", wire_volumes, volumes_reply_fields);

static const struct field volume_reply_fields[] = {
	{ "volume", FIELD_STRUCT, FIELD_AT(wire_volume, volume),
	  .table = &wire_type_volume },
};
TABLE(volume_reply, "the reply", wire_volume, volume_reply_fields);

#define PROGRESS(s)                                                     \
	{ "progress", FIELD_STRUCT, FIELD_IF_HAS, FIELD_AT(s, progress), \
	  HAS(s, progress), .table = &wire_type_progress },             \
	{ "finished", FIELD_BOOL, FIELD_AT(s, finished) }

static const struct field volume_done_fields[] = {
	PROGRESS(wire_volume_done),
	{ "volume", FIELD_STRUCT, FIELD_IF_HAS,
	  FIELD_AT(wire_volume_done, volume), HAS(wire_volume_done, volume),
	  .table = &wire_type_volume },
};
TABLE(volume_done, "the reply", wire_volume_done, volume_done_fields);

static const struct field mapping_done_fields[] = {
	PROGRESS(wire_mapping_done),
	{ "mapping", FIELD_STRUCT, FIELD_IF_HAS,
	  FIELD_AT(wire_mapping_done, mapping), HAS(wire_mapping_done, mapping),
	  .table = &wire_type_mapping },
};
TABLE(mapping_done, "the reply", wire_mapping_done, mapping_done_fields);

static const struct field done_fields[] = { PROGRESS(wire_done) };
TABLE(done, "the reply", wire_done, done_fields);

static const struct field events_reply_fields[] = {
	{ "events", FIELD_LIST, FIELD_AT(wire_events, events.v),
	  .count_at = offsetof(struct wire_events, events.n),
	  .table = &wire_type_event },
	{ "more", FIELD_BOOL, FIELD_AT(wire_events, events.more) },
};
TABLE(events_reply, "the reply", wire_events, events_reply_fields);

#define WORD(NAME, word) word,
static const char *const place_states[] = { VIEW_PLACE_STATES(WORD) };
#undef WORD

static const struct field why_reply_fields[] = {
	{ "place", FIELD_STRUCT, FIELD_AT(view_why, place),
	  .table = &wire_type_place },
	{ "bad", FIELD_SIZE, FIELD_AT(view_why, bad) },
	{ "state", FIELD_WORD, FIELD_AT(view_why, state),
	  .words = place_states, .n_words = NV_ARRAY_SIZE(place_states) },
	{ "next", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(view_why, next) },
	{ "events", FIELD_LIST, FIELD_AT(view_why, events.v),
	  .count_at = offsetof(struct view_why, events.n),
	  .table = &wire_type_event },
};
TABLE(why_reply, "the reply", view_why, why_reply_fields);

static const struct field event_reply_fields[] = {
	{ "event", FIELD_STRUCT, FIELD_AT(wire_event, event),
	  .table = &wire_type_event },
};
TABLE(event_reply, "the reply", wire_event, event_reply_fields);

static const struct field chunk_reply_fields[] = {
	{ "chunk", FIELD_BYTES, FIELD_AT(wire_chunk, chunk),
	  .count_at = offsetof(struct wire_chunk, n_chunk) },
	{ "offset", FIELD_SIZE, FIELD_AT(wire_chunk, offset) },
	{ "total", FIELD_SIZE, FIELD_AT(wire_chunk, total) },
};
TABLE(chunk_reply, "the reply", wire_chunk, chunk_reply_fields);

static const struct field received_reply_fields[] = {
	{ "received", FIELD_SIZE, FIELD_AT(wire_received, received) },
};
TABLE(received_reply, "the reply", wire_received, received_reply_fields);

static const struct wire_method methods[WIRE_METHODS] = {
	[WIRE_GET_STATUS] = { &get_status, &status_reply },
	[WIRE_LIST_POOLS] = { &list_pools, &pools_reply },
	[WIRE_ADD_POOL] = { &add_pool, &pool_reply },
	[WIRE_RELEASE_POOL] = { &release_pool, &nothing },
	[WIRE_LIST_VOLUMES] = { &list_volumes, &volumes_reply },
	[WIRE_GET_VOLUME] = { &get_volume, &volume_reply },
	[WIRE_CREATE_VOLUME] = { &create_volume, &volume_done },
	[WIRE_RENAME_VOLUME] = { &rename_volume, &volume_reply },
	[WIRE_SET_VOLUME_OWNER] = { &set_volume_owner, &volume_reply },
	[WIRE_RESIZE_VOLUME] = { &resize_volume, &volume_done },
	[WIRE_DELETE_VOLUME] = { &delete_volume, &done },
	[WIRE_REPAIR_VOLUME] = { &repair_volume, &done },
	[WIRE_REPAIR_POOL] = { &repair_pool, &done },
	[WIRE_MAP] = { &map, &mapping_done },
	[WIRE_UNMAP] = { &unmap, &done },
	[WIRE_LIST_GUESTS] = { &wire_list_guests, &wire_guests_reply },
	[WIRE_GET_GUEST] = { &wire_get_guest, &wire_guest_reply },
	[WIRE_ADD_GUEST_DEVICE] = { &wire_add_guest_device,
				    &wire_guest_device_reply },
	[WIRE_REMOVE_GUEST_DEVICE] = { &wire_remove_guest_device,
				       &wire_guest_device_reply },
	[WIRE_ATTACH] = { &wire_attach, &mapping_done },
	[WIRE_DETACH] = { &wire_detach, &done },
	[WIRE_LIST_EVENTS] = { &list_events, &events_reply },
	[WIRE_WHY] = { &why_request, &why_reply },
	[WIRE_OFFLINE] = { &offline_request, &why_reply },
	[WIRE_MONITOR] = { &monitor, &event_reply },
	[WIRE_BACKUP] = { &backup, &chunk_reply },
	[WIRE_RESTORE] = { &restore, &received_reply },
};

const struct wire_method *wire_method(enum wire_method_id id)
{
	return &methods[id];
}

enum wire_method_id wire_find(const char *name)
{
	unsigned int id = 0;

	while (id < WIRE_METHODS && strcmp(name, methods[id].request->type))
		id++;
	return id;
}

static int check_map(const struct req_map *rq, struct nv_why *why)
{
	bool range = rq->pool[0] && rq->has_offset && rq->has_size;
	bool some = rq->pool[0] || rq->has_offset || rq->has_size;

	if (rq->volume[0] ? some : !range)
		return nv_refuse(why, NV_E_BAD_REQUEST,
				 "Map takes either a volume, or pool, offset and size");
	return 0;
}

static int check_unmap(const struct req_unmap *rq, struct nv_why *why)
{
	int ways = !!rq->volume[0] + !!rq->map_id + !!rq->domain[0];

	if (ways != 1 || rq->has_gpa != !!rq->domain[0])
		return nv_refuse(why, NV_E_BAD_REQUEST,
				 "Unmap takes either a volume, or a map_id other than 0, or domain and gpa");
	return 0;
}

static int check_place(const struct req_why *rq, const char *method,
		       struct nv_why *why)
{
	int ways = rq->has_spa + !!rq->volume[0] + !!rq->domain[0];

	if (ways != 1 || rq->has_gpa != !!rq->domain[0] ||
	    (rq->has_offset && !rq->volume[0]))
		return nv_refuse(why, NV_E_BAD_REQUEST,
				 "%s takes either spa, or volume and offset, or domain and gpa",
				 method);
	return 0;
}

static int check_events(struct req_events *rq, struct nv_why *why)
{
	if (rq->has_since && rq->has_after)
		return nv_refuse(why, NV_E_BAD_REQUEST,
				 "ListEvents takes since or after, not both");
	if (!rq->has_limit)
		rq->limit = WIRE_EVENTS;
	if (!rq->limit || rq->limit > WIRE_EVENTS_MAX)
		return nv_refuse(why, NV_E_BAD_REQUEST,
				 "'limit' must be an integer from 1 to %u",
				 WIRE_EVENTS_MAX);
	return 0;
}

int wire_request_parse(enum wire_method_id id, struct json_object *parameters,
		       struct nv_why *why, union wire_request *ret)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	r = fields_parse(methods[id].request, parameters, FIELDS_REQUEST, why,
			 ret);
	if (r)
		return r;
	switch (id) {
	case WIRE_MAP:
		return check_map(&ret->map, why);
	case WIRE_UNMAP:
		return check_unmap(&ret->unmap, why);
	case WIRE_REMOVE_GUEST_DEVICE:
		return wire_check_remove(&ret->remove_guest_device, why);
	case WIRE_DETACH:
		return wire_check_detach(&ret->detach, why);
	case WIRE_WHY:
	case WIRE_OFFLINE:
		return check_place(&ret->why, methods[id].request->type, why);
	case WIRE_LIST_EVENTS:
		return check_events(&ret->events, why);
	default:
		return 0;
	}
}
