/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/bus_xenstore.c - the bus over libxenstore: the daemon's side, and the
 * life of the thread.
 */
#include "config.h"

#include "adapter/bus_xenstore.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <xenstore.h>

#include "adapter/bus_xenstore_int.h"

#define AGAIN_MS 1000
#define RETRY_MS 100
#define END_MS 500
/* Who does not answer for so long hangs; and who was asked nothing so long is asked something. */
#define HANGS_NS 5000000000u

static struct bus_xenstore *bus_xenstore(struct bus *bus)
{
	return nv_container_of(bus, struct bus_xenstore, bus);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- the thread ---- */

/* Return: false when told to stop. */
static bool thread_wait(struct bus_xenstore *b, int ms)
{
	struct pollfd p[] = {
		{ .fd = b->stop_fd, .events = POLLIN },
		{ .fd = b->work_fd, .events = POLLIN },
		{ .fd = b->io.xs ? xs_fileno(b->io.xs) : -1, .events = POLLIN },
	};
	uint64_t n;

	xsio_idle(&b->io);
	poll(p, b->io.xs ? 3 : 1, ms);
	if (p[1].revents && read(b->work_fd, &n, sizeof(n)) < 0)
		return false;
	return !p[0].revents;
}

static void thread_lost(struct bus_xenstore *b, const char *reason)
{
	pthread_mutex_lock(&b->lock);
	bus_lost(b, "%s", reason);
	pthread_mutex_unlock(&b->lock);
}

/* A xenstored that hangs says nothing: ask, though there is nothing to be asked. */
static int thread_probe(struct bus_xenstore *b)
{
	uint64_t now = now_ns();
	char pid[16];
	int r;

	if (now - b->probed_ns < HANGS_NS)
		return 0;
	b->probed_ns = now;
	r = xsio_read(&b->io, XENBUS_CLASS "/pid", pid, sizeof(pid));
	return r == -ENOTCONN ? r : 0;
}

/* One connection, from its beginning to its end. */
static void thread_follow(struct bus_xenstore *b)
{
	int r;

	r = sync_begin(b);
	while (!r) {
		b->more = b->retry = false;
		r = sync_watches(b);
		if (!r)
			r = sync_read(b);
		if (!r)
			r = sync_write(b);
		if (!r)
			r = thread_probe(b);
		/* That xenstored died is not announced: look now and then. */
		if (!r && !thread_wait(b, b->more ? 0 : b->retry ? RETRY_MS : AGAIN_MS)) {
			xsio_serve_end(&b->io);
			return;
		}
	}
	if (r == -ENOTCONN)
		thread_lost(b, "xenstored is gone");
}

static void *thread_main(void *arg)
{
	struct bus_xenstore *b = arg;

	do {
		xsio_ask(&b->io);
		b->io.xs = xs_open(0);
		if (b->io.xs) {
			thread_follow(b);
			xs_close(b->io.xs);
			b->io.xs = NULL;
		} else {
			thread_lost(b, "xenstored does not run");
		}
	} while (thread_wait(b, AGAIN_MS));
	return NULL;
}

/* ---- events ---- */

void bus_news(struct bus_xenstore *b)
{
	uint64_t one = 1;

	if (write(b->news_fd, &one, sizeof(one)) < 0)
		return;
}

/* With the lock: the thread is to look at it. */
static void work(struct bus_xenstore *b, struct list *l, struct link *n)
{
	uint64_t one = 1;

	list_put(l, n);
	if (write(b->work_fd, &one, sizeof(one)) < 0)
		return;
}

/* The same reason once. */
void bus_lost(struct bus_xenstore *b, const char *fmt, ...)
{
	char reason[sizeof(b->reason)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	if (!strcmp(b->reason, reason))
		return;
	memcpy(b->reason, reason, sizeof(reason));
	b->lost = true;
	b->synced = false;
	bus_news(b);
}

static int x_fd(struct bus *bus)
{
	return bus_xenstore(bus)->news_fd;
}

static bool next_home(struct bus_xenstore *b, struct bus_event *ret)
{
	struct link *n;
	struct home *h;

	while ((n = list_take(&b->home_news))) {
		h = nv_container_of(n, struct home, news);
		if (!h->here && !h->told)
			continue;
		h->told = h->here;
		*ret = (struct bus_event){ .type = h->here ? BUS_DOMAIN : BUS_DOMAIN_GONE, .key = { h->domid, 0 } };
		if (!h->here)
			work(b, &b->home_work, &h->work);
		return true;
	}
	return false;
}

static bool next_slot(struct bus_xenstore *b, struct bus_event *ret)
{
	struct link *n;
	struct slot *s;

	while ((n = list_take(&b->slot_news))) {
		s = nv_container_of(n, struct slot, news);
		if (!s->here && !s->told)
			continue;
		s->told = s->here;
		*ret = (struct bus_event){ .type = s->here ? BUS_DEVICE : BUS_DEVICE_GONE, .key = s->key };
		ret->wish = s->wish;
		ret->front = s->front;
		if (!s->here)
			work(b, &b->slot_work, &s->work);
		return true;
	}
	return false;
}

static int next_locked(struct bus_xenstore *b, struct bus_event *ret)
{
	uint64_t n;

	if (b->lost) {
		b->lost = false;
		*ret = (struct bus_event){ .type = BUS_LOST };
		snprintf(ret->reason, sizeof(ret->reason), "%s", b->reason);
		return 0;
	}
	if (b->hangs_news) {
		b->hangs_news = false;
		*ret = (struct bus_event){ .type = b->hangs ? BUS_HANGS : BUS_ANSWERS };
		if (b->hangs)
			snprintf(ret->reason, sizeof(ret->reason), "xenstored does not answer");
		return 0;
	}
	if (next_home(b, ret) || next_slot(b, ret))
		return 0;
	if (b->synced) {
		b->synced = false;
		*ret = (struct bus_event){ .type = BUS_SYNCED };
		return 0;
	}
	/* It may have been readable without news. */
	if (read(b->news_fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		return -errno;
	return -EAGAIN;
}

static int x_next(struct bus *bus, struct bus_event *ret)
{
	struct bus_xenstore *b = bus_xenstore(bus);
	int r;

	pthread_mutex_lock(&b->lock);
	r = next_locked(b, ret);
	pthread_mutex_unlock(&b->lock);
	return r;
}

/*
 * Two looks must find the same request: a process that was itself stopped for a
 * while is not to say that of xenstored.
 */
static void x_look(struct bus *bus)
{
	struct bus_xenstore *b = bus_xenstore(bus);
	uint64_t asked = b->io.asked_ns;
	bool hangs = asked && asked == b->looked && now_ns() - asked >= HANGS_NS;

	b->looked = asked;
	pthread_mutex_lock(&b->lock);
	if (hangs != b->hangs) {
		b->hangs = hangs;
		b->hangs_news = true;
		bus_news(b);
	}
	pthread_mutex_unlock(&b->lock);
}

/* ---- what is told ---- */

static int x_attach(struct bus *bus, struct device_key key, const struct device_wish *wish)
{
	struct bus_xenstore *b = bus_xenstore(bus);
	struct slot *s;

	pthread_mutex_lock(&b->lock);
	s = bus_slot(b, key, true);
	if (s) {
		s->attach = true;
		s->attach_wish = *wish;
		work(b, &b->slot_work, &s->work);
	}
	pthread_mutex_unlock(&b->lock);
	return s ? 0 : -ENOMEM;
}

static int x_report(struct bus *bus, struct device_key key, const struct device_report *report)
{
	struct bus_xenstore *b = bus_xenstore(bus);
	struct slot *s;

	pthread_mutex_lock(&b->lock);
	s = bus_slot(b, key, true);
	if (s) {
		s->has_report = true;
		s->report = *report;
		work(b, &b->slot_work, &s->work);
	}
	pthread_mutex_unlock(&b->lock);
	return s ? 0 : -ENOMEM;
}

static int x_remove(struct bus *bus, struct device_key key)
{
	struct bus_xenstore *b = bus_xenstore(bus);
	struct slot *s;

	pthread_mutex_lock(&b->lock);
	s = bus_slot(b, key, true);
	if (s) {
		s->attach = s->has_report = false;
		s->remove = s->removing = true;
		/* Nobody is to hear of what it was, nor that it is gone. */
		s->told = false;
		list_drop(&b->slot_news, &s->news);
		work(b, &b->slot_work, &s->work);
	}
	pthread_mutex_unlock(&b->lock);
	return s ? 0 : -ENOMEM;
}

static void x_fault(struct bus *bus, const struct bus_fault *f)
{
	struct bus_xenstore *b = bus_xenstore(bus);
	struct home *h;

	pthread_mutex_lock(&b->lock);
	h = bus_home(b, f->domid, true);
	if (h) {
		h->faults.nr++;
		h->faults.gpa = f->gpa;
		h->faults.size = f->size;
		snprintf(h->faults.volume, sizeof(h->faults.volume), "%s", f->volume ? f->volume : "");
		work(b, &b->home_work, &h->work);
	}
	pthread_mutex_unlock(&b->lock);
}

void bus_xenstore_name(void *bus, uint32_t domid, char *buf, size_t len)
{
	struct bus_xenstore *b = bus_xenstore(bus);
	struct home *h;

	pthread_mutex_lock(&b->lock);
	h = bus_home(b, domid, false);
	snprintf(buf, len, "%s", h ? h->name : "");
	pthread_mutex_unlock(&b->lock);
}

/* ---- life ---- */

static void x_deinit(struct bus_xenstore *b)
{
	struct hash_node *n;

	while ((n = hash_each(&b->slots, NULL)))
		bus_slot_free(b, nv_container_of(n, struct slot, node));
	while ((n = hash_each(&b->homes, NULL)))
		bus_home_free(b, nv_container_of(n, struct home, node));
	hash_deinit(&b->slots);
	hash_deinit(&b->homes);
	pthread_mutex_destroy(&b->lock);
	nv_closep(&b->stop_fd);
	nv_closep(&b->work_fd);
	nv_closep(&b->news_fd);
	free(b);
}

/*
 * When xenstored hangs in the middle of a call the thread cannot be ended; then
 * it is left behind, and all that it uses with it.
 */
static void x_free(struct bus *bus)
{
	struct bus_xenstore *b = bus_xenstore(bus);
	struct timespec end;
	uint64_t one = 1;

	if (write(b->stop_fd, &one, sizeof(one)) < 0)
		return;
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_nsec += END_MS * 1000000L;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	if (!pthread_timedjoin_np(b->thread, NULL, &end))
		x_deinit(b);
}

static const struct bus_ops x_ops = {
	.fd = x_fd,
	.next = x_next,
	.look = x_look,
	.attach = x_attach,
	.report = x_report,
	.remove = x_remove,
	.fault = x_fault,
	.free = x_free,
};

static int x_start(struct bus_xenstore *b)
{
	sigset_t all, old;
	int r;

	/* Signals are the event loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&b->thread, NULL, thread_main, b);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

int bus_xenstore_new(const char *path, struct bus **ret)
{
	struct bus_xenstore *b = calloc(1, sizeof(*b));
	int r = 0;

	if (!b)
		return -ENOMEM;
	b->bus.ops = &x_ops;
	hash_init(&b->slots);
	hash_init(&b->homes);
	list_init(&b->slot_news);
	list_init(&b->slot_work);
	list_init(&b->slot_stale);
	list_init(&b->home_news);
	list_init(&b->home_work);
	list_init(&b->home_stale);
	pthread_mutex_init(&b->lock, NULL);
	b->stop_fd = eventfd(0, EFD_CLOEXEC);
	b->work_fd = eventfd(0, EFD_CLOEXEC);
	b->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* libxenstore has no other way to be told. */
	if (b->stop_fd < 0 || b->work_fd < 0 || b->news_fd < 0 || (path && setenv("XENSTORED_PATH", path, true)))
		r = -errno;
	if (!r)
		r = x_start(b);
	if (r) {
		x_deinit(b);
		return r;
	}
	*ret = &b->bus;
	return 0;
}
