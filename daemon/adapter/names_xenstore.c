/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/names_xenstore.c - what domains are called, which only xenstore knows.
 */
#include "config.h"

#include "adapter/names_xenstore.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <xenstore.h>

#define NAME 64
#define AGAIN_MS 1000
#define END_MS 500

struct name {
	uint32_t domid;
	char text[NAME];
};

/*
 * Shared with the thread. When xenstored hangs in the middle of a call the
 * thread cannot be ended; then it is left behind, and this with it.
 */
struct names_xenstore {
	pthread_t thread;
	pthread_mutex_t lock; /* of the table */
	struct name *names;
	size_t nr;
	int stop_fd;
};

void names_xenstore_get(void *names, uint32_t domid, char *buf, size_t len)
{
	struct names_xenstore *n = names;
	size_t i;

	snprintf(buf, len, "%s", "");
	pthread_mutex_lock(&n->lock);
	for (i = 0; i < n->nr; i++)
		if (n->names[i].domid == domid)
			snprintf(buf, len, "%s", n->names[i].text);
	pthread_mutex_unlock(&n->lock);
}

/* What is no printable name is none: guests cannot write it, but people can. */
static bool name_is_sane(const char *text, unsigned int len)
{
	unsigned int i;

	for (i = 0; i < len; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
			return false;
	return len && len < NAME;
}

static bool name_read(struct xs_handle *xs, const char *id, struct name *ret)
{
	nv_cleanup(nv_freep) char *text = NULL;
	char path[64];
	unsigned int len = 0;
	char *end;

	ret->domid = (uint32_t)strtoul(id, &end, 10);
	if (*end || !*id)
		return false;
	snprintf(path, sizeof(path), "/local/domain/%u/name", ret->domid);
	text = xs_read(xs, XBT_NULL, path, &len);
	if (!text || !name_is_sane(text, len))
		return false;
	snprintf(ret->text, sizeof(ret->text), "%s", text);
	/* So that a change of it is announced; again is fine, and fails. */
	xs_watch(xs, path, "name");
	return true;
}

/* All names anew. Return: false if xenstored is gone. */
static bool names_read(struct names_xenstore *n, struct xs_handle *xs)
{
	nv_cleanup(nv_freep) char **ids = NULL;
	struct name *names, *old;
	unsigned int nr = 0, i;
	size_t k = 0;

	ids = xs_directory(xs, XBT_NULL, "/local/domain", &nr);
	if (!ids)
		return errno == ENOENT;
	names = calloc(nr + 1, sizeof(*names));
	if (!names)
		return true;
	for (i = 0; i < nr; i++)
		if (name_read(xs, ids[i], &names[k]))
			k++;
	pthread_mutex_lock(&n->lock);
	old = n->names;
	n->names = names;
	n->nr = k;
	pthread_mutex_unlock(&n->lock);
	free(old);
	return true;
}

/* Return: false when told to stop. */
static bool names_wait(struct names_xenstore *n, int fd, int ms)
{
	struct pollfd p[] = { { .fd = n->stop_fd, .events = POLLIN }, { .fd = fd, .events = POLLIN } };

	poll(p, fd < 0 ? 1 : 2, ms);
	return !p[0].revents;
}

/* One connection, from its beginning to its end. */
static void names_follow(struct names_xenstore *n, struct xs_handle *xs)
{
	char **event;

	if (!xs_watch(xs, "@introduceDomain", "came") || !xs_watch(xs, "@releaseDomain", "gone"))
		return;
	while (names_wait(n, xs_fileno(xs), -1)) {
		while ((event = xs_check_watch(xs)))
			free(event);
		if (errno != EAGAIN || !names_read(n, xs))
			return;
	}
}

static void *names_thread(void *arg)
{
	struct names_xenstore *n = arg;
	struct xs_handle *xs;

	do {
		xs = xs_open(0);
		if (xs) {
			names_follow(n, xs);
			xs_close(xs);
		}
	} while (names_wait(n, -1, AGAIN_MS));
	return NULL;
}

int names_xenstore_new(struct names_xenstore **ret)
{
	struct names_xenstore *n = calloc(1, sizeof(*n));
	sigset_t all, old;
	int r;

	if (!n)
		return -ENOMEM;
	pthread_mutex_init(&n->lock, NULL);
	n->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (n->stop_fd < 0) {
		r = -errno;
		free(n);
		return r;
	}
	/* Signals are the event loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&n->thread, NULL, names_thread, n);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r) {
		nv_closep(&n->stop_fd);
		free(n);
		return -r;
	}
	*ret = n;
	return 0;
}

struct names_xenstore *names_xenstore_free(struct names_xenstore *n)
{
	struct timespec end;
	uint64_t one = 1;

	if (!n)
		return NULL;
	if (write(n->stop_fd, &one, sizeof(one)) < 0)
		return NULL;
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_nsec += END_MS * 1000000L;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	if (pthread_timedjoin_np(n->thread, NULL, &end))
		return NULL;
	nv_closep(&n->stop_fd);
	pthread_mutex_destroy(&n->lock);
	free(n->names);
	free(n);
	return NULL;
}
