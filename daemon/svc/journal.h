/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/journal.h - where the daemon's lines go: the journal with fields, or stderr.
 */
#ifndef NV_SVC_JOURNAL_H
#define NV_SVC_JOURNAL_H

#include "base/macros.h"

struct event_fact;

/** journal_line() - a line at a syslog(3) priority */
void journal_line(int priority, const char *fmt, ...) nv_printf(2, 3);

/** journal_event() - an entry of the history, with its place as fields */
void journal_event(const struct event_fact *e);

#endif
