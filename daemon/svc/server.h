/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/server.h - the control socket: who may connect, how many, what they may do.
 *
 * Reading is for root, the daemon's own user and the group; changing for root
 * and the daemon's own user (which is root, except in an unprivileged
 * simulation). One user other than those cannot take every place.
 */
#ifndef NV_SVC_SERVER_H
#define NV_SVC_SERVER_H

#include "svc/client.h"

struct sd_event;
struct server;

struct server_conf {
	const char *path;  /* of our own socket; NULL if fd is given */
	int fd;		   /* a listening socket from systemd, or -1 */
	const char *group; /* its members may read; NULL or "": nobody more; copied */
	unsigned int clients;	  /* connections at once */
	unsigned int per_user;	  /* of these for one user without write */
	unsigned int unprivileged; /* of these for all users without write */
	size_t request;		  /* bytes of a call from such a user */
	struct client_limits limits;
};

/* Everything but path, fd and group. */
extern const struct server_conf server_defaults;

typedef void server_call(void *userdata, struct client *c,
			 const struct varlink_call *call);

/**
 * server_new() - listen
 * @call: as in struct client_handler; every call it gets is by somebody who
 * may read.
 * Return: 0 and *@ret; NV_E_BUSY, another daemon listens there;
 * NV_E_BAD_CONFIG, there is no such group; -errno with @why telling what.
 */
int server_new(struct sd_event *event, const struct server_conf *conf,
	       server_call *call, void *userdata, struct nv_why *why,
	       struct server **ret);

/* Drops every client; removes its own socket. */
struct server *server_free(struct server *s);
void server_freep(struct server **s);

/** server_wake() - there may be something new for every stream, as for monitors */
void server_wake(struct server *s);

/** server_clients() - connections now */
unsigned int server_clients(const struct server *s);

#endif
