/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/view.h - what nvdimmd shows to people, as plain structs.
 *
 * One struct per type of the interface description (io.nvdimmd.varlink), with
 * the same field names. The daemon fills them, the codec turns them into
 * JSON and back, nvctl prints them.
 *
 * Units: bytes; times are microseconds since 1970-01-01 UTC.
 *
 * Text lives inside the struct, so a struct without an array is copied by
 * assignment and needs no destructor. An empty text means that the field is
 * absent. Arrays are on the heap and belong to the struct that points to
 * them: grow them with view_*_add(), release them with view_*_deinit(), which
 * takes zeroed and half-filled structs and leaves zeroes behind.
 */
#ifndef NV_CORE_VIEW_H
#define NV_CORE_VIEW_H

#include "base/macros.h"
#include "base/uuid.h"

#define VIEW_NAME   64	/* pools, volumes, regions, words; with the final NUL */
#define VIEW_DOMAIN 128	/* a domain's name, a domid or a UUID */
#define VIEW_OWNER  144	/* "uuid:..." or "name:..." */
#define VIEW_GUEST  160	/* the same of a guest's list */
#define VIEW_DEVICE 256	/* a namespace, a region or a path below /dev */
#define VIEW_TEXT   512	/* a sentence */
#define VIEW_PATH   640	/* of a file */
#define VIEW_CELLS  64	/* cells of a pool's map, at most */

/* X(NAME, word): the words of the interface's enumerations, one list each. */
#define VIEW_POOL_STATES(X)      \
	X(ONLINE, "online")      \
	X(MISSING, "missing")    \
	X(REFUSED, "refused")    \
	X(NOT_ARMED, "not_armed")
#define VIEW_MAPPING_STATES(X)   \
	X(MAPPING, "mapping")    \
	X(MAPPED, "mapped")      \
	X(UNMAPPING, "unmapping") \
	X(UNKNOWN, "unknown")
#define VIEW_VOLUME_STATES(X)    \
	X(READY, "ready")        \
	X(DELETING, "deleting")  \
	X(MISSING, "missing")
#define VIEW_SEVERITIES(X)     \
	X(INFO, "info")        \
	X(NOTICE, "notice")    \
	X(WARNING, "warning")  \
	X(ERROR, "error")      \
	X(ALARM, "alarm")
#define VIEW_DAEMON_STATES(X)      \
	X(STARTING, "starting")    \
	X(RUNNING, "running")      \
	X(DEGRADED, "degraded")

#define VIEW_IF_MISSING(X)     \
	X(WAIT, "wait")        \
	X(RUN, "run")
#define VIEW_GUEST_STATES(X)   \
	X(ABSENT, "absent")    \
	X(WAITING, "waiting")  \
	X(MAPPED, "mapped")    \
	X(REFUSED, "refused")

#define VIEW_PLACE_STATES(X)       \
	X(ELSEWHERE, "elsewhere")  \
	X(FREE, "free")            \
	X(KEPT, "kept")            \
	X(MAPPED, "mapped")

#define VIEW_X(NAME, word) VIEW_PLACE_##NAME,
enum view_place_state { VIEW_PLACE_STATES(VIEW_X) };
#undef VIEW_X
#define VIEW_X(NAME, word) VIEW_IF_MISSING_##NAME,
enum view_if_missing { VIEW_IF_MISSING(VIEW_X) };
#undef VIEW_X
#define VIEW_X(NAME, word) VIEW_GUEST_##NAME,
enum view_guest_state { VIEW_GUEST_STATES(VIEW_X) };
#undef VIEW_X
#define VIEW_X(NAME, word) VIEW_POOL_##NAME,
enum view_pool_state { VIEW_POOL_STATES(VIEW_X) };
#undef VIEW_X
#define VIEW_X(NAME, word) VIEW_MAPPING_##NAME,
enum view_mapping_state { VIEW_MAPPING_STATES(VIEW_X) };
#undef VIEW_X
#define VIEW_X(NAME, word) VIEW_VOLUME_##NAME,
enum view_volume_state { VIEW_VOLUME_STATES(VIEW_X) };
#undef VIEW_X
#define VIEW_X(NAME, word) VIEW_SEVERITY_##NAME,
enum view_severity { VIEW_SEVERITIES(VIEW_X) };
#undef VIEW_X
#define VIEW_X(NAME, word) VIEW_DAEMON_##NAME,
enum view_daemon_state { VIEW_DAEMON_STATES(VIEW_X) };
#undef VIEW_X

