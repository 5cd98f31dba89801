/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/loop.c - the event loop: who goes first.
 */
#include "svc/loop.h"

#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "core/bucket.h"
#include "ops/op_boot.h"
#include "ops/op_fault.h"
#include "ops/op_guest.h"
#include "svc/devices.h"
#include "svc/hook.h"
#include "svc/journal.h"
#include "svc/server.h"

/* What failed for want of a disk or an answer is tried again after it. */
#define RETRY_US 1000000ull
#define TIDY_US 2000000ull
/* A topology that could not be read for the kernel's being busy. */
#define BUSY_US 20000ull

/* Beyond this, entries of the history are only counted in the journal, which may be slow. */
#define SAID_BURST 1000
#define SAID_S 10

struct loop {
	struct nvd *nvd;
	struct loop_hooks hooks;
	sd_event *event;
	struct queue *queue;
	struct hooks *programs;
	struct devices *devices;
	struct server *server;
	sd_event_source *virq, *fault, *retry, *tidy, *topology, *reread;
	sd_event_source *term, *intr, *hup;
	char status[VIEW_TEXT];
	struct bucket said; /* entries of the history that the journal was given */
	uint64_t unsaid;    /* those that it was not */
	bool tidying; /* a leftover is in the queue */
	time_t told;  /* when systemd was last asked to wait */
};

static void loop_status(struct loop *l)
{
	char line[VIEW_TEXT];

	op_status_line(l->nvd, line, sizeof(line));
	if (!strcmp(line, l->status))
		return;
	strcpy(l->status, line);
	sd_notifyf(0, "STATUS=%s", line);
}

static bool may_say(struct loop *l)
{
	struct bucket_conf conf = bucket_conf_per(SAID_BURST, SAID_S);

	return bucket_has_room(&l->said, &conf, 1, clock_mono_ns(l->nvd->clock));
}

static void say_entry(struct loop *l, const struct event_fact *e)
{
	struct bucket_conf conf = bucket_conf_per(SAID_BURST, SAID_S);

	if (!may_say(l)) {
		l->unsaid++;
		return;
	}
	bucket_add(&l->said, &conf, 1, clock_mono_ns(l->nvd->clock));
	journal_event(e);
}

static void say_unsaid(struct loop *l)
{
	if (!l->unsaid || !may_say(l))
		return;
	journal_line(LOG_WARNING, "%llu more entries of the history are not repeated here; nvctl events lists them",
		     (unsigned long long)l->unsaid);
	l->unsaid = 0;
}

static void on_history(void *userdata, const struct event_fact *e)
{
	struct loop *l = userdata;

	say_entry(l, e);
	if (l->nvd->set.hook[0] && hooks_wants(e))
		hooks_run(l->programs, l->nvd->set.hook, e);
	if (l->server)
		server_wake(l->server);
}

/* At the start the kernel is waited for, and systemd is to wait with us. */
static void on_wait(void *userdata)
{
	struct loop *l = userdata;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (l->told == now.tv_sec)
		return;
	l->told = now.tv_sec;
	sd_notify(0, "EXTEND_TIMEOUT_USEC=30000000\nSTATUS=waiting for the kernel to let go of a namespace");
}

/* One batch per turn; between two of them everybody else may have theirs. */
static int on_fault(sd_event_source *s, void *userdata)
{
	struct loop *l = userdata;
	struct nv_why why = { "" };
	int r;

	r = op_fault_step(l->nvd, &why);
	if (r == OP_MORE)
		return 0;
	sd_event_source_set_enabled(l->fault, SD_EVENT_OFF);
	if (r) {
		journal_line(LOG_ALERT, "faults cannot be handled, trying again: %s", why.text);
		sd_event_source_set_time_relative(l->retry, RETRY_US);
		sd_event_source_set_enabled(l->retry, SD_EVENT_ONESHOT);
	}
	loop_status(l);
	return 0;
}

static int on_retry(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct loop *l = userdata;

	sd_event_source_set_enabled(l->fault, SD_EVENT_ON);
	return 0;
}

