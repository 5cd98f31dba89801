/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/event_vars.h - an event as NAME=value strings: the journal's fields, the
 * hook's environment.
 */
#ifndef NV_SVC_EVENT_VARS_H
#define NV_SVC_EVENT_VARS_H

#include "core/facts.h"

/* One after the other in text; vars ends with NULL. What does not fit is left out. */
struct event_vars {
	char text[2048];
	char *vars[24];
	size_t used, nr;
};

/** event_vars_init() - @e's, but only those that apply; listed in nvdimmd(8) */
void event_vars_init(struct event_vars *v, const struct event_fact *e);

/** event_vars_add() - one more */
void event_vars_add(struct event_vars *v, const char *fmt, ...) nv_printf(2, 3);

#endif
