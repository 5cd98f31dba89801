/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/wire-type.c - the interface's types, field by field.
 */
#include "codec/wire.h"

#define WORD(NAME, word) word,
static const char *const pool_states[] = { VIEW_POOL_STATES(WORD) };
static const char *const mapping_states[] = { VIEW_MAPPING_STATES(WORD) };
static const char *const volume_states[] = { VIEW_VOLUME_STATES(WORD) };
static const char *const severities[] = { VIEW_SEVERITIES(WORD) };
static const char *const daemon_states[] = { VIEW_DAEMON_STATES(WORD) };
static const char *const hold_reasons[] = { "FAULT", "SETUP" };
#undef WORD

#define WORDS(list) .words = (list), .n_words = NV_ARRAY_SIZE(list)
#define TABLE(var, idl, s, list)                             \
	const struct fields var = { .type = (idl),           \
				    .size = sizeof(struct s), \
				    .field = (list),         \
				    .n = NV_ARRAY_SIZE(list) }

static const struct field place[] = {
	{ "spa", FIELD_SIZE, FIELD_AT(view_place, spa) },
	{ "size", FIELD_SIZE, FIELD_AT(view_place, size) },
	{ "pool", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(view_place, pool) },
	{ "region", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(view_place, region) },
	{ "region_offset", FIELD_SIZE, FIELD_IF_TEXT,
	  FIELD_AT(view_place, region_offset),
	  .has = offsetof(struct view_place, region) },
	{ "volume", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(view_place, volume) },
	{ "volume_offset", FIELD_SIZE, FIELD_IF_TEXT,
	  FIELD_AT(view_place, volume_offset),
	  .has = offsetof(struct view_place, volume) },
	{ "domid", FIELD_U32, FIELD_IF_HAS, FIELD_AT(view_place, domid),
	  .has = offsetof(struct view_place, in_domain) },
	{ "domain", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(view_place, domain) },
	{ "gpa", FIELD_SIZE, FIELD_IF_HAS, FIELD_AT(view_place, gpa),
	  .has = offsetof(struct view_place, in_domain) },
};
TABLE(wire_type_place, "Place", view_place, place);

static const struct field extent[] = {
	{ "pool_offset", FIELD_SIZE, FIELD_AT(view_extent, pool_offset) },
	{ "spa", FIELD_SIZE, FIELD_AT(view_extent, spa) },
	{ "size", FIELD_SIZE, FIELD_AT(view_extent, size) },
	{ "bad", FIELD_SIZE, FIELD_AT(view_extent, bad) },
};
TABLE(wire_type_extent, "Extent", view_extent, extent);

static const struct field pool[] = {
	{ "name", FIELD_TEXT, FIELD_OF(view_pool, name) },
	{ "uuid", FIELD_TEXT, FIELD_OF(view_pool, uuid) },
	{ "device", FIELD_TEXT, FIELD_OF(view_pool, device) },
	{ "region", FIELD_TEXT, FIELD_OF(view_pool, region) },
	{ "state", FIELD_WORD, FIELD_AT(view_pool, state), WORDS(pool_states) },
	{ "reason", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(view_pool, reason) },
	{ "spa", FIELD_SIZE, FIELD_AT(view_pool, spa) },
	{ "size", FIELD_SIZE, FIELD_AT(view_pool, size) },
	{ "free", FIELD_SIZE, FIELD_AT(view_pool, free) },
	{ "largest_free", FIELD_SIZE, FIELD_AT(view_pool, largest_free) },
	{ "allocated", FIELD_SIZE, FIELD_AT(view_pool, allocated) },
	{ "mapped", FIELD_SIZE, FIELD_AT(view_pool, mapped) },
	{ "bad", FIELD_SIZE, FIELD_AT(view_pool, bad) },
	{ "volumes", FIELD_SIZE, FIELD_AT(view_pool, volumes) },
	{ "numa_node", FIELD_INT, FIELD_AT(view_pool, numa_node) },
	{ "persistence_domain", FIELD_TEXT,
	  FIELD_OF(view_pool, persistence_domain) },
	{ "read_only", FIELD_BOOL, FIELD_AT(view_pool, read_only) },
	{ "map", FIELD_TEXT, FIELD_OF(view_pool, map) },
};
TABLE(wire_type_pool, "Pool", view_pool, pool);

