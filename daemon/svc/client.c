/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/client.c - reading calls, writing replies, and nobody waiting for either.
 */
#include "svc/client.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "svc/output.h"

/* What the connection waits for; each has its own time limit. */
enum client_wait {
	WAIT_NONE,    /* for us */
	WAIT_IDLE,    /* for a call */
	WAIT_MESSAGE, /* for the rest of one */
	WAIT_OUTPUT,  /* for replies to be taken */
};

struct client {
	int fd;
	struct client_peer peer;
	struct client_limits limits;
	struct client_handler handler;
	sd_event_source *io, *work, *timer;
	enum client_wait wait;

	struct varlink_input in;
	bool drained;	 /* no whole message waits in it */
	bool eof;	 /* no more will come */
	bool hup;	 /* no more will be taken either */
	const char *end; /* why it ends after the output; NULL: it does not */
	bool dead;	 /* it ends now */

	struct output out;
	bool calling, oneway, more;
	struct client_stream stream;
};

static void die(struct client *c, const char *reason)
{
	if (!c->end)
		c->end = reason;
	c->dead = true;
}

/*
 * Let on_work() look at the client in one of the next turns of the loop. work
 * is a timer that is always due, not a defer source: those never leave the
 * loop's queue, so the oldest client's would always be served first.
 */
static void stir(struct client *c)
{
	if (sd_event_source_set_enabled(c->work, SD_EVENT_ONESHOT) < 0)
		c->dead = true;
}

/* ---- replies ---- */

static void flush(struct client *c)
{
	if (output_send(&c->out, c->fd))
		die(c, "it closed the connection");
}

/* Queue a message; it is freed here. Return: as output_add(). */
static int queue(struct client *c, char *text, size_t size)
{
	nv_cleanup(nv_freep) char *owned = text;

	stir(c);
	return output_add(&c->out, owned, size);
}

static void call_end(struct client *c)
{
	struct client_stream s = c->stream;

	if (!c->calling)
		return;
	c->calling = false;
	c->stream = (struct client_stream){};
	if (s.end)
		s.end(c, s.userdata);
	stir(c);
}

void client_raw(struct client *c, char *text, size_t size)
{
	int r = 0;

	if (c->oneway)
		free(text);
	else
		r = queue(c, text, size);
	if (r)
		die(c, "there was no memory for a reply");
	call_end(c);
}

void client_refuse(struct client *c, int r, const struct nv_why *why)
{
	size_t size = 0;
	char *text;

	if (varlink_refusal_print(r, why, &text, &size)) {
		die(c, "there was no memory for a reply");
		call_end(c);
		return;
	}
	client_raw(c, text, size);
}

void client_reply(struct client *c, const struct fields *t, const void *s,
		  bool continues)
{
	struct json_object *o = NULL;
	struct nv_why why;
	size_t size = 0;
	char *text;
	int r;

	if (c->oneway || (continues && !c->more)) {
		if (!continues)
			call_end(c);
		return;
	}
	r = fields_print(t, s, &o);
	if (!r)
		r = varlink_reply_print(o, continues, &text, &size);
	json_object_put(o);
	if (!r)
		r = queue(c, text, size);
	if (r == -EMSGSIZE)
		client_refuse(c, nv_refuse(&why, NV_E_LIMIT,
					   "the reply is larger than %zu bytes: call with 'more'",
					   c->limits.output),
			      &why);
	else if (r)
		client_refuse(c, r, NULL);
	else if (!continues)
		call_end(c);
}

void client_open(struct client *c, const struct client_stream *s)
{
	c->stream = *s;
	stir(c);
}

void client_wake(struct client *c)
{
	if (c->calling && c->stream.pump)
		stir(c);
}

void client_close(struct client *c, const char *reason)
{
	if (!c->end)
		c->end = reason;
	stir(c);
}

const struct client_peer *client_peer(const struct client *c)
{
	return &c->peer;
}

bool client_wants_more(const struct client *c)
{
	return c->more;
}

bool client_can_take(const struct client *c)
{
	return !output_waits(&c->out);
}

/* ---- calls ---- */

/* Say why, then close. Also where no call is under way. */
static void refuse_and_close(struct client *c, int r, const struct nv_why *why)
{
	c->calling = true;
	c->oneway = false;
	client_refuse(c, r, why);
	client_close(c, "what it sent was no call");
}

static void take_call(struct client *c, const char *text, size_t len)
{
	struct varlink_call call = {};
	struct nv_why why = {};
	int r;

	r = varlink_call_parse(text, len, &why, &call);
	if (r) {
		refuse_and_close(c, r, &why);
		return;
	}
	c->calling = true;
	c->oneway = call.oneway;
	c->more = call.more;
	c->wait = WAIT_NONE;
	c->handler.call(c->handler.userdata, c, &call);
	varlink_call_deinit(&call);
}

/* One read, if there is room for it. */
static void take_bytes(struct client *c)
{
	struct nv_why why;
	size_t size;
	ssize_t n;
	char *buf;
	int r;

	r = varlink_input_room(&c->in, &buf, &size);
	if (r == -EMSGSIZE) {
		nv_refuse(&why, NV_E_BAD_REQUEST,
			  "a message is longer than %zu bytes",
			  c->limits.message);
		refuse_and_close(c, NV_E_BAD_REQUEST, &why);
		return;
	}
	if (r) {
		die(c, "there was no memory for its message");
		return;
	}
	n = recv(c->fd, buf, size, MSG_DONTWAIT);
	c->drained = false;
	if (n > 0)
		varlink_input_filled(&c->in, (size_t)n);
	else if (n == 0)
		c->eof = true;
	else if (errno != EAGAIN && errno != EINTR)
		die(c, "it closed the connection");
}

