/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/verbs.h - the functions that the table of verbs names.
 */
#ifndef NV_CLI_VERBS_H
#define NV_CLI_VERBS_H

#include "cli/ctl.h"

typedef int verb_ask(struct ctl *x, union wire_request *rq);
typedef void verb_show(struct ctl *x, FILE *f, const void *reply);
typedef int verb_run(struct ctl *x);

/* ask.c: words into requests */
verb_ask ask_pool_add, ask_pool, ask_volume, ask_create, ask_rename,
	ask_owner, ask_resize, ask_delete, ask_map, ask_unmap, ask_attach,
	ask_detach, ask_events, ask_why;
verb_ask ask_guest_list, ask_guest_add, ask_guest_remove;

/* show-status.c, show-pool.c, show-volume.c, show-guest.c, show-event.c: replies for people */
verb_show show_status;
verb_show show_pools, show_pool_added;
verb_show show_volumes, show_volume, show_volume_done, show_volume_changed,
	show_mapped, show_done;
verb_show show_guests, show_guest, show_guest_added, show_guest_removed;
verb_show show_events, show_event, show_why, show_offline;
verb_show show_version, show_copied;

/** ask_after() - --after of monitor */
verb_ask ask_after;

/* run.c, run-file.c, complete.c: what is more than a call and an answer */
verb_run run_volume_list, run_resize, run_delete, run_offline, run_monitor, run_version,
	run_help;
verb_run run_backup, run_restore;
verb_run run_completion;

/**
 * ctl_may_go_on() - ask before something that cannot be undone
 * Only a person at a terminal is asked: a script has said what it wants.
 */
bool ctl_may_go_on(struct ctl *x, const char *question);

/** ctl_not_done() - the person said no. Return: 1. */
int ctl_not_done(struct ctl *x);

/* Shared by the show functions. */

/** show_pool_table() - the pools with their bars, and the reasons below */
void show_pool_table(struct ctl *x, FILE *f, const struct view_pools *p);

/** show_size() - "4.00 GiB (4.29 GB)". Return: @buf, of VIEW_NAME bytes. */
const char *show_size(uint64_t bytes, char *buf);

/** show_time() - local time. Return: @buf, of VIEW_NAME bytes. */
const char *show_time(uint64_t usec, char *buf);

/** show_domain() - "web1 (3)". Return: @buf, of VIEW_TEXT bytes. */
const char *show_domain(const char *name, uint32_t domid, char *buf);

#endif
