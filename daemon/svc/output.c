/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/output.c - one buffer, filled at the end, sent from the beginning.
 */
#include "svc/output.h"

#include <string.h>
#include <sys/socket.h>

#define OUTPUT_FIRST 4096

bool output_waits(const struct output *o)
{
	return o->sent < o->used;
}

int output_add(struct output *o, const char *message, size_t size)
{
	size_t room = o->size ? o->size : OUTPUT_FIRST;
	char *buf;

	if (size > o->max || o->used > o->max - size)
		return -EMSGSIZE;
	while (room < o->used + size)
		room *= 2;
	if (room != o->size) {
		buf = realloc(o->buf, room);
		if (!buf)
			return -ENOMEM;
		o->buf = buf;
		o->size = room;
	}
	memcpy(o->buf + o->used, message, size);
	o->used += size;
	return 0;
}

int output_send(struct output *o, int fd)
{
	ssize_t n;

	while (output_waits(o)) {
		n = send(fd, o->buf + o->sent, o->used - o->sent,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		o->sent += (size_t)n;
	}
	output_deinit(o);
	return 0;
}

void output_cut(struct output *o)
{
	const char *end;

	if (!output_waits(o))
		return;
	end = memchr(o->buf + o->sent, '\0', o->used - o->sent);
	if (end)
		o->used = (size_t)(end + 1 - o->buf);
}

void output_deinit(struct output *o)
{
	free(o->buf);
	*o = (struct output){ .max = o->max };
}
