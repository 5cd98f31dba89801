/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-server-hostile.c - the control socket with clients that do not behave.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "codec/wire.h"
#include "tests/lib/cm.h"
#include "tests/lib/served.h"

static void test_a_call_that_does_not_end_is_given_up(void **state)
{
	struct served *f = *state;
	int i, fd, other;

	served_start(f);
	fd = served_dial(f);
	/* a byte now and then does not buy more time */
	for (i = 0; i < 8 && server_clients(f->server) == !!i; i++) {
		(void)!send(fd, "{", 1, MSG_NOSIGNAL);
		served_spin(f, 20);
	}
	served_spin(f, 200);
	served_expect_last(fd, "\"the message did not end within 50 ms\"", true);
	other = served_dial(f);
	served_say(other, CALL("GetStatus", ""));
	served_spin(f, 1);
	served_expect(other, OK, false);
	close(fd);
	close(other);
}

static void test_a_message_that_is_too_long_is_refused(void **state)
{
	struct served *f = *state;
	char bytes[5000];
	int fd;

	served_start(f);
	fd = served_dial(f);
	memset(bytes, ' ', sizeof(bytes));
	assert_int_equal(send(fd, bytes, sizeof(bytes), 0), (ssize_t)sizeof(bytes));
	served_spin(f, 1);
	served_expect_last(fd, "\"a message is longer than 4096 bytes\"", true);
	assert_int_equal(server_clients(f->server), 0);
	close(fd);
}

static void test_what_is_no_call_is_refused_and_hung_up_on(void **state)
{
	struct served *f = *state;
	int fd;

	served_start(f);
	fd = served_dial(f);
	served_say(fd, "hello");
	served_spin(f, 1);
	served_expect_last(fd, "io.nvdimmd.BadRequest", true);
	assert_int_equal(f->calls, 0);
	close(fd);
}

static void test_a_stream_goes_no_faster_than_it_is_read(void **state)
{
	struct served *f = *state;
	unsigned int before;
	int fd, i;

	served_start(f);
	f->conf.limits.output_us = 1000000;
	fd = served_dial(f);
	served_say(fd, CALL("Monitor", ",\"more\":true"));
	for (i = 0; i < 3000; i++)
		sd_event_run(f->event, 0);
	before = f->pumped;
	for (i = 0; i < 1000; i++)
		sd_event_run(f->event, 0);
	assert_true(before > 10 && before < 2000);
	assert_int_equal(f->pumped, before);
	close(fd);
}

static void test_whoever_does_not_read_is_dropped_and_told_why(void **state)
{
	struct served *f = *state;
	int fd, other, size = 2048, i;

	served_start(f);
	fd = served_dial(f);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	served_say(fd, CALL("Monitor", ",\"more\":true"));
	for (i = 0; i < 100 && f->ended == 0; i++)
		sd_event_run(f->event, 10000);
	other = served_dial(f);
	served_say(other, CALL("GetStatus", ""));
	served_spin(f, 300);
	served_expect(other, OK, false);
	assert_int_equal(f->ended, 1);
	assert_int_equal(server_clients(f->server), 1);
	close(fd);
	close(other);
}

/* Return: a client to whom 5000 volumes are being told. */
static int dial_for_much(struct served *f)
{
	struct view_volumes volumes = {};
	struct wire_volumes reply;
	int fd, i;

	fd = served_dial(f);
	served_say(fd, CALL("Map", ""));
	served_spin(f, 1);
	for (i = 0; i < 5000; i++)
		assert_non_null(view_volumes_add(&volumes));
	reply.volumes = volumes;
	client_reply(f->held, wire_method(WIRE_LIST_VOLUMES)->reply, &reply, false);
	view_volumes_deinit(&volumes);
	return fd;
}

/* A reply that one send() cannot place, and a reader that comes back in time. */
static void test_a_slow_reader_gets_everything(void **state)
{
	static char buf[4 << 20];
	struct served *f = *state;
	size_t got = 0;
	bool closed;
	int fd, i;

	f->conf.limits.output_us = 10000000;
	served_start(f);
	fd = dial_for_much(f);
	for (i = 0; i < 10000 && (!got || buf[got - 1]); i++) {
		sd_event_run(f->event, 0);
		got += served_hear(fd, buf + got, NV_MIN(sizeof(buf) - got, (size_t)1000), &closed);
	}
	assert_true(got > 500000 && strlen(buf) == got - 1);
	assert_string_equal(buf + got - 5, "}]}}");
	close(fd);
}

static void test_a_reply_that_is_too_large_becomes_a_refusal(void **state)
{
	struct served *f = *state;
	int fd;

	f->conf.limits.output = 100000;
	served_start(f);
	fd = dial_for_much(f);
	served_spin(f, 1);
	served_expect_last(fd, "\"the reply is larger than 100000 bytes: call with 'more'\"", false);
	close(fd);
}

static void test_one_client_too_many_is_told_and_the_others_go_on(void **state)
{
	struct served *f = *state;
	int fd[8], extra;
	size_t i;

	f->conf.clients = NV_ARRAY_SIZE(fd);
	served_start(f);
	for (i = 0; i < NV_ARRAY_SIZE(fd); i++)
		fd[i] = served_dial(f);
	extra = served_dial(f);
	served_spin(f, 1);
	assert_int_equal(server_clients(f->server), NV_ARRAY_SIZE(fd));
	served_expect_last(extra, "io.nvdimmd.LimitReached", true);
	for (i = 0; i < NV_ARRAY_SIZE(fd); i++)
		served_say(fd[i], CALL("GetStatus", ""));
	served_spin(f, 1);
	for (i = 0; i < NV_ARRAY_SIZE(fd); i++) {
		served_expect(fd[i], OK, false);
		close(fd[i]);
	}
	close(extra);
}

static void test_a_client_that_floods_calls_does_not_starve_another(void **state)
{
	static char flood[65536];
	struct served *f = *state;
	int loud, quiet, turns;
	size_t at = 0;
	char buf[64];

	served_start(f);
	loud = served_dial(f);
	quiet = served_dial(f);
	while (at + sizeof(CALL("GetStatus", "")) < sizeof(flood)) {
		strcpy(flood + at, CALL("GetStatus", ""));
		at += sizeof(CALL("GetStatus", ""));
	}
	served_spin(f, 1);
	assert_int_equal(send(loud, flood, at, 0), (ssize_t)at);
	served_say(quiet, CALL("GetStatus", ""));
	for (turns = 0; recv(quiet, buf, sizeof(buf), 0) < 0 && turns < 1000; turns++)
		sd_event_run(f->event, 0);
	assert_in_range(turns, 1, 40);
	close(loud);
	close(quiet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVED(test_a_call_that_does_not_end_is_given_up),
		SERVED(test_a_message_that_is_too_long_is_refused),
		SERVED(test_what_is_no_call_is_refused_and_hung_up_on),
		SERVED(test_a_stream_goes_no_faster_than_it_is_read),
		SERVED(test_whoever_does_not_read_is_dropped_and_told_why),
		SERVED(test_a_slow_reader_gets_everything),
		SERVED(test_a_reply_that_is_too_large_becomes_a_refusal),
		SERVED(test_one_client_too_many_is_told_and_the_others_go_on),
		SERVED(test_a_client_that_floods_calls_does_not_starve_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