/* Is the next thing to do to read from the socket? */
static bool may_read(const struct client *c)
{
	return c->drained && !c->calling && !c->eof && !c->end &&
	       !output_waits(&c->out);
}

/* ---- the loop ---- */

/* What it waits for now, and until when. */
static void set_wait(struct client *c)
{
	enum client_wait wait = WAIT_IDLE;
	uint64_t limit_us = c->limits.idle_us;
	int r;

	if (output_waits(&c->out)) {
		wait = WAIT_OUTPUT;
		limit_us = c->limits.output_us;
	} else if (c->calling) {
		wait = WAIT_NONE;
	} else if (varlink_input_partial(&c->in)) {
		wait = WAIT_MESSAGE;
		limit_us = c->limits.message_us;
	}
	if (wait == c->wait)
		return;
	c->wait = wait;
	if (wait == WAIT_NONE) {
		r = sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
	} else {
		r = sd_event_source_set_time_relative(c->timer, limit_us);
		if (r >= 0)
			r = sd_event_source_set_enabled(c->timer,
							SD_EVENT_ONESHOT);
	}
	if (r < 0)
		die(c, "the event loop refused it");
}

/* After everything that may have changed the client; last, it may free it. */
static void settle(struct client *c)
{
	uint32_t events = 0;

	if (!c->dead && c->hup && (c->calling || c->eof))
		die(c, "it closed the connection");
	if (!c->dead)
		set_wait(c);
	if (!c->dead && may_read(c))
		events |= EPOLLIN;
	if (!c->dead && output_waits(&c->out))
		events |= EPOLLOUT;
	if (!c->dead && sd_event_source_set_io_events(c->io, events) < 0)
		die(c, "the event loop refused it");
	if (c->dead)
		c->handler.gone(c->handler.userdata, c, c->end);
}

static int on_work(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct client *c = userdata;
	const char *text;
	size_t len;

	flush(c);
	if (c->dead || output_waits(&c->out)) {
		settle(c);
		return 0;
	}
	if (c->calling) {
		if (c->stream.pump)
			c->stream.pump(c, c->stream.userdata);
	} else if (c->end) {
		c->dead = true;
	} else if (varlink_input_next(&c->in, &text, &len)) {
		take_call(c, text, len);
		stir(c);
	} else {
		c->drained = true;
		if (c->eof)
			die(c, "it closed the connection");
	}
	settle(c);
	return 0;
}

static int on_io(sd_event_source *s, int fd, uint32_t events, void *userdata)
{
	struct client *c = userdata;

	c->hup = c->hup || events & (EPOLLHUP | EPOLLERR);
	if (events & EPOLLOUT)
		flush(c);
	/* also on a hang-up: the last calls may still wait to be read */
	if (may_read(c))
		take_bytes(c);
	stir(c);
	settle(c);
	return 0;
}

/* Say why behind the message whose beginning was sent, if there is room. */
static void give_up_output(struct client *c)
{
	struct nv_why why;

	c->end = "it did not read its replies";
	output_cut(&c->out);
	nv_refuse(&why, NV_E_TIMEOUT,
		  "the replies were not read within %" PRIu64 " ms",
		  c->limits.output_us / 1000);
	refuse_and_close(c, NV_E_TIMEOUT, &why);
	flush(c);
	c->dead = true;
}

static int on_time(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct client *c = userdata;
	struct nv_why why;

	switch (c->wait) {
	case WAIT_OUTPUT:
		give_up_output(c);
		break;
	case WAIT_MESSAGE:
		nv_refuse(&why, NV_E_TIMEOUT,
			  "the message did not end within %" PRIu64 " ms",
			  c->limits.message_us / 1000);
		refuse_and_close(c, NV_E_TIMEOUT, &why);
		break;
	case WAIT_IDLE:
		die(c, "it asked for nothing");
		break;
	case WAIT_NONE:
		break;
	}
	settle(c);
	return 0;
}

struct client *client_free(struct client *c)
{
	if (!c)
		return NULL;
	if (c->calling && c->stream.end)
		c->stream.end(c, c->stream.userdata);
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->work);
	sd_event_source_disable_unref(c->timer);
	varlink_input_deinit(&c->in);
	output_deinit(&c->out);
	nv_closep(&c->fd);
	free(c);
	return NULL;
}

static void client_freep(struct client **c)
{
	client_free(*c);
}

int client_new(struct sd_event *event, int fd, const struct client_peer *peer,
	       const struct client_limits *limits,
	       const struct client_handler *handler, struct client **ret)
{
	nv_cleanup(client_freep) struct client *c = calloc(1, sizeof(*c));
	int r;

	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	c->fd = fd;
	c->peer = *peer;
	c->limits = *limits;
	c->handler = *handler;
	c->in.max = limits->message;
	c->out.max = limits->output;
	c->drained = true;
	c->wait = WAIT_IDLE;
	r = sd_event_add_io(event, &c->io, fd, EPOLLIN, on_io, c);
	if (r >= 0)
		r = sd_event_add_time(event, &c->work, CLOCK_MONOTONIC, 0, 1,
				      on_work, c);
	if (r >= 0)
		r = sd_event_source_set_enabled(c->work, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &c->timer,
					       CLOCK_MONOTONIC,
					       limits->idle_us, 100000,
					       on_time, c);
	if (r < 0)
		return r;
	*ret = nv_steal(&c);
	return 0;
}
