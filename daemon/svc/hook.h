/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/hook.h - the administrator's program, run for each machine check.
 *
 * It never delays a fault: it is started and forgotten, at most HOOK_MAX at
 * once, each for at most HOOK_SECONDS. What does not fit is not run, and said.
 */
#ifndef NV_SVC_HOOK_H
#define NV_SVC_HOOK_H

#include "base/macros.h"

#define HOOK_MAX 8
#define HOOK_SECONDS 30

struct event_fact;
struct hooks;
struct sd_event;

/** hooks_new() - SIGCHLD must be blocked. Return: 0 and *@ret; -ENOMEM. */
int hooks_new(struct sd_event *event, struct hooks **ret);

/* Those that run are left to themselves. */
struct hooks *hooks_free(struct hooks *h);

/** hooks_wants() - is this an entry of the history that the program is run for? */
bool hooks_wants(const struct event_fact *e);

/** hooks_run() - start @program with @e in its environment */
void hooks_run(struct hooks *h, const char *program, const struct event_fact *e);

#endif
