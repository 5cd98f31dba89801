/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-server.c - the control socket with clients that behave and clients that do not.
 *
 * Server and clients share one thread: spin() gives the server turns until
 * nothing is left to do.
 */
#include "svc/server.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-event.h>

#include "codec/wire.h"
#include "tests/lib/cm.h"

#define CALL(method, flags) "{\"method\":\"io.nvdimmd." method "\"" flags "}"
#define OK "{\"parameters\":{}}"

struct fixture {
	sd_event *event;
	struct server *server;
	struct server_conf conf;
	char dir[64], path[96];
	struct client *held; /* a call that waits for us */
	unsigned int calls, ended, pumped;
};

static void flood_pump(struct client *c, void *userdata)
{
	struct fixture *f = userdata;
	struct wire_event reply = { .event.id = ++f->pumped };

	memset(reply.event.text, 'x', sizeof(reply.event.text) - 1);
	client_reply(c, wire_method(WIRE_MONITOR)->reply, &reply, true);
}

static void on_end(struct client *c, void *userdata)
{
	struct fixture *f = userdata;

	f->ended++;
	f->held = NULL;
}

/* Monitor floods, Map is held, everything else is answered with {}. */
static void on_call(void *userdata, struct client *c,
		    const struct varlink_call *call)
{
	const struct client_stream flood = { flood_pump, on_end, userdata };
	const struct client_stream hold = { NULL, on_end, userdata };
	const struct fields nothing = {};
	struct fixture *f = userdata;

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

static void start(struct fixture *f)
{
	struct nv_why why = { "" };

	if (server_new(f->event, &f->conf, on_call, f, &why, &f->server))
		fail_msg("%s", why.text);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

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

static int teardown(void **state)
{
	struct fixture *f = *state;

	server_free(f->server);
	sd_event_unref(f->event);
	unlink(f->path);
	rmdir(f->dir);
	free(f);
	return 0;
}

/* Turns for the server until it has been idle for @ms. */
static void spin(struct fixture *f, unsigned int ms)
{
	while (sd_event_run(f->event, ms * 1000ull) > 0)
		;
}

static int dial(struct fixture *f)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strcpy(a.sun_path, f->path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* With its NUL. */
static void say(int fd, const char *text)
{
	size_t n = strlen(text) + 1;

	assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* What has come; *closed tells whether the server hung up. */
static size_t hear(int fd, char *buf, size_t size, bool *closed)
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

/* The only message that has come is @want. */
static void expect(int fd, const char *want, bool want_closed)
{
	char buf[8192] = "";
	bool closed;
	size_t n = hear(fd, buf, sizeof(buf) - 1, &closed);

	assert_string_equal(buf, want);
	assert_int_equal(n, want[0] ? strlen(want) + 1 : 0);
	assert_int_equal(closed, want_closed);
}

/* The last message that came has @part in it. */
static void expect_last(int fd, const char *part, bool want_closed)
{
	static char buf[8 << 20];
	size_t n, last;
	bool closed;

	n = hear(fd, buf, sizeof(buf), &closed);
	assert_true(n > 1 && buf[n - 1] == '\0');
	for (last = n - 1; last && buf[last - 1]; last--)
		;
	if (!strstr(buf + last, part))
		fail_msg("no '%s' in: %s", part, buf + last);
	assert_int_equal(closed, want_closed);
}

static void test_calls_are_answered_in_order(void **state)
{
	static const char three[] = CALL("GetStatus", "") "\0" CALL("Nothing", "") "\0" CALL("GetStatus", "");
	struct fixture *f = *state;
	char buf[256];
	bool closed;
	int fd;

	start(f);
	fd = dial(f);
	assert_int_equal(send(fd, three, sizeof(three), 0), (ssize_t)sizeof(three));
	spin(f, 1);
	assert_int_equal(hear(fd, buf, sizeof(buf), &closed), 3 * sizeof(OK));
	assert_string_equal(buf + 2 * sizeof(OK), OK);
	assert_false(closed);
	assert_int_equal(f->calls, 3);
	close(fd);
	spin(f, 1);
	assert_int_equal(server_clients(f->server), 0);
}

static void test_a_call_may_come_byte_by_byte(void **state)
{
	static const char call[] = CALL("GetStatus", "");
	struct fixture *f = *state;
	size_t i;
	int fd;

	start(f);
	fd = dial(f);
	for (i = 0; i < sizeof(call); i++) {
		assert_int_equal(send(fd, call + i, 1, 0), 1);
		spin(f, 0);
	}
	expect(fd, OK, false);
	close(fd);
}

static void test_a_call_that_does_not_end_is_given_up(void **state)
{
	struct fixture *f = *state;
	int i, fd, other;

	start(f);
	fd = dial(f);
	/* a byte now and then does not buy more time */
	for (i = 0; i < 8 && server_clients(f->server) == !!i; i++) {
		(void)!send(fd, "{", 1, MSG_NOSIGNAL);
		spin(f, 20);
	}
	spin(f, 200);
	expect_last(fd, "\"the message did not end within 50 ms\"", true);
	other = dial(f);
	say(other, CALL("GetStatus", ""));
	spin(f, 1);
	expect(other, OK, false);
	close(fd);
	close(other);
}

static void test_a_message_that_is_too_long_is_refused(void **state)
{
	struct fixture *f = *state;
	char bytes[5000];
	int fd;

	start(f);
	fd = dial(f);
	memset(bytes, ' ', sizeof(bytes));
	assert_int_equal(send(fd, bytes, sizeof(bytes), 0), (ssize_t)sizeof(bytes));
	spin(f, 1);
	expect_last(fd, "\"a message is longer than 4096 bytes\"", true);
	assert_int_equal(server_clients(f->server), 0);
	close(fd);
}

static void test_what_is_no_call_is_refused_and_hung_up_on(void **state)
{
	struct fixture *f = *state;
	int fd;

	start(f);
	fd = dial(f);
	say(fd, "hello");
	spin(f, 1);
	expect_last(fd, "io.nvdimmd.BadRequest", true);
	assert_int_equal(f->calls, 0);
	close(fd);
}

static void test_oneway_calls_are_carried_out_and_not_answered(void **state)
{
	struct fixture *f = *state;
	int fd;

	start(f);
	fd = dial(f);
	say(fd, CALL("GetStatus", ",\"oneway\":true"));
	say(fd, CALL("Map", ",\"oneway\":true"));
	spin(f, 1);
	assert_int_equal(f->calls, 2);
	client_refuse(f->held, NV_E_NO_SPACE, NULL);
	spin(f, 1);
	expect(fd, "", false);
	say(fd, CALL("GetStatus", ""));
	spin(f, 1);
	expect(fd, OK, false);
	close(fd);
}

static void test_whoever_sends_a_last_call_and_closes_is_heard(void **state)
{
	struct fixture *f = *state;
	int fd;

	start(f);
	fd = dial(f);
	say(fd, CALL("GetStatus", ",\"oneway\":true"));
	close(fd);
	spin(f, 1);
	assert_int_equal(f->calls, 1);
	assert_int_equal(server_clients(f->server), 0);
}

static void test_half_closed_connections_get_their_answer(void **state)
{
	const struct fields nothing = {};
	struct fixture *f = *state;
	int fd;

	start(f);
	fd = dial(f);
	say(fd, CALL("Map", ""));
	shutdown(fd, SHUT_WR);
	spin(f, 1);
	assert_non_null(f->held);
	client_reply(f->held, &nothing, NULL, false);
	spin(f, 1);
	expect(fd, OK, true);
	assert_int_equal(server_clients(f->server), 0);
	close(fd);
}

static void test_the_answer_to_a_client_that_left_is_dropped(void **state)
{
	struct fixture *f = *state;
	int fd;

	start(f);
	fd = dial(f);
	say(fd, CALL("Map", ""));
	spin(f, 1);
	assert_non_null(f->held);
	close(fd);
	spin(f, 1);
	assert_null(f->held);
	assert_int_equal(f->ended, 1);
	assert_int_equal(server_clients(f->server), 0);
}

static void test_a_stream_goes_no_faster_than_it_is_read(void **state)
{
	struct fixture *f = *state;
	unsigned int before;
	int fd, i;

	start(f);
	f->conf.limits.output_us = 1000000;
	fd = dial(f);
	say(fd, CALL("Monitor", ",\"more\":true"));
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
	struct fixture *f = *state;
	int fd, other, size = 2048, i;

	start(f);
	fd = dial(f);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	say(fd, CALL("Monitor", ",\"more\":true"));
	for (i = 0; i < 100 && f->ended == 0; i++)
		sd_event_run(f->event, 10000);
	other = dial(f);
	say(other, CALL("GetStatus", ""));
	spin(f, 300);
	expect(other, OK, false);
	assert_int_equal(f->ended, 1);
	assert_int_equal(server_clients(f->server), 1);
	close(fd);
	close(other);
}

/* A reply that one send() cannot place, and a reader that comes back in time. */
static void test_a_slow_reader_gets_everything(void **state)
{
	static char buf[4 << 20];
	struct view_volumes volumes = {};
	struct fixture *f = *state;
	struct wire_volumes reply;
	size_t got = 0;
	bool closed;
	int fd, i;

	f->conf.limits.output_us = 10000000;
	start(f);
	fd = dial(f);
	say(fd, CALL("Map", ""));
	spin(f, 1);
	for (i = 0; i < 5000; i++)
		assert_non_null(view_volumes_add(&volumes));
	reply.volumes = volumes;
	client_reply(f->held, wire_method(WIRE_LIST_VOLUMES)->reply, &reply, false);
	view_volumes_deinit(&volumes);
	for (i = 0; i < 10000 && (!got || buf[got - 1]); i++) {
		sd_event_run(f->event, 0);
		got += hear(fd, buf + got, NV_MIN(sizeof(buf) - got, (size_t)1000), &closed);
	}
	assert_true(got > 500000 && strlen(buf) == got - 1);
	assert_string_equal(buf + got - 5, "}]}}");
	close(fd);
}

static void test_a_reply_that_is_too_large_becomes_a_refusal(void **state)
{
	struct view_volumes volumes = {};
	struct fixture *f = *state;
	struct wire_volumes reply;
	int fd, i;

	f->conf.limits.output = 100000;
	start(f);
	fd = dial(f);
	say(fd, CALL("Map", ""));
	spin(f, 1);
	for (i = 0; i < 5000; i++)
		assert_non_null(view_volumes_add(&volumes));
	reply.volumes = volumes;
	client_reply(f->held, wire_method(WIRE_LIST_VOLUMES)->reply, &reply, false);
	view_volumes_deinit(&volumes);
	spin(f, 1);
	expect_last(fd, "\"the reply is larger than 100000 bytes: call with 'more'\"", false);
	close(fd);
}

static void test_one_client_too_many_is_told_and_the_others_go_on(void **state)
{
	struct fixture *f = *state;
	int fd[8], extra;
	size_t i;

	f->conf.clients = NV_ARRAY_SIZE(fd);
	start(f);
	for (i = 0; i < NV_ARRAY_SIZE(fd); i++)
		fd[i] = dial(f);
	extra = dial(f);
	spin(f, 1);
	assert_int_equal(server_clients(f->server), NV_ARRAY_SIZE(fd));
	expect_last(extra, "io.nvdimmd.LimitReached", true);
	for (i = 0; i < NV_ARRAY_SIZE(fd); i++)
		say(fd[i], CALL("GetStatus", ""));
	spin(f, 1);
	for (i = 0; i < NV_ARRAY_SIZE(fd); i++) {
		expect(fd[i], OK, false);
		close(fd[i]);
	}
	close(extra);
}

static void test_a_client_that_floods_calls_does_not_starve_another(void **state)
{
	static char flood[65536];
	struct fixture *f = *state;
	int loud, quiet, turns;
	size_t at = 0;
	char buf[64];

	start(f);
	loud = dial(f);
	quiet = dial(f);
	while (at + sizeof(CALL("GetStatus", "")) < sizeof(flood)) {
		strcpy(flood + at, CALL("GetStatus", ""));
		at += sizeof(CALL("GetStatus", ""));
	}
	spin(f, 1);
	assert_int_equal(send(loud, flood, at, 0), (ssize_t)at);
	say(quiet, CALL("GetStatus", ""));
	for (turns = 0; recv(quiet, buf, sizeof(buf), 0) < 0 && turns < 1000; turns++)
		sd_event_run(f->event, 0);
	assert_in_range(turns, 1, 40);
	close(loud);
	close(quiet);
}

static void test_the_socket_is_for_its_owner_alone_without_a_group(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	start(f);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_a_dead_daemon_s_socket_is_replaced_a_live_one_s_is_not(void **state)
{
	struct fixture *f = *state;
	struct server *second = NULL;
	struct nv_why why;
	int fd;

	start(f);
	assert_int_equal(server_new(f->event, &f->conf, on_call, f, &why, &second), NV_E_BUSY);
	assert_non_null(strstr(why.text, "another nvdimmd listens on"));
	/* die without cleaning up: the path stays, nobody listens */
	assert_int_equal(rename(f->path, "/tmp/nv-test-server-moved"), 0);
	f->server = server_free(f->server);
	assert_int_equal(rename("/tmp/nv-test-server-moved", f->path), 0);
	start(f);
	f->server = server_free(f->server);
	assert_int_equal(access(f->path, F_OK), -1);

	fd = open(f->path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_int_equal(server_new(f->event, &f->conf, on_call, f, &why, &second), -EEXIST);
	assert_int_equal(access(f->path, F_OK), 0);
}

static void test_a_socket_from_systemd_is_used_and_left_alone(void **state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct fixture *f = *state;
	int fd;

	strcpy(a.sun_path, f->path);
	f->conf.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->conf.fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(f->conf.fd, 5), 0);
	f->conf.path = NULL;
	start(f);
	fd = dial(f);
	say(fd, CALL("GetStatus", ""));
	spin(f, 1);
	expect(fd, OK, false);
	close(fd);
	f->server = server_free(f->server);
	assert_int_equal(access(f->path, F_OK), 0);
}

static void test_an_unknown_group_is_a_bad_configuration(void **state)
{
	struct fixture *f = *state;
	struct nv_why why;

	f->conf.group = "no such group";
	assert_int_equal(server_new(f->event, &f->conf, on_call, f, &why, &f->server), NV_E_BAD_CONFIG);
	assert_string_equal(why.text, "there is no group 'no such group'");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_calls_are_answered_in_order),
		T(test_a_call_may_come_byte_by_byte),
		T(test_a_call_that_does_not_end_is_given_up),
		T(test_a_message_that_is_too_long_is_refused),
		T(test_what_is_no_call_is_refused_and_hung_up_on),
		T(test_oneway_calls_are_carried_out_and_not_answered),
		T(test_whoever_sends_a_last_call_and_closes_is_heard),
		T(test_half_closed_connections_get_their_answer),
		T(test_the_answer_to_a_client_that_left_is_dropped),
		T(test_a_stream_goes_no_faster_than_it_is_read),
		T(test_whoever_does_not_read_is_dropped_and_told_why),
		T(test_a_slow_reader_gets_everything),
		T(test_a_reply_that_is_too_large_becomes_a_refusal),
		T(test_one_client_too_many_is_told_and_the_others_go_on),
		T(test_a_client_that_floods_calls_does_not_starve_another),
		T(test_the_socket_is_for_its_owner_alone_without_a_group),
		T(test_a_dead_daemon_s_socket_is_replaced_a_live_one_s_is_not),
		T(test_a_socket_from_systemd_is_used_and_left_alone),
		T(test_an_unknown_group_is_a_bad_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