const char *view_if_missing_word(enum view_if_missing s);
const char *view_guest_state_word(enum view_guest_state s);
const char *view_pool_state_word(enum view_pool_state s);
const char *view_mapping_state_word(enum view_mapping_state s);
const char *view_volume_state_word(enum view_volume_state s);
const char *view_severity_word(enum view_severity s);
const char *view_daemon_state_word(enum view_daemon_state s);

/*
 * One place of persistent memory in all four ways to say it. region_offset
 * counts if region is set, volume_offset if volume is, domid, domain and gpa
 * if in_domain.
 */
struct view_place {
	uint64_t spa, size;
	char pool[VIEW_NAME];
	char region[VIEW_NAME];
	uint64_t region_offset;
	char volume[VIEW_NAME];
	uint64_t volume_offset;
	bool in_domain;
	uint32_t domid;
	char domain[VIEW_DOMAIN];
	uint64_t gpa;
};

struct view_extent {
	uint64_t pool_offset, spa, size, bad;
};

struct view_pool {
	char name[VIEW_NAME];
	char uuid[NV_UUID_TEXT];
	char device[VIEW_DEVICE];
	char region[VIEW_NAME];
	enum view_pool_state state;
	char reason[VIEW_TEXT];
	uint64_t spa, size;
	uint64_t free, largest_free, allocated, mapped, bad;
	uint64_t volumes;
	int numa_node;
	char persistence_domain[VIEW_NAME];
	bool read_only;
	char map[VIEW_CELLS + 1];
};

struct view_candidate {
	char device[VIEW_DEVICE];
	char uuid[NV_UUID_TEXT];
	char mode[VIEW_NAME];
	char region[VIEW_NAME];
	uint64_t spa, size, bad;
	bool usable;
	char reason[VIEW_TEXT];
};

struct view_mapping {
	uint64_t *map_ids;	/* one per extent */
	size_t n_map_ids;
	uint32_t domid;
	char domain[VIEW_DOMAIN];
	char domain_uuid[NV_UUID_TEXT];
	char volume[VIEW_NAME];
	char pool[VIEW_NAME];
	uint64_t spa, gpa, size, bad;
	enum view_mapping_state state;
};

struct view_volume {
	char name[VIEW_NAME];
	char uuid[NV_UUID_TEXT];
	char pool[VIEW_NAME];
	char owner[VIEW_OWNER];
	uint64_t size, align, bad;
	enum view_volume_state state;
	uint64_t created;
	struct view_extent *extents;
	size_t n_extents;
	bool has_mapping;
	struct view_mapping mapping;
};

/* One device of a guest's list, and what came of it in the domain of now. */
struct view_guest_device {
	char guest[VIEW_GUEST];
	uint32_t device;
	char volume[VIEW_NAME];
	uint64_t size;
	bool has_gpa;	/* asked for or chosen when it was added */
	uint64_t gpa;
	enum view_if_missing if_missing;
	enum view_guest_state state;
	bool has_domid;
	uint32_t domid;
	char reason[VIEW_TEXT];
};

struct view_event {
	uint64_t id, time;
	char kind[VIEW_NAME];
	enum view_severity severity;
	char text[VIEW_TEXT];
	char next[VIEW_DEVICE];
	bool has_place;
	struct view_place place;
	char status[VIEW_NAME];
	char action[VIEW_NAME];
};

struct view_counter {
	char name[VIEW_NAME];
	uint64_t value;
};

