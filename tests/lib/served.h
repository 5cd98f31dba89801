/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/served.h - the control socket and its clients in one thread.
 *
 * Monitor floods, Map is held until the test answers it, everything else is
 * answered with {}. served_spin() gives the server turns until nothing is left
 * to do. served_setup() and served_teardown() are a test's.
 */
#ifndef NV_TESTS_SERVED_H
#define NV_TESTS_SERVED_H

#include <systemd/sd-event.h>

#include "svc/server.h"

#define CALL(method, flags) "{\"method\":\"io.nvdimmd." method "\"" flags "}"
#define OK "{\"parameters\":{}}"

struct served {
	sd_event *event;
	struct server *server;
	struct server_conf conf;
	char dir[64], path[96];
	struct client *held; /* a call that waits for us */
	unsigned int calls, ended, pumped;
};

int served_setup(void **state);
int served_teardown(void **state);

/* The made-up commands; a server_call(). */
void served_call(void *userdata, struct client *c,
		 const struct varlink_call *call);

/* Listen, with f->conf as it is now. */
void served_start(struct served *f);

/* Turns for the server until it has been idle for @ms. */
void served_spin(struct served *f, unsigned int ms);

/* A connected socket that does not block. */
int served_dial(struct served *f);

/* Send @text with its NUL. */
void served_say(int fd, const char *text);

/* What has come; *closed tells whether the server hung up. */
size_t served_hear(int fd, char *buf, size_t size, bool *closed);

/* The only message that has come is @want. */
void served_expect(int fd, const char *want, bool want_closed);

/* The last message that has come has @part in it. */
void served_expect_last(int fd, const char *part, bool want_closed);

#define SERVED(name) \
	cmocka_unit_test_setup_teardown(name, served_setup, served_teardown)

#endif