static const struct field candidate[] = {
	{ "device", FIELD_TEXT, FIELD_OF(view_candidate, device) },
	{ "uuid", FIELD_TEXT, FIELD_OF(view_candidate, uuid) },
	{ "mode", FIELD_TEXT, FIELD_OF(view_candidate, mode) },
	{ "region", FIELD_TEXT, FIELD_OF(view_candidate, region) },
	{ "spa", FIELD_SIZE, FIELD_AT(view_candidate, spa) },
	{ "size", FIELD_SIZE, FIELD_AT(view_candidate, size) },
	{ "bad", FIELD_SIZE, FIELD_AT(view_candidate, bad) },
	{ "usable", FIELD_BOOL, FIELD_AT(view_candidate, usable) },
	{ "reason", FIELD_TEXT, FIELD_IF_SET,
	  FIELD_OF(view_candidate, reason) },
};
TABLE(wire_type_candidate, "Candidate", view_candidate, candidate);

static const struct field mapping[] = {
	{ "map_ids", FIELD_HEX_LIST, FIELD_AT(view_mapping, map_ids),
	  .count_at = offsetof(struct view_mapping, n_map_ids) },
	{ "domid", FIELD_U32, FIELD_AT(view_mapping, domid) },
	{ "domain", FIELD_TEXT, FIELD_OF(view_mapping, domain) },
	{ "domain_uuid", FIELD_TEXT, FIELD_OF(view_mapping, domain_uuid) },
	{ "volume", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(view_mapping, volume) },
	{ "pool", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(view_mapping, pool) },
	{ "spa", FIELD_SIZE, FIELD_AT(view_mapping, spa) },
	{ "gpa", FIELD_SIZE, FIELD_AT(view_mapping, gpa) },
	{ "size", FIELD_SIZE, FIELD_AT(view_mapping, size) },
	{ "bad", FIELD_SIZE, FIELD_AT(view_mapping, bad) },
	{ "state", FIELD_WORD, FIELD_AT(view_mapping, state),
	  WORDS(mapping_states) },
};
TABLE(wire_type_mapping, "Mapping", view_mapping, mapping);

static const struct field volume[] = {
	{ "name", FIELD_TEXT, FIELD_OF(view_volume, name) },
	{ "uuid", FIELD_TEXT, FIELD_OF(view_volume, uuid) },
	{ "pool", FIELD_TEXT, FIELD_OF(view_volume, pool) },
	{ "owner", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(view_volume, owner) },
	{ "size", FIELD_SIZE, FIELD_AT(view_volume, size) },
	{ "align", FIELD_SIZE, FIELD_AT(view_volume, align) },
	{ "bad", FIELD_SIZE, FIELD_AT(view_volume, bad) },
	{ "state", FIELD_WORD, FIELD_AT(view_volume, state),
	  WORDS(volume_states) },
	{ "created", FIELD_SIZE, FIELD_AT(view_volume, created) },
	{ "extents", FIELD_LIST, FIELD_AT(view_volume, extents),
	  .count_at = offsetof(struct view_volume, n_extents),
	  .table = &wire_type_extent },
	{ "mapping", FIELD_STRUCT, FIELD_IF_HAS,
	  FIELD_AT(view_volume, mapping),
	  .has = offsetof(struct view_volume, has_mapping),
	  .table = &wire_type_mapping },
};
TABLE(wire_type_volume, "Volume", view_volume, volume);

static const struct field event[] = {
	{ "id", FIELD_SIZE, FIELD_AT(view_event, id) },
	{ "time", FIELD_SIZE, FIELD_AT(view_event, time) },
	{ "kind", FIELD_TEXT, FIELD_OF(view_event, kind) },
	{ "severity", FIELD_WORD, FIELD_AT(view_event, severity),
	  WORDS(severities) },
	{ "text", FIELD_TEXT, FIELD_OF(view_event, text) },
	{ "next", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(view_event, next) },
	{ "place", FIELD_STRUCT, FIELD_IF_HAS, FIELD_AT(view_event, place),
	  .has = offsetof(struct view_event, has_place),
	  .table = &wire_type_place },
	{ "status", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(view_event, status) },
	{ "action", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(view_event, action) },
};
TABLE(wire_type_event, "Event", view_event, event);