static int on_virq(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct loop *l = userdata;
	int r;

	r = hv_drain(l->nvd->hv);
	if (r == -ENOTCONN || r == -ECONNRESET) {
		journal_line(LOG_ALERT, "the hypervisor is gone");
		return sd_event_exit(l->event, NV_E_NO_HYPERVISOR);
	}
	sd_event_source_set_enabled(l->fault, SD_EVENT_ON);
	return 0;
}

static int on_stop(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
	struct loop *l = userdata;

	sd_notify(0, "STOPPING=1\nSTATUS=stopping; what is mapped stays mapped");
	return sd_event_exit(l->event, 0);
}

static int on_hup(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
	struct loop *l = userdata;
	struct nv_why why = { "" };
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   (unsigned long long)now.tv_sec * 1000000u + (unsigned long long)now.tv_nsec / 1000);
	if (l->hooks.reload(l->hooks.userdata, &why))
		journal_line(LOG_ERR, "the configuration stays as it was: %s", why.text);
	else
		journal_line(LOG_NOTICE, "the configuration was read again");
	sd_notify(0, "READY=1");
	return 0;
}

static void on_tidied(void *userdata, struct op *op, int r, const struct nv_why *why)
{
	struct loop *l = userdata;

	l->tidying = false;
	if (r)
		journal_line(LOG_WARNING, "%s of what was left over failed: %s", op->ops->name, why->text);
}

/* One leftover at a time; the book's own housekeeping when nothing runs. */
static int on_tidy(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct loop *l = userdata;
	struct queue_client client = { .done = on_tidied, .userdata = l };
	struct nv_why why = { "" };
	struct op *op = NULL;
	uint64_t again = TIDY_US;
	int r;

	if (!l->tidying && !queue_check(l->queue, NULL)) {
		r = op_leftover_begin(l->nvd, &why, &op);
		if (r)
			journal_line(LOG_WARNING, "what was left over cannot be ended yet: %s", why.text);
		else if (op && !queue_add(l->queue, op, &client))
			l->tidying = true;
	}
	guest_tick(l->nvd);
	if (!queue_length(l->queue) && store_idle(l->nvd->store) == STORE_MORE)
		again = 0;
	loop_status(l);
	say_unsaid(l);
	sd_event_source_set_time_relative(l->tidy, again);
	sd_event_source_set_enabled(l->tidy, SD_EVENT_ONESHOT);
	return 0;
}

static void loop_reread(struct loop *l)
{
	struct nv_why why = { "" };
	int r = op_topology(l->nvd, &why);

	if (r == OP_MORE) {
		sd_event_source_set_time_relative(l->reread, BUSY_US);
		sd_event_source_set_enabled(l->reread, SD_EVENT_ONESHOT);
		return;
	}
	if (r)
		journal_line(LOG_WARNING, "a change of the host's persistent memory could not be taken in: %s",
			     why.text[0] ? why.text : strerror(r < 0 ? -r : EIO));
	loop_status(l);
}

static int on_reread(sd_event_source *s, uint64_t usec, void *userdata)
{
	loop_reread(userdata);
	return 0;
}

static int on_topology(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct loop *l = userdata;
	uint32_t changes = 0;
	int r;

	r = topo_port_drain(l->nvd->topo, &changes);
	if (r)
		journal_line(LOG_WARNING, "changes of the host's persistent memory go unnoticed: %s", strerror(-r));
	else if (changes)
		loop_reread(l);
	return 0;
}

