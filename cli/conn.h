/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/conn.h - a connection to nvdimmd, and the next reply on it.
 */
#ifndef NV_CLI_CONN_H
#define NV_CLI_CONN_H

#include "codec/varlink.h"

struct conn;

/**
 * conn_open() - connect to the socket @path
 * Return: 0 and *@ret; NV_E_NOT_RUNNING, NV_E_PERMISSION or -errno, with the
 * sentence in @why.
 */
int conn_open(const char *path, struct nv_why *why, struct conn **ret);

/** conn_on_silence() - call @fn once if a reply does not come within five seconds; then wait on */
void conn_on_silence(struct conn *c, void (*fn)(void *userdata), void *userdata);

/** conn_send() - a call. Return: as conn_open(). */
int conn_send(struct conn *c, const struct varlink_call *call,
	      struct nv_why *why);

/**
 * conn_next() - wait for the next reply
 * Return: 0 and *@ret, to be released with varlink_reply_deinit();
 * NV_E_NOT_RUNNING, the daemon went away; NV_E_BAD_REQUEST, what came is no
 * reply; -errno.
 */
int conn_next(struct conn *c, struct nv_why *why, struct varlink_reply *ret);

struct conn *conn_free(struct conn *c);

#endif
