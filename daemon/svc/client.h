/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/client.h - one connection to the control socket.
 *
 * Calls of a connection are answered one after the other, as Varlink wants;
 * while one is under way nothing more is read, so whoever sends faster than
 * it is served waits in its own socket buffer. Each turn of the loop does one
 * bounded thing for a client: one read, one call, one piece of a stream.
 */
#ifndef NV_SVC_CLIENT_H
#define NV_SVC_CLIENT_H

#include <sys/types.h>

#include "base/macros.h"
#include "base/refuse.h"
#include "codec/fields.h"
#include "codec/varlink.h"

struct client;
struct sd_event;

/* Who is at the other end, and what it may do. */
struct client_peer {
	uid_t uid;
	pid_t pid;
	bool read, write;
};

struct client_limits {
	size_t message;	     /* bytes of a message, its NUL included */
	size_t output;	     /* bytes of replies that wait to be taken */
	uint64_t message_us; /* from a message's first byte to its last */
	uint64_t output_us;  /* from a reply's being ready to its being taken */
	uint64_t idle_us;    /* with nothing to do */
};

struct client_handler {
	/*
	 * A call came. Answer it now, or later, or open a stream: every call
	 * ends with client_end(), client_reply() without continues or
	 * client_refuse(). @call is the caller's.
	 */
	void (*call)(void *userdata, struct client *c,
		     const struct varlink_call *call);
	/* The connection is over; @reason is for the log. Free the client. */
	void (*gone)(void *userdata, struct client *c, const char *reason);
	void *userdata;
};

/*
 * A call that is answered in pieces or later. pump, if there is one, is called
 * whenever the client has taken everything; if it sends nothing it is called
 * again after client_wake(). end is called once, when the call is over or the
 * client gone.
 */
struct client_stream {
	void (*pump)(struct client *c, void *userdata);
	void (*end)(struct client *c, void *userdata);
	void *userdata;
};

/**
 * client_new() - serve the connected socket @fd
 * @fd: non-blocking; the client's from now on, also when this fails.
 * Return: 0 and *@ret; -errno.
 */
int client_new(struct sd_event *event, int fd, const struct client_peer *peer,
	       const struct client_limits *limits,
	       const struct client_handler *handler, struct client **ret);

/* Ends the call that is under way. Not from within a pump or end. */
struct client *client_free(struct client *c);

const struct client_peer *client_peer(const struct client *c);

/** client_wants_more() - does the call that is under way take several replies? */
bool client_wants_more(const struct client *c);

/** client_can_take() - has everything that was sent so far been taken? */
bool client_can_take(const struct client *c);

/** client_open() - answer the call that is under way later, by @s */
void client_open(struct client *c, const struct client_stream *s);

/**
 * client_reply() - one reply, by table; without @continues it ends the call
 * What the call did not ask for is not sent: nothing to a oneway call, no
 * continued replies without more.
 */
void client_reply(struct client *c, const struct fields *t, const void *s,
		  bool continues);

/** client_refuse() - end the call with the error for @r, NV_E_* or -errno */
void client_refuse(struct client *c, int r, const struct nv_why *why);

/** client_raw() - end the call with a message that is printed already; takes @text over */
void client_raw(struct client *c, char *text, size_t size);

/** client_wake() - there is something new for the stream */
void client_wake(struct client *c);

/** client_close() - no more calls: close when everything was taken */
void client_close(struct client *c, const char *reason);

#endif
