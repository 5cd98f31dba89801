/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/settings.h - everything that the administrator can set, as values.
 *
 * codec/conf reads it from the configuration file and holds the defaults;
 * units stand in the names. Nothing to free.
 */
#ifndef NV_CORE_SETTINGS_H
#define NV_CORE_SETTINGS_H

#include "base/macros.h"

#define SETTINGS_PATH 256
#define SETTINGS_WORD 64
#define SETTINGS_HOOKS 8
#define SETTINGS_POOLS 32

/* "10 / 24h": more than burst within per_s seconds is too many. */
struct settings_rate {
	uint32_t burst;
	uint32_t per_s;
};

enum settings_decision {
	SETTINGS_VMCE, /* tell the guest */
	SETTINGS_KILL, /* crash it */
};

struct settings {
	/* where things are; changing them needs a restart */
	char hypervisor[SETTINGS_PATH]; /* "xen" or "sim:PATH" */
	char topology[SETTINGS_PATH];   /* empty: the kernel's, through libndctl */
	char state_dir[SETTINGS_PATH];
	char socket[SETTINGS_PATH];
	char group[SETTINGS_WORD]; /* who may read, beside root */
	char xenstore[SETTINGS_PATH]; /* "auto", "no" or xenstored's socket */

	uint64_t alignment;       /* bytes, of volumes */
	uint64_t large_volume;    /* bytes: from here on ... */
	uint64_t large_alignment; /* ... this alignment, in bytes */
	uint32_t address_bits;    /* guest addresses stay below 1 << this */

	uint32_t deadline_ms;  /* how long a fault may await its decision */
	enum settings_decision first_touch;
	enum settings_decision next_touch;
	uint32_t grace_ms;     /* another touch within it is not a next one */
	struct settings_rate page_limit; /* faults of one volume before an alarm */
	uint32_t avalanche;    /* kills within avalanche_s before only alarms follow; 0: no cap */
	uint32_t avalanche_s;
	char hook[SETTINGS_PATH]; /* program run for each fault; empty: none */

	uint32_t unmap_timeout_ms; /* for a guest to give its memory up */

	uint64_t max_events; /* of the history; older ones are forgotten */
};

#endif
