/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/hook.c - the administrator's program, run for each machine check.
 */
#include "config.h"

#include "svc/hook.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "svc/event_vars.h"
#include "svc/journal.h"

struct hook {
	struct hooks *hooks;
	sd_event_source *child, *timer;
	pid_t pid; /* 0: free */
};

struct hooks {
	sd_event *event;
	struct hook slot[HOOK_MAX];
	bool full; /* and that was said */
};

static void hook_end(struct hook *k)
{
	k->child = sd_event_source_disable_unref(k->child);
	k->timer = sd_event_source_disable_unref(k->timer);
	k->pid = 0;
}

static int on_child(sd_event_source *s, const siginfo_t *si, void *userdata)
{
	if (si->si_code != CLD_EXITED || si->si_status)
		journal_line(LOG_WARNING, "the hook (process %d) ended with %s %d", (int)si->si_pid,
			     si->si_code == CLD_EXITED ? "status" : "signal", si->si_status);
	hook_end(userdata);
	return 0;
}

static int on_too_long(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct hook *k = userdata;

	journal_line(LOG_WARNING, "the hook (process %d) ran for %d s and is killed", (int)k->pid, HOOK_SECONDS);
	kill(-k->pid, SIGKILL);
	return 0;
}

/* In a process group of its own, with no signal blocked and no input. */
static int hook_spawn(const char *program, const struct event_fact *f, pid_t *ret)
{
	char *argv[] = { (char *)program, NULL };
	posix_spawn_file_actions_t files;
	struct event_vars env;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int r;

	event_vars_init(&env, f);
	event_vars_add(&env, "NVDIMMD_TEXT=%s", f->text);
	event_vars_add(&env, "PATH=/usr/sbin:/usr/bin:/sbin:/bin");
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	r = posix_spawn(ret, program, &files, &attr, argv, env.vars);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return -r;
}

int hooks_new(sd_event *event, struct hooks **ret)
{
	struct hooks *h = calloc(1, sizeof(*h));
	size_t i;

	if (!h)
		return -ENOMEM;
	h->event = sd_event_ref(event);
	for (i = 0; i < HOOK_MAX; i++)
		h->slot[i].hooks = h;
	*ret = h;
	return 0;
}

struct hooks *hooks_free(struct hooks *h)
{
	size_t i;

	if (!h)
		return NULL;
	for (i = 0; i < HOOK_MAX; i++)
		hook_end(&h->slot[i]);
	sd_event_unref(h->event);
	free(h);
	return NULL;
}

bool hooks_wants(const struct event_fact *e)
{
	static const char *const kinds[] = { "fault", "touch", "timeout", "untold", "events-lost" };
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(kinds); i++)
		if (!strcmp(e->kind, kinds[i]))
			return true;
	return false;
}

void hooks_run(struct hooks *h, const char *program, const struct event_fact *e)
{
	struct hook *k = h->slot;
	int r;

	while (k < h->slot + HOOK_MAX && k->pid)
		k++;
	if (k == h->slot + HOOK_MAX) {
		if (!h->full)
			journal_line(LOG_WARNING, "the hook is not run from event %llu on: %d run already",
				     (unsigned long long)e->id, HOOK_MAX);
		h->full = true;
		return;
	}
	h->full = false;
	r = hook_spawn(program, e, &k->pid);
	if (r) {
		k->pid = 0;
		journal_line(LOG_WARNING, "the hook %s cannot be run: %s", program, strerror(-r));
		return;
	}
	r = sd_event_add_child(h->event, &k->child, k->pid, WEXITED, on_child, k);
	if (r >= 0)
		r = sd_event_add_time_relative(h->event, &k->timer, CLOCK_BOOTTIME, HOOK_SECONDS * 1000000ull, 0,
					       on_too_long, k);
	if (r < 0)
		journal_line(LOG_WARNING, "the hook (process %d) is not looked after: %s", (int)k->pid, strerror(-r));
}