static int loop_sources(struct loop *l)
{
	struct nvd *nvd = l->nvd;
	int fd, r;

	r = sd_event_add_io(l->event, &l->virq, hv_fd(nvd->hv), EPOLLIN, on_virq, l);
	if (r >= 0)
		r = sd_event_source_set_priority(l->virq, LOOP_PRIORITY_VIRQ);
	/* Enabled at first: what happened before the VIRQ was bound is not announced. */
	if (r >= 0)
		r = sd_event_add_defer(l->event, &l->fault, on_fault, l);
	if (r >= 0)
		r = sd_event_source_set_enabled(l->fault, SD_EVENT_ON);
	if (r >= 0)
		r = sd_event_source_set_priority(l->fault, LOOP_PRIORITY_FAULT);
	if (r >= 0)
		r = sd_event_add_time_relative(l->event, &l->retry, CLOCK_BOOTTIME, RETRY_US, 0, on_retry, l);
	if (r >= 0)
		r = sd_event_source_set_enabled(l->retry, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_source_set_priority(l->retry, LOOP_PRIORITY_FAULT);
	if (r >= 0)
		r = sd_event_add_time_relative(l->event, &l->tidy, CLOCK_BOOTTIME, 0, 0, on_tidy, l);
	if (r >= 0)
		r = sd_event_source_set_priority(l->tidy, SD_EVENT_PRIORITY_IDLE);
	if (r < 0)
		return r;
	r = sd_event_add_time_relative(l->event, &l->reread, CLOCK_MONOTONIC, 0, 0, on_reread, l);
	if (r >= 0)
		r = sd_event_source_set_enabled(l->reread, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_source_set_priority(l->reread, LOOP_PRIORITY_TOPOLOGY);
	if (r < 0)
		return r;
	fd = topo_port_watch_fd(nvd->topo);
	if (fd < 0)
		return 0;
	r = sd_event_add_io(l->event, &l->topology, fd, EPOLLIN, on_topology, l);
	return r < 0 ? r : sd_event_source_set_priority(l->topology, LOOP_PRIORITY_TOPOLOGY);
}

static int loop_signals(struct loop *l)
{
	struct {
		int signal;
		sd_event_source **source;
		sd_event_signal_handler_t handler;
	} signals[] = {
		{ SIGTERM, &l->term, on_stop },
		{ SIGINT, &l->intr, on_stop },
		{ SIGHUP, &l->hup, on_hup },
	};
	sigset_t set;
	size_t i;
	int r;

	sigemptyset(&set);
	for (i = 0; i < NV_ARRAY_SIZE(signals); i++)
		sigaddset(&set, signals[i].signal);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < NV_ARRAY_SIZE(signals); i++) {
		r = sd_event_add_signal(l->event, signals[i].source, signals[i].signal, signals[i].handler, l);
		if (r >= 0)
			r = sd_event_source_set_priority(*signals[i].source, LOOP_PRIORITY_SIGNAL);
		if (r < 0)
			return r;
	}
	return 0;
}

int loop_new(struct nvd *nvd, const struct loop_hooks *hooks, struct loop **ret)
{
	nv_cleanup(loop_freep) struct loop *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	l->nvd = nvd;
	l->hooks = *hooks;
	r = sd_event_default(&l->event);
	if (r >= 0)
		r = loop_signals(l);
	if (r >= 0)
		r = loop_sources(l);
	if (r >= 0)
		r = queue_new(l->event, &l->queue);
	if (r >= 0)
		r = hooks_new(l->event, &l->programs);
	if (r >= 0 && nvd->devices)
		r = devices_new(l->event, nvd, l->queue, &l->devices);
	if (r >= 0)
		r = sd_event_set_watchdog(l->event, true);
	if (r < 0)
		return r;
	nvd->on_event = on_history;
	nvd->on_wait = on_wait;
	nvd->userdata = l;
	*ret = nv_steal(&l);
	return 0;
}

struct loop *loop_free(struct loop *l)
{
	if (!l)
		return NULL;
	l->nvd->on_event = NULL;
	l->nvd->on_wait = NULL;
	devices_free(l->devices);
	queue_free(l->queue);
	hooks_free(l->programs);
	sd_event_source_disable_unref(l->virq);
	sd_event_source_disable_unref(l->fault);
	sd_event_source_disable_unref(l->retry);
	sd_event_source_disable_unref(l->tidy);
	sd_event_source_disable_unref(l->topology);
	sd_event_source_disable_unref(l->reread);
	sd_event_source_disable_unref(l->term);
	sd_event_source_disable_unref(l->intr);
	sd_event_source_disable_unref(l->hup);
	sd_event_unref(l->event);
	free(l);
	return NULL;
}

void loop_freep(struct loop **l)
{
	*l = loop_free(*l);
}

sd_event *loop_event(struct loop *l)
{
	return l->event;
}

struct queue *loop_queue(struct loop *l)
{
	return l->queue;
}

void loop_set_server(struct loop *l, struct server *s)
{
	l->server = s;
}

int loop_run(struct loop *l)
{
	loop_status(l);
	sd_notify(0, "READY=1");
	return sd_event_loop(l->event);
}
