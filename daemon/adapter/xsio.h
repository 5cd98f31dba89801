/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/xsio.h - the nodes of devices and domains, through libxenstore.
 *
 * Called in the thread that owns the handle: every call may block for as long
 * as xenstored pleases. What is written is written in one transaction, tried
 * again a bounded number of times when others wrote meanwhile.
 *
 * Return, everywhere: 0; -ENOTCONN, the connection is dead; -EAGAIN, others
 * always wrote meanwhile: try again in a while; -errno, xenstored said no.
 */
#ifndef NV_ADAPTER_XSIO_H
#define NV_ADAPTER_XSIO_H

#include "codec/xenbus.h"

struct xs_handle;

/*
 * A connection. The thread that owns it is in libxenstore, waiting for an
 * answer, since @asked_ns of CLOCK_MONOTONIC; 0: it is not. Anybody may read that.
 */
struct xsio {
	struct xs_handle *xs;
	_Atomic uint64_t asked_ns;
};

/** xsio_ask() - the handle, for one call of libxenstore that begins now */
struct xs_handle *xsio_ask(struct xsio *io);

/** xsio_idle() - all calls have returned, and the next is not yet to come */
void xsio_idle(struct xsio *io);

/** xsio_error() - errno of a libxenstore call that failed, as above */
int xsio_error(void);

/** xsio_read() - a node's text, "" if there is none; -ENAMETOOLONG if it is longer than @len - 1 */
int xsio_read(struct xsio *io, const char *path, char *buf, size_t len);

/** xsio_listed() - is @name one of @nr @names? */
bool xsio_listed(char **names, unsigned int nr, const char *name);

/** xsio_list() - the numbers among the entries of a directory; none if there is no such directory */
int xsio_list(struct xsio *io, const char *path, uint32_t **ret, size_t *ret_nr);

/** xsio_wish() - the backend's directory. @ret_here: false if it has no state node */
int xsio_wish(struct xsio *io, struct device_key key, struct device_wish *ret, bool *ret_here);

/** xsio_state() - of the backend's directory only that; DEVICE_UNKNOWN without it */
int xsio_state(struct xsio *io, struct device_key key, enum device_state *ret);

/** xsio_front() - the frontend's directory; leaves ret->asked 0 */
int xsio_front(struct xsio *io, struct device_key key, struct device_front *ret);

/** xsio_report() - into a backend directory that is there; nothing if it is not */
int xsio_report(struct xsio *io, struct device_key key, const struct device_report *report);

/** xsio_attach() - both directories; nothing if the domain has no home or the device is there already */
int xsio_attach(struct xsio *io, struct device_key key, const struct device_wish *wish);

/** xsio_remove() - both directories, and what would be left empty above the backend's */
int xsio_remove(struct xsio *io, struct device_key key);

struct xsio_faults {
	uint64_t nr; /* more than were told before */
	uint64_t gpa, size; /* of the last one, bytes */
	char volume[DEVICE_VOLUME]; /* "" if it was in none */
};

/** xsio_faults() - the domain's health nodes; nothing if it has no home */
int xsio_faults(struct xsio *io, uint32_t domid, const struct xsio_faults *f);

/**
 * xsio_serve() - say that we serve the class, and be the only one
 * Return: 0; -EBUSY and *@ret_pid, another process does.
 */
int xsio_serve(struct xsio *io, uint32_t *ret_pid);

/** xsio_serve_end() - say that nobody does any more */
void xsio_serve_end(struct xsio *io);

#endif
