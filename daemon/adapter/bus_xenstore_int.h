/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/bus_xenstore_int.h - what the daemon's thread and xenstore's share.
 *
 * Slots are made by either side under the lock and freed by the thread alone,
 * when nothing of them is known or to do any more. Fields are read and written
 * under the lock unless they are said to be the thread's. No lock is held
 * while libxenstore is called.
 */
#ifndef NV_ADAPTER_BUS_XENSTORE_INT_H
#define NV_ADAPTER_BUS_XENSTORE_INT_H

#include <pthread.h>

#include "adapter/xsio.h"
#include "core/hash.h"
#include "port/bus.h"

#define BUS_NAME 64
#define BUS_STALE 16

/* A place in a list; a slot is in each list once at most. */
struct link {
	struct link *next, **at;
};

struct list {
	struct link *first, **last;
};

/* A device. */
struct slot {
	struct hash_node node;
	struct device_key key;
	struct link news, work, stale;

	/* As xenstore has it, and what nvdimmd was told of that. */
	bool here, told;
	struct device_wish wish;
	struct device_front front;

	/* As nvdimmd wants it. */
	bool remove, attach, has_report;
	bool removing; /* what is read until that is done is old */
	struct device_wish attach_wish;
	struct device_report report;

	/* The thread's: */
	uint64_t asked; /* was written, and the frontend's directory is watched */
	bool seen;      /* in the listing that is being read */
	bool whole;     /* more than its state is stale */
};

/* A domain. */
struct home {
	struct hash_node node;
	uint32_t domid;
	struct link news, work, stale;
	bool here, told;
	char name[BUS_NAME];
	struct xsio_faults faults; /* to be told, if nr */
	bool watched, seen, gone; /* the thread's */
};

struct bus_xenstore {
	struct bus bus;
	pthread_t thread;
	int stop_fd; /* ends the thread */
	int work_fd; /* there is work */
	int news_fd; /* there are news */

	pthread_mutex_t lock;
	struct hash slots, homes;
	struct list slot_news, slot_work, home_news, home_work;
	bool lost, synced;   /* news of no slot */
	char reason[96];     /* of lost */
	bool hangs, hangs_news; /* it does not answer; that changed */
	uint64_t looked;     /* the request that was waited for at the last look */

	/* The thread's: */
	struct xsio io;
	uint64_t probed_ns;
	struct list slot_stale, home_stale;
	bool tree_stale;     /* all devices of all domains are to be listed */
	bool came, went;     /* domains did */
	uint32_t domain_stale[BUS_STALE]; /* whose devices are to be listed */
	size_t nr_domain_stale;
	bool syncing;        /* the first reading of this connection */
	bool more, retry;    /* go on at once; in a while */
};

void list_init(struct list *l);
/** list_put() - at the end, unless it is in it */
void list_put(struct list *l, struct link *n);
/** list_take() - the first, or NULL */
struct link *list_take(struct list *l);
void list_drop(struct list *l, struct link *n);

/* With the lock: find, or make. NULL without memory. */
struct slot *bus_slot(struct bus_xenstore *b, struct device_key key, bool make);
struct home *bus_home(struct bus_xenstore *b, uint32_t domid, bool make);
void bus_slot_free(struct bus_xenstore *b, struct slot *s);
void bus_home_free(struct bus_xenstore *b, struct home *h);
/* With the lock, in the thread: free it if nobody needs it any more. */
void bus_slot_tidy(struct bus_xenstore *b, struct slot *s);
void bus_home_tidy(struct bus_xenstore *b, struct home *h);
/* With the lock: there is something for bus_next(). */
void bus_news(struct bus_xenstore *b);
/* With the lock: the connection is of no use. */
void bus_lost(struct bus_xenstore *b, const char *fmt, ...) nv_printf(2, 3);

/*
 * The thread's turns, each bounded: b->more says that there is more to do.
 * Return: 0; -ENOTCONN, the connection is dead.
 */

/* ---- bus_xenstore_read.c ---- */

/** sync_begin() - a connection was made: watch, and everything is stale. Return: also -errno, try again. */
int sync_begin(struct bus_xenstore *b);
/** sync_watches() - take in all watch events that wait */
int sync_watches(struct bus_xenstore *b);
/** sync_read() - read what is stale */
int sync_read(struct bus_xenstore *b);

/* ---- bus_xenstore_write.c ---- */

/** sync_write() - do the work */
int sync_write(struct bus_xenstore *b);

#endif
