/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/served.c - a server with made-up commands, and sockets to it.
 */
#include "tests/lib/served.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "codec/wire.h"
#include "tests/lib/cm.h"

static void flood_pump(struct client *c, void *userdata)
{
	struct served *f = userdata;
	struct wire_event reply = { .event.id = ++f->pumped };

	memset(reply.event.text, 'x', sizeof(reply.event.text) - 1);
	client_reply(c, wire_method(WIRE_MONITOR)->reply, &reply, true);
}

static void on_end(struct client *c, void *userdata)
{
	struct served *f = userdata;

	f->ended++;
	f->held = NULL;
}

void served_call(void *userdata, struct client *c,
		    const struct varlink_call *call)
{
	const struct client_stream flood = { flood_pump, on_end, userdata };
	const struct client_stream hold = { NULL, on_end, userdata };
	const struct fields nothing = {};
	struct served *f = userdata;

	f->calls++;
	if (!strcmp(call->method, "io.nvdimmd.Monitor")) {
		client_open(c, &flood);
	} else if (!strcmp(call->method, "io.nvdimmd.Map")) {
		f->held = c;
		client_open(c, &hold);
	} else {
		client_reply(c, &nothing, NULL, false);
	}
}

void served_start(struct served *f)
{
	struct nv_why why = { "" };

	if (server_new(f->event, &f->conf, served_call, f, &why, &f->server))
		fail_msg("%s", why.text);
}

int served_setup(void **state)
{
	struct served *f = calloc(1, sizeof(*f));

	assert_true(sd_event_new(&f->event) >= 0);
	strcpy(f->dir, "/tmp/nv-test-server-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/sock", f->dir);
	f->conf = server_defaults;
	f->conf.path = f->path;
	f->conf.limits.message = 4096;
	f->conf.limits.message_us = f->conf.limits.output_us = 50000;
	*state = f;
	return 0;
}

int served_teardown(void **state)
{
	struct served *f = *state;

	server_free(f->server);
	sd_event_unref(f->event);
	unlink(f->path);
	rmdir(f->dir);
	free(f);
	return 0;
}

void served_spin(struct served *f, unsigned int ms)
{
	while (sd_event_run(f->event, ms * 1000ull) > 0)
		;
}

int served_dial(struct served *f)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strcpy(a.sun_path, f->path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

void served_say(int fd, const char *text)
{
	size_t n = strlen(text) + 1;

	assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), (ssize_t)n);
}

size_t served_hear(int fd, char *buf, size_t size, bool *closed)
{
	size_t got = 0;
	ssize_t n;

	*closed = false;
	while (got < size) {
		n = recv(fd, buf + got, size - got, 0);
		if (n <= 0) {
			*closed = n == 0 || errno == ECONNRESET;
			break;
		}
		got += (size_t)n;
	}
	return got;
}

void served_expect(int fd, const char *want, bool want_closed)
{
	char buf[8192] = "";
	bool closed;
	size_t n = served_hear(fd, buf, sizeof(buf) - 1, &closed);

	assert_string_equal(buf, want);
	assert_int_equal(n, want[0] ? strlen(want) + 1 : 0);
	assert_int_equal(closed, want_closed);
}

void served_expect_last(int fd, const char *part, bool want_closed)
{
	static char buf[8 << 20];
	size_t n, last;
	bool closed;

	n = served_hear(fd, buf, sizeof(buf), &closed);
	assert_true(n > 1 && buf[n - 1] == '\0');
	for (last = n - 1; last && buf[last - 1]; last--)
		;
	if (!strstr(buf + last, part))
		fail_msg("no '%s' in: %s", part, buf + last);
	assert_int_equal(closed, want_closed);
}
