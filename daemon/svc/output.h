/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/output.h - messages on their way to a socket that may be slow.
 *
 * Embed it zeroed, with max set. Empty, it owns no memory.
 */
#ifndef NV_SVC_OUTPUT_H
#define NV_SVC_OUTPUT_H

#include "base/macros.h"

struct output {
	char *buf;
	size_t max;		 /* bytes that may wait */
	size_t size, used, sent; /* of buf; in buf; of those, already sent */
};

/** output_waits() - is there something to send? */
bool output_waits(const struct output *o);

/**
 * output_add() - append a message of @size bytes, its NUL included
 * Return: 0; -EMSGSIZE, more than max would wait; -ENOMEM. Nothing was added then.
 */
int output_add(struct output *o, const char *message, size_t size) nv_must_check;

/**
 * output_send() - as much as the socket @fd takes without waiting
 * Return: 0; -errno, nothing can be sent any more.
 */
int output_send(struct output *o, int fd) nv_must_check;

/** output_cut() - forget what waits behind the message that is being sent */
void output_cut(struct output *o);

void output_deinit(struct output *o);

#endif