struct view_hold {
	uint32_t domid;
	char domain[VIEW_DOMAIN];
	bool fault, setup;	/* the reasons */
};

struct view_alarm {
	char text[VIEW_TEXT];
};

struct view_hypervisor {
	char transport[VIEW_NAME];
	bool simulated;
	uint64_t boot_id;
	uint32_t abi, regions, max_extents, extents, deadline_ms;
	uint64_t events_lost;
};

struct view_pools {
	struct view_pool *v;
	size_t n;
};

struct view_candidates {
	struct view_candidate *v;
	size_t n;
};

struct view_volumes {
	struct view_volume *v;
	size_t n;
};

struct view_guests {
	struct view_guest_device *v;
	size_t n;
};

struct view_mappings {
	struct view_mapping *v;
	size_t n;
};

struct view_events {
	struct view_event *v;
	size_t n;
	bool more;	/* there are newer ones that the limit cut off */
};

struct view_status {
	uint32_t api;
	char version[VIEW_NAME];
	uint64_t started;
	enum view_daemon_state state;
	char text[VIEW_TEXT];
	struct view_alarm *alarms;
	size_t n_alarms;
	struct view_hypervisor hypervisor;
	struct view_pools pools;
	struct view_mappings mappings;
	struct view_hold *holds;
	size_t n_holds;
	struct view_counter *counters;
	size_t n_counters;
};

/* What is known about a place. bad is bytes of it. */
struct view_why {
	struct view_place place;
	uint64_t bad;
	enum view_place_state state;
	char next[VIEW_TEXT]; /* the command to type now, "" if there is none */
	struct view_events events;
};

/* done and total are bytes. */
struct view_progress {
	char step[VIEW_NAME];
	uint64_t done, total;
};

/**
 * view_text_set() - copy @text into the array @to of @size bytes
 * Too long a text is cut in front of the character that does not fit, so
 * that what is left is UTF-8 if @text was. NULL gives the empty text.
 */
void view_text_set(char *to, size_t size, const char *text);

/*
 * Append one zeroed element. Return: it, until the next call for the same
 * array; NULL when there is no memory, the array then is as it was.
 */
struct view_pool *view_pools_add(struct view_pools *p) nv_must_check;
struct view_candidate *view_candidates_add(struct view_candidates *c) nv_must_check;
struct view_volume *view_volumes_add(struct view_volumes *v) nv_must_check;
struct view_mapping *view_mappings_add(struct view_mappings *m) nv_must_check;
/* One guest's list, and how an HVM guest is told of it. */
struct view_guest {
	char guest[VIEW_GUEST];
	struct view_guests devices;
	char acpi_firmware[VIEW_PATH]; /* for xl's acpi_firmware=; "" if there is none */
	char no_firmware[VIEW_TEXT];   /* and why not */
};

struct view_guest_device *view_guests_add(struct view_guests *g) nv_must_check;
struct view_event *view_events_add(struct view_events *e) nv_must_check;
struct view_extent *view_volume_add_extent(struct view_volume *v) nv_must_check;
struct view_alarm *view_status_add_alarm(struct view_status *s) nv_must_check;
struct view_hold *view_status_add_hold(struct view_status *s) nv_must_check;
struct view_counter *view_status_add_counter(struct view_status *s) nv_must_check;

/** view_mapping_add_id() - append @map_id. Return: 0 or -ENOMEM. */
int view_mapping_add_id(struct view_mapping *m, uint64_t map_id) nv_must_check;

void view_mapping_deinit(struct view_mapping *m);
void view_volume_deinit(struct view_volume *v);
void view_pools_deinit(struct view_pools *p);
void view_candidates_deinit(struct view_candidates *c);
void view_volumes_deinit(struct view_volumes *v);
void view_mappings_deinit(struct view_mappings *m);
void view_guests_deinit(struct view_guests *g);
void view_events_deinit(struct view_events *e);
void view_status_deinit(struct view_status *s);

#endif
