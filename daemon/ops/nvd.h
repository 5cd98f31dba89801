/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/nvd.h - the daemon's context: ledger, ports, settings; and small helpers
 * that several flows share.
 */
#ifndef NV_OPS_NVD_H
#define NV_OPS_NVD_H

#include "core/facts.h"
#include "core/guests.h"
#include "core/hvrec.h"
#include "core/ledger.h"
#include "core/maps.h"
#include "ops/op.h"
#include "port/bus.h"
#include "port/clock.h"
#include "port/dom.h"
#include "port/firmware.h"
#include "port/hv.h"
#include "port/store.h"
#include "port/topo.h"

/* What is wrong and stays wrong until somebody does something. One sentence each. */
enum nvd_alarm {
	ALARM_BOOK,       /* the book cannot be written */
	ALARM_HYPERVISOR, /* it does not answer, or answers nonsense */
	ALARM_TOPOLOGY,   /* the platform's memory, or part of it, could not be read */
	ALARM_HEALTH,     /* a DIMM says that it is failing */
	ALARM_POOL,       /* a pool is missing or refused */
	ALARM_UNKNOWN,    /* extents that no record explains */
	ALARM_LOST,       /* events were lost */
	ALARM_AVALANCHE,  /* too many guests to kill */
	ALARM_PAGES,      /* too many bad pages in one volume */
	ALARM_XENSTORE,   /* xenstored is not there, or does not answer */
	ALARM_DEVICE,     /* a guest's device was refused */
	ALARM_TABLES,     /* ACPI tables of guests cannot be written */
	ALARM_NR,
};

struct fault_desk;
struct device_desk;
struct guest_desk;

struct nvd_counters {
	uint64_t maps, unmaps, releases;
	uint64_t faults, touches, vmces, kills, timeouts;
	uint64_t srao, srar, ucna, fatal; /* of the faults */
	uint64_t refusals;
};

struct nvd {
	struct ledger *ledger;
	struct store *store;
	struct hv *hv;
	struct topo_port *topo;
	struct dom *dom;
	struct bus *bus;
	struct firmware_port *firmware; /* NULL: no files */
	struct clock *clock;
	struct settings set;
	struct fault_desk *desk; /* op_fault.h */
	struct device_desk *devices; /* op_device.h; NULL: without a bus */
	struct guest_desk *guests; /* op_guest.h; may be NULL */

	struct hv_info host;
	struct topo *topology; /* as last loaded */
	enum view_daemon_state state;
	uint64_t started_us;
	uint64_t events_lost;
	char alarm[ALARM_NR][VIEW_TEXT]; /* "" if quiet */
	struct nvd_counters count;

	/* Told of each entry of the history after it was written; may be NULL. */
	void (*on_event)(void *userdata, const struct event_fact *e);
	/* Called many times a second while a start waits for the kernel; may be NULL. */
	void (*on_wait)(void *userdata);
	void *userdata;
};

/** nvd_alarm() - raise it, or with NULL end it */
void nvd_alarm(struct nvd *nvd, enum nvd_alarm which, const char *fmt, ...) nv_printf(3, 4);

/** nvd_seen() - a person has seen the alarms about what is over: they end */
void nvd_seen(struct nvd *nvd);

/** nvd_is_degraded() - does any alarm stand? */
bool nvd_is_degraded(const struct nvd *nvd);

/**
 * nvd_book() - what became of a call to the store
 * Puts the store's sentence into @why and keeps ALARM_BOOK right.
 * Return: @r.
 */
int nvd_book(struct nvd *nvd, int r, struct nv_why *why);

/**
 * nvd_unsure() - may the book have what it said it could not write?
 * A full disk is certain, an I/O error is not. Then what is in the book is
 * put right before the frames may be anybody else's.
 */
static inline bool nvd_unsure(int r)
{
	return r == -EIO;
}

/** nvd_hv() - the same for a call to the hypervisor: "cannot WHAT: ..." Return: @r, or NV_E_HYPERVISOR. */
int nvd_hv(struct nvd *nvd, int r, const char *what, struct nv_why *why);

/* ---- history.c: what happened, in words ---- */

/** history_event() - an entry with no place yet */
struct event_fact history_event(enum event_severity severity, const char *kind, const char *fmt, ...) nv_printf(3, 4);

/** history_next() - the command to type next */
void history_next(struct event_fact *e, const char *fmt, ...) nv_printf(2, 3);

/** history_at_volume(), history_at_mapping(), history_at_pool() - where it happened */
void history_at_volume(struct event_fact *e, const struct volume *v);
void history_at_mapping(struct event_fact *e, const struct mapping *m);
void history_at_pool(struct event_fact *e, const struct pool *p);

/** history_write() - add it to the book; within store_begin() and store_commit(), or alone. Return: as the store. */
int history_write(struct nvd *nvd, struct event_fact *e);

/** history_tell() - once it is in the book: the log and whoever monitors */
void history_tell(struct nvd *nvd, const struct event_fact *e);

/** history_tell_since() - the same for all entries after @id */
void history_tell_since(struct nvd *nvd, uint64_t id);

/** history_note() - both, for what must not fail because of its note */
void history_note(struct nvd *nvd, struct event_fact *e);

/* ---- op_domain.c ---- */

/** domain_find() - by domid, UUID or name. Return: 0; NV_E_NO_DOMAIN; NV_E_BAD_REQUEST (several have the name); -errno. */
int domain_find(struct nvd *nvd, const char *text, struct nv_why *why, struct dom_info *ret);

/** domain_print() - "db1 (domain 5)". Return: @buf. */
const char *domain_print(uint32_t domid, const char *name, char *buf, size_t len);
#define DOMAIN_PRINT (NV_DOMAIN_TEXT + 24)

#endif
