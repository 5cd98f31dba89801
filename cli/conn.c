/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/conn.c - blocking reads and writes on the control socket.
 */
#include "cli/conn.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A reply may be longer than any call: a list of many volumes. */
#define REPLY_MAX (64u << 20)

/* The daemon takes connections in turns; so long do we try to get in. */
#define TRIES	 50
#define TRY_USEC 100000

/* So long without an answer, and a person wants to know that we wait. */
#define SILENCE_MS 5000

struct conn {
	int fd;
	void (*on_silence)(void *userdata);
	void *userdata;
	struct varlink_input in;
};

static int refuse_connect(const char *path, int error, struct nv_why *why)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
	case ENOTDIR:
		return nv_refuse(why, NV_E_NOT_RUNNING,
				 "nvdimmd is not running: nobody listens on %s",
				 path);
	case EACCES:
	case EPERM:
		return nv_refuse(why, NV_E_PERMISSION,
				 "user %u may not connect to %s",
				 (unsigned int)geteuid(), path);
	default:
		return nv_refuse(why, -error, "cannot connect to %s: %s", path,
				 strerror(error));
	}
}

/* The socket is closed when this fails. */
static int open_socket(const char *path, struct nv_why *why, int *ret)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	nv_cleanup(nv_closep) int fd = -1;
	int tries = 0;

	if (strlen(path) >= sizeof(a.sun_path))
		return refuse_connect(path, ENAMETOOLONG, why);
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return refuse_connect(path, errno, why);
	while (connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || ++tries == TRIES)
			return refuse_connect(path, errno, why);
		usleep(TRY_USEC);
	}
	*ret = fd;
	fd = -1;
	return 0;
}

int conn_open(const char *path, struct nv_why *why, struct conn **ret)
{
	struct conn *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->in.max = REPLY_MAX;
	r = open_socket(path, why, &c->fd);
	if (r) {
		free(c);
		return r;
	}
	*ret = c;
	return 0;
}

static int lost(int error, struct nv_why *why)
{
	if (!error || error == EPIPE || error == ECONNRESET)
		return nv_refuse(why, NV_E_NOT_RUNNING,
				 "nvdimmd closed the connection");
	return nv_refuse(why, -error, "the connection to nvdimmd broke: %s",
			 strerror(error));
}

void conn_on_silence(struct conn *c, void (*fn)(void *userdata), void *userdata)
{
	c->on_silence = fn;
	c->userdata = userdata;
}

/* Until there is something to read. */
static void wait_for_bytes(struct conn *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	if (!c->on_silence || poll(&p, 1, SILENCE_MS))
		return;
	c->on_silence(c->userdata);
	c->on_silence = NULL;
}

int conn_send(struct conn *c, const struct varlink_call *call,
	      struct nv_why *why)
{
	nv_cleanup(nv_freep) char *text = NULL;
	size_t size = 0, sent = 0;
	ssize_t n;

	if (varlink_call_print(call, &text, &size))
		return -ENOMEM;
	while (sent < size) {
		n = send(c->fd, text + sent, size - sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		/* what it said before it hung up may tell why: read that */
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return 0;
		if (n < 0)
			return lost(errno, why);
		sent += (size_t)n;
	}
	return 0;
}

int conn_next(struct conn *c, struct nv_why *why, struct varlink_reply *ret)
{
	const char *text;
	size_t size;
	ssize_t n;
	char *buf;
	int r;

	while (!varlink_input_next(&c->in, &text, &size)) {
		r = varlink_input_room(&c->in, &buf, &size);
		if (r == -EMSGSIZE)
			return nv_refuse(why, NV_E_LIMIT,
					 "nvdimmd's reply is longer than %u bytes",
					 REPLY_MAX);
		if (r)
			return r;
		wait_for_bytes(c);
		n = recv(c->fd, buf, size, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return lost(n ? errno : 0, why);
		varlink_input_filled(&c->in, (size_t)n);
	}
	return varlink_reply_parse(text, size, why, ret);
}

struct conn *conn_free(struct conn *c)
{
	if (c) {
		varlink_input_deinit(&c->in);
		nv_closep(&c->fd);
		free(c);
	}
	return NULL;
}