static const struct field counter[] = {
	{ "name", FIELD_TEXT, FIELD_OF(view_counter, name) },
	{ "value", FIELD_SIZE, FIELD_AT(view_counter, value) },
};
TABLE(wire_type_counter, "Counter", view_counter, counter);

static const struct field hold[] = {
	{ "domid", FIELD_U32, FIELD_AT(view_hold, domid) },
	{ "domain", FIELD_TEXT, FIELD_OF(view_hold, domain) },
	/* fault, then setup, as the words stand */
	{ "reasons", FIELD_FLAGS, FIELD_AT(view_hold, fault),
	  WORDS(hold_reasons) },
};
static TABLE(hold_table, NULL, view_hold, hold);
_Static_assert(offsetof(struct view_hold, setup) ==
	       offsetof(struct view_hold, fault) + sizeof(bool),
	       "the reasons of a hold are an array");

static const struct field hypervisor[] = {
	{ "transport", FIELD_TEXT, FIELD_OF(view_hypervisor, transport) },
	{ "simulated", FIELD_BOOL, FIELD_AT(view_hypervisor, simulated) },
	{ "boot_id", FIELD_HEX, FIELD_AT(view_hypervisor, boot_id) },
	{ "abi", FIELD_U32, FIELD_AT(view_hypervisor, abi) },
	{ "regions", FIELD_U32, FIELD_AT(view_hypervisor, regions) },
	{ "max_extents", FIELD_U32, FIELD_AT(view_hypervisor, max_extents) },
	{ "extents", FIELD_U32, FIELD_AT(view_hypervisor, extents) },
	{ "deadline_ms", FIELD_U32, FIELD_AT(view_hypervisor, deadline_ms) },
	{ "events_lost", FIELD_SIZE, FIELD_AT(view_hypervisor, events_lost) },
};
static TABLE(hypervisor_table, NULL, view_hypervisor, hypervisor);

static const struct field status[] = {
	{ "api", FIELD_U32, FIELD_AT(view_status, api) },
	{ "version", FIELD_TEXT, FIELD_OF(view_status, version) },
	{ "started", FIELD_SIZE, FIELD_AT(view_status, started) },
	{ "state", FIELD_WORD, FIELD_AT(view_status, state),
	  WORDS(daemon_states) },
	{ "text", FIELD_TEXT, FIELD_OF(view_status, text) },
	{ "alarms", FIELD_TEXT_LIST, FIELD_AT(view_status, alarms),
	  .size = sizeof(struct view_alarm),
	  .count_at = offsetof(struct view_status, n_alarms) },
	{ "hypervisor", FIELD_STRUCT, FIELD_AT(view_status, hypervisor),
	  .table = &hypervisor_table },
	{ "pools", FIELD_LIST, FIELD_AT(view_status, pools.v),
	  .count_at = offsetof(struct view_status, pools.n),
	  .table = &wire_type_pool },
	{ "mappings", FIELD_LIST, FIELD_AT(view_status, mappings.v),
	  .count_at = offsetof(struct view_status, mappings.n),
	  .table = &wire_type_mapping },
	{ "holds", FIELD_LIST, FIELD_AT(view_status, holds),
	  .count_at = offsetof(struct view_status, n_holds),
	  .table = &hold_table },
	{ "counters", FIELD_LIST, FIELD_AT(view_status, counters),
	  .count_at = offsetof(struct view_status, n_counters),
	  .table = &wire_type_counter },
};
TABLE(wire_type_status, "Status", view_status, status);

static const struct field progress[] = {
	{ "step", FIELD_TEXT, FIELD_OF(view_progress, step) },
	{ "done", FIELD_SIZE, FIELD_AT(view_progress, done) },
	{ "total", FIELD_SIZE, FIELD_AT(view_progress, total) },
};
TABLE(wire_type_progress, "Progress", view_progress, progress);
